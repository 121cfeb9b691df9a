"""Answers leave once what they tell is on disk: one write to the disk for all that have come together.

Everything a connection sends passes through a `HeldTransport`. While nothing is to be kept it goes straight on;
otherwise it waits in one queue, in the order in which it was made, until the journal is synced that far. All statements
of one turn of the loop are one write, and so is what comes while one is under way. Where a write takes less than
`AT_ONCE_MAX_S` the loop writes by itself; on a slower disk a thread does, as it does with a checkpoint on any disk, and
everybody else is served meanwhile. When the disk refuses, whoever waits is told so instead of the answer.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, cast

from obsim.errors import ServerError, error
from obsim.server.defects import logger
from obsim.server.packets import error_packet, frame

if TYPE_CHECKING:
    from obsim.server.engine import Durable

__all__ = ["HeldTransport", "Outbox"]

AT_ONCE_MAX_S = 0.003
"""A write that is over so soon is not worth a thread.

To hand it over and back takes as long on a busy machine, and others wait longer for a slice of a jump.
"""
ASIDE_MIN, ASIDE_MAX = 32, 1024
"""How many writes go to the thread once two in a row of the loop's own were slow; then the loop tries one again.

Twice as many each time the disk is still slow. Only the loop's own are timed: a thread also waits for the interpreter.
"""
SEQUENCE_BYTE = 3
"""Where a packet has its number."""
HELD_BYTES_MAX = 64 * 1024
"""Of one client: while more waits for the disk no further command of it runs."""


class Client(Protocol):
    """Whose answers wait. `command` is the number of the one whose answer it sends."""

    command: int

    def hold_back(self) -> None:
        """Run no further command until `resume_writing`: too much waits for the disk."""

    def resume_writing(self) -> None:
        """Go on."""

    def disk_refused(self, command: int) -> None:
        """A command was answered with an error by the disk: nothing more of its answer may follow."""


class HeldTransport:
    """A transport whose output waits for the journal; the rest of it is the real one's."""

    __slots__ = ("_outbox", "client", "ending", "held", "held_bytes", "real")

    def __init__(self, real: asyncio.Transport, outbox: "Outbox", client: "Client | None") -> None:
        self.real = real
        self._outbox = outbox
        self.client = client
        self.held = self.held_bytes = 0
        """Operations of it in the queue, and how much they send."""
        self.ending = False
        """It is to be closed when they are done."""

    def write(self, data: bytes) -> None:
        """Send, now or when it may be told."""
        self._outbox.send(self, data)

    def write_eof(self) -> None:
        """End the output behind what waits."""
        self._outbox.then(self, self._end)

    def _end(self) -> None:
        try:
            self.real.write_eof()
        except OSError:  # the client is gone, and the loop has not noticed yet
            self.real.abort()

    def close(self) -> None:
        """Close behind what waits."""
        self.ending = self.held > 0
        self._outbox.then(self, self.real.close)

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self.ending or self.real.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class _Caller:
    """Who waits in this process, in the place of a line to a client; told once, with an error or None."""

    def __init__(self, told: Callable[[ServerError | None], None]) -> None:
        self.told = told

    def abort(self) -> None:
        """Nobody is told anything of the cluster any more."""
        self.told(error("OB_IO_ERROR"))


