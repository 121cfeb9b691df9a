"""Polls of long views: `python benchmarks/history.py [--check] [--rows 10000]`.

A cluster on the manual clock gets a long history: a job that is started and cancelled at every tick, half of them by
sys for both tenants; then as many clean-ups, one an hour, each of the one backup that the recovery window no longer
needs; then as many archive pieces, by moving the clock, and as many archive rounds. A CDB view shows the rows of all
tenants, so it has more than that. Each poll is timed by one client on one connection, in two ways:

kept    the same text again while nothing has changed
anew    after a change to the rows of that view, which is not timed

Times are medians in milliseconds; "CPU" is how long the server's thread ran for a poll anew, which other load on the
machine hardly lengthens.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from harness import Address, Figure, machine, obsim_server, print_figures
from wire import WireConnection

AT_MOST_MS = 10.0
POLLS = 9
TICK = "1s"
"""Between two jobs; a job is over 410 ms after it was cancelled."""
CANCEL_AFTER = "500ms"
DAY = "1d"
HOUR = "1h"


@dataclass(frozen=True)
class Poll:
    """One view: the column its rows are numbered by, and what makes one more row of it."""

    view: str
    key: str
    change: str
    time: str = "START_TIMESTAMP"
    """A column that newest rows are looked for by."""

    def texts(self, middle: int) -> Iterator[tuple[str, str]]:
        """(what, SQL) of the polls that clients send; `middle` is a key that exists."""
        yield "newest 20", f"SELECT * FROM {self.view} ORDER BY {self.key} DESC LIMIT 20"
        yield "oldest 20", f"SELECT * FROM {self.view} ORDER BY {self.time}, {self.key} LIMIT 20"
        yield "one", f"SELECT * FROM {self.view} WHERE {self.key} = {middle}"
        yield "count", f"SELECT COUNT(*) FROM {self.view}"
        yield "by status", f"SELECT COUNT(*) FROM {self.view} WHERE STATUS = 'doing'"
        yield "statuses", f"SELECT STATUS, COUNT(*) FROM {self.view} GROUP BY STATUS"
        yield "largest", f"SELECT MAX({self.key}) FROM {self.view}"
        newest = f"SELECT MAX({self.key}) FROM {self.view}"
        yield "the newest", f"SELECT * FROM {self.view} WHERE {self.key} = ({newest})"


JOBS, PIECES, ROUNDS = f"CALL obsim.advance('{TICK}')", f"CALL obsim.advance('{DAY}')", "round"
CLEANUPS = f"CALL obsim.advance('{HOUR}')"
POLLED = (
    Poll("CDB_OB_BACKUP_JOB_HISTORY", "JOB_ID", JOBS),
    Poll("DBA_OB_BACKUP_JOB_HISTORY", "JOB_ID", JOBS),
    Poll("CDB_OB_BACKUP_TASK_HISTORY", "TASK_ID", JOBS),
    Poll("CDB_OB_BACKUP_SET_FILES", "BACKUP_SET_ID", JOBS),
    Poll("CDB_OB_BACKUP_DELETE_JOB_HISTORY", "JOB_ID", CLEANUPS),
    Poll("CDB_OB_BACKUP_DELETE_TASK_HISTORY", "TASK_ID", CLEANUPS),
    Poll("CDB_OB_ARCHIVELOG_PIECE_FILES", "PIECE_ID", PIECES, "START_SCN"),
    Poll("CDB_OB_LS_LOG_ARCHIVE_PROGRESS", "PIECE_ID", PIECES, "START_SCN"),
    Poll("CDB_OB_ARCHIVELOG_SUMMARY", "ROUND_ID", ROUNDS, "START_SCN"),
)


class History:
    """A server with long views."""

    def __init__(self, server: Address, rows: int) -> None:
        self.rows = rows
        self.schedule = Path(f"/proc/{server.process.pid}/schedstat")
        self.sys = server.connect()
        self.own = server.connect("root@mysql_tenant")

    def jobs(self) -> None:
        """Jobs, tasks and sets: every tick a cluster job, whose parts are one row of sys and one of each tenant."""
        self.sys.query(f"CALL obsim.schedule('{TICK}', 'sys', 'ALTER SYSTEM BACKUP DATABASE')")
        self.sys.query(f"CALL obsim.advance('{CANCEL_AFTER}')")
        self.sys.query(f"CALL obsim.schedule('{TICK}', 'sys', 'ALTER SYSTEM CANCEL BACKUP')")
        self.sys.query(f"CALL obsim.advance('{self.rows}s')")

    def cleanups(self) -> None:
        """Clean-ups, their tasks and the sets they delete."""
        self.sys.query("CALL obsim.reset()")
        self.sys.query("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1d' TENANT mysql_tenant")
        self.sys.query(f"CALL obsim.schedule('{HOUR}', 'mysql_tenant', 'ALTER SYSTEM BACKUP DATABASE')")
        for _ in range(0, self.rows + 30, 500):
            self.sys.query("CALL obsim.advance('500h')")

    def pieces(self) -> None:
        """One piece a day in each tenant."""
        self.sys.query("CALL obsim.reset()")
        self.sys.query(f"CALL obsim.advance('{self.rows}d')")

    def rounds(self) -> None:
        """Rounds, begun and stopped."""
        self.sys.query("CALL obsim.reset()")
        for _ in range(self.rows):
            self.one_round()

    def one_round(self) -> None:
        """Stop the round and begin the next."""
        for word in ("NOARCHIVELOG", "ARCHIVELOG"):
            self.own.query(f"ALTER SYSTEM {word}")
            self.sys.query("CALL obsim.advance('10s')")

    def busy_ns(self) -> int:
        """How long the server's thread has run."""
        return int(self.schedule.read_text().split()[0])

    def change(self, what: str) -> None:
        """Make one more row, or none."""
        if what == ROUNDS:
            self.one_round()
        elif what:
            self.sys.query(what)


