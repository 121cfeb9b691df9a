"""How far the clock may have been shown, before anybody is shown it.

A clock that follows the wall is given a second or more ahead, so that an answer seldom waits for the disk because of
time alone. The other clocks move only by what is in the journal: they are never ahead of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obsim.journal.store import Lease
from obsim.units import SECOND_NS

if TYPE_CHECKING:
    from obsim.cluster import ClusterState

__all__ = ["LeaseHolder", "resumed_ns"]


@dataclass(slots=True)
class LeaseHolder:
    """The lease of a running process. `ahead_ns` is 0 for a clock that only records move."""

    ahead_ns: int
    real_ns: Callable[[], int]
    held: Lease | None = None

    @classmethod
    def of(cls, clock: str, speed: float, real_ns: Callable[[], int]) -> "LeaseHolder":
        """The one for a clock: a second of the wall, and of virtual time, at the least."""
        return cls(int(max(speed, 1.0) * SECOND_NS) if clock == "wall" else 0, real_ns)

    def covers(self, state: "ClusterState") -> bool:
        """Whether the present may be shown."""
        held = self.held
        return held is not None and held.until_ns >= state.now_ns and held.timeline == state.timeline

    def due(self, state: "ClusterState") -> bool:
        """Whether one that is never ahead has to be written anew: its virtual time, or more than a second is over."""
        held = self.held
        return held is None or not self.covers(state) or self.real_ns() - held.real_ns > SECOND_NS

    def extended(self, state: "ClusterState") -> Lease:
        """A lease that reaches further, taken as held."""
        self.held = Lease(state.timeline, state.now_ns + self.ahead_ns, self.real_ns())
        return self.held

    def final(self, state: "ClusterState") -> Lease:
        """The last one: nothing later than now was shown."""
        self.held = Lease(state.timeline, state.now_ns, self.real_ns())
        return self.held


def resumed_ns(lease: Lease | None, state: "ClusterState", *, real_ns: int | None = None, speed: float = 1.0) -> int:
    """The virtual time a cluster goes on from; with `real_ns`, the present, what passed since has passed here too."""
    if lease is None or lease.timeline != state.timeline:
        return state.now_ns
    passed_ns = 0 if real_ns is None else max(0, int((real_ns - lease.real_ns) * speed))
    return max(state.now_ns, lease.until_ns + passed_ns)
