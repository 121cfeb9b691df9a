"""How far a backup has come: computed from the copy tasks for any moment since the last pass, never counted up.

Counters are what a pass of the scheduler would sum up over the log streams. FILE_COUNT stays 0, as in the samples of
every version; the files are in `DataFiles`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import accumulate, takewhile
from operator import attrgetter
from typing import NamedTuple

from obsim.backup.files import OUTPUT_BLOCK_BYTES, DataFiles
from obsim.backup.set import Counters
from obsim.ids import MACROBLOCK_BYTES, Bytes, TabletId
from obsim.scheduler.dag import DagTask

__all__ = ["COPY_BLOCK_NS", "PASS_NS", "CopyProgress", "CopyWork", "Scope"]

PASS_NS = 500_000_000
"""Interval of the passes that sum up the counters."""

COPY_BLOCK_NS = 110_000_000
"""Time to read, compress and write one macroblock by one thread: about 19 MB/s, a plain network file system."""
META_INPUT_BYTES = 1 << 20
"""Read besides the blocks: the documentation's samples show about 1 MB (samples.md)."""
META_OUTPUT_BYTES = 384 << 10
TABLET_META_BYTES = 1_536
LOG_STREAM_META_BYTES = 64 << 10


@dataclass(slots=True, eq=False)
class CopyWork:
    """What one attempt at a log stream copies."""

    files: DataFiles
    tasks: list[DagTask]
    """One for each file from number `let_go` on, in order, as far as they exist."""
    items: list[tuple[TabletId, int]]
    """(tablet, blocks) of all that the turn stores."""
    let_go: int = 0
    """So many of the first files were complete before the last pass: their tasks are no longer needed."""
    block_bytes: Mapping[TabletId, int] = field(default_factory=dict)
    """What a block of a tablet occupies, without those of the default layout."""

    @property
    def file_count(self) -> int:
        """How many files have tasks, or had some."""
        return self.let_go + len(self.tasks)

    @property
    def complete_count(self) -> int:
        """How many files are complete: a later one waits for the earlier ones (engine.md 5.5)."""
        return self.let_go + sum(1 for _ in takewhile(attrgetter("finished"), self.tasks))

    def add(self, copies: list[DagTask], now_ns: int) -> None:
        """Tasks of the next files; those whose work every pass from now on counts as done are let go."""
        count = 0
        for task in self.tasks:
            if not task.finished or task.wake_ns > now_ns - PASS_NS:
                break
            count += 1
        del self.tasks[:count]
        self.let_go += count
        self.tasks += copies

    def done(self, at_ns: int) -> Iterator[tuple[TabletId, int]]:
        """(tablet, blocks) of what was copied by `at_ns`, which is no earlier than the last pass."""
        ends = list(accumulate([count for _, count in self.items]))
        for first, end in self._runs(at_ns):
            at, place = bisect_right(ends, first), first
            while place < end:
                upto = min(end, ends[at])
                if upto > place:
                    yield self.items[at][0], upto - place
                at, place = at + 1, upto

    def _runs(self, at_ns: int) -> Iterator[tuple[int, int]]:
        """What was copied, as first and end number of blocks among those of `items`."""
        cut, skipped = self.files.cut, self.files.skipped
        yield skipped, skipped + cut.start(self.let_go)
        for file_id, task in enumerate(self.tasks, self.let_go):
            count = task.done_ns(at_ns) // COPY_BLOCK_NS  # 0, perhaps, in a stage that had not begun at that moment
            first = skipped + cut.start(file_id)
            yield first, first + min(count, cut.size(file_id))


class Scope(NamedTuple):
    """What a data stage has to copy."""

    since_ns: int
    counts: Mapping[TabletId, int]
    """Macroblocks by tablet."""
    block_bytes: Mapping[TabletId, int]
    """What one of them occupies, without those of the default layout."""


def _occupied(counts: Iterable[tuple[TabletId, int]], block_bytes: Mapping[TabletId, int]) -> int:
    """Bytes that so many blocks of each tablet occupy."""
    if not block_bytes:
        return OUTPUT_BLOCK_BYTES * sum([count for _, count in counts])
    return sum([count * block_bytes.get(tablet_id, OUTPUT_BLOCK_BYTES) for tablet_id, count in counts])


