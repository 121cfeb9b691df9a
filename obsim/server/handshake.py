"""The packets of a login: greeting, response, request for TLS, switch of the method, change of the user.

What is offered and what is not follows clients.md 3 ("Seen with mysql-mimic 3.0.5 as it is"): a 5.7-compatible server
offers no query attributes, and pyoceanbase sets that bit all the same.
"""

import secrets
import string
from dataclasses import dataclass

from mysql_mimic.auth import NativePasswordAuthPlugin
from mysql_mimic.types import Capabilities, str_null

from obsim.charsets import CHARACTER_SET_OF_ID
from obsim.server.packets import AUTOCOMMIT, MalformedError, Reader

__all__ = [
    "CONNECT_WITH_DB", "DEPRECATE_EOF", "MULTI_STATEMENTS", "PLUGIN_AUTH", "TLS", "ChangeUser", "Response",
    "TlsRequest", "character_set_of", "greeting", "new_nonce", "offered_capabilities", "read_change_user",
    "read_response", "switch_request",
]  # fmt: skip

# Plain ints: an IntFlag operation costs more than answering a cached query.
CONNECT_WITH_DB = int(Capabilities.CLIENT_CONNECT_WITH_DB)
DEPRECATE_EOF = int(Capabilities.CLIENT_DEPRECATE_EOF)
LENENC_DATA = int(Capabilities.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
MULTI_STATEMENTS = int(Capabilities.CLIENT_MULTI_STATEMENTS)
PLUGIN_AUTH = int(Capabilities.CLIENT_PLUGIN_AUTH)
PROTOCOL_41 = int(Capabilities.CLIENT_PROTOCOL_41)
SECURE_CONNECTION = int(Capabilities.CLIENT_SECURE_CONNECTION)
TLS = int(Capabilities.CLIENT_SSL)

_OFFERED = int(
    Capabilities.CLIENT_LONG_PASSWORD
    | Capabilities.CLIENT_FOUND_ROWS
    | Capabilities.CLIENT_LONG_FLAG
    | Capabilities.CLIENT_CONNECT_WITH_DB
    | Capabilities.CLIENT_PROTOCOL_41
    | Capabilities.CLIENT_TRANSACTIONS
    | Capabilities.CLIENT_SECURE_CONNECTION
    | Capabilities.CLIENT_MULTI_STATEMENTS
    | Capabilities.CLIENT_MULTI_RESULTS
    | Capabilities.CLIENT_PS_MULTI_RESULTS
    | Capabilities.CLIENT_PLUGIN_AUTH
    | Capabilities.CLIENT_CONNECT_ATTRS
    | Capabilities.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
    | Capabilities.CLIENT_DEPRECATE_EOF
)

PROTOCOL_VERSION = 10
UTF8MB4_BIN = 46
NONCE_BYTES = 20
TLS_REQUEST_BYTES = 32
# Connector/J reads the nonce as ASCII, and a NUL would end it for others.
_NONCE_ALPHABET = (string.ascii_letters + string.digits + "+-").encode()
_NONCE_OF_BYTE = _NONCE_ALPHABET * (256 // len(_NONCE_ALPHABET))


@dataclass(frozen=True, slots=True)
class TlsRequest:
    """The client wants TLS before it says who it is."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a client says about itself."""

    capabilities: int
    character_set: str
    user: str
    scramble: bytes
    database: str | None
    plugin: str | None


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """COM_CHANGE_USER: the same without capabilities; `character_set` is None when the client leaves it."""

    user: str
    scramble: bytes
    database: str | None
    character_set: str | None
    plugin: str | None


def offered_capabilities(*, tls: bool) -> int:
    """What the greeting offers; TLS only with a certificate."""
    return _OFFERED | TLS if tls else _OFFERED


def new_nonce() -> bytes:
    """Twenty unpredictable bytes without NUL."""
    return secrets.token_bytes(NONCE_BYTES).translate(_NONCE_OF_BYTE)


def greeting(server_version: str, connection_id: int, nonce: bytes, capabilities: int) -> bytes:
    """The first packet of a connection. Character set and status are those a recorded engine sends."""
    return b"".join(
        (
            bytes((PROTOCOL_VERSION,)),
            str_null(server_version.encode()),
            (connection_id & 0xFFFF_FFFF).to_bytes(4, "little"),
            str_null(nonce[:8]),
            (capabilities & 0xFFFF).to_bytes(2, "little"),
            bytes((UTF8MB4_BIN,)),
            AUTOCOMMIT.to_bytes(2, "little"),
            (capabilities >> 16).to_bytes(2, "little"),
            bytes((NONCE_BYTES + 1,)),
            bytes(10),
            str_null(nonce[8:]),
            str_null(NativePasswordAuthPlugin.name.encode()),
        )
    )


def switch_request(nonce: bytes) -> bytes:
    """Ask for the native method, whatever the client began with."""
    return b"\xfe" + str_null(NativePasswordAuthPlugin.name.encode()) + str_null(nonce)


def character_set_of(collation_id: int) -> str:
    """The character set of a collation's number; utf8mb4 for one that OceanBase does not have."""
    return CHARACTER_SET_OF_ID.get(collation_id, "utf8mb4")


def read_response(data: bytes, offered: int) -> Response | TlsRequest:
    """The client's answer to the greeting; raises MalformedError for what no 4.1 client sends."""
    fields = Reader(data)
    capabilities = fields.integer(4)
    if not capabilities & PROTOCOL_41:
        raise MalformedError
    fields.take(4)
    character_set = character_set_of(fields.integer(1))
    fields.take(23)
    if len(data) == TLS_REQUEST_BYTES:
        if capabilities & offered & TLS:
            return TlsRequest()
        raise MalformedError
    capabilities &= offered
    user = _text(fields.null_terminated())
    if capabilities & LENENC_DATA:
        scramble = fields.counted()
    elif capabilities & SECURE_CONNECTION:
        scramble = fields.take(fields.integer(1))
    else:
        scramble = fields.null_terminated()
    database = _text(fields.null_terminated()) if capabilities & CONNECT_WITH_DB and fields.more else ""
    plugin = _plugin(fields) if capabilities & PLUGIN_AUTH else None
    return Response(capabilities, character_set, user, scramble, database or None, plugin)


def read_change_user(data: bytes, capabilities: int) -> ChangeUser:
    """The body of COM_CHANGE_USER; an empty one names nobody, as recorded (seekdb-observations.jsonl, raw command)."""
    if not data:
        return ChangeUser("", b"", None, None, None)
    fields = Reader(data)
    user = _text(fields.null_terminated())
    secure = capabilities & SECURE_CONNECTION
    scramble = fields.take(fields.integer(1)) if secure else fields.null_terminated()
    database = _text(fields.null_terminated()) if fields.more else ""
    character_set = character_set_of(fields.integer(2)) if fields.more else None
    plugin = _plugin(fields) if capabilities & PLUGIN_AUTH else None
    return ChangeUser(user, scramble, database or None, character_set, plugin)


def _plugin(fields: Reader) -> str | None:
    """The name of the client's method; the last field of some clients, which then leave out its end."""
    if not fields.more:
        return None
    try:
        name = fields.null_terminated()
    except MalformedError:
        name = fields.rest()
    return name.decode("ascii", "replace") or None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
