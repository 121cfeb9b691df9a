"""What keeping a cluster costs: `python benchmarks/journal.py [--check] [--dir DIR]`.

Statements a second of `obsim serve --data-dir` on one connection and on fifty, each answered once it is on disk, beside
SQLite's own synced commits a second in the same directory (WAL, synchronous=FULL, one row of 200 bytes a transaction).
Fifty connections share one write to the disk. The same statements without a data directory stand there for comparison.
All of them take turns of a fraction of a second, for what a disk takes changes from one second to the next; a figure is
the median of its turns, a ratio that of the turns side by side.
"""

import argparse
import statistics
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
TURNS, TURN_S = 25, 0.25
STATEMENTS = [f"ALTER SYSTEM SET ha_low_thread_score = {n} TENANT = mysql_tenant".encode() for n in range(5)]


def rate(work: Callable[[], int]) -> float:
    """How many a second, in one turn."""
    count, begin_s = 0, time.perf_counter()
    while (spent_s := time.perf_counter() - begin_s) < TURN_S:
        count += work()
    return count / spent_s


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


def told(connections: list[WireConnection]) -> Callable[[], int]:
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
            works[f"{server_name} one"] = told(connections[:1])
            works[f"{server_name} many"] = told(connections)
        turns = [{what: rate(work) for what, work in works.items()} for _ in range(TURNS)]

    def middle(what: str, beside: str = "") -> float:
        return statistics.median(turn[what] / (turn[beside] if beside else 1) for turn in turns)

    good = print_figures(
        "Statements that are on disk before their OK leaves",
        [
            Figure("SQLite's own synced commits", middle("sqlite"), "/s"),
            Figure("one connection", middle("kept one"), "/s"),
            Figure("  of SQLite's", middle("kept one", "sqlite"), "x", 0.5),
            Figure(f"{MANY} connections", middle("kept many"), "/s"),
            Figure("  of SQLite's", middle("kept many", "sqlite"), "x", 3.0),
            Figure("in memory, one connection", middle("plain one"), "/s"),
            Figure(f"in memory, {MANY} connections", middle("plain many"), "/s"),
        ],
    )
    return 1 if options.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
