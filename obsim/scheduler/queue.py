"""What the scheduler holds for one priority: its limit and the lists its tasks are in."""

from collections import deque
from collections.abc import Iterator

from obsim.scheduler.dag import DagTask

__all__ = ["PriorityQueue"]


class PriorityQueue:
    """The lists of one priority. `bit` stands for it in a set of priorities, the first of the scan order lowest."""

    __slots__ = ("bit", "limit", "paused", "ready", "refusing", "running")

    def __init__(self, limit: int, bit: int) -> None:
        self.limit = limit
        self.bit = bit
        self.running: dict[DagTask, None] = {}
        self.ready: deque[DagTask] = deque()
        self.paused: deque[DagTask] = deque()
        self.refusing: dict[DagTask, None] = {}
        """Tasks that could run but for their `not_before_ns`."""

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
