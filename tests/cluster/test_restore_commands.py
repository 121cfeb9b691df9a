"""Restores and standby tenants: every check in its order, and what each version's grammar refuses."""

import pytest

from obsim import Cluster
from obsim.api import ClusterSession
from obsim.cluster.resources import ResourcePool
from obsim.cluster.restore_resolve import point_scn
from obsim.errors import ServerError, SyntaxRefused
from obsim.ids import Nanoseconds, TenantId
from obsim.sql.reader import read_statement
from obsim.versions import profile_for

SYS, T1 = 1, 1002
DENIED = "1227 Access denied"
PLAIN = "1235 Not supported feature or function"
ARGUMENT = "1210 Invalid argument"
UNKNOWN = "5160 invalid tenant name specified in connection string"
RECOVERED = "4179 user tenant initiate recover table is not allowed"
NO_POINT = "1210 Incorrect arguments to restore until, should specify restore until point"
SCN = "1210 Incorrect arguments to until scn, it should be positive integer"
EXISTS = "4179 restore tenant with existed tenant name is not allowed"
NO_POOL = "4650 resource pool 'nosuch' not exist"
BAD_URI = "9026 backup destination is not valid"
NO_PREVIEW_POINT = "4179 restore preview must have a scn or timestamp, otherwise not allowed"
NOTHING = "4018 no backup set path or log piece can be used to restore"
RESTORE = "ALTER SYSTEM RESTORE "
FROM = " FROM 'file:///backup/data,file:///backup/arch'"
POOL = " WITH 'pool_list=p1'"
POINT = " UNTIL SCN = 2"

