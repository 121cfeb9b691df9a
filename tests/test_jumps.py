"""Clocks that move by what is asked: run_until, advance_to, and the clock `autojump`."""

import gc

import pymysql
import pytest

import obsim
from obsim.cluster.moments import next_change_ns
from obsim.session import pending
from obsim.session.pending import ToTime, rare_collections

JOB = "SELECT STATUS FROM oceanbase.DBA_OB_BACKUP_JOBS"
HISTORY = "SELECT STATUS FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY"
PROGRESS = "SELECT STATUS, FINISH_MACRO_BLOCK_COUNT FROM oceanbase.DBA_OB_BACKUP_TASKS"
DONE = "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_SET_FILES WHERE STATUS = 'SUCCESS'"
START_NS = 1_704_038_400_000_000_000
SECOND_NS = 1_000_000_000


def back_up(cluster, tenant="mysql_tenant"):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=tenant)


# run_until and advance_to.


def test_run_until_stops_at_the_first_moment():
    cluster, other = obsim.Cluster(), obsim.Cluster()
    for one in (cluster, other):
        back_up(one)
    cluster.run_until(DONE)
    assert cluster.query(DONE)[0][0] == 1
    other.advance(ns=cluster.now_ns - START_NS - 1)
    assert other.query(DONE)[0][0] == 0
    other.advance(ns=1)
    assert other.query(DONE)[0][0] == 1


def test_run_until_sees_what_moves_between_two_events():
    cluster = obsim.Cluster()
    back_up(cluster)
    cluster.run_until("SELECT FINISH_MACRO_BLOCK_COUNT > 30 FROM oceanbase.DBA_OB_BACKUP_TASKS", tenant="mysql_tenant")
    row = cluster.query(PROGRESS, tenant="mysql_tenant")[0]
    assert 30 < row["FINISH_MACRO_BLOCK_COUNT"] < 96
    assert (cluster.now_ns - START_NS) % (SECOND_NS // 2) == 0


def test_what_is_true_already_moves_nothing():
    cluster = obsim.Cluster()
    cluster.run_until("SELECT 1")
    assert cluster.now_ns == START_NS


@pytest.mark.parametrize("nothing", ["SELECT NULL", "SELECT 0", "SELECT 1 FROM oceanbase.CDB_OB_BACKUP_JOBS"])
def test_what_never_comes_ends_with_4012(nothing):
    cluster = obsim.Cluster("blank")
    with pytest.raises(obsim.ServerError, match="within 30 virtual days") as refused:
        cluster.run_until(nothing)
    assert refused.value.errno == 4012


def test_over_sql():
    cluster = obsim.Cluster()
    back_up(cluster)
    cluster.execute(f'CALL obsim.run_until("{DONE}")')
    assert cluster.query(DONE)[0][0] == 1
    cluster.execute("CALL obsim.advance_to('2024-01-01 12:00:00')")
    assert str(cluster.now) == "2024-01-01 12:00:00+08:00"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("advance_to('2023-12-31')", "never goes back"), ("advance_to('soon')", "is not a time"),
        ("advance_to(1)", "obsim.advance_to("), ("run_until('ALTER SYSTEM MINOR FREEZE')", "query of run_until"),
        ("run_until(7)", "obsim.run_until("),
    ],
)  # fmt: skip
def test_what_they_refuse(call, message):
    cluster = obsim.Cluster()
    with pytest.raises(obsim.ServerError, match="Incorrect arguments") as refused:
        cluster.execute(f"CALL obsim.{call}")
    assert refused.value.errno == 1210
    assert message in refused.value.message
    assert cluster.now_ns == START_NS


def test_a_server_can_be_told_from_another_thread():
    with obsim.Server(scenario="three-tenants") as server:
        server.cluster.execute("ALTER SYSTEM BACKUP DATABASE")
        server.cluster.run_until(DONE)
        assert server.cluster.query(DONE)[0][0] >= 1


def test_next_change_is_an_event_or_a_pass():
    state = obsim.Cluster("blank").state
    assert next_change_ns(state, ()) == state.next_event_ns
    assert next_change_ns(state, ("time",)) == START_NS + SECOND_NS
    assert next_change_ns(state, ("tenants",)) == START_NS + SECOND_NS // 10


# autojump.


def poll(session, sql, most=300):
    """The different answers, until one stays the same although it was asked again and again."""
    answers = []
    for _ in range(most):
        rows = [tuple(row) for row in session.query(sql)]
        if not answers or rows != answers[-1]:
            answers.append(rows)
    return answers


def test_a_loop_that_polls_ends_without_sleeping():
    cluster = obsim.Cluster(clock="autojump")
    back_up(cluster)
    with cluster.session(tenant="mysql_tenant") as session:
        assert session.query(HISTORY) == []
        assert cluster.now_ns == START_NS
        for _ in range(60):
            if session.query(HISTORY):
                break
        assert [tuple(row) for row in session.query(HISTORY)] == [("COMPLETED",)]


