"""Columns of information_schema (MySQL 5.7, recorded engine)."""

from obsim.catalog.model import columns_of

__all__ = [
    "CHARACTER_SET_LIST",
    "COLLATION_APPLICABILITY",
    "COLLATION_LIST",
    "COLUMNS",
    "COLUMN_PRIVILEGES",
    "ENGINE_LIST",
    "EVENTS",
    "KEY_COLUMN_USAGE",
    "PARAMETERS",
    "PARTITIONS",
    "PROCESS_LIST",
    "REFERENTIAL_CONSTRAINTS",
    "ROUTINES",
    "SCHEMATA",
    "SCHEMA_PRIVILEGES",
    "STATISTICS",
    "STATUS_LIST",
    "TABLES",
    "TABLE_CONSTRAINTS",
    "TABLE_PRIVILEGES",
    "TRIGGERS",
    "USER_PRIVILEGES",
    "VARIABLE_LIST",
    "VIEW_LIST",
]

SCHEMATA = columns_of("""\
    CATALOG_NAME                 varchar(3)
    SCHEMA_NAME                  varchar(128)
    DEFAULT_CHARACTER_SET_NAME   varchar(128)
    DEFAULT_COLLATION_NAME       varchar(128)
    SQL_PATH                     varchar(512)        null
    DEFAULT_ENCRYPTION           varchar(2)
""")

TABLES = columns_of("""\
    TABLE_CATALOG                varchar(3)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   char(64)            null
    TABLE_TYPE                   varchar(64)
    ENGINE                       varchar(64)         null
    VERSION                      bigint(20) unsigned null
    ROW_FORMAT                   varchar(10)         null
    TABLE_ROWS                   bigint(20) unsigned null
    AVG_ROW_LENGTH               bigint(20) unsigned null
    DATA_LENGTH                  bigint(20) unsigned null
    MAX_DATA_LENGTH              bigint(20) unsigned null
    INDEX_LENGTH                 bigint(20) unsigned null
    DATA_FREE                    bigint(20) unsigned null
    AUTO_INCREMENT               bigint(20) unsigned null
    CREATE_TIME                  datetime            null
    UPDATE_TIME                  datetime            null
    CHECK_TIME                   datetime            null
    TABLE_COLLATION              varchar(32)         null
    CHECKSUM                     bigint(20) unsigned null
    CREATE_OPTIONS               varchar(255)        null
    TABLE_COMMENT                varchar(2048)
""")

COLUMNS = columns_of("""\
    TABLE_CATALOG                varchar(3)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    COLUMN_NAME                  varchar(128)
    ORDINAL_POSITION             bigint(20) unsigned
    COLUMN_DEFAULT               longtext            null
    IS_NULLABLE                  varchar(3)
    DATA_TYPE                    varchar(64)
    CHARACTER_MAXIMUM_LENGTH     bigint(20) unsigned null
    CHARACTER_OCTET_LENGTH       bigint(20) unsigned null
    NUMERIC_PRECISION            bigint(20) unsigned null
    NUMERIC_SCALE                bigint(20) unsigned null
    DATETIME_PRECISION           bigint(20) unsigned null
    CHARACTER_SET_NAME           varchar(128)        null
    COLLATION_NAME               varchar(128)        null
    COLUMN_TYPE                  varchar(4096)
    COLUMN_KEY                   varchar(3)
    EXTRA                        varchar(4096)
    PRIVILEGES                   varchar(200)
    COLUMN_COMMENT               varchar(4096)
    GENERATION_EXPRESSION        varchar(4096)
""")

VIEW_LIST = columns_of("""\
    TABLE_CATALOG                varchar(3)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    VIEW_DEFINITION              longtext
    CHECK_OPTION                 varchar(8)
    IS_UPDATABLE                 varchar(3)
    DEFINER                      varchar(288)
    SECURITY_TYPE                varchar(7)
    CHARACTER_SET_CLIENT         varchar(128)
    COLLATION_CONNECTION         varchar(128)
""")

CHARACTER_SET_LIST = columns_of("""\
    CHARACTER_SET_NAME           varchar(128)
    DEFAULT_COLLATE_NAME         varchar(128)
    DESCRIPTION                  varchar(60)
    MAXLEN                       bigint(20)
""")

COLLATION_LIST = columns_of("""\
    COLLATION_NAME               varchar(128)
    CHARACTER_SET_NAME           varchar(128)
    ID                           bigint(20)
    IS_DEFAULT                   varchar(3)
    IS_COMPILED                  varchar(3)
    SORTLEN                      bigint(20)
""")

