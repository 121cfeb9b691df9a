"""Both ways: each ordered defect is noticed by the check that is there for it, and each check notices a defect.

The engine as it is passes the same tour.
"""

import pytest

from obsim.testing.invariants import INVARIANTS
from obsim.testing.mutants import MUTANTS, Killing, killer_of, observable, survey
from obsim.versions import IncrementalBase


@pytest.fixture(scope="module")
def killings() -> dict[str, Killing]:
    return {name: survey(mutant) for name, mutant in MUTANTS.items()}


@pytest.mark.parametrize("base", IncrementalBase)
def test_sound_engine_survives_the_tour(base):
    assert killer_of(None, base) is None


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_killed(killings, name):
    assert MUTANTS[name].killed_by in killings[name].killers, MUTANTS[name].about


def test_no_mutant_is_killed_by_a_crash_alone(killings):
    assert [name for name, killing in killings.items() if set(killing.killers) <= {"crash"}] == []


@pytest.mark.parametrize("number", [*observable(), "model", "views"])
def test_check_kills_a_mutant(killings, number):
    assert [name for name, killing in killings.items() if number in killing.killers]


def test_defect_is_gone_afterwards():
    mutant = MUTANTS["seam_forgotten"]
    right = mutant.owner.__dict__[mutant.attribute]
    with mutant.planted():
        assert mutant.owner.__dict__[mutant.attribute] is not right
    assert mutant.owner.__dict__[mutant.attribute] is right


def test_there_are_enough():
    assert len(MUTANTS) >= 71
    assert len(observable()) == len(INVARIANTS)
