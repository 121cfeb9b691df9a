"""A server that is killed, again and again, under a load of four clients.

`OBSIM_KILLS=500` is the full length; without it there are a few.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pymysql
import pytest

import obsim
from obsim.api import open_kept
from obsim.journal.directory import DataDirectory
from obsim.journal.fsck import check_directory
from tests.journal.test_recovery import leave

KILLS = int(os.environ.get("OBSIM_KILLS", "5"))
CLIENTS = 4
KILLS_OF_A_DIRECTORY = 5
WAL_HEAD, FRAME_HEAD = 32, 24
OTHERS = (
    "ALTER SYSTEM MINOR FREEZE",
    "ALTER SYSTEM BACKUP INCREMENTAL DATABASE",
    "CALL obsim.write('mysql_tenant', 't1', 3, 'random')",
    "ALTER SYSTEM SET ha_low_thread_score = 7 TENANT = mysql_tenant",
    "CALL obsim.advance('7s')",
    "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS",
)


class Client(threading.Thread):
    """Makes two accounts a statement, and now and then something else; notes what was acknowledged."""

    def __init__(self, number: int, port: int, first: int) -> None:
        super().__init__(daemon=True)
        self.number, self.next = number, first
        self.acknowledged: list[str] = []
        self.shown = ""
        self.connection = pymysql.connect(host="127.0.0.1", port=port, user="root@sys", read_timeout=20)

    def run(self) -> None:
        cursor = self.connection.cursor()
        try:
            while True:
                self.next += 1
                name = f"{self.number}_{self.next}"
                cursor.execute(f"CREATE USER a{name}, b{name} IDENTIFIED BY 'pw'")
                self.acknowledged.append(name)
                cursor.execute("SELECT NOW(6)")
                self.shown = str(cursor.fetchone()[0])
                try:
                    cursor.execute(OTHERS[self.next % len(OTHERS)])
                except pymysql.err.DatabaseError as refused:
                    if refused.args[0] in {2006, 2013}:
                        raise
        except (pymysql.err.Error, OSError):
            return


def started(folder: Path) -> tuple[subprocess.Popen, int]:
    """A server of a directory, and its port."""
    program = "from obsim.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--data-dir", str(folder), "--speed", "20"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    words = process.stdout.readline().split()
    assert words[:1] == ["ready"], words
    return process, int(words[2])


def killed_under_load(folder: Path, after_s: float, first: int) -> list[Client]:
    """Let four clients write, and kill the server in the middle of it."""
    process, port = started(folder)
    clients = [Client(number, port, first) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for client in clients:
        client.join(30)
        assert not client.is_alive()
        client.connection.close()
    return clients


def tear(folder: Path, order: Random) -> str:
    """What a write leaves that has not come to its end: behind the last whole frame there is anything."""
    wal = folder / "journal.db-wal"
    if not wal.exists() or wal.stat().st_size < WAL_HEAD:
        return "no WAL"
    data = bytearray(wal.read_bytes())
    frame = FRAME_HEAD + int.from_bytes(data[8:12], "big")
    end = WAL_HEAD
    while end + frame <= len(data) and data[end + 8 : end + 16] == data[16:24]:  # frames of this turn have its salt
        end += frame
    garbage = order.choice([order.randbytes(order.randrange(1, 2 * frame)), bytes(data[WAL_HEAD : WAL_HEAD + frame])])
    if order.random() < 0.5:  # a frame that begins well
        garbage = bytes(data[end - frame : end - order.randrange(1, frame)]) if end > WAL_HEAD else garbage
    data[end : end + len(garbage)] = garbage
    wal.write_bytes(data)
    return f"{len(garbage)} bytes at {end}"


def judge(folder: Path, acknowledged: set[str], shown: str) -> int:
    """What must be there is; the number of records."""
    report = check_directory(DataDirectory(folder))
    assert report.wrong == []
    kept = open_kept(folder)
    try:
        users = set(kept.host.state.sys.users) - {"root"}
        pairs = {user[1:] for user in users}
        assert {f"{letter}{name}" for name in pairs for letter in "ab"} == users, "half a statement"
        assert acknowledged <= pairs, "an acknowledged statement is lost"
        with obsim.Cluster._over(kept.host).session() as session:
            assert str(session.execute("SELECT NOW(6) n")[0]["n"]) >= shown, "time that was shown came again"
    finally:
        leave(kept)
    return report.record_count


@pytest.mark.parametrize("part", range((KILLS + KILLS_OF_A_DIRECTORY - 1) // KILLS_OF_A_DIRECTORY))
def test_killed_nothing_acknowledged_is_lost(tmp_path, part):
    order = Random(part)
    folder = tmp_path / "d"
    acknowledged: set[str] = set()
    shown, records, first = "", -1, 0
    for _ in range(min(KILLS_OF_A_DIRECTORY, KILLS - part * KILLS_OF_A_DIRECTORY)):
        clients = killed_under_load(folder, order.uniform(0, 0.6), first)
        acknowledged |= {name for client in clients for name in client.acknowledged}
        shown = max(shown, *(client.shown for client in clients))
        first = max(client.next for client in clients)
        if order.random() < 0.5:
            tear(folder, order)
        more = judge(folder, acknowledged, shown)
        assert more > records, "every start of a directory that is not new adds one"
        records = more
    assert len(acknowledged) > 2
    print(f"{len(acknowledged)} acknowledged, {records} records")  # -s shows it


def test_a_lost_statement_would_be_noticed(tmp_path):
    folder = tmp_path / "d"
    clients = killed_under_load(folder, 0.5, 0)
    acknowledged = {name for client in clients for name in client.acknowledged}
    with pytest.raises(AssertionError, match="an acknowledged statement is lost"):
        judge(folder, acknowledged | {"0_never"}, "")
