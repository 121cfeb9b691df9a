"""The naive storage of a tenant: tablets, what writes and freezes do to them, and freezes that come by themselves.

Figures: engine.md 1.3, 1.4 and macroblock-experiment.md; the looks of a freezer at clock and memory are those of
`obsim.cluster.freezer`, told once more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from obsim.testing.naive_tablet import (
    DELETE_BYTES,
    INSERT_BYTES,
    ROWS_A_BLOCK,
    UPDATE_BYTES,
    Block,
    NaiveTablet,
    Placed,
    expect,
)
from obsim.units import DAY_NS, HOUR_NS, SECOND_NS

__all__ = ["UNLIMITED", "NaivePicture", "NaiveStorage", "Told", "memstore_bytes"]

BYTES_TOUCHED = {
    "random": UPDATE_BYTES, "clustered": UPDATE_BYTES * ROWS_A_BLOCK, "append": INSERT_BYTES * ROWS_A_BLOCK,
}  # fmt: skip
"""What a block that is written takes in memory."""
BYTES_A_ROW = {
    "rows_uniform": UPDATE_BYTES, "rows_zipf": UPDATE_BYTES, "rows_clustered": UPDATE_BYTES,
    "rows_append": INSERT_BYTES, "rows_delete": DELETE_BYTES, "rows_delete_clustered": DELETE_BYTES,
}  # fmt: skip
UNLIMITED = {"append", "rows_append", "rows_zipf"}
"""Kinds of writes that may count more than there is."""
Told = Callable[[], Mapping[int, Sequence[Placed]]]
"""What the baseline of each tablet is, to be asked where it cannot be foretold."""
EAST_NS = 8 * HOUR_NS
"""The server's clock is that far ahead of UTC."""


