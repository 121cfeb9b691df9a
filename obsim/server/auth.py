"""Who a client is: from `user[@tenant][#cluster]` and a scramble to an account, or one and the same refusal.

Verification is mysql-mimic's native password. Unknown tenant, unknown user, wrong cluster and wrong password take the
same path and end in the same words, so a client cannot learn which of them it was.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from mysql_mimic.auth import NativePasswordAuthPlugin, User

from obsim.errors import ServerError, error
from obsim.server.engine import State

__all__ = ["Account", "LoginName", "denied", "has_empty_password", "identify", "read_login_name"]

DEFAULT_TENANT = "sys"
HIDDEN_HOST = "xxx.xxx.xxx.xxx"
SCRAMBLE_BYTES = 20
DENIED_STATE = "42000"
"""Recorded; MySQL has 28000."""

_native = NativePasswordAuthPlugin()
# The hash of a password nobody has: what an unknown user is verified against.
_NOBODY = User(name="", auth_string=secrets.token_hex(SCRAMBLE_BYTES))


@dataclass(frozen=True, slots=True)
class LoginName:
    """The parts of what a client typed; `cluster` is None without a `#`."""

    user: str
    tenant: str
    cluster: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """A verified login: the account's own spelling of its name, and its tenant."""

    user: str
    tenant: Any
    host: str = "%"
    """Host of the account, as CURRENT_USER() prints it."""


def read_login_name(text: str) -> LoginName:
    """Split `user[@tenant][#cluster]`; without a tenant it is `sys` (clients.md 2)."""
    user, at, place = text.rpartition("@")
    if not at:
        user, sharp, cluster = text.partition("#")
        return LoginName(user, DEFAULT_TENANT, cluster if sharp else None)
    tenant, sharp, cluster = place.partition("#")
    return LoginName(user, tenant, cluster if sharp else None)


def identify(
    state: State, text: str, scramble: bytes, nonce: bytes, address: str, *, encrypted: bool = False
) -> Account:
    """The account a client at `address` proved to be.

    Raises 1045, and who proved it 1227 where ob_tcp_invited_nodes has no such address, 5260 where the tenant is locked,
    3118 where the account is.

    A user without a password gets in only with an empty scramble. User names of an Oracle-mode tenant ignore case.
    An account with REQUIRE is refused, after the lock, in the words of a wrong password: SSL without TLS, X509 always,
    for no client is asked for its certificate.
    """
    name = read_login_name(text)
    tenant = state.tenant_named(name.tenant)
    found = None
    if tenant is not None and tenant.kind != "META" and tenant.normal:
        found = tenant.find_user(name.user, address)
    known = found is not None and name.cluster in {None, state.cluster_name}
    account = User(name=found.name, auth_string=found.password_sha1.hex()) if known and found is not None else _NOBODY
    proved = len(scramble) in {0, SCRAMBLE_BYTES} and _native.password_matches(account, scramble, nonce)
    if found is None or not (proved and known):
        raise denied(name.user, scramble)
    if not tenant.invites(address):
        raise error("OB_ERR_NO_PRIVILEGE")
    if tenant.locked:
        raise error("OB_ERR_TENANT_IS_LOCKED", tenant.name)
    if found.locked:
        raise error("OB_ERR_USER_IS_LOCKED")
    if found.ssl_type == "X509" or (found.ssl_type and not encrypted):
        raise denied(name.user, scramble)
    return Account(account.name, tenant, found.host)


def denied(user: str, scramble: bytes) -> ServerError:
    """1045 in the words of a recorded engine, which hides the host (seekdb-observations.jsonl, connect)."""
    using = "YES" if scramble else "NO"
    message = f"Access denied for user '{user}'@'{HIDDEN_HOST}' (using password: {using})"
    return ServerError(1045, DENIED_STATE, message, name="OB_PASSWORD_WRONG", code=-4043)


def has_empty_password(state: State) -> bool:
    """Whether anybody could log in without a password."""
    tenants = (tenant for tenant in state.tenants.values() if tenant.kind != "META")
    return any(not user.password_sha1 for tenant in tenants for user in tenant.users.values())
