"""Clients of a server that keeps its cluster, over the wire."""

import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pymysql
import pytest
from pymysql.constants import CLIENT

from obsim.api import open_kept
from obsim.journal.directory import DataDirectory
from obsim.journal.fsck import check_directory
from obsim.journal.store import StoreFailed
from obsim.server.listener import ListenOptions
from obsim.server.outbox import Outbox
from obsim.server.threaded import ThreadedServer
from tests.journal.test_recovery import leave

PROGRAM = """
import resource
from obsim.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
main()
"""


@contextmanager
def served(folder, listen=ListenOptions(), **options):  # noqa: B008 - it is frozen
    """A server of a directory in a thread, and the cluster it keeps."""
    holder = []

    def build():
        holder.append(open_kept(folder, clock="manual", **options))
        return holder[0].host, holder[0]

    with ThreadedServer(build, listen) as server:
        yield server, holder[0]
    holder[0].keeper.close()


def connected(server, tenant="sys", **more):
    return pymysql.connect(host="127.0.0.1", port=server.port, user=f"root@{tenant}", read_timeout=20, **more)


def names(connection):
    cursor = connection.cursor()
    cursor.execute("SELECT user FROM mysql.user")
    return {name for (name,) in cursor.fetchall()}


class Disk:
    """Stands between a keeper and its disk: writes wait while it is `held`, and fail while it is `full`."""

    def __init__(self, keeper, monkeypatch):
        self.free, self.full, self.writes = threading.Event(), False, 0
        self.free.set()
        self._write = keeper.write
        monkeypatch.setattr(keeper, "write", self.write)
        monkeypatch.setattr(keeper._store, "probe", self.probe)

    def write(self, work):
        assert self.free.wait(20)
        self.writes += 1
        self.probe()
        self._write(work)

    def probe(self):
        if self.full:
            raise StoreFailed("FullError: database or disk is full", full=True)


@pytest.fixture(params=["at once", "aside"])
def kind(request, monkeypatch):
    """How the loop has the journal written."""
    monkeypatch.setattr(Outbox, "at_once", lambda _: request.param == "at once")
    return request.param


def test_a_full_disk_is_told_and_nothing_is_half_done(tmp_path, monkeypatch, kind):
    with served(tmp_path / "d") as (server, kept):
        disk = Disk(kept.keeper, monkeypatch)
        connection, other = connected(server), connected(server)
        cursor = connection.cursor()
        cursor.execute("CREATE USER kept1")
        disk.full = True
        for _ in range(3):
            with pytest.raises(pymysql.err.DatabaseError) as refused:
                cursor.execute("CREATE USER lost1, lost2")
            assert refused.value.args == (4184, "Server out of disk space")
            assert names(other) == {"root", "kept1"}
        disk.full = False
        cursor.execute("CREATE USER kept2")
        assert names(other) == {"root", "kept1", "kept2"}
    assert check_directory(DataDirectory(tmp_path / "d")).wrong == []


def test_what_the_disk_refuses_ends_the_packet(tmp_path, monkeypatch):
    """The first answers are refused while the rest waits for the disk."""
    monkeypatch.setattr(Outbox, "at_once", lambda _: False)
    with served(tmp_path / "d") as (server, kept):
        disk = Disk(kept.keeper, monkeypatch)
        with connected(server, client_flag=CLIENT.MULTI_STATEMENTS) as connection:
            disk.free.clear()
            connection._execute_command(3, "CREATE USER lost1; SELECT REPEAT('x', 70000); CREATE USER lost2; SELECT 4")
            (served_one,) = server.call(lambda: list(server.listener.shared.connections.values()))
            while not server.call(lambda: served_one.on_resume):
                pass
            disk.full = True
            disk.free.set()
            with pytest.raises(pymysql.err.DatabaseError) as refused:
                connection._read_query_result()
            assert refused.value.args == (4184, "Server out of disk space")
            disk.full = False
            assert names(connection) == {"root"}
            connection.query("SELECT 5")
            assert connection._result.rows == ((5,),)


def test_pages_tell_nothing_that_is_not_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(Outbox, "at_once", lambda _: False)
    with served(tmp_path / "d", ListenOptions(http="0")) as (server, kept):
        disk, pages = Disk(kept.keeper, monkeypatch), server.listener.http
        connection = connected(server, "mysql_tenant")
        disk.free.clear()
        connection._execute_command(3, "ALTER SYSTEM BACKUP DATABASE")
        while not server.call(lambda: kept.host.state.tenant_named("mysql_tenant").backup.jobs):
            pass
        with socket.create_connection((pages.host, pages.port), timeout=20) as page:
            page.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
            while not server.call(lambda: any(request._answered for request in pages.requests)):
                pass
            page.setblocking(False)
            with pytest.raises(BlockingIOError):
                page.recv(1)
            page.settimeout(20)
            disk.free.set()
            assert page.recv(15) == b"HTTP/1.1 200 OK"


def test_what_a_full_disk_refuses_of_a_transaction_is_not_set(tmp_path, monkeypatch):
    with served(tmp_path / "d") as (server, kept):
        disk = Disk(kept.keeper, monkeypatch)
        cursor, other = connected(server).cursor(), connected(server).cursor()
        disk.full = True
        for _ in range(2):
            with pytest.raises(pymysql.err.DatabaseError, match="out of disk space"):
                cursor.execute("SET GLOBAL TRANSACTION READ ONLY")
            other.execute("SHOW GLOBAL VARIABLES LIKE 'transaction_read_only'")
            assert other.fetchone() == ("transaction_read_only", "OFF")
        disk.full = False


