"""Which results are tried again, how often and after what time (engine.md 3.5), and the texts of a failure."""

from collections.abc import Callable
from dataclasses import dataclass

from obsim.backup.job import BackupJob
from obsim.errors import plain_message
from obsim.ids import LogStreamId, Nanoseconds

__all__ = [
    "CANCELED", "CAN_NOT_START", "DATA_RETRIES_MAX", "FILE_MISSING", "FORMAT_MISMATCH",
    "FORMAT_MISSING", "LOG_STREAM_GONE",
    "META_RETRIES_MAX", "PASS_RETRIES_MAX", "RETRY_NS", "ROUND_INTERRUPTED", "ROUND_NOT_RUNNING",
    "TIMEOUT", "VERSION_CHANGED", "Outcome", "Outcomes", "job_comment", "may_retry", "stream_comment", "trace_id",
]  # fmt: skip

TIMEOUT = -4012
CANCELED = -4072
VERSION_CHANGED = -4143
LOG_STREAM_GONE = -4719
FILE_MISSING = -9011
ROUND_INTERRUPTED = -9027
ROUND_NOT_RUNNING = -9029
CAN_NOT_START = -9040
FORMAT_MISSING = -9080
FORMAT_MISMATCH = -9081

_FINAL = frozenset({
    -4002, -4006, -4007, -4015, -4016, CANCELED, -4103, VERSION_CHANGED, -4184, -4725, FILE_MISSING, ROUND_INTERRUPTED,
    -9028, ROUND_NOT_RUNNING, -9036, CAN_NOT_START, -9042, -9045, -9064, -9069, -9070, -9071, FORMAT_MISSING,
    FORMAT_MISMATCH, -9082,
})  # fmt: skip
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
