"""Every view obsim models over its cluster: one line a view, or a pair of views.

A pair has a CDB form in sys, with every tenant's rows, and a DBA form everywhere, with the session's own rows and
without TENANT_ID. In an Oracle-mode tenant the DBA form, and what else is marked so here, stands in the schema SYS.
The views that need the catalog itself, obsim.clock and those of information_schema, are made by `Catalog`.
"""


from obsim.catalog.account_views import accounts, schema_grants, users
from obsim.catalog.archive_views import (
    archive_destination_status,
    archive_destinations,
    archivelog,
    archivelog_summary,
    log_stream_progress,
    pieces,
)
from obsim.catalog.backup_index_views import backup_files, backup_index
from obsim.catalog.backup_views import (
    backup_parameters,
    job_history,
    jobs,
    schedule_tasks,
    set_files,
    storage_info,
    storage_info_history,
    task_history,
    tasks,
)
from obsim.catalog.cleanup_views import (
    delete_job_history,
    delete_jobs,
    delete_policies,
    delete_task_history,
    delete_tasks,
)
from obsim.catalog.cluster_views import tenants
from obsim.catalog.columns import accounts as accounts_columns
from obsim.catalog.columns import archive as archive_columns
from obsim.catalog.columns import backup as backup_columns
from obsim.catalog.columns import cleanup as cleanup_columns
from obsim.catalog.columns import cluster as cluster_columns
from obsim.catalog.columns import control as control_columns
from obsim.catalog.columns import parameters as parameter_columns
from obsim.catalog.columns import restore as restore_columns
from obsim.catalog.columns import scheduler as scheduler_columns
from obsim.catalog.columns import storage as storage_columns
from obsim.catalog.compaction_views import (
    compaction_progress,
    freeze_info,
    major_compaction,
    sstables_here,
    tablet_compaction_progress,
    zone_major_compaction,
)
from obsim.catalog.event_views import events
from obsim.catalog.fault_views import faults
from obsim.catalog.log_stream_views import log_stream_history, log_stream_locations, log_streams, table_locations
from obsim.catalog.model import SYS_ONLY, ViewDef
from obsim.catalog.pairs import Alone, Pair, ViewKey, key_of, views_of_one, views_of_pair
from obsim.catalog.parameter_views import local_parameters, parameters
from obsim.catalog.resource_views import (
    resource_pools,
    root_jobs,
    server_capacities,
    server_capacities_here,
    server_jobs,
    servers,
    tenant_jobs,
    unit_configs,
    unit_jobs,
    units,
    units_in_use,
    units_in_use_here,
    zones,
)
from obsim.catalog.restore_job_views import restore_history, restore_progress
from obsim.catalog.restore_views import log_restore_sources, restorable_windows
from obsim.catalog.root_event_views import root_events
from obsim.catalog.scheduler_views import dag_scheduler, dags
from obsim.catalog.storage_views import macroblocks, sstables, tablet_macro_blocks
from obsim.catalog.table_recovery_views import (
    import_job_history,
    import_jobs,
    import_task_history,
    import_tasks,
    recover_job_history,
    recover_jobs,
)
from obsim.revisions import WATCHED

__all__ = ["ALONE", "PAIRS", "VIEWS"]

