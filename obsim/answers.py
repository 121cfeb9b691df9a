"""What a statement answers, independent of any wire: one OK or one result set.

Values are already in MySQL's own forms: None, int, float, str or bytes. A DATETIME or TIMESTAMP value is the text
`YYYY-MM-DD HH:MM:SS.ffffff`, a DECIMAL value is its text with all its digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, IntFlag
from functools import lru_cache
from re import fullmatch
from typing import Self

__all__ = ["Answer", "Column", "ColumnFlag", "MysqlType", "Ok", "ResultSet", "TypedText", "Value", "column_of_type"]

Value = None | int | float | str | bytes

CHARSET_UTF8MB4 = 45
CHARSET_BINARY = 63


class MysqlType(IntEnum):
    """Column types on the wire, by the numbers of the protocol."""

    TINY = 0x01
    LONG = 0x03
    DOUBLE = 0x05
    NULL = 0x06
    TIMESTAMP = 0x07
    LONGLONG = 0x08
    DATE = 0x0A
    TIME = 0x0B
    DATETIME = 0x0C
    NEWDECIMAL = 0xF6
    BLOB = 0xFC
    VAR_STRING = 0xFD
    STRING = 0xFE


class TypedText(str):
    """The text of a value that a client sent as a DECIMAL, DATETIME, DATE or TIME, with its type."""

    __slots__ = ("type",)
    type: MysqlType

    def __new__(cls, text: str, mysql_type: MysqlType) -> Self:
        """The text, marked."""
        made = super().__new__(cls, text)
        made.type = mysql_type
        return made


class ColumnFlag(IntFlag):
    """Flags of a column definition, by the numbers of the protocol."""

    NONE = 0
    NOT_NULL = 1
    BLOB = 16
    UNSIGNED = 32
    BINARY = 128
    TIMESTAMP = 1024


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result: label, type and what a driver reads beside it. `length` is in bytes."""

    name: str
    type: MysqlType = MysqlType.VAR_STRING
    length: int = 16_384
    decimals: int = 0
    flags: ColumnFlag = ColumnFlag.NONE
    charset: int = CHARSET_UTF8MB4
    org_name: str = ""
    table: str = ""
    org_table: str = ""
    schema: str = ""

    def renamed(self, name: str) -> "Column":
        """The same column under another label."""
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class Ok:
    """The answer of a statement without rows."""

    affected_rows: int = 0
    warnings: int = 0
    info: str = ""
    warned: tuple[tuple[int, str], ...] = ()
    """Numbers and texts of warnings, for the session that keeps them."""


@dataclass(frozen=True, slots=True)
class ResultSet:
    """Rows under columns; every row has one value for each column."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Value]]
    lasting: bool = field(default=False, compare=False)
    """Whether the rows are those of a view as it keeps them: the very same objects in one answer after the other."""


Answer = Ok | ResultSet

_FIXED = {
    "tinyint": (MysqlType.TINY, 4),
    "int": (MysqlType.LONG, 11),
    "bigint": (MysqlType.LONGLONG, 20),
    "double": (MysqlType.DOUBLE, 23),
    "longtext": (MysqlType.BLOB, 536_870_911),
}


@lru_cache(maxsize=512)
def column_of_type(name: str, mysql_type: str, *, nullable: bool = True) -> Column:
    """A column from the type text a view's DESC prints, for example `bigint(20) unsigned` or `timestamp(6)`.

    Flags as recorded: numbers of a view are not BINARY, though those of expressions are.
    Raises ValueError for a type that none of the views has.
    """
    match = fullmatch(r"([a-z]+)(?:\((\d+)(?:,(\d+))?\))?( unsigned)?", mysql_type)
    if match is None:
        raise ValueError(f"unknown column type {mysql_type!r}")
    word, size, scale, unsigned = match.group(1), int(match.group(2) or 0), int(match.group(3) or 0), match.group(4)
    flags = ColumnFlag.NONE if nullable else ColumnFlag.NOT_NULL
    if unsigned:
        flags |= ColumnFlag.UNSIGNED
    if word in {"char", "varchar"}:
        return Column(name, MysqlType.STRING if word == "char" else MysqlType.VAR_STRING, size * 4, 0, flags)
    if word in {"datetime", "timestamp"}:
        kind = MysqlType.DATETIME if word == "datetime" else MysqlType.TIMESTAMP
        length = 19 + (size + 1 if size else 0)
        flags |= ColumnFlag.BINARY if word == "datetime" else ColumnFlag.BINARY | ColumnFlag.TIMESTAMP
        return Column(name, kind, length, size, flags, CHARSET_BINARY)
    if word == "decimal":
        return Column(name, MysqlType.NEWDECIMAL, size + 2, scale, flags, CHARSET_BINARY)
    if word == "longtext":
        return Column(name, MysqlType.BLOB, _FIXED[word][1], 0, flags | ColumnFlag.BLOB)
    kind, length = _FIXED[word]
    decimals = 31 if word == "double" else 0
    return Column(name, kind, size or length, decimals, flags, CHARSET_BINARY)
