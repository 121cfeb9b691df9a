"""Columns of the views of restores and the recovery of tables (views.json)."""

from obsim.catalog.model import columns_of

__all__ = [
    "IMPORT_TABLE_JOBS", "IMPORT_TABLE_TASKS", "IMPORT_TABLE_TASK_HISTORY", "LOG_RESTORE_SOURCE",
    "RECOVER_TABLE_JOBS", "RESTORE_HISTORY", "RESTORE_HISTORY_DBA_TYPES", "RESTORE_PROGRESS",
    "RESTORE_PROGRESS_DBA_TYPES",
]

RESTORE_PROGRESS = columns_of("""\
    TENANT_ID                    bigint(20)
    JOB_ID                       bigint(20)
    RESTORE_TENANT_NAME          longtext
    RESTORE_TENANT_ID            bigint(20)
    BACKUP_TENANT_NAME           longtext
    BACKUP_TENANT_ID             longtext
    BACKUP_CLUSTER_NAME          longtext
    BACKUP_DEST                  longtext
    RESTORE_OPTION               longtext
    RESTORE_TYPE                 varchar(4096)            since 4.3.3
    RESTORE_SCN                  bigint(20) unsigned
    RESTORE_SCN_DISPLAY          varchar(26)         late
    STATUS                       longtext
    START_TIMESTAMP              varchar(26)         late
    BACKUP_SET_LIST              longtext
    BACKUP_PIECE_LIST            longtext
    RECOVER_SCN                  bigint(20) unsigned null since 4.2.1 BP7/4.2.3/4.3.3
    RECOVER_SCN_DISPLAY          datetime(6)         null since 4.2.1 BP7/4.2.3/4.3.3
    RECOVER_PROGRESS             decimal(6,2)        null since 4.2.1 BP7/4.2.3/4.3.3
    TABLET_COUNT                 bigint(20)          null since 4.2.1 BP7/4.2.3/4.3.3
    FINISH_TABLET_COUNT          bigint(20)          null since 4.2.1 BP7/4.2.3/4.3.3
    RESTORE_PROGRESS             decimal(6,2)        null since 4.2.1 BP7/4.2.3/4.3.3
    TOTAL_BYTES                  bigint(20)          late
    TOTAL_BYTES_DISPLAY          varchar(27)         late
    FINISH_BYTES                 bigint(20)          late
    FINISH_BYTES_DISPLAY         varchar(27)         late
    DESCRIPTION                  longtext
""")

RESTORE_PROGRESS_DBA_TYPES = {
    "RESTORE_TENANT_ID": "longtext",
    "RESTORE_SCN_DISPLAY": "datetime(6)",
    "START_TIMESTAMP": "datetime(6)",
}

RESTORE_HISTORY = columns_of("""\
    TENANT_ID                    bigint(20)
    JOB_ID                       bigint(20)
    RESTORE_TENANT_NAME          varchar(128)
    RESTORE_TENANT_ID            bigint(20)
    BACKUP_TENANT_NAME           varchar(128)
    BACKUP_TENANT_ID             bigint(20)
    BACKUP_CLUSTER_NAME          varchar(128)
    BACKUP_DEST                  longtext
    RESTORE_SCN                  bigint(20) unsigned
    RESTORE_SCN_DISPLAY          varchar(26)         late
    RESTORE_OPTION               varchar(4096)
    RESTORE_TYPE                 varchar(4096)            since 4.3.3
    START_TIMESTAMP              timestamp(6)        null
    FINISH_TIMESTAMP             timestamp(6)        null
    STATUS                       varchar(64)
    BACKUP_PIECE_LIST            longtext
    BACKUP_SET_LIST              longtext
    BACKUP_CLUSTER_VERSION       bigint(20)
    LS_COUNT                     bigint(20)
    FINISH_LS_COUNT              bigint(20)
    TABLET_COUNT                 bigint(20)
    FINISH_TABLET_COUNT          bigint(20)
    TOTAL_BYTES                  bigint(20)
    TOTAL_BYTES_DISPLAY          varchar(27)
    FINISH_BYTES                 bigint(20)
    FINISH_BYTES_DISPLAY         varchar(27)
    DESCRIPTION                  varchar(1024)       null
    COMMENT                      varchar(1024)       null
""")

RESTORE_HISTORY_DBA_TYPES = {
    "RESTORE_SCN_DISPLAY": "datetime(6)",
}

LOG_RESTORE_SOURCE = columns_of("""\
    TENANT_ID                    bigint(20)
    ID                           bigint(20)
    TYPE                         varchar(32)
    VALUE                        longtext
    RECOVERY_UNTIL_SCN           bigint(20) unsigned
""")

