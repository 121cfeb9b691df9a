"""Tenants: made, changed, locked, dropped, back from the recycle bin; what goes with one that is dropped."""

import pytest

from obsim import Cluster
from obsim.backup.job import JobStatus
from obsim.cluster import Principal
from obsim.cluster.outages import Outages
from obsim.errors import ServerError
from obsim.ids import TenantId
from obsim.sql.reader import read_statement

SYS, T1, T2, T3 = 1, 1002, 1004, 1006
SECOND_NS = 1_000_000_000
CREATE = "CREATE TENANT t3 RESOURCE_POOL_LIST = ('p1')"
UNKNOWN = "5160 invalid tenant name specified in connection string"
DENIED = "1227 Access denied"
NOT_NORMAL = "9040 "


@pytest.fixture
def zoned(make_state):
    return make_state(scenario="three-zones")


@pytest.fixture
def bin_run(run):
    """As `run`, by a session of sys with recyclebin = ON."""

    def run_sql(state, sql: str) -> str:
        try:
            state.execute(Principal(TenantId(SYS), "root", recyclebin=True), read_statement(sql, profile=state.profile))
        except ServerError as refused:
            return f"{refused.errno} {refused.message}"
        return ""

    return run_sql


def pass_seconds(state, seconds: float) -> None:
    state.advance_to(state.now_ns + int(seconds * SECOND_NS))


def picture(state) -> object:
    """What statements about tenants change."""
    return (
        {
            t.tenant_id: (
                t.name, t.status, t.locked, t.in_recyclebin, t.locality, t.primary_zone, t.comment, t.charset,
                dict(t.variables),
            )
            for t in state.tenants.values()
        },
        {pool.name: pool.tenant_id for pool in state.resources.pools.values()},
        len(state.root_jobs.jobs),
    )  # fmt: skip


def archiving(state, run, name: str) -> None:
    for action in (
        f"SET data_backup_dest = 'file:///b/{name}' TENANT = {name}",
        f"SET log_archive_dest = 'LOCATION=file:///a/{name}' TENANT = {name}", f"ARCHIVELOG TENANT = {name}",
    ):  # fmt: skip
        assert run(state, SYS, f"ALTER SYSTEM {action}") == ""
    pass_seconds(state, 5)


# CREATE.


def test_a_new_tenant_is_a_whole_one(state, run):
    assert run(state, SYS, CREATE) == ""
    tenant, meta = state.tenants[T3], state.tenants[T3 - 1]
    assert (tenant.name, tenant.kind, tenant.mode, tenant.normal) == ("t3", "USER", "MYSQL", True)
    assert (meta.name, meta.kind) == ("META$1006", "META")
    assert [(user.name, user.host, user.password_sha1) for user in tenant.users.values()] == [("root", "%", b"")]
    assert (tenant.archive.round, tenant.backup.path, tenant.created_ns) == (None, "", state.now_ns)
    assert sorted(tenant.storage.log_stream_ids) == [1, 1001]
    assert state.resources.pools["p1"].tenant_id == T3
    assert all(unit.group_id for unit in state.resources.units_of(state.resources.pools["p1"]))


def test_its_first_backups(state, run):
    run(state, SYS, CREATE)
    assert run(state, T3, "ALTER SYSTEM BACKUP DATABASE")  # without a destination
    archiving(state, run, "t3")
    assert run(state, T3, "ALTER SYSTEM BACKUP DATABASE") == ""
    pass_seconds(state, 3600)
    assert run(state, SYS, "ALTER SYSTEM BACKUP INCREMENTAL TENANT = t3") == ""
    pass_seconds(state, 3600)
    found = state.tenants[T3].backup.sets.values()
    assert [(s.backup_set_id, s.backup_type.value, s.status.value) for s in found] == [
        (1, "FULL", "SUCCESS"), (2, "INC", "SUCCESS"),
    ]  # fmt: skip


def test_an_oracle_tenant_has_the_account_sys(state, run):
    assert run(state, SYS, CREATE + " SET ob_compatibility_mode = 'oracle'") == ""
    assert (state.tenants[T3].mode, list(state.tenants[T3].users)) == ("ORACLE", ["SYS"])
    assert state.tenants[T3 - 1].mode == "MYSQL"


