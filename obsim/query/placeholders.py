"""The values that a client binds to `?`: their kinds, which make the plan, and their form inside SQLite."""

from dataclasses import replace
from decimal import Decimal

from obsim.answers import MysqlType, TypedText, Value
from obsim.query.kinds import DATE, DOUBLE, INTEGER, NULL, TEXT, TIME, Kind, datetime_of, decimal_of
from obsim.query.moments import canonical
from obsim.query.values import exact

__all__ = ["bindable", "kind_of_value"]

_KINDS = {
    int: INTEGER.as_nullable(False),
    float: DOUBLE.as_nullable(False),
    str: TEXT.as_nullable(False),
    bytes: replace(TEXT, nullable=False, binary=True),
    type(None): NULL,
}
_TEMPORAL = {MysqlType.DATE: DATE, MysqlType.TIME: TIME}


def kind_of_value(value: Value) -> Kind:
    """The kind that a literal of this value would have."""
    if not isinstance(value, TypedText):
        return _KINDS[value.__class__]
    digits = len(value.partition(".")[2])
    if value.type is MysqlType.NEWDECIMAL:
        return decimal_of(digits, max(len(value), 1), nullable=False)
    return _TEMPORAL.get(value.type) or datetime_of(min(digits, 6))


def bindable(value: Value) -> Value:
    """The value as expressions of its kind have it inside SQLite."""
    if not isinstance(value, TypedText):
        return value
    if value.type is MysqlType.NEWDECIMAL:
        return exact(Decimal(value))
    return canonical(str(value)) if value.type is MysqlType.DATETIME else str(value)
