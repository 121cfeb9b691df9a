"""Statements that move virtual time far: they run in slices, so that one loop can serve everybody meanwhile."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

from obsim.answers import Answer, Ok
from obsim.cluster import ClusterState
from obsim.cluster.moments import IDLE_LIMIT_NS, next_change_ns, still_running
from obsim.destination.outcome import Intent
from obsim.errors import ServerError, error

__all__ = [
    "EVENTS_AT_ONCE", "Journey", "Pending", "ToTime", "UntilChange", "UntilIdle", "UntilKnown", "UntilTrue",
    "rare_collections",
]  # fmt: skip

EVENTS_AT_ONCE = 64
"""Events between two looks at the time budget: well under a millisecond."""
_ALLOCATIONS_A_COLLECTION = 2_000_000
_LONG_WAY = 100_000
"""Who has left so many new objects behind has come a long way."""
_FROZEN_BY_PYTHON_MAX = 2_000
"""From 3.12 on Python itself keeps some hundreds of objects out of all looks; whoever freezes has tens of thousands."""


class _Usual:
    """How often garbage is looked for when nobody is on a long way."""

    lock = Lock()
    travellers = 0
    threshold = (0, 0, 0)


@contextmanager
def rare_collections(allocations: int = _ALLOCATIONS_A_COLLECTION) -> Iterator[None]:
    """Let Python look for garbage rarely, in all threads, until the last one that asked for it is through.

    The first one says how rarely: after so many allocations of what is still there.

    What happens in virtual time leaves none in cycles, and most of what it makes stays for long: to look through it
    again and again takes a fifth of the time.
    """
    with _Usual.lock:
        _Usual.travellers += 1
        if _Usual.travellers == 1:
            _Usual.threshold = gc.get_threshold()
            if 0 < _Usual.threshold[0] < allocations:
                gc.set_threshold(allocations, *_Usual.threshold[1:])
    try:
        yield
    finally:
        with _Usual.lock:
            _Usual.travellers -= 1
            if not _Usual.travellers:
                _keep_what_was_made()
                gc.set_threshold(*_Usual.threshold)


def _keep_what_was_made() -> None:
    """At the end of a long way, count all that is there as old, so that nobody waits until it is looked through.

    The next look at old objects takes it in. Where the process keeps some out of all looks that would not be so: there
    nothing is done.
    """
    if gc.get_count()[0] > _LONG_WAY and gc.get_freeze_count() < _FROZEN_BY_PYTHON_MAX:
        gc.freeze()
        gc.unfreeze()


class Journey(Protocol):
    """A way through virtual time."""

    def go(self, events_max: int) -> bool:
        """Run at most so many events; True once the journey is over. Raises ServerError where it cannot go on."""
        ...


class ToTime:
    """To a point of virtual time, nanoseconds."""

    def __init__(self, state: ClusterState, target_ns: int) -> None:
        self._state = state
        self._target_ns = target_ns

    def go(self, events_max: int) -> bool:
        """One slice."""
        state = self._state
        if state.now_ns >= self._target_ns:
            return not state.outside.blocked
        return state.advance_slice(self._target_ns, events_max)


class UntilIdle:
    """Until no job, task or DAG is unfinished; gives up after 30 virtual days and names what still runs."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._limit_ns = state.now_ns + IDLE_LIMIT_NS

    def go(self, events_max: int) -> bool:
        """One slice, event by event: time must not pass the moment at which the last work ends."""
        state = self._state
        for _ in range(events_max):
            if state.idle():
                return True
            if state.outside.blocked:
                return False
            next_ns = state.next_event_ns
            if next_ns is None or next_ns > self._limit_ns:
                raise still_running(state)
            state.advance_slice(next_ns, events_max)
        return state.idle()


class UntilKnown:
    """Until the outcome of an intent that a statement depends on is in."""

    def __init__(self, state: ClusterState, intent: Intent) -> None:
        self._state = state
        state.outside.find_out(intent)

    def go(self, _events_max: int) -> bool:
        """Nothing happens meanwhile."""
        return not self._state.outside.blocked


