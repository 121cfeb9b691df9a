"""A tenant's DAG scheduler: how many tasks of each priority run at once, and which (engine.md 5.2-5.4).

A priority is limited by its own counter alone: FIFO inside, nothing borrowed from others. Raising a limit starts
waiting tasks at once. Lowering it stops nobody in the middle of a step: a running task looks at the limit at its next
yield point, at most every 3 s, and pauses there if too many run. Paused tasks go before ready ones.
"""

from collections import deque
from functools import partial

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import PRIORITIES, Priority

__all__ = ["Dispatcher"]

YIELD_NS = 3_000_000_000


class Dispatcher:
    """The scheduler of one tenant on one server."""

    def __init__(self, events: EventQueue) -> None:
        self._events = events
        self._limits = [p.default_score for p in PRIORITIES]
        self._ready: list[deque[DagTask]] = [deque() for _ in PRIORITIES]
        self._paused: list[deque[DagTask]] = [deque() for _ in PRIORITIES]
        self._running: list[list[DagTask]] = [[] for _ in PRIORITIES]
        self._submitted = 0
        self.change_count = 0
        """Grows with everything a view of the scheduler shows."""

    def limit(self, priority: Priority) -> int:
        """UP_LIMIT of a priority."""
        return self._limits[priority.index]

    def running_count(self, priority: Priority) -> int:
        """RUNNING_TASK_CNT of a priority."""
        return len(self._running[priority.index])

    def waiting_count(self, priority: Priority) -> int:
        """Ready and paused tasks of a priority."""
        return len(self._ready[priority.index]) + len(self._paused[priority.index])

    def unfinished(self) -> list[DagTask]:
        """Ready, paused and running tasks by priority, each priority in order of submission."""
        tasks: list[DagTask] = []
        for queues in zip(self._ready, self._paused, self._running, strict=True):
            tasks += sorted((task for queue in queues for task in queue), key=lambda task: task.number)
        return tasks

    def kind_counts(self) -> dict[str, int]:
        """Unfinished tasks by DAG type."""
        counts: dict[str, int] = {}
        for task in self.unfinished():
            counts[task.kind] = counts.get(task.kind, 0) + 1
        return counts

    def submit(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Queue a task behind the others of its priority and start it if there is room."""
        self.change_count += 1
        self._submitted += 1
        task.number, task.added_ns = self._submitted, now_ns
        self._ready[task.priority.index].append(task)
        self._fill(task.priority.index, now_ns)

    def set_limit(self, priority: Priority, limit: int, now_ns: Nanoseconds) -> None:
        """Change a limit; lowering takes effect at the yield points, raising now."""
        index = priority.index
        self.change_count += 1
        lowered = limit < self._limits[index]
        self._limits[index] = limit
        if lowered:
            for task in self._running[index]:
                self._plan(task, now_ns)
        else:
            self._fill(index, now_ns)

    def cancel(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Take a task out wherever it is; its `on_finish` is not called."""
        index = task.priority.index
        task.cancelled = True
        self.change_count += 1
        if task in self._running[index]:
            self._stop(task, now_ns)
            self._fill(index, now_ns)
        elif task in self._ready[index]:
            self._ready[index].remove(task)
        elif task in self._paused[index]:
            self._paused[index].remove(task)

    def _fill(self, index: int, now_ns: Nanoseconds) -> None:
        while len(self._running[index]) < self._limits[index]:
            queue = self._paused[index] or self._ready[index]
            if not queue:
                return
            task = queue.popleft()
            task.running_since_ns = now_ns
            self.change_count += 1
            self._running[index].append(task)
            self._plan(task, now_ns)

    def _plan(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Order the event that ends the running segment: the finish, or before it a yield point while too many run."""
        if task.wake is not None:
            self._events.cancel(task.wake)
        since_ns = task.running_since_ns if task.running_since_ns is not None else now_ns
        finish_ns = now_ns + task.work_ns - task.done_ns(now_ns)
        if len(self._running[task.priority.index]) > self._limits[task.priority.index]:
            yield_ns = since_ns + ((now_ns - since_ns) // YIELD_NS + 1) * YIELD_NS
            if yield_ns < finish_ns:
                task.wake = self._events.push(yield_ns, partial(self._yield, task))
                return
        task.wake = self._events.push(finish_ns, partial(self._finish, task))

    def _stop(self, task: DagTask, now_ns: Nanoseconds) -> None:
        self.change_count += 1
        if task.wake is not None:
            self._events.cancel(task.wake)
            task.wake = None
        if task.running_since_ns is not None:
            task.segments.append((task.running_since_ns, now_ns))
        task.running_since_ns = None
        self._running[task.priority.index].remove(task)

    def _yield(self, task: DagTask, now_ns: Nanoseconds) -> None:
        index = task.priority.index
        if len(self._running[index]) > self._limits[index]:
            self._stop(task, now_ns)
            self._paused[index].append(task)
        else:
            self._plan(task, now_ns)

    def _finish(self, task: DagTask, now_ns: Nanoseconds) -> None:
        self._stop(task, now_ns)
        task.finished = True
        self._fill(task.priority.index, now_ns)
        task.on_finish(now_ns)
