"""What each stage of a set task does for a log stream: metadata, data, the index over them (engine.md 3.3, 3.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter

from obsim.backup.context import BackupServer, RunContext
from obsim.backup.failures import DATA_RETRIES_MAX, META_RETRIES_MAX
from obsim.backup.files import BLOCK_BYTES, OUTPUT_BLOCK_BYTES, DataFiles, FileCut, blocks_in_file, stored_bytes
from obsim.backup.log_streams import LogStreamTask, StageWork, stream_is_gone
from obsim.backup.nets import dag, data_net, file_batch, index_net
from obsim.backup.progress import CopyWork
from obsim.backup.task import SetTask
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds, TabletId
from obsim.randomness import splitmix64, stream_key
from obsim.scheduler.dag import DagTask
from obsim.scheduler.priorities import HA_LOW
from obsim.storage.tablet import Tablet
from obsim.storage.tenant import TenantStorage
from obsim.units import MS_NS

__all__ = ["DataWork", "IndexWork", "MetaWork", "Retries", "placed_tablets"]

TENANT_INDEX_NS = 200 * MS_NS


@dataclass(slots=True, eq=False)
class Retries:
    """How many attempts the data and index tasks of a set have had beyond their first."""

    count: int = 0

    def take(self) -> bool:
        """Use one up; False when there is none left."""
        self.count += 1
        return self.count <= DATA_RETRIES_MAX


@dataclass(slots=True, eq=False)
class MetaWork(StageWork):
    """A stage with one DAG for each log stream."""

    name: str
    context: RunContext
    kind: str
    work_ns: int
    retried: frozenset[int] | None = None
    """Codes that are tried again, None: those that are elsewhere."""
    listed: bool = False

    def net(self, task: LogStreamTask, _server: BackupServer) -> list[DagTask]:
        """One DAG."""
        return [dag(self.kind, self.work_ns, task.placed_with)]

    def retries_left(self, task: LogStreamTask) -> bool:
        """Each task has its own."""
        return task.retry_id < META_RETRIES_MAX and (self.retried is None or task.code in self.retried)


@dataclass(slots=True, eq=False)
class IndexWork(StageWork):
    """The tenant's index at the end of a turn of a data stage."""

    name: str
    context: RunContext
    retries: Retries
    listed: bool = False

    def net(self, _task: LogStreamTask, _server: BackupServer) -> list[DagTask]:
        """One DAG."""
        return [dag("BACKUP_INDEX_REBUILD", TENANT_INDEX_NS, SYS_LOG_STREAM_ID)]

    def retries_left(self, _task: LogStreamTask) -> bool:
        """One of the retries of all data and index tasks of the set."""
        return self.retries.take()


def placed_tablets(storage: TenantStorage) -> dict[LogStreamId, list[Tablet]]:
    """The tablets of a tenant, now, by log stream; once one is dropped it says where it was last."""
    placed: dict[LogStreamId, list[Tablet]] = {}
    for tablet in storage.tablets:
        placed.setdefault(tablet.log_stream_id, []).append(tablet)
    return placed


@dataclass(slots=True, eq=False)
class _Share:
    """What a turn has to store for one log stream."""

    slots: tuple[int, ...]
    items: list[tuple[TabletId, int]]
    block_count: int
    """Blocks of all its tablets."""
    runs: tuple[tuple[int, int], ...]
    """(blocks, what each takes up in a file) of each tablet; () where all are of the default layout."""
    stored: int = 0
    """Blocks that attempts have stored so far."""


