"""A client that speaks the protocol byte by byte, for what drivers would never send."""

import socket
import struct
from dataclasses import dataclass, field
from hashlib import sha1
from types import TracebackType
from typing import Self

PROTOCOL_41 = 0x200
CONNECT_WITH_DB = 0x8
SSL = 0x800
SECURE_CONNECTION = 0x8000
MULTI_STATEMENTS = 0x10000
MULTI_RESULTS = 0x20000
PLUGIN_AUTH = 0x80000
CONNECT_ATTRS = 0x100000
DEPRECATE_EOF = 0x1000000
BIT_27 = 1 << 27

BASIC = PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH
MORE_RESULTS = 8
BODY_MAX = 0xFFFFFF


class ClosedError(Exception):
    """The server hung up."""


@dataclass
class ServerSaid(Exception):
    """An ERR packet."""

    errno: int
    sqlstate: str
    message: str


@dataclass
class Greeting:
    protocol: int
    version: str
    connection_id: int
    nonce: bytes
    capabilities: int
    collation: int
    status: int
    plugin: str


@dataclass
class Result:
    """One answer: an OK (`columns` empty) or rows; values of a text row as bytes."""

    status: int = 0
    warnings: int = 0
    affected_rows: int = 0
    info: bytes = b""
    columns: list[dict[str, object]] = field(default_factory=list)
    rows: list[tuple[bytes | None, ...]] = field(default_factory=list)
    ending: bytes = b""

    @property
    def more(self) -> bool:
        return bool(self.status & MORE_RESULTS)


def scramble(password: str, nonce: bytes) -> bytes:
    if not password:
        return b""
    first = sha1(password.encode()).digest()
    mask = sha1(nonce + sha1(first).digest()).digest()
    return bytes(a ^ b for a, b in zip(first, mask, strict=True))


def counted(data: bytes, at: int) -> tuple[bytes | None, int]:
    first = data[at]
    if first == 0xFB:
        return None, at + 1
    if first < 0xFB:
        size, at = first, at + 1
    else:
        width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
        size, at = int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width
    return data[at : at + size], at + size


