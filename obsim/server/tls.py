"""TLS under a connection, by `loop.start_tls`.

Until a client has chosen, bytes are read one packet at a time and never further: a client may send its first TLS
bytes right behind the request for TLS, and whatever was read with the request would be lost to the TLS layer (PyMySQL
over the streams of mysql-mimic waits for ever because of that, stack.md 3).
"""

import asyncio
import ssl
from typing import TYPE_CHECKING, cast

from obsim.server.defects import logger

if TYPE_CHECKING:
    from obsim.server.protocol import Connection

__all__ = ["PacketwiseReader", "start_tls"]

DROPPED_BYTES = 4096


class PacketwiseReader(asyncio.BufferedProtocol):
    """Stands before a connection while it may still ask for TLS."""

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As for the connection itself."""
        self.connection.connection_made(transport)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - how much is read is for the packet to say
        """Room for the rest of the packet, not a byte more."""
        self._buffer = bytearray(DROPPED_BYTES if self.connection.closing else self.connection.inbox.missing_bytes)
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what came; a client that chose to go without TLS is read as usual from here on."""
        connection = self.connection
        connection.data_received(bytes(self._buffer[:nbytes]))
        if connection.capabilities and not connection.transport.is_closing():
            connection.transport.set_protocol(connection)

    def eof_received(self) -> bool:
        """As for the connection itself."""
        return self.connection.eof_received()

    def pause_writing(self) -> None:
        """As for the connection itself."""
        self.connection.pause_writing()

    def resume_writing(self) -> None:
        """As for the connection itself."""
        self.connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """As for the connection itself."""
        self.connection.connection_lost(exc)


async def start_tls(connection: "Connection") -> None:
    """Put TLS under the connection, then wait for its real response; a failure ends the connection."""
    shared = connection.shared
    plain = connection.transport
    try:
        secured = await shared.loop.start_tls(
            plain,
            connection,
            cast(ssl.SSLContext, shared.tls),
            server_side=True,
            ssl_handshake_timeout=shared.limits.connect_timeout_s,
        )
    except (OSError, asyncio.CancelledError) as failure:  # ssl.SSLError is an OSError
        connection.upgrade = None
        plain.abort()
        connection.connection_lost(None)
        if isinstance(failure, asyncio.CancelledError):
            raise
        logger.info("connection %d from %s: no TLS: %s", connection.number, connection.peer, type(failure).__name__)
        return
    connection.upgrade = None
    if secured is None or connection.closing:
        plain.abort()
        return
    connection.transport = secured
    connection.encrypted = True
    connection.busy = False
    connection.work()
