"""One tenant's backup job from INIT to its end (engine.md 3.3, 3.5, 3.6).

A stage goes through its log streams (`LogStreamTasks`), each worked at by a server (`stages`), and hands over to the
next stage. Between stages, and whenever archiving changes, a pass looks at the job. Whatever goes wrong ends in
`fail`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from obsim.backup.chain import Lineage
from obsim.backup.context import RunContext
from obsim.backup.failures import PASS_RETRIES_MAX, RETRY_NS, job_comment, may_retry, stream_comment
from obsim.backup.job import BackupJob, JobStatus
from obsim.backup.log_streams import LogStreamTask, LogStreamTasks, StageWork
from obsim.backup.progress import CopyProgress
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.backup.stages import Retries
from obsim.backup.task import SetTask
from obsim.destination.outcome import Outcome
from obsim.error_codes import (
    OB_BACKUP_CAN_NOT_START,
    OB_CANCELED,
    OB_LOG_ARCHIVE_INTERRUPTED,
    OB_LOG_ARCHIVE_NOT_RUNNING,
    OB_VERSION_NOT_MATCH,
)
from obsim.ids import LogStreamId, Nanoseconds, Scn, us_floor
from obsim.storage.picture import Snapshot
from obsim.storage.tablet import Tablet
from obsim.storage.tenant import INNER_TABLET_COUNT
from obsim.units import MS_NS

if TYPE_CHECKING:
    from obsim.backup.tenant import TenantBackup

__all__ = ["BackupRun"]

FIRST_STAGE_NS = 100 * MS_NS
JOB_AFTER_TASK_NS = 10 * MS_NS
"""END_TIMESTAMP of a job is that much after its task's (samples.md)."""


