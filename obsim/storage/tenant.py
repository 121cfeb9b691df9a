"""All storage of one tenant, and what writes and freezes do to it (engine.md 1.3, 1.4)."""

from dataclasses import dataclass, field

from pyroaring import BitMap64

from obsim.errors import error
from obsim.ids import MACROBLOCK_BYTES, Bytes, LogStreamId, Nanoseconds, Scn, TabletId
from obsim.randomness import sample_distinct, splitmix64, stream_key
from obsim.storage.freezes import MajorFreeze, MajorFreezes
from obsim.storage.macroblocks import BaselineBlocks, BlockId
from obsim.storage.tablet import MiniSSTable, Tablet

__all__ = ["INNER_TABLET_COUNT", "WRITE_KINDS", "Snapshot", "TenantStorage"]

INNER_TABLET_COUNT = 614
"""System tablets of a tenant: counted in TABLET_COUNT, hardly any blocks (samples.md: 617 and 631 tablets in all)."""
FIRST_USER_TABLET_ID = 200_001

# Bytes in memory for one touched block, from the rows and bytes of macroblock-experiment.md: a full block holds
# 14,006 rows; an update stores 134 bytes of a row, an insert 198.
_ROWS_PER_BLOCK = 14_006
_MEMORY_BYTES = {"random": 134, "clustered": 134 * _ROWS_PER_BLOCK, "append": 198 * _ROWS_PER_BLOCK}
WRITE_KINDS = tuple(_MEMORY_BYTES)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a backup copies from: fixed at the consistent SCN, `scn`."""

    scn: Scn
    checkpoint_scn: Scn
    """Log after it is needed to replay what was in memory then."""
    epoch: int
    live: BitMap64
    tablets: tuple[tuple[TabletId, LogStreamId, int, int, int], ...]
    """(tablet, log stream, first position, end position, mini and minor blocks) in tablet order."""


@dataclass(slots=True)
class _Frozen:
    """What a major freeze has to compact: the changes up to `version`."""

    version: Scn
    dirty: BitMap64
    appended: dict[int, int]
    """Appended blocks of each tablet, by slot."""
    later: BitMap64 = field(default_factory=BitMap64)
    """Positions that were touched after the freeze: they stay dirty."""


@dataclass(slots=True)
class TenantStorage:
    """Log streams, tablets and blocks of a tenant."""

    log_stream_ids: list[LogStreamId]
    tablets: list[Tablet] = field(default_factory=list)
    blocks: BaselineBlocks = field(default_factory=BaselineBlocks)
    log_bytes: Bytes = Bytes(0)
    """Redo log written so far."""
    checkpoint_scn: Scn = Scn(0)
    """Log before it is not needed to replay the tablets: the last freeze."""
    write_count: int = 0
    freezes: MajorFreezes = field(default_factory=MajorFreezes)
    merge_suspended: bool = False
    _frozen: _Frozen | None = None
    """The freeze that waits for merges to be resumed."""

    @property
    def memory_bytes(self) -> int:
        """Rows in memory, of all tablets."""
        return sum(tablet.memory_bytes for tablet in self.tablets)

    def create_table(self, name: str, block_counts: list[int], log_stream_id: LogStreamId) -> None:
        """Add a table with one tablet for each number of baseline blocks; they are part of the next compaction."""
        for count in block_counts:
            slot = self.tablets[-1].slot + 1 if self.tablets else 0
            tablet = Tablet(TabletId(FIRST_USER_TABLET_ID + slot), name, log_stream_id, slot)
            tablet.appended_block_count = count
            self.tablets.append(tablet)

    def table(self, name: str) -> list[Tablet]:
        """The tablets of a table; 1146-like errors are the caller's, an unknown name gives an empty list."""
        return [t for t in self.tablets if t.table_name == name]

    def write(self, table_name: str, count: int, kind: str, seed: int) -> None:
        """Touch `count` distinct baseline positions of a table, or append as many blocks.

        `random` draws positions uniformly, `clustered` takes one run at a random place, `append` writes past the end.
        Raises 1210 when the table has fewer blocks, or for another kind, and 1146 for an unknown table.
        """
        tablets = self.table(table_name)
        if not tablets:
            raise error("OB_TABLE_NOT_EXIST", "obsim", table_name)
        if kind not in _MEMORY_BYTES:
            raise error("OB_INVALID_ARGUMENT", f"kind, it is one of {', '.join(WRITE_KINDS)}")
        total = sum(t.major_block_count for t in tablets)
        if count < 0:
            raise error("OB_INVALID_ARGUMENT", "count, it must not be negative")
        if kind != "append" and count > total:
            raise error("OB_INVALID_ARGUMENT", f"count, table {table_name} has {total} baseline blocks")
        if kind == "append":
            self._touch(tablets[-1], kind, count)
            tablets[-1].appended_block_count += count
        else:
            key = stream_key(seed, f"write {kind}", tablets[0].tablet_id, self.write_count)
            self._mark(tablets, _places(kind, key, total, count), kind)
        self.write_count += 1

    def _mark(self, tablets: list[Tablet], places: list[int], kind: str) -> None:
        """Make places (numbers within the table) dirty in their tablets."""
        places.sort()
        start = at = 0
        for tablet in tablets:
            end = start + tablet.major_block_count
            begin = at
            while at < len(places) and places[at] < end:
                at += 1
            shift = tablet.first_position - start
            touched = [p + shift for p in places[begin:at]]
            self.blocks.dirty.update(touched)
            if self._frozen is not None:
                self._frozen.later.update(touched)
            self._touch(tablet, kind, at - begin)
            start = end

    def _touch(self, tablet: Tablet, kind: str, count: int) -> None:
        size = _MEMORY_BYTES[kind] * count
        tablet.memory_bytes = Bytes(tablet.memory_bytes + size)
        self.log_bytes = Bytes(self.log_bytes + size)

    def minor_freeze(
        self, scn: Scn, minor_compact_trigger: int, log_stream_id: int | None = None, tablet_id: int | None = None
    ) -> None:
        """Turn memory into mini SSTables; `minor_compact_trigger` of them (0: never) become a minor.

        Of one log stream or one tablet if given. No baseline block changes (engine.md 1.3).
        """
        for tablet in self.tablets:
            if not tablet.memory_bytes or log_stream_id not in {None, tablet.log_stream_id}:
                continue
            if tablet_id not in {None, tablet.tablet_id}:
                continue
            tablet.mini.append(MiniSSTable(scn, tablet.memory_bytes))
            tablet.memory_bytes = Bytes(0)
            if minor_compact_trigger and len(tablet.mini) >= minor_compact_trigger:
                tablet.minor_bytes = Bytes(tablet.minor_bytes + sum(m.size_bytes for m in tablet.mini))
                tablet.minor_end_scn = scn
                tablet.mini.clear()
        if log_stream_id is None and tablet_id is None:
            self.checkpoint_scn = max(self.checkpoint_scn, scn)

    def major_freeze(self, version: Scn) -> None:
        """Merge everything into the baseline as of `version`: dirty, appended and seam blocks get a new identity.

        A tablet without changes has a new major SSTable with the same blocks. System tablets take part in it, though
        nothing of them is known but their number. While merges are suspended the merge waits for `resume_merge`.
        """
        waits = self.merge_suspended
        read_bytes = Bytes(0) if waits else self._baseline_bytes()
        self.freezes.add(MajorFreeze(version, INNER_TABLET_COUNT + len(self.tablets), read_bytes))
        for tablet in self.tablets:
            if tablet.memory_bytes:
                tablet.mini.append(MiniSSTable(version, tablet.memory_bytes))
                tablet.memory_bytes = Bytes(0)
        self.checkpoint_scn = max(self.checkpoint_scn, version)
        frozen = _Frozen(version, BitMap64(self.blocks.dirty), {t.slot: t.appended_block_count for t in self.tablets})
        if waits:
            self._frozen, self.freezes.waiting = frozen, True
        else:
            self._merge(frozen)

    def resume_merge(self, now_ns: Nanoseconds) -> None:
        """Merge what waits, if anything does: all that was written up to its freeze."""
        self.merge_suspended = False
        frozen, self._frozen = self._frozen, None
        if frozen is not None:
            self.freezes.compact(self._baseline_bytes(), now_ns)
            self._merge(frozen)

    def _baseline_bytes(self) -> Bytes:
        return Bytes(len(self.blocks.live) * MACROBLOCK_BYTES)

    def _merge(self, frozen: _Frozen) -> None:
        written = frozen.dirty
        for tablet in self.tablets:
            seam = tablet.seam_position
            if seam is not None:
                written.add(seam)
            appended = frozen.appended.get(tablet.slot, 0)
            if appended:
                written.add_range(tablet.end_position, tablet.end_position + appended)
                tablet.major_block_count += appended
                tablet.appended_block_count -= appended
            if tablet.minor_end_scn <= frozen.version:
                tablet.minor_bytes = Bytes(0)
            tablet.mini = [mini for mini in tablet.mini if mini.end_scn > frozen.version]
            tablet.major_version = frozen.version
        self.blocks.compact(frozen.version, written)
        self.blocks.dirty |= frozen.later

    def snapshot(self, scn: Scn) -> Snapshot:
        """The blocks as they are now, at `scn`, for a backup."""
        tablets = tuple(
            (t.tablet_id, t.log_stream_id, t.first_position, t.end_position, t.delta_block_count) for t in self.tablets
        )
        return Snapshot(scn, self.checkpoint_scn, self.blocks.epoch, BitMap64(self.blocks.live), tablets)

    def identities(self, positions: BitMap64, epoch: int) -> dict[int, BlockId]:
        """Logical ids of `positions` at `epoch`, by position."""
        return dict(self.blocks.identities(positions, epoch, {t.slot: t.tablet_id for t in self.tablets}))


def _places(kind: str, key: int, total: int, count: int) -> list[int]:
    if kind == "clustered":
        first = next(splitmix64(key)) % (total - count + 1)
        return list(range(first, first + count))
    return sample_distinct(key, total, count)
