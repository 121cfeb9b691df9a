"""Invariants of engine.md 2.6 and 5.7 over observations, each a function of its own under its number.

A check takes the present observation and, for what must hold between two moments of one timeline, an earlier one
(None for the first). It yields a sentence for each violation and nothing when the invariant holds.
"""

from obsim.testing import chain_checks, job_checks  # noqa: F401 - they fill the table
from obsim.testing.chain_checks import index_of
from obsim.testing.observation import Observation
from obsim.testing.registry import INVARIANTS, Invariant

__all__ = ["INVARIANTS", "Invariant", "InvariantBroken", "check_invariants", "index_of", "violations"]


class InvariantBroken(AssertionError):
    """At least one invariant does not hold; the text lists number, name and what was seen."""


def violations(now: Observation, before: Observation | None = None) -> list[str]:
    """Every violation, as `number name: what`."""
    return [f"{i.number} {i.name}: {line}" for i in INVARIANTS.values() for line in i.check(now, before)]


def check_invariants(now: Observation, before: Observation | None = None) -> None:
    """Raise InvariantBroken unless every invariant of the table holds."""
    broken = violations(now, before)
    if broken:
        raise InvariantBroken("\n".join(broken))
