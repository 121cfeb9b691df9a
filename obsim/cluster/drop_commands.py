"""DROP TENANT, and what becomes of tenants in the recycle bin: PURGE and FLASHBACK.

Order of checks, codes and texts follow OceanBase's source (ob_tenant_ddl_service.cpp).
"""

from functools import partial

from obsim.answers import Ok
from obsim.cluster.authority import Rule, check_sys, guarded
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant import Tenant
from obsim.cluster.tenant_commands import check_name
from obsim.cluster.tenant_life import end_tenant
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID, Nanoseconds
from obsim.statements.tenants import DropTenant, FlashbackTenant, PurgeRecyclebin, PurgeTenant

__all__ = ["COMMANDS"]

_DROPPING_NS = 5_000_000_000
"""From DROP TENANT without FORCE to the end of the tenant; a cluster needs longer the more there is to collect."""
_CLUSTER_ID = 1


def drop_tenant(state: ClusterState, who: Principal, statement: DropTenant) -> Ok:
    """DROP TENANT: at once with FORCE, into the recycle bin where that is on, else DROPPING for a while.

    Raises 5157 for an unknown name (with IF EXISTS that is no error) and for one in the recycle bin, 1235 for sys, META
    tenants and one that is being dropped.
    """
    check_sys(state, who, statement)
    tenant = state.tenant_named(statement.name)
    if tenant is None:
        if statement.if_exists:
            return Ok()
        raise error("OB_TENANT_NOT_EXIST", statement.name)
    if tenant.kind != "USER":
        raise error("OB_NOT_SUPPORTED")
    if statement.mode == "FORCE":
        end_tenant(state, tenant)
        return Ok()
    if tenant.in_recyclebin:
        raise error("OB_TENANT_NOT_EXIST", statement.name)
    if tenant.status != "NORMAL":
        raise error("OB_NOT_SUPPORTED", "should drop tenant force, delay drop tenant")
    if who.recyclebin and not statement.mode:
        _recycle(state, tenant)
    else:
        _drop_slowly(state, tenant)
    return Ok()


def _recycle(state: ClusterState, tenant: Tenant) -> None:
    tenant.original_name, tenant.in_recyclebin = tenant.name, True
    tenant.recycled_ns = tenant.modified_ns = state.now_ns
    version = state.now_ns // 1000 // 8 * 8  # versions of schemas are microseconds and multiples of eight
    while state.tenant_named(f"__recycle_$_{_CLUSTER_ID}_{version}") is not None:
        version += 8
    tenant.name = f"__recycle_$_{_CLUSTER_ID}_{version}"
    state.revisions.touch("tenants", "accounts")


def _drop_slowly(state: ClusterState, tenant: Tenant) -> None:
    tenant.status, tenant.modified_ns = "DROPPING", state.now_ns
    state.events.push(state.now_ns + _DROPPING_NS, partial(_dropped, state, tenant))
    state.revisions.touch("tenants")


def _dropped(state: ClusterState, tenant: Tenant, _now_ns: Nanoseconds) -> None:
    if state.tenants.get(tenant.tenant_id) is tenant:
        end_tenant(state, tenant)


def _recycled(state: ClusterState, name: str, *, newest: bool) -> Tenant:
    """The tenant in the recycle bin called so now, or before: then the newest or the oldest. Raises 5270."""
    tenant = state.tenant_named(name)
    if tenant is None:
        found = [t for t in state.user_tenants() if t.in_recyclebin and t.original_name == name]
        found.sort(key=lambda t: (t.recycled_ns, t.tenant_id), reverse=newest)
        tenant = found[0] if found else None
    if tenant is None or not tenant.in_recyclebin or tenant.status != "NORMAL":
        raise error("OB_ERR_OBJECT_NOT_IN_RECYCLEBIN")
    return tenant


def purge_tenant(state: ClusterState, who: Principal, statement: PurgeTenant) -> Ok:
    """PURGE TENANT: the oldest one of a name goes. Raises 5270."""
    check_sys(state, who, statement)
    _drop_slowly(state, _recycled(state, statement.name, newest=False))
    return Ok()


def purge_recyclebin(state: ClusterState, who: Principal, _statement: PurgeRecyclebin) -> Ok:
    """PURGE RECYCLEBIN: from sys every tenant in it; nothing else here can be in one."""
    if who.tenant_id == SYS_TENANT_ID:
        for tenant in state.user_tenants():
            if tenant.in_recyclebin and tenant.status == "NORMAL":
                _drop_slowly(state, tenant)
    return Ok()


def flashback_tenant(state: ClusterState, who: Principal, statement: FlashbackTenant) -> Ok:
    """FLASHBACK TENANT: the newest one of a name comes back. Raises 5270, 5156 where its name is taken."""
    check_sys(state, who, statement)
    if statement.new_name is not None:
        check_name(statement.new_name)
    tenant = _recycled(state, statement.name, newest=True)
    name = statement.new_name or tenant.original_name
    if state.tenant_named(name) is not None:
        raise error("OB_TENANT_EXIST", name)
    tenant.name, tenant.in_recyclebin, tenant.original_name = name, False, ""
    tenant.modified_ns = state.now_ns
    state.revisions.touch("tenants", "accounts")
    return Ok()


_RULE = Rule("SUPER", check_sys, defines=lambda _: True)
COMMANDS: dict[type, Command] = {
    DropTenant: guarded(drop_tenant, _RULE),
    FlashbackTenant: guarded(flashback_tenant, _RULE),
    PurgeRecyclebin: guarded(purge_recyclebin, Rule("SUPER", defines=lambda _: True)),
    PurgeTenant: guarded(purge_tenant, _RULE),
}
