"""What was done at destinations is not done again: how it ended is in the journal."""

import shutil
import time
from concurrent.futures import Future

import pytest

import obsim
from obsim.api import open_kept
from obsim.destination_io.reach import Reach
from obsim.journal.directory import DataDirectory
from obsim.journal.export import replayed
from obsim.journal.fsck import check_directory
from obsim.journal.keeper import Keeper
from obsim.journal.replay import Differs, view_digests
from obsim.journal.secrets import Secrets
from obsim.journal.store import Store, StoreFailed
from tests.journal.conftest import export_of
from tests.journal.test_recovery import leave
from tests.lives import back_up_and_follow, running


def lived(cluster, root):
    """A set and an increment, a setting that is refused, a tenant that is restored and follows."""
    run = running(cluster)
    run("ALTER SYSTEM NOARCHIVELOG")
    run(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
    with pytest.raises(obsim.ServerError, match="does not match"):
        run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{root}/data'")
    run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{root}/arch'")
    back_up_and_follow(cluster, root)
    cluster.advance(minutes=9)


def gone(root):
    for path in list(root.iterdir()):
        shutil.rmtree(path)


def test_a_life_is_replayed_without_its_destinations(tmp_path):
    cluster = obsim.Cluster(seed=5, file_root=tmp_path, record=True)
    lived(cluster, tmp_path)
    export = export_of(cluster.recorded())
    kinds = {record.kind for record in export.records}
    assert {"outcome", "rest"} < kinds
    gone(tmp_path)
    again = replayed(export, Secrets())
    assert obsim.Cluster._over(again).views_bytes() == cluster.views_bytes()
    assert again.state.tenant_named("back") is not None
    assert list(tmp_path.iterdir()) == []


def refused(cluster, root):
    """A backup whose archive cannot be written any more, looked at now and then, and what comes of it."""
    for text in (
        "ALTER SYSTEM NOARCHIVELOG", f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{root}/arch'",
        f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", "ALTER SYSTEM SET archive_lag_target = '1s'",
        "ALTER SYSTEM ARCHIVELOG",
    ):  # fmt: skip
        cluster.execute(text, tenant="mysql_tenant")
        cluster.run_until_idle()
    cluster.advance(minutes=1)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.advance(seconds=3)
    shutil.move(root / "arch", root / "elsewhere")
    (root / "arch").write_text("")
    for _ in range(3):
        cluster.advance(seconds=2)
        cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_ARCHIVELOG")
    cluster.run_until_idle()
    (root / "arch").unlink()
    shutil.move(root / "elsewhere", root / "arch")
    for state in ("DEFER", "ENABLE"):
        cluster.execute(f"ALTER SYSTEM SET log_archive_dest_state = '{state}'", tenant="mysql_tenant")
        cluster.run_until_idle()
    cluster.advance(minutes=1)


def test_what_a_medium_refused_is_refused_again(tmp_path):
    cluster = obsim.Cluster(seed=5, file_root=tmp_path, record=True)
    refused(cluster, tmp_path)
    past = "SELECT RESULT FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY"
    assert [tuple(row) for row in cluster.query(past, tenant="mysql_tenant")] == [(-9027,)]
    gone(tmp_path)
    again = replayed(export_of(cluster.recorded()), Secrets())
    assert obsim.Cluster._over(again).views_bytes() == cluster.views_bytes()


def test_a_kept_cluster_remembers_what_was_refused(tmp_path):
    root, folder = tmp_path / "root", tmp_path / "d"
    root.mkdir()
    kept = open_kept(folder, clock="manual", seed=5, file_root=root, background=True)
    refused(obsim.Cluster._over(kept.host), root)
    kept.keeper.sync()
    before = view_digests(kept.host)
    leave(kept)
    kept = open_kept(folder)
    assert view_digests(kept.host) == before
    kept.keeper.close()


@pytest.mark.parametrize("killed", [False, True])
def test_what_others_say_meanwhile_does_not_take_an_outcome_away(tmp_path, killed):
    root, folder = tmp_path / "root", tmp_path / "d"
    root.mkdir()
    kept = open_kept(folder, clock="manual", seed=5, file_root=root, background=True)
    host = kept.host
    run = obsim.Cluster._over(host).execute
    run("CALL obsim.fault('error=OB_EAGAIN statement=\"SET NAMES\" times=1')")
    run("ALTER SYSTEM NOARCHIVELOG", tenant="mysql_tenant")
    asks = host.open("root", host.state.tenant_named("mysql_tenant"))
    other = host.open("root", host.state.tenant_named("sys"))
    waiting = asks.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
    assert kept.keeper.recorder.in_question
    with pytest.raises(obsim.ServerError) as refused:
        other.execute_alone("SET NAMES utf8mb4")
    assert refused.value.name == "OB_EAGAIN"
    other.execute_alone("SET GLOBAL TRANSACTION READ WRITE")
    if killed:
        waiting.cancel()
        with pytest.raises(obsim.ServerError, match="interrupted"):
            waiting.step(lambda: True)
        run("ALTER SYSTEM SET data_backup_dest = ''", tenant="mysql_tenant")
    else:
        waiting.run()
    kept.keeper.sync()
    kinds = [record.kind for record in kept.keeper._store.records()]
    assert kinds[2:] == ["meet", "globals", "outcome", *["forgotten"] * killed, "execute"]
    kept.keeper.close()
    assert check_directory(DataDirectory(folder)).wrong == []


def test_a_directory_is_free_once_nothing_is_done_at_a_destination_any_more(tmp_path, monkeypatch):
    root, folder = tmp_path / "root", tmp_path / "d"
    root.mkdir()
    kept = open_kept(folder, clock="manual", seed=5, file_root=root, background=True)
    really, found = Reach._carried_out, []

    def carried_out(reach, intent):
        time.sleep(0.2)
        other = DataDirectory(folder)
        try:
            other.take()
        except obsim.UsageError:
            found.append("in use")
        else:
            other.release()
            found.append("free")
        return really(reach, intent)

    monkeypatch.setattr(Reach, "_carried_out", carried_out)
    asks = kept.host.open("root", kept.host.state.tenant_named("mysql_tenant"))
    waiting = asks.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
    waiting.cancel()
    with pytest.raises(obsim.ServerError, match="interrupted"):
        waiting.step(lambda: True)
    kept.keeper.close()
    assert found == ["in use"]
    assert [record.kind for record in Store(folder / "journal.db", readonly=True).records()] == ["outcome", "forgotten"]
    assert check_directory(DataDirectory(folder)).wrong == []


@pytest.fixture
def after_kill(tmp_path):
    """Opens a cluster with real destinations in one directory; the one before was killed."""
    root, opened = tmp_path / "root", []
    root.mkdir()

    def open_again(**options):
        for kept in opened:
            leave(kept)
        kept = open_kept(tmp_path / "d", seed=5, file_root=root, background=True, **options)
        opened[:] = [kept]
        return kept, obsim.Cluster._over(kept.host), root

    yield open_again
    leave(opened[0])
    assert check_directory(DataDirectory(tmp_path / "d")).wrong == []


def kinds(kept):
    return [record.kind for record in kept.keeper._store.records()]


def test_killed_before_a_statement_came_again_its_outcome_is_not_the_next_ones(after_kill):
    kept, _, root = after_kill(clock="manual")
    asks = kept.host.open("root", kept.host.state.tenant_named("mysql_tenant"))
    asks.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
    kept.host.state.outside.wait()
    kept.keeper.sync()
    assert kinds(kept) == ["outcome"]
    kept, cluster, _ = after_kill()
    with pytest.raises(obsim.ServerError) as refused:  # what it has made there is not known of
        cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", tenant="mysql_tenant")
    assert refused.value.errno == 9081
    kept.keeper.sync()
    assert kinds(kept) == ["outcome", "opened", "outcome", "execute"]
    kept, _, _ = after_kill()
    assert kinds(kept) == ["outcome", "opened", "outcome", "execute", "opened"]


def test_what_was_done_outside_while_it_was_opened_is_noted(after_kill):
    kept, cluster, root = after_kill(clock="manual")
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", tenant="mysql_tenant")
    kept.host.open("root", kept.host.state.sys).execute(f"CALL obsim.empty_destination('file://{root}/data')")
    kept.keeper.show()
    before = kept.keeper.take()
    kept.keeper.write(before)
    assert kept.host.state.outside.blocked
    assert kinds(kept) == ["outcome", "execute", "rest", "call"]
    for opened in (1, 2):
        kept, _, _ = after_kill()
        assert kinds(kept) == ["outcome", "execute", "rest", "call", "outcome", *["opened"] * opened]


def test_what_was_backed_up_while_it_was_opened_is_noted(after_kill):
    real_ns = [10**18]
    kept, cluster, root = after_kill(clock="wall", start_time="2024-01-01", real_ns=lambda: real_ns[0])
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    kept.keeper.sync()
    real_ns[0] += 3_600_000_000_000
    kept, cluster, _ = after_kill(catch_up=True, real_ns=lambda: real_ns[0])
    status = "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY"
    assert cluster.query(status) == [("COMPLETED",)]
    kept, cluster, _ = after_kill()
    assert cluster.query(status) == [("COMPLETED",)]


def refuse_once(kept, monkeypatch):
    """The disk takes nothing of what is to be written now."""

    def commit(_store, _batch):
        raise StoreFailed("no room", full=True)

    with monkeypatch.context() as full:
        full.setattr(Store, "commit", commit)
        with pytest.raises(obsim.ServerError, match="out of disk space"):
            kept.keeper.sync()


def test_when_the_disk_refused_what_came_before_an_outcome_is_not_the_next_ones(after_kill, monkeypatch):
    kept, cluster, root = after_kill(clock="manual")
    asks = kept.host.open("root", kept.host.state.tenant_named("mysql_tenant"))
    asks.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
    kept.host.state.outside.wait()
    kept.keeper.sync()
    kept.host.open("root", kept.host.state.tenant_named("sys")).execute_alone("SET GLOBAL TRANSACTION READ WRITE")
    refuse_once(kept, monkeypatch)
    with pytest.raises(obsim.ServerError, match="9081"):
        cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", tenant="mysql_tenant")
    kept.keeper.sync()
    assert kinds(kept) == ["outcome", "forgotten", "outcome", "execute"]
    after_kill()


def test_what_was_under_way_outside_when_the_disk_refused_is_done_once_more(after_kill, monkeypatch):
    kept, cluster, root = after_kill(clock="manual")
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", tenant="mysql_tenant")
    kept.keeper.sync()
    kept.host.open("root", kept.host.state.sys).execute(f"CALL obsim.empty_destination('file://{root}/data')")

    refuse_once(kept, monkeypatch)
    cluster.execute("ALTER SYSTEM MINOR FREEZE")
    kept.keeper.sync()
    assert [record.number for record in kept.keeper._store.records()] == [1, 2, 3, 4]
    assert kinds(kept) == ["outcome", "execute", "forgotten", "execute"]
    after_kill()


def end_outside_not_on_disk(kept, cluster, root):
    """What a record has ordered outside has ended, and how is still to be written."""
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", tenant="mysql_tenant")
    kept.host.open("root", kept.host.state.sys).execute(f"CALL obsim.empty_destination('file://{root}/data')")
    kept.keeper.show()
    work = kept.keeper.take()
    kept.keeper.write(work)
    kept.keeper.done(work)
    kept.host.state.outside.wait()


def test_what_came_before_is_noted_before_what_is_forgotten(after_kill, monkeypatch):
    kept, cluster, root = after_kill(clock="manual")
    end_outside_not_on_disk(kept, cluster, root)
    asks = kept.host.open("root", kept.host.state.tenant_named("mysql_tenant"))
    asks.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/other'")
    refuse_once(kept, monkeypatch)
    assert kept.keeper.kept == kept.keeper.added - 2  # nobody is told of it before it is on disk
    kept.keeper.sync()
    assert kinds(kept) == ["outcome", "execute", "rest", "call", "outcome", "forgotten"]
    after_kill()


def test_refused_behind_an_outcome_a_statement_is_asked_anew(after_kill, monkeypatch):
    kept, cluster, root = after_kill(clock="manual")
    wanted = f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'"
    asked = kept.host.open("root", kept.host.state.tenant_named("mysql_tenant")).execute(wanted)
    kept.host.state.outside.wait()
    kept.keeper.sync()
    asked.run()
    refuse_once(kept, monkeypatch)
    shutil.rmtree(root / "data")
    (root / "data").write_text("a file, no directory")
    with pytest.raises(obsim.ServerError, match="no I/O operation permission"):
        cluster.execute(wanted, tenant="mysql_tenant")
    kept.keeper.sync()
    assert kinds(kept) == ["outcome", "forgotten", "rest", "outcome", "execute"]
    after_kill()


def test_while_the_disk_refuses_nothing_is_done_outside_again_and_again(after_kill, monkeypatch):
    kept, cluster, root = after_kill(clock="manual")
    end_outside_not_on_disk(kept, cluster, root)
    refuse_once(kept, monkeypatch)
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / "mine").write_text("")
    for _ in range(3):
        refuse_once(kept, monkeypatch)
    assert (root / "data" / "mine").exists()
    kept.keeper.sync()
    assert kinds(kept) == ["outcome", "execute", "rest", "call", "outcome", "forgotten"]


