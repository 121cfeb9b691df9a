"""Defects to order: each puts one wrong piece into the engine, so that a test suite can show that it notices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any
from unittest.mock import patch

from obsim.versions import IncrementalBase

__all__ = ["MUTANTS", "Mutant", "defect"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect: where it sits, what it does, and what must notice it."""

    name: str
    about: str
    killed_by: str
    """Number of an invariant, `model`: the naive model, `views`: the reader of views, `restore`: `restore_trial`,
    `destination`: `destination_trial`."""
    owner: Any
    attribute: str
    wrong: Callable[[Any], Any]
    """Makes the wrong thing of the right one."""
    base: IncrementalBase = IncrementalBase.PREVIOUS

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Put the defect in, and take it out again."""
        right = self.owner.__dict__[self.attribute]
        wrong = self.wrong(right)
        if isinstance(wrong, FunctionType):
            wrong.__name__ = self.attribute  # a copied cluster looks its handlers up by name
        with patch.object(self.owner, self.attribute, wrong):
            yield


MUTANTS: dict[str, Mutant] = {}


def defect(
    about: str, killed_by: str, owner: Any, attribute: str, base: IncrementalBase = IncrementalBase.PREVIOUS
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register the function below: it makes the wrong `owner.attribute` of the right one. Its name is the mutant's."""

    def take(wrong: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = wrong.__name__.strip("_")
        MUTANTS[name] = Mutant(name, about, killed_by, owner, attribute, wrong, base)
        return wrong

    return take
