"""A naive backup job and its set: numbers, names and plain sets of blocks, and why a job may have failed."""

from collections import Counter
from dataclasses import dataclass, field

from obsim.error_codes import (
    OB_LOG_ARCHIVE_INTERRUPTED,
    OB_LOG_ARCHIVE_NOT_RUNNING,
    OB_TIMEOUT,
)
from obsim.testing.naive_tablet import Block
from obsim.units import SECOND_NS

__all__ = ["FAILURES", "FINAL", "RETRY_NS", "Hits", "NaiveJob", "NaiveSet"]

FAILURES = (OB_LOG_ARCHIVE_NOT_RUNNING, OB_LOG_ARCHIVE_INTERRUPTED)
FINAL = {-number for number in (
    4002, 4006, 4007, 4015, 4016, 4072, 4103, 4143, 4184, 4725, 9011, 9027, 9028, 9029, 9036, 9040, 9042, 9045, 9064,
    9069, 9070, 9071, 9080, 9081, 9082,
)}  # fmt: skip
"""Work that ended with one of these is not tried again (engine.md 3.5)."""
ATTEMPTS_LEAST = 4
"""Nothing is given up before it was tried again three times: metadata and passes then, data much later."""
RETRY_NS = 5 * SECOND_NS
LOG_STAGE = "BACKUP_LOG"
"""Log that goes into the set is copied again only after a timeout."""
Hits = Counter[tuple[str, int]]
"""How often faults hit: by stage and code."""


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
    lost_ns: int = 0
    """When it was found broken, or seen to be deleted."""
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
        return result in FINAL or (result != OB_TIMEOUT and self.hits[LOG_STAGE, result] > 0)
