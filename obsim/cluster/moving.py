"""Families whose rows follow the clock, or a counter of their own, between two touches of their revision."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from obsim.archive.round import CHECKPOINT_INTERVAL_NS
from obsim.backup.progress import PASS_NS
from obsim.root_events import RECYCLE_NS

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState

__all__ = ["MOVING", "TENANTS_STEP_NS"]

TENANTS_STEP_NS = 100_000_000
"""Grain of the SCN columns of DBA_OB_TENANTS."""


def _tasks_moment(state: "ClusterState") -> int:
    """Passes of the running tasks, each counted from its own start: their counters move with them."""
    tasks = (task for tenant in state.tenants.values() for task in tenant.backup.tasks)
    return sum((state.now_ns - task.start_ns) // PASS_NS + 1 for task in tasks)


def _archive_moment(state: "ClusterState") -> int:
    return state.now_ns // CHECKPOINT_INTERVAL_NS if any(t.archive.doing for t in state.tenants.values()) else 0


MOVING: "dict[str, Callable[[ClusterState], int]]" = {
    "time": lambda state: state.now_ns,
    "tasks": _tasks_moment,
    "archive": _archive_moment,
    "tenants": lambda state: state.now_ns // TENANTS_STEP_NS,
    "root_events": lambda state: state.now_ns // RECYCLE_NS,
    "scheduler": lambda state: sum(
        scheduler.change_count for tenant in state.tenants.values() for scheduler in tenant.schedulers
    ),
}
"""Family -> the part of its revision that moves."""
