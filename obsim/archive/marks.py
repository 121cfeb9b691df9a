"""When a tenant had written how much log: which piece holds it follows from this."""

from bisect import bisect_right
from dataclasses import dataclass, field

from obsim.ids import Bytes, Nanoseconds

__all__ = ["LogMarks"]


@dataclass(slots=True, eq=False)
class LogMarks:
    """Marks in order of time."""

    marks: list[tuple[Nanoseconds, Bytes]] = field(default_factory=list)

    def add(self, now_ns: Nanoseconds, log_bytes: Bytes) -> None:
        """So much log is written by now."""
        self.marks.append((now_ns, log_bytes))

    def bytes_at(self, time_ns: int) -> int:
        """How much was written by a moment."""
        place = bisect_right(self.marks, time_ns, key=lambda mark: mark[0])
        return self.marks[place - 1][1] if place else 0
