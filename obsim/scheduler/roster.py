"""Which tasks of a scheduler have a thread, which have ended, and what CPU time they have had.

Tasks come and go much more often than somebody looks at them. So a start is one `append` to a list, an end is a mark on
the task, and the list is put in order by whoever reads it.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.demand import FULL_CPU
from obsim.scheduler.queue import PriorityQueue

__all__ = ["FINISHED_KEPT_MAX", "CpuService", "Roster"]

FINISHED_KEPT_MAX = 2_000
"""Ended tasks that are kept."""
_LONG = 256
"""From then on it pays to take ended tasks out of a list before it is gone through."""
_BY_END: "Callable[[DagTask], tuple[int, int]]" = attrgetter("end_ns", "number")
_FINISHED: "Callable[[DagTask], bool]" = attrgetter("finished")
_NUMBER: "Callable[[DagTask], int]" = attrgetter("number")
_WAKE_NS: "Callable[[DagTask], int]" = attrgetter("wake_ns")
"""The end of one that has finished."""


class CpuService(NamedTuple):
    """What one priority has had of the tenant's CPUs, and whether it wants more (engine.md 5.7)."""

    served_ns: int
    """CPU time of all its tasks since the scheduler began."""
    thread_count: int
    """Its running threads, all of which would take more CPU than they get; 0 if one of them would not."""
    since_ns: int
    """Since when these very threads have been in this state, NEVER if they are not."""


class Roster:
    """The tasks that have begun: those that run, and the newest of those that have ended."""

    __slots__ = ("_ended", "_gone_count", "_unaccounted", "ended_count", "started", "twice")

    def __init__(self) -> None:
        self.started: list[DagTask] = []
        """Tasks that run, in order of their start, and some that have ended: whoever starts one appends it."""
        self._unaccounted: list[DagTask] = []
        """Tasks that have ended since somebody asked for them."""
        self._ended: list[DagTask] = []
        self._gone_count = 0
        """Starts whose tasks are no longer in `started`."""
        self.ended_count = 0
        """How many have ended, those unaccounted for excepted."""
        self.twice = False
        """Whether one may have been started or be unaccounted for twice, since it has paused and gone on."""

    @property
    def start_count(self) -> int:
        """How often a task was started or went on."""
        return len(self.started) + self._gone_count

    def running(self) -> Sequence[DagTask]:
        """The tasks that have a thread, in order of their start."""
        self.sort_out()
        return self.started

    def with_thread(self, queue: PriorityQueue) -> list[DagTask]:
        """The tasks of one priority that have a thread, in no certain order; one may stand there twice."""
        if len(self.started) > _LONG:
            self.sort_out()
        return [
            task for task in self.started
            if task.queue is queue and not task.finished and task.running_since_ns is not None
        ]  # fmt: skip

    def sort_out(self) -> None:
        """Keep those in `started` that run; one that has paused and gone on stands there twice."""
        started = self.started
        running = [task for task in started if not task.finished and task.running_since_ns is not None]
        if len(running) < len(started) or self.twice:
            self._unaccounted += [task for task in started if task.finished or task.cancelled]
            if self.twice:
                running = list(reversed(dict.fromkeys(reversed(running))))
            self._gone_count += len(started) - len(running)
            started[:] = running

    def add_ended(self, task: DagTask) -> None:
        """Note one that has ended without a thread."""
        self._unaccounted.append(task)

    def ended(self) -> list[DagTask]:
        """The newest finished tasks and cancelled ones that had run, in order of their end."""
        self.sort_out()
        if not self._unaccounted:
            return self._ended
        ended = list(dict.fromkeys(self._unaccounted)) if self.twice else self._unaccounted[:]
        if all(map(_FINISHED, ended)):
            ended.sort(key=_NUMBER)
            ended.sort(key=_WAKE_NS)  # two sorts by numbers take less time than one by pairs
        else:
            ended.sort(key=_BY_END)
        self._unaccounted.clear()
        self.twice = False
        self.ended_count += len(ended)
        for task in ended:
            task.queue.ended_service += task.cpu * (task.work_ns if task.finished else task.had_ns(0))
        kept = self._ended
        if kept and _BY_END(kept[-1]) > _BY_END(ended[0]):  # somebody asked in the middle of a moment
            first = bisect_right(kept, _BY_END(ended[0]), key=_BY_END)
            kept[first:] = sorted(kept[first:] + ended, key=_BY_END)
        else:
            kept += ended
        del kept[:-FINISHED_KEPT_MAX]
        return kept

    def served_ns(self, queue: PriorityQueue, now_ns: Nanoseconds) -> int:
        """CPU time that all tasks of a priority have had until now."""
        self.ended()
        begun = [task for task in (*self.started, *queue.paused) if task.queue is queue]
        return (queue.ended_service + sum([task.cpu * task.had_ns(now_ns) for task in begun])) // FULL_CPU
