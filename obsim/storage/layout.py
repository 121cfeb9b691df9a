"""How rows fill macroblocks and what a changed row weighs above the baseline (macroblock-experiment.md).

Everything follows from one figure, the bytes that a row takes in the baseline after encoding and compression, and from
the share of its columns that an update changes. The constants are those measured on table A of the experiment.
"""

from dataclasses import dataclass

__all__ = ["BLOCK_PAYLOAD_BYTES", "DEFAULT_LAYOUT", "RowLayout", "block_count"]

BLOCK_PAYLOAD_BYTES = 2_060_300
"""Bytes a full block holds: 2,059,492 to 2,061,170 of 2 MiB, 98.2 to 98.3 percent; a multi-block SSTable is as full."""
_DELTA_ROW_BYTES = 27.5
"""Key and version columns of an updated row in a MINI: 134.2 bytes with five eighths of the columns, 198.2 with all."""
_DELTA_RATIO = 1.16
"""Bytes of changed columns in a MINI, which is not encoded, to their bytes in the baseline."""
_DELETED_ROW_BYTES = 14
"""A deleted row in a MINI: its key and a mark, 13.6 bytes."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Rows of one kind; the defaults are those of table A."""

    stored_bytes: float = 147.1
    """Of a row in the baseline, encoded and compressed."""
    changed_share: float = 0.625
    """Part of a row, by bytes, that an update changes: 1 for a whole row."""

    @property
    def rows_per_block(self) -> int:
        """Rows of a full block; a row larger than a block counts as one."""
        return max(int(BLOCK_PAYLOAD_BYTES / self.stored_bytes), 1)

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
