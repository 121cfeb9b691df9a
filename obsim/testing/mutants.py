"""Mutants: wrong engines to order, and which check notices which.

    with MUTANTS["seam_forgotten"].planted():
        ...                                     # whatever is tested here runs against the defective engine

`tour` is a list of actions that meets every one of them. `survey` takes the tour with a mutant planted and says
everything that noticed it: numbers of invariants, `model` (the naive model), `views` (the reader of views), `restore`
(the diary and the naive plan of `restore_trial`), `destination` (a second reader of what is written there) and `crash`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from obsim.testing import (  # noqa: F401 - they fill the table
    archive_defects,
    block_defects,
    chain_defects,
    cleanup_defects,
    destination_defects,
    job_defects,
    rebuild_defects,
    restore_defects,
    scheduler_defects,
)
from obsim.testing.defect import MUTANTS, Mutant
from obsim.testing.destination_defects import DESTINATION
from obsim.testing.destination_trial import DestinationBroken, DestinationTrial, destination_tour
from obsim.testing.invariants import INVARIANTS, InvariantBroken, Violation
from obsim.testing.modelled import ModelledTrial
from obsim.testing.naive_tablet import ModelBroken
from obsim.testing.observer import SEEN
from obsim.testing.reading import ViewsBroken
from obsim.testing.rebuild_defects import RESTORE
from obsim.testing.restore_trial import RestoreBroken, RestoreTrial, restore_tour
from obsim.testing.simulated_trial import SimulatedTrial
from obsim.testing.tour import tour
from obsim.versions import IncrementalBase

__all__ = ["MUTANTS", "OWN_TOURS", "Killing", "Mutant", "killer_of", "observable", "survey"]

TOUR_VERSIONS = {IncrementalBase.LAST_FULL: "4.2.1", IncrementalBase.PREVIOUS: "4.2.5"}
"""The newest profile whose own rule it is, and one that copies with more than eight tasks at a time."""
OWN_TOURS: dict[str, Callable[[], None]] = {
    RESTORE: lambda: restore_tour(RestoreTrial()),
    DESTINATION: lambda: destination_tour(DestinationTrial()),
}
"""Defects that are looked for on a tour of their own, by what must notice them."""


@dataclass(frozen=True, slots=True)
class Killing:
    """What noticed a mutant: the first words of each check, by its number; empty when the mutant survived."""

    mutant: str
    killers: dict[str, str]


class _Enough(Exception):
    """All that had to notice a mutant has noticed it."""


def survey(mutant: Mutant, until: Collection[str] = ()) -> Killing:
    """Take the tour twice with a mutant planted: for the invariants alone, without stopping, and with the model.

    It ends as soon as all checks of `until`, if there are any, have noticed the mutant. A defect that has a tour of its
    own is looked for there.
    """
    killers: dict[str, str] = {}
    if mutant.killed_by in OWN_TOURS:
        failure = killer_of(mutant)
        return Killing(mutant.name, {mutant.killed_by: failure} if failure is not None else {})

    def note(broken: list[Violation]) -> None:
        for violation in broken:
            killers.setdefault(violation.number, violation.text)
        if until and killers.keys() >= set(until):
            raise _Enough

    with mutant.planted():
        for trial_type in (SimulatedTrial, ModelledTrial):
            try:
                tour(trial_type(TOUR_VERSIONS[mutant.base], mutant.base, on_broken=note))
            except _Enough:
                break
            except ViewsBroken as broken:
                killers.setdefault("views", str(broken))
            except ModelBroken as broken:
                killers.setdefault("model", str(broken))
            except Exception as crash:
                killers.setdefault("crash", f"{type(crash).__name__}: {crash}")
    return Killing(mutant.name, dict(sorted(killers.items())))


def killer_of(mutant: Mutant | None, base: IncrementalBase = IncrementalBase.PREVIOUS) -> str | None:
    """What a tour of the defective engine fails with first, None if it survives; no mutant: the engine as it is."""
    if mutant is None:
        tour(ModelledTrial(TOUR_VERSIONS[base], base))
        return None
    with mutant.planted():
        try:
            if mutant.killed_by in OWN_TOURS:
                OWN_TOURS[mutant.killed_by]()
            else:
                tour(ModelledTrial(TOUR_VERSIONS[mutant.base], mutant.base))
        except (InvariantBroken, ModelBroken, RestoreBroken, DestinationBroken) as failure:
            return str(failure)
    return None


def observable() -> list[str]:
    """Numbers of the invariants that can be checked on a simulated cluster."""
    return [number for number, one in INVARIANTS.items() if one.needs <= SEEN]
