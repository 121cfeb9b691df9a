"""The table of invariants, and that its checks see what they are there for."""

from dataclasses import replace

import pytest

from obsim.testing.invariants import INVARIANTS, InvariantBroken, check_invariants, violations
from obsim.testing.observation import Observation, SetSeen
from obsim.testing.trial import Trial
from obsim.versions import IncrementalBase

NUMBERED = [*map(str, range(1, 18)), "18", "18b", "19", "20", "21", "22", "24", "25", "25b", "26", "27", "27b"]


def test_every_number_is_in_the_table():
    assert list(INVARIANTS) == [*NUMBERED, "P", "S1", "S1b", "S2", "S6"]


def test_names_are_those_of_the_checks():
    assert INVARIANTS["9"].name == "increment_copies_what_the_base_lacks"
    assert len({i.name for i in INVARIANTS.values()}) == len(INVARIANTS)


@pytest.fixture(scope="module")
def seen() -> Observation:
    trial = Trial(base=IncrementalBase.PREVIOUS)
    for table, count in (("t1", 10), ("t2", 5), ("wide", 7)):
        trial.backup_own("mysql_tenant", incremental=True)
        trial.run_until_idle()
        trial.write("mysql_tenant", table, count, "random")
        trial.freeze("mysql_tenant", major=True)
    trial.backup_own("mysql_tenant", incremental=True)
    trial.run_until_idle()
    return trial.seen


def test_a_sound_cluster_breaks_none(seen):
    assert violations(seen, seen) == []


def with_set(seen: Observation, number: int, **changes: object) -> Observation:
    tenant = seen.tenants[1002]
    sets: dict[int, SetSeen] = {**tenant.sets, number: replace(tenant.sets[number], **changes)}
    return replace(seen, tenants={**seen.tenants, 1002: replace(tenant, sets=sets)})


ALTERED = [
    ("1", 1, {"prev_full_id": 1}),
    ("2", 3, {"path": "file:///elsewhere"}),
    ("3", 4, {"prev_inc_id": 2}),
    ("4", 3, {"prev_full_id": 2}),
    ("5", 3, {"prev_inc_id": 3}),
    ("7", 2, {"base_id": 99}),
    ("8", 1, {"copied": frozenset()}),
    ("9", 2, {"copied": frozenset()}),
    ("10", 4, {"base_id": 1}),
    ("11", 2, {"copied": frozenset()}),
    ("15", 2, {"delta_block_count": 5}),
    ("16", 3, {"copied": frozenset()}),
    ("20", 2, {"consistent_scn": 1}),
    ("21", 2, {"min_restore_scn": 1}),
    ("26", 2, {"status": "FAILED"}),
]


@pytest.mark.parametrize(("number", "set_id", "changes"), ALTERED, ids=[row[0] for row in ALTERED])
def test_a_check_sees_an_altered_set(seen, number, set_id, changes):
    altered = with_set(seen, set_id, **changes)
    found = {line.split()[0] for line in INVARIANTS[number].check(altered, None)}
    assert found == {"tenant"}


def test_twice_stored_block_is_seen(seen):
    first, second = seen.tenants[1002].sets[1], seen.tenants[1002].sets[2]
    altered = with_set(seen, 2, copied=second.copied | {min(first.copied)})
    lines = list(INVARIANTS["13"].check(altered, None))
    assert len(lines) == 3  # in the chains of sets 2, 3 and 4
    assert lines[0].startswith("tenant mysql_tenant: the chain of set 2 stores 1 blocks more than once")


def test_a_broken_one_is_raised_with_number_and_name(seen):
    with pytest.raises(InvariantBroken, match="8 full_copies_everything: tenant mysql_tenant: set 1 lacks 165 blocks"):
        check_invariants(with_set(seen, 1, copied=frozenset()))


def test_steps_back_are_seen(seen):
    tenant = seen.tenants[1002]
    earlier = replace(tenant, jobs=tuple(replace(j, status="CANCELED") for j in tenant.jobs))
    before = replace(seen, tenants={**seen.tenants, 1002: earlier})
    lines = list(INVARIANTS["25b"].check(seen, before))
    assert lines[0] == "tenant mysql_tenant: job 1 went from CANCELED to COMPLETED"
    counters = tenant.tasks[0].counters
    fuller = replace(tenant.tasks[0], counters=replace(counters, output_bytes=counters.output_bytes + 1))
    before = replace(seen, tenants={**seen.tenants, 1002: replace(tenant, tasks=(fuller, *tenant.tasks[1:]))})
    assert len(list(INVARIANTS["27b"].check(seen, before))) == 1
