"""Jobs of the root service: what takes its time after a statement about tenants, units or servers has returned.

One counter gives all of them their numbers. Columns and words: views.json, DBA_OB_TENANT_JOBS, DBA_OB_UNIT_JOBS and
DBA_OB_SERVER_JOBS. How long each takes here is a choice; nothing is known of it but that it depends on the data.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from obsim.cluster.resources import Server
from obsim.ids import Nanoseconds, TenantId

__all__ = ["RootJob", "RootJobKind", "RootJobs"]


class RootJobKind(StrEnum):
    """JOB_TYPE."""

    ALTER_TENANT_LOCALITY = "ALTER_TENANT_LOCALITY"
    ALTER_TENANT_PRIMARY_ZONE = "ALTER_TENANT_PRIMARY_ZONE"
    SHRINK_UNIT_NUM = "SHRINK_RESOURCE_TENANT_UNIT_NUM"
    EXPAND_UNIT_NUM = "ALTER_RESOURCE_TENANT_UNIT_NUM"
    MIGRATE_UNIT = "MIGRATE_UNIT"
    DELETE_SERVER = "DELETE_SERVER"


@dataclass(slots=True, eq=False)
class RootJob:
    """One row. `result` is None while the job runs; `server` belongs to DELETE_SERVER, `unit_id` to MIGRATE_UNIT."""

    job_id: int
    kind: RootJobKind
    start_ns: Nanoseconds
    modified_ns: Nanoseconds
    tenant_id: TenantId | None = None
    unit_id: int | None = None
    server: Server | None = None
    sql_text: str | None = None
    extra_info: str | None = None
    result: int | None = None

    @property
    def status(self) -> str:
        """JOB_STATUS."""
        return "INPROGRESS" if self.result is None else "FAILED" if self.result else "SUCCESS"

    def finish(self, now_ns: Nanoseconds, result: int = 0) -> None:
        """The job is over."""
        self.result, self.modified_ns = result, now_ns


@dataclass(slots=True, eq=False)
class RootJobs:
    """All jobs there were, in order."""

    jobs: list[RootJob] = field(default_factory=list)

    def start(
        self, kind: RootJobKind, now_ns: Nanoseconds, *, tenant_id: TenantId | None = None, unit_id: int | None = None,
        server: Server | None = None, sql_text: str | None = None, extra_info: str | None = None,
    ) -> RootJob:  # fmt: skip
        """A new job, running."""
        job = RootJob(
            len(self.jobs) + 1, kind, now_ns, now_ns, tenant_id, unit_id, server, sql_text, extra_info
        )
        self.jobs.append(job)
        return job

    def running(
        self, kind: RootJobKind, tenant_id: TenantId | None = None, server: Server | None = None
    ) -> RootJob | None:
        """The job of a kind that runs for a tenant or a server."""
        return next(
            (
                job
                for job in self.jobs
                if job.kind is kind and job.result is None and job.tenant_id == tenant_id and job.server is server
            ),
            None,
        )
