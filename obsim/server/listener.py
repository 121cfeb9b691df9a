"""A listening server: its socket, its connections, its start and its end."""

import asyncio
import logging
import os
import signal
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from obsim.errors import ServerError, UsageError
from obsim.server.addresses import only_loopback, read_address
from obsim.server.auth import has_empty_password
from obsim.server.cache import AnswerCache
from obsim.server.defects import logger
from obsim.server.engine import Host
from obsim.server.gate import Gate
from obsim.server.limits import Limits
from obsim.server.outbox import Outbox
from obsim.server.protocol import Connection, Shared
from obsim.variables import ServerFacts

if TYPE_CHECKING:
    from obsim.server.http import HttpListener

__all__ = ["ListenOptions", "Listener", "serve"]

BACKLOG = 1024
ACCEPTED_AT_ONCE = 32
"""As many connections asyncio accepts before it looks at those that are there; it takes its backlog for that number."""
STOP_TICK_S = 0.002
TURNS_OF_ACCEPTING = 8


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """Where a server listens. `port` 0 takes a free one; a `unix_socket` path is listened on as well.

    `http` is where `/metrics`, `/ready` and `/health` are, as `[HOST:]PORT`; nowhere without it.
    """

    host: str = "127.0.0.1"
    port: int = 0
    unix_socket: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    allow_empty_passwords: bool = False
    http: str | None = None
    limits: Limits = field(default_factory=Limits)


