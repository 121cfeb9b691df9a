"""The clean-up of one tenant: its policy, the hourly run, jobs that delete (engine.md 3.7, status-machines.md 7).

    policy --every hour--> job INIT --pass--> DOING, a task for each obsolete set and piece --> COMPLETED --> history

A task deletes what each log stream has in its set or piece, one after the other, as low-priority DAG tasks on the
server that leads the log stream; while nobody does it waits, and what a server that is gone had begun has failed. What
it works on is DELETING from its start and DELETED at its end; a row of it stays for ever. What fails is tried again,
five seconds after it was begun and as often as it takes, if the code may pass; any other code fails the task, the rest
of the tasks is cancelled and the job fails with that code (ob_backup_clean_ls_task_mgr.cpp, status-machines.md 7).
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial

from obsim.archive.tenant import TenantArchive
from obsim.backup.context import BackupServer, RunContext
from obsim.backup.failures import RETRY_NS, may_retry
from obsim.backup.job import JobStatus
from obsim.backup.set import BackupSet, FileStatus
from obsim.backup.tenant import PASS_NS, TenantBackup
from obsim.cleanup.job import DeleteJob, DeleteTask, PieceFile
from obsim.cleanup.policy import window_ns
from obsim.cleanup.selection import ActivePiece, obsolete_pieces, obsolete_sets
from obsim.destination.outcome import Intent, Outcome
from obsim.error_codes import OB_BACKUP_DELETE_BACKUP_PIECE_NOT_ALLOWED, OB_CANCELED
from obsim.errors import plain_message
from obsim.ids import JobId, LogStreamId, Nanoseconds, TaskId, TenantId
from obsim.revisions import Revisions
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import Event, EventQueue
from obsim.scheduler.priorities import HA_LOW
from obsim.units import HOUR_NS

__all__ = ["INTERVAL_NS", "CleanupContext", "TenantCleanup"]

INTERVAL_NS = HOUR_NS
"""How often a policy is looked at."""
CLEAN_NS = Nanoseconds(500_000_000)
"""Time to delete what one log stream has in one set or piece."""


@dataclass(frozen=True, slots=True)
class CleanupContext:
    """The parts of the tenant that a clean-up works with."""

    tenant_id: TenantId
    backup: TenantBackup
    archive: TenantArchive
    events: EventQueue
    revisions: Revisions
    root_address: Callable[[], str]
    """ip:port of the server that has the root service now, as COMMENT columns print it."""
    by_checkpoint: bool
    """Older builds: what counts of a piece is how far it was archived, not where it ends."""
    gone: Callable[[], bool]
    """Whether the tenant has been dropped."""
    run: RunContext
    """What the tenant's backups see: among it where its destinations lie."""
    delete_code: Callable[[LogStreamId, str], int]
    """What the next attempt to delete a log stream's part at a destination ends with, 0 where nothing is wrong."""


@dataclass(frozen=True, slots=True)
class _Work:
    """An attempt to delete what one log stream has in a set or piece."""

    job: DeleteJob
    task: DeleteTask
    server: BackupServer
    dag: DagTask