def test_who_is_interrupted_waits_for_what_has_begun(tmp_path, monkeypatch):
    carried_out = Reach._carried_out
    monkeypatch.setattr(Reach, "_carried_out", lambda reach, intent: (time.sleep(0.05), carried_out(reach, intent))[1])
    root = tmp_path / "root"
    root.mkdir()
    interrupted = []

    def result(future, timeout=None):
        if not interrupted:
            interrupted.append(future)
            raise KeyboardInterrupt
        return waited(future, timeout)

    with obsim.Cluster(seed=5, file_root=root, data_dir=tmp_path / "d") as cluster:
        cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'", tenant="mysql_tenant")
        cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
        waited = Future.result
        monkeypatch.setattr(Future, "result", result)
        with pytest.raises(KeyboardInterrupt):
            cluster.run_until_idle()
    assert interrupted[0].done()
    assert check_directory(DataDirectory(tmp_path / "d")).wrong == []
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        cluster.run_until_idle()
        assert cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY") == [("COMPLETED",)]


def test_what_a_cluster_in_process_has_made_a_server_reaches_in_the_background(tmp_path):
    root, folder = tmp_path / "root", tmp_path / "d"
    root.mkdir()
    with obsim.Cluster(seed=5, file_root=root, data_dir=folder) as cluster:
        lived(cluster, root)
    with obsim.Server(data_dir=folder) as server:
        assert server.cluster.state.outside.in_background


