"""Hangs up on clients that wait for ever, for those who cannot let a run of tests wait with them."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obsim.server.protocol import Shared

__all__ = ["Watchdog"]

AGAIN_S = 0.2


class Watchdog:
    """Cuts every client of a listener off when a time is over, and whoever comes after, until it is set anew.

    It belongs to the loop of the listener. A client that blocks in its driver (a stalled answer, a poll without end)
    sees its line end and has an error to go on with.
    """

    __slots__ = ("_shared", "_timer", "barked")

    def __init__(self, shared: "Shared") -> None:
        self._shared = shared
        self._timer: asyncio.TimerHandle | None = None
        self.barked = False
        """Whether the time was over since it was set."""

    def set(self, after_s: float | None) -> None:
        """Hang up in so many real seconds; None: not at all."""
        if self._timer is not None:
            self._timer.cancel()
        self.barked = False
        self._timer = None if after_s is None else self._shared.loop.call_later(after_s, self._bark)

    def _bark(self) -> None:
        for connection in list(self._shared.connections.values()):
            if connection.transport.is_closing():  # it takes nothing of what is still to be sent
                connection.transport.abort()
            else:
                connection.hang_up()
        self.barked = True
        self._timer = self._shared.loop.call_later(AGAIN_S, self._bark)
