"""Which results are tried again, how often and after what time (engine.md 3.5), and the texts of a failure."""

from collections.abc import Callable
from dataclasses import dataclass

from obsim.backup.job import BackupJob
from obsim.errors import code_of, plain_message
from obsim.ids import LogStreamId, Nanoseconds

__all__ = [
    "DATA_RETRIES_MAX", "META_RETRIES_MAX", "PASS_RETRIES_MAX", "RETRY_NS", "Outcome", "Outcomes", "job_comment",
    "may_retry", "stream_comment", "trace_id",
]  # fmt: skip

_FINAL = frozenset(map(code_of, (
    "OB_INVALID_ARGUMENT", "OB_NOT_INIT", "OB_NOT_SUPPORTED", "OB_ERR_SYS", "OB_ERR_UNEXPECTED", "OB_CANCELED",
    "OB_CHECKSUM_ERROR", "OB_VERSION_NOT_MATCH", "OB_SERVER_OUTOF_DISK_SPACE", "OB_TABLET_NOT_EXIST",
    "OB_BACKUP_FILE_NOT_EXIST", "OB_LOG_ARCHIVE_INTERRUPTED", "OB_LOG_ARCHIVE_STAT_NOT_MATCH",
    "OB_LOG_ARCHIVE_NOT_RUNNING", "OB_BACKUP_IN_PROGRESS", "OB_BACKUP_CAN_NOT_START",
    "OB_BACKUP_DATA_VERSION_GAP_OVER_LIMIT", "OB_BACKUP_DELETE_BACKUP_SET_NOT_ALLOWED",
    "OB_ARCHIVE_LOG_NOT_CONTINUES_WITH_DATA", "OB_BACKUP_DELETE_BACKUP_PIECE_NOT_ALLOWED",
    "OB_BACKUP_DEST_NOT_CONNECT", "OB_BACKUP_PERMISSION_DENIED", "OB_BACKUP_FORMAT_FILE_NOT_EXIST",
    "OB_BACKUP_FORMAT_FILE_NOT_MATCH", "OB_BACKUP_DEVICE_OUT_OF_SPACE",
)))  # fmt: skip
"""Codes that no second attempt mends; every other one is tried again."""

RETRY_NS = Nanoseconds(5_000_000_000)
"""Between a failure and the next attempt, of a log stream's task and of a pass of the job."""
META_RETRIES_MAX = 3
"""Of one log stream's task for metadata."""
DATA_RETRIES_MAX = 64
"""Of all tasks for data and indexes of a set."""
PASS_RETRIES_MAX = 3

Outcome = Callable[[BackupJob, str, LogStreamId, str, int], int | None]
"""(job, stage, log stream, server, attempt from 0) -> the code it ends with, 0 or None for success.

Log stream 0 is the index of the tenant in the stages for data, and in every stage the pass that enters it.
"""


@dataclass(slots=True, eq=False)
class Outcomes:
    """Decides how the work of backups ends. `decide` is None as long as nothing is to fail."""

    decide: Outcome | None = None
    damages: Callable[[BackupJob, LogStreamId], bool] | None = None
    """Whether one of the blocks that an attempt at a log stream has copied has arrived damaged."""

    def of(self, job: BackupJob, stage: str, log_stream_id: LogStreamId, server: str, attempt: int) -> int:
        """The code that an attempt ends with, 0 for success."""
        return (self.decide(job, stage, log_stream_id, server, attempt) or 0) if self.decide is not None else 0


def may_retry(code: int) -> bool:
    """Whether an attempt that ended with `code` may be followed by another one."""
    return code not in _FINAL


def trace_id(job: BackupJob) -> str:
    """The trace id of a job's work: made of the job's numbers."""
    return f"Y{job.tenant_id:X}-{job.job_id:016X}-0-0"


def job_comment(server: str, job: BackupJob, code: int) -> str:
    """COMMENT of a job that failed in a pass of its own."""
    return f"(ROOTSERVICE)addr: {server}, result: {code}({plain_message(code)}), trace_id: {trace_id(job)}"


def stream_comment(server: str, job: BackupJob, log_stream_id: LogStreamId, code: int) -> str:
    """COMMENT of a job that failed by the work for a log stream."""
    return (
        f"(SERVER)ls_id: {log_stream_id}, addr: {server}, module: BACKUP_DATA, "
        f"result: {code}({plain_message(code)}), trace_id: {trace_id(job)}"
    )
