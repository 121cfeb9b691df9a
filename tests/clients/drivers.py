"""Drivers for Python, each behind the interface of `common.Connection`."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import ModuleType
from typing import Any

import aiomysql
import asyncmy
import asyncmy.errors
import mysql.connector
import pymysql
import pyoceanbase
import sqlalchemy

from tests.clients.common import Address, Refused, Row, table

try:
    import MySQLdb
except ImportError:  # it is built on the machine, against libmariadb
    MySQLdb = None


class PyMySQL:
    """PyMySQL: parameters are put into the text by the client."""

    driver: ModuleType = pymysql

    def __init__(self, address: Address) -> None:
        with self.refusing():
            self.connection = self.driver.connect(
                host=address.host, port=address.port, user=address.user, database=address.database,
                ssl={"ca": address.ca} if address.ca else None,
            )

    @classmethod
    @contextmanager
    def refusing(cls) -> Iterator[None]:
        try:
            yield
        except cls.driver.err.MySQLError as refused:
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


class PyOceanBase(PyMySQL):
    """pyoceanbase: PyMySQL with OceanBase's capability bit for Oracle mode, which it always sets."""

    driver = pyoceanbase


class Connector:
    """mysql-connector-python, in Python alone or with its C extension."""

    pure = True

    def __init__(self, address: Address) -> None:
        with self.refusing():
            trust = {"ssl_ca": address.ca, "ssl_verify_cert": True, "ssl_verify_identity": True} if address.ca else {}
            self.connection = mysql.connector.connect(
                host=address.host, port=address.port, user=address.user, database=address.database,
                use_pure=self.pure, autocommit=True, **trust,
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

    def __init__(self, address: Address) -> None:
        chosen: dict[str, Any] = {"database": address.database} if address.database else {}
        if address.ca:
            chosen |= {"ssl": {"ca": address.ca}, "ssl_mode": "VERIFY_IDENTITY"}
        with self.refusing():
            self.connection = MySQLdb.connect(
                host=address.host, port=address.port, user=address.user, autocommit=True, **chosen
            )

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

    def __init__(self, address: Address) -> None:
        self.loop = asyncio.new_event_loop()
        try:
            self.connection = self.run(
                self.driver.connect(
                    host=address.host, port=address.port, user=address.user, db=address.database, autocommit=True,
                    ssl=ssl.create_default_context(cafile=address.ca) if address.ca else None,
                )
            )
        except Exception:
            self._end()
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
        self._end()

    def _end(self) -> None:
        """Close the loop, and first what the driver forgot: asyncmy leaves its plain transport open under TLS."""
        for transport in list(vars(self.loop)["_transports"].values()):
            transport.abort()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


class AsyncMy(Asynchronous):
    driver = asyncmy
    error = asyncmy.errors.MySQLError


class SQLAlchemy:
    """SQLAlchemy over PyMySQL: its own connect sequence, text with named parameters."""

    def __init__(self, address: Address) -> None:
        url = sqlalchemy.URL.create(
            "mysql+pymysql", username=address.user, host=address.host, port=address.port, database=address.database
        )
        self.engine = sqlalchemy.create_engine(
            url, isolation_level="AUTOCOMMIT", connect_args={"ssl": {"ca": address.ca}} if address.ca else {}
        )
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
