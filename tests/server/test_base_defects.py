"""The ten defects of the base (stack.md 5), each twice: that obsim does not have it, and that mysql-mimic 3.0.5 does.

A second half that fails after an upgrade of mysql-mimic says that the base was mended there.
"""

import socket
import struct
import time

import pytest

from obsim.server import Limits
from tests.server.conftest import StartFake
from tests.server.stock import StockServer
from tests.server.wire import BASIC, MULTI_STATEMENTS, ClosedError, ServerSaid, Wire, bound, scramble

FRAGMENT = struct.pack("<I", 0xFFFFFF)[:3]


def refused(wire: Wire, text: str) -> ServerSaid:
    with pytest.raises(ServerSaid) as caught:
        wire.query(text)
    return caught.value


# D1: a command after a refused login.


def command_after_refusal(port: int) -> Wire:
    wire = Wire(port)
    greeting = wire.greeting()
    wire.send(wire.response("pw", scramble("wrong", greeting.nonce)))
    with pytest.raises(ServerSaid) as caught:
        wire.answer()
    assert caught.value.errno == 1045
    wire.command(3, b"SELECT 1")
    return wire


def test_d1_no_command_after_a_refused_login(start: StartFake) -> None:
    host, server = start()
    with command_after_refusal(server.port) as wire:
        assert wire.at_end()
    assert host.executed == []


def test_d1_stock_runs_it(fresh_stock: StockServer) -> None:
    with command_after_refusal(fresh_stock.port) as wire:
        assert fresh_stock.ran() == "SELECT 1"
        wire.sequence = 1
        assert wire.answer().rows == [(b"1",)]


# D2: a string without its end.


def response_without_nul(port: int) -> Wire:
    wire = Wire(port)
    wire.greeting()
    wire.send(wire.response("root", b"")[:32] + b"root")
    return wire


def test_d2_a_string_without_end_is_a_bad_handshake(port: int) -> None:
    with response_without_nul(port) as wire:
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, caught.value.message) == (1043, "Bad handshake")
        assert wire.at_end()
    with Wire(port) as other:
        other.login()
        assert other.query("SELECT 1").rows == [(b"1",)]


def test_d2_stock_hangs(fresh_stock: StockServer) -> None:
    port = fresh_stock.port
    with response_without_nul(port), Wire(port, timeout_s=1.0) as other, pytest.raises(TimeoutError):
        other.greeting()


# D3 and D9: parameters.


