"""Views and tables that OceanBase has and obsim knows by name only: asking for one is answered 1235, not 1146.

Names, who sees them and since when: `views.json`, SHOW TABLES of seekdb-observations.jsonl, `clients.md`; the long
lists are the views up to 4.3.3, and the inner tables that have to do with backup, of the list of inner tables in
OceanBase's source (src/share/inner_table/table_id_to_name). For most of them no version is marked: to an older version
than theirs obsim also says that it does not model them.
"""

from obsim.catalog.model import BOTH, SYS_ONLY

__all__ = ["KNOWN_BUT_NOT_MODELLED", "NOT_MODELLED"]

# CDB_<name> for sys and DBA_<name> for everybody.
_PAIRS = """
    OB_TABLET_TO_LS OB_TABLET_REPLICAS OB_TABLEGROUPS OB_TABLEGROUP_PARTITIONS OB_TABLEGROUP_SUBPARTITIONS
    OB_DATABASES OB_TABLEGROUP_TABLES OBJECTS PART_TABLES TAB_PARTITIONS TAB_SUBPARTITIONS SUBPARTITION_TEMPLATES
    PART_KEY_COLUMNS SUBPART_KEY_COLUMNS PART_INDEXES IND_PARTITIONS IND_SUBPARTITIONS TAB_COL_STATISTICS
    OB_DEADLOCK_EVENT_HISTORY OB_SYS_VARIABLES OB_KV_TTL_TASKS OB_KV_TTL_TASK_HISTORY OB_LS_REPLICA_TASKS
    OB_AUTO_INCREMENT OB_DATABASE_PRIVILEGE OB_LS_ARB_REPLICA_TASKS OB_LS_ARB_REPLICA_TASK_HISTORY OB_ACCESS_POINT
    OB_DATA_DICTIONARY_IN_LOG WR_ACTIVE_SESSION_HISTORY WR_SNAPSHOT WR_STATNAME WR_SYSSTAT OB_BALANCE_JOBS
    OB_BALANCE_JOB_HISTORY OB_BALANCE_TASKS OB_BALANCE_TASK_HISTORY OB_TRANSFER_TASKS OB_TRANSFER_TASK_HISTORY
    OB_EXTERNAL_TABLE_FILES WR_CONTROL OB_TENANT_EVENT_HISTORY WR_SYSTEM_EVENT WR_EVENT_NAME WR_SQLSTAT
    WR_SYS_TIME_MODEL OB_AUX_STATISTICS INDEX_USAGE OB_TRANSFER_PARTITION_TASKS OB_TRANSFER_PARTITION_TASK_HISTORY
    WR_SQLTEXT OB_LS_REPLICA_TASK_HISTORY MVIEW_LOGS MVIEWS MVREF_STATS_PARAMS
"""

_SYS = """
    CDB_TABLES CDB_TAB_COLS CDB_INDEXES CDB_IND_COLUMNS CDB_OB_COLUMN_CHECKSUM_ERROR_INFO
    CDB_OB_TABLET_CHECKSUM_ERROR_INFO DBA_OB_SERVER_EVENT_HISTORY DBA_OB_CLUSTER_EVENT_HISTORY
    DBA_OB_ARBITRATION_SERVICE DBA_OB_CLONE_PROGRESS DBA_OB_CLONE_HISTORY
"""

