"""A tablet: baseline, mini and minor SSTables, memory (engine.md 1.1, macroblock-experiment.md)."""

from dataclasses import dataclass, field

from obsim.ids import MACROBLOCK_BYTES, Bytes, LogStreamId, Scn, TabletId
from obsim.storage.macroblocks import SLOT_BITS

__all__ = ["MiniSSTable", "Tablet", "block_count"]

TABLET_SIZE_BYTES = Bytes(128 << 20)
"""Above it two tasks compact the tablet and the block on their seam is written anew every time."""


def block_count(size_bytes: int) -> int:
    """Macroblocks that `size_bytes` fill; a part of one counts as one."""
    return -(-size_bytes // MACROBLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class MiniSSTable:
    """What one minor freeze wrote."""

    end_scn: Scn
    size_bytes: Bytes


@dataclass(slots=True)
class Tablet:
    """One tablet of a table in a log stream. `slot` numbers it within the tenant and is never used again."""

    tablet_id: TabletId
    table_name: str
    log_stream_id: LogStreamId
    slot: int
    major_block_count: int = 0
    major_version: Scn = Scn(0)
    minor_bytes: Bytes = Bytes(0)
    minor_end_scn: Scn = Scn(0)
    mini: list[MiniSSTable] = field(default_factory=list)
    memory_bytes: Bytes = Bytes(0)
    appended_block_count: int = 0
    """Blocks of rows past the end that the next major compaction adds."""

    @property
    def first_position(self) -> int:
        """Position of the tablet's first baseline block."""
        return self.slot << SLOT_BITS

    @property
    def end_position(self) -> int:
        """One past the position of its last baseline block."""
        return self.first_position + self.major_block_count

    @property
    def delta_block_count(self) -> int:
        """Mini and minor blocks on disk."""
        return block_count(self.minor_bytes) + sum(block_count(m.size_bytes) for m in self.mini)

    @property
    def seam_position(self) -> int | None:
        """The block that a parallel compaction rewrites every time; None below the tablet size (experiment, item 5)."""
        if self.major_block_count * MACROBLOCK_BYTES <= TABLET_SIZE_BYTES:
            return None
        return self.first_position + self.major_block_count // 2