class UntilTrue:
    """Until a condition holds, looked at whenever rows of `families` may have changed.

    Gives up after 30 virtual days, and where nothing will happen any more.
    """

    def __init__(self, state: ClusterState, families: tuple[str, ...], holds: Callable[[], bool]) -> None:
        self._state, self._families, self._holds = state, families, holds
        self._limit_ns = state.now_ns + IDLE_LIMIT_NS
        self._seen = -1

    def go(self, events_max: int) -> bool:
        """One slice, from one moment at which an answer may change to the next."""
        state = self._state
        for _ in range(events_max):
            if state.outside.blocked:
                return False
            seen = state.revision(self._families)
            if seen != self._seen:
                self._seen = seen
                if self._holds():
                    return True
            next_ns = next_change_ns(state, self._families)
            if next_ns is None or next_ns > self._limit_ns:
                message = "what was to become true has not within 30 virtual days, or nothing happens any more"
                raise ServerError(4012, "HY000", message, name="OB_TIMEOUT", code=-4012)
            state.advance_slice(next_ns, events_max)
        return False


class UntilChange:
    """Until rows of `families` may have changed, or no job, task or DAG is unfinished any more."""

    def __init__(self, state: ClusterState, families: tuple[str, ...]) -> None:
        self._state, self._families = state, families
        self._before = state.revision(families)

    def go(self, events_max: int) -> bool:
        """One slice."""
        state = self._state
        for _ in range(events_max):
            if state.outside.blocked:
                return False
            if state.revision(self._families) != self._before:
                return True
            next_ns = None if state.idle() else next_change_ns(state, self._families)
            if next_ns is None:
                return True
            state.advance_slice(next_ns, events_max)
        return False


def _as_it_is(refused: ServerError) -> ServerError:
    return refused


class Pending:
    """A statement under way: a journey, then what answers it."""

    def __init__(
        self,
        journey: Journey,
        state: ClusterState,
        then: "Callable[[], Answer | Pending]" = Ok,
        note: Callable[[ServerError], ServerError] = _as_it_is,
    ) -> None:
        """`note` sees every error the statement ends with before it is raised."""
        self._journey = journey
        self.state = state
        self._then = then
        self._note = note
        self._cancelled = False
        self.own = False
        """Whether it is a statement that asks the outside itself, or one that is to move the clock."""

    def step(self, out_of_time: Callable[[], bool]) -> Answer | None:
        """Go on until the answer is there or `out_of_time()` holds: then None, and the caller comes again.

        Raises the statement's ServerError; 1317 after `cancel`.
        """
        try:
            while not self._cancelled:
                if self.waits and not self.state.outside.collect():
                    return None
                if self._journey.go(EVENTS_AT_ONCE) and self.state.at_rest():
                    answer = self._then()
                    if not isinstance(answer, Pending):
                        return answer
                    self._journey, self._then = answer._journey, answer._then  # noqa: SLF001 - one statement going on
                    self.own = self.own or answer.own
                if out_of_time():
                    return None
            raise error("OB_ERR_QUERY_INTERRUPTED")
        except ServerError as refused:
            raise self._note(refused) from None

    @property
    def waits(self) -> bool:
        """Whether it can only go on when something outside is over."""
        return self.state.outside.blocked

    @property
    def holds_clock(self) -> bool:
        """Whether a jump of the clock that comes now is refused: none begins while such a statement waits."""
        return self.own and self.waits

    def cancel(self) -> None:
        """End the statement with 1317 at its next step; time stays where it got."""
        self._cancelled = True

    def run(self) -> Answer:
        """Go all the way, for a caller that has nobody else to serve."""
        if isinstance(self._journey, ToTime | UntilIdle):
            with rare_collections():
                return self._run()
        return self._run()

    def _run(self) -> Answer:
        while True:
            answer = self.step(lambda: False)
            if answer is not None:
                return answer
            self.state.outside.wait()