def median_ms(history: History, connection: WireConnection, sql: str, change: str = "") -> tuple[float, float]:
    """The median time of a poll and of the server's work in it, each after `change`; the first one is not counted."""
    times, work = [], []
    for _ in range(POLLS + 1):
        history.change(change)
        busy, start = history.busy_ns(), time.perf_counter()
        connection.query(sql)
        times.append((time.perf_counter() - start) * 1000)
        work.append((history.busy_ns() - busy) / 1e6)
    return statistics.median(times[1:]), statistics.median(work[1:])


def figures_of(history: History, poll: Poll) -> list[Figure]:
    """The polls of one view."""
    connection = history.own if poll.view.startswith("DBA") else history.sys
    found = []
    for what, sql in poll.texts(history.rows // 2):
        kept, _ = median_ms(history, connection, sql)
        anew, work = median_ms(history, connection, sql, poll.change)
        detail = f"kept {kept:.2f} ms, CPU {work:.2f} ms"
        found.append(Figure(f"{poll.view}, {what}", max(anew, kept), "ms", AT_MOST_MS, at_most=True, detail=detail))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a poll takes too long")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each tenant's history")
    arguments = parser.parse_args()
    print(machine())
    good = True
    with obsim_server("--clock", "manual", uvloop=find_spec("uvloop") is not None) as server:
        history = History(server, arguments.rows)
        steps = (
            (history.jobs, JOBS),
            (history.cleanups, CLEANUPS),
            (history.pieces, PIECES),
            (history.rounds, ROUNDS),
        )
        for build, change in steps:
            start = time.perf_counter()
            build()
            took_s = time.perf_counter() - start
            polls = [poll for poll in POLLED if poll.change == change]
            figures = [figure for poll in polls for figure in figures_of(history, poll)]
            good &= print_figures(f"{arguments.rows:,} rows a tenant, made in {took_s:.0f} s", figures)
    return 1 if arguments.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