ENGINE_LIST = columns_of("""\
    ENGINE                       varchar(64)
    SUPPORT                      varchar(8)
    COMMENT                      varchar(80)
    TRANSACTIONS                 varchar(3)          null
    XA                           varchar(3)          null
    SAVEPOINTS                   varchar(3)          null
""")

KEY_COLUMN_USAGE = columns_of("""\
    CONSTRAINT_CATALOG           varchar(3)
    CONSTRAINT_SCHEMA            varchar(128)
    CONSTRAINT_NAME              varchar(256)
    TABLE_CATALOG                varchar(3)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    COLUMN_NAME                  varchar(128)
    ORDINAL_POSITION             bigint(20)
    POSITION_IN_UNIQUE_CONSTRAINT bigint(20)         null
    REFERENCED_TABLE_SCHEMA      varchar(128)        null
    REFERENCED_TABLE_NAME        varchar(256)        null
    REFERENCED_COLUMN_NAME       varchar(128)        null
""")

TABLE_CONSTRAINTS = columns_of("""\
    CONSTRAINT_CATALOG           varchar(3)
    CONSTRAINT_SCHEMA            varchar(128)
    CONSTRAINT_NAME              varchar(256)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    CONSTRAINT_TYPE              varchar(11)
    ENFORCED                     varchar(3)
""")

REFERENTIAL_CONSTRAINTS = columns_of("""\
    CONSTRAINT_CATALOG           varchar(3)
    CONSTRAINT_SCHEMA            varchar(128)
    CONSTRAINT_NAME              varchar(256)
    UNIQUE_CONSTRAINT_CATALOG    varchar(3)
    UNIQUE_CONSTRAINT_SCHEMA     varchar(128)
    UNIQUE_CONSTRAINT_NAME       varchar(256)        null
    MATCH_OPTION                 varchar(64)
    UPDATE_RULE                  varchar(64)
    DELETE_RULE                  varchar(64)
    TABLE_NAME                   varchar(256)
    REFERENCED_TABLE_NAME        varchar(256)
""")

STATISTICS = columns_of("""\
    TABLE_CATALOG                varchar(3)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    NON_UNIQUE                   bigint(20)
    INDEX_SCHEMA                 varchar(128)
    INDEX_NAME                   varchar(256)
    SEQ_IN_INDEX                 bigint(20) unsigned
    COLUMN_NAME                  varchar(128)
    COLLATION                    varchar(1)          null
    CARDINALITY                  bigint(20)          null
    SUB_PART                     bigint(20)          null
    PACKED                       varchar(10)         null
    NULLABLE                     varchar(3)
    INDEX_TYPE                   varchar(16)
    COMMENT                      varchar(16)         null
    INDEX_COMMENT                varchar(1024)
    IS_VISIBLE                   varchar(3)
""")

ROUTINES = columns_of("""\
    SPECIFIC_NAME                varchar(64)
    ROUTINE_CATALOG              varchar(3)
    ROUTINE_SCHEMA               varchar(128)
    ROUTINE_NAME                 varchar(64)
    ROUTINE_TYPE                 varchar(9)
    DATA_TYPE                    varchar(64)
    DTD_IDENTIFIER               longtext            null
    ROUTINE_BODY                 varchar(8)
    ROUTINE_DEFINITION           longtext            null
    PARAMETER_STYLE              varchar(8)
    IS_DETERMINISTIC             varchar(3)
    SQL_DATA_ACCESS              varchar(64)
    SECURITY_TYPE                varchar(7)
    CREATED                      datetime
    LAST_ALTERED                 datetime
    SQL_MODE                     varchar(32)
    ROUTINE_COMMENT              longtext
    DEFINER                      varchar(93)
""")

TRIGGERS = columns_of("""\
    TRIGGER_CATALOG              varchar(3)
    TRIGGER_SCHEMA               varchar(128)
    TRIGGER_NAME                 varchar(64)
    EVENT_MANIPULATION           varchar(6)
    EVENT_OBJECT_CATALOG         varchar(3)
    EVENT_OBJECT_SCHEMA          varchar(128)
    EVENT_OBJECT_TABLE           varchar(64)
    ACTION_ORDER                 bigint(4)
    ACTION_STATEMENT             longtext
    ACTION_ORIENTATION           varchar(9)
    ACTION_TIMING                varchar(6)
    CREATED                      datetime            null
    SQL_MODE                     varchar(8192)
    DEFINER                      varchar(93)
""")