REFUSED = [
    ("t1 RESOURCE_POOL_LIST = ('p1')", "5156 "),
    ("t3", "4647 "),
    ("t3 RESOURCE_POOL_LIST = ('nosuch')", "4650 resource pool 'nosuch' not exist"),
    ("t3 RESOURCE_POOL_LIST = ('p1', 'p1')", "4657 "),
    (f"{'x' * 64} RESOURCE_POOL_LIST = ('p1')", "1059 "),
    ("seed RESOURCE_POOL_LIST = ('p1')", "5160 "),
    ("all_user RESOURCE_POOL_LIST = ('p1')", "1235 "),
    ("t3 RESOURCE_POOL_LIST = ('p1'), LOCALITY = 'F@z9'", ""),
    ("t3 RESOURCE_POOL_LIST = ('p1'), LOCALITY = 'nonsense'", ""),
    ("t3 RESOURCE_POOL_LIST = ('p1'), LOCALITY = 'L@z1'", "1235 obsim does not model "),
    ("t3 RESOURCE_POOL_LIST = ('p1'), PRIMARY_ZONE = 'z9'", "4643 primary zone 'z9' not in zone list [z1]"),
    ("t3 RESOURCE_POOL_LIST = ('p1'), ZONE_LIST = ('z9')", "4530 "),
    ("t3 RESOURCE_POOL_LIST = ('p1'), CHARSET = klingon", "1115 "),
    ("t3 RESOURCE_POOL_LIST = ('p1'), COLLATE = klingon", "1273 "),
    ("t3 RESOURCE_POOL_LIST = ('p1'), CHARSET = gbk, COLLATE = utf8mb4_bin", "1253 "),
    ("t3 RESOURCE_POOL_LIST = ('p1'), READ ONLY", "1235 obsim does not model READ ONLY"),
    ("t3 RESOURCE_POOL_LIST = ('p1'), ENABLE_ARBITRATION_SERVICE = TRUE", "1235 obsim does not model "),
    ("t3 RESOURCE_POOL_LIST = ('p1'), DEFAULT TABLEGROUP = g", "1235 obsim does not model "),
]


@pytest.mark.parametrize(("text", "answer"), REFUSED)
def test_tenants_that_cannot_be_made(state, run, text, answer):
    before = picture(state)
    found = run(state, SYS, f"CREATE TENANT {text}")
    assert found
    assert found.startswith(answer)
    assert picture(state) == before
    assert run(state, SYS, CREATE) == ""
    assert T3 in state.tenants  # and no id was lost


def test_a_pool_belongs_to_one_tenant(state, run):
    assert run(state, SYS, CREATE) == ""
    assert run(state, SYS, "CREATE TENANT t4 RESOURCE_POOL_LIST = ('p1')").startswith("4626 ")
    assert run(state, SYS, "CREATE TENANT IF NOT EXISTS t3 RESOURCE_POOL_LIST = ('p1')") == ""
    assert run(state, SYS, "DROP RESOURCE POOL p1").startswith("4626 ")


def test_the_pools_of_a_tenant_are_in_zones_of_their_own(zoned, run):
    both = "ALTER TENANT shop RESOURCE_POOL_LIST = ('pool_shop', 'spare')"
    assert run(zoned, SYS, both).startswith("4657 ")
    assert run(zoned, SYS, "ALTER TENANT shop LOCALITY = 'F@z1,F@z2'") == ""
    assert run(zoned, SYS, "ALTER RESOURCE POOL pool_shop ZONE_LIST = ('z1', 'z2')") == ""
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare ZONE_LIST = ('z3')") == ""
    assert run(zoned, SYS, both) == ""
    assert zoned.resources.pools["spare"].tenant_id == 1002
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare ZONE_LIST = ('z2', 'z3')").startswith("4657 ")


