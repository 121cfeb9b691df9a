"""Size and speed of the storage: `python benchmarks/storage.py [--check] [--blocks 536870912]`.

mark       1,000,000 random macroblocks made dirty through `Cluster.change_blocks`, in a tenant of 64 tablets of unequal
           size, from unsorted array('Q'); beside it `BitMap64.update` on the same arrays, in turn. Building the arrays
           is not timed. What is dirty afterwards is compared with a set, over all and tablet by tablet.
decision   what an increment has to copy, at 1 % changed, after 30 daily increments, and after 30 days without one, for
           both rules of the base.
memory     the highest memory of a process, Python and obsim included, whose cluster backs the tenant up: a full backup
           and 30 daily increments, every job run to its end.

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
from obsim.backup.set import BackupSet
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


def take_set(storage: TenantStorage, base: SetContent | None, rule: str) -> tuple[SetContent, float]:
    """What a set keeps of the tenant, and how long it took to decide what it has to copy, in milliseconds."""
    snapshot = storage.snapshot(storage.checkpoint_scn)
    if base is None or rule == "previous":
        storage.blocks.expect(snapshot.epoch)
    content = SetContent(storage.blocks, base.epoch if base else 0, snapshot.epoch, snapshot.live)
    start = time.perf_counter()
    content.stored()
    return content, (time.perf_counter() - start) * 1000


def major_freeze(storage: TenantStorage) -> None:
    """One more day."""
    storage.major_freeze(Scn(storage.checkpoint_scn + 86_400_000_000_000))


def increments(storage: TenantStorage, rule: str, change: Callable[[int], object]) -> list[SetContent]:
    """A full set and 30 daily increments."""
    sets = [take_set(storage, None, rule)[0]]
    for day in range(INCREMENTS):
        change(day)
        major_freeze(storage)
        sets.append(take_set(storage, sets[-1] if rule == "previous" else sets[0], rule)[0])
    return sets


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
    """The decision at 1 % changed, the one after 30 increments, and the first one after 30 days."""
    figures = []
    for size in sorted({min(1 << power, total) for power in (20, 25, 29)}):
        name = f"2^{size.bit_length() - 1}" if size.bit_count() == 1 else f"{size:,}"
        for rule in ("previous", "last_full"):
            for what, took_ms in zip(("1 % changed", f"after {INCREMENTS} increments"), warm(size, rule), strict=True):
                figures.append(Figure(f"{name}, {rule}, {what}", took_ms, "ms", 100, at_most=True))
        figures.append(Figure(f"{name}, {INCREMENTS} days after a full", cold(size), "ms", 100, at_most=True))
    return figures


def warm(size: int, rule: str) -> tuple[float, float]:
    """Milliseconds for the first increment and for the one after 30 others."""
    fresh = storage_of(large_cluster(size, rule))
    full, _ = take_set(fresh, None, rule)
    uniform_day(fresh, size // 100, 0)
    major_freeze(fresh)
    _, first_ms = take_set(fresh, full, rule)
    storage = storage_of(large_cluster(size, rule))
    sets = increments(storage, rule, partial(uniform_day, storage, size // 100))
    uniform_day(storage, size // 100, INCREMENTS)
    major_freeze(storage)
    _, last_ms = take_set(storage, sets[-1] if rule == "previous" else sets[0], rule)
    return first_ms, last_ms


def cold(size: int) -> float:
    """Milliseconds for the first increment when it comes 30 days after its full set: the same for both rules."""
    storage = storage_of(large_cluster(size, "previous"))
    full, _ = take_set(storage, None, "previous")
    for day in range(INCREMENTS):
        uniform_day(storage, size // 100, day)
        major_freeze(storage)
    return take_set(storage, full, "previous")[1]


def uniform_day(storage: TenantStorage, count: int, day: int) -> None:
    """So many blocks anywhere."""
    storage.write("t", count, "random", day)


def memory_mb() -> float:
    """Resident memory of this process at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def measure_memory(total: int, kind: str, rule: str) -> None:
    """In a process of its own: print the memory, the slowest decision and the seconds of CPU time."""
    cluster = large_cluster(total, rule)
    storage = storage_of(cluster)
    days = {
        "runs": partial(runs_day, cluster),
        "million": partial(uniform_day, storage, min(MARKED, total // 2)),
        "percent": partial(uniform_day, storage, total // 100),
    }
    cluster.execute("ALTER RESOURCE UNIT unit_standard MAX_CPU = 32, MIN_CPU = 32")
    cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 100", tenant="big")
    sets = back_up(cluster, "ALTER SYSTEM BACKUP DATABASE")
    slowest_ms = 0.0
    for day in range(INCREMENTS):
        days[kind](day)
        cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="big")
        base = sets[-1] if rule == "previous" else sets[0]
        start = time.perf_counter()
        storage.blocks.to_copy(base.epoch, storage.blocks.epoch)
        slowest_ms = max(slowest_ms, (time.perf_counter() - start) * 1000)
        sets = back_up(cluster, "ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
    assert [s.usable for s in sets] == [True] * (INCREMENTS + 1), "a backup failed"
    assert [s.backup_type.value for s in sets] == ["FULL"] + ["INC"] * INCREMENTS
    assert all(s.counters.finish_macro_block_count == len(s.copied) for s in sets[-1:] + sets[:1])
    print(f"{memory_mb():.0f} {slowest_ms:.1f} {time.process_time():.0f}")


def back_up(cluster: Cluster, statement: str) -> list[BackupSet]:
    """All sets once one more has been taken."""
    cluster.execute(statement, tenant="big")
    cluster.run_until_idle()
    tenant = cluster.state.tenant_named("big")
    assert tenant is not None
    return list(tenant.backup.sets.values())


def memories(total: int) -> list[Figure]:
    """Memory for each kind of day and both rules of the base."""
    figures = []
    for kind, name, most in (
        ("runs", "1 % a day in runs of 512", 200), ("million", f"{MARKED:,} uniform a day", 300),
        ("percent", "1 % uniform a day", 1200),
    ):  # fmt: skip
        for rule in ("previous", "last_full"):
            memory, slowest_ms, cpu_s = measured(total, kind, rule)
            detail = f"slowest decision {slowest_ms:.1f} ms, {cpu_s:.0f} s of CPU"
            figures.append(Figure(f"{name}, {rule}", memory, "MB", most, at_most=True, detail=detail))
    return figures


def measured(total: int, kind: str, rule: str) -> tuple[float, float, float]:
    """Memory, slowest decision and CPU time of a process of its own."""
    command = [sys.executable, __file__, "--memory", kind, "--base", rule, "--blocks", str(total)]
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(words[0]), float(words[1]), float(words[2])


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