def test_d3_parameters_are_values(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        number, _, count = wire.prepare("SELECT ?, ?")
        assert count == 2
        wire.execute(number, bound("x'y", "'; DROP TABLE t --"))
        assert wire.answer(binary=True).columns[0]["name"] == "c0"
    assert host.bound == [("x'y", "'; DROP TABLE t --")]
    assert host.executed[-1] == ("root", "EXECUTE SELECT ?, ?")


def test_d3_stock_splices_them(fresh_stock: StockServer) -> None:
    with Wire(fresh_stock.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT ?")
        wire.execute(number, bound("x' AS a, 'y"))
        wire.answer(binary=True)
    assert fresh_stock.ran() == "SELECT 'x' AS a, 'y'"


def test_d9_bytes_that_are_no_text_stay_bytes(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT ?")
        wire.execute(number, bound(b"\x00\xff"))
        assert wire.answer(binary=True).rows == [(b"\x00\x00\x02\x00\xff",)]
    assert host.bound == [(b"\x00\xff",)]


def test_d9_stock_cannot_take_them(stock: StockServer) -> None:
    with Wire(stock.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT ?")
        wire.execute(number, bound(b"\x00\xff"))
        with pytest.raises(ServerSaid) as caught:
            wire.answer(binary=True)
        assert (caught.value.errno, "decode" in caught.value.message) == (1105, True)


# D4: packets without bound.


def test_d4_a_long_packet_before_the_login_is_refused_by_its_header(port: int) -> None:
    with Wire(port) as wire:
        wire.greeting()
        wire.send_raw(FRAGMENT + b"\x01")
        wire.sequence = 2
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, caught.value.sqlstate) == (1153, "08S01")
        assert wire.at_end()


def test_d4_a_command_over_the_limit_is_refused(start: StartFake) -> None:
    _, server = start(limits=Limits(packet_bytes_max=1 << 20))
    with Wire(server.port) as wire:
        wire.login()
        assert wire.query("SELECT " + "y" * ((1 << 20) - 8)).rows
        wire.command(3, b"SELECT " + b"y" * ((1 << 20) - 7))
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1153
        assert wire.at_end()


def test_d4_the_limit_counts_all_parts_of_a_packet(port: int) -> None:
    with Wire(port, timeout_s=30) as wire:
        wire.login()
        wire.send_raw(FRAGMENT + b"\x00" + b"\x03SELECT " + b"y" * (0xFFFFFF - 8) + FRAGMENT + b"\x01")
        wire.sequence = 2
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1153


def test_d4_stock_buffers_whatever_comes(fresh_stock: StockServer) -> None:
    before_kib = fresh_stock.rss_kib()
    with Wire(fresh_stock.port, timeout_s=30) as wire:
        wire.greeting()
        for sequence in range(1, 5):
            wire.send_raw(FRAGMENT + bytes((sequence,)) + b"x" * 0xFFFFFF)
        wire.send_raw(b"\x01")  # taken only once most of the rest was
        deadline = time.monotonic() + 10
        while fresh_stock.rss_kib() < before_kib + 40_000 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert fresh_stock.rss_kib() >= before_kib + 40_000


# D5: connections without bound.


def test_d5_a_login_that_takes_too_long_is_cut(start: StartFake) -> None:
    _, server = start(limits=Limits(connect_timeout_s=0.2))
    with Wire(server.port) as slow, Wire(server.port) as quick:
        slow.greeting()
        slow.send_raw(b"\x20\x00")
        quick.login()
        assert slow.at_end()
        assert quick.query("SELECT 1").rows == [(b"1",)]  # whoever is in stays


def test_d5_one_connection_too_many_is_1040(start: StartFake) -> None:
    host, server = start(limits=Limits(connections_max=2))
    with Wire(server.port) as first, Wire(server.port) as second:
        first.login()
        second.login()
        with Wire(server.port) as third:
            with pytest.raises(ServerSaid) as caught:
                third.greeting()
            assert (caught.value.errno, caught.value.message) == (1040, "Too many connections")
            assert third.at_end()
        second.close()
        while len(server.listener.shared.connections) > 1:
            time.sleep(0.005)
        with Wire(server.port) as fourth:
            fourth.login()
    assert host.last == 3


def test_d5_stock_waits_for_ever(stock: StockServer) -> None:
    waiting = [Wire(stock.port) for _ in range(50)]
    try:
        for wire in waiting:
            wire.greeting()
            wire.send_raw(b"\x20\x00\x00\x01")
        waiting[0].socket.settimeout(1.0)
        with pytest.raises(TimeoutError):
            waiting[0].socket.recv(1)
    finally:
        for wire in waiting:
            wire.close()


# D6: rows beyond one packet.


@pytest.mark.parametrize("size", [0xFFFFFF - 4, 0xFFFFFF - 3, 17 << 20])
def test_d6_long_rows_are_split(port: int, size: int) -> None:
    with Wire(port, timeout_s=30) as wire:
        wire.login()
        rows = wire.query(f"SELECT repeat {size}").rows
        assert len(rows) == 1
        assert rows[0][0] == b"x" * size
        assert wire.query("SELECT 1").rows == [(b"1",)]


def test_d6_stock_breaks_off(stock: StockServer) -> None:
    with Wire(stock.port, timeout_s=5) as wire:
        wire.login()
        with pytest.raises((AssertionError, ClosedError, TimeoutError, struct.error, IndexError)):
            wire.query(f"WIDE {17 << 20}")


# D7: headers in pieces.


def query_byte_by_byte(wire: Wire) -> list[tuple[bytes | None, ...]]:
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"\x09\x00\x00\x00\x03SELECT 1":
        wire.send_raw(bytes((byte,)))
        time.sleep(0.01)
    wire.sequence = 1
    return wire.answer().rows


def test_d7_a_packet_may_come_byte_by_byte(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        assert query_byte_by_byte(wire) == [(b"1",)]
        assert query_byte_by_byte(wire) == [(b"1",)]


def test_d7_stock_drops_the_connection(stock: StockServer) -> None:
    with Wire(stock.port) as wire:
        wire.login()
        with pytest.raises((ClosedError, ConnectionError)):
            query_byte_by_byte(wire)


# D8: packets out of order, packets without content.


def test_d8_a_wrong_sequence_id_is_1156(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.send(b"\x03SELECT 1", 5)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, caught.value.message) == (1156, "Got packets out of order")
        assert wire.at_end()


def test_d8_an_empty_packet_is_no_command(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.send(b"", 0)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, caught.value.message) == (1047, "Unknown command")
        assert wire.query("SELECT 1").rows == [(b"1",)]


@pytest.mark.parametrize("body", [b"\x17", b"\x17\x01", b"\x1a\x01", b"\x0c\x01", b"\x1b", b"\x04t"])
def test_d8_a_command_cut_short_is_1835(port: int, body: bytes) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.send(body, 0)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, caught.value.message) == (1835, "Malformed communication packet")
        assert wire.query("SELECT 1").rows == [(b"1",)]


def test_d8_stock_hangs_up_or_tells_its_exception(stock: StockServer) -> None:
    with Wire(stock.port) as wire:
        wire.login()
        wire.send(b"\x03SELECT 1", 5)
        with pytest.raises((ClosedError, ConnectionError)):
            wire.answer()
    with Wire(stock.port) as wire:
        wire.login()
        wire.send(b"", 0)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value == ServerSaid(1105, "HY000", "index out of range")


# D10: several statements in one packet.


def test_d10_several_statements_need_the_capability(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        assert refused(wire, "SELECT 1; SELECT 2").errno == 1064
        assert [text for _, text in host.executed] == ["SELECT 1; SELECT 2"]
    with Wire(server.port) as wire:
        wire.login(capabilities=BASIC | MULTI_STATEMENTS)
        first = wire.query("SELECT 1; SELECT 2")
        assert (first.rows, first.more) == ([(b"1",)], True)
        second = wire.answer()
        assert (second.rows, second.more) == ([(b"2",)], False)


def test_d10_stock_answers_only_the_last(stock: StockServer) -> None:
    with Wire(stock.port) as wire:
        wire.login()
        answer = wire.query("SELECT 1; SELECT 2")
        assert (answer.rows, answer.more) == ([(b"2",)], False)


def test_an_exception_of_ours_says_nothing(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        assert refused(wire, "SELECT defect") == ServerSaid(1105, "HY000", "Unknown error")
        assert wire.query("SELECT 1").rows == [(b"1",)]


def test_stock_tells_the_text_of_its_exceptions(stock: StockServer) -> None:
    with Wire(stock.port) as wire:
        wire.login()
        assert "int()" in refused(wire, "WIDE secret").message
