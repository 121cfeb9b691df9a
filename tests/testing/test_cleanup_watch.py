"""Obsolete runs as an observer tells them: once each, whole, and without what others have done meanwhile."""

import pytest

from obsim.testing.invariants import INVARIANTS
from obsim.testing.simulated import SimulatedDriver
from obsim.testing.simulated_trial import SimulatedTrial

TENANT, TENANT_ID = "mysql_tenant", 1002
MINUTE = 60 * 10**9


@pytest.fixture
def trial():
    """Three full sets, ten minutes apart."""
    made = SimulatedTrial("4.2.5")
    for _ in range(3):
        made.backup_own(TENANT, incremental=False)
        made.run_until_idle()
        made.simulated.advance(10 * MINUTE)
    return made


def cleanups(driver: SimulatedDriver):
    return driver.observe().tenants[TENANT_ID].cleanups


def statuses(sets):
    return {number: s.file_status for number, s in sets.items()}


def test_a_run_that_nobody_saw_is_told_with_what_it_found(trial):
    trial.set_policy(TENANT, "75m")
    driver = trial.simulated
    driver.advance(70 * MINUTE)
    (run,) = cleanups(driver)
    assert statuses(run.sets_before) == {1: "AVAILABLE", 2: "AVAILABLE", 3: "AVAILABLE"}
    assert statuses(run.sets_after) == {1: "DELETED", 2: "AVAILABLE", 3: "AVAILABLE"}
    assert run.expired_ns == driver.state.tenants[TENANT_ID].cleanup.job_history[0].start_ns - 75 * MINUTE
    assert run.pieces_before == run.pieces_after


def test_two_runs_between_two_looks_are_told_apart(trial):
    trial.set_policy(TENANT, "75m")
    driver = trial.simulated
    driver.advance(125 * MINUTE)
    first, second = cleanups(driver)
    assert statuses(first.sets_after) == statuses(second.sets_before) == {1: "DELETED", 2: "AVAILABLE", 3: "AVAILABLE"}
    assert statuses(second.sets_after) == {1: "DELETED", 2: "DELETED", 3: "AVAILABLE"}


def test_it_is_the_same_thing_until_there_is_another_run(trial):
    trial.set_policy(TENANT, "75m")
    driver = trial.simulated
    driver.advance(70 * MINUTE)
    told = cleanups(driver)
    driver.advance(20 * MINUTE)
    assert cleanups(driver) is told


def test_sets_elsewhere_are_no_part_of_it(trial):
    trial.set_dest(TENANT, "file:///data/a")
    trial.backup_own(TENANT, incremental=False)
    trial.run_until_idle()
    trial.set_dest(TENANT, "file:///data/backup/mysql_tenant/data")
    trial.set_policy(TENANT, "1m")
    trial.simulated.advance(70 * MINUTE)
    (run,) = cleanups(trial.simulated)
    assert list(run.sets_before) == [1, 2, 3]


def test_a_base_that_was_broken_before_is_not_the_clean_ups_fault(trial):
    trial.backup_own(TENANT, incremental=True)
    trial.run_until_idle()
    trial.simulated.break_set(TENANT, 3)
    trial.set_policy(TENANT, "1m")
    trial.simulated.advance(70 * MINUTE)
    now = trial.simulated.observe()
    assert statuses(now.tenants[TENANT_ID].cleanups[0].sets_after)[4] == "AVAILABLE"
    assert list(INVARIANTS["28"].check(now)) == []


def test_a_broken_clean_point_stays_and_nothing_is_said_of_what_is_left(trial):
    trial.simulated.break_set(TENANT, 3)
    trial.set_policy(TENANT, "1m")
    trial.simulated.advance(70 * MINUTE)
    now = trial.simulated.observe()
    (run,) = now.tenants[TENANT_ID].cleanups
    assert statuses(run.sets_after) == {1: "DELETED", 2: "DELETED", 3: "BROKEN"}
    assert [line for number in ("28", "29", "30", "32") for line in INVARIANTS[number].check(now)] == []



def test_an_increment_that_no_restore_reads_may_lose_its_chain():
    """Both initiators at once: the increment is accepted while the full set is at work and builds on the one before."""
    trial = SimulatedTrial("4.2.5")
    trial.backup_own(TENANT, incremental=False)
    trial.run_until_idle()
    trial.backup_own(TENANT, incremental=False)
    trial.backup_from_sys((TENANT,), incremental=True)
    trial.run_until_idle()
    assert [s.prev_full_id for s in trial.seen.tenants[TENANT_ID].sets.values()] == [0, 0, 1]
    trial.set_policy(TENANT, "1m")
    trial.simulated.advance(70 * MINUTE)
    now = trial.simulated.observe()
    (run,) = now.tenants[TENANT_ID].cleanups
    assert statuses(run.sets_after) == {1: "DELETED", 2: "AVAILABLE", 3: "AVAILABLE"}
    assert [number for number in ("28", "29", "30", "32") if list(INVARIANTS[number].check(now))] == []
