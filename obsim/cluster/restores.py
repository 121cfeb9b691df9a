"""The restores of a cluster, and what each of them has the cluster do: make a tenant, let it be a standby."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from obsim.cluster.backup_settings import TenantSettings
from obsim.cluster.backup_sources import source_with_id
from obsim.cluster.locality import RANDOM, check_primary_zone, full_locality, parse_locality
from obsim.cluster.replicas import replica_servers
from obsim.cluster.shares import apply_shares
from obsim.cluster.standbys import Standby, log_of, source_for
from obsim.destination.uri import path_of_shown
from obsim.error_codes import OB_CHECKSUM_ERROR
from obsim.errors import error, plain_message
from obsim.ids import SYS_TENANT_ID, JobId, LogStreamId, Nanoseconds, TenantId
from obsim.restore.job import RestoreJob, RestoreProgress, RestoreRequest, RestoreRow, SysStatus
from obsim.restore.run import NewTenant, RestoreRun
from obsim.scheduler.priorities import HA_HIGH
from obsim.storage.changes import StorageChange

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant

__all__ = ["Restores"]

_SCORE = HA_HIGH.parameter or ""
_SCORE_MAX = 100
_MANY_CPUS = 10
"""With more CPUs than that, at least as many threads restore as there are CPUs (ob_restore_scheduler.cpp)."""


@dataclass(slots=True, eq=False)
class Restores:
    """All restores there were; numbers of jobs start at 1."""

    state: "ClusterState"
    runs: list[RestoreRun] = field(default_factory=list)

    @property
    def jobs(self) -> list[RestoreJob]:
        """Their jobs, in order of number."""
        return [run.job for run in self.runs]

    def running(self, tenant_name: str) -> RestoreRun | None:
        """The unfinished restore into a tenant of this name."""
        named = (run for run in self.runs if run.job.request.tenant_name == tenant_name)
        return next((run for run in named if not run.job.ended), None)

    def progress_of(self, tenant_id: TenantId) -> RestoreProgress | None:
        """How far the restore of a tenant has come."""
        return next((job.progress for job in self.jobs if job.new_tenant_id == tenant_id), None)

    def start(
        self, request: RestoreRequest, now_ns: Nanoseconds, on_end: Callable[[SysStatus, int], None] | None = None
    ) -> RestoreJob:
        """A new job; the caller has made the checks. `on_end` is told how it ended, and with which code."""
        job = RestoreJob(JobId(len(self.runs) + 1), request, now_ns, RestoreRow(SYS_TENANT_ID))
        run = RestoreRun(job, self, self.state.events, self.state.revisions, on_end=on_end)
        self.runs.append(run)
        self.state.revisions.touch("restores")
        run.begin(now_ns)
        return job

    def tenant_gone(self, tenant_id: TenantId) -> None:
        """A tenant was dropped."""
        for run in self.runs:
            if run.made is not None and run.made.tenant_id == tenant_id:
                run.tenant_gone(self.state.now_ns)

    def servers_changed(self) -> None:
        """Other servers take part than before: restores that wait for one look again."""
        for run in self.runs:
            run.servers_changed(self.state.now_ns)

    def server_lost(self, tenant_id: TenantId, address: str, led: AbstractSet[LogStreamId] | None = None) -> None:
        """A server is gone, or leads some log streams no more: what it works at for a restore is to be done again."""
        for run in self.runs:
            if run.made is not None and run.made.tenant_id == tenant_id:
                run.server_lost(address, self.state.now_ns, led)

    # What a restore has done (`obsim.restore.run.RestoreCluster`).

    def make(self, job: RestoreJob) -> NewTenant:
        """Make the tenant, in state RESTORE. Raises what CREATE TENANT does of its name, pools, locality and zones."""
        from obsim.cluster.tenant_life import begin_tenant, free_pools, place_tenant  # noqa: PLC0415 - they end restores

        state, request = self.state, job.request
        if state.tenant_named(request.tenant_name) is not None:
            raise error("OB_TENANT_EXIST", request.tenant_name)
        pools = free_pools(state, request.pools)
        zones = sorted({zone for pool in pools for zone in pool.zones})
        replicas = parse_locality(request.locality, zones) if request.locality else full_locality(zones)
        primary_zone = request.primary_zone or RANDOM
        check_primary_zone(primary_zone, replicas)
        tenant = begin_tenant(state, request.tenant_name, request.catalogue.tenant.mode, (), pools)
        tenant.status = tenant.role = "RESTORE"
        tenant.standby = Standby(state, tenant, None, request.plan.start_scn, job.scn)
        place_tenant(state, tenant, replicas, primary_zone)
        self._set_score(tenant, self._threads(tenant, request.concurrency))
        apply_shares(state)
        return NewTenant(tenant.tenant_id, tenant.storage, TenantSettings(state, tenant.tenant_id))

    def _threads(self, tenant: "Tenant", concurrency: int | None) -> int:
        cpus = int(sum(pool.config.size.max_cpu for pool in self.state.resources.pools_of(tenant.tenant_id)[:1]))
        wanted = concurrency or cpus
        return min(max(wanted, cpus) if cpus > _MANY_CPUS else wanted, _SCORE_MAX)

    def _set_score(self, tenant: "Tenant", score: int) -> None:
        """ha_high_thread_score is how many threads restore; it is 0 again at the end."""
        self.state.parameters.set(_SCORE, tenant.tenant_id, str(score))
        self.state.apply_score(tenant, HA_HIGH, _SCORE)
        self.state.revisions.touch("parameters")

    def restored(self, job: RestoreJob, facts: Any) -> None:
        """All data and log are back: the tenant is a standby that has what the system tables held."""
        tenant, request = self._tenant_of(job), job.request
        if facts is not None:
            facts.give(tenant)
        path = request.pieces[-1].path if request.catalogue.pieces else ""
        catalogue = request.catalogue
        if catalogue.external:
            tenant.restore_place = catalogue.archive_at(path)
            pieces = [placed.piece for placed in catalogue.pieces or () if placed.path == path]
            source = source_for(self.state, tenant.restore_place, _next_number(request), pieces)
        else:
            archived = source_with_id(self.state, catalogue.tenant.tenant_id) if path else None
            source = log_of(archived, path)
        tenant.role, tenant.log_restore_source = "STANDBY", path
        tenant.standby = Standby(self.state, tenant, source, job.scn, job.scn)
        tenant.standby.follow()
        self.state.revisions.touch("tenants", "storage", "accounts", "backup_parameters")

    def finish(self, job: RestoreJob) -> None:
        """The tenant is normal from now on."""
        tenant = self._tenant_of(job)
        tenant.status = "NORMAL"
        self._set_score(tenant, 0)
        self.state.revisions.touch("tenants")

    def sources_kept(self, job: RestoreJob) -> bool:
        """Whether all sets and pieces of the plan are still where they were."""
        request = job.request
        if request.catalogue.external:
            return True
        source = source_with_id(self.state, request.catalogue.tenant.tenant_id)
        return all(s.usable for s in request.plan.sets) and source is not None and source.keeps(request.pieces)

    def code_of(self, job: RestoreJob, stage: str, log_stream_id: LogStreamId, address: str) -> int:
        """What a stage ends with for a log stream on a server, 0 for success: a fault may have been ordered."""
        tenant = self._tenant_of(job)
        sources = map(path_of_shown, job.request.destinations.split(","))
        code = self.state.faults.stage_code(tenant.name, stage, log_stream_id, address, *sources)
        damaged = stage == "RESTORE_MAJOR_DATA" and job.request.plan.reads_damaged(log_stream_id)
        return code or (OB_CHECKSUM_ERROR if damaged else 0)

    def comment(self, job: RestoreJob, code: int, log_stream_id: LogStreamId | None, address: str = "") -> str:
        """COMMENT of a failure (status-machines.md 0)."""
        tenant_id = job.tenant.tenant_id if job.tenant is not None else SYS_TENANT_ID
        what = f"result: {code}({plain_message(code)}), trace_id: Y{tenant_id:X}-{job.job_id:016X}-0-0"
        where = self.state.root_address()
        if log_stream_id is None or job.tenant is None:
            return f"(ROOTSERVICE)addr: {where}, {what}"
        address = address or replica_servers(self.state, self._tenant_of(job), log_stream_id)[0].address
        return f"(SERVER)ls_id: {log_stream_id}, addr: {address}, module: RESTORE_DATA, {what}"

    def _tenant_of(self, job: RestoreJob) -> "Tenant":
        assert job.tenant is not None, "its tenant has been made"
        return self.state.tenants[job.tenant.tenant_id]


def _next_number(request: RestoreRequest) -> int:
    """Number of the first change of the source's storage that a restore has not brought back."""
    content = request.plan.sets[-1].content
    assert content is not None, "a set that was restored from has content"
    assert content.picture is not None, "content of a set that was backed up has a picture"
    first = content.picture.change_count
    return first + sum(isinstance(e.change, StorageChange) for e in request.log.between(first, request.plan.scn))
