"""A delete job and its tasks: rows of OB_BACKUP_DELETE_JOBS and OB_BACKUP_DELETE_TASKS (status-machines.md 7)."""

from dataclasses import dataclass, field

from obsim.archive.piece import ArchivePiece
from obsim.archive.round import ArchiveRound
from obsim.backup.job import JobStatus
from obsim.backup.set import BackupSet
from obsim.ids import JobId, LogStreamId, Nanoseconds, TaskId, TenantId

__all__ = ["DeleteJob", "DeleteTask", "PieceFile"]


@dataclass(frozen=True, slots=True)
class PieceFile:
    """One piece and the round it belongs to."""

    archive_round: ArchiveRound
    piece: ArchivePiece


@dataclass(slots=True, eq=False)
class DeleteTask:
    """One set or piece that goes; times in nanoseconds, 0 for "not yet"."""

    task_id: TaskId
    job_id: JobId
    target: BackupSet | PieceFile
    log_streams: tuple[LogStreamId, ...]
    """What is deleted one after the other."""
    start_ns: Nanoseconds
    end_ns: Nanoseconds = Nanoseconds(0)
    status: JobStatus = JobStatus.INIT
    finished_count: int = 0
    """FINISH_LS_COUNT."""
    attempt_ns: Nanoseconds = Nanoseconds(0)
    """When the log stream in work was begun, for the last time."""
    result: int = 0

    @property
    def path(self) -> str:
        """The destination that the set or piece lies at."""
        return self.target.path if isinstance(self.target, BackupSet) else self.target.archive_round.path

    def end(self, status: JobStatus, now_ns: Nanoseconds, result: int = 0) -> None:
        """Enter a final state."""
        self.status, self.end_ns, self.result = status, now_ns, result


@dataclass(slots=True, eq=False)
class DeleteJob:
    """One run of the clean-up of a tenant."""

    tenant_id: TenantId
    job_id: JobId
    expired_ns: Nanoseconds
    """PARAMETER: now minus the recovery window when it began."""
    start_ns: Nanoseconds
    end_ns: Nanoseconds = Nanoseconds(0)
    status: JobStatus = JobStatus.INIT
    result: int = 0
    comment: str = ""
    tasks: list[DeleteTask] = field(default_factory=list)
    """In the order they run; empty until INIT is left."""

    @property
    def success_count(self) -> int:
        """SUCCESS_TASK_COUNT: written when the job ends."""
        return sum(t.status is JobStatus.COMPLETED for t in self.tasks) if self.status.final else 0

    def end(self, status: JobStatus, now_ns: Nanoseconds, result: int = 0, comment: str = "") -> None:
        """Enter a final state."""
        self.status, self.end_ns, self.result, self.comment = status, now_ns, result, comment
