"""Whether a fault that is about rows names a view and a column that are there."""

from obsim.catalog.catalog import Catalog
from obsim.fault_rules import FaultRule, refused

__all__ = ["check_rows"]


def check_rows(catalog: Catalog, rule: FaultRule) -> None:
    """Raises 1210 for a view without rows that could be spoilt, and for a column that it has not in this version."""
    if not rule.rows or rule.view == "*":
        return
    named = catalog.spoilable(rule.view)
    if not named:
        from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

        near = get_close_matches(rule.view, sorted({view.name.upper() for view in catalog.spoilable()}), 3, 0.5)
        hint = f", the nearest are {', '.join(near)}" if near else ""
        raise refused(f"'{rule.view}' is no view whose rows could be others{hint};")
    columns = dict.fromkeys(column.name.upper() for view in named for column in catalog.columns(view))
    if rule.column and rule.column not in columns:
        raise refused(f"'{rule.column}' is no column of {rule.view}, they are {', '.join(columns)};")
