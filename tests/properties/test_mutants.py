"""Each ordered defect is noticed by the check that is there for it; the engine as it is passes the same campaign."""

import pytest

from obsim.testing.mutants import MUTANTS, killer_of
from obsim.versions import IncrementalBase


@pytest.mark.parametrize("base", IncrementalBase)
def test_sound_engine_survives_the_campaign(base):
    assert killer_of(None, base) is None


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_mutant_is_killed(mutant):
    killer = killer_of(mutant)
    assert killer is not None, f"{mutant.about}: nobody noticed"
    assert mutant.killed_by in killer


def test_defect_is_gone_afterwards():
    mutant = MUTANTS["seam_forgotten"]
    right = mutant.owner.__dict__[mutant.attribute]
    with mutant.planted():
        assert mutant.owner.__dict__[mutant.attribute] is not right
    assert mutant.owner.__dict__[mutant.attribute] is right


def test_there_are_enough():
    assert len(MUTANTS) == 19
