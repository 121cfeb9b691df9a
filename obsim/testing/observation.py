"""What can be seen of a cluster at one moment, as plain values: what invariants and the naive model look at.

Everything here is a copy. Taking an observation changes nothing (invariant 33 of engine.md 2.6).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from obsim.archive.round import ArchiveRound
from obsim.backup.job import BackupJob
from obsim.backup.set import BackupSet, Counters
from obsim.backup.task import SetTask
from obsim.cluster import ClusterState, Tenant
from obsim.scheduler.priorities import PRIORITIES
from obsim.storage.macroblocks import SLOT_BITS, BlockId

__all__ = [
    "Identity",
    "JobSeen",
    "Observation",
    "Observer",
    "QueueSeen",
    "RoundSeen",
    "SetSeen",
    "TaskSeen",
    "TenantSeen",
]

Identity = tuple[int, int, int]
"""Logical id of a macroblock: (tablet, logic version, data_seq)."""


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A row of OB_BACKUP_JOBS, or of OB_BACKUP_JOB_HISTORY when `ended`. Times in nanoseconds, 0 for none."""

    tenant_id: int
    job_id: int
    backup_set_id: int
    initiator_tenant_id: int
    initiator_job_id: int
    executor_tenant_ids: tuple[int, ...]
    level: str
    backup_type: str
    plus_archivelog: bool
    path: str
    start_ns: int
    end_ns: int
    status: str
    result: int
    ended: bool

    @property
    def key(self) -> tuple[int, int]:
        """What names the job in the whole cluster."""
        return self.tenant_id, self.job_id


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """A row of OB_BACKUP_TASKS, or of OB_BACKUP_TASK_HISTORY when `ended`."""

    task_id: int
    job_id: int
    backup_set_id: int
    status: str
    start_ns: int
    end_ns: int
    start_scn: int
    user_ls_start_scn: int
    end_scn: int
    result: int
    counters: Counters
    ended: bool


@dataclass(frozen=True, slots=True)
class SetSeen:
    """A row of OB_BACKUP_SET_FILES, with what a reader of its files would find: the blocks it stores and describes."""

    backup_set_id: int
    backup_type: str
    prev_full_id: int
    prev_inc_id: int
    base_id: int
    path: str
    status: str
    file_status: str
    start_ns: int
    end_ns: int
    result: int
    start_replay_scn: int
    consistent_scn: int
    min_restore_scn: int
    counters: Counters
    compaction_count: int
    """Major compactions before the snapshot."""
    delta_block_count: int
    """Mini and minor blocks that the set stores."""
    copied: frozenset[Identity]
    live: frozenset[Identity]
    """Baseline blocks of the tenant at the set's snapshot; empty as long as there is none."""

    @property
    def usable(self) -> bool:
        """Whether the set may be a predecessor."""
        return (self.status, self.file_status) == ("SUCCESS", "AVAILABLE")


@dataclass(frozen=True, slots=True)
class RoundSeen:
    """The row of OB_ARCHIVELOG."""

    round_id: int
    status: str
    start_scn: int
    checkpoint_scn: int
    base_piece_id: int
    used_piece_id: int


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """One priority of a tenant's DAG scheduler."""

    name: str
    default_score: int
    score: int
    limit: int
    running: int
    waiting: int


@dataclass(frozen=True, slots=True)
class TenantSeen:
    """One user tenant; blocks and marks are by tablet, in order of position."""

    tenant_id: int
    name: str
    path: str
    archivelog: bool
    round: RoundSeen | None
    jobs: tuple[JobSeen, ...]
    tasks: tuple[TaskSeen, ...]
    sets: Mapping[int, SetSeen]
    queues: tuple[QueueSeen, ...]
    baseline: Mapping[int, tuple[Identity, ...]]
    dirty: Mapping[int, frozenset[int]]
    memory_bytes: Mapping[int, int]
    delta_block_count: int


@dataclass(frozen=True, slots=True)
class Observation:
    """The whole cluster at `now_ns`; `base_rule` is `previous` or `last_full`."""

    now_ns: int
    base_rule: str
    sys_jobs: tuple[JobSeen, ...]
    tenants: Mapping[int, TenantSeen]
    """User tenants by id."""


