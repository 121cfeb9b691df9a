"""Whose commands run when more come than a turn of the loop should take: so that nobody holds the others.

A turn of the loop runs commands for one slice. What comes then waits here: clients whose commands are quick go first,
but one of those whose last command was long goes in every turn too. Kept answers, logins and hanging up never wait.
"""

import asyncio
from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obsim.server.protocol import Connection

__all__ = ["Crowd"]

LONG_S = 0.001
"""A command that takes longer makes its client one of those that let others go first."""


class Crowd:
    """The order among the connections of one listener: while it is crowded, a command runs where `may_go` says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slice_s: float) -> None:
        self._loop = loop
        self._slice_s = slice_s
        self._spent_s = 0.0
        """Since the turn began that was looked at last: turns that take little are not told apart."""
        self.crowded = False
        """Whether `may_go` has to be asked at all: somebody waits, or this turn has taken long enough."""
        self._turn_due = False
        self._quick: deque[Connection] = deque()
        self._slow: deque[Connection] = deque()
        self._called: Connection | None = None

    def may_go(self, connection: "Connection") -> bool:
        """Whether it is its turn now; if not, `connection.work` is called when it is."""
        if self._called is connection:
            self._called = None
            return True
        if connection.queued:
            return False
        waiting = self._slow if connection.long_commands else self._quick
        if not waiting and self._spent_s < self._slice_s:
            return True
        connection.queued = self.crowded = True
        waiting.append(connection)
        self._next_turn_soon()
        return False

    def took(self, connection: "Connection", begun: float) -> None:
        """A command of it that began then has run."""
        took_s = perf_counter() - begun
        connection.long_commands = took_s > LONG_S
        self._spent_s += took_s
        if self._spent_s > self._slice_s / 2:
            self.crowded = self.crowded or self._spent_s >= self._slice_s
            self._next_turn_soon()

    def _next_turn_soon(self) -> None:
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._turn_due = False
        self._spent_s = 0.0
        for waiting in (self._slow, self._quick):
            if waiting:
                self._call(waiting.popleft())
        for waiting in (self._quick, self._slow):
            while waiting and self._spent_s < self._slice_s:
                self._call(waiting.popleft())
        self.crowded = bool(self._quick or self._slow)
        if self.crowded:
            self._next_turn_soon()

    def _call(self, connection: "Connection") -> None:
        connection.queued = False
        self._called = connection
        connection.work()
        self._called = None
