"""A naive model of tenants, macroblocks and backups: plain lists, sets and numbers, no code shared with the engine.

It is told what it cannot know (which positions a random write touched, when a job was accepted, when a snapshot was
taken, how a job ended) and predicts all else: whether a statement is refused, block identities after freezes, mini and
minor blocks, the type and ancestors of every set, and exactly which blocks it must store.
Figures: engine.md 2.2 and 2.3; those of storage stand in `naive_storage` and `naive_tablet`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from obsim.error_codes import OB_BACKUP_CAN_NOT_START, OB_BACKUP_FILE_NOT_EXIST, OB_BACKUP_IN_PROGRESS, OB_CANCELED
from obsim.testing.naive_backup import FAILURES, FINAL, RETRY_NS, Hits, NaiveJob, NaiveSet
from obsim.testing.naive_storage import NaiveStorage
from obsim.testing.naive_tablet import expect

__all__ = ["NaiveCluster", "NaiveTenant"]

ARCHIVE_CHECK_NS = 200_000_000
"""A job whose archive stopped has failed after that time."""
IN_PROGRESS = -OB_BACKUP_IN_PROGRESS
CAN_NOT_START = -OB_BACKUP_CAN_NOT_START


@dataclass
class NaiveTenant(NaiveStorage):
    """One user tenant: its storage and its backups."""

    path: str = ""
    archiving: bool = True
    steady: bool = True
    """Archiving went on all the time between the last two looks."""
    jobs: dict[int, NaiveJob] = field(default_factory=dict)
    sets: dict[int, NaiveSet] = field(default_factory=dict)
    job_count: int = 0
    arriving: dict[int, tuple[Hits, int, bool]] = field(default_factory=dict)
    """Hits of jobs that are about to be accepted, by number."""
    asked_incremental: bool = False
    """What its own last BACKUP asked for."""
    awaited: list[tuple[bool, int]] = field(default_factory=list)
    """Children that a sys job has asked for and that are not there yet: (incremental, the parent's number)."""

    def faults_hit(self, codes: Hits, arriving: Sequence[int], after_ns: int) -> None:
        """Faults let work end with these codes after a moment; `arriving` are the jobs accepted since then."""
        running = [job for job in self.jobs.values() if not job.over]
        expect(running or arriving, f"a fault hit {self.name}, which has no job: {codes}")
        sure = len(running) + len(arriving) == 1
        for job in running:
            job.hit(codes, after_ns, sure=sure)
        self.arriving |= dict.fromkeys(arriving, (codes, after_ns, sure))

    def lost(self, number: int, now_ns: int) -> None:
        """A set was found broken or goes: it is no predecessor any more, and an increment that looks it up now fails.

        Also one that is accepted later: under `last_full` a newer set that may be built on can outlive its full one,
        for a clean-up takes a broken full set for its clean point and deletes what is older (engine.md 3.7).
        """
        gone = self.sets[number]
        gone.usable, gone.lost_ns = False, gone.lost_ns or now_ns

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
        picture = self.before(consistent_scn)
        live, made.delta = picture.live, picture.delta
        known = self.sets[made.base].index if made.base else frozenset()
        made.copied = live - known
        made.index = live | known
        made.usable, made.succeeded, made.ended_ns = True, True, ended_ns
        if made.base:
            lost_ns = self.sets[made.base].lost_ns
            expect(not lost_ns or lost_ns > consistent_scn, f"set {number} succeeded although its base was lost")
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
                job.cancel_ns is not None and result == OB_CANCELED,
                f"job {number} was cancelled by nobody, result {result}",
            )
        if status == "FAILED":
            lost = bool(made.base) and bool(self.sets[made.base].lost_ns)
            missing = lost and result == OB_BACKUP_FILE_NOT_EXIST
            known = (job.may_fail and result in FAILURES) or missing or job.explains(result)
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
