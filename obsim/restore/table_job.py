"""A recovery of tables: rows of OB_RECOVER_TABLE_JOBS, OB_IMPORT_TABLE_JOBS and OB_IMPORT_TABLE_TASKS.

status-machines.md 9. A job has a row of sys and one of the tenant that receives the tables; the import job and its
tasks, one for each table, are that tenant's. RESULT and COMMENT are written at the end.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from obsim.ids import JobId, Nanoseconds, TenantId
from obsim.restore.job import RestoreRequest

__all__ = ["ImportJob", "ImportStatus", "ImportTask", "RecoverStatus", "RecoverTableJob", "Recovered"]


class RecoverStatus(StrEnum):
    """States of both rows; that of sys goes from PREPARE over RECOVERING to the end."""

    PREPARE = "PREPARE"
    RECOVERING = "RECOVERING"
    RESTORE_AUX_TENANT = "RESTORE_AUX_TENANT"
    ACTIVE_AUX_TENANT = "ACTIVE_AUX_TENANT"
    PRECHECK_IMPORT = "PRECHECK_IMPORT"
    GEN_IMPORT_JOB = "GEN_IMPORT_JOB"
    IMPORTING = "IMPORTING"
    CANCELING = "CANCELING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class ImportStatus(StrEnum):
    """States of an import job."""

    INIT = "INIT"
    IMPORT_TABLE = "IMPORT_TABLE"
    RECONSTRUCT_REF_CONSTRAINT = "RECONSTRUCT_REF_CONSTRAINT"
    CANCELING = "CANCELING"
    IMPORT_FINISH = "IMPORT_FINISH"


@dataclass(slots=True, eq=False)
class Recovered:
    """What the rows of jobs have of their own."""

    tenant_id: TenantId
    job_id: JobId
    start_ns: Nanoseconds
    status: RecoverStatus = RecoverStatus.PREPARE
    finish_ns: Nanoseconds = Nanoseconds(0)
    past: bool = False
    """Whether it stands in the history."""


@dataclass(slots=True, eq=False)
class ImportTask:
    """One table: where it comes from and what it becomes."""

    task_id: int
    database: str
    source: str
    target: str
    start_ns: Nanoseconds = Nanoseconds(0)
    finish_ns: Nanoseconds = Nanoseconds(0)
    status: str = "INIT"
    """INIT, DOING, FINISH."""


@dataclass(slots=True, eq=False)
class ImportJob:
    """All tables of a recovery."""

    job_id: JobId
    start_ns: Nanoseconds
    tasks: list[ImportTask]
    status: ImportStatus = ImportStatus.INIT
    finish_ns: Nanoseconds = Nanoseconds(0)
    past: bool = False


@dataclass(slots=True, eq=False)
class RecoverTableJob:
    """The job. `auxiliary` is the restore of the tenant that the tables are taken out of."""

    sys: Recovered
    target_name: str
    auxiliary: RestoreRequest
    all_tables: bool
    database_list: str
    table_list: str
    remap_tables: str
    description: str | None
    passwords: str
    """Digests of the passwords that open the sets."""
    source_tenant_id: int = 0
    """The auxiliary tenant's, once it has been made."""
    tenant: Recovered | None = None
    imported: ImportJob | None = None
    result: int = 0
    """0 or the negative OceanBase code."""
    comment: str = ""
    wanted: tuple[tuple[str | None, str | None], ...] = ()
    """(database, table) as they were named, None for all."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Table -> its new name."""

    @property
    def ended(self) -> bool:
        """Whether nothing of it goes on any more."""
        return self.sys.status in {RecoverStatus.COMPLETED, RecoverStatus.FAILED}
