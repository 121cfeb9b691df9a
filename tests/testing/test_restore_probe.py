"""What a probe of a restore sees of a sound cluster, and that it notices each thing that may be wrong."""

from dataclasses import replace
from itertools import pairwise

import pytest

from obsim.catalog import restore_views
from obsim.testing import restore_probe
from obsim.testing.modelled import ModelledTrial
from obsim.testing.mutants import MUTANTS
from obsim.testing.restore_probe import RestoreBroken

TENANT = "mysql_tenant"
PLACES = 4 * 70
"""Numbers of a probe that take it to all moments of these trials once."""


def trial_with_a_chain() -> ModelledTrial:
    """A full set that holds log itself, an increment, changes between and after them, a gap, another archive."""
    trial = ModelledTrial("4.2.5")
    trial.backup_own(TENANT, incremental=False, plus_archivelog=True)
    trial.run_until_idle()
    trial.write(TENANT, "t1", 3, "random")
    trial.freeze(TENANT, major=True)
    trial.write(TENANT, "t1", 1, "random")
    trial.backup_own(TENANT, incremental=True)
    trial.run_until_idle()
    trial.write(TENANT, "t2", 2, "clustered")
    trial.advance(200_000)
    for enabled in (False, True):
        trial.set_archive(TENANT, enabled=enabled)
        trial.run_until_idle()
    trial.write(TENANT, "t2", 2, "append")
    trial.advance(200_000)
    trial.set_archive_dest(TENANT, 1)
    return trial


def probe_all(trial: ModelledTrial, numbers: range = range(PLACES)) -> None:
    for number in numbers:
        trial.try_restore(TENANT, number)


def test_every_situation_comes_about_without_a_violation():
    trial = trial_with_a_chain()
    probe_all(trial, range(0, 2 * PLACES, 3))
    counts = trial.sometimes.counts
    assert {name: counts[name] > 0 for name in counts if name.startswith(("restore", "recover"))} == {
        "restored": True, "restore refused": True, "restored from an increment": True,
        "restored with changes from the log": True, "restored without an archive": True,
        "restored from a former archive": True,
        "restored beside an unusable set": False, "restored after a clean-up": False,
        "recovered further": True, "recovery comes to a gap": True,
    }  # fmt: skip


def test_nothing_of_it_happens_to_the_cluster_itself():
    trial = trial_with_a_chain()
    before, names = trial.driver.observe(), set(trial.simulated.state.resources.pools)
    probe_all(trial, range(8))
    assert trial.driver.observe() == replace(before, now_ns=trial.simulated.state.now_ns)
    assert set(trial.simulated.state.resources.pools) == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("last_change_left_out", "the new tenant has other"), ("first_change_missed", "the new tenant has other"),
        ("dirty_forgotten", "the new tenant has other dirty marks"), ("increments_forgotten", "reads sets .1,. and"),
        ("gap_ignored", "answers 0, to be read is None"),
    ],
)  # fmt: skip
def test_a_wrong_restore_is_noticed(name, text):
    trial = trial_with_a_chain()
    with MUTANTS[name].planted(), pytest.raises(RestoreBroken, match=text):
        probe_all(trial)


def test_a_wrong_model_is_noticed():
    trial = trial_with_a_chain()
    past = trial.model.named(TENANT).past
    past[-2] = replace(past[-2], memory=past[0].memory)
    with pytest.raises(RestoreBroken, match="the new tenant has other memory than its source had"):
        probe_all(trial)


@pytest.mark.parametrize(("steps", "text"), [(1, "said to be restorable"), (-1, "said not to be restorable")])
def test_a_window_that_ends_elsewhere_is_noticed(monkeypatch, steps, text):
    trial = trial_with_a_chain()
    monkeypatch.setattr(restore_probe, "restorable_windows", lambda *args: shifted(args, steps))
    with pytest.raises(RestoreBroken, match=text):
        probe_all(trial)


def shifted(args, steps):
    """The rows of the view with the edges of restorable windows a moment off."""
    rows = [list(row) for row in restore_views.restorable_windows(*args)]
    for row, following in pairwise(rows):
        if row[0] == following[0] and row[5]:
            row[3], following[1] = row[3] + steps, following[1] + steps
    return list(map(tuple, rows))


def test_a_refusal_without_reason_is_noticed(monkeypatch):
    trial = trial_with_a_chain()
    monkeypatch.setattr("obsim.cluster.restore_commands.find_plan", refuse)
    with pytest.raises(RestoreBroken, match="answers 4018, to be read is"):
        probe_all(trial)


def refuse(*_args):
    from obsim.errors import error  # noqa: PLC0415

    raise error("OB_ENTRY_NOT_EXIST")
