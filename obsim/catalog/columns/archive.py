"""Columns of the views of the log archive (views.json)."""

from obsim.catalog.model import columns_of

__all__ = [
    "ARCHIVELOG", "ARCHIVELOG_PIECE_FILES", "ARCHIVELOG_PIECE_FILES_DBA_TYPES", "ARCHIVELOG_SUMMARY",
    "ARCHIVE_DEST", "ARCHIVE_DEST_STATUS", "LS_LOG_ARCHIVE_PROGRESS",
]

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

ARCHIVELOG_SUMMARY = columns_of("""\
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
    INPUT_BYTES                  bigint(20)
    INPUT_BYTES_DISPLAY          varchar(27)
    OUTPUT_BYTES                 bigint(20)
    OUTPUT_BYTES_DISPLAY         varchar(27)
    COMPRESSION_RATIO            decimal(23,2)
    DELETED_INPUT_BYTES          bigint(20)
    DELETED_INPUT_BYTES_DISPLAY  varchar(27)
    DELETED_OUTPUT_BYTES         bigint(20)
    DELETED_OUTPUT_BYTES_DISPLAY varchar(27)
    PATH                         varchar(2048)
    COMMENT                      varchar(262144)
""")

ARCHIVELOG_PIECE_FILES = columns_of("""\
    TENANT_ID                    bigint(20)
    DEST_ID                      bigint(20)
    ROUND_ID                     bigint(20)
    PIECE_ID                     bigint(20)
    INCARNATION                  bigint(20)
    DEST_NO                      bigint(20)
    STATUS                       varchar(64)
    START_SCN                    bigint(20) unsigned
    START_SCN_DISPLAY            varchar(26)         late
    CHECKPOINT_SCN               bigint(20) unsigned
    CHECKPOINT_SCN_DISPLAY       varchar(26)         late
    MAX_SCN                      bigint(20) unsigned
    END_SCN                      bigint(20) unsigned
    END_SCN_DISPLAY              varchar(26)         late
    COMPATIBLE                   bigint(20)
    UNIT_SIZE                    bigint(20)
    COMPRESSION                  varchar(128)
    INPUT_BYTES                  bigint(20)
    INPUT_BYTES_DISPLAY          varchar(27)
    OUTPUT_BYTES                 bigint(20)
    OUTPUT_BYTES_DISPLAY         varchar(27)
    COMPRESSION_RATIO            decimal(23,2)
    FILE_STATUS                  varchar(64)
    PATH                         varchar(2048)
""")

ARCHIVELOG_PIECE_FILES_DBA_TYPES = {
    "START_SCN_DISPLAY": "datetime(6)",
    "CHECKPOINT_SCN_DISPLAY": "datetime(6)",
    "END_SCN_DISPLAY": "datetime(6)",
}

ARCHIVE_DEST = columns_of("""\
    TENANT_ID                    bigint(20)
    DEST_NO                      bigint(20)
    NAME                         varchar(1024)
    VALUE                        varchar(4096)
""")

LS_LOG_ARCHIVE_PROGRESS = columns_of("""\
    TENANT_ID                    bigint(20)
    DEST_ID                      bigint(20)
    LS_ID                        bigint(20)
    ROUND_ID                     bigint(20)
    PIECE_ID                     bigint(20)
    INCARNATION                  bigint(20)
    START_SCN                    bigint(20) unsigned
    MIN_LSN                      bigint(20) unsigned
    MAX_LSN                      bigint(20) unsigned
    CHECKPOINT_SCN               bigint(20) unsigned
    STATUS                       varchar(64)
    FILE_ID                      bigint(20)
    FILE_OFFSET                  bigint(20)
    INPUT_BYTES                  bigint(20)
    OUTPUT_BYTES                 bigint(20)
""")

ARCHIVE_DEST_STATUS = columns_of("""\
    TENANT_ID                    bigint(20)
    DEST_ID                      bigint(20)
    PATH                         varchar(4096)
    STATUS                       varchar(64)
    CHECKPOINT_SCN               bigint(20) unsigned
    SYNCHRONIZED                 varchar(32)
    COMMENT                      varchar(262144)
""")
