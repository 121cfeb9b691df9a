"""Many clients at once, some of which mean harm: who is let in, who goes first, who is cut off."""

import asyncio
import logging
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import obsim
from obsim.server import Limits
from obsim.server.crowd import Crowd
from obsim.server.protocol import Connection
from obsim.server.slow_readers import SlowReaders
from tests.server.conftest import StartFake
from tests.server.wire import ServerSaid, Wire

ROOT = Path(__file__).parents[2]


def until(true: Any) -> None:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.002)
    assert true()


# Who is let in.


def test_logins_that_never_end_keep_nobody_out(start: StartFake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "obsim.server")
    _, server = start(limits=Limits(connections_max=2, logins_max=3))
    half_open = [Wire(server.port) for _ in range(5)]
    try:
        for wire in half_open:
            wire.greeting()
        for wire in half_open[:2]:
            with pytest.raises(ServerSaid) as caught:
                wire.answer()
            assert caught.value.errno == 1040
            assert wire.at_end()
        with Wire(server.port) as good:
            good.login()
            assert good.query("SELECT 1").rows == [(b"1",)]
            assert (len(server.listener.shared.half_open), len(server.listener.shared.connections)) == (2, 3)
    finally:
        for wire in half_open:
            wire.close()
    assert [r.getMessage() for r in caplog.records].count("login given up for another") == 3


def test_as_many_log_in_as_may_whatever_was_greeted(start: StartFake) -> None:
    _, server = start(limits=Limits(connections_max=2))
    with Wire(server.port) as first, Wire(server.port) as second, Wire(server.port) as third:
        greeting = third.greeting()
        first.login()
        second.login()
        third.greeting = lambda: greeting  # type: ignore[method-assign]
        with pytest.raises(ServerSaid) as caught:
            third.login()
        assert (caught.value.errno, caught.value.sqlstate) == (1040, "08004")
        second.close()
        until(lambda: len(server.listener.shared.connections) == 1)
        with Wire(server.port) as fourth:
            fourth.login()


def test_an_address_has_a_limit_of_its_own(start: StartFake) -> None:
    _, server = start(limits=Limits(connections_per_address_max=2), host="127.0.0.1")
    with Wire(server.port) as first, Wire(server.port) as second:
        first.login()
        second.login()
        with Wire(server.port) as third, pytest.raises(ServerSaid) as caught:
            third.greeting()
        assert caught.value.errno == 1040
        other = socket.create_connection(("127.0.0.1", server.port), source_address=("127.0.0.2", 0), timeout=10)
        assert other.recv(100)[4] == 10  # a greeting
        other.close()
        second.close()
        until(lambda: server.listener.shared.of_address == {"127.0.0.1": 1})
        with Wire(server.port) as fourth:
            fourth.login()
    until(lambda: not server.listener.shared.of_address)


def test_clients_that_reset_their_line_do_not_keep_the_server_from_stopping(start: StartFake) -> None:
    _, server = start()
    wires = [Wire(server.port) for _ in range(20)]
    for wire in wires:
        wire.login()
    linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    for wire in wires:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def reset_and_stop() -> None:
        """On the loop, so that it learns of the resets only after it has stopped taking connections."""
        for wire in wires:
            wire.socket.close()
        server._ended.set()

    server.call(reset_and_stop)
    server.stop()
    assert server._thread is not None
    assert not server._thread.is_alive()
    assert server.listener.shared.connections == {}


# Who is cut off.


def large(count: int) -> bytes:
    body = f"SELECT repeat {count}".encode()
    return (len(body) + 1).to_bytes(3, "little") + b"\0\x03" + body


def slow_wire(port: int) -> Wire:
    """One that takes little at a time, so that the system keeps little for it."""
    wire = Wire(port)
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.login()
    return wire


def test_who_takes_nothing_is_cut_off_in_the_end(start: StartFake) -> None:
    _, server = start(limits=Limits(write_timeout_s=0.2))
    with slow_wire(server.port) as dead, Wire(server.port) as idle:
        idle.login()
        dead.send_raw(large(12_000_000))
        until(lambda: list(server.listener.shared.connections) == [idle.connection_id])
        assert idle.query("SELECT 1").rows == [(b"1",)]


class Timers:
    """A loop whose time passes by hand."""

    def __init__(self) -> None:
        self.due: list[tuple[Any, ...]] = []

    def call_later(self, _seconds: float, call: Any, *values: Any) -> Any:
        due = (call, *values)
        self.due.append(due)
        return SimpleNamespace(cancel=lambda: self.due.remove(due) if due in self.due else None)

    def pass_by(self) -> None:
        due, self.due = self.due, []
        for call, *values in due:
            call(*values)


def test_who_never_reads_an_answer_that_was_broken_off_is_cut_off(start: StartFake) -> None:
    _, server = start()
    timers, said = Timers(), list[str]()

    async def broken_off() -> None:
        shared = replace(server.listener.shared, loop=cast(asyncio.AbstractEventLoop, timers))
        connection = Connection(shared)
        connection.transport = cast(asyncio.Transport, SimpleNamespace(
            write=lambda data: said.append(f"write {data!r}"), close=lambda: said.append("close"),
            abort=lambda: said.append("abort"),
        ))  # fmt: skip
        connection.break_off(b"x")

    asyncio.run(broken_off())
    assert said == ["write b'x'", "close"]
    timers.pass_by()
    assert said == ["write b'x'", "close", "abort"]


