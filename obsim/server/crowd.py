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
    """The order among the connections of one listener; a command of `connection` may run while `may_go` says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slice_s: float) -> None:
        self._loop = loop
        self._slice_s = slice_s
        self._turn_ends = 0.0
        self._turn_known = False
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
        if not self._turn_known:
            self._begin_turn()
        waiting = self._slow if connection.long_commands else self._quick
        if not waiting and perf_counter() < self._turn_ends:
            return True
        connection.queued = True
        waiting.append(connection)
        return False

    def took(self, connection: "Connection", begun: float) -> None:
        """A command of it that began then has run."""
        connection.long_commands = perf_counter() - begun > LONG_S

    def _begin_turn(self) -> None:
        self._turn_known = True
        self._turn_ends = perf_counter() + self._slice_s
        self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._turn_known = False
        if not (self._quick or self._slow):
            return
        self._begin_turn()
        for waiting in (self._slow, self._quick):
            if waiting:
                self._call(waiting.popleft())
        for waiting in (self._quick, self._slow):
            while waiting and perf_counter() < self._turn_ends:
                self._call(waiting.popleft())

    def _call(self, connection: "Connection") -> None:
        connection.queued = False
        self._called = connection
        connection.work()
        self._called = None
