"""TLS under a connection, by `loop.start_tls`.

Until a client has chosen, bytes are read one packet at a time and never further (`Connection.get_buffer`): a client may
send its first TLS bytes right behind the request for TLS, and what was read with the request would be lost to the TLS
layer (PyMySQL over the streams of mysql-mimic waits for ever because of that, stack.md 3).
"""

import asyncio
import ssl
from typing import TYPE_CHECKING, cast

from obsim.server.defects import logger

if TYPE_CHECKING:
    from obsim.server.protocol import Connection

__all__ = ["start_tls"]


async def start_tls(connection: "Connection") -> None:
    """Put TLS under the connection, then wait for its real response; a failure ends the connection."""
    shared = connection.shared
    plain = connection.transport
    try:
        secured = await shared.loop.start_tls(
            getattr(plain, "real", plain),  # what is held back has gone by now: the client has answered it
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
        who = {"connection": connection.number, "client": connection.peer}
        logger.info("no TLS", extra=who | {"defect": type(failure).__name__})
        return
    connection.upgrade = None
    if secured is None or connection.closing:
        plain.abort()
        connection.connection_lost(None)  # lost under the TLS layer, which then tells nobody
        return
    connection.transport = shared.sent(secured, connection)
    connection.encrypted = True
    connection.packetwise = False
    connection.busy = False
    connection.work()
