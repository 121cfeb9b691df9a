"""The backup side of one tenant: destination, counters, jobs, tasks, sets, and the order they run in."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial

from pyroaring import BitMap64

from obsim.backup.chain import Lineage, crosses_versions, lineage_of
from obsim.backup.context import RunContext
from obsim.backup.failures import job_comment
from obsim.backup.flow import begin_stage
from obsim.backup.job import BackupJob, BackupRequest, BackupType, JobLevel, JobStatus
from obsim.backup.run import BackupRun
from obsim.backup.set import BackupSet, FileStatus
from obsim.backup.task import SetTask
from obsim.ids import BackupSetId, JobId, LogStreamId, Nanoseconds, TaskId, TenantId
from obsim.versions import IncrementalBase, VersionChange

__all__ = ["PASS_NS", "TenantBackup"]

PASS_NS = 200_000_000
"""The job scheduler looks at a new or ended job after this time."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class TenantBackup:
    """Numbers per tenant start at 1 and are never used again (status-machines.md 1)."""

    tenant_id: TenantId
    context: RunContext | None
    """None for sys, which only has parent jobs."""
    rule: IncrementalBase
    path: str = ""
    """PATH of data_backup_dest, '' while none is set."""
    dest_id: int = 0
    shown_dest: str = ""
    """VALUE of OB_BACKUP_PARAMETER: the destination without its keys."""
    expected_by_sys: bool = False
    """A parent job has been accepted and will insert a job here in a moment: counts as its job already."""
    jobs: list[BackupJob] = field(default_factory=list)
    job_history: list[BackupJob] = field(default_factory=list)
    tasks: list[SetTask] = field(default_factory=list)
    task_history: list[SetTask] = field(default_factory=list)
    sets: dict[BackupSetId, BackupSet] = field(default_factory=dict)
    run: BackupRun | None = None
    dropped: bool = False
    """The tenant is gone."""
    _job_count: int = 0
    _set_count: int = 0
    _task_count: int = 0
    _runs: dict[JobId, BackupRun] = field(default_factory=dict)
    _watched: dict[JobId, Callable[[BackupJob, Nanoseconds], None]] = field(default_factory=dict)
    """Who wants to know when a job has left the job table."""
    _waiting: list[BackupRun] = field(default_factory=list)
    _live: BitMap64 = field(default_factory=BitMap64)

    def next_job_id(self) -> JobId:
        """Take the next job number."""
        self._job_count += 1
        return JobId(self._job_count)

    def next_task_id(self) -> TaskId:
        """Take the next task number."""
        self._task_count += 1
        return TaskId(self._task_count)

    def has_job_of(self, initiator: TenantId) -> bool:
        """Whether a job started by `initiator` stands in the job table; one that is being cancelled counts."""
        return any(j.initiator_tenant_id == initiator for j in self.jobs)

    def accept(
        self, request: BackupRequest, now_ns: Nanoseconds, initiator: TenantId, initiator_job_id: JobId,
        on_gone: Callable[[BackupJob, Nanoseconds], None] | None = None,
    ) -> BackupJob:
        """Store a job of this tenant and let it run when its turn comes; the caller has made the checks.

        `on_gone` is called when the job has left the job table.
        """
        self._set_count += 1
        lineage = self._lineage(request.backup_type)
        stored = BackupRequest(
            lineage.backup_type, request.plus_archivelog, request.description, request.encryption_mode, request.passwd
        )
        job = BackupJob(
            self.tenant_id, self.next_job_id(), BackupSetId(self._set_count), initiator, initiator_job_id,
            (self.tenant_id,), JobLevel.USER_TENANT, stored, self.path, now_ns,
        )
        self.jobs.append(job)
        context = self._context()
        context.revisions.touch("jobs")
        if on_gone is not None:
            self._watched[job.job_id] = on_gone
        run = self._runs[job.job_id] = BackupRun(
            self, context, job, lineage, self._ended, begin_stage
        )
        context.events.push(now_ns + PASS_NS, partial(self._first_pass, run))
        return job

    def failure_comment(self, job: BackupJob, code: int) -> str:
        """COMMENT of `job`, here or in sys, that failed because of this tenant."""
        return job_comment(self._context().root_server, job, code)

    def refusal(self, request: BackupRequest) -> str:
        """Why the job scheduler refuses a job of this tenant with 9040, '' if it does not (statements.md)."""
        context = self._context()
        if not context.profile.upgrade_mode_refuses or not context.settings.upgrading:
            return self._version_refusal(request)
        return "cluster upgrading"

    def _version_refusal(self, request: BackupRequest) -> str:
        context = self._context()
        if request.backup_type is BackupType.FULL or context.profile.on_version_change is VersionChange.CONVERT:
            return ""
        before = crosses_versions(self.sets.values(), self.path, context.settings.data_version)
        if before is None:
            return ""
        return (
            "cross compatible incremental backup is not supported, previous backup set compatible is "
            f"{before.tenant_compatible}, current compatible is {context.settings.data_version}"
        )

    def _lineage(self, asked: BackupType) -> Lineage:
        context = self._context()
        return lineage_of(
            asked, self.sets.values(), self.path, self.rule, context.settings.data_version,
            context.profile.on_version_change,
        )  # fmt: skip

    def would_convert(self) -> bool:
        """Whether an increment accepted now would silently become full."""
        return self._lineage(BackupType.INC).backup_type is BackupType.FULL

    def base_now(self) -> BackupSet | None:
        """The set whose index an increment started now would use; None when it would be full."""
        base_id = self._lineage(BackupType.INC).base_id if self.context is not None else None
        return self.sets[base_id] if base_id else None

    def cancel(self, now_ns: Nanoseconds, initiator: TenantId | None = None) -> None:
        """Cancel the unfinished jobs, or those of one initiator; nothing to cancel is no error.

        A job whose set has ended is past cancelling, even if its own row follows only a moment later.
        """
        for job in self.jobs:
            run = self._runs.get(job.job_id)
            if initiator not in {None, job.initiator_tenant_id}:
                continue
            if run is None or run.ended or job.status is JobStatus.CANCELING:
                continue
            job.status = JobStatus.CANCELING
            context = self._context()
            context.revisions.touch("jobs")
            context.events.push(now_ns + PASS_NS, run.cancel)

    def archive_changed(self, now_ns: Nanoseconds) -> None:
        """Let the next pass of a running job look at the archive round again."""
        if self.run is not None:
            self._context().events.push(now_ns + PASS_NS, self.run.archive_pass)

    def servers_changed(self, now_ns: Nanoseconds) -> None:
        """Let the log streams that wait look for a server again: there are others now."""
        if self.run is None:
            return
        self.run.make_held_passes(now_ns)
        if self.run is not None and self.run.tasks is not None:
            self.run.tasks.look_again(now_ns)

    def server_lost(
        self, address: str, code: int, now_ns: Nanoseconds, led: AbstractSet[LogStreamId] | None = None
    ) -> None:
        """A server is gone, or leads some log streams no more: its work (for these) has failed with `code`."""
        if self.run is not None and self.run.tasks is not None:
            self.run.tasks.server_lost(address, code, now_ns, led)

    def leader_changed(self) -> None:
        """The system log stream has another leader: another server makes the passes of the running job."""
        if self.run is not None:
            self.run.leader_changed = True

    def forget_destinations(self, dest_ids: AbstractSet[int]) -> None:
        """A path was set anew after it had been emptied: the sets that lay there are DELETED (engine.md 2.4)."""
        for backup_set in self.sets.values():
            if backup_set.dest_id in dest_ids:
                backup_set.file_status = FileStatus.DELETED
                self._context().revisions.touch("sets")

    def share(self, live: BitMap64) -> BitMap64:
        """`live`, or the equal bitmap that an earlier set has: a baseline that only changes in place is kept once."""
        if self._live != live:
            self._live = live
        return self._live

    def _context(self) -> RunContext:
        assert self.context is not None, "the sys tenant has no jobs of its own"
        return self.context

    def _first_pass(self, run: BackupRun, now_ns: Nanoseconds) -> None:
        """Start a job, or let it wait while another one of this tenant runs: jobs of two initiators take turns."""
        if run.ended:
            return
        if self.run is None:
            self.run = run
            run.start(now_ns)
        else:
            self._waiting.append(run)

    def drop(self, now_ns: Nanoseconds) -> None:
        """The tenant goes, and its jobs with it: they neither fail nor end, and their parents count on without them."""
        self.dropped = True
        for run in self._runs.values():
            run.abandon(now_ns)
        for job in self.jobs:
            watcher = self._watched.pop(job.job_id, None)
            if watcher is not None:
                watcher(job, now_ns)

    def _ended(self, run: BackupRun, now_ns: Nanoseconds) -> None:
        """The job has a final state: move it to history at the next pass and let the next one run."""
        if self.dropped:
            return
        events = self._context().events
        events.push(now_ns + PASS_NS // 2, partial(self._to_history, run.job))
        del self._runs[run.job.job_id]
        if self.run is not run:
            self._waiting = [w for w in self._waiting if w is not run]
            return
        self.run = None
        if self._waiting:
            events.push(now_ns + PASS_NS, partial(self._first_pass, self._waiting.pop(0)))

    def _to_history(self, job: BackupJob, now_ns: Nanoseconds) -> None:
        self.jobs.remove(job)
        self.job_history.append(job)
        self._context().revisions.touch("jobs", "job_history")
        watcher = self._watched.pop(job.job_id, None)
        if watcher is not None:
            watcher(job, now_ns)
