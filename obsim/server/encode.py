"""Result sets as bytes: column definitions, text rows and binary rows.

The text of a value is kept with its length in front, by value: a poll repeats most of its values, and one look-up then
does what an encoding and a length would (see `TextFields`). Character sets are those of `obsim.charsets`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from struct import Struct
from typing import cast

from mysql_mimic.results import NullBitmap
from mysql_mimic.types import ColumnType, str_len, uint_len

from obsim.answers import CHARSET_UTF8MB4, Column, ResultSet, Value
from obsim.charsets import CHARACTER_SETS, COLLATIONS
from obsim.server.packets import BODY_BYTES_MAX, HEADER_BYTES, eof_packet, frame, terminator

__all__ = [
    "binary_rows", "codec_of", "column_definition", "column_definitions", "double_text", "result_set", "text_rows",
]  # fmt: skip

UTF8 = "utf-8"
SEQUENCE_BYTE = 3
"""Where a packet has its number."""
FIELD_BYTES_MAX = 64
FIELDS_MAX = 8192
ROWS_MAX, ROWS_BYTES_MAX = 2048, 1 << 20
"""Of the rows whose packets are kept."""
LASTING_ROWS_MAX = 512
"""An answer with more rows would put what smaller ones ask for again out of the kept ones."""
DIGITS_FIXED_MAX = 15
DATE_TEXT_BYTES = 10

_pack_definition = Struct("<BHIBHBH").pack
_pack_double = Struct("<d").pack
_LENGTHS = tuple(bytes((size,)) for size in range(FIELD_BYTES_MAX + 1))
_DOUBLES = frozenset({int(ColumnType.FLOAT), int(ColumnType.DOUBLE)})


def codec_of(character_set: str) -> str:
    """Python's codec of a character set; UTF-8 for a name that none has."""
    known = CHARACTER_SETS.get(character_set)
    return known.codec if known else UTF8


# Of each codec the collation that says so in a column: `binary` and `gb18030_2022` share theirs with another set.
_COLLATION_OF_CODEC = {
    known.codec: COLLATIONS[known.default_collation].id for known in reversed(CHARACTER_SETS.values())
} | {UTF8: CHARSET_UTF8MB4}


@lru_cache(maxsize=4096)
def column_definition(column: Column, codec: str = UTF8) -> bytes:
    """The body of a column's packet; text columns carry the collation their values are written in."""
    names = (column.schema, column.table, column.org_table or column.table, column.name, column.org_name or column.name)
    charset = _COLLATION_OF_CODEC.get(codec, CHARSET_UTF8MB4) if column.charset == CHARSET_UTF8MB4 else column.charset
    fixed = _pack_definition(12, charset, column.length, column.type, int(column.flags), column.decimals, 0)
    return b"".join((b"\x03def", *(str_len(name.encode(codec, "replace")) for name in names), fixed))


class _Heads:
    """Column count and definitions as packets, for tuples of columns that come again as the very same object."""

    def __init__(self, size_max: int = 1024) -> None:
        self._kept: dict[tuple[int, int, str], tuple[tuple[Column, ...], bytes]] = {}
        self._doubles: dict[int, tuple[tuple[Column, ...], bool]] = {}
        self._size_max = size_max

    def has_doubles(self, columns: tuple[Column, ...]) -> bool:
        """Whether there is a DOUBLE among the columns."""
        kept = self._doubles.get(id(columns))
        if kept is None:
            if len(self._doubles) >= self._size_max:
                self._doubles.clear()
            kept = self._doubles[id(columns)] = columns, any(column.type in _DOUBLES for column in columns)
        return kept[1]

    def of(self, columns: tuple[Column, ...], sequence: int, codec: str) -> bytes:
        key = (id(columns), sequence, codec)
        kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        parts = [frame(uint_len(len(columns)), sequence)]
        for place, column in enumerate(columns, sequence + 1):
            parts.append(frame(column_definition(column, codec), place & 0xFF))
        head = b"".join(parts)
        if len(self._kept) >= self._size_max:
            self._kept.clear()
        self._kept[key] = (columns, head)  # the columns are held, so their id stays theirs
        return head


_heads = _Heads()


def column_definitions(columns: Sequence[Column], sequence: int, codec: str) -> tuple[bytes, int]:
    """The definitions alone, as COM_STMT_PREPARE answers them, and the next sequence id."""
    parts = [frame(column_definition(column, codec), sequence + n & 0xFF) for n, column in enumerate(columns)]
    return b"".join(parts), sequence + len(columns) & 0xFF


