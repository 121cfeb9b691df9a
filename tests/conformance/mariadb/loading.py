"""A busy cluster, and a MariaDB whose tables have the columns and the rows of the cluster's views."""

from dataclasses import dataclass
from pathlib import Path

from obsim.server import Server
from tests.conformance.mariadb.client import Answer, Client
from tests.conformance.mariadb.rules import FUNCTIONS

__all__ = ["SCENARIO", "Pair", "Table", "described_table", "fill", "load", "sessions"]

SCENARIO = Path(__file__).parents[3] / "fixtures" / "queries" / "busy.toml"
ABSENT = {1235}
CHARACTERS_MAX = 380
"""Longest VARCHAR of MariaDB's tables: its rows hold 65,535 bytes, and longer ones would turn into TEXT in between."""
CHARACTERS_SHORT = 64
LARGE_DIGITS = 6
SQL_MODE = "NO_ZERO_IN_DATE,TIME_ROUND_FRACTIONAL"
SESSION = f"SET SESSION group_concat_max_len = 1024, time_zone = '+08:00', sql_mode = '{SQL_MODE}'"
STRICT = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
"""While rows are loaded. In a query it would make errors of the warnings about what a stored function is given."""


@dataclass(frozen=True)
class Table:
    """A view as both servers have it: columns as (name, type) and the number of rows."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    large: frozenset[str] = frozenset()
    """Columns of exact numbers with more than six digits before the point."""


@dataclass(frozen=True)
class Pair:
    """Logins at a busy cluster and at a MariaDB with its rows."""

    obsim: Client
    mariadb: Client
    tables: list[Table]


def fill(server: Server) -> None:
    """Give the cluster a history: full and incremental jobs, cancelled and failed ones, one that still runs."""
    admin = Client(server.host, server.port)
    users = {name: Client(server.host, server.port, f"root@{name}") for name in ("alpha", "Beta_2")}

    def at_sys(*statements: str) -> None:
        for statement in statements:
            admin.run(statement)

    at_sys("CALL obsim.run_until_idle()")
    for number in range(3):
        users["alpha"].run("ALTER SYSTEM BACKUP DATABASE")
        at_sys("CALL obsim.advance('7s')", "ALTER SYSTEM BACKUP TENANT = Beta_2, gamma", "CALL obsim.run_until_idle()")
        at_sys(
            f"CALL obsim.write('alpha', 't1', {5 + 3 * number}, 'random')",
            "CALL obsim.write('gamma', 'T7', 11, 'clustered')",
            "ALTER SYSTEM MAJOR FREEZE TENANT = ALL_USER",
            "CALL obsim.advance('90m')",
            "ALTER SYSTEM BACKUP INCREMENTAL DATABASE DESCRIPTION = 'Nächtlich über alles'",
            "CALL obsim.advance('2500ms')",
        )
        if number == 1:
            at_sys("ALTER SYSTEM CANCEL BACKUP TENANT = gamma")
        at_sys("CALL obsim.run_until_idle()")
    users["Beta_2"].run("ALTER SYSTEM NOARCHIVELOG")
    at_sys(
        "CALL obsim.advance('26h')",
        "ALTER SYSTEM SET ha_low_thread_score = 4 TENANT = alpha",
        "ALTER SYSTEM SET log_archive_dest_state = 'DEFER' TENANT = gamma",
        "CALL obsim.advance('5m')",
    )
    users["Beta_2"].run("ALTER SYSTEM ARCHIVELOG")
    at_sys("CALL obsim.advance('10m')")
    users["alpha"].run("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG")
    at_sys("CALL obsim.advance('1500ms')")
    for client in (admin, *users.values()):
        client.close()


def sessions(obsim: Client, mariadb: Client) -> None:
    """Put both logins into the same state: database, time zone, and for MariaDB the cluster's moment as its own."""
    obsim.run("USE oceanbase")
    for definition in FUNCTIONS:
        head, _, body = definition.partition(" RETURN ")
        mariadb.run(f"CREATE FUNCTION oceanbase.{head} DETERMINISTIC RETURN {body}")
    for statement in ("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci", SESSION, "USE oceanbase"):
        mariadb.run(statement)
    moment = obsim.ask("SELECT UNIX_TIMESTAMP(NOW(6))").rows[0][0]
    mariadb.run(f"SET timestamp = {moment}")


def load(obsim: Client, mariadb: Client) -> list[Table]:
    """Make MariaDB's tables from what obsim answers for its views; those it does not model stay away."""
    obsim.run("USE oceanbase")
    mariadb.run("SET NAMES utf8mb4 COLLATE utf8mb4_general_ci")
    mariadb.run("CREATE DATABASE oceanbase CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    mariadb.run("USE oceanbase")
    mariadb.run(SESSION)
    mariadb.run(STRICT)
    tables = []
    for (name,) in obsim.ask("SHOW TABLES").rows:
        table = _copied(obsim, mariadb, str(name))
        if table is not None:
            tables.append(table)
    return tables


def _copied(obsim: Client, mariadb: Client, name: str) -> Table | None:
    answer = obsim.ask(f"SELECT * FROM `{name}`")
    if answer.errno in ABSENT:
        return None
    assert answer.errno == 0, f"{name}: {answer.errno} {answer.message}"
    described = obsim.ask(f"DESC `{name}`").rows
    columns = tuple((str(row[0]), str(row[1])) for row in described)
    assert answer.labels == tuple(c[0] for c in columns)
    definitions = [f"`{label}` {_type(kind)} NULL" for label, kind in columns]  # views say NOT NULL of what may be
    mariadb.run(f"CREATE TABLE `{name}` ({', '.join(definitions)}) ENGINE=MyISAM")
    for start in range(0, len(answer.rows), 200):
        rows = answer.rows[start : start + 200]
        texts = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
        mariadb.run(f"INSERT INTO `{name}` VALUES {texts}")
    return described_table(name, columns, answer)


def described_table(name: str, columns: tuple[tuple[str, str], ...], answer: Answer) -> Table:
    """A table by its columns and rows."""
    large = frozenset(
        label
        for place, (label, kind) in enumerate(columns)
        if "unsigned" in kind
        or (
            ("int" in kind or "decimal" in kind)
            and any(len((row[place] or "").lstrip("-").partition(".")[0]) > LARGE_DIGITS for row in answer.rows)
        )
    )
    return Table(name, columns, len(answer.rows), large)


def _type(mysql_type: str) -> str:
    """The type in MariaDB: long texts are cut to what a row holds, and views say varchar(1) of longer values.

    A TIMESTAMP becomes a DATETIME, since MariaDB's begin a second after the epoch and OceanBase's with it.
    """
    word, _, rest = mysql_type.partition("(")
    if word == "timestamp":
        return f"datetime({rest}" if rest else "datetime"
    if word != "varchar":
        return mysql_type
    return f"varchar({CHARACTERS_MAX if int(rest.partition(')')[0]) > CHARACTERS_SHORT else CHARACTERS_SHORT})"


def _literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
