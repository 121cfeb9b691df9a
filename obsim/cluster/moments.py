"""When rows may change next: by an event, or because they follow the clock between two events."""

from collections.abc import Callable, Iterable

from obsim.archive.round import CHECKPOINT_INTERVAL_NS
from obsim.backup.progress import PASS_NS
from obsim.cluster.moving import TENANTS_STEP_NS
from obsim.cluster.state import ClusterState
from obsim.errors import ServerError
from obsim.ids import Nanoseconds
from obsim.root_events import RECYCLE_NS
from obsim.units import DAY_NS, SECOND_NS

__all__ = ["IDLE_LIMIT_NS", "Astray", "come_to", "next_change_ns", "still_running"]

IDLE_LIMIT_NS = 30 * DAY_NS
"""So long may be waited for the end of all work."""


def still_running(state: ClusterState) -> ServerError:
    """4012, where work has not ended within that limit."""
    what = "; ".join(state.unfinished()) or "nothing that names itself"
    message = f"not idle within 30 virtual days, still running: {what}"
    return ServerError(4012, "HY000", message, name="OB_TIMEOUT", code=-4012)


class Astray(Exception):
    """A cluster does not get to where another one has been."""


def come_to(state: ClusterState, at_ns: int, event_count: int) -> None:
    """Let as much happen as had happened elsewhere when `event_count` events were over and it was `at_ns`.

    It may be in the middle of a moment. Raises Astray where that cannot be.
    """
    state.outside.wait()
    while state.event_count < event_count:
        over = state.advance_slice(at_ns, event_count - state.event_count)
        if over and not state.outside.blocked and state.event_count < event_count:
            raise Astray(f"{event_count - state.event_count} fewer events happen up to {at_ns}")
        state.outside.wait()
    state.advance_slice(min(at_ns, state.now_ns), 0)
    next_ns = state.next_event_ns
    if event_count < state.event_count or (next_ns is not None and next_ns < at_ns) or at_ns < state.now_ns:
        raise Astray(f"{state.event_count} events have happened at {state.now_ns}, the next is due at {next_ns}")
    state.now_ns = Nanoseconds(at_ns)


def next_change_ns(state: ClusterState, families: Iterable[str]) -> Nanoseconds | None:
    """The first moment after now at which rows of these families may be others; None when none is known."""
    moments = [state.next_event_ns, *(_NEXT[family](state) for family in families if family in _NEXT)]
    return min((Nanoseconds(max(at_ns, state.now_ns)) for at_ns in moments if at_ns is not None), default=None)


def _next_pass_ns(state: ClusterState) -> Nanoseconds | None:
    """Of the passes that sum up counters of running set tasks."""
    tasks = [task for tenant in state.tenants.values() for task in tenant.backup.tasks]
    return min((_step_after(state.now_ns, PASS_NS, task.start_ns) for task in tasks), default=None)


def _next_checkpoint_ns(state: ClusterState) -> Nanoseconds | None:
    archiving = any(tenant.archive.doing for tenant in state.tenants.values())
    return _step_after(state.now_ns, CHECKPOINT_INTERVAL_NS) if archiving else None


def _step_after(now_ns: int, step_ns: int, from_ns: int = 0) -> Nanoseconds:
    return Nanoseconds(from_ns + ((now_ns - from_ns) // step_ns + 1) * step_ns)


_NEXT: dict[str, Callable[[ClusterState], Nanoseconds | None]] = {
    "archive": _next_checkpoint_ns,
    "root_events": lambda state: _step_after(state.now_ns, RECYCLE_NS),
    "tasks": _next_pass_ns,
    "tenants": lambda state: _step_after(state.now_ns, TENANTS_STEP_NS),
    "time": lambda state: _step_after(state.now_ns, SECOND_NS),
}
"""As `MOVING`: families whose rows follow the clock."""
