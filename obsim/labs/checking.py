"""Whether the steps of a lab are done: its questions, asked as a learner would ask them, and the answers judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from obsim.errors import ServerError
from obsim.labs.lab import Check, Expected, Lab, Step
from obsim.labs.words import WORDS

__all__ = ["Ask", "CheckResult", "Rows", "StepResult", "check_lab", "current_step", "first_missing"]

Rows = Sequence[Sequence[Any]]
Ask = Callable[[str, str, str], Rows]
"""(user, tenant, query) -> rows, in a session of its own. Raises ServerError."""
ROWS_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One answer. `error` is what the server refused the question with, '' when it answered."""

    check: Check
    holds: bool
    rows: Rows = ()
    error: str = ""

    def found(self, language: str) -> str:
        """The answer, as short as the condition needs it."""
        words = WORDS[language]
        if not self.rows:
            return words["nothing"]
        if self.check.rows is None:
            return _shown(self.rows[0][0], words["null"])
        shown = ["(" + ", ".join(_shown(v, words["null"]) for v in row) + ")" for row in self.rows[:ROWS_SHOWN_MAX]]
        return ", ".join(shown) + (", ..." if len(self.rows) > ROWS_SHOWN_MAX else "")

    def expected(self, language: str) -> str:
        """The condition in words."""
        check, words = self.check, WORDS[language]
        if check.rows is not None:
            return ", ".join(f"({', '.join(map(_word, row))})" for row in check.rows) or words["nothing"]
        if check.value is not None:
            return _word(check.value)
        if check.one_of is not None:
            return words["one_of"].format(values=", ".join(map(_word, check.one_of)))
        if check.at_least is None:
            return words["at_most"].format(value=check.at_most)
        if check.at_most is None:
            return words["at_least"].format(value=check.at_least)
        return words["between"].format(low=check.at_least, high=check.at_most)


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step and the answers to its questions."""

    step: Step
    checks: tuple[CheckResult, ...]

    @property
    def holds(self) -> bool:
        """Whether the step is done."""
        return all(result.holds for result in self.checks)


def check_lab(lab: Lab, ask: Ask) -> list[StepResult]:
    """Ask everything."""
    return [StepResult(step, tuple(_judge(check, ask) for check in step.check)) for step in lab.step]


def current_step(lab: Lab, ask: Ask) -> int:
    """The number of the first step that is not done, the number of steps when all are: asks no further than needed."""
    for number, step in enumerate(lab.step):
        if not all(_judge(check, ask).holds for check in step.check):
            return number
    return len(lab.step)


def first_missing(results: Sequence[StepResult]) -> int:
    """The same of results."""
    return next((number for number, result in enumerate(results) if not result.holds), len(results))


def _judge(check: Check, ask: Ask) -> CheckResult:
    try:
        rows = [[_plain(value) for value in row] for row in ask(check.user, check.tenant, check.query)]
    except ServerError as refused:
        return CheckResult(check, holds=False, error=str(refused))
    return CheckResult(check, _fulfilled(check, rows), rows)


def _fulfilled(check: Check, rows: Rows) -> bool:
    if check.rows is not None:
        return len(rows) == len(check.rows) and all(
            len(row) == len(wanted) and all(map(_equal, row, wanted))
            for row, wanted in zip(rows, check.rows, strict=True)
        )
    if not rows or rows[0][0] is None:
        return False
    found = rows[0][0]
    if check.value is not None:
        return _equal(found, check.value)
    if check.one_of is not None:
        return any(_equal(found, wanted) for wanted in check.one_of)
    low, high = check.at_least, check.at_most
    number = _number(found)
    return number is not None and (low is None or number >= low) and (high is None or number <= high)


def _plain(value: Any) -> Any:
    """A value of a driver as a number or a text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, int | float) else str(value)


def _number(value: Any) -> int | float | None:
    if isinstance(value, int | float):
        return value
    try:
        return float(value)
    except ValueError:
        return None


def _equal(found: Any, wanted: Expected) -> bool:
    """Numbers as numbers, texts letter by letter; a text that is a number equals it, as in SQL."""
    if isinstance(wanted, str):
        return found is not None and str(found) == wanted
    return found is not None and _number(found) == wanted


def _shown(value: Any, null: str) -> str:
    return null if value is None else str(value)


def _word(value: Expected) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
