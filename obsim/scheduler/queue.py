"""What the scheduler holds for one priority: its limit and the lists its tasks are in."""

from collections import deque
from collections.abc import Iterator

from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import NEVER

__all__ = ["PriorityQueue"]


class PriorityQueue:
    """The lists of one priority. `bit` stands for it in a set of priorities, the first of the scan order lowest."""

    __slots__ = ("bit", "ended_service", "limit", "paused", "ready", "refusing", "running", "threads_since_ns")

    def __init__(self, limit: int, bit: int) -> None:
        self.limit = limit
        self.bit = bit
        self.running: dict[DagTask, None] = {}
        self.ready: deque[DagTask] = deque()
        self.paused: deque[DagTask] = deque()
        self.refusing: dict[DagTask, None] = {}
        """Tasks that could run but for their `not_before_ns`."""
        self.ended_service = 0
        """What ended tasks had of the CPUs: nanoseconds of a thousandth of one."""
        self.threads_since_ns = NEVER
        """When the threads that run became these, or began to share: kept while CPUs or bandwidth are short."""

    def service(self, now_ns: int) -> int:
        """What all its tasks have had of the CPUs until now, in the same unit; ended ones as far as counted."""
        begun = (*self.running, *self.paused)
        return self.ended_service + sum([task.cpu * task.had_ns(now_ns) for task in begun])

    def tasks(self) -> Iterator[DagTask]:
        """All unfinished tasks but those that wait for parents."""
        for tasks in (self.ready, self.paused, self.running, self.refusing):
            yield from tasks

    def take_out(self, task: DagTask) -> bool:
        """Remove a task that does not run, wherever it is; whether it refused."""
        for waiting in (self.ready, self.paused):
            if task in waiting:
                waiting.remove(task)
        if task not in self.refusing:
            return False
        del self.refusing[task]
        return True
