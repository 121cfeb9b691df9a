"""Recoveries of tables: an auxiliary tenant is restored, activated, its tables are imported, and it is dropped.

status-machines.md 9, ob_recover_table_initiator.cpp. A table comes into its tenant as it was, rows in new blocks of the
next major compaction, under its name or another one that REMAP gives it. A name that is taken or a table that is not
there fails the job before anything is imported. Lengths are obsim's own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from obsim.backup.progress import COPY_BLOCK_NS
from obsim.backup.tenant import PASS_NS
from obsim.error_codes import OB_CANCELED, OB_ENTRY_EXIST, OB_TABLE_NOT_EXIST, OB_TENANT_NOT_EXIST
from obsim.errors import ServerError, plain_message
from obsim.ids import SYS_TENANT_ID, JobId, Nanoseconds
from obsim.restore.job import SysStatus
from obsim.restore.table_job import ImportJob, ImportStatus, ImportTask, Recovered, RecoverStatus, RecoverTableJob
from obsim.units import MS_NS

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant
    from obsim.storage.tablet import Tablet

__all__ = ["TableRecoveries", "database_of"]

STEP_NS = 500 * MS_NS
TABLE_NS = 300 * MS_NS


def database_of(tenant: "Tenant") -> str:
    """The database that a tenant's tables are in."""
    return "SYS" if tenant.mode == "ORACLE" else "test"


def _rows_of(tablet: "Tablet") -> int:
    """Rows of a tablet, those that no major compaction has packed yet among them."""
    return tablet.row_count + tablet.appended_row_count + tablet.appended_block_count * tablet.layout.rows_per_block


