"""Who may run what, and what is said before: each statement as root and as a plain account, of sys and of a tenant.

The resolver's errors come before the privileges, the services' after them (statements.md, Order of stages). An account
with ALTER SYSTEM gets what root gets.
"""

import pytest

import obsim
from obsim.cluster import Principal
from obsim.errors import NotModelled, ServerError
from obsim.ids import TenantId
from obsim.scenario import build_state
from obsim.sql.reader import read_statement
from obsim.versions import PROFILES

SYS, T1 = TenantId(1), TenantId(1002)
OWN = "own"
"""1235 in obsim's own name: every check is passed."""

# Statement behind ALTER SYSTEM; errno for root of sys, a plain account of sys, root of t1, a plain account of t1.
NEWEST = [
    ("BACKUP DATABASE", "0 1227 0 1227"),
    ("BACKUP INCREMENTAL DATABASE", "0 1227 0 1227"),
    ("BACKUP DATABASE PLUS ARCHIVELOG", "0 1227 0 1227"),
    ("BACKUP", "1235 1235 1235 1235"),
    ("BACKUP TENANT = t1", "0 1227 1235 1235"),
    ("BACKUP TENANT = nosuch", "5160 5160 1235 1235"),
    ("BACKUP TENANT = sys", "4016 4016 1235 1235"),
    ("BACKUP DATABASE TO 'file:///x'", "1235 1235 1235 1235"),
    ("CANCEL BACKUP", "0 1227 0 1227"),
    ("CANCEL BACKUP TENANT = t1", "0 1227 1235 1235"),
    ("CANCEL BACKUP TENANT = nosuch", "5160 5160 1235 1235"),
    ("ARCHIVELOG", "0 1227 9091 1227"),
    ("NOARCHIVELOG", "0 1227 0 1227"),
    ("ARCHIVELOG TENANT = t1", "0 1227 1227 1227"),
    ("ARCHIVELOG TENANT = all_meta", "1235 1235 1227 1227"),
    ("NOARCHIVELOG TENANT = nosuch", "5160 5160 1227 1227"),
    ("MINOR FREEZE", "0 1227 0 1227"),
    ("MAJOR FREEZE", "0 1227 0 1227"),
    ("MAJOR FREEZE TENANT = t1", "0 1227 1227 1227"),
    ("MINOR FREEZE TENANT = t1", "0 1227 0 1227"),
    ("MINOR FREEZE TENANT = nosuch", "5160 5160 1227 1227"),
    ("CHECKPOINT", "0 1227 0 1227"),
    ("SUSPEND MERGE", "0 1227 0 1227"),
    ("RESUME MERGE TENANT = t1", "0 1227 1227 1227"),
    ("SUSPEND MERGE TENANT = nosuch", "5160 5160 1227 1227"),
    ("CLEAR MERGE ERROR", "0 1227 0 1227"),
    ("CLEAR MERGE ERROR TENANT = t1", "0 1227 1227 1227"),
    ("FLUSH PLAN CACHE", "0 1227 0 1227"),
    ("FLUSH PLAN CACHE TENANT = t1 GLOBAL", "0 1227 1227 1227"),
    ("FLUSH PLAN CACHE TENANT = nosuch", "5160 5160 1227 1227"),
    ("FLUSH PLAN CACHE SQL_ID = 'x'", "5161 5161 0 1227"),
    ("FLUSH PL CACHE SQL_ID = 'x'", "1235 1235 1235 1235"),
    ("FLUSH PLAN CACHE NAMESPACE 'x'", "1235 1235 1235 1235"),
    ("FLUSH LIB CACHE DATABASES 'x'", "1235 1235 1235 1235"),
    ("FLUSH SQL AUDIT TENANT = t1", "0 1227 1227 1227"),
    ("SET ha_low_thread_score = 10 TENANT = seed", "0 1227 1227 1227"),
    ("SET ha_low_thread_score = 101 TENANT = seed", "4147 1227 1227 1227"),
    ("SET ha_low_thread_score = 10", "0 1227 0 1227"),
    ("SET ha_low_thread_score = 10 TENANT = t1", "0 1227 1227 1227"),
    ("SET nosuch = 1", "5099 1227 5099 1227"),
    ("SET nosuch = 1 TENANT = t1", "5099 1227 1227 1227"),
    ("SET enable_ddl = 1", "0 1227 5099 1227"),
    ("SET ha_low_thread_score = 101", "4147 1227 4147 1227"),
    ("RESET ha_low_thread_score", "0 1227 0 1227"),
    ("RESET ha_low_thread_score TENANT = t1", "0 1227 1227 1227"),
    ("RESET nosuch TENANT = t1", "5099 1227 5099 1227"),
    ("SET data_backup_dest = 'file:///x'", "1235 1227 0 1227"),
    ("SET data_backup_dest = 'file:///x' TENANT = t1", "0 1227 1227 1227"),
    ("SET log_archive_dest_state = 'x'", "1235 1227 1210 1227"),
    ("ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '7d'", "1235 1235 0 1227"),
    ("ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '7d' TENANT t1", "0 1227 1235 1235"),
    ("ADD DELETE BACKUP POLICY 'weekly' RECOVERY_WINDOW '7d' TENANT t1", "1235 1235 1235 1235"),
    ("ADD DELETE BACKUP POLICY 'default' TENANT t1", "1235 1235 1235 1235"),
    ("DROP DELETE BACKUP POLICY 'default'", "1235 1235 0 1227"),
    ("DROP DELETE BACKUP POLICY 'default' TENANT t1", "0 1227 1235 1235"),
    ("DELETE BACKUPSET 1", "1235 1235 1235 1235"),
    ("DELETE BACKUPPIECE 1 TENANT = t1", "1235 1235 1235 1235"),
    ("DELETE OBSOLETE BACKUP", "1235 1235 1235 1235"),
    ("CANCEL DELETE BACKUP", "0 1227 0 1227"),
    ("CANCEL DELETE BACKUP TENANT = t1", "0 1227 1235 1235"),
    ("BACKUP KEY", "1064 1064 1064 1064"),
    ("RESTORE t9 FROM 'file:///a,file:///b' WITH 'pool_list=nosuch'", "4650 1227 1227 1227"),
    ("RESTORE t9 FROM 'file:///a,file:///b' UNTIL SCN = 0 WITH 'pool_list=nosuch'", "1210 1210 1210 1210"),
    ("RESTORE `all` FROM 'file:///a,file:///b' WITH 'pool_list=nosuch'", "1235 1235 1235 1235"),
    ("RESTORE t1 FROM 'file:///a,file:///b' WITH 'x'", "4179 1227 1227 1227"),
    ("RESTORE FROM 'file:///a,file:///b' UNTIL SCN = 5 PREVIEW", "4018 1227 1227 1227"),
    ("RESTORE FROM 'file:///a,file:///b' PREVIEW", "4179 4179 4179 4179"),
    ("CANCEL RESTORE t9", "own 1227 1227 1227"),
    ("ADD RESTORE SOURCE 'file:///a'", "0 1227 1235 1235"),
    ("CLEAR RESTORE SOURCE", "0 1227 1235 1235"),
    ("RECOVER TABLE a.b TO TENANT t1 FROM 'file:///a,file:///b' WITH 'pool_list=nosuch'", "4650 1227 4179 4179"),
    ("RECOVER TABLE a.b TO TENANT nosuch FROM 'file:///a,file:///b' WITH 'x'", "5160 5160 4179 4179"),
    ("CANCEL RECOVER TABLE t1", "own 1227 4179 4179"),
    ("CANCEL RECOVER TABLE nosuch", "5160 5160 4179 4179"),
    ("RECOVER STANDBY", "1210 1210 1210 1210"),
    ("RECOVER STANDBY CANCEL", "1235 1227 4179 1227"),
    ("RECOVER STANDBY TENANT = t2 CANCEL", "4179 1227 1227 1227"),
    ("SWITCHOVER TO PRIMARY", "1235 1227 0 1227"),
    ("ACTIVATE STANDBY TENANT nosuch", "5160 5160 1227 1227"),
    ("CHANGE EXTERNAL_STORAGE_DEST PATH 'file:///a'", "own 1227 1227 1227"),
]  # fmt: skip
YOUNG = ("RESET", "RECOVER TABLE", "CANCEL RECOVER", "RESTORE FROM")
OLDER = {
    "4.2.1": {"CHANGE EXTERNAL_STORAGE_DEST PATH 'file:///a'": "1235 1235 1235 1235"},
    "4.1.0": {
        "CHANGE EXTERNAL_STORAGE_DEST PATH 'file:///a'": "1235 1235 1235 1235",
        "CANCEL RESTORE t9": "1235 1235 1235 1235",
        **dict.fromkeys([text for text, _ in NEWEST if text.startswith(YOUNG)], "1064 1064 1064 1064"),
    },
}
"""What a version answers otherwise."""
OLDER["4.0.0"] = OLDER["4.1.0"] | {
    "BACKUP DATABASE PLUS ARCHIVELOG": "1235 1227 1235 1227",
    "RECOVER STANDBY CANCEL": "1235 1227 1235 1227",
    "RECOVER STANDBY TENANT = t2 CANCEL": "1235 1227 1227 1227",
    "SWITCHOVER TO PRIMARY": "1235 1227 1235 1227",
}
NEEDS = "Access denied; you need (at least one of) the ALTER SYSTEM privilege(s) for this operation"