class Outbox:
    """The queue of one listener."""

    def __init__(
        self, durable: "Durable", loop: asyncio.AbstractEventLoop, on_lost: Callable[[ServerError], None]
    ) -> None:
        """`on_lost` is told when the cluster went back to what the disk has."""
        self._durable, self._loop, self._on_lost = durable, loop, on_lost
        self._queue: deque[tuple[int, HeldTransport, int, Callable[[], None] | bytes]] = deque()
        """The record that something waits for, whose it is, of which command, and what to do or to send."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="obsim-journal")
        self._closed = False
        self._writing = self._due = False
        self._lost = False
        self._aside_count = 0
        """So many writes more go to the thread."""
        self._next_aside_count = ASIDE_MIN
        self._slow_before = False
        """The last write of the loop's own was slow."""

    def wrapped(self, transport: asyncio.Transport, client: Client) -> asyncio.Transport:
        """The transport of a client, held."""
        return cast(asyncio.Transport, HeldTransport(transport, self, client))

    def send(self, transport: HeldTransport, data: bytes) -> None:
        """Let bytes leave when they may."""
        durable = self._durable
        if self._lost:
            transport.real.abort()
            return
        durable.show()
        if durable.kept == durable.added and not self._queue:
            transport.real.write(data)
        else:
            self._hold(transport, data)

    def tell(self, real: asyncio.Transport, act: Callable[[], None]) -> None:
        """Do something that tells of the cluster once all that is on disk; where the disk refuses, too."""
        durable = self._durable
        if self._lost:
            real.abort()
            return
        durable.show()
        if durable.kept == durable.added and not self._queue:
            act()
        else:
            self._hold(HeldTransport(real, self, None), act)

    def report(self, told: Callable[[ServerError | None], None]) -> None:
        """Tell a caller in this process once all that was done is on disk, or why it is not."""
        caller = _Caller(told)
        self.tell(cast(asyncio.Transport, caller), lambda: told(None))

    def then(self, transport: HeldTransport, act: Callable[[], None]) -> None:
        """Do something behind what a transport has waiting."""
        if transport.held:
            self._hold(transport, act)
        else:
            act()

    def _hold(self, transport: HeldTransport, what: Callable[[], None] | bytes) -> None:
        transport.held += 1
        if isinstance(what, bytes):
            transport.held_bytes += len(what)
            if transport.client is not None and transport.held_bytes > HELD_BYTES_MAX:
                transport.client.hold_back()
        command = 0 if transport.client is None else transport.client.command
        self._queue.append((self._durable.added, transport, command, what))
        if not self._writing and not self._due:
            self._due = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Have written what there is: all statements of this turn of the loop are among it."""
        self._due = False
        if self._writing or self._closed or not self._queue:
            return
        self._durable.rest()
        work = self._durable.take()
        self._writing = True
        if self._durable.takes_long(work) or not self.at_once():
            self._pool.submit(self._write_aside, work)
            return
        begin_s = perf_counter()
        failure = self._write(work)
        self._took(perf_counter() - begin_s)
        self._written(work, failure)

    def at_once(self) -> bool:
        """Whether the next write is one for the loop."""
        aside = self._aside_count > 0
        self._aside_count -= aside
        return not aside

    def _write(self, work: Any) -> BaseException | None:
        """What went wrong."""
        try:
            self._durable.write(work)
        except BaseException as failed:  # it is the loop's to deal with
            return failed
        return None

    def _took(self, spent_s: float) -> None:
        """One slow write is an accident, two in a row are a slow disk."""
        slow = spent_s >= AT_ONCE_MAX_S
        if not slow:
            self._next_aside_count = ASIDE_MIN
        elif self._slow_before:
            self._aside_count = self._next_aside_count
            self._next_aside_count = min(2 * self._next_aside_count, ASIDE_MAX)
        self._slow_before = slow

    def _write_aside(self, work: Any) -> None:
        failure = self._write(work)
        try:
            self._loop.call_soon_threadsafe(self._written, work, failure)
        except RuntimeError:  # the loop has ended
            return

    def _written(self, work: Any, failure: BaseException | None) -> None:
        self._writing = False
        if failure is None:
            self._durable.done(work)
            self._release()
        else:
            logger.error("the journal was not written: %s", failure)
            self._go_back(work, failure)
        if self._queue and not self._due:
            self._due = True
            self._loop.call_soon(self._begin)

    def _go_back(self, work: Any, failure: BaseException) -> None:
        try:
            refused = self._durable.failed(work, failure)
        except Exception:  # what is in memory is so no more, and what is on disk cannot be had: nobody is told anything
            logger.critical("the journal cannot be read either: stop this server and look at it", exc_info=True)
            self._lost = True
            queue, self._queue = self._queue, deque()
            for _, transport, _command, _what in queue:
                transport.real.abort()
            return
        self._refuse(refused)

    def _release(self) -> None:
        kept, queue = self._durable.kept, self._queue
        while queue and queue[0][0] <= kept:
            _, transport, _, what = queue.popleft()
            self._let_go(transport, what)

    def _let_go(self, transport: HeldTransport, what: Callable[[], None] | bytes, *, told: bytes | None = None) -> None:
        """Do what has waited; `told` is sent instead of it."""
        real = transport.real
        transport.held -= 1
        try:
            if not isinstance(what, bytes):
                what()
            elif told is None or told:
                real.write(what if told is None else told)
        except (OSError, RuntimeError):  # the client is gone, and the loop has not noticed yet: the others go on
            real.abort()
        if not isinstance(what, bytes):
            return
        before, transport.held_bytes = transport.held_bytes, transport.held_bytes - len(what)
        if transport.client is not None and before > HELD_BYTES_MAX >= transport.held_bytes:
            _, much = real.get_write_buffer_limits()
            if real.get_write_buffer_size() <= much:  # else it is the socket that says when to go on
                self._loop.call_soon(transport.client.resume_writing)

    def _refuse(self, refused: ServerError) -> None:
        """Nobody is told what is not so: the first packet of each answer says what has happened instead."""
        queue, self._queue = self._queue, deque()
        begun: dict[tuple[HeldTransport, int], None] = {}
        for _, transport, command, what in queue:
            told = b""
            if isinstance(transport.real, _Caller):
                transport.real.told(refused)
                continue
            if isinstance(what, bytes) and len(what) > SEQUENCE_BYTE and (transport, command) not in begun:
                told = frame(error_packet(refused), what[SEQUENCE_BYTE])
                begun[transport, command] = None
            self._let_go(transport, what, told=told)
        for transport, command in begun:
            if transport.client is not None:
                transport.client.disk_refused(command)
        self._on_lost(refused)

    @property
    def waits(self) -> bool:
        """Whether anything has not left yet."""
        return bool(self._queue) or self._writing

    def close(self) -> None:
        """The thread ends when it has written what it is writing; how that went is known a turn of the loop later.

        What comes from now on is for whoever closes the journal.
        """
        self._closed = True
        self._pool.shutdown(wait=True)