def test_where_a_tenant_is(zoned, run):
    text = "CREATE TENANT t3 RESOURCE_POOL_LIST = ('spare'), LOCALITY = '{}', PRIMARY_ZONE = '{}'"
    assert run(zoned, SYS, text.format("F@z1,F@z2,R@z3", "z1,z3")).startswith("4643 ")
    assert run(zoned, SYS, text.format("F@z1,F@z1", "z1"))
    assert run(zoned, SYS, text.format("F@z1,FULL{1}@z2,READONLY@z3", "z2;z1")) == ""
    tenant = zoned.tenants[1004]
    assert [(r.kind, r.zone) for r in tenant.locality] == [("FULL", "z1"), ("FULL", "z2"), ("READONLY", "z3")]
    assert tenant.primary_zone == zoned.tenants[1003].primary_zone == "z2;z1"


def test_a_standby_tenant_is_checked_and_not_made(state, run):
    text = "CREATE STANDBY TENANT {} LOG_RESTORE_SOURCE = 'SERVICE=127.0.0.1:2881', RESOURCE_POOL_LIST = ('{}')"
    assert run(state, SYS, text.format("t1", "p1")).startswith("5156 ")
    assert run(state, SYS, text.format("t3", "nosuch")).startswith("4650 ")
    assert run(state, SYS, text.format("t3", "p1")).startswith("1235 obsim does not model CREATE STANDBY TENANT")
    assert T3 not in state.tenants


# ALTER.


def test_alter_tenant(zoned, run):
    shop = zoned.tenants[1002]
    assert run(zoned, SYS, "ALTER TENANT shop COMMENT = 'it sells', PRIMARY_ZONE = 'z3'") == ""
    assert (shop.comment, shop.primary_zone) == ("it sells", "z3")
    assert [(j.kind, j.status) for j in zoned.root_jobs.jobs] == [("ALTER_TENANT_PRIMARY_ZONE", "INPROGRESS")]
    pass_seconds(zoned, 11)
    assert zoned.root_jobs.jobs[0].status == "SUCCESS"
    assert run(zoned, SYS, "ALTER TENANT shop LOCALITY = 'F@z2,F@z3'") == ""
    assert run(zoned, SYS, "ALTER TENANT shop LOCALITY = 'F@z3'").startswith("4179 ")  # one at a time
    assert [r.zone for r in shop.previous_locality] == ["z1", "z2", "z3"]
    pass_seconds(zoned, 11)
    assert shop.previous_locality == ()
    assert [j.status for j in zoned.root_jobs.jobs] == ["SUCCESS", "SUCCESS"]
    assert zoned.root_jobs.jobs[1].sql_text == "ALTER TENANT shop LOCALITY = 'F@z2,F@z3'"


def test_a_comment_alone_moves_no_leaders(zoned, run, monkeypatch):
    looked = []
    monkeypatch.setattr(Outages, "_leaders", lambda _: looked.append(1) or {})
    noted = zoned.revisions.count("tenants")
    assert run(zoned, SYS, "ALTER TENANT shop COMMENT = 'it sells'") == ""
    assert (zoned.tenants[1002].comment, looked, zoned.revisions.count("tenants")) == ("it sells", [], noted + 1)
    assert run(zoned, SYS, "ALTER TENANT shop PRIMARY_ZONE = 'z3'") == ""
    assert looked == [1]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("nosuch COMMENT = 'x'", "5157 "), ("shop PRIMARY_ZONE = 'z9'", "4643 "),
        ("shop COMMENT = 'x', PRIMARY_ZONE = 'z9'", "4643 "), ("shop LOCALITY = 'F@z9'", ""),
        ("shop LOCALITY = 'F@z1'", "4179 violate locality principle"), ("shop CHARSET = gbk", "1235 "),
        ("shop COMMENT = 'x' VARIABLES autocommit = 1", "4179 "), ("shop READ ONLY", "1235 "),
        ("shop RESOURCE_POOL_LIST = ('nosuch')", ""), ("shop RESOURCE_POOL_LIST = ('spare')", "1210 "),
        ("META$1002 COMMENT = 'x'", "1235 "), ("sys COMMENT = 'x'", "1235 "),
        ("shop RENAME GLOBAL_NAME TO sys", "5156 "), ("sys RENAME GLOBAL_NAME TO x", "1235 "),
        ("nosuch RENAME GLOBAL_NAME TO x", "5157 "), ("nosuch LOCK", "5157 "), ("sys LOCK", "1235 "),
    ],
)  # fmt: skip
def test_changes_that_are_refused_change_nothing(zoned, run, text, answer):
    before = picture(zoned)
    found = run(zoned, SYS, f"ALTER TENANT {text}")
    assert found
    assert found.startswith(answer)
    assert picture(zoned) == before