@dataclass(slots=True, eq=False)
class TableRecoveries:
    """All recoveries there were; numbers start at 1."""

    state: "ClusterState"
    jobs: list[RecoverTableJob] = field(default_factory=list)
    _task_count: int = 0

    def running(self, target_name: str) -> RecoverTableJob | None:
        """The unfinished one into a tenant."""
        return next((job for job in self.jobs if job.target_name == target_name and not job.ended), None)

    def next_row(self) -> Recovered:
        """The row of sys of the next job."""
        return Recovered(SYS_TENANT_ID, JobId(len(self.jobs) + 1), self.state.now_ns)

    def start(self, job: RecoverTableJob) -> None:
        """The statement has been accepted."""
        self.jobs.append(job)
        self._later(PASS_NS, job, self._begin)

    def cancel(self, job: RecoverTableJob) -> None:
        """CANCEL RECOVER TABLE: the next pass ends the job and drops the auxiliary tenant."""
        if job.tenant is not None:
            job.tenant.status = RecoverStatus.CANCELING
        if job.imported is not None:
            job.imported.status = ImportStatus.CANCELING
        job.sys.status = RecoverStatus.CANCELING
        self._later(PASS_NS, job, partial(self._fail, OB_CANCELED), cancelling=True)

    def _later(
        self, after_ns: int, job: RecoverTableJob, step: Callable[[RecoverTableJob], None], *, cancelling: bool = False
    ) -> None:
        self.state.revisions.touch("restores")
        self.state.events.push(self.state.now_ns + after_ns, partial(self._step, job, step, cancelling))

    def _step(
        self, job: RecoverTableJob, step: Callable[[RecoverTableJob], None], cancelling: bool, _now_ns: Nanoseconds
    ) -> None:
        if not job.ended and cancelling == (job.sys.status is RecoverStatus.CANCELING):
            step(job)
            self.state.revisions.touch("restores")

    def _target(self, job: RecoverTableJob) -> "Tenant | None":
        return self.state.tenant_named(job.target_name)

    def _auxiliary(self, job: RecoverTableJob) -> "Tenant | None":
        return self.state.tenant_named(job.auxiliary.tenant_name)

    # Stages.

    def _begin(self, job: RecoverTableJob) -> None:
        target = self._target(job)
        if target is None:
            self._fail(OB_TENANT_NOT_EXIST, job)
            return
        job.sys.status = RecoverStatus.RECOVERING
        job.tenant = Recovered(target.tenant_id, job.sys.job_id, self.state.now_ns)
        self._later(STEP_NS, job, self._restore)

    def _enter(self, job: RecoverTableJob, status: RecoverStatus) -> None:
        assert job.tenant is not None
        job.tenant.status = status

    def _restore(self, job: RecoverTableJob) -> None:
        self._enter(job, RecoverStatus.RESTORE_AUX_TENANT)
        self.state.restores.start(job.auxiliary, self.state.now_ns, partial(self._restored, job))

    def _restored(self, job: RecoverTableJob, status: SysStatus, code: int) -> None:
        """The restore of the auxiliary tenant has ended."""
        if job.ended or job.sys.status is RecoverStatus.CANCELING:
            return
        if status is not SysStatus.SUCCESS:
            self._fail(code, job)
            return
        self._enter(job, RecoverStatus.ACTIVE_AUX_TENANT)
        self._later(STEP_NS, job, self._activate)

    def _activate(self, job: RecoverTableJob) -> None:
        from obsim.cluster.role_commands import become_primary  # noqa: PLC0415 - few clusters recover tables

        tenant = self._auxiliary(job)
        if tenant is None:
            self._fail(OB_TENANT_NOT_EXIST, job)
            return
        become_primary(tenant)
        job.source_tenant_id = tenant.tenant_id
        self.state.revisions.touch("tenants")
        self._enter(job, RecoverStatus.PRECHECK_IMPORT)
        self._later(STEP_NS, job, self._check)

    def _check(self, job: RecoverTableJob) -> None:
        source, target = self._auxiliary(job), self._target(job)
        if source is None or target is None:
            self._fail(OB_TENANT_NOT_EXIST, job)
            return
        names = self._chosen(job, source)
        taken = {job.renamed.get(name, name) for name in names} & {t.table_name for t in target.storage.tablets}
        if taken:
            self._fail(OB_ENTRY_EXIST, job)
        elif not names:
            self._fail(OB_TABLE_NOT_EXIST, job)
        else:
            self._enter(job, RecoverStatus.GEN_IMPORT_JOB)
            self._later(STEP_NS, job, partial(self._generate, names, database_of(source)))

    def _chosen(self, job: RecoverTableJob, source: "Tenant") -> list[str]:
        """The tables that were named; none where one of them is not there."""
        there = list(dict.fromkeys(tablet.table_name for tablet in source.storage.tablets))
        chosen: dict[str, None] = {}
        for database, table in job.wanted:
            found = [name for name in there if table in {None, name}] if database in {None, database_of(source)} else []
            if not found and table is not None:
                return []
            chosen |= dict.fromkeys(found)
        return list(chosen)

    def _generate(self, names: list[str], database: str, job: RecoverTableJob) -> None:
        tasks = []
        for name in names:
            self._task_count += 1
            tasks.append(ImportTask(self._task_count, database, name, job.renamed.get(name, name)))
        job.imported = ImportJob(job.sys.job_id, self.state.now_ns, tasks)
        self._enter(job, RecoverStatus.IMPORTING)
        self._later(STEP_NS, job, self._next_table)

    def _next_table(self, job: RecoverTableJob) -> None:
        imported, source = job.imported, self._auxiliary(job)
        assert imported is not None
        if source is None:
            self._fail(OB_TENANT_NOT_EXIST, job)
            return
        task = next((task for task in imported.tasks if task.status == "INIT"), None)
        if task is None:
            imported.status = ImportStatus.RECONSTRUCT_REF_CONSTRAINT
            self._later(STEP_NS, job, self._complete)
            return
        imported.status = ImportStatus.IMPORT_TABLE
        task.status, task.start_ns = "DOING", self.state.now_ns
        blocks = sum(tablet.major_block_count for tablet in source.storage.table(task.source))
        self._later(TABLE_NS + blocks * COPY_BLOCK_NS, job, partial(self._import, task))

    def _import(self, task: ImportTask, job: RecoverTableJob) -> None:
        source, target = self._auxiliary(job), self._target(job)
        if source is None or target is None:
            self._fail(OB_TENANT_NOT_EXIST, job)
            return
        storage, tablets = target.storage, source.storage.table(task.source)
        try:
            storage.check_room([old.layout.blocks_of(_rows_of(old)) for old in tablets])
        except ServerError as refused:
            self._fail(refused.code, job)
            return
        streams = storage.log_stream_ids[1:2]
        for old in tablets:
            (new,) = storage.load_table(task.target, [0], streams, old.layout, old.tablet_size_bytes)
            storage.append_rows(new, _rows_of(old))
        self.state.note_rows(target)
        task.status, task.finish_ns = "FINISH", self.state.now_ns
        self._next_table(job)

    # Ends.

    def _complete(self, job: RecoverTableJob) -> None:
        self._end(job, RecoverStatus.COMPLETED)

    def _fail(self, code: int, job: RecoverTableJob) -> None:
        trace = f"Y{SYS_TENANT_ID:X}-{job.sys.job_id:016X}-0-0"
        job.result = code
        what = f"result: {code}({plain_message(code)}), trace_id: {trace}"
        job.comment = f"(ROOTSERVICE)addr: {self.state.root_address()}, {what}"
        self._end(job, RecoverStatus.FAILED)

    def _end(self, job: RecoverTableJob, status: RecoverStatus) -> None:
        """Write both ends, drop the auxiliary tenant, and move the rows to history with the next pass."""
        from obsim.cluster.tenant_life import end_tenant  # noqa: PLC0415 - as above

        now_ns = self.state.now_ns
        if job.imported is not None:
            job.imported.status, job.imported.finish_ns = ImportStatus.IMPORT_FINISH, now_ns
        for row in (job.tenant, job.sys):
            if row is not None:
                row.status, row.finish_ns = status, now_ns
        restore, tenant = self.state.restores.running(job.auxiliary.tenant_name), self._auxiliary(job)
        if tenant is not None:
            end_tenant(self.state, tenant)
        elif restore is not None:
            restore.cancel(now_ns)
        self.state.events.push(now_ns + PASS_NS, partial(self._to_history, job))
        self.state.revisions.touch("restores", "tenants")

    def _to_history(self, job: RecoverTableJob, _now_ns: Nanoseconds) -> None:
        for row in (job.tenant, job.sys, job.imported):
            if row is not None:
                row.past = True
        self.state.revisions.touch("restores")
