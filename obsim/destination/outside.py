"""The core's side of everything outside: which intents there are, and that time waits for their outcomes.

At a destination that is in memory only there is nothing to be done: the cluster knows all that would lie there. Any
other intent is handed to a performer; as long as its outcome is not in, the cluster is `blocked`: no event happens,
virtual time stands still, and no statement that looks at the cluster runs. So the outcome comes between two events
whenever it comes, and the same outcomes lead to the same state.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from obsim.destination.outcome import Intent, Outcome
from obsim.destination.uri import BackupUri
from obsim.error_codes import OB_ERR_UNEXPECTED

__all__ = ["Noting", "OutcomeNeeded", "Outside", "Performer"]

Then = Callable[[Outcome], None]


class Performer(Protocol):
    """Carries intents out where the core cannot reach."""

    background: bool
    """Whether it does so in a thread, so that whoever asks goes on meanwhile."""

    @property
    def from_journal(self) -> bool:
        """Whether how the intent begun last ends is in a journal already."""

    def reaches(self, place: BackupUri) -> bool:
        """Whether a destination is on a medium; if not it is in memory."""

    def allows(self, place: BackupUri) -> bool:
        """Whether a destination is where one may be."""

    def perform(self, intent: Intent) -> Outcome | None:
        """Carry an intent out, or begin to: None when the outcome will be there later."""

    def outcome(self, *, wait: bool) -> Outcome | None:
        """The outcome of the intent that was begun last; None while it is not there yet, unless it is waited for."""


@runtime_checkable
class Noting(Performer, Protocol):
    """A performer that notes how intents end which another one carries out."""

    inner: Performer

    def rests(self, now_ns: int, event_count: int) -> None:
        """Virtual time stands still after so many events: what is archived is about to be brought out."""


@runtime_checkable
class Forkable(Performer, Protocol):
    """A performer that a fork cannot share, because it would change what belongs to the cluster it was made of."""

    def forked(self) -> Performer:
        """That of the fork."""


class Holdable(Protocol):
    """What can be held."""

    held: bool


class OutcomeNeeded(Exception):
    """A statement has to know how an intent ends before it can be carried out; it has changed nothing yet."""

    def __init__(self, intent: Intent) -> None:
        super().__init__(type(intent).__name__)
        self.intent = intent


class _Hands:
    """The performer. It is no part of the state: a copy of it reaches nothing."""

    __slots__ = ("performer",)

    def __init__(self) -> None:
        self.performer: Performer | None = None

    def __reduce__(self) -> "tuple[type[_Hands], tuple[()]]":
        return _Hands, ()


@dataclass(slots=True, eq=False)
class Outside:
    """Intents in the order they come; one is carried out at a time."""

    events: Holdable | None = None
    """What does not go on while an outcome is waited for."""
    _hands: _Hands = field(default_factory=_Hands)
    _at_home: set[str] = field(default_factory=set)
    """Paths that stay in memory because the scenario named them."""
    _waiting: deque[tuple[Intent, Then]] = field(default_factory=deque)
    _begun: bool = False
    _answers: list[tuple[Intent, Outcome]] = field(default_factory=list)
    """What the statement in work has found out so far."""

    def attach(self, performer: Performer) -> None:
        """Let `performer` carry intents out, those that wait first."""
        self._hands.performer = performer
        self._go_on()

    @property
    def performer(self) -> Performer | None:
        """Who carries intents out; None where all destinations are in memory."""
        return self._hands.performer

    def reach_as(self, other: "Outside") -> None:
        """Let what carries out the intents of another state carry out those of this one too."""
        if other.performer is not None:
            self.attach(other.performer)

    def fork_of(self, other: "Outside") -> None:
        """Let intents be carried out without a change to the destinations of the other state; nobody notes them."""
        performer = other.performer
        if isinstance(performer, Noting):
            performer = performer.inner
        if performer is not None:
            self.attach(performer.forked() if isinstance(performer, Forkable) else performer)

    @property
    def real(self) -> bool:
        """Whether there may be destinations on media."""
        return self._hands.performer is not None

    def rest(self, now_ns: int, event_count: int) -> None:
        """Virtual time stands still after so many events; a performer that notes outcomes is told."""
        performer = self._hands.performer
        if isinstance(performer, Noting):
            performer.rests(now_ns, event_count)

    def reach_in_background(self) -> None:
        """Let intents be carried out in a thread from now on: others are to be served meanwhile."""
        if self._hands.performer is not None:
            self._hands.performer.background = True

    @property
    def in_background(self) -> bool:
        """Whether intents are carried out in a thread."""
        return self._hands.performer is not None and self._hands.performer.background

    @property
    def blocked(self) -> bool:
        """Whether an outcome is not in yet."""
        return bool(self._waiting)

    def reaches(self, place: BackupUri) -> bool:
        """Whether a destination is on a medium."""
        performer = self._hands.performer
        return performer is not None and performer.reaches(place) and place.path not in self._at_home

    def keep(self, place: BackupUri) -> None:
        """A scenario names a destination: where none may be it stays in memory, whatever else is on a medium."""
        performer = self._hands.performer
        if performer is not None and performer.reaches(place) and not performer.allows(place):
            self._at_home.add(place.path)

    def order(self, intent: Intent, then: Then) -> None:
        """Have an intent carried out; `then` gets the outcome, at the same moment of virtual time."""
        if not self._waiting and not self.reaches(intent.place):
            then(Outcome())
            return
        self._waiting.append((intent, then))
        self._hold()
        self._go_on()

    def done(self, intent: Intent) -> Outcome:
        """Have an intent carried out while everything else stands still: when a cluster begins."""
        found: list[Outcome] = []
        self.order(intent, found.append)
        self.wait()
        return found[0]

    def ask(self, intent: Intent) -> Outcome:
        """The outcome of an intent that a statement depends on. Raises OutcomeNeeded while it is not in."""
        for known, outcome in self._answers:
            if known == intent:
                return outcome
        if not self._waiting and not self.reaches(intent.place):
            return Outcome()
        raise OutcomeNeeded(intent)

    def find_out(self, intent: Intent, then: Callable[[], None] = lambda: None) -> None:
        """Have an intent carried out that a statement asked for: `ask` knows its outcome when `then` is called."""

        def know(outcome: Outcome) -> None:
            self._answers.append((intent, outcome))
            then()

        self.order(intent, know)

    def forget_answers(self) -> None:
        """The statement in work is over."""
        self._answers.clear()

    def collect(self) -> bool:
        """Take in the outcome that is waited for, if it is there; whether nothing is waited for any more."""
        self._go_on()
        return not self._waiting

    def wait(self) -> None:
        """Let everything else stand still until nothing is waited for."""
        while self._waiting and self._hands.performer is not None:
            self._go_on(wait=True)

    def _go_on(self, *, wait: bool = False) -> None:
        performer = self._hands.performer
        while self._waiting and performer is not None:
            intent, then = self._waiting[0]
            outcome = self._outcome_of(intent, performer, wait=wait)
            if outcome is None:
                return
            self._waiting.popleft()
            self._hold()
            then(outcome)

    def _hold(self) -> None:
        if self.events is not None:
            self.events.held = bool(self._waiting)

    def _outcome_of(self, intent: Intent, performer: Performer, *, wait: bool) -> Outcome | None:
        if not self.reaches(intent.place):
            return Outcome()
        try:
            outcome = performer.outcome(wait=wait) if self._begun else performer.perform(intent)
        except Exception:  # whatever it is: as long as no outcome is in, nothing here goes on
            outcome = Outcome(OB_ERR_UNEXPECTED)
        self._begun = outcome is None
        return outcome