def test_a_renamed_tenant(state, run):
    assert run(state, SYS, "ALTER TENANT t1 RENAME GLOBAL_NAME TO t9") == ""
    assert run(state, SYS, "ALTER SYSTEM MINOR FREEZE TENANT = t1") == UNKNOWN
    assert run(state, SYS, "ALTER SYSTEM MINOR FREEZE TENANT = t9") == ""
    assert state.tenants[T1].name == "t9"


def test_a_locked_tenant_is_not_backed_up_by_name(state, run):
    assert run(state, SYS, "ALTER TENANT t1 LOCK") == ""
    assert run(state, SYS, "ALTER TENANT t1 LOCK") == ""
    assert state.tenants[T1].locked
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t1") == "5260 Tenant 't1' is locked"
    assert run(state, SYS, "ALTER TENANT t1 UNLOCK") == ""
    assert not state.tenants[T1].locked


# DROP.


def test_a_tenant_dropped_by_force_is_gone_at_once_and_its_pool_free(state, run):
    run(state, SYS, CREATE)
    assert run(state, SYS, "DROP TENANT t3 FORCE") == ""
    assert not state.tenants.keys() & {T3, T3 - 1}
    assert state.resources.pools["p1"].tenant_id is None
    for action in (
        "BACKUP TENANT = t3", "ARCHIVELOG TENANT = t3", "NOARCHIVELOG TENANT = t3", "MINOR FREEZE TENANT = t3",
        "SET data_backup_dest = 'file:///x' TENANT = t3", "CANCEL BACKUP TENANT = t3",
        "RESET cpu_quota_concurrency TENANT = t3",
    ):  # fmt: skip
        assert run(state, SYS, f"ALTER SYSTEM {action}") == UNKNOWN, action
    assert run(state, SYS, "DROP TENANT t3").startswith("5157 ")
    assert run(state, SYS, "DROP TENANT IF EXISTS t3") == ""


def test_ids_count_on(state, run):
    ids = []
    for _ in range(3):
        assert run(state, SYS, CREATE) == ""
        ids.append(state.tenant_named("t3").tenant_id)
        run(state, SYS, "DROP TENANT t3 FORCE")
    assert ids == [1006, 1008, 1010]


def test_a_tenant_dropped_without_force_goes_after_a_while(state, run):
    run(state, SYS, CREATE)
    archiving(state, run, "t3")
    assert run(state, SYS, "DROP TENANT t3") == ""
    assert (state.tenants[T3].status, state.resources.pools["p1"].tenant_id) == ("DROPPING", T3)
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t3").startswith(NOT_NORMAL)
    assert run(state, T3, "ALTER SYSTEM NOARCHIVELOG") == ""
    assert run(state, T3, "ALTER SYSTEM ARCHIVELOG").startswith("9023 ")
    assert run(state, SYS, "DROP TENANT t3").startswith("1235 ")
    pass_seconds(state, 5)
    assert T3 not in state.tenants
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t3") == UNKNOWN


def test_force_while_it_is_going(state, run):
    run(state, SYS, CREATE)
    run(state, SYS, "DROP TENANT t3")
    assert run(state, SYS, "DROP TENANT t3 FORCE") == ""
    run(state, SYS, CREATE)
    pass_seconds(state, 10)  # the event of the first drop finds another tenant
    assert state.tenants[1008].normal


@pytest.mark.parametrize("name", ["sys", "META$1002"])
def test_tenants_that_cannot_be_dropped(state, run, name):
    assert run(state, SYS, f"DROP TENANT `{name}` FORCE").startswith("1235 ")


@pytest.mark.parametrize("passed_s", [0, 1, 5, 30, 60])
def test_a_backup_of_all_goes_on_without_the_tenant_that_is_dropped(state, run, passed_s):
    assert run(state, SYS, "ALTER SYSTEM BACKUP DATABASE") == ""
    pass_seconds(state, passed_s)
    assert run(state, SYS, "DROP TENANT t1 FORCE") == ""
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t1") == UNKNOWN
    state.advance_to(state.now_ns + 3600 * SECOND_NS)
    assert state.idle()
    (parent,) = state.cluster_jobs.values()
    assert parent.job.status is JobStatus.COMPLETED
    sets = state.tenants[T2].backup.sets
    assert [s.status.value for s in sets.values()][-1] == "SUCCESS"
    assert run(state, SYS, "ALTER SYSTEM BACKUP DATABASE") == ""


