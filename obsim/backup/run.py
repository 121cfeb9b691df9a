"""One tenant's backup job from INIT to its end (engine.md 3.3, 3.5, 3.6).

Each stage is a list of log streams, handled one after the other; a log stream is a chain of DAG tasks in the queue of
low-priority tasks. When the last one ends the next stage begins. Whatever goes wrong ends in `_fail`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pyroaring import BitMap64

from obsim.backup.chain import Lineage
from obsim.backup.job import BackupJob, BackupType, JobStatus
from obsim.backup.progress import COPY_BLOCK_NS, CopyPlan, CopyProgress, split_blocks
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.backup.task import SetTask
from obsim.errors import plain_message
from obsim.ids import LogStreamId, Nanoseconds, Scn, TabletId, us_floor
from obsim.revisions import Revisions
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import HA_LOW
from obsim.storage.tenant import INNER_TABLET_COUNT, Snapshot, TenantStorage
from obsim.versions import VersionProfile

if TYPE_CHECKING:
    from obsim.backup.tenant import TenantBackup

__all__ = ["ArchiveFacts", "BackupRun", "LogStreamTask", "RunContext", "failure_comment", "trace_id"]

CANCELED = -4072
BASE_MISSING = -9011
SYS_LOG_STREAM_ID = LogStreamId(1)
ROUND_INTERRUPTED = -9027
ROUND_NOT_RUNNING = -9029
_MS = 1_000_000
FIRST_STAGE_NS = 100 * _MS
SYS_META_NS = 800 * _MS
WAIT_SCN_NS = 300 * _MS
"""From the system log stream's metadata to the moment all log streams have passed its checkpoint."""
LOG_STREAM_META_NS = 700 * _MS
META_FINISH_NS = 600 * _MS
INNER_DATA_NS = 400 * _MS
PREPARE_NS = 100 * _MS
REBUILD_INDEX_NS = 300 * _MS
LOG_NS = 400 * _MS
COMPLEMENT_LOG_NS = 800 * _MS
JOB_AFTER_TASK_NS = 10 * _MS
"""END_TIMESTAMP of a job is that much after its task's (samples.md)."""


