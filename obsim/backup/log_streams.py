"""The log streams of one stage: each is a task that a server works at, one at a time (engine.md 3.4, 3.5).

A task waits (PENDING) until a server that may take it is free, runs there as a net of DAGs (DOING), and ends with a
code. Codes that may pass are tried again five seconds later, on another server while there is one. A log stream that
does not exist any more needs no work: its task counts as finished.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial

from obsim.backup.context import BackupServer, RunContext
from obsim.backup.failures import RETRY_NS, may_retry
from obsim.backup.job import BackupJob
from obsim.error_codes import OB_LS_NOT_EXIST
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds
from obsim.randomness import splitmix64, stream_key
from obsim.scheduler.dag import DagTask

__all__ = ["INDEX_STREAM_ID", "LogStreamTask", "LogStreamTasks", "StageWork", "stream_is_gone"]

INDEX_STREAM_ID = LogStreamId(0)
"""The task that builds the tenant's index is recorded as a log stream of its own."""


def stream_is_gone(context: RunContext, log_stream_id: LogStreamId) -> bool:
    """Whether a log stream does not exist any more."""
    return log_stream_id != INDEX_STREAM_ID and log_stream_id not in context.storage.log_stream_ids


@dataclass(slots=True, eq=False)
class LogStreamTask:
    """What the stage in work has to do for one log stream: a row of `__all_virtual_backup_schedule_task`."""

    log_stream_id: LogStreamId
    generated_ns: Nanoseconds
    turn_id: int = 1
    retry_id: int = 0
    scheduled_ns: Nanoseconds = Nanoseconds(0)
    """0 while it waits for a server."""
    server: BackupServer | None = None
    code: int = 0
    """What the attempt at work will end with."""
    not_before_ns: Nanoseconds = Nanoseconds(0)
    black_list: list[str] = field(default_factory=list)
    """Addresses of servers that failed it; empty again when no other one is left."""
    net: list[DagTask] = field(default_factory=list)
    """Its DAGs; some of them have finished."""
    left: int = 0
    """DAGs that have to finish before the last chain begins, as far as they exist."""

    @property
    def placed_with(self) -> LogStreamId:
        """The log stream whose replicas and leader it goes by: its own, for the index the system log stream."""
        return self.log_stream_id if self.log_stream_id != INDEX_STREAM_ID else SYS_LOG_STREAM_ID


class StageWork:
    """What a stage does for a log stream. Its methods are called in the order they stand here."""

    name: str
    """The stage, as STATUS of the set task prints it."""
    listed: bool
    """Whether `__all_virtual_backup_schedule_task` shows its tasks."""

    def net(self, task: LogStreamTask, server: BackupServer) -> list[DagTask]:
        """The DAGs that an attempt begins with, a chain: each waits for the one before."""
        raise NotImplementedError

    def spawn(self, _task: LogStreamTask, _now_ns: Nanoseconds) -> tuple[list[DagTask], DagTask | None]:
        """What the end of the chain spawns: DAGs side by side, and one at whose end it spawns again."""
        return [], None

    def last_net(self, _task: LogStreamTask) -> list[DagTask]:
        """The chain that follows when all that has finished; empty if that is all."""
        return []

    def retries_left(self, task: LogStreamTask) -> bool:
        """Whether the task may be tried once more; takes one of the attempts."""
        raise NotImplementedError

    def needs_leader(self) -> bool:
        """Whether an attempt on the leader's server fails when another server becomes the leader."""
        return True

    def lost(self, _task: LogStreamTask, _now_ns: Nanoseconds) -> None:
        """The server of an attempt is gone, with all that is not complete."""

    def finished(self, task: LogStreamTask, code: int) -> None:
        """An attempt has ended, with 0 if all is done."""


