"""Snapshots of a whole cluster: what comes back, what stays, and that copies go their own ways."""

import os

import pymysql
import pytest
from hypothesis import HealthCheck, given, settings

import obsim
from obsim.cluster import copying
from obsim.storage.tenant import TenantStorage
from tests.whole import STEPS, play, views

EXAMPLES = int(os.environ.get("OBSIM_EXAMPLES", "2"))
PLAIN = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
SETS = "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_SET_FILES"


def state_of(cluster):
    """All that can be read but the number of the timeline."""
    return views(cluster, without=["clock"])


def count(cluster):
    return cluster.query(SETS)[0][0]


def back_up(cluster, kind="INCREMENTAL "):
    cluster.execute(f"ALTER SYSTEM BACKUP {kind}DATABASE")
    cluster.run_until_idle()


@pytest.fixture
def cluster():
    cluster = obsim.Cluster(seed=4)
    back_up(cluster, "")
    return cluster


@PLAIN
@given(before=STEPS, after=STEPS)
def test_a_fork_is_equal_goes_the_same_way_and_its_own(before, after):
    first = obsim.Cluster("campaign", seed=3)
    play(first, before)
    kept, second = first.fork(), first.fork()
    assert state_of(second) == state_of(first)
    for one in (first, second):
        play(one, after)
        one.advance(minutes=5)
    assert state_of(second) == state_of(first)
    third = kept.fork()
    play(third, after)
    third.advance(minutes=5)
    assert state_of(third) == state_of(first)


def test_the_property_can_fail(monkeypatch, cluster):
    """Whoever shared what still changes would let one cluster write into the other."""
    apart = cluster.fork()
    monkeypatch.setattr(copying, "_VALUES", (*copying._VALUES, TenantStorage))
    together = cluster.fork()
    cluster.write("mysql_tenant", "t1", 5)
    assert [len(c.state.tenants[1002].storage.blocks.dirty) for c in (apart, together)] == [0, 5]


def test_restoring_brings_back_time_state_and_journal(cluster):
    session = cluster.session(tenant="mysql_tenant")
    session.execute("SET @a = 1")
    cluster.snapshot("full")
    before, now_ns = state_of(cluster), cluster.now_ns
    statements = [record.text for record in cluster.journal.records()]
    back_up(cluster)
    cluster.write("mysql_tenant", "t1", 7)
    assert count(cluster) == 4
    cluster.restore_snapshot("full")
    assert cluster.now_ns == now_ns
    assert state_of(cluster) == before
    assert [record.text for record in cluster.journal.records()] == statements
    assert [tuple(row) for row in session.query("SELECT @a")] == [(1,)]


def test_a_snapshot_may_be_restored_again_and_each_time_is_a_timeline(cluster):
    cluster.snapshot("a")
    timelines = []
    for _ in range(3):
        back_up(cluster)
        assert count(cluster) == 4
        cluster.restore_snapshot("a")
        timelines.append(cluster.query("SELECT TIMELINE FROM obsim.clock")[0][0])
        assert count(cluster) == 2
    cluster.reset()
    assert timelines == [2, 3, 4]
    assert cluster.query("SELECT TIMELINE FROM obsim.clock")[0][0] == 5
    cluster.restore_snapshot("a")
    assert count(cluster) == 2


def test_a_name_given_again_is_the_new_one(cluster):
    cluster.snapshot("a")
    back_up(cluster)
    cluster.snapshot("a")
    cluster.reset()
    cluster.restore_snapshot("a")
    assert count(cluster) == 4


@pytest.mark.parametrize("call", ["restore_snapshot('nosuch')", "snapshot('')", "snapshot(1)", "snapshot(NULL)"])
def test_wrong_names(cluster, call):
    cluster.snapshot("there")
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute(f"CALL obsim.{call}")
    assert refused.value.errno == 1210
    assert ("there" in refused.value.message) is ("nosuch" in call)


def test_a_name_is_short_and_holds_no_secret(cluster):
    cluster.snapshot("\u00fc" * 64)
    with pytest.raises(obsim.ServerError, match="at most 64 characters") as refused:
        cluster.snapshot("x" * 65)
    assert refused.value.errno == 1210
    for name in ("CREATE USER u IDENTIFIED BY 'hunter2'", "s3://b?access_key=hunter2"):
        with pytest.raises(obsim.ServerError, match="no password and no key") as refused:
            cluster.snapshot(name)
        assert "hunter2" not in refused.value.message
        with pytest.raises(obsim.ServerError, match="is none") as refused:
            cluster.restore_snapshot(name)
        assert "hunter2" not in refused.value.message
    with pytest.raises(obsim.ServerError) as refused:
        cluster.restore_snapshot("x" * 10_000)
    assert len(refused.value.message) < 400


def test_only_so_many_are_kept():
    cluster = obsim.Cluster("blank")
    for n in range(100):
        cluster.snapshot(f"s{n}")
    cluster.snapshot("s7")
    with pytest.raises(obsim.ServerError, match="100 are kept"):
        cluster.snapshot("one more")


def test_a_session_of_a_tenant_that_was_not_there_is_killed(cluster):
    cluster.snapshot("before")
    cluster.execute("CREATE RESOURCE POOL p UNIT = 'unit_standard', UNIT_NUM = 1")
    cluster.execute("CREATE TENANT late RESOURCE_POOL_LIST = ('p') SET ob_tcp_invited_nodes = '%'")
    session = cluster.session(tenant="late")
    cluster.restore_snapshot("before")
    with pytest.raises(obsim.UsageError, match="killed or closed"):
        session.query("SELECT 1")


def test_faults_come_back_with_their_counts(cluster):
    cluster.fault('error=OB_EAGAIN statement="MINOR FREEZE" times=1')
    cluster.snapshot("a")
    for _ in range(2):
        with pytest.raises(obsim.ServerError):
            cluster.execute("ALTER SYSTEM MINOR FREEZE")
        cluster.execute("ALTER SYSTEM MINOR FREEZE")
        cluster.restore_snapshot("a")


def test_a_fork_takes_snapshots_and_journal_along(cluster):
    cluster.snapshot("a")
    fork = cluster.fork()
    back_up(fork)
    assert (count(fork), count(cluster)) == (4, 2)
    fork.restore_snapshot("a")
    assert count(fork) == 2
    fork.journal.expect("BACKUP DATABASE", times=1)
    fork.reset()
    assert count(fork) == 0


def test_kept_answers_are_not_given_on_another_timeline():
    with obsim.Server(scenario="three-tenants") as server, pymysql.connect(**server.connect_args()) as connection:
        cursor = connection.cursor()

        def ask():
            cursor.execute(SETS)
            return cursor.fetchall()[0][0]

        cursor.execute("CALL obsim.snapshot('empty')")
        assert [ask(), ask()] == [0, 0]
        cursor.execute("ALTER SYSTEM BACKUP DATABASE")
        cursor.execute("CALL obsim.run_until_idle()")
        assert [ask(), ask()] == [2, 2]
        cursor.execute("CALL obsim.restore_snapshot('empty')")
        assert [ask(), ask()] == [0, 0]
        fork = server.cluster.fork()
        fork.execute("ALTER SYSTEM BACKUP DATABASE")
        fork.run_until_idle()
        assert [fork.query(SETS)[0][0], ask()] == [2, 0]
