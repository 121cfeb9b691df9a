"""Rows of tenants (samples.md)."""

from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState, Tenant
from obsim.ids import SYS_TENANT_ID, display_time

__all__ = ["tenants"]

RECOVERY_UNTIL_SCN = 4_611_686_018_427_387_903
"""The largest SCN: nothing stops the replay."""
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
    sync_scn = state.now_ns - state.now_ns % SYNC_STEP_NS if user else None
    return (
        tenant.tenant_id, tenant.name, tenant.kind, created, created, "RANDOM",
        f"FULL{{1}}@{state.resources.root_server.zone}", None, tenant.mode, tenant.status, "NO",
        "YES" if tenant.locked else "NO", tenant.role, "NORMAL", 0, sync_scn,
        sync_scn, sync_scn, RECOVERY_UNTIL_SCN if user else None,
        "ARCHIVELOG" if tenant.archive.enabled else "NOARCHIVELOG", "DISABLED", 1,
        state.parameters.get("compatible", tenant.tenant_id), max(tenant.storage.log_stream_ids), "NORMAL",
    )  # fmt: skip
