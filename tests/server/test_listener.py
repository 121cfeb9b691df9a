"""Start, stop and the thread in between."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pymysql
import pytest

from obsim.errors import UsageError
from obsim.server import Limits, ListenOptions, ThreadedServer, new_event_loop, serve
from tests.server.conftest import StartFake
from tests.server.fakes import FakeHost, FakePending, FakeUser, digest, fake_server
from tests.server.wire import ServerSaid, Wire


def test_a_server_can_be_stopped_twice_and_takes_nobody_then() -> None:
    others = set(threading.enumerate())
    server = fake_server()
    server.start()
    with Wire(server.port) as wire:
        wire.login()
        server.stop()
        assert wire.at_end()
    server.stop()
    with pytest.raises(ConnectionError):
        Wire(server.port)
    assert not any(thread.name == "obsim-server" for thread in set(threading.enumerate()) - others)


def test_a_server_starts_once() -> None:
    with fake_server() as server, pytest.raises(UsageError, match="make another one"):
        server.start()


def test_before_the_start_there_is_no_port() -> None:
    with pytest.raises(UsageError, match="has not been started"):
        _ = fake_server().port
    with pytest.raises(UsageError, match="does not run"):
        fake_server().call(lambda: 1)
    fake_server().stop()


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}: "):
            fake_server(port=port).start()
    with pytest.raises(UsageError, match=r"cannot listen on 127\.0\.0\.1:70000"):
        fake_server(port=70_000).start()


def test_what_the_engine_raises_at_the_start_reaches_the_caller() -> None:
    def broken() -> tuple[FakeHost, object]:
        raise UsageError("no such scenario")

    server = ThreadedServer(broken, ListenOptions())
    with pytest.raises(UsageError, match="no such scenario"):
        server.start()
    server.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1"])
def test_empty_passwords_stay_on_this_machine(host: str) -> None:
    with pytest.raises(UsageError, match="--allow-empty-passwords"):
        fake_server(host=host).start()


def test_other_addresses_are_fine_with_passwords_or_permission() -> None:
    engine = FakeHost()
    for tenant in engine.state.tenants.values():
        if tenant.kind != "META":  # nobody logs in there
            tenant.users = {name: FakeUser(name, digest("p")) for name in tenant.users}
    with fake_server(engine, host="0.0.0.0") as server, Wire(server.port) as wire:
        wire.login("root", "p")
    with fake_server(host="0.0.0.0", allow_empty_passwords=True) as server, Wire(server.port) as wire:
        wire.login()


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "obsim.sock"
    with (
        fake_server(unix_socket=str(path)),
        pymysql.connect(unix_socket=str(path), user="pw", password="secret") as connection,
    ):
        cursor = connection.cursor()
        cursor.execute("SELECT user")
        assert cursor.fetchall() == (("pw@sys",),)
    assert not path.exists()


def test_a_unix_socket_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot listen on .* and .*nowhere"):
        fake_server(unix_socket=str(tmp_path / "nowhere" / "s")).start()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "auto"])
def test_every_loop_serves(loop: str) -> None:
    with fake_server(loop=loop) as server, Wire(server.port) as wire:
        wire.login("pw", "secret")
        assert wire.query("SELECT 1").rows == [(b"1",)]
        assert wire.query("WAIT 0.05").info == b"\x07arrived"
        assert len(wire.query("SELECT repeat 3000000").rows[0][0] or b"") == 3_000_000
        wire.command(1)
        assert wire.at_end()


def test_an_unknown_loop() -> None:
    with pytest.raises(UsageError, match="choose asyncio, uvloop or auto"):
        fake_server(loop="trio").start()
    with pytest.raises(UsageError, match="is not a loop"):
        new_event_loop("x")


def test_stop_ends_a_running_statement(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        wire.command(3, b"WAIT 60")
        while not host.pendings or not host.pendings[0].slices:
            time.sleep(0.002)
        server.stop()
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1317
        assert wire.at_end()
    assert host.pendings[0].cancelled


def test_stop_lets_the_last_answers_out(start: StartFake) -> None:
    _, server = start()
    with Wire(server.port) as wire, Wire(server.port) as idle:
        wire.login()
        idle.login()
        wire.command(3, b"SELECT repeat 15000000")
        while not any(c.paused for c in list(server.listener.shared.connections.values())):
            time.sleep(0.002)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert len(wire.answer().rows[0][0] or b"") == 15_000_000
        assert wire.at_end()
        assert idle.at_end()
        stopping.join(10)
        assert not stopping.is_alive()
    assert server.listener.shared.connections == {}


def test_stop_does_not_wait_for_a_client_that_reads_nothing(start: StartFake) -> None:
    others = set(threading.enumerate())
    _, server = start(limits=Limits(linger_s=0.1))
    with Wire(server.port) as wire:
        wire.login()
        wire.command(3, b"SELECT repeat 16000000")
        time.sleep(0.1)
        server.stop()
        assert not any(thread.name == "obsim-server" for thread in set(threading.enumerate()) - others)


def test_calls_run_on_the_loop_in_turn(start: StartFake) -> None:
    host, server = start()
    threads = {server.call(threading.get_ident) for _ in range(3)}
    assert threads != {threading.get_ident()}
    assert len(threads) == 1
    with Wire(server.port) as wire:
        wire.login()
        wire.command(3, b"WAIT 60")
        while not host.pendings or not host.pendings[0].slices:
            time.sleep(0.002)
        results: list[object] = []
        waiting = threading.Thread(target=lambda: results.append(server.proxy.state.cluster_name))
        waiting.start()
        while not server.call_held(1):
            time.sleep(0.002)
        host.pendings[0].seconds = 0
        waiting.join(10)
    assert results == ["obcluster"]


def test_exceptions_of_calls_come_back(start: StartFake) -> None:
    _, server = start()
    with pytest.raises(ZeroDivisionError):
        server.call(lambda: 1 // 0)
    with pytest.raises(UsageError, match="cannot wait for itself"):
        server.call(lambda: server.call(lambda: 1))
    with pytest.raises(AttributeError):
        _ = server.proxy._private
    with pytest.raises(AttributeError):
        _ = server.proxy.nothing


def test_a_call_that_waits_when_the_server_stops_is_told(start: StartFake) -> None:
    host, server = start()
    wall = FakePending(60)
    host.behind.append(wall)
    failures: list[BaseException] = []

    def call() -> None:
        try:
            server.call(lambda: 1)
        except UsageError as failure:
            failures.append(failure)

    waiting = threading.Thread(target=call)
    waiting.start()
    while not wall.slices:
        time.sleep(0.002)
    server.stop()
    waiting.join(10)
    assert [str(failure)[:23] for failure in failures] == ["the server does not run"]


def test_serve_on_a_running_loop() -> None:
    async def session() -> tuple[str, int]:
        listener = await serve(FakeHost())

        def ask() -> str:
            with Wire(listener.port) as wire:
                wire.login()
                return (wire.query("SELECT user").rows[0][0] or b"").decode()

        answer = await asyncio.to_thread(ask)
        await listener.stop()
        await listener.stop()
        return answer, len(listener.shared.connections)

    assert asyncio.run(session()) == ("root@sys", 0)


PROGRAM = """
import asyncio, sys
sys.path.insert(0, {root!r})
from tests.server.fakes import FakeHost
from obsim.server import serve
async def main():
    listener = await serve(FakeHost())
    await listener.run_until_signal(lambda: print(listener.port, flush=True))
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_gracefully(number: int) -> None:
    program = PROGRAM.format(root=str(Path(__file__).parents[2]))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with Wire(port) as wire:
            wire.login()
            wire.query("SELECT 1")
            os.kill(process.pid, number)
            assert wire.at_end()
        assert process.wait(10) == 0


def test_hundreds_of_connections(start: StartFake) -> None:
    _, server = start(limits=Limits(connections_max=300))
    wires = [Wire(server.port) for _ in range(300)]
    try:
        for wire in wires:
            wire.login()
        for wire in wires:
            assert wire.query("SELECT 1").rows == [(b"1",)]
        with Wire(server.port) as late, pytest.raises(ServerSaid) as caught:
            late.greeting()
        assert caught.value.errno == 1040
    finally:
        for wire in wires:
            wire.close()
