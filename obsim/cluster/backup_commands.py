"""BACKUP and CANCEL BACKUP: checks in the order of `statements.md`, then the jobs."""

from obsim.answers import Ok
from obsim.backup.cluster_job import start_cluster_job
from obsim.backup.job import BackupRequest, BackupType, JobLevel
from obsim.cluster.accounts import digest_of
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.resolve import backup_tenants, resolve_backup
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import ServerError, error
from obsim.ids import SYS_TENANT_ID, JobId, TenantId
from obsim.statements import BackupDatabase, CancelBackup

__all__ = ["COMMANDS"]

_NO_TENANT = (
    "no tenant meets the backup condition,\N{OBJECT REPLACEMENT CHARACTER}please check the tenant status, log archive "
    "status, backup data dest, and backup status for each tenant"
)
_NOT_NORMAL = "tenant status is not normal."
_NOT_DOING = "log archive status is not doing."
_NO_DEST = "backup dest is not set."


def backup_database(state: ClusterState, who: Principal, statement: BackupDatabase) -> Ok:
    """ALTER SYSTEM BACKUP: one job of the tenant itself, or a parent with a job for each tenant."""
    named = resolve_backup(state, who, statement)
    if statement.plus_archivelog and not state.profile.plus_archivelog:
        raise error("OB_NOT_SUPPORTED", "plus archive is not supported")
    request = _request(who, statement)
    if who.tenant_id != SYS_TENANT_ID:
        _backup_own(state, state.tenants[who.tenant_id], request)
    elif named is not None:
        for tenant in named:
            _check_named(state, tenant, request)
        _start_parent(state, named, JobLevel.SYS_TENANT, request)
    else:
        ready = [t for t in state.user_tenants() if _ready(t)]
        if not ready:
            raise error("OB_BACKUP_CAN_NOT_START", _NO_TENANT)
        for tenant in ready:
            _check_strict(state, tenant, request)
        _start_parent(state, ready, JobLevel.CLUSTER, request)
    return Ok()


def _request(who: Principal, statement: BackupDatabase) -> BackupRequest:
    passwd = digest_of(who.encryption) if who.encryption is not None else ""
    return BackupRequest(
        BackupType.INC if statement.incremental else BackupType.FULL,
        statement.plus_archivelog,
        statement.description or "",
        "PASSWORD" if passwd else "NONE",
        passwd,
    )


def _backup_own(state: ClusterState, tenant: Tenant, request: BackupRequest) -> None:
    """A user tenant for itself; its checks have an order of their own."""
    if not tenant.backup.path:
        raise error("OB_BACKUP_CAN_NOT_START")
    if not tenant.normal:
        raise error("OB_BACKUP_CAN_NOT_START", _NOT_NORMAL)
    if tenant.backup.has_job_of(tenant.tenant_id):
        raise error("OB_BACKUP_IN_PROGRESS")
    if not tenant.archive.doing:
        raise error("OB_BACKUP_CAN_NOT_START", _NOT_DOING)
    refusal = tenant.backup.refusal(request)
    if refusal:
        raise error("OB_BACKUP_CAN_NOT_START", refusal)
    _check_strict(state, tenant, request)
    tenant.backup.accept(request, state.now_ns, tenant.tenant_id, JobId(0))


def _refusal(tenant: Tenant) -> ServerError | None:
    """Why sys cannot back a tenant up now, in the order of the checks; the destination comes after these."""
    if not tenant.normal:
        return error("OB_BACKUP_CAN_NOT_START", _NOT_NORMAL)
    if not tenant.archive.doing:
        return error("OB_BACKUP_CAN_NOT_START", _NOT_DOING)
    if tenant.backup.has_job_of(SYS_TENANT_ID) or tenant.backup.expected_by_sys:
        return error("OB_BACKUP_IN_PROGRESS")
    return None


def _ready(tenant: Tenant) -> bool:
    return _refusal(tenant) is None


def _check_named(state: ClusterState, tenant: Tenant, request: BackupRequest) -> None:
    refusal = _refusal(tenant)
    if refusal is not None:
        raise refusal
    if not tenant.backup.path:
        raise error("OB_BACKUP_CAN_NOT_START", _NO_DEST)
    _check_strict(state, tenant, request)


def _check_strict(state: ClusterState, tenant: Tenant, request: BackupRequest) -> None:
    """With --strict-incremental an increment without a base is refused instead of becoming full (design section 4)."""
    if state.options.strict_incremental and request.backup_type is BackupType.INC and tenant.backup.would_convert():
        raise error("OB_BACKUP_CAN_NOT_START", f"tenant {tenant.name} has no usable backup set to build on.")


def _start_parent(state: ClusterState, tenants: list[Tenant], level: JobLevel, request: BackupRequest) -> None:
    targets = {tenant.tenant_id: tenant.backup for tenant in tenants}
    parent = start_cluster_job(
        state.sys.backup, targets, level, request, state.now_ns, state.events, state.revisions
    )
    state.cluster_jobs = {i: j for i, j in state.cluster_jobs.items() if not j.job.status.final}
    state.cluster_jobs[parent.job.job_id] = parent


def cancel_backup(state: ClusterState, who: Principal, statement: CancelBackup) -> Ok:
    """ALTER SYSTEM CANCEL BACKUP: nothing to cancel is no error; tenants not in normal state are skipped."""
    if statement.tenants:
        tenants = backup_tenants(state, who, statement.tenants, None)
    elif who.tenant_id == SYS_TENANT_ID:
        for parent in state.cluster_jobs.values():
            parent.cancel(state.now_ns)
        tenants = state.user_tenants()
    else:
        tenants = [state.tenants[TenantId(who.tenant_id)]]
    for tenant in tenants:
        if tenant.normal:
            tenant.backup.cancel(state.now_ns)
    return Ok()


def _resolve_cancel(state: ClusterState, who: Principal, statement: CancelBackup) -> None:
    if statement.tenants:
        backup_tenants(state, who, statement.tenants, None)


COMMANDS: dict[type, Command] = {
    BackupDatabase: guarded(backup_database, Rule(before=resolve_backup)),
    CancelBackup: guarded(cancel_backup, Rule(before=_resolve_cancel)),
}
