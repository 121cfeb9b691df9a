"""What keeping a cluster costs: `python benchmarks/journal.py [--check] [--sync-ms MS] [--dir DIR]`.

Statements a second of `obsim serve --data-dir` on one connection and on fifty, each answered once it is on disk, beside
SQLite's own synced commits a second in the same directory (WAL, synchronous=FULL, one row of 200 bytes a transaction).
Fifty connections share one write to the disk. The same statements without a data directory stand there for comparison.
All of them take turns of a fraction of a second, for what a disk takes changes from one second to the next; a figure is
the median of its turns, a ratio that of the turns side by side.

How the figures compare depends on the disk: the quicker its sync, the more the statement itself counts. `--sync-ms 2`
has a disk whose sync takes 2 ms, as that of a consumer's SSD takes one to five, whatever the machine's own takes: the
servers and SQLite, each a process, are started with `slow_sync.c` preloaded. That needs Linux and a C compiler.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import apsw
from harness import Figure, machine, obsim_server, print_figures
from wire import WireConnection, run_loops

MANY = 50
TURNS, TURN_S = 25, 0.25
STATEMENTS = [f"ALTER SYSTEM SET ha_low_thread_score = {n} TENANT = mysql_tenant".encode() for n in range(5)]
HERE = Path(__file__).parent

Turn = Callable[[], float]
"""Something done for `TURN_S`: how many a second."""


def slow_sync(folder: Path, sync_ms: float) -> dict[str, str] | None:
    """What a process needs in its environment to have a disk whose sync takes so long; None where it cannot be had."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if sys.platform != "linux" or compiler is None:
        return None
    library = folder / "slow_sync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, HERE / "slow_sync.c"], check=True)
    return {"LD_PRELOAD": str(library), "SLOW_SYNC_NS": str(round(sync_ms * 1e6))}


@contextmanager
def sqlite_commits(file: Path, env: Mapping[str, str]) -> Iterator[Turn]:
    """SQLite alone, in a process of its own."""
    command = [sys.executable, str(HERE / "rivals" / "commits.py"), str(file)]
    with subprocess.Popen(
        command, env={**os.environ, **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        orders, answers = process.stdin, process.stdout
        assert orders is not None
        assert answers is not None

        def turn() -> float:
            print(TURN_S, file=orders, flush=True)
            return float(answers.readline())

        yield turn
        orders.close()


def statements(connections: list[WireConnection]) -> Turn:
    """All connections at once, a few statements each, again and again."""

    def check(_connection: int, _statement: int, rows: int, _answer: bytes) -> None:
        assert rows == 0

    def turn() -> float:
        count, begin_s = 0, time.perf_counter()
        while (spent_s := time.perf_counter() - begin_s) < TURN_S:
            run_loops(connections, [STATEMENTS] * len(connections), 1, check)
            count += len(STATEMENTS) * len(connections)
        return count / spent_s

    return turn


def measured(folder: Path, env: Mapping[str, str]) -> list[dict[str, float]]:
    """What every one of them came to in each turn."""
    with ExitStack() as stack:
        turns = {"sqlite": stack.enter_context(sqlite_commits(folder / "sqlite.db", env))}
        for name, words in (("kept", ("--data-dir", str(folder / "d"))), ("plain", ())):
            server = stack.enter_context(obsim_server(*words, uvloop=True, env=env))
            connections = [server.connect() for _ in range(MANY)]
            turns[f"{name} one"] = statements(connections[:1])
            turns[f"{name} many"] = statements(connections)
        return [{name: turn() for name, turn in turns.items()} for _ in range(TURNS)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a figure misses what is required")
    parser.add_argument("--sync-ms", type=float, metavar="MS", help="have a disk whose sync takes so long")
    parser.add_argument("--dir", type=Path, help="where to write; by default a temporary directory")
    options = parser.parse_args()
    print(f"{machine()}, SQLite {apsw.sqlite_lib_version()}")
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        env = {} if options.sync_ms is None else slow_sync(Path(name), options.sync_ms)
        if env is None:
            print("\nskipped: --sync-ms needs Linux and a C compiler (cc, or what CC names)")
            return 0
        turns = measured(Path(name), env)

    def middle(what: str, beside: str = "") -> float:
        return statistics.median(turn[what] / (turn[beside] if beside else 1) for turn in turns)

    disk = "this machine's disk" if options.sync_ms is None else f"a disk whose sync takes {options.sync_ms:g} ms"
    if options.sync_ms is not None and min(1e3 / middle("sqlite"), 1e3 / middle("kept one")) < options.sync_ms:
        raise SystemExit("the sync that was preloaded is not the one that SQLite calls: there are no figures")
    good = print_figures(
        f"Statements that are on disk before their OK leaves, on {disk}",
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
