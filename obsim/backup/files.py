"""How the blocks of a stage are cut into data files, and where in its file a block lies (engine.md 2.1, 5.5, 6.1).

A log stream's data stage has min(limit, cap of the version) copy tasks at least, and each output file is a task of its
own: the blocks, in order of tablet and position, are dealt out evenly, or, where such a share would be larger than
`backup_data_file_size`, into full files and a rest. Everything here is arithmetic over counts.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from obsim.ids import Bytes, LogStreamId
from obsim.storage.layout import DEFAULT_LAYOUT

__all__ = [
    "ALIGN_BYTES", "BLOCK_BYTES", "FILE_HEADER_BYTES", "OUTPUT_BLOCK_BYTES", "DataFiles", "FileCut",
    "blocks_in_file", "stored_bytes",
]  # fmt: skip

ALIGN_BYTES = 4096
"""Offsets and lengths in files are whole multiples of it (DIO_READ_ALIGN_SIZE of OceanBase)."""
FILE_HEADER_BYTES = ALIGN_BYTES
OUTPUT_BLOCK_BYTES = DEFAULT_LAYOUT.block_bytes
"""Bytes that a full block of the default layout occupies, its rows encoded and compressed."""
_COMMON_HEADER_BYTES = 64


def stored_bytes(block_bytes: int) -> int:
    """What a block takes up in a data file: what it occupies and a header, aligned."""
    return -(-(block_bytes + _COMMON_HEADER_BYTES) // ALIGN_BYTES) * ALIGN_BYTES


BLOCK_BYTES = stored_bytes(OUTPUT_BLOCK_BYTES)
"""The same of such a block."""


def blocks_in_file(file_bytes_max: Bytes, block_bytes: int = BLOCK_BYTES) -> int:
    """How many blocks, each of which takes up `block_bytes` there, a data file of at most so many bytes holds."""
    return max(1, (file_bytes_max - FILE_HEADER_BYTES) // block_bytes)


@dataclass(frozen=True, slots=True)
class FileCut:
    """So many blocks in so many files: `full` blocks each, the first `larger` of them one more, the last the rest."""

    block_count: int
    file_count: int
    full: int
    larger: int

    @classmethod
    def of(cls, block_count: int, task_count: int, blocks_max: int) -> "FileCut":
        """Deal `block_count` blocks out to `task_count` files, or to as many full ones of `blocks_max` as it takes."""
        task_count = min(max(1, task_count), block_count)
        if not block_count:
            return cls(0, 0, 0, 0)
        if -(-block_count // task_count) <= blocks_max:
            return cls(block_count, task_count, *divmod(block_count, task_count))
        return cls(block_count, -(-block_count // blocks_max), blocks_max, 0)

    def start(self, file_id: int) -> int:
        """Number of the first block of a file, counted from 0; `file_count` gives the number of all blocks."""
        return min(file_id * self.full + min(file_id, self.larger), self.block_count)

    def first_files(self, file_count: int) -> "FileCut":
        """The first files alone."""
        return FileCut(self.start(file_count), file_count, self.full, min(self.larger, file_count))

    def size(self, file_id: int) -> int:
        """Blocks of a file."""
        if file_id == self.file_count - 1:
            return self.block_count - self.start(file_id)
        return self.full + (file_id < self.larger)

    def sizes(self, first: int = 0, end: int | None = None) -> list[int]:
        """Blocks of each file, or of those from number `first` up to but not including `end`."""
        end = self.file_count if end is None else end
        if first >= end:
            return []
        larger = min(max(self.larger - first, 0), end - first)
        sizes = [self.full + 1] * larger + [self.full] * (end - first - larger)
        if end == self.file_count:
            sizes[-1] = self.block_count - self.start(end - 1)
        return sizes

    def file_of(self, number: int) -> int:
        """The file that holds the block with a number."""
        in_larger = self.larger * (self.full + 1)
        if number < in_larger:
            return number // (self.full + 1)
        return self.larger + (number - in_larger) // self.full


@dataclass(frozen=True, slots=True)
class DataFiles:
    """One directory of a set, `<type>_data_turn_<t>_retry_<r>` of a log stream: what an attempt has stored there."""

    log_stream_id: LogStreamId
    data_type: str
    """minor or major."""
    turn_id: int
    retry_id: int
    slots: tuple[int, ...]
    """Slots of the tablets whose blocks the turn stores, in order."""
    skipped: int
    """Blocks of them that earlier retries of the turn have stored."""
    cut: FileCut
    runs: tuple[tuple[int, int], ...] = ()
    """(blocks, what each takes up) of each of these tablets; () where that is BLOCK_BYTES everywhere."""

    def offset(self, number: int) -> int:
        """What the blocks in front of one take up. Blocks are counted from the first that was not skipped."""
        number += self.skipped
        if not self.runs:
            return number * BLOCK_BYTES
        ends = list(accumulate(count for count, _ in self.runs))
        place = bisect_right(ends, number)
        before = sum(count * size for count, size in self.runs[:place])
        if place == len(self.runs):
            return before
        count, size = self.runs[place]
        return before + (number - ends[place] + count) * size

    def file_bytes(self, file_id: int) -> Bytes:
        """Size of a data file without the indexes behind its blocks."""
        start = self.cut.start(file_id)
        return Bytes(FILE_HEADER_BYTES + self.offset(start + self.cut.size(file_id)) - self.offset(start))
