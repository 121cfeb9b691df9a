"""Prepared statements: parameters in, binary rows out, cursors, bounds."""

import struct

import pytest

from obsim.answers import Value
from obsim.server import Limits
from tests.server.conftest import StartFake
from tests.server.wire import BASIC, DEPRECATE_EOF, Result, ServerSaid, Wire, bound

CURSOR_EXISTS, LAST_ROW_SENT = 0x40, 0x80


def error_of(wire: Wire) -> ServerSaid:
    with pytest.raises(ServerSaid) as caught:
        wire.answer()
    return caught.value


def typed(kind: int, data: bytes, *, unsigned: bool = False) -> bytes:
    """One parameter of any type."""
    return b"\x00\x01" + bytes((kind, 0x80 if unsigned else 0)) + data


@pytest.mark.parametrize(
    ("wire_form", "value"),
    [
        (typed(0x01, b"\xff"), -1),
        (typed(0x01, b"\xff", unsigned=True), 255),
        (typed(0x02, b"\xfe\xff"), -2),
        (typed(0x0D, b"\xe8\x07", unsigned=True), 2024),
        (typed(0x03, b"\x00\x00\x00\x80"), -(2**31)),
        (typed(0x09, b"\x01\x00\x00\x00"), 1),
        (typed(0x08, b"\xff" * 8), -1),
        (typed(0x08, b"\xff" * 8, unsigned=True), 2**64 - 1),
        (typed(0x04, struct.pack("<f", 0.5)), 0.5),
        (typed(0x05, struct.pack("<d", 1e300)), 1e300),
        (typed(0x06, b""), None),
        (b"\x01\x01\xfd\x00", None),
        (typed(0x00, b"\x0412.5"), "12.5"),
        (typed(0xF6, b"\x0412.5"), "12.5"),
        (typed(0xFE, b"\x05caf\xc3\xa9"), "café"),
        (typed(0xFC, b"\x05caf\xc3\xa9"), "café"),
        (typed(0xFC, b"\x02\xc3\x28"), b"\xc3\x28"),
        (typed(0xFD, b"\xfc\x2c\x01" + b"x" * 300), "x" * 300),
        (typed(0x0A, b"\x04\xe8\x07\x02\x03"), "2024-02-03"),
        (typed(0x0C, b"\x00"), "0000-00-00 00:00:00"),
        (typed(0x0C, b"\x04\xe8\x07\x02\x03"), "2024-02-03 00:00:00"),
        (typed(0x0C, b"\x07\xe8\x07\x02\x03\x04\x05\x06"), "2024-02-03 04:05:06"),
        (typed(0x07, b"\x0b\xe8\x07\x02\x03\x04\x05\x06\x07\x00\x00\x00"), "2024-02-03 04:05:06.000007"),
        (typed(0x0B, b"\x00"), "00:00:00"),
        (typed(0x0B, b"\x08\x01\x01\x00\x00\x00\x02\x03\x04"), "-26:03:04"),
        (typed(0x0B, b"\x0c\x00\x00\x00\x00\x00\x02\x03\x04\x05\x00\x00\x00"), "02:03:04.000005"),
    ],
)
def test_parameters_of_every_type(start: StartFake, wire_form: bytes, value: Value) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        number, columns, parameters = wire.prepare("SELECT ?")
        assert (columns, parameters) == (1, 1)
        wire.execute(number, wire_form)
        wire.answer(binary=True)
    assert host.bound == [(value,)]
    assert isinstance(host.bound[0][0], type(value))


