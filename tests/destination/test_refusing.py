"""Media that refuse what is archived: the round waits or is interrupted as with a fault, and nobody waits for ever."""

import errno
import os
import shutil

import pymysql
import pytest
import urllib3
from moto.server import ThreadedMotoServer

from obsim import Cluster, Server

ROUND = "SELECT STATUS, CHECKPOINT_SCN FROM oceanbase.DBA_OB_ARCHIVELOG"
JOB = "SELECT STATUS, RESULT FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1"
TENANT = "mysql_tenant"


def archiving(cluster, archive, data="file:///memory/data", lag="1s"):
    for text in (
        "ALTER SYSTEM NOARCHIVELOG", f"ALTER SYSTEM SET log_archive_dest = 'LOCATION={archive}'",
        f"ALTER SYSTEM SET data_backup_dest = '{data}'", f"ALTER SYSTEM SET archive_lag_target = '{lag}'",
        "ALTER SYSTEM ARCHIVELOG",
    ):  # fmt: skip
        cluster.execute(text, tenant=TENANT)
        cluster.run_until_idle()
    cluster.advance(minutes=1)


def one(cluster, query):
    (row,) = cluster.query(query, tenant=TENANT)
    return tuple(row)


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(file_root=tmp_path)
    archiving(cluster, f"file://{tmp_path}/arch", f"file://{tmp_path}/data")
    return cluster


def test_a_full_disk_holds_the_checkpoint_until_there_is_room(cluster, monkeypatch):
    before = one(cluster, ROUND)[1]
    real = os.rename

    def full(source, *args, **kwargs):
        if "checkpoint" in source:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(source, *args, **kwargs)

    monkeypatch.setattr(os, "rename", full)
    for _ in range(3):
        cluster.advance(seconds=10)
    status, held = one(cluster, ROUND)
    assert status == "DOING"
    assert before <= held <= before + 10 * 10**9
    monkeypatch.setattr(os, "rename", real)
    cluster.advance(seconds=10)
    assert one(cluster, ROUND) == ("DOING", cluster.state.now_ns)


@pytest.mark.parametrize("harm", ["a file where the directory was", "a root that is gone"])
def test_a_place_that_cannot_be_written_interrupts_the_round_and_a_running_backup_ends_with_9027(
    cluster, tmp_path, harm
):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    cluster.advance(seconds=3)
    if harm == "a root that is gone":
        shutil.move(tmp_path, f"{tmp_path}-gone")
    else:
        shutil.rmtree(tmp_path / "arch")
        (tmp_path / "arch").write_text("")
    cluster.advance(seconds=1)
    assert one(cluster, ROUND)[0] == "INTERRUPTED"
    cluster.run_until_idle()
    assert one(cluster, JOB) == ("FAILED", -9027)


@pytest.fixture
def store():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    assert urllib3.request("PUT", f"http://{host}:{port}/refusing").status == 200
    yield f"{host}:{port}"
    server.stop()


def test_a_bucket_that_is_gone_interrupts_the_round(store):
    place = f"s3://refusing/a?host={store}&access_id=me&access_key=topsecret"
    cluster = Cluster(s3_endpoints=[f"http://{store}"])
    archiving(cluster, place, lag="60s")
    cluster.advance(seconds=57 - cluster.state.now_ns // 10**9 % 60)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    assert urllib3.request("POST", f"http://{store}/moto-api/reset").status == 200
    cluster.advance(seconds=5)
    cluster.run_until_idle()
    assert (one(cluster, ROUND)[0], one(cluster, JOB)) == ("INTERRUPTED", ("FAILED", -9027))


def test_a_server_whose_medium_refuses_answers_still(tmp_path):
    """Its media are reached in the background: what was refused is not asked for again before an answer."""
    with (
        Server(clock="manual", file_root=tmp_path) as server,
        pymysql.connect(**server.connect_args(TENANT), read_timeout=20) as connection,
        connection.cursor() as cursor,
        pymysql.connect(**server.connect_args("sys"), read_timeout=20) as sys_connection,
        sys_connection.cursor() as control,
    ):
        archive = f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{tmp_path}/arch'"
        for text in ("ALTER SYSTEM NOARCHIVELOG", archive, "ALTER SYSTEM ARCHIVELOG"):
            cursor.execute(text)
            control.execute("CALL obsim.advance('10s')")
        control.execute("CALL obsim.advance('5m')")
        shutil.rmtree(tmp_path / "arch")
        (tmp_path / "arch").write_text("")
        for _ in range(3):
            control.execute("CALL obsim.advance('5m')")
            cursor.execute(ROUND)
            assert cursor.fetchall()[0][0] == "INTERRUPTED"