def number(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 0xFB:
        return first, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def decode_column(data: bytes) -> dict[str, object]:
    names, at = [], 0
    for _ in range(6):
        value, at = counted(data, at)
        names.append((value or b"").decode())
    charset, length, kind, flags, decimals = struct.unpack_from("<HIBHB", data, at + 1)
    keys = ("catalog", "schema", "table", "org_table", "name", "org_name")
    found: dict[str, object] = dict(zip(keys, names, strict=True))
    return found | {"charset": charset, "length": length, "type": kind, "flags": flags, "decimals": decimals}


class Wire:
    """One connection; `sequence` is the id of the next packet in either direction."""

    def __init__(self, port: int, *, timeout_s: float = 10.0, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=timeout_s)
        self.sequence = 0
        self.capabilities = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    # Packets.

    def send_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, body: bytes, sequence: int | None = None) -> None:
        """One body, in as many packets as it needs."""
        if sequence is not None:
            self.sequence = sequence
        parts = []
        for start in range(0, len(body) + 1, BODY_MAX):
            piece = body[start : start + BODY_MAX]
            parts.append(struct.pack("<I", len(piece) | self.sequence << 24) + piece)
            self.sequence = (self.sequence + 1) & 0xFF
            if len(piece) < BODY_MAX:
                break
        self.send_raw(b"".join(parts))

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            piece = self.socket.recv(min(size - len(parts), 1 << 20))
            if not piece:
                raise ClosedError
            parts += piece
        return bytes(parts)

    def receive(self) -> bytes:
        """One body; checks that sequence ids go on without a gap."""
        body = bytearray()
        while True:
            header = struct.unpack("<I", self._exactly(4))[0]
            size, sequence = header & BODY_MAX, header >> 24
            assert sequence == self.sequence, f"sequence {sequence}, expected {self.sequence}"
            self.sequence = (self.sequence + 1) & 0xFF
            body += self._exactly(size)
            if size < BODY_MAX:
                return bytes(body)

    def at_end(self) -> bool:
        """Whether the server has hung up: nothing but the end is left to read."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    # Login.

    def greeting(self) -> Greeting:
        data = self.receive()
        if data[0] == 0xFF:
            raise self.said(data, with_state=False)
        end = data.index(0, 1)
        version = data[1:end].decode()
        at = end + 1
        connection_id = int.from_bytes(data[at : at + 4], "little")
        nonce = data[at + 4 : at + 12]
        at += 13
        low, collation, status, high, size = struct.unpack_from("<HBHHB", data, at)
        at += 8 + 10
        rest = data[at : at + max(13, size - 8)]
        plugin = data[at + len(rest) :].rstrip(b"\0").decode()
        whole = (nonce + rest).rstrip(b"\0")
        return Greeting(data[0], version, connection_id, whole, low | high << 16, collation, status, plugin)

    def response(
        self,
        user: str,
        auth: bytes,
        *,
        capabilities: int = BASIC,
        database: str | None = None,
        plugin: str = "mysql_native_password",
        collation: int = 45,
    ) -> bytes:
        if database is not None:
            capabilities |= CONNECT_WITH_DB
        self.capabilities = capabilities
        body = struct.pack("<IIB23x", capabilities, 1 << 24, collation) + user.encode() + b"\0"
        body += bytes((len(auth),)) + auth
        if database is not None:
            body += database.encode() + b"\0"
        if capabilities & PLUGIN_AUTH:
            body += plugin.encode() + b"\0"
        return body

    def login(self, user: str = "root", password: str = "", **options: object) -> Result:
        greeting = self.greeting()
        body = self.response(user, scramble(password, greeting.nonce), **options)  # type: ignore[arg-type]
        self.send(body)
        answer = self.answer()
        self.connection_id = greeting.connection_id
        return answer

    # Commands.

    def command(self, number_: int, body: bytes = b"") -> None:
        self.send(bytes((number_,)) + body, 0)

    def query(self, text: str | bytes) -> Result:
        self.command(3, text.encode() if isinstance(text, str) else text)
        return self.answer()

    def said(self, data: bytes, *, with_state: bool = True) -> ServerSaid:
        errno = int.from_bytes(data[1:3], "little")
        if not with_state:
            return ServerSaid(errno, "", data[3:].decode())
        assert data[3:4] == b"#"
        return ServerSaid(errno, data[4:9].decode(), data[9:].decode())

    def answer(self, *, binary: bool = False) -> Result:
        """One whole answer; raises ServerSaid."""
        first = self.receive()
        if first[0] == 0xFF:
            raise self.said(first)
        if first[0] == 0x00:
            affected, at = number(first, 1)
            _, at = number(first, at)
            status, warnings = struct.unpack_from("<HH", first, at)
            return Result(status, warnings, affected, first[at + 4 :], ending=first)
        if first[0] == 0xFE and len(first) < 9:
            warnings, status = struct.unpack_from("<HH", first, 1)
            return Result(status, warnings, ending=first)
        count, _ = number(first, 0)
        columns = [decode_column(self.receive()) for _ in range(count)]
        result = Result(columns=columns)
        if not self.capabilities & DEPRECATE_EOF:
            assert self.receive()[0] == 0xFE
        self.rows_into(result, binary=binary)
        return result

    def rows_into(self, result: Result, *, binary: bool = False) -> None:
        """Rows and their end packet."""
        while True:
            data = self.receive()
            if data[0] == 0xFE and len(data) < BODY_MAX and (binary or len(data) < 9):
                break
            if data[0] == 0xFF:
                raise self.said(data)
            if binary:
                result.rows.append((data,))
                continue
            values, at = [], 0
            while at < len(data):
                value, at = counted(data, at)
                values.append(value)
            result.rows.append(tuple(values))
        result.ending = data
        if self.capabilities & DEPRECATE_EOF:
            result.status, result.warnings = struct.unpack_from("<HH", data, 3)
        else:
            result.warnings, result.status = struct.unpack_from("<HH", data, 1)

    def prepare(self, text: str) -> tuple[int, int, int]:
        """Statement id, columns, parameters."""
        self.command(0x16, text.encode())
        head = self.receive()
        if head[0] == 0xFF:
            raise self.said(head)
        number_, columns, parameters = struct.unpack_from("<IHH", head, 1)
        for group in (parameters, columns):
            for _ in range(group):
                self.receive()
            if group and not self.capabilities & DEPRECATE_EOF:
                assert self.receive()[0] == 0xFE
        return number_, columns, parameters

    def execute(self, number_: int, parameters: bytes = b"", *, flags: int = 0) -> None:
        """COM_STMT_EXECUTE with the parameters already in wire form (bitmap, flag, types, values)."""
        self.command(0x17, struct.pack("<IBI", number_, flags, 1) + parameters)


def bound(*values: object) -> bytes:
    """The parameter part of COM_STMT_EXECUTE for None, int, str and bytes."""
    bitmap = bytearray((len(values) + 7) // 8)
    types, data = b"", b""
    for place, value in enumerate(values):
        if value is None:
            bitmap[place // 8] |= 1 << place % 8
            types += b"\x06\x00"
        elif isinstance(value, int):
            types += b"\x08\x00"
            data += value.to_bytes(8, "little", signed=True)
        else:
            text = value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[call-overload]
            types += b"\xfd\x00" if isinstance(value, str) else b"\xfc\x00"
            data += (bytes((len(text),)) if len(text) < 251 else b"\xfd" + len(text).to_bytes(3, "little")) + text
    return bytes(bitmap) + b"\x01" + types + data
