"""How rows fill macroblocks, how far they are compressed, and what a changed row weighs above the baseline.

Everything follows from four figures of a table: the bytes that a row takes in the baseline after encoding and
compression, how much those were before, how full blocks get, and the share of its columns that an update changes. The
constants are those measured on table A of macroblock-experiment.md.
"""

from dataclasses import dataclass

from obsim.ids import MACROBLOCK_BYTES

__all__ = [
    "BLOCK_PAYLOAD_BYTES", "DEFAULT_LAYOUT", "ROW_BYTES_MAX", "ROW_BYTES_MIN", "BlockSizes", "RowLayout", "block_count",
]  # fmt: skip

ROW_BYTES_MIN, ROW_BYTES_MAX = 0.01, MACROBLOCK_BYTES
"""What tables may be made with; stored rows, so less than a byte is possible."""

BLOCK_PAYLOAD_BYTES = 2_060_300
"""Bytes a full block holds: 2,059,492 to 2,061,170 of 2 MiB, 98.2 to 98.3 percent; a multi-block SSTable is as full."""
_DELTA_ROW_BYTES = 27.5
"""Key and version columns of an updated row in a MINI: 134.2 bytes with five eighths of the columns, 198.2 with all."""
_DELTA_RATIO = 1.16
"""Bytes of changed columns in a MINI, which is not encoded, to their bytes in the baseline."""
_DELETED_ROW_BYTES = 14
"""A deleted row in a MINI: its key and a mark, 13.6 bytes."""
_ROWS_SHARE = 0.99315
"""Of the bytes a block occupies: its rows; the rest are headers and the index in the block (146.06 of 147.07 MB)."""
_ENCODING_PART = 0.459
"""Encoding comes before compression and does so much of it, in logarithms: 228.00 to 185.84 to 146.06 MB."""
_MICRO_BLOCK_BYTES = 16_616
"""Of a micro block after compression: 124 of them in a full block."""


@dataclass(frozen=True, slots=True)
class BlockSizes:
    """Bytes of one macroblock at each step, as `__all_virtual_tablet_sstable_macro_info` has them."""

    original: int
    """Of its rows as they were written."""
    encoded: int
    compressed: int
    occupied: int
    """Of the block on disk: what a backup copies."""
    micro_block_count: int


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Rows of one kind; the defaults are those of table A."""

    stored_bytes: float = 147.1
    """Of a row in the baseline, encoded and compressed."""
    changed_share: float = 0.625
    """Part of a row, by bytes, that an update changes: 1 for a whole row."""
    compression: float = 1.561
    """Bytes of a row as it was written for each stored one."""
    fill: float = 1.0
    """How much of what fits into a macroblock a full one holds: the tables of small tenants leave most of it empty."""

    @property
    def rows_per_block(self) -> int:
        """Rows of a full block; a row larger than a block counts as one."""
        return max(int(BLOCK_PAYLOAD_BYTES * self.fill / self.stored_bytes), 1)

    def blocks_of(self, row_count: int) -> int:
        """Blocks that so many rows fill, the last one perhaps in part."""
        return -(-row_count // self.rows_per_block)

    @property
    def block_bytes(self) -> int:
        """What a full block occupies."""
        return self.sizes(self.rows_per_block).occupied

    def sizes(self, row_count: int) -> BlockSizes:
        """A block with so many rows."""
        occupied = min(row_count * self.stored_bytes, BLOCK_PAYLOAD_BYTES)
        compressed = occupied * _ROWS_SHARE
        encoded = compressed * self.compression ** (1 - _ENCODING_PART)
        micro_block_count = -(-round(occupied) // _MICRO_BLOCK_BYTES)
        return BlockSizes(
            round(compressed * self.compression), round(encoded), round(compressed), round(occupied), micro_block_count
        )

    @property
    def insert_bytes(self) -> int:
        """A whole row in memory or in a MINI."""
        return int(_DELTA_ROW_BYTES + _DELTA_RATIO * self.stored_bytes)

    @property
    def update_bytes(self) -> int:
        """An updated row in memory or in a MINI: the columns that changed, and the key."""
        return int(_DELTA_ROW_BYTES + _DELTA_RATIO * self.stored_bytes * self.changed_share)

    @property
    def delete_bytes(self) -> int:
        """A deleted row in memory or in a MINI."""
        return _DELETED_ROW_BYTES


DEFAULT_LAYOUT = RowLayout()


def block_count(size_bytes: int) -> int:
    """Macroblocks of an SSTable of so many bytes; a part of one counts as one."""
    return -(-size_bytes // BLOCK_PAYLOAD_BYTES)
