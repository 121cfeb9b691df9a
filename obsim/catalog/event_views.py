"""Rows of the log of state changes."""

from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState
from obsim.ids import display_time

__all__ = ["events"]


def events(state: ClusterState, scope: Scope) -> list[Row]:
    """obsim.events: every change of state, the newest last."""
    return [
        (e.number, display_time(e.at_ns, scope.offset_s), e.at_ns, e.tenant_id, e.kind, e.name, e.before, e.after)
        for e in state.log.rows
    ]
