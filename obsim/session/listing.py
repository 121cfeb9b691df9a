"""What a SHOW statement lists before LIKE and WHERE choose, and the columns such listings are made of.

Types, lengths and flags are those recorded from a real engine (seekdb-observations.jsonl): every listing is a derived
table called `subquery_alias`, lengths are in bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obsim.answers import CHARSET_BINARY, Column, ColumnFlag, MysqlType, ResultSet, Value

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["Listing", "blob", "chosen", "key_text", "nothing", "number", "text"]

_DERIVED_TABLE = "subquery_alias"
_KEY_PART = ColumnFlag(0x4000 | 0x0002 | 0x0001)
"""Part of a key, primary, not null: what name columns of SHOW TABLES and SHOW COLUMNS carry."""
_LONG_TEXT_BYTES = 4_294_967_295


@dataclass(frozen=True, slots=True)
class Listing:
    """Columns and rows; `like` is the index of the column that LIKE looks at."""

    columns: tuple[Column, ...]
    rows: Sequence[tuple[Value, ...]]
    like: int = 0


def text(name: str, length: int, *, null: bool = False) -> Column:
    """A text column; `length` in bytes, four for each character."""
    flags = ColumnFlag.NONE if null else ColumnFlag.NOT_NULL
    return Column(name, MysqlType.VAR_STRING, length, 0, flags, table=_DERIVED_TABLE, org_table=_DERIVED_TABLE)


def key_text(name: str, length: int) -> Column:
    """A text column with the flags of a primary key."""
    return Column(name, MysqlType.VAR_STRING, length, 0, _KEY_PART, table=_DERIVED_TABLE, org_table=_DERIVED_TABLE)


def blob(name: str) -> Column:
    """A column of long text."""
    flags = ColumnFlag.NOT_NULL | ColumnFlag.BLOB
    return Column(name, MysqlType.BLOB, _LONG_TEXT_BYTES, 0, flags, table=_DERIVED_TABLE, org_table=_DERIVED_TABLE)


def number(name: str, length: int = 20, *, null: bool = False, unsigned: bool = False) -> Column:
    """A bigint column."""
    flags = (ColumnFlag.NONE if null else ColumnFlag.NOT_NULL) | (ColumnFlag.UNSIGNED if unsigned else ColumnFlag.NONE)
    return Column(
        name, MysqlType.LONGLONG, length, 0, flags, CHARSET_BINARY, table=_DERIVED_TABLE, org_table=_DERIVED_TABLE
    )


def nothing(*columns: Column) -> Listing:
    """A listing of things obsim has none of."""
    return Listing(columns, ())


def chosen(
    session: "Session", listing: Listing, like: str | None, where: str | None, escape: str | None = None
) -> ResultSet:
    """The rows that LIKE or WHERE let through. Raises what the condition raises."""
    if like is None and where is None:
        return ResultSet(listing.columns, listing.rows)
    name = listing.columns[listing.like].name
    condition = None if like is None else (name, like, "\\" if escape is None else escape)
    return session.cluster.evaluator.select_rows(listing.columns, listing.rows, where, condition, session)
