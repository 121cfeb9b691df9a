"""What several views say of a tenant: who sees it, since when it is there, where its replicas are."""

from obsim.cluster import ClusterState, Tenant
from obsim.cluster.resources import Server
from obsim.ids import SYS_TENANT_ID, TenantId

__all__ = ["began_ns", "replica_servers", "seen_tenants", "servers_shown"]


def seen_tenants(state: ClusterState, tenant_id: TenantId) -> list[Tenant]:
    """The tenants a session of `tenant_id` sees in the virtual tables: sys every one, a user tenant itself."""
    return list(state.tenants.values()) if tenant_id == SYS_TENANT_ID else [state.tenants[tenant_id]]


def began_ns(tenant: Tenant) -> int:
    """When the tenant was made: the baseline of a scenario's tenant is older than the cluster."""
    return min(tenant.created_ns, tenant.storage.freezes.began_scn or tenant.created_ns)


def replica_servers(state: ClusterState, tenant: Tenant) -> list[Server]:
    """The servers with a replica of each log stream, one a zone, the leader's first: that of the root service if any.

    A META tenant lives in the units of its user tenant. A tenant without units is where the root service is.
    """
    owner = TenantId(tenant.tenant_id + 1) if tenant.kind == "META" else tenant.tenant_id
    resources = state.resources
    first: dict[str, Server] = {}
    for pool in resources.pools_of(owner):
        for unit in resources.units_of(pool):
            first.setdefault(unit.zone, unit.server)
    servers = list(first.values()) or [resources.root_server]
    return sorted(servers, key=lambda server: not server.with_rootserver)


def servers_shown(state: ClusterState, tenant: Tenant, *, everywhere: bool) -> list[Server]:
    """The servers whose rows a GV$ view (everywhere) or a V$ view shows; clients are with the root service."""
    servers = replica_servers(state, tenant)
    return servers if everywhere else [server for server in servers if server is state.resources.root_server]
