"""A statement that a client has prepared."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import ref

from obsim.answers import Column

if TYPE_CHECKING:
    from obsim.query.evaluator import Evaluator, QueryPlan

__all__ = ["Prepared"]


@dataclass(slots=True)
class Prepared:
    """A prepared statement: how many `?` it has and the columns of its rows, () for a statement without rows.

    What would take much more than its text is not kept with it: whoever prepares asks for the columns once, and the
    plan of a query is the evaluator's to keep.
    """

    text: str
    parameter_count: int
    columns: tuple[Column, ...]
    plan: "ref[QueryPlan] | None" = None
    """Of a query."""
    evaluator: "Evaluator | None" = None
    """Where the plan belongs; a reset of the cluster makes a new one."""

    def taken_columns(self) -> tuple[Column, ...]:
        """The columns, for the one time that they are asked for."""
        columns, self.columns = self.columns, ()
        return columns
