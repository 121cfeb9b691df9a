"""All storage of one tenant, and what writes, freezes and DDL do to it (engine.md 1.3, 1.4)."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from pyroaring import BitMap64

from obsim.errors import error
from obsim.ids import MACROBLOCK_BYTES, Bytes, LogStreamId, Nanoseconds, Scn, TabletId
from obsim.randomness import stream_key
from obsim.storage.changes import StorageChange, recorded
from obsim.storage.compaction import Merge, Seams, compact_tablet, seams_of
from obsim.storage.freezes import MajorFreeze, MajorFreezes
from obsim.storage.layout import DEFAULT_LAYOUT, RowLayout
from obsim.storage.macroblocks import SLOT_BITS, BaselineBlocks, BlockId, Compaction
from obsim.storage.picture import FrozenChanges, Picture, Snapshot
from obsim.storage.positions import gather
from obsim.storage.tablet import ROWS_MAX, TABLET_BLOCKS_MAX, TABLET_SIZE_BYTES, TENANT_BLOCKS_MAX, Pending, Tablet
from obsim.storage.workload import WRITE_KINDS, Change, kind_named

__all__ = ["INNER_TABLET_COUNT", "PROGRESSIVE_ROUNDS", "WRITE_KINDS", "TenantStorage"]

INNER_TABLET_COUNT = 614
"""System tablets of a tenant: counted in TABLET_COUNT, hardly any blocks (samples.md: 617 and 631 tablets in all)."""
FIRST_USER_TABLET_ID = 200_001
_NOTHING = Pending()
_PICTURED_TOO = attrgetter("log_stream_id", "minor_end_scn")
"""What of a tablet may change while its blocks stay."""
PROGRESSIVE_ROUNDS = 100
"""OB_AUTO_PROGRESSIVE_MERGE_NUM: in so many major compactions the blocks of an altered table are rewritten."""


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
    slot_count: int = 0
    """Tablets there have ever been."""
    freezes: MajorFreezes = field(default_factory=MajorFreezes)
    _live_taken: BitMap64 = field(default_factory=BitMap64)
    """The live blocks of the last snapshot: the next one shares them if none came or went."""
    merge_suspended: bool = False
    change_count: int = 0
    """Changes so far."""
    on_change: Callable[[int, StorageChange], None] | None = None
    """Told of each change and its number, from 0."""
    changing: bool = False
    """Whether a change goes on."""
    _frozen: FrozenChanges | None = None
    """The freeze that waits for merges to be resumed."""
    _seams: Seams | None = None
    """Those of all tablets, None when they have to be looked for."""
    _merged_at: int = -1
    """`change_count` after the last major freeze that was compacted at once."""
    _pictured: tuple[Seams, tuple[Tablet, ...], list[tuple[LogStreamId, Scn]]] | None = None
    """The tablets of the last picture that was taken right after a compaction, the seams they had, and what of them may
    change while these stay."""

    def note(self, change: StorageChange) -> None:
        """A change has been made."""
        number, self.change_count = self.change_count, self.change_count + 1
        if self.on_change is not None:
            self.on_change(number, change)

    @property
    def memory_bytes(self) -> int:
        """Rows in memory, of all tablets."""
        return sum(tablet.memory_bytes for tablet in self.tablets)

    def table(self, name: str) -> list[Tablet]:
        """The tablets of a table; 1146-like errors are the caller's, an unknown name gives an empty list."""
        return [t for t in self.tablets if t.table_name == name]

    def _known_table(self, name: str) -> list[Tablet]:
        tablets = self.table(name)
        if not tablets:
            raise error("OB_TABLE_NOT_EXIST", "obsim", name)
        return tablets

    # DDL and placement.

    @recorded
    def create_table(
        self,
        name: str,
        block_counts: Sequence[int],
        log_stream_id: LogStreamId,
        layout: RowLayout = DEFAULT_LAYOUT,
        tablet_size_bytes: Bytes = TABLET_SIZE_BYTES,
    ) -> list[Tablet]:
        """Add a table with one tablet for each number of full blocks; they are part of the next compaction."""
        added = []
        for count in block_counts:
            tablet_id = TabletId(FIRST_USER_TABLET_ID + self.slot_count)
            tablet = Tablet(tablet_id, name, log_stream_id, self.slot_count, layout, tablet_size_bytes)
            tablet.pending.appended_block_count = count
            self.slot_count += 1
            added.append(tablet)
        self.tablets += added
        self._seams = None
        return added

    @recorded
    def load_table(
        self,
        name: str,
        row_counts: Sequence[int],
        log_stream_ids: Sequence[LogStreamId],
        layout: RowLayout = DEFAULT_LAYOUT,
        tablet_size_bytes: Bytes = TABLET_SIZE_BYTES,
    ) -> list[Tablet]:
        """Add a table with one tablet for each number of rows, by turns in the log streams given.

        The rows become blocks at the next major compaction; they are taken as written before the story begins: they
        fill neither memory nor log.
        """
        added: list[Tablet] = []
        for n, rows in enumerate(row_counts):
            stream = log_stream_ids[n % len(log_stream_ids)]
            (tablet,) = self.create_table(name, [0], stream, layout, tablet_size_bytes)
            tablet.pending.appended_row_count = rows
            added.append(tablet)
        return added

    def check_room(self, block_counts: Iterable[int], there: int = 0) -> None:
        """Raise 1210 if so many blocks more are too many for their tablets, with `there` each, or for the tenant."""
        wanted = list(block_counts)
        if there + max(wanted, default=0) > TABLET_BLOCKS_MAX:
            raise error("OB_INVALID_ARGUMENT", f"count, a tablet has {TABLET_BLOCKS_MAX} macroblocks at most")
        if sum(tablet.places_wanted for tablet in self.tablets) + sum(wanted) > TENANT_BLOCKS_MAX:
            raise error("OB_INVALID_ARGUMENT", f"count, a tenant has {TENANT_BLOCKS_MAX} macroblocks at most")

    @recorded
    def drop_table(self, name: str, scn: Scn) -> None:
        """Take a table's tablets away with all their blocks. Raises 1146."""
        for tablet in self._known_table(name):
            first, end = tablet.first_position, tablet.end_position
            self.blocks.drop(scn, first, end)
            self.tablets.remove(tablet)
            self._seams = None
            if self._frozen is not None:
                self._frozen.dirty.remove_range(first, end)
                self._frozen.later.remove_range(first, end)

    @recorded
    def truncate_table(self, name: str, scn: Scn) -> None:
        """An empty table takes the place: with new tablets, so nothing of the old one is reused. Raises 1146."""
        old = self._known_table(name)
        self.drop_table(name, scn)
        for tablet in old:
            self.create_table(name, [0], tablet.log_stream_id, tablet.layout, tablet.tablet_size_bytes)

    @recorded
    def alter_table(self, name: str, rounds: int = PROGRESSIVE_ROUNDS) -> None:
        """DDL that changes how rows are stored: so many major compactions rewrite a part each, with 1 all at once.

        Raises 1146, and 1210 for less than one round.
        """
        if rounds < 1:
            raise error("OB_INVALID_ARGUMENT", "rounds, it must be above zero")
        for tablet in self._known_table(name):
            tablet.progress, tablet.progressive_rounds = 0, rounds

    @recorded
    def transfer(self, tablet_id: int, log_stream_id: LogStreamId) -> None:
        """Move a tablet to another log stream: its id and its blocks stay as they are (engine.md 1.3). Raises 1210."""
        tablet = next((t for t in self.tablets if t.tablet_id == tablet_id), None)
        if tablet is None or log_stream_id not in self.log_stream_ids[1:]:
            raise error("OB_INVALID_ARGUMENT", "transfer of a tablet to a user log stream of the tenant")
        tablet.log_stream_id = log_stream_id

    # Changes.

    @recorded
    def write(self, table_name: str, count: int, kind: str, seed: int) -> None:
        """Touch `count` blocks of a table, or change as many rows: `obsim.storage.workload` has the kinds.

        Raises 1210 when the table has fewer blocks or rows, or for another kind, and 1146 for an unknown table.
        """
        tablets = self._known_table(table_name)
        chosen, ranges = kind_named(kind)
        key = stream_key(seed, f"write {chosen.name}", tablets[0].tablet_id, self.write_count)
        order = stream_key(seed, "order of rows", tablets[0].tablet_id, 0)
        dirty = self._frozen.later if self._frozen is not None else self.blocks.dirty
        change = Change(tablets, self.blocks.live, dirty, key, order, count, ranges)
        if count < 0:
            raise error("OB_INVALID_ARGUMENT", "count, it must not be negative")
        total = change.block_count if chosen.unit == "blocks" else change.row_count
        if chosen.too_many(count, total):
            what = "baseline blocks" if chosen.unit == "blocks" else "baseline rows"
            raise error("OB_INVALID_ARGUMENT", f"count, table {table_name} has {total} {what}")
        if count > ROWS_MAX:
            raise error("OB_INVALID_ARGUMENT", f"count, {ROWS_MAX} at most")
        if chosen.inserts:
            blocks = tablets[-1].layout.blocks_of(count) if chosen.unit == "rows" else count
            self.check_room([blocks], tablets[-1].places_wanted)
        if count:
            for tablet, touched, size_bytes in chosen.touch(change):
                self._touch(touched)
                self._take_bytes(tablet, size_bytes)
        self.write_count += 1

    def append_rows(self, tablet: Tablet, count: int) -> None:
        """Insert so many rows after the last one of a tablet."""
        self.append_rows_at(tablet.slot, count)

    @recorded
    def append_rows_at(self, slot: int, count: int) -> None:
        """Insert so many rows after the last one of the tablet with this slot."""
        tablet = self.tablets[bisect_left(self.tablets, slot, key=lambda tablet: tablet.slot)]
        tablet.pending.appended_row_count += count
        tablet.pending.rows_changed = True
        self._take_bytes(tablet, count * tablet.layout.insert_bytes)

    def change_blocks(self, positions: Iterable[int], bytes_per_block: int | None = None) -> int:
        """Make baseline blocks dirty, wherever the change comes from; gives how many were not dirty before.

        A position is a tablet's `first_position` plus a place in it. Positions may come in any order and more than
        once; an unsorted array('Q') is the fastest. Each block counts as one updated row in memory and log, or as
        `bytes_per_block`. Raises 1210, and changes nothing, when one of them holds no live block.
        """
        changed = gather(positions)
        if not changed.issubset(self.blocks.live):
            raise error("OB_INVALID_ARGUMENT", f"position {(changed - self.blocks.live).min()}, no block is there")
        before = len(self.blocks.dirty)
        self.change_blocks_at(changed, bytes_per_block)
        return len(self.blocks.dirty) - before

    @recorded
    def change_blocks_at(self, changed: BitMap64, bytes_per_block: int | None = None) -> None:
        """Make these live baseline blocks dirty; `changed` is not to be changed any more."""
        self._touch(changed)
        layout, each, count_between, total = None, bytes_per_block or 0, changed.range_cardinality, 0
        for tablet in self.tablets:
            first = tablet.slot << SLOT_BITS
            count = count_between(first, first + tablet.next_place)
            if count:
                if bytes_per_block is None and tablet.layout is not layout:
                    layout = tablet.layout
                    each = layout.update_bytes
                tablet.memory_bytes += each * count  # type: ignore[assignment]  # NewType costs a call
                total += each * count
        self.log_bytes = Bytes(self.log_bytes + total)

    def _touch(self, positions: BitMap64) -> None:
        self.blocks.dirty |= positions
        if self._frozen is not None:
            self._frozen.later |= positions

    def _take_bytes(self, tablet: Tablet, size_bytes: int) -> None:
        """Put rows of that size into a tablet's memory, and into the log."""
        tablet.memory_bytes = Bytes(tablet.memory_bytes + size_bytes)
        self.log_bytes = Bytes(self.log_bytes + size_bytes)

    # Freezes.

    @recorded
    def minor_freeze(
        self, scn: Scn, minor_compact_trigger: int, log_stream_id: int | None = None, tablet_id: int | None = None
    ) -> None:
        """Turn memory into mini SSTables; `minor_compact_trigger` of them (0: never) become a minor.

        Of one log stream or one tablet if given. No baseline block changes (engine.md 1.3).
        """
        for tablet in self.tablets:
            if log_stream_id in {None, tablet.log_stream_id} and tablet_id in {None, tablet.tablet_id}:
                tablet.minor_freeze(scn, minor_compact_trigger)
        if log_stream_id is None and tablet_id is None:
            self.checkpoint_scn = max(self.checkpoint_scn, scn)

    @recorded
    def major_freeze(self, version: Scn) -> None:
        """Merge everything into the baseline as of `version`: what changed, was added or lies on a seam is new.

        A tablet without changes has a new major SSTable with the same blocks. System tablets take part in it, though
        nothing of them is known but their number. While merges are suspended the merge waits for `resume_merge`, and
        no other freeze may come meanwhile.
        """
        waits = self.merge_suspended
        read_bytes = Bytes(0) if waits else self._baseline_bytes()
        self.freezes.add(MajorFreeze(version, INNER_TABLET_COUNT + len(self.tablets), read_bytes))
        frozen = FrozenChanges(version, BitMap64(self.blocks.dirty) if waits else self.blocks.dirty, self.slot_count)
        for tablet in self.tablets:
            if waits:
                tablet.minor_freeze(version, 0)
            else:
                tablet.memory_bytes = Bytes(0)  # written as a mini SSTable, which is merged at once
            if not tablet.settled:
                frozen.pending[tablet.slot] = tablet.take_pending() or Pending()
        self.checkpoint_scn = max(self.checkpoint_scn, version)
        if waits:
            self._frozen, self.freezes.waiting = frozen, True
        else:
            self._merge(frozen)
            self._merged_at = self.change_count + 1

    @recorded
    def suspend_merge(self) -> None:
        """Let the major freezes to come wait for `resume_merge`."""
        self.merge_suspended = True

    @recorded
    def resume_merge(self, now_ns: Nanoseconds) -> None:
        """Merge what waits, if anything does: all that was written up to its freeze."""
        self.merge_suspended = False
        frozen, self._frozen = self._frozen, None
        if frozen is not None:
            self.freezes.compact(self._baseline_bytes(), now_ns)
            self._merge(frozen, resumed=True)

    def _baseline_bytes(self) -> Bytes:
        return Bytes(len(self.blocks.live) * MACROBLOCK_BYTES)

    def _merge(self, frozen: FrozenChanges, *, resumed: bool = False) -> None:
        """Merge what a freeze found; if that had to wait, tablets may have got more to do meanwhile."""
        seams = self._seams_of(frozen)
        merge = Merge(frozen.dirty, seams.tasks)
        merge.written |= seams.positions
        version, slot_count, may_change = frozen.version, frozen.slot_count, bool(frozen.pending) or resumed
        for tablet in self.tablets:
            if tablet.slot < slot_count:
                if tablet.mini or tablet.minor_bytes:
                    tablet.compacted(version)
                else:
                    tablet.major_version = version
                if not may_change:
                    continue
                if tablet.slot in frozen.pending or (resumed and not tablet.settled):
                    compact_tablet(tablet, frozen.pending.get(tablet.slot, _NOTHING), self.blocks.live, merge)
                    self._seams = None
        self.blocks.compact(frozen.version, merge.written, merge.removed, merge.tasks)
        if frozen.later:
            self.blocks.dirty |= self._moved(frozen.later, merge)

    def _seams_of(self, frozen: FrozenChanges) -> Seams:
        """The seams of the tablets that a freeze found, looked for anew only when blocks came or went."""
        if frozen.slot_count < self.slot_count:
            return seams_of([t for t in self.tablets if t.slot < frozen.slot_count], self.blocks.live)
        if self._seams is None:
            self._seams = seams_of(self.tablets, self.blocks.live)
        return self._seams

    def _moved(self, later: BitMap64, merge: Merge) -> BitMap64:
        """Where what was touched during the merge lies after it: of a tablet packed anew, anywhere."""
        gone, later = later & merge.removed, later - merge.removed
        for tablet in self.tablets:
            span = BitMap64(range(tablet.first_position, tablet.end_position))
            if gone.intersect(span):
                later |= merge.written & span
        return later

    def snapshot(self, scn: Scn) -> Snapshot:
        """The blocks as they are now, at `scn`, for a backup."""
        tablets = []
        block_bytes, delta_bytes = {}, {}
        for t in self.tablets:
            first, delta_count = t.slot << SLOT_BITS, 0
            if t.layout is not DEFAULT_LAYOUT:
                block_bytes[t.tablet_id] = t.layout.block_bytes
            if t.mini or t.minor_bytes:
                delta_bytes[t.tablet_id], delta_count = t.delta_bytes, t.delta_block_count
            tablets.append((t.tablet_id, t.log_stream_id, first, first + t.next_place, delta_count))
        if self._live_taken != self.blocks.live:
            self._live_taken = BitMap64(self.blocks.live)
        return Snapshot(
            scn, self.checkpoint_scn, self.blocks.epoch, self._live_taken, tuple(tablets), block_bytes, delta_bytes
        )

    # Pictures.

    def picture(self) -> Picture:
        """Everything but the blocks, as it is now."""
        tablets, major_version = self._tablets_pictured()
        return Picture(
            self.change_count, self.blocks.epoch, tuple(self.log_stream_ids), tablets, major_version,
            BitMap64(self.blocks.dirty), self.log_bytes, self.checkpoint_scn, self.write_count, self.slot_count,
            self.freezes.copy(), self.merge_suspended,
            self._frozen.copy() if self._frozen is not None else None,
        )  # fmt: skip

    def _tablets_pictured(self) -> tuple[tuple[Tablet, ...], Scn | None]:
        """Copies of the tablets; as long as no block came or went those of the last time, with another version."""
        if self._seams is None or self.change_count != self._merged_at:
            return tuple([tablet.copy() for tablet in self.tablets]), None
        version, may_change = self.freezes.newest.scn, list(map(_PICTURED_TOO, self.tablets))
        last = self._pictured
        if last is None or last[0] is not self._seams or last[2] != may_change:
            last = self._pictured = self._seams, tuple([tablet.copy() for tablet in self.tablets]), may_change
        return last[1], version

    def become(self, picture: Picture, compactions: Sequence[Compaction]) -> None:
        """Be what a picture shows, with the blocks that its compactions, all from the first one on, wrote."""
        blocks = BaselineBlocks(BitMap64(), BitMap64(picture.dirty), list(compactions))
        blocks.live = blocks.live_at(picture.epoch)
        self.blocks = blocks
        self.log_stream_ids[:] = picture.log_stream_ids
        self.tablets = [tablet.copy() for tablet in picture.tablets]
        if picture.major_version is not None:
            for tablet in self.tablets:
                tablet.major_version = picture.major_version
        self.log_bytes, self.checkpoint_scn = picture.log_bytes, picture.checkpoint_scn
        self.write_count, self.slot_count = picture.write_count, picture.slot_count
        self.freezes = picture.freezes.copy()
        self.merge_suspended = picture.merge_suspended
        self._frozen = picture.frozen.copy() if picture.frozen is not None else None
        self._live_taken, self._seams, self._merged_at = BitMap64(), None, -1

    def identities(self, positions: BitMap64, epoch: int) -> dict[int, BlockId]:
        """Logical ids of `positions` at `epoch`, by position."""
        ids = {slot: TabletId(FIRST_USER_TABLET_ID + slot) for slot in range(self.slot_count)}
        return dict(self.blocks.identities(positions, epoch, ids))
