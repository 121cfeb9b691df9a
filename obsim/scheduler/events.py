"""The event queue of a cluster: what happens next, and in which order at one moment.

Order at one moment: first events, in the order they were ordered; then DAG tasks, by scheduler and number; last the
alarms of the schedulers. So it follows from what was ordered, not from how often a plan was made anew.

Events are one heap, running tasks another: these are few and come and go quickly, and the entry of one that ends can be
replaced by that of the one that takes its thread.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Protocol

from obsim.ids import Nanoseconds

__all__ = ["KEY_BITS", "NEVER", "Clock", "Event", "EventQueue", "Handler", "Wakeable", "Wakes"]

Handler = Callable[[Nanoseconds], None]

KEY_BITS = 40
"""Of the key of a task these are its number, the others that of its scheduler; the last keys are for alarms."""
NEVER = -1
"""`wake_ns` of what is not ordered."""
_FIRST_NUMBER = -(1 << 60)
"""Numbers of events are below zero, keys of alarms above."""
_NO_END = 1 << 62


class Wakes(Protocol):
    """What tasks of a scheduler have in common."""

    @property
    def on_wake(self) -> Callable[[Any, Nanoseconds], None]:
        """Called with a task that is woken and the time."""


class Wakeable(Protocol):
    """A task that may be woken. What was ordered for another time than `wake_ns` is outdated."""

    number: int
    wake_ns: int
    finished: bool

    @property
    def queue(self) -> Wakes:
        """Where it belongs."""


class Clock(Protocol):
    """What shows the time of the event that happens, and counts them."""

    now_ns: Nanoseconds
    event_count: int


class Stirs(Protocol):
    """Says whether anything may have changed."""

    stirred: bool


class Log(Protocol):
    """What notes the changes of an event as soon as it is over."""

    @property
    def revisions(self) -> Stirs:
        """Whether there may be any."""

    def write(self) -> None:
        """Note them."""


class _Still:
    """Nothing changes that anybody notes."""

    stirred = False


class _Stopwatch:
    """A clock of nobody."""

    now_ns = Nanoseconds(0)
    event_count = 0


class Event:
    """Something that happens at a time, unless it is cancelled before."""

    __slots__ = ("background", "handler", "wake_ns")

    def __init__(self, handler: Handler, *, background: bool) -> None:
        self.wake_ns = NEVER
        self.handler = handler
        self.background = background
        """Future workload and periodic timers: they do not keep a cluster busy (`run_until_idle`)."""


class EventQueue:
    """Events of a cluster in order of time."""

    __slots__ = ("_heap", "_in_order", "_number", "_scheduler_count", "held", "tasks", "work_count")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Event]] = []
        self._in_order: deque[tuple[int, int, Event]] = deque()
        """Events that were ordered one after the other for later and later times. Only the first of them is in the heap
        too, which stays short."""
        self.tasks: list[tuple[int, int, Wakeable]] = []
        """A heap of (time, key, task) to which schedulers add theirs; the key is the scheduler's and the task's number.
        What wakes a task takes its entry, the first one, off."""
        self.work_count = 0
        """Events that are not background."""
        self.held = False
        """Nothing happens in `run_until`: something outside is waited for."""
        self._number = _FIRST_NUMBER
        self._scheduler_count = 0

    def scheduler_number(self) -> int:
        """The number of one more scheduler."""
        self._scheduler_count += 1
        return self._scheduler_count

    def push(self, at_ns: int, handler: Handler, *, background: bool = False) -> Event:
        """Order `handler` for `at_ns`."""
        self._number = number = self._number + 1
        event = Event(handler, background=background)
        event.wake_ns = at_ns
        self.work_count += not background
        in_order, entry = self._in_order, (at_ns, number, event)
        if not in_order:
            in_order.append(entry)
            heappush(self._heap, entry)
        elif at_ns >= in_order[-1][0]:
            in_order.append(entry)
        else:
            heappush(self._heap, entry)
        return event

    def alarm(self, handler: Handler, *, background: bool = False) -> Event:
        """An event that is not ordered yet, to be set again and again."""
        return Event(handler, background=background)

    def set(self, event: Event, at_ns: int, key: int) -> None:
        """Order an event for `at_ns` instead of what it was ordered for; an alarm always has the same key."""
        if event.wake_ns == NEVER:
            self.work_count += not event.background
        if event.wake_ns != at_ns:
            event.wake_ns = at_ns
            heappush(self._heap, (at_ns, key, event))

    def cancel(self, event: Event) -> None:
        """Let an ordered event not happen; one that has happened or is cancelled stays as it is."""
        if event.wake_ns != NEVER:
            event.wake_ns = NEVER
            self.work_count -= not event.background

    def next_ns(self) -> Nanoseconds | None:
        """Time of the next event, None when there is none."""
        heap, tasks = self._heap, self.tasks
        while heap and heap[0][2].wake_ns != heap[0][0]:
            self._pop()
        while tasks and (tasks[0][2].wake_ns != tasks[0][0] or tasks[0][2].finished):
            heappop(tasks)
        if heap and tasks:
            return Nanoseconds(min(heap[0][0], tasks[0][0]))
        return Nanoseconds(heap[0][0] if heap else tasks[0][0]) if heap or tasks else None

    def run_until(  # noqa: PLR0912 - everything that happens comes through here, and calls take time
        self, target_ns: int, events_max: int, clock: Clock, log: Log | None = None
    ) -> bool:
        """Let what is ordered up to `target_ns` happen, at most `events_max` events; whether nothing of it is left.

        The clock shows the time of each when it happens, and in the end has counted them. The log notes what each of
        them has changed.
        """
        heap, in_order, tasks, left = self._heap, self._in_order, self.tasks, events_max
        changes: Stirs = _Still() if log is None else log.revisions
        try:
            while left and not self.held:
                if tasks and not (heap and heap[0] < tasks[0]):  # type: ignore[operator]  # keys differ
                    at_ns, _, task = tasks[0]
                    if at_ns > target_ns:
                        return True
                    if task.wake_ns == at_ns and not task.finished:
                        left -= 1
                        clock.now_ns = at_ns  # type: ignore[assignment]  # NewType costs a call
                        on_wake = task.queue.on_wake  # to call what an attribute holds takes longer
                        on_wake(task, at_ns)  # type: ignore[arg-type]
                    else:
                        heappop(tasks)
                elif heap and heap[0][0] <= target_ns:
                    at_ns, _, event = heappop(heap)
                    if in_order and in_order[0][2] is event:
                        in_order.popleft()
                        if in_order:
                            heappush(heap, in_order[0])
                    if event.wake_ns == at_ns:
                        left -= 1
                        clock.now_ns = at_ns  # type: ignore[assignment]
                        event.wake_ns = NEVER  # it can no longer be cancelled
                        if not event.background:
                            self.work_count -= 1
                        handler = event.handler
                        handler(at_ns)  # type: ignore[arg-type]
                else:
                    return True
                if log is not None and changes.stirred:
                    log.write()
            return False
        finally:
            clock.event_count += events_max - left

    def _pop(self) -> None:
        """Take the first event off the heap, as `run_until` does."""
        _, _, event = heappop(self._heap)
        in_order = self._in_order
        if in_order and in_order[0][2] is event:
            in_order.popleft()
            if in_order:
                heappush(self._heap, in_order[0])

    def run(self) -> None:
        """Let everything happen that is ordered, and what comes of it."""
        self.run_until(_NO_END, _NO_END, _Stopwatch())

    def ordered_count(self) -> int:
        """How many events and wake-ups of tasks are ordered."""
        events = {(at_ns, key) for at_ns, key, event in (*self._heap, *self._in_order) if event.wake_ns == at_ns}
        tasks = {(at_ns, key) for at_ns, key, task in self.tasks if task.wake_ns == at_ns and not task.finished}
        return len(events) + len(tasks)

    def busy(self) -> bool:
        """Whether anything but background events is ordered, or a DAG task runs."""
        if self.work_count > 0:
            return True
        self.next_ns()  # so that a task that is ordered still is the first one
        return bool(self.tasks)