# Both as GV$<name> and as V$<name>.
_VIRTUAL_PAIRS = """
    OB_PLAN_CACHE_STAT OB_PLAN_CACHE_PLAN_STAT SESSION_EVENT SESSION_WAIT SESSION_WAIT_HISTORY SYSTEM_EVENT SESSTAT
    SYSSTAT OB_SQL_AUDIT LATCH OB_MEMORY OB_MEMSTORE OB_MEMSTORE_INFO OB_PLAN_CACHE_PLAN_EXPLAIN OB_RPC_OUTGOING
    OB_RPC_INCOMING SQL_PLAN_MONITOR SESSION_LONGOPS OB_PX_WORKER_STAT OB_PS_STAT OB_PS_ITEM_INFO SQL_WORKAREA
    SQL_WORKAREA_ACTIVE SQL_WORKAREA_HISTOGRAM OB_SQL_WORKAREA_MEMORY_INFO OB_PLAN_CACHE_REFERENCE_INFO
    OB_SERVER_SCHEMA_INFO OB_MERGE_INFO OB_TENANT_MEMORY OB_PX_TARGET_MONITOR OB_PROCESSLIST OB_KVCACHE
    OB_TRANSACTION_PARTICIPANTS OB_TABLET_COMPACTION_HISTORY OB_COMPACTION_DIAGNOSE_INFO OB_COMPACTION_SUGGESTIONS
    OB_DTL_INTERM_RESULT_MONITOR OB_IO_CALIBRATION_STATUS OB_IO_BENCHMARK ACTIVE_SESSION_HISTORY DML_STATS
    OB_LOG_STAT OB_SQL_PLAN OB_TRANSACTION_SCHEDULERS OB_TABLET_STATS OB_OPT_STAT_GATHER_MONITOR OB_THREAD
    OB_ARBITRATION_MEMBER_INFO OB_ARBITRATION_SERVICE_STATUS OB_KV_CONNECTIONS OB_LOCKS OB_PX_P2P_DATAHUB
    SQL_JOIN_FILTER OB_SESSION OB_PL_CACHE_OBJECT OB_CGROUP_CONFIG OB_SQLSTAT OB_SESS_TIME_MODEL OB_SYS_TIME_MODEL
    OB_ACTIVE_SESSION_HISTORY
"""

_EVERYBODY = """
    V$STATNAME V$EVENT_NAME V$SQL_MONITOR_STATNAME V$OB_ENCRYPTED_TABLES V$ENCRYPTED_TABLESPACES V$RSRC_PLAN
    V$OB_LS_REPLICA_TASK_PLAN V$OB_TIMESTAMP_SERVICE V$OB_LS_LOG_RESTORE_STATUS GV$OB_FLT_TRACE_CONFIG
    DBA_RECYCLEBIN DBA_OB_SEQUENCE_OBJECTS DBA_TAB_STATISTICS DBA_PART_COL_STATISTICS DBA_SUBPART_COL_STATISTICS
    DBA_TAB_HISTOGRAMS DBA_PART_HISTOGRAMS DBA_SUBPART_HISTOGRAMS DBA_TAB_STATS_HISTORY DBA_IND_STATISTICS
    DBA_SQL_PLAN_BASELINES DBA_SQL_MANAGEMENT_CONFIG DBA_TAB_MODIFICATIONS DBA_SCHEDULER_JOBS DBA_SCHEDULER_WINDOWS
    DBA_OB_OUTLINE_CONCURRENT_HISTORY DBA_OB_OUTLINES DBA_OB_CONCURRENT_LIMIT_SQL DBA_RSRC_PLANS
    DBA_RSRC_PLAN_DIRECTIVES DBA_RSRC_GROUP_MAPPINGS DBA_RSRC_CONSUMER_GROUPS DBA_OB_RSRC_IO_DIRECTIVES
    DBA_SEQUENCES DBA_OB_USER_DEFINED_RULES DBA_OB_TASK_OPT_STAT_GATHER_HISTORY DBA_OB_TABLE_OPT_STAT_GATHER_HISTORY
    DBA_OB_TABLE_STAT_STALE_INFO DBA_DB_LINKS DBA_OB_FORMAT_OUTLINES DBA_OB_TRUSTED_ROOT_CERTIFICATE
    ALL_OB_EXTERNAL_TABLE_FILES
"""