class Observer:
    """Takes observations of one cluster. Sets that have ended do not change, so they are read once."""

    def __init__(self, state: ClusterState) -> None:
        self.state = state
        self._ended_sets: dict[tuple[int, int], SetSeen] = {}

    def look(self) -> Observation:
        """The cluster as it is now."""
        state = self.state
        return Observation(
            state.now_ns,
            state.options.incremental_base.value,
            _jobs(state.sys),
            {tenant.tenant_id: self._tenant(tenant) for tenant in state.user_tenants()},
        )

    def _tenant(self, tenant: Tenant) -> TenantSeen:
        storage, backup, now_ns = tenant.storage, tenant.backup, self.state.now_ns
        baseline: dict[int, list[Identity]] = {t.tablet_id: [] for t in storage.tablets}
        for block in storage.identities(storage.blocks.live, storage.blocks.epoch).values():
            baseline[block.tablet_id].append(_identity(block))
        dirty: dict[int, set[int]] = {t.tablet_id: set() for t in storage.tablets}
        tablet_ids = {t.slot: t.tablet_id for t in storage.tablets}
        for position in storage.blocks.dirty:
            dirty[tablet_ids[position >> SLOT_BITS]].add(position & ((1 << SLOT_BITS) - 1))
        return TenantSeen(
            tenant.tenant_id,
            tenant.name,
            backup.path,
            tenant.archive.enabled,
            _round(tenant.archive.round, now_ns),
            _jobs(tenant),
            tuple(
                _task(t, now_ns, ended=ended)
                for ts, ended in ((backup.tasks, False), (backup.task_history, True))
                for t in ts
            ),
            {number: self._set(tenant, backup_set) for number, backup_set in backup.sets.items()},
            tuple(self._queues(tenant)),
            {tablet_id: tuple(blocks) for tablet_id, blocks in baseline.items()},
            {tablet_id: frozenset(positions) for tablet_id, positions in dirty.items()},
            {t.tablet_id: t.memory_bytes for t in storage.tablets},
            sum(t.delta_block_count for t in storage.tablets),
        )

    def _queues(self, tenant: Tenant) -> list[QueueSeen]:
        parameters = self.state.parameters
        queues = []
        for p in PRIORITIES:
            known = p.parameter is not None and p.parameter in parameters.definitions
            score = parameters.get_int(p.parameter, tenant.tenant_id) if known and p.parameter else 0
            queues.append(QueueSeen(
                p.name, p.default_score, score, tenant.dispatcher.limit(p), tenant.dispatcher.running_count(p),
                tenant.dispatcher.waiting_count(p),
            ))  # fmt: skip
        return queues

    def _set(self, tenant: Tenant, backup_set: BackupSet) -> SetSeen:
        key = (tenant.tenant_id, backup_set.backup_set_id)
        seen = self._ended_sets.get(key)
        if seen is None:
            seen = _set(tenant, backup_set)
            if backup_set.end_ns:
                self._ended_sets[key] = seen
        return seen


def _identity(block: BlockId) -> Identity:
    return block.tablet_id, block.logic_version, block.data_seq


def _jobs(tenant: Tenant) -> tuple[JobSeen, ...]:
    current = [_job(j, ended=False) for j in tenant.backup.jobs]
    return tuple(current + [_job(j, ended=True) for j in tenant.backup.job_history])


def _job(job: BackupJob, *, ended: bool) -> JobSeen:
    return JobSeen(
        job.tenant_id, job.job_id, job.backup_set_id, job.initiator_tenant_id, job.initiator_job_id,
        tuple(job.executor_tenant_ids), job.level.value, job.request.backup_type.value, job.request.plus_archivelog,
        job.path, job.start_ns, job.end_ns, job.status.value, job.result, ended,
    )  # fmt: skip


def _task(task: SetTask, now_ns: int, *, ended: bool) -> TaskSeen:
    return TaskSeen(
        task.task_id, task.job.job_id, task.job.backup_set_id, task.status, task.start_ns, task.end_ns, task.start_scn,
        task.user_ls_start_scn, task.end_scn, task.result, task.counters(now_ns), ended,
    )  # fmt: skip


def _set(tenant: Tenant, s: BackupSet) -> SetSeen:
    storage = tenant.storage
    copied = storage.identities(s.copied, s.epoch).values()
    live = storage.identities(storage.blocks.live_at(s.epoch), s.epoch).values()
    return SetSeen(
        s.backup_set_id, s.backup_type.value, s.prev_full_id, s.prev_inc_id, s.base_id, s.path, s.status.value,
        s.file_status.value, s.start_ns, s.end_ns, s.result, s.start_replay_scn, s.consistent_scn, s.min_restore_scn,
        s.counters, s.epoch, s.delta_block_count, frozenset(map(_identity, copied)), frozenset(map(_identity, live)),
    )  # fmt: skip


def _round(current: ArchiveRound | None, now_ns: int) -> RoundSeen | None:
    if current is None:
        return None
    return RoundSeen(
        current.round_id, current.status.value, current.start_scn, current.checkpoint_at(now_ns), current.base_piece_id,
        current.used_piece_id(now_ns),
    )  # fmt: skip
