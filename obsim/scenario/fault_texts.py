"""Faults that a scenario orders, at its start or in what happens by itself."""

from functools import partial

from obsim.cluster.state import ClusterState
from obsim.faults import FaultRule, parse_rule

__all__ = ["rule_of"]


def rule_of(state: ClusterState, text: str) -> FaultRule:
    """The rule of a text. Raises 1210 for one that says nothing, and where its view or column is not there."""
    rule, faults = parse_rule(text), state.faults
    if rule.rows and faults.check_rows is None:
        from obsim.catalog import Catalog  # noqa: PLC0415 - the views: few scenarios need them
        from obsim.catalog.fault_checks import check_rows  # noqa: PLC0415

        faults.check_rows = partial(check_rows, Catalog(state))
    if faults.check_rows is not None:
        faults.check_rows(rule)
    return rule