PAIRS = (
    Pair("OB_BACKUP_JOBS", backup_columns.BACKUP_JOBS, ("jobs",), jobs),
    Pair(
        "OB_BACKUP_JOB_HISTORY",
        backup_columns.BACKUP_JOBS,
        ("job_history",),
        part=job_history,
        keys=("JOB_ID", "START_TIMESTAMP", "STATUS"),
        history=True,
    ),
    Pair("OB_BACKUP_TASKS", backup_columns.BACKUP_TASKS, ("tasks",), tasks),
    Pair(
        "OB_BACKUP_TASK_HISTORY",
        backup_columns.BACKUP_TASK_HISTORY,
        ("task_history",),
        part=task_history,
        keys=("TASK_ID", "START_TIMESTAMP", "STATUS"),
        history=True,
    ),
    Pair(
        "OB_BACKUP_SET_FILES",
        backup_columns.BACKUP_SET_FILES,
        ("sets",),
        part=set_files,
        keys=("BACKUP_SET_ID", "START_TIMESTAMP", "STATUS"),
        dba_types=backup_columns.BACKUP_SET_FILES_DBA_TYPES,
    ),
    Pair("OB_BACKUP_PARAMETER", backup_columns.BACKUP_PARAMETER, ("backup_parameters",), backup_parameters),
    Pair(
        "OB_BACKUP_STORAGE_INFO",
        backup_columns.BACKUP_STORAGE_INFO,
        ("backup_parameters", "archive"),
        storage_info,
        dba_tenant=True,
    ),
    Pair(
        "OB_BACKUP_STORAGE_INFO_HISTORY",
        backup_columns.BACKUP_STORAGE_INFO,
        ("backup_parameters", "archive"),
        storage_info_history,
        dba_tenant=True,
    ),
    Pair("OB_BACKUP_DELETE_JOBS", cleanup_columns.BACKUP_DELETE_JOBS, ("deletes",), delete_jobs),
    Pair(
        "OB_BACKUP_DELETE_JOB_HISTORY",
        cleanup_columns.BACKUP_DELETE_JOBS,
        ("delete_history",),
        part=delete_job_history,
        keys=("JOB_ID", "START_TIMESTAMP", "STATUS"),
    ),
    Pair("OB_BACKUP_DELETE_TASKS", cleanup_columns.BACKUP_DELETE_TASKS, ("deletes",), delete_tasks),
    Pair(
        "OB_BACKUP_DELETE_TASK_HISTORY",
        cleanup_columns.BACKUP_DELETE_TASKS,
        ("delete_history",),
        part=delete_task_history,
        keys=("TASK_ID", "START_TIMESTAMP", "STATUS"),
    ),
    Pair("OB_BACKUP_DELETE_POLICY", cleanup_columns.BACKUP_DELETE_POLICY, ("backup_parameters",), delete_policies),
    Pair("OB_ARCHIVELOG", archive_columns.ARCHIVELOG, ("archive", "storage"), archivelog),
    Pair(
        "OB_ARCHIVELOG_SUMMARY",
        archive_columns.ARCHIVELOG_SUMMARY,
        ("archive", "storage"),
        part=archivelog_summary,
        keys=("ROUND_ID", "START_SCN", "STATUS"),
    ),
    Pair(
        "OB_ARCHIVELOG_PIECE_FILES",
        archive_columns.ARCHIVELOG_PIECE_FILES,
        ("archive", "storage"),
        part=pieces,
        keys=("PIECE_ID", "START_SCN", "STATUS"),
        dba_types=archive_columns.ARCHIVELOG_PIECE_FILES_DBA_TYPES,
    ),
    Pair("OB_ARCHIVE_DEST", archive_columns.ARCHIVE_DEST, ("archive",), archive_destinations),
    Pair(
        "OB_LS_LOG_ARCHIVE_PROGRESS",
        archive_columns.LS_LOG_ARCHIVE_PROGRESS,
        ("archive", "storage"),
        part=log_stream_progress,
        keys=("PIECE_ID", "START_SCN", "STATUS"),
        since="4.1.0",
    ),
    Pair(
        "OB_RESTORE_PROGRESS",
        restore_columns.RESTORE_PROGRESS,
        ("restores", "tenants"),
        restore_progress,
        dba_types=restore_columns.RESTORE_PROGRESS_DBA_TYPES,
    ),
    Pair(
        "OB_RESTORE_HISTORY",
        restore_columns.RESTORE_HISTORY,
        ("restores",),
        restore_history,
        dba_types=restore_columns.RESTORE_HISTORY_DBA_TYPES,
    ),
    Pair(
        "OB_LOG_RESTORE_SOURCE",
        restore_columns.LOG_RESTORE_SOURCE,
        ("backup_parameters",),
        log_restore_sources,
        dba_tenant=True,
        since="4.2.0",
    ),
    Pair("OB_RECOVER_TABLE_JOBS", restore_columns.RECOVER_TABLE_JOBS, ("restores",), recover_jobs, since="4.2.1"),
    Pair(
        "OB_RECOVER_TABLE_JOB_HISTORY",
        restore_columns.RECOVER_TABLE_JOBS,
        ("restores",),
        recover_job_history,
        since="4.2.1",
    ),
    Pair("OB_IMPORT_TABLE_JOBS", restore_columns.IMPORT_TABLE_JOBS, ("restores",), import_jobs, since="4.2.1"),
    Pair(
        "OB_IMPORT_TABLE_JOB_HISTORY",
        restore_columns.IMPORT_TABLE_JOBS,
        ("restores",),
        import_job_history,
        since="4.2.1",
    ),
    Pair("OB_IMPORT_TABLE_TASKS", restore_columns.IMPORT_TABLE_TASKS, ("restores",), import_tasks, since="4.2.1"),
    Pair(
        "OB_IMPORT_TABLE_TASK_HISTORY",
        restore_columns.IMPORT_TABLE_TASK_HISTORY,
        ("restores",),
        import_task_history,
        since="4.2.1",
    ),
    Pair("OB_LS", storage_columns.LS, ("storage", "tenants"), log_streams),
    Pair(
        "OB_LS_LOCATIONS",
        storage_columns.LS_LOCATIONS,
        ("storage", "tenants"),
        log_stream_locations,
    ),
    Pair("OB_LS_HISTORY", storage_columns.LS_HISTORY, ("storage",), log_stream_history, since="4.2.0"),
    Pair("OB_TABLE_LOCATIONS", storage_columns.TABLE_LOCATIONS, ("storage", "tenants"), table_locations),
    Pair("OB_MAJOR_COMPACTION", storage_columns.MAJOR_COMPACTION, ("storage",), major_compaction),
    Pair(
        "OB_ZONE_MAJOR_COMPACTION",
        storage_columns.ZONE_MAJOR_COMPACTION,
        ("storage", "tenants"),
        zone_major_compaction,
    ),
    Pair("OB_FREEZE_INFO", storage_columns.FREEZE_INFO, ("storage",), freeze_info),
    Pair("OB_USERS", accounts_columns.USERS, ("accounts", "tenants"), users),
)

