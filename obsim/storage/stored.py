"""What a set keeps for a restore, as a file: the picture of the storage, the compactions after its base's, the facts.

Blocks are in `obsim.destination.blocks`' form. Everything is decoded strictly, by the types of the very classes it is
put into; what those cannot say (arguments of a change of the log) may be numbers, texts, layouts, positions and tuples.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from pyroaring import BitMap64

from obsim.destination.blocks import decode_positions, encode_positions
from obsim.destination.envelope import Damaged, Kind, open_sealed, seal
from obsim.destination.records import UNDECODABLE
from obsim.storage.changes import CHANGES, StorageChange
from obsim.storage.layout import RowLayout
from obsim.storage.macroblocks import Compaction
from obsim.storage.picture import Picture

__all__ = [
    "ChangeRecord", "ContentRecord", "change_record", "decode_facts", "encode_facts", "read_stored", "seal_stored",
    "storage_change",
]  # fmt: skip

_DEPTH_MAX = 4
"""Of tuples in tuples, in the arguments of a change."""


class ContentRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of one set; `facts` as `encode_facts` made them."""

    base_epoch: int
    epoch: int
    compactions: tuple[Compaction, ...]
    """Those after `base_epoch` up to `epoch`."""
    picture: Picture | None
    facts: bytes


class ChangeRecord(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A change of the storage: a call by name."""

    name: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]


_Stored = TypeVar("_Stored")


def seal_stored(kind: Kind, value: object) -> bytes:
    """A value as a file."""
    return seal(kind, msgspec.msgpack.encode(value, enc_hook=_encode))


def read_stored(kind: Kind, value_type: type[_Stored], data: bytes) -> _Stored:
    """The value of a file. Raises Damaged."""
    return _decode(open_sealed(kind, data), value_type)


def encode_facts(facts: object) -> bytes:
    """What the system tables held, whatever it is."""
    return msgspec.msgpack.encode(facts, enc_hook=_encode)


def decode_facts(data: bytes, facts_type: type[_Stored]) -> _Stored:
    """The same again, by who knows what it is. Raises Damaged."""
    return _decode(data, facts_type)


def _decode(data: bytes, value_type: type[_Stored]) -> _Stored:
    try:
        return msgspec.msgpack.decode(data, type=value_type, dec_hook=_hook)
    except UNDECODABLE as wrong:
        raise Damaged(f"it does not say what {value_type} says: {wrong}") from None


def _encode(value: Any) -> Any:
    if isinstance(value, BitMap64):
        return encode_positions(value)
    raise NotImplementedError(f"{type(value).__name__} has no form in a file")  # msgspec asks for this very error


def _hook(kind: type, data: Any) -> Any:
    if kind is BitMap64 and isinstance(data, bytes):
        return decode_positions(data)
    raise msgspec.ValidationError(f"a {kind.__name__} is not read from {type(data).__name__}")


# Changes of the log.


def change_record(change: StorageChange) -> ChangeRecord:
    """A change as a record. Raises TypeError for an argument of a type that no change has."""
    return ChangeRecord(
        change.name, tuple(map(_plain, change.arguments)), {name: _plain(value) for name, value in change.named}
    )


def storage_change(record: ChangeRecord) -> StorageChange:
    """The change of a record. Raises Damaged for what is no change."""
    if record.name not in CHANGES:
        raise Damaged(f"'{record.name}' is no change of a tenant's storage")
    named = tuple((name, _argument(value, 0)) for name, value in sorted(record.named.items()))
    return StorageChange(record.name, tuple(_argument(value, 0) for value in record.arguments), named)


def _plain(value: Any) -> Any:
    match value:
        case RowLayout():
            return {"layout": msgspec.to_builtins(value)}
        case BitMap64():
            return {"positions": encode_positions(value)}
        case tuple() | list():
            return [_plain(part) for part in value]
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"{type(value).__name__} has no form in the log")


def _argument(value: Any, depth: int) -> Any:
    match value:
        case {"layout": layout, **more} if not more:
            return _converted(layout)
        case {"positions": bytes() as positions, **more} if not more:
            return decode_positions(positions)
        case list() if depth < _DEPTH_MAX:
            return tuple(_argument(part, depth + 1) for part in value)
        case None | bool() | int() | float() | str():
            return value
    raise Damaged("a change has an argument that none has")


def _converted(layout: Any) -> RowLayout:
    try:
        return msgspec.convert(layout, RowLayout)
    except msgspec.ValidationError as wrong:
        raise Damaged(f"no layout of rows: {wrong}") from None
