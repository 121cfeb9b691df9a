"""ALTER RESOURCE TENANT: how many units a tenant has in each zone.

Order of checks, codes and texts follow OceanBase's source (ob_unit_manager.cpp, ob_resource_resolver.h).
"""

from collections.abc import Sequence
from functools import partial

from obsim.answers import Ok
from obsim.cluster.authority import Rule, check_sys, guarded
from obsim.cluster.pool_commands import add_units
from obsim.cluster.resources import ResourcePool, Unit
from obsim.cluster.root_jobs import RootJob, RootJobKind
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.unit_commands import hard_limit
from obsim.cluster.unit_placement import check_servers, choose_servers
from obsim.errors import error
from obsim.ids import Nanoseconds, TenantId
from obsim.statements.resources import AlterResourceTenant

__all__ = ["COMMANDS"]

_SHRINK_NS = 10_000_000_000
"""From ALTER RESOURCE TENANT to the end of the units that it gives up."""


def alter_resource_tenant(state: ClusterState, who: Principal, statement: AlterResourceTenant) -> Ok:
    """ALTER RESOURCE TENANT: UNIT_NUM of all pools of a tenant; units that go do so after a while."""
    check_sys(state, who, statement)
    if not statement.unit_count:
        raise error("OB_INVALID_ARGUMENT", "unit_num, can't be zero")
    tenant = state.tenant_named(statement.name)
    if tenant is None:
        raise error("OB_TENANT_NOT_EXIST", statement.name)
    if tenant.kind != "USER":
        raise error("OB_NOT_SUPPORTED")
    pools, count = state.resources.pools_of(tenant.tenant_id), statement.unit_count
    if state.root_jobs.running(RootJobKind.SHRINK_UNIT_NUM, tenant.tenant_id) is not None:
        raise error("OB_OP_NOT_ALLOW", "alter unit num while the previous operation is in progress")
    old = pools[0].unit_count if pools else count
    if count >= old and statement.deleted:
        raise error("OB_NOT_SUPPORTED", "unit num is not shrinking, deleting unit")
    if count > old:
        _expand(state, tenant.tenant_id, pools, count, statement.text)
    elif count < old:
        _shrink(state, tenant.tenant_id, pools, count, statement)
    state.revisions.touch("tenants", "storage")
    return Ok()


def _expand(
    state: ClusterState, tenant_id: TenantId, pools: Sequence[ResourcePool], count: int, text: str
) -> None:
    resources = state.resources
    for pool in pools:
        check_servers(resources, pool.zones, count)
        taken = [unit.server for own in pools for unit in resources.units_of(own)]
        choose_servers(resources, pool.zones, count - pool.unit_count, pool.config.size, hard_limit(state), taken)
    for pool in pools:
        add_units(state, pool, count)
        pool.unit_count, pool.modified_ns = count, state.now_ns
    resources.grant(pools, tenant_id, state.now_ns)
    job = state.root_jobs.start(
        RootJobKind.EXPAND_UNIT_NUM, state.now_ns, tenant_id=tenant_id, sql_text=text
    )
    job.finish(state.now_ns)


def _shrink(
    state: ClusterState, tenant_id: TenantId, pools: Sequence[ResourcePool], count: int, statement: AlterResourceTenant
) -> None:
    groups = state.resources.groups_of(tenant_id)
    gone = set(statement.deleted) if statement.deleted else set(groups[count:])
    if not gone <= set(groups) or len(groups) - len(gone) != count:
        raise error("OB_INVALID_ARGUMENT", "unit group id list")
    units = [u for pool in pools for u in state.resources.units_of(pool) if u.group_id in gone]
    for unit in units:
        unit.status, unit.modified_ns = "DELETING", state.now_ns
    for pool in pools:
        pool.unit_count, pool.modified_ns = count, state.now_ns
    job = state.root_jobs.start(
        RootJobKind.SHRINK_UNIT_NUM, state.now_ns, tenant_id=tenant_id, sql_text=statement.text
    )
    state.events.push(state.now_ns + _SHRINK_NS, partial(_shrunk, state, units, job))


def _shrunk(state: ClusterState, units: Sequence[Unit], job: RootJob, now_ns: Nanoseconds) -> None:
    with state.outages.leaders_may_move(now_ns):
        for unit in units:
            state.resources.units.pop(unit.unit_id, None)
        if job.result is None:
            job.finish(now_ns)
    state.revisions.touch("storage")


COMMANDS: dict[type, Command] = {
    AlterResourceTenant: guarded(alter_resource_tenant, Rule("CREATE RESOURCE POOL", check_sys)),
}
