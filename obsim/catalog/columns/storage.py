"""Columns of the views of log streams, tablets, freezes and compactions (views.json)."""

from dataclasses import replace

from obsim.catalog.model import columns_of

__all__ = [
    "FREEZE_INFO", "GV_COMPACTION_PROGRESS", "GV_SSTABLES", "GV_TABLET_COMPACTION_PROGRESS", "LS", "LS_HISTORY",
    "LS_LOCATIONS", "MAJOR_COMPACTION", "TABLET_MACRO_INFO", "TABLE_LOCATIONS",
    "V_COMPACTION_PROGRESS", "ZONE_MAJOR_COMPACTION",
]

LS = columns_of("""\
    TENANT_ID                    bigint(20)
    LS_ID                        bigint(20)
    STATUS                       varchar(100)
    PRIMARY_ZONE                 longtext            null
    UNIT_GROUP_ID                bigint(20)
    LS_GROUP_ID                  bigint(20)
    CREATE_SCN                   bigint(20) unsigned
    DROP_SCN                     bigint(20) unsigned
    SYNC_SCN                     bigint(20) unsigned
    READABLE_SCN                 bigint(20) unsigned
    FLAG                         varchar(2048)            since 4.2.0
""")

LS_LOCATIONS = columns_of("""\
    CREATE_TIME                  datetime(6)
    MODIFY_TIME                  datetime(6)
    TENANT_ID                    bigint(20)
    LS_ID                        bigint(20)
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    SQL_PORT                     bigint(20)
    ZONE                         varchar(128)
    ROLE                         varchar(8)
    MEMBER_LIST                  varchar(4480)       late
    PAXOS_REPLICA_NUMBER         bigint(20)          late
    REPLICA_TYPE                 varchar(18)
    LEARNER_LIST                 longtext            null since 4.2.3/4.3.3
    REBUILD                      varchar(5)               since 4.2.3/4.3.3
""")

LS_HISTORY = columns_of("""\
    TENANT_ID                    bigint(20)
    LS_ID                        bigint(20)
    LS_GROUP_ID                  bigint(20)
    STATUS                       varchar(100)
    FLAG                         varchar(2048)
    CREATE_SCN                   decimal(20,0)
""")

TABLE_LOCATIONS = columns_of("""\
    TENANT_ID                    bigint(20)
    DATABASE_NAME                varchar(128)
    TABLE_NAME                   varchar(256)
    TABLE_ID                     bigint(20)
    TABLE_TYPE                   varchar(13)
    PARTITION_NAME               varchar(64)
    SUBPARTITION_NAME            varchar(64)
    INDEX_NAME                   varchar(256)
    DATA_TABLE_ID                bigint(20)
    TABLET_ID                    bigint(20)
    LS_ID                        bigint(20)
    ZONE                         varchar(128)
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    ROLE                         varchar(8)
    REPLICA_TYPE                 varchar(18)
    DUPLICATE_SCOPE              varchar(7)
    OBJECT_ID                    bigint(20)
    TABLEGROUP_NAME              varchar(128)
    TABLEGROUP_ID                bigint(20)
    SHARDING                     varchar(10)
""")

MAJOR_COMPACTION = columns_of("""\
    TENANT_ID                    bigint(20)
    FROZEN_SCN                   bigint(20) unsigned
    FROZEN_TIME                  timestamp(6)
    GLOBAL_BROADCAST_SCN         bigint(20) unsigned
    LAST_SCN                     bigint(20) unsigned
    LAST_FINISH_TIME             timestamp(6)
    START_TIME                   timestamp(6)
    STATUS                       varchar(10)
    IS_ERROR                     varchar(3)
    IS_SUSPENDED                 varchar(3)
    INFO                         varchar(14)
""")

ZONE_MAJOR_COMPACTION = columns_of("""\
    TENANT_ID                    bigint(20)
    ZONE                         varchar(128)
    BROADCAST_SCN                bigint(20) unsigned
    LAST_SCN                     bigint(20) unsigned
    LAST_FINISH_TIME             timestamp(6)
    START_TIME                   timestamp(6)
    STATUS                       varchar(10)
""")

