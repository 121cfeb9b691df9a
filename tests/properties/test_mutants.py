"""Both ways: each ordered defect is noticed by the check that is there for it, and each check notices a defect.

The engine as it is passes the same tour.
"""

import json
import os
import time
from pathlib import Path

import pytest

from obsim.testing.invariants import INVARIANTS
from obsim.testing.mutants import MUTANTS, OWN_TOURS, Killing, Mutant, killer_of, observable, survey
from obsim.versions import IncrementalBase

PATIENCE_S = 120
ALSO = {"lowering_ignored": {"S5"}, "last_compaction_missed": {"12"}}
"""Checks that no mutant is there for, by the mutant that shows that they can fail."""


@pytest.fixture(scope="module")
def killings(tmp_path_factory) -> dict[str, Killing]:
    """What notices each mutant. Processes of one run share the work: a mutant is the first one's that comes to it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "killings"
    shared.mkdir(exist_ok=True)
    for name, mutant in MUTANTS.items():
        if taken(shared / f"{name}.taken"):
            done = shared / f"{name}.part"
            done.write_text(json.dumps(killers_of(mutant)))
            done.rename(shared / f"{name}.json")
    return {name: Killing(name, found(shared / f"{name}.json", mutant)) for name, mutant in MUTANTS.items()}


def taken(mark: Path) -> bool:
    """Whether nobody had made the mark before."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def found(file: Path, mutant: Mutant) -> dict[str, str]:
    """What another process has found out; if it never does, what is found here."""
    end = time.monotonic() + PATIENCE_S
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return json.loads(file.read_text()) if file.exists() else killers_of(mutant)


def killers_of(mutant: Mutant) -> dict[str, str]:
    """What notices a mutant until those have that must: the rest of the tour says nothing the tests ask for."""
    return survey(mutant, {mutant.killed_by} | ALSO.get(mutant.name, set())).killers


@pytest.mark.parametrize("base", IncrementalBase)
def test_sound_engine_survives_the_tour(base):
    assert killer_of(None, base) is None


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_killed(killings, name):
    assert MUTANTS[name].killed_by in killings[name].killers, MUTANTS[name].about


def test_no_mutant_is_killed_by_a_crash_alone(killings):
    assert [name for name, killing in killings.items() if set(killing.killers) <= {"crash"}] == []


@pytest.mark.parametrize("number", [*observable(), "model", "views", *OWN_TOURS])
def test_check_kills_a_mutant(killings, number):
    assert [name for name, killing in killings.items() if number in killing.killers]


def test_defect_is_gone_afterwards():
    mutant = MUTANTS["seam_forgotten"]
    right = mutant.owner.__dict__[mutant.attribute]
    with mutant.planted():
        assert mutant.owner.__dict__[mutant.attribute] is not right
    assert mutant.owner.__dict__[mutant.attribute] is right


def test_there_are_enough():
    assert len(MUTANTS) >= 115
    assert len(observable()) == len(INVARIANTS)
