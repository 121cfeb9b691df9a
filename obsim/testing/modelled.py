"""A trial against the naive model: each action is done to a simulated cluster and to the model, and compared."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from obsim.statements import (
    BackupDatabase,
    BackupStatement,
    CancelBackup,
    Freeze,
    ParameterValue,
    SetArchiveMode,
)
from obsim.testing.model import NaiveCluster, NaiveTenant
from obsim.testing.naive_backup import Hits, NaiveJob
from obsim.testing.naive_storage import UNLIMITED, memstore_bytes
from obsim.testing.naive_tablet import Block, ModelBroken, NaiveTablet, Placed, expect
from obsim.testing.observation import BlocksSeen, JobSeen, Observation, SetSeen, TenantSeen
from obsim.testing.restore_probe import probe
from obsim.testing.simulated_trial import SimulatedTrial
from obsim.testing.trial import SYS, SYS_ID, duty_time

__all__ = ["ModelledTrial"]

ALREADY_ON, ALREADY_OFF, IN_PROGRESS, WRONG_ARGUMENT, NOT_SUPPORTED = 9091, 9092, 9036, 1210, 1235
FOREIGN_DIRECTORY = 9081


class ModelledTrial(SimulatedTrial):
    """Made as a SimulatedTrial; raises ModelBroken where the cluster does something else than the model says."""

    model: NaiveCluster

    def begin(self) -> None:
        """A model of the cluster as it was first seen: baseline only, archiving."""
        super().begin()
        tables = self.simulated.table_names()
        self.model = NaiveCluster(self.seen.base_rule, {})
        self._archivelog: dict[int, bool] = {}
        self._hits: dict[int, int] = {}
        for tenant in self.seen.tenants.values():
            tablets = [
                NaiveTablet(number, tables[tenant.tenant_id, number], list(blocks))
                for number, blocks in tenant.baseline.items()
            ]
            naive = NaiveTenant(tenant.tenant_id, tenant.name, tablets, path=tenant.path)
            self.model.tenants[tenant.tenant_id] = naive
            naive.memstore = memstore_bytes(self.version, self.simulated.unit_bytes(tenant.tenant_id))
            naive.note(0)
            self.model.owners[tenant.path] = tenant.name
            self._archivelog[tenant.tenant_id] = tenant.archivelog

    # Running statements.

    def _named(self, tenant: str) -> NaiveTenant:
        self.tick()
        return self.model.named(tenant)

    def _expect(self, tenant: str, statement: BackupStatement, expected: int) -> None:
        errno = self.run(tenant, statement)
        expect(errno == expected, f"{statement.sql()} by {tenant} answers {errno}, expected {expected}")

    def _set(self, name: str, value: ParameterValue, tenant: NaiveTenant, expected: int = 0) -> None:
        errno = self.set(name, value, tenant.name)
        expect(errno == expected, f"SET {name} = {value!r} for {tenant.name} answers {errno}, expected {expected}")

    # Storage.

    def write(self, tenant: str, table: str, count: int, kind: str) -> None:
        """Touch or append `count` blocks of a table."""
        naive = self._named(tenant)
        by_rows = kind.startswith("rows_")
        total = sum(t.rows if by_rows else len(t.blocks) for t in naive.table(table))
        errno = self.driver.change_blocks(tenant, table, count, kind)
        refused = count > total if kind not in UNLIMITED else bool(count) and not total and kind == "rows_zipf"
        expect(errno == (WRONG_ARGUMENT if refused else 0), f"{kind} of {count} of {total} in {table} answers {errno}")
        if not refused:
            now = self.driver.observe()
            seen = now.tenants[naive.tenant_id]
            wrote = naive.wrote_rows if by_rows else naive.wrote
            wrote(table, count, kind, seen.dirty, seen.memory_bytes, now.now_ns)
        self.compare()

    def write_rows(self, tenant: str, table: str, thousandths: int, more: int, kind: str) -> None:
        """Write so many thousandths of a table's rows, and some `more`."""
        rows = sum(t.rows for t in self.model.named(tenant).table(table))
        self.write(tenant, table, rows * thousandths // 1000 + more, kind)

    def freeze(self, tenant: str, *, major: bool, by_sys: bool = True) -> None:
        """MAJOR or MINOR FREEZE of one tenant, by sys or by itself."""
        naive = self._named(tenant)
        if by_sys:
            self._expect(SYS, Freeze(major, (tenant,)), 0)
        else:
            self._expect(tenant, Freeze(major), 0)
        now = self.driver.observe()
        if major:
            blocks = [b for blocks in now.tenants[naive.tenant_id].baseline.values() for b in blocks]
            version = max((block[1] for block in blocks), default=0)
            naive.major_freeze(version, now.now_ns, partial(self._told, now.tenants[naive.tenant_id]))
        else:
            naive.minor_freeze(now.now_ns)
        self.compare()

    def set_trigger(self, tenant: str, trigger: int) -> None:
        """SET minor_compact_trigger."""
        naive = self._named(tenant)
        self._set("minor_compact_trigger", trigger, naive)
        naive.trigger = trigger
        self.compare()

    def set_duty_time(self, tenant: str, minute: int | None) -> None:
        """SET major_freeze_duty_time: a minute of the day, None to switch the daily freeze off."""
        naive = self._named(tenant)
        self._set("major_freeze_duty_time", duty_time(minute), naive)
        naive.duty_minute = minute
        self.compare()

    def set_memory_limits(self, tenant: str, percent: int, often: int) -> None:
        """SET freeze_trigger_percentage and major_compact_trigger."""
        naive = self._named(tenant)
        self._set("freeze_trigger_percentage", percent, naive)
        self._set("major_compact_trigger", often, naive)
        naive.memory_percent, naive.often = percent, often
        self.compare()

    # Backups.

    def backup_from_sys(
        self, names: tuple[str, ...] | None, *, incremental: bool, plus_archivelog: bool = False
    ) -> None:
        """BACKUP by sys: of all tenants (None) or of a list."""
        self.tick()
        expected = self._refused(plus_archivelog) or self.model.backup_from_sys(names, incremental)
        self._expect_backup(SYS, BackupDatabase(incremental, names, plus_archivelog=plus_archivelog), expected)
        self.compare()

    def backup_own(self, tenant: str, *, incremental: bool, plus_archivelog: bool = False) -> None:
        """BACKUP by a tenant for itself."""
        naive = self._named(tenant)
        statement = BackupDatabase(incremental, plus_archivelog=plus_archivelog)
        naive.asked_incremental = incremental
        self._expect_backup(tenant, statement, self._refused(plus_archivelog) or naive.refusal(naive.tenant_id))
        self.compare()

    def _expect_backup(self, by: str, statement: BackupDatabase, expected: int) -> None:
        errno = self.ask(by, statement)
        if errno != expected:
            self.check(self.look())  # an invariant may say more
        expect(errno == expected, f"{statement.sql()} by {by} answers {errno}, expected {expected}")

    def _refused(self, plus_archivelog: bool) -> int:
        """4.0 knows PLUS ARCHIVELOG and refuses it."""
        return NOT_SUPPORTED if plus_archivelog and self.version.startswith("4.0") else 0

    def cancel(self, names: tuple[str, ...] | None = None, *, by_tenant: str | None = None) -> None:
        """CANCEL BACKUP by sys, for all or for a list, or by a tenant."""
        self.tick()
        if by_tenant is not None:
            names = (by_tenant,)
            self._expect(by_tenant, CancelBackup(), 0)
        else:
            self._expect(SYS, CancelBackup(names or ()), 0)
        for naive in self.model.tenants.values():
            if names is None or naive.name in names:
                naive.cancelled(self.simulated.state.now_ns)
        self.compare()

    def break_set(self, tenant: str, number: int) -> None:
        """The set that is the newest usable one but `number` is found broken; with fewer, the count begins anew."""
        naive = self._named(tenant)
        usable = sorted((s.number for s in naive.sets.values() if s.usable), reverse=True)
        if usable:
            chosen = usable[number % len(usable)]
            self.simulated.break_set(tenant, chosen)
            naive.lost(chosen, self.simulated.state.now_ns)
        self.compare()

    def try_restore(self, tenant: str, number: int) -> None:
        """Restore the tenant, in a copy of the cluster, to a moment that `number` chooses."""
        naive = self._named(tenant)
        self.compare()
        tried = probe(self.simulated.state, naive, self.seen.tenants[naive.tenant_id], number)
        self.simulated.script.note(f"{tried.sql} is tried here")
        self.sometimes.counts.update(tried.situations)

    # Settings.

    def set_dest(self, tenant: str, path: str) -> None:
        """SET data_backup_dest."""
        naive = self._named(tenant)
        refused = IN_PROGRESS if naive.jobs or naive.awaited else 0
        if path and not refused and self.model.owners.setdefault(path, tenant) != tenant:
            refused = FOREIGN_DIRECTORY
        self._set("data_backup_dest", path, naive, refused)
        naive.path = naive.path if refused else path
        self.compare()

    def set_archive(self, tenant: str, *, enabled: bool, by_sys: bool = True) -> None:
        """ARCHIVELOG or NOARCHIVELOG."""
        naive = self._named(tenant)
        same = self._archivelog[naive.tenant_id] == enabled
        refused = (ALREADY_ON if enabled else ALREADY_OFF) if same else 0
        if by_sys:
            self._expect(SYS, SetArchiveMode(enabled, (tenant,)), 0 if enabled else refused)
        else:
            self._expect(tenant, SetArchiveMode(enabled), refused)
        self._archivelog[naive.tenant_id] = enabled
        self.compare()

    def set_archive_dest(self, tenant: str, number: int) -> None:
        """SET log_archive_dest to the driver's path of that number, between two rounds."""
        self.set_archive(tenant, enabled=False)
        self.run_until_idle()
        paths = self.simulated.archive_paths
        path = paths[number % len(paths)].replace("{tenant}", tenant)
        self._set("log_archive_dest", f"LOCATION={path}", self._named(tenant))
        self.compare()
        self.set_archive(tenant, enabled=True)
        self.run_until_idle()

    def set_deferred(self, tenant: str, *, deferred: bool) -> None:
        """SET log_archive_dest_state."""
        self._set("log_archive_dest_state", "DEFER" if deferred else "ENABLE", self._named(tenant))
        self.compare()

    # Time.

    def run_until_idle(self) -> None:
        """Let everything end."""
        super().run_until_idle()
        for tenant in self.model.tenants.values():
            expect(not tenant.jobs and not tenant.awaited, f"idle with jobs of {tenant.name}: {tenant.jobs}")

    # Comparing.

    def compare(self) -> None:
        """Bring the model up to the present and hold the cluster against every invariant and against the model."""
        now = self.look()
        self.step_count += 1
        self.check(now)
        self.sometimes.count(now, self.seen)
        self._follow_all(now)
        self.seen = now
        told = any(tenant.to_be_told for tenant in self.model.tenants.values())
        self.simulated.on_compaction = self.compare if told else None

    def _told(self, seen: TenantSeen) -> dict[int, list[Placed]]:
        """The baseline of each tablet, with the places of its blocks."""
        places = self.simulated.places(seen.tenant_id)
        return {number: list(zip(places[number], blocks, strict=True)) for number, blocks in seen.baseline.items()}

    def _follow_all(self, now: Observation) -> None:
        """Tell the model what has happened, and compare."""
        parents = {j.job_id: j for j in now.sys_jobs}
        for tenant_id, seen in now.tenants.items():
            naive = self.model.tenants[tenant_id]
            naive.time_passes(self.seen.now_ns, now.now_ns, partial(self._told, seen))
            self._follow(naive, seen, now.now_ns)
            for incremental, parent in list(naive.awaited):
                status = parents[parent].status
                if status not in {"INIT", "CANCELING"}:
                    naive.awaited.remove((incremental, parent))
                    missing = status != "CANCELED" and naive.path
                    expect(not missing, f"parent {parent} is {status} without a job of {naive.name}")
            was = self.seen.tenants[tenant_id]
            if naive.changed or any(a is not b for a, b in zip(_stored(seen), _stored(was), strict=True)):
                _compare_storage(naive, seen)
                naive.changed = False

    def _follow(self, naive: NaiveTenant, seen: TenantSeen, now_ns: int) -> None:
        """Tell the model of jobs that came, sets that ended and jobs that left, in order of time."""
        hits = self._new_hits(naive.name)
        if hits:
            naive.faults_hit(hits, [j.job_id for j in seen.jobs if j.job_id > naive.job_count], self.seen.now_ns)
        naive.archive_is(seen.round is not None and seen.round.status == "DOING", now_ns)
        was = self.seen.tenants[naive.tenant_id]
        if seen.jobs is was.jobs and seen.sets is was.sets:
            return
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
                blocks = seen.blocks[change.backup_set_id]
                _compare_lineage(naive, change, blocks)
                naive.set_succeeded(change.backup_set_id, change.consistent_scn, change.end_ns)
                _compare_blocks(naive, change, blocks)
            else:
                naive.sets[change.backup_set_id].ended_ns = change.end_ns
        if seen.sets is not was.sets:
            for s in seen.sets.values():
                _compare_lineage(naive, s, seen.blocks[s.backup_set_id])
                if s.file_status in {"DELETING", "DELETED"}:
                    naive.lost(s.backup_set_id, now_ns)
        for job in seen.jobs:
            known = naive.jobs.get(job.job_id)
            if known is None:
                continue
            known.started = job.backup_set_id in seen.sets
            known.over = bool(job.end_ns or naive.sets[job.backup_set_id].ended_ns)
            if job.ended:
                naive.job_gone(job.job_id, job.status, job.result)
                self.sometimes.counts.update(_failures(known, job))

    def _new_hits(self, tenant: str) -> Hits:
        """How often faults have hit the work of a tenant since the last look."""
        hits: Hits = Counter()
        for number, (name, stage, code, count) in self.simulated.fault_hits().items():
            if name == tenant and count != self._hits.get(number, 0):
                hits[stage, code] += count - self._hits.get(number, 0)
                self._hits[number] = count
        return hits


def _failures(known: NaiveJob, job: JobSeen) -> Iterator[str]:
    """What came of a job whose work was hit by faults."""
    if known.sure_hits and job.status == "COMPLETED":
        yield "retry that mends"
    if job.status == "FAILED" and known.explains(job.result):
        yield "failure for good" if known.at_once(job.result) else "retries used up"


def _accept(naive: NaiveTenant, job: JobSeen, rule: str) -> None:
    """A job is new in the table: it must have been asked for and stored with the right type."""
    if job.initiator_tenant_id == SYS_ID:
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


def _compare_lineage(naive: NaiveTenant, s: SetSeen, blocks: BlocksSeen) -> None:
    made = naive.sets[s.backup_set_id]
    seen = (s.backup_type == "FULL", s.prev_full_id, s.prev_inc_id, blocks.base_id, s.path)
    expected = (made.full, made.prev_full, made.prev_inc, made.base, made.path)
    expect(seen == expected, f"set {s.backup_set_id} of {naive.name} is {seen}, expected {expected}")


def _compare_blocks(naive: NaiveTenant, s: SetSeen, blocks: BlocksSeen) -> None:
    made = naive.sets[s.backup_set_id]
    expect(
        blocks.copied == made.copied,
        f"set {s.backup_set_id} of {naive.name} stores {len(blocks.copied)} blocks, expected {len(made.copied)}: "
        f"lacks {sorted(made.copied - blocks.copied)[:5]}, has {sorted(blocks.copied - made.copied)[:5]} too many",
    )
    expect(
        blocks.delta_block_count == made.delta,
        f"set {s.backup_set_id} stores {blocks.delta_block_count} delta blocks, not {made.delta}",
    )
    count = len(made.copied) + made.delta
    expect(
        s.counters.macro_block_count == count, f"MACRO_BLOCK_COUNT is {s.counters.macro_block_count}, expected {count}"
    )


def _stored(seen: TenantSeen) -> tuple[object, ...]:
    """What the model says about storage, as it was seen."""
    return seen.baseline, seen.dirty, seen.memory_bytes, seen.delta_block_count


def _compare_storage(naive: NaiveTenant, seen: TenantSeen) -> None:
    for tablet in naive.tablets:
        number = tablet.tablet_id
        blocks, dirty, memory = seen.baseline[number], seen.dirty[number], seen.memory_bytes[number]
        if list(blocks) != tablet.blocks:
            raise ModelBroken(f"tablet {number} has other blocks: {_difference(blocks, tablet.blocks)}")
        if dirty != tablet.dirty:
            raise ModelBroken(f"tablet {number} has dirty {sorted(dirty)}, expected {sorted(tablet.dirty)}")
        if memory != tablet.memory:
            raise ModelBroken(f"tablet {number} has {memory} bytes in memory, not {tablet.memory}")
    delta = naive.delta()
    if seen.delta_block_count != delta:
        raise ModelBroken(f"{seen.delta_block_count} mini and minor blocks, not {delta}")


def _difference(seen: Sequence[Block], expected: Sequence[Block]) -> str:
    if len(seen) != len(expected):
        return f"{len(seen)} of them, expected {len(expected)}"
    return str([(p, a, b) for p, (a, b) in enumerate(zip(seen, expected, strict=True)) if a != b][:5])
