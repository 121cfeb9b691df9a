"""The forms of every statement family in the language of `obsim.sql.grammar.forms`: what the long campaign draws from.

Families that obsim knows by shape bring their forms along; those with a reader of their own have theirs here.
`test_campaign.py` checks that no reader is without one, that every text of a form is read, and that every text that is
read fits a form.
"""

from obsim.sql.grammar.known import ALTER_SYSTEM_FORMS, TOP_FORMS
from obsim.sql.grammar.maintenance import CACHES

MORE_PARTS = {
    "account": "{ string | name } [@ { string | name }]",
    "action": "parameter = value [COMMENT string] [scope] [{ SERVER [=] string | zone }] [one_tenant]",
    "argument": "{ string | number | TRUE | FALSE | NULL }",
    "flushed": "[TENANT = tenant,..] [GLOBAL]",
    "end": "[AND [NO] CHAIN] [[NO] RELEASE]",
    "level": "{ * [. *] | name [. { * | member }] }",
    "lock": "name [. member] [[AS] name] { READ [LOCAL] | [LOW_PRIORITY] WRITE }",
    "mode": "{ ISOLATION LEVEL { READ UNCOMMITTED | READ COMMITTED | REPEATABLE READ | SERIALIZABLE } | access }",
    "access": "{ READ ONLY | READ WRITE }",
    "privilege": (
        "{ ALL [PRIVILEGES] | ALTER SYSTEM | ALTER TENANT | ALTER | CREATE RESOURCE UNIT | CREATE RESOURCE POOL | "
        "CREATE USER | CREATE VIEW | CREATE | DELETE | DROP | FILE | INDEX | INSERT | PROCESS | SELECT | "
        "SHOW DATABASES | GRANT OPTION | SHOW VIEW | SUPER | UPDATE | USAGE }"
    ),
    "recovered": "{ * . * | name . { * | member } [: any_table] }",
    "pool_option": (
        "{ UNIT [=] { string | name } | UNIT_NUM [=] integer [DELETE UNIT [=] ( integer,.. )] | "
        "ZONE_LIST [=] zones | REPLICA_TYPE [=] string }"
    ),
    "scope": "SCOPE = { MEMORY | SPFILE | BOTH }",
    "scope_of_variable": "{ GLOBAL | SESSION | LOCAL }",
    "setting": "name = { string | number | TRUE | FALSE | ON | name }",
    "size": (
        "{ MAX_CPU | MIN_CPU | MEMORY_SIZE | LOG_DISK_SIZE | MAX_IOPS | MIN_IOPS | IOPS_WEIGHT } [=] "
        "{ string | number }"
    ),
    "spec": "account [IDENTIFIED BY [PASSWORD] string]",
    "tenant_option": (
        "{ LOCALITY [=] string [FORCE] | PRIMARY_ZONE [=] { DEFAULT | string | name } | COMMENT [=] string | "
        "RESOURCE_POOL_LIST [=] ( string,.. ) | ZONE_LIST [=] zones | READ { ONLY | WRITE } | "
        "[DEFAULT] { CHARSET | CHARACTER SET | COLLATE } [=] { string | name } | "
        "{ REPLICA_NUM | LOGONLY_REPLICA_NUM | PROGRESSIVE_MERGE_NUM } [=] integer | "
        "[DEFAULT] TABLEGROUP [=] { NULL | name } | "
        "{ ENABLE_EXTENDED_ROWID | ENABLE_ARBITRATION_SERVICE } [=] { TRUE | FALSE } }"
    ),
    "user_variable": "@ { string | name }",
    "value": "{ string | number | TRUE | FALSE | NULL | { DATE | TIME | TIMESTAMP } string }",
    "variable": "{ scope_of_variable name | @ @ [scope_of_variable .] name | @ name | name } = variable_value",
    "zones": "( string [{ [,] string }..] )",
    "zone_option": "{ REGION | IDC | ZONE_TYPE } [=] { string | name }",
    "variable_value": "{ string | number | TRUE | FALSE | NULL | DEFAULT | expression }",
}
"""Parts that only these forms use."""

_RESTORED = "[FROM text] [until] WITH text keys"
_SERVERS = "SERVER servers [zone]"
_ZONE = "ZONE { string | name }"

