"""Whatever stops obsim, and whenever: what is at a destination can be read, and at most the running set is lost."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from obsim import Cluster
from obsim.destination import parse_uri
from obsim.destination.intents import RemoveFiles, WriteFiles, carried_out
from obsim.destination.outcome import Outcome
from obsim.destination.store import MemoryStore, StoreFailed
from obsim.destination_io import files
from obsim.inspection import inspect_destinations
from obsim.restore.reading import read_destination

DATA, ARCHIVE = "file:///m/data", "file:///m/arch"


class Recording:
    """A medium that is a dictionary, and every single change of it: (place, name, bytes or None for removed)."""

    background = False

    def __init__(self) -> None:
        self.stores = {DATA: MemoryStore(), ARCHIVE: MemoryStore()}
        self.changes: list[list[tuple[str, str, bytes | None]]] = []
        """By phase: within one the order is not promised."""

    def reaches(self, place):
        return place.path in self.stores

    def allows(self, place):
        return self.reaches(place)

    def perform(self, intent) -> Outcome:
        store = self.stores[intent.place.path]
        if isinstance(intent, WriteFiles):
            self.changes += [[(intent.place.path, name, data) for name, data in phase] for phase in intent.phases]
        elif isinstance(intent, RemoveFiles):
            for name in intent.names:
                below = [n for n in store.files if n == name or (name.endswith("/") and n.startswith(name))]
                self.changes.append([(intent.place.path, gone, None) for gone in sorted(below)])
        else:
            before = dict(store.files)
            outcome = carried_out(intent, lambda _place: store)
            self.changes += [[(intent.place.path, n, d)] for n, d in store.files.items() if n not in before]
            return outcome
        return carried_out(intent, lambda _place: store)

    def outcome(self, *, wait):
        raise AssertionError("nothing is begun here")


def lived() -> Recording:
    """A life with a full set, increments, one that fails, two pieces, and a clean-up."""
    medium = Recording()
    cluster = Cluster()
    cluster.state.outside.attach(medium)

    def run(text):
        cluster.execute(text, tenant="mysql_tenant")

    run("ALTER SYSTEM NOARCHIVELOG")
    cluster.advance(seconds=5)
    run(f"ALTER SYSTEM SET data_backup_dest = '{DATA}'")
    run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION={ARCHIVE}'")
    run("ALTER SYSTEM ARCHIVELOG")
    cluster.advance(minutes=5)
    for words in ("DATABASE", "INCREMENTAL DATABASE", "DATABASE PLUS ARCHIVELOG"):
        cluster.write("mysql_tenant", "t1", 3)
        run(f"ALTER SYSTEM BACKUP {words}")
        cluster.run_until_idle()
        cluster.advance(hours=10)
    cluster.fault("error=9082 stage=BACKUP_DATA_MAJOR times=1")
    run("ALTER SYSTEM BACKUP DATABASE")
    cluster.run_until_idle()
    run("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW = '1d'")
    cluster.advance(days=2)
    return medium


def judge(stores: dict[str, MemoryStore]) -> set[str]:
    """Read both destinations; nothing that is whole may be damaged. Gives the directories that are whole."""
    whole = set()
    for path, store in stores.items():
        if not store.files:
            continue
        found = read_destination(parse_uri(path), store)
        assert found is not None
        for one in found.sets:
            assert not one.damaged, (one.directory, one.broken)
            if not one.broken:
                whole.add(one.directory)
        for piece in found.pieces:
            assert not piece.damaged, (piece.directory, piece.broken)
            if not piece.broken:
                whole.add(piece.directory)
    return whole


def test_stopped_at_every_single_write_and_removal():
    medium = lived()
    stores = {DATA: MemoryStore(), ARCHIVE: MemoryStore()}
    order = Random(7)
    known: set[str] = set()
    stops = 0
    for phase in medium.changes:
        touched = {name.partition("/")[0] for _, name, _ in phase}
        for place, name, data in order.sample(phase, len(phase)):
            if data is None:
                stores[place].files.pop(name, None)
            else:
                stores[place].files[name] = data
            stops += 1
            if stops % 3 == 0 or len(phase) < 3:  # of the many files of a phase every third: they are of one kind
                assert known - touched <= judge(stores)
        known = judge(stores)
    assert stops > 150
    assert {store.files == medium.stores[path].files for path, store in stores.items()} == {True}


def test_rows_before_data_would_be_noticed():
    """The order is what keeps a destination whole: written the other way round it is damaged on the way."""
    medium = lived()
    first_set = [c for phase in medium.changes for c in phase if c[1].startswith("backup_set_1_full/")]
    row = next(change for change in first_set if "single_backup_set_info" in change[1] and change[2] is not None)
    store = MemoryStore({"format.obbak": medium.stores[DATA].files["format.obbak"], row[1]: row[2] or b""})
    with pytest.raises(AssertionError, match="is missing"):
        judge({DATA: store})


class Stopped(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("call", ["rename", "fsync", "mkdir", "open"])
def test_stopped_within_the_file_system(tmp_path, monkeypatch, call):
    """Between any two calls that write a phase, files are there as a whole or not at all."""
    monkeypatch.setattr(files, "_SYNCS_AT_ONCE", 1)
    real = getattr(files.os, call)
    phase = [("a/1", b"one" * 99), ("a/2", b"two" * 99), ("b/3", b"three" * 99)]
    for stop in range(1, 40):
        store, left = files.FileStore(tmp_path, [f"{call}-{stop}"]), stop

        def counted(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                raise Stopped
            return real(*args, **kwargs)

        monkeypatch.setattr(files.os, call, counted)
        try:
            store.write(phase)
            done = True
        except Stopped:
            done = False
        monkeypatch.setattr(files.os, call, real)
        found = {name: store.read(name, 1000) for name, _ in phase}
        assert all(found[name] in {None, data} for name, data in phase)
        if done:
            break
        store.write(phase)  # what was left behind is in nobody's way
        assert all(store.read(name, 1000) == data for name, data in phase)
    else:
        pytest.fail("it never came through")


def test_a_failure_in_the_middle_is_a_code(tmp_path, monkeypatch):
    store = files.FileStore(tmp_path, ["a"])
    monkeypatch.setattr(files.os, "rename", lambda *_a, **_k: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(StoreFailed) as failed:
        store.write([("x", b"")])
    assert failed.value.code == -9082


PATIENCE_S = 30
PROGRAM = """
import sys, obsim, pathlib
root = sys.argv[1]
pathlib.Path(root).mkdir(exist_ok=True)
cluster = obsim.Cluster(file_root=root)
def run(text):
    cluster.execute(text, tenant="mysql_tenant")
