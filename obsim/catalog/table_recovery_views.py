"""Rows of recoveries of tables and of what they import (status-machines.md 9)."""

from collections.abc import Iterable

from obsim.catalog.model import Row
from obsim.cluster import ClusterState, Tenant
from obsim.ids import SYS_TENANT_ID, display_scn, display_time
from obsim.restore.table_job import ImportJob, ImportTask, Recovered, RecoverTableJob

__all__ = [
    "import_job_history", "import_jobs", "import_task_history", "import_tasks", "recover_job_history", "recover_jobs",
]  # fmt: skip


def recover_jobs(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_RECOVER_TABLE_JOBS: a row of sys and one of the tenant that receives the tables."""
    return _recover_rows(state, tenants, offset_s, past=False)


def recover_job_history(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_RECOVER_TABLE_JOB_HISTORY."""
    return _recover_rows(state, tenants, offset_s, past=True)


def _recover_rows(state: ClusterState, tenants: Iterable[Tenant], offset_s: int, *, past: bool) -> list[Row]:
    shown = {tenant.tenant_id for tenant in tenants}
    return [
        _recover_row(job, row, offset_s)
        for job in state.table_recoveries.jobs
        for row in (job.sys, job.tenant)
        if row is not None and row.past is past and row.tenant_id in shown
    ]


def _recover_row(job: RecoverTableJob, row: Recovered, offset_s: int) -> Row:
    auxiliary = job.auxiliary
    return (
        row.tenant_id, row.job_id, SYS_TENANT_ID, job.sys.job_id, display_time(row.start_ns, offset_s),
        _end(row.finish_ns, offset_s), row.status, auxiliary.tenant_name, job.target_name, int(job.all_tables),
        job.database_list, job.table_list, auxiliary.plan.scn, display_scn(auxiliary.plan.scn, offset_s),
        auxiliary.options, auxiliary.destinations, auxiliary.set_list, auxiliary.piece_list, job.passwords, "", "",
        job.remap_tables, "", "", *_outcome(job, row.finish_ns), job.description or "",
    )  # fmt: skip


def _end(finish_ns: int, offset_s: int) -> str | None:
    return display_time(finish_ns, offset_s) if finish_ns else None


def _outcome(job: RecoverTableJob, finish_ns: int) -> tuple[str | None, str | None]:
    """RESULT and COMMENT: written at the end."""
    if not finish_ns:
        return None, None
    return ("FAIL", job.comment) if job.result else ("SUCCESS", "")


def import_jobs(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_IMPORT_TABLE_JOBS of the tenants that receive tables."""
    return [_import_row(job, made, offset_s) for job, made in _imports(state, tenants, past=False)]


def import_job_history(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_IMPORT_TABLE_JOB_HISTORY."""
    return [_import_row(job, made, offset_s) for job, made in _imports(state, tenants, past=True)]


def _imports(
    state: ClusterState, tenants: Iterable[Tenant], *, past: bool
) -> list[tuple[RecoverTableJob, ImportJob]]:
    shown = {tenant.tenant_id for tenant in tenants}
    return [
        (job, job.imported)
        for job in state.table_recoveries.jobs
        if job.imported is not None and job.imported.past is past
        and job.tenant is not None and job.tenant.tenant_id in shown
    ]  # fmt: skip


def _import_row(job: RecoverTableJob, made: ImportJob, offset_s: int) -> Row:
    tenant, finished = job.tenant, sum(task.status == "FINISH" for task in made.tasks)
    assert tenant is not None
    return (
        tenant.tenant_id, made.job_id, tenant.tenant_id, tenant.job_id, display_time(made.start_ns, offset_s),
        _end(made.finish_ns, offset_s), job.auxiliary.tenant_name, job.source_tenant_id, made.status,
        int(job.all_tables), job.database_list, job.table_list, "", job.remap_tables, "", "", len(made.tasks),
        finished, 0, *_outcome(job, made.finish_ns), job.description or "",
    )  # fmt: skip


def import_tasks(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_IMPORT_TABLE_TASKS: one for each table."""
    return _task_rows(state, tenants, offset_s, past=False)


def import_task_history(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_IMPORT_TABLE_TASK_HISTORY."""
    return _task_rows(state, tenants, offset_s, past=True)


def _task_rows(state: ClusterState, tenants: Iterable[Tenant], offset_s: int, *, past: bool) -> list[Row]:
    return [
        _task_row(job, made, task, offset_s)
        for job, made in _imports(state, tenants, past=past)
        for task in made.tasks
    ]


def _task_row(job: RecoverTableJob, made: ImportJob, task: ImportTask, offset_s: int) -> Row:
    """Indexes and constraints of tables are not known: none is counted."""
    assert job.tenant is not None
    done = task.status == "FINISH"
    spent_us = (task.finish_ns - task.start_ns) // 1000 if done else 0
    return (
        job.tenant.tenant_id, task.task_id, made.job_id, job.source_tenant_id, "", "", task.database, task.source, "",
        "", "", task.database, task.target, 0, task.status, _end(task.start_ns, offset_s),
        _end(task.finish_ns, offset_s), spent_us, 0, 0, 0, 0, 0, 0, 0, 0, 0, "SUCCESS" if done else None,
        "" if done else None,
    )  # fmt: skip
