"""Performers that keep what another one does, and that give it back without a medium."""

from collections import deque
from dataclasses import replace

from obsim.destination.outcome import Outcome
from obsim.destination.store import MemoryStore


class Kept:
    """Carries intents out through another performer; `outcomes` has (intent, place, outcome, files that were read)."""

    background = False

    def __init__(self, performer) -> None:
        self.performer = performer
        self.outcomes = []

    def reaches(self, place):
        return self.performer.reaches(place)

    def allows(self, place):
        return self.performer.allows(place)

    def perform(self, intent):
        outcome = self.performer.perform(intent)
        files = None if outcome.found is None else outcome.found.files
        self.outcomes.append((type(intent).__name__, intent.place.path, replace(outcome, found=None), files))
        return outcome

    def outcome(self, *, wait):
        raise AssertionError("nothing is begun here")


class Differs(BaseException):
    """Another outcome is wanted than was kept: no error, which would become an outcome itself."""


class GivenBack:
    """Gives outcomes back in their order, and reaches what has one."""

    background = False

    def __init__(self, outcomes) -> None:
        self.outcomes = deque(outcomes)
        self.paths = {path for _, path, *_ in outcomes}

    def reaches(self, place):
        return place.path in self.paths

    def allows(self, place):
        return self.reaches(place)

    def perform(self, intent) -> Outcome:
        wanted = type(intent).__name__, intent.place.path
        if not self.outcomes:
            raise Differs(f"{wanted} where nothing was kept")
        name, path, outcome, files = self.outcomes.popleft()
        if wanted != (name, path):
            raise Differs(f"{wanted} where {name} at {path} was kept")
        return outcome if files is None else intent.carry_out(MemoryStore(dict(files)))

    def outcome(self, *, wait):
        raise AssertionError("nothing is begun here")