RECOVER_TABLE_JOBS = columns_of("""\
    TENANT_ID                    bigint(20)
    JOB_ID                       bigint(20)
    INITIATOR_TENANT_ID          bigint(20)
    INITIATOR_JOB_ID             bigint(20)
    START_TIMESTAMP              timestamp(6)
    FINISH_TIMESTAMP             timestamp(6)
    STATUS                       varchar(64)
    AUX_TENANT_NAME              varchar(64)
    TARGET_TENANT_NAME           varchar(64)
    IMPORT_ALL                   tinyint(4)
    DB_LIST                      longtext            null
    TABLE_LIST                   longtext            null
    RESTORE_SCN                  bigint(20) unsigned
    RESTORE_SCN_DISPLAY          datetime(6)
    RESTORE_OPTION               varchar(4096)
    BACKUP_DEST                  varchar(4096)
    BACKUP_SET_LIST              longtext
    BACKUP_PIECE_LIST            longtext
    BACKUP_PASSWD                varchar(4096)       null
    EXTERNAL_KMS_INFO            varchar(4096)       null
    REMAP_DB_LIST                longtext            null
    REMAP_TABLE_LIST             longtext            null
    REMAP_TABLEGROUP_LIST        longtext            null
    REMAP_TABLESPACE_LIST        longtext            null
    RESULT                       varchar(64)         null
    COMMENT                      longtext            null
    DESCRIPTION                  longtext            null
""")

IMPORT_TABLE_JOBS = columns_of("""\
    TENANT_ID                    bigint(20)
    JOB_ID                       bigint(20)
    INITIATOR_TENANT_ID          bigint(20)
    INITIATOR_JOB_ID             bigint(20)
    START_TIMESTAMP              timestamp(6)
    FINISH_TIMESTAMP             timestamp(6)
    SRC_TENANT_NAME              varchar(64)
    SRC_TENANT_ID                bigint(20)
    STATUS                       varchar(64)
    IMPORT_ALL                   tinyint(4)
    DB_LIST                      longtext            null
    TABLE_LIST                   longtext            null
    REMAP_DB_LIST                longtext            null
    REMAP_TABLE_LIST             longtext            null
    REMAP_TABLEGROUP_LIST        longtext            null
    REMAP_TABLESPACE_LIST        longtext            null
    TOTAL_TABLE_COUNT            bigint(20)
    FINISHED_TABLE_COUNT         bigint(20)
    FAILED_TABLE_COUNT           bigint(20)
    RESULT                       varchar(64)         null
    COMMENT                      longtext            null
    DESCRIPTION                  longtext            null
""")

IMPORT_TABLE_TASKS = columns_of("""\
    TENANT_ID                    bigint(20)
    TASK_ID                      bigint(20)
    JOB_ID                       bigint(20)
    SRC_TENANT_ID                bigint(20)
    SRC_TABLESPACE               varchar(128)        null
    SRC_TABLEGROUP               varchar(128)        null
    SRC_DATABASE                 varchar(128)        null
    SRC_TABLE                    varchar(128)        null
    SRC_PARTITION                varchar(64)         null
    TARGET_TABLESPACE            varchar(128)        null
    TARGET_TABLEGROUP            varchar(128)        null
    TARGET_DATABASE              varchar(128)        null
    TARGET_TABLE                 varchar(128)        null
    TABLE_COLUMN                 bigint(20)
    STATUS                       varchar(64)
    START_TIMESTAMP              timestamp(6)
    COMPLETION_TIMESTAMP         timestamp(6)
    CUMULATIVE_TS                bigint(20)
    TOTAL_INDEX_COUNT            bigint(20)
    IMPORTED_INDEX_COUNT         bigint(20)
    FAILED_INDEX_COUNT           bigint(20)
    TOTAL_CONSTRAINT_COUNT       bigint(20)
    IMPORTED_CONSTRAINT_COUNT    bigint(20)
    FAILED_CONSTRAINT_COUNT      bigint(20)
    TOTAL_REF_CONSTRAINT_COUNT   bigint(20)
    IMPORTED_REF_CONSTRAINT_COUNT bigint(20)
    FAILED_REF_CONSTRAINT_COUNT  bigint(20)
    RESULT                       varchar(64)         null
    COMMENT                      longtext            null
""")

IMPORT_TABLE_TASK_HISTORY = columns_of("""\
    TENANT_ID                    bigint(20)
    TASK_ID                      varchar(4096)
    JOB_ID                       bigint(20)
    SRC_TENANT_ID                bigint(20)
    SRC_TABLESPACE               varchar(128)        null
    SRC_TABLEGROUP               varchar(128)        null
    SRC_DATABASE                 varchar(128)        null
    SRC_TABLE                    varchar(128)        null
    SRC_PARTITION                varchar(64)         null
    TARGET_TABLESPACE            varchar(128)        null
    TARGET_TABLEGROUP            varchar(128)        null
    TARGET_DATABASE              varchar(128)        null
    TARGET_TABLE                 varchar(128)        null
    TABLE_COLUMN                 bigint(20)
    STATUS                       varchar(64)
    START_TIMESTAMP              timestamp(6)
    COMPLETION_TIMESTAMP         timestamp(6)
    CUMULATIVE_TS                bigint(20)
    TOTAL_INDEX_COUNT            bigint(20)
    IMPORTED_INDEX_COUNT         bigint(20)
    FAILED_INDEX_COUNT           bigint(20)
    TOTAL_CONSTRAINT_COUNT       bigint(20)
    IMPORTED_CONSTRAINT_COUNT    bigint(20)
    FAILED_CONSTRAINT_COUNT      bigint(20)
    TOTAL_REF_CONSTRAINT_COUNT   bigint(20)
    IMPORTED_REF_CONSTRAINT_COUNT bigint(20)
    FAILED_REF_CONSTRAINT_COUNT  bigint(20)
    RESULT                       varchar(64)         null
    COMMENT                      longtext            null
""")