@pytest.mark.parametrize(
    "wire_form",
    [
        b"", b"\x00", b"\x00\x01", b"\x00\x01\xfd", typed(0xFD, b""), typed(0xFD, b"\x05ab"),
        typed(0xFD, b"\xfe" + b"\xff" * 8),
        typed(0x08, b"\x00"), typed(0x0C, b"\x05abcde"), typed(0x0B, b"\x01a"), typed(0xF3, b""), typed(0xFD, b"\xfb"),
    ],
)  # fmt: skip
def test_parameters_cut_short_are_1835(port: int, wire_form: bytes) -> None:
    with Wire(port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT ?")
        wire.execute(number, wire_form)
        assert error_of(wire).errno == 1835
        wire.execute(number, bound(1))
        wire.answer(binary=True)


def test_types_are_sent_once_and_remembered(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT ?")
        wire.execute(number, b"\x00\x00" + b"\x01" * 8)
        refused = error_of(wire)
        assert (refused.errno, refused.message) == (1210, "Incorrect arguments to mysqld_stmt_execute")
        wire.execute(number, bound(7))
        wire.answer(binary=True)
        wire.execute(number, b"\x00\x00" + (8).to_bytes(8, "little"))
        wire.answer(binary=True)
    assert host.bound == [(7,), (8,)]


@pytest.mark.parametrize("capabilities", [BASIC, BASIC | DEPRECATE_EOF])
def test_prepare_and_execute_in_both_forms(port: int, capabilities: int) -> None:
    with Wire(port) as wire:
        wire.login(capabilities=capabilities)
        assert wire.prepare("SELECT ?, ?, ?") == (1, 3, 3)
        assert wire.prepare("SET x") == (2, 0, 0)
        wire.execute(2)
        assert wire.answer().columns == []
        wire.execute(1, bound("a", None, "c"))
        assert wire.answer(binary=True).rows == [(b"\x00\x08\x01a\x01c",)]


def test_a_statement_that_cannot_be_read_is_not_prepared(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        number, _, _ = wire.prepare("NONSENSE")  # the fake prepares anything, and runs only what it knows
        wire.execute(number)
        assert error_of(wire).errno == 1064


def test_close_and_unknown_statements(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT 1")
        wire.command(0x19, number.to_bytes(4, "little"))
        wire.command(0x19, b"\x63\x00\x00\x00")  # neither has an answer
        wire.execute(number)
        assert error_of(wire) == ServerSaid(1243, "HY007", f"statement not prepared, stmt_id={number}")
        wire.command(0x1A, b"\x63\x00\x00\x00")
        assert error_of(wire).errno == 1243


def test_one_statement_too_many_is_1461(start: StartFake) -> None:
    _, server = start(limits=Limits(statements_max=3, statement_bytes_max=100))
    with Wire(server.port) as wire:
        wire.login()
        for _ in range(3):
            wire.prepare("SELECT 1")
        with pytest.raises(ServerSaid) as caught:
            wire.prepare("SELECT 1")
        assert (caught.value.errno, caught.value.sqlstate) == (1461, "42000")
        wire.command(0x19, (1).to_bytes(4, "little"))
        with pytest.raises(ServerSaid) as caught:
            wire.prepare("SELECT " + "1" * 100)
        assert caught.value.errno == 1461
        assert wire.prepare("SELECT 1")[0] == 4


# Long data


def long_data(wire: Wire, number: int, place: int, piece: bytes) -> None:
    wire.command(0x18, struct.pack("<IH", number, place) + piece)


def test_long_data_is_one_parameter_and_used_up(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT ?, ?")
        long_data(wire, number, 0, b"hello ")
        long_data(wire, number, 0, b"world")
        wire.execute(number, b"\x00\x01\xfc\x00\x08\x00" + (5).to_bytes(8, "little"))
        wire.answer(binary=True)
        wire.execute(number, bound("x", 6))
        wire.answer(binary=True)
        long_data(wire, number, 0, b"dropped")
        wire.command(0x1A, number.to_bytes(4, "little"))
        wire.answer()
        wire.execute(number, bound("y", 7))
        wire.answer(binary=True)
    assert host.bound == [("hello world", 5), ("x", 6), ("y", 7)]


def test_long_data_has_a_bound(start: StartFake) -> None:
    _, server = start(limits=Limits(long_data_bytes_max=1000))
    with Wire(server.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT ?")
        wide, _, _ = wire.prepare("SELECT ?, ?, ?, ?, ?, ?")
        for _ in range(20):
            long_data(wire, number, 0, b"x" * 100)
        wire.execute(number, b"\x00\x01\xfc\x00")
        assert error_of(wire).errno == 1153
        long_data(wire, number, 0, b"again")
        wire.execute(number, b"\x00\x01\xfc\x00")
        wire.answer(binary=True)
        for place in range(6):
            long_data(wire, wide, place, b"")
        wire.execute(wide, b"\x00\x01" + b"\xfc\x00" * 6)
        assert error_of(wire).errno == 1153
        long_data(wire, number, 99, b"nowhere")
        long_data(wire, 99, 0, b"nowhere")
        wire.command(0x18, b"abc")
        wire.command(0x0E)
        assert wire.answer().status == 2


# Cursors


def fetch(wire: Wire, number: int, count: int) -> Result:
    wire.command(0x1C, struct.pack("<II", number, count))
    result = Result()
    wire.rows_into(result, binary=True)
    return result


def opened(wire: Wire) -> None:
    """A cursor of one column is open."""
    assert [wire.receive()[:1] for _ in range(3)] == [b"\x01", b"\x03", b"\xfe"]


@pytest.mark.parametrize("capabilities", [BASIC, BASIC | DEPRECATE_EOF])
def test_a_read_only_cursor(port: int, capabilities: int) -> None:
    with Wire(port) as wire:
        wire.login(capabilities=capabilities)
        number, _, _ = wire.prepare("SELECT MANY ?")
        wire.execute(number, bound(5), flags=1)
        assert wire.receive() == b"\x01"
        wire.receive()
        end = wire.receive()
        assert end == (b"\xfe\x00\x00\x42\x00\x00\x00" if capabilities & DEPRECATE_EOF else b"\xfe\x00\x00\x42\x00")
        first, second, last = (fetch(wire, number, 2) for _ in range(3))
        assert [len(part.rows) for part in (first, second, last)] == [2, 2, 1]
        assert [part.status & (CURSOR_EXISTS | LAST_ROW_SENT) for part in (first, second, last)] == [64, 64, 128]
        assert last.rows == [(b"\x00\x00" + (4).to_bytes(8, "little"),)]
        wire.command(0x1C, struct.pack("<II", number, 2))
        assert error_of(wire) == ServerSaid(5931, "HY000", "fetch out of sequence")


def test_rows_of_cursors_have_a_bound(start: StartFake) -> None:
    _, server = start(limits=Limits(cursors_bytes_max=500))
    with Wire(server.port) as wire:
        wire.login()
        first, second = (wire.prepare("SELECT MANY ?")[0] for _ in range(2))
        wire.execute(first, bound(100), flags=1)
        opened(wire)
        for _ in range(2):
            wire.execute(second, bound(5), flags=1)
            assert error_of(wire) == ServerSaid(4013, "HY001", "No memory or reach tenant memory limit")
        assert fetch(wire, first, 101).rows[99][0][2:] == (99).to_bytes(8, "little")
        for number in (second, first):
            wire.execute(number, bound(5), flags=1)
            opened(wire)


@pytest.mark.parametrize("body", [b"", b"\x01", struct.pack("<II", 1, 2), struct.pack("<II", 9, 2)])
def test_a_fetch_without_a_cursor_is_5931(port: int, body: bytes) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.prepare("SELECT 1")
        wire.command(0x1C, body)
        assert error_of(wire) == ServerSaid(5931, "HY000", "fetch out of sequence")


def test_other_cursors_are_not_supported(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT 1")
        wire.execute(number, flags=2)
        assert error_of(wire).errno == 1235


def test_preparing_waits_for_its_turn_and_answers_errors(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("WAIT 0.05")
        wire.execute(number)
        assert wire.answer().info == b"\x07arrived"
    assert host.pendings[0].slices
