"""What several views say of a tenant: who sees it, since when it is there, where its replicas are."""

from obsim.cluster import ClusterState, Tenant
from obsim.cluster.replicas import owner_id, replica_servers
from obsim.cluster.resources import Server
from obsim.ids import SYS_TENANT_ID, TenantId

__all__ = ["began_ns", "owner_id", "replica_kind", "replica_servers", "seen_tenants", "servers_shown"]


def seen_tenants(state: ClusterState, tenant_id: TenantId) -> list[Tenant]:
    """The tenants a session of `tenant_id` sees in the virtual tables: sys every one, a user tenant itself."""
    return list(state.tenants.values()) if tenant_id == SYS_TENANT_ID else [state.tenants[tenant_id]]


def began_ns(tenant: Tenant) -> int:
    """When the tenant was made: the baseline of a scenario's tenant is older than the cluster."""
    return min(tenant.created_ns, tenant.storage.freezes.began_scn or tenant.created_ns)


def replica_kind(tenant: Tenant, server: Server) -> str:
    """FULL or READONLY: the replica that a tenant has on a server."""
    kinds = {replica.zone: replica.kind for replica in tenant.locality}
    return kinds.get(server.zone, "FULL")


def servers_shown(state: ClusterState, tenant: Tenant, *, everywhere: bool) -> list[Server]:
    """The servers whose rows a GV$ view (everywhere) or a V$ view shows; clients are with the root service."""
    servers = replica_servers(state, tenant)
    return servers if everywhere else [server for server in servers if server is state.resources.root_server]
