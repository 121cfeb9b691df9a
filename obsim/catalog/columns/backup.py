"""Columns of the views of backup jobs, tasks, sets and settings (views.json)."""

from obsim.catalog.model import columns_of

__all__ = [
    "BACKUP_JOBS", "BACKUP_PARAMETER", "BACKUP_SET_FILES", "BACKUP_SET_FILES_DBA_TYPES", "BACKUP_STORAGE_INFO",
    "BACKUP_TASKS", "BACKUP_TASK_HISTORY",
]

BACKUP_JOBS = columns_of("""\
    TENANT_ID                    bigint(20)
    JOB_ID                       bigint(20)
    INCARNATION                  bigint(20)
    BACKUP_SET_ID                bigint(20)          null
    INITIATOR_TENANT_ID          bigint(20)
    INITIATOR_JOB_ID             bigint(20)
    EXECUTOR_TENANT_ID           varchar(65536)
    PLUS_ARCHIVELOG              varchar(4096)
    BACKUP_TYPE                  varchar(4096)
    JOB_LEVEL                    varchar(4096)
    ENCRYPTION_MODE              varchar(4096)       null
    PASSWD                       varchar(4096)       null
    START_TIMESTAMP              timestamp(6)
    END_TIMESTAMP                timestamp(6)        late
    STATUS                       varchar(4096)
    RESULT                       bigint(20)
    COMMENT                      varchar(4096)       null
    DESCRIPTION                  varchar(4096)       null
    PATH                         varchar(4096)       null
""")

BACKUP_TASK_HISTORY = columns_of("""\
    TENANT_ID                    bigint(20)
    TASK_ID                      bigint(20)
    JOB_ID                       bigint(20)
    INCARNATION                  bigint(20)
    BACKUP_SET_ID                bigint(20)
    START_TIMESTAMP              timestamp(6)
    END_TIMESTAMP                timestamp(6)        late
    STATUS                       varchar(4096)
    START_SCN                    bigint(20) unsigned
    END_SCN                      bigint(20) unsigned
    USER_LS_START_SCN            bigint(20) unsigned
    ENCRYPTION_MODE              varchar(4096)       null
    PASSWD                       varchar(4096)       null
    INPUT_BYTES                  bigint(20)          null
    OUTPUT_BYTES                 bigint(20)          null
    OUTPUT_RATE_BYTES            decimal(28,4)
    EXTRA_META_BYTES             bigint(20)          null
    TABLET_COUNT                 bigint(20)          null
    FINISH_TABLET_COUNT          bigint(20)          null
    MACRO_BLOCK_COUNT            bigint(20)          null
    FINISH_MACRO_BLOCK_COUNT     bigint(20)          null
    FILE_COUNT                   bigint(20)          null
    META_TURN_ID                 bigint(20)          null
    DATA_TURN_ID                 bigint(20)          null
    RESULT                       bigint(20)          null
    COMMENT                      varchar(4096)       null
    PATH                         varchar(4096)       null
    MINOR_TURN_ID                bigint(20)               since 4.2.3/4.3.0
    MAJOR_TURN_ID                bigint(20)               since 4.2.3/4.3.0
""")

BACKUP_TASKS = BACKUP_TASK_HISTORY + columns_of("""\
    DATA_PROGRESS                decimal(26,2)            since 4.2.1 BP3/4.3.1
    LOG_FILE_COUNT               bigint(20)               since 4.3.1
    FINISH_LOG_FILE_COUNT        bigint(20)               since 4.3.1
    LOG_PROGRESS                 decimal(26,2)            since 4.3.1
""")

BACKUP_SET_FILES = columns_of("""\
    TENANT_ID                    bigint(20)
    BACKUP_SET_ID                bigint(20)
    DEST_ID                      bigint(20)
    INCARNATION                  bigint(20)
    BACKUP_TYPE                  varchar(1)
    PREV_FULL_BACKUP_SET_ID      bigint(20)
    PREV_INC_BACKUP_SET_ID       bigint(20)
    START_TIMESTAMP              timestamp(6)
    END_TIMESTAMP                varchar(26)         late
    STATUS                       varchar(64)
    FILE_STATUS                  varchar(64)
    ELAPSED_SECONDES             decimal(22,0)
    PLUS_ARCHIVELOG              varchar(4096)
    START_REPLAY_SCN             bigint(20) unsigned
    START_REPLAY_SCN_DISPLAY     varchar(26)         late
    MIN_RESTORE_SCN              bigint(20) unsigned
    MIN_RESTORE_SCN_DISPLAY      varchar(26)         late
    INPUT_BYTES                  bigint(20)          null
    OUTPUT_BYTES                 bigint(20)          null
    OUTPUT_RATE_BYTES            decimal(28,4)
    EXTRA_META_BYTES             bigint(20)          null
    TABLET_COUNT                 bigint(20)          null
    FINISH_TABLET_COUNT          bigint(20)          null
    MACRO_BLOCK_COUNT            bigint(20)          null
    FINISH_MACRO_BLOCK_COUNT     bigint(20)          null
    FILE_COUNT                   bigint(20)          null
    META_TURN_ID                 bigint(20)          null
    DATA_TURN_ID                 bigint(20)          null
    RESULT                       bigint(20)
    COMMENT                      varchar(4096)       null
    ENCRYPTION_MODE              varchar(64)         null
    PASSWD                       varchar(128)        null
    TENANT_COMPATIBLE            varchar(4096)
    BACKUP_COMPATIBLE            bigint(20)
    PATH                         varchar(4096)       null
    CLUSTER_VERSION              varchar(4096)
    CONSISTENT_SCN               bigint(20) unsigned      since 4.2.3/4.3.0
    MINOR_TURN_ID                bigint(20)               since 4.2.3/4.3.0
    MAJOR_TURN_ID                bigint(20)               since 4.2.3/4.3.0
""")

BACKUP_SET_FILES_DBA_TYPES = {
    "BACKUP_TYPE": "varchar(64)",
    "END_TIMESTAMP": "timestamp(6)",
    "START_REPLAY_SCN_DISPLAY": "datetime(6)",
    "MIN_RESTORE_SCN_DISPLAY": "varchar(4096)",
}

BACKUP_PARAMETER = columns_of("""\
    TENANT_ID                    bigint(20)
    NAME                         varchar(1024)
    VALUE                        longtext
""")

BACKUP_STORAGE_INFO = columns_of("""\
    TENANT_ID                    bigint(20)
    PATH                         varchar(1024)
    ENDPOINT                     varchar(256)
    DEST_ID                      bigint(20)          null
    DEST_TYPE                    varchar(64)         null
    AUTHORIZATION                varchar(1024)
    EXTENSION                    varchar(512)
    CHECK_FILE_NAME              varchar(256)        null
    LAST_CHECK_TIMESTAMP         timestamp(6)        null
""")
