"""Which blocks a set describes and which of them it stores itself (engine.md 2.1, 2.2).

Nothing is kept per block. A set knows two numbers, how many major compactions its base and it were taken after; what
the compactions in between wrote and was still live is what it stores. What it stores lies in its data files in order
of log stream, tablet and position, so the place of a block follows from its rank.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

from pyroaring import BitMap64

from obsim.backup.files import ALIGN_BYTES, BLOCK_BYTES, FILE_HEADER_BYTES, DataFiles
from obsim.ids import BackupSetId, Bytes, LogStreamId
from obsim.storage.macroblocks import SLOT_BITS, BaselineBlocks, Compaction
from obsim.storage.picture import Picture

__all__ = ["Location", "SetContent", "pack", "unpack"]


class Location(NamedTuple):
    """Where a block is stored: offset and length in bytes (engine.md 2.1). A tuple, since an index has many."""

    backup_set_id: BackupSetId
    log_stream_id: LogStreamId
    turn_id: int
    retry_id: int
    file_id: int
    offset: int
    length: Bytes


@dataclass(slots=True, eq=False)
class SetContent:
    """The baseline blocks of one set."""

    blocks: BaselineBlocks
    base_epoch: int
    """Major compactions before the snapshot of the base, 0 for a full set."""
    epoch: int
    """Major compactions before its own snapshot."""
    live: BitMap64
    """All baseline positions at the snapshot; shared with other sets and never changed."""
    files: list[DataFiles] = field(default_factory=list)
    """In order of turn, log stream and retry: the minor data, then the major data."""
    picture: Picture | None = None
    """Tablets, mini and minor blocks and rows in memory at the snapshot; None only in measurements."""
    damaged: BitMap64 = field(default_factory=BitMap64)
    """Blocks that it stores and that arrived with a wrong checksum: nobody knows before they are read."""
    facts: Any = None
    """What the system tables held then: see `obsim.archive.log.FactsChanged`."""

    @property
    def compactions(self) -> Sequence[Compaction]:
        """What the blocks it describes came from, from the first one on: with `picture` all there is to restore.

        A set stores those after `base_epoch`; its base and the base of that have the ones before.
        """
        return self.blocks.compactions[: self.epoch]

    def stored(self) -> BitMap64:
        """Positions of the blocks that the set stores itself: those whose identity the base's index lacks.

        Shared with others: not to be changed.
        """
        if not self.base_epoch:
            return self.live
        return self.blocks.to_copy(self.base_epoch, self.epoch)

    def damage(self, slots: Sequence[int], drawn: int) -> None:
        """Let one of the blocks that it stores of the tablets in these slots be damaged, as the lot falls."""
        stored = self.stored()
        counts = [stored.range_cardinality(slot << SLOT_BITS, (slot + 1) << SLOT_BITS) for slot in slots]
        number = drawn % sum(counts) if any(counts) else 0
        for slot, count in zip(slots, counts, strict=True):
            if number < count:
                first = slot << SLOT_BITS
                self.damaged.add(stored[(stored.rank(first - 1) if first else 0) + number])
                return
            number -= count

    def locate(self, backup_set_id: BackupSetId, positions: BitMap64) -> Iterator[tuple[int, Location]]:
        """(position, place) of those of `positions` that the set stores itself; for checks and pictures."""
        stored = self.stored()
        positions = positions & stored
        for files in self.files:
            if files.data_type == "major":
                yield from _located(backup_set_id, files, stored, positions)


def _located(
    backup_set_id: BackupSetId, files: DataFiles, stored: BitMap64, positions: BitMap64
) -> Iterator[tuple[int, Location]]:
    """Blocks of one directory: the number of a block in it is its rank among the blocks of the directory's tablets."""
    cut, rank = files.cut, stored.rank
    before, file_id, past, in_front = -files.skipped, -1, 0, 0
    for place, slot in enumerate(files.slots):
        length = files.runs[place][1] if files.runs else BLOCK_BYTES
        first, end = slot << SLOT_BITS, (slot + 1) << SLOT_BITS
        offset, ahead = before - 1 - (rank(first - 1) if first else 0), files.offset(before)
        for position in takewhile(end.__gt__, positions.iter_equal_or_larger(first)):
            number = rank(position) + offset
            if 0 <= number < cut.block_count:
                if number >= past:
                    file_id = cut.file_of(number)
                    past, in_front = cut.start(file_id + 1), files.offset(cut.start(file_id))
                yield position, Location(
                    backup_set_id, files.log_stream_id, files.turn_id, files.retry_id, file_id,
                    FILE_HEADER_BYTES + ahead + (number - before) * length - in_front, Bytes(length),
                )  # fmt: skip
        before += stored.range_cardinality(first, end)


_OFFSET_BITS, _LENGTH_BITS = 26, 14
_TURN_BITS, _RETRY_BITS, _FILE_BITS, _SET_BITS = 10, 10, 22, 24
_TYPE_BITS = 12
_LOG_STREAM_BITS = 64


def _fields(location: Location) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Value and width of each field, word by word, the lowest bits first."""
    return (
        ((location.log_stream_id, _LOG_STREAM_BITS),),
        (
            (0, _TYPE_BITS), (location.turn_id, _TURN_BITS), (location.retry_id, _RETRY_BITS),
            (location.file_id, _FILE_BITS),
        ),
        (
            (location.backup_set_id, _SET_BITS),
            (location.offset // ALIGN_BYTES, _OFFSET_BITS),
            (location.length // ALIGN_BYTES, _LENGTH_BITS),
        ),
    )


def pack(location: Location) -> tuple[int, int, int]:
    """The three 64-bit words of a physical id as an index holds them.

    Raises ValueError for a place that does not fit: a turn or retry above 1023, offsets that are not aligned.
    """
    if location.offset % ALIGN_BYTES or location.length % ALIGN_BYTES:
        raise ValueError(f"{location} is not aligned to {ALIGN_BYTES} bytes")
    words = []
    for word in _fields(location):
        value = shift = 0
        for part, width in word:
            if not 0 <= part < 1 << width:
                raise ValueError(f"{part} of {location} takes more than {width} bits")
            value |= part << shift
            shift += width
        words.append(value)
    return words[0], words[1], words[2]


def unpack(words: tuple[int, int, int]) -> Location:
    """What `pack` made of it."""
    stream, second, third = words
    second >>= _TYPE_BITS
    turn, second = second & (1 << _TURN_BITS) - 1, second >> _TURN_BITS
    retry, second = second & (1 << _RETRY_BITS) - 1, second >> _RETRY_BITS
    set_id, third = third & (1 << _SET_BITS) - 1, third >> _SET_BITS
    offset, length = third & (1 << _OFFSET_BITS) - 1, third >> _OFFSET_BITS
    return Location(
        BackupSetId(set_id), LogStreamId(stream), turn, retry, second & (1 << _FILE_BITS) - 1, offset * ALIGN_BYTES,
        Bytes(length * ALIGN_BYTES),
    )  # fmt: skip
