"""Rows of tenants and DAG schedulers (samples.md, status-machines.md 10, views.json `dag_scheduler_rows`)."""

from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState, Tenant
from obsim.ids import SYS_TENANT_ID, TenantId, display_time
from obsim.scheduler.priorities import PRIORITIES

__all__ = ["dag_scheduler", "seen_tenants", "tenants"]

RECOVERY_UNTIL_SCN = 4_611_686_018_427_387_903
"""The largest SCN: nothing stops the replay."""
SYNC_STEP_NS = 100_000_000
"""SYNC_SCN and its like move in such steps, as `ClusterState.revision` reckons for the family "tenants"."""

DAG_TYPES = (
    "BACKUP_META", "BACKUP_PREPARE", "BACKUP_FINISH", "BACKUP_DATA", "PREFETCH_BACKUP_INFO", "BACKUP_INDEX_REBUILD",
    "BACKUP_COMPLEMENT_LOG", "BACKUP_BACKUPSET", "BACKUP_ARCHIVELOG", "BACKUP_CLEAN",
)  # fmt: skip
DAG_NET_TYPES = (
    "DAG_NET_MIGRATION", "DAG_NET_PREPARE_MIGRATION", "DAG_NET_COMPLETE_MIGRATION", "DAG_NET_TRANSFER",
    "DAG_NET_BACKUP", "DAG_NET_RESTORE", "DAG_NET_TYPE_BACKUP_CLEAN", "DAG_NET_TRANSFER_BACKFILL_TX",
)  # fmt: skip


def seen_tenants(state: ClusterState, tenant_id: TenantId) -> list[Tenant]:
    """The tenants a session of `tenant_id` sees in the virtual tables: sys every one, a user tenant itself."""
    return list(state.tenants.values()) if tenant_id == SYS_TENANT_ID else [state.tenants[tenant_id]]


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


def dag_scheduler(state: ClusterState, scope: Scope) -> list[Row]:
    """`__all_virtual_dag_scheduler`: for each tenant the totals, the priorities, the DAG types, the DAG nets."""
    server = state.resources.root_server
    low_limits = state.profile.low_limit_rows
    return [
        (server.ip, server.port, tenant.tenant_id, *row)
        for tenant in seen_tenants(state, scope.tenant_id)
        for row in _scheduler(tenant, low_limits=low_limits)
    ]


def _scheduler(tenant: Tenant, *, low_limits: bool) -> list[tuple[str, str, int]]:
    dispatcher = tenant.dispatcher
    kinds = dispatcher.kind_counts()
    running = {p.name: dispatcher.running_count(p) for p in PRIORITIES}
    rows = [
        ("GENERAL", "TOTAL_WORKER_CNT", dispatcher.worker_total()),
        ("GENERAL", "TOTAL_DAG_CNT", sum(kinds.values())),
        ("GENERAL", "TOTAL_RUNNING_TASK_CNT", sum(running.values())),
    ]
    for priority in PRIORITIES:
        limit = dispatcher.limit(priority)
        if low_limits:
            rows.append(("LOW_LIMIT", priority.name, limit))
        rows += [("UP_LIMIT", priority.name, limit), ("RUNNING_TASK_CNT", priority.name, running[priority.name])]
    rows += [("DAG_COUNT", kind, kinds.get(kind, 0)) for kind in DAG_TYPES]
    nets = {"DAG_NET_BACKUP": int(tenant.backup.run is not None and tenant.backup.run.task is not None)}
    return rows + [("DAG_NET_COUNT", kind, nets.get(kind, 0)) for kind in DAG_NET_TYPES]
