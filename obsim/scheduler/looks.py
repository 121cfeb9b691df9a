"""Tasks that refuse to be scheduled yet, and when the scheduler looks at them again (ob_tenant_dag_scheduler.cpp).

Passes are made when something signals, and every second when nothing does. The first one that comes 5 s or more after
the last look looks, once it has scanned. What it finds starts with the pass after it: at once if the scan started
something, else at the next signal or a second later. A pass that finds nothing to do is no event: when it was is worked
out when it matters.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import NEVER, EventQueue
from obsim.scheduler.queue import PriorityQueue

__all__ = ["LOOK_NS", "PASS_NS", "Looks"]

PASS_NS = 1_000_000_000
"""The scheduler sleeps no longer than that between two passes."""
LOOK_NS = 5_000_000_000
"""How often the waiting list is gone through at most."""
_NUMBER = attrgetter("number")


class Looks:
    """The looks of one scheduler at what refuses in `queues`; `make_pass` lets it make a pass."""

    __slots__ = ("_alarm", "_events", "_key", "_make_pass", "_queues", "due_ns", "found_count", "passed_ns",
                 "quiet_until_ns", "refusing_count", "unscanned")  # fmt: skip

    def __init__(
        self,
        events: EventQueue,
        key: int,
        queues: Sequence[PriorityQueue],
        make_pass: Callable[[int, Nanoseconds], None],
    ) -> None:
        self._events, self._key = events, key
        self._queues = queues
        self._make_pass = make_pass
        self._alarm = events.alarm(self._ring)
        self.passed_ns = 0
        """When the scheduler was last at work."""
        self.due_ns = LOOK_NS
        """The first pass from then on looks."""
        self.quiet_until_ns = LOOK_NS
        """Before that a task that ends just hands its thread on: no look is due, nothing is shared or unscanned."""
        self.refusing_count = 0
        self.unscanned = 0
        """Bits of the priorities where a look found willing tasks, until the next scan."""
        self.found_count = 0
        """How many looks have found somebody."""

    def admit(self, task: DagTask, now_ns: Nanoseconds) -> int:
        """Make a task without unfinished parents ready, or let it be looked at again; the bits of what is ready."""
        queue = task.queue
        if task.not_before_ns > now_ns:
            queue.refusing[task] = None
            self.refusing_count += 1
            self._set_alarm(max(task.not_before_ns, self.due_ns))
            return 0
        if task.emergency:
            queue.ready.appendleft(task)
        else:
            queue.ready.append(task)
        return queue.bit

    def in_pass(self, now_ns: Nanoseconds) -> int:
        """Look if none of the passes that nothing signalled has done so; bits of the priorities with willing tasks."""
        self._note_idle_looks(now_ns)
        if now_ns < self.due_ns:
            return 0
        if self.refusing_count:
            return self._look(now_ns)
        self.due_ns = now_ns + LOOK_NS
        return 0

    def after_scan(self, now_ns: Nanoseconds) -> None:
        """Look at the end of a pass that has started nothing: whom it finds has to wait for the next one."""
        self.unscanned = self.in_pass(now_ns)
        if self.unscanned:
            self._set_alarm(now_ns + PASS_NS)

    def nobody_refuses(self, now_ns: Nanoseconds) -> bool:
        """Whether a pass need not care for looks; the next one is then due as if it had made its own."""
        if self.refusing_count or self.unscanned:
            return False
        due_ns, first_ns = self.due_ns, self.passed_ns + PASS_NS
        if now_ns > first_ns:  # as in `_note_idle_looks`; this comes often
            if first_ns < due_ns:
                first_ns = due_ns + (first_ns - due_ns) % PASS_NS
            if first_ns < now_ns:
                due_ns = now_ns + LOOK_NS - 1 - (now_ns - 1 - first_ns) % LOOK_NS
        self.due_ns = self.quiet_until_ns = due_ns if now_ns < due_ns else now_ns + LOOK_NS
        return True

    def _note_idle_looks(self, now_ns: Nanoseconds) -> None:
        """Looks of passes that were made before now without a signal; they found nobody willing."""
        due_ns, first_ns = self.due_ns, self.passed_ns + PASS_NS
        if first_ns < due_ns:
            first_ns = due_ns + (first_ns - due_ns) % PASS_NS
        if first_ns < now_ns:
            self.due_ns = now_ns + LOOK_NS - 1 - (now_ns - 1 - first_ns) % LOOK_NS

    def _look(self, now_ns: Nanoseconds) -> int:
        """Move those that no longer refuse to the ready lists, in order of priority and arrival."""
        self.due_ns = now_ns + LOOK_NS
        found, later = 0, []
        for queue in self._queues:
            refusing = queue.refusing
            if not refusing:
                continue
            willing = [task for task in refusing if task.not_before_ns <= now_ns]
            if willing:
                if len(willing) > 1:
                    willing.sort(key=_NUMBER)
                for task in willing:
                    del refusing[task]
                    found |= self.admit(task, now_ns)
                self.refusing_count -= len(willing)
            later += [task.not_before_ns for task in refusing]
        self.found_count += bool(found)
        self._events.cancel(self._alarm)
        if later:
            self._set_alarm(max(min(later), self.due_ns))
        return found

    # The alarm.

    def _set_alarm(self, at_ns: int) -> None:
        """Have it ring no later than at a time."""
        alarm = self._alarm
        if alarm.wake_ns == NEVER or alarm.wake_ns > at_ns:
            self._events.set(alarm, at_ns, self._key)

    def _ring(self, now_ns: Nanoseconds) -> None:
        """Make a pass if this is the moment of one that nothing signalled; else set the alarm anew."""
        if not self.unscanned and not self.refusing_count:
            return
        self._note_idle_looks(now_ns)
        from_ns = now_ns if self.unscanned else max(self.due_ns, min(self._refused_until()))
        at_ns = self._next_idle_pass_ns(now_ns) if from_ns <= now_ns else from_ns
        if at_ns > now_ns:
            self._set_alarm(at_ns)
            return
        self._make_pass(0, now_ns)
        if self.refusing_count:
            self._set_alarm(max(self.due_ns, min(self._refused_until())))

    def _next_idle_pass_ns(self, from_ns: int) -> int:
        """The first pass at or after a time if nothing signals until then."""
        return self.passed_ns + max(-(-(from_ns - self.passed_ns) // PASS_NS), 1) * PASS_NS

    def _refused_until(self) -> list[int]:
        return [task.not_before_ns for queue in self._queues if queue.refusing for task in queue.refusing]
