"""A naive tablet: lists of blocks and places, a number of rows, and plain sizes of everything above the baseline.

Writes by blocks it predicts to the last block. Which blocks split or go when rows are written hangs on rows that nobody
models, so there it is told the outcome of a compaction and holds it against what must be true of any: only touched
blocks and seams are written anew, none of the touched ones stays, ids and places are new and in order, all rows have
room, and no more blocks came or went than the rows explain. Figures: engine.md 1.3, 1.4 and macroblock-experiment.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = [
    "DELETE_BYTES", "INSERT_BYTES", "ROWS_A_BLOCK", "UPDATE_BYTES", "Block", "ModelBroken", "NaiveTablet", "Placed",
    "expect",
]  # fmt: skip

Block = tuple[int, int, int]
"""(tablet, logic version, data_seq)."""
Placed = tuple[int, Block]
"""(place in the tablet, block): a place is never used again once its block has gone."""

MACROBLOCK = 2 * 1024 * 1024
PAYLOAD = 2_060_300
"""Bytes that fill a block of a mini or minor SSTable."""
PARALLEL_ABOVE = 128 * 1024 * 1024
ROWS_A_BLOCK = 14_006
UPDATE_BYTES, INSERT_BYTES, DELETE_BYTES = 134, 198, 14
"""What a row takes in memory and in a mini."""


class ModelBroken(AssertionError):
    """The cluster did something else than the naive model says."""


def expect(condition: object, text: str) -> None:
    """Raise ModelBroken with `text` unless `condition` holds."""
    if not condition:
        raise ModelBroken(text)


def _blocks_for(rows: int) -> int:
    return (rows + ROWS_A_BLOCK - 1) // ROWS_A_BLOCK


@dataclass
class NaiveTablet:
    """A tablet whose rows take what those of table A of the experiment take. `dirty` numbers blocks, not places."""

    tablet_id: int
    table: str
    blocks: list[Block]
    places: list[int] = field(default_factory=list)
    next_place: int = 0
    rows: int = 0
    """Rows of the baseline that are not deleted."""
    dirty: set[int] = field(default_factory=set)
    appended: int = 0
    appended_rows: int = 0
    updated: int = 0
    """Blocks in which rows were updated since the last compaction, at most: each may split."""
    deleted: int = 0
    """Rows deleted since then."""
    in_order: bool = True
    """Blocks lie in order of key: none has split."""
    memory: int = 0
    minis: list[int] = field(default_factory=list)
    minor: int = 0

    def __post_init__(self) -> None:
        self.places = list(range(len(self.blocks)))
        self.next_place, self.rows = len(self.blocks), len(self.blocks) * ROWS_A_BLOCK

    @property
    def loose(self) -> bool:
        """Whether rows were written since the last compaction."""
        return bool(self.updated or self.deleted or self.appended_rows)

    def delta(self) -> int:
        """Mini and minor blocks."""
        return sum((size + PAYLOAD - 1) // PAYLOAD for size in [self.minor, *self.minis] if size)

    def wrote_rows(self, kind: str, rows: int, dirty: frozenset[int]) -> None:
        """So many rows were updated, deleted or added past the end, and these blocks are dirty now."""
        if kind == "rows_append":
            self.appended_rows += rows
            self.memory += rows * INSERT_BYTES
        elif "delete" in kind:
            self.rows, self.deleted = self.rows - rows, self.deleted + rows
            self.memory += rows * DELETE_BYTES
        else:
            self.updated += min(rows, len(dirty))
            self.memory += rows * UPDATE_BYTES
        self.dirty = set(dirty)

    def minor_freeze(self, trigger: int) -> None:
        """Memory becomes a mini; `trigger` minis become one minor with what was there before."""
        if self.memory:
            self.minis.append(self.memory)
            self.memory = 0
            if trigger and len(self.minis) >= trigger:
                self.minor += sum(self.minis)
                self.minis = []

    def major_freeze(self, version: int, told: Sequence[Placed] | None = None) -> int:
        """Everything goes into the baseline; `told` is what it is then, of need where rows were written.

        Returns how many blocks are new.
        """
        tasks = max((len(self.blocks) * MACROBLOCK + PARALLEL_ABOVE - 1) // PARALLEL_ABOVE, 1)
        share = (len(self.blocks) + tasks - 1) // tasks
        seams = {n for n in range(1, len(self.blocks)) if n % share == 0}
        if self.to_be_told:
            assert told is not None, f"rows of tablet {self.tablet_id} were written"
            written = self._follow(told, seams)
        else:
            written = {self.places[n] for n in self.dirty | seams}
            written |= set(range(self.next_place, self.next_place + self.appended))
            self.places += range(self.next_place, self.next_place + self.appended)
            self.blocks = self.blocks + [(0, 0, 0)] * self.appended
        count = [0] * tasks
        for number, place in enumerate(self.places):
            if place in written:
                task = min(place // share, tasks - 1) if share else 0
                self.blocks[number] = self.tablet_id, version, task * 2**32 + count[task]
                count[task] += 1
        self.rows += self.appended * ROWS_A_BLOCK + self.appended_rows
        self.next_place = max([self.next_place, *(place + 1 for place in self.places)])
        self.dirty, self.appended, self.appended_rows, self.updated, self.deleted = set(), 0, 0, 0, 0
        self.memory, self.minis, self.minor = 0, [], 0
        return len(written)

    @property
    def to_be_told(self) -> bool:
        """Whether the outcome of the next compaction hangs on rows: on what was written, or where the seams are."""
        return self.loose or (not self.in_order and len(self.blocks) * MACROBLOCK > PARALLEL_ABOVE)

    def _follow(self, told: Sequence[Placed], seams: set[int]) -> set[int]:
        """Take the places that a compaction left, and blocks where they stayed; the places that it wrote."""
        was, now = dict(zip(self.places, self.blocks, strict=True)), dict(told)
        stayed = {place for place, block in was.items() if now.get(place) == block}
        touched = {self.places[n] for n in self.dirty}
        fresh, gone = sorted(now.keys() - was.keys()), was.keys() - now.keys()
        packed = not stayed
        self._expect(not stayed & touched, f"keeps touched blocks at {sorted(stayed & touched)[:5]}")
        besides, at_seams = was.keys() - stayed - touched, {self.places[n] for n in seams} - touched
        fits = besides == at_seams if self.in_order else len(besides) <= len(seams)
        self._expect(fits, f"wrote the untouched blocks at {sorted(besides)[:5]} anew, it has {len(seams)} seams")
        self._expect(list(now) == sorted(now), "has its blocks in another order")
        self._expect(fresh == list(range(self.next_place, self.next_place + len(fresh))), f"put blocks at {fresh[:5]}")
        self._expect(not gone or self.deleted or packed, f"lost the blocks at {sorted(gone)[:5]}, no row was deleted")
        self._expect_room(len(now), len(was), seams, packed=packed)
        least = _blocks_for(self.rows + self.appended_rows if packed else max(self.appended_rows - ROWS_A_BLOCK + 1, 0))
        may_have_split = self.updated > 0 and len(now if packed else fresh) > least + self.appended
        self.in_order = (self.in_order or (packed and gone == was.keys())) and not may_have_split
        self.places, self.blocks = list(now), list(now.values())
        return now.keys() - stayed

    def _expect_room(self, after: int, before: int, seams: set[int], *, packed: bool) -> None:
        """All rows fit, and no block came that rows, or parts of touched blocks that split, do not account for."""
        rows = self.rows + self.appended_rows
        self._expect((after - self.appended) * ROWS_A_BLOCK >= rows, f"keeps {rows} rows in {after} blocks")
        split = min(self.updated, len(self.dirty))
        if packed:
            most = _blocks_for(rows) + len(seams) + split
            self._expect(after - self.appended <= most, f"was packed into {after} blocks, {most} are enough")
            return
        grown, rows_appended = after - before - self.appended, self.appended_rows
        self._expect(grown <= _blocks_for(rows_appended) + split, f"grew by {grown}")
        if not self.deleted:
            # The last block takes rows in only where it is written anew.
            kept = self.in_order and not {before - 1} & (self.dirty | seams)
            least = _blocks_for(rows_appended if kept else max(rows_appended - ROWS_A_BLOCK + 1, 0))
            self._expect(grown >= least, f"grew by {grown} blocks for {rows_appended} rows")

    def _expect(self, condition: object, text: str) -> None:
        expect(condition, f"tablet {self.tablet_id} {text}")
