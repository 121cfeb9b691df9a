"""What a view is: columns, who sees it, what its rows depend on, and the function that makes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from re import compile as re_compile
from typing import TYPE_CHECKING

from obsim.catalog.part import Part, Row
from obsim.ids import TenantId

if TYPE_CHECKING:
    from obsim.cluster import ClusterState

__all__ = ["BOTH", "SYS_ONLY", "ColumnDef", "PartSource", "Row", "RowSource", "Scope", "ViewDef", "columns_of"]

SYS_ONLY = "sys"
BOTH = "both"


@dataclass(frozen=True, slots=True)
class Scope:
    """Who looks: the session's tenant and its time zone in seconds east of UTC."""

    tenant_id: TenantId
    offset_s: int = 28_800


@dataclass(frozen=True, slots=True)
class ColumnDef:
    """One column as DESC prints it."""

    name: str
    mysql_type: str
    nullable: bool
    since: str | None = None
    """A mark for `Version.has`; None: every 4.x."""
    runtime_null: bool = False
    """Holds NULL at times although DESC says NOT NULL."""


RowSource = Callable[["ClusterState", Scope], Sequence[Row]]
PartSource = Callable[["ClusterState", Scope], Sequence[Part]]


@dataclass(frozen=True, slots=True, eq=False)
class ViewDef:
    """One view of one schema. `rows` gives every column of `columns`; `Catalog.rows` keeps those the version has."""

    schema: str
    name: str
    columns: tuple[ColumnDef, ...]
    families: tuple[str, ...]
    """Families of rows it shows (`obsim.revisions`); with "time" among them it also changes with the moment."""
    rows: RowSource
    tenants: str = BOTH
    """`sys` or `both`."""
    append_only: bool = False
    """Rows are only ever added, at the end."""
    keys: tuple[str, ...] = ()
    """The columns that polls sort and look up by, where there may be many rows."""
    since: str | None = None
    """The first version that has it, a mark for `Version.has`; None: every 4.x."""
    dropped: int | None = None
    """A place at which the rows of `rows` and `parts` have one value more than there are columns."""
    parts: PartSource | None = None
    """The rows of `rows` tenant by tenant, where they come so: what one gains leaves the others' in their places."""

    of_session: bool = False
    """Its rows are those of the session that asks (`SessionFacts.listing`); `rows` has none."""

    @property
    def volatile(self) -> bool:
        """Whether the moment matters."""
        return "time" in self.families


_COLUMN = re_compile(r"(\S+) +([a-z]+(?:\([0-9,]+\))?(?: unsigned)?)(?: +(null|late))?(?: +since (.+))?")


def columns_of(text: str) -> tuple[ColumnDef, ...]:
    """Read definitions, one line a column: name, type, `null` or `late` (NOT NULL, yet NULL at times), `since` mark."""
    columns = []
    for line in text.strip().splitlines():
        match = _COLUMN.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"not a column: {line!r}")
        name, mysql_type, null, since = match.groups()
        columns.append(ColumnDef(name, mysql_type, null == "null", since, null == "late"))
    return tuple(columns)
