"""What was acknowledged is there again, whenever a process ends and however far the disk had got."""

import os
import shutil
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import obsim
from obsim.api import open_kept
from obsim.clock import WallClock
from obsim.errors import ServerError, UsageError
from obsim.journal import keeper as keeping
from obsim.journal.directory import DataDirectory
from obsim.journal.fsck import check_directory
from obsim.journal.replay import view_digests
from obsim.journal.store import StoreFailed
from tests.journal.conftest import live
from tests.whole import STEPS, play

EXAMPLES = int(os.environ.get("OBSIM_EXAMPLES", "2"))
PLAIN = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
MANUAL = {"scenario": "campaign", "seed": 3, "clock": "manual"}


class Steps(obsim.Cluster):
    """A kept cluster, synced behind everything it is asked, that notes what its views came to at each record."""

    @classmethod
    def of(cls, kept):
        made = cls._over(kept.host)
        made.keeper, made.seen = kept.keeper, {}
        return made

    def look(self):
        self.keeper.sync()
        self.seen[self.keeper.recorder.last_number] = view_digests(self.host)

    def execute(self, sql, tenant="sys", user=None):
        try:
            return super().execute(sql, tenant, user)
        finally:
            self.look()

    def advance(self, **span):
        super().advance(**span)
        self.look()


def leave(kept):
    """Let a directory go as a process does that is killed: nothing is written any more."""
    kept.keeper._store._file.close()
    kept.keeper._directory.release()


def cut(source: Path, target: Path, number: int) -> None:
    """A copy of a directory whose last record is the one of that number."""
    shutil.copytree(source, target)
    file = apsw.Connection(str(target / "journal.db"))
    for sql in ("DELETE FROM record WHERE number > ?", "DELETE FROM checkpoint WHERE number > ?"):
        list(file.execute(sql, (number,)))
    list(file.execute("DELETE FROM meta WHERE name = 'lease'"))
    file.close()


@PLAIN
@given(steps=STEPS, points=st.lists(st.integers(0, 10_000), min_size=2, max_size=3), every=st.sampled_from([3, 1000]))
def test_cut_at_any_record_it_is_as_it_was_there(tmp_path_factory, monkeypatch, steps, points, every):
    monkeypatch.setattr(keeping, "CHECKPOINT_RECORDS", every)
    monkeypatch.setattr(keeping, "RECORD_CHARACTERS", 1_000_000)
    folder = tmp_path_factory.mktemp("kept")
    kept = open_kept(folder / "whole", **MANUAL)
    cluster = Steps.of(kept)
    cluster.look()
    monkeypatch.setattr(kept.keeper, "show", lambda show=kept.keeper.show: (kept.keeper.rest(), show()))
    play(cluster, steps)
    leave(kept)
    for point in points:
        number = sorted(cluster.seen)[point % len(cluster.seen)]
        target = folder / f"cut-{number}"
        if not target.exists():
            cut(folder / "whole", target, number)
            again = open_kept(target, **MANUAL)
            assert view_digests(again.host) == cluster.seen[number]
            leave(again)
    assert check_directory(DataDirectory(folder / "whole")).wrong == []


def test_every_kind_of_input_is_there_again(tmp_path):
    kept = open_kept(tmp_path / "d", clock="manual", seed=7)
    cluster = obsim.Cluster._over(kept.host)
    live(cluster)
    kept.keeper.sync()
    expected = cluster.views_bytes()
    leave(kept)
    for _ in range(2):  # from the records alone, and from the checkpoint
        kept = open_kept(tmp_path / "d")
        again = obsim.Cluster._over(kept.host)
        assert again.views_bytes() == expected
        kept.keeper.close()
    kept = open_kept(tmp_path / "d")
    again = obsim.Cluster._over(kept.host)
    for one in (cluster, again):
        one.restore_snapshot("a")
        one.advance(hours=5)
    assert view_digests(again.host) == view_digests(cluster.host)
    for one in (cluster, again):
        one.reset()
        one.advance(hours=1)
    assert view_digests(again.host) == view_digests(cluster.host)
    kept.keeper.close()
    report = check_directory(DataDirectory(tmp_path / "d"))
    assert (report.wrong, report.timeline) == ([], 4)