READER_FORMS: dict[str, tuple[str, ...]] = {
    "ACTIVATE STANDBY": ("ACTIVATE STANDBY [one_tenant] [VERIFY]",),
    "ADD DELETE": (
        "ADD DELETE BACKUP POLICY [=] string [RECOVERY_WINDOW [=] string] [REDUNDANCY [=] integer] [copies] [tenants]",
    ),
    "ADD RESTORE": ("ADD RESTORE SOURCE text",),
    "ADD SERVER": (f"ADD {_SERVERS}",),
    "ADD ZONE": (f"ADD {_ZONE} [zone_option,..]",),
    "ALTER ZONE": (f"ALTER {_ZONE} [SET] [zone_option,..]",),
    "ARCHIVELOG": ("ARCHIVELOG [tenants] [description]",),
    "BACKUP": ("BACKUP [INCREMENTAL] { DATABASE | [tenants] } [TO [=] string] [PLUS ARCHIVELOG] [description]",),
    "BACKUP KEY": ("BACKUP KEY [tenants] [TO [=] string] [ENCRYPTED BY string]",),
    "CANCEL BACKUP": ("CANCEL BACKUP [tenants]",),
    "CANCEL DELETE": ("CANCEL DELETE BACKUP [tenants] [description]", f"CANCEL DELETE {_SERVERS}"),
    "CANCEL RECOVER": ("CANCEL RECOVER TABLE name",),
    "CANCEL RESTORE": ("CANCEL RESTORE name",),
    "CHANGE EXTERNAL_STORAGE_DEST": (
        "CHANGE EXTERNAL_STORAGE_DEST PATH [=] string [SET] [ACCESS_INFO [=] string] [ATTRIBUTE [=] string]",
    ),
    "CHANGE ZONE": (f"CHANGE {_ZONE} [SET] [zone_option,..]",),
    "CHECKPOINT": ("CHECKPOINT",),
    "CLEAR MERGE": ("CLEAR MERGE ERROR [tenants]",),
    "CLEAR RESTORE": ("CLEAR RESTORE SOURCE",),
    "DELETE BACKUPPIECE": ("DELETE BACKUPPIECE integer [COPY integer] [tenants] [description]",),
    "DELETE BACKUPSET": ("DELETE BACKUPSET integer [COPY integer] [tenants] [description]",),
    "DELETE OBSOLETE": ("DELETE OBSOLETE BACKUP [tenants] [description]",),
    "DELETE SERVER": (f"DELETE {_SERVERS}",),
    "DELETE ZONE": (f"DELETE {_ZONE}",),
    "DROP DELETE": ("DROP DELETE BACKUP POLICY [=] string [tenants]",),
    **{
        f"FLUSH {kind}": (
            f"FLUSH {kind} CACHE [NAMESPACE [=] string] [SQL_ID [=] string] [DATABASES [=] string] flushed",
        )
        for kind in CACHES
    },
    "FLUSH SQL": ("FLUSH SQL AUDIT flushed",),
    "FORCE STOP": (f"FORCE STOP {{ {_SERVERS} | {_ZONE} }}",),
    "ISOLATE SERVER": (f"ISOLATE {_SERVERS}",),
    "ISOLATE ZONE": (f"ISOLATE {_ZONE}",),
    "MAJOR": ("MAJOR FREEZE [tenants] [TABLET_ID = integer]",),
    "MINOR": ("MINOR FREEZE [tenants] [LS [=] integer] [TABLET_ID = integer] [SERVER [=] ( servers )] [zone]",),
    "MODIFY ZONE": (f"MODIFY {_ZONE} [SET] [zone_option,..]",),
    "NOARCHIVELOG": ("NOARCHIVELOG [tenants] [description]",),
    "RECOVER STANDBY": (
        "RECOVER STANDBY [one_tenant] [{ UNTIL { TIME = string | SCN = integer | UNLIMITED } | CANCEL }]",
    ),
    "RECOVER TABLE": (f"RECOVER TABLE recovered,.. TO one_tenant {_RESTORED} [remap..] [DESCRIPTION [=] text]",),
    "RESET": ("RESET { parameter [scope] [one_tenant] },..",),
    "RESTORE": (
        f"RESTORE name {_RESTORED} [DESCRIPTION [=] text] [PREVIEW]",
        "RESTORE FROM text [until] PREVIEW",
        f"RESTORE any_table,.. FOR name {_RESTORED} [DESCRIPTION [=] text]",
    ),
    "RESUME MERGE": ("RESUME MERGE [tenants]",),
    "SET": ("SET action,..",),
    "START SERVER": (f"START {_SERVERS}",),
    "START ZONE": (f"START {_ZONE}",),
    "STOP SERVER": (f"STOP {_SERVERS}",),
    "STOP ZONE": (f"STOP {_ZONE}",),
    "SUSPEND MERGE": ("SUSPEND MERGE [tenants]",),
    "SWITCHOVER TO": ("SWITCHOVER TO { PRIMARY | STANDBY } [one_tenant] [VERIFY]",),
}
"""Words of the table of readers of ALTER SYSTEM -> the forms of that family, without ALTER SYSTEM."""

