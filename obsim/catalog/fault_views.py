"""Rows of the faults that are ordered."""

from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState

__all__ = ["faults"]


def faults(state: ClusterState, _scope: Scope) -> list[Row]:
    """obsim.faults: each rule, how many occasions fitted it, and on how many of them it acted."""
    return [(fault.fault_id, fault.rule.text, fault.seen_count, fault.hit_count) for fault in state.faults.rules]
