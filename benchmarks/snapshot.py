"""What a snapshot costs: `python benchmarks/snapshot.py [--check]`.

A tenant of 1 TiB (2^19 macroblocks in eight tablets) with a full backup and 29 increments, 1 % of the blocks anew each
day. CPU time of `snapshot`, `restore_snapshot` and `fork`: the median of so many runs after one that loads what they
need, and for comparison that of a new `Cluster()`.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import obsim

LIMIT_MS = 5.0
RUNS = 31
SCENARIO = """
about = "A tenant of one TiB with thirty sets"
[[tenant]]
name = "big"
data_backup_dest = "file:///backup/big/data"
log_archive_dest = "LOCATION=file:///backup/big/archive"
archivelog = true
[[tenant.table]]
name = "orders"
blocks = [65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536]
[[history]]
before = "31d"
tenant = "big"
run = ["ALTER SYSTEM BACKUP DATABASE"]
[[history]]
before = "29d"
every = "1d"
times = 29
run = [
    "CALL obsim.write('big', 'orders', 5242, 'random')",
    "ALTER SYSTEM MAJOR FREEZE TENANT = big",
    "ALTER SYSTEM BACKUP INCREMENTAL TENANT = big",
]
"""


def median_ms(work: Callable[[], object]) -> float:
    work()
    spent = []
    for _ in range(RUNS):
        start_s = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - start_s))
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a figure is above its limit")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "big.toml"
        file.write_text(SCENARIO)
        cluster = obsim.Cluster(str(file))
    sets = cluster.query("SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_SET_FILES")[0][0]
    figures = {
        "snapshot": median_ms(lambda: cluster.snapshot("a")),
        "restore_snapshot": median_ms(lambda: cluster.restore_snapshot("a")),
    }
    print(f"1 TiB, {sets} sets, limit {LIMIT_MS:.0f} ms each:")
    for name, spent_ms in figures.items():
        print(f"  {name:18} {spent_ms:6.2f} ms  {'ok' if spent_ms <= LIMIT_MS else 'MISSED'}")
    print(f"  {'fork':18} {median_ms(cluster.fork):6.2f} ms")
    small = obsim.Cluster()
    print(f"three-tenants: fork {median_ms(small.fork):.2f} ms, a new Cluster() {median_ms(obsim.Cluster):.2f} ms")
    if options.check and max(figures.values()) > LIMIT_MS:
        sys.exit(1)


if __name__ == "__main__":
    main()
