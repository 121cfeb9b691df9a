"""A naive model of tenants, macroblocks and backups: plain lists, sets and numbers, no code shared with the engine.

It is told what it cannot know (which positions a random write touched, when a job was accepted, when a snapshot was
taken, how a job ended) and predicts all else: whether a statement is refused, block identities after freezes, mini and
minor blocks, the type and ancestors of every set, and exactly which blocks it must store.
Figures: engine.md 1.3, 1.4, 2.2, 2.3 and macroblock-experiment.md; the looks of a freezer at clock and memory are those
of `obsim.cluster.freezer`, told once more.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from obsim.testing.naive_tablet import (
    DELETE_BYTES,
    INSERT_BYTES,
    ROWS_A_BLOCK,
    UPDATE_BYTES,
    Block,
    ModelBroken,
    NaiveTablet,
    Placed,
    expect,
)

__all__ = [
    "Block",
    "ModelBroken",
    "NaiveCluster",
    "NaiveJob",
    "NaiveSet",
    "NaiveTablet",
    "NaiveTenant",
    "expect",
    "memstore_bytes",
]

BYTES_TOUCHED = {
    "random": UPDATE_BYTES, "clustered": UPDATE_BYTES * ROWS_A_BLOCK, "append": INSERT_BYTES * ROWS_A_BLOCK,
}  # fmt: skip
"""What a block that is written takes in memory."""
BYTES_A_ROW = {
    "rows_uniform": UPDATE_BYTES, "rows_zipf": UPDATE_BYTES, "rows_clustered": UPDATE_BYTES,
    "rows_append": INSERT_BYTES, "rows_delete": DELETE_BYTES, "rows_delete_clustered": DELETE_BYTES,
}  # fmt: skip
UNLIMITED = {"append", "rows_append", "rows_zipf"}
"""Kinds of writes that may count more than there is."""
Told = Callable[[], Mapping[int, Sequence[Placed]]]
"""What the baseline of each tablet is, to be asked where it cannot be foretold."""
SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
EAST_NS = 8 * 3600 * SECOND_NS
"""The server's clock is that far ahead of UTC."""
ARCHIVE_CHECK_NS = 200_000_000
"""A job whose archive stopped has failed after that time."""

IN_PROGRESS = 9036
CAN_NOT_START = 9040
FAILURES = (-9029, -9027)
CANCELED = -4072
BASE_MISSING = -9011
FINAL = {-number for number in (
    4002, 4006, 4007, 4015, 4016, 4072, 4103, 4143, 4184, 4725, 9011, 9027, 9028, 9029, 9036, 9040, 9042, 9045, 9064,
    9069, 9070, 9071, 9080, 9081, 9082,
)}  # fmt: skip
"""Work that ended with one of these is not tried again (engine.md 3.5)."""
ATTEMPTS_LEAST = 4
"""Nothing is given up before it was tried again three times: metadata and passes then, data much later."""
RETRY_NS = 5 * SECOND_NS
LOG_STAGE, LOG_RETRIED = "BACKUP_LOG", -4012
"""Log that goes into the set is copied again only after a timeout."""
Hits = Counter[tuple[str, int]]
"""How often faults hit: by stage and code."""


