"""A year of operation: `python benchmarks/year.py [--check] [--tenants N] [--days N] [--base RULE] [--profile]`.

So many tenants of 1 TiB, 40 tablets on 3 log streams each. Every day 1 % of the blocks change, half of them in runs of
256 and half one by one; the daily major freeze takes them in; a full backup on the first day of each week, an
increment on the others; 8 changes of the thread score a tenant. Prints events, sets and bytes, and checks ten sets,
drawn by lot, against a naive model that keeps one number a block.
"""

import argparse
import cProfile
import gc
import pstats
import random
import resource
import sys
import tempfile
import time
from array import array
from dataclasses import dataclass

import numpy
from harness import Figure, machine, print_figures
from pyroaring import BitMap64

from obsim.backup.index import locations, stored_counts
from obsim.backup.set import BackupSet
from obsim.cluster import ClusterState, Principal, Tenant
from obsim.ids import LogStreamId
from obsim.scenario import build_state
from obsim.session.pending import rare_collections
from obsim.statements import AlterParameters, BackupDatabase, ParameterAction
from obsim.versions import IncrementalBase, profile_for

TABLETS, LOG_STREAMS, BLOCKS = 40, (1001, 1002, 1003), 1 << 19
MACROBLOCK_BYTES, TABLET_SIZE_BYTES = 2 << 20, 128 << 20
RUN_BLOCKS = 256
CHANGED = BLOCKS // 100
SCORE_CHANGES, SCORE_MAX = 8, 20
HOUR_NS = 3_600 * 10**9
DAY_NS = 24 * HOUR_NS
SLOT_BITS = 32
CHECKED_SETS = 10
TENANTS_A_SERVER = 25


def tablet_sizes() -> list[int]:
    """Blocks of each tablet: as equal as can be."""
    each, more = divmod(BLOCKS, TABLETS)
    return [each + (n < more) for n in range(TABLETS)]


STARTS = numpy.cumsum([0, *tablet_sizes()])


Numbers = "numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.int32]]"


POSITIONS = numpy.concatenate([(n << SLOT_BITS) + numpy.arange(size) for n, size in enumerate(tablet_sizes())])
"""The position of each block, counted through all tablets."""


@dataclass(frozen=True)
class Day:
    """What happens on one day, drawn from its number alone: a row for each tenant."""

    starts: Numbers
    """Where the runs of blocks that change begin, counted through all tablets of the tenant."""
    singles: Numbers
    """Blocks that change one by one."""
    moments: list[list[int]]
    """When the scores change, in nanoseconds of the day."""
    scores: list[list[int]]

    def numbers(self, tenant: int) -> list[int]:
        """All blocks of a tenant that change."""
        runs = self.starts[tenant, :, None] + numpy.arange(RUN_BLOCKS)
        return [*runs.ravel().tolist(), *self.singles[tenant].tolist()]

    def changes(self, tenant: int) -> BitMap64:
        """The same as positions."""
        changed = BitMap64(array("Q", POSITIONS.take(numpy.sort(self.singles[tenant])).tobytes()))
        starts = self.starts[tenant]
        ends = POSITIONS.take(starts + RUN_BLOCKS - 1).tolist()
        for start, first, last in zip(starts.tolist(), POSITIONS.take(starts).tolist(), ends, strict=True):
            if last - first < RUN_BLOCKS:
                changed.add_range(first, last + 1)
            else:  # it goes on in the next tablet
                changed.update(POSITIONS[start : start + RUN_BLOCKS].tolist())
        return changed


def plan(day: int, tenants: int) -> Day:
    """The day's changes: 1 % of the blocks of each tenant, half of them in runs."""
    rng = numpy.random.default_rng(day)
    count = CHANGED // 2 // RUN_BLOCKS
    starts = rng.integers(0, BLOCKS - RUN_BLOCKS, (tenants, count), dtype=numpy.int32)
    singles = rng.integers(0, BLOCKS, (tenants, CHANGED - count * RUN_BLOCKS), dtype=numpy.int32)
    moments = rng.integers(3 * HOUR_NS, 26 * HOUR_NS, (tenants, SCORE_CHANGES))
    return Day(starts, singles, moments.tolist(), rng.integers(0, SCORE_MAX + 1, (tenants, SCORE_CHANGES)).tolist())


