"""RECOVER STANDBY, ACTIVATE STANDBY and SWITCHOVER: the roles of tenants (statements.md, Restore and recovery).

Codes, texts and the order of checks follow OceanBase's source (ob_primary_standby_service.cpp). A change of role is
over when the statement returns; SWITCHOVER_EPOCH counts the steps it went through.
"""

from obsim.answers import Ok
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.backup_sources import source_at
from obsim.cluster.restore_resolve import own_or_named, point_scn, resolve_standby, resolve_switch
from obsim.cluster.standbys import LogSource, Standby, log_of, source_for
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID, Scn, us_floor
from obsim.restore.standby import UNLIMITED_SCN
from obsim.statements import RecoverStandby, SwitchRole
from obsim.versions import Version

__all__ = ["COMMANDS", "become_primary"]

_TO_PRIMARY_STEPS = 4
"""Prepare flashback, flashback, switching to primary, normal."""
_TO_STANDBY_STEPS = 3
"""Prepare switching to standby, switching to standby, normal."""
_ROLES_SINCE = (4, 1)


def _user_tenant(state: ClusterState, who: Principal, name: str | None, what: str) -> Tenant:
    """The tenant that is meant: 1235 for sys without a name and data versions before 4.1, 1210 for no user tenant."""
    if name is None and who.tenant_id == SYS_TENANT_ID:
        raise error("OB_NOT_SUPPORTED", "omitting tenant name is ")
    tenant = own_or_named(state, who, name)
    if tenant.kind != "USER":
        raise error("OB_INVALID_ARGUMENT", "tenant name, only support operating user tenant")
    if Version.parse(state.parameters.get("compatible", tenant.tenant_id)).parts[:2] < _ROLES_SINCE:
        raise error("OB_NOT_SUPPORTED", f"Tenant COMPATIBLE is below 4.1.0.0, {what} tenant is")
    return tenant


def recover_standby(state: ClusterState, who: Principal, statement: RecoverStandby) -> Ok:
    """RECOVER STANDBY: how far a standby may replay; CANCEL means as far as it has come.

    Raises 4179 for a tenant that is no standby or not normal, and for a point before SYNC_SCN.
    """
    resolve_standby(state, who, statement)
    tenant = _user_tenant(state, who, statement.tenant, "recover")
    standby = tenant.standby
    if standby is None or tenant.role != "STANDBY":
        raise error("OB_OP_NOT_ALLOW", "tenant role is not STANDBY, recover is")
    point = point_scn(statement.until, who.offset_s)
    if point is not None and point < standby.sync_scn:
        raise error("OB_OP_NOT_ALLOW", "recover before tenant sync_scn sync_scn is")
    if not tenant.normal:
        raise error("OB_OP_NOT_ALLOW", "tenant status is not normal, recover is")
    if statement.word == "CANCEL":
        standby.recover_until(standby.sync_scn)
    else:
        standby.recover_until(UNLIMITED_SCN if point is None else Scn(point))
    state.revisions.touch("tenants", "backup_parameters")
    return Ok()


def switch_role(state: ClusterState, who: Principal, statement: SwitchRole) -> Ok:
    """ACTIVATE STANDBY, SWITCHOVER TO PRIMARY and TO STANDBY; with VERIFY only what is checked.

    A tenant that has the role already is left alone. Raises 4179 for one that is not normal, and for SWITCHOVER TO
    PRIMARY while the tenant it follows is a primary or has written what has not been replayed.
    """
    resolve_switch(state, who, statement)
    tenant = _user_tenant(state, who, statement.tenant, "switch")
    if not tenant.normal:
        raise error("OB_OP_NOT_ALLOW", "tenant status is not normal, switch tenant is")
    wanted = "STANDBY" if statement.action == "SWITCHOVER TO STANDBY" else "PRIMARY"
    if tenant.role == wanted:
        return Ok()
    if statement.action == "SWITCHOVER TO PRIMARY" and not _may_take_over(state, tenant):
        raise error("OB_OP_NOT_ALLOW")
    if statement.verify:
        return Ok()
    if wanted == "PRIMARY":
        become_primary(tenant)
    else:
        _become_standby(state, tenant)
    state.note_facts(tenant)
    state.revisions.touch("tenants", "backup_parameters", "storage")
    return Ok()


def _may_take_over(state: ClusterState, tenant: Tenant) -> bool:
    """Whether the tenant it follows is no primary any more, and all its log is here."""
    standby = tenant.standby
    if standby is None or standby.source is None:
        return True
    return standby.source.given_up(state) and standby.at_end


def become_primary(tenant: Tenant) -> None:
    """Replay ends where it is, and the tenant takes writes from now on."""
    if tenant.standby is not None:
        tenant.standby.look()
        tenant.standby.stop()
        tenant.standby = None
    tenant.role = "PRIMARY"
    tenant.switchover_epoch += _TO_PRIMARY_STEPS


def _become_standby(state: ClusterState, tenant: Tenant) -> None:
    path = tenant.log_restore_source.partition("?")[0]
    place = tenant.restore_place
    source: LogSource | None = source_for(state, place)
    if place is None and path:
        source = log_of(source_at(state, path), path)
    tenant.role = "STANDBY"
    tenant.standby = Standby(state, tenant, source, Scn(us_floor(state.now_ns)), UNLIMITED_SCN)
    tenant.standby.follow()
    tenant.switchover_epoch += _TO_STANDBY_STEPS


COMMANDS: dict[type, Command] = {
    RecoverStandby: guarded(recover_standby, Rule(before=resolve_standby)),
    SwitchRole: guarded(switch_role, Rule(before=resolve_switch)),
}