def test_passwords_are_there_again_and_nowhere_in_plain(tmp_path):
    marker = "s3cretMARKER"
    store = f"host=h.example&access_id=id&access_key={marker}"
    kept = open_kept(tmp_path / "d", clock="manual")
    cluster = obsim.Cluster._over(kept.host)
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 's3://b/data?{store}' TENANT = mysql_tenant")
    with cluster.session(tenant="mysql_tenant") as session:
        session.execute(f"SET ENCRYPTION ON IDENTIFIED BY '{marker}' ONLY")
        session.execute("ALTER SYSTEM BACKUP DATABASE")
        session.execute(f"CREATE USER u IDENTIFIED BY '{marker}'")
    users = cluster.state.tenants[1002].users
    for closed in (False, True, False):
        kept.keeper.sync()
        files = {path.name: path.read_bytes() for path in (tmp_path / "d").iterdir()}
        assert {path.stat().st_mode & 0o077 for path in (tmp_path / "d").iterdir()} == {0}
        kept.keeper.close() if closed else leave(kept)
        assert {name for name, data in files.items() if marker.encode() in data} == {"secrets"}
        assert files["secrets"].count(marker.encode()) == 1, "the key of the object store alone"
        kept = open_kept(tmp_path / "d")
        again = kept.host.state.tenants[1002]
        assert again.users["u"].password_sha1 == users["u"].password_sha1 != b""
        assert again.destinations[-1].uri.option("access_key") == marker
    leave(kept)


# The clock.


class Wall:
    """A wall that is moved by hand, and what was shown of it."""

    def __init__(self, folder, **options):
        self.folder, self.counter_ns, self.shown_ns = folder, 0, 0
        self.options = {"clock": "wall", "start_time": "2024-01-01", **options}
        self.open()

    def open(self):
        self.kept = open_kept(self.folder, **self.options)
        self.options = {}
        self.kept.host.clock = WallClock(lambda: self.counter_ns, self.kept.host.state.now_ns)

    def ask(self):
        """An answer leaves: how much was written for it."""
        before = self.kept.keeper.kept
        self.kept.host.settle()
        self.kept.keeper.sync()
        now_ns = self.kept.host.state.now_ns
        lease = self.kept.keeper._store.lease
        assert lease.until_ns >= now_ns
        assert now_ns >= self.shown_ns, "time never goes back"
        self.shown_ns = now_ns
        return self.kept.keeper.kept - before


@PLAIN
@given(st.lists(st.one_of(st.integers(1, 3_000_000_000), st.sampled_from(["kill", "end"])), max_size=25))
def test_time_that_was_shown_never_comes_again(tmp_path_factory, steps):
    wall = Wall(tmp_path_factory.mktemp("wall") / "d")
    for step in steps:
        if isinstance(step, int):
            wall.counter_ns += step
            wall.ask()
        else:
            before_ns = wall.kept.host.state.now_ns
            leave(wall.kept) if step == "kill" else wall.kept.keeper.close()
            wall.open()
            after_ns = wall.kept.host.state.now_ns
            assert after_ns >= wall.shown_ns
            if step != "kill":
                assert after_ns == before_ns, "who ends by himself goes on where he was"
    leave(wall.kept)


def test_the_lease_reaches_a_second_ahead_and_is_seldom_written(tmp_path):
    wall = Wall(tmp_path / "d")
    written = 0
    for _ in range(100):
        wall.counter_ns += 100_000_000
        written += wall.ask()
    assert 9 <= written <= 11, "ten seconds have gone by"
    leave(wall.kept)
    before_ns = wall.shown_ns
    wall.open()
    assert before_ns < wall.kept.host.state.now_ns <= before_ns + 1_000_000_000
    leave(wall.kept)


def test_the_lease_of_a_clock_that_stands_is_written_once_a_second(tmp_path):
    real_ns = [10**18]
    kept = open_kept(tmp_path / "d", clock="manual", real_ns=lambda: real_ns[0])
    cluster, leases = obsim.Cluster._over(kept.host), []
    for step in range(25):
        real_ns[0] += 100_000_001
        if step == 10:
            cluster.advance(seconds=1)
        cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 3 TENANT = mysql_tenant")
        kept.keeper.show()
        work = kept.keeper.take()
        leases.append(work.batch.lease)
        kept.keeper.write(work)
        kept.keeper.done(work)
    assert [step for step, lease in enumerate(leases) if lease is not None] == [0, 10, 20]
    assert kept.keeper._store.lease.until_ns == kept.host.state.now_ns
    leave(kept)


