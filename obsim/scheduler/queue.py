"""What the scheduler holds for one priority: its limit and the lists its tasks wait in."""

from collections import deque
from collections.abc import Callable, Iterator

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import NEVER

__all__ = ["PriorityQueue"]


class PriorityQueue:
    """The lists of one priority. `bit` stands for it in a set of priorities, the first of the scan order lowest.

    Its tasks are woken through `on_wake`.
    """

    __slots__ = (
        "bit", "ended_service", "limit", "on_wake", "paused", "ready", "refusing", "room",
        "threads_since_ns",
    )  # fmt: skip

    def __init__(self, limit: int, bit: int, on_wake: Callable[[DagTask, Nanoseconds], None]) -> None:
        self.limit = self.room = limit
        """`room` is how many more may run; below zero after the limit was lowered, until enough have paused."""
        self.bit = bit
        self.on_wake = on_wake
        self.ready: deque[DagTask] = deque()
        self.paused: deque[DagTask] = deque()
        self.refusing: dict[DagTask, None] = {}
        """Tasks that could run but for their `not_before_ns`."""
        self.ended_service = 0
        """What ended tasks had of the CPUs: nanoseconds of a thousandth of one."""
        self.threads_since_ns = NEVER
        """When the threads that run became these, or began to share: kept while CPUs or bandwidth are short."""

    @property
    def running_count(self) -> int:
        """How many of its tasks run."""
        return self.limit - self.room

    @property
    def waiting_count(self) -> int:
        """Its ready and paused tasks: a slot is all they need."""
        return len(self.ready) + len(self.paused)

    def waiting(self) -> Iterator[DagTask]:
        """All its unfinished tasks but those that run or wait for parents."""
        for tasks in (self.ready, self.paused, self.refusing):
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