class Listener:
    """One cluster's server on the running loop.

    `host` and `port` are where it listens once started, `engine` what it serves. It belongs to the
    loop it was started on.
    """

    def __init__(self, host: Host, options: ListenOptions) -> None:
        self.options = options
        self.host = options.host
        self.port = options.port
        self.engine = host
        self._servers: list[asyncio.Server] = []
        self._stopped = False
        self.http: HttpListener | None = None
        self.shared: Shared

    async def start(self) -> None:
        """Listen. Raises UsageError for an address, a certificate or accounts that do not allow it."""
        options = self.options
        http = None if options.http is None else read_address(options.http)
        if not options.allow_empty_passwords:
            await self._check_passwords(options.host)
            if http is not None:
                await self._check_passwords(http[0])
        tls = _tls_context(options)
        loop = asyncio.get_running_loop()
        gate = Gate(self.engine, loop, options.limits.slice_s, options.limits.settle_s)
        self.shared = Shared(self.engine, loop, gate, AnswerCache(options.limits), options.limits, tls)
        durable = getattr(self.engine, "durable", None)
        if durable is not None:
            self.shared.outbox = Outbox(durable, loop, self._went_back)
        self.shared.changed()
        if http is not None:
            await self._start_http(*http)
        try:
            server = await loop.create_server(self._protocol(), options.host, options.port, backlog=ACCEPTED_AT_ONCE)
            self._servers.append(server)
            _let_more_wait(server)
            if options.unix_socket is not None:
                path = options.unix_socket
                self._servers.append(await loop.create_unix_server(self._protocol(), path, backlog=BACKLOG))
        except (OSError, OverflowError, UnicodeError) as failure:
            await self.stop()
            where = f"{options.host}:{options.port}" + (f" and {options.unix_socket}" if options.unix_socket else "")
            reason = getattr(failure, "strerror", None) or failure
            raise UsageError(f"cannot listen on {where}: {reason}") from failure
        self.port = server.sockets[0].getsockname()[1]
        facts = getattr(self.engine, "facts", None)
        if isinstance(facts, ServerFacts):  # what @@port and the like say is known only now
            told = replace(facts, port=self.port, max_connections=options.limits.connections_max, tls=tls is not None)
            setattr(self.engine, "facts", replace(told, max_allowed_packet=options.limits.packet_bytes_max))  # noqa: B010
        if self.http is not None:
            self.http.ready = True

    async def _start_http(self, host: str, port: int) -> None:
        from obsim.server.http import HttpListener  # noqa: PLC0415 - most servers have none

        self.http = HttpListener(self.shared, self.options.limits)
        try:
            await self.http.start(host, port)
        except (OSError, OverflowError, UnicodeError) as failure:
            reason = getattr(failure, "strerror", None) or failure
            raise UsageError(f"cannot listen on {host}:{port} for HTTP: {reason}") from failure
        logging.getLogger("obsim.listening").info("http", extra={"host": host, "port": self.http.port})

    def _went_back(self, refused: ServerError) -> None:
        """The disk did not take what was done: the cluster is as it was before."""
        self.shared.gate.interrupt_all(refused)
        self.shared.changed()

    def _protocol(self) -> Callable[[], asyncio.BaseProtocol]:
        shared = self.shared
        return lambda: Connection(shared)

    async def _check_passwords(self, host: str) -> None:
        if has_empty_password(self.engine.state) and not await only_loopback(host):
            raise UsageError(
                f"accounts without a password would be open to everybody who reaches {host}: "
                "listen on 127.0.0.1, give every account a password in the scenario, or pass --allow-empty-passwords"
            )

    async def stop(self) -> None:
        """Take no more connections, end those there are, let their last answers out; for the second time nothing.

        Running jumps of the clock end with 1317. After `Limits.linger_s` what is left is cut.
        """
        if self._stopped:
            return
        self._stopped = True
        if self.http is not None:
            self.http.ready = False  # whoever looks while it drains knows
        await self._stop_accepting()
        if self.options.unix_socket is not None and len(self._servers) > 1:
            Path(self.options.unix_socket).unlink(missing_ok=True)
        if hasattr(self, "shared"):
            await self._drain()
        if self.http is not None:
            self.http.stop()

    async def _drain(self) -> None:
        """End every connection; `Limits.linger_s` for last answers, then the line is cut."""
        connections = self.shared.connections
        loop = asyncio.get_running_loop()
        cut_at_s, turns_without = loop.time() + self.options.limits.linger_s, 0
        # A client that was accepted just before comes into the table a few turns of the loop later.
        while turns_without < TURNS_OF_ACCEPTING and loop.time() < cut_at_s:
            for connection in list(connections.values()):
                if not connection.transport.is_closing():
                    connection.hang_up()
            waits = bool(connections) or (self.shared.outbox is not None and self.shared.outbox.waits)
            turns_without = 0 if waits else turns_without + 1
            await asyncio.sleep(STOP_TICK_S if waits else 0)
        if connections:
            for connection in list(connections.values()):
                connection.transport.abort()
            await asyncio.sleep(STOP_TICK_S)
        if self.shared.outbox is not None:
            self.shared.outbox.close()
            await asyncio.sleep(0)

    async def _stop_accepting(self) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(loop, asyncio.SelectorEventLoop):
            # A client that asyncio has accepted but not set up when its server closes would be left open.
            for server in self._servers:
                for listening in server.sockets:
                    loop.remove_reader(listening)
            await asyncio.sleep(0)
        for server in self._servers:
            server.close()

    async def run_until_signal(self, on_ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT, then stop; `on_ready` is called once a signal would be noticed."""
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked.set)
        try:
            on_ready()
            await asked.wait()
            logger.info("stopping")
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            await self.stop()


async def serve(host: Host, options: ListenOptions | None = None) -> Listener:
    """Start a listener over a cluster on the running loop; raises UsageError as `Listener.start`."""
    listener = Listener(host, options or ListenOptions())
    await listener.start()
    return listener


def _let_more_wait(server: asyncio.Server) -> None:
    """More than are accepted at once may wait to be accepted."""
    for listening in server.sockets:
        with socket.socket(fileno=os.dup(listening.fileno())) as same:
            same.listen(BACKLOG)


def _tls_context(options: ListenOptions) -> ssl.SSLContext | None:
    if options.tls_cert is None and options.tls_key is None:
        return None
    if options.tls_cert is None or options.tls_key is None:
        raise UsageError("TLS needs both: --tls-cert and --tls-key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except OSError as failure:  # an ssl.SSLError is one
        reason = failure.strerror or str(failure)
        raise UsageError(f"cannot use {options.tls_cert} with {options.tls_key}: {reason}") from failure
    return context
