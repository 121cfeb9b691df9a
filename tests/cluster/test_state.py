"""Virtual time, what counts as work, schedules and revisions of the cluster's state."""

from itertools import pairwise

import pytest

from obsim.cluster import Principal
from obsim.errors import UsageError
from obsim.ids import TenantId
from obsim.scheduler.priorities import HA_LOW
from obsim.statements import BackupDatabase

SYS, T1, T2 = 1, 1002, 1004
S = 10**9
BACKUP = "ALTER SYSTEM BACKUP DATABASE"


def test_tenants_in_order_of_id(state):
    assert [(t.tenant_id, t.name, t.kind) for t in state.tenants.values()] == [
        (1, "sys", "SYS"),
        (1001, "META$1002", "META"),
        (1002, "t1", "USER"),
        (1003, "META$1004", "META"),
        (1004, "t2", "USER"),
    ]


def test_time_never_goes_back(state):
    state.advance_to(state.start_ns + 5 * S)
    state.advance_to(state.start_ns + S)
    assert state.now_ns == state.start_ns + 5 * S


def test_slices_come_to_the_same_end(make_state, run):
    whole, sliced = make_state(), make_state()
    for state in (whole, sliced):
        run(state, SYS, BACKUP)
    whole.advance_to(whole.start_ns + 20 * S)
    count = 1
    while not sliced.advance_slice(sliced.start_ns + 20 * S, 3):
        count += 1
    assert count == whole.event_count // 3 + 1
    assert sliced.now_ns == whole.now_ns
    jobs = [[(j.status, j.end_ns) for t in s.tenants.values() for j in t.backup.job_history] for s in (whole, sliced)]
    assert jobs[0] == jobs[1]
    assert len(jobs[0]) == 3


def test_unfinished_names_what_runs(state, run):
    assert state.unfinished() == []
    run(state, T1, BACKUP)
    run(state, T2, "ALTER SYSTEM NOARCHIVELOG")
    assert state.unfinished() == ["backup job 1 of tenant t1 is INIT", "archive round 1 of tenant t2 is STOPPING"]


def test_a_schedule_is_no_work(state):
    who = Principal(TenantId(T1), "root")
    state.schedule(60 * S, who, BackupDatabase())
    assert state.idle()
    state.advance_to(state.start_ns + 200 * S)
    assert [(j.start_ns - state.start_ns) // S for j in state.tenants[T1].backup.job_history] == [60, 120, 180]


def test_a_scheduled_statement_that_is_refused_changes_nothing(state):
    who = Principal(TenantId(T1), "root")
    state.schedule(5 * S, who, BackupDatabase())
    state.advance_to(state.start_ns + 21 * S)
    backup = state.tenants[T1].backup
    assert [(j.start_ns - state.start_ns) // S for j in backup.job_history + backup.jobs] == [5, 15]
    with pytest.raises(UsageError, match="interval above zero"):
        state.schedule(0, who, BackupDatabase())


def test_scores_reach_the_dispatcher_of_their_tenant_alone(state, run):
    limits = lambda: [state.tenants[t].dispatcher.limit(HA_LOW) for t in (SYS, T1, T2)]  # noqa: E731
    assert limits() == [2, 2, 2]
    for sql, expected in (
        ("ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = t1", [2, 10, 2]),
        ("ALTER SYSTEM SET ha_low_thread_score = 1 TENANT = all", [2, 1, 1]),
        ("ALTER SYSTEM SET ha_low_thread_score = 9", [9, 1, 1]),
        ("ALTER SYSTEM SET ha_low_thread_score = 0 TENANT = t2", [9, 1, 2]),
        ("ALTER SYSTEM RESET ha_low_thread_score TENANT = t1", [9, 2, 2]),
    ):
        assert run(state, SYS, sql) == ""
        assert limits() == expected


@pytest.mark.parametrize("value", ["101", "-1", "'abc'", "''", "NULL", "5.0", "'5 '"])
def test_values_that_are_no_score(state, run, value):
    assert run(state, T1, f"ALTER SYSTEM SET ha_low_thread_score = {value}") == "4147 Invalid config"


def test_all_actions_are_checked_before_the_first_is_carried_out(state, run):
    assert (
        run(state, T1, "ALTER SYSTEM SET ha_low_thread_score = 5, ha_mid_thread_score = 101") == "4147 Invalid config"
    )
    assert state.tenants[T1].dispatcher.limit(HA_LOW) == 2


def test_order_of_reset_checks(state, make_state, run):
    assert run(state, T1, "ALTER SYSTEM RESET nosuch TENANT = t1") == "5099 System config unknown"
    assert run(state, T1, "ALTER SYSTEM RESET ha_low_thread_score TENANT = t1") == "1227 Access denied"
    assert run(make_state("4.1.0"), T1, "ALTER SYSTEM RESET ha_low_thread_score").startswith("1064 ")


def test_revision_follows_the_passes_of_a_task(state, run):
    state.advance_to(state.start_ns + 300_000_000)
    run(state, T1, BACKUP)
    seen = []
    for ms in range(4_000, 5_500, 10):
        state.advance_to(state.start_ns + ms * 1_000_000)
        task = state.tenants[T1].backup.tasks[0]
        seen.append((state.revision(("tasks",)), task.counters(state.now_ns)))
    assert all(a[1] == b[1] for a, b in pairwise(seen) if a[0] == b[0])
    assert len({counters.finish_macro_block_count for _, counters in seen}) > 1


def test_revisions_of_two_timelines_never_meet(make_state):
    one, two = make_state(), make_state()
    two.timeline = 2
    one.revisions.touch(*["jobs"] * 1000)
    assert two.revision(("jobs",)) > one.revision(("jobs",))


def test_freeze_versions_grow_even_within_a_moment(state, run):
    storage = state.tenants[T1].storage
    for _ in range(3):
        storage.write("t1", 1, "random", 0)
        assert run(state, T1, "ALTER SYSTEM MAJOR FREEZE") == ""
    versions = [c.version - state.start_ns for c in storage.blocks.compactions]
    assert versions == [-7_200 * S, 0, 1_000, 2_000]