def memstore_bytes(version: str, unit_bytes: int) -> int:
    """What a tenant with a unit of `unit_bytes` may keep in memory, 0 without a unit.

    Its META tenant takes a tenth of the unit, at least 1 GiB of 2 GiB and more, 512 MiB of less. Half of the rest is
    for the memstore; from 4.2.5 and 4.3 on 40 percent of up to 8 GiB.
    """
    gib = 1024 * 1024 * 1024
    if not unit_bytes:
        return 0
    rest = unit_bytes - max(unit_bytes // 10, gib if unit_bytes >= 2 * gib else gib // 2)
    return rest * (40 if version >= "4.2.5" and rest <= 8 * gib else 50) // 100


def _run_from(first: int, numbers: frozenset[int]) -> set[int]:
    """`first` and the numbers that follow one another from it on."""
    run = set()
    while first in numbers:
        run.add(first)
        first += 1
    return run


@dataclass
class NaiveSet:
    """What is known of a set; `copied` and `index` once its snapshot is."""

    number: int
    full: bool
    prev_full: int
    prev_inc: int
    base: int
    path: str
    usable: bool = False
    succeeded: bool = False
    ended_ns: int = 0
    broken_ns: int = 0
    """When it was found broken."""
    copied: frozenset[Block] = frozenset()
    index: frozenset[Block] = frozenset()
    delta: int = 0


@dataclass
class NaiveJob:
    """A job in the job table."""

    number: int
    initiator: int
    set_number: int
    started: bool = False
    """It was seen with its set: from then on every pass looks at the archive."""
    over: bool = False
    """It was seen with a final status, or its set was."""
    cancel_ns: int | None = None
    archive_left_ns: int | None = None
    """When archiving stopped while the job was at work: it must fail."""
    may_fail: bool = False
    """Archiving was off at some moment of its life."""
    hits: Hits = field(default_factory=Counter)
    """What faults that were ordered let its work end with, or perhaps that of another job."""
    sure_hits: Hits = field(default_factory=Counter)
    """Those that met no other job."""
    hit_after_ns: int = 0
    """The last of them came after that."""

    def hit(self, codes: Hits, after_ns: int, *, sure: bool) -> None:
        """Faults have hit a job after a moment: this one for `sure`, or another one."""
        self.hits += codes
        if sure:
            self.sure_hits += codes
            self.hit_after_ns = after_ns

    def explains(self, result: int) -> bool:
        """Whether faults are why the job failed with `result`: no retry mends it, or there were no more of them."""
        tried = sum(count for (_, code), count in self.hits.items() if code not in FINAL)
        return any(code == result for _, code in self.hits) and (self.at_once(result) or tried >= ATTEMPTS_LEAST)

    def at_once(self, result: int) -> bool:
        """Whether the first such failure may have been the last."""
        return result in FINAL or (result != LOG_RETRIED and self.hits[LOG_STAGE, result] > 0)


@dataclass
class NaiveTenant:
    """One user tenant."""

    tenant_id: int
    name: str
    tablets: list[NaiveTablet]
    path: str
    archiving: bool = True
    steady: bool = True
    """Archiving went on all the time between the last two looks."""
    trigger: int = 2
    duty_minute: int | None = 120
    """Minute of the day of the daily major freeze."""
    frozen_on: tuple[int, int] = (0, 0)
    """Day and minute of the last daily freeze."""
    memstore: int = 0
    """Bytes that may be in memory; 0: as many as come."""
    memory_percent: int = 20
    """Share of them that starts a freeze."""
    often: int = 0
    """So many freezes for want of memory, and the next one is a major freeze; 0: never."""
    memory_freezes: int = 0
    jobs: dict[int, NaiveJob] = field(default_factory=dict)
    sets: dict[int, NaiveSet] = field(default_factory=dict)
    job_count: int = 0
    arriving: dict[int, tuple[Hits, int, bool]] = field(default_factory=dict)
    """Hits of jobs that are about to be accepted, by number."""
    asked_incremental: bool = False
    """What its own last BACKUP asked for."""
    awaited: list[tuple[bool, int]] = field(default_factory=list)
    """Children that a sys job has asked for and that are not there yet: (incremental, the parent's number)."""
    past: list[tuple[int, frozenset[Block], int]] = field(default_factory=list)
    """(since, live blocks, delta blocks) after every change of storage."""
    changed: bool = True
    """The storage is not what it was when it was last compared."""

    def live(self) -> frozenset[Block]:
        """All baseline blocks."""
        return frozenset(block for tablet in self.tablets for block in tablet.blocks)

    def delta(self) -> int:
        """All mini and minor blocks."""
        return sum(tablet.delta() for tablet in self.tablets)

    def note(self, now_ns: int) -> None:
        """Remember the storage as it is from `now_ns` on."""
        self.changed = True
        self.past.append((now_ns, self.live(), self.delta()))

    def at(self, scn: int) -> tuple[frozenset[Block], int]:
        """Live and delta blocks at a moment: changes of that very moment come after it."""
        return next((live, delta) for since, live, delta in reversed(self.past) if since < scn)

    def table(self, name: str) -> list[NaiveTablet]:
        """The tablets of a table."""
        return [t for t in self.tablets if t.table == name]

    # Storage.

    def wrote(
        self, table: str, count: int, kind: str, dirty: dict[int, frozenset[int]], memory: dict[int, int]
    ) -> None:
        """A write has happened; `dirty` and `memory` by tablet are what the cluster has now.

        Checked: exactly `count` positions of that table and nothing else were touched, in one run if clustered.
        """
        self.changed = True
        tablets = self.table(table)
        touched = {t.tablet_id: (memory[t.tablet_id] - t.memory) // BYTES_TOUCHED[kind] for t in self.tablets}
        if kind == "append":
            tablets[-1].appended += count
            touched[tablets[-1].tablet_id] -= count
            tablets[-1].memory += count * BYTES_TOUCHED[kind]
            count = 0
        else:
            for tablet in tablets:
                new = dirty[tablet.tablet_id] - tablet.dirty
                expect(
                    len(new) <= touched[tablet.tablet_id],
                    f"{len(new)} blocks got dirty by {touched[tablet.tablet_id]} touches",
                )
                expect(
                    tablet.dirty or len(new) == touched[tablet.tablet_id],
                    "a touched block of a clean tablet is not dirty",
                )
                tablet.memory += touched[tablet.tablet_id] * BYTES_TOUCHED[kind]
            if kind == "clustered" and all(t.in_order for t in tablets):
                self._expect_run(tablets, count, dirty)
            expect(sum(touched.values()) == count, f"{sum(touched.values())} blocks touched, asked for {count}")
            for tablet in tablets:
                tablet.dirty |= dirty[tablet.tablet_id]
        for tablet in self.tablets:
            expect(
                tablet.dirty == dirty[tablet.tablet_id],
                f"tablet {tablet.tablet_id} has other dirty blocks than were touched",
            )
            expect(
                tablet.memory == memory[tablet.tablet_id],
                f"tablet {tablet.tablet_id} has {memory[tablet.tablet_id]} bytes",
            )
            expect(all(p < len(tablet.blocks) for p in tablet.dirty), "a dirty position lies past the end")

    def wrote_rows(
        self, table: str, count: int, kind: str, dirty: Mapping[int, frozenset[int]], memory: Mapping[int, int]
    ) -> None:
        """Rows have been written; `dirty` and `memory` by tablet are what the cluster has now.

        Checked: memory took in exactly `count` rows of that table, each change of a row touched a block, and no more
        blocks than rows were touched; those of neighbouring rows lie together.
        """
        self.changed = True
        name, _, ranges = kind.partition(":")
        each, tablets = BYTES_A_ROW[name], self.table(table)
        taken = {t.tablet_id: memory[t.tablet_id] - t.memory for t in self.tablets}
        mine = [t.tablet_id for t in tablets][-1 if name == "rows_append" else 0 :]
        strangers = [number for number, size in taken.items() if size and (number not in mine or size % each)]
        expect(not strangers, f"{kind} of {table} put {taken} bytes into memory")
        expect(sum(taken.values()) == count * each, f"{kind} of {count} rows took {sum(taken.values())} bytes")
        for tablet in self.tablets:
            rows, now = taken[tablet.tablet_id] // each, dirty[tablet.tablet_id]
            new = now - tablet.dirty
            expect(tablet.dirty <= now, f"tablet {tablet.tablet_id} has blocks that are no longer dirty")
            if name == "rows_append" or not rows:
                expect(not new, f"{kind} of {rows} rows touched {sorted(new)[:5]} of tablet {tablet.tablet_id}")
            else:
                expect(now and len(new) <= rows, f"{rows} rows touched {len(new)} blocks of tablet {tablet.tablet_id}")
                if name != "rows_zipf":
                    every = rows == tablet.rows
                    expect(rows <= tablet.rows, f"{rows} rows changed, tablet {tablet.tablet_id} has {tablet.rows}")
                    expect(not every or len(now) == len(tablet.blocks), "every row changed, not every block is dirty")
                if "clustered" in name and tablet.in_order:
                    runs = [n for n in now if n - 1 not in now and _run_from(n, now) & new]
                    expect(len(runs) <= int(ranges or 1), f"{kind} touched blocks of {len(runs)} runs")
            tablet.wrote_rows(name, rows, now)

    def _expect_run(self, tablets: list[NaiveTablet], count: int, dirty: dict[int, frozenset[int]]) -> None:
        """The blocks that got dirty fit into one run of `count` neighbours."""
        start, new, now = 0, [], set()
        for tablet in tablets:
            new += [start + p for p in dirty[tablet.tablet_id] - tablet.dirty]
            now |= {start + p for p in dirty[tablet.tablet_id]}
            start += len(tablet.blocks)
        if new:
            expect(max(new) - min(new) < count, f"a run of {count} blocks touched {sorted(new)}")
            expect(set(range(min(new), max(new) + 1)) <= now, f"a run of blocks has a hole: {sorted(new)}")

    def minor_freeze(self, now_ns: int) -> None:
        """MINOR FREEZE of this tenant."""
        for tablet in self.tablets:
            tablet.minor_freeze(self.trigger)
        self.note(now_ns)

    def time_passes(self, since_ns: int, now_ns: int, told: Told) -> None:
        """What the tenant did by itself after `since_ns`, up to `now_ns`; nobody wrote in between."""
        looks = [(at, True) for at in self._duty_looks(since_ns, now_ns)]
        memory_ns = (since_ns // (2 * SECOND_NS) + 1) * 2 * SECOND_NS
        if memory_ns <= now_ns:
            looks.append((memory_ns, False))
        for at_ns, daily in sorted(looks):
            if daily:
                self._duty(at_ns, told)
            elif self.memstore and sum(t.memory for t in self.tablets) > self.memstore * self.memory_percent // 100:
                self._memory_full(at_ns, told)

    def _duty_looks(self, since_ns: int, now_ns: int) -> list[int]:
        """Every five seconds of the duty minute of every day."""
        if self.duty_minute is None:
            return []
        first, last = ((at + EAST_NS) // DAY_NS for at in (since_ns, now_ns))
        starts = [day * DAY_NS + self.duty_minute * 60 * SECOND_NS - EAST_NS for day in range(first, last + 1)]
        looks = [start + second * SECOND_NS for start in starts for second in range(0, 60, 5)]
        return [at for at in looks if since_ns < at <= now_ns]

    def _duty(self, at_ns: int, told: Told) -> None:
        """Once in that minute of that day."""
        today = ((at_ns + EAST_NS) // DAY_NS, self.duty_minute or 0)
        if self.frozen_on != today:
            self.frozen_on = today
            self.major_freeze(at_ns, at_ns, told)

    def _memory_full(self, at_ns: int, told: Told) -> None:
        if self.often and self.memory_freezes >= self.often:
            self.major_freeze(at_ns, at_ns, told)
        else:
            self.memory_freezes += 1
            self.minor_freeze(at_ns)

    @property
    def to_be_told(self) -> bool:
        """Whether the outcome of the next compaction hangs on rows."""
        return any(tablet.to_be_told for tablet in self.tablets)

    def major_freeze(self, version: int, now_ns: int, told: Told) -> None:
        """MAJOR FREEZE of this tenant; `version` is what the new blocks carry, above every one there was."""
        self.memory_freezes = 0
        newest = max((block[1] for _, live, _ in self.past for block in live), default=0)
        known = told() if self.to_be_told else {}
        if sum([tablet.major_freeze(version, known.get(tablet.tablet_id)) for tablet in self.tablets]):
            expect(version > newest, f"the new version {version} is not above {newest}")
        self.note(now_ns)

    # Jobs and sets.

    def faults_hit(self, codes: Hits, arriving: Sequence[int], after_ns: int) -> None:
        """Faults let work end with these codes after a moment; `arriving` are the jobs accepted since then."""
        running = [job for job in self.jobs.values() if not job.over]
        expect(running or arriving, f"a fault hit {self.name}, which has no job: {codes}")
        sure = len(running) + len(arriving) == 1
        for job in running:
            job.hit(codes, after_ns, sure=sure)
        self.arriving |= dict.fromkeys(arriving, (codes, after_ns, sure))

    def broken(self, number: int, now_ns: int) -> None:
        """A set is found broken: it is no predecessor any more, and an increment that looks it up now fails."""
        self.sets[number].usable, self.sets[number].broken_ns = False, now_ns

    def has_job_of(self, initiator: int) -> bool:
        """Whether that tenant has a job in this one's job table, or is about to."""
        return any(j.initiator == initiator for j in self.jobs.values()) or (initiator == 1 and bool(self.awaited))

    def refusal(self, initiator: int) -> int:
        """Errno for a backup of this tenant, 0 when it is accepted; the order of checks differs (statements.md)."""
        archive = 0 if self.archiving else CAN_NOT_START
        running = IN_PROGRESS if self.has_job_of(initiator) else 0
        dest = 0 if self.path else CAN_NOT_START
        return (archive or running or dest) if initiator == 1 else (dest or running or archive)

    def ancestors(self, incremental: bool, at_ns: int, rule: str) -> tuple[bool, int, int, int]:
        """(full, prev_full, prev_inc, base) of a set whose job is accepted at `at_ns`."""
        ready = [s for s in self.sets.values() if s.usable and s.path == self.path and s.ended_ns < at_ns]
        if not incremental or not ready:
            return True, 0, 0, 0
        before = max(ready, key=lambda s: s.number)
        prev_full = before.number if before.full else before.prev_full
        return False, prev_full, before.number, before.number if rule == "previous" else prev_full

    def accepted(self, number: int, initiator: int, incremental: bool, at_ns: int, rule: str) -> NaiveSet:
        """A job was accepted: it takes the next job and set number, and its set's ancestors are settled."""
        self.job_count += 1
        expect(number == self.job_count, f"job number {number}, expected {self.job_count}")
        job = NaiveJob(number, initiator, self.job_count, may_fail=not self.steady)
        self.jobs[number] = job
        if number in self.arriving:
            codes, after_ns, sure = self.arriving.pop(number)
            job.hit(codes, after_ns, sure=sure)
        made = NaiveSet(self.job_count, *self.ancestors(incremental, at_ns, rule), self.path)
        self.sets[made.number] = made
        return made

    def cancelled(self, now_ns: int, initiator: int | None = None) -> None:
        """CANCEL BACKUP of this tenant's jobs; one whose set has ended is past cancelling."""
        for job in self.jobs.values():
            if initiator in {None, job.initiator} and job.cancel_ns is None and not job.over:
                job.cancel_ns = now_ns

    def archive_is(self, doing: bool, now_ns: int) -> None:
        """The round was seen to archive or not to, from `now_ns` on at the latest."""
        self.steady = self.archiving and doing
        if not doing:
            for job in self.jobs.values():
                job.may_fail = True
                if self.archiving and job.started and not job.over and job.archive_left_ns is None:
                    job.archive_left_ns = now_ns
        self.archiving = doing

    def set_succeeded(self, number: int, consistent_scn: int, ended_ns: int) -> None:
        """The set is complete: what it must store follows from its type, its base and the blocks of its snapshot."""
        made = self.sets[number]
        expect(consistent_scn, f"set {number} succeeded without a snapshot")
        live, made.delta = self.at(consistent_scn)
        known = self.sets[made.base].index if made.base else frozenset()
        made.copied = live - known
        made.index = live | known
        made.usable, made.succeeded, made.ended_ns = True, True, ended_ns
        if made.base:
            broken_ns = self.sets[made.base].broken_ns
            expect(not broken_ns or broken_ns > consistent_scn, f"set {number} succeeded although its base was broken")
        job = next(j for j in self.jobs.values() if j.set_number == number)
        expect(job.cancel_ns is None, f"set {number} succeeded although its job was cancelled")
        final = [code for _, code in job.sure_hits if code in FINAL]
        expect(not final, f"set {number} succeeded although its work failed with {final}")
        mended = not job.sure_hits or ended_ns >= job.hit_after_ns + RETRY_NS
        expect(mended, f"set {number} succeeded too soon for a retry after {job.sure_hits}")
        left = job.archive_left_ns
        expect(
            left is None or ended_ns <= left + ARCHIVE_CHECK_NS,
            f"set {number} succeeded although archiving had stopped",
        )

    def job_gone(self, number: int, status: str, result: int) -> None:
        """A job left the job table; the reason must be one that the model knows."""
        job = self.jobs.pop(number)
        made = self.sets[job.set_number]
        expect((status == "COMPLETED") == made.succeeded, f"job {number} is {status}, its set {made}")
        if status == "CANCELED":
            expect(
                job.cancel_ns is not None and result == CANCELED,
                f"job {number} was cancelled by nobody, result {result}",
            )
        if status == "FAILED":
            lost = bool(made.base) and bool(self.sets[made.base].broken_ns)
            known = (job.may_fail and result in FAILURES) or (lost and result == BASE_MISSING) or job.explains(result)
            expect(known, f"job {number} failed with {result} for no reason")
            expect(job.cancel_ns is None, f"job {number} was cancelled and is FAILED")


@dataclass
class NaiveCluster:
    """All user tenants. `rule` is `previous` or `last_full`."""

    rule: str
    tenants: dict[int, NaiveTenant]
    parents: int = 0
    owners: dict[str, str] = field(default_factory=dict)
    """Whose each directory for backups is, by path: the first one's who set it."""

    def named(self, name: str) -> NaiveTenant:
        """The tenant of that name."""
        return next(t for t in self.tenants.values() if t.name == name)

    def backup_from_sys(self, names: tuple[str, ...] | None, incremental: bool) -> int:
        """Errno of BACKUP by sys for all tenants (None) or a list; 0 when accepted, then children are awaited."""
        if names is None:
            chosen = [t for t in self.tenants.values() if t.archiving and not t.has_job_of(1)]
            if not chosen:
                return CAN_NOT_START
        else:
            chosen = [self.named(name) for name in dict.fromkeys(names)]
            for tenant in chosen:
                errno = tenant.refusal(1)
                if errno:
                    return errno
        self.parents += 1
        for tenant in chosen:
            tenant.awaited.append((incremental, self.parents))
        return 0