FREEZE_INFO = columns_of("""\
    TENANT_ID                    bigint(20)
    FROZEN_SCN                   bigint(20) unsigned
    CLUSTER_VERSION              bigint(20)
    SCHEMA_VERSION               bigint(20)
    GMT_CREATE                   timestamp(6)
    GMT_MODIFIED                 timestamp(6)
""")

GV_SSTABLES = columns_of("""\
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    TABLE_TYPE                   varchar(20)
    TENANT_ID                    bigint(20)
    LS_ID                        bigint(20)
    TABLET_ID                    bigint(20)
    START_LOG_SCN                bigint(20) unsigned
    END_LOG_SCN                  bigint(20) unsigned
    SIZE                         bigint(20)
    REF                          bigint(20)
    UPPER_TRANS_VERSION          bigint(20) unsigned
    IS_ACTIVE                    varchar(3)
    CONTAIN_UNCOMMITTED_ROW      varchar(3)
""")

GV_TABLET_COMPACTION_PROGRESS = columns_of("""\
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    TENANT_ID                    bigint(20)
    TYPE                         varchar(64)
    LS_ID                        bigint(20)
    TABLET_ID                    bigint(20)
    COMPACTION_SCN               bigint(20) unsigned
    TASK_ID                      varchar(64)
    STATUS                       varchar(15)
    DATA_SIZE                    bigint(20)
    UNFINISHED_DATA_SIZE         bigint(20)
    PROGRESSIVE_COMPACTION_ROUND bigint(20)
    CREATE_TIME                  timestamp(6)
    START_TIME                   timestamp(6)
    ESTIMATED_FINISH_TIME        timestamp(6)
    START_CG_ID                  bigint(20)               since 4.3.0
    END_CG_ID                    bigint(20)               since 4.3.0
""")

GV_COMPACTION_PROGRESS = columns_of("""\
    SVR_IP                       varchar(46)
    SVR_PORT                     bigint(20)
    TENANT_ID                    bigint(20)
    TYPE                         varchar(64)
    ZONE                         varchar(128)
    COMPACTION_SCN               bigint(20) unsigned
    STATUS                       varchar(15)
    TOTAL_TABLET_COUNT           bigint(20)
    UNFINISHED_TABLET_COUNT      bigint(20)
    DATA_SIZE                    bigint(20)
    UNFINISHED_DATA_SIZE         bigint(20)
    COMPRESSION_RATIO            double
    START_TIME                   timestamp(6)
    ESTIMATED_FINISH_TIME        timestamp(6)
    COMMENTS                     varchar(256)
""")

TABLET_MACRO_INFO = columns_of("""\
    svr_ip                       varchar(46)
    svr_port                     bigint(20)
    tenant_id                    bigint(20)
    ls_id                        bigint(20)
    tablet_id                    bigint(20)
    end_log_scn                  bigint(20) unsigned
    macro_idx_in_sstable         bigint(20)
    macro_logic_version          bigint(20) unsigned
    macro_block_idx              bigint(20)
    data_seq                     bigint(20)
    row_count                    bigint(20)
    original_size                bigint(20)
    encoding_size                bigint(20)
    compressed_size              bigint(20)
    occupy_size                  bigint(20)
    micro_block_count            bigint(20)
    data_checksum                bigint(20)
    start_key                    varchar(17408)
    end_key                      varchar(17408)
    macro_block_type             varchar(4096)
    compressor_name              varchar(128)
    row_store_type               varchar(128)
    cg_idx                       bigint(20)               since 4.3.0
""")
"""__all_virtual_tablet_sstable_macro_info: as a real engine describes it (seekdb-observations.jsonl), after the columns
that say whose block it is (ob_all_virtual_tablet_sstable_macro_info.cpp)."""

_V_TYPES = {"STATUS": "varchar(10)", "COMPRESSION_RATIO": "bigint(20)"}
V_COMPACTION_PROGRESS = tuple(
    replace(column, mysql_type=_V_TYPES.get(column.name, column.mysql_type)) for column in GV_COMPACTION_PROGRESS
)
"""V$OB_COMPACTION_PROGRESS has two other types than the GV$ form."""
