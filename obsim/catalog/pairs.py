"""What a line of the registry says, and the views that come of it: a pair of them, or one alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from obsim.catalog.model import BOTH, SYS_ONLY, ColumnDef, PartSource, Row, RowSource, ViewDef
from obsim.catalog.part import Part
from obsim.cluster import ClusterState, Tenant

__all__ = ["ORACLE_SCHEMA", "Alone", "Pair", "ViewKey", "key_of", "nothing", "views_of_one", "views_of_pair"]

ORACLE_SCHEMA = "SYS"

Producer = Callable[[ClusterState, Iterable[Tenant], int], list[Row]]
GrowingProducer = Callable[[ClusterState, Tenant, int], Part]
ViewKey = tuple[str, str]


def nothing(_state: ClusterState, _tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """A pair of views over what no simulated cluster ever has."""
    return []


@dataclass(frozen=True, slots=True)
class Pair:
    """CDB_<name> and DBA_<name>. Its rows are made by `rows`, or tenant by tenant by `part` where there may be many."""

    name: str
    columns: tuple[ColumnDef, ...]
    families: tuple[str, ...]
    rows: Producer = nothing
    part: GrowingProducer | None = None
    keys: tuple[str, ...] = ()
    history: bool = False
    dba_types: Mapping[str, str] = field(default_factory=dict)
    dba_tenant: bool = False
    """The DBA form has TENANT_ID too."""
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Alone:
    """A view with one form; `oracle`: an Oracle-mode tenant has it as SYS.<name>."""

    schema: str
    name: str
    columns: tuple[ColumnDef, ...]
    families: tuple[str, ...]
    rows: RowSource
    tenants: str = BOTH
    oracle: bool = False
    since: str | None = None


def key_of(schema: str, name: str) -> ViewKey:
    """The key of a view: names ignore case."""
    return schema.lower(), name.lower()


def _part(pair: Pair) -> GrowingProducer:
    return pair.part or (lambda state, tenant, offset_s: Part((), pair.rows(state, (tenant,), offset_s)))


def _cdb_parts(part: GrowingProducer) -> PartSource:
    return lambda state, scope: [part(state, tenant, scope.offset_s) for tenant in state.tenants.values()]


def _dba_parts(part: GrowingProducer) -> PartSource:
    return lambda state, scope: [part(state, state.tenants[scope.tenant_id], scope.offset_s)]


def _rows(parts: PartSource) -> RowSource:
    return lambda state, scope: [row for part in parts(state, scope) for row in part]


def views_of_pair(pair: Pair) -> Iterator[ViewDef]:
    """The CDB form, and the DBA form in each schema."""
    cdb_parts, dba_parts = _cdb_parts(_part(pair)), _dba_parts(_part(pair))
    yield ViewDef(
        "oceanbase", f"CDB_{pair.name}", pair.columns, pair.families, _rows(cdb_parts), SYS_ONLY, keys=pair.keys,
        since=pair.since, parts=cdb_parts,
    )  # fmt: skip
    place = next(i for i, column in enumerate(pair.columns) if column.name == "TENANT_ID")
    kept = (c for i, c in enumerate(pair.columns) if pair.dba_tenant or i != place)
    columns = tuple(replace(c, mysql_type=pair.dba_types.get(c.name, c.mysql_type)) for c in kept)
    for schema in ("oceanbase", ORACLE_SCHEMA):
        yield ViewDef(
            schema, f"DBA_{pair.name}", columns, pair.families, _rows(dba_parts), BOTH, pair.history, pair.keys,
            pair.since, None if pair.dba_tenant else place, dba_parts,
        )  # fmt: skip


def views_of_one(one: Alone) -> Iterator[ViewDef]:
    """The view, in each schema that has it."""
    for schema in (one.schema, ORACLE_SCHEMA) if one.oracle else (one.schema,):
        yield ViewDef(schema, one.name, one.columns, one.families, one.rows, one.tenants, since=one.since)
