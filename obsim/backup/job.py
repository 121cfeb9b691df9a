"""A backup job: one row of OB_BACKUP_JOBS or OB_BACKUP_JOB_HISTORY (status-machines.md 2)."""

from dataclasses import dataclass
from enum import StrEnum

from obsim.ids import BackupSetId, JobId, Nanoseconds, TenantId

__all__ = ["BackupJob", "BackupRequest", "BackupType", "JobLevel", "JobStatus"]


class BackupType(StrEnum):
    """BACKUP_TYPE as the 4.x source prints it."""

    FULL = "FULL"
    INC = "INC"


class JobLevel(StrEnum):
    """JOB_LEVEL: who the command was meant for."""

    CLUSTER = "CLUSTER"
    SYS_TENANT = "SYS_TENANT"
    USER_TENANT = "USER_TENANT"


class JobStatus(StrEnum):
    """States of a job; the last three are final."""

    INIT = "INIT"
    DOING = "DOING"
    CANCELING = "CANCELING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED}


@dataclass(frozen=True, slots=True)
class BackupRequest:
    """What the statement asked for; a parent's children inherit all of it."""

    backup_type: BackupType
    plus_archivelog: bool = False
    description: str = ""
    encryption_mode: str = "NONE"
    passwd: str = ""
    """Digest of the password, '' when there is none; never the password."""


@dataclass(slots=True, eq=False)
class BackupJob:
    """The row, mutable until `status` is final; times in nanoseconds, 0 for "not yet"."""

    tenant_id: TenantId
    job_id: JobId
    backup_set_id: BackupSetId
    """0 on a sys row."""
    initiator_tenant_id: TenantId
    initiator_job_id: JobId
    """The parent's number; on a parent its own, 0 for a job that the tenant started itself."""
    executor_tenant_ids: tuple[TenantId, ...]
    level: JobLevel
    request: BackupRequest
    """With the type the job was stored with: an increment without a base has become FULL."""
    path: str
    start_ns: Nanoseconds
    end_ns: Nanoseconds = Nanoseconds(0)
    status: JobStatus = JobStatus.INIT
    result: int = 0
    """0 or the negative OceanBase code."""
    comment: str = ""

    def finish(self, status: JobStatus, now_ns: Nanoseconds, result: int = 0, comment: str = "") -> None:
        """Enter a final state."""
        self.status = status
        self.end_ns = now_ns
        self.result = result
        self.comment = comment
