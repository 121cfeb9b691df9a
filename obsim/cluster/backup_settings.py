"""What a tenant's backups and restores and its log archive ask of parameters and of the cluster."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from obsim.backup.context import BackupServer
from obsim.cluster.destinations import check_of
from obsim.cluster.formats import Owner
from obsim.cluster.replicas import dispatcher_at, full_replica_servers
from obsim.cluster.tenant_facts import TenantFacts, facts_of
from obsim.destination.outcome import Intent
from obsim.destination.uri import BackupUri
from obsim.error_codes import OB_BACKUP_FORMAT_FILE_NOT_EXIST, OB_BACKUP_FORMAT_FILE_NOT_MATCH, OB_IO_ERROR
from obsim.ids import Bytes, LogStreamId, TenantId

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState

__all__ = ["TenantSettings", "TenantWrites"]


@dataclass(slots=True, eq=False)
class TenantSettings:
    """The settings of one tenant, read when somebody asks."""

    state: "ClusterState"
    tenant_id: TenantId
    _servers: dict[str, list[BackupServer]] = field(default_factory=dict)
    """By where leaders were moved to, '' for those of all log streams that nobody moved."""
    _known_at: int = -1
    """Revision of tenants and servers that `_servers` belongs to."""

    @property
    def data_version(self) -> str:
        """The tenant's data version, parameter `compatible`."""
        return self.state.parameters.get("compatible", self.tenant_id)

    @property
    def file_bytes_max(self) -> Bytes:
        """`backup_data_file_size`: the cluster's in old versions, the tenant's in newer ones."""
        return Bytes(self.state.parameters.get_int("backup_data_file_size", self.tenant_id))

    @property
    def upgrading(self) -> bool:
        """`enable_upgrade_mode`."""
        return bool(self.state.parameters.get_int("enable_upgrade_mode"))

    @property
    def led(self) -> bool:
        """Whether the tenant's system log stream has a leader that works."""
        return self.state.outages.led(self.state.tenants[self.tenant_id])

    def leader(self, log_stream_id: LogStreamId) -> BackupServer | None:
        """The server with the leader of a log stream, None while none works."""
        servers = self.servers(log_stream_id)
        led = self.state.outages.led(self.state.tenants[self.tenant_id], log_stream_id)
        return servers[0] if servers and led else None

    @property
    def format_fault(self) -> int:
        """What is wrong with the format file where data_backup_dest leads: -9080, -9081, or 0 for nothing."""
        tenant = self.state.tenants[self.tenant_id]
        named = (known.uri for known in tenant.destinations if known.dest_id == tenant.backup.dest_id)
        uris = [uri for uri in named if not self.state.outside.reaches(uri)]  # those on media are looked at there
        owners = [self.state.formats.owner(uri) for uri in uris]
        if None in owners:
            return OB_BACKUP_FORMAT_FILE_NOT_EXIST
        own = all(owner == Owner(self.tenant_id, "backup_data") for owner in owners)
        return 0 if own else OB_BACKUP_FORMAT_FILE_NOT_MATCH

    def place(self, dest_id: int) -> BackupUri:
        """Where one of the tenant's destinations lies."""
        return self.state.tenants[self.tenant_id].uri_of(dest_id)

    def check(self, dest_id: int) -> Intent:
        """What has to be looked at before work there begins."""
        return check_of(self.state, self.state.tenants[self.tenant_id], dest_id)

    @property
    def facts(self) -> TenantFacts:
        """Accounts and variables of the tenant."""
        return facts_of(self.state.tenants[self.tenant_id])

    def servers(self, log_stream_id: LogStreamId) -> list[BackupServer]:
        """The servers with a full replica of a log stream, the leader's first."""
        revision = self.state.revisions.count("tenants")
        if revision != self._known_at:
            self._servers.clear()
            self._known_at = revision
        tenant = self.state.tenants[self.tenant_id]
        moved_to = tenant.leaders.get(log_stream_id, "")
        servers = self._servers.get(moved_to)
        if servers is None:
            servers = self._servers[moved_to] = [
                BackupServer(server.address, dispatcher_at(self.state, tenant, server.address), leads=not place)
                for place, server in enumerate(full_replica_servers(self.state, tenant, log_stream_id))
            ]
        return servers


@dataclass(frozen=True, slots=True)
class TenantWrites:
    """How writing to one tenant's archive destination goes: well, unless a fault says otherwise."""

    state: "ClusterState"
    tenant_id: TenantId

    @property
    def may_fail(self) -> bool:
        """Whether there is a fault of the archive, of whatever tenant, or nobody to write."""
        return self.state.faults.may_fail("archive") or bool(self.state.outages.away)

    def led(self, log_stream_id: LogStreamId) -> bool:
        """Whether a log stream has a leader that works."""
        return self.state.outages.led(self.state.tenants[self.tenant_id], log_stream_id)

    def code(self, log_stream_id: LogStreamId) -> int:
        """What the next write of a log stream ends with; where nobody leads there is none."""
        tenant = self.state.tenants[self.tenant_id]
        if not self.led(log_stream_id):
            return OB_IO_ERROR
        current = tenant.archive.round
        path = current.path if current is not None else ""
        return self.state.faults.work_code("archive", tenant.name, log_stream_id, path)

    @property
    def log_disk_bytes(self) -> Bytes:
        """LOG_DISK_SIZE of the tenant's unit: every server with a replica keeps all of the log."""
        pools = self.state.resources.pools_of(self.tenant_id)
        return Bytes(pools[0].config.size.log_disk_bytes) if pools else Bytes(1 << 62)
