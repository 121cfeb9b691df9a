"""Size and speed of the storage: `python benchmarks/storage.py [--check] [--blocks 536870912]`.

mark       1,000,000 random macroblocks made dirty through `Cluster.change_blocks`, in a tenant of 64 tablets of unequal
           size, from unsorted array('Q'); beside it `BitMap64.update` on the same arrays, in turn. Building the arrays
           is not timed. What is dirty afterwards is compared with a set.
decision   what an increment has to copy, at 1 % changed and after 30 increments, for both rules of the base, as a
           backup asks for it: in the order of the increments.
memory     of a process that holds the tenant with a full backup and 30 increments, one a day: all of its memory,
           Python and obsim included.

Times are wall time, the best of three for the marks. Each memory figure is measured in a process of its own.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from array import array
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness import Figure, machine, print_figures
from pyroaring import BitMap64

from obsim import Cluster
from obsim.storage.positions import draw_distinct
from obsim.storage.tenant import TenantStorage

TENANT_BLOCKS = 1 << 29
"""1 PiB of macroblocks."""
TABLETS = 64
MARKED = 1_000_000
ROUNDS = 3
INCREMENTS = 30
RUN_BLOCKS = 512
SCENARIO = """\
about = "One large tenant"

[[tenant]]
name = "big"
data_backup_dest = "file:///backup/data"
log_archive_dest = "LOCATION=file:///backup/archive"
archivelog = true

[[tenant.table]]
name = "t"
blocks = {blocks}
"""


def tablet_sizes(total: int) -> list[int]:
    """64 tablets, the largest 64 times as large as the smallest."""
    parts = TABLETS * (TABLETS + 1) // 2
    sizes = [total * n // parts for n in range(1, TABLETS + 1)]
    return [*sizes[:-1], sizes[-1] + total - sum(sizes)]


def large_cluster(total: int, base: str) -> Cluster:
    """A cluster whose one tenant has that many macroblocks."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(SCENARIO.format(blocks=tablet_sizes(total)))
        file.flush()
        cluster = Cluster(file.name, incremental_base=base)
    cluster.execute("ALTER SYSTEM SET major_freeze_duty_time = 'disable' TENANT = big")
    return cluster


def storage_of(cluster: Cluster) -> TenantStorage:
    """The storage of the large tenant."""
    tenant = cluster.state.tenant_named("big")
    assert tenant is not None
    return tenant.storage


def random_positions(storage: TenantStorage, count: int, seed: int) -> "array[int]":
    """Positions of random blocks, unsorted, some of them twice."""
    source, tablets = random.Random(seed), storage.tablets
    chosen = source.choices(tablets, weights=[t.major_block_count for t in tablets], k=count)
    return array("Q", (t.first_position + source.randrange(t.major_block_count) for t in chosen))


def rates(total: int) -> list[Figure]:
    """Marks a second, and those of the rival on the same arrays."""
    cluster = large_cluster(total, "last_full")
    storage = storage_of(cluster)
    ours, rival, marked = [], [], set()
    for n in range(ROUNDS):
        positions = random_positions(storage, MARKED, n)
        start = time.perf_counter()
        fresh = cluster.change_blocks("big", positions)
        ours.append(MARKED / (time.perf_counter() - start) / 1e6)
        bitmap = BitMap64()
        start = time.perf_counter()
        bitmap.update(positions)
        rival.append(MARKED / (time.perf_counter() - start) / 1e6)
        before = len(marked)
        marked.update(positions)
        assert (fresh, len(storage.blocks.dirty)) == (len(marked) - before, len(marked)), "DIRTY differs from the set"
    counts = [sum(1 for p in marked if p >> 32 == t.slot) for t in storage.tablets[:3]]
    for tablet, count in zip(storage.tablets, counts, strict=False):
        assert storage.blocks.dirty.range_cardinality(tablet.first_position, tablet.end_position) == count
    print("  M/s in turn: " + ", ".join(f"{a:.1f} : {b:.1f}" for a, b in zip(ours, rival, strict=True)))
    return [
        Figure("change_blocks", max(ours), "M/s", 5, detail=f"{len(marked):,} dirty, as many as the set holds"),
        Figure("times BitMap64.update", max(ours) / max(rival), "x", 0.8, detail=f"update {max(rival):.1f} M/s"),
    ]


