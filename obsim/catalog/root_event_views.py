"""Rows of the history of the root service's events."""

from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState
from obsim.ids import display_time
from obsim.root_events import RECYCLE_NS

__all__ = ["root_events"]

PAIRS = 6


def root_events(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_ROOTSERVICE_EVENT_HISTORY, as far back as `ob_event_history_recycle_interval` goes.

    Only the log archive's events are modelled (status-machines.md 11, ob_tenant_archive_scheduler.cpp).
    """
    kept_ns = state.parameters.get_int("ob_event_history_recycle_interval")
    since_ns = state.now_ns - state.now_ns % RECYCLE_NS - kept_ns
    rows: list[Row] = []
    for event in state.root_events.rows:
        if event.at_ns < since_ns:
            continue
        pairs = [*event.values, *[("", "")] * (PAIRS - len(event.values))]
        address, _, port = event.server.rpartition(":")
        rows.append((
            display_time(event.at_ns, scope.offset_s), event.module, event.event,
            *(text for pair in pairs for text in pair), "", address, int(port),
        ))  # fmt: skip
    return rows