def test_a_big_checkpoint_is_written_more_rarely(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "CHECKPOINT_RECORDS", 10)
    monkeypatch.setattr(keeping, "RECORD_CHARACTERS", 1_000)
    kept = open_kept(tmp_path / "d", clock="manual")
    keeper, cluster, made = kept.keeper, obsim.Cluster._over(kept.host), []
    for _ in range(90):
        cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 3 TENANT = mysql_tenant")
        keeper.rest()
        keeper.sync()
        found = keeper._store.checkpoints()[:1]
        made += [(c.number, len(c.body["state"])) for c in found if c.number not in dict(made)]
    (first, first_length), (second, _) = made
    assert first == 10
    assert second - first == first_length // keeping.RECORD_CHARACTERS > 10
    leave(kept)


def work(kept, count):
    """So many records, each on disk at once."""
    cluster = obsim.Cluster._over(kept.host)
    for _ in range(count):
        cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 3 TENANT = mysql_tenant")
        kept.keeper.rest()
        kept.keeper.sync()


def test_a_cluster_that_is_always_killed_early_gets_its_checkpoint_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "CHECKPOINT_RECORDS", 10)
    found = []
    for _ in range(5):
        kept = open_kept(tmp_path / "d", clock="manual")
        work(kept, 4)
        found.append([checkpoint.number for checkpoint in kept.keeper._store.checkpoints()])
        leave(kept)
    assert found[:2] == [[], []]
    assert [numbers[0] for numbers in found[2:]] == [11, 11, 21]


def test_a_checkpoint_that_cannot_be_made_is_tried_again_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "CHECKPOINT_RECORDS", 10)
    monkeypatch.setattr(keeping, "RECORD_CHARACTERS", 1_000)
    kept = open_kept(tmp_path / "d", clock="manual")
    work(kept, 10)
    (first,) = kept.keeper._store.checkpoints()
    due, tried = first.number + len(first.body["state"]) // 1_000, []
    assert due - first.number > 15

    class Impossible:
        def of(self, _host):
            tried.append(kept.keeper.recorder.last_number)

    monkeypatch.setattr(kept.keeper, "_checkpoints", Impossible())
    work(kept, due + 10)
    assert tried == [due, due + 10, due + 20]
    leave(kept)


def test_an_answer_beyond_the_lease_would_be_noticed(tmp_path, monkeypatch):
    wall = Wall(tmp_path / "d")
    monkeypatch.setattr(wall.kept.keeper, "show", lambda: None)
    wall.counter_ns += 5_000_000_000
    with pytest.raises(AssertionError):
        wall.ask()


def test_catching_up_counts_the_time_between(tmp_path):
    real_ns = [10**18]
    folder = DataDirectory(tmp_path / "d")
    first = open_kept(folder.path, clock="wall", start_time="2024-01-01", speed=2.0, real_ns=lambda: real_ns[0])
    first.keeper.close()
    at_ns = first.host.state.now_ns
    real_ns[0] += 60_000_000_000
    second = open_kept(folder.path, catch_up=True, real_ns=lambda: real_ns[0])
    assert second.host.state.now_ns - at_ns == 120_000_000_000
    second.keeper.close()
    real_ns[0] += 60_000_000_000
    third = open_kept(folder.path, real_ns=lambda: real_ns[0])
    assert third.host.state.now_ns == second.host.state.now_ns
    leave(third)


@pytest.mark.parametrize("clock", ["step", "autojump"])
def test_reads_that_move_the_clock_are_kept(tmp_path, clock):
    kept = open_kept(tmp_path / "d", clock=clock)
    cluster = obsim.Cluster._over(kept.host)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    with cluster.session() as session:
        for _ in range(6):
            session.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS")
    kept.keeper.sync()
    at_ns, events = cluster.state.now_ns, cluster.state.event_count
    leave(kept)
    again = open_kept(tmp_path / "d")
    assert (again.host.clock.name, again.host.state.now_ns, again.host.state.event_count) == (clock, at_ns, events)
    leave(again)


# Directories.


def test_one_process_at_a_time(tmp_path):
    kept = open_kept(tmp_path / "d")
    with pytest.raises(UsageError, match="is in use by this process: close the cluster"):
        open_kept(tmp_path / "d")
    kept.keeper.close()
    open_kept(tmp_path / "d").keeper.close()


