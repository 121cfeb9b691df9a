"""Every view obsim models over its cluster: one line a view, or a pair of views.

A pair has a CDB form in sys, with every tenant's rows, and a DBA form everywhere, with the session's own rows and
without TENANT_ID. In an Oracle-mode tenant the DBA form, and what else is marked so here, stands in the schema SYS.
The views that need the catalog itself, obsim.clock and those of information_schema, are made by `Catalog`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from obsim.catalog import definitions as d
from obsim.catalog.archive_views import archivelog
from obsim.catalog.backup_views import backup_parameters, job_history, jobs, set_files, task_history, tasks
from obsim.catalog.cluster_views import accounts, dag_scheduler, tenants
from obsim.catalog.model import BOTH, SYS_ONLY, ColumnDef, Row, RowSource, Scope, ViewDef
from obsim.catalog.parameter_views import parameters
from obsim.catalog.storage_views import macroblocks, sstables
from obsim.cluster import ClusterState, Tenant

__all__ = ["ORACLE_SCHEMA", "VIEWS", "ViewKey", "key_of"]

ORACLE_SCHEMA = "SYS"

Producer = Callable[[ClusterState, Iterable[Tenant], int], list[Row]]
ViewKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """CDB_<name> and DBA_<name>."""

    name: str
    columns: tuple[ColumnDef, ...]
    families: tuple[str, ...]
    rows: Producer
    key: str = ""
    history: bool = False
    dba_types: Mapping[str, str] = field(default_factory=dict)


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


PAIRS = (
    Pair("OB_BACKUP_JOBS", d.BACKUP_JOBS, ("jobs",), jobs),
    Pair("OB_BACKUP_JOB_HISTORY", d.BACKUP_JOBS, ("job_history",), job_history, "JOB_ID", history=True),
    Pair("OB_BACKUP_TASKS", d.BACKUP_TASKS, ("tasks",), tasks),
    Pair("OB_BACKUP_TASK_HISTORY", d.BACKUP_TASK_HISTORY, ("task_history",), task_history, "TASK_ID", history=True),
    Pair(
        "OB_BACKUP_SET_FILES",
        d.BACKUP_SET_FILES,
        ("sets",),
        set_files,
        "BACKUP_SET_ID",
        dba_types=d.SET_FILES_DBA_TYPES,
    ),
    Pair("OB_BACKUP_PARAMETER", d.BACKUP_PARAMETER, ("backup_parameters",), backup_parameters),
    Pair("OB_ARCHIVELOG", d.ARCHIVELOG, ("archive", "storage"), archivelog),
)

ALONE = (
    Alone("oceanbase", "DBA_OB_TENANTS", d.TENANTS, ("tenants", "parameters"), tenants, oracle=True),
    Alone("oceanbase", "GV$OB_PARAMETERS", d.PARAMETERS, ("parameters",), parameters, oracle=True),
    Alone("oceanbase", "V$OB_PARAMETERS", d.PARAMETERS, ("parameters",), parameters, oracle=True),
    Alone("oceanbase", "__all_virtual_dag_scheduler", d.DAG_SCHEDULER, ("scheduler", "tasks"), dag_scheduler),
    Alone("mysql", "user", d.MYSQL_USER, ("tenants",), accounts),
    Alone("obsim", "macroblocks", d.MACROBLOCKS, ("storage", "sets", "backup_parameters"), macroblocks, SYS_ONLY),
    Alone("obsim", "sstables", d.SSTABLES, ("storage",), sstables, SYS_ONLY),
)


def key_of(schema: str, name: str) -> ViewKey:
    """The key of a view: names ignore case."""
    return schema.lower(), name.lower()


def _cdb_rows(producer: Producer) -> RowSource:
    return lambda state, scope: producer(state, state.tenants.values(), scope.offset_s)


def _dba_rows(producer: Producer) -> RowSource:
    def rows(state: ClusterState, scope: Scope) -> list[Row]:
        return [row[1:] for row in producer(state, (state.tenants[scope.tenant_id],), scope.offset_s)]

    return rows


def _pair_views(pair: Pair) -> Iterator[ViewDef]:
    cdb_rows = _cdb_rows(pair.rows)
    yield ViewDef("oceanbase", f"CDB_{pair.name}", pair.columns, pair.families, cdb_rows, SYS_ONLY, key=pair.key)
    columns = tuple(replace(c, mysql_type=pair.dba_types.get(c.name, c.mysql_type)) for c in pair.columns[1:])
    for schema in ("oceanbase", ORACLE_SCHEMA):
        yield ViewDef(
            schema, f"DBA_{pair.name}", columns, pair.families, _dba_rows(pair.rows), BOTH, pair.history, pair.key
        )


def _all_views() -> Iterator[ViewDef]:
    for pair in PAIRS:
        yield from _pair_views(pair)
    for one in ALONE:
        for schema in (one.schema, ORACLE_SCHEMA) if one.oracle else (one.schema,):
            yield ViewDef(schema, one.name, one.columns, one.families, one.rows, one.tenants)


VIEWS: dict[ViewKey, ViewDef] = {key_of(view.schema, view.name): view for view in _all_views()}