@dataclass(slots=True, eq=False, weakref_slot=True)
class TenantCleanup:
    """Numbers of jobs and tasks per tenant start at 1 and are never used again."""

    context: CleanupContext
    policy: str | None = None
    """RECOVERY_WINDOW of the policy `default`, '' where it has none; None without a policy."""
    jobs: list[DeleteJob] = field(default_factory=list)
    job_history: list[DeleteJob] = field(default_factory=list)
    _job_count: int = 0
    _task_count: int = 0
    _timer: Event | None = None
    _work: _Work | None = None
    """What is being deleted just now."""
    _retry: Event | None = None
    """The next attempt, while one waits for its time."""
    _held: tuple[DeleteJob, DeleteTask] | None = None
    """What is next, while its log stream has no leader."""
    _deleted_pieces: dict[int, int] = field(default_factory=dict)
    """How many of the first pieces of a round have been deleted."""

    def set_policy(self, window: str | None, now_ns: Nanoseconds) -> None:
        """Begin to look every hour from now on, or stop with None; a job that runs goes on."""
        if self._timer is not None:
            self.context.events.cancel(self._timer)
            self._timer = None
        self.policy = window
        if window is not None:
            self._timer = self.context.events.push(now_ns + INTERVAL_NS, self._look, background=True)

    def cancel(self, now_ns: Nanoseconds) -> None:
        """CANCEL DELETE BACKUP: the next pass ends the job; nothing to cancel is no error."""
        for job in self.jobs:
            if job.status in {JobStatus.INIT, JobStatus.DOING}:
                job.status = JobStatus.CANCELING
                self.context.revisions.touch("deletes")
                self.context.events.push(now_ns + PASS_NS, partial(self._cancelled, job))

    def drop(self, now_ns: Nanoseconds) -> None:
        """The tenant goes, and its jobs with it: they neither fail nor end."""
        self.set_policy(None, now_ns)
        self._stop_work(now_ns)
        for job in self.jobs:
            job.status = JobStatus.CANCELED

    def _stop_work(self, now_ns: Nanoseconds) -> None:
        self._held = None
        if self._work is not None:
            self._work.server.dispatcher.cancel(self._work.dag, now_ns)
            self._work = None
        if self._retry is not None:
            self.context.events.cancel(self._retry)
            self._retry = None

    def _look(self, now_ns: Nanoseconds) -> None:
        """The hourly run: a job for the current destination unless the last one still works."""
        self._timer = None
        window = window_ns(self.policy or "")
        if self.policy is None or window is None or self.context.gone():
            return
        self._timer = self.context.events.push(now_ns + INTERVAL_NS, self._look, background=True)
        if self.jobs or not self.context.backup.path:
            return
        self._job_count += 1
        expired_ns = Nanoseconds(max(now_ns - window, 0))
        job = DeleteJob(self.context.tenant_id, JobId(self._job_count), expired_ns, now_ns)
        self.jobs.append(job)
        self.context.revisions.touch("deletes")
        self.context.events.push(now_ns + PASS_NS, partial(self._first_pass, job))

    def _first_pass(self, job: DeleteJob, now_ns: Nanoseconds) -> None:
        """Choose what goes and make the tasks; with nothing to remove the job is over."""
        if job.status is not JobStatus.INIT:
            return
        context = self.context
        found = obsolete_sets(list(context.backup.sets.values()), context.backup.path, job.expired_ns)
        targets: list[BackupSet | PieceFile] = list(found.sets)
        if found.clean_point is not None:
            try:
                targets += self._obsolete_pieces(found.clean_point, now_ns)
            except ActivePiece:
                self._end(job, JobStatus.FAILED, now_ns, OB_BACKUP_DELETE_BACKUP_PIECE_NOT_ALLOWED)
                return
        streams = tuple(context.archive.storage.log_stream_ids)
        for target in targets:
            self._task_count += 1
            job.tasks.append(DeleteTask(TaskId(self._task_count), job.job_id, target, streams, now_ns))
        job.status = JobStatus.DOING
        context.revisions.touch("deletes")
        self._next_task(job, now_ns)

    def _obsolete_pieces(self, clean_point: BackupSet, now_ns: Nanoseconds) -> list[PieceFile]:
        """The pieces at the present archive destination that the clean point does not need."""
        archive = self.context.archive
        found: list[PieceFile] = []
        for current in archive.rounds():
            if current.dest_id != archive.dest_id:
                continue
            pieces = archive.pieces(current, now_ns, self._deleted_pieces.get(current.round_id, 0))
            going = obsolete_pieces(pieces, clean_point.start_replay_scn, by_checkpoint=self.context.by_checkpoint)
            count = len(found)
            found += (PieceFile(current, piece) for piece in going)
            if len(found) - count < len(pieces):
                break  # later rounds hold later log
        return found

    def _next_task(self, job: DeleteJob, now_ns: Nanoseconds) -> None:
        task = next((t for t in job.tasks if t.status is JobStatus.INIT), None)
        if task is None:
            self._end(job, JobStatus.COMPLETED, now_ns)
            return
        task.status = JobStatus.DOING
        self._mark(task, FileStatus.DELETING)
        self._next_stream(job, task, now_ns)

    def _next_stream(self, job: DeleteJob, task: DeleteTask, now_ns: Nanoseconds) -> None:
        """Delete the next log stream's part, or end the task after the last one."""
        self._work = self._retry = self._held = None
        self.context.revisions.touch("deletes")
        if task.finished_count < len(task.log_streams):
            self._begin(job, task, now_ns)
            return
        self._remove(task, partial(self._removed, job, task, now_ns))

    def _begin(self, job: DeleteJob, task: DeleteTask, now_ns: Nanoseconds) -> None:
        """Have the leader of the next log stream delete its part, as soon as it has one."""
        stream = task.log_streams[task.finished_count]
        server = self.context.run.settings.leader(stream)
        if server is None:
            self._held = job, task
            return
        task.attempt_ns = now_ns
        dag = DagTask("BACKUP_CLEAN", HA_LOW, CLEAN_NS, self._stream_done, log_stream_id=stream)
        self._work = _Work(job, task, server, dag)
        server.dispatcher.submit(dag, now_ns)

    def servers_changed(self, now_ns: Nanoseconds) -> None:
        """There may be a leader again for what waits for one."""
        if self._held is not None:
            self._next_stream(*self._held, now_ns)

    def server_lost(
        self, address: str, code: int, now_ns: Nanoseconds, led: AbstractSet[LogStreamId] | None = None
    ) -> None:
        """A server is gone, or leads some log streams no more: what it was deleting (for these) has failed."""
        work = self._work
        its = work is not None and (led is None or work.dag.log_stream_id in led)
        if work is not None and its and work.server.address == address:
            work.server.dispatcher.cancel(work.dag, now_ns)
            self._failed(work, code, now_ns)

    def _remove(self, task: DeleteTask, then: Callable[[Outcome], None]) -> None:
        """Let a set or a piece go from its destination; in memory there is nothing to be removed."""
        run, target = self.context.run, task.target
        dest_id = target.dest_id if isinstance(target, BackupSet) else target.archive_round.dest_id
        if run.outside.reaches(run.settings.place(dest_id)):
            run.outside.order(_removal(run, target), then)
        else:
            then(Outcome())

    def _removed(self, job: DeleteJob, task: DeleteTask, now_ns: Nanoseconds, outcome: Outcome) -> None:
        """What was to be deleted is gone, or it cannot be: then the job fails."""
        if outcome.code:
            self._fail(job, task, now_ns, outcome.code)
            return
        self._mark(task, FileStatus.DELETED)
        task.end(JobStatus.COMPLETED, now_ns)
        self._next_task(job, now_ns)

    def _stream_done(self, now_ns: Nanoseconds) -> None:
        work = self._work
        assert work is not None, "what is over has been begun"
        code = self.context.delete_code(work.dag.log_stream_id, work.task.path)
        if code:
            self._failed(work, code, now_ns)
        else:
            work.task.finished_count += 1
            self._next_stream(work.job, work.task, now_ns)

    def _failed(self, work: _Work, code: int, now_ns: Nanoseconds) -> None:
        """An attempt has failed: there will be another one, or it is the end of all."""
        self._work = None
        if may_retry(code):
            again_ns = max(now_ns, work.task.attempt_ns + RETRY_NS)
            self._retry = self.context.events.push(again_ns, partial(self._next_stream, work.job, work.task))
        else:
            where = f"(SERVER)ls_id: {work.dag.log_stream_id}, addr: {work.server.address}, module: BACKUP_CLEAN"
            self._fail(work.job, work.task, now_ns, code, where)

    def _fail(self, job: DeleteJob, task: DeleteTask, now_ns: Nanoseconds, code: int, where: str = "") -> None:
        """One task cannot go on: neither can the others."""
        task.end(JobStatus.FAILED, now_ns, code)
        self._cancel_tasks(job, now_ns)
        self._end(job, JobStatus.FAILED, now_ns, code, where)

    def _cancel_tasks(self, job: DeleteJob, now_ns: Nanoseconds) -> None:
        for task in job.tasks:
            if not task.status.final:
                task.end(JobStatus.CANCELED, now_ns, OB_CANCELED)

    def _mark(self, task: DeleteTask, status: FileStatus) -> None:
        """Write the file status of what a task deletes."""
        match task.target:
            case BackupSet() as backup_set:
                backup_set.file_status = status
                self.context.revisions.touch("sets")
            case PieceFile() as piece:
                self.context.archive.mark_piece(piece.archive_round, piece.piece, status)
                if status is FileStatus.DELETED:
                    round_id = piece.archive_round.round_id
                    self._deleted_pieces[round_id] = self._deleted_pieces.get(round_id, 0) + 1

    def _cancelled(self, job: DeleteJob, now_ns: Nanoseconds) -> None:
        self._stop_work(now_ns)
        self._cancel_tasks(job, now_ns)
        self._end(job, JobStatus.CANCELED, now_ns, OB_CANCELED)

    def _end(
        self, job: DeleteJob, status: JobStatus, now_ns: Nanoseconds, result: int = 0, where: str = ""
    ) -> None:
        comment = ""
        if status is JobStatus.FAILED:
            trace = f"Y{job.tenant_id:X}-{job.job_id:016X}-0-0"
            where = where or f"(ROOTSERVICE)addr: {self.context.root_address()}"
            comment = f"{where}, result: {result}({plain_message(result)}), trace_id: {trace}"
        job.end(status, now_ns, result, comment)
        self.context.revisions.touch("deletes")
        self.context.events.push(now_ns + PASS_NS, partial(self._to_history, job))

    def _to_history(self, job: DeleteJob, _now_ns: Nanoseconds) -> None:
        self.jobs.remove(job)
        self.job_history.append(job)
        self.context.revisions.touch("deletes", "delete_history")


def _removal(run: RunContext, target: BackupSet | PieceFile) -> Intent:
    from obsim.archive import written as pieces  # noqa: PLC0415 - for destinations on media alone
    from obsim.backup import written as sets  # noqa: PLC0415

    if isinstance(target, BackupSet):
        return sets.removal_of(run, target)
    place = run.settings.place(target.archive_round.dest_id)
    return pieces.removal_of(run.layout, place, target.archive_round, target.piece)
