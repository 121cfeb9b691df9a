"""Columns of the views of obsim itself, in the schema `obsim` (design, section 5)."""

from obsim.catalog.model import columns_of

__all__ = [
    "BACKUP_FILES", "BACKUP_INDEX", "CLOCK", "EVENTS", "FAULTS", "MACROBLOCKS", "RESTORABLE_WINDOWS",
    "SSTABLES", "STATEMENTS",
]  # fmt: skip

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

BACKUP_FILES = columns_of("""\
    TENANT_ID                    bigint(20)
    BACKUP_SET_ID                bigint(20)
    LS_ID                        bigint(20)
    DATA_TYPE                    varchar(16)
    TURN_ID                      bigint(20)
    RETRY_ID                     bigint(20)
    FILE_ID                      bigint(20)
    MACRO_BLOCK_COUNT            bigint(20)
    BYTES                        bigint(20)
    STATUS                       varchar(16)
""")

BACKUP_INDEX = columns_of("""\
    TENANT_ID                    bigint(20)
    BACKUP_SET_ID                bigint(20)
    TABLET_ID                    bigint(20)
    LOGIC_VERSION                bigint(20) unsigned
    DATA_SEQ                     bigint(20)
    STORED_IN_SET                bigint(20)
    LS_ID                        bigint(20)
    TURN_ID                      bigint(20)
    RETRY_ID                     bigint(20)
    FILE_ID                      bigint(20)
    FILE_OFFSET                  bigint(20)
    LENGTH                       bigint(20)
    REUSED                       bigint(20)
""")

RESTORABLE_WINDOWS = columns_of("""\
    TENANT_ID                    bigint(20)
    FIRST_SCN                    bigint(20) unsigned
    FIRST_SCN_DISPLAY            timestamp(6)        null
    LAST_SCN                     bigint(20) unsigned
    LAST_SCN_DISPLAY             timestamp(6)        null
    RESTORABLE                   bigint(20)
    DATA_PATH                    varchar(1024)
    ARCHIVE_PATH                 varchar(1024)
    REASON                       varchar(128)
""")

FAULTS = columns_of("""\
    FAULT_ID                     bigint(20)
    RULE                         varchar(1000)
    SEEN_COUNT                   bigint(20)
    HIT_COUNT                    bigint(20)
""")

EVENTS = columns_of("""\
    EVENT_ID                     bigint(20)
    TIME                         datetime(6)
    TIME_NS                      bigint(20)
    TENANT_ID                    bigint(20)
    KIND                         varchar(16)
    NAME                         varchar(128)
    STATE_BEFORE                 varchar(4096)
    STATE_AFTER                  varchar(4096)
""")

STATEMENTS = columns_of("""\
    STATEMENT_ID                 bigint(20)
    SESSION_ID                   bigint(20) unsigned
    TENANT_NAME                  varchar(128)
    USER_NAME                    varchar(128)
    TIME                         datetime(6)
    STATEMENT                    longtext
    ERRNO                        bigint(20)
    ROW_COUNT                    bigint(20)
    ELAPSED_NS                   bigint(20)
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
