"""obsim against MariaDB on this machine, now: `python benchmarks/rate.py [--check] [--pairs 7]`.

MariaDB runs with its defaults (only a commit does not wait for the disk); obsim runs on the wall clock while a backup
of `mysql_tenant` goes on. Both hold the same 20 rows of CDB_OB_BACKUP_JOB_HISTORY. Each figure is the median of the
ratios (obsim's rate by MariaDB's) of pairs of runs that follow each other, at 1 and at 50 connections:

SELECT 1        `mariadb-slap`
poll            `mariadb-slap`, all 20 rows, nothing changes
changing poll   a client of our own: before every poll the same connection makes a change, so the rows differ at
                every poll, which the client checks. In obsim a job is started, cancelled and enters the history
                (scheduled workload, moved on by CALL obsim.advance); in MariaDB a row is updated. The time of the
                changes, measured by the same loop without polls, is taken off.
"""

import argparse
import statistics
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pymysql
from harness import ROOT, Address, Figure, machine, mariadb_server, obsim_server, print_figures
from wire import run_loops

ROWS = 20
SELECT_1 = "SELECT 1"
POLL = "SELECT * FROM CDB_OB_BACKUP_JOB_HISTORY"
NEWEST = b"SELECT * FROM CDB_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 20"
QUERIES = {(SELECT_1, 1): 10_000, (SELECT_1, 50): 60_000, (POLL, 1): 6_000, (POLL, 50): 30_000}
KINDS = [SELECT_1, "poll", "changing poll"]
CHANGES = 50
"""Polls of one batch of the changing poll, over all connections; before the next one the history is cut back."""
BATCHES = 40
TICK = "500ms"
"""A cancelled job is in the history 300 ms after the statement, 410 ms if it had begun to work before."""
REQUIRED = {
    (SELECT_1, 1, False): 0.65,
    (SELECT_1, 50, False): 0.8,
    (SELECT_1, 1, True): 0.8,
    (SELECT_1, 50, True): 1.0,
    ("poll", 1, False): 0.8,
    ("poll", 50, False): 0.8,
    ("changing poll", 1, False): 0.5,
    ("changing poll", 50, False): 0.4,
}
"""(what, connections, with uvloop) -> the least ratio."""


class Obsim:
    """An obsim server to measure."""

    def __init__(self, server: Address) -> None:
        self.server = server

    def change(self, _connection: int) -> bytes:
        """The statement that changes a row of the history."""
        return f"CALL obsim.advance('{TICK}')".encode()

    def begin(self) -> None:
        """Begin anew: 20 cancelled jobs in the history of one tenant, a long backup in the other."""
        sys, other = self.server.connect(), self.server.connect("root@mysql_tenant")
        one = self.server.connect("SYS@oracle_tenant", "SYS")
        sys.query("CALL obsim.reset()")
        for _ in range(ROWS):
            one.query("ALTER SYSTEM BACKUP DATABASE")
            one.query("ALTER SYSTEM CANCEL BACKUP")
            sys.query(self.change(0))
        other.query("ALTER SYSTEM BACKUP DATABASE")
        assert sys.query(POLL)[0] == ROWS
        for connection in (sys, one, other):
            connection.close()

    def begin_changing(self) -> None:
        """Begin anew; from then on a job is started and cancelled at every tick."""
        self.begin()
        sys = self.server.connect()
        for statement in ("ALTER SYSTEM BACKUP DATABASE", "ALTER SYSTEM CANCEL BACKUP"):
            sys.query(f"CALL obsim.schedule('{TICK}', 'oracle_tenant', '{statement}')")
        sys.query(self.change(0))
        sys.query(NEWEST)
        sys.close()

    def still_backing_up(self) -> bool:
        """Whether the long backup goes on."""
        sys = self.server.connect()
        rows, _ = sys.query("SELECT 1 FROM CDB_OB_BACKUP_JOBS WHERE TENANT_ID = 1002 AND STATUS = 'DOING'")
        sys.close()
        return rows == 1