class TextFields(dict[Value, bytes]):
    """Value -> its text with the length in front, kept for short ones; emptied when it has grown too large."""

    __slots__ = ("codec",)

    def __init__(self, codec: str) -> None:
        super().__init__()
        self.codec = codec

    def __missing__(self, value: Value) -> bytes:
        if isinstance(value, str):
            data = value.encode(self.codec, "replace")
        elif value is None:
            field = self[value] = b"\xfb"
            return field
        elif isinstance(value, bytes):
            data = value
        elif isinstance(value, float):
            return str_len(double_text(value).encode(self.codec))
        else:
            data = str(int(value)).encode(self.codec)
        size = len(data)
        if size > FIELD_BYTES_MAX:
            return str_len(data)
        if len(self) >= FIELDS_MAX:
            self.clear()
        field = self[value] = _LENGTHS[size] + data
        return field

    def uncached(self, value: Value) -> bytes:
        """The same for a row with a DOUBLE, where an equal integer would answer with its own text."""
        return self.__missing__(value) if isinstance(value, float) else self[value]


class _LastingRows(dict[int, tuple[Sequence[Value], bytes]]):
    """Rows that come again as the very same objects, by their id, with their packets in the text protocol.

    A row is held by its entry, so its id stays its own, whatever servers in other threads do to the others.
    """

    __slots__ = ("_size_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self._size_bytes = 0

    def keep(self, row: Sequence[Value], packet: bytes) -> bytes:
        """Have the packet of a row ready from now on."""
        if len(self) >= ROWS_MAX or self._size_bytes > ROWS_BYTES_MAX:
            self.clear()
            self._size_bytes = 0
        self[id(row)] = row, packet
        self._size_bytes += len(packet)
        return packet


_text_fields: dict[str, TextFields] = {}
_lasting_rows: dict[str, _LastingRows] = {}


def _fields_of(codec: str) -> TextFields:
    fields = _text_fields.get(codec)
    if fields is None:
        fields = _text_fields[codec] = TextFields(codec)
    return fields


def text_rows(result: ResultSet, sequence: int, codec: str) -> tuple[bytes, int]:
    """The rows as packets of the text protocol, and the next sequence id."""
    fields, rows, join = _fields_of(codec), result.rows, b"".join
    field: Callable[[Value], bytes] = fields.uncached if _heads.has_doubles(result.columns) else fields.__getitem__
    if not result.lasting or len(rows) > LASTING_ROWS_MAX:
        return _numbered([frame(join(map(field, row)), 0) for row in rows], sequence)
    kept = _lasting_rows.get(codec)
    if kept is None:
        kept = _lasting_rows[codec] = _LastingRows()
    find = kept.get
    packets = [
        found[1] if (found := find(id(row))) is not None else kept.keep(row, frame(join(map(field, row)), 0))
        for row in rows
    ]
    return _numbered(packets, sequence)


def binary_rows(
    columns: Sequence[Column], rows: Iterable[Sequence[Value]], sequence: int, codec: str
) -> tuple[bytes, int]:
    """The rows as packets of the binary protocol, and the next sequence id."""
    encoders = [_BINARY.get(int(column.type), _binary_text) for column in columns]
    return _numbered([frame(_binary_row(encoders, row, codec), 0) for row in rows], sequence)


def _numbered(packets: list[bytes], sequence: int) -> tuple[bytes, int]:
    """Packets one after the other with sequence ids from `sequence` on, and the next one; a long one is several."""
    data = bytearray(b"".join(packets))
    at = SEQUENCE_BYTE
    for packet in packets:
        data[at] = sequence
        sequence = sequence + 1 & 0xFF
        size = len(packet)
        if size > BODY_BYTES_MAX:
            for later in range(at + HEADER_BYTES + BODY_BYTES_MAX, at + size, HEADER_BYTES + BODY_BYTES_MAX):
                data[later] = sequence
                sequence = sequence + 1 & 0xFF
        at += size
    return bytes(data), sequence


def result_set(
    result: ResultSet,
    sequence: int,
    status: int,
    warnings: int,
    *,
    deprecate_eof: bool,
    codec: str,
    binary: bool = False,
) -> tuple[bytes, int]:
    """A whole result set as packets from `sequence` on, and the next sequence id."""
    columns = result.columns
    parts = [_heads.of(columns, sequence, codec)]
    sequence = sequence + 1 + len(columns) & 0xFF
    if not deprecate_eof:
        parts.append(frame(eof_packet(status, warnings), sequence))
        sequence = sequence + 1 & 0xFF
    if binary:
        rows, sequence = binary_rows(columns, result.rows, sequence, codec)
    else:
        rows, sequence = text_rows(result, sequence, codec)
    parts.append(rows)
    parts.append(frame(terminator(status, warnings, deprecate_eof=deprecate_eof), sequence))
    return b"".join(parts), sequence + 1 & 0xFF


def double_text(value: float) -> str:
    """A double as MySQL prints it: no `.0`, an exponent without sign or zeros and only from 1e15 or below 1e-15."""
    text = repr(value)
    mantissa, e, power = text.partition("e")
    if not e:
        whole, _, fraction = text.partition(".")
        if len(whole.lstrip("-")) > DIGITS_FIXED_MAX:
            digits = whole.lstrip("-").rstrip("0")
            sign = "-" if whole.startswith("-") else ""
            tail = f".{digits[1:]}" if digits[1:] else ""
            return f"{sign}{digits[0]}{tail}e{len(whole.lstrip('-')) - 1}"
        return whole if fraction == "0" else text
    exponent = int(power)
    if -DIGITS_FIXED_MAX <= exponent < 0:
        sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
        return f"{sign}0.{'0' * (-exponent - 1)}{digits.replace('.', '')}"
    return f"{mantissa}e{exponent}"


def _binary_row(encoders: Sequence[Callable[[Value, str], bytes]], row: Sequence[Value], codec: str) -> bytes:
    nulls = NullBitmap.new(len(encoders), offset=2)
    parts = [b"\x00", b""]
    for place, value in enumerate(row):
        if value is None:
            nulls.flip(place)
        else:
            parts.append(encoders[place](value, codec))
    parts[1] = bytes(nulls)
    return b"".join(parts)


def _binary_text(value: Value, codec: str) -> bytes:
    if isinstance(value, bytes):
        return str_len(value)
    text = value if isinstance(value, str) else double_text(value) if isinstance(value, float) else str(value)
    return str_len(text.encode(codec, "replace"))


def _integer(size: int) -> Callable[[Value, str], bytes]:
    mask = (1 << 8 * size) - 1
    # Signed and unsigned values share one form: two's complement in `size` bytes.
    return lambda value, _: (int(cast(int, value)) & mask).to_bytes(size, "little")


def _binary_double(value: Value, _: str) -> bytes:
    return _pack_double(float(cast(float, value)))


def _binary_moment(value: Value, codec: str) -> bytes:
    """DATE, DATETIME and TIMESTAMP from `YYYY-MM-DD[ HH:MM:SS[.ffffff]]`, without the parts that are zero."""
    text = value if isinstance(value, str) else cast(bytes, value).decode(codec)
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    clock = _clock(text[DATE_TEXT_BYTES + 1 :])
    date = year.to_bytes(2, "little") + bytes((month, day))
    if clock == (0, 0, 0, 0):
        return b"\x04" + date if (year, month, day) != (0, 0, 0) else b"\x00"
    hour, minute, second, microsecond = clock
    if not microsecond:
        return b"\x07" + date + bytes((hour, minute, second))
    return b"\x0b" + date + bytes((hour, minute, second)) + microsecond.to_bytes(4, "little")


def _binary_time(value: Value, codec: str) -> bytes:
    """TIME from `[-]HHH:MM:SS[.ffffff]`; hours beyond a day are days on the wire."""
    text = value if isinstance(value, str) else cast(bytes, value).decode(codec)
    hour, minute, second, microsecond = _clock(text.lstrip("-"))
    if not (hour or minute or second or microsecond):
        return b"\x00"
    days, hour = divmod(hour, 24)
    fixed = bytes((text.startswith("-"),)) + days.to_bytes(4, "little") + bytes((hour, minute, second))
    return b"\x0c" + fixed + microsecond.to_bytes(4, "little") if microsecond else b"\x08" + fixed


def _clock(text: str) -> tuple[int, int, int, int]:
    if not text:
        return 0, 0, 0, 0
    clock, _, fraction = text.partition(".")
    hour, minute, second = clock.split(":")
    return int(hour), int(minute), int(second), int(fraction.ljust(6, "0")[:6]) if fraction else 0


_BINARY: dict[int, Callable[[Value, str], bytes]] = {
    int(ColumnType.TINY): _integer(1),
    int(ColumnType.SHORT): _integer(2),
    int(ColumnType.YEAR): _integer(2),
    int(ColumnType.INT24): _integer(4),
    int(ColumnType.LONG): _integer(4),
    int(ColumnType.LONGLONG): _integer(8),
    int(ColumnType.DOUBLE): _binary_double,
    int(ColumnType.DATE): _binary_moment,
    int(ColumnType.DATETIME): _binary_moment,
    int(ColumnType.TIMESTAMP): _binary_moment,
    int(ColumnType.TIME): _binary_time,
}
