"""What several views say of a tenant: who sees it, since when it is there, where its replicas are."""

from obsim.cluster import ClusterState, Tenant
from obsim.cluster.locality import RANDOM, full_zones
from obsim.cluster.resources import Server
from obsim.ids import SYS_TENANT_ID, TenantId

__all__ = ["began_ns", "owner_id", "replica_kind", "replica_servers", "seen_tenants", "servers_shown"]


def seen_tenants(state: ClusterState, tenant_id: TenantId) -> list[Tenant]:
    """The tenants a session of `tenant_id` sees in the virtual tables: sys every one, a user tenant itself."""
    return list(state.tenants.values()) if tenant_id == SYS_TENANT_ID else [state.tenants[tenant_id]]


def began_ns(tenant: Tenant) -> int:
    """When the tenant was made: the baseline of a scenario's tenant is older than the cluster."""
    return min(tenant.created_ns, tenant.storage.freezes.began_scn or tenant.created_ns)


def replica_servers(state: ClusterState, tenant: Tenant) -> list[Server]:
    """The servers with a replica of each log stream, one a zone, the leader's first.

    A META tenant lives in the units of its user tenant. A tenant without units is where the root service is. The leader
    is in a zone that PRIMARY_ZONE puts first, of several there with the root service; a stopped server has none.
    """
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
    return sorted(
        servers,
        key=lambda server: (
            server.address not in serving, server.zone not in voting, levels.get(server.zone, len(levels)),
            not server.with_rootserver,
        ),
    )  # fmt: skip


def _levels(tenant: Tenant) -> dict[str, int]:
    """Zone -> its place in PRIMARY_ZONE: `z1,z2;z3` has two levels."""
    if tenant.primary_zone.upper() == RANDOM:
        return {}
    levels = enumerate(tenant.primary_zone.split(";"))
    return {zone.strip(): level for level, zones in levels for zone in zones.split(",")}


def replica_kind(tenant: Tenant, server: Server) -> str:
    """FULL or READONLY: the replica that a tenant has on a server."""
    kinds = {replica.zone: replica.kind for replica in tenant.locality}
    return kinds.get(server.zone, "FULL")


def owner_id(tenant: Tenant) -> TenantId:
    """The tenant whose units one lives in."""
    return TenantId(tenant.tenant_id + 1) if tenant.kind == "META" else tenant.tenant_id


def servers_shown(state: ClusterState, tenant: Tenant, *, everywhere: bool) -> list[Server]:
    """The servers whose rows a GV$ view (everywhere) or a V$ view shows; clients are with the root service."""
    servers = replica_servers(state, tenant)
    return servers if everywhere else [server for server in servers if server is state.resources.root_server]
