"""The types of DAGs and DAG nets, in the order of the scheduler's view (ob_dag_scheduler_config.h of OceanBase).

Two revisions of that file are known, one of the 4.2 line and one of the 4.3 line; marks say which version brought a
type and which took it away. What 4.0 and 4.1 had is taken to be what 4.2 has.
"""

__all__ = ["DAG_NET_TYPES", "DAG_TYPES", "NET_OF_BACKUPS"]

Mark = str | None
_COLUMN_STORE = "4.3.0"
_TTL = "4.2.1"
_MDS_TABLES_UNTIL = "4.3.0"

DAG_TYPES: tuple[tuple[str, Mark, Mark], ...] = (
    ("MINI_MERGE", None, None),
    ("MINOR_EXECUTE", None, None),
    ("MAJOR_MERGE", None, None),
    ("CO_MERGE_BATCH_EXECUTE", _COLUMN_STORE, None),
    ("CO_MERGE_PREPARE", _COLUMN_STORE, None),
    ("CO_MERGE_SCHEDULE", _COLUMN_STORE, None),
    ("CO_MERGE_FINISH", _COLUMN_STORE, None),
    ("TX_TABLE_MERGE", None, None),
    ("WRITE_CKPT", None, None),
    ("MDS_TABLE_MERGE", None, _MDS_TABLES_UNTIL),
    ("MDS_MINI_MERGE", _MDS_TABLES_UNTIL, None),
    ("BATCH_FREEZE", "4.3.0", None),
    ("DDL", None, "4.3.0"),
    ("DDL_COMPLEMENT", "4.3.0", None),
    ("UNIQUE_CHECK", None, None),
    ("SQL_BUILD_INDEX", None, None),
    ("DDL_KV_MERGE", None, None),
    ("INITIAL_COMPLETE_MIGRATION", None, None),
    ("START_COMPLETE_MIGRATION", None, None),
    ("FINISH_COMPLETE_MIGRATION", None, None),
    ("INITIAL_MIGRATION", None, None),
    ("START_MIGRATION", None, None),
    ("SYS_TABLETS_MIGRATION", None, None),
    ("TABLET_MIGRATION", None, None),
    ("DATA_TABLETS_MIGRATION", None, None),
    ("TABLET_GROUP_MIGRATION", None, None),
    ("MIGRATION_FINISH", None, None),
    ("INITIAL_PREPARE_MIGRATION", None, None),
    ("START_PREPARE_MIGRATION", None, None),
    ("FINISH_PREPARE_MIGRATION", None, None),
    ("FAST_MIGRATE", None, None),
    ("VALIDATE", None, None),
    ("TABLET_BACKFILL_TX", None, None),
    ("FINISH_BACKFILL_TX", None, None),
    ("BACKUP_META", None, None),
    ("BACKUP_PREPARE", None, None),
    ("BACKUP_FINISH", None, None),
    ("BACKUP_DATA", None, None),
    ("PREFETCH_BACKUP_INFO", None, None),
    ("BACKUP_INDEX_REBUILD", None, None),
    ("BACKUP_COMPLEMENT_LOG", None, None),
    ("BACKUP_BACKUPSET", None, None),
    ("BACKUP_ARCHIVELOG", None, None),
    ("INITIAL_LS_RESTORE", None, None),
    ("START_LS_RESTORE", None, None),
    ("SYS_TABLETS_RESTORE", None, None),
    ("DATA_TABLETS_META_RESTORE", None, None),
    ("TABLET_GROUP_META_RESTORE", None, None),
    ("FINISH_LS_RESTORE", None, None),
    ("INITIAL_TABLET_GROUP_RESTORE", None, None),
    ("START_TABLET_GROUP_RESTORE", None, None),
    ("FINISH_TABLET_GROUP_RESTORE", None, None),
    ("TABLET_RESTORE", None, None),
    ("BACKUP_CLEAN", None, None),
    ("REMOVE_MEMBER", None, None),
    ("TRANSFER_BACKFILL_TX", None, None),
    ("TRANSFER_REPLACE_TABLE", None, None),
    ("TTL_DELTE_DAG", _TTL, None),
    ("TENANT_SNAPSHOT_CREATE", "4.3.0", None),
    ("TENANT_SNAPSHOT_GC", "4.3.0", None),
)
"""Name, first version that has it, first version that has it no more; marks for `Version.has`."""

DAG_NET_TYPES: tuple[tuple[str, Mark, Mark], ...] = (
    ("DAG_NET_MIGRATION", None, None),
    ("DAG_NET_PREPARE_MIGRATION", None, None),
    ("DAG_NET_COMPLETE_MIGRATION", None, None),
    ("DAG_NET_TRANSFER", None, None),
    ("DAG_NET_BACKUP", None, None),
    ("DAG_NET_RESTORE", None, None),
    ("DAG_NET_TYPE_BACKUP_CLEAN", None, None),
    ("DAG_NET_TYPE_CO_MAJOR", _COLUMN_STORE, None),
    ("DAG_NET_TRANSFER_BACKFILL_TX", None, None),
)
NET_OF_BACKUPS = "DAG_NET_BACKUP"