@dataclass(slots=True, eq=False)
class DataWork(StageWork):
    """A data stage: the minor data or the major data of all log streams, in as many turns as it takes.

    A tablet that has left its log stream when the server looks for it is skipped; one that leaves it while the server
    is at work is done again. Both are for the next turn, which finds in the turn before what that has stored.
    """

    name: str
    context: RunContext
    task: SetTask
    counts: dict[TabletId, int]
    """Blocks to store of each tablet."""
    block_bytes: Mapping[TabletId, int]
    """What such a block occupies, without those of the default layout."""
    retries: Retries
    first_places: dict[LogStreamId, list[Tablet]]
    """The tablets of the snapshot by log stream: what the first turn looks at."""
    listed: bool = True
    turn_id: int = 1
    placed: dict[LogStreamId, list[Tablet]] = field(default_factory=dict)
    """The same of the turn."""
    left_over: list[Tablet] = field(default_factory=list)
    """Those that the next turn has to look at."""
    shares: dict[LogStreamId, _Share] = field(default_factory=dict)
    _copying: dict[LogStreamId, tuple[CopyWork, int]] = field(default_factory=dict)
    """What the latest attempt at each log stream writes, if it writes anything, and how many files a prefetch finds."""
    _stored: set[TabletId] = field(default_factory=set)
    """Tablets that are stored, once there is more than one turn."""

    @property
    def data_type(self) -> str:
        """How the directories are called: minor or major."""
        return "major" if self.name == "BACKUP_DATA_MAJOR" else "minor"

    def begin_turn(self) -> list[LogStreamId]:
        """The log streams of the first or next turn: those with tablets in it."""
        placed: dict[LogStreamId, list[Tablet]] = {}
        if not self.placed:
            placed = self.first_places
        else:
            self.turn_id += 1
            for tablet in sorted(self.left_over, key=attrgetter("slot")):
                placed.setdefault(self._stream_of(tablet), []).append(tablet)
        self.placed, self.left_over, self.shares = placed, [], {}
        return sorted(placed)

    def net(self, task: LogStreamTask, server: BackupServer) -> list[DagTask]:
        """The files of what is not stored yet; an attempt that fails leaves half of them."""
        share = self.shares.get(task.log_stream_id)
        if share is None:
            share = self.shares[task.log_stream_id] = self._share(task.log_stream_id)
        task_count = min(server.dispatcher.limit(HA_LOW), self.context.profile.copy_tasks_max)
        largest = max((size for _, size in share.runs), default=BLOCK_BYTES)
        blocks_max = blocks_in_file(self.context.settings.file_bytes_max, largest)
        cut = FileCut.of(share.block_count - share.stored, task_count, blocks_max)
        if task.code:
            cut = cut.first_files(0 if stream_is_gone(self.context, task.log_stream_id) else cut.file_count // 2)
        self._copying.pop(task.log_stream_id, None)
        if cut.file_count:
            work = CopyWork(DataFiles(
                task.log_stream_id, self.data_type, self.turn_id, task.retry_id, share.slots, share.stored, cut,
                share.runs,
            ), [], share.items, block_bytes=self.block_bytes)  # fmt: skip
            self._copying[task.log_stream_id] = work, task_count
            self._note(work)
        share.stored += cut.block_count
        return data_net(task.log_stream_id)

    def spawn(self, task: LogStreamTask, now_ns: Nanoseconds) -> tuple[list[DagTask], DagTask | None]:
        """The copy tasks of the next files, and the prefetch that finds those after them."""
        if task.log_stream_id not in self._copying:
            return [], None
        work, count = self._copying[task.log_stream_id]
        copies, prefetch = file_batch(task.log_stream_id, work.files.cut, work.file_count, count)
        work.add(copies, now_ns)
        return copies, prefetch

    def last_net(self, task: LogStreamTask) -> list[DagTask]:
        """The index over the files; a failing attempt does not come to it."""
        return [] if task.code else index_net(task.log_stream_id)

    def finished(self, task: LogStreamTask, code: int) -> None:
        """Find out what the next turn has to look at: what has moved, and what was not there to be stored."""
        if code:
            return
        stream = task.log_stream_id
        share = self.shares[stream]
        self._damage(task, share)
        complete = share.stored == share.block_count
        moved = self._moved(stream)
        if moved or not complete or self.turn_id > 1:
            if complete:
                self._stored |= {tablet for tablet, _ in share.items}
            self.left_over += [p for p in self.placed[stream] if p in moved or p.tablet_id not in self._stored]

    def _damage(self, task: LogStreamTask, share: _Share) -> None:
        """Blocks of the major data are known one by one: let one be damaged if it is to be."""
        damages, backup_set = self.context.outcomes.damages, self.task.backup_set
        if damages is None or self.data_type != "major" or not share.block_count or backup_set.content is None:
            return
        if damages(self.task.job, task.log_stream_id):
            key = stream_key(self.context.seed, "damaged block", backup_set.backup_set_id, task.log_stream_id)
            backup_set.content.damage(share.slots, next(splitmix64(key)))

    def lost(self, task: LogStreamTask, now_ns: Nanoseconds) -> None:
        """What the attempt has stored are the files that are complete; the next one stores the rest."""
        if task.log_stream_id not in self._copying:
            return
        work, _ = self._copying.pop(task.log_stream_id)
        content = self.task.backup_set.content
        assert content is not None, "the snapshot is taken before the data stages"
        self.task.progress.never_below(self.task.passed_ns(now_ns))
        kept = work.files.cut.first_files(work.complete_count)
        self.shares[task.log_stream_id].stored -= work.files.cut.block_count - kept.block_count
        place = content.files.index(work.files)
        del work.tasks[work.complete_count - work.let_go :]
        work.files = replace(work.files, cut=kept)
        if work.file_count:
            content.files[place] = work.files
        else:
            del content.files[place]
            self.task.progress.copies.remove(work)

    def retries_left(self, _task: LogStreamTask) -> bool:
        """One of the retries of all data and index tasks of the set."""
        return self.retries.take()

    def _moved(self, stream: LogStreamId) -> list[Tablet]:
        """Tablets of a log stream that are in another one now; what is left of a dropped one stays where it was."""
        away = [p for p in self.placed[stream] if p.log_stream_id != stream]
        return [p for p in away if not stream_is_gone(self.context, p.log_stream_id)]

    def _stream_of(self, tablet: Tablet) -> LogStreamId:
        """Where the next turn finds a tablet."""
        stream = tablet.log_stream_id
        return SYS_LOG_STREAM_ID if stream_is_gone(self.context, stream) else stream

    def _share(self, stream: LogStreamId) -> _Share:
        """What is to be stored of the tablets that are still there."""
        places, moved = self.placed[stream], self._moved(stream)
        if moved or self._stored:
            places = [p for p in places if p not in moved and p.tablet_id not in self._stored]
        counts, sizes = self.counts, self.block_bytes
        items = [(p.tablet_id, counts[p.tablet_id]) for p in places]
        runs: tuple[tuple[int, int], ...] = ()
        if sizes:
            runs = tuple([(count, stored_bytes(sizes.get(tablet, OUTPUT_BLOCK_BYTES))) for tablet, count in items])
        return _Share(tuple([p.slot for p in places]), items, sum([count for _, count in items]), runs)

    def _note(self, work: CopyWork) -> None:
        """Let the set and its progress know of the files that an attempt writes."""
        content = self.task.backup_set.content
        assert content is not None, "the snapshot is taken before the data stages"
        content.files.append(work.files)
        self.task.progress.copies.append(work)
