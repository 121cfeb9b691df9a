"""What each stage of a set task does for a log stream: metadata, data, the index over them (engine.md 3.3, 3.5)."""

from dataclasses import dataclass, field

from obsim.backup.context import BackupServer, RunContext
from obsim.backup.failures import DATA_RETRIES_MAX, META_RETRIES_MAX
from obsim.backup.files import CopyPlan, DataFiles, FileCut, blocks_in_file, split_blocks
from obsim.backup.log_streams import LogStreamTask, StageWork, stream_is_gone
from obsim.backup.nets import DATA, dag, data_net, index_net
from obsim.backup.task import SetTask
from obsim.ids import LogStreamId, TabletId
from obsim.scheduler.dag import DagTask
from obsim.scheduler.priorities import HA_LOW
from obsim.storage.macroblocks import SLOT_BITS
from obsim.storage.tenant import Snapshot

__all__ = ["SYS_LOG_STREAM_ID", "DataWork", "IndexWork", "MetaWork", "Retries"]

_MS = 1_000_000
SYS_LOG_STREAM_ID = LogStreamId(1)
TENANT_INDEX_NS = 200 * _MS


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
        return [dag(self.kind, self.work_ns, task.log_stream_id or SYS_LOG_STREAM_ID)]

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


@dataclass(slots=True, eq=False)
class _Share:
    """What a turn has to store for one log stream."""

    slots: tuple[int, ...]
    items: list[tuple[TabletId, int]]
    stored: int = 0
    """Blocks that earlier attempts have stored."""

    @property
    def block_count(self) -> int:
        """Blocks of all its tablets."""
        return sum(count for _, count in self.items)


@dataclass(slots=True, eq=False)
class DataWork(StageWork):
    """A data stage: the minor data or the major data of all log streams, in as many turns as it takes.

    A tablet that has left its log stream when the server looks for it is skipped; one that leaves it while the server
    is at work is done again. Both are for the next turn, which finds in the turn before what that has stored.
    """

    name: str
    context: RunContext
    task: SetTask
    snapshot: Snapshot
    counts: dict[TabletId, int]
    """Blocks to store of each tablet."""
    retries: Retries
    listed: bool = True
    turn_id: int = 1
    placed: dict[TabletId, LogStreamId] = field(default_factory=dict)
    """The tablets of the turn and where they are."""
    stored_tablets: set[TabletId] = field(default_factory=set)
    left_over: set[TabletId] = field(default_factory=set)
    """Tablets that the next turn has to look at."""
    shares: dict[LogStreamId, _Share] = field(default_factory=dict)

    @property
    def data_type(self) -> str:
        """How the directories are called: minor or major."""
        return "major" if self.name == "BACKUP_DATA_MAJOR" else "minor"

    def begin_turn(self) -> list[LogStreamId]:
        """The log streams of the first or next turn: those with tablets in it."""
        if not self.placed:
            self.placed = {tablet: stream for tablet, stream, *_ in self.snapshot.tablets}
        else:
            self.turn_id += 1
            self.placed = {tablet: self._place(tablet) for tablet in sorted(self.left_over)}
        self.left_over, self.shares = set(), {}
        return sorted(set(self.placed.values()))

    def net(self, task: LogStreamTask, server: BackupServer) -> list[DagTask]:
        """The files of what is not stored yet; an attempt that fails leaves half of them."""
        share = self.shares.get(task.log_stream_id)
        if share is None:
            share = self.shares[task.log_stream_id] = self._share(task.log_stream_id)
        tasks_max = min(server.dispatcher.limit(HA_LOW), self.context.profile.copy_tasks_max)
        blocks_max = blocks_in_file(self.context.settings.file_bytes_max)
        cut = FileCut.of(share.block_count - share.stored, tasks_max, blocks_max)
        if task.code:
            cut = cut.first_files(0 if stream_is_gone(self.context, task.log_stream_id) else cut.file_count // 2)
        plans = list(split_blocks(share.items, cut, share.stored))
        net = data_net(task.log_stream_id, plans)
        if plans:
            self._note(plans, [d for d in net if d.kind == DATA], DataFiles(
                task.log_stream_id, self.data_type, self.turn_id, task.retry_id, share.slots, share.stored, cut
            ))  # fmt: skip
        share.stored += cut.block_count
        return net

    def last_net(self, task: LogStreamTask) -> list[DagTask]:
        """The index over the files; a failing attempt does not come to it."""
        return [] if task.code else index_net(task.log_stream_id)

    def finished(self, task: LogStreamTask, code: int) -> None:
        """Find out what the next turn has to look at."""
        if code:
            return
        stream, now = task.log_stream_id, self._places_now()
        share = self.shares[stream]
        if share.stored == share.block_count:
            self.stored_tablets |= {tablet for tablet, _ in share.items}
        for tablet, place in self.placed.items():
            if place == stream and (now.get(tablet, stream) != stream or tablet not in self.stored_tablets):
                self.left_over.add(tablet)

    def retries_left(self, _task: LogStreamTask) -> bool:
        """One of the retries of all data and index tasks of the set."""
        return self.retries.take()

    def _places_now(self) -> dict[TabletId, LogStreamId]:
        return {t.tablet_id: t.log_stream_id for t in self.context.storage.tablets}

    def _place(self, tablet_id: TabletId) -> LogStreamId:
        """Where the next turn finds a tablet; what is left of a dropped one lies where it was last."""
        now = self._places_now().get(tablet_id, self.placed[tablet_id])
        return SYS_LOG_STREAM_ID if stream_is_gone(self.context, now) else now

    def _share(self, log_stream_id: LogStreamId) -> _Share:
        """What is to be stored of the tablets that are still there; a dropped one is kept for whoever reads it."""
        now = self._places_now()
        tablets = [
            (tablet, first >> SLOT_BITS)
            for tablet, _, first, *_ in self.snapshot.tablets
            if self.placed.get(tablet) == log_stream_id and now.get(tablet, log_stream_id) == log_stream_id
            and tablet not in self.stored_tablets
        ]  # fmt: skip
        slots = tuple(slot for _, slot in tablets)
        return _Share(slots, [(tablet, self.counts[tablet]) for tablet, _ in tablets])

    def _note(self, plans: list[CopyPlan], copies: list[DagTask], files: DataFiles) -> None:
        """Let the set and its progress know of the files that an attempt writes."""
        content, progress = self.task.backup_set.content, self.task.progress
        assert content is not None, "the snapshot is taken before the data stages"
        content.files.append(files)
        progress.copies += zip(plans, copies, strict=True)
        progress.written.append((files, copies))
