"""Jumps of the clock that depend on what a query answers: `run_until`, and the clock `autojump`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from obsim.answers import Ok, ResultSet, Value
from obsim.client_statements import Query
from obsim.errors import error
from obsim.session.pending import Pending, UntilTrue

if TYPE_CHECKING:
    from obsim.query.evaluator import QueryPlan
    from obsim.session.session import Session

__all__ = ["Polls", "until_true"]

_POLLS_MAX = 32
"""Different queries of a session that are remembered: the oldest goes first."""


def until_true(session: "Session", text: str) -> Pending:
    """The way to the first moment at which the first value of a query is true.

    Raises what compiling it raises, and 1210 for a statement that is no query.
    """
    host = session.cluster
    host.check_may_jump()
    if not isinstance(host.read(text), Query):
        raise error("OB_INVALID_ARGUMENT", "query of run_until, write it as 'SELECT ...'")
    plan = host.evaluator.compile(text, session)
    session.check_views(plan)
    state = host.state

    def holds() -> bool:
        rows = host.evaluator.run(plan, session, ()).rows
        return bool(rows) and rows[0][0] not in {None, 0, "0", ""}

    def arrived() -> Ok:
        host.clock.rebase(state.now_ns)
        session.statement = None
        return Ok()

    families = ("time",) if plan.families is None else plan.families
    return Pending(UntilTrue(state, families, holds), state, arrived, session.noted)


class Polls:
    """What a session has asked, and how often it has got the same answer."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: dict[tuple[str, Sequence[Value]], tuple[ResultSet, int]] = {}

    def repeats(self, plan: "QueryPlan", text: str, parameters: Sequence[Value], answer: ResultSet) -> int:
        """Note an answer; how often the same has come before it without a jump in between."""
        key = text, tuple(parameters)
        before, count = self._answers.pop(key, (None, -1))
        same = before is not None and plan.views and before.rows == answer.rows
        self._answers[key] = answer, (count + 1 if same else 0)
        while len(self._answers) > _POLLS_MAX:
            del self._answers[next(iter(self._answers))]
        return self._answers[key][1]

    def begin(self, text: str, parameters: Sequence[Value], answer: ResultSet) -> None:
        """Note the answer that was given after a jump."""
        self._answers[text, tuple(parameters)] = answer, 0
