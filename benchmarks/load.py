"""Many clients, and clients that mean harm: `python benchmarks/load.py [--check] [--uvloop]`.

First so many connections poll a view for a minute, while backups come and go: no error, and the server does not grow.
Then half-open handshakes, readers that do not read and a flood of random packets come from another process, while a
good client polls on one connection and logs in anew several times a second: the 99th percentile of both is measured, by
the clock and, for machines that have more to do, by the CPU time that the server needed meanwhile.
"""

import argparse
import asyncio
import random
import resource
import statistics
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness import Address, Figure, machine, obsim_server, print_figures
from wire import CAPABILITIES, ERR, WireConnection

POLL = b"SELECT STATUS, COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOBS GROUP BY STATUS"
LARGE = b"SELECT * FROM information_schema.COLUMNS"
POLL_S, BACKUP_S, LOGIN_S, GOOD_POLL_S = 0.25, 2.0, 0.2, 0.005
WARM_SHARE = 0.25
"""Of the time, before the size of the server is taken as the one it should keep."""
GROWTH_MIB_MAX = 16.0
P99_MS_MAX = 100.0
RECEIVE_BUFFER_BYTES = 4096
LOGIN = struct.pack("<IIB23x", CAPABILITIES, 1 << 24, 45) + b"root@sys\0\0oceanbase\0mysql_native_password\0"


def packet(body: bytes, sequence: int = 0) -> bytes:
    return struct.pack("<I", len(body) | sequence << 24) + body


