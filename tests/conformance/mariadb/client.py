"""One question to either server, and its answer in a form that compares: labels, families of types, values as text."""

import struct
from dataclasses import dataclass

from tests.server.wire import ServerSaid, Wire

__all__ = ["Answer", "Client"]

FAMILIES = {
    0: "decimal", 1: "integer", 2: "integer", 3: "integer", 4: "double", 5: "double", 6: "null", 7: "moment",
    8: "integer", 9: "integer", 10: "date", 11: "time", 12: "moment", 13: "integer", 15: "text", 246: "decimal",
    249: "text", 250: "text", 251: "text", 252: "text", 253: "text", 254: "text",
}  # fmt: skip
"""MySQL's type codes. An integer is an integer whatever its width, a BLOB without the binary set is a text."""
_WIDTHS = {1: "b", 2: "h", 13: "h", 3: "i", 9: "i", 8: "q", 4: "f", 5: "d"}
UNSIGNED = 0x20
Value = str | None
Parameter = int | float | str | None


@dataclass(frozen=True)
class Answer:
    """Rows, or the number of an error. Doubles and integers of the binary protocol are written as the text one does."""

    errno: int = 0
    message: str = ""
    labels: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()


class Client:
    """A login at one server."""

    def __init__(self, host: str, port: int, user: str = "root") -> None:
        self.wire = Wire(port, host=host, timeout_s=60)
        self.wire.login(user, database=None)

    def run(self, sql: str) -> None:
        """A statement that has to succeed."""
        self.wire.query(sql)

    def ask(self, sql: str, parameters: tuple[Parameter, ...] = ()) -> Answer:
        """A query by the text protocol, or prepared if it has parameters."""
        try:
            if not parameters:
                result = self.wire.query(sql)
                rows = tuple(tuple(None if v is None else v.decode() for v in row) for row in result.rows)
            else:
                number, _, count = self.wire.prepare(sql)
                assert count == len(parameters), sql
                self.wire.execute(number, _bound(parameters))
                result = self.wire.answer(binary=True)
                self.wire.command(0x19, struct.pack("<I", number))
                rows = tuple(_binary_row(row[0] or b"", result.columns) for row in result.rows)
        except ServerSaid as said:
            return Answer(said.errno, said.message)
        labels = tuple(str(c["name"]) for c in result.columns)
        return Answer(0, "", labels, tuple(FAMILIES[int(str(c["type"]))] for c in result.columns), rows)

    def close(self) -> None:
        """Hang up."""
        self.wire.close()


def _bound(values: tuple[Parameter, ...]) -> bytes:
    bitmap = bytearray((len(values) + 7) // 8)
    types, data = b"", b""
    for place, value in enumerate(values):
        if value is None:
            bitmap[place // 8] |= 1 << place % 8
            types += b"\x06\x00"
        elif isinstance(value, int):
            types, data = types + b"\x08\x00", data + struct.pack("<q", value)
        elif isinstance(value, float):
            types, data = types + b"\x05\x00", data + struct.pack("<d", value)
        else:
            text = value.encode()
            assert len(text) < 251
            types, data = types + b"\xfd\x00", data + bytes((len(text),)) + text
    return bytes(bitmap) + b"\x01" + types + data


def _binary_row(data: bytes, columns: list[dict[str, object]]) -> tuple[Value, ...]:
    start = 1 + (len(columns) + 9) // 8
    at, values = start, []
    for place, column in enumerate(columns, 2):
        if data[1 + place // 8] & 1 << place % 8:
            values.append(None)
            continue
        value, at = _binary_value(data, at, column)
        values.append(value)
    return tuple(values)


def _binary_value(data: bytes, at: int, column: dict[str, object]) -> tuple[str, int]:
    kind, flags, decimals = (int(str(column[key])) for key in ("type", "flags", "decimals"))
    form = _WIDTHS.get(kind)
    if form is not None:
        form = form.upper() if flags & UNSIGNED and form in "bhiq" else form
        size = struct.calcsize(form)
        return repr(struct.unpack_from(f"<{form}", data, at)[0]), at + size
    size = data[at]
    at += 1
    if FAMILIES[kind] in {"moment", "date"}:
        year, month, day, hour, minute, second, micro = struct.unpack("<HBBBBBI", data[at : at + size].ljust(11, b"\0"))
        text = f"{year:04d}-{month:02d}-{day:02d}"
        if kind != 10:
            text += f" {hour:02d}:{minute:02d}:{second:02d}" + f".{micro:06d}"[: decimals + 1 if decimals else 0]
        return text, at + size
    if FAMILIES[kind] == "time":
        sign, days, hour, minute, second, micro = struct.unpack("<BIBBBI", data[at : at + size].ljust(12, b"\0"))
        text = f"{'-' if sign else ''}{days * 24 + hour:02d}:{minute:02d}:{second:02d}"
        return text + f".{micro:06d}"[: decimals + 1 if decimals else 0], at + size
    if size >= 0xFB:
        width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[size]
        size, at = int.from_bytes(data[at : at + width], "little"), at + width
    return data[at : at + size].decode(), at + size