@dataclass(slots=True, eq=False)
class BackupRun:
    """The work behind one job. `task` is None while the job is in INIT."""

    tenant: "TenantBackup"
    context: RunContext
    job: BackupJob
    lineage: Lineage
    on_end: Callable[["BackupRun", Nanoseconds], None]
    begin_stage: Callable[["BackupRun", str, Nanoseconds], None]
    """Does what a stage does: `flow.begin_stage`."""
    task: SetTask | None = None
    snapshot: Snapshot | None = None
    placed: dict[LogStreamId, list[Tablet]] = field(default_factory=dict)
    """Where the tablets were at the snapshot."""
    tasks: LogStreamTasks | None = None
    """The log streams of the stage in work, None between stages."""
    ended: bool = False
    _stages: list[str] = field(default_factory=list)
    retries: Retries = field(default_factory=Retries)
    _pass_count: int = 0
    """Passes that failed and are tried again."""
    leader_changed: bool = False
    """Since the last pass."""
    _held: list[Callable[[Nanoseconds], None]] = field(default_factory=list)
    """Passes that nobody can make before the tenant has a leader."""

    @property
    def set_task(self) -> SetTask:
        """The task, for whatever happens after INIT."""
        assert self.task is not None
        return self.task

    @property
    def taken(self) -> Snapshot:
        """The snapshot, for the stages after it was taken."""
        assert self.snapshot is not None
        return self.snapshot

    @property
    def start_replay_scn(self) -> Scn:
        """What a restore of the set replays the log from (engine.md 4.4)."""
        return max(min(self.set_task.start_scn, self.taken.checkpoint_scn), self.context.archive.start_scn)

    @property
    def at_work(self) -> bool:
        """Whether the job goes on: it has not ended and is not being cancelled."""
        return not self.ended and self.job.status in {JobStatus.INIT, JobStatus.DOING}

    def log_stream_tasks(self) -> list[LogStreamTask]:
        """The log streams in work and those that wait; none in stages that do not go by log stream."""
        tasks = self.tasks
        return [*tasks.working, *tasks.waiting] if tasks is not None and tasks.work.listed else []

    # Passes.

    def start(self, now_ns: Nanoseconds) -> None:
        """Leave INIT: check archive and destination, then insert task and set and begin the first stage."""
        if not self.at_work or self._put_off(self.start, now_ns):
            return
        if self.check_archive(now_ns) or not self._may_pass("INIT", self.start, now_ns):
            return
        fault = self.context.settings.format_fault
        if fault:
            self.fail(fault, now_ns)
            return
        settings, outside = self.context.settings, self.context.outside
        if outside.reaches(settings.place(self.tenant.dest_id)):
            outside.order(settings.check(self.tenant.dest_id), partial(self._checked, now_ns))
        else:
            self._checked(now_ns, Outcome())

    def _checked(self, now_ns: Nanoseconds, outcome: Outcome) -> None:
        """The destination has been looked at: insert task and set, and say there that a set begins."""
        if not self.at_work:
            return
        if outcome.code:
            self.fail(outcome.code, now_ns)
            return
        job, context = self.job, self.context
        backup_set = self._new_set()
        progress = CopyProgress(len(context.storage.tablets), INNER_TABLET_COUNT, len(context.storage.log_stream_ids))
        self.task = SetTask(self.tenant.next_task_id(), job, backup_set, Scn(us_floor(now_ns)), progress)
        self.tenant.tasks.append(self.task)
        self.tenant.sets[job.backup_set_id] = backup_set
        job.status = JobStatus.DOING
        self._stages = list(context.profile.task_stages)
        context.revisions.touch("jobs", "tasks", "set_at_work")
        self._write("start", partial(self._begun, now_ns))

    def _begun(self, now_ns: Nanoseconds, outcome: Outcome) -> None:
        if outcome.code:
            self.fail(outcome.code, now_ns)
        else:
            self.context.events.push(now_ns + FIRST_STAGE_NS, self.next_stage)

    def _write(self, part: str, then: Callable[[Outcome], None]) -> None:
        """Write a part of the set, one of `written.WRITINGS`; in memory there is nothing to be written."""
        context, backup_set = self.context, self.set_task.backup_set
        if not context.outside.reaches(context.settings.place(backup_set.dest_id)):
            then(Outcome())
            return
        from obsim.backup.written import WRITINGS  # noqa: PLC0415 - for destinations on media alone

        context.outside.order(WRITINGS[part](context, backup_set, self.tenant.sets), then)

    def _new_set(self) -> BackupSet:
        job, request, profile, lineage = self.job, self.job.request, self.context.profile, self.lineage
        return BackupSet(
            job.tenant_id, job.backup_set_id, self.tenant.dest_id, job.path, lineage.backup_type, lineage.prev_full_id,
            lineage.prev_inc_id, lineage.base_id, job.start_ns, request.plus_archivelog, request.encryption_mode,
            request.passwd, self.context.settings.data_version, str(profile.version),
            data_turn_id=0 if profile.turns_split else 1,
        )  # fmt: skip

    def next_stage(self, now_ns: Nanoseconds) -> None:
        """A pass after a stage has ended: begin the next one, or complete the job."""
        if not self.at_work or self._put_off(self.next_stage, now_ns) or self.check_archive(now_ns):
            return
        stage = self._stages[0] if self._stages else "COMPLETED"
        if self._stopped_by_upgrade(now_ns) or not self._may_pass(stage, self.next_stage, now_ns):
            return
        if not self._stages:
            self.context.archive.bring(now_ns, partial(self._complete, now_ns))
            return
        self.set_task.status = self._stages.pop(0)
        self.context.revisions.touch("tasks")
        self.begin_stage(self, stage, now_ns)

    def _may_pass(self, stage: str, again: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> bool:
        """Whether the pass succeeds; one that does not is made `again` in a moment, or fails the job."""
        code = self.context.outcomes.of(self.job, stage, LogStreamId(0), self.context.root_server, self._pass_count)
        if not code:
            self._pass_count = 0
            return True
        self._pass_count += 1
        if may_retry(code) and self._pass_count <= PASS_RETRIES_MAX:
            self.context.events.push(now_ns + RETRY_NS, again)
        else:
            self.fail(code, now_ns)
        return False

    def _put_off(self, again: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> bool:
        """Whether a pass is made later: when there is a leader, or in a moment because it is another one.

        A pass that a change of leaders has broken off is made again and not counted (engine.md 3.5).
        """
        if not self.context.settings.led:
            self._held.append(again)
        elif self.leader_changed:
            self.context.events.push(now_ns + RETRY_NS, again)
        else:
            return False
        self.leader_changed = False
        return True

    def make_held_passes(self, now_ns: Nanoseconds) -> None:
        """There may be a leader again."""
        held, self._held = self._held, []
        for again in held:
            again(now_ns)

    def _stopped_by_upgrade(self, now_ns: Nanoseconds) -> bool:
        if self.context.profile.upgrade_mode_refuses and self.context.settings.upgrading:
            self.fail(OB_BACKUP_CAN_NOT_START, now_ns)
        return self.ended

    def archive_pass(self, now_ns: Nanoseconds) -> None:
        """A pass of the scheduler that looks at the archive round."""
        self.check_archive(now_ns)

    def check_archive(self, now_ns: Nanoseconds) -> bool:
        """Fail the job if archiving no longer goes on; returns whether it has ended."""
        if self.ended:
            return True
        archive = self.context.archive
        if archive.doing or not self.at_work:
            return False
        self.fail(OB_LOG_ARCHIVE_INTERRUPTED if archive.interrupted else OB_LOG_ARCHIVE_NOT_RUNNING, now_ns)
        return True

    def each(
        self, work: StageWork, streams: Iterable[LogStreamId], done: Callable[[Nanoseconds], None],
        now_ns: Nanoseconds, turn_id: int = 1,
    ) -> None:
        """Let servers work at log streams and go on when the last one is done."""
        self.tasks = LogStreamTasks(
            self.context, self.job, work, partial(self._each_done, done), self._stream_failed
        )
        self.tasks.begin(streams, now_ns, turn_id)

    def _each_done(self, done: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        self.tasks = None
        done(now_ns)

    def _stream_failed(self, task: LogStreamTask, code: int, now_ns: Nanoseconds) -> None:
        if not self.at_work:  # CANCELING: the next pass ends the job as CANCELED, whatever its work comes to
            self._drop_tasks(now_ns)
            return
        server = task.server.address if task.server is not None else self.context.root_server
        self.fail(code, now_ns, stream_comment(server, self.job, task.log_stream_id, code))

    # Ends.

    def _complete(self, now_ns: Nanoseconds) -> None:
        """All stages are over, and the log is where it is archived: without it the set could not be restored."""
        if not self.at_work or self.check_archive(now_ns):
            return
        task, snapshot = self.set_task, self.taken
        backup_set, archive = task.backup_set, self.context.archive
        if archive.start_scn > task.start_scn:
            self.fail(OB_LOG_ARCHIVE_INTERRUPTED, now_ns)
            return
        if backup_set.tenant_compatible != self.context.settings.data_version:
            self.fail(OB_VERSION_NOT_MATCH, now_ns)
            return
        self._write_end(task, "COMPLETED", now_ns)
        backup_set.status, backup_set.file_status = SetStatus.SUCCESS, FileStatus.AVAILABLE
        backup_set.consistent_scn = snapshot.scn
        backup_set.start_replay_scn = self.start_replay_scn
        self._write("whole", partial(self._written, now_ns))

    def _written(self, now_ns: Nanoseconds, outcome: Outcome) -> None:
        """The set is at its destination, or could not be written: then it has failed."""
        if outcome.code:
            backup_set = self.set_task.backup_set
            backup_set.consistent_scn = backup_set.start_replay_scn = Scn(0)
            self.fail(outcome.code, now_ns)
        else:
            self._close(JobStatus.COMPLETED, now_ns)

    def fail(self, code: int, now_ns: Nanoseconds, comment: str = "") -> None:
        """End the job, its task and its set as FAILED with `code`."""
        comment = comment or job_comment(self.context.root_server, self.job, code)
        self._abort("FAILED", code, comment, now_ns)
        self._close(JobStatus.FAILED, now_ns, code, comment)

    def cancel(self, now_ns: Nanoseconds) -> None:
        """The pass after CANCEL BACKUP: stop all work; the next pass ends the job. In INIT there is nothing to stop."""
        if self.ended:
            return
        if self.task is None:
            self._end_job(JobStatus.CANCELED, now_ns, OB_CANCELED)
            return
        self._drop_tasks(now_ns)
        self.task.status = "CANCELING"
        self.context.revisions.touch("tasks")
        self.context.events.push(now_ns + FIRST_STAGE_NS, self._cancelled)

    def abandon(self, now_ns: Nanoseconds) -> None:
        """The tenant is gone: all work stops and nobody will read how it ended."""
        self.ended = True
        self._drop_tasks(now_ns)

    def _cancelled(self, now_ns: Nanoseconds) -> None:
        if not self.ended:
            self._abort("CANCELED", OB_CANCELED, "", now_ns)
            self._close(JobStatus.CANCELED, now_ns, OB_CANCELED)

    def _abort(self, status: str, code: int, comment: str, now_ns: Nanoseconds) -> None:
        """Write the end of task and set of a job that did not succeed."""
        self._drop_tasks(now_ns)
        if self.task is None:
            return
        backup_set, complete = self.task.backup_set, self.task.progress.complete_counts()
        if backup_set.content is not None:
            backup_set.content.files = [replace(f, cut=f.cut.first_files(count)) for f, count in complete.items()]
        self._write_end(self.task, status, now_ns, code, comment)
        backup_set.status, backup_set.file_status = SetStatus.FAILED, FileStatus.INCOMPLETE
        self._write("whole", lambda _outcome: None)

    def _write_end(self, task: SetTask, status: str, now_ns: Nanoseconds, code: int = 0, comment: str = "") -> None:
        """What task and set have in common at their end: counts are written once, from what was done by then."""
        backup_set = task.backup_set
        task.status, task.end_ns, task.result, task.comment = status, now_ns, code, comment
        backup_set.end_ns, backup_set.result, backup_set.comment = now_ns, code, comment
        task.final_counters = backup_set.counters = task.progress.counters(now_ns)
        backup_set.min_restore_scn = task.end_scn

    def _drop_tasks(self, now_ns: Nanoseconds) -> None:
        if self.tasks is not None:
            self.tasks.drop(now_ns)
            self.tasks = None

    def _close(self, status: JobStatus, now_ns: Nanoseconds, result: int = 0, comment: str = "") -> None:
        """Task and set have ended; the job follows a moment later."""
        self.ended = True
        if self.task is not None:
            self.task.progress.forget_work()
        self.context.revisions.touch("jobs", "tasks", "set_at_work")
        if self.task is None:
            self._end_job(status, now_ns, result, comment)
        else:
            at_ns = now_ns + JOB_AFTER_TASK_NS
            self.context.events.push(at_ns, partial(self._end_job, status, result=result, comment=comment))

    def _end_job(self, status: JobStatus, now_ns: Nanoseconds, result: int = 0, comment: str = "") -> None:
        self.ended = True
        self.job.finish(status, now_ns, result, comment)
        if self.task is not None:
            self.tenant.tasks.remove(self.task)
            self.tenant.task_history.append(self.task)
        self.context.revisions.touch("jobs", "tasks", "task_history")
        self.on_end(self, now_ns)

