"""The kept inputs again, and mutations of them: the short form of `tests/fuzz/guided.py`, without atheris.

OBSIM_FUZZ_MUTATIONS sets how many mutations of each target, OBSIM_FUZZ_SEED which.
"""

import logging
import os

import pytest

from obsim.server import packets
from obsim.statements import CancelBackup
from tests.fuzz.corpus import mutations, read_corpus
from tests.fuzz.targets import TARGETS, DefectError

COUNT = int(os.environ.get("OBSIM_FUZZ_MUTATIONS", "600"))
SEED = int(os.environ.get("OBSIM_FUZZ_SEED", "1"))


@pytest.fixture(autouse=True)
def quiet():
    """The targets let the log raise; other tests want theirs."""
    handlers = logging.getLogger("obsim").handlers
    kept = handlers[:]
    yield
    handlers[:] = kept


def run_all(name):
    inputs = read_corpus(name)
    for data in (*inputs, *mutations(inputs, 300, 1)):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_kept_and_what_comes_of_it(name):
    inputs = read_corpus(name)
    assert len(inputs) > 50
    for data in (*inputs, *mutations(inputs, COUNT, SEED)):
        try:
            TARGETS[name](data)
        except BaseException as failure:
            failure.add_note(f"input: {data!r}")
            raise


def test_mutations_depend_on_the_seed_alone():
    inputs = read_corpus("packets")
    assert list(mutations(inputs, 50, 3)) == list(mutations(inputs, 50, 3)) != list(mutations(inputs, 50, 4))


def test_a_defect_of_packets_is_seen(monkeypatch):
    monkeypatch.setattr(packets, "MalformedError", ValueError)
    with pytest.raises(DefectError, match="unexpected ValueError"):
        run_all("packets")


def test_a_defect_of_statements_is_seen(monkeypatch):
    monkeypatch.setattr(CancelBackup, "sql", lambda self: "ALTER SYSTEM CANCEL BACKUP TENANT = other")
    with pytest.raises(AssertionError, match="CANCEL BACKUP TENANT = other"):
        run_all("statements")
