"""What can be seen of a cluster at one moment, as plain values: what invariants and the naive model look at.

Nothing here knows an engine. A driver fills in what it can see and names it in `Observation.seen`, by the names of the
fields; a check that needs more is skipped, and the report says so. Times and SCNs are in nanoseconds, 0 for none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "CLUSTER_FIELDS", "TENANT_FIELDS", "AskedSeen", "BlocksSeen", "CleanupSeen", "CountersSeen", "Identity", "JobSeen",
    "Observation", "PieceSeen", "PlanSeen", "QueueSeen", "RoundSeen", "ServiceSeen", "SetSeen", "TaskSeen",
    "TenantSeen",
]  # fmt: skip

Identity = tuple[int, int, int]
"""Logical id of a macroblock: (tablet, logic version, data_seq)."""


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A row of OB_BACKUP_JOBS, or of OB_BACKUP_JOB_HISTORY when `ended`."""

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


@dataclass(frozen=True, slots=True)
class CountersSeen:
    """The progress columns that tasks and sets share."""

    input_bytes: int = 0
    output_bytes: int = 0
    extra_meta_bytes: int = 0
    tablet_count: int = 0
    finish_tablet_count: int = 0
    macro_block_count: int = 0
    finish_macro_block_count: int = 0


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
    counters: CountersSeen
    ended: bool


@dataclass(frozen=True, slots=True)
class SetSeen:
    """A row of OB_BACKUP_SET_FILES."""

    backup_set_id: int
    backup_type: str
    prev_full_id: int
    prev_inc_id: int
    path: str
    status: str
    file_status: str
    start_ns: int
    end_ns: int
    result: int
    start_replay_scn: int
    consistent_scn: int
    min_restore_scn: int
    meta_turn_id: int
    data_turn_id: int
    minor_turn_id: int
    major_turn_id: int
    counters: CountersSeen

    @property
    def usable(self) -> bool:
        """Whether the set may be a predecessor and a restore source."""
        return (self.status, self.file_status) == ("SUCCESS", "AVAILABLE")


@dataclass(frozen=True, slots=True)
class BlocksSeen:
    """What a reader of a set's files would find: the blocks it stores, and those it describes."""

    base_id: int
    """The set whose index it looked its blocks up in, 0 for none."""
    compaction_count: int
    """Major compactions before the snapshot."""
    delta_block_count: int
    """Mini and minor blocks that the set stores."""
    copied: frozenset[Identity]
    live: frozenset[Identity]
    """Baseline blocks of the tenant at the set's snapshot; empty as long as there is none."""
    occupied_bytes: int = 0
    """What the blocks it stores occupy, by the layouts of their tables."""


@dataclass(frozen=True, slots=True)
class RoundSeen:
    """The row of OB_ARCHIVELOG."""

    round_id: int
    status: str
    start_scn: int
    checkpoint_scn: int
    base_piece_id: int
    used_piece_id: int
    piece_interval_ns: int


@dataclass(frozen=True, slots=True)
class PieceSeen:
    """A row of OB_ARCHIVELOG_PIECE_FILES."""

    round_id: int
    piece_id: int
    start_scn: int
    end_scn: int
    checkpoint_scn: int
    status: str
    """ACTIVE or FROZEN."""
    file_status: str


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """One priority of a tenant's DAG scheduler."""

    name: str
    default_score: int
    score: int
    limit: int
    running: int
    waiting: int
    """Tasks that only lack a slot: ready and paused ones."""
    ready: tuple[int, ...]
    """Numbers of the tasks that have not begun, the next to start first."""
    begun: tuple[int, ...]
    """Numbers of the tasks that run or are paused."""


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """CPU time that one priority has had since the cluster began."""

    name: str
    weight: int
    """Threads that ask for CPU: what the shares go by."""
    quantum_ns: int
    served_ns: int
    backlogged_since_ns: int
    """Since when that many threads have asked for CPU without a break, -1 while none does."""


@dataclass(frozen=True, slots=True)
class CleanupSeen:
    """One obsolete run: the sets of its destination and all pieces, right before it and right after it."""

    expired_ns: int
    """What ended before is outside the recovery window."""
    sets_before: Mapping[int, SetSeen]
    sets_after: Mapping[int, SetSeen]
    pieces_before: tuple[PieceSeen, ...]
    pieces_after: tuple[PieceSeen, ...]


@dataclass(frozen=True, slots=True)
class PlanSeen:
    """What a restore to `target_scn` would read of the sets and pieces of one destination each; nothing if refused."""

    target_scn: int
    sets: Mapping[int, SetSeen]
    pieces: tuple[PieceSeen, ...]
    backup_set_ids: tuple[int, ...]
    piece_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TenantSeen:
    """One user tenant; blocks and marks are by tablet, in order of position."""

    tenant_id: int
    name: str
    path: str = ""
    archivelog: bool = False
    round: RoundSeen | None = None
    pieces: tuple[PieceSeen, ...] = ()
    """Pieces of the current round, in order."""
    jobs: tuple[JobSeen, ...] = ()
    tasks: tuple[TaskSeen, ...] = ()
    sets: Mapping[int, SetSeen] = field(default_factory=dict)
    blocks: Mapping[int, BlocksSeen] = field(default_factory=dict)
    """By set."""
    queues: tuple[QueueSeen, ...] = ()
    service: tuple[ServiceSeen, ...] = ()
    baseline: Mapping[int, tuple[Identity, ...]] = field(default_factory=dict)
    dirty: Mapping[int, frozenset[int]] = field(default_factory=dict)
    memory_bytes: Mapping[int, int] = field(default_factory=dict)
    appended: Mapping[int, int] = field(default_factory=dict)
    """Blocks of rows past the end that the next compaction adds."""
    delta_block_count: int = 0
    excess: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    """Priorities that run more than their limit, and since when that has been so under this limit."""
    cleanups: tuple[CleanupSeen, ...] = field(default=(), compare=False)
    """Runs that have ended since the last look."""
    plans: tuple[PlanSeen, ...] = field(default=(), compare=False)
    """Made when sets or pieces changed last."""


@dataclass(frozen=True, slots=True)
class AskedSeen:
    """A BACKUP statement that was run just now, and its answer: errno, 0 for OK."""

    by_tenant_id: int
    tenant_ids: tuple[int, ...]
    """Whom it names; () for all."""
    incremental: bool
    errno: int


@dataclass(frozen=True, slots=True)
class Observation:
    """The whole cluster at `now_ns`."""

    now_ns: int
    seen: frozenset[str]
    """Names of the fields, here and in TenantSeen, that the driver could fill in."""
    tenants: Mapping[int, TenantSeen]
    """User tenants by id."""
    base_rule: str = ""
    """`previous` or `last_full`."""
    sys_jobs: tuple[JobSeen, ...] = ()
    asked: AskedSeen | None = None
    twin: "Observation | None" = None
    """The same cluster at the same moment, come to another way: not read, or in one go instead of in pieces."""
    unseen: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Why the driver cannot fill in a field, by field."""


TENANT_FIELDS = tuple(name for name in TenantSeen.__slots__ if name not in {"tenant_id", "name"})
CLUSTER_FIELDS = ("base_rule", "sys_jobs", "asked", "twin")