def increments(cluster: Cluster, total: int, kind: str, base: str) -> list[float]:
    """A full backup and 30 daily increments; the time of each decision in milliseconds."""
    storage, times = storage_of(cluster), []
    backup(cluster, "DATABASE")
    full = storage.blocks.epoch
    for day in range(INCREMENTS):
        if kind == "runs":
            starts = draw_distinct(day, total // RUN_BLOCKS, total // 100 // RUN_BLOCKS)
            change_runs(cluster, starts)
        else:
            cluster.write("big", "t", total // 100 if kind == "percent" else MARKED, "random")
        cluster.execute("ALTER SYSTEM MAJOR FREEZE TENANT = big")
        since = storage.blocks.epoch - 1 if base == "previous" else full
        start = time.perf_counter()
        copied = storage.blocks.to_copy(since, storage.blocks.epoch)
        times.append((time.perf_counter() - start) * 1000)
        assert len(copied) >= min(total // 100, MARKED) // 2
        backup(cluster, "INCREMENTAL DATABASE")
    tenant = cluster.state.tenant_named("big")
    assert tenant is not None
    assert sum(s.usable for s in tenant.backup.sets.values()) == INCREMENTS + 1
    return times


def backup(cluster: Cluster, what: str) -> None:
    """Run a backup to its end. A petabyte takes longer than a cluster waits for by itself: many threads copy."""
    cluster.execute(f"ALTER SYSTEM BACKUP {what}")
    while cluster.query("SELECT 1 FROM oceanbase.CDB_OB_BACKUP_JOBS"):
        cluster.advance(days=100)


def change_runs(cluster: Cluster, starts: BitMap64) -> None:
    """Runs of blocks, each within one tablet."""
    changed, first = BitMap64(), 0
    for tablet in storage_of(cluster).tablets:
        end = first + tablet.major_block_count // RUN_BLOCKS
        for start in starts & BitMap64(range(first, end)):
            position = tablet.first_position + (start - first) * RUN_BLOCKS
            changed.add_range(position, position + RUN_BLOCKS)
        first = end
    cluster.change_blocks("big", changed)


def decisions(total: int) -> list[Figure]:
    """The first decision and the one after 30 increments."""
    figures = []
    for power in (20, 25, 29):
        if 1 << power > total:
            continue
        for base in ("previous", "last_full"):
            storage = storage_of(large_cluster(1 << power, base))
            full, times = storage.blocks.epoch, []
            for day in range(INCREMENTS + 1):
                storage.write("t", (1 << power) // 100, "random", day)
                storage.major_freeze(type(storage.checkpoint_scn)(storage.checkpoint_scn + 1_000_000))
                start = time.perf_counter()
                storage.blocks.to_copy(storage.blocks.epoch - 1 if base == "previous" else full, storage.blocks.epoch)
                times.append((time.perf_counter() - start) * 1000)
            for name, took_ms in (("1 % changed", times[0]), (f"after {INCREMENTS} increments", times[-1])):
                figures.append(Figure(f"2^{power}, {base}, {name}", took_ms, "ms", 100, at_most=True))
    return figures


def memory_mb() -> float:
    """Resident memory of this process at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def measure_memory(total: int, kind: str, base: str) -> None:
    """In a process of its own: print the figure."""
    cluster = large_cluster(total, base)
    times = increments(cluster, total, kind, base)
    print(f"{memory_mb():.0f} {max(times):.1f}")


def memories(total: int) -> list[Figure]:
    """Memory for each kind of day and both rules of the base."""
    figures = []
    for kind, name, most in (
        ("runs", "1 % a day in runs of 512", 200), ("million", "1,000,000 uniform a day", 300),
        ("percent", "1 % uniform a day", 1200),
    ):  # fmt: skip
        for base in ("previous", "last_full"):
            command = [sys.executable, __file__, "--memory", kind, "--base", base, "--blocks", str(total)]
            found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            detail = f"slowest decision {found[1]} ms"
            figures.append(Figure(f"{name}, {base}", float(found[0]), "MB", most, at_most=True, detail=detail))
    return figures


def numpy_version() -> str:
    """Of the package that sorts large arrays, if it is installed."""
    try:
        return f"numpy {version('numpy')}"
    except PackageNotFoundError:
        return "without numpy (extra speed)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a requirement is missed")
    parser.add_argument("--blocks", type=int, default=TENANT_BLOCKS, help="macroblocks of the large tenant")
    parser.add_argument("--memory", choices=["runs", "million", "percent"], help=argparse.SUPPRESS)
    parser.add_argument("--base", default="previous", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    total = arguments.blocks
    if arguments.memory:
        measure_memory(total, arguments.memory, arguments.base)
        return 0
    print(f"{machine()}, pyroaring {version('pyroaring')}, {numpy_version()}")
    title = f"tenant of {total:,} macroblocks in {TABLETS} tablets"
    good = print_figures(f"{MARKED:,} random macroblocks made dirty, {title}", rates(total))
    good &= print_figures("incremental decision, 1 % uniform a day", decisions(total))
    good &= print_figures(f"memory with a full and {INCREMENTS} increments, {title}", memories(total))
    return 1 if arguments.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
