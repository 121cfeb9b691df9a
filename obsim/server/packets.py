"""Packets of the MySQL protocol: framing both ways, bounded reading of their fields, and the three short answers.

A packet is three bytes of length, one of sequence, and up to 16 MiB - 1 of body; a longer body goes on in the next one.
"""

from struct import Struct

from mysql_mimic.types import ServerStatus, str_len, uint_len

from obsim.errors import ServerError, error

__all__ = [
    "AUTOCOMMIT",
    "BODY_BYTES_MAX",
    "CURSOR_EXISTS",
    "LAST_ROW_SENT",
    "MORE_RESULTS",
    "Inbox",
    "MalformedError",
    "Reader",
    "eof_packet",
    "error_packet",
    "frame",
    "frames",
    "ok_packet",
    "terminator",
]  # fmt: skip

BODY_BYTES_MAX = 0xFF_FFFF
HEADER_BYTES = 4

AUTOCOMMIT = int(ServerStatus.SERVER_STATUS_AUTOCOMMIT)
NO_INDEX_USED = int(ServerStatus.SERVER_STATUS_NO_INDEX_USED)
MORE_RESULTS = int(ServerStatus.SERVER_MORE_RESULTS_EXISTS)
CURSOR_EXISTS = int(ServerStatus.SERVER_STATUS_CURSOR_EXISTS)
LAST_ROW_SENT = int(ServerStatus.SERVER_STATUS_LAST_ROW_SENT)

_pack_header = Struct("<I").pack
_pack_two = Struct("<HH").pack


class MalformedError(Exception):
    """A packet ends before its fields do, or a field cannot be what it must be."""


class Inbox:
    """Bytes as they arrive, cut into packets.

    `expected` is the sequence id of the next packet in either direction; it starts at 0 with every command.
    `packet_bytes_max` bounds one packet with all its continuations, judged by the header before the body arrives.
    """

    __slots__ = ("_bytes", "_parts", "_parts_bytes", "expected", "packet_bytes_max")

    def __init__(self, packet_bytes_max: int) -> None:
        self._bytes = bytearray()
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self.expected = 0
        self.packet_bytes_max = packet_bytes_max

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def empty(self) -> bool:
        """Nothing has arrived that is not yet taken, not even the first part of a packet."""
        return not self._bytes and not self._parts

    @property
    def missing_bytes(self) -> int:
        """How many bytes complete the header or the packet that is under way."""
        have = self._bytes
        if len(have) < HEADER_BYTES:
            return HEADER_BYTES - len(have)
        return HEADER_BYTES + (have[0] | have[1] << 8 | have[2] << 16) - len(have)

    def feed(self, data: bytes) -> None:
        """Add what the socket gave."""
        self._bytes += data

    def next(self) -> bytes | None:
        """The body of the next packet, None while it is incomplete; raises 1153 and 1156 (errors.json)."""
        while True:
            have = self._bytes
            if len(have) < HEADER_BYTES:
                return None
            length = have[0] | have[1] << 8 | have[2] << 16
            if have[3] != self.expected:
                self.expected = (have[3] + 1) & 0xFF
                raise error("ER_NET_PACKETS_OUT_OF_ORDER")
            if self._parts_bytes + length > self.packet_bytes_max:
                self.expected = (have[3] + 1) & 0xFF
                raise error("ER_NET_PACKET_TOO_LARGE")
            end = HEADER_BYTES + length
            if len(have) < end:
                return None
            with memoryview(have) as view:
                body = bytes(view[HEADER_BYTES:end])
            del have[:end]
            self.expected = (self.expected + 1) & 0xFF
            if length == BODY_BYTES_MAX:
                self._parts.append(body)
                self._parts_bytes += length
            elif self._parts:
                whole = b"".join([*self._parts, body])
                self._parts.clear()
                self._parts_bytes = 0
                return whole
            else:
                return body


class Reader:
    """Fields of one packet, from its start; every method raises MalformedError instead of reading past the end."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self.position < len(self.data)

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        end = self.position + size
        if end > len(self.data):
            raise MalformedError
        piece = self.data[self.position : end]
        self.position = end
        return piece

    def integer(self, size: int, *, signed: bool = False) -> int:
        """An integer of `size` bytes, least significant first."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def null_terminated(self) -> bytes:
        """Bytes up to a NUL, which must be there."""
        end = self.data.find(0, self.position)
        if end < 0:
            raise MalformedError
        piece = self.data[self.position : end]
        self.position = end + 1
        return piece

    def length(self) -> int:
        """A length-encoded integer."""
        first = self.integer(1)
        if first < 0xFB:
            return first
        if first in {0xFB, 0xFF}:
            raise MalformedError
        return self.integer({0xFC: 2, 0xFD: 3, 0xFE: 8}[first])

    def counted(self) -> bytes:
        """Bytes behind their length-encoded number."""
        return self.take(self.length())

    def rest(self) -> bytes:
        """Everything left."""
        return self.take(len(self.data) - self.position)


def frame(body: bytes, sequence: int) -> bytes:
    """One body as packets from `sequence` on; a body of 16 MiB - 1 or more takes several, the last one shorter."""
    if len(body) < BODY_BYTES_MAX:
        return _pack_header(len(body) | sequence << 24) + body
    parts: list[bytes] = []
    for start in range(0, len(body) + 1, BODY_BYTES_MAX):
        piece = body[start : start + BODY_BYTES_MAX]
        parts += (_pack_header(len(piece) | sequence << 24), piece)
        sequence = (sequence + 1) & 0xFF
    return b"".join(parts)


def frames(bodies: list[bytes], sequence: int) -> tuple[bytes, int]:
    """Several bodies in order, and the sequence id after the last."""
    parts = []
    for body in bodies:
        parts.append(frame(body, sequence))
        sequence = (sequence + 1 + len(body) // BODY_BYTES_MAX) & 0xFF
    return b"".join(parts), sequence


def ok_packet(status: int, *, affected_rows: int = 0, warnings: int = 0, info: str = "") -> bytes:
    """The answer of a command without rows. `info` is counted, as servers of every version write it."""
    text = str_len(info.encode()) if info else b""
    return b"\x00" + uint_len(affected_rows) + b"\x00" + _pack_two(status & 0xFFFF, min(warnings, 0xFFFF)) + text


def eof_packet(status: int, warnings: int = 0) -> bytes:
    """The old end of columns or rows."""
    return b"\xfe" + _pack_two(min(warnings, 0xFFFF), status & 0xFFFF)


def terminator(status: int, warnings: int, *, deprecate_eof: bool) -> bytes:
    """The end of a result set; it never counts the rows, as MariaDB Connector/J 2.7 needs it (clients.md 3)."""
    if deprecate_eof:
        return b"\xfe\x00\x00" + _pack_two(status & 0xFFFF, min(warnings, 0xFFFF))
    return eof_packet(status, warnings)


def error_packet(refused: ServerError, codec: str = "utf-8", *, with_state: bool = True) -> bytes:
    """An error as clients read it; before the greeting a client cannot know the SQLSTATE form, so it goes without."""
    state = b"#" + refused.sqlstate.encode("ascii", "replace")[:5].ljust(5, b"0") if with_state else b""
    return b"\xff" + refused.errno.to_bytes(2, "little") + state + refused.message.encode(codec, "replace")
