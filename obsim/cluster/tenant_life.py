"""How a tenant begins and ends: with its META tenant, its pools, and all that hangs on it."""

from collections.abc import Sequence

from obsim.cluster.backup_sources import source_of
from obsim.cluster.locality import Replica
from obsim.cluster.resources import ResourcePool
from obsim.cluster.state import ClusterState
from obsim.cluster.tenant import Tenant, User
from obsim.error_codes import OB_CANCELED
from obsim.errors import error
from obsim.ids import Scn, TenantId, us_floor
from obsim.revisions import FAMILIES

__all__ = ["begin_tenant", "end_tenant", "free_pools", "meta_of", "place_tenant"]


def free_pools(state: ClusterState, names: Sequence[str], tenant_id: TenantId | None = None) -> list[ResourcePool]:
    """The pools called so, which a tenant may take all together. Raises 4650, 4626, 4179 and 4657.

    `tenant_id` has pools already, with which they have to go along.
    """
    pools: list[ResourcePool] = []
    for name in names:
        pool = state.resources.pools.get(name)
        if pool is None:
            raise error("OB_RESOURCE_POOL_NOT_EXIST", name)
        if pool.tenant_id is not None:
            raise error("OB_RESOURCE_POOL_ALREADY_GRANTED", name)
        pools.append(pool)
    together = [*(state.resources.pools_of(tenant_id) if tenant_id is not None else []), *pools]
    if len({pool.unit_count for pool in together}) > 1:
        raise error("OB_OP_NOT_ALLOW")
    zones = [zone for pool in together for zone in pool.zones]
    if len(set(zones)) < len(zones):
        raise error("OB_POOL_SERVER_INTERSECT", f"[{', '.join(names)}]")
    return pools


def meta_of(state: ClusterState, tenant: Tenant) -> Tenant:
    """The META tenant of a user tenant."""
    return state.tenants[TenantId(tenant.tenant_id - 1)]


def begin_tenant(
    state: ClusterState, name: str, mode: str, users: tuple[User, ...], pools: Sequence[ResourcePool]
) -> Tenant:
    """A user tenant, normal at once, with its META tenant: archiving off, nothing stored, in units of `pools`."""
    tenant_id = state.next_tenant_id()
    state.add_tenant(TenantId(tenant_id - 1), f"META${tenant_id}", "META", "MYSQL", ())
    tenant = state.add_tenant(tenant_id, name, "USER", mode, users)
    tenant.storage.checkpoint_scn = Scn(us_floor(state.now_ns))
    state.resources.grant(pools, tenant_id, state.now_ns)
    state.revisions.touch("accounts", "parameters")
    return tenant


def place_tenant(state: ClusterState, tenant: Tenant, locality: tuple[Replica, ...], primary_zone: str) -> None:
    """Where the replicas of a tenant and of its META tenant are, and where their leaders like to be."""
    for one in (tenant, meta_of(state, tenant)):
        one.locality, one.primary_zone = locality, primary_zone
        one.leaders.clear()
    state.revisions.touch("tenants", "storage")


def end_tenant(state: ClusterState, tenant: Tenant) -> None:
    """The tenant is gone at once: its jobs and sets, its rows everywhere, its sessions; its pools are free."""
    now_ns = state.now_ns
    tenant.backup.drop(now_ns)
    tenant.cleanup.drop(now_ns)
    tenant.archive.drop(now_ns)
    if tenant.standby is not None:
        tenant.standby.stop()
    if state.outside.real:
        state.archive_writer(tenant).flush(now_ns)  # what cannot be written now is written when time stands still
    if tenant.backup.sets or tenant.archive.rounds():
        state.left_behind.append(source_of(state, tenant))
    for pool in state.resources.pools_of(tenant.tenant_id):
        state.resources.revoke(pool, now_ns)
    for one in (meta_of(state, tenant), tenant):
        state.freezers.pop(one.tenant_id).stop()
        state.parameters.forget(one.tenant_id)
        del state.tenants[one.tenant_id]
    state.restores.tenant_gone(tenant.tenant_id)
    for job in state.root_jobs.jobs:
        if job.tenant_id == tenant.tenant_id and job.result is None:
            job.finish(now_ns, OB_CANCELED)
    state.revisions.touch(*FAMILIES)
    state.on_tenant_gone.tell(tenant)
