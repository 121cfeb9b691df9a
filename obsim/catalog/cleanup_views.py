"""Rows of the clean-up: policies, delete jobs and their tasks (status-machines.md 7, samples.md)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from obsim.backup.set import BackupSet
from obsim.catalog.model import Row
from obsim.catalog.part import Part, Remembered
from obsim.cleanup.job import DeleteJob, DeleteTask
from obsim.cluster import ClusterState, Tenant
from obsim.ids import display_time

__all__ = ["delete_job_history", "delete_jobs", "delete_policies", "delete_task_history", "delete_tasks"]

INCARNATION = 1


def delete_policies(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_BACKUP_DELETE_POLICY: one row for each tenant that has a policy; without a window its text is empty."""
    return [(t.tenant_id, "default", t.cleanup.policy) for t in tenants if t.cleanup.policy is not None]


def delete_jobs(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_DELETE_JOBS: unfinished jobs, and ended ones that no pass has moved to history yet."""
    return [_job(job, offset_s) for tenant in tenants for job in tenant.cleanup.jobs]


def delete_tasks(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_DELETE_TASKS: the tasks of those jobs; they move to history with their job."""
    return [
        _task(tenant, task, offset_s) for tenant in tenants for job in tenant.cleanup.jobs for task in job.tasks
    ]


_JOBS: Remembered[list[Row]] = Remembered(list)


def delete_job_history(_state: ClusterState, tenant: Tenant, offset_s: int) -> Part:
    """OB_BACKUP_DELETE_JOB_HISTORY, in the order the jobs ended."""
    settled = _JOBS.of(tenant.cleanup, offset_s)
    settled += [_job(job, offset_s) for job in tenant.cleanup.job_history[len(settled) :]]
    return Part(settled, ())


@dataclass(slots=True)
class _EndedTasks:
    """Rows of the tasks of the first jobs of the history."""

    rows: list[Row] = field(default_factory=list)
    job_count: int = 0


_TASKS = Remembered(_EndedTasks)


def delete_task_history(_state: ClusterState, tenant: Tenant, offset_s: int) -> Part:
    """OB_BACKUP_DELETE_TASK_HISTORY, job by job."""
    made = _TASKS.of(tenant.cleanup, offset_s)
    for job in tenant.cleanup.job_history[made.job_count :]:
        made.rows += [_task(tenant, task, offset_s) for task in job.tasks]
        made.job_count += 1
    return Part(made.rows, ())


def _end(time_ns: int, offset_s: int) -> str | None:
    return display_time(time_ns, offset_s) if time_ns else None


def _job(job: DeleteJob, offset_s: int) -> Row:
    """A tenant's own job: unlike a backup's, it names itself as its initiator's job."""
    return (
        job.tenant_id, job.job_id, INCARNATION, job.tenant_id, job.job_id, str(job.tenant_id), "DELETE OBSOLETE BACKUP",
        display_time(job.expired_ns, offset_s), "USER_TENANT", display_time(job.start_ns, offset_s),
        _end(job.end_ns, offset_s), job.status.value, len(job.tasks), job.success_count, job.result, job.comment,
    )


def _task(tenant: Tenant, task: DeleteTask, offset_s: int) -> Row:
    target = task.target
    if isinstance(target, BackupSet):
        what: Row = ("BACKUP SET", target.backup_set_id, 0, target.dest_id)
        path = target.path
    else:
        what = ("BACKUP PIECE", target.piece.piece_id, target.archive_round.round_id, target.archive_round.dest_id)
        path = target.archive_round.path
    return (
        tenant.tenant_id, task.task_id, INCARNATION, task.job_id, *what, display_time(task.start_ns, offset_s),
        _end(task.end_ns, offset_s), task.status.value, len(task.log_streams), task.finished_count, task.result, "",
        path,
    )