TOP_READER_FORMS: dict[str, tuple[str, ...]] = {
    "ALTER RESOURCE": (
        "ALTER RESOURCE POOL name pool_option,..",
        "ALTER RESOURCE POOL name SPLIT INTO ( string,.. ) ON zones",
        "ALTER RESOURCE POOL MERGE ( string,.. ) INTO ( string,.. )",
        "ALTER RESOURCE TENANT name UNIT_NUM [=] integer [DELETE UNIT_GROUP [=] ( integer,.. )]",
        "ALTER RESOURCE UNIT name [size,..]",
    ),
    "ALTER SYSTEM": ("ALTER SYSTEM action,..",),
    "ALTER TENANT": (
        "ALTER TENANT name { LOCK | UNLOCK }",
        "ALTER TENANT name RENAME GLOBAL_NAME TO name",
        "ALTER TENANT name [SET] [,] tenant_option,.. [VARIABLES setting,..]",
        "ALTER TENANT name [SET] VARIABLES setting,..",
    ),
    "ALTER USER": (
        "ALTER USER account IDENTIFIED BY [PASSWORD] string",
        "ALTER USER account REQUIRE { NONE | SSL | X509 }",
        "ALTER USER account,.. ACCOUNT { LOCK | UNLOCK }",
    ),
    "BEGIN": ("BEGIN [WORK]",),
    "CALL": ("CALL name [. member] [( [argument,..] )]",),
    "COMMIT": ("COMMIT [WORK] end",),
    "CREATE RESOURCE": (
        "CREATE RESOURCE POOL [IF NOT EXISTS] name [pool_option,..]",
        "CREATE RESOURCE UNIT [IF NOT EXISTS] name [size,..]",
    ),
    "CREATE STANDBY": (
        "CREATE STANDBY TENANT [IF NOT EXISTS] name [LOG_RESTORE_SOURCE [=] string] [[,] tenant_option,..]",
    ),
    "CREATE TENANT": (
        "CREATE TENANT [IF NOT EXISTS] name [[,] tenant_option,..] [{ SET [VARIABLES] | VARIABLES } setting,..]",
    ),
    "CREATE USER": ("CREATE USER [IF NOT EXISTS] spec,.. [REQUIRE { NONE | SSL | X509 }]",),
    "DEALLOCATE": ("DEALLOCATE PREPARE name",),
    "DESC": ("DESC name [. member] [{ string | name }]",),
    "DESCRIBE": ("DESCRIBE name [. member]",),
    "DO": ("DO expression",),
    "DROP PREPARE": ("DROP PREPARE name",),
    "DROP RESOURCE": ("DROP RESOURCE { UNIT | POOL } [IF EXISTS] name",),
    "DROP TENANT": ("DROP TENANT [IF EXISTS] name [{ FORCE | PURGE }]",),
    "DROP USER": ("DROP USER account,..",),
    "EXECUTE": ("EXECUTE name [USING user_variable,..]",),
    "EXPLAIN": ("EXPLAIN name", "EXPLAIN [{ BASIC | EXTENDED | PARTITIONS }] SELECT expression"),
    "FLASHBACK TENANT": ("FLASHBACK TENANT name TO BEFORE DROP [RENAME TO name]",),
    "GRANT": (
        "GRANT privilege,.. ON level TO spec,.. [WITH GRANT OPTION]",
        "GRANT ALL [PRIVILEGES] ON level TO spec,..",
    ),
    "KILL": ("KILL [{ QUERY | CONNECTION }] integer",),
    "LOCK": ("LOCK { TABLE | TABLES } lock,..",),
    "PREPARE": ("PREPARE name FROM { string | user_variable }",),
    "PURGE RECYCLEBIN": ("PURGE RECYCLEBIN",),
    "PURGE TENANT": ("PURGE TENANT name",),
    "RELEASE": ("RELEASE SAVEPOINT name",),
    "RENAME USER": ("RENAME USER { account TO account },..",),
    "REVOKE": (
        "REVOKE privilege,.. ON level FROM account,..",
        "REVOKE ALL [PRIVILEGES] , GRANT OPTION FROM account,..",
    ),
    "ROLLBACK": ("ROLLBACK [WORK] { TO [SAVEPOINT] name | end }",),
    "SAVEPOINT": ("SAVEPOINT name",),
    "SELECT": ("SELECT expression", "( SELECT expression )"),
    "SET": (
        "SET variable,..",
        "SET NAMES { DEFAULT | BINARY | string | name } [COLLATE { string | name }]",
        "SET { CHARSET | CHARACTER SET } { DEFAULT | BINARY | string | name }",
        "SET [scope_of_variable] TRANSACTION mode,..",
        "SET ENCRYPTION ON IDENTIFIED BY string ONLY",
        "SET DECRYPTION IDENTIFIED BY string,..",
        "SET PASSWORD [FOR account] = { string | PASSWORD ( string ) }",
    ),
    "SHOW": (
        "SHOW PARAMETERS [{ LIKE string [ESCAPE string] | WHERE condition }] [one_tenant]",
        "SHOW TENANT [STATUS]",
        "SHOW [FULL] TABLES [{ FROM | IN } name] [{ LIKE string | WHERE condition }]",
        "SHOW [FULL] { COLUMNS | FIELDS } { FROM | IN } name [. name] [{ FROM | IN } name]",
        "SHOW { INDEX | INDEXES | KEYS } { FROM | IN } name",
        "SHOW [{ GLOBAL | SESSION }] { VARIABLES | STATUS } [{ LIKE string | WHERE condition }]",
        "SHOW CREATE { TABLE | VIEW | DATABASE | TENANT } name",
        "SHOW { DATABASES | COLLATION | CHARACTER SET | CHARSET } [LIKE string]",
        "SHOW { ENGINES | PLUGINS | PRIVILEGES | RECYCLEBIN | RESTORE PREVIEW | COUNT ( * ) WARNINGS }",
        "SHOW { WARNINGS | ERRORS } [LIMIT integer [, integer]]",
        "SHOW [FULL] PROCESSLIST",
        "SHOW GRANTS [FOR account]",
    ),
    "START": ("START TRANSACTION [{ WITH CONSISTENT SNAPSHOT | access },..]",),
    "UNLOCK": ("UNLOCK { TABLE | TABLES }",),
    "USE": ("USE name",),
    "XA": ("XA { START | END | PREPARE | COMMIT | ROLLBACK } string", "XA RECOVER"),
}
"""First word, or first two, of statements that are not ALTER SYSTEM -> their forms."""


def own_forms() -> tuple[str, ...]:
    """The forms of statements with a reader of their own, with their leading words."""
    system = [f"ALTER SYSTEM {form}" for forms in READER_FORMS.values() for form in forms]
    return (*system, *(form for forms in TOP_READER_FORMS.values() for form in forms))


def known_forms() -> tuple[str, ...]:
    """The forms of statements that are known by their shape alone, each once and in a fixed order."""
    system = [f"ALTER SYSTEM {form}" for entries in ALTER_SYSTEM_FORMS.values() for _, form, _ in entries]
    return tuple(dict.fromkeys([*system, *(form for entries in TOP_FORMS.values() for _, form, _ in entries)]))
