"""One client: bytes to packets, packets to commands, answers to bytes, all in plain functions on the loop.

The common case, a query whose answer is kept, is answered from `buffer_updated` with one look-up and one write.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from ssl import SSLContext
from time import perf_counter
from typing import Any, cast

from obsim.answers import Answer, Ok
from obsim.errors import ServerError
from obsim.faults import ConnectionCut, ConnectionStalled
from obsim.server import commands, login
from obsim.server.cache import AnswerCache, Entry, View
from obsim.server.crowd import Crowd
from obsim.server.defects import told
from obsim.server.encode import result_set
from obsim.server.engine import Host, Session
from obsim.server.gate import Gate, Turn
from obsim.server.handshake import DEPRECATE_EOF
from obsim.server.limits import Limits
from obsim.server.outbox import Outbox
from obsim.server.packets import MORE_RESULTS, Inbox, error_packet, frame, ok_packet
from obsim.server.prepared import Statements
from obsim.server.slow_readers import SlowReaders

__all__ = ["Connection", "Shared"]

ROOM_BYTES = 64 * 1024
PacketHandler = Callable[["Connection", bytes], None]


@dataclass(slots=True)
class Shared:
    """What the connections of one listener have in common."""

    host: Host
    loop: asyncio.AbstractEventLoop
    gate: Gate
    cache: AnswerCache
    limits: Limits
    tls: SSLContext | None
    epoch: int = 1
    """Grows with every statement that may have changed anything: a connection then looks at its session again."""
    connections: dict[int, "Connection"] = field(default_factory=dict)
    of_address: Counter[str] = field(default_factory=Counter)
    """How many of them each client address has."""
    half_open: dict[int, "Connection"] = field(default_factory=dict)
    """Those that have not logged in yet, the oldest first."""
    crowd: Crowd = field(init=False)
    slow_readers: SlowReaders = field(init=False)
    world: tuple[object, int] | None = None
    outbox: Outbox | None = None
    """Where answers wait until what they tell is on disk; None where nothing is kept there."""
    room: memoryview = field(default_factory=lambda: memoryview(bytearray(ROOM_BYTES)))
    """Where the loop reads to: one for all, because what is in it is taken before the next is read."""

    def __post_init__(self) -> None:
        self.crowd = Crowd(self.loop, self.limits.slice_s)
        self.slow_readers = SlowReaders(self.loop, self.limits)

    @property
    def full(self) -> bool:
        """Whether as many have logged in as may."""
        return len(self.connections) - len(self.half_open) >= self.limits.connections_max

    def sent(self, transport: asyncio.Transport, connection: "Connection") -> asyncio.Transport:
        """The transport that answers of a connection go out by."""
        return transport if self.outbox is None else self.outbox.wrapped(transport, connection)

    def changed(self) -> None:
        """A statement without rows ran, or the Python interface was used."""
        self.epoch += 1
        world = (self.host.state, self.host.state.timeline)
        if world != self.world:
            self.world = world
            self.cache.clear()

    def current(self, entry: Entry) -> bool:
        """Whether a kept answer would be given now: it is nobody else's turn, and the rows behind it are the same."""
        try:
            ready = self.gate.ready_for_kept()
        except Exception:  # whatever it is, the statement runs into it too, and is told
            return False
        families = entry.families
        if self.host.state.faults.of_statements:
            return False  # whoever asks may have a fault coming
        return ready and (not families or self.host.state.revision(families) == entry.revision)


