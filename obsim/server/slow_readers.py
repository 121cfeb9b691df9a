"""Clients that read slower than they ask: how much is kept for them, and for how long.

Each has at most one answer waiting, because no further command of it is run; what all of them together keep is bounded
here. As MySQL's net_write_timeout, a client that takes nothing at all for a while is cut off.
"""

import asyncio
from typing import TYPE_CHECKING

from obsim.server.defects import logger
from obsim.server.limits import Limits

if TYPE_CHECKING:
    from obsim.server.protocol import Connection

__all__ = ["SlowReaders"]


class SlowReaders:
    """The connections of one listener whose answers wait to be read."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self._loop = loop
        self._limits = limits
        self._timers: dict[Connection, asyncio.TimerHandle] = {}

    def begins(self, connection: "Connection") -> None:
        """An answer waits. Where too much does, whoever has most of it is cut off, unless it is the only one."""
        self.ends(connection)
        self._watch(connection)
        if len(self._timers) == 1:
            return
        unsent = {one: one.transport.get_write_buffer_size() for one in self._timers}
        if sum(unsent.values()) > self._limits.unsent_bytes_max:
            self._cut(max(unsent, key=unsent.__getitem__), "too much unread")

    def ends(self, connection: "Connection") -> None:
        """It has caught up, or is gone."""
        timer = self._timers.pop(connection, None)
        if timer is not None:
            timer.cancel()

    def _watch(self, connection: "Connection") -> None:
        waiting = connection.transport.get_write_buffer_size()
        self._timers[connection] = self._loop.call_later(
            self._limits.write_timeout_s, self._look, connection, waiting
        )

    def _look(self, connection: "Connection", waited: int) -> None:
        if connection.transport.get_write_buffer_size() < waited:
            self._watch(connection)
        else:
            self._cut(connection, "nothing read for too long")

    def _cut(self, connection: "Connection", why: str) -> None:
        self.ends(connection)
        logger.info(why, extra={"connection": connection.number, "client": connection.peer})
        connection.cut()
