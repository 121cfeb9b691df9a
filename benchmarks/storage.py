"""Size and speed of the storage: `python benchmarks/storage.py [--check] [--blocks 536870912]`.

mark       1,000,000 random macroblocks made dirty through `Cluster.change_blocks`, in a tenant of 64 tablets of unequal
           size, from unsorted array('Q'); beside it `BitMap64.update` on the same arrays, in turn. Building the arrays
           is not timed. What is dirty afterwards is compared with a set, over all and tablet by tablet.
decision   what an increment has to copy, at 1 % changed and after 30 daily increments, for both rules of the base.
memory     the highest memory of a process, Python and obsim included, whose cluster holds the tenant and what a full
           backup and 30 daily increments keep of it. The jobs themselves are not run: while a full backup of it copies,
           the DAGs of its 262,144 files of 4 GiB are in memory too.

Times are wall time, the best of five for the marks. Each memory figure is measured in a process of its own.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness import Figure, machine, print_figures
from pyroaring import BitMap64

from obsim import Cluster
from obsim.backup.content import SetContent
from obsim.ids import Scn
from obsim.storage.macroblocks import SLOT_BITS
from obsim.storage.positions import draw_distinct
from obsim.storage.tenant import TenantStorage

TENANT_BLOCKS = 1 << 29
"""1 PiB of macroblocks."""
TABLETS = 64
MARKED = 1_000_000
ROUNDS = 5
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
    counts = Counter(position >> SLOT_BITS for position in marked)
    for tablet in storage.tablets:
        dirty = storage.blocks.dirty.range_cardinality(tablet.first_position, tablet.end_position)
        assert dirty == counts[tablet.slot], f"tablet {tablet.tablet_id} differs from the set"
    print("  M/s in turn: " + ", ".join(f"{a:.1f} : {b:.1f}" for a, b in zip(ours, rival, strict=True)))
    return [
        Figure("change_blocks", max(ours), "M/s", 5, detail=f"{len(marked):,} dirty, as many as the set holds"),
        Figure("times BitMap64.update", max(ours) / max(rival), "x", 0.8, detail=f"update {max(rival):.1f} M/s"),
    ]


def take_set(storage: TenantStorage, base: SetContent | None) -> tuple[SetContent, float]:
    """What a set keeps of the tenant, and how long it took to decide what it has to copy, in milliseconds."""
    snapshot = storage.snapshot(storage.checkpoint_scn)
    content = SetContent(storage.blocks, base.epoch if base else 0, snapshot.epoch, snapshot.live)
    start = time.perf_counter()
    content.stored()
    return content, (time.perf_counter() - start) * 1000


def major_freeze(storage: TenantStorage) -> None:
    """One more day."""
    storage.major_freeze(Scn(storage.checkpoint_scn + 86_400_000_000_000))


def increments(storage: TenantStorage, base: str, change: Callable[[int], object]) -> tuple[list[SetContent], float]:
    """A full set and 30 daily increments, and the slowest decision among them."""
    full, slowest = take_set(storage, None)
    sets = [full]
    for day in range(INCREMENTS):
        change(day)
        major_freeze(storage)
        content, took_ms = take_set(storage, sets[-1] if base == "previous" else full)
        sets.append(content)
        slowest = max(slowest, took_ms)
    return sets, slowest


def runs_day(cluster: Cluster, day: int) -> None:
    """1 % of the blocks in runs of 512, each within one tablet."""
    storage, changed, first = storage_of(cluster), BitMap64(), 0
    run_count = sum(tablet.major_block_count // RUN_BLOCKS for tablet in storage.tablets)
    starts = draw_distinct(day, run_count, run_count // 100)
    for tablet in storage.tablets:
        end = first + tablet.major_block_count // RUN_BLOCKS
        for start in starts & BitMap64(range(first, end)):
            position = tablet.first_position + (start - first) * RUN_BLOCKS
            changed.add_range(position, position + RUN_BLOCKS)
        first = end
    cluster.change_blocks("big", changed)


def decisions(total: int) -> list[Figure]:
    """The decision at 1 % changed, and the one after 30 increments."""
    figures = []
    for power in (20, 25, 29):
        if 1 << power > total:
            continue
        for base in ("previous", "last_full"):
            storage = storage_of(large_cluster(1 << power, base))
            sets, _ = increments(storage, base, partial(uniform_day, storage, (1 << power) // 100))
            uniform_day(storage, (1 << power) // 100, INCREMENTS)
            major_freeze(storage)
            _, last_ms = take_set(storage, sets[-1] if base == "previous" else sets[0])
            fresh = storage_of(large_cluster(1 << power, base))
            full, _ = take_set(fresh, None)
            uniform_day(fresh, (1 << power) // 100, 0)
            major_freeze(fresh)
            _, first_ms = take_set(fresh, full)
            for name, took_ms in (("1 % changed", first_ms), (f"after {INCREMENTS} increments", last_ms)):
                figures.append(Figure(f"2^{power}, {base}, {name}", took_ms, "ms", 100, at_most=True))
    return figures


def uniform_day(storage: TenantStorage, count: int, day: int) -> None:
    """So many blocks anywhere."""
    storage.write("t", count, "random", day)


def memory_mb() -> float:
    """Resident memory of this process at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def measure_memory(total: int, kind: str, base: str) -> None:
    """In a process of its own: print the memory and the slowest decision."""
    cluster = large_cluster(total, base)
    storage = storage_of(cluster)
    days = {
        "runs": partial(runs_day, cluster),
        "million": partial(uniform_day, storage, MARKED),
        "percent": partial(uniform_day, storage, total // 100),
    }
    sets, slowest = increments(storage, base, days[kind])
    print(f"{memory_mb():.0f} {slowest:.1f}")
    assert len(sets) == INCREMENTS + 1


def memories(total: int) -> list[Figure]:
    """Memory for each kind of day and both rules of the base."""
    figures = []
    for kind, name, most in (
        ("runs", "1 % a day in runs of 512", 200), ("million", "1,000,000 uniform a day", 300),
        ("percent", "1 % uniform a day", 1200),
    ):  # fmt: skip
        for base in ("previous", "last_full"):
            memory, slowest = measured(total, kind, base)
            detail = f"slowest decision {slowest:.1f} ms"
            figures.append(Figure(f"{name}, {base}", memory, "MB", most, at_most=True, detail=detail))
    return figures


def measured(total: int, kind: str, base: str) -> tuple[float, float]:
    """Memory and slowest decision of a process of its own."""
    command = [sys.executable, __file__, "--memory", kind, "--base", base, "--blocks", str(total)]
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(words[0]), float(words[1])


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
