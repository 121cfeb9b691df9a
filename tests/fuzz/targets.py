"""What is fuzzed: a connection that gets bytes, and the reader of statements, each a function of one input.

They run in process, without sockets and threads, and raise for everything that must not happen: an exception that is no
answer, a defect in the log, a statement that does not read back as it prints, a password that is shown.
"""

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import obsim
from obsim.errors import ServerError
from obsim.query.evaluator import Evaluator
from obsim.server.cache import AnswerCache
from obsim.server.gate import Gate
from obsim.server.limits import Limits
from obsim.server.protocol import Connection, Shared
from obsim.sql.reader import loggable, read_statement, split_statements
from obsim.sql.tokens import count_parameters
from obsim.statements import BackupStatement
from obsim.versions import PROFILES, profile_for

__all__ = ["TARGETS", "packets", "statements"]

VERSIONS = sorted(PROFILES)
LIMITS = Limits(packet_bytes_max=1 << 16, statement_bytes_max=1 << 18, long_data_bytes_max=1 << 16)
TURNS_MAX = 200
"""Of the loop after all bytes have come: a statement that moves the clock for years is left there."""
RUNS_OF_A_CLUSTER = 500
LOGIN = b"\x85\xa6\x0f\x00\x00\x00\x00\x01\x2d" + bytes(23) + b"root@sys\0\0oceanbase\0mysql_native_password\0"
WITHOUT_LOGIN, AS_IT_IS, PIECES = 1, 2, 4
"""Bits of an input's first byte: no login before; bytes go as they are, not as bodies of packets; in small pieces."""


class DefectError(AssertionError):
    """Something was logged that only a defect logs."""


class _Strict(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise DefectError(f"{record.getMessage()} {getattr(record, 'trace', '')}")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        raise DefectError(record.getMessage())


_STRICT = _Strict(logging.ERROR)


class _Timer:
    def cancel(self) -> None:
        pass


class _Loop:
    """As much of an event loop as a connection uses: what is due now; what is due later never comes."""

    def __init__(self) -> None:
        self.due: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()

    def call_soon(self, call: Callable[..., Any], *values: Any) -> None:
        self.due.append((call, values))

    def call_later(self, _seconds: float, _call: Callable[..., Any], *_values: Any) -> _Timer:
        return _Timer()

    def time(self) -> float:
        return 0.0

    def turn(self) -> bool:
        for _ in range(len(self.due)):
            call, values = self.due.popleft()
            call(*values)
        return bool(self.due)


class _Line:
    """The other end of the line takes everything at once."""

    def __init__(self) -> None:
        self.closed = False
        self.answered = bytearray()

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 40000) if name == "peername" else None

    def write(self, data: bytes) -> None:
        self.answered += data

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class _World:
    """A cluster and what its connections share, made anew now and then: an input may change it."""

    def __init__(self) -> None:
        self.runs = RUNS_OF_A_CLUSTER
        self.cluster: obsim.Cluster
        self.shared: Shared
        self.loop: _Loop

    def count_run(self) -> None:
        self.runs += 1
        if self.runs > RUNS_OF_A_CLUSTER:
            self.runs = 0
            self.cluster = obsim.Cluster("three-tenants")

    def ready(self) -> None:
        logging.getLogger("obsim").handlers[:] = [_STRICT]
        self.count_run()
        self.loop = _Loop()
        loop = cast(Any, self.loop)
        host = self.cluster.host
        self.shared = Shared(host, loop, Gate(host, loop, 0.005), AnswerCache(LIMITS), LIMITS, None)
        self.shared.changed()


_WORLD = _World()


def _bodies(data: bytes) -> bytes:
    """Packets of bodies that stand behind one byte of length each, 255 for 255 and more to come; sequence 0."""
    made, at, body = bytearray(), 0, bytearray()
    while at < len(data):
        size = data[at]
        body += data[at + 1 : at + 1 + size]
        at += 1 + size
        if size < 0xFF:
            made += len(body).to_bytes(3, "little") + b"\0" + body
            body.clear()
    return bytes(made)


def packets(data: bytes) -> None:
    """A client that sends these bytes, then hangs up."""
    if not data:
        return
    world, bits = _WORLD, data[0]
    world.ready()
    line = _Line()
    connection = Connection(world.shared)
    connection.connection_made(cast(Any, line))
    sent = data[1:] if bits & AS_IT_IS else _bodies(data[1:])
    if not bits & WITHOUT_LOGIN:
        sent = len(LOGIN).to_bytes(3, "little") + b"\x01" + LOGIN + sent
    size = 7 if bits & PIECES else len(sent) or 1
    for start in range(0, len(sent), size):
        if line.closed or connection.closing:
            break
        room = connection.get_buffer(size)
        piece = sent[start : start + min(size, len(room))]
        room[: len(piece)] = piece
        connection.buffer_updated(len(piece))
        world.loop.turn()
    for _ in range(TURNS_MAX):
        if not world.loop.turn():
            break
    assert len(connection.inbox) <= len(sent)
    connection.connection_lost(None)
    world.loop.turn()
    assert not world.shared.connections
    assert not world.cluster.host.sessions
    _check_packets(bytes(line.answered))


def _check_packets(answered: bytes) -> None:
    """Whatever was answered is whole packets."""
    at = 0
    while at < len(answered):
        size = int.from_bytes(answered[at : at + 3], "little")
        at += 4 + size
    assert at == len(answered), "the last packet is cut off"


def statements(data: bytes) -> None:
    """A text that is read, printed, masked and prepared, in a version that its first byte chooses."""
    if not data:
        return
    profile = profile_for(VERSIONS[data[0] % len(VERSIONS)])
    text = data[1:].decode("utf-8", "replace")
    for look in (split_statements, loggable, count_parameters):
        with suppress(ServerError):
            look(text)
    try:
        statement = read_statement(text, None, profile)
    except ServerError:
        pass
    else:
        if isinstance(statement, BackupStatement):
            printed = statement.sql()
            assert read_statement(printed, None, profile) == statement, printed
            assert read_statement(statement.masked_sql(), None, profile) is not None
    _prepare(text)


def _prepare(text: str) -> None:
    world = _WORLD
    world.count_run()
    assert isinstance(world.cluster.host.evaluator, Evaluator)
    session = world.cluster.host.open("root", world.cluster.state.sys, database="oceanbase")
    with suppress(ServerError):
        session.prepare(text)
    world.cluster.host.close(session)


TARGETS: dict[str, Callable[[bytes], None]] = {"packets": packets, "statements": statements}
"""Name of a corpus in fixtures/fuzz -> what runs one of its inputs."""