@dataclass(slots=True, eq=False)
class LogStreamTasks:
    """The tasks of a stage. `done` is called when the last one has ended well, `failed` when one of them cannot."""

    context: RunContext
    job: BackupJob
    work: StageWork
    done: Callable[[Nanoseconds], None]
    failed: Callable[[LogStreamTask, int, Nanoseconds], None]
    waiting: list[LogStreamTask] = field(default_factory=list)
    working: list[LogStreamTask] = field(default_factory=list)
    over: bool = False

    def begin(self, log_streams: Iterable[LogStreamId], now_ns: Nanoseconds, turn_id: int = 1) -> None:
        """Generate a task for each log stream and hand out what can be."""
        self.waiting = [LogStreamTask(stream, now_ns, turn_id) for stream in log_streams]
        self._dispatch(now_ns)

    def drop(self, now_ns: Nanoseconds) -> None:
        """Stop all work; nobody is told."""
        self.over = True
        for task in self.working:
            self._cancel(task, now_ns)
        self.working, self.waiting = [], []

    def _cancel(self, task: LogStreamTask, now_ns: Nanoseconds) -> None:
        assert task.server is not None
        for dag in task.net:
            if not dag.finished:
                task.server.dispatcher.cancel(dag, now_ns)

    def _dispatch(self, now_ns: Nanoseconds) -> None:
        """Give each waiting task, in order, to a server that is free and may take it."""
        self.context.revisions.touch("schedule")
        if not self.waiting and not self.working:
            self.over = True
            self.done(now_ns)
            return
        for task in list(self.waiting):
            servers = self.context.settings.servers(task.placed_with)
            if len(self.working) == len(servers):
                continue  # none is free
            server = self._server_for(task, servers) if task.not_before_ns <= now_ns else None
            if server is not None:
                self.waiting.remove(task)
                self._start(task, server, now_ns)

    def _server_for(self, task: LogStreamTask, servers: list[BackupServer]) -> BackupServer | None:
        """One of the free servers that have not failed the task, drawn by lot; None while there is none."""
        if len(servers) == 1 and not task.black_list:
            return servers[0]
        busy = {other.server.address for other in self.working if other.server is not None}
        eligible = [s for s in servers if s.address not in busy and s.address not in task.black_list]
        eligible = [s for s in eligible if not s.leads] or eligible
        if len(eligible) < 2:
            return eligible[0] if eligible else None
        key = stream_key(
            self.context.seed, f"server of {self.work.name} {self.job.tenant_id} {self.job.job_id}",
            task.log_stream_id, task.turn_id << 10 | task.retry_id,
        )  # fmt: skip
        return eligible[next(splitmix64(key)) % len(eligible)]

    def _start(self, task: LogStreamTask, server: BackupServer, now_ns: Nanoseconds) -> None:
        task.server, task.scheduled_ns = server, now_ns
        task.code = self.context.outcomes.of(
            self.job, self.work.name, task.log_stream_id, server.address, task.retry_id
        )
        if stream_is_gone(self.context, task.log_stream_id):
            task.code = OB_LS_NOT_EXIST
        self.working.append(task)
        self._submit(task, self.work.net(task, server), self._spawn, now_ns)

    def _submit(
        self, task: LogStreamTask, chain: list[DagTask], done: Callable[[LogStreamTask, Nanoseconds], None],
        now_ns: Nanoseconds,
    ) -> None:
        """Queue a chain of DAGs and call `done` at its end."""
        assert task.server is not None
        chain[-1].on_finish = partial(done, task)
        task.net, task.left = chain, 1
        task.server.dispatcher.submit_net(chain, now_ns)

    def _spawn(self, task: LogStreamTask, now_ns: Nanoseconds) -> None:
        """The chain, or a DAG that it has spawned to spawn more, is at its end."""
        spawned, spawner = self.work.spawn(task, now_ns)
        if not spawned and spawner is None:
            self._spawned_done(task, now_ns)
            return
        if spawned:
            done = partial(self._spawned_done, task)
            for dag in spawned:
                dag.on_finish = done
        if spawner is not None:
            spawner.on_finish = partial(self._spawn, task)
            spawned = [*spawned, spawner]
        task.left += len(spawned) - 1
        task.net = [dag for dag in task.net if not dag.finished] + spawned
        assert task.server is not None
        task.server.dispatcher.submit_net(spawned, now_ns)

    def _spawned_done(self, task: LogStreamTask, now_ns: Nanoseconds) -> None:
        task.left -= 1
        if task.left:
            return
        chain = self.work.last_net(task)
        if chain:
            self._submit(task, chain, self._ended, now_ns)
        else:
            self._ended(task, now_ns)

    def _ended(self, task: LogStreamTask, now_ns: Nanoseconds) -> None:
        """An attempt is over."""
        self.working.remove(task)
        code = 0 if stream_is_gone(self.context, task.log_stream_id) else task.code
        self.work.finished(task, code)
        if code:
            self._failed(task, code, now_ns)
        if not self.over:
            self._dispatch(now_ns)

    def _failed(self, task: LogStreamTask, code: int, now_ns: Nanoseconds) -> None:
        if not may_retry(code) or not self.work.retries_left(task):
            self.failed(task, code, now_ns)
            return
        assert task.server is not None
        task.black_list.append(task.server.address)
        if not {s.address for s in self.context.settings.servers(task.placed_with)} - set(task.black_list):
            task.black_list.clear()
        task.retry_id += 1
        task.server, task.scheduled_ns, task.net = None, Nanoseconds(0), []
        task.not_before_ns = Nanoseconds(now_ns + RETRY_NS)
        self.waiting.append(task)
        self.context.events.push(task.not_before_ns, self.look_again)

    def server_lost(
        self, address: str, code: int, now_ns: Nanoseconds, led: AbstractSet[LogStreamId] | None = None
    ) -> None:
        """A server is gone, or leads some log streams no more: its work (for these) has failed with `code`."""
        if led is not None and not self.work.needs_leader():
            return
        for task in list(self.working):
            its = led is None or task.placed_with in led
            if its and not self.over and task.server is not None and task.server.address == address:
                self._cancel(task, now_ns)
                task.code = code
                self.work.lost(task, now_ns)
                self._ended(task, now_ns)

    def look_again(self, now_ns: Nanoseconds) -> None:
        """Hand out what waits if it can be by now."""
        if not self.over:
            self._dispatch(now_ns)
