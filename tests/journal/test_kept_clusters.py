"""A cluster of a Python process that is kept in a directory: `data_dir` of obsim.Cluster and obsim.Server."""

import os
import threading
from datetime import timedelta

import pymysql
import pytest

import obsim
from obsim.journal.directory import DataDirectory
from obsim.journal.fsck import check_directory
from obsim.journal.store import Store, StoreFailed
from tests.journal.test_recovery import leave

JOBS = "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY"
BACKUP = "ALTER SYSTEM BACKUP INCREMENTAL DATABASE"
OWN = {"obsim.statements"}
"""What begins anew with each process."""


class Kept:
    """What `leave` asks of."""

    def __init__(self, cluster):
        self.keeper = cluster._keeper


def seen(cluster):
    return {name: rows for name, rows in cluster.views().items() if name not in OWN}


CALLS = {
    "reset": lambda c: c.reset(),
    "execute": lambda c: c.execute(BACKUP),
    "in a session": lambda c: c.session(tenant="mysql_tenant").execute("SET GLOBAL ob_query_timeout = 12345678"),
    "advance": lambda c: c.advance(seconds=7),
    "run_until_idle": lambda c: c.run_until_idle(),
    "advance_to": lambda c: c.advance_to("2024-01-01 02:00:00"),
    "run_until": lambda c: c.run_until("SELECT NOW() > '2024-01-01 03:00:00'"),
    "write": lambda c: c.write("mysql_tenant", "t1", 5),
    "change_blocks": lambda c: c.change_blocks("mysql_tenant", [1, 2, 3]),
    "schedule": lambda c: c.schedule(timedelta(hours=1), "ALTER SYSTEM MINOR FREEZE", "mysql_tenant"),
    "fault": lambda c: c.fault("error=9082 stage=BACKUP_DATA_MAJOR times=1"),
    "clear_faults": lambda c: c.clear_faults(),
    "snapshot": lambda c: c.snapshot("before"),
    "restore_snapshot": lambda c: c.restore_snapshot("before"),
}


def test_what_a_call_has_changed_is_on_disk_when_it_returns(tmp_path):
    cluster = obsim.Cluster(seed=7, data_dir=tmp_path / "d")
    for number, call in enumerate(CALLS.values()):
        before = cluster._keeper.recorder.last_number
        call(cluster)
        keeper = cluster._keeper
        assert keeper.recorder.last_number > before, number
        assert keeper.kept == keeper.added, number
    expected = seen(cluster)
    leave(Kept(cluster))
    with obsim.Cluster(data_dir=tmp_path / "d") as again:
        assert seen(again) == expected


def test_closed_and_opened_it_is_the_same_cluster(tmp_path):
    with obsim.Cluster("long-chain", version="4.2.5", data_dir=tmp_path / "d") as cluster:
        cluster.execute(BACKUP, tenant="shop")
        cluster.advance(seconds=3)  # in the middle of it
        expected, now_ns = seen(cluster), cluster.now_ns
        assert expected["oceanbase.CDB_OB_BACKUP_JOBS"]
    assert check_directory(DataDirectory(tmp_path / "d")).wrong == []
    with obsim.Cluster(data_dir=tmp_path / "d") as again:
        assert (seen(again), again.now_ns) == (expected, now_ns)
        assert again.state.profile.version.parts[:3] == (4, 2, 5)
        again.run_until_idle()
        assert [row[0] for row in again.query(JOBS, tenant="sys")][-1] == "COMPLETED"


def test_a_directory_goes_from_a_cluster_to_a_server_and_back(tmp_path):
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        cluster.execute("ALTER SYSTEM BACKUP DATABASE")
        expected = seen(cluster)
    with obsim.Server(data_dir=tmp_path / "d") as server:
        assert seen(server.cluster) == expected
        with pymysql.connect(**server.connect_args()) as connection:
            connection.cursor().execute("CALL obsim.run_until_idle()")
        server.cluster.write("mysql_tenant", "t1", 9)
        server.cluster.close()  # it ends with its server
        expected = seen(server.cluster)
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        assert seen(cluster) == expected
        assert [row[0] for row in cluster.query(JOBS)] == ["COMPLETED"] * 3


def test_one_at_a_time_in_a_process_too(tmp_path):
    in_use = "in use by this process: close the cluster or stop the server that has it, or take another directory"
    with obsim.Cluster(data_dir=tmp_path / "d"):
        with pytest.raises(obsim.UsageError, match=in_use):
            obsim.Cluster(data_dir=tmp_path / "d")
        with pytest.raises(obsim.UsageError, match=in_use):
            obsim.Server(data_dir=tmp_path / "d").start()
    with obsim.Server(data_dir=tmp_path / "d") as server:
        with pytest.raises(obsim.UsageError, match=in_use):
            obsim.Cluster(data_dir=tmp_path / "d")
        with pytest.raises(obsim.UsageError, match="cannot listen on"):
            obsim.Server(data_dir=tmp_path / "e", port=server.port).start()
    obsim.Cluster(data_dir=tmp_path / "d").close()
    obsim.Cluster(data_dir=tmp_path / "e").close()


