"""Views that OceanBase has and obsim knows by name only: asking for one is answered 1235, not 1146.

Names, who sees them and since when: `views.json`; the last block names further views of real engines (SHOW TABLES of
seekdb-observations.jsonl, `clients.md`).
"""

from obsim.catalog.model import BOTH, SYS_ONLY

__all__ = ["KNOWN_BUT_NOT_MODELLED", "NOT_MODELLED"]

# CDB_<name> for sys and DBA_<name> for everybody.
_PAIRS = ("OB_TABLET_REPLICAS",)

_SYS = (
    "DBA_OB_SERVER_EVENT_HISTORY", "__all_rootservice_event_history", "__all_server", "__all_zone", "__all_unit",
    "__all_resource_pool", "__all_tenant",
)  # fmt: skip

# Both as GV$<name> and as V$<name>.
_VIRTUAL_PAIRS = (
    "OB_COMPACTION_DIAGNOSE_INFO", "OB_COMPACTION_SUGGESTIONS", "OB_TABLET_COMPACTION_HISTORY", "OB_MERGE_INFO",
    "OB_TENANT_MEMORY", "OB_SQL_AUDIT", "OB_PROCESSLIST", "OB_LOG_STAT",
)  # fmt: skip

_EVERYBODY = (
    "V$OB_LS_LOG_RESTORE_STATUS", "DBA_OB_TABLET_TO_LS",
    "__all_virtual_dag_warning_history", "__all_virtual_freeze_info", "__all_virtual_zone_merge_info",
    "__all_virtual_tenant_parameter_stat", "__all_virtual_sys_parameter_stat", "__all_virtual_processlist",
    "__all_virtual_tablet_sstable_macro_info", "__all_virtual_server_compaction_progress",
)  # fmt: skip

_INFORMATION_SCHEMA = (
    "EVENTS", "FILES", "GLOBAL_STATUS", "GLOBAL_VARIABLES", "PARAMETERS", "PROCESSLIST", "SCHEMA_PRIVILEGES",
    "SESSION_STATUS", "SESSION_VARIABLES", "TABLE_PRIVILEGES", "USER_PRIVILEGES",
)  # fmt: skip

_MYSQL = ("db", "help_category", "help_keyword", "help_topic", "proc", "time_zone", "time_zone_name")

_OBSIM = ("statements", "events", "faults")


def _names() -> dict[tuple[str, str], tuple[str, str, str | None]]:
    known: dict[tuple[str, str], tuple[str, str, str | None]] = {}

    def add(schema: str, name: str, tenants: str, since: str | None = None) -> None:
        known[schema, name.lower()] = (name, tenants, since)

    for name in _PAIRS:
        add("oceanbase", f"CDB_{name}", SYS_ONLY)
        add("oceanbase", f"DBA_{name}", BOTH)
        add("sys", f"DBA_{name}", BOTH)
    for name in _SYS:
        add("oceanbase", name, SYS_ONLY)
    for name in (f"{prefix}{name}" for name in _VIRTUAL_PAIRS for prefix in ("GV$", "V$")):
        add("oceanbase", name, BOTH)
        add("sys", name, BOTH)
    for name in _EVERYBODY:
        add("oceanbase", name, BOTH)
    for schema, names in (("information_schema", _INFORMATION_SCHEMA), ("mysql", _MYSQL)):
        for name in names:
            add(schema, name, BOTH)
    for name in _OBSIM:
        add("obsim", name, SYS_ONLY)
    return known


NOT_MODELLED: dict[tuple[str, str], tuple[str, str, str | None]] = _names()
"""By schema and name in lower case: the name as written, who sees it, since when."""

KNOWN_BUT_NOT_MODELLED: frozenset[str] = frozenset(name for name, _, _ in NOT_MODELLED.values())
"""The names alone."""