@pytest.mark.parametrize("passed_s", [0, 1, 5, 30, 60])
def test_whatever_the_tenant_does_when_it_is_dropped_nothing_is_left(state, run, passed_s):
    assert run(state, T1, "ALTER SYSTEM ADD DELETE BACKUP POLICY = 'default' RECOVERY_WINDOW = '1d'") == ""
    assert run(state, T1, "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG") == ""
    pass_seconds(state, passed_s)
    assert run(state, T1, "ALTER SYSTEM NOARCHIVELOG") == ""
    assert run(state, SYS, "DROP TENANT t1 FORCE") == ""
    pass_seconds(state, 40 * 24 * 3600)
    assert state.idle()
    assert not state.tenants.keys() & {T1, T1 - 1}
    assert not state.freezers.keys() & {T1, T1 - 1}


def test_a_dropped_tenant_leaves_nothing_to_happen_and_nothing_set(state, run):
    before, parameters = state.events.ordered_count(), state.parameters.dump()
    run(state, SYS, CREATE)
    archiving(state, run, "t3")
    for sql in (
        "ALTER SYSTEM ADD DELETE BACKUP POLICY = 'default' RECOVERY_WINDOW = '1d'",
        "ALTER SYSTEM SET ha_low_thread_score = 50", "ALTER SYSTEM BACKUP DATABASE",
    ):  # fmt: skip
        assert run(state, T3, sql) == ""
    pass_seconds(state, 30)
    assert state.events.ordered_count() > before
    assert run(state, SYS, "DROP TENANT t3 FORCE") == ""
    pass_seconds(state, 30)
    assert state.events.ordered_count() == before
    assert state.parameters.dump() == parameters


def test_archiving_ends_with_its_tenant(state, run):
    before = state.events.ordered_count()
    run(state, SYS, CREATE)
    archiving(state, run, "t3")
    assert run(state, T3, "ALTER SYSTEM NOARCHIVELOG") == ""
    assert state.events.ordered_count() > before
    assert run(state, SYS, "DROP TENANT t3 FORCE") == ""
    assert state.events.ordered_count() == before


# The recycle bin.


def test_through_the_recycle_bin_and_back(state, run, bin_run):
    assert bin_run(state, "DROP TENANT t2") == ""
    tenant = state.tenants[T2]
    assert tenant.in_recyclebin
    assert tenant.name.startswith("__recycle_$_1_")
    assert tenant.original_name == "t2"
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t2") == UNKNOWN
    assert run(state, SYS, "FLASHBACK TENANT t2 TO BEFORE DROP RENAME TO t1").startswith("5156 ")
    assert run(state, SYS, "FLASHBACK TENANT t2 TO BEFORE DROP") == ""
    assert (tenant.name, tenant.in_recyclebin, tenant.normal) == ("t2", False, True)
    assert run(state, SYS, "FLASHBACK TENANT t2 TO BEFORE DROP").startswith("5270 ")
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t2") == ""


def test_a_cluster_backup_passes_by_the_recycle_bin(state, run, bin_run):
    bin_run(state, "DROP TENANT t2")
    assert run(state, SYS, "ALTER SYSTEM BACKUP DATABASE") == ""
    assert run(state, SYS, f"ALTER SYSTEM BACKUP TENANT = `{state.tenants[T2].name}`").startswith(NOT_NORMAL)
    state.advance_to(state.now_ns + 3600 * SECOND_NS)
    assert len(state.tenants[T1].backup.sets) == 1
    assert not state.tenants[T2].backup.sets