class Reader:
    """A connection with so many bytes that wait."""

    def __init__(self, waiting: int) -> None:
        self.waiting, self.number, self.peer, self.gone = waiting, 1, "h", False
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.waiting)

    def cut(self) -> None:
        self.gone = True


def test_who_takes_little_is_not_cut_off() -> None:
    timers = Timers()
    slow_readers = SlowReaders(cast(asyncio.AbstractEventLoop, timers), Limits())
    dead, slow, quick = Reader(100), Reader(100), Reader(100)
    for reader in (dead, slow, quick):
        slow_readers.begins(cast(Any, reader))
    slow.waiting -= 1
    slow_readers.ends(cast(Any, quick))
    timers.pass_by()
    assert (dead.gone, slow.gone, quick.gone, len(timers.due)) == (True, False, False, 1)
    timers.pass_by()
    assert slow.gone
    assert not timers.due


def test_what_waits_to_be_read_is_bounded(start: StartFake) -> None:
    _, server = start(limits=Limits(unsent_bytes_max=20_000_000))
    shared = server.listener.shared
    with slow_wire(server.port) as only, Wire(server.port) as good:
        good.login()
        only.send_raw(large(15_000_000) + large(15_000_000))
        until(lambda: shared.connections[only.connection_id].paused)
        with slow_wire(server.port) as second:
            second.send_raw(large(14_000_000))
            until(lambda: only.connection_id not in shared.connections)
            assert second.connection_id in shared.connections
            assert good.query("SELECT 1").rows == [(b"1",)]


# Who goes first.


class Loop:
    """Turns of a loop by hand."""

    def __init__(self) -> None:
        self.due: list[Any] = []

    def call_soon(self, call: Any) -> None:
        self.due.append(call)

    def turn(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr("obsim.server.crowd.perf_counter", lambda: now.s)
    return now


class Client:
    """A connection with commands that take so long each."""

    def __init__(self, name: str, crowd: Crowd, clock: SimpleNamespace, log: list[str], seconds: list[float]) -> None:
        self.name, self.crowd, self.clock, self.log, self.seconds = name, crowd, clock, log, seconds
        self.queued = self.long_commands = False

    def work(self) -> None:
        me = cast(Any, self)
        while self.seconds and (not self.crowd.crowded or self.crowd.may_go(me)):
            begun = self.clock.s
            self.clock.s += self.seconds.pop(0)
            self.log.append(self.name)
            self.crowd.took(me, begun)


def test_long_commands_take_turns_and_quick_ones_go_first(clock: SimpleNamespace) -> None:
    loop, log = Loop(), []
    crowd = Crowd(cast(asyncio.AbstractEventLoop, loop), 0.005)
    greedy = [Client(name, crowd, clock, log, [0.006] * 4) for name in "ABC"]
    quick = Client("q", crowd, clock, log, [0.0001] * 9)
    for client in (*greedy, quick):
        client.work()
    turns = ["".join(log)]
    while loop.due:
        before = len(log)
        loop.turn()
        turns.append("".join(log[before:]))
    # Who is new counts as quick; one that was long goes in every turn beside the first of the quick ones.
    assert " ".join(turns).strip() == "A AB AC Bq Aq Cq Bq Cq Bq Cq qq"


def test_without_a_crowd_nobody_waits(clock: SimpleNamespace) -> None:
    loop, log = Loop(), []
    crowd = Crowd(cast(asyncio.AbstractEventLoop, loop), 0.005)
    Client("alone", crowd, clock, log, [0.0001] * 10).work()
    assert log == ["alone"] * 10
    assert not loop.due, "turns that take little cost nothing"


def test_a_client_that_is_gone_while_it_waits_is_passed_over(start: StartFake) -> None:
    _, server = start(limits=Limits(slice_s=0.0))
    with Wire(server.port) as gone, Wire(server.port) as good:
        gone.login()
        good.login()
        body = b"\x0e"
        gone.send_raw((len(body).to_bytes(3, "little") + b"\0" + body) * 2000)
        gone.close()
        for _ in range(20):
            assert good.query("SELECT volatile").rows
        until(lambda: len(server.listener.shared.connections) == 1)


def test_a_runaway_query_ends_and_whoever_asked_it_goes_on() -> None:
    many = ", ".join(f"information_schema.COLUMNS {name}" for name in "abc")
    runaway = f"SELECT COUNT(*) FROM {many}"
    with obsim.Server() as server, Wire(server.port) as bad, Wire(server.port) as good:
        bad.login()
        good.login()
        bad.command(3, runaway.encode())
        assert good.query("SELECT 1").rows == [(b"1",)]
        with pytest.raises(ServerSaid) as caught:
            bad.answer()
        assert (caught.value.errno, caught.value.sqlstate) == (3024, "HY000")
        assert caught.value.message == (
            "Query execution was interrupted, maximum statement execution time exceeded"
        )
        assert bad.query("SELECT 2").rows == [(b"2",)]


# All of it, small: benchmarks/load.py at length.


@pytest.mark.parametrize("loop", [[], ["--uvloop"]], ids=["asyncio", "uvloop"])
def test_load_in_short(loop: list[str]) -> None:
    command = [sys.executable, "benchmarks/load.py", "--connections", "30", "--seconds", "0.8", "--half-open", "60"]
    ended = subprocess.run(
        [*command, "--slow", "5", "--flood", "3", *loop], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "30 connections poll" in ended.stdout