def test_every_state_and_every_pass_can_be_seen():
    cluster = obsim.Cluster(clock="autojump")
    back_up(cluster)
    with cluster.session(tenant="mysql_tenant") as session:
        found = poll(session, PROGRESS, 80)
    stages = list(dict.fromkeys(rows[0][0] for rows in found if rows))
    assert stages == [
        "INIT", "BACKUP_SYS_META", "BACKUP_USER_META", "BACKUP_META_FINISH", "BACKUP_DATA_MINOR", "BACKUP_DATA_MAJOR",
        "BACKUP_LOG", "COMPLETED",
    ]  # fmt: skip
    finished = [rows[0][1] for rows in found if rows]
    assert sorted(set(finished)) == [0, 2, 10, 20, 28, 38, 46, 56, 64, 74, 82, 92, 96]
    assert finished == sorted(finished)


def test_nothing_jumps_while_nothing_is_going_on():
    cluster = obsim.Cluster(clock="autojump")
    with cluster.session(tenant="mysql_tenant") as session:
        for _ in range(5):
            session.query(HISTORY)
    assert cluster.now_ns == START_NS


def test_other_questions_and_other_sessions_do_not_count_as_repeats():
    cluster = obsim.Cluster(clock="autojump")
    back_up(cluster)
    with cluster.session(tenant="mysql_tenant") as one, cluster.session(tenant="mysql_tenant") as two:
        one.query(JOB)
        two.query(JOB)
        one.query(HISTORY)
        one.query("SELECT 1")
        one.query("SELECT 1")
        assert cluster.now_ns == START_NS
        two.query(JOB)
        assert cluster.now_ns > START_NS


def test_so_many_repeats_as_ordered():
    cluster = obsim.Cluster(clock="autojump", autojump_after=3)
    back_up(cluster)
    with cluster.session(tenant="mysql_tenant") as session:
        for _ in range(3):
            session.query(HISTORY)
            assert cluster.now_ns == START_NS
        session.query(HISTORY)
        assert cluster.now_ns > START_NS


def test_over_the_wire_too_where_answers_are_kept_otherwise():
    with obsim.Server(scenario="three-tenants", clock="autojump") as server:
        with pymysql.connect(**server.connect_args("mysql_tenant")) as connection:
            cursor = connection.cursor()
            cursor.execute("ALTER SYSTEM BACKUP DATABASE")
            for _ in range(60):
                if cursor.execute(HISTORY):
                    break
            assert cursor.fetchall() == (("COMPLETED",),)
        assert server.cluster.host.clock.name == "autojump"


def test_wrong_options():
    with pytest.raises(obsim.UsageError, match="one repeat or more"):
        obsim.Cluster(clock="autojump", autojump_after=0)
    with pytest.raises(obsim.UsageError, match="choose wall, manual, autojump or step"):
        obsim.Cluster(clock="fast")


# Collections of garbage.


def test_garbage_is_looked_for_rarely_on_the_way_and_as_usual_afterwards(monkeypatch):
    usual, seen, go = gc.get_threshold(), [], ToTime.go
    monkeypatch.setattr(ToTime, "go", lambda way, events_max: seen.append(gc.get_threshold()) or go(way, events_max))
    obsim.Cluster().advance(hours=1)
    assert set(seen) == {(2_000_000, *usual[1:])}
    assert gc.get_threshold() == usual


def test_ways_that_cross_leave_the_usual_threshold():
    usual = gc.get_threshold()
    first, second = rare_collections(), rare_collections()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (2_000_000, *usual[1:])
    second.__exit__(None, None, None)
    assert gc.get_threshold() == usual
    with pytest.raises(KeyError), rare_collections():
        raise KeyError
    assert gc.get_threshold() == usual


def test_the_first_way_says_how_rarely_garbage_is_looked_for():
    usual = gc.get_threshold()
    with rare_collections(50_000):
        with rare_collections():
            assert gc.get_threshold() == (50_000, *usual[1:])
        assert gc.get_threshold() == (50_000, *usual[1:])
    assert gc.get_threshold() == usual


def is_old(thing):
    return any(one is thing for one in gc.get_objects(generation=2))


def test_what_a_long_way_has_made_counts_as_old_unless_something_is_kept_from_all_looks(monkeypatch):
    monkeypatch.setattr(pending, "_LONG_WAY", 1_000)
    gc.unfreeze()
    gc.collect()
    with rare_collections():
        made = [[] for _ in range(2_000)]
        few = is_old(made)
    assert (few, is_old(made)) == (False, True)
    assert gc.get_freeze_count() < pending._FROZEN_BY_PYTHON_MAX
    gc.freeze()
    gc.collect()
    with rare_collections():
        more = [[] for _ in range(2_000)]
    old = is_old(more)
    gc.unfreeze()
    assert not old
