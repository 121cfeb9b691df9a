"""A tablet: baseline, mini and minor SSTables, memory (engine.md 1.1, macroblock-experiment.md)."""

from dataclasses import dataclass, field, replace
from operator import attrgetter

from pyroaring import BitMap64

from obsim.ids import MACROBLOCK_BYTES, Bytes, LogStreamId, Scn, TabletId
from obsim.storage.layout import DEFAULT_LAYOUT, RowLayout, block_count
from obsim.storage.macroblocks import PLACES_MAX, SLOT_BITS

__all__ = [
    "ROWS_MAX", "TABLETS_MAX", "TABLET_BLOCKS_MAX", "TABLET_SIZE_BYTES", "TENANT_BLOCKS_MAX", "MiniSSTable", "Pending",
    "Stretch", "Tablet", "block_count",
]  # fmt: skip

TABLET_SIZE_BYTES = Bytes(128 << 20)
"""Above it several tasks compact the tablet, and the block on each seam between them is written anew every time."""
_MERGE_TASKS_MAX = 64
TABLETS_MAX = 8192
"""Partitions that a table may have."""
TABLET_BLOCKS_MAX = PLACES_MAX // 2
"""A tablet packed anew takes as many places again."""
TENANT_BLOCKS_MAX = 1 << 34
"""32 PiB: bitmaps of so many take a few megabytes."""
ROWS_MAX = 1 << 45
"""Rows of a table, and of a write: what they weigh fits into the 64 bits of a column."""


@dataclass(frozen=True, slots=True)
class MiniSSTable:
    """What one minor freeze wrote."""

    end_scn: Scn
    size_bytes: Bytes


@dataclass(slots=True)
class Stretch:
    """Neighbouring blocks about equally full: the places [first, end), without those that went, and their rows.

    A loaded table is one stretch of full blocks and one of the last block, which is not full.
    """

    first: int
    end: int
    row_count: int
    deleted_row_count: int = 0
    """Rows that were deleted here and there since the last major compaction."""


_DELETED_ROWS = attrgetter("deleted_row_count")


@dataclass(slots=True)
class Pending:
    """What the next major compaction of a tablet has to do beyond rewriting dirty blocks."""

    appended_block_count: int = 0
    """Full blocks past the end."""
    appended_row_count: int = 0
    """Rows past the end, to be packed into blocks."""
    cleared: BitMap64 = field(default_factory=BitMap64)
    """Blocks all of whose rows are deleted: they go."""
    rows_changed: bool = False
    """Whether rows, not just whole blocks, have changed."""
    split_count: int = 0
    """Rewritten blocks that will no longer fit."""

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return bool(
            self.appended_block_count or self.appended_row_count or self.rows_changed or self.split_count
            or self.cleared
        )

    def copy(self) -> "Pending":
        """One that does not change with this one."""
        return replace(self, cleared=BitMap64(self.cleared))