def answer(version: str, tenant_id: TenantId, text: str, user: str, *, granted: bool = False) -> str:
    """The errno; 0 for success, `own` for a statement that passed every check and is not modelled."""
    profile = PROFILES[version]
    try:
        statement = read_statement(f"ALTER SYSTEM {text}", profile=profile)
    except ServerError as refused:
        return str(refused.errno)
    state = build_state("statements", profile=profile)
    root = Principal(tenant_id, "root")
    if user != "root":
        state.execute(root, read_statement(f"CREATE USER {user}"))
    if granted:
        state.execute(root, read_statement(f"GRANT ALTER SYSTEM ON *.* TO {user}"))
    try:
        state.execute(Principal(tenant_id, user), statement)
    except NotModelled:
        return OWN
    except ServerError as refused:
        return str(refused.errno)
    return "0"


CASES = [
    (version, text, OLDER.get(version, {}).get(text, answers)) for version in PROFILES for text, answers in NEWEST
]


@pytest.mark.parametrize(("version", "text", "answers"), CASES)
def test_who_gets_what(version: str, text: str, answers: str) -> None:
    found = [answer(version, tenant, text, user) for tenant in (SYS, T1) for user in ("root", "plain")]
    assert " ".join(found) == answers
    if found[0] != found[1]:
        assert answer(version, SYS, text, "plain", granted=True) == found[0]
    if found[2] != found[3]:
        assert answer(version, T1, text, "plain", granted=True) == found[2]


