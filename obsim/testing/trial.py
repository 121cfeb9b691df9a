"""A trial: one cluster and the naive model side by side. Every action is done to both, then everything is compared.

The state machine (`machine`) and the mutants' campaign (`mutants`) are made of these actions.
A test may call them itself.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from obsim.ids import SYS_TENANT_ID
from obsim.statements import (
    AlterParameters,
    BackupDatabase,
    BackupStatement,
    CancelBackup,
    Freeze,
    ParameterAction,
    ParameterValue,
    SetArchiveMode,
)
from obsim.testing.driver import Driver
from obsim.testing.invariants import check_invariants
from obsim.testing.model import Block, NaiveCluster, NaiveTablet, NaiveTenant, expect, memstore_bytes
from obsim.testing.observation import JobSeen, Observation, Observer, SetSeen, TenantSeen
from obsim.testing.reading import Reader
from obsim.versions import IncrementalBase

__all__ = ["Trial"]

MS = 1_000_000
YIELD_NS = 3_000 * MS
ALREADY_ON, ALREADY_OFF, IN_PROGRESS, WRONG_ARGUMENT, NOT_SUPPORTED = 9091, 9092, 9036, 1210, 1235
TICK_NS = 1_000
"""Time moves by that much before each action, so that no two actions share a moment with each other's events."""