@dataclass(slots=True)
class Tablet:
    """One tablet of a table in a log stream. `slot` numbers it within the tenant and is never used again."""

    tablet_id: TabletId
    table_name: str
    log_stream_id: LogStreamId
    slot: int
    layout: RowLayout = DEFAULT_LAYOUT
    tablet_size_bytes: Bytes = TABLET_SIZE_BYTES
    stretches: list[Stretch] = field(default_factory=list)
    """In order of key."""
    major_block_count: int = 0
    next_place: int = 0
    """Places from here on have never held a block."""
    major_version: Scn = Scn(0)
    minor_bytes: Bytes = Bytes(0)
    minor_end_scn: Scn = Scn(0)
    mini: list[MiniSSTable] = field(default_factory=list)
    memory_bytes: Bytes = Bytes(0)
    _pending: Pending | None = None
    """None as long as there is nothing to do."""
    known_seams: tuple[tuple[int, int, tuple[tuple[int, int], ...]], BitMap64] | None = None
    """Positions of the seams, and the shape of the tablet that they belong to."""
    progress: int = 0
    progressive_rounds: int = 0
    """After DDL: in how many rounds all blocks are rewritten, and how many of them are over; 0 when none is due."""

    def copy(self) -> "Tablet":
        """One that does not change with this one."""
        stretches = [replace(stretch) for stretch in self.stretches]
        pending = self._pending.copy() if self._pending is not None else None
        return replace(self, stretches=stretches, mini=list(self.mini), _pending=pending)

    @property
    def pending(self) -> Pending:
        """What the next major compaction has to do beyond rewriting dirty blocks; to be added to."""
        if self._pending is None:
            self._pending = Pending()
        return self._pending

    @property
    def settled(self) -> bool:
        """Whether a major compaction has nothing to do but to rewrite what is dirty and the seams."""
        if self.progressive_rounds or self._pending is not None:
            return False
        stretches = self.stretches
        if len(stretches) == 1:
            return not stretches[0].deleted_row_count
        return not any(map(_DELETED_ROWS, stretches))

    @property
    def first_position(self) -> int:
        """Position of the tablet's first place."""
        return self.slot << SLOT_BITS

    @property
    def end_position(self) -> int:
        """One past the position of the last place that ever held a block."""
        return self.first_position + self.next_place

    @property
    def row_count(self) -> int:
        """Rows of the baseline that are not deleted, without those that were appended since."""
        return sum(stretch.row_count for stretch in self.stretches)

    @property
    def delta_block_count(self) -> int:
        """Mini and minor blocks on disk."""
        return block_count(self.minor_bytes) + sum(block_count(m.size_bytes) for m in self.mini)

    @property
    def delta_bytes(self) -> int:
        """What these take up."""
        return self.minor_bytes + sum(m.size_bytes for m in self.mini)

    @property
    def merge_task_count(self) -> int:
        """PARALLEL_DEGREE of a major compaction: one task for each tablet size of blocks, 64 at most.

        (ob_partition_parallel_merge_ctx.cpp; what is more is dealt out evenly.)
        """
        size = self.major_block_count * MACROBLOCK_BYTES
        wanted = -(-size // self.tablet_size_bytes)
        if wanted > _MERGE_TASKS_MAX:
            width = -(-self.major_block_count // _MERGE_TASKS_MAX)
            return -(-self.major_block_count // width)
        return max(wanted, 1)

    @property
    def task_block_count(self) -> int:
        """Blocks that each task but the last compacts."""
        return -(-self.major_block_count // self.merge_task_count)

    @property
    def seams(self) -> list[int]:
        """Ordinals of the blocks that tasks but the first begin with: number 36 of 72 (experiment, item 5)."""
        width = self.task_block_count
        return list(range(width, self.major_block_count, width)) if width else []

    @property
    def seam_position(self) -> int | None:
        """The first block that a parallel compaction rewrites every time; None below the tablet size."""
        seams = self.seams
        return self.first_position + seams[0] if seams else None

    @property
    def appended_block_count(self) -> int:
        """Full blocks past the end that the next major compaction adds."""
        return self._pending.appended_block_count if self._pending is not None else 0

    @property
    def appended_row_count(self) -> int:
        """Rows past the end that the next major compaction adds, besides those full blocks."""
        return self._pending.appended_row_count if self._pending is not None else 0

    @property
    def places_wanted(self) -> int:
        """Places that have held a block or will after the next major compaction."""
        return self.next_place + self.appended_block_count + self.layout.blocks_of(self.appended_row_count)

    def take_pending(self) -> Pending | None:
        """Hand over what there is to do, None for nothing: from now on changes are for the next compaction."""
        taken, self._pending = self._pending, None
        return taken

    def compacted(self, version: Scn) -> None:
        """A major compaction has taken in what was frozen up to `version`."""
        self.major_version = version
        if self.minor_bytes and self.minor_end_scn <= version:
            self.minor_bytes = Bytes(0)
        if self.mini:
            self.mini = [mini for mini in self.mini if mini.end_scn > version]

    def minor_freeze(self, scn: Scn, trigger: int) -> None:
        """Turn memory into a mini SSTable; `trigger` of them (0: never) become a minor with what was one before."""
        if not self.memory_bytes:
            return
        self.mini.append(MiniSSTable(scn, self.memory_bytes))
        self.memory_bytes = Bytes(0)
        if trigger and len(self.mini) >= trigger:
            self.minor_bytes = Bytes(self.minor_bytes + sum(m.size_bytes for m in self.mini))
            self.minor_end_scn = scn
            self.mini.clear()
