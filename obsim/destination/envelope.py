"""The form of every file that obsim writes to a destination: a checksummed header, then a compressed payload.

    magic 8 | format 2 | kind 2 | raw length 8 | stored length 8 | CRC-32 of all that and the payload 4

Numbers are big-endian. What is read back is untrusted: lengths are checked before anything is allocated, the checksum
before anything is decompressed, and a payload never grows beyond the length its header says.
"""

from enum import IntEnum
from struct import Struct
from zlib import compress, crc32, decompressobj
from zlib import error as zlib_error

__all__ = ["FILE_BYTES_MAX", "FORMAT_VERSION", "Damaged", "Kind", "open_sealed", "seal", "sealed_kind"]

FORMAT_VERSION = 1
_MAGIC = b"obsimbk\n"
_HEAD = Struct(">8sHHQQ")
_SUM = Struct(">I")
HEADER_BYTES = _HEAD.size + _SUM.size
FILE_BYTES_MAX = 64 << 20
"""No file of obsim's is larger; one that is was written by somebody else."""
RAW_BYTES_MAX = 256 << 20
"""Nor is any payload, once it is decompressed."""
_LEVEL = 1


class Kind(IntEnum):
    """What a file holds."""

    FORMAT = 1
    CHECK = 2
    PLACEHOLDER = 3
    SET_INFO = 4
    SET_INFOS = 5
    DATA = 6
    INDEX = 7
    META = 8
    PIECE_INFO = 9
    PIECE_INFOS = 10
    LOG = 11
    CHECKPOINT = 12
    CONTENT = 13


class Damaged(Exception):
    """A file is not what it should be: the text says what is wrong with it."""


def seal(kind: Kind, payload: bytes) -> bytes:
    """A payload as a file."""
    stored = compress(payload, _LEVEL)
    head = _HEAD.pack(_MAGIC, FORMAT_VERSION, kind, len(payload), len(stored))
    return head + _SUM.pack(crc32(stored, crc32(head))) + stored


def sealed_kind(data: bytes) -> Kind:
    """What a file holds, once its header and its checksum are found to be right. Raises Damaged."""
    return _checked(data)[0]


def open_sealed(kind: Kind, data: bytes) -> bytes:
    """The payload of a file that should be of a kind. Raises Damaged."""
    found, raw_length = _checked(data)
    if found is not kind:
        raise Damaged(f"it holds {found.name}, not {kind.name}")
    reader = decompressobj()
    try:
        payload = reader.decompress(data[HEADER_BYTES:], raw_length + 1)
    except zlib_error as wrong:
        raise Damaged(f"it does not decompress: {wrong}") from None
    if len(payload) != raw_length or reader.unconsumed_tail or reader.unused_data:
        raise Damaged("it is not as long, decompressed, as its header says")
    return payload


def _checked(data: bytes) -> tuple[Kind, int]:
    if len(data) > FILE_BYTES_MAX:
        raise Damaged(f"it is larger than {FILE_BYTES_MAX} bytes")
    if len(data) < HEADER_BYTES:
        raise Damaged("it is shorter than a header")
    magic, version, kind, raw_length, stored_length = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise Damaged("it is no file of obsim's")
    if crc32(memoryview(data)[HEADER_BYTES:], crc32(data[: _HEAD.size])) != _SUM.unpack_from(data, _HEAD.size)[0]:
        raise Damaged("its checksum is wrong")
    if version != FORMAT_VERSION:
        raise Damaged(f"it is of format {version}, this obsim reads {FORMAT_VERSION}")
    if stored_length != len(data) - HEADER_BYTES or raw_length > RAW_BYTES_MAX:
        raise Damaged("its lengths are wrong")
    try:
        return Kind(kind), raw_length
    except ValueError:
        raise Damaged(f"it is of an unknown kind {kind}") from None
