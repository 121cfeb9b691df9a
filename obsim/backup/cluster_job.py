"""A job of the sys tenant: a parent row and one child job for each tenant (status-machines.md 2, Parent and child)."""

from collections.abc import Mapping
from dataclasses import dataclass

from obsim.backup.job import BackupJob, BackupRequest, JobLevel, JobStatus
from obsim.backup.tenant import PASS_NS, TenantBackup
from obsim.error_codes import OB_BACKUP_CAN_NOT_START, OB_CANCELED
from obsim.ids import SYS_TENANT_ID, BackupSetId, Nanoseconds, TenantId
from obsim.revisions import Revisions
from obsim.scheduler.events import EventQueue

__all__ = ["ClusterJob", "start_cluster_job"]

SPAWN_NS = PASS_NS // 2
"""The children appear a moment after the statement has returned."""
END_NS = 150_000_000
"""The parent ends that much after the last child is gone (samples.md)."""


@dataclass(slots=True, eq=False)
class ClusterJob:
    """The parent's side: counts its children and copies the first error."""

    sys: TenantBackup
    backups: Mapping[TenantId, TenantBackup]
    job: BackupJob
    asked: BackupRequest
    events: EventQueue
    revisions: Revisions
    left: int = 0
    result: int = 0
    comment: str = ""

    def spawn(self, now_ns: Nanoseconds) -> None:
        """Leave INIT: insert one job for each tenant. A tenant without a destination fails to start (statements.md)."""
        for backup in self.backups.values():
            backup.expected_by_sys = False
        if self.job.status is JobStatus.CANCELING:
            self._end(now_ns)
            return
        self.job.status = JobStatus.DOING
        for tenant_id in self.job.executor_tenant_ids:
            backup = self.backups[tenant_id]
            if backup.dropped:
                continue
            if not backup.path or backup.refusal(self.asked):
                self._note(OB_BACKUP_CAN_NOT_START, backup.failure_comment(self.job, OB_BACKUP_CAN_NOT_START))
                continue
            backup.accept(self.asked, now_ns, SYS_TENANT_ID, self.job.job_id, self._child_gone)
            self.left += 1
        self.revisions.touch("jobs")
        self._maybe_end(now_ns)

    def _note(self, code: int, comment: str) -> None:
        if not self.result:
            self.result, self.comment = code, comment

    def _child_gone(self, child: BackupJob, now_ns: Nanoseconds) -> None:
        self.left -= 1
        if child.result:
            self._note(child.result, child.comment)
        self._maybe_end(now_ns)

    def _maybe_end(self, now_ns: Nanoseconds) -> None:
        if not self.left:
            self.events.push(now_ns + END_NS, self._end)

    def cancel(self, now_ns: Nanoseconds) -> None:
        """Put the children in CANCELING and wait until they are gone."""
        if self.job.status.final or self.job.status is JobStatus.CANCELING:
            return
        self.job.status = JobStatus.CANCELING
        self.revisions.touch("jobs")
        for tenant_id in self.job.executor_tenant_ids:
            self.backups[tenant_id].cancel(now_ns, SYS_TENANT_ID)

    def _end(self, now_ns: Nanoseconds) -> None:
        if self.job.status is JobStatus.CANCELING:
            self.job.finish(JobStatus.CANCELED, now_ns, OB_CANCELED)
        elif self.result:
            comment = self.comment or next(iter(self.backups.values())).failure_comment(self.job, self.result)
            self.job.finish(JobStatus.FAILED, now_ns, self.result, comment)
        else:
            self.job.finish(JobStatus.COMPLETED, now_ns)
        self.revisions.touch("jobs")
        self.events.push(now_ns + SPAWN_NS, self._to_history)

    def _to_history(self, _now_ns: Nanoseconds) -> None:
        self.sys.jobs.remove(self.job)
        self.sys.job_history.append(self.job)
        self.revisions.touch("jobs", "job_history")


def start_cluster_job(
    sys: TenantBackup, targets: Mapping[TenantId, TenantBackup], level: JobLevel, request: BackupRequest,
    now_ns: Nanoseconds, events: EventQueue, revisions: Revisions,
) -> ClusterJob:
    """Store the parent row of a backup of `targets`; the children follow in a moment."""
    job_id = sys.next_job_id()
    job = BackupJob(
        SYS_TENANT_ID, job_id, BackupSetId(0), SYS_TENANT_ID, job_id, tuple(targets), level, request, "", now_ns
    )
    sys.jobs.append(job)
    for backup in targets.values():
        backup.expected_by_sys = True
    cluster_job = ClusterJob(sys, targets, job, request, events, revisions)
    revisions.touch("jobs")
    events.push(now_ns + SPAWN_NS, cluster_job.spawn)
    return cluster_job