ANSWERS = [
    (SYS, RESTORE + "all_user" + FROM + POINT + POOL, PLAIN),
    (T1, RESTORE + "`all`" + FROM + POOL, PLAIN),
    (T1, RESTORE + "t9" + FROM + " UNTIL SCN = 0" + POOL, SCN),
    (T1, RESTORE + "t9" + FROM + " UNTIL SCN = 1" + POOL, SCN),
    (T1, RESTORE + "t9" + FROM + " UNTIL SCN = 9223372036854775808" + POOL, SCN),
    (T1, RESTORE + "t9" + FROM + " UNTIL TIME = 'soon'" + POOL, DENIED),
    (SYS, RESTORE + "t9 FROM 'nowhere' UNTIL TIME = 'soon'" + POOL, BAD_URI),
    (SYS, RESTORE + "t9" + FROM + " UNTIL TIME = 'soon'" + POOL, "1525 Incorrect TIMESTAMP value: 'soon'"),
    (SYS, RESTORE + "t9" + FROM + " UNTIL TIME = '2024-02-30'" + POOL, "1525 Incorrect TIMESTAMP value: '2024-02-30'"),
    (SYS, RESTORE + "t9" + POOL, ARGUMENT),
    (T1, RESTORE + "t9" + FROM + POOL, DENIED),
    (SYS, RESTORE + "t1" + FROM + " WITH 'nonsense'", EXISTS),
    (SYS, RESTORE + "t9" + FROM + " WITH 'nonsense'", ARGUMENT),
    (SYS, RESTORE + "t9" + FROM + " WITH 'locality=F@z1'", ARGUMENT),
    (SYS, RESTORE + "t9" + FROM + " WITH 'pool_list=p1&concurrency=0'", ARGUMENT),
    (SYS, RESTORE + "t9 FROM 'nowhere' WITH 'pool_list=p1,nosuch'", NO_POOL),
    (SYS, RESTORE + "t9 FROM 'file:///a,nowhere'" + POOL, BAD_URI),
    (SYS, RESTORE + "t9" + FROM + POOL, NOTHING),
    (SYS, RESTORE + "T1 FROM 'file:///a' UNTIL TIME = '2024-01-01 00:00:00.5'" + POOL, NOTHING),
    (SYS, RESTORE + "FROM 'file:///a' PREVIEW", NO_PREVIEW_POINT),
    (SYS, RESTORE + "FROM 'file:///a' UNTIL SCN = 5 PREVIEW", NOTHING),
    (SYS, RESTORE + "FROM 'file:///a' UNTIL SCN = 0 PREVIEW", SCN),
    (T1, RESTORE + "FROM 'file:///a' PREVIEW", NO_PREVIEW_POINT),
    (T1, RESTORE + "FROM 'file:///a' UNTIL TIME = 'soon' PREVIEW", DENIED),
    (T1, "ALTER SYSTEM CANCEL RESTORE t9", DENIED),
    (T1, "ALTER SYSTEM ADD RESTORE SOURCE 'file:///a'", "1235 non-sys tenant set add restore source is not supported"),
    (SYS, "ALTER SYSTEM ADD RESTORE SOURCE 'nowhere'", ""),
    (T1, "ALTER SYSTEM CLEAR RESTORE SOURCE", PLAIN),
    (SYS, "ALTER SYSTEM CLEAR RESTORE SOURCE", ""),
    (T1, "ALTER SYSTEM RECOVER TABLE a.b TO TENANT t1" + POOL, RECOVERED),
    (T1, "ALTER SYSTEM CANCEL RECOVER TABLE t1", "4179 user tenant cancel recover table is not allowed"),
    (SYS, "ALTER SYSTEM RECOVER TABLE a.b TO TENANT nosuch UNTIL SCN = 0" + POOL, UNKNOWN),
    (SYS, "ALTER SYSTEM RECOVER TABLE a.b TO TENANT sys" + POOL, PLAIN),
    (SYS, "ALTER SYSTEM RECOVER TABLE a.b TO TENANT t1 UNTIL SCN = 0" + POOL, SCN),
    (SYS, "ALTER SYSTEM RECOVER TABLE a.b TO TENANT t1" + FROM + POOL, NOTHING),
    (SYS, "ALTER SYSTEM RECOVER TABLE a.b : p0 TO TENANT t1" + POOL, "1235 recover partition not supported"),
    (
        SYS, "ALTER SYSTEM RECOVER TABLE a.b TO TENANT t1" + POOL + " REMAP TABLE a.b:p:c",
        "1235 remap partition not supported",
    ),
    (
        SYS, "ALTER SYSTEM RECOVER TABLE a.b TO TENANT t1" + POOL + " REMAP TABLE a.b:c REMAP TABLE d.e:f",
        "4179 duplicate REMAP TABLE is not allowed",
    ),
    (SYS, "ALTER SYSTEM CANCEL RECOVER TABLE nosuch", UNKNOWN),
    (T1, "ALTER SYSTEM RECOVER STANDBY", NO_POINT),
    (T1, "ALTER SYSTEM RECOVER STANDBY UNTIL SCN = 0", SCN),
    (T1, "ALTER SYSTEM RECOVER STANDBY UNTIL TIME = 'x'", "1525 Incorrect TIMESTAMP value: 'x'"),
    (T1, "ALTER SYSTEM RECOVER STANDBY TENANT t2 CANCEL", DENIED),
    (SYS, "ALTER SYSTEM RECOVER STANDBY TENANT nosuch CANCEL", UNKNOWN),
    (T1, "ALTER SYSTEM ACTIVATE STANDBY TENANT t2", DENIED),
    (SYS, "ALTER SYSTEM SWITCHOVER TO PRIMARY TENANT = nosuch VERIFY", UNKNOWN),
    (SYS, "ALTER SYSTEM BACKUP KEY", "1064 Parse error"),
    (T1, "ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST PATH 'file:///a' ATTRIBUTE 'x'", DENIED),
    (SYS, "ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST PATH 'nowhere' ATTRIBUTE 'x'", BAD_URI),
]  # fmt: skip


@pytest.fixture
def pooled(make_state):
    def make(version: str):
        state = make_state(version)
        pool = ResourcePool.__new__(ResourcePool)
        pool.tenant_id = None
        state.resources.pools.setdefault("p1", pool)
        return state

    return make


@pytest.mark.parametrize("version", ["4.2.5", "4.3.3"])
@pytest.mark.parametrize(("tenant_id", "text", "answer"), ANSWERS)
def test_answer(pooled, run, version: str, tenant_id: int, text: str, answer: str) -> None:
    assert run(pooled(version), tenant_id, text) == answer


