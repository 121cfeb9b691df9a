"""The MySQL type of an expression, known before a query runs, and how a SQLite value is printed in it.

Lengths and flags follow recorded answers (`seekdb-observations.jsonl`): a comparison is a LONG of length 1, COUNT a
LONGLONG of length 20, a literal is NOT NULL. Inside SQLite an integer is INTEGER, a decimal is a number of the
nearest double (its digits are put back on output), a DATETIME or TIMESTAMP is text of 26 characters whatever its
digits.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from obsim.answers import CHARSET_BINARY, CHARSET_UTF8MB4, Column, ColumnFlag, MysqlType, Value
from obsim.query.refusals import out_of_range

__all__ = [
    "BOOLEAN", "DATE", "DATETIME6", "DOUBLE", "INTEGER", "NULL", "TEXT", "UNKNOWN", "Kind", "converter_of",
    "datetime_of", "decimal_of", "kind_of_column", "merged", "number_kind", "text_of_length", "time_of_digits",
    "wire_column",
]

NUMERIC = frozenset({MysqlType.TINY, MysqlType.LONG, MysqlType.LONGLONG, MysqlType.DOUBLE, MysqlType.NEWDECIMAL})
WHOLE = frozenset({MysqlType.TINY, MysqlType.LONG, MysqlType.LONGLONG})
MOMENTS = frozenset({MysqlType.DATETIME, MysqlType.TIMESTAMP})
TEXTS = frozenset({MysqlType.VAR_STRING, MysqlType.STRING, MysqlType.BLOB})
DECIMALS_MAX = 30
INT64_MAX = 2**63 - 1
_INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class Kind:
    """Type, length in bytes, digits after the point and nullability.

    `type` is None for a parameter's unknown type and what is computed from it; `decimals` are then those that a DECIMAL
    beside it has.
    """

    type: MysqlType | None
    length: int = 0
    decimals: int = 0
    nullable: bool = True
    unsigned: bool = False
    binary: bool = False

    @property
    def is_number(self) -> bool:
        """An integer, decimal or double."""
        return self.type in NUMERIC

    @property
    def is_whole(self) -> bool:
        """An integer."""
        return self.type in WHOLE

    @property
    def is_moment(self) -> bool:
        """A point in time with a time of day."""
        return self.type in MOMENTS

    @property
    def is_temporal(self) -> bool:
        """A point in time, a date or a time of day."""
        return self.type in MOMENTS or self.type in {MysqlType.DATE, MysqlType.TIME}

    @property
    def is_text(self) -> bool:
        """A string."""
        return self.type in TEXTS

    @property
    def is_null(self) -> bool:
        """The literal NULL."""
        return self.type is MysqlType.NULL

    def as_nullable(self, nullable: bool = True) -> "Kind":
        """The same kind that may, or may not, be NULL."""
        return self if nullable == self.nullable else replace(self, nullable=nullable)


INTEGER = Kind(MysqlType.LONGLONG, 20)
BOOLEAN = Kind(MysqlType.LONG, 1)
DOUBLE = Kind(MysqlType.DOUBLE, 23, 31)
TEXT = Kind(MysqlType.VAR_STRING, 16_384)
DATE = Kind(MysqlType.DATE, 10)
TIME = Kind(MysqlType.TIME, 10)
DATETIME6 = Kind(MysqlType.DATETIME, 26, 6)
NULL = Kind(MysqlType.NULL)
UNKNOWN = Kind(None)


def text_of_length(characters: int, *, nullable: bool = True) -> Kind:
    """A string of at most so many characters."""
    return Kind(MysqlType.VAR_STRING, characters * 4, 0, nullable)


def decimal_of(decimals: int, digits: int = 27, *, nullable: bool = True) -> Kind:
    """A DECIMAL with so many digits after the point, `digits` in all."""
    decimals = min(decimals, DECIMALS_MAX)
    return Kind(MysqlType.NEWDECIMAL, max(digits, decimals + 1) + 2, decimals, nullable)


def datetime_of(decimals: int, *, nullable: bool = True) -> Kind:
    """A DATETIME with 0 to 6 digits of a second."""
    return Kind(MysqlType.DATETIME, 19 + (decimals + 1 if decimals else 0), decimals, nullable)


def time_of_digits(decimals: int) -> Kind:
    """A TIME with 0 to 6 digits of a second."""
    return Kind(MysqlType.TIME, 10 + (decimals + 1 if decimals else 0), decimals)


def kind_of_column(column: Column) -> Kind:
    """The kind of a view's column."""
    flags = column.flags
    return Kind(
        column.type,
        column.length,
        column.decimals,
        not flags & ColumnFlag.NOT_NULL,
        bool(flags & ColumnFlag.UNSIGNED),
        column.type in TEXTS and column.charset == CHARSET_BINARY,
    )


_WIRE_LENGTH_MAX = 2**32 - 1


def wire_column(kind: Kind, label: str) -> Column:
    """The column definition of an expression; an unknown type is announced as a string until a value says more."""
    flags = ColumnFlag.NONE if kind.nullable else ColumnFlag.NOT_NULL
    if kind.type is None:
        return Column(label, MysqlType.VAR_STRING, TEXT.length, 0, flags)
    if kind.unsigned:
        flags |= ColumnFlag.UNSIGNED
    if kind.type is MysqlType.BLOB:
        flags |= ColumnFlag.BLOB
    if kind.is_text and not kind.binary:
        return Column(label, kind.type, min(kind.length, _WIRE_LENGTH_MAX), 0, flags, CHARSET_UTF8MB4)
    length = min(kind.length, _WIRE_LENGTH_MAX)
    return Column(label, kind.type, length, kind.decimals, flags | ColumnFlag.BINARY, CHARSET_BINARY)


