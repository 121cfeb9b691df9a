"""What all clients of these tests share: where they connect to, what they answer, how they are refused.

What differs between clients (how a value is typed, how an error is raised) is levelled in `drivers` and `programs` and
nowhere else: a value is its text, or None for NULL.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pymysql

Row = dict[str, str | None]


@dataclass(frozen=True)
class Address:
    """What a connection needs: the server, the account and the database (None for no database)."""

    host: str
    port: int
    user: str
    database: str | None = None
    ca: str | None = None
    """A file with the certificates to trust: TLS is then asked for and the server's certificate verified."""


@dataclass
class Refused(Exception):
    """The server answered with an error; `sqlstate` is '' where the client does not show it."""

    errno: int
    sqlstate: str
    message: str


class Connection(Protocol):
    """One session. `rows` raises Refused."""

    def rows(self, sql: str) -> list[Row]: ...
    def prepared(self, sql: str, *parameters: object) -> list[Row]: ...
    def close(self) -> None: ...


Open = Callable[[Address], Connection]


def text_of(value: object) -> str | None:
    """A value as a person reads it; a driver's own types for dates and bytes print as MySQL's text."""
    if isinstance(value, bytes | bytearray):
        return value.decode()
    return None if value is None else str(value)


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[Row]:
    return [dict(zip(names, map(text_of, row), strict=True)) for row in rows]


def with_values(sql: str, parameters: Sequence[object]) -> str:
    """The statement with its values written into the text, as a script that has no placeholders does it."""
    literals = iter([pymysql.converters.escape_item(value, "utf8mb4") for value in parameters])
    return re.sub(r"\?", lambda _: next(literals), sql)
