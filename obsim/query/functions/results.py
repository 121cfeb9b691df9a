"""What kind a function gives, by the kinds of its arguments."""

from collections.abc import Sequence

from obsim.answers import MysqlType
from obsim.query.functions.function import Rule
from obsim.query.kinds import DOUBLE, INTEGER, TEXT, Kind, decimal_of, time_of_digits

__all__ = [
    "average_kind", "fixed", "joined_text", "maybe", "never", "number_like_first", "seconds_kind", "sum_kind",
    "text_like_first", "time_kind", "whole_like_first",
]  # fmt: skip


def fixed(kind: Kind) -> Rule:
    """This kind, NULL if an argument may be."""
    return lambda kinds: kind.as_nullable(any(k.nullable for k in kinds))


def maybe(kind: Kind) -> Rule:
    """This kind, and it may be NULL whatever the arguments."""
    return lambda _kinds: kind.as_nullable()


def never(kind: Kind) -> Rule:
    """This kind, never NULL."""
    return lambda _kinds: kind.as_nullable(False)


def whole_like_first(kinds: Sequence[Kind]) -> Kind:
    """CEILING and FLOOR: an integer for exact numbers, a double for the rest."""
    return (INTEGER if _is_exact(kinds[0]) else DOUBLE).as_nullable(kinds[0].nullable)


def number_like_first(kinds: Sequence[Kind]) -> Kind:
    """ABS: the number itself, a double for a string."""
    known = kinds[0].is_number or kinds[0].type is None
    return kinds[0] if known else DOUBLE.as_nullable(kinds[0].nullable)


def text_like_first(kinds: Sequence[Kind]) -> Kind:
    """A string no longer than the first argument."""
    first = kinds[0]
    kind = MysqlType.BLOB if first.type is MysqlType.BLOB else MysqlType.VAR_STRING
    length = first.length if first.is_text else max(first.length * 4, 4)
    return Kind(kind, length, 0, any(k.nullable for k in kinds), binary=first.binary)


def joined_text(kinds: Sequence[Kind]) -> Kind:
    """A string as long as all arguments together."""
    length = sum(k.length if k.is_text else k.length * 4 or TEXT.length for k in kinds)
    binary = any(k.binary for k in kinds)
    return Kind(MysqlType.VAR_STRING, length, 0, any(k.nullable for k in kinds), binary=binary)


def time_kind(kinds: Sequence[Kind]) -> Kind:
    """A time of day with as many digits as the arguments have."""
    return time_of_digits(max((k.decimals for k in kinds if k.is_temporal), default=0))


def seconds_kind(kinds: Sequence[Kind]) -> Kind:
    """UNIX_TIMESTAMP: digits as the argument has."""
    if not kinds or (kinds[0].is_temporal and not kinds[0].decimals):
        return INTEGER
    return decimal_of(kinds[0].decimals if kinds[0].is_temporal else 6, 20)


def sum_kind(kinds: Sequence[Kind]) -> Kind:
    """SUM: a decimal for exact numbers, else a double; of a parameter, what its value gives."""
    first = kinds[0]
    if first.type is None:
        return first
    return decimal_of(0 if first.is_whole else first.decimals, 38) if _is_exact(first) else DOUBLE


def average_kind(kinds: Sequence[Kind]) -> Kind:
    """AVG: four digits more than the argument, or a double."""
    first = kinds[0]
    return decimal_of((0 if first.is_whole else first.decimals) + 4, 38) if _is_exact(first) else DOUBLE


def _is_exact(kind: Kind) -> bool:
    return kind.is_whole or kind.type is MysqlType.NEWDECIMAL or kind.type is None
