"""From a new connection to a session, and from one user to another: one way in, for both.

Every step either goes on or refuses and hangs up; nothing but a verified account sets `connection.logged_in`, and no
command is looked at before that (stack.md 5, D1).
"""

from typing import TYPE_CHECKING

from mysql_mimic.auth import NativePasswordAuthPlugin

from obsim.answers import Ok
from obsim.errors import ServerError, error
from obsim.server.auth import identify
from obsim.server.defects import logger, told
from obsim.server.handshake import (
    PLUGIN_AUTH,
    TlsRequest,
    greeting,
    new_nonce,
    offered_capabilities,
    read_change_user,
    read_response,
    switch_request,
)
from obsim.server.packets import MalformedError, error_packet, frame
from obsim.server.prepared import Statements
from obsim.server.tls import start_tls

if TYPE_CHECKING:
    from obsim.server.protocol import Connection

__all__ = ["begin", "change_user", "end", "leave", "on_response", "refusal"]

NATIVE = NativePasswordAuthPlugin.name
UTF8MB4 = "utf8mb4"
LOCAL = "localhost"
"""`Connection.peer` of who comes through the unix socket."""


def begin(connection: "Connection") -> None:
    """Register a new connection, start its clock and greet it; 1040 when there are too many."""
    shared = connection.shared
    if shared.full or not _room_for_address(connection):
        # Before the greeting an error has no SQLSTATE.
        connection.transport.write(frame(error_packet(error("ER_CON_COUNT_ERROR"), with_state=False), 0))
        connection.closing = True
        connection.transport.close()
        return
    if len(shared.half_open) >= shared.limits.logins_max:
        _give_up(next(iter(shared.half_open.values())))
    connection.number = shared.host.next_connection_id()
    shared.connections[connection.number] = shared.half_open[connection.number] = connection
    connection.timer = shared.loop.call_later(shared.limits.connect_timeout_s, _too_late, connection)
    connection.nonce = new_nonce()
    offered = offered_capabilities(tls=shared.tls is not None)
    connection.reply(greeting(shared.host.state.profile.server_version, connection.number, connection.nonce, offered))


def _room_for_address(connection: "Connection") -> bool:
    """Count a connection of its client's address, unless there are too many of it already."""
    shared, peer = connection.shared, connection.peer
    if peer == LOCAL:
        return True
    if shared.of_address[peer] >= shared.limits.connections_per_address_max:
        return False
    shared.of_address[peer] += 1
    return True


def _give_up(oldest: "Connection") -> None:
    """End a login under way: those who connect and never log in must not keep others out."""
    logger.info("login given up for another", extra=_who(oldest))
    _forget(oldest)
    oldest.reply(error_packet(error("ER_CON_COUNT_ERROR")))
    oldest.cut()


def _forget(connection: "Connection") -> bool:
    """Count a connection no longer; whether it was counted."""
    shared = connection.shared
    shared.half_open.pop(connection.number, None)
    if shared.connections.pop(connection.number, None) is None:
        return False
    if connection.peer != LOCAL:
        shared.of_address[connection.peer] -= 1
        if not shared.of_address[connection.peer]:
            del shared.of_address[connection.peer]
    return True


def _who(connection: "Connection") -> dict[str, object]:
    """What every event of a connection says."""
    return {"connection": connection.number, "client": connection.peer}


def _too_late(connection: "Connection") -> None:
    logger.info("no login in time", extra=_who(connection))
    connection.closing = True
    connection.transport.abort()


def on_response(connection: "Connection", packet: bytes) -> None:
    """The answer to the greeting: start TLS, switch the method, or log in."""
    shared = connection.shared
    offered = offered_capabilities(tls=shared.tls is not None)
    response = read_response(packet, offered)
    if isinstance(response, TlsRequest):
        if connection.encrypted:
            raise MalformedError
        connection.transport.pause_reading()  # what comes next is for the TLS layer
        connection.upgrade = shared.loop.create_task(start_tls(connection))
        return
    connection.packetwise = False
    connection.capabilities = response.capabilities
    if response.plugin not in {None, NATIVE}:
        _switch(connection, response.user, response.database, response.character_set)
        return
    _log_in(connection, response.user, response.scramble, response.database, response.character_set)


def _switch(connection: "Connection", user: str, database: str | None, character_set: str) -> None:
    """Ask for the native method with a nonce of its own; the next packet is the scramble."""
    connection.nonce = new_nonce()
    connection.on_packet = lambda _, scramble: _log_in(connection, user, scramble, database, character_set)
    connection.busy = False
    connection.reply(switch_request(connection.nonce))


def _log_in(connection: "Connection", user: str, scramble: bytes, database: str | None, character_set: str) -> None:
    shared = connection.shared
    account = identify(
        shared.host.state, user, scramble, connection.nonce, connection.peer, encrypted=connection.encrypted
    )
    if connection.number in shared.half_open and shared.full:
        raise error("ER_CON_COUNT_ERROR")
    session = shared.host.open(
        account.user, account.tenant, connection.client, database, connection.number, account.host
    )
    connection.session = session
    if connection.encrypted:
        secured = connection.transport.get_extra_info("ssl_object")
        session.tls = (secured.cipher()[0], secured.version())
    connection.logged_in = True
    shared.half_open.pop(connection.number, None)
    logger.info("logged in", extra=_who(connection) | {"user": account.user, "tenant": account.tenant.name})
    session.on_kill, session.on_cut = connection.killed, connection.cut
    if character_set != UTF8MB4:
        session.execute_alone(f"SET NAMES {character_set}")  # a word of our own table, whatever runs meanwhile
    if connection.timer is not None:
        connection.timer.cancel()
        connection.timer = None
    connection.inbox.packet_bytes_max = shared.limits.packet_bytes_max
    connection.on_packet = connection.on_command
    connection.look_at_session()
    connection.finish_ok(Ok())


def change_user(connection: "Connection", body: bytes) -> None:
    """COM_CHANGE_USER: the old session ends now, whoever comes next; the client is asked for a fresh scramble."""
    asked = read_change_user(body, connection.capabilities)
    shared = connection.shared
    leave(connection)
    connection.inbox.packet_bytes_max = shared.limits.login_packet_bytes_max
    connection.timer = shared.loop.call_later(shared.limits.connect_timeout_s, _too_late, connection)
    character_set = asked.character_set or UTF8MB4
    if connection.capabilities & PLUGIN_AUTH:
        _switch(connection, asked.user, asked.database, character_set)
    else:
        _log_in(connection, asked.user, asked.scramble, asked.database, character_set)


def leave(connection: "Connection") -> None:
    """Log out: the session closes, whatever the connection does next."""
    if connection.logged_in:
        connection.logged_in = False
        connection.session.on_kill = connection.session.on_cut = None
        connection.shared.host.close(connection.session)
    connection.statements = Statements()


def end(connection: "Connection") -> None:
    """The connection is gone: its statement stops, its session closes."""
    shared = connection.shared
    if _forget(connection):
        logger.info("connection ended", extra=_who(connection))
    shared.gate.withdraw(connection, answer=False)
    leave(connection)


def refusal(raised: BaseException) -> ServerError:
    """What a client that is not logged in is told: 1043 for a packet that cannot be read."""
    return error("ER_DBACCESS_DENIED_HANDSHAKE") if isinstance(raised, MalformedError) else told(raised)
