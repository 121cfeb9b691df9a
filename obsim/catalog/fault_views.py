"""Rows of the faults that are ordered, and what faults make of the rows of other views."""

from collections.abc import Sequence

from obsim.answers import Value
from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState
from obsim.faults import FaultRule

__all__ = ["faults", "spoilt_rows"]


def faults(state: ClusterState, _scope: Scope) -> list[Row]:
    """obsim.faults: each rule, how many occasions fitted it, and on how many of them it acted."""
    return [(fault.fault_id, fault.rule.text, fault.seen_count, fault.hit_count) for fault in state.faults.rules]


def spoilt_rows(rule: FaultRule, names: Sequence[str], rows: list[Row]) -> list[Row]:
    """Rows under columns of these names: none, each twice, or all with one value in a column that is there."""
    match rule.rows:
        case "missing":
            return []
        case "doubled":
            return [row for row in rows for _ in range(2)]
    if rule.column not in names:
        return rows
    place = names.index(rule.column)
    return [(*row[:place], _like(row[place], rule.value), *row[place + 1 :]) for row in rows]


def _like(before: Value, text: str) -> Value:
    """A text as a value of the kind that was there."""
    if isinstance(before, int) and text.lstrip("-").isdigit():
        return int(text)
    return None if text.upper() == "NULL" else text
