"""A tenant: who it is, who may log in, and its storage, scheduler, backups and archive."""

from dataclasses import dataclass, field
from hashlib import sha1

from obsim.archive.tenant import TenantArchive
from obsim.backup.tenant import TenantBackup
from obsim.ids import Nanoseconds, TenantId
from obsim.scheduler.dispatcher import Dispatcher
from obsim.storage.tenant import TenantStorage

__all__ = ["Tenant", "User", "password_digest"]


def password_digest(password: str) -> bytes:
    """SHA1(SHA1(password)), what native authentication verifies; b'' stands for the empty password."""
    return sha1(sha1(password.encode()).digest()).digest() if password else b""  # noqa: S324 - the protocol's


@dataclass(frozen=True, slots=True)
class User:
    """An account of a tenant."""

    name: str
    password_sha1: bytes = b""
    """20 bytes, or b'' for the empty password."""


@dataclass(slots=True, eq=False)
class Tenant:
    """A tenant of the cluster; META tenants have no storage of their own here and nobody logs in to them."""

    tenant_id: TenantId
    name: str
    kind: str
    """SYS, META or USER."""
    mode: str
    """MYSQL or ORACLE."""
    created_ns: Nanoseconds
    storage: TenantStorage
    dispatcher: Dispatcher
    archive: TenantArchive
    backup: TenantBackup
    users: dict[str, User] = field(default_factory=dict)
    status: str = "NORMAL"
    role: str = "PRIMARY"
    locked: bool = False

    _dest_ids: dict[str, int] = field(default_factory=dict)

    def dest_id_of(self, destination: str) -> int:
        """DEST_ID of a destination: from 1001, data and archive alike, the same one when set again (engine.md 6.3)."""
        return self._dest_ids.setdefault(destination, 1001 + len(self._dest_ids))

    def find_user(self, name: str) -> User | None:
        """The account `name`; user names of an Oracle-mode tenant ignore case (design, Names others rely on)."""
        if self.mode == "ORACLE":
            name = name.upper()
        return self.users.get(name)
