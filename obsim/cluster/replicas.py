"""Where the replicas of a tenant are, and the DAG schedulers it has there."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from obsim.cluster.locality import RANDOM, full_zones
from obsim.cluster.resources import Server
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, TenantId
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.priorities import PRIORITIES

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant

__all__ = [
    "dispatcher_at", "full_replica_servers", "has_leader", "owner_id", "replica_servers", "replicas_of_each",
    "schedulers_of", "servers_by_preference", "voters",
]  # fmt: skip


def replica_servers(
    state: "ClusterState", tenant: "Tenant", log_stream_id: LogStreamId = SYS_LOG_STREAM_ID
) -> list[Server]:
    """The servers with a replica of a log stream, one a zone, the leader's first; which they are all have in common.

    A META tenant lives in the units of its user tenant. A tenant without units is where the root service is. A leader
    is where it was moved to, else in a zone that PRIMARY_ZONE puts first, of several there with the root service; a
    stopped server has none.
    """
    return replicas_of_each(state, tenant, (log_stream_id,))[log_stream_id]


def replicas_of_each(
    state: "ClusterState", tenant: "Tenant", log_stream_ids: Iterable[LogStreamId]
) -> dict[LogStreamId, list[Server]]:
    """The same of several log streams; a list may be that of many."""
    orders = _orders(state, tenant, tenant.leaders.values())
    return {stream: orders[tenant.leaders.get(stream, "")] for stream in log_stream_ids}


def servers_by_preference(state: "ClusterState", tenant: "Tenant") -> list[Server]:
    """The same of a log stream whose leader nobody moved: the one first where PRIMARY_ZONE puts it."""
    return _orders(state, tenant, ())[""]


def _orders(state: "ClusterState", tenant: "Tenant", moved_to: Iterable[str]) -> dict[str, list[Server]]:
    """The servers with a replica by the address that a leader was moved to, '' for nowhere."""
    resources = state.resources
    first: dict[str, Server] = {}
    for pool in resources.pools_of(owner_id(tenant)):
        for unit in resources.units_of(pool):
            first.setdefault(unit.zone, unit.migrated_from or unit.server)
    zones = [replica.zone for replica in tenant.locality]
    servers = [first[zone] for zone in zones if zone in first] or [resources.root_server]
    serving = {server.address for server in resources.serving_servers()}
    levels = _levels(tenant)
    voting = full_zones(tenant.locality)

    servers.sort(key=lambda server: (levels.get(server.zone, len(levels)), not server.with_rootserver))

    def led_by(address: str) -> list[Server]:
        """The same with the one first that the leader was moved to, if it can lead."""
        return sorted(
            servers, key=lambda s: (s.address not in serving, s.zone not in voting, s.address != address)
        )  # fmt: skip

    return {address: led_by(address) for address in ("", *moved_to)}


def _levels(tenant: "Tenant") -> dict[str, int]:
    """Zone -> its place in PRIMARY_ZONE: `z1,z2;z3` has two levels."""
    if tenant.primary_zone.upper() == RANDOM:
        return {}
    levels = enumerate(tenant.primary_zone.split(";"))
    return {zone.strip(): level for level, zones in levels for zone in zones.split(",")}


def owner_id(tenant: "Tenant") -> TenantId:
    """The tenant whose units one lives in."""
    return TenantId(tenant.tenant_id + 1) if tenant.kind == "META" else tenant.tenant_id


def full_replica_servers(
    state: "ClusterState", tenant: "Tenant", log_stream_id: LogStreamId = SYS_LOG_STREAM_ID
) -> list[Server]:
    """Those of a log stream's servers that take part and have a full replica; the leader's first."""
    serving = {server.address for server in state.resources.serving_servers()}
    return [s for s in voters(tenant, replica_servers(state, tenant, log_stream_id)) if s.address in serving]


def voters(tenant: "Tenant", servers: list[Server]) -> list[Server]:
    """Those of `servers`, its replicas, whose replica is a full one, as a single one is."""
    voting = full_zones(tenant.locality)
    return [s for s in servers if s.zone in voting or len(servers) == 1]


def has_leader(tenant: "Tenant", servers: list[Server]) -> bool:
    """Whether its log streams have one of `servers`, their replicas, as leader: while a majority of those is there."""
    voting = voters(tenant, servers)
    return sum(not server.offline_ns for server in voting) * 2 > len(voting)


def schedulers_of(state: "ClusterState", tenant: "Tenant") -> dict[str, Dispatcher]:
    """The tenant's DAG schedulers by server; before anybody has asked for one, the one that its leader will have."""
    return tenant.dispatchers or {replica_servers(state, tenant)[0].address: tenant.dispatcher}


def dispatcher_at(state: "ClusterState", tenant: "Tenant", address: str) -> Dispatcher:
    """The tenant's DAG scheduler on a server; on one that is away it is halted from the start.

    Who asks first finds `Tenant.dispatcher` where `schedulers_of` had it.
    """
    from obsim.cluster.shares import give_shares  # noqa: PLC0415 - it asks for replicas itself

    found = tenant.dispatchers.get(address)
    if found is None:
        tenant.dispatchers = dict(schedulers_of(state, tenant))
        found = tenant.dispatchers.setdefault(address, Dispatcher(state.events))
        give_shares(state, tenant, address, found)
        for priority in PRIORITIES:
            if found.limit(priority) != tenant.dispatcher.limit(priority):
                found.set_limit(priority, tenant.dispatcher.limit(priority), state.now_ns)
        if address in state.outages.away:
            found.halt(state.now_ns)
    return found
