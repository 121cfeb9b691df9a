"""CREATE TENANT and DROP TENANT: what is checked before a tenant comes or goes, which obsim does not model yet."""

from obsim.answers import Ok
from obsim.cluster.state import ClusterState, Principal
from obsim.errors import NotModelled, error
from obsim.ids import SYS_TENANT_ID
from obsim.statements.tenants import CreateStandbyTenant, CreateTenant, DropTenant

__all__ = ["create_tenant", "drop_tenant"]


def _check_sys(who: Principal) -> None:
    if who.tenant_id != SYS_TENANT_ID:
        raise error("OB_ERR_NO_PRIVILEGE")


def create_tenant(state: ClusterState, who: Principal, statement: CreateTenant | CreateStandbyTenant) -> Ok:
    """CREATE [STANDBY] TENANT.

    Raises 1227 outside sys, 5156 for a name that is taken; with IF NOT EXISTS that is no error.
    """
    _check_sys(who)
    if state.tenant_named(statement.name) is not None:
        if statement.if_not_exists:
            return Ok()
        raise error("OB_TENANT_EXIST", statement.name)
    raise NotModelled("CREATE TENANT yet: state the tenant in the scenario")


def drop_tenant(state: ClusterState, who: Principal, statement: DropTenant) -> Ok:
    """DROP TENANT. Raises 1227 outside sys, 5157 for an unknown name; with IF EXISTS that is no error."""
    _check_sys(who)
    if state.tenant_named(statement.name) is None:
        if statement.if_exists:
            return Ok()
        raise error("OB_TENANT_NOT_EXIST", statement.name)
    raise NotModelled("DROP TENANT yet")
