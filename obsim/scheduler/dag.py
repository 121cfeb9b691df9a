"""A unit of work for the DAG scheduler: kind, priority, length, what it waits for, and when it ran."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds, TabletId
from obsim.scheduler.clock import ServiceClock
from obsim.scheduler.demand import CPU_OF, FULL_CPU
from obsim.scheduler.events import NEVER
from obsim.scheduler.priorities import Priority

if TYPE_CHECKING:
    from obsim.scheduler.queue import PriorityQueue

__all__ = ["Course", "DagTask", "Span"]

_CPU_OF = CPU_OF.get
_AT_ONCE = Nanoseconds(0)


class Span(NamedTuple):
    """A time in which a task ran: at full speed, or as fast as `clock` went."""

    start_ns: int
    end_ns: int
    clock: ServiceClock | None

    def done_ns(self, at_ns: int) -> int:
        """Work done in it by `at_ns`."""
        end_ns = min(self.end_ns, at_ns)
        if end_ns <= self.start_ns:
            return 0
        return end_ns - self.start_ns if self.clock is None else self.clock.between(self.start_ns, end_ns)


@dataclass(slots=True, eq=False)
class Course:
    """How a task has run that was paused or slowed down."""

    spans: tuple[Span, ...] = ()
    """Closed spans."""
    done_ns: int = 0
    """Work done in them."""
    paused_ns: int = NEVER
    """When the last of them ended."""
    resumed_ns: int = NEVER
    """When it began or went on, if the open span began later."""


class _OfEveryEnd:
    """What a scheduler looks at whenever a task starts or ends: in memory it stands together, which processors like."""

    __slots__ = (
        "children", "cpu", "finished", "indegree", "number", "on_finish", "plain", "queue", "running_since_ns",
        "wake_ns", "work_ns", "yields",
    )  # fmt: skip


@dataclass(slots=True, eq=False, init=False)
class DagTask(_OfEveryEnd):
    """One task. It runs in spans, several if it was paused or slowed down; it is done when they add up to `work_ns`.

    Many are made and some thousands kept, so there is no value before it is submitted of what is only known then.
    """

    kind: str
    """DAG type as `__all_virtual_dag_scheduler` names it, for example BACKUP_DATA."""
    priority: Priority
    work_ns: Nanoseconds
    """How long it takes a thread that nothing slows down."""
    on_finish: Callable[[Nanoseconds], None] | None
    log_stream_id: LogStreamId
    """What it works on."""
    parents: tuple["DagTask", ...]
    """It is ready when all of them have finished; forgotten when it is submitted."""
    not_before_ns: Nanoseconds
    """It refuses to be scheduled before; the scheduler asks again every 5 s."""
    emergency: bool
    """It goes before the ready ones of its priority."""
    tablet_id: TabletId | None
    """The tablet it works on, None for more than one."""
    running_since_ns: int | None
    """When its last span began; None before the first one and while it is paused."""
    number: int
    """Counts the tasks of a scheduler from 1; 0 before it is submitted."""
    added_ns: Nanoseconds = field(repr=False)
    """When it was submitted."""
    finished: bool
    cancelled: bool

    # What its scheduler keeps with it.
    queue: "PriorityQueue" = field(repr=False)
    cpu: int
    """Thousandths of a CPU that its thread takes at full speed."""
    plain: bool
    """Whether it neither refuses nor goes first."""
    indegree: int
    """Parents that have not finished; below zero when it is cancelled, so that the last one's end does not wake it."""
    children: list["DagTask"] | None
    """Tasks that wait for this one."""
    wake_ns: int
    """When it will be woken, at its end or at a yield point; for one that has finished, when that was."""
    yields: bool
    """Whether that will be a yield point."""
    course: Course | None
    """How it has run so far, unless it was in one go."""
    clock: ServiceClock | None
    """The clock of the open span; None at full speed."""
    ends_at_value: int
    """What the clock will show at its end."""

    def __init__(
        self, kind: str, priority: Priority, work_ns: Nanoseconds,
        on_finish: Callable[[Nanoseconds], None] | None = None, log_stream_id: LogStreamId = SYS_LOG_STREAM_ID,
        parents: tuple["DagTask", ...] = (), *, not_before_ns: Nanoseconds = _AT_ONCE, emergency: bool = False,
        tablet_id: TabletId | None = None, running_since_ns: int | None = None,
    ) -> None:  # fmt: skip
        self.kind, self.priority, self.work_ns, self.on_finish = kind, priority, work_ns, on_finish
        self.log_stream_id, self.tablet_id, self.parents = log_stream_id, tablet_id, parents
        self.not_before_ns, self.emergency = not_before_ns, emergency
        self.running_since_ns = running_since_ns
        self.cpu = _CPU_OF(kind, FULL_CPU)
        self.plain = not_before_ns <= 0 and not emergency
        self.number = self.indegree = 0
        self.finished = self.cancelled = self.yields = False
        self.children = self.course = self.clock = None
        self.wake_ns = self.ends_at_value = NEVER

    @property
    def running(self) -> bool:
        """Whether it has a thread."""
        return self.running_since_ns is not None and not self.finished

    @property
    def start_ns(self) -> int:
        """When it first ran, 0 before that."""
        if self.course is not None and self.course.spans:
            return self.course.spans[0].start_ns
        return self.running_since_ns or 0

    @property
    def end_ns(self) -> int:
        """When it finished, or when a cancelled one last ran."""
        return self.wake_ns if self.finished else self.paused_ns

    @property
    def paused_ns(self) -> int:
        """When its last closed span ended."""
        return self.course.paused_ns if self.course is not None else NEVER

    def left_ns(self, now_ns: int) -> int:
        """Work left at the present moment."""
        course, since_ns, left_ns = self.course, self.running_since_ns, int(self.work_ns)
        if course is not None:
            left_ns -= course.done_ns
        if since_ns is None or since_ns == now_ns:
            return left_ns
        if self.clock is not None:
            return max(left_ns - self.clock.between(since_ns, now_ns), 0)
        return left_ns - (now_ns - since_ns)

    @property
    def segments(self) -> list[tuple[int, int]]:
        """Closed (start, end) intervals in which it ran; between two of them it was paused."""
        return self.ran(None)

    def ran(self, now_ns: int | None) -> list[tuple[int, int]]:
        """The same with the open one, which ends at `now_ns` for the time being."""
        joined: list[tuple[int, int]] = []
        for start_ns, end_ns, _ in self._spans(now_ns):
            if joined and joined[-1][1] == start_ns:
                joined[-1] = (joined[-1][0], end_ns)
            else:
                joined.append((start_ns, end_ns))
        return joined

    def _spans(self, now_ns: int | None) -> Iterator[Span]:
        """Its spans; an open one ends at `now_ns`, or is left out without it."""
        course = self.course
        if course is not None:
            yield from course.spans
        end_ns = self.wake_ns if self.finished else now_ns
        if self.running_since_ns is not None and end_ns is not None:
            yield Span(self.running_since_ns, end_ns, self.clock)

    def done_ns(self, at_ns: int) -> int:
        """Work done by `at_ns`, any time of the past included, in nanoseconds of full speed."""
        if self.finished and at_ns >= self.wake_ns:
            return self.work_ns
        return min(sum(span.done_ns(at_ns) for span in self._spans(at_ns)), self.work_ns)

    def had_ns(self, now_ns: int) -> int:
        """Work done until now, in nanoseconds of full speed."""
        return self.work_ns if self.finished else self.work_ns - self.left_ns(now_ns)

    def close_span(self, now_ns: int) -> Course:
        """End the open span and keep it; a task that does not run has none."""
        course = self.course
        if course is None:
            course = self.course = Course()
        since_ns = self.running_since_ns
        if since_ns is not None:
            clock = self.clock
            course.spans = (*course.spans, Span(since_ns, now_ns, clock))
            course.done_ns += now_ns - since_ns if clock is None else clock.between(since_ns, now_ns)
            course.paused_ns = now_ns
            self.running_since_ns = self.clock = None
        return course

    def change_pace(self, now_ns: int, clock: ServiceClock | None) -> None:
        """Go on with another clock, or at full speed; yield points stay where they are."""
        since_ns = self.running_since_ns
        if since_ns != now_ns:
            course = self.close_span(now_ns)
            if course.resumed_ns == NEVER and since_ns is not None:
                course.resumed_ns = since_ns
        self.running_since_ns, self.clock = now_ns, clock