@dataclass(slots=True, eq=False)
class CopyProgress:
    """What a set task has to do and has done, with the moment each figure became known."""

    user_tablet_count: int
    inner_tablet_count: int
    log_stream_count: int
    scopes: list[Scope] = field(default_factory=list)
    """What each data stage brought."""
    copies: list[CopyWork] = field(default_factory=list)
    tablets_known_ns: int | None = None
    """When the tablets of the tenant were listed: TABLET_COUNT is 0 before."""
    inner_done_ns: int | None = None
    data_done_ns: int | None = None
    """When the last data stage ended: every tablet is finished then."""
    floor: Counters | None = None
    """What was counted before something of it was lost: counters never go back."""
    floor_ns: int = 0
    """When that was."""

    def never_below(self, at_ns: int) -> None:
        """Some of what was copied is about to be lost; what the pass at `at_ns` counted stays until there is more."""
        self.floor, self.floor_ns = self.counters(at_ns), at_ns

    def forget_work(self) -> None:
        """Let go of what is only needed while the task runs."""
        self.scopes, self.copies = [], []

    def complete_counts(self) -> dict[DataFiles, int]:
        """How many files of each directory are complete."""
        return {work.files: work.complete_count for work in self.copies}

    def counters(self, at_ns: int) -> Counters:
        """The progress columns as they stood at `at_ns`."""
        counted, floor = self._counted(at_ns), self.floor
        if floor is None or at_ns < self.floor_ns:
            return counted
        return Counters(*(max(getattr(c, f.name) for c in (counted, floor)) for f in fields(Counters)))

    def _counted(self, at_ns: int) -> Counters:
        if self.tablets_known_ns is None or at_ns < self.tablets_known_ns:
            return Counters()
        scopes = [scope for scope in self.scopes if scope.since_ns <= at_ns]
        total = sum([sum(scope.counts.values()) for scope in scopes])
        if self.data_done_ns is not None and self.data_done_ns <= at_ns:
            written_bytes = sum([_occupied(scope.counts.items(), scope.block_bytes) for scope in scopes])
            return self._counters(at_ns, total, total, 0, written_bytes)
        left: dict[TabletId, int] = {}
        for scope in scopes:
            for tablet_id, count in scope.counts.items():
                left[tablet_id] = left.get(tablet_id, 0) + count
        written_bytes = 0
        for work in self.copies:
            done = list(work.done(at_ns))
            for tablet_id, count in done:
                left[tablet_id] -= count
            written_bytes += _occupied(done, work.block_bytes)
        finished = total - sum(left.values())
        return self._counters(at_ns, total, finished, sum(map(bool, left.values())), written_bytes)

    def _counters(self, at_ns: int, total: int, finished: int, pending: int, written_bytes: int) -> Counters:
        inner_done = self.inner_done_ns is not None and at_ns >= self.inner_done_ns
        tablets = self.inner_tablet_count if inner_done else 0
        if self.data_done_ns is not None and at_ns >= self.data_done_ns:
            tablets += self.user_tablet_count
        elif self.data_started(at_ns):
            tablets += self.user_tablet_count - pending
        meta = TABLET_META_BYTES * tablets + (LOG_STREAM_META_BYTES * self.log_stream_count if inner_done else 0)
        return Counters(
            input_bytes=Bytes(finished * MACROBLOCK_BYTES + (META_INPUT_BYTES if inner_done else 0)),
            output_bytes=Bytes(written_bytes + (META_OUTPUT_BYTES if inner_done else 0)),
            extra_meta_bytes=Bytes(meta),
            tablet_count=self.user_tablet_count + self.inner_tablet_count,
            finish_tablet_count=tablets,
            macro_block_count=total,
            finish_macro_block_count=finished,
        )

    def data_started(self, at_ns: int) -> bool:
        """Whether the blocks of the last data stage were in scope at `at_ns`."""
        return len(self.scopes) > 1 and self.scopes[-1][0] <= at_ns
