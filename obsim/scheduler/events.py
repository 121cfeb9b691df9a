"""The event queue: a heap of (virtual time, number), so equal times keep the order they were ordered in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from obsim.ids import Nanoseconds

__all__ = ["Event", "EventQueue", "Handler"]

Handler = Callable[[Nanoseconds], None]


@dataclass(slots=True, eq=False)
class Event:
    """Something that happens at a time, unless it is cancelled before."""

    at_ns: Nanoseconds
    handler: Handler
    cancelled: bool = False
    """Whether it will not happen any more: cancelled, or it has happened."""
    background: bool = False
    """Future workload and periodic timers: they do not keep a cluster busy (`run_until_idle`)."""


@dataclass(slots=True)
class EventQueue:
    """Events of a cluster in order of time."""

    _heap: list[tuple[int, int, Event]] = field(default_factory=list)
    _number: int = 0
    _foreground_count: int = 0

    def push(self, at_ns: int, handler: Handler, *, background: bool = False) -> Event:
        """Order `handler` for `at_ns`."""
        event = Event(Nanoseconds(at_ns), handler, background=background)
        self._number += 1
        self._foreground_count += not background
        heappush(self._heap, (at_ns, self._number, event))
        return event

    def cancel(self, event: Event) -> None:
        """Let an ordered event not happen; for the second time nothing."""
        if not event.cancelled:
            event.cancelled = True
            self._foreground_count -= not event.background

    def next_ns(self) -> Nanoseconds | None:
        """Time of the next event, None when there is none."""
        heap = self._heap
        while heap and heap[0][2].cancelled:
            heappop(heap)
        return heap[0][2].at_ns if heap else None

    def pop(self) -> Event:
        """Take the next event; call `next_ns` before. It can no longer be cancelled."""
        event = heappop(self._heap)[2]
        event.cancelled = True
        self._foreground_count -= not event.background
        return event

    def run(self) -> None:
        """Let everything happen that is ordered, and what comes of it."""
        heap = self._heap
        while heap:
            at_ns, _, event = heappop(heap)
            if not event.cancelled:
                event.cancelled = True
                self._foreground_count -= not event.background
                event.handler(Nanoseconds(at_ns))

    def busy(self) -> bool:
        """Whether anything but background events is ordered."""
        return self._foreground_count > 0
