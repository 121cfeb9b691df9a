"""Packets that no client would send, before and after the login: the server goes on, and does not grow.

OBSIM_FUZZ_PACKETS sets how many. Each connection sends a few packets, random ones and damaged copies of sound ones, and
is then dropped; every hundred packets a sound client logs in and asks, within a second.
"""

import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.wire import BASIC, CONNECT_ATTRS, CONNECT_WITH_DB, DEPRECATE_EOF, MULTI_STATEMENTS, SSL, Wire, bound

PACKETS = int(os.environ.get("OBSIM_FUZZ_PACKETS", "3000"))
PACKETS_A_CONNECTION = 6
PACKETS_A_CHECK = 100
GROWTH_KIB_MAX = 40_000

PROGRAM = """
import logging, sys, time
sys.path.insert(0, {root!r})
logging.disable(logging.CRITICAL)
import obsim.query.evaluator, obsim.sql.reader  # else loaded while the first client waits
from tests.server.fakes import fake_server
with fake_server(loop=sys.argv[1]) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


class Target:
    """A server in a process of its own, so that its memory is its own and a hang can be ended."""

    def __init__(self, loop: str) -> None:
        program = PROGRAM.format(root=str(Path(__file__).parents[2]))
        command = [sys.executable, "-c", program, loop]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def rss_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def check(self) -> None:
        """A fresh login and a query, each packet within a second."""
        with Wire(self.port, timeout_s=1.0) as wire:
            wire.login("pw", "secret")
            assert wire.query("SELECT 1").rows == [(b"1",)]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(params=["asyncio", "uvloop"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    running = Target(request.param)
    yield running
    running.end()


def login_seeds() -> list[bytes]:
    """Sound responses to a greeting, and the request for TLS."""
    fixed = [
        struct.pack("<IIB23x", capabilities, 1 << 24, 45)
        for capabilities in (
            BASIC,
            BASIC | CONNECT_WITH_DB,
            BASIC | CONNECT_ATTRS | DEPRECATE_EOF,
            BASIC | MULTI_STATEMENTS,
        )
    ]
    tails = [
        b"root\0\0mysql_native_password\0",
        b"pw\0\x14" + b"x" * 20 + b"oceanbase\0mysql_native_password\0",
        b"root@mysql_tenant\0\0caching_sha2_password\0\x05\x01a\x02bc",
    ]
    return [head + tail for head in fixed for tail in tails] + [struct.pack("<IIB23x", BASIC | SSL, 1, 45)]


def command_seeds() -> list[bytes]:
    """One sound packet of every command."""
    execute = struct.pack("<IBI", 1, 0, 1)
    return [
        b"\x03SELECT 1", b"\x03SELECT 1; SELECT 2;", b"\x03SELECT volatile", b"\x03WAIT 0.01", b"\x03SET NAMES gbk",
        b"\x02oceanbase", b"\x04t\0c%", b"\x09", b"\x0c\x07\x00\x00\x00", b"\x0d", b"\x0e", b"\x1b\x00\x00", b"\x1f",
        b"\x11root\0\0oceanbase\0\x2d\x00mysql_native_password\0", b"\x16SELECT ?, ?",
        b"\x17" + execute + bound("a", 1),
        b"\x17" + execute + bound(None, b"\xff"), b"\x18" + struct.pack("<IH", 1, 0) + b"piece", b"\x19\x01\0\0\0",
        b"\x1a\x01\0\0\0", b"\x1c\x01\0\0\0\x02\0\0\0",
        b"\x17" + execute + b"\x00\x01\x0c\x00\x0b\x00\x0b\xe8\x07\x01\x02\x03\x04\x05\x06\x00\x00\x00" + b"\x08" * 9,
    ]  # fmt: skip


def damaged(chance: random.Random, seed: bytes) -> bytes:
    """A copy with a few bytes changed, taken out, doubled or cut off."""
    body = bytearray(seed)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(body) + 1)
        match chance.randrange(5):
            case 0 if body:
                body[at % len(body)] = chance.randrange(256)
            case 1:
                body[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 2:
                del body[at : at + chance.randrange(1, 9)]
            case 3:
                del body[at:]
            case 4:
                body += body[at:]
    return bytes(body[:5000])


def packet(chance: random.Random, seeds: list[bytes], sequence: int) -> bytes:
    """One packet, now and then with a header that lies."""
    body = chance.randbytes(chance.randrange(80)) if chance.random() < 0.3 else damaged(chance, chance.choice(seeds))
    size, number = len(body), sequence
    if chance.random() < 0.05:
        size = chance.choice([0, max(size - 1, 0), size + 1, size + 100, 0xFFFFFF, chance.randrange(1 << 24)])
    if chance.random() < 0.05:
        number = chance.randrange(256)
    return struct.pack("<I", size | number << 24) + body


def drain(wire: Wire) -> None:
    """Take what has been answered, without waiting for more."""
    wire.socket.setblocking(False)
    try:
        while wire.socket.recv(65536):
            pass
    except (BlockingIOError, ConnectionError):
        pass
    wire.socket.settimeout(1.0)


def attack(chance: random.Random, port: int) -> int:
    """One connection's worth of packets; how many were sent."""
    before_login = chance.random() < 0.4
    sent = 0
    with Wire(port, timeout_s=1.0) as wire:
        if before_login:
            wire.greeting()
        else:
            wire.login("root", capabilities=BASIC | MULTI_STATEMENTS)
        try:
            for place in range(PACKETS_A_CONNECTION):
                seeds, sequence = (login_seeds(), 1 + 2 * place) if before_login else (command_seeds(), 0)
                data = packet(chance, seeds, sequence)
                if chance.random() < 0.1:  # in two pieces
                    cut = chance.randrange(len(data))
                    wire.send_raw(data[:cut])
                    data = data[cut:]
                wire.send_raw(data)
                sent += 1
                drain(wire)
        except (ConnectionError, TimeoutError):
            sent += 1  # the server had hung up: that is an answer
    return sent


def test_whatever_comes_the_server_goes_on(target: Target) -> None:
    chance = random.Random(20240101)
    target.check()
    sent, checked, warm_kib = 0, 0, 0
    while sent < PACKETS:
        sent += attack(chance, target.port)
        if sent - checked >= PACKETS_A_CHECK:
            checked = sent
            target.check()
            if not warm_kib and sent >= PACKETS // 3:
                warm_kib = target.rss_kib()
    target.check()
    assert target.process.poll() is None
    assert target.rss_kib() < warm_kib + GROWTH_KIB_MAX


@pytest.mark.parametrize("seed", login_seeds() + command_seeds())
def test_every_beginning_of_a_sound_packet_is_answered_or_refused(shared_wire: Wire, seed: bytes) -> None:
    """Cut after each byte: an answer, an error, or the end of the line, but never a wait."""
    port = shared_wire.socket.getpeername()[1]
    for end in range(0, len(seed), max(1, len(seed) // 25)):
        with Wire(port, timeout_s=5.0) as wire:
            if seed in login_seeds():
                wire.greeting()
                wire.send(seed[:end])
            else:
                wire.login()
                wire.command(0x16, b"SELECT ?, ?")
                wire.send(seed[:end], 0)
                wire.command(0x01)
            try:
                while wire.socket.recv(65536):
                    if seed in login_seeds():
                        break
            except ConnectionError:
                pass
    shared_wire.command(0x0E)
    assert shared_wire.answer().status == 2