def test_a_pool_that_belongs_to_a_tenant_is_refused(pooled, run) -> None:
    state = pooled("4.2.5")
    state.resources.pools["p1"].tenant_id = TenantId(T1)
    assert run(state, SYS, RESTORE + "t9" + FROM + POOL).startswith("4626 resource pool 'p1'")


def test_a_point_that_sets_and_log_cover(pooled, run) -> None:
    state = pooled("4.2.5")
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t1") == ""
    state.advance_to(Nanoseconds(state.now_ns + 24 * 3600 * 10**9))
    (backup_set,) = state.tenant_named("t1").backup.sets.values()
    first = backup_set.min_restore_scn
    places = f" FROM '{backup_set.path},{state.tenant_named('t1').archive.round.path}'"
    assert run(state, SYS, RESTORE + f"t9{places} UNTIL SCN = {first - 1}" + POOL) == NOTHING
    assert run(state, SYS, RESTORE + f"t9{places} UNTIL SCN = {1 << 61}" + POOL) == "4018 No enough log for restore"
    assert run(state, SYS, RESTORE + f"t9{places} UNTIL SCN = {first}" + POOL) == ""
    assert run(state, SYS, RESTORE + "t8" + places + POOL) == ""
    assert [job.scn for job in state.restores.jobs] == [first, state.now_ns // 120_000_000_000 * 120_000_000_000]


@pytest.mark.parametrize("version", ["4.0.0", "4.1.0"])
@pytest.mark.parametrize(
    ("text", "starts"),
    [
        (RESTORE + "t1" + FROM + POOL + " PREVIEW", "4179 "),
        (RESTORE + "a.b FOR t9" + FROM + POOL, "1235 obsim does not model"),
        (RESTORE + "FROM 'file:///a' PREVIEW", "1064 "),
        ("ALTER SYSTEM CANCEL RESTORE t9", "1235 cancel restore is not supported"),
        ("ALTER SYSTEM RECOVER TABLE a.b TO TENANT t1" + POOL, "1064 "),
        ("ALTER SYSTEM CANCEL RECOVER TABLE t1", "1064 "),
        ("ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST PATH 'x'", "1235 change external storage dest is not supported"),
    ],
)
def test_what_older_versions_make_of_it(pooled, run, version: str, text: str, starts: str) -> None:
    assert run(pooled(version), SYS, text).startswith(starts)


@pytest.mark.parametrize(
    ("version", "text", "near", "line"),
    [
        ("4.1.0", "alter system\n reset `x`,\ny", "`x`,\ny", 2),
        ("4.1.0", "ALTER SYSTEM RECOVER table a.b TO TENANT t1 WITH 'x'", "table a.b TO TENANT t1 WITH 'x'", 1),
        ("4.0.0", "ALTER SYSTEM CANCEL /* x */ recover TABLE t1", "recover TABLE t1", 1),
        ("4.1.0", "ALTER SYSTEM RESTORE FROM 'file:///a' PREVIEW", "FROM 'file:///a' PREVIEW", 1),
        ("4.2.1", "ALTER SYSTEM RESTORE *.* FOR t9 WITH 'x'", "*.* FOR t9 WITH 'x'", 1),
        ("4.2.5", "ALTER SYSTEM RESTORE a.b FOR t9 WITH 'x'", ".b FOR t9 WITH 'x'", 1),
        ("4.3.3", "ALTER SYSTEM RESTORE a, b FOR t9 WITH 'x'", ", b FOR t9 WITH 'x'", 1),
    ],
)
def test_what_a_grammar_lacks_is_refused_where_it_begins(version: str, text: str, near: str, line: int) -> None:
    with pytest.raises(SyntaxRefused) as caught:
        read_statement(text, profile=profile_for(version))
    assert (caught.value.near, caught.value.line) == (near, line)


def test_a_session_keeps_the_sources_of_its_restores() -> None:
    cluster = Cluster("statements")
    both = "should not have backup_dest and restore_source at the same time not supported"
    with cluster.session() as one, cluster.session() as other:
        one.execute("ALTER SYSTEM ADD RESTORE SOURCE 'file:///a'")
        one.execute("ALTER SYSTEM ADD RESTORE SOURCE 'nowhere'")
        assert refused(one, RESTORE + "t9 FROM 'file:///a'" + POOL) == (1235, both)
        assert refused(one, RESTORE + "t9" + POOL) == (9026, "backup destination is not valid")
        assert refused(other, RESTORE + "t9" + POOL) == (1210, "Invalid argument")
        one.execute("ALTER SYSTEM CLEAR RESTORE SOURCE")
        assert refused(one, RESTORE + "t9 FROM 'file:///a'" + POOL)[0] == 4018


def refused(session: ClusterSession, text: str) -> tuple[int, str]:
    with pytest.raises(ServerError) as caught:
        session.execute(text)
    return caught.value.errno, caught.value.message


def test_the_newer_grammar_has_no_preview_at_the_end(pooled, run) -> None:
    assert "near 'PREVIEW'" in run(pooled("4.2.5"), SYS, RESTORE + "t9" + FROM + POOL + " PREVIEW")


@pytest.mark.parametrize(
    ("version", "starts"), [("4.2.1", "1235 change"), ("4.2.1.10", "1235 change"), ("4.2.1.11", "9026 ")]
)
def test_external_storage_changes_from_4_2_1_11(pooled, run, version: str, starts: str) -> None:
    text = "ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST PATH 'x'"
    assert run(pooled(version), SYS, text).startswith(starts)


@pytest.mark.parametrize(
    ("tenant_id", "clause", "answer"),
    [
        (SYS, "'LOCATION=file:///a'", PLAIN),
        (SYS, "'LOCATION=file:///a' TENANT = nosuch", UNKNOWN),
        (SYS, "'LOCATION=file:///a' TENANT = sys", PLAIN),
        (T1, "'LOCATION=file:///a' TENANT = t1", DENIED),
        (T1, "'LOCATION=nowhere'", BAD_URI),
        (T1, "'PLACE=file:///a'", PLAIN),
        (T1, "'SERVICE=1.2.3.4:2881 USER=u@t PASSWORD=x'", "1235 obsim does not model log_restore_source with SERVICE"),
        (T1, "''", ""),
    ],
)
def test_log_restore_source(state, run, tenant_id: int, clause: str, answer: str) -> None:
    assert run(state, tenant_id, f"ALTER SYSTEM SET log_restore_source = {clause}") == answer


def test_the_view_shows_the_source_without_its_keys() -> None:
    cluster = Cluster("statements")
    query = "SELECT TENANT_ID, ID, TYPE, VALUE, RECOVERY_UNTIL_SCN FROM oceanbase.DBA_OB_LOG_RESTORE_SOURCE"
    assert cluster.query(query, tenant="t1") == []
    source = "LOCATION=oss://b/a?host=h&access_id=i&access_key=k"
    cluster.execute(f"ALTER SYSTEM SET log_restore_source = '{source}'", tenant="t1")
    (row,) = cluster.query(query, tenant="t1")
    assert tuple(row) == (1002, 1, "LOCATION", "oss://b/a?host=h&access_id=i", 4611686018427387903)
    cluster.execute("ALTER SYSTEM SET log_restore_source = '' TENANT = t1")
    assert cluster.query(query, tenant="t1") == []


@pytest.mark.parametrize(
    ("text", "offset_s", "scn"),
    [
        ("1970-01-01", 0, 0),
        ("2024-02-29 12:00:00", 8 * 3600, 1_709_179_200 * 10**9),
        ("2024-1-1 0:0:0.5", 0, 1_704_067_200 * 10**9 + 500_000_000),
        ("2000-12-31T23:59:59.000000001", -3600, 978_310_799 * 10**9 + 1),
    ],
)
def test_time_of_until_is_read_at_the_sessions_zone(text: str, offset_s: int, scn: int) -> None:
    assert point_scn(text, offset_s) == scn
