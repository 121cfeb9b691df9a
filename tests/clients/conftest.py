"""Clients that nobody here wrote, behind one small interface.

`client` is one of them with a server of its own; `client.connect(user)` opens a connection. What differs between
drivers (how a value is typed, how an error is raised) is levelled here and nowhere else: a value is its text, or None
for NULL.
"""

import asyncio
import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import aiomysql
import asyncmy
import asyncmy.errors
import mysql.connector
import pymysql
import pytest
import sqlalchemy

try:
    import MySQLdb
except ImportError:  # it is built on the machine, against libmariadb
    MySQLdb = None

NODE_FOLDER = Path(__file__).parent / "node"
Row = dict[str, str | None]


@dataclass
class Refused(Exception):
    """The server answered with an error."""

    errno: int
    sqlstate: str
    message: str


class Connection(Protocol):
    """One session. `rows` raises Refused."""

    def rows(self, sql: str) -> list[Row]: ...
    def prepared(self, sql: str, *parameters: object) -> list[Row]: ...
    def close(self) -> None: ...


def text_of(value: object) -> str | None:
    """A value as a person reads it; a driver's own types for dates and bytes print as MySQL's text."""
    if isinstance(value, bytes | bytearray):
        return value.decode()
    return None if value is None else str(value)


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[Row]:
    return [dict(zip(names, map(text_of, row), strict=True)) for row in rows]


class PyMySQL:
    """PyMySQL: parameters are put into the text by the client."""

    def __init__(self, host: str, port: int, user: str, database: str | None) -> None:
        with self.refusing():
            self.connection = pymysql.connect(host=host, port=port, user=user, database=database)

    @staticmethod
    @contextmanager
    def refusing() -> Iterator[None]:
        try:
            yield
        except pymysql.MySQLError as refused:
            # Before 1.2 PyMySQL keeps the SQLSTATE to itself.
            raise Refused(refused.args[0], getattr(refused, "sqlstate", ""), refused.args[1]) from None

    def rows(self, sql: str, parameters: Sequence[object] | None = None) -> list[Row]:
        with self.refusing(), self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return table([column[0] for column in cursor.description or ()], cursor.fetchall())

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(sql.replace("?", "%s"), parameters)

    def close(self) -> None:
        self.connection.close()


class Connector:
    """mysql-connector-python, in Python alone or with its C extension."""

    pure = True

    def __init__(self, host: str, port: int, user: str, database: str | None) -> None:
        with self.refusing():
            self.connection = mysql.connector.connect(
                host=host, port=port, user=user, database=database, use_pure=self.pure, autocommit=True
            )

    @staticmethod
    @contextmanager
    def refusing() -> Iterator[None]:
        try:
            yield
        except mysql.connector.Error as refused:
            raise Refused(refused.errno, refused.sqlstate or "", refused.msg or "") from None

    def rows(self, sql: str, parameters: Sequence[object] = (), *, prepared: bool = False) -> list[Row]:
        with self.refusing(), closing(self.connection.cursor(prepared=prepared)) as cursor:
            cursor.execute(sql, tuple(parameters))
            return table(cursor.column_names, cursor.fetchall()) if cursor.with_rows else []

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(sql, parameters, prepared=True)

    def close(self) -> None:
        self.connection.close()


class ConnectorC(Connector):
    pure = False


class MySQLClient:
    """mysqlclient: the C library libmariadb under Python."""

    def __init__(self, host: str, port: int, user: str, database: str | None) -> None:
        chosen = {"database": database} if database else {}
        with self.refusing():
            self.connection = MySQLdb.connect(host=host, port=port, user=user, autocommit=True, **chosen)

    @staticmethod
    @contextmanager
    def refusing() -> Iterator[None]:
        try:
            yield
        except MySQLdb.Error as refused:
            raise Refused(refused.args[0], "", refused.args[1]) from None

    def rows(self, sql: str, parameters: Sequence[object] | None = None) -> list[Row]:
        with self.refusing(), closing(self.connection.cursor()) as cursor:
            cursor.execute(sql, parameters)
            return table([column[0] for column in cursor.description or ()], cursor.fetchall())

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(sql.replace("?", "%s"), parameters)

    def close(self) -> None:
        self.connection.close()


class Asynchronous:
    """aiomysql and asyncmy: one event loop a connection, driven to the end of each call."""

    driver: ModuleType = aiomysql
    error: type[Exception] = pymysql.MySQLError

    def __init__(self, host: str, port: int, user: str, database: str | None) -> None:
        self.loop = asyncio.new_event_loop()
        try:
            self.connection = self.run(
                self.driver.connect(host=host, port=port, user=user, db=database, autocommit=True)
            )
        except Refused:
            self.loop.close()
            raise

    def run(self, work: Awaitable[Any]) -> Any:
        async def settled() -> Any:
            return await work

        try:
            return self.loop.run_until_complete(settled())
        except self.error as refused:
            raise Refused(refused.args[0], getattr(refused, "sqlstate", ""), refused.args[1]) from None

    async def _rows(self, sql: str, parameters: Sequence[object] | None) -> list[Row]:
        async with self.connection.cursor() as cursor:
            await cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description or ()]
            return table(names, await cursor.fetchall()) if names else []

    def rows(self, sql: str, parameters: Sequence[object] | None = None) -> list[Row]:
        return self.run(self._rows(sql, parameters))

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(sql.replace("?", "%s"), parameters)

    async def _close(self) -> None:
        closed = self.connection.close()
        if closed is not None:
            await closed

    def close(self) -> None:
        self.run(self._close())
        self.loop.close()