def test_while_the_disk_is_slow_nobody_is_told_and_others_are_served(tmp_path, monkeypatch):
    monkeypatch.setattr(Outbox, "at_once", lambda _: False)
    with served(tmp_path / "d") as (server, kept):
        disk = Disk(kept.keeper, monkeypatch)
        writers = [connected(server) for _ in range(6)]
        reader, third = connected(server), connected(server)
        disk.free.clear()
        told = []

        def run(connection, text):
            connection.cursor().execute(text)
            told.append(text)

        threads = [
            threading.Thread(target=run, args=(connection, f"CREATE USER u{n}")) for n, connection in enumerate(writers)
        ]
        threads.append(threading.Thread(target=run, args=(reader, "SELECT user FROM mysql.user")))
        for thread in threads[:-1]:
            thread.start()
        while len(server.call(lambda: set(kept.host.state.sys.users))) < 7:
            pass
        threads[-1].start()
        third.close()
        assert told == [], "what is not on disk is told to nobody, not even to who reads it"
        before = disk.writes
        disk.free.set()
        for thread in threads:
            thread.join(20)
        assert len(told) == 7
        assert disk.writes - before <= 3, "those that came together share a write"


def test_a_disk_that_cannot_even_be_read_ends_every_answer(tmp_path, monkeypatch, kind):
    with served(tmp_path / "d") as (server, kept):
        disk = Disk(kept.keeper, monkeypatch)
        first, second = connected(server), connected(server)
        first.cursor().execute("CREATE USER kept1")
        disk.full = True
        monkeypatch.setattr(kept.keeper, "again", lambda: 1 // 0)
        for connection in (first, second):
            with pytest.raises(pymysql.err.OperationalError, match="Lost connection"):
                connection.cursor().execute("CREATE USER lost1")
        disk.full = False
        with pytest.raises(pymysql.err.OperationalError):
            connected(server)
    again = open_kept(tmp_path / "d")
    assert set(again.host.state.sys.users) == {"root", "kept1"}
    leave(again)


def test_a_jump_that_the_disk_ends_is_answered(tmp_path, monkeypatch, kind):
    with served(tmp_path / "d") as (server, kept):
        disk = Disk(kept.keeper, monkeypatch)
        cursor = connected(server).cursor()
        cursor.execute("SELECT NOW(6)")
        before = cursor.fetchone()
        disk.full = True
        with pytest.raises(pymysql.err.DatabaseError, match="out of disk space"):
            cursor.execute("CALL obsim.advance('1h')")
        disk.full = False
        cursor.execute("ALTER SYSTEM MINOR FREEZE")
        cursor.execute("SELECT NOW(6)")
        assert cursor.fetchone() >= before


def test_what_was_told_is_there_after_the_end(tmp_path):
    with served(tmp_path / "d") as (server, _):
        with connected(server, "mysql_tenant") as connection:
            connection.cursor().execute("SET GLOBAL ob_query_timeout = 12345678")
            connection.cursor().execute("CREATE USER u IDENTIFIED BY 'pw'")
        with connected(server) as connection:
            connection.cursor().execute("ALTER SYSTEM BACKUP DATABASE")
            connection.cursor().execute("CALL obsim.run_until_idle()")
    for _ in range(2):
        with served(tmp_path / "d") as (server, _):
            own = {"host": "127.0.0.1", "port": server.port, "user": "u@mysql_tenant", "password": "pw"}
            with pymysql.connect(**own) as connection:
                cursor = connection.cursor()
                cursor.execute("SHOW GLOBAL VARIABLES LIKE 'ob_query_timeout'")
                assert cursor.fetchone() == ("ob_query_timeout", "12345678")
            with connected(server) as connection:
                cursor = connection.cursor()
                cursor.execute("SELECT DISTINCT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")
                assert cursor.fetchall() == (("COMPLETED",),)


def test_a_real_limit_of_the_file_system(tmp_path):
    """Files that may not grow: the server says so, and what it has acknowledged is there without the limit."""
    folder = tmp_path / "d"
    command = [sys.executable, "-c", PROGRAM, "serve", "--port", "0", "--clock", "manual", "--data-dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = int(process.stdout.readline().split()[2])
        connection = pymysql.connect(host="127.0.0.1", port=port, user="root@sys", read_timeout=20)
        cursor, acknowledged, refused = connection.cursor(), [], []
        for number in range(400):
            try:
                cursor.execute(f"CREATE USER u{number}")
                acknowledged.append(f"u{number}")
            except pymysql.err.DatabaseError as error:
                refused.append(error.args[0])
                if len(refused) > 3:
                    break
        assert set(refused) <= {4184, 4009}
        assert len(refused) == 4
        assert names(connection) == {"root", *acknowledged}
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stdout.close()
    assert len(acknowledged) > 20
    kept = open_kept(folder)
    assert set(kept.host.state.sys.users) == {"root", *acknowledged}
    leave(kept)
    assert check_directory(DataDirectory(folder)).wrong == []
