"""Columns of the views of tenants, units, pools, servers, zones and their jobs (views.json)."""

from obsim.catalog.model import columns_of

__all__ = [
    "GV_SERVERS", "GV_UNITS", "RESOURCE_POOLS", "ROOTSERVICE_EVENT_HISTORY", "ROOTSERVICE_JOBS", "SERVERS",
    "SERVER_JOBS", "TENANTS", "TENANT_JOBS", "UNITS", "UNIT_CONFIGS", "UNIT_JOBS", "ZONES",
]

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

UNITS = columns_of("""\
    UNIT_ID                      bigint(20)
    TENANT_ID                    bigint(20)          late
    STATUS                       varchar(128)
    RESOURCE_POOL_ID             bigint(20)
    UNIT_GROUP_ID                bigint(20)
    CREATE_TIME                  timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    ZONE                         varchar(128)
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    MIGRATE_FROM_SVR_IP          varchar(46)         late
    MIGRATE_FROM_SVR_PORT        bigint(20)          late
    MANUAL_MIGRATE               varchar(3)          late
    UNIT_CONFIG_ID               bigint(20)
    MAX_CPU                      double
    MIN_CPU                      double
    MEMORY_SIZE                  bigint(20)
    LOG_DISK_SIZE                bigint(20)
    MAX_IOPS                     bigint(20)
    MIN_IOPS                     bigint(20)
    IOPS_WEIGHT                  bigint(20)
""")

UNIT_CONFIGS = columns_of("""\
    UNIT_CONFIG_ID               bigint(20)
    NAME                         varchar(128)
    CREATE_TIME                  timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    MAX_CPU                      double
    MIN_CPU                      double
    MEMORY_SIZE                  bigint(20)
    LOG_DISK_SIZE                bigint(20)
    MAX_IOPS                     bigint(20)
    MIN_IOPS                     bigint(20)
    IOPS_WEIGHT                  bigint(20)
""")

RESOURCE_POOLS = columns_of("""\
    RESOURCE_POOL_ID             bigint(20)
    NAME                         varchar(128)
    TENANT_ID                    bigint(20)          late
    CREATE_TIME                  timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    UNIT_COUNT                   bigint(20)
    UNIT_CONFIG_ID               bigint(20)
    ZONE_LIST                    varchar(8192)
    REPLICA_TYPE                 varchar(18)
""")

GV_UNITS = columns_of("""\
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    UNIT_ID                      bigint(20)
    TENANT_ID                    bigint(20)
    ZONE                         varchar(128)
    ZONE_TYPE                    varchar(128)
    REGION                       varchar(128)
    MAX_CPU                      double
    MIN_CPU                      double
    MEMORY_SIZE                  bigint(20)
    MAX_IOPS                     bigint(20)
    MIN_IOPS                     bigint(20)
    IOPS_WEIGHT                  bigint(20)
    LOG_DISK_SIZE                bigint(20)
    LOG_DISK_IN_USE              bigint(20)
    DATA_DISK_IN_USE             bigint(20)
    STATUS                       varchar(64)
    CREATE_TIME                  timestamp(6)
""")

SERVERS = columns_of("""\
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    ID                           bigint(20)
    ZONE                         varchar(128)
    SQL_PORT                     bigint(20)
    WITH_ROOTSERVER              varchar(3)
    STATUS                       varchar(64)
    START_SERVICE_TIME           timestamp(6)        late
    STOP_TIME                    timestamp(6)        late
    BLOCK_MIGRATE_IN_TIME        timestamp(6)        late
    CREATE_TIME                  timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    BUILD_VERSION                varchar(256)
    LAST_OFFLINE_TIME            timestamp(6)        late
""")

