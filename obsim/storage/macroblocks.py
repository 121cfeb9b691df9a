"""Which macroblocks a tenant has, and which compaction wrote each of them (engine.md 1.2-1.4).

A baseline block has a *position*: the tablet's slot in the upper 32 bits, its place in the tablet in the lower. Its
identity, the logical id, is (data_seq, logic_version, tablet): the compaction that wrote it and its number in there.
Only the positions that each major compaction wrote or took away are kept, as bitmaps; identities, live sets of the
past and the answer "is this block in that set's index" are derived from them. A rewritten identity never comes back,
so a live block is in the index of a set exactly when no compaction after the set's snapshot wrote it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pyroaring import BitMap64

from obsim.ids import Scn, TabletId

__all__ = ["PLACES_MAX", "SLOT_BITS", "TASK_SEQ_BITS", "BaselineBlocks", "BlockId", "Compaction"]

SLOT_BITS = 32
PLACES_MAX = 1 << SLOT_BITS
"""Places of a tablet: past them are those of the next one."""
_PLACE_MASK = PLACES_MAX - 1
TASK_SEQ_BITS = 32
"""The data_seq of the second task of a parallel merge starts at 2**32, of the third at 2**33 (experiment, item 2)."""
_UNIONS_KEPT = 2


class BlockId(NamedTuple):
    """Logical id of a macroblock; unique over the whole history of a tenant.

    A tuple, since pictures have one for each block.
    """

    tablet_id: TabletId
    logic_version: Scn
    data_seq: int


@dataclass(frozen=True, slots=True)
class Compaction:
    """One major compaction, or the drop of a tablet, which writes nothing: what it wrote and what it took away."""

    version: Scn
    written: BitMap64
    removed: BitMap64 = field(default_factory=BitMap64)
    tasks: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Of each slot that several tasks compacted: how many they were, and the places that one had."""

    def data_seqs(self, positions: BitMap64) -> Iterator[tuple[int, int]]:
        """(position, number) of blocks it wrote: numbered task by task, in each in order of place."""
        rank, end, task_end, number = self.written.rank, 0, 0, 0
        for position in positions:
            if position >= task_end:
                if position >= end:
                    first = position & ~_PLACE_MASK
                    end = first + _PLACE_MASK + 1
                    count, width = self.tasks.get(position >> SLOT_BITS, (1, 1))
                task = min((position - first) // width, count - 1)
                begin = first + task * width
                task_end = begin + width if task < count - 1 else end
                number = (task << TASK_SEQ_BITS) - (rank(begin - 1) if begin else 0) - 1
            yield position, number + rank(position)


class Growing:
    """Positions written since an epoch, up to the last compaction."""

    __slots__ = ("base_epoch", "epoch", "own", "written")

    def __init__(self, base_epoch: int, compactions: Iterable[Compaction]) -> None:
        self.base_epoch = self.epoch = base_epoch
        self.written = BitMap64()
        self.own = False
        """Whether `written` is no compaction's."""
        for compaction in compactions:
            self.add(compaction.written)

    def add(self, written: BitMap64) -> None:
        """One more compaction. Of a single one there is no copy."""
        self.epoch += 1
        if not written:
            return
        if not self.written:
            self.written = written
        elif self.own:
            self.written |= written
        else:
            self.written, self.own = self.written | written, True


@dataclass(slots=True)
class BaselineBlocks:
    """The baseline of all tablets of a tenant."""

    live: BitMap64 = field(default_factory=BitMap64)
    dirty: BitMap64 = field(default_factory=BitMap64)
    """Live positions with a change that no major compaction has taken in yet."""
    compactions: list[Compaction] = field(default_factory=list)
    _unions: dict[int, tuple[int, BitMap64]] = field(default_factory=dict)
    """(epoch, positions written since) by the base epochs asked for last."""
    _expected: "Growing | None" = None
    """What the next increment has to copy if its base is the one that is expected."""

    @property
    def epoch(self) -> int:
        """How many compactions there have been, drops included; a set remembers it as its snapshot."""
        return len(self.compactions)

    def compact(
        self,
        version: Scn,
        written: BitMap64,
        removed: BitMap64 | None = None,
        tasks: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        """Make `written` the blocks of a new compaction, no block dirty. Other blocks keep their id.

        `written`, which may be `dirty` itself, is kept as it is, in no more memory than it needs: not to be changed by
        the caller any more.
        """
        removed = removed if removed is not None else BitMap64()
        written.run_optimize()
        written.shrink_to_fit()
        self.compactions.append(Compaction(version, written, removed, tasks or {}))
        self.live |= written
        if removed:
            self.live -= removed
        self.dirty = BitMap64()
        if self._expected is not None:
            self._expected.add(self.compactions[-1].written)

    def drop(self, version: Scn, first: int, end: int) -> None:
        """Take the positions [first, end) out of the baseline: their tablet is gone."""
        removed = self.live & BitMap64(range(first, end))
        self.compactions.append(Compaction(version, BitMap64(), removed))
        if self._expected is not None:
            self._expected.add(BitMap64())
        self.live.remove_range(first, end)
        self.dirty.remove_range(first, end)

    def expect(self, base_epoch: int) -> None:
        """An increment over this base is to be expected: from now on each compaction adds to what it has to copy.

        So the decision itself takes no time, however long it has been put off.
        """
        last, self._expected = self._expected, Growing(base_epoch, self.compactions[base_epoch:])
        if last is not None and last.own:
            self._keep(last.base_epoch, last.epoch, last.written)

    def _keep(self, base_epoch: int, epoch: int, written: BitMap64) -> None:
        self._unions.pop(base_epoch, None)
        self._unions[base_epoch] = epoch, written
        while len(self._unions) > _UNIONS_KEPT:
            del self._unions[next(iter(self._unions))]

    def written_between(self, base_epoch: int, epoch: int) -> BitMap64:
        """Positions that the compactions after `base_epoch` and up to `epoch` wrote, live at `epoch` or not.

        Of the blocks live at `epoch`, these are the ones that the index of a set taken at `base_epoch` lacks.
        """
        changed = BitMap64()
        for compaction in self.compactions[base_epoch:epoch]:
            changed |= compaction.written
        return changed

    def to_copy(self, base_epoch: int, epoch: int) -> BitMap64:
        """The incremental decision: of the blocks live at `epoch`, those that the index of the base's epoch lacks.

        The result is not the caller's own: do not change it, and copy what has to outlive the next compaction. One
        compaction costs nothing; a longer span goes on from where the last decision over the same base ended.
        """
        written = self._union(base_epoch, epoch)
        removed = [c.removed for c in self.compactions[base_epoch:epoch] if c.removed]
        return written - BitMap64().union(*removed) if removed else written

    def _union(self, base_epoch: int, epoch: int) -> BitMap64:
        expected = self._expected
        if expected is not None and (expected.base_epoch, expected.epoch) == (base_epoch, epoch):
            return expected.written
        spans = [c.written for c in self.compactions[base_epoch:epoch] if c.written]
        if len(spans) <= 1:
            return spans[0] if spans else BitMap64()
        known_epoch, known = self._unions.get(base_epoch, (base_epoch, BitMap64()))
        if known_epoch > epoch:
            return self.written_between(base_epoch, epoch)
        for compaction in self.compactions[known_epoch:epoch]:
            known |= compaction.written
        self._keep(base_epoch, epoch, known)
        return known

    def live_at(self, epoch: int) -> BitMap64:
        """The blocks that were live after the first `epoch` compactions."""
        live = BitMap64()
        for compaction in self.compactions[:epoch]:
            live |= compaction.written
            live -= compaction.removed
        return live

    def identities(
        self, positions: BitMap64, epoch: int, tablet_ids: Mapping[int, TabletId]
    ) -> Iterator[tuple[int, BlockId]]:
        """(position, logical id) of each of `positions` as it was at `epoch`, in order of position.

        `tablet_ids` maps a slot to its tablet. Every position must have been written by one of the first `epoch`
        compactions; for pictures and checks of small tenants, not for decisions.
        """
        found: dict[int, BlockId] = {}
        left = BitMap64(positions)
        for compaction in reversed(self.compactions[:epoch]):
            mine = left & compaction.written
            for position, data_seq in compaction.data_seqs(mine):
                found[position] = BlockId(tablet_ids[position >> SLOT_BITS], compaction.version, data_seq)
            left -= mine
            if not left:
                break
        for position in positions:
            yield position, found[position]