def memstore_bytes(version: str, unit_bytes: int) -> int:
    """What a tenant with a unit of `unit_bytes` may keep in memory, 0 without a unit.

    Its META tenant takes a tenth of the unit, at least 1 GiB of 2 GiB and more, 512 MiB of less. Half of the rest is
    for the memstore; from 4.2.5 and 4.3 on 40 percent of up to 8 GiB.
    """
    gib = 1024 * 1024 * 1024
    if not unit_bytes:
        return 0
    rest = unit_bytes - max(unit_bytes // 10, gib if unit_bytes >= 2 * gib else gib // 2)
    return rest * (40 if version >= "4.2.5" and rest <= 8 * gib else 50) // 100


def _run_from(first: int, numbers: frozenset[int]) -> set[int]:
    """`first` and the numbers that follow one another from it on."""
    run = set()
    while first in numbers:
        run.add(first)
        first += 1
    return run


@dataclass(frozen=True, slots=True)
class NaivePicture:
    """The storage from a moment on; everything is by tablet."""

    since_ns: int
    baseline: dict[int, tuple[Block, ...]]
    live: frozenset[Block]
    """The blocks of all tablets."""
    delta: int
    """Mini and minor blocks of all tablets."""
    dirty: dict[int, frozenset[int]]
    memory: dict[int, int]

    @property
    def scn(self) -> int:
        """The SCN of the change: whole microseconds."""
        return self.since_ns - self.since_ns % 1000


@dataclass
class NaiveStorage:
    """Everything of a tenant but its backups."""

    tenant_id: int
    name: str
    tablets: list[NaiveTablet]
    trigger: int = 2
    duty_minute: int | None = 120
    """Minute of the day of the daily major freeze."""
    frozen_on: tuple[int, int] = (0, 0)
    """Day and minute of the last daily freeze."""
    memstore: int = 0
    """Bytes that may be in memory; 0: as many as come."""
    memory_percent: int = 20
    """Share of them that starts a freeze."""
    often: int = 0
    """So many freezes for want of memory, and the next one is a major freeze; 0: never."""
    memory_freezes: int = 0
    past: list[NaivePicture] = field(default_factory=list)
    """What there was after every change."""
    newest: int = 0
    """The highest logic version that any block ever had."""
    changed: bool = True
    """It is not what it was when it was last compared."""

    def delta(self) -> int:
        """All mini and minor blocks."""
        return sum(tablet.delta() for tablet in self.tablets)

    def note(self, now_ns: int, *, compacted: bool = True) -> None:
        """Remember the storage as it is from `now_ns` on."""
        self.changed = True
        if compacted:
            baseline = {t.tablet_id: tuple(t.blocks) for t in self.tablets}
            live = frozenset(block for blocks in baseline.values() for block in blocks)
            self.newest = max([self.newest, *(version for _, version, _ in live)])
        else:
            baseline, live = self.past[-1].baseline, self.past[-1].live
        dirty = {t.tablet_id: frozenset(t.dirty) for t in self.tablets}
        memory = {t.tablet_id: t.memory for t in self.tablets}
        self.past.append(NaivePicture(now_ns, baseline, live, self.delta(), dirty, memory))

    def before(self, scn: int) -> NaivePicture:
        """What a snapshot of a moment holds: changes of that very moment come after it."""
        return next(picture for picture in reversed(self.past) if picture.since_ns < scn)

    def until(self, scn: int) -> NaivePicture:
        """What is restored up to a moment: changes of that very moment are part of it."""
        return next(picture for picture in reversed(self.past) if picture.scn <= scn)

    def table(self, name: str) -> list[NaiveTablet]:
        """The tablets of a table."""
        return [t for t in self.tablets if t.table == name]

    def wrote(
        self, table: str, count: int, kind: str, dirty: Mapping[int, frozenset[int]], memory: Mapping[int, int],
        now_ns: int,
    ) -> None:  # fmt: skip
        """A write has happened at `now_ns`; `dirty` and `memory` by tablet are what the cluster has since then.

        Checked: exactly `count` positions of that table and nothing else were touched, in one run if clustered.
        """
        tablets = self.table(table)
        touched = {t.tablet_id: (memory[t.tablet_id] - t.memory) // BYTES_TOUCHED[kind] for t in self.tablets}
        if kind == "append":
            tablets[-1].appended += count
            touched[tablets[-1].tablet_id] -= count
            tablets[-1].memory += count * BYTES_TOUCHED[kind]
            count = 0
        else:
            for tablet in tablets:
                new = dirty[tablet.tablet_id] - tablet.dirty
                expect(
                    len(new) <= touched[tablet.tablet_id],
                    f"{len(new)} blocks got dirty by {touched[tablet.tablet_id]} touches",
                )
                expect(
                    tablet.dirty or len(new) == touched[tablet.tablet_id],
                    "a touched block of a clean tablet is not dirty",
                )
                tablet.memory += touched[tablet.tablet_id] * BYTES_TOUCHED[kind]
            if kind == "clustered" and all(t.in_order for t in tablets):
                self._expect_run(tablets, count, dirty)
            expect(sum(touched.values()) == count, f"{sum(touched.values())} blocks touched, asked for {count}")
            for tablet in tablets:
                tablet.dirty |= dirty[tablet.tablet_id]
        for tablet in self.tablets:
            expect(
                tablet.dirty == dirty[tablet.tablet_id],
                f"tablet {tablet.tablet_id} has other dirty blocks than were touched",
            )
            expect(
                tablet.memory == memory[tablet.tablet_id],
                f"tablet {tablet.tablet_id} has {memory[tablet.tablet_id]} bytes",
            )
            expect(all(p < len(tablet.blocks) for p in tablet.dirty), "a dirty position lies past the end")
        self.note(now_ns, compacted=False)

    def wrote_rows(
        self, table: str, count: int, kind: str, dirty: Mapping[int, frozenset[int]], memory: Mapping[int, int],
        now_ns: int,
    ) -> None:  # fmt: skip
        """Rows have been written at `now_ns`; `dirty` and `memory` by tablet are what the cluster has since then.

        Checked: memory took in exactly `count` rows of that table, each change of a row touched a block, and no more
        blocks than rows were touched; those of neighbouring rows lie together.
        """
        name, _, ranges = kind.partition(":")
        each, tablets = BYTES_A_ROW[name], self.table(table)
        taken = {t.tablet_id: memory[t.tablet_id] - t.memory for t in self.tablets}
        mine = [t.tablet_id for t in tablets][-1 if name == "rows_append" else 0 :]
        strangers = [number for number, size in taken.items() if size and (number not in mine or size % each)]
        expect(not strangers, f"{kind} of {table} put {taken} bytes into memory")
        expect(sum(taken.values()) == count * each, f"{kind} of {count} rows took {sum(taken.values())} bytes")
        for tablet in self.tablets:
            rows, now = taken[tablet.tablet_id] // each, dirty[tablet.tablet_id]
            new = now - tablet.dirty
            expect(tablet.dirty <= now, f"tablet {tablet.tablet_id} has blocks that are no longer dirty")
            if name == "rows_append" or not rows:
                expect(not new, f"{kind} of {rows} rows touched {sorted(new)[:5]} of tablet {tablet.tablet_id}")
            else:
                expect(now and len(new) <= rows, f"{rows} rows touched {len(new)} blocks of tablet {tablet.tablet_id}")
                if name != "rows_zipf":
                    every = rows == tablet.rows
                    expect(rows <= tablet.rows, f"{rows} rows changed, tablet {tablet.tablet_id} has {tablet.rows}")
                    expect(not every or len(now) == len(tablet.blocks), "every row changed, not every block is dirty")
                if "clustered" in name and tablet.in_order:
                    runs = [n for n in now if n - 1 not in now and _run_from(n, now) & new]
                    expect(len(runs) <= int(ranges or 1), f"{kind} touched blocks of {len(runs)} runs")
            tablet.wrote_rows(name, rows, now)
        self.note(now_ns, compacted=False)

    def _expect_run(self, tablets: list[NaiveTablet], count: int, dirty: Mapping[int, frozenset[int]]) -> None:
        """The blocks that got dirty fit into one run of `count` neighbours."""
        start, new, now = 0, [], set()
        for tablet in tablets:
            new += [start + p for p in dirty[tablet.tablet_id] - tablet.dirty]
            now |= {start + p for p in dirty[tablet.tablet_id]}
            start += len(tablet.blocks)
        if new:
            expect(max(new) - min(new) < count, f"a run of {count} blocks touched {sorted(new)}")
            expect(set(range(min(new), max(new) + 1)) <= now, f"a run of blocks has a hole: {sorted(new)}")

    def minor_freeze(self, now_ns: int) -> None:
        """MINOR FREEZE of this tenant."""
        for tablet in self.tablets:
            tablet.minor_freeze(self.trigger)
        self.note(now_ns, compacted=False)

    def time_passes(self, since_ns: int, now_ns: int, told: Told) -> None:
        """What the tenant did by itself after `since_ns`, up to `now_ns`; nobody wrote in between."""
        looks = [(at, True) for at in self._duty_looks(since_ns, now_ns)]
        memory_ns = (since_ns // (2 * SECOND_NS) + 1) * 2 * SECOND_NS
        if memory_ns <= now_ns:
            looks.append((memory_ns, False))
        for at_ns, daily in sorted(looks):
            if daily:
                self._duty(at_ns, told)
            elif self.memstore and sum(t.memory for t in self.tablets) > self.memstore * self.memory_percent // 100:
                self._memory_full(at_ns, told)

    def _duty_looks(self, since_ns: int, now_ns: int) -> list[int]:
        """Every five seconds of the duty minute of every day."""
        if self.duty_minute is None:
            return []
        first, last = ((at + EAST_NS) // DAY_NS for at in (since_ns, now_ns))
        starts = [day * DAY_NS + self.duty_minute * 60 * SECOND_NS - EAST_NS for day in range(first, last + 1)]
        looks = [start + second * SECOND_NS for start in starts for second in range(0, 60, 5)]
        return [at for at in looks if since_ns < at <= now_ns]

    def _duty(self, at_ns: int, told: Told) -> None:
        """Once in that minute of that day."""
        today = ((at_ns + EAST_NS) // DAY_NS, self.duty_minute or 0)
        if self.frozen_on != today:
            self.frozen_on = today
            self.major_freeze(at_ns, at_ns, told)

    def _memory_full(self, at_ns: int, told: Told) -> None:
        if self.often and self.memory_freezes >= self.often:
            self.major_freeze(at_ns, at_ns, told)
        else:
            self.memory_freezes += 1
            self.minor_freeze(at_ns)

    @property
    def to_be_told(self) -> bool:
        """Whether the outcome of the next compaction hangs on rows."""
        return any(tablet.to_be_told for tablet in self.tablets)

    def major_freeze(self, version: int, now_ns: int, told: Told) -> None:
        """MAJOR FREEZE of this tenant; `version` is what the new blocks carry, above every one there was."""
        self.memory_freezes = 0
        known = told() if self.to_be_told else {}
        if sum([tablet.major_freeze(version, known.get(tablet.tablet_id)) for tablet in self.tablets]):
            expect(version > self.newest, f"the new version {version} is not above {self.newest}")
        self.note(now_ns)