GV_SERVERS = columns_of("""\
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    ZONE                         varchar(128)
    SQL_PORT                     bigint(20)
    CPU_CAPACITY                 bigint(20)
    CPU_CAPACITY_MAX             double
    CPU_ASSIGNED                 double
    CPU_ASSIGNED_MAX             double
    MEM_CAPACITY                 bigint(20)
    MEM_ASSIGNED                 bigint(20)
    LOG_DISK_CAPACITY            bigint(20)
    LOG_DISK_ASSIGNED            bigint(20)
    LOG_DISK_IN_USE              bigint(20)
    DATA_DISK_CAPACITY           bigint(20)
    DATA_DISK_IN_USE             bigint(20)
    DATA_DISK_HEALTH_STATUS      varchar(20)
    MEMORY_LIMIT                 bigint(20)
    DATA_DISK_ABNORMAL_TIME      timestamp(6)
    SSL_CERT_EXPIRED_TIME        timestamp(6)
""")

ZONES = columns_of("""\
    ZONE                         varchar(128)
    CREATE_TIME                  timestamp(6)
    MODIFY_TIME                  timestamp(6)
    STATUS                       varchar(4096)
    IDC                          varchar(4096)
    REGION                       varchar(4096)
    TYPE                         varchar(4096)
""")

SERVER_JOBS = columns_of("""\
    JOB_ID                       bigint(20)
    JOB_TYPE                     varchar(128)
    JOB_STATUS                   varchar(128)
    RESULT_CODE                  bigint(20)          null
    PROGRESS                     bigint(20)
    START_TIME                   timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    SVR_IP                       varchar(46)         null
    SVR_PORT                     bigint(20)          null
    SQL_TEXT                     longtext            null
    EXTRA_INFO                   varchar(512)        null
    RS_SVR_IP                    varchar(46)
    RS_SVR_PORT                  bigint(20)
""")

UNIT_JOBS = columns_of("""\
    JOB_ID                       bigint(20)
    JOB_TYPE                     varchar(128)
    JOB_STATUS                   varchar(128)
    RESULT_CODE                  bigint(20)          null
    PROGRESS                     bigint(20)
    START_TIME                   timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    TENANT_ID                    bigint(20)          null
    UNIT_ID                      bigint(20)          null
    SQL_TEXT                     longtext            null
    EXTRA_INFO                   varchar(512)        null
    RS_SVR_IP                    varchar(46)
    RS_SVR_PORT                  bigint(20)
""")

TENANT_JOBS = columns_of("""\
    JOB_ID                       bigint(20)
    JOB_TYPE                     varchar(128)
    JOB_STATUS                   varchar(128)
    RESULT_CODE                  bigint(20)          null
    PROGRESS                     bigint(20)
    START_TIME                   timestamp(6)        null
    MODIFY_TIME                  timestamp(6)        null
    TENANT_ID                    bigint(20)          null
    SQL_TEXT                     longtext            null
    EXTRA_INFO                   varchar(512)        null
    RS_SVR_IP                    varchar(46)
    RS_SVR_PORT                  bigint(20)
""")

ROOTSERVICE_JOBS = columns_of("""\
    JOB_ID                       bigint(20)
    GMT_CREATE                   timestamp(6)        null
    GMT_MODIFIED                 timestamp(6)        null
    JOB_TYPE                     varchar(256)
    JOB_STATUS                   varchar(256)
    RESULT_CODE                  bigint(20)          null
""")

ROOTSERVICE_EVENT_HISTORY = columns_of("""\
    TIMESTAMP                    timestamp(6)
    MODULE                       varchar(64)
    EVENT                        varchar(64)
    NAME1                        varchar(256)        null
    VALUE1                       varchar(256)        null
    NAME2                        varchar(256)        null
    VALUE2                       varchar(256)        null
    NAME3                        varchar(256)        null
    VALUE3                       varchar(256)        null
    NAME4                        varchar(256)        null
    VALUE4                       varchar(256)        null
    NAME5                        varchar(256)        null
    VALUE5                       varchar(256)        null
    NAME6                        varchar(256)        null
    VALUE6                       varchar(256)        null
    EXTRA_INFO                   varchar(512)        null
    RS_SVR_IP                    varchar(46)         null
    RS_SVR_PORT                  bigint(20)          null
""")