def test_without_an_outcome_it_stops_there(tmp_path):
    cluster = obsim.Cluster(seed=5, file_root=tmp_path, record=True)
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'", tenant="mysql_tenant")
    lines = cluster.recorded().splitlines()
    export = export_of("\n".join(line for line in lines if '"kind":"outcome"' not in line))
    with pytest.raises(Differs, match=r"the journal does not say how it ended: SetDestination file://.*/data"):
        replayed(export, Secrets())


@pytest.mark.parametrize("background", [False, True])
def test_a_kept_cluster_goes_on_with_its_destinations(tmp_path, background):
    root, folder = tmp_path / "root", tmp_path / "d"
    root.mkdir()
    kept = open_kept(folder, clock="manual", seed=5, file_root=root, background=background)
    cluster = obsim.Cluster._over(kept.host)
    lived(cluster, root)
    kept.keeper.sync()
    before = view_digests(kept.host)
    leave(kept)
    files = sorted(path.relative_to(root) for path in root.rglob("*"))
    kept = open_kept(folder)
    assert view_digests(kept.host) == before
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == files
    again = obsim.Cluster._over(kept.host)
    again.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE", tenant="mysql_tenant")
    again.run_until_idle()
    assert len(sorted(path.relative_to(root) for path in root.rglob("*"))) > len(files)
    kept.keeper.close()
    assert isinstance(kept.keeper, Keeper)
    gone(root)
    assert check_directory(DataDirectory(folder)).wrong == []


def test_what_a_fork_does_is_no_part_of_it(tmp_path):
    cluster = obsim.Cluster(seed=5, file_root=tmp_path, record=True)
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'", tenant="mysql_tenant")
    before = len(export_of(cluster.recorded()).records)
    other = cluster.fork()
    other.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    other.run_until_idle()
    assert len(export_of(cluster.recorded()).records) == before
    replayed(export_of(cluster.recorded()), Secrets())
