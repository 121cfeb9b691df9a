"""The event queue of a cluster: what happens next, and in which order at one moment.

Order at one moment: first events, in the order they were ordered; then DAG tasks, by scheduler and number; last the
alarms of the schedulers. So it follows from what was ordered, not from how often a plan was made anew.

Time and place are one number, the code: a heap of numbers is several times as fast as one of tuples.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Protocol

from obsim.ids import Nanoseconds

__all__ = ["KEYS_OF_A_SCHEDULER", "KEY_BITS", "NO_CODE", "Event", "EventQueue", "Handler", "Wakeable"]

Handler = Callable[[Nanoseconds], None]

KEY_BITS = 64
NO_CODE = 0
"""The code of what is not ordered."""
_FIRST_KEY_OF_TASKS = 1 << 62
KEYS_OF_A_SCHEDULER = 1 << 40


class Wakeable(Protocol):
    """What the queue holds: an event or a running task."""

    code: int
    """The time in nanoseconds, shifted by `KEY_BITS`, and the key: its place among what happens then."""

    @property
    def on_wake(self) -> Callable[[Any, Nanoseconds], None]:
        """Called with the object and the time; takes the code off the heap, where it is the first."""


class Event:
    """Something that happens at a time, unless it is cancelled before."""

    __slots__ = ("background", "code", "handler", "on_wake", "queue")

    def __init__(self, queue: "EventQueue", handler: Handler, *, background: bool) -> None:
        self.queue = queue
        self.code = NO_CODE
        self.handler = handler
        self.background = background
        """Future workload and periodic timers: they do not keep a cluster busy (`run_until_idle`)."""
        self.on_wake: Callable[[Any, Nanoseconds], None] = Event.happen

    @property
    def at_ns(self) -> int | None:
        """When it will happen, None if it will not."""
        return self.code >> KEY_BITS if self.code else None

    def happen(self, at_ns: Nanoseconds) -> None:
        """Call the handler; it can no longer be cancelled."""
        heappop(self.queue.heap)
        self.code = NO_CODE
        if not self.background:
            self.queue.work_count -= 1
        self.handler(at_ns)


class EventQueue:
    """Events of a cluster in order of time."""

    __slots__ = ("_number", "_scheduler_count", "heap", "ordered", "work_count")

    def __init__(self) -> None:
        self.heap: list[int] = []
        """Codes; those that are not in `ordered` any more are outdated."""
        self.ordered: dict[int, Wakeable] = {}
        """What happens, by its code. Schedulers put their tasks in themselves."""
        self.work_count = 0
        """Events that are not background, and running DAG tasks."""
        self._number = 0
        self._scheduler_count = 0

    def scheduler_keys(self) -> int:
        """The first of the keys that belong to one more scheduler: for its tasks, and the last ones for its alarms."""
        self._scheduler_count += 1
        return _FIRST_KEY_OF_TASKS + self._scheduler_count * KEYS_OF_A_SCHEDULER

    def push(self, at_ns: int, handler: Handler, *, background: bool = False) -> Event:
        """Order `handler` for `at_ns`."""
        self._number += 1
        event = Event(self, handler, background=background)
        self.set(event, at_ns, self._number)
        return event

    def alarm(self, handler: Handler, *, background: bool = False) -> Event:
        """An event that is not ordered yet, to be set again and again."""
        return Event(self, handler, background=background)

    def set(self, event: Event, at_ns: int, key: int) -> None:
        """Order an event for `at_ns` instead of what it was ordered for."""
        code = (at_ns << KEY_BITS) + key
        if event.code:
            del self.ordered[event.code]
        elif not event.background:
            self.work_count += 1
        event.code = code
        self.ordered[code] = event
        heappush(self.heap, code)

    def cancel(self, event: Event) -> None:
        """Let an ordered event not happen; one that has happened or is cancelled stays as it is."""
        if event.code:
            del self.ordered[event.code]
            event.code = NO_CODE
            self.work_count -= not event.background

    def next_ns(self) -> Nanoseconds | None:
        """Time of the next event, None when there is none."""
        heap, ordered = self.heap, self.ordered
        while heap:
            if heap[0] in ordered:
                return Nanoseconds(heap[0] >> KEY_BITS)
            heappop(heap)
        return None

    def happen(self) -> None:
        """Let the next event happen; call `next_ns` before."""
        code = self.heap[0]
        what = self.ordered.pop(code)
        what.on_wake(what, Nanoseconds(code >> KEY_BITS))

    def run(self) -> None:
        """Let everything happen that is ordered, and what comes of it."""
        heap, ordered = self.heap, self.ordered
        while heap:
            code = heap[0]
            what = ordered.pop(code, None)
            if what is None:
                heappop(heap)
            else:
                what.on_wake(what, code >> KEY_BITS)  # type: ignore[arg-type]  # NewType costs a call

    def busy(self) -> bool:
        """Whether anything but background events is ordered, or a DAG task runs."""
        return self.work_count > 0