_CAPACITY = ("tenants", "storage", "parameters")

ALONE = (
    Alone("oceanbase", "DBA_OB_TENANTS", cluster_columns.TENANTS, ("tenants", "parameters"), tenants, oracle=True),
    Alone("oceanbase", "GV$OB_PARAMETERS", parameter_columns.PARAMETERS, ("parameters",), parameters, oracle=True),
    Alone("oceanbase", "V$OB_PARAMETERS", parameter_columns.PARAMETERS, ("parameters",), local_parameters, oracle=True),
    Alone("oceanbase", "DBA_OB_UNITS", cluster_columns.UNITS, ("tenants",), units, SYS_ONLY),
    Alone("oceanbase", "DBA_OB_UNIT_CONFIGS", cluster_columns.UNIT_CONFIGS, ("tenants",), unit_configs, SYS_ONLY),
    Alone("oceanbase", "DBA_OB_RESOURCE_POOLS", cluster_columns.RESOURCE_POOLS, ("tenants",), resource_pools, SYS_ONLY),
    Alone("oceanbase", "DBA_OB_SERVERS", cluster_columns.SERVERS, ("tenants",), servers, SYS_ONLY),
    Alone("oceanbase", "DBA_OB_ZONES", cluster_columns.ZONES, ("tenants",), zones, SYS_ONLY),
    Alone("oceanbase", "DBA_OB_SERVER_JOBS", cluster_columns.SERVER_JOBS, ("tenants",), server_jobs, SYS_ONLY),
    Alone("oceanbase", "DBA_OB_UNIT_JOBS", cluster_columns.UNIT_JOBS, ("tenants",), unit_jobs, SYS_ONLY),
    Alone("oceanbase", "DBA_OB_TENANT_JOBS", cluster_columns.TENANT_JOBS, ("tenants",), tenant_jobs, SYS_ONLY),
    Alone(
        "oceanbase",
        "DBA_OB_ROOTSERVICE_JOBS",
        cluster_columns.ROOTSERVICE_JOBS,
        ("tenants",),
        root_jobs,
        SYS_ONLY,
    ),
    Alone(
        "oceanbase",
        "DBA_OB_ROOTSERVICE_EVENT_HISTORY",
        cluster_columns.ROOTSERVICE_EVENT_HISTORY,
        ("root_events",),
        root_events,
        SYS_ONLY,
    ),
    Alone("oceanbase", "GV$OB_UNITS", cluster_columns.GV_UNITS, ("tenants", "storage"), units_in_use, oracle=True),
    Alone("oceanbase", "GV$OB_SERVERS", cluster_columns.GV_SERVERS, _CAPACITY, server_capacities, oracle=True),
    Alone(
        "oceanbase",
        "GV$OB_SSTABLES",
        storage_columns.GV_SSTABLES,
        ("storage", "tenants"),
        sstables_here(everywhere=True),
        oracle=True,
    ),
    Alone(
        "oceanbase",
        "GV$OB_TABLET_COMPACTION_PROGRESS",
        storage_columns.GV_TABLET_COMPACTION_PROGRESS,
        ("storage", "scheduler", "tenants"),
        tablet_compaction_progress(everywhere=True),
        oracle=True,
    ),
    Alone(
        "oceanbase",
        "GV$OB_COMPACTION_PROGRESS",
        storage_columns.GV_COMPACTION_PROGRESS,
        ("storage", "tenants"),
        compaction_progress(everywhere=True),
        oracle=True,
    ),
    Alone("oceanbase", "V$OB_UNITS", cluster_columns.GV_UNITS, ("tenants", "storage"), units_in_use_here, oracle=True),
    Alone("oceanbase", "V$OB_SERVERS", cluster_columns.GV_SERVERS, _CAPACITY, server_capacities_here, oracle=True),
    Alone(
        "oceanbase",
        "V$OB_SSTABLES",
        storage_columns.GV_SSTABLES,
        ("storage", "tenants"),
        sstables_here(everywhere=False),
        oracle=True,
    ),
    Alone(
        "oceanbase",
        "V$OB_TABLET_COMPACTION_PROGRESS",
        storage_columns.GV_TABLET_COMPACTION_PROGRESS,
        ("storage", "scheduler", "tenants"),
        tablet_compaction_progress(everywhere=False),
        oracle=True,
    ),
    Alone(
        "oceanbase",
        "V$OB_COMPACTION_PROGRESS",
        storage_columns.V_COMPACTION_PROGRESS,
        ("storage", "tenants"),
        compaction_progress(everywhere=False),
        oracle=True,
    ),
    Alone(
        "oceanbase",
        "V$OB_ARCHIVE_DEST_STATUS",
        archive_columns.ARCHIVE_DEST_STATUS,
        ("archive",),
        archive_destination_status,
        oracle=True,
        since="4.1.0",
    ),
    Alone(
        "oceanbase",
        "__all_virtual_dag_scheduler",
        scheduler_columns.DAG_SCHEDULER,
        ("scheduler", "tasks"),
        dag_scheduler,
    ),
    Alone("oceanbase", "__all_virtual_dag", scheduler_columns.DAG, ("scheduler", "tasks"), dags),
    Alone(
        "oceanbase",
        "__all_virtual_tablet_sstable_macro_info",
        storage_columns.TABLET_MACRO_INFO,
        ("storage", "tenants"),
        tablet_macro_blocks,
    ),
    Alone(
        "oceanbase",
        "__all_virtual_backup_schedule_task",
        scheduler_columns.BACKUP_SCHEDULE_TASK,
        ("tasks",),
        schedule_tasks,
        SYS_ONLY,
    ),
    Alone("mysql", "db", accounts_columns.MYSQL_DB, ("accounts", "tenants"), schema_grants),
    Alone("mysql", "user", accounts_columns.MYSQL_USER, ("accounts", "tenants"), accounts),
    Alone(
        "obsim",
        "macroblocks",
        control_columns.MACROBLOCKS,
        ("storage", "sets", "backup_parameters"),
        macroblocks,
        SYS_ONLY,
    ),
    Alone("obsim", "backup_files", control_columns.BACKUP_FILES, ("sets", "tasks"), backup_files, SYS_ONLY),
    Alone("obsim", "backup_index", control_columns.BACKUP_INDEX, ("sets",), backup_index, SYS_ONLY),
    Alone("obsim", "events", control_columns.EVENTS, WATCHED, events, SYS_ONLY),
    Alone("obsim", "faults", control_columns.FAULTS, ("faults",), faults, SYS_ONLY),
    Alone(
        "obsim",
        "restorable_windows",
        control_columns.RESTORABLE_WINDOWS,
        ("time", "sets", "archive", "backup_parameters"),
        restorable_windows,
        SYS_ONLY,
    ),
    Alone("obsim", "sstables", control_columns.SSTABLES, ("storage",), sstables, SYS_ONLY),
)


VIEWS: dict[ViewKey, ViewDef] = {
    key_of(view.schema, view.name): view
    for views in (*map(views_of_pair, PAIRS), *map(views_of_one, ALONE)) for view in views
}  # fmt: skip
