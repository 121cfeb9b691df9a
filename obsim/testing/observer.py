"""Takes observations of a cluster in this process by reading its engine.

What has not changed since the last look is handed out as the same object: that is what lets a `Checker` skip it.
Rows are read anew each time, so a change is seen wherever it comes from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from pyroaring import BitMap64

from obsim.archive.piece import ArchivePiece
from obsim.archive.round import ArchiveRound
from obsim.backup.set import BackupSet
from obsim.cluster import ClusterState, Tenant
from obsim.ids import Nanoseconds
from obsim.scheduler.priorities import PRIORITIES
from obsim.storage.macroblocks import SLOT_BITS
from obsim.storage.tablet import Tablet
from obsim.testing.cleanup_watch import CleanupWatch
from obsim.testing.engine_watch import PlanWatch, ServiceWatch
from obsim.testing.observation import (
    BlocksSeen,
    CountersSeen,
    Identity,
    JobSeen,
    Observation,
    PieceSeen,
    QueueSeen,
    RoundSeen,
    SetSeen,
    TaskSeen,
    TenantSeen,
)

if TYPE_CHECKING:
    from obsim.scheduler.dispatcher import QueueFigures

__all__ = ["SEEN", "Observer", "lasting_excess", "storage_of"]

SEEN = frozenset({
    "base_rule", "sys_jobs", "asked", "twin", "path", "archivelog", "round", "pieces", "jobs", "tasks", "sets",
    "blocks", "queues", "baseline", "dirty", "memory_bytes", "appended", "delta_block_count", "excess", "cleanups",
    "service", "plans",
})  # fmt: skip
"""All that can be seen of a simulated cluster."""
T = TypeVar("T")

_JOB = attrgetter(
    "tenant_id", "job_id", "backup_set_id", "initiator_tenant_id", "initiator_job_id", "executor_tenant_ids",
    "level", "request.backup_type", "request.plus_archivelog", "path", "start_ns", "end_ns",
    "status", "result",
)  # fmt: skip
_SET = attrgetter(
    "backup_set_id", "backup_type", "prev_full_id", "prev_inc_id", "path", "status", "file_status",
    "start_ns", "end_ns", "result", "start_replay_scn", "consistent_scn", "min_restore_scn", "meta_turn_id",
    "data_turn_id", "minor_turn_id", "major_turn_id",
)  # fmt: skip
_TASK = attrgetter(
    "task_id", "job.job_id", "job.backup_set_id", "status", "start_ns", "end_ns", "start_scn", "user_ls_start_scn",
    "end_scn", "result",
)  # fmt: skip
_COUNTERS = attrgetter(
    "input_bytes", "output_bytes", "extra_meta_bytes", "tablet_count", "finish_tablet_count", "macro_block_count",
    "finish_macro_block_count",
)  # fmt: skip

_MEMORY = attrgetter(
    "tablet_id", "memory_bytes", "appended_block_count", "appended_row_count", "layout.rows_per_block", "minor_bytes",
)  # fmt: skip


class Observer:
    """Takes observations of one cluster. `like` is an observer of the same one or of one it is a copy of.

    From `like` come only the ids of blocks in positions of the past, which takes long to find out.
    """

    def __init__(self, state: ClusterState, like: "Observer | None" = None) -> None:
        self.state = state
        users = state.user_tenants()
        self._kept: dict[int, _Kept] = like._kept if like else {t.tenant_id: _Kept() for t in users}  # noqa: SLF001
        watches = ((t.tenant_id, _TenantWatch(state, t, self._kept[t.tenant_id])) for t in users)
        self._tenants: dict[int, _TenantWatch] = dict(watches)
        self._sys_jobs: tuple[JobSeen, ...] = ()
        self._jobs = _Rows[JobSeen]()
        self._base_rule = state.options.incremental_base.value

    def look(self) -> Observation:
        """The cluster as it is now."""
        state = self.state
        self._sys_jobs = _same(self._sys_jobs, _jobs(state.sys, self._jobs))
        tenants = {tenant_id: watch.look() for tenant_id, watch in self._tenants.items()}
        return Observation(state.now_ns, SEEN, tenants, self._base_rule, self._sys_jobs)


@dataclass
class _Kept:
    """Ids of blocks: by set with what they were made of, and by compaction with the live positions of then."""

    rows: dict[int, tuple[tuple[object, ...], BlocksSeen]] = field(default_factory=dict)
    epochs: dict[int, tuple[BitMap64, dict[int, Identity]]] = field(default_factory=dict)


class _Rows(dict[Any, tuple[Any, T]]):
    """Values made of rows, by key, with the fields they were made of."""


def _made(kind: Callable[..., T], *fields: Any) -> T:
    return kind(*fields)


def _same(old: T, new: T) -> T:
    """The old object if it says the same."""
    return old if old == new else new


@lru_cache(1024)
def _no_blocks(base_id: int) -> BlocksSeen:
    """A set before its snapshot."""
    return BlocksSeen(base_id, 0, 0, frozenset(), frozenset())


def _same_numbers(old: Mapping[int, int], new: Mapping[int, int]) -> Mapping[int, int]:
    return old if old == new else new


def _same_rows(old: Mapping[int, T], new: dict[int, T]) -> Mapping[int, T]:
    """The old mapping if every value is the same object."""
    if len(old) == len(new) and all(map(_is, old.values(), new.values())):
        return old
    return new


def _is(one: object, other: object) -> bool:
    return one is other


def storage_of(state: ClusterState, tenant: Tenant) -> TenantSeen:
    """A tenant seen for the first and only time."""
    return _TenantWatch(state, tenant, _Kept()).look()


class _TenantWatch:
    """What was last seen of one tenant."""

    def __init__(self, state: ClusterState, tenant: Tenant, kept: "_Kept") -> None:
        self._state, self._tenant = state, tenant
        self._last = TenantSeen(tenant.tenant_id, tenant.name)
        self._job_rows = _Rows[JobSeen]()
        self._task_rows = _Rows[TaskSeen]()
        self._set_rows = _Rows[SetSeen]()
        self._kept = kept
        self._baseline_key: object = None
        self._live = BitMap64()
        self._dirty_bits = BitMap64()
        self._dirty_key: object = None
        self._counters_seen: dict[tuple[int, ...], CountersSeen] = {}
        known = state.parameters.definitions
        self._names = [p.parameter for p in PRIORITIES if p.parameter is not None and p.parameter in known]
        self._round_fields: tuple[object, ...] | None = None
        self._score_keys = [(tenant.tenant_id, name) for name in self._names]
        self._score_texts: list[str | None] | None = None
        self._known_scores: tuple[int, ...] = ()
        self._last_scores: tuple[int, ...] | None = None
        self._figures: list[QueueFigures] = []
        self._fields: tuple[object, ...] = ()
        self._memory_key: list[tuple[object, ...]] = []
        self._memory_seen: tuple[Mapping[int, int], Mapping[int, int], int] = {}, {}, 0
        self._cleanups = CleanupWatch(tenant)
        self._service, self._plans = ServiceWatch(), PlanWatch()

    def look(self) -> TenantSeen:
        state, tenant, last = self._state, self._tenant, self._last
        backup, storage, now_ns = tenant.backup, tenant.storage, state.now_ns
        current = self._round(tenant.archive.round, now_ns)
        queues = self._queues()
        sets = _same_rows(last.sets, self._sets())
        fields = (
            backup.path, tenant.archive.enabled, current,
            last.pieces if current is last.round else self._pieces(current, now_ns),
            _same(last.jobs, _jobs(tenant, self._job_rows)),
            _same(last.tasks, self._tasks(now_ns)),
            sets,
            _same_rows(last.blocks, {n: self._blocks(s) for n, s in backup.sets.items()}),
            queues,
            self._service.look(tenant, self._figures, now_ns),
            self._baseline(),
            self._dirty(),
            *self._memory(storage.tablets),
            lasting_excess(last, queues, now_ns),
            self._cleanups.look(sets, now_ns),
            self._plans.look(tenant, sets, now_ns),
        )  # fmt: skip
        if fields != self._fields:
            self._fields = fields
            self._last = TenantSeen(tenant.tenant_id, tenant.name, *fields)
        return self._last

    def _round(self, current: ArchiveRound | None, now_ns: int) -> RoundSeen | None:
        if current is None:
            self._round_fields = None
            return None
        fields = (
            current.round_id, current.status, current.start_scn, current.checkpoint_at(now_ns), current.base_piece_id,
            current.used_piece_id(now_ns), current.piece_switch_interval_us * 1000,
        )  # fmt: skip
        if fields == self._round_fields:
            return self._last.round
        self._round_fields = fields
        return RoundSeen(*fields)

    def _pieces(self, current: RoundSeen | None, now_ns: int) -> tuple[PieceSeen, ...]:
        """The pieces of the round; those that were frozen at the last look are not made anew."""
        archive = self._tenant.archive
        if current is None or archive.round is None:
            return ()
        last, was = self._last.pieces, self._last.round
        same = was is not None and was.round_id == current.round_id
        kept = tuple(takewhile(lambda p: p.status == "FROZEN", last[:-1])) if same else ()
        new = archive.pieces(archive.round, Nanoseconds(now_ns), len(kept))
        return _same(last, (*kept, *[_piece(current.round_id, piece) for piece in new]))

    def _tasks(self, now_ns: int) -> tuple[TaskSeen, ...]:
        backup, known = self._tenant.backup, self._task_rows
        found = []
        for tasks, ended in ((backup.tasks, False), (backup.task_history, True)):
            for task in tasks:
                fields = _TASK(task), _COUNTERS(task.counters(now_ns)), ended
                row = known.get(task.task_id)
                if row is None or row[0] != fields:
                    row = fields, _made(TaskSeen, *fields[0], self._counters(fields[1]), ended)
                    known[task.task_id] = row
                found.append(row[1])
        return tuple(found)

    def _sets(self) -> dict[int, SetSeen]:
        known = self._set_rows
        found: dict[int, SetSeen] = {}
        for number, backup_set in self._tenant.backup.sets.items():
            fields = _SET(backup_set), _COUNTERS(backup_set.counters)
            row = known.get(number)
            if row is None or row[0] != fields:
                row = known[number] = fields, _made(SetSeen, *fields[0], self._counters(fields[1]))
            found[number] = row[1]
        return found

    def _counters(self, fields: tuple[int, ...]) -> CountersSeen:
        seen = self._counters_seen.get(fields)
        if seen is None:
            seen = self._counters_seen[fields] = CountersSeen(*fields)
        return seen

    def _blocks(self, s: BackupSet) -> BlocksSeen:
        content = s.content
        if content is None:
            return _no_blocks(s.base_id)
        fields = (s.base_id, content.base_epoch, content.epoch, s.delta_block_count, s.delta_bytes, s.status)
        known = self._kept.rows.get(s.backup_set_id)
        if known is not None and known[0] == fields:
            return known[1]
        ids = self._identities(content.epoch, content.live)
        copied = frozenset([ids[p] for p in content.stored()])
        sizes: dict[int, int] = {t.tablet_id: t.layout.block_bytes for t in self._tenant.storage.tablets}
        occupied_bytes = s.delta_bytes + sum(sizes.get(tablet_id, 0) for tablet_id, *_ in copied)
        made = BlocksSeen(
            s.base_id, content.epoch, s.delta_block_count, copied, frozenset(ids.values()), occupied_bytes
        )
        self._kept.rows[s.backup_set_id] = fields, made
        return made

    def _identities(self, epoch: int, live: BitMap64) -> dict[int, Identity]:
        """The id of each of `live`, the baseline blocks as of a compaction, by position."""
        known = self._kept.epochs.get(epoch)
        if known is None or known[0] != live:
            ids = self._tenant.storage.identities(live, epoch)
            known = BitMap64(live), {p: (b.tablet_id, b.logic_version, b.data_seq) for p, b in ids.items()}
            self._kept.epochs[epoch] = known
        return known[1]

    def _baseline(self) -> Mapping[int, tuple[Identity, ...]]:
        storage = self._tenant.storage
        blocks = storage.blocks
        tablets = [t.tablet_id for t in storage.tablets]
        if (blocks.epoch, tablets) == self._baseline_key and blocks.live == self._live:
            return self._last.baseline
        self._baseline_key, self._live = (blocks.epoch, tablets), BitMap64(blocks.live)
        found: dict[int, list[Identity]] = {tablet_id: [] for tablet_id in tablets}
        for block in self._identities(blocks.epoch, blocks.live).values():
            found[block[0]].append(block)
        old = self._last.baseline
        return _same(old, {tablet_id: _same(old.get(tablet_id, ()), tuple(b)) for tablet_id, b in found.items()})

    def _dirty(self) -> Mapping[int, frozenset[int]]:
        storage = self._tenant.storage
        key = [t.tablet_id for t in storage.tablets], storage.blocks.epoch
        if storage.blocks.dirty == self._dirty_bits and key == self._dirty_key:
            return self._last.dirty
        self._dirty_key = key
        self._dirty_bits = BitMap64(storage.blocks.dirty)
        live, dirty = storage.blocks.live, storage.blocks.dirty
        found: dict[int, list[int]] = {t.slot: [] for t in storage.tablets}
        starts = {t.slot: live.rank(t.first_position - 1) if t.first_position else 0 for t in storage.tablets}
        for position in dirty:
            slot = position >> SLOT_BITS
            found[slot].append(live.rank(position) - starts[slot] - 1)
        return {t.tablet_id: frozenset(found[t.slot]) for t in storage.tablets}

    def _memory(self, tablets: list[Tablet]) -> tuple[Mapping[int, int], Mapping[int, int], int]:
        """Bytes in memory and blocks to be appended, by tablet; all mini and minor blocks."""
        key = [(*_MEMORY(t), *t.mini) for t in tablets]
        if key != self._memory_key:
            self._memory_key, last = key, self._last
            self._memory_seen = (
                _same_numbers(last.memory_bytes, {t.tablet_id: t.memory_bytes for t in tablets}),
                _same_numbers(last.appended, {t.tablet_id: _appended(t) for t in tablets}),
                sum([t.delta_block_count for t in tablets]),
            )
        return self._memory_seen

    def _queues(self) -> tuple[QueueSeen, ...]:
        old, scores = self._last.queues, self._scores()
        figures = self._tenant.dispatcher.overview()
        if scores is self._last_scores and figures == self._figures:
            return old
        self._last_scores, self._figures = scores, figures
        return tuple([
            QueueSeen(p.name, p.default_score, score, *row)
            for p, score, row in zip(PRIORITIES, scores, figures, strict=True)
        ])  # fmt: skip

    def _scores(self) -> tuple[int, ...]:
        """The score of each priority, 0 where the version has none; the same object while none changes."""
        parameters, tenant_id = self._state.parameters, self._tenant.tenant_id
        texts = parameters.texts_at(self._score_keys)
        if texts != self._score_texts:
            self._score_texts = texts
            known = {name: parameters.get_int(name, tenant_id) for name in self._names}
            self._known_scores = tuple([known.get(p.parameter or "", 0) for p in PRIORITIES])
        return self._known_scores


def lasting_excess(last: TenantSeen, queues: tuple[QueueSeen, ...], now_ns: int) -> tuple[tuple[str, int], ...]:
    """Priorities that run more than their limit, with the moment at which that limit was first seen."""
    over = [q for q in queues if q.running > q.limit]
    if not over:
        return ()
    since, limits = dict(last.excess), {q.name: q.limit for q in last.queues}
    found = tuple((q.name, since.get(q.name, now_ns) if limits.get(q.name) == q.limit else now_ns) for q in over)
    return _same(last.excess, found)


def _appended(tablet: Tablet) -> int:
    rows = tablet.appended_row_count
    return tablet.appended_block_count + (-(-rows // tablet.layout.rows_per_block) if rows else 0)


def _jobs(tenant: Tenant, known: _Rows[JobSeen]) -> tuple[JobSeen, ...]:
    found = []
    for jobs, ended in ((tenant.backup.jobs, False), (tenant.backup.job_history, True)):
        for job in jobs:
            key, fields = (job.job_id, ended), _JOB(job)
            row = known.get(key)
            if row is None or row[0] != fields:
                row = known[key] = fields, _made(JobSeen, *fields, ended)
            found.append(row[1])
    return tuple(found)


def _piece(round_id: int, piece: ArchivePiece) -> PieceSeen:
    return PieceSeen(
        round_id, piece.piece_id, piece.start_scn, piece.end_scn, piece.checkpoint_scn,
        "FROZEN" if piece.frozen else "ACTIVE", "AVAILABLE" if piece.complete else "INCOMPLETE",
    )  # fmt: skip
