"""Accounts of a tenant: name, host pattern, password, and what each may do on which level.

Names, levels and order of privileges follow OceanBase's source (ob_priv_mgr.cpp, ob_show_grants.cpp) and the recorded
group `unprivileged user` of seekdb-observations.jsonl.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from ipaddress import ip_address, ip_network
from re import DOTALL, escape, fullmatch

from obsim.statements.text import Digest, Secret

__all__ = [
    "ADMINISTRATORS", "ALL_USER", "EVERYWHERE", "GRANT_OPTION", "PRIVILEGES", "Level", "User", "digest_of",
    "digest_text", "level_privileges", "matches_host", "password_digest", "user_key",
]  # fmt: skip

ADMINISTRATORS = {"MYSQL": "root", "ORACLE": "SYS"}
"""Compatibility mode of a tenant -> the account it is made with."""

Level = tuple[str, str]
"""(schema, table), lower case; '' stands for any."""
EVERYWHERE: Level = ("", "")
GRANT_OPTION = "GRANT"

PRIVILEGES: dict[str, str] = {
    "ALTER": "ALTER",
    "CREATE": "CREATE",
    "CREATE USER": "CREATE USER",
    "DELETE": "DELETE",
    "DROP": "DROP",
    "INSERT": "INSERT",
    "UPDATE": "UPDATE",
    "SELECT": "SELECT",
    "INDEX": "INDEX",
    "CREATE VIEW": "CREATE VIEW",
    "SHOW VIEW": "SHOW VIEW",
    "SHOW DB": "SHOW DATABASES",
    "SUPER": "SUPER",
    "PROCESS": "PROCESS",
    "CREATE SYNONYM": "CREATE SYNONYM",
    "FILE": "FILE",
    "ALTER TENANT": "ALTER TENANT",
    "ALTER SYSTEM": "ALTER SYSTEM",
    "CREATE RESOURCE POOL": "CREATE RESOURCE POOL",
    "CREATE RESOURCE UNIT": "CREATE RESOURCE UNIT",
    "REPLICATION SLAVE": "REPLICATION SLAVE",
    "REPLICATION CLIENT": "REPLICATION CLIENT",
    "DROP DATABASE LINK": "DROP DATABASE LINK",
    "CREATE DATABASE LINK": "CREATE DATABASE LINK",
}
"""Privilege as errors and SHOW GRANTS print it -> as GRANT says it, in the order SHOW GRANTS lists them."""

ALL_USER = frozenset(PRIVILEGES)
ALL_SCHEMA = frozenset(
    {"ALTER", "CREATE", "CREATE VIEW", "DELETE", "DROP", "INDEX", "INSERT", "SELECT", "SHOW VIEW", "UPDATE"}
)


def level_privileges(level: Level) -> frozenset[str]:
    """What ALL PRIVILEGES means on a level; the grant option is never part of it."""
    return ALL_USER if level == EVERYWHERE else ALL_SCHEMA


def password_digest(password: str) -> bytes:
    """SHA1(SHA1(password)), what native authentication verifies; b'' stands for the empty password."""
    return sha1(sha1(password.encode()).digest()).digest() if password else b""  # noqa: S324 - the protocol's


def digest_text(password: str) -> str:
    """What a backup set keeps of its password: 41 characters, as the views show it (ob_encrypted_helper.cpp)."""
    return "*" + sha1(sha1(password.encode()).digest()).hexdigest()  # noqa: S324 - OceanBase's own


def digest_of(password: Secret) -> str:
    """The same of a secret, which may be known by its digest alone."""
    return password.reveal if isinstance(password, Digest) else digest_text(password.reveal)


def user_key(name: str, host: str) -> str:
    """The key of an account among those of its tenant."""
    return name if host == "%" else f"{name}\0{host}"


def _everything() -> dict[Level, frozenset[str]]:
    return {EVERYWHERE: ALL_USER | {GRANT_OPTION}}


@dataclass(frozen=True, slots=True)
class User:
    """An account of a tenant; an administrator unless `grants` says less."""

    name: str
    password_sha1: bytes = field(default=b"", repr=False)
    """20 bytes, or b'' for the empty password."""
    host: str = "%"
    """A name, an address, `address/mask`, or a pattern with % and _."""
    grants: Mapping[Level, frozenset[str]] = field(default_factory=_everything)
    locked: bool = False
    ssl_type: str = ""
    """'' for none, ANY for REQUIRE SSL, X509."""

    @property
    def key(self) -> str:
        """The key of this account among those of its tenant."""
        return user_key(self.name, self.host)

    def at(self, level: Level) -> frozenset[str]:
        """What is granted on exactly this level."""
        return self.grants.get(level, frozenset())

    def may(self, privilege: str, schema: str = "", table: str = "") -> bool:
        """Whether a privilege holds on a level, given there or on one above it."""
        if privilege in self.at(EVERYWHERE):
            return True
        schema, table = schema.lower(), table.lower()
        return any(privilege in self.at(level) for level in {(schema, ""), (schema, table)})

    def sees(self, schema: str) -> bool:
        """Whether the schema may be entered: anything granted in it, or any privilege of schemas on `*.*`."""
        schema = schema.lower()
        if schema == "information_schema" or self.at(EVERYWHERE) & (ALL_SCHEMA | {"SHOW DB"}):
            return True
        return any(level[0] == schema and names for level, names in self.grants.items())


def matches_host(host: str, address: str) -> bool:
    """Whether a client's address fits the host of an account: equal, in the network, or by % and _."""
    if host in {"%", address}:
        return True
    if host.lower() == "localhost":
        return address in {"127.0.0.1", "::1", "localhost"}
    if "/" in host:
        try:
            return ip_address(address) in ip_network(host, strict=False)
        except ValueError:
            return False
    pattern = "".join(".*" if c == "%" else "." if c == "_" else escape(c) for c in host)
    return fullmatch(pattern, address, DOTALL) is not None