class MariaDB:
    """MariaDB with the same rows."""

    def __init__(self, server: Address, source: Address) -> None:
        self.server = server
        columns, rows = _read(source, "DESC CDB_OB_BACKUP_JOB_HISTORY"), _read(source, POLL)
        # latin1, for the columns of 4096 characters to fit into one row; a longer one is a TEXT.
        types = [f"`{name}` {'text' if kind == 'varchar(65536)' else kind}" for name, kind, *_ in columns]
        with pymysql.connect(host=server.host, port=server.port, user="root", autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE oceanbase CHARACTER SET latin1")
            cursor.execute(f"CREATE TABLE oceanbase.CDB_OB_BACKUP_JOB_HISTORY ({', '.join(types)}, KEY (JOB_ID))")
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO oceanbase.CDB_OB_BACKUP_JOB_HISTORY VALUES ({marks})", rows)

    def change(self, connection: int) -> bytes:
        """The statement that changes a row: one of its own for as many connections as there are rows."""
        job_id = connection % ROWS + 1
        return f"UPDATE CDB_OB_BACKUP_JOB_HISTORY SET RESULT = RESULT - 1 WHERE JOB_ID = {job_id}".encode()

    def begin_changing(self) -> None:
        """Its table stays as long as it is."""


def _read(server: Address, sql: str) -> list[tuple[Any, ...]]:
    arguments = {"host": server.host, "port": server.port, "user": server.user, "database": "oceanbase"}
    with pymysql.connect(**arguments) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def slap(server: Address, query: str, connections: int) -> float:
    """Answers a second to one query, by `mariadb-slap`."""
    count = QUERIES[query, connections]
    command = [
        "mariadb-slap", "--no-defaults", "-h", server.host, "-P", str(server.port), "-u", server.user, "--csv",
        f"--concurrency={connections}", f"--number-of-queries={count}", f"--query={query}",
        "--create-schema=oceanbase", "--no-drop",
    ]  # fmt: skip
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return count / float(ended.stdout.split(",")[2])


class Changing:
    """The changing poll of one run: seconds of the loop with polls and of the loop without."""

    def __init__(self, rival: "Obsim | MariaDB", connections: int) -> None:
        self.connections = connections
        self.changes_s = self.both_s = 0.0
        self._before: dict[int, bytes] = {}
        for _ in range(BATCHES):
            self.changes_s += self._batch(rival, [])
            self.both_s += self._batch(rival, [NEWEST])

    def _batch(self, rival: "Obsim | MariaDB", polls: list[bytes]) -> float:
        rival.begin_changing()
        opened = [rival.server.connect() for _ in range(self.connections)]
        statements = [[rival.change(index), *polls] for index in range(self.connections)]
        elapsed_s = run_loops(opened, statements, CHANGES // self.connections, self._check)
        for connection in opened:
            connection.close()
        return elapsed_s

    def _check(self, connection: int, statement: int, rows: int, answer: bytes) -> None:
        if statement == 0:
            return
        if rows != ROWS or answer == self._before.get(connection):
            raise SystemExit(f"the changing poll did not change: {rows} rows")
        self._before[connection] = answer

    @property
    def rate(self) -> float:
        """Polls a second, without the time of the changes."""
        return BATCHES * CHANGES / (self.both_s - self.changes_s)


def measure(name: str, rival: "Obsim | MariaDB", connections: int) -> float:
    """The rate of one kind of query, once."""
    if name == "changing poll":
        return Changing(rival, connections).rate
    return slap(rival.server, name if name == SELECT_1 else POLL, connections)


def compare(obsim: Obsim, mariadb: MariaDB, names: list[str], pairs: int, *, uvloop: bool) -> list[Figure]:
    """All figures of one obsim server."""
    figures = []
    for name in names:
        for connections in (1, 50):
            obsim.begin()
            ours, theirs = [], []
            for number in range(pairs + 1):  # the first pair warms both up
                ours.append(measure(name, obsim, connections))
                theirs.append(measure(name, mariadb, connections))
                if number == 0:
                    ours.clear()
                    theirs.clear()
            if not obsim.still_backing_up():
                raise SystemExit("the long backup ended before the measurement")
            ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
            detail = f"{statistics.median(ours):>7,.0f} against {statistics.median(theirs):>7,.0f} a second"
            detail += f", ratios {min(ratios):.2f} to {max(ratios):.2f}"
            label = f"{name}, {connections} connection{'s' if connections > 1 else ''}"
            required = REQUIRED.get((name, connections, uvloop))
            figures.append(Figure(label, statistics.median(ratios), "", required, detail=detail))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a required ratio is missed")
    parser.add_argument("--only", choices=KINDS, action="append", help="this kind of query alone; may be repeated")
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs of each figure")
    arguments = parser.parse_args()
    print(machine())
    options = ("--clock", "wall", "--scenario", str(ROOT / "benchmarks" / "long_backup.toml"))
    good = True
    for uvloop in (False, True) if find_spec("uvloop") else (False,):
        with obsim_server(*options, uvloop=uvloop) as server, mariadb_server() as mariadb:
            obsim = Obsim(server)
            obsim.begin()
            figures = compare(obsim, MariaDB(mariadb, server), arguments.only or KINDS, arguments.pairs, uvloop=uvloop)
        title = f"Rate by MariaDB's, {arguments.pairs} pairs, {'with' if uvloop else 'without'} uvloop"
        good &= print_figures(title, figures)
    return 1 if arguments.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
