"""How soon obsim answers and what it weighs: `python benchmarks/startup.py [--check]`.

Process start to first answered query (the median of seven starts after one that warms the disk cache), memory of an
idle server, and the time of a `Cluster()` in process.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from harness import CONSOLE_SCRIPT, ROOT, Figure, machine, print_figures
from wire import WireConnection

STARTS = 7
CLUSTERS = 50
IDLE_S = 1.0


def _with_bytecode() -> dict[str, str]:
    """The environment of a server whose modules are compiled once, as pip does where obsim is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def start_once() -> tuple[float, float]:
    """Start a server, ask it `SELECT 1`, let it idle: (seconds to the answer, resident MiB)."""
    command = [sys.executable, "-c", CONSOLE_SCRIPT, "serve", "--port", "0"]
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=_with_bytecode(), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    try:
        assert process.stdout is not None
        _, host, port = process.stdout.readline().split()
        connection = WireConnection(host, int(port), "root", "oceanbase")
        rows, _ = connection.query("SELECT 1")
        elapsed_s = time.perf_counter() - begun
        assert rows == 1
        time.sleep(IDLE_S)
        status = Path(f"/proc/{process.pid}/status").read_text()
        resident_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        connection.close()
    finally:
        process.terminate()
        process.wait(20)
    return elapsed_s, resident_kib / 1024


def cluster_seconds() -> list[float]:
    """Seconds of each of some `Cluster()` in this process, the first one left out."""
    from obsim import Cluster  # noqa: PLC0415 - not before the servers are measured

    Cluster("three-tenants")
    times = []
    for seed in range(CLUSTERS):
        begun = time.perf_counter()
        Cluster("three-tenants", seed=seed)
        times.append(time.perf_counter() - begun)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a required figure is missed")
    check = parser.parse_args().check
    start_once()
    runs = [start_once() for _ in range(STARTS)]
    starts_s, sizes_mib = zip(*runs, strict=True)
    clusters_s = cluster_seconds()
    print(machine())
    spread = f"{min(starts_s):.2f} to {max(starts_s):.2f} s in {STARTS} starts"
    good = print_figures("Start", [
        Figure("process start to first answer", statistics.median(starts_s), "s", 0.4, at_most=True, detail=spread),
        Figure("memory of an idle server", max(sizes_mib), "MiB", 70e6 / (1 << 20), at_most=True, detail="70 MB"),
        Figure("Cluster() in process", statistics.median(clusters_s) * 1e3, "ms", 5, at_most=True,
               detail=f"slowest of {CLUSTERS}: {max(clusters_s) * 1e3:.1f} ms"),
    ])
    return 1 if check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
