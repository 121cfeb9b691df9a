"""Random histories at destinations: what a second process reads is what the views show, and no crash costs more than
the set that runs.

OBSIM_EXAMPLES sets the number of runs of the long form (marker `full`).
"""

import os
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from obsim.destination_io.files import FileRoot
from obsim.inspection import inspect_destinations
from obsim.testing.destination_trial import DestinationBroken, DestinationTrial, destination_tour
from obsim.testing.media import Media
from obsim.testing.mutants import MUTANTS, OWN_TOURS
from obsim.versions import PROFILES, IncrementalBase

LONG = int(os.environ.get("OBSIM_EXAMPLES", "500"))
SHORT = settings(
    max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
WRITES = ("random", "append", "clustered")
BACKUPS = ("DATABASE", "INCREMENTAL DATABASE", "DATABASE PLUS ARCHIVELOG", "INCREMENTAL DATABASE PLUS ARCHIVELOG")
STAGES = ("BACKUP_SYS_META", "BACKUP_USER_META", "BACKUP_DATA_MINOR", "BACKUP_DATA_MAJOR", "BACKUP_LOG")


def calls(name, *arguments):
    return st.tuples(st.just(name), *arguments)


ACTIONS = st.one_of(
    calls("write", st.integers(1, 4), st.sampled_from(WRITES)),
    calls("freeze", st.sampled_from(["MAJOR", "MINOR"])),
    calls("backup", st.sampled_from(BACKUPS)),
    calls("backup", st.sampled_from(BACKUPS)),
    calls("encrypted_backup", st.sampled_from(BACKUPS)),
    calls("begin_backup", st.sampled_from(BACKUPS), st.floats(0.5, 12)),
    calls("cancel_backup"),
    calls("failing_backup", st.sampled_from(STAGES), st.sampled_from([-9082, -4012, -4016])),
    calls("refused_backup", st.integers(0, 9), st.sampled_from([-9082, -9070, -9071])),
    calls("set_policy", st.sampled_from(["1d", "2d"])),
    calls("drop_policy"),
    calls("clean_up"),
    calls("change_data_path", st.integers(1, 2)),
    calls("change_log_path", st.integers(1, 2)),
    calls("gap"),
    calls("advance", st.floats(1, 90)),
    calls("advance_hours", st.sampled_from([1, 7, 26, 50])),
)
HISTORIES = st.lists(ACTIONS, min_size=4, max_size=16)


def lived(history, seed=0, version="4.2.5", base=IncrementalBase.PREVIOUS, media=None) -> DestinationTrial:
    """Every action is followed by a comparison of the media with the views."""
    trial = DestinationTrial(seed, version, base, media or Media())
    trial.backup("DATABASE")
    for name, *arguments in history:
        getattr(trial, name)(*arguments)
    return trial


@SHORT
@given(HISTORIES, st.integers(0, 3))
def test_a_second_process_reads_what_the_views_show(history, seed):
    lived(history, seed).restore_all(1)


@settings(SHORT, max_examples=8)
@given(HISTORIES, st.integers(1, 5), st.integers(0, 3))
def test_a_crash_at_any_write_costs_the_running_set_at_most(history, every, seed):
    trial = lived(history, seed)
    assert trial.crash(every, restores=1) == sum(map(len, trial.media.changes)) // every


class OnFiles(Media):
    """Media whose destinations are directories, too."""

    def store(self, place):
        noted, real = super().store(place), FileRoot("/").store(place.location)
        return Both(noted, real) if self.reaches(place) else noted


class Both:
    """Two stores that are written alike; what is read comes from the second."""

    def __init__(self, noted, real) -> None:
        self.noted, self.real = noted, real
        self.read, self.names, self.walk, self.empty = real.read, real.names, real.walk, real.empty

    def write(self, files):
        self.noted.write(files)
        self.real.write(files)

    def remove(self, names):
        names = list(names)
        self.noted.remove(names)
        self.real.remove(names)


@settings(SHORT, max_examples=4)
@given(HISTORIES)
def test_directories_are_what_the_views_show(history):
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        trial = lived(history, media=OnFiles(f"file://{directory}/"))
        last = trial.looks[-1]
        for path, store in trial.media.stores.items():
            real = FileRoot(directory).store(path.removeprefix("file://"))
            assert dict(real.walk("", 1 << 26)) == store.files
            report = inspect_destinations([path])
            if not last.unsure:
                assert not report.damaged
            statuses = {row["BACKUP_SET_ID"]: row["STATUS"] for row in report.sets if row["STATUS"]}
            shown = {
                row["BACKUP_SET_ID"]: row["STATUS"]
                for row in last.rows["sets"]
                if row["PATH"] == path and row["STATUS"] != "DOING" and not row["FILE_STATUS"].startswith("DELET")
            }
            assert {n: status for n, status in statuses.items() if n not in last.unsure} == {
                n: status for n, status in shown.items() if n not in last.unsure
            }


@pytest.mark.parametrize("version", PROFILES)
def test_tour_of_each_version(version):
    trial = DestinationTrial(version=version, base=PROFILES[version].incremental_base)
    destination_tour(trial)
    statuses = [(row["STATUS"], row["FILE_STATUS"]) for row in trial.looks[-1].rows["sets"]]
    begun = 1 if version == "4.0.0" else 2  # which does not know PLUS ARCHIVELOG
    assert statuses == [("SUCCESS", "DELETED")] * begun + [("FAILED", "DELETED")] * 2 + [
        ("SUCCESS", "DELETED"), ("SUCCESS", "AVAILABLE"), ("SUCCESS", "AVAILABLE"),
    ]  # fmt: skip
    assert trial.media.refused_count == 0


@pytest.mark.full
@pytest.mark.parametrize("version", PROFILES)
@pytest.mark.parametrize("base", IncrementalBase)
def test_for_long(version, base):
    @settings(SHORT, max_examples=LONG, derandomize=False)
    @given(HISTORIES, st.integers(1, 5), st.integers(0, 1 << 20))
    def run(history, every, seed):
        trial = lived(history, seed, version, base)
        trial.restore_all(1)
        trial.crash(every, restores=1)

    run()


@pytest.mark.parametrize("name", ["row_before_data", "row_goes_last", "stale_checkpoint", "other_turn"])
def test_random_histories_kill(name):
    @settings(SHORT, max_examples=40, phases=[Phase.generate])
    @given(HISTORIES)
    def run(history):
        lived(history).crash(every=3)

    with MUTANTS[name].planted(), pytest.raises(DestinationBroken):
        run()


def test_there_are_enough():
    assert "destination" in OWN_TOURS
    assert len([name for name, mutant in MUTANTS.items() if mutant.killed_by == "destination"]) >= 20
