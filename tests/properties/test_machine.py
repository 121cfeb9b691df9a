"""Random operations against the naive model, for both base rules and three version profiles.

OBSIM_EXAMPLES sets the number of runs of the long form (marker `full`).
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from obsim.testing.machine import BackupMachine, ClusterMachine, machine_for
from obsim.testing.mutants import MUTANTS, OWN_TOURS
from obsim.versions import IncrementalBase

LONG = int(os.environ.get("OBSIM_EXAMPLES", "2000"))
SHORT = settings(
    max_examples=25, stateful_step_count=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
GLANCE = settings(SHORT, max_examples=4, phases=[Phase.generate])
LAST_FULL, PREVIOUS = IncrementalBase.LAST_FULL, IncrementalBase.PREVIOUS
PROFILES = [("4.0.0", LAST_FULL), ("4.2.1", LAST_FULL), ("4.2.5", PREVIOUS), ("4.3.3", PREVIOUS)]


@pytest.mark.parametrize(("version", "base"), PROFILES[1:3])
def test_machine(version, base):
    run_state_machine_as_test(machine_for(version, base), settings=SHORT)


@pytest.mark.parametrize(("version", "base"), [PROFILES[0], PROFILES[3]])
def test_machine_at_a_glance(version, base):
    """The other two profiles; also all that `.ci/mutation` takes of the machine: it meets each mutant."""
    run_state_machine_as_test(machine_for(version, base), settings=GLANCE)


@pytest.mark.full
@pytest.mark.parametrize(("version", "base"), PROFILES)
def test_machine_for_long(version, base):
    long = settings(SHORT, max_examples=LONG, stateful_step_count=100, derandomize=False)
    run_state_machine_as_test(machine_for(version, base), settings=long)


def test_machine_has_every_operation():
    things = vars(ClusterMachine) | vars(BackupMachine)
    rules = [name for name, thing in things.items() if hasattr(thing, "hypothesis_stateful_rule")]
    assert len(rules) == 41
    assert {"write_append", "backup_by_both", "increment_after_changes", "change_destination"} <= set(rules)
    assert {"set_score", "advance_two_ways", "cancel_own", "set_archive_mode", "reset", "write_rows"} <= set(rules)


def survives(name: str, examples: int) -> bool:
    mutant = MUTANTS[name]
    quick = settings(SHORT, max_examples=examples, phases=[Phase.generate])
    with mutant.planted():
        try:
            run_state_machine_as_test(machine_for("4.2.5", mutant.base), settings=quick)
        except (AssertionError, Flaky, ExceptionGroup, KeyError):
            return False
    return True


@pytest.mark.parametrize("name", ["last_compaction_missed", "seam_forgotten", "delta_dropped", "sets_unnoticed"])
def test_machine_kills(name):
    assert not survives(name, 60)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if mutant.killed_by not in OWN_TOURS])
def test_machine_kills_all(name):
    assert not survives(name, 500)
