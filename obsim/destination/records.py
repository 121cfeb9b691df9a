"""What stands in the files of a destination, as data (engine.md 6.3, 6.4).

Everything is encoded as MessagePack and decoded strictly: an unknown field, a wrong type or a number out of bounds is
damage. Times and SCNs are nanoseconds since 1970-01-01 UTC.
"""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from obsim.destination.envelope import Damaged, Kind, open_sealed, seal

__all__ = [
    "UNDECODABLE", "BlockGroup", "CheckRecord", "DataFileRecord", "DataRecord", "DirectoryRecord", "FileSum",
    "FormatRecord", "IndexRecord", "MetaRecord", "PieceRecord", "PieceRecords", "PlaceholderRecord", "SetInfo",
    "SetInfos", "SetRow", "read_record", "seal_record",
]  # fmt: skip

Number = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Code = Annotated[int, Meta(ge=-(1 << 31), le=0)]
Name = Annotated[str, Meta(max_length=4096)]
Text = Annotated[str, Meta(max_length=65536)]
Sum = Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]

class FormatRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose destination it is: written once, when it is set, and never again."""

    cluster_name: Name
    tenant_name: Name
    path: Name
    cluster_id: Number
    tenant_id: Number
    incarnation: Number
    dest_id: Number
    dest_type: Name
    """backup_data or archive_log."""
    timestamp_ns: Number

    def fits(self, expected: "FormatRecord") -> bool:
        """Whether the compared fields are equal: not the names, not the time."""
        compared = ("path", "cluster_id", "tenant_id", "incarnation", "dest_id", "dest_type")
        return all(getattr(self, name) == getattr(expected, name) for name in compared)


class CheckRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """Written to find out whether one may write."""

    tenant_id: Number
    timestamp_ns: Number


class FileSum(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A file of a set: its name below the set's directory, its size as it is stored, and the CRC-32 of all of it."""

    name: Name
    stored_bytes: Number
    crc: Sum


class PlaceholderRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """What is in a placeholder, whose name is what it says."""

    tenant_id: Number
    backup_set_id: Number


class BlockGroup(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Blocks that one major compaction wrote; their positions as `blocks.encode_positions` writes them."""

    logic_version: Number
    positions: bytes


class DataRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """What a data file holds: of major data which blocks, of mini and minor data only how many."""

    data_type: Name
    block_count: Number
    groups: tuple[BlockGroup, ...]


class MetaRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """Log streams, and the tablets in them: (TABLET_ID, table)."""

    log_streams: tuple[Number, ...]
    tablets: tuple[tuple[Number, Name], ...]


class DataFileRecord(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A data file: how large it is in the model, and how many blocks it holds."""

    file_id: Number
    modelled_bytes: Number
    block_count: Number


class DirectoryRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A directory of data files: what one attempt at a log stream has stored."""

    log_stream_id: Number
    data_type: Name
    turn_id: Number
    retry_id: Number
    files: tuple[DataFileRecord, ...]


class SetRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A set as a row of the views (engine.md 6.4)."""

    incarnation: Number
    tenant_id: Number
    backup_set_id: Number
    dest_id: Number
    path: Name
    backup_type: Name
    prev_full_id: Number
    prev_inc_id: Number
    base_id: Number
    """The set whose index it builds on, 0 for a full one."""
    start_ns: Number
    end_ns: Number
    status: Name
    file_status: Name
    result: Code
    comment: Text
    encryption_mode: Name
    passwd: Name
    plus_archivelog: bool
    tenant_compatible: Name
    cluster_version: Name
    backup_compatible: Number
    start_replay_scn: Number
    min_restore_scn: Number
    consistent_scn: Number
    meta_turn_id: Number
    data_turn_id: Number
    minor_turn_id: Number
    major_turn_id: Number
    input_bytes: Number
    output_bytes: Number
    extra_meta_bytes: Number
    tablet_count: Number
    finish_tablet_count: Number
    macro_block_count: Number
    finish_macro_block_count: Number
    file_count: Number


class SetInfo(Struct, frozen=True, forbid_unknown_fields=True):
    """`single_backup_set_info`: a set that is whole, with the sum of every file written before."""

    row: SetRow
    delta_block_count: Number
    directories: tuple[DirectoryRecord, ...]
    files: tuple[FileSum, ...]


class SetInfos(Struct, frozen=True, forbid_unknown_fields=True):
    """`tenant_backup_set_infos`: the rows of all sets of the tenant so far, in order of id."""

    rows: tuple[SetRow, ...]


class IndexRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """An index over the data files of a directory, or of all directories of a set."""

    directories: tuple[DirectoryRecord, ...]


class PieceRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A piece as a row of the views, with the log files it has."""

    dest_id: Number
    round_id: Number
    piece_id: Number
    start_scn: Number
    end_scn: Number
    checkpoint_scn: Number
    input_bytes: Number
    frozen: bool
    complete: bool
    log_file_count: Number
    log_streams: tuple[Number, ...] = ()
    """Those that have a directory: the last one has so many log files, the others one each."""


class PieceRecords(Struct, frozen=True, forbid_unknown_fields=True):
    """Pieces in order of id."""

    pieces: tuple[PieceRecord, ...]


_Record = TypeVar("_Record", bound=Struct)
UNDECODABLE = (msgspec.DecodeError, msgspec.ValidationError, RecursionError, TypeError, UnicodeDecodeError)
"""What comes of bytes that are no value of a type: of texts that are none, too, and of what is nested without end."""


def seal_record(kind: Kind, record: Struct) -> bytes:
    """A record as a file."""
    return seal(kind, msgspec.msgpack.encode(record))


def read_record(kind: Kind, record_type: type[_Record], data: bytes) -> _Record:
    """The record of a file. Raises Damaged."""
    try:
        return msgspec.msgpack.decode(open_sealed(kind, data), type=record_type)
    except UNDECODABLE as wrong:
        raise Damaged(f"it does not say what a file of kind {kind.name} says: {wrong}") from None
