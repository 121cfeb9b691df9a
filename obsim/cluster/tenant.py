"""A tenant: who it is, who may log in, and its storage, scheduler, backups and archive."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from obsim.answers import Value
from obsim.archive.tenant import TenantArchive
from obsim.backup.tenant import TenantBackup
from obsim.cleanup.tenant import TenantCleanup
from obsim.cluster.accounts import ADMINISTRATORS, User, matches_host, password_digest, user_key
from obsim.cluster.locality import RANDOM, Replica
from obsim.destination import BackupUri
from obsim.ids import LogStreamId, Nanoseconds, TenantId
from obsim.scheduler.dispatcher import Dispatcher
from obsim.storage.tenant import TenantStorage

if TYPE_CHECKING:
    from obsim.cluster.standbys import Standby

__all__ = ["KnownDestination", "Tenant", "User", "password_digest"]


@dataclass(frozen=True, slots=True)
class KnownDestination:
    """A destination that was set: one row of OB_BACKUP_STORAGE_INFO or of its history."""

    dest_id: int
    purpose: str
    """backup_data or archive_log."""
    uri: BackupUri
    checked_ns: Nanoseconds
    """When it was set last, and so looked at."""
    emptied: bool = False
    """Somebody removed all that was there, format file included: set again it is another destination."""


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
    cleanup: TenantCleanup
    locality: tuple[Replica, ...] = ()
    """Its replicas, one a zone."""
    dispatchers: dict[str, Dispatcher] = field(default_factory=dict)
    """The DAG schedulers it has, by server (`replicas.dispatcher_at`); `dispatcher` is one of them.

    Empty as long as nobody has asked for one: where it is then says `replicas.schedulers_of`.
    """
    users: dict[str, User] = field(default_factory=dict)
    status: str = "NORMAL"
    """NORMAL; RESTORE while it is being restored, DROPPING between DROP TENANT and the end."""
    in_recyclebin: bool = False
    original_name: str = ""
    """In the recycle bin: the name it had."""
    recycled_ns: Nanoseconds = Nanoseconds(0)
    modified_ns: Nanoseconds = Nanoseconds(0)
    """When a statement changed it last, 0 for never."""
    previous_locality: tuple[Replica, ...] = ()
    """While the locality changes: what it was before."""
    primary_zone: str = RANDOM
    leaders: dict[LogStreamId, str] = field(default_factory=dict)
    """Address of the server that a log stream's leader was moved to; the others' are where PRIMARY_ZONE puts them."""
    comment: str = ""
    charset: str = "utf8mb4"
    collation: str = "utf8mb4_general_ci"
    variables: dict[str, Value] = field(default_factory=dict)
    """Global system variables that were set, by name."""
    role: str = "PRIMARY"
    """PRIMARY, STANDBY, or RESTORE while it is being restored."""
    standby: "Standby | None" = None
    """What it replays, as long as it is a standby."""
    switchover_epoch: int = 0
    """Counts the steps of changes of its role."""
    locked: bool = False
    log_restore_source: str = ""
    """Where a standby takes its log from: the URI without its keys, '' while none is set."""
    restore_place: BackupUri | None = None
    """The same with its keys, where it is known."""
    destinations: list[KnownDestination] = field(default_factory=list)
    """Every destination that was ever set, in order of DEST_ID."""

    @property
    def administrator(self) -> str:
        """The account it was made with, which nobody can drop."""
        return ADMINISTRATORS[self.mode]

    @property
    def schedulers(self) -> tuple[Dispatcher, ...]:
        """All DAG schedulers it has, wherever they are."""
        return tuple(self.dispatchers.values()) or (self.dispatcher,)

    @property
    def normal(self) -> bool:
        """Whether backups, archiving and logins are possible at all (engine.md 3.3)."""
        return self.status == "NORMAL" and not self.in_recyclebin

    @property
    def next_dest_id(self) -> int:
        """DEST_ID of the next new destination."""
        return 1001 + len(self.destinations)

    def known_destination(self, purpose: str, uri: BackupUri) -> KnownDestination | None:
        """A destination of the tenant that has not been emptied, None for a new one."""
        fitting = (d for d in self.destinations if (d.purpose, d.uri.path, d.emptied) == (purpose, uri.path, False))
        return next(fitting, None)

    def uri_of(self, dest_id: int) -> BackupUri:
        """Where a destination lies that was ever set."""
        return next(d.uri for d in self.destinations if d.dest_id == dest_id)

    def found_empty(self, purpose: str, uri: BackupUri) -> None:
        """A destination was set, and nothing is there: if the tenant knew it, somebody has emptied it."""
        known = self.known_destination(purpose, uri)
        if known is not None:
            self.destinations[self.destinations.index(known)] = replace(known, emptied=True)

    def destination_set(self, purpose: str, uri: BackupUri, now_ns: Nanoseconds) -> int:
        """Note that a destination is set now; its DEST_ID: from 1001, the same one when set again (engine.md 6.3).

        `purpose` is backup_data or archive_log.
        """
        for place, known in enumerate(self.destinations):
            if (known.purpose, known.uri.path, known.emptied) == (purpose, uri.path, False):
                self.destinations[place] = replace(known, uri=uri, checked_ns=now_ns)
                return known.dest_id
        if purpose == "backup_data":
            gone = {d.dest_id for d in self.destinations if d.emptied and d.uri.path == uri.path}
            self.backup.forget_destinations(gone)
        dest_id = self.next_dest_id
        self.destinations.append(KnownDestination(dest_id, purpose, uri, now_ns))
        return dest_id

    def empty_destination(self, path: str) -> bool:
        """Remove all that lies at a data destination; whether the tenant ever had it."""
        places = [n for n, d in enumerate(self.destinations) if (d.purpose, d.uri.path) == ("backup_data", path)]
        for place in places:
            self.destinations[place] = replace(self.destinations[place], emptied=True)
        return bool(places)

    def find_user(self, name: str, address: str | None = None) -> User | None:
        """The account `name` for a client at `address`, the most exact host first; without one the account of any host.

        User names of an Oracle-mode tenant ignore case (design, Names others rely on).
        """
        if self.mode == "ORACLE":
            name = name.upper()
        named = [user for user in self.users.values() if user.name == name]
        fitting = [user for user in named if address is None or matches_host(user.host, address)]
        if address is None:
            return min(fitting, key=lambda user: user.host != "%", default=None)
        return max(fitting, key=lambda user: (not set(user.host) & {"%", "_", "/"}, len(user.host)), default=None)

    def invites(self, address: str) -> bool:
        """Whether `ob_tcp_invited_nodes` lets a client at this address in."""
        nodes = str(self.variables.get("ob_tcp_invited_nodes", "%"))
        return any(matches_host(node.strip(), address) for node in nodes.split(","))

    def account(self, name: str, host: str) -> User | None:
        """The account of exactly this name and host."""
        return self.users.get(user_key(name.upper() if self.mode == "ORACLE" else name, host))
