"""One example of every kind of statement, for the support matrix.

An example is run from the start of a scenario in each version, mostly `statements`. What comes of it is what the page
says: refusals are OceanBase's own, `not yet` is a statement that obsim reads and checks as far as it can and then
answers with 1235 "obsim does not model ...". Only how deep an accepted statement goes cannot be seen from its answer,
so it is written here.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["EXAMPLES", "Depth", "Example"]


class Depth(StrEnum):
    """How far an accepted statement goes."""

    ACTS = "acts"
    """Something else than the answer changes, and can be seen in views or in what later statements do."""
    ANSWERS = "answers"
    """It answers as it should and changes nothing, or nothing that obsim has."""


@dataclass(frozen=True, slots=True)
class Example:
    """A kind of statement and one statement of the kind.

    `user` runs it in the tenant t1 instead of sys; `setup` is run by sys before it, all in the cluster of `scenario`.
    """

    form: str
    sql: str
    depth: Depth = Depth.ACTS
    user: bool = False
    setup: tuple[str, ...] = ()
    scenario: str = "statements"


_A = Depth.ANSWERS
_ZONES = "three-zones"
_UNIT = "CREATE RESOURCE UNIT u9 MAX_CPU 1, MEMORY_SIZE '2G'"
_SPLIT = "ALTER RESOURCE POOL spare SPLIT INTO ('s1', 's2', 's3') ON ('z1', 'z2', 'z3')"
_RECYCLED = ("SET GLOBAL recyclebin = ON", "DROP TENANT t2")
_TENANT_OF_THREE = (
    "CREATE TENANT t3 RESOURCE_POOL_LIST = ('spare'), LOCALITY = 'F@z1,F@z2,R@z3', PRIMARY_ZONE = 'z1;z2' "
    "SET ob_tcp_invited_nodes = '%'"
)
_PLACES = "FROM 'file:///backup/data,file:///backup/arch'"
_RESTORE = f"ALTER SYSTEM RESTORE r1 {_PLACES}"
_BACKED_UP = ("ALTER SYSTEM BACKUP TENANT = t1", "CALL obsim.run_until_idle()", "CALL obsim.advance('5m')")
_RECOVER = f"ALTER SYSTEM RECOVER TABLE test.t1 TO TENANT t1 {_PLACES} WITH 'pool_list=p1'"
_RESTORED = (*_BACKED_UP, f"{_RESTORE} WITH 'pool_list=p1'", "CALL obsim.run_until_idle()")

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "Backup": (
        Example("ALTER SYSTEM BACKUP DATABASE", "ALTER SYSTEM BACKUP DATABASE"),
        Example("the same by a tenant for itself", "ALTER SYSTEM BACKUP DATABASE", user=True),
        Example("... BACKUP INCREMENTAL DATABASE", "ALTER SYSTEM BACKUP INCREMENTAL DATABASE"),
        Example("... BACKUP [INCREMENTAL] TENANT = list", "ALTER SYSTEM BACKUP INCREMENTAL TENANT = t1, t2"),
        Example("... PLUS ARCHIVELOG", "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG"),
        Example("... DESCRIPTION = 'text'", "ALTER SYSTEM BACKUP DATABASE DESCRIPTION = 'nightly'"),
        Example("... TO = 'uri'", "ALTER SYSTEM BACKUP DATABASE TO = 'file:///elsewhere'"),
        Example("CANCEL BACKUP [TENANT = list]", "ALTER SYSTEM CANCEL BACKUP", setup=("ALTER SYSTEM BACKUP DATABASE",)),
        Example("SET ENCRYPTION ON IDENTIFIED BY 'p' ONLY", "SET ENCRYPTION ON IDENTIFIED BY 'p' ONLY"),
        Example("BACKUP KEY", "ALTER SYSTEM BACKUP KEY TENANT = t1 TO 'file:///keys' ENCRYPTED BY 'p'"),
        Example("BACKUP BACKUPSET", "ALTER SYSTEM BACKUP BACKUPSET ALL"),
        Example("BACKUP BACKUPPIECE", "ALTER SYSTEM BACKUP BACKUPPIECE ALL"),
        Example("BACKUP VALIDATE", "ALTER SYSTEM BACKUP VALIDATE DATABASE"),
        Example("VALIDATE DATABASE", "ALTER SYSTEM VALIDATE DATABASE"),
        Example("SUSPEND BACKUP, RESUME BACKUP", "ALTER SYSTEM SUSPEND BACKUP"),
    ),
    "Archiving and destinations": (
        Example("ARCHIVELOG [TENANT = list]", "ALTER SYSTEM ARCHIVELOG", setup=("ALTER SYSTEM NOARCHIVELOG",)),
        Example("NOARCHIVELOG [TENANT = list]", "ALTER SYSTEM NOARCHIVELOG TENANT = t1"),
        Example("SET data_backup_dest", "ALTER SYSTEM SET data_backup_dest = 'file:///b2' TENANT = t1"),
        Example(
            "SET log_archive_dest",
            "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///a2'",
            user=True,
            setup=("ALTER SYSTEM NOARCHIVELOG TENANT = t1", "CALL obsim.advance('1m')"),
        ),
        Example("SET log_archive_dest_state", "ALTER SYSTEM SET log_archive_dest_state = 'DEFER'", user=True),
        Example("SET log_archive_dest_1 .. 8", "ALTER SYSTEM SET log_archive_dest_1 = 'LOCATION=file:///a'", user=True),
        Example("SET log_restore_source", "ALTER SYSTEM SET log_restore_source = 'LOCATION=file:///a'", user=True),
        Example(
            "CHANGE EXTERNAL_STORAGE_DEST",
            "ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST PATH = 'file:///backup/data' SET ATTRIBUTE = 'max_iops=100'",
        ),
    ),
    "Clean-up": (
        Example(
            "ADD DELETE BACKUP POLICY",
            "ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '7d' TENANT t1",
        ),
        Example(
            "DROP DELETE BACKUP POLICY",
            "ALTER SYSTEM DROP DELETE BACKUP POLICY 'default' TENANT t1",
            setup=("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '7d' TENANT t1",),
        ),
        Example("DELETE BACKUPSET n", "ALTER SYSTEM DELETE BACKUPSET 1", user=True),
        Example("DELETE BACKUPPIECE n", "ALTER SYSTEM DELETE BACKUPPIECE 1", user=True),
        Example("DELETE OBSOLETE BACKUP", "ALTER SYSTEM DELETE OBSOLETE BACKUP", user=True),
        Example("CANCEL DELETE BACKUP", "ALTER SYSTEM CANCEL DELETE BACKUP", _A),
    ),
    "Restore and recovery": (
        Example("RESTORE ... FROM ... WITH ...", f"{_RESTORE} WITH 'pool_list=p1'", setup=_BACKED_UP),
        Example(
            "RESTORE ... UNTIL TIME = / SCN =", f"{_RESTORE} UNTIL TIME = '2024-01-01 00:03:00' WITH 'pool_list=p1'",
            setup=_BACKED_UP,
        ),
        Example(
            "RESTORE FROM ... PREVIEW", f"ALTER SYSTEM RESTORE {_PLACES} UNTIL TIME = '2024-01-01 00:03:00' PREVIEW",
            setup=_BACKED_UP,
        ),
        Example("SHOW RESTORE PREVIEW", "SHOW RESTORE PREVIEW", _A),
        Example(
            "CANCEL RESTORE name", "ALTER SYSTEM CANCEL RESTORE r1",
            setup=_RESTORED[:-1],
        ),
        Example("ADD RESTORE SOURCE", "ALTER SYSTEM ADD RESTORE SOURCE 'file:///backup/data'"),
        Example("CLEAR RESTORE SOURCE", "ALTER SYSTEM CLEAR RESTORE SOURCE"),
        Example("RECOVER TABLE", _RECOVER, setup=_BACKED_UP),
        Example("CANCEL RECOVER TABLE", "ALTER SYSTEM CANCEL RECOVER TABLE t1"),
        Example("RECOVER STANDBY", "ALTER SYSTEM RECOVER STANDBY TENANT = r1 UNTIL UNLIMITED", setup=_RESTORED),
        Example("ACTIVATE STANDBY", "ALTER SYSTEM ACTIVATE STANDBY TENANT = r1", setup=_RESTORED),
        Example(
            "SWITCHOVER TO PRIMARY", "ALTER SYSTEM SWITCHOVER TO PRIMARY TENANT = r1",
            setup=(*_RESTORED, "DROP TENANT t1 FORCE"),
        ),
        Example("SWITCHOVER TO STANDBY", "ALTER SYSTEM SWITCHOVER TO STANDBY TENANT = t1"),
        Example("SET DECRYPTION IDENTIFIED BY 'p'", "SET DECRYPTION IDENTIFIED BY 'p'"),
    ),
    "Parameters": (
        Example("SET name = value", "ALTER SYSTEM SET ha_low_thread_score = 10"),
        Example("... TENANT = name | all", "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all"),
        Example("... TENANT = all_user | all_meta", "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_user"),
        Example(
            "... SCOPE, COMMENT", "ALTER SYSTEM SET ha_low_thread_score = 10 COMMENT 'fast' SCOPE = BOTH TENANT = t1"
        ),
        Example("... SERVER = / ZONE =", "ALTER SYSTEM SET enable_major_freeze = True SERVER = '127.0.0.1:2882'"),
        Example("RESET name", "ALTER SYSTEM RESET ha_low_thread_score TENANT = t1"),
        Example("SHOW PARAMETERS LIKE / WHERE / TENANT", "SHOW PARAMETERS LIKE 'ha%' TENANT = t1", _A),
    ),
    "Freezes and compaction": (
        Example("MAJOR FREEZE [TENANT = list]", "ALTER SYSTEM MAJOR FREEZE TENANT = t1"),
        Example("MINOR FREEZE [TENANT = list]", "ALTER SYSTEM MINOR FREEZE TENANT = t1"),
        Example("CHECKPOINT", "ALTER SYSTEM CHECKPOINT"),
        Example("SUSPEND / RESUME MERGE [TENANT = list]", "ALTER SYSTEM SUSPEND MERGE TENANT = t1"),
        Example("START MERGE ZONE = name", "ALTER SYSTEM START MERGE ZONE = z1"),
        Example("CLEAR MERGE ERROR [TENANT = list]", "ALTER SYSTEM CLEAR MERGE ERROR", _A),
    ),
    "Tenants, resources and servers": (
        Example("CREATE TENANT", "CREATE TENANT t3 RESOURCE_POOL_LIST = ('p1')"),
        Example("... LOCALITY, PRIMARY_ZONE, SET variables", _TENANT_OF_THREE, scenario=_ZONES),
        Example(
            "CREATE STANDBY TENANT", "CREATE STANDBY TENANT t3 LOG_RESTORE_SOURCE = 'x' RESOURCE_POOL_LIST = ('p1')"
        ),
        Example("ALTER TENANT ... SET", "ALTER TENANT t2 PRIMARY_ZONE = 'z1'"),
        Example("ALTER TENANT ... LOCALITY", "ALTER TENANT shop LOCALITY = 'F@z1,F@z2'", scenario=_ZONES),
        Example("ALTER TENANT ... VARIABLES", "ALTER TENANT t2 SET VARIABLES ob_tcp_invited_nodes = '%'"),
        Example("ALTER TENANT ... LOCK, UNLOCK", "ALTER TENANT t2 LOCK"),
        Example("ALTER TENANT ... RENAME GLOBAL_NAME", "ALTER TENANT t2 RENAME GLOBAL_NAME TO t9"),
        Example("DROP TENANT", "DROP TENANT t2"),
        Example("DROP TENANT ... FORCE", "DROP TENANT t2 FORCE"),
        Example("PURGE TENANT", "PURGE TENANT t2", setup=_RECYCLED),
        Example("FLASHBACK TENANT", "FLASHBACK TENANT t2 TO BEFORE DROP", setup=_RECYCLED),
        Example("PURGE RECYCLEBIN", "PURGE RECYCLEBIN", setup=_RECYCLED),
        Example("SHOW CREATE TENANT", "SHOW CREATE TENANT t1", _A),
        Example("SHOW TENANT", "SHOW TENANT", _A),
        Example("SHOW RECYCLEBIN", "SHOW RECYCLEBIN", _A),
        Example("CREATE RESOURCE UNIT", _UNIT),
        Example("ALTER RESOURCE UNIT", "ALTER RESOURCE UNIT u9 MAX_CPU 2", setup=(_UNIT,)),
        Example("DROP RESOURCE UNIT", "DROP RESOURCE UNIT u9", setup=(_UNIT,)),
        Example(
            "CREATE RESOURCE POOL",
            "CREATE RESOURCE POOL p9 UNIT = 'u9', UNIT_NUM = 1, ZONE_LIST = ('z1')",
            setup=(_UNIT,),
        ),
        Example("ALTER RESOURCE POOL ... UNIT", "ALTER RESOURCE POOL p1 UNIT 'u9'", setup=(_UNIT,)),
        Example("ALTER RESOURCE POOL ... UNIT_NUM", "ALTER RESOURCE POOL spare UNIT_NUM 2", scenario=_ZONES),
        Example(
            "ALTER RESOURCE POOL ... ZONE_LIST", "ALTER RESOURCE POOL spare ZONE_LIST = ('z1', 'z2')", scenario=_ZONES
        ),
        Example("ALTER RESOURCE POOL ... SPLIT", _SPLIT, scenario=_ZONES),
        Example(
            "ALTER RESOURCE POOL MERGE",
            "ALTER RESOURCE POOL MERGE ('s1', 's2', 's3') INTO ('s')",
            setup=(_SPLIT,),
            scenario=_ZONES,
        ),
        Example("ALTER RESOURCE TENANT ... UNIT_NUM", "ALTER RESOURCE TENANT shop UNIT_NUM 2", scenario=_ZONES),
        Example("DROP RESOURCE POOL", "DROP RESOURCE POOL p1"),
        Example("ADD SERVER", "ALTER SYSTEM ADD SERVER '127.0.0.2:2882' ZONE 'z1'"),
        Example("DELETE SERVER", "ALTER SYSTEM DELETE SERVER '10.0.2.2:2882'", scenario=_ZONES),
        Example(
            "CANCEL DELETE SERVER",
            "ALTER SYSTEM CANCEL DELETE SERVER '10.0.2.1:2882'",
            setup=("ALTER SYSTEM DELETE SERVER '10.0.2.1:2882'",),
            scenario=_ZONES,
        ),
        Example("STOP, FORCE STOP, ISOLATE SERVER", "ALTER SYSTEM STOP SERVER '10.0.2.1:2882'", scenario=_ZONES),
        Example(
            "START SERVER",
            "ALTER SYSTEM START SERVER '10.0.2.1:2882'",
            setup=("ALTER SYSTEM STOP SERVER '10.0.2.1:2882'",),
            scenario=_ZONES,
        ),
        Example("ADD ZONE", "ALTER SYSTEM ADD ZONE z9 REGION 'r9'"),
        Example("DELETE ZONE", "ALTER SYSTEM DELETE ZONE z9", setup=("ALTER SYSTEM ADD ZONE z9",)),
        Example("ALTER, CHANGE, MODIFY ZONE", "ALTER SYSTEM ALTER ZONE z1 SET REGION = 'r9'"),
        Example("STOP, FORCE STOP, ISOLATE ZONE", "ALTER SYSTEM STOP ZONE z3", scenario=_ZONES),
        Example("START ZONE", "ALTER SYSTEM START ZONE z3", setup=("ALTER SYSTEM STOP ZONE z3",), scenario=_ZONES),
    ),
    "Accounts": (
        Example("CREATE USER", "CREATE USER 'u' IDENTIFIED BY 'p'"),
        Example("ALTER USER", "ALTER USER 'u' IDENTIFIED BY 'q'", setup=("CREATE USER 'u' IDENTIFIED BY 'p'",)),
        Example("DROP USER", "DROP USER 'u'", setup=("CREATE USER 'u' IDENTIFIED BY 'p'",)),
        Example("SET PASSWORD", "SET PASSWORD = 'p'"),
        Example("GRANT", "GRANT ALTER SYSTEM ON *.* TO 'u'", setup=("CREATE USER 'u' IDENTIFIED BY 'p'",)),
        Example(
            "REVOKE",
            "REVOKE ALTER SYSTEM ON *.* FROM 'u'",
            setup=("CREATE USER 'u' IDENTIFIED BY 'p'", "GRANT ALTER SYSTEM ON *.* TO 'u'"),
        ),
        Example("SHOW GRANTS", "SHOW GRANTS", _A),
    ),
    "Session": (
        Example("SELECT over the views", "SELECT COUNT(*) FROM oceanbase.DBA_OB_TENANTS", _A),
        Example("WITH ... SELECT", "WITH q AS (SELECT 1 AS n) SELECT n FROM q", _A),
        Example("SHOW DATABASES, TABLES, COLUMNS, ...", "SHOW TABLES FROM oceanbase", _A),
        Example("SHOW CREATE VIEW, SHOW CREATE TABLE", "SHOW CREATE VIEW oceanbase.DBA_OB_TENANTS", _A),
        Example("SHOW VARIABLES, STATUS, PROCESSLIST, ...", "SHOW FULL PROCESSLIST", _A),
        Example("DESC", "DESC oceanbase.DBA_OB_TENANTS", _A),
        Example("EXPLAIN of a query", "EXPLAIN SELECT 1", _A),
        Example("USE", "USE oceanbase"),
        Example("SET variable", "SET SESSION ob_query_timeout = 9999999999"),
        Example("SET GLOBAL variable", "SET GLOBAL ob_query_timeout = 9999999999"),
        Example("SET NAMES", "SET NAMES utf8mb4"),
        Example("BEGIN, COMMIT, ROLLBACK, SAVEPOINT", "START TRANSACTION READ ONLY", _A),
        Example("SET TRANSACTION", "SET TRANSACTION READ ONLY"),
        Example("XA", "XA START 'x'"),
        Example("PREPARE ... FROM, EXECUTE, DEALLOCATE", "PREPARE s FROM 'SELECT 1'"),
        Example("LOCK TABLES, UNLOCK TABLES", "LOCK TABLES t READ", _A),
        Example("DO", "DO 1", _A),
        Example("CREATE TABLE", "CREATE TABLE t (a INT)"),
        Example("INSERT, UPDATE, DELETE", "INSERT INTO test.x VALUES (1)"),
        Example("FLUSH .. CACHE, FLUSH SQL AUDIT", "ALTER SYSTEM FLUSH PLAN CACHE", _A),
    ),
}
"""By family, in the order of the page."""