run("ALTER SYSTEM NOARCHIVELOG")
cluster.advance(seconds=5)
run(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{root}/arch'")
run("ALTER SYSTEM ARCHIVELOG")
cluster.advance(minutes=5)
for number in range(1, 10_000):
    cluster.write("mysql_tenant", "t1", 3)
    run("ALTER SYSTEM MAJOR FREEZE")
    run("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
    cluster.run_until_idle()
    cluster.advance(hours=5)
    print(number, flush=True)
"""


def unfinished(root: Path) -> bool:
    """Whether a set is being written: it has a directory, and no row yet."""
    return any(not (path / "single_backup_set_info.obbak").exists() for path in root.glob("data/backup_set_*_*"))


def killed(root: Path, random: Random) -> bool:
    """Back up without end, kill it at a random moment while it writes a set, and look at what is there.

    Gives whether a set was left that nobody wrote to the end.
    """
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    time.sleep(random.uniform(0, 1))
    end = time.monotonic() + PATIENCE_S
    while not unfinished(root) and time.monotonic() < end:
        time.sleep(0.0005)
    time.sleep(random.uniform(0, 0.03))
    process.kill()
    written = [1, *map(int, process.stdout.read().split())]
    process.wait()
    process.stdout.close()
    report = inspect_destinations([f"file://{root}/data", f"file://{root}/arch"])
    assert not report.damaged
    whole = [row["BACKUP_SET_ID"] for row in report.sets if row["CHAIN"] == "whole"]
    assert whole[: len(written)] == written
    assert len(report.sets) <= written[-1] + 2
    assert report.windows
    then = report.windows[-1]["LAST_SCN"]
    cluster = Cluster("blank", file_root=root)
    unit = cluster.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
    cluster.execute(f"CREATE RESOURCE POOL p UNIT = '{unit}', UNIT_NUM = 1")
    uris = f"file://{root}/data,file://{root}/arch"
    cluster.execute(f"ALTER SYSTEM RESTORE back FROM '{uris}' UNTIL SCN = {then} WITH 'pool_list=p'")
    cluster.run_until_idle()
    (row,) = cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1")
    assert row["STATUS"] == "SUCCESS"
    return any(row["FILE_STATUS"] == "INCOMPLETE" for row in report.sets)


def test_killed_while_it_writes(tmp_path):
    killed(tmp_path, Random(1))


@pytest.mark.full
@pytest.mark.parametrize("ten", range(10))
def test_killed_a_hundred_times(tmp_path, ten):
    """Ten at a time; by far the most in the middle of a set, the others at its end."""
    left = [killed(tmp_path / str(number), Random(10 * ten + number)) for number in range(10)]
    assert sum(left) >= 5
