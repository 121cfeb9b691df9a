"""Columns of the views of parameters (views.json)."""

from obsim.catalog.model import columns_of

__all__ = ["PARAMETERS", "SHOW_PARAMETERS"]

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