def scenario(tenant_count: int) -> str:
    """The tenants as a scenario file: a table of 40 tablets, destinations, archiving, and the servers they need."""
    server_count = -(-tenant_count // TENANTS_A_SERVER)
    servers = "".join(f"[[server]]\nip = '10.0.0.{n + 1}'\nzone = 'z1'\n" for n in range(server_count))
    return f"about = 'a year'\n[[zone]]\nname = 'z1'\n{servers}" + "".join(
        f"[[tenant]]\nname = 't{n}'\ndata_backup_dest = 'file:///data/{n}'\narchivelog = true\n"
        f"log_archive_dest = 'LOCATION=file:///archive/{n}'\n"
        f"[[tenant.table]]\nname = 'big'\nblocks = {tablet_sizes()}\n"
        for n in range(tenant_count)
    )


def build(tenant_count: int, base: IncrementalBase) -> ClusterState:
    """The cluster at its start."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(scenario(tenant_count))
        file.flush()
        state = build_state(file.name, profile=profile_for("4.2.5"), incremental_base=base)
    for tenant in state.user_tenants():
        tenant.storage.log_stream_ids[:] = [LogStreamId(1), *map(LogStreamId, LOG_STREAMS)]
        for at, tablet in enumerate(tenant.storage.tablets):
            tablet.log_stream_id = LogStreamId(LOG_STREAMS[at * 3 // TABLETS])
    return state


def run_year(state: ClusterState, days: int) -> int:
    """Let it all happen; the number of statements."""
    tenants = state.user_tenants()
    roots = [Principal(tenant.tenant_id, "root") for tenant in tenants]
    scores = [AlterParameters((ParameterAction("ha_low_thread_score", score),)) for score in range(SCORE_MAX + 1)]
    count = 0
    for day in range(days):
        midnight_ns = state.start_ns + day * DAY_NS
        today = plan(day, len(tenants))
        todo: list[tuple[int, int, int]] = []  # (moment, tenant, score or -1 for the backup)
        for n, tenant in enumerate(tenants):
            tenant.storage.change_blocks(today.changes(n))
            moments = zip(today.moments[n], today.scores[n], strict=True)
            todo += [(midnight_ns + moment, n, score) for moment, score in moments]
            todo.append((midnight_ns + 3 * HOUR_NS + n * 30 * 10**9, n, -1))
        backup = BackupDatabase(incremental=day % 7 != 0)
        for moment_ns, n, score in sorted(todo):
            state.advance_to(moment_ns)
            state.execute(roots[n], backup if score < 0 else scores[score])
            count += 1
        state.advance_to(midnight_ns + 26 * HOUR_NS - 1)
    return count


# The naive model: the day of the last freeze that wrote it, for every block of one tenant.


def naive_seams() -> list[int]:
    """Blocks that a parallel compaction rewrites on every day: one begins each of up to 64 tasks but the first."""
    seams = []
    for at, size in enumerate(tablet_sizes()):
        width = -(-size // min(64, -(-size * MACROBLOCK_BYTES // TABLET_SIZE_BYTES)))
        seams += [int(STARTS[at]) + place for place in range(width, size, width)]
    return seams


def expected(tenants: int, tenant: int, day: int, base_day: int | None) -> list[int]:
    """The blocks that the set of a day must store: those written on a day after its base's, all without one."""
    written, seams = [-1] * BLOCKS, naive_seams()
    for past in range(day + 1):
        for number in plan(past, tenants).numbers(tenant) + seams:
            written[number] = past
    return [n for n, last in enumerate(written) if base_day is None or last > base_day]


def check_set(state: ClusterState, tenant: int, day: int, base: IncrementalBase) -> int:
    """Compare one set with what the naive model expects; the number of blocks it stores."""
    owner = next(t for t in state.user_tenants() if t.name == f"t{tenant}")
    found = owner.backup.sets[list(owner.backup.sets)[day]]
    base_day = None if day % 7 == 0 else day - 1 if base is IncrementalBase.PREVIOUS else day - day % 7
    numbers = expected(len(state.user_tenants()), tenant, day, base_day)
    assert list(found.copied) == POSITIONS[numbers].tolist(), "other blocks"
    assert found.counters.macro_block_count == len(numbers), "another MACRO_BLOCK_COUNT"
    assert sum(stored_counts(owner.backup.sets, found).values()) == BLOCKS, "blocks that nobody stores"
    check_places(owner, found, numbers)
    return len(numbers)


def check_places(owner: Tenant, found: BackupSet, numbers: list[int]) -> None:
    """Each stored block has a place of its own, and the files are as large as they may be."""
    assert found.content is not None, "no snapshot"
    places = locations(owner.backup.sets, found, found.copied)
    assert len(set(places.values())) == len(places) == len(numbers), "two blocks in one place"
    streams = {position: LOG_STREAMS[(position >> SLOT_BITS) * 3 // TABLETS] for position in places}
    assert all(place.log_stream_id == streams[position] for position, place in places.items()), "a wrong log stream"
    assert all(place.offset + place.length <= 4 << 30 for place in places.values()), "a file above its size"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a required figure is missed")
    parser.add_argument("--tenants", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--base", type=IncrementalBase, default=IncrementalBase.PREVIOUS, help="previous or last_full")
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    options = parser.parse_args()
    state = build(options.tenants, options.base)
    gc.collect()
    profile = cProfile.Profile() if options.profile else None
    begun, cpu = time.perf_counter(), time.process_time()
    with rare_collections():  # as `Cluster.advance` does
        if profile is not None:
            statements = profile.runcall(run_year, state, options.days)
        else:
            statements = run_year(state, options.days)
    elapsed_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
    sets = [s for t in state.user_tenants() for s in t.backup.sets.values()]
    failed = sum(not s.usable for s in sets)
    print(machine())
    print(
        f"{options.tenants} tenants, {options.days} days, base {options.base.value}: {state.event_count:,} events, "
        f"{statements:,} statements, {len(sets):,} sets ({failed} failed), "
        f"{sum(s.counters.output_bytes for s in sets):,} bytes, "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB, {cpu_s:.1f} s of CPU"
    )
    rng = random.Random(0)
    for _ in range(CHECKED_SETS):
        tenant, day = rng.randrange(options.tenants), rng.randrange(options.days)
        count = check_set(state, tenant, day, options.base)
        print(f"  set of tenant {tenant}, day {day}: {count:,} blocks, as expected")
    figures = [Figure("a year", elapsed_s, "s", 60.0, at_most=True), Figure("sets that failed", failed, "", 0, True)]
    holds = print_figures("Wall time", figures)
    return int(options.check and not holds)


if __name__ == "__main__":
    sys.exit(main())