# __all_<name>, and what shows such tables and much else as __all_virtual_<name>.
_TABLES = """
    rootservice_event_history server_event_history rootservice_job server zone unit unit_config resource_pool tenant
    tenant_history table column database user tablegroup part sub_part sys_parameter sys_variable sys_stat privilege
    outline recyclebin routine package restore_job restore_job_history restore_info restore_progress backup_info
    backup_set_files log_archive_progress log_archive_history log_archive_piece_files ls_log_archive_progress
    log_archive_dest_parameter log_restore_source backup_storage_info backup_storage_info_history backup_parameter
    backup_job backup_job_history backup_task backup_task_history backup_ls_task backup_ls_task_history
    backup_ls_task_info backup_ls_task_info_history backup_skipped_tablet backup_skipped_tablet_history
    backup_delete_policy backup_delete_job backup_delete_job_history backup_delete_task backup_delete_task_history
    backup_delete_ls_task backup_delete_ls_task_history ls_restore_progress ls_restore_history recover_table_job
    recover_table_job_history import_table_job import_table_job_history import_table_task import_table_task_history
    ls ls_status ls_meta_table ls_recovery_stat ls_replica_task tablet_to_ls tablet_meta_table tenant_info
    freeze_info merge_info zone_merge_info balance_job balance_task transfer_task cluster_event_history
    tenant_event_history
"""
_VIRTUAL_TABLES = """
    processlist sys_parameter_stat tenant_parameter_stat freeze_info zone_merge_info merge_info dag_warning_history
    server_compaction_progress backup_set_files backup_job backup_job_history backup_task
    backup_task_history backup_ls_task backup_ls_task_history backup_ls_task_info backup_storage_info
    backup_storage_info_history backup_parameter backup_delete_policy backup_delete_job backup_delete_job_history
    backup_delete_task backup_delete_task_history log_archive_progress log_archive_history log_archive_piece_files
    ls_log_archive_progress log_archive_dest_parameter archive_stat archive_dest_status restore_job
    restore_job_history restore_progress ls_restore_progress ls_restore_history log_restore_source
    ls_log_restore_status recover_table_job import_table_job import_table_task ls_status ls_meta_table ls_info
    ls_recovery_stat ls_replica_task ls_replica_task_plan tablet_to_ls tablet_meta_table tenant_info
    tenant_parameter log_stat replay_stat apply_stat minor_freeze_info table_mgr tablet_compaction_history
    tablet_compaction_info
    compaction_diagnose_info compaction_suggestion memstore_info tenant_memstore_info memory_info disk_stat
    macro_block_marker_status server_schema_info unit thread trans_stat sysstat sesstat sql_audit plan_cache_stat
"""

_INFORMATION_SCHEMA = ("FILES",)

_MYSQL = ("help_category", "help_keyword", "help_topic", "proc", "time_zone", "time_zone_name")

def _names() -> dict[tuple[str, str], tuple[str, str, str | None]]:
    known: dict[tuple[str, str], tuple[str, str, str | None]] = {}

    def add(schema: str, name: str, tenants: str, since: str | None = None) -> None:
        known[schema, name.lower()] = (name, tenants, since)

    for name in _PAIRS.split():
        add("oceanbase", f"CDB_{name}", SYS_ONLY)
        add("oceanbase", f"DBA_{name}", BOTH)
        add("sys", f"DBA_{name}", BOTH)
    for name in _SYS.split():
        add("oceanbase", name, SYS_ONLY)
    for name in (f"{prefix}{name}" for name in _VIRTUAL_PAIRS.split() for prefix in ("GV$", "V$")):
        add("oceanbase", name, BOTH)
        add("sys", name, BOTH)
    for name in _EVERYBODY.split():
        add("oceanbase", name, BOTH)
    for name in _TABLES.split():
        add("oceanbase", f"__all_{name}", SYS_ONLY)
    for name in _VIRTUAL_TABLES.split():
        add("oceanbase", f"__all_virtual_{name}", BOTH)
    for schema, names in (("information_schema", _INFORMATION_SCHEMA), ("mysql", _MYSQL)):
        for name in names:
            add(schema, name, BOTH)
    return known


NOT_MODELLED: dict[tuple[str, str], tuple[str, str, str | None]] = _names()
"""By schema and name in lower case: the name as written, who sees it, since when."""

KNOWN_BUT_NOT_MODELLED: frozenset[str] = frozenset(name for name, _, _ in NOT_MODELLED.values())
"""The names alone."""