class ArchiveFacts(Protocol):
    """What a backup asks of the tenant's log archive."""

    @property
    def doing(self) -> bool:
        """Whether the current round is in state DOING."""

    @property
    def interrupted(self) -> bool:
        """Whether the current round is in state INTERRUPTED."""

    @property
    def start_scn(self) -> Scn:
        """START_SCN of the current round."""

    def checkpoint_after(self, scn: Scn) -> Nanoseconds:
        """The moment at which the checkpoint will have passed `scn`."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """The parts of the tenant that a backup works with."""

    profile: VersionProfile
    storage: TenantStorage
    archive: ArchiveFacts
    dispatcher: Dispatcher
    events: EventQueue
    revisions: Revisions
    server: str
    """ip:port as COMMENT columns print it."""


def trace_id(job: BackupJob) -> str:
    """The trace id of a job's work: made of the job's numbers."""
    return f"Y{job.tenant_id:X}-{job.job_id:016X}-0-0"


def failure_comment(server: str, job: BackupJob, code: int) -> str:
    """COMMENT of a job that failed."""
    return f"(ROOTSERVICE)addr: {server}, result: {code}({plain_message(code)}), trace_id: {trace_id(job)}"


@dataclass(frozen=True, slots=True)
class LogStreamTask:
    """What the stage in work has to do for one log stream: a row of `__all_virtual_backup_schedule_task`."""

    log_stream_id: LogStreamId
    generated_ns: Nanoseconds
    scheduled_ns: Nanoseconds
    """0 while it waits for the server, which has one in work at a time (engine.md 3.4)."""


@dataclass(slots=True, eq=False)
class BackupRun:
    """The work behind one job. `task` is None while the job is in INIT."""

    tenant: "TenantBackup"
    context: RunContext
    job: BackupJob
    lineage: Lineage
    on_end: Callable[["BackupRun", Nanoseconds], None]
    task: SetTask | None = None
    snapshot: Snapshot | None = None
    live_tasks: list[DagTask] = field(default_factory=list)
    ended: bool = False
    _stages: list[str] = field(default_factory=list)
    _streams: list[LogStreamId] = field(default_factory=list)
    """Log streams that wait for their turn in the stage in work."""
    _stream_in_work: LogStreamTask | None = None
    _generated_ns: Nanoseconds = Nanoseconds(0)

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

    def log_stream_tasks(self) -> list[LogStreamTask]:
        """The log stream in work and those that wait; none in stages that do not go by log stream."""
        waiting = [LogStreamTask(stream, self._generated_ns, Nanoseconds(0)) for stream in self._streams]
        return [*([self._stream_in_work] if self._stream_in_work else []), *waiting]

    def start(self, now_ns: Nanoseconds) -> None:
        """Leave INIT: check the archive, then insert task and set and begin the first stage."""
        if self.ended or self.job.status is JobStatus.CANCELING or self.check_archive(now_ns):
            return
        job, context = self.job, self.context
        scn = Scn(us_floor(now_ns))
        backup_set = self._new_set()
        progress = CopyProgress(len(context.storage.tablets), INNER_TABLET_COUNT, len(context.storage.log_stream_ids))
        self.task = SetTask(self.tenant.next_task_id(), job, backup_set, scn, progress)
        self.tenant.tasks.append(self.task)
        self.tenant.sets[job.backup_set_id] = backup_set
        job.status = JobStatus.DOING
        self._stages = list(context.profile.task_stages)
        context.revisions.touch("jobs", "tasks", "sets")
        context.events.push(now_ns + FIRST_STAGE_NS, self._next_stage)

    def _new_set(self) -> BackupSet:
        job, request, profile, lineage = self.job, self.job.request, self.context.profile, self.lineage
        return BackupSet(
            job.tenant_id, job.backup_set_id, self.tenant.dest_id, job.path, lineage.backup_type, lineage.prev_full_id,
            lineage.prev_inc_id, lineage.base_id, job.start_ns, request.plus_archivelog, request.encryption_mode,
            request.passwd, str(profile.version), str(profile.version), data_turn_id=0 if profile.turns_split else 1,
        )

    # Stages: each entry point orders DAG tasks or a wait; the last of them calls `_next_stage`.

    def _next_stage(self, now_ns: Nanoseconds) -> None:
        if self.ended or self.job.status is JobStatus.CANCELING or self.check_archive(now_ns):
            return
        if not self._stages:
            self._complete(now_ns)
            return
        self.set_task.status = self._stages.pop(0)
        self.context.revisions.touch("tasks")
        _STAGES[self.set_task.status](self, now_ns)

    def _sys_meta(self, now_ns: Nanoseconds) -> None:
        self._each_stream([SYS_LOG_STREAM_ID], self._stream_sys_meta, self._sys_meta_copied, now_ns)

    def _stream_sys_meta(self, _stream: LogStreamId, done: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        self._submit("BACKUP_META", SYS_META_NS, now_ns, done)

    def _sys_meta_copied(self, now_ns: Nanoseconds) -> None:
        self.context.events.push(now_ns + WAIT_SCN_NS, self._sys_meta_done)

    def _sys_meta_done(self, now_ns: Nanoseconds) -> None:
        if self.task is not None and not self.ended and self.job.status is JobStatus.DOING:
            self.task.user_ls_start_scn = Scn(us_floor(now_ns))
            self.task.progress.tablets_known_ns = now_ns
            self._next_stage(now_ns)

    def _user_meta(self, now_ns: Nanoseconds) -> None:
        self._each_stream(self.context.storage.log_stream_ids, self._stream_meta, self._user_meta_done, now_ns)

    def _stream_meta(self, _stream: LogStreamId, done: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        self._submit("BACKUP_META", LOG_STREAM_META_NS, now_ns, done)

    def _user_meta_done(self, now_ns: Nanoseconds) -> None:
        self.set_task.progress.inner_done_ns = now_ns
        if "BACKUP_META_FINISH" not in self.context.profile.task_stages:
            self._take_snapshot(now_ns)
        self._next_stage(now_ns)

    def _meta_finish(self, now_ns: Nanoseconds) -> None:
        self._submit("BACKUP_FINISH", META_FINISH_NS, now_ns, self._meta_finish_done)

    def _meta_finish_done(self, now_ns: Nanoseconds) -> None:
        self._take_snapshot(now_ns)
        self._next_stage(now_ns)

    def _take_snapshot(self, now_ns: Nanoseconds) -> None:
        """Fix what the set describes: later changes of the storage are not for this backup."""
        self.snapshot = self.context.storage.snapshot(Scn(us_floor(now_ns)))
        self.set_task.backup_set.epoch = self.snapshot.epoch

    def _data_sys(self, now_ns: Nanoseconds) -> None:
        self._submit("BACKUP_DATA", INNER_DATA_NS, now_ns, self._next_stage)

    def _data_minor(self, now_ns: Nanoseconds) -> None:
        counts = {tablet: delta for tablet, *_, delta in self.taken.tablets}
        self.set_task.backup_set.delta_block_count = sum(counts.values())
        self._copy_stage(counts, now_ns)

    def _data_major(self, now_ns: Nanoseconds) -> None:
        copied = self._blocks_to_copy(now_ns)
        if copied is None:
            return
        self.set_task.backup_set.copied = copied
        counts = {tablet: copied.range_cardinality(first, end) for tablet, _, first, end, _ in self.taken.tablets}
        self._copy_stage(counts, now_ns)

    def _blocks_to_copy(self, now_ns: Nanoseconds) -> BitMap64 | None:
        """Positions whose identity the base's index lacks; all for a full set; None when the index cannot be read."""
        if self.lineage.backup_type is BackupType.FULL:
            return BitMap64(self.taken.live)
        base = self.tenant.sets[self.lineage.base_id]
        if base.file_status is not FileStatus.AVAILABLE:
            self._fail(BASE_MISSING, now_ns)
            return None
        return self.context.storage.blocks.written_between(base.epoch, self.taken.epoch) & self.taken.live

    def _copy_stage(self, counts: dict[TabletId, int], now_ns: Nanoseconds) -> None:
        """Copy the blocks of each tablet, log stream by log stream."""
        self.set_task.progress.scopes.append((now_ns, counts))
        streams = sorted({stream for _, stream, *_ in self.taken.tablets})
        self._each_stream(streams, partial(self._copy_stream, counts), self._data_done, now_ns)

    def _copy_stream(
        self, counts: dict[TabletId, int], stream: LogStreamId, done: Callable[[Nanoseconds], None], now_ns: Nanoseconds
    ) -> None:
        items = [(tablet, counts[tablet]) for tablet, owner, *_ in self.taken.tablets if owner == stream]
        tasks_max = min(self.context.dispatcher.limit(HA_LOW), self.context.profile.copy_tasks_max)
        plans = split_blocks(items, tasks_max)
        self._submit("BACKUP_PREPARE", PREPARE_NS, now_ns, partial(self._copy, plans, done))

    def _copy(self, plans: list[CopyPlan], done: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        rebuild = partial(self._rebuild_index, done)
        if not plans:
            rebuild(now_ns)
            return
        left = _Countdown(len(plans), rebuild)
        for plan in plans:
            dag = self._submit("BACKUP_DATA", plan.block_count * COPY_BLOCK_NS, now_ns, left.one_done)
            self.set_task.progress.copies.append((plan, dag))

    def _rebuild_index(self, done: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        self._submit("BACKUP_INDEX_REBUILD", REBUILD_INDEX_NS, now_ns, done)

    def _data_done(self, now_ns: Nanoseconds) -> None:
        self.set_task.end_scn = Scn(us_floor(now_ns))
        if self.set_task.status == "BACKUP_DATA_MAJOR":
            self.set_task.progress.data_done_ns = now_ns
        self._next_stage(now_ns)

    def _log(self, now_ns: Nanoseconds) -> None:
        if self.job.request.plus_archivelog:
            self._wait_for_log(now_ns)
        else:
            self.context.events.push(now_ns + LOG_NS, self._next_stage)

    def _wait_for_log(self, now_ns: Nanoseconds) -> None:
        """Look again when the checkpoint has passed the end; a longer lag target puts that moment off."""
        at_ns = self.context.archive.checkpoint_after(self.set_task.end_scn)
        self.context.events.push(max(at_ns, now_ns), self._complement_log)

    def _complement_log(self, now_ns: Nanoseconds) -> None:
        if self.ended or self.job.status is not JobStatus.DOING:
            return
        if self.context.archive.checkpoint_after(self.set_task.end_scn) > now_ns:
            self._wait_for_log(now_ns)
        else:
            self._submit("BACKUP_COMPLEMENT_LOG", COMPLEMENT_LOG_NS, now_ns, self._next_stage)

    # DAG tasks and log streams.

    def _submit(self, kind: str, work_ns: int, now_ns: Nanoseconds, done: Callable[[Nanoseconds], None]) -> DagTask:
        stream = self._stream_in_work.log_stream_id if self._stream_in_work else SYS_LOG_STREAM_ID
        dag = DagTask(kind, HA_LOW, Nanoseconds(work_ns), done, stream)
        self.live_tasks = [t for t in self.live_tasks if not t.finished]
        self.live_tasks.append(dag)
        self.context.dispatcher.submit(dag, now_ns)
        return dag

    def _each_stream(
        self, streams: Iterable[LogStreamId],
        handle: Callable[[LogStreamId, Callable[[Nanoseconds], None], Nanoseconds], None],
        done: Callable[[Nanoseconds], None], now_ns: Nanoseconds,
    ) -> None:
        """Handle log streams one after the other: a server has one task of a kind in work (engine.md 3.4)."""
        self._streams = list(streams)
        self._generated_ns = now_ns
        self._next_stream(handle, done, now_ns)

    def _next_stream(
        self, handle: Callable[[LogStreamId, Callable[[Nanoseconds], None], Nanoseconds], None],
        done: Callable[[Nanoseconds], None], now_ns: Nanoseconds,
    ) -> None:
        self.context.revisions.touch("tasks")
        if not self._streams:
            self._stream_in_work = None
            done(now_ns)
            return
        stream = self._streams.pop(0)
        self._stream_in_work = LogStreamTask(stream, self._generated_ns, now_ns)
        handle(stream, partial(self._next_stream, handle, done), now_ns)

    # Ends.

    def archive_pass(self, now_ns: Nanoseconds) -> None:
        """A pass of the scheduler that looks at the archive round."""
        self.check_archive(now_ns)

    def check_archive(self, now_ns: Nanoseconds) -> bool:
        """Fail the job if archiving no longer goes on; returns whether it has ended."""
        if self.ended:
            return True
        archive = self.context.archive
        if archive.doing or self.job.status not in {JobStatus.INIT, JobStatus.DOING}:
            return False
        self._fail(ROUND_INTERRUPTED if archive.interrupted else ROUND_NOT_RUNNING, now_ns)
        return True

    def _complete(self, now_ns: Nanoseconds) -> None:
        task, snapshot = self.set_task, self.taken
        backup_set, archive = task.backup_set, self.context.archive
        if archive.start_scn > task.start_scn:
            self._fail(ROUND_INTERRUPTED, now_ns)
            return
        task.end_ns = now_ns
        task.status = "COMPLETED"
        task.final_counters = task.progress.counters(now_ns)
        backup_set.status, backup_set.file_status = SetStatus.SUCCESS, FileStatus.AVAILABLE
        backup_set.end_ns = now_ns
        backup_set.counters = task.final_counters
        backup_set.min_restore_scn = task.end_scn
        backup_set.consistent_scn = snapshot.scn
        backup_set.start_replay_scn = max(min(task.start_scn, snapshot.checkpoint_scn), archive.start_scn)
        self._close(JobStatus.COMPLETED, now_ns)

    def _fail(self, code: int, now_ns: Nanoseconds) -> None:
        comment = failure_comment(self.context.server, self.job, code)
        self._abort("FAILED", code, comment, now_ns)
        self._close(JobStatus.FAILED, now_ns, code, comment)

    def cancel(self, now_ns: Nanoseconds) -> None:
        """The pass after CANCEL BACKUP: stop all work; the next pass ends the job. In INIT there is nothing to stop."""
        if self.ended:
            return
        if self.task is None:
            self._end_job(JobStatus.CANCELED, now_ns, CANCELED)
            return
        self._drop_tasks(now_ns)
        self.task.status = "CANCELING"
        self.context.revisions.touch("tasks")
        self.context.events.push(now_ns + FIRST_STAGE_NS, self._cancelled)

    def _cancelled(self, now_ns: Nanoseconds) -> None:
        if not self.ended:
            self._abort("CANCELED", CANCELED, "", now_ns)
            self._close(JobStatus.CANCELED, now_ns, CANCELED)

    def _abort(self, status: str, code: int, comment: str, now_ns: Nanoseconds) -> None:
        """Write the end of task and set of a job that did not succeed."""
        self._drop_tasks(now_ns)
        task = self.task
        if task is None:
            return
        task.status, task.end_ns, task.result, task.comment = status, now_ns, code, comment
        task.final_counters = task.progress.counters(now_ns)
        backup_set = task.backup_set
        backup_set.status, backup_set.file_status = SetStatus.FAILED, FileStatus.INCOMPLETE
        backup_set.end_ns, backup_set.result, backup_set.comment = now_ns, code, comment
        backup_set.counters = task.final_counters
        backup_set.min_restore_scn = task.end_scn

    def _drop_tasks(self, now_ns: Nanoseconds) -> None:
        for dag in self.live_tasks:
            if not dag.finished:
                self.context.dispatcher.cancel(dag, now_ns)
        self.live_tasks = []
        self._streams, self._stream_in_work = [], None

    def _close(self, status: JobStatus, now_ns: Nanoseconds, result: int = 0, comment: str = "") -> None:
        """Task and set have ended; the job follows a moment later."""
        self.ended = True
        self.context.revisions.touch("jobs", "tasks", "sets")
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


@dataclass(slots=True)
class _Countdown:
    """Calls `done` when `left` tasks have ended."""

    left: int
    done: Callable[[Nanoseconds], None]

    def one_done(self, now_ns: Nanoseconds) -> None:
        self.left -= 1
        if not self.left:
            self.done(now_ns)


_STAGES: dict[str, Callable[[BackupRun, Nanoseconds], None]] = {
    "BACKUP_SYS_META": BackupRun._sys_meta,  # noqa: SLF001 - one table shows every stage
    "BACKUP_USER_META": BackupRun._user_meta,  # noqa: SLF001
    "BACKUP_META_FINISH": BackupRun._meta_finish,  # noqa: SLF001
    "BACKUP_DATA_SYS": BackupRun._data_sys,  # noqa: SLF001
    "BACKUP_DATA_MINOR": BackupRun._data_minor,  # noqa: SLF001
    "BACKUP_DATA_MAJOR": BackupRun._data_major,  # noqa: SLF001
    "BACKUP_LOG": BackupRun._log,  # noqa: SLF001
}
