"""Whose statement runs: one at a time, in the order they came, while a jump of the clock runs in slices.

A statement normally starts and ends at once, and so does one that moves the clock where a slice is enough. When it must
move the clock far it becomes the gate's current turn and is carried on by the loop, a slice at a time; statements of
other sessions wait, everything else is served in between.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

from obsim.answers import Ok, ResultSet
from obsim.errors import error
from obsim.server.defects import logger, told
from obsim.server.engine import Host, Pending

__all__ = ["Gate", "Turn"]

WAIT_S = 0.001
"""Between two looks at something outside that a statement waits for."""
Done = Callable[[Any, BaseException | None], None]


class Turn:
    """One statement: how it starts, and who is told its answer or its failure (exactly once).

    One that is to move the clock does not wait for another one that waits for the outside itself. `is_jump` says
    whether this is one; it is asked when the statement has to wait.
    """

    __slots__ = ("call", "done", "is_jump", "jumps", "owner", "pending")

    def __init__(
        self, owner: object, call: Callable[[], Any], done: Done, *, is_jump: Callable[[], bool] = lambda: False
    ) -> None:
        self.owner = owner
        self.call = call
        self.done = done
        self.is_jump = is_jump
        self.jumps = False
        """What `is_jump` said."""
        self.pending: Pending | None = None


class Gate:
    """The order of statements over one cluster."""

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop, slice_s: float, settle_s: float = 0.0) -> None:
        self._host = host
        self._loop = loop
        self._slice_s = slice_s
        self._settle_s = settle_s
        self._settled_until = 0.0
        self._waiting: deque[Turn] = deque()
        self._current: Turn | None = None
        self._drain_due = self._turning_away = False
        self.running: object = None
        """The owner whose statement is being executed at this very moment."""

    @property
    def held(self) -> bool:
        """Whether a statement that comes now has to wait."""
        return self._current is not None or bool(self._waiting)

    def ready(self) -> bool:
        """Whether a statement may run at once; brings time up to the wall first, so it may raise ServerError."""
        return self._current is None and not self._waiting and self._settled()

    def ready_for_kept(self) -> bool:
        """Whether a kept answer may be given; the wall is looked at once in `settle_s`, not for every answer.

        So a kept answer may be that old; an answer that is worked out never is.
        """
        if self._current is not None or self._waiting:
            return False
        now = perf_counter()
        if now < self._settled_until:
            return True
        self._settled_until = now + self._settle_s
        return self._settled()

    def enter(self, turn: Turn) -> None:
        """Run a statement now or in its order."""
        try:
            ready = self.ready()
        except Exception as failure:  # whatever it is, its owner answers it
            turn.done(None, failure)
            return
        if ready:
            self._begin(turn)
        else:
            turn.jumps = turn.is_jump()
            self._waiting.append(turn)
            self._turn_jumps_away()
            self._drain_soon()

    def run_now(self, turn: Turn) -> None:
        """Run a statement ahead of all others: KILL."""
        self._begin(turn)

    def withdraw(self, owner: object, *, answer: bool) -> None:
        """Stop the statement of `owner`, running or waiting; with `answer` it is told 1317."""
        current = self._current
        if current is not None and current.owner is owner:
            self._current = None
            interrupted = _interrupt(current.pending)
            self._drain_soon()
            if answer:
                current.done(None, interrupted)
            return
        for turn in self._waiting:
            if turn.owner is owner:
                self._waiting.remove(turn)
                if answer:
                    turn.done(None, error("OB_ERR_QUERY_INTERRUPTED"))
                return

    def interrupt_all(self, failure: BaseException) -> None:
        """End every statement that is under way: the cluster it is about is another one now."""
        begun = [turn for turn in (self._current, *self._waiting) if turn is not None and turn.pending is not None]
        self._current = None
        for turn in begun:
            _interrupt(turn.pending)
            if turn in self._waiting:
                self._waiting.remove(turn)
            turn.done(None, failure)
        self._drain_soon()

    def _settled(self) -> bool:
        pending = self._host.settle()
        if pending is None:
            return True
        # Nobody's turn: the wall has moved on for every session, whoever noticed it.
        self._hold(Turn(None, lambda: None, _log_failure), pending)
        return False

    def _begin(self, turn: Turn) -> None:
        before, self.running = self.running, turn.owner
        try:
            answer = turn.call()
        except Exception as failure:  # whatever it is, its owner answers it
            self.running = before
            turn.done(None, failure)
            return
        self.running = before
        if isinstance(answer, (ResultSet, Ok)) or not hasattr(answer, "step"):
            turn.done(answer, None)
        elif self._current is None:
            turn.pending = answer
            self._current = turn
            self._slice(turn)
        else:
            self._hold(turn, answer)

    def _hold(self, turn: Turn, pending: Pending) -> None:
        turn.pending = pending
        if self._current is not None:  # a statement let in ahead of the others needs time itself: it is the next
            self._waiting.appendleft(turn)
            return
        self._current = turn
        self._loop.call_soon(self._slice, turn)

    def _slice(self, turn: Turn) -> None:
        if self._current is not turn or turn.pending is None:
            return  # withdrawn meanwhile
        deadline = perf_counter() + self._slice_s
        failure: Exception | None = None
        answer = None
        before, self.running = self.running, turn.owner
        try:
            answer = turn.pending.step(lambda: perf_counter() >= deadline)
        except Exception as raised:  # whatever it is, its owner answers it
            failure = raised
        self.running = before
        if self._current is not turn:
            return
        if answer is None and failure is None:
            if turn.pending.waits:
                self._loop.call_later(WAIT_S, self._slice, turn)
                self._turn_jumps_away()
            else:
                self._loop.call_soon(self._slice, turn)
            return
        self._current = None
        self._drain_soon()
        turn.done(answer, failure)

    def _turn_jumps_away(self) -> None:
        """While the statement under way holds the clock those that are to move it are begun, and so refused.

        Whose jump was refused may have sent another behind it: it comes back to `enter` from within, and is seen here
        in the next round.
        """
        if self._turning_away:
            return
        self._turning_away = True
        try:
            while self._clock_held and (turn := next(filter(_waits_to_jump, self._waiting), None)) is not None:
                self._waiting.remove(turn)
                self._begin(turn)
        finally:
            self._turning_away = False

    @property
    def _clock_held(self) -> bool:
        pending = None if self._current is None else self._current.pending
        return pending is not None and pending.holds_clock

    def _drain_soon(self) -> None:
        if self._waiting and not self._drain_due:
            self._drain_due = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Let those who waited go, in order, for one slice at a time."""
        self._drain_due = False
        deadline = perf_counter() + self._slice_s
        while self._waiting and self._current is None:
            turn, failure = self._waiting[0], None
            try:
                if not self._settled():
                    return
            except Exception as raised:  # whatever it is, its owner answers it
                failure = raised
            if not self._waiting or self._waiting[0] is not turn:
                continue  # what has happened meanwhile has ended its session
            self._waiting.popleft()
            if failure is not None:
                turn.done(None, failure)
                continue
            if turn.pending is None:
                self._begin(turn)
            else:
                self._hold(turn, turn.pending)
            if perf_counter() >= deadline:
                break
        if self._waiting and self._current is None:
            self._drain_soon()


def _waits_to_jump(turn: Turn) -> bool:
    return turn.jumps and turn.pending is None


def _log_failure(_: object, failure: BaseException | None) -> None:
    if failure is not None:
        logger.error("the clock could not follow the wall", extra={"error": str(told(failure))})


def _interrupt(pending: Pending | None) -> BaseException:
    """Stop a jump where it is; the error it ends with."""
    if pending is not None:
        pending.cancel()
        try:
            pending.step(lambda: True)
        except Exception as raised:  # whatever it is, its owner answers it
            return raised
    return error("OB_ERR_QUERY_INTERRUPTED")
