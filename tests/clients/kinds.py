"""The clients these tests know: how each is opened, what it needs on the machine, and how that gets there."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import mysql.connector

from tests.clients import drivers, programs
from tests.clients.common import Open

INSTALL = ".ci/clients.sh && pip install '.[test,clients]'"


@dataclass(frozen=True)
class Kind:
    """One client."""

    open: Open
    listed: str
    """Its name in fixtures/clients/versions.tsv."""
    language: str
    """What it is written in or for, as that file says it."""
    version: Callable[[], str]
    """The version that is installed. Raises OSError or LookupError where nothing is."""
    needs: Sequence[str] = ()
    """Commands and files that have to be there, beside what the extra `test` installs."""
    tls: bool = True
    state: bool = True
    """Whether it shows the SQLSTATE of an error."""
    quick: bool = True
    """Whether it takes part in all tests of clients, or (because it starts a process for each) in the steps alone."""


def packaged(name: str) -> Callable[[], str]:
    """Of this environment."""
    return lambda: metadata.version(name)


def beside(name: str) -> Callable[[], str]:
    """Of the environment the command lines have to themselves."""
    code = f"from importlib.metadata import version; print(version({name!r}))"

    def installed() -> str:
        return programs.run([str(programs.TOOLS / "python"), "-c", code]).stdout.strip()

    return installed


def of_debian(name: str) -> Callable[[], str]:
    """Of a package of the system, without Debian's own part."""
    return lambda: programs.run(["dpkg-query", "-W", "-f", "${Version}", name]).stdout.rpartition("-")[0]


def node_module(name: str) -> Callable[[], str]:
    """Of what npm has put beside the program."""
    return lambda: json.loads((_MODULES / name / "package.json").read_text("utf-8"))["version"]


def command_line() -> str:
    """Of MariaDB's client: `... Distrib 10.11.6-MariaDB, ...`."""
    return programs.run(["mariadb", "--no-defaults", "--version"]).stdout.partition("Distrib ")[2].partition("-")[0]


_MODULES = programs.FOLDER / "node" / "node_modules"
_JARS = tuple(f"/usr/share/java/{jar}" for jar in programs.JARS)
_OBCLI, _MYCLI = (str(programs.TOOLS / "obcli"),), (str(programs.TOOLS / "mycli"),)
_GO_SOURCE = "/usr/share/gocode/src/github.com/go-sql-driver/mysql"

CLIENTS: dict[str, Kind] = {
    "pymysql": Kind(drivers.PyMySQL, "PyMySQL", "Python", packaged("pymysql")),
    "mysqlclient": Kind(
        drivers.MySQLClient, "mysqlclient", "Python, libmariadb", packaged("mysqlclient"),
        ("MySQLdb",), state=False,
    ),
    "mysql-connector": Kind(
        drivers.Connector, "mysql-connector-python", "Python", packaged("mysql-connector-python"),
    ),
    "aiomysql": Kind(drivers.Asynchronous, "aiomysql", "Python", packaged("aiomysql")),
    "asyncmy": Kind(drivers.AsyncMy, "asyncmy", "Python", packaged("asyncmy")),
    "sqlalchemy": Kind(drivers.SQLAlchemy, "SQLAlchemy", "Python, PyMySQL", packaged("sqlalchemy")),
    "pyoceanbase": Kind(drivers.PyOceanBase, "pyoceanbase", "Python", packaged("pyoceanbase")),
    "obcli": Kind(
        programs.Obcli, "oceanbase-cli", "command line (obcli), PyMySQL", beside("oceanbase-cli"),
        _OBCLI, tls=False, state=False, quick=False,
    ),
    "mycli": Kind(
        programs.Mycli, "mycli", "command line, PyMySQL", beside("mycli"),
        _MYCLI, state=False, quick=False,
    ),
    "mariadb": Kind(programs.CommandLine, "mariadb", "command line", command_line, ("mariadb",)),
    "mysql2": Kind(
        programs.Mysql2, "mysql2", "Node", node_module("mysql2"),
        ("node", str(_MODULES / "mysql2")),
    ),
    "connector-j": Kind(
        programs.ConnectorJ, "MariaDB Connector/J", "Java", of_debian("libmariadb-java"),
        ("java", "javac", *_JARS),
    ),
    "go-sql-driver": Kind(
        programs.GoDriver, "go-sql-driver", "Go", of_debian("golang-github-go-sql-driver-mysql-dev"),
        ("go", _GO_SOURCE), state=False,
    ),
}
if mysql.connector.HAVE_CEXT:  # absent from some builds, and unusable beside an older OpenSSL
    CLIENTS["mysql-connector-c"] = replace(CLIENTS["mysql-connector"], open=drivers.ConnectorC)


def _is_there(need: str) -> bool:
    if need == "MySQLdb":
        return drivers.MySQLdb is not None
    return Path(need).exists() if need.startswith("/") else shutil.which(need) is not None


def lacking(name: str) -> str | None:
    """What this machine lacks for a client, and the command that installs it; None if nothing."""
    absent = [need for need in CLIENTS[name].needs if not _is_there(need)]
    return f"{name} is not installed (no {', '.join(absent)}): run {INSTALL}" if absent else None
