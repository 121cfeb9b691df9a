"""A unit of work for the DAG scheduler: kind, priority, length, what it waits for, and when it ran."""

from collections.abc import Callable
from dataclasses import dataclass, field

from obsim.ids import LogStreamId, Nanoseconds
from obsim.scheduler.events import Event
from obsim.scheduler.priorities import Priority

__all__ = ["DagTask"]


@dataclass(slots=True, eq=False)
class DagTask:
    """One task. It runs in `segments`, several if it was paused; it is done when they add up to `work_ns`."""

    kind: str
    """DAG type as `__all_virtual_dag_scheduler` names it, for example BACKUP_DATA."""
    priority: Priority
    work_ns: Nanoseconds
    on_finish: Callable[[Nanoseconds], None]
    log_stream_id: LogStreamId = LogStreamId(1)
    """What it works on."""
    parents: tuple["DagTask", ...] = ()
    """It is ready when all of them have finished."""
    not_before_ns: Nanoseconds = Nanoseconds(0)
    """It refuses to be scheduled before; the scheduler asks again every 5 s."""
    emergency: bool = False
    """It goes before the ready ones of its priority."""
    number: int = 0
    """Counts the tasks of a tenant from 1; 0 before it is submitted."""
    added_ns: Nanoseconds = Nanoseconds(0)
    """When it was submitted."""
    segments: list[tuple[int, int]] = field(default_factory=list)
    """Closed (start, end) intervals."""
    running_since_ns: int | None = None
    finished: bool = False
    cancelled: bool = False
    wake: Event | None = None
    """The event that ends the running segment: the finish, or a yield point."""
    indegree: int = 0
    """Parents that have not finished."""
    children: list["DagTask"] | None = None
    """Tasks that wait for this one."""

    @property
    def start_ns(self) -> int:
        """When it first ran, 0 before that."""
        return self.segments[0][0] if self.segments else self.running_since_ns or 0

    def done_ns(self, at_ns: int) -> int:
        """Work done by `at_ns`, any time of the past included."""
        done = sum(min(end, at_ns) - start for start, end in self.segments if start < at_ns)
        if self.running_since_ns is not None and self.running_since_ns < at_ns:
            done += at_ns - self.running_since_ns
        return min(done, self.work_ns)
