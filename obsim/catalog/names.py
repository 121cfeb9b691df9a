"""Views that OceanBase has and obsim knows by name only: asking for one is answered 1235, not 1146.

Names, who sees them and since when: `views.json`; the last block names further views of real engines (SHOW TABLES of
seekdb-observations.jsonl, `clients.md`).
"""

from obsim.catalog.model import BOTH, SYS_ONLY

__all__ = ["KNOWN_BUT_NOT_MODELLED", "NOT_MODELLED"]

# CDB_<name> for sys and DBA_<name> for everybody; the mark is the first version that has them.
_PAIRS = {
    "OB_BACKUP_STORAGE_INFO": None, "OB_BACKUP_STORAGE_INFO_HISTORY": None, "OB_BACKUP_DELETE_JOBS": None,
    "OB_BACKUP_DELETE_JOB_HISTORY": None, "OB_BACKUP_DELETE_TASKS": None, "OB_BACKUP_DELETE_TASK_HISTORY": None,
    "OB_BACKUP_DELETE_POLICY": None, "OB_ARCHIVELOG_SUMMARY": None, "OB_ARCHIVELOG_PIECE_FILES": None,
    "OB_ARCHIVE_DEST": None, "OB_LS_LOG_ARCHIVE_PROGRESS": "4.1.0", "OB_RESTORE_PROGRESS": None,
    "OB_RESTORE_HISTORY": None, "OB_LOG_RESTORE_SOURCE": "4.2.0", "OB_RECOVER_TABLE_JOBS": "4.2.1",
    "OB_RECOVER_TABLE_JOB_HISTORY": "4.2.1", "OB_IMPORT_TABLE_JOBS": "4.2.1", "OB_IMPORT_TABLE_JOB_HISTORY": "4.2.1",
    "OB_IMPORT_TABLE_TASKS": "4.2.1", "OB_IMPORT_TABLE_TASK_HISTORY": "4.2.1", "OB_LS": None, "OB_LS_LOCATIONS": None,
    "OB_LS_HISTORY": "4.2.0", "OB_TABLE_LOCATIONS": None, "OB_MAJOR_COMPACTION": None, "OB_ZONE_MAJOR_COMPACTION": None,
    "OB_FREEZE_INFO": None, "OB_USERS": None, "OB_TABLET_REPLICAS": None,
}  # fmt: skip

_SYS = (
    "DBA_OB_UNITS", "DBA_OB_UNIT_CONFIGS", "DBA_OB_RESOURCE_POOLS", "DBA_OB_SERVERS", "DBA_OB_ZONES",
    "DBA_OB_SERVER_JOBS", "DBA_OB_UNIT_JOBS", "DBA_OB_TENANT_JOBS", "DBA_OB_ROOTSERVICE_EVENT_HISTORY",
    "DBA_OB_SERVER_EVENT_HISTORY", "__all_virtual_backup_schedule_task", "__all_rootservice_event_history",
    "__all_server", "__all_zone", "__all_unit", "__all_resource_pool", "__all_tenant",
)  # fmt: skip

# Both as GV$<name> and as V$<name>.
_VIRTUAL_PAIRS = (
    "OB_SSTABLES", "OB_TABLET_COMPACTION_PROGRESS", "OB_COMPACTION_PROGRESS", "OB_UNITS", "OB_SERVERS",
    "OB_COMPACTION_DIAGNOSE_INFO", "OB_COMPACTION_SUGGESTIONS", "OB_TABLET_COMPACTION_HISTORY", "OB_MERGE_INFO",
    "OB_TENANT_MEMORY", "OB_SQL_AUDIT", "OB_PROCESSLIST", "OB_LOG_STAT",
)  # fmt: skip

_EVERYBODY = (
    "V$OB_ARCHIVE_DEST_STATUS", "V$OB_LS_LOG_RESTORE_STATUS", "DBA_OB_TABLET_TO_LS", "__all_virtual_dag",
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

    for name, since in _PAIRS.items():
        add("oceanbase", f"CDB_{name}", SYS_ONLY, since)
        add("oceanbase", f"DBA_{name}", BOTH, since)
        add("sys", f"DBA_{name}", BOTH, since)
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
