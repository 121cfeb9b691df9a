"""What a session answers about tenants: SHOW CREATE TENANT, SHOW RECYCLEBIN."""

from typing import TYPE_CHECKING

from obsim.client_statements import Show
from obsim.cluster import Tenant
from obsim.cluster.locality import RANDOM, full_zones, locality_text
from obsim.errors import error
from obsim.ids import display_time
from obsim.session.listing import Listing, text

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["create_tenant", "recyclebin"]


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
