"""What keeping a cluster costs: `python benchmarks/journal.py [--check] [--dir DIR]`.

Statements a second of `obsim serve --data-dir` on one connection and on fifty, each answered once it is on disk, beside
SQLite's own synced commits a second in the same directory (WAL, synchronous=FULL, one row of 200 bytes a transaction).
Fifty connections share one write to the disk. The same statements without a data directory stand there for comparison.
All of them take turns of a fraction of a second, for what a disk takes changes from one second to the next.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import apsw
from harness import Figure, machine, obsim_server, print_figures
from wire import WireConnection, run_loops

MANY = 50
TURNS, TURN_S = 20, 0.25
STATEMENTS = [f"ALTER SYSTEM SET ha_low_thread_score = {n} TENANT = mysql_tenant".encode() for n in range(5)]


class Tally:
    """How many of something were done, and how long it took."""

    def __init__(self) -> None:
        self.count, self.spent_s = 0, 0.0

    def turn(self, work: Callable[[], int]) -> None:
        """Do it again and again for a turn's time."""
        begin_s = time.perf_counter()
        while (spent_s := time.perf_counter() - begin_s) < TURN_S:
            self.count += work()
        self.spent_s += spent_s

    @property
    def per_s(self) -> float:
        """How many a second."""
        return self.count / self.spent_s


def sqlite_commits(folder: Path) -> Callable[[], int]:
    """SQLite alone: one commit."""
    file = apsw.Connection(str(folder / "sqlite.db"))
    for text in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE r (n INTEGER PRIMARY KEY, b)"):
        list(file.execute(text))

    def commit() -> int:
        with file:
            file.execute("INSERT INTO r (b) VALUES (?)", ("x" * 200,))
        return 1

    return commit


def statements(connections: list[WireConnection]) -> Callable[[], int]:
    """All connections at once, a few statements each."""

    def check(_connection: int, _statement: int, rows: int, _answer: bytes) -> None:
        assert rows == 0

    def go() -> int:
        run_loops(connections, [STATEMENTS] * len(connections), 1, check)
        return len(STATEMENTS) * len(connections)

    return go


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a figure misses what is required")
    parser.add_argument("--dir", type=Path, help="where to write; by default a temporary directory")
    options = parser.parse_args()
    print(f"{machine()}, SQLite {apsw.sqlite_lib_version()}")
    with tempfile.TemporaryDirectory(dir=options.dir) as name, ExitStack() as stack:
        folder = Path(name)
        kept, plain = (
            stack.enter_context(obsim_server(*words, uvloop=True)) for words in (("--data-dir", str(folder / "d")), ())
        )
        works = {"sqlite": sqlite_commits(folder)}
        for server_name, server in (("kept", kept), ("plain", plain)):
            connections = [server.connect() for _ in range(MANY)]
            works[f"{server_name} one"] = statements(connections[:1])
            works[f"{server_name} many"] = statements(connections)
        tallies = {what: Tally() for what in works}
        for _ in range(TURNS):
            for what, work in works.items():
                tallies[what].turn(work)
    sqlite, one, many = (tallies[what].per_s for what in ("sqlite", "kept one", "kept many"))
    alone_one, alone_many = tallies["plain one"].per_s, tallies["plain many"].per_s
    good = print_figures(
        "Statements that are on disk before their OK leaves",
        [
            Figure("SQLite's own synced commits", sqlite, "/s"),
            Figure("one connection", one, "/s"),
            Figure("  of SQLite's", one / sqlite, "x", 0.5),
            Figure(f"{MANY} connections", many, "/s"),
            Figure("  of SQLite's", many / sqlite, "x", 3.0),
            Figure("in memory, one connection", alone_one, "/s"),
            Figure(f"in memory, {MANY} connections", alone_many, "/s"),
        ],
    )
    return 1 if options.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