@dataclass
class Trial:
    """`version` is a profile's name, `base` the base rule; `seed` decides where writes fall."""

    version: str = "4.2.1"
    base: IncrementalBase = IncrementalBase.LAST_FULL
    seed: int = 0
    step_count: int = 0
    _lowered_ns: dict[int, int] = field(default_factory=dict)
    _archivelog: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.driver = Driver(self.version, self.base, self.seed)
        self.start = self.seen = self.driver.look()
        self._model_start()
        check_invariants(self.seen)

    def _model_start(self) -> None:
        """A model of the cluster as it was first seen: baseline only, archiving."""
        tables = self.driver.table_names()
        self.model = NaiveCluster(self.seen.base_rule, {})
        for tenant in self.seen.tenants.values():
            tablets = [
                NaiveTablet(number, tables[tenant.tenant_id, number], list(blocks))
                for number, blocks in tenant.baseline.items()
            ]
            naive = self.model.tenants[tenant.tenant_id] = NaiveTenant(
                tenant.tenant_id, tenant.name, tablets, tenant.path
            )
            naive.memstore = memstore_bytes(self.version, self.driver.unit_bytes(tenant.tenant_id))
            naive.note(0)
            self._archivelog[tenant.tenant_id] = tenant.archivelog
        self._lowered_ns.clear()
        self.reader = Reader(self.driver.state)

    @property
    def tenant_names(self) -> list[str]:
        """The user tenants."""
        return [t.name for t in self.model.tenants.values()]

    # Running statements.

    def _run(self, tenant_id: int, statement: BackupStatement, expected: int) -> None:
        errno = self.driver.run(tenant_id, statement)
        expect(errno == expected, f"{statement.sql()} by tenant {tenant_id} answers {errno}, expected {expected}")

    def _set(self, name: str, value: ParameterValue, tenant: NaiveTenant, expected: int = 0) -> None:
        """ALTER SYSTEM SET by sys for one tenant."""
        self._run(SYS_TENANT_ID, AlterParameters((ParameterAction(name, value, tenant=tenant.name),)), expected)

    def _tick(self) -> NaiveCluster:
        self.driver.advance(TICK_NS)
        self.compare()
        return self.model

    # Storage.

    def write(self, tenant_name: str, table: str, count: int, kind: str) -> None:
        """Touch or append `count` blocks of a table."""
        tenant = self._tick().named(tenant_name)
        total = sum(len(t.blocks) for t in tenant.table(table))
        errno = self.driver.write(tenant_name, table, count, kind)
        refused = kind != "append" and count > total
        expect(errno == (WRONG_ARGUMENT if refused else 0), f"write of {count} of {total} blocks answers {errno}")
        if not refused:
            seen = self.driver.look().tenants[tenant.tenant_id]
            tenant.wrote(table, count, kind, dict(seen.dirty), dict(seen.memory_bytes))
        self.compare()

    def freeze(self, tenant_name: str, *, major: bool, by_sys: bool = True) -> None:
        """MAJOR or MINOR FREEZE of one tenant, by sys or by itself."""
        tenant = self._tick().named(tenant_name)
        if by_sys:
            self._run(SYS_TENANT_ID, Freeze(major, (tenant_name,)), 0)
        else:
            self._run(tenant.tenant_id, Freeze(major), 0)
        now = self.driver.look()
        if major:
            blocks = [b for blocks in now.tenants[tenant.tenant_id].baseline.values() for b in blocks]
            tenant.major_freeze(max((block[1] for block in blocks), default=0), now.now_ns)
        else:
            tenant.minor_freeze(now.now_ns)
        self.compare()

    def set_trigger(self, tenant_name: str, trigger: int) -> None:
        """SET minor_compact_trigger."""
        tenant = self._tick().named(tenant_name)
        self._set("minor_compact_trigger", trigger, tenant)
        tenant.trigger = trigger
        self.compare()

    def set_duty_time(self, tenant_name: str, minute: int | None) -> None:
        """SET major_freeze_duty_time: a minute of the day, None to switch the daily freeze off."""
        tenant = self._tick().named(tenant_name)
        text = "Disable" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"
        self._set("major_freeze_duty_time", text, tenant)
        tenant.duty_minute = minute
        self.compare()

    def set_memory_limits(self, tenant_name: str, percent: int, often: int) -> None:
        """SET freeze_trigger_percentage and major_compact_trigger."""
        tenant = self._tick().named(tenant_name)
        self._set("freeze_trigger_percentage", percent, tenant)
        self._set("major_compact_trigger", often, tenant)
        tenant.memory_percent, tenant.often = percent, often
        self.compare()

    # Backups.

    def backup_from_sys(
        self, names: tuple[str, ...] | None, *, incremental: bool, plus_archivelog: bool = False
    ) -> None:
        """BACKUP by sys: of all tenants (None) or of a list."""
        model = self._tick()
        expected = self._refused(plus_archivelog) or model.backup_from_sys(names, incremental)
        self._run(SYS_TENANT_ID, BackupDatabase(incremental, names, plus_archivelog=plus_archivelog), expected)
        self.compare()

    def backup_own(self, tenant_name: str, *, incremental: bool, plus_archivelog: bool = False) -> None:
        """BACKUP by a tenant for itself."""
        tenant = self._tick().named(tenant_name)
        statement = BackupDatabase(incremental, plus_archivelog=plus_archivelog)
        tenant.asked_incremental = incremental
        self._run(tenant.tenant_id, statement, self._refused(plus_archivelog) or tenant.refusal(tenant.tenant_id))
        self.compare()

    def _refused(self, plus_archivelog: bool) -> int:
        """4.0 knows PLUS ARCHIVELOG and refuses it."""
        return NOT_SUPPORTED if plus_archivelog and self.version.startswith("4.0") else 0

    def cancel(self, names: tuple[str, ...] | None = None, *, by_tenant: str | None = None) -> None:
        """CANCEL BACKUP by sys, for all or for a list, or by a tenant."""
        model = self._tick()
        if by_tenant is not None:
            names = (by_tenant,)
            self._run(model.named(by_tenant).tenant_id, CancelBackup(), 0)
        else:
            self._run(SYS_TENANT_ID, CancelBackup(names or ()), 0)
        now_ns = self.driver.state.now_ns
        for tenant in model.tenants.values():
            if names is None or tenant.name in names:
                tenant.cancelled(now_ns)
        self.compare()

    # Settings.

    def set_dest(self, tenant_name: str, path: str) -> None:
        """SET data_backup_dest."""
        tenant = self._tick().named(tenant_name)
        busy = bool(tenant.jobs or tenant.awaited)
        self._set("data_backup_dest", path, tenant, IN_PROGRESS if busy else 0)
        tenant.path = tenant.path if busy else path
        self.compare()

    def set_score(self, tenant_name: str, score: int, name: str = "ha_low_thread_score") -> None:
        """SET of a thread score."""
        tenant = self._tick().named(tenant_name)
        before = self.seen.tenants[tenant.tenant_id]
        self._set(name, score, tenant)
        after = self.driver.look().tenants[tenant.tenant_id]
        if any(q.limit < was.limit for q, was in zip(after.queues, before.queues, strict=True)):
            self._lowered_ns[tenant.tenant_id] = self.driver.state.now_ns
        self.compare()

    def set_archive(self, tenant_name: str, *, enabled: bool, by_sys: bool = True) -> None:
        """ARCHIVELOG or NOARCHIVELOG."""
        tenant = self._tick().named(tenant_name)
        same = self._archivelog[tenant.tenant_id] == enabled
        refused = (ALREADY_ON if enabled else ALREADY_OFF) if same else 0
        if by_sys:
            self._run(SYS_TENANT_ID, SetArchiveMode(enabled, (tenant_name,)), 0 if enabled else refused)
        else:
            self._run(tenant.tenant_id, SetArchiveMode(enabled), refused)
        self._archivelog[tenant.tenant_id] = enabled
        self.compare()

    def set_deferred(self, tenant_name: str, *, deferred: bool) -> None:
        """SET log_archive_dest_state."""
        self._set("log_archive_dest_state", "DEFER" if deferred else "ENABLE", self._tick().named(tenant_name))
        self.compare()

    def make_ready(self, tenant_name: str) -> None:
        """See to it that a tenant can be backed up: a destination, archiving on and going on."""
        tenant = self.model.named(tenant_name)
        if not tenant.path:
            self.set_dest(tenant_name, "file:///data/ready")
        if not tenant.archiving:
            self.set_deferred(tenant_name, deferred=False)
            if not self._archivelog[tenant.tenant_id]:
                self.set_archive(tenant_name, enabled=True)
            self.run_until_idle()

    # Time.

    def advance(self, by_ms: int) -> None:
        """Let virtual time go by."""
        self._tick()
        self.driver.advance(by_ms * MS)
        self.compare()

    def advance_two_ways(self, by_ms: int, pieces: int) -> None:
        """The law of the clock: in one go, or in pieces with reads between, time brings the same (33)."""
        self._tick()
        twin = deepcopy(self.driver.state)
        target_ns = twin.now_ns + by_ms * MS
        twin.advance_to(target_ns)
        for piece in range(1, pieces + 1):
            left_ns = target_ns - self.driver.state.now_ns
            self.driver.advance(left_ns // (pieces - piece + 1))
            self.compare()
        self.read()
        expect(
            Observer(twin).look() == self.seen, f"33: {by_ms} ms in {pieces} pieces bring something else than at once"
        )

    def run_until_idle(self) -> None:
        """Let everything end."""
        self._tick()
        self.driver.run_until_idle()
        self.compare()
        for tenant in self.model.tenants.values():
            expect(not tenant.jobs and not tenant.awaited, f"idle with jobs of {tenant.name}: {tenant.jobs}")

    def reset(self) -> None:
        """Back to the start: the cluster must look as it first did."""
        self.driver.reset()
        self.seen = self.driver.look()
        expect(self.seen == self.start, "after a reset the cluster looks other than at its start")
        self._model_start()

    def read(self) -> None:
        """Read every view; nothing may change by it, and obsim.macroblocks must say what the model says."""
        self.reader.read(self.model)

    # Comparing.

    def compare(self) -> None:
        """Bring the model up to the present and hold the cluster against it and against every invariant."""
        now = self.driver.look()
        self.step_count += 1
        parents = {j.job_id: j for j in now.sys_jobs}
        for tenant_id, seen in now.tenants.items():
            naive = self.model.tenants[tenant_id]
            naive.time_passes(self.seen.now_ns, now.now_ns)
            self._follow(naive, seen, now.now_ns)
            for incremental, parent in list(naive.awaited):
                status = parents[parent].status
                if status not in {"INIT", "CANCELING"}:
                    naive.awaited.remove((incremental, parent))
                    missing = status != "CANCELED" and naive.path
                    expect(not missing, f"parent {parent} is {status} without a job of {naive.name}")
            _compare_storage(naive, seen)
        check_invariants(now, self.seen)
        self._compare_excess(now)
        self.seen = now

    def _follow(self, naive: NaiveTenant, seen: TenantSeen, now_ns: int) -> None:
        """Tell the model of jobs that came, sets that ended and jobs that left, in order of time."""
        naive.archive_is(seen.round is not None and seen.round.status == "DOING", now_ns)
        accepted: list[tuple[int, JobSeen | SetSeen]] = [
            (j.start_ns, j) for j in seen.jobs if j.job_id > naive.job_count
        ]
        ended: list[tuple[int, JobSeen | SetSeen]] = [
            (s.end_ns, s) for s in seen.sets.values()
            if s.end_ns and (s.backup_set_id not in naive.sets or not naive.sets[s.backup_set_id].ended_ns)
        ]  # fmt: skip
        for _, change in sorted(accepted + ended, key=lambda c: c[0]):
            if isinstance(change, JobSeen):
                _accept(naive, change, self.model.rule)
            elif change.status == "SUCCESS":
                _compare_lineage(naive, change)
                naive.set_succeeded(change.backup_set_id, change.consistent_scn, change.end_ns)
                _compare_blocks(naive, change)
            else:
                naive.sets[change.backup_set_id].ended_ns = change.end_ns
        for s in seen.sets.values():
            _compare_lineage(naive, s)
        for job in seen.jobs:
            known = naive.jobs.get(job.job_id)
            if known is None:
                continue
            known.started = job.backup_set_id in seen.sets
            known.over = bool(job.end_ns or naive.sets[job.backup_set_id].ended_ns)
            if job.ended:
                naive.job_gone(job.job_id, job.status, job.result)

    def _compare_excess(self, now: Observation) -> None:
        """S1: three seconds after a limit was lowered no more tasks run than it allows."""
        for tenant_id, lowered_ns in self._lowered_ns.items():
            if now.now_ns >= lowered_ns + YIELD_NS:
                for q in now.tenants[tenant_id].queues:
                    expect(
                        q.running <= q.limit,
                        f"S1: {q.name} runs {q.running} with limit {q.limit} 3 s after the lowering",
                    )


def _accept(naive: NaiveTenant, job: JobSeen, rule: str) -> None:
    """A job is new in the table: it must have been asked for and stored with the right type."""
    if job.initiator_tenant_id == SYS_TENANT_ID:
        expect(naive.awaited, f"sys started job {job.job_id} of {naive.name} unasked")
        incremental, parent = naive.awaited.pop(0)
        expect(
            job.initiator_job_id == parent, f"job {job.job_id} is of parent {job.initiator_job_id}, expected {parent}"
        )
    else:
        incremental = naive.asked_incremental
        expect(job.initiator_job_id == 0, "a tenant's own job has no parent")
    made = naive.accepted(job.job_id, job.initiator_tenant_id, incremental, job.start_ns, rule)
    expect(job.backup_set_id == made.number, f"job {job.job_id} has set {job.backup_set_id}, expected {made.number}")
    expect(job.backup_type == ("FULL" if made.full else "INC"), f"job {job.job_id} is stored as {job.backup_type}")
    expect(job.path == made.path, f"job {job.job_id} goes to {job.path}")


def _compare_lineage(naive: NaiveTenant, s: SetSeen) -> None:
    made = naive.sets[s.backup_set_id]
    seen = (s.backup_type == "FULL", s.prev_full_id, s.prev_inc_id, s.base_id, s.path)
    expected = (made.full, made.prev_full, made.prev_inc, made.base, made.path)
    expect(seen == expected, f"set {s.backup_set_id} of {naive.name} is {seen}, expected {expected}")


def _compare_blocks(naive: NaiveTenant, s: SetSeen) -> None:
    made = naive.sets[s.backup_set_id]
    expect(
        s.copied == made.copied,
        f"set {s.backup_set_id} of {naive.name} stores {len(s.copied)} blocks, expected {len(made.copied)}: "
        f"lacks {sorted(made.copied - s.copied)[:5]}, has {sorted(s.copied - made.copied)[:5]} too many",
    )
    expect(
        s.delta_block_count == made.delta,
        f"set {s.backup_set_id} stores {s.delta_block_count} delta blocks, not {made.delta}",
    )
    count = len(made.copied) + made.delta
    expect(
        s.counters.macro_block_count == count, f"MACRO_BLOCK_COUNT is {s.counters.macro_block_count}, expected {count}"
    )


def _compare_storage(naive: NaiveTenant, seen: TenantSeen) -> None:
    for tablet in naive.tablets:
        blocks, dirty = seen.baseline[tablet.tablet_id], seen.dirty[tablet.tablet_id]
        expect(
            list(blocks) == tablet.blocks,
            f"tablet {tablet.tablet_id} has other blocks: {_difference(blocks, tablet.blocks)}",
        )
        expect(
            dirty == tablet.dirty,
            f"tablet {tablet.tablet_id} has dirty {sorted(dirty)}, expected {sorted(tablet.dirty)}",
        )
        memory = seen.memory_bytes[tablet.tablet_id]
        expect(memory == tablet.memory, f"tablet {tablet.tablet_id} has {memory} bytes in memory, not {tablet.memory}")
    expect(
        seen.delta_block_count == naive.delta(), f"{seen.delta_block_count} mini and minor blocks, not {naive.delta()}"
    )


def _difference(seen: Sequence[Block], expected: Sequence[Block]) -> str:
    if len(seen) != len(expected):
        return f"{len(seen)} of them, expected {len(expected)}"
    return str([(p, a, b) for p, (a, b) in enumerate(zip(seen, expected, strict=True)) if a != b][:5])
