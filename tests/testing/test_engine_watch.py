"""What an observer asks a live tenant's engine: plans of restores, and shares of CPU."""

from dataclasses import replace

import pytest

from obsim.testing.invariants import INVARIANTS
from obsim.testing.naive_restore import chosen_pieces
from obsim.testing.observation import PieceSeen
from obsim.testing.simulated_trial import SimulatedTrial
from obsim.versions import IncrementalBase

TENANT, TENANT_ID = "mysql_tenant", 1002


@pytest.fixture
def trial():
    """A full set and an increment."""
    made = SimulatedTrial("4.2.5", IncrementalBase.PREVIOUS)
    for incremental in (False, True):
        made.backup_own(TENANT, incremental=incremental)
        made.run_until_idle()
        made.advance(200_000)  # for the log to be archived
    return made


def seen(trial):
    return trial.simulated.observe().tenants[TENANT_ID]


def test_plans_reach_from_just_before_a_set_to_its_moment(trial):
    first, second = (s.min_restore_scn for s in seen(trial).sets.values())
    made = {p.target_scn: (p.backup_set_ids, p.piece_ids) for p in seen(trial).plans}
    assert made[first - 1] == ((), ())
    assert made[first] == ((1,), (1,))
    assert made[second - 1] == ((1,), (1,))
    assert made[second] == ((1, 2), (1,))


def test_plans_are_made_anew_when_sets_or_pieces_change(trial):
    before = seen(trial).plans
    trial.simulated.advance(10**9)
    assert seen(trial).plans is before
    trial.simulated.break_set(TENANT, 1)
    assert {p.backup_set_ids for p in seen(trial).plans} == {()}
    trial.set_dest(TENANT, "file:///nothing/here/yet")
    assert seen(trial).plans == ()


def test_a_wrong_plan_is_noticed(trial):
    now = trial.simulated.observe()
    tenant = now.tenants[TENANT_ID]
    last = tenant.plans[-1]
    wrong = replace(last, backup_set_ids=(2,))
    altered = replace(now, tenants={TENANT_ID: replace(tenant, plans=(*tenant.plans[:-1], wrong))})
    (line,) = INVARIANTS["31"].check(altered)
    assert line.endswith(f"reads (2,) and {last.piece_ids}, expected ({last.backup_set_ids}, {last.piece_ids})")


def test_shares_are_seen_while_merges_of_two_priorities_want_more_than_there_is():
    trial = SimulatedTrial("4.2.5", IncrementalBase.PREVIOUS)
    for table, count in (("t1", 30), ("t2", 40), ("wide", 60)):
        trial.write(TENANT, table, count, "clustered")
    trial.freeze(TENANT, major=True)
    trial.write(TENANT, "t1", 30, "clustered")
    trial.freeze(TENANT, major=False)
    trial.advance(100)
    before, high_before = trial.seen, service(trial.seen)
    assert set(high_before) == {"PRIO_COMPACTION_HIGH", "PRIO_COMPACTION_LOW"}
    trial.advance(20)
    rates = {name: (s.served_ns - high_before[name].served_ns) / s.weight for name, s in service(trial.seen).items()}
    assert rates["PRIO_COMPACTION_HIGH"] == pytest.approx(rates["PRIO_COMPACTION_LOW"], abs=2)
    assert 0 < rates["PRIO_COMPACTION_HIGH"] < 20_000_000
    tenant = trial.seen.tenants[TENANT_ID]
    greedy = tuple(replace(s, served_ns=s.served_ns + 100 * (s.name == "PRIO_COMPACTION_LOW")) for s in tenant.service)
    altered = replace(trial.seen, tenants={TENANT_ID: replace(tenant, service=greedy)})
    assert len(list(INVARIANTS["F"].check(altered, before))) == 1
    trial.run_until_idle()
    assert service(trial.seen) == {}
    assert trial.seen.tenants[TENANT_ID].service == trial.simulated.observe().tenants[TENANT_ID].service


def service(observation):
    return {s.name: s for s in observation.tenants[TENANT_ID].service if s.backlogged_since_ns >= 0}


def piece(number):
    return PieceSeen(1, number, 10 * number, 10 * number + 10, 10 * number + 9, "FROZEN", "AVAILABLE")


def test_log_beyond_the_target_does_not_matter():
    assert chosen_pieces([piece(1), piece(2), piece(9)], 10, 29) == (1, 2)
    assert chosen_pieces([piece(1), piece(9)], 10, 29) == ()