def resident_mib(address: Address) -> float:
    status = Path(f"/proc/{address.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def busy_s(address: Address) -> float:
    """CPU time that the server has had: what passes of it while a client waits is its share of the wait."""
    return int(Path(f"/proc/{address.process.pid}/schedstat").read_text().split()[0]) / 1e9


# Clients that poll.


@dataclass
class Polling:
    """What the pollers met."""

    answers: int = 0
    errors: list[str] = field(default_factory=list)
    sizes_mib: list[float] = field(default_factory=list)
    slowest_s: float = 0.0


class Poller(asyncio.Protocol):
    """Logs in and asks the same question every so often; an answer is over when its last packet is an end."""

    def __init__(self, polling: Polling, first_s: float) -> None:
        self.polling = polling
        self.first_s = first_s
        self.logged_in = asyncio.get_running_loop().create_future()
        self.data = b""
        self.asked_s = 0.0
        self.ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the greeting."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Log in, or see whether the answer is whole."""
        self.data += data
        if len(self.data) < 4 + int.from_bytes(self.data[:3], "little"):
            return
        if self.asked_s:
            self._answered()
            return
        first, self.data = self.data[4], b""
        if first == ERR:
            self.polling.errors.append(f"login: {data!r}")
        if first != 0:  # the greeting
            self.transport.write(packet(LOGIN, 1))
        elif not self.logged_in.done():
            self.logged_in.set_result(None)
            asyncio.get_running_loop().call_later(self.first_s, self.ask)

    def ask(self) -> None:
        """Poll."""
        if self.ending:
            return
        self.asked_s = time.perf_counter()
        self.transport.write(packet(b"\x03" + POLL))

    def _answered(self) -> None:
        data = self.data
        if data[4] == ERR:
            self.polling.errors.append(repr(data[:80]))
        elif data[-9:-6] != b"\x05\0\0" or data[-5] != 0xFE or data.count(b"\x05\0\0") < 2:
            return  # the two ends of an answer are not there yet
        elapsed_s = time.perf_counter() - self.asked_s
        self.polling.slowest_s = max(self.polling.slowest_s, elapsed_s)
        self.polling.answers += 1
        self.data, self.asked_s = b"", -1.0
        asyncio.get_running_loop().call_later(max(POLL_S - elapsed_s, 0.0), self.ask)

    def connection_lost(self, exc: Exception | None) -> None:
        """No error once it is over."""
        if not self.ending:
            self.polling.errors.append(f"connection lost: {exc}")


async def poll(address: Address, connections: int, seconds: float) -> Polling:
    """Let so many connections poll for so long, while one more starts a backup now and then."""
    loop, polling = asyncio.get_running_loop(), Polling()
    pollers = [Poller(polling, POLL_S * number / connections) for number in range(connections)]
    for poller in pollers:
        await loop.create_connection(lambda made=poller: made, address.host, address.port)
    await asyncio.wait_for(asyncio.gather(*(poller.logged_in for poller in pollers)), 60)
    control = await asyncio.to_thread(address.connect)
    begun_s = time.perf_counter()
    while (elapsed_s := time.perf_counter() - begun_s) < seconds:
        try:
            await asyncio.to_thread(control.query, b"ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
        except Exception as refused:  # one is running still
            if not ("in progress" in str(refused) or "can not start" in str(refused)):
                polling.errors.append(str(refused))
        if elapsed_s >= seconds * WARM_SHARE:
            polling.sizes_mib.append(resident_mib(address))
        await asyncio.sleep(min(BACKUP_S, seconds / 10))
    polling.sizes_mib.append(resident_mib(address))
    for poller in pollers:
        poller.ending = True
        poller.transport.close()
    control.close()
    await asyncio.sleep(0.1)
    return polling


# Clients that mean harm, in a process of their own.


async def half_open(host: str, port: int) -> None:
    """Connect and never say who one is, again and again."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            while await reader.read(4096):
                pass
            writer.close()
        except OSError:
            pass
        await asyncio.sleep(1)


async def read_slowly(host: str, port: int) -> None:
    """Ask for much, again and again, and take one byte a second of it."""
    import socket  # noqa: PLC0415 - the other process

    loop = asyncio.get_running_loop()
    while True:
        with socket.socket() as raw:
            raw.setblocking(False)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            try:
                await loop.sock_connect(raw, (host, port))
                await loop.sock_recv(raw, 4096)
                await loop.sock_sendall(raw, packet(LOGIN, 1))
                await loop.sock_recv(raw, 4096)
                await loop.sock_sendall(raw, packet(b"\x03" + LARGE) * 20)
                while await loop.sock_recv(raw, 1):
                    await asyncio.sleep(1)
            except OSError:
                pass
        await asyncio.sleep(0.2)


async def flood(host: str, port: int, seed: int) -> None:
    """Send random packets as fast as they are taken, half of them after a login."""
    chance = random.Random(seed)
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            await reader.read(4096)
            if chance.random() < 0.5:
                writer.write(packet(LOGIN, 1))
                await reader.read(4096)
            for _ in range(chance.randrange(1, 200)):
                body = chance.randbytes(chance.randrange(400))
                writer.write(packet(body, chance.choice([0, 0, 0, 1, chance.randrange(256)])))
                await writer.drain()
                if reader.at_eof():
                    break
            writer.close()
        except OSError:
            pass
        await asyncio.sleep(0)


async def attack(host: str, port: int, half: int, slow: int, floods: int) -> None:
    tasks = [half_open(host, port) for _ in range(half)]
    tasks += [read_slowly(host, port) for _ in range(slow)]
    tasks += [flood(host, port, seed) for seed in range(floods)]
    print("attacking", flush=True)
    await asyncio.gather(*tasks)


@dataclass
class Good:
    """What the good client met, in seconds."""

    polls_s: list[float] = field(default_factory=list)
    logins_s: list[float] = field(default_factory=list)
    polls_busy_s: list[float] = field(default_factory=list)
    logins_busy_s: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    largest_mib: float = 0.0


def be_good(address: Address, half: int, slow: int, floods: int, seconds: float) -> Good:
    """Poll and log in while all the others do what they do."""
    good = Good()
    command = [sys.executable, __file__, "--attack", address.host, str(address.port), str(half), str(slow), str(floods)]
    connection = address.connect()
    attacker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert attacker.stdout is not None
        attacker.stdout.readline()
        begun_s = next_login_s = time.perf_counter()
        while (now_s := time.perf_counter()) - begun_s < seconds:
            before_s = busy_s(address)
            connection.query(POLL)
            good.polls_s.append(time.perf_counter() - now_s)
            good.polls_busy_s.append(busy_s(address) - before_s)
            if now_s >= next_login_s:
                next_login_s += LOGIN_S
                good.largest_mib = max(good.largest_mib, resident_mib(address))
                now_s, before_s = time.perf_counter(), busy_s(address)
                try:
                    WireConnection(address.host, address.port, address.user, "oceanbase").close()
                except Exception as refused:  # whatever it is, it is counted
                    good.refused.append(f"{type(refused).__name__} {refused}")
                good.logins_s.append(time.perf_counter() - now_s)
                good.logins_busy_s.append(busy_s(address) - before_s)
            time.sleep(GOOD_POLL_S)
        assert attacker.poll() is None, "the attackers gave up"
    finally:
        attacker.kill()
        attacker.wait()
    connection.close()
    return good


def percentile_ms(times_s: list[float], percent: int) -> float:
    return statistics.quantiles(times_s, n=100)[percent - 1] * 1e3


def show_some(title: str, errors: list[str]) -> None:
    for text in sorted(set(errors))[:5]:
        print(f"  {title}: {errors.count(text)} x {text}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a required figure is missed")
    parser.add_argument("--uvloop", action="store_true", help="serve on uvloop")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each part")
    parser.add_argument("--half-open", type=int, default=2000)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--flood", type=int, default=50)
    parser.add_argument("--attack", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    files = options.half_open + options.connections + 1000
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit[0] < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, limit[1]), limit[1]))
    if options.attack:
        host, *numbers = options.attack
        asyncio.run(attack(host, *map(int, numbers)))
        return 0
    print(machine())
    with obsim_server("--speed", "10", uvloop=options.uvloop) as address:
        polling = asyncio.run(poll(address, options.connections, options.seconds))
    with obsim_server(uvloop=options.uvloop) as address:
        before_mib = resident_mib(address)
        good = be_good(address, options.half_open, options.slow, options.flood, options.seconds)
        alive = address.process.poll() is None
    show_some("polling", polling.errors)
    show_some("login", good.refused)
    per_second = polling.answers / options.seconds
    held = print_figures(f"{options.connections} connections poll for {options.seconds:g} s", [
        Figure("errors", len(polling.errors), "", 0, at_most=True, detail=f"{per_second:.0f} answers/s"),
        Figure("growth after the first quarter", polling.sizes_mib[-1] - polling.sizes_mib[0], "MiB", GROWTH_MIB_MAX,
               at_most=True, detail=f"{polling.sizes_mib[0]:.0f} to {polling.sizes_mib[-1]:.0f} MiB"),
        Figure("slowest answer", polling.slowest_s * 1e3, "ms"),
    ])  # fmt: skip
    title = f"{options.half_open} half-open, {options.slow} slow readers, {options.flood} floods, {options.seconds:g} s"
    held &= print_figures(title, [
        Figure("p99 of a poll", percentile_ms(good.polls_s, 99), "ms", P99_MS_MAX, at_most=True,
               detail=f"median {percentile_ms(good.polls_s, 50):.1f}, slowest {max(good.polls_s) * 1e3:.0f} ms, "
                      f"{len(good.polls_s)} polls"),
        Figure("of it, the server at work", percentile_ms(good.polls_busy_s, 99), "ms", P99_MS_MAX, at_most=True,
               detail=f"CPU time; median {percentile_ms(good.polls_busy_s, 50):.1f} ms"),
        Figure("p99 of a login", percentile_ms(good.logins_s, 99), "ms",
               detail=f"median {percentile_ms(good.logins_s, 50):.1f} ms, {len(good.logins_s)} logins"),
        Figure("of it, the server at work", percentile_ms(good.logins_busy_s, 99), "ms",
               detail=f"median {percentile_ms(good.logins_busy_s, 50):.1f} ms"),
        Figure("logins refused", len(good.refused), "", 0, at_most=True),
        Figure("largest size", good.largest_mib, "MiB", detail=f"{before_mib:.0f} MiB before"),
    ])  # fmt: skip
    failed = not alive or polling.errors or good.refused
    return 1 if failed or (options.check and not held) else 0


if __name__ == "__main__":
    sys.exit(main())
