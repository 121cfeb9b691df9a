"""Rows of tenants (samples.md)."""

from obsim.catalog.model import Row, Scope
from obsim.catalog.placement import owner_id
from obsim.catalog.values import yes_no
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.locality import locality_text
from obsim.cluster.standbys import recovery_until_scn
from obsim.ids import SYS_TENANT_ID, display_time

__all__ = ["tenants"]

SYNC_STEP_NS = 100_000_000
"""SYNC_SCN and its like move in such steps, as `ClusterState.revision` reckons for the family "tenants"."""


def tenants(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_TENANTS: sys sees all, a user tenant itself and its META tenant."""
    own = {scope.tenant_id, scope.tenant_id - 1}
    return [
        _tenant(state, tenant, scope.offset_s)
        for tenant in state.tenants.values()
        if scope.tenant_id == SYS_TENANT_ID or tenant.tenant_id in own
    ]


def _tenant(state: ClusterState, tenant: Tenant, offset_s: int) -> Row:
    user = tenant.kind == "USER"
    created = display_time(tenant.created_ns, offset_s)
    sync_scn = _sync_scn(state, tenant) if user else None
    changed = display_time(tenant.modified_ns, offset_s) if tenant.modified_ns else created
    return (
        tenant.tenant_id, tenant.name, tenant.kind, created, changed, tenant.primary_zone,
        locality_text(tenant.locality), locality_text(tenant.previous_locality) or None, tenant.mode, tenant.status,
        yes_no(tenant.in_recyclebin), yes_no(tenant.locked), tenant.role, "NORMAL",
        tenant.switchover_epoch, sync_scn, sync_scn, sync_scn, recovery_until_scn(tenant) if user else None,
        "ARCHIVELOG" if tenant.archive.enabled else "NOARCHIVELOG", "DISABLED", _unit_count(state, tenant),
        state.parameters.get("compatible", tenant.tenant_id), max(tenant.storage.log_stream_ids), "NORMAL",
    )  # fmt: skip


def _sync_scn(state: ClusterState, tenant: Tenant) -> int:
    """SYNC_SCN: of a primary near now, of a standby how far it has replayed, of a restore how far that has come."""
    if tenant.standby is None:
        return state.now_ns - state.now_ns % SYNC_STEP_NS
    progress = state.restores.progress_of(tenant.tenant_id) if tenant.role == "RESTORE" else None
    return progress.recovered_scn(state.now_ns) if progress is not None else tenant.standby.sync_scn


def _unit_count(state: ClusterState, tenant: Tenant) -> int:
    """UNIT_NUM: units a zone."""
    pools = state.resources.pools_of(owner_id(tenant))
    return pools[0].unit_count if pools else 1