PARTITIONS = columns_of("""\
    TABLE_CATALOG                varchar(3)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    PARTITION_NAME               varchar(64)         null
    SUBPARTITION_NAME            varchar(64)         null
    PARTITION_ORDINAL_POSITION   bigint(20) unsigned null
    PARTITION_METHOD             varchar(18)         null
    PARTITION_EXPRESSION         varchar(2048)       null
    PARTITION_DESCRIPTION        varchar(4096)       null
    TABLE_ROWS                   bigint(20) unsigned
""")

USER_PRIVILEGES = columns_of("""\
    GRANTEE                      varchar(81)
    TABLE_CATALOG                varchar(512)
    PRIVILEGE_TYPE               varchar(64)
    IS_GRANTABLE                 varchar(3)
""")

SCHEMA_PRIVILEGES = columns_of("""\
    GRANTEE                      varchar(81)
    TABLE_CATALOG                varchar(512)
    TABLE_SCHEMA                 varchar(128)
    PRIVILEGE_TYPE               varchar(64)
    IS_GRANTABLE                 varchar(3)
""")

TABLE_PRIVILEGES = columns_of("""\
    GRANTEE                      varchar(81)
    TABLE_CATALOG                varchar(512)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    PRIVILEGE_TYPE               varchar(64)
    IS_GRANTABLE                 varchar(3)
""")

COLUMN_PRIVILEGES = columns_of("""\
    GRANTEE                      varchar(81)
    TABLE_CATALOG                varchar(512)
    TABLE_SCHEMA                 varchar(128)
    TABLE_NAME                   varchar(256)
    COLUMN_NAME                  varchar(128)
    PRIVILEGE_TYPE               varchar(64)
    IS_GRANTABLE                 varchar(3)
""")

PROCESS_LIST = columns_of("""\
    ID                           bigint(20) unsigned
    USER                         varchar(32)
    HOST                         varchar(128)
    DB                           varchar(128)        null
    COMMAND                      varchar(4096)
    TIME                         bigint(21)
    STATE                        varchar(128)        null
    INFO                         varchar(262143)     null
""")

VARIABLE_LIST = columns_of("""\
    VARIABLE_NAME                varchar(128)
    VARIABLE_VALUE               varchar(65536)      null
""")

STATUS_LIST = columns_of("""\
    VARIABLE_NAME                varchar(128)
    VARIABLE_VALUE               varchar(1024)       null
""")

PARAMETERS = columns_of("""\
    SPECIFIC_CATALOG             varchar(512)
    SPECIFIC_SCHEMA              varchar(128)
    SPECIFIC_NAME                varchar(64)
    ORDINAL_POSITION             bigint(21) unsigned
    PARAMETER_MODE               varchar(5)          null
    PARAMETER_NAME               varchar(64)         null
    DATA_TYPE                    varchar(64)
    CHARACTER_MAXIMUM_LENGTH     bigint(21)          null
    CHARACTER_OCTET_LENGTH       bigint(21)          null
    NUMERIC_PRECISION            bigint(20) unsigned null
    NUMERIC_SCALE                bigint(21)          null
    DATETIME_PRECISION           bigint(20) unsigned null
    CHARACTER_SET_NAME           varchar(64)         null
    COLLATION_NAME               varchar(64)         null
    DTD_IDENTIFIER               longtext
    ROUTINE_TYPE                 varchar(9)
""")

EVENTS = columns_of("""\
    EVENT_CATALOG                varchar(64)
    EVENT_SCHEMA                 varchar(128)
    EVENT_NAME                   varchar(256)
    DEFINER                      varchar(93)
    TIME_ZONE                    varchar(64)
    EVENT_BODY                   varchar(8)
    EVENT_DEFINITION             longtext
    EVENT_TYPE                   varchar(9)
    EXECUTE_AT                   datetime            null
    INTERVAL_VALUE               varchar(256)        null
    INTERVAL_FIELD               varchar(18)         null
    SQL_MODE                     varchar(8192)
    STARTS                       datetime            null
    ENDS                         datetime            null
    STATUS                       varchar(18)
    ON_COMPLETION                varchar(12)
    CREATED                      datetime
    LAST_ALTERED                 datetime
    LAST_EXECUTED                datetime            null
    EVENT_COMMENT                varchar(64)
    ORIGINATOR                   bigint(10)
    CHARACTER_SET_CLIENT         varchar(32)
    COLLATION_CONNECTION         varchar(32)
    DATABASE_COLLATION           varchar(32)
""")

COLLATION_APPLICABILITY = columns_of("""\
    COLLATION_NAME               varchar(32)
    CHARACTER_SET_NAME           varchar(32)
""")