def test_the_text_tells_a_missing_privilege_from_a_foreign_tenant(make_state, run) -> None:
    state = make_state()
    for tenant in (SYS, T1):
        state.execute(Principal(tenant, "root"), read_statement("CREATE USER plain"))
    for tenant, text, message in (
        (SYS, "ALTER SYSTEM BACKUP DATABASE", NEEDS),
        (T1, "ALTER SYSTEM BACKUP DATABASE", NEEDS),
        (SYS, "ALTER SYSTEM RESTORE t9 FROM 'file:///a' WITH 'pool_list=p1'", NEEDS),
        (T1, "ALTER SYSTEM RESTORE t9 FROM 'file:///a' WITH 'pool_list=p1'", "Access denied"),
        (T1, "ALTER SYSTEM SET ha_low_thread_score = 1 TENANT = t1", "Access denied"),
        (T1, "ALTER SYSTEM ARCHIVELOG TENANT = t1", "Access denied"),
    ):
        with pytest.raises(ServerError) as caught:
            state.execute(Principal(tenant, "plain"), read_statement(text))
        assert (caught.value.errno, caught.value.sqlstate, caught.value.message) == (1227, "42501", message)


@pytest.mark.parametrize(
    ("sql", "tenant"),
    [
        ("CREATE TENANT t9 RESOURCE_POOL_LIST = ('p1')", "sys"),
        ("CREATE TENANT t1 RESOURCE_POOL_LIST = ('p1')", "sys"),
        ("DROP TENANT nosuch", "sys"),
        ("CREATE USER a", "t1"),
        ("ALTER USER a IDENTIFIED BY 'x'", "t1"),
        ("DROP USER a", "t1"),
        ("RENAME USER a TO b", "t1"),
        ("GRANT SELECT ON *.* TO root", "t1"),
        ("REVOKE SELECT ON *.* FROM root", "t1"),
        ("SET PASSWORD = PASSWORD('x')", "t1"),
    ],
)
def test_nothing_is_defined_while_enable_ddl_is_off(sql: str, tenant: str) -> None:
    cluster = obsim.Cluster("statements")
    cluster.execute("ALTER SYSTEM SET enable_ddl = False")
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute(sql, tenant=tenant)
    assert (refused.value.errno, refused.value.message) == (4179, "Operation not allowed now")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="t1")
    cluster.execute("ALTER SYSTEM SET enable_ddl = True")
    cluster.execute("CREATE USER a", tenant="t1")


def test_who_may_define_is_asked_before_whether_anybody_may() -> None:
    cluster = obsim.Cluster("statements")
    cluster.execute("CREATE USER a", tenant="t1")
    cluster.execute("ALTER SYSTEM SET enable_ddl = False")
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute("CREATE USER b", tenant="t1", user="a")
    assert refused.value.errno == 1227
