"""Columns of the views, one line a column: name, type, `null` or `late`, version mark (facts: `views.json`).

Pairs are written in the CDB form; the DBA form is the same without TENANT_ID and with the types of
`SET_FILES_DBA_TYPES`.
"""

from obsim.catalog.model import columns_of

__all__ = [
    "ARCHIVELOG", "BACKUP_JOBS", "BACKUP_PARAMETER", "BACKUP_SET_FILES", "BACKUP_TASKS", "BACKUP_TASK_HISTORY", "CLOCK",
    "DAG_SCHEDULER", "MACROBLOCKS", "MYSQL_USER", "PARAMETERS", "SET_FILES_DBA_TYPES", "SHOW_PARAMETERS", "SSTABLES",
    "TENANTS",
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

SET_FILES_DBA_TYPES = {
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

ARCHIVELOG = columns_of("""\
    TENANT_ID                    bigint(20)
    DEST_ID                      bigint(20)
    ROUND_ID                     bigint(20)
    INCARNATION                  bigint(20)
    DEST_NO                      bigint(20)
    STATUS                       varchar(64)
    START_SCN                    bigint(20) unsigned
    START_SCN_DISPLAY            datetime(6)         late
    CHECKPOINT_SCN               bigint(20) unsigned
    CHECKPOINT_SCN_DISPLAY       datetime(6)         late
    COMPATIBLE                   bigint(20)
    BASE_PIECE_ID                bigint(20)
    USED_PIECE_ID                bigint(20)
    PIECE_SWITCH_INTERVAL        bigint(20)
    UNIT_SIZE                    bigint(20)
    COMPRESSION                  varchar(128)
    INPUT_BYTES                  bigint(21)
    INPUT_BYTES_DISPLAY          varchar(28)
    OUTPUT_BYTES                 bigint(21)
    OUTPUT_BYTES_DISPLAY         varchar(28)
    COMPRESSION_RATIO            decimal(24,2)
    DELETED_INPUT_BYTES          bigint(20)
    DELETED_INPUT_BYTES_DISPLAY  varchar(27)
    DELETED_OUTPUT_BYTES         bigint(20)
    DELETED_OUTPUT_BYTES_DISPLAY varchar(27)
    COMMENT                      varchar(262144)
    PATH                         varchar(2048)
""")

TENANTS = columns_of("""\
    TENANT_ID                    bigint(20)
    TENANT_NAME                  varchar(128)
    TENANT_TYPE                  varchar(4)
    CREATE_TIME                  timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    PRIMARY_ZONE                 varchar(128)        null
    LOCALITY                     varchar(4096)
    PREVIOUS_LOCALITY            varchar(4096)       late
    COMPATIBILITY_MODE           varchar(6)
    STATUS                       varchar(64)
    IN_RECYCLEBIN                varchar(3)
    LOCKED                       varchar(3)
    TENANT_ROLE                  varchar(100)
    SWITCHOVER_STATUS            varchar(100)
    SWITCHOVER_EPOCH             bigint(20)
    SYNC_SCN                     bigint(20) unsigned late
    REPLAYABLE_SCN               bigint(20) unsigned late
    READABLE_SCN                 bigint(20) unsigned late
    RECOVERY_UNTIL_SCN           bigint(20) unsigned late
    LOG_MODE                     varchar(100)
    ARBITRATION_SERVICE_STATUS   varchar(64)
    UNIT_NUM                     bigint(20)
    COMPATIBLE                   varchar(65536)
    MAX_LS_ID                    bigint(20)
    RESTORE_DATA_MODE            varchar(128)             since 4.3.3
""")

PARAMETERS = columns_of("""\
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    ZONE                         varchar(128)
    SCOPE                        varchar(64)
    TENANT_ID                    bigint(20)          null
    NAME                         varchar(128)
    DATA_TYPE                    varchar(128)        null
    VALUE                        varchar(65536)
    INFO                         varchar(4096)
    SECTION                      varchar(128)
    EDIT_LEVEL                   varchar(128)
    DEFAULT_VALUE                varchar(65536)           since 4.2.2/4.3.1
    ISDEFAULT                    varchar(3)               since 4.2.2/4.3.1
""")

SHOW_PARAMETERS = columns_of("""\
    zone                         varchar(256)
    svr_type                     varchar(20)
    svr_ip                       varchar(46)
    svr_port                     bigint(20)
    name                         varchar(256)
    data_type                    varchar(256)        null
    value                        varchar(4096)
    info                         varchar(4096)
    section                      varchar(4096)
    scope                        varchar(1024)
    source                       varchar(1024)
    edit_level                   varchar(1024)
    default_value                varchar(4096)            since 4.2.2/4.3.1
    isdefault                    bigint(20)               since 4.2.2/4.3.1
""")

DAG_SCHEDULER = columns_of("""\
    svr_ip                       varchar(46)
    svr_port                     bigint(20)
    tenant_id                    bigint(20)
    value_type                   varchar(64)
    key                          varchar(128)
    value                        bigint(20)
""")

MYSQL_USER = columns_of("""\
    host                         varchar(128)
    user                         varchar(128)
    password                     varchar(128)
    select_priv                  varchar(1)
    insert_priv                  varchar(1)
    update_priv                  varchar(1)
    delete_priv                  varchar(1)
    create_priv                  varchar(1)
    drop_priv                    varchar(1)
    reload_priv                  varchar(1)
    shutdown_priv                varchar(1)
    process_priv                 varchar(1)
    file_priv                    varchar(1)
    grant_priv                   varchar(1)
    reference_priv               varchar(1)
    index_priv                   varchar(1)
    alter_priv                   varchar(1)
    show_db_priv                 varchar(1)
    super_priv                   varchar(1)
    create_tmp_table_priv        varchar(1)
    lock_tables_priv             varchar(1)
    execute_priv                 varchar(1)
    repl_slave_priv              varchar(1)
    repl_client_priv             varchar(1)
    create_view_priv             varchar(1)
    show_view_priv               varchar(1)
    create_routine_priv          varchar(1)
    alter_routine_priv           varchar(1)
    create_user_priv             varchar(1)
    event_priv                   varchar(1)
    trigger_priv                 varchar(1)
    create_tablespace_priv       varchar(1)
    ssl_type                     varchar(10)
    ssl_cipher                   varchar(1024)
    x509_issuer                  varchar(1024)
    x509_subject                 varchar(1024)
    max_questions                bigint(20)
    max_updates                  bigint(20)
    max_connections              bigint(20)
    max_user_connections         bigint(20)
    plugin                       varchar(1024)
    authentication_string        varchar(1024)
    password_expired             varchar(1)
    account_locked               varchar(1)
""")

# Views of obsim itself (design, section 5).

MACROBLOCKS = columns_of("""\
    TENANT_ID                    bigint(20)
    TABLE_NAME                   varchar(256)
    TABLET_ID                    bigint(20)
    POSITION                     bigint(20)
    BLOCK_ID                     bigint(20)
    LOGIC_VERSION                bigint(20) unsigned
    DATA_SEQ                     bigint(20)
    DIRTY                        bigint(20)
    STORED_IN_SET                bigint(20)          null
    IN_BASE                      bigint(20)
""")

SSTABLES = columns_of("""\
    TENANT_ID                    bigint(20)
    TABLE_NAME                   varchar(256)
    TABLET_ID                    bigint(20)
    LS_ID                        bigint(20)
    TABLE_TYPE                   varchar(16)
    END_SCN                      bigint(20) unsigned null
    MACRO_BLOCK_COUNT            bigint(20)
    BYTES                        bigint(20)
""")

CLOCK = columns_of("""\
    MODE                         varchar(16)
    NOW                          datetime(6)
    NOW_NS                       bigint(20)
    START                        datetime(6)
    START_NS                     bigint(20)
    TIMELINE                     bigint(20)
    NEXT_EVENT                   datetime(6)         null
    NEXT_EVENT_NS                bigint(20)          null
""")
