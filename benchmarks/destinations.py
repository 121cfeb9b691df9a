"""Reading and verifying a file destination with 100, 1,000 and 10,000 sets: `python benchmarks/destinations.py`.

Every seventh set is full, each has 40 files in as many directories as a real one, and there is a piece for every tenth.
Rows of earlier sets are left out of `tenant_backup_set_infos`, which nobody reads here. CPU time of one run, and the
wall's beside it: what is measured has just been written, so it comes from the cache of the file system. Growth is the
time per set of the largest over that of the smallest (1.0: in step with it).
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import machine

from obsim import Cluster
from obsim.archive.piece import ArchivePiece
from obsim.archive.written import PieceWriting
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet
from obsim.backup.written import set_files
from obsim.ids import BackupSetId, Bytes, Nanoseconds, Scn
from obsim.inspection import inspect_destinations

DAY = 86_400 * 10**9
SIZES = (100, 1_000, 10_000)
AT_MOST_S = 2.0
"""For 1,000 sets."""


def write(root: Path, phases) -> None:
    for phase in phases:
        for name, data in phase:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def build(root: Path, count: int) -> None:
    """So many sets and pieces, made of a real one."""
    cluster = Cluster(file_root=root)
    for text in ("NOARCHIVELOG", f"SET data_backup_dest = 'file://{root}/data'"):
        cluster.execute(f"ALTER SYSTEM {text}", tenant="mysql_tenant")
    cluster.advance(seconds=5)
    cluster.execute(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{root}/arch'", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM ARCHIVELOG", tenant="mysql_tenant")
    cluster.advance(minutes=5)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    tenant = cluster.state.tenant_named("mysql_tenant")
    assert tenant is not None
    context, (first,) = tenant.backup.context, tenant.backup.sets.values()
    assert context is not None
    for number in range(2, count + 1):
        write(root / "data", set_files(context, later(first, number), {}))
        if number % 10 == 0:
            scn = first.start_ns + number // 10 * DAY
            piece = ArchivePiece(number, Scn(scn), Scn(scn + DAY), Scn(scn + DAY - 1), Bytes(0), True, True)
            streams = tenant.storage.log_stream_ids
            write(root / "arch", PieceWriting(context.layout, 1004, 2, piece, (), streams, streams[-1]).phases())


def later(first: BackupSet, number: int) -> BackupSet:
    full = number % 7 == 1
    before = BackupSetId(number - 1)
    return replace(
        first, backup_set_id=BackupSetId(number), backup_type=BackupType.FULL if full else BackupType.INC,
        prev_full_id=BackupSetId(0 if full else (number - 1) // 7 * 7 + 1),
        prev_inc_id=BackupSetId(0) if full else before,
        start_ns=Nanoseconds(first.start_ns + number * DAY), min_restore_scn=Scn(first.min_restore_scn + number * DAY),
    )  # fmt: skip


def measure(count: int) -> tuple[float, float]:
    """Seconds of CPU and of the wall to inspect so many sets."""
    with TemporaryDirectory() as directory:
        root = Path(directory)
        build(root, count)
        cpu, wall = time.process_time(), time.perf_counter()
        report = inspect_destinations([f"file://{root}/data", f"file://{root}/arch"])
        taken = time.process_time() - cpu, time.perf_counter() - wall
        assert (len(report.sets), report.damaged) == (count, False)
        assert {row["CHAIN"] for row in report.sets} == {"whole"}
        return taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit code 1 when an aim is missed")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of sets")
    options = parser.parse_args()
    print(machine())
    os.fsync = lambda _descriptor: None  # type: ignore[assignment]  # building is not what is measured
    seconds = {count: measure(count) for count in options.sizes}
    for count, (cpu, wall) in seconds.items():
        print(f"{count:>6} sets: {cpu:.2f} s of CPU, {wall:.2f} s")
    smallest, largest = min(seconds), max(seconds)
    print(f"growth {seconds[largest][0] / largest / (seconds[smallest][0] / smallest):.2f}")
    if 1_000 not in seconds:
        return 0
    missed = seconds[1_000][0] > AT_MOST_S
    print("inspect of 1,000 sets:", "missed" if missed else "met", f"(aim {AT_MOST_S} s)")
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