def test_a_child_that_was_forked_does_not_keep_the_directory(tmp_path):
    directory = DataDirectory(tmp_path / "d")
    directory.take()
    inherited = os.dup(directory._lock)  # the same open file, as a child has it
    directory.release()
    directory.take()
    directory.release()
    os.close(inherited)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": 8}, "made with seed 7: leave --seed out"),
        ({"scenario": "blank"}, "made with scenario three-tenants: leave --scenario out"),
        ({"version": "4.3.3"}, "made with version 4.2.1: leave --ob-version out"),
        ({"strict_incremental": True}, "made with strict incremental unset: leave --strict-incremental out"),
        ({"start_time": "2025-01-01"}, "made with start time .*: leave --start-time out"),
        ({"file_root": "/"}, "made with file root unset: leave --file-root out"),
    ],
)
def test_how_a_cluster_was_made_stays(tmp_path, given, message):
    open_kept(tmp_path / "d", seed=7, start_time="2024-01-01").keeper.close()
    with pytest.raises(UsageError, match=message):
        open_kept(tmp_path / "d", **given)
    kept = open_kept(tmp_path / "d", clock="manual", version="4.2.1.0", seed=7)
    assert kept.host.clock.name == "manual"
    kept.keeper.close()


def pragma(path, text):
    file = apsw.Connection(str(path))
    list(file.execute(f"PRAGMA {text}"))
    file.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("user_version = 2", "is of format 2, this obsim reads up to 1: use the obsim that wrote it, or a newer one"),
        ("user_version = 0", "is of format 0, which no released obsim wrote: take an empty directory"),
        ("application_id = 7", "is no journal of obsim: take another directory"),
    ],
)
def test_other_formats_are_refused(tmp_path, change, message):
    open_kept(tmp_path / "d").keeper.close()
    pragma(tmp_path / "d" / "journal.db", change)
    with pytest.raises(UsageError, match=message):
        open_kept(tmp_path / "d")


def test_a_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot use the data directory .*/file/d: Not a directory"):
        open_kept(tmp_path / "file" / "d")


def test_what_is_damaged_is_refused(tmp_path):
    kept = open_kept(tmp_path / "d", clock="manual")
    obsim.Cluster._over(kept.host).execute("ALTER SYSTEM BACKUP DATABASE")
    kept.keeper.sync()
    leave(kept)
    file = apsw.Connection(str(tmp_path / "d" / "journal.db"))
    list(file.execute("UPDATE record SET answer = 'ok 1' WHERE number = 1"))
    file.close()
    with pytest.raises(UsageError, match=r"the journal is damaged: .*record 1 is not as it was written; `obsim fsck"):
        open_kept(tmp_path / "d")
    DataDirectory(tmp_path / "d").journal.write_bytes(b"nothing" * 1000)
    with pytest.raises(UsageError, match="the journal is damaged: "):
        open_kept(tmp_path / "d")


# The disk.


def limit(keeper, pages):
    """Let the journal's file have no more than so many pages; 0 for no limit."""
    list(keeper._store._file.execute(f"PRAGMA max_page_count = {pages or 1 << 30}"))


def test_a_full_disk_refuses_and_loses_nothing(tmp_path):
    kept = open_kept(tmp_path / "d", clock="manual")
    session = obsim.Cluster._over(kept.host).session(tenant="mysql_tenant")
    session.execute("CREATE USER kept1")
    kept.keeper.sync()
    before = view_digests(kept.host)
    limit(kept.keeper, 1)
    session.execute(f"ALTER SYSTEM BACKUP DATABASE DESCRIPTION '{'x' * 4000}'")
    with pytest.raises(ServerError) as refused:
        kept.keeper.sync()
    assert (refused.value.errno, refused.value.message) == (4184, "Server out of disk space")
    assert view_digests(kept.host) == before, "as if it had never been"
    probe = kept.keeper._store.probe
    kept.keeper._store.probe = nothing_fits
    for _ in range(2):
        with pytest.raises(ServerError, match="4184"):
            session.execute("CREATE USER lost IDENTIFIED BY 'pw'")
    assert view_digests(kept.host) == before
    kept.keeper._store.probe = probe
    limit(kept.keeper, 0)
    session.execute("CREATE USER kept2 IDENTIFIED BY 'pw'")
    kept.keeper.sync()
    leave(kept)
    again = open_kept(tmp_path / "d")
    assert {"kept1", "kept2"} <= set(again.host.state.tenants[1002].users)
    assert again.host.state.tenants[1002].users["kept2"].password_sha1
    again.keeper.close()
    assert check_directory(DataDirectory(tmp_path / "d")).wrong == []


def nothing_fits():
    raise StoreFailed("FullError: database or disk is full", full=True)