def test_flashback_takes_the_youngest_and_purge_the_oldest(state, run, bin_run):
    for pool in ("p1", "p2"):
        assert run(state, SYS, f"CREATE TENANT t3 RESOURCE_POOL_LIST = ('{pool}')") == ""
        assert bin_run(state, "DROP TENANT t3") == ""
        run(state, SYS, "CREATE RESOURCE POOL p2 UNIT 'unit_standard', UNIT_NUM 1")
        pass_seconds(state, 1)
    assert run(state, SYS, "PURGE TENANT t3") == ""
    pass_seconds(state, 6)
    assert (1006 in state.tenants, 1008 in state.tenants) == (False, True)
    assert run(state, SYS, "FLASHBACK TENANT t3 TO BEFORE DROP") == ""
    assert state.tenants[1008].name == "t3"


def test_purge(state, run, bin_run):
    assert run(state, SYS, "PURGE TENANT t2").startswith("5270 ")
    bin_run(state, "DROP TENANT t2")
    assert run(state, SYS, f"DROP TENANT `{state.tenants[T2].name}`").startswith("5157 ")
    assert run(state, SYS, "PURGE RECYCLEBIN") == ""
    assert state.tenants[T2].status == "DROPPING"
    pass_seconds(state, 6)
    assert T2 not in state.tenants


def test_drop_with_purge_goes_by_the_recycle_bin(state, bin_run):
    assert bin_run(state, "DROP TENANT t2 PURGE") == ""
    assert (state.tenants[T2].status, state.tenants[T2].in_recyclebin) == ("DROPPING", False)


@pytest.mark.parametrize(
    "sql",
    [
        CREATE, "CREATE STANDBY TENANT t3 RESOURCE_POOL_LIST = ('p1')", "ALTER TENANT t2 COMMENT = 'x'",
        "ALTER TENANT t1 LOCK", "ALTER TENANT t2 RENAME GLOBAL_NAME TO t9", "DROP TENANT t2", "DROP TENANT t2 FORCE",
        "DROP TENANT nosuch", "PURGE TENANT t2", "FLASHBACK TENANT t2 TO BEFORE DROP",
    ],
)  # fmt: skip
def test_only_sys_may(state, run, sql):
    before = picture(state)
    assert run(state, T1, sql) == DENIED
    assert picture(state) == before


# Through sessions: variables, views, SHOW, reset.


@pytest.fixture
def cluster() -> Cluster:
    return Cluster("statements", version="4.2.5")


def rows(cluster: Cluster, sql: str, tenant: str = "sys") -> list[tuple[object, ...]]:
    return [tuple(row) for row in cluster.execute(sql, tenant=tenant)]


def test_variables_of_a_new_tenant(cluster):
    cluster.execute(CREATE + ", CHARSET = gbk SET ob_tcp_invited_nodes = '10.0.0.0/8', max_allowed_packet = 1048576")
    assert rows(cluster, "SELECT @@global.max_allowed_packet, @@global.ob_tcp_invited_nodes", "t3") == [
        (1048576, "10.0.0.0/8")
    ]
    assert rows(cluster, "SELECT @@global.character_set_server", "t3") == [("gbk",)]
    assert rows(cluster, "SELECT @@global.ob_tcp_invited_nodes", "t1") == [("%",)]
    cluster.execute("ALTER TENANT t3 SET VARIABLES ob_tcp_invited_nodes = '%'")
    assert rows(cluster, "SELECT @@global.ob_tcp_invited_nodes", "t3") == [("%",)]


@pytest.mark.parametrize("setting", ["nosuch = 1", "max_allowed_packet = 'x'", "version = '1'"])
def test_variables_that_are_refused_make_no_tenant(cluster, setting):
    with pytest.raises(ServerError):
        cluster.execute(f"{CREATE} SET {setting}")
    assert rows(cluster, "SELECT COUNT(*) FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = 't3'") == [(0,)]


def test_views_follow(cluster):
    cluster.execute(CREATE)
    columns = "TENANT_ID, TENANT_NAME, TENANT_TYPE, STATUS, LOCALITY, PRIMARY_ZONE, LOCKED, IN_RECYCLEBIN"
    assert rows(cluster, f"SELECT {columns} FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_ID > 1004 ORDER BY 1") == [
        (1005, "META$1006", "META", "NORMAL", "FULL{1}@z1", "RANDOM", "NO", "NO"),
        (1006, "t3", "USER", "NORMAL", "FULL{1}@z1", "RANDOM", "NO", "NO"),
    ]  # fmt: skip
    owner = "SELECT TENANT_ID FROM oceanbase.DBA_OB_RESOURCE_POOLS WHERE NAME = 'p1'"
    assert rows(cluster, owner) == [(1006,)]
    cluster.execute("DROP TENANT t3 FORCE")
    assert rows(cluster, owner) == [(None,)]
    for view in ("DBA_OB_TENANTS", "CDB_OB_ARCHIVELOG", "GV$OB_UNITS", "CDB_OB_LS_LOCATIONS", "GV$OB_PARAMETERS"):
        assert rows(cluster, f"SELECT COUNT(*) FROM oceanbase.{view} WHERE TENANT_ID IN (1005, 1006)") == [(0,)], view