def number_kind(left: Kind, right: Kind, *, decimals: int | None = None) -> Kind:
    """What arithmetic on two operands gives: DOUBLE next to a double or a string, DECIMAL next to a decimal.

    Beside a parameter only the value tells.
    """
    nullable = left.nullable or right.nullable
    for kind in (left, right):
        if kind.type is MysqlType.DOUBLE or kind.is_text:
            return DOUBLE.as_nullable(nullable)
    scales = [0 if k.is_whole or k.type is None else k.decimals for k in (left, right)]
    exact = any(k.type is MysqlType.NEWDECIMAL or (k.is_temporal and k.decimals) for k in (left, right))
    if decimals is not None:
        return decimal_of(decimals, nullable=nullable)
    if left.type is None or right.type is None:
        return replace(UNKNOWN, decimals=max(left.decimals, right.decimals))
    if exact:
        return decimal_of(max(scales), nullable=nullable)
    return replace(INTEGER, nullable=nullable, unsigned=left.unsigned or right.unsigned)


def merged(kinds: Iterable[Kind]) -> Kind:
    """One kind for the branches of CASE, COALESCE and UNION.

    NULL branches give way to the others, unknown ones to strings and times; beside a number only the value tells.
    Integers with and without a sign share no integer type.
    """
    every = list(kinds)
    nullable = any(k.nullable for k in every)
    known = [k for k in every if k.type is not None and not k.is_null]
    if not known:
        return NULL if all(k.is_null for k in every) else UNKNOWN
    length, decimals = max(k.length for k in known), max(k.decimals for k in known)
    types = {k.type for k in known}
    if types <= NUMERIC and any(k.type is None for k in every):
        return replace(UNKNOWN, decimals=0 if MysqlType.DOUBLE in types else decimals)
    if types <= WHOLE and len({k.unsigned for k in known}) > 1:
        return decimal_of(0, nullable=nullable)
    if len(types) == 1:
        binary = any(k.binary for k in known)
        return replace(known[0], length=length, decimals=decimals, nullable=nullable, binary=binary)
    if types <= NUMERIC:
        if MysqlType.DOUBLE in types:
            return DOUBLE.as_nullable(nullable)
        if MysqlType.NEWDECIMAL in types:
            scale = max(k.decimals for k in known if not k.is_whole)
            return decimal_of(scale, nullable=nullable)
        return INTEGER.as_nullable(nullable)
    if all(k.is_temporal for k in known) and MysqlType.TIME not in types:
        return datetime_of(decimals, nullable=nullable)
    kind = MysqlType.BLOB if MysqlType.BLOB in types else MysqlType.VAR_STRING
    length = 4 * length if types & NUMERIC else length
    return Kind(kind, length, 0, nullable, binary=any(k.binary for k in known))


def _decimal_text(scale: int) -> Callable[[Value], Value]:
    zeros = "." + "0" * scale if scale else ""
    half = 0.5 * 10.0**-scale
    exact_max = 10.0 ** (15 - scale)  # beyond it the digits asked for are more than a double has

    def convert(value: Value) -> Value:
        if value.__class__ is int:
            return f"{value}{zeros}"
        if isinstance(value, float):
            size = abs(value)
            if size < half:  # no sign before zeros
                return f"0{zeros}"
            return f"{Decimal(repr(value)):.{scale}f}" if size > exact_max else f"{value:.{scale}f}"
        return f"{Decimal(value):.{scale}f}" if isinstance(value, str) else value

    return convert


def _cut_to(length: int) -> Callable[[Value], Value]:
    def convert(value: Value) -> Value:
        return value[:length] if isinstance(value, str) else value

    return convert


def _clock_text(decimals: int) -> Callable[[Value], Value]:
    def convert(value: Value) -> Value:
        if not isinstance(value, str):
            return value
        clock, _, fraction = value.partition(".")
        return f"{clock}.{fraction[:decimals].ljust(decimals, '0')}"

    return convert


def _whole(value: Value) -> Value:
    if isinstance(value, float):
        if abs(value) > INT64_MAX:  # SQLite goes on in doubles where MySQL refuses
            raise out_of_range("BIGINT")
        return int(value)
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def _double(value: Value) -> Value:
    if isinstance(value, float) and abs(value) == _INFINITE:
        raise out_of_range("DOUBLE")
    return float(value) if isinstance(value, int) else value


def plain_number(value: float) -> str:
    """A double as MySQL prints it: no `.0`, no exponent below 1e15."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return text.replace("e+", "e") if "e" in text else text


def _string(value: Value) -> Value:
    if isinstance(value, float):
        return plain_number(value)
    return str(value) if value.__class__ is int else value


@lru_cache(maxsize=256)
def converter_of(kind: Kind, *, stored: bool = False) -> Callable[[Value], Value] | None:
    """What turns SQLite's value into MySQL's; None where it is the same already.

    `stored` says that the value comes straight from a view's column and so has the column's own form.
    """
    if kind.type is MysqlType.NEWDECIMAL:
        return _decimal_text(kind.decimals)
    if kind.is_moment and kind.decimals < 6:
        return _cut_to(19 + (kind.decimals + 1 if kind.decimals else 0))
    if kind.type is MysqlType.TIME and kind.decimals:
        return _clock_text(kind.decimals)
    if stored or kind.is_temporal or kind.type is None or kind.is_null:
        return _double if kind.type is MysqlType.DOUBLE else None
    if kind.is_whole:
        return _whole
    return _double if kind.type is MysqlType.DOUBLE else _string
