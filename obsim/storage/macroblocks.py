"""Which macroblocks a tenant has, and which compaction wrote each of them (engine.md 1.2-1.4).

A baseline block has a *position*: the tablet's slot in the upper 32 bits, its place in the tablet in the lower. Its
identity, the logical id, is (data_seq, logic_version, tablet): the compaction that wrote it and its number in there.
Only the positions that each major compaction rewrote are kept, as one bitmap a compaction; identities, live sets of
the past and the answer "is this block in that set's index" are derived from them. A rewritten identity never comes
back, so a live block is in the index of a set exactly when no compaction after the set's snapshot wrote it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap64

from obsim.ids import Scn, TabletId

__all__ = ["SLOT_BITS", "BaselineBlocks", "BlockId", "Compaction"]

SLOT_BITS = 32


@dataclass(frozen=True, slots=True, order=True)
class BlockId:
    """Logical id of a macroblock; unique over the whole history of a tenant."""

    tablet_id: TabletId
    logic_version: Scn
    data_seq: int


@dataclass(frozen=True, slots=True)
class Compaction:
    """One major compaction: its snapshot version and the positions it wrote."""

    version: Scn
    written: BitMap64


@dataclass(slots=True)
class BaselineBlocks:
    """The baseline of all tablets of a tenant."""

    live: BitMap64 = field(default_factory=BitMap64)
    dirty: BitMap64 = field(default_factory=BitMap64)
    """Live positions with a change that no major compaction has taken in yet."""
    compactions: list[Compaction] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """How many major compactions there have been; a set remembers it as its snapshot."""
        return len(self.compactions)

    def compact(self, version: Scn, written: BitMap64) -> None:
        """Make `written` the blocks of a new compaction and clear the dirty marks. Other blocks keep their id."""
        written.run_optimize()
        self.compactions.append(Compaction(version, written))
        self.live |= written
        self.dirty.clear()

    def drop(self, first: int, end: int) -> None:
        """Take the positions [first, end) out of the baseline: their tablet is gone."""
        self.live.remove_range(first, end)
        self.dirty.remove_range(first, end)

    def written_between(self, base_epoch: int, epoch: int) -> BitMap64:
        """Positions that the compactions after `base_epoch` and up to `epoch` wrote.

        Of the blocks live at `epoch`, these are the ones that the index of a set taken at `base_epoch` lacks.
        """
        changed = BitMap64()
        for compaction in self.compactions[base_epoch:epoch]:
            changed |= compaction.written
        return changed

    def identities(
        self, positions: BitMap64, epoch: int, tablet_ids: dict[int, TabletId]
    ) -> Iterator[tuple[int, BlockId]]:
        """(position, logical id) of each of `positions` as it was at `epoch`, in order of position.

        `tablet_ids` maps a slot to its tablet. Every position must have been written by one of the first `epoch`
        compactions; for pictures and checks of small tenants, not for decisions.
        """
        owner: dict[int, Compaction] = {}
        left = BitMap64(positions)
        for compaction in reversed(self.compactions[:epoch]):
            for position in left & compaction.written:
                owner[position] = compaction
            left -= compaction.written
            if not left:
                break
        for position in positions:
            compaction = owner[position]
            slot_start = position >> SLOT_BITS << SLOT_BITS
            before = compaction.written.rank(slot_start - 1) if slot_start else 0
            data_seq = compaction.written.rank(position) - before - 1
            yield position, BlockId(tablet_ids[position >> SLOT_BITS], compaction.version, data_seq)