def test_jobs_sets_and_rows_go_with_the_tenant(cluster):
    cluster.execute("ALTER SYSTEM BACKUP TENANT = t1")
    cluster.run_until_idle()
    cluster.execute("ALTER SYSTEM BACKUP TENANT = t1")
    cluster.advance(seconds=5)
    views = ("CDB_OB_BACKUP_JOBS", "CDB_OB_BACKUP_TASKS", "CDB_OB_BACKUP_JOB_HISTORY", "CDB_OB_BACKUP_SET_FILES",
             "CDB_OB_ARCHIVELOG", "CDB_OB_ARCHIVELOG_SUMMARY")  # fmt: skip
    count = "SELECT COUNT(*) FROM oceanbase.{} WHERE TENANT_ID = 1002"
    assert all(rows(cluster, count.format(view)) != [(0,)] for view in views)
    cluster.execute("DROP TENANT t1 FORCE")
    assert all(rows(cluster, count.format(view)) == [(0,)] for view in views)


def test_show_create_tenant_makes_the_same_tenant(cluster):
    cluster.execute(CREATE + ", COMMENT = 'it''s', CHARSET = gbk SET ob_compatibility_mode = 'oracle'")
    ((_, text),) = rows(cluster, "SHOW CREATE TENANT t3")
    cluster.execute("DROP TENANT t3 FORCE")
    cluster.execute(str(text))
    ((_, again),) = rows(cluster, "SHOW CREATE TENANT t3")
    assert text == again
    assert "gbk" in str(text)
    with pytest.raises(ServerError):
        cluster.execute("SHOW CREATE TENANT nosuch")


def test_show_recyclebin(cluster):
    session = cluster.session()
    session.execute("SET recyclebin = ON")
    session.execute("DROP TENANT t2")
    (row,) = [tuple(row) for row in session.execute("SHOW RECYCLEBIN")]
    assert row[0].startswith("__recycle_$_1_")
    assert row[1:3] == ("t2", "TENANT")
    assert rows(cluster, "SHOW RECYCLEBIN", "t1") == []


def test_reset_brings_everything_back(cluster):
    def all_rows() -> list[object]:
        views = ("DBA_OB_TENANTS", "DBA_OB_UNIT_CONFIGS", "DBA_OB_RESOURCE_POOLS", "DBA_OB_UNITS", "DBA_OB_SERVERS",
                 "DBA_OB_ZONES", "DBA_OB_TENANT_JOBS", "DBA_OB_SERVER_JOBS", "DBA_OB_UNIT_JOBS")  # fmt: skip
        return [rows(cluster, f"SELECT * FROM oceanbase.{view}") for view in views]

    def change() -> list[object]:
        for sql in (
            CREATE, "CREATE RESOURCE UNIT u9 MAX_CPU 1, MEMORY_SIZE '2G'", "ALTER SYSTEM ADD ZONE z9",
            "ALTER SYSTEM ADD SERVER '127.0.0.2:2882' ZONE 'z1'", "DROP TENANT t2 FORCE",
            "CREATE RESOURCE POOL p9 UNIT 'u9', UNIT_NUM 1, ZONE_LIST ('z1')",
            "ALTER SYSTEM DELETE SERVER '127.0.0.2:2882'",
            "CREATE TENANT t4 RESOURCE_POOL_LIST = ('p9')",
        ):  # fmt: skip
            cluster.execute(sql)
        return all_rows()

    before = all_rows()
    first = change()
    assert first != before
    cluster.execute("CALL obsim.reset()")
    assert all_rows() == before
    assert change() == first