class AsyncMy(Asynchronous):
    driver = asyncmy
    error = asyncmy.errors.MySQLError


class SQLAlchemy:
    """SQLAlchemy over PyMySQL: its own connect sequence, text with named parameters."""

    def __init__(self, host: str, port: int, user: str, database: str | None) -> None:
        address = sqlalchemy.URL.create("mysql+pymysql", username=user, host=host, port=port, database=database)
        self.engine = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT")
        with self.refusing():
            self.connection = self.engine.connect()

    @staticmethod
    @contextmanager
    def refusing() -> Iterator[None]:
        try:
            yield
        except sqlalchemy.exc.DBAPIError as refused:
            cause = refused.orig
            assert cause is not None
            raise Refused(cause.args[0], getattr(cause, "sqlstate", ""), cause.args[1]) from None

    def rows(self, sql: str) -> list[Row]:
        with self.refusing():
            result = self.connection.exec_driver_sql(sql.replace("%", "%%"))
            return table(list(result.keys()), result.fetchall()) if result.returns_rows else []

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        names = iter(range(len(parameters)))
        text = re.sub(r"\?", lambda _: f":p{next(names)}", sql)
        with self.refusing():
            result = self.connection.execute(
                sqlalchemy.text(text), {f"p{place}": value for place, value in enumerate(parameters)}
            )
            return table(list(result.keys()), result.fetchall())

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


class CommandLine:
    """The `mariadb` command: one process a call, as scripts and cron jobs use it."""

    _ERROR = re.compile(r"^ERROR (\d+) \((\w+)\)(?: at line \d+)?: (.*)$", re.MULTILINE)

    def __init__(self, host: str, port: int, user: str, database: str | None) -> None:
        address = ["-h", host, "-P", str(port), "-u", user, *(["-D", database] if database else [])]
        self.command = ["mariadb", "--no-defaults", *address, "--batch", "--raw"]

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.command, *options], capture_output=True, text=True, timeout=60, check=False)

    def rows(self, sql: str) -> list[Row]:
        ended = self.run("-e", sql)
        if ended.returncode:
            match = self._ERROR.search(ended.stderr)
            assert match, ended.stderr
            raise Refused(int(match[1]), match[2], match[3])
        lines = list(csv.reader(io.StringIO(ended.stdout), delimiter="\t", quoting=csv.QUOTE_NONE))
        return [dict(zip(lines[0], (None if v == "NULL" else v for v in line), strict=True)) for line in lines[1:]]

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        """A script puts its values into the text itself."""
        literals = map(pymysql.converters.escape_item, parameters, ["utf8mb4"] * len(parameters))
        return self.rows(re.sub(r"\?", lambda _: next(literals), sql))

    def close(self) -> None:
        """Nothing stays open between two calls."""


class Mysql2:
    """Node's mysql2, driven through its standard input."""

    def __init__(self, host: str, port: int, user: str, database: str | None) -> None:
        self.process = subprocess.Popen(
            ["node", "driver.js", host, str(port), user, database or ""],
            cwd=NODE_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        try:
            self._answer()
        except Refused:
            self.close()
            raise

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        if "errno" in answer:
            raise Refused(answer["errno"], answer["sqlstate"], answer["message"])
        return answer

    def rows(self, sql: str, parameters: Sequence[object] | None = None) -> list[Row]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"sql": sql, "parameters": parameters}) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        return table(answer.get("columns", ()), answer["rows"])

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(sql, parameters)

    def close(self) -> None:
        self.process.communicate(timeout=20)


CLIENTS: dict[str, Callable[[str, int, str, str | None], Connection]] = {
    "pymysql": PyMySQL,
    "mysqlclient": MySQLClient,
    "mysql-connector": Connector,
    "aiomysql": Asynchronous,
    "asyncmy": AsyncMy,
    "sqlalchemy": SQLAlchemy,
    "mariadb": CommandLine,
    "mysql2": Mysql2,
}
if mysql.connector.HAVE_CEXT:  # absent from some builds, and unusable beside an older OpenSSL
    CLIENTS["mysql-connector-c"] = ConnectorC


def missing(name: str) -> str | None:
    """What this machine lacks for a client, None if nothing."""
    if name == "mariadb" and shutil.which("mariadb") is None:
        return "the mariadb command-line client is not installed"
    if name == "mysqlclient" and MySQLdb is None:
        return "mysqlclient is not installed: it is the extra `clients`, and needs libmariadb-dev and a compiler"
    if name == "mysql2" and (shutil.which("node") is None or not (NODE_FOLDER / "node_modules" / "mysql2").is_dir()):
        return "mysql2 is not installed: run `npm ci` in tests/clients/node"
    return None


@dataclass
class Client:
    """One kind of client beside a server of its own."""

    name: str
    open: Callable[[str, str | None], Connection]
    opened: list[Connection]

    def connect(self, user: str = "root@sys", database: str | None = "oceanbase") -> Connection:
        connection = self.open(user, database)
        self.opened.append(connection)
        return connection


@pytest.fixture(scope="session")
def refused() -> type[Refused]:
    """What every client of `client` raises when the server answers with an error."""
    return Refused


@pytest.fixture(scope="module", params=CLIENTS)
def client(request: pytest.FixtureRequest, serve: Callable[..., object]) -> Iterator[Client]:
    name = request.param
    lacking = missing(name)
    if lacking:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)
    server = serve("--clock", "step")
    client = Client(name, lambda user, database: CLIENTS[name](server.host, server.port, user, database), [])
    yield client
    for connection in client.opened:
        connection.close()