class Connection(asyncio.BufferedProtocol):
    """The state of one client's connection.

    It reads into a buffer of its own choice: asyncio's default of 256 KiB a read is fresh memory from the system each
    time, which cost 25 us on the machine this was measured on, three times as much as everything else.

    `busy` while a command is unanswered; `idle` when the next bytes can only be the start of a new command.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.number = 0
        self.peer = ""
        """Address of the client; `client` has its port as well, as process lists show it."""
        self.client = ""
        self.transport = cast(asyncio.Transport, None)
        self.inbox = Inbox(shared.limits.login_packet_bytes_max)
        self.on_packet: PacketHandler = login.on_response
        self.on_command: PacketHandler = commands.dispatch
        self.on_resume: Callable[[], None] | None = None
        self.on_refused: Callable[[], None] | None = None
        """Stops what sends the answer under way in several parts, when the disk has refused one of them."""
        self.command = 0
        """Number of the command that is answered, or was last."""
        self.session: Session
        self.logged_in = False
        self.nonce = b""
        self.capabilities = 0
        self.codec = "utf-8"
        self.client_codec = "utf-8"
        self.statements = Statements()
        self.answers = View()
        self.epoch = 0
        self.seen = (0, False)
        """Status bits of the session, and whether it had warnings, when it was looked at."""
        self.idle = self.busy = self.working = self.paused = self.closing = self.doomed = False
        self.queued = self.long_commands = False
        """What `Crowd` knows of it."""
        self.encrypted = False
        self.packetwise = shared.tls is not None
        self.reading = True
        self.timer: asyncio.TimerHandle | None = None
        self.upgrade: asyncio.Task[None] | None = None

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or say that there are too many."""
        self.transport = self.shared.sent(cast(asyncio.Transport, transport), self)
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if isinstance(peer, tuple) else login.LOCAL
        self.client = f"{self.peer}:{peer[1]}" if isinstance(peer, tuple) and ":" not in self.peer else self.peer
        login.begin(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - one size serves all
        """Room to read into; while a client may still ask for TLS, just for the packet under way (see tls.py)."""
        if self.packetwise and not self.closing:
            return self.shared.room[: self.inbox.missing_bytes]
        return self.shared.room

    def buffer_updated(self, nbytes: int) -> None:
        """Answer at once what is kept; else cut packets and run them."""
        shared = self.shared
        data = shared.room[:nbytes].tobytes()
        if self.idle:
            if self.epoch != shared.epoch:
                self.look_at_session()
            entry = self.answers.get(data)
            if entry is not None and shared.current(entry):
                entry.used = True
                self.command += 1
                session = self.session
                session.row_count, session.found_rows = -1, entry.row_count
                session.repeat(entry.text, entry.row_count)
                self.transport.write(entry.packets)
                return
        elif self.closing:
            return
        self.inbox.feed(data)
        self.work()

    def eof_received(self) -> bool:
        """The client will send nothing more: so there is nobody left to answer."""
        return False

    def pause_writing(self) -> None:
        """The client reads slower than it asks: no further command of it until it has caught up."""
        self.paused = True
        self.idle = False
        self.shared.slow_readers.begins(self)

    def hold_back(self) -> None:
        """Its answers wait for the disk: no further command of it until they have left."""
        self.paused = True
        self.idle = False

    def resume_writing(self) -> None:
        """Go on where it stopped."""
        self.paused = False
        self.shared.slow_readers.ends(self)
        then, self.on_resume = self.on_resume, None
        if then is not None:
            then()
        if not self.working:
            self.work()

    def disk_refused(self, command: int) -> None:
        """An error has taken the place of the rest of an answer; if that is the one under way, it is the last of it."""
        if command == self.command and self.on_refused is not None:
            self.on_refused()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a client that goes away is no error
        """Stop what it had running and forget it."""
        self.closing = True
        self.idle = False
        self.on_resume = self.on_refused = None
        self.shared.slow_readers.ends(self)
        if self.timer is not None:
            self.timer.cancel()
        if self.upgrade is not None:
            self.upgrade.cancel()
        login.end(self)

    # Commands in and out.

    def work(self) -> None:
        """Run the commands that have arrived, as far as the client keeps up and others get their turn."""
        self.working = True
        budget, crowd = self.shared.limits.commands_in_a_row, self.shared.crowd
        while not (self.busy or self.paused or self.closing or self.transport.is_closing()):
            if not budget:
                self.shared.loop.call_soon(self.work)
                break
            budget -= 1
            if crowd.crowded and self.logged_in and not self.inbox.empty and not crowd.may_go(self):
                break
            try:
                packet = self.inbox.next()
            except ServerError as refused:
                self.refuse(refused)
                break
            if packet is None:
                break
            self.busy = True
            self.command += 1
            begun = perf_counter()
            try:
                self.on_packet(self, packet)
            except Exception as raised:  # nothing a client sends may end the loop
                self.fail(raised)
            crowd.took(self, begun)
        self.working = False
        self.idle = not (self.busy or self.paused or self.closing) and self.logged_in and self.inbox.empty
        self._mind_reading()

    def _mind_reading(self) -> None:
        """Stop reading what piles up behind a running command; a packet on its way is always read."""
        if self.closing or self.upgrade is not None:
            return
        waits = self.busy or self.paused or self.queued
        reading = not waits or len(self.inbox) <= self.shared.limits.pipeline_bytes_max
        if reading != self.reading:
            self.reading = reading
            if reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def reply(self, body: bytes) -> None:
        """One packet of a login, in which both sides count on."""
        sequence = self.inbox.expected
        self.inbox.expected = (sequence + 1) & 0xFF
        self.transport.write(frame(body, sequence))

    def finish(self, packets: bytes) -> None:
        """The command is answered; the next may come."""
        fault = self.session.reply
        if fault is not None and packets and not self.closing:
            self.session.reply = None
            if fault.latency_ns:
                self.shared.loop.call_later(fault.latency_ns / 1e9, self.finish, packets)
            else:
                self.break_off(packets[: fault.truncate])
            return
        self.busy = False
        if self.closing:
            return
        if packets:
            self.transport.write(packets)
        self.inbox.expected = 0
        if self.doomed:
            self.close()
        elif not self.working:
            self.work()

    def finish_ok(self, answer: Ok, more: int = 0) -> None:
        """The command is answered with an OK packet."""
        self.finish(frame(self.ok(answer, more), self.inbox.expected))

    def ok(self, answer: Ok, more: int = 0) -> bytes:
        """The body of an OK packet in this session's state."""
        status = self.session.status_flags | more
        return ok_packet(status, affected_rows=answer.affected_rows, warnings=answer.warnings, info=answer.info)

    def fail(self, raised: BaseException) -> None:
        """The command is answered with an error; before the login is through, that is the end."""
        if not self.logged_in:
            self.refuse(login.refusal(raised))
            return
        if isinstance(raised, ConnectionStalled):
            return  # it stays busy: nothing more is read or said until the client hangs up or is killed
        if isinstance(raised, ConnectionCut):
            self.cut()
            return
        self.epoch = 0  # an error is a warning of the session from now on
        self.finish(frame(self.error(raised), self.inbox.expected))

    def error(self, raised: BaseException) -> bytes:
        """The body of an error packet."""
        return error_packet(told(raised), self.codec)

    def refuse(self, refused: ServerError) -> None:
        """Say why and hang up, in a way that lets a client that is still sending read it."""
        self.busy = False
        if not self.closing:
            self.reply(error_packet(refused, self.codec))
            self.close()

    def close(self) -> None:
        """Hang up once everything is written; what still comes is read and dropped for a moment, then the line is cut.

        Closing with unread bytes would reset the connection and take the last answer with it.
        """
        if self.closing:
            return
        self.closing = True
        self.idle = False
        login.leave(self)
        if self.timer is not None:
            self.timer.cancel()
        self.timer = self.shared.loop.call_later(self.shared.limits.linger_s, self.transport.abort)
        if not self.reading:
            self.reading = True
            self.transport.resume_reading()
        try:
            if self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self.transport.close()
        except OSError:  # the client is gone, and the loop has not noticed yet
            self.transport.abort()

    def cut(self) -> None:
        """End the connection without an answer: what a fault does."""
        self.busy = False
        self.closing = True
        self.idle = False
        self.transport.abort()

    def break_off(self, packets: bytes) -> None:
        """End the connection in the middle of an answer: what a fault does. Who does not read it is cut off in time."""
        self.busy = False
        self.closing = True
        self.idle = False
        if self.timer is not None:
            self.timer.cancel()
        self.timer = self.shared.loop.call_later(self.shared.limits.write_timeout_s, self.transport.abort)
        self.transport.write(packets)
        self.transport.close()

    # Statements.

    def run(self, call: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        """Give a statement its turn; `done` gets its answer or its failure."""
        self.shared.gate.enter(Turn(self, call, done))

    def killed(self, query_only: bool) -> None:
        """KILL: stop the statement and, unless it is KILL QUERY, hang up."""
        self.doomed = self.doomed or not query_only
        if self.shared.gate.running is self:
            return  # its own statement: the answer goes first
        self.shared.gate.withdraw(self, answer=True)
        if self.doomed:
            self.close()

    def hang_up(self) -> None:
        """KILL it, and close the line behind what is sent, in the midst of its own statement, too."""
        self.killed(query_only=False)
        self.transport.close()

    def look_at_session(self) -> None:
        """Take over what the session may have changed: character sets, and with them whose answers are ours too."""
        session = self.session
        self.epoch = self.shared.epoch
        self.codec = session.charset
        self.client_codec = getattr(session, "client_charset", self.codec)
        status = session.status_flags
        self.seen = (status, bool(session.warnings))
        key: Hashable = (session.fingerprint, self.capabilities & DEPRECATE_EOF, status, self.codec)
        self.answers = self.shared.cache.view(key)

    def encode(self, answer: Answer, sequence: int, *, more: bool = False) -> tuple[bytes, int]:
        """An answer as packets from `sequence` on, and the next sequence id."""
        if isinstance(answer, Ok):
            self.shared.changed()
            return frame(self.ok(answer, MORE_RESULTS if more else 0), sequence), (sequence + 1) & 0xFF
        session = self.session
        status, warning_count = session.status_flags, len(session.warnings)
        # Of all that is looked at, a statement with rows can have changed only these, and no two warnings are alike.
        if self.epoch != self.shared.epoch or warning_count or (status, False) != self.seen:
            self.look_at_session()
        return result_set(
            answer,
            sequence,
            status | MORE_RESULTS if more else status,
            warning_count,
            deprecate_eof=bool(self.capabilities & DEPRECATE_EOF),
            codec=self.codec,
        )

    def keep(self, request: bytes, packets: bytes) -> None:
        """Keep an answer that depends on nothing but its text, the session's fingerprint and rows with a revision."""
        families = self.session.families
        if families is None or self.session.warnings:
            return
        whole = len(request).to_bytes(3, "little") + b"\x00" + request
        revision = self.shared.host.state.revision(families)
        session = self.session
        self.shared.cache.put(
            self.answers, whole, packets, families, revision, session.found_rows, session.recorded
        )

    def text(self, body: bytes) -> str:
        """Statement text in the client's character set; raises 1300 for bytes that are none."""
        try:
            return body.decode(self.client_codec)
        except UnicodeDecodeError as bad:
            near = body[bad.start : bad.start + 6].hex().upper()
            raise ServerError(1300, "HY000", f"Invalid {self.client_codec} character string: '{near}'") from None
