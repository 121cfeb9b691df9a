"""The threads of a scheduler while they work: yield points, pauses, and what they share (engine.md 5.4, 5.7).

A running task looks at the limit of its priority at a yield point, every 3 s. It pauses there if too many run; else it
makes room for the first paused one of its priority if that has waited for over 30 s. Yield points of which nothing can
come are not ordered: what wakes a task is its end, or before that the first yield point that may matter.
"""

from heapq import heappush

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import KEY_BITS, NEVER, EventQueue
from obsim.scheduler.priorities import PRIORITIES
from obsim.scheduler.queue import PriorityQueue
from obsim.scheduler.roster import Roster
from obsim.scheduler.sharing import UNLIMITED, Sharing

__all__ = ["PATIENCE_NS", "YIELD_NS", "Step", "Threads"]

YIELD_NS = 3_000_000_000
PATIENCE_NS = 10 * YIELD_NS
"""A paused task that has waited longer is let in at a yield point (ob_dag_scheduler.cpp, need_wake_up)."""

Step = tuple[int, str, int]
"""Time in nanoseconds; start, pause, resume, finish or cancel; the number of the task."""


class Threads:
    """What runs, for how long, and how fast. Who gets a thread next is the business of `Dispatcher`."""

    def __init__(self, events: EventQueue, steps: list[Step] | None, cpus: int) -> None:
        self._events = events
        self._heap = events.tasks
        self._steps = steps
        self._first_key = first_key = events.scheduler_number() << KEY_BITS
        self._queues = [PriorityQueue(p.default_score, 1 << p.index, self._wake) for p in PRIORITIES]
        self._roster = Roster()
        self._started = self._roster.started
        self._load = 0
        """Thousandths of a CPU that running tasks want."""
        self._sharing = Sharing(events, first_key, self._end_now, self._replan, self._settle, self._roster.running)
        self._sharing.cpus = self._cpus = cpus
        self._careful = False
        """Whether starts and ends may change how fast others go although the CPUs suffice."""
        self._other_changes = 0
        """Changes of what a view shows that are not the start or the end of a task."""

    def _wake(self, task: DagTask, now_ns: Nanoseconds) -> None:
        raise NotImplementedError

    # Pausing and going on.

    def _resume(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Let a paused task go on."""
        queue = task.queue
        task.running_since_ns = now_ns
        queue.room -= 1
        self._started.append(task)
        self._roster.twice = True
        self._load += task.cpu
        if self._steps is not None:
            self._steps.append((now_ns, "resume", task.number))
        if self._sharing.active:
            self._sharing.enter(task, now_ns)
        self._plan(task, now_ns)

    def _stop(self, task: DagTask, now_ns: Nanoseconds, what: str) -> None:
        """Take a running task's thread from it."""
        task.wake_ns = NEVER
        self._leave(task, now_ns)
        task.close_span(now_ns).resumed_ns = NEVER
        if self._steps is not None:
            self._steps.append((now_ns, what, task.number))

    def _leave(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A task no longer runs."""
        task.queue.room += 1
        self._load -= task.cpu
        if self._careful and self._sharing.active:
            self._sharing.leave(task, now_ns)

    def _yield(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A task is at a yield point that may matter."""
        task.wake_ns = NEVER
        paused, over = task.queue.paused, task.queue.room < 0
        if not over and not (paused and now_ns - paused[0].paused_ns > PATIENCE_NS):
            self._plan(task, now_ns)
            return
        self._stop(task, now_ns, "pause")
        paused.append(task)
        if not over:
            self._resume(paused.popleft(), now_ns)
        if self._load > self._cpus or self._careful:
            self._settle(now_ns)

    # What wakes a task.

    def _plan(self, task: DagTask, now_ns: Nanoseconds, first_ns: int = 0) -> None:
        """Order what wakes a running task: its end, or before that a yield point at which something may come of it.

        At full speed its end is known; otherwise its lane knows it.
        """
        queue, course, since_ns = task.queue, task.course, task.running_since_ns
        assert since_ns is not None
        if self._sharing.active:
            at_ns = UNLIMITED
        else:
            at_ns = since_ns + task.work_ns - (course.done_ns if course is not None else 0)
        task.yields = False
        over = queue.room < 0
        if over or queue.paused:
            if course is not None and course.resumed_ns != NEVER:
                since_ns = course.resumed_ns
            least_ns = first_ns or now_ns + 1 if over else max(now_ns, queue.paused[0].paused_ns + PATIENCE_NS) + 1
            yield_ns = least_ns + (since_ns - least_ns) % YIELD_NS
            if yield_ns < at_ns:
                at_ns = yield_ns
                task.yields = True
        if at_ns == UNLIMITED:
            task.wake_ns = NEVER
        elif task.wake_ns != at_ns:
            task.wake_ns = at_ns
            heappush(self._heap, (at_ns, self._first_key + task.number, task))

    def _replan(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Order it again because it goes at another pace; a yield point that is now, and still to come, stays."""
        due = task.yields and task.wake_ns == now_ns
        self._plan(task, now_ns, now_ns if due else 0)

    def _end_now(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A task's lane says that it is at its end: that is what happens next."""
        task.yields = False
        if task.wake_ns != now_ns:
            task.wake_ns = now_ns
            heappush(self._heap, (now_ns, self._first_key + task.number, task))

    # Sharing.

    def _settle(self, now_ns: Nanoseconds) -> None:
        raise NotImplementedError
