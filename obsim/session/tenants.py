"""What a session adds to statements about tenants: their system variables, SHOW CREATE TENANT, SHOW RECYCLEBIN."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from obsim import statements as s
from obsim.answers import Ok, Value
from obsim.client_statements import Show
from obsim.cluster import Tenant
from obsim.cluster.locality import RANDOM, full_zones, locality_text
from obsim.errors import error
from obsim.ids import display_time
from obsim.session.listing import Listing, text
from obsim.variables import Variable, accepted, check_settable, find_variable

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["create_tenant", "recyclebin", "set_tenant_variables"]

_MODE = "ob_compatibility_mode"
_MODES = frozenset({"MYSQL", "ORACLE", "0", "1"})
_WARNING_TRUNCATED = 1292


def _checked(setting: "s.VariableSetting", *, creating: bool) -> tuple[Variable, Value]:
    """Variable and value. Raises 1193, 1228, 1238, 1231, 1232, and 4179 for the mode of a tenant that is there."""
    variable, value = find_variable(setting.name), setting.value
    if variable.name == _MODE:
        if not creating:
            raise error("OB_OP_NOT_ALLOW", "change tenant compatibility mode")
        if str(value).upper() not in _MODES:
            raise error("OB_ERR_WRONG_VALUE_FOR_VAR", _MODE, value)
        return variable, value
    if creating and variable.name == "lower_case_table_names":
        return variable, accepted(variable, value)[0]
    check_settable(variable, "global")
    accepted(variable, value)
    return variable, value


def set_tenant_variables(
    session: "Session", statement: "s.CreateTenant | s.AlterTenant", change: Callable[[], Ok]
) -> Ok:
    """Check the variables, let `change` act, then set them in the tenant; whichever refuses, nothing has changed."""
    creating = isinstance(statement, s.CreateTenant)
    checked = [_checked(setting, creating=creating) for setting in statement.variables]
    state = session.cluster.state
    known = state.tenant_named(statement.name)
    answer = change()
    tenant = state.tenant_named(statement.name)
    if tenant is None or (creating and known is not None):
        return answer
    settings = session.cluster.globals_of(tenant)
    for variable, value in checked:
        if variable.name == "lower_case_table_names":
            tenant.variables[variable.name] = value
        elif variable.name != _MODE:
            warning = settings.assign(variable, value)
            if warning is not None:
                session.warn(_WARNING_TRUNCATED, warning)
    return answer


def create_tenant(session: "Session", statement: Show) -> Listing:
    """SHOW CREATE TENANT (ob_schema_printer.cpp). Raises 5160 for an unknown name, 1227 for another's own tenant."""
    name = statement.table or ""
    if session.tenant.kind != "SYS" and name != session.tenant.name:
        raise error("OB_ERR_NO_PRIVILEGE")
    tenant = session.cluster.state.tenant_named(name)
    if tenant is None:
        raise error("OB_ERR_INVALID_TENANT_NAME")
    columns = (text("Tenant", 512), text("Create Tenant", 262_144))
    return Listing(columns, [(tenant.name, _definition(session, tenant))])


def _definition(session: "Session", tenant: Tenant) -> str:
    voting = full_zones(tenant.locality)
    zones = ", ".join(f"'{replica.zone}'" for replica in tenant.locality)
    primary = tenant.primary_zone if tenant.primary_zone == RANDOM else f"'{tenant.primary_zone}'"
    pools = ", ".join(f"'{pool.name}'" for pool in session.cluster.state.resources.pools_of(tenant.tenant_id))
    return (
        f"CREATE TENANT {tenant.name} charset={tenant.charset}, replica_num={len(voting)}, zone_list({zones}), "
        f"primary_zone={primary}, locality='{locality_text(tenant.locality)}', resource_pool_list({pools})"
    )


def recyclebin(session: "Session", _: Show) -> Listing:
    """SHOW RECYCLEBIN: in sys the tenants that were dropped into it; nothing else here can be."""
    columns = (text("OBJECT_NAME", 512), text("ORIGINAL_NAME", 1024), text("TYPE", 64), text("CREATETIME", 76))
    if session.tenant.kind != "SYS":
        return Listing(columns, [])
    found = [tenant for tenant in session.cluster.state.user_tenants() if tenant.in_recyclebin]
    found.sort(key=lambda tenant: (tenant.recycled_ns, tenant.tenant_id))
    rows = [(t.name, t.original_name, "TENANT", display_time(t.recycled_ns, session.offset_s)) for t in found]
    return Listing(columns, rows)
