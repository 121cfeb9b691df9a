"""How far a backup has come: computed from the copy tasks for any moment up to now, never counted up.

Counters are what a pass of the scheduler would sum up over the log streams. FILE_COUNT stays 0, as in the samples of
every version; the files are in `DataFiles`.
"""

from dataclasses import dataclass, field
from itertools import takewhile
from operator import attrgetter

from obsim.backup.files import OUTPUT_BLOCK_BYTES, DataFiles, split_blocks
from obsim.backup.set import Counters
from obsim.ids import MACROBLOCK_BYTES, Bytes, TabletId
from obsim.scheduler.dag import DagTask

__all__ = ["COPY_BLOCK_NS", "CopyProgress", "CopyWork"]

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
    """One for each file."""
    items: list[tuple[TabletId, int]]
    """(tablet, blocks) of all that the turn stores."""
    _shares: list[list[tuple[TabletId, int]]] | None = None

    @property
    def shares(self) -> list[list[tuple[TabletId, int]]]:
        """(tablet, blocks) of each task; worked out when somebody looks."""
        if self._shares is None:
            self._shares = split_blocks(self.items, self.files.cut.sizes(), self.files.skipped)
        return self._shares

    @property
    def complete_count(self) -> int:
        """How many files are complete: a later one waits for the earlier ones (engine.md 5.5)."""
        return sum(1 for _ in takewhile(attrgetter("finished"), self.tasks))


@dataclass(slots=True, eq=False)
class CopyProgress:
    """What a set task has to do and has done, with the moment each figure became known."""

    user_tablet_count: int
    inner_tablet_count: int
    log_stream_count: int
    scopes: list[tuple[int, dict[TabletId, int]]] = field(default_factory=list)
    """(moment, macroblocks by tablet that a data stage brought in scope then)."""
    copies: list[CopyWork] = field(default_factory=list)
    tablets_known_ns: int | None = None
    """When the tablets of the tenant were listed: TABLET_COUNT is 0 before."""
    inner_done_ns: int | None = None
    data_done_ns: int | None = None
    """When the last data stage ended: every tablet is finished then."""

    def forget_work(self) -> None:
        """Let go of what is only needed while the task runs."""
        self.scopes, self.copies = [], []

    def complete_counts(self) -> dict[DataFiles, int]:
        """How many files of each directory are complete."""
        return {work.files: work.complete_count for work in self.copies}

    def counters(self, at_ns: int) -> Counters:
        """The progress columns as they stood at `at_ns`."""
        if self.tablets_known_ns is None or at_ns < self.tablets_known_ns:
            return Counters()
        left: dict[TabletId, int] = {}
        for since_ns, counts in self.scopes:
            if since_ns <= at_ns:
                for tablet_id, count in counts.items():
                    left[tablet_id] = left.get(tablet_id, 0) + count
        total = sum(left.values())
        if self.data_done_ns is not None and self.data_done_ns <= at_ns:
            return self._counters(at_ns, total, total, 0)
        for work in self.copies:
            for task, share in zip(work.tasks, work.shares, strict=True):
                done = task.done_ns(at_ns) // COPY_BLOCK_NS
                if not done:
                    continue  # perhaps of a stage that had not begun at that moment
                for tablet_id, count in share:
                    left[tablet_id] -= min(done, count)
                    done = max(0, done - count)
        finished = total - sum(left.values())
        return self._counters(at_ns, total, finished, sum(map(bool, left.values())))

    def _counters(self, at_ns: int, total: int, finished: int, pending: int) -> Counters:
        inner_done = self.inner_done_ns is not None and at_ns >= self.inner_done_ns
        tablets = self.inner_tablet_count if inner_done else 0
        if self.data_done_ns is not None and at_ns >= self.data_done_ns:
            tablets += self.user_tablet_count
        elif self.data_started(at_ns):
            tablets += self.user_tablet_count - pending
        meta = TABLET_META_BYTES * tablets + (LOG_STREAM_META_BYTES * self.log_stream_count if inner_done else 0)
        return Counters(
            input_bytes=Bytes(finished * MACROBLOCK_BYTES + (META_INPUT_BYTES if inner_done else 0)),
            output_bytes=Bytes(finished * OUTPUT_BLOCK_BYTES + (META_OUTPUT_BYTES if inner_done else 0)),
            extra_meta_bytes=Bytes(meta),
            tablet_count=self.user_tablet_count + self.inner_tablet_count,
            finish_tablet_count=tablets,
            macro_block_count=total,
            finish_macro_block_count=finished,
        )

    def data_started(self, at_ns: int) -> bool:
        """Whether the blocks of the last data stage were in scope at `at_ns`."""
        return len(self.scopes) > 1 and self.scopes[-1][0] <= at_ns