def test_what_is_refused(tmp_path):
    with pytest.raises(obsim.UsageError, match="catch_up goes with data_dir"):
        obsim.Cluster(catch_up=True)
    with pytest.raises(obsim.UsageError, match="obsim record DIR"):
        obsim.Cluster(data_dir=tmp_path / "d", record=True)
    cluster = obsim.Cluster(data_dir=tmp_path / "d", strict_incremental=True)
    cluster.close()
    cluster.close()
    for call in (*CALLS.values(), lambda c: c.now, lambda c: c.fork(), lambda c: c.journal, lambda c: c.dump()):
        with pytest.raises(obsim.UsageError, match="this cluster was closed: make it again with its data_dir"):
            call(cluster)
    with pytest.raises(obsim.UsageError, match="made with seed 0: leave seed out, or take another directory"):
        obsim.Cluster(data_dir=tmp_path / "d", seed=8)
    (tmp_path / "file").touch()
    with pytest.raises(obsim.UsageError, match="cannot use the data directory"):
        obsim.Cluster(data_dir=tmp_path / "file")


def test_another_thread_touches_no_journal(tmp_path, monkeypatch):
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        touched, refusals = [], []
        monkeypatch.setattr(cluster._keeper, "rest", lambda: touched.append("rest"))

        def use():
            for call in CALLS.values():
                with pytest.raises(obsim.UsageError, match="belongs to the thread that made it") as refused:
                    call(cluster)
                refusals.append(refused.value)

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert (len(refusals), touched) == (len(CALLS), [])


def test_a_session_may_be_closed_after_its_cluster(tmp_path):
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        session = cluster.session()
    session.close()
    with pytest.raises(obsim.UsageError, match="this cluster was closed"):
        session.execute("SELECT 1")


def test_a_child_that_was_forked_neither_writes_nor_unlocks(tmp_path):
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        cluster.write("mysql_tenant", "t1", 9)
        before = (tmp_path / "d" / "journal.db-wal").read_bytes()
        child = os.fork()
        if not child:
            try:
                cluster.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert (tmp_path / "d" / "journal.db-wal").read_bytes() == before
        with pytest.raises(obsim.UsageError, match="is in use by this process"):
            obsim.Cluster(data_dir=tmp_path / "d")
        expected = seen(cluster)
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        assert seen(cluster) == expected


def test_a_cluster_in_memory_has_nothing_to_close():
    with obsim.Cluster("blank") as cluster:
        pass
    assert cluster.query("SELECT 1") == [(1,)]


def test_what_goes_its_own_way_is_in_memory(tmp_path):
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        other = cluster.fork()
        other.write("mysql_tenant", "t1", 9)
        expected = seen(cluster)
        assert seen(other) != expected
    other.advance(hours=1)
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        assert seen(cluster) == expected


def refusing(monkeypatch):
    def commit(_store, _batch):
        raise StoreFailed("no room", full=True)

    monkeypatch.setattr(Store, "commit", commit)


def test_after_what_is_on_disk_could_not_be_had_again_nothing_is_written(tmp_path, monkeypatch):
    def away():
        raise RuntimeError("the disk is away")

    cluster = obsim.Cluster(data_dir=tmp_path / "d")
    CALLS["execute"](cluster)
    expected = len(list(cluster._keeper._store.records()))
    cluster._keeper.again = away
    with monkeypatch.context() as full:
        refusing(full)
        with pytest.raises(RuntimeError, match="the disk is away"):
            CALLS["write"](cluster)
    for name in ("advance", "write", "run_until_idle"):
        with pytest.raises(obsim.ServerError) as refused:
            CALLS[name](cluster)
        assert refused.value.errno == 4009
    assert len(list(cluster._keeper._store.records())) == expected
    cluster.close()
    assert check_directory(DataDirectory(tmp_path / "d")).wrong == []
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        CALLS["write"](cluster)


@pytest.mark.parametrize("kind", [obsim.Cluster, obsim.Server])
def test_a_disk_that_is_full_is_told_and_nothing_is_half_done(tmp_path, monkeypatch, kind):
    with kind(data_dir=tmp_path / "d") as opened:
        cluster = opened.cluster if kind is obsim.Server else opened
        expected = seen(cluster)
        with monkeypatch.context() as full:
            refusing(full)
            for call in (CALLS["write"], CALLS["execute"]):
                with pytest.raises(obsim.ServerError) as refused:
                    call(cluster)
                assert refused.value.errno == 4184
        assert seen(cluster) == expected
        CALLS["write"](cluster)
        expected = seen(cluster)
    with obsim.Cluster(data_dir=tmp_path / "d") as cluster:
        assert seen(cluster) == expected
