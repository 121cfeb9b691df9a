"""The commands of the protocol: one table from number to function.

A function gets the connection and the body of the packet. It ends with `connection.finish...` or raises; what it raises
the client is told. Answers follow seekdb-observations.jsonl, groups "raw command", "multi-statements" and COM_INIT_DB.
"""

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from mysql_mimic.types import Commands

from obsim.answers import Answer, Ok, ResultSet
from obsim.errors import SyntaxRefused, error
from obsim.faults import ConnectionCut, ConnectionStalled
from obsim.server import login, prepared
from obsim.server.encode import column_definition
from obsim.server.gate import Turn
from obsim.server.handshake import MULTI_STATEMENTS
from obsim.server.packets import NO_INDEX_USED, Reader, eof_packet, frame, frames

if TYPE_CHECKING:
    from obsim.server.protocol import Connection

__all__ = ["COMMANDS", "dispatch"]

Command = Callable[["Connection", bytes], None]

REQUEST_BYTES_MAX = 4096
WILDCARD_LENGTH_MAX = 256
OPTION_MULTI_ON, OPTION_MULTI_OFF = 0, 1


def dispatch(connection: "Connection", packet: bytes) -> None:
    """Run the command of a packet; an empty one is no command (1047), an unknown one 1235 as recorded."""
    if not packet:
        raise error("ER_UNKNOWN_COM_ERROR")
    command = COMMANDS.get(packet[0])
    if command is None:
        raise error("OB_NOT_SUPPORTED")
    command(connection, packet[1:])


def _query(connection: "Connection", body: bytes) -> None:
    """COM_QUERY: one statement, or several where the client has said that it can take several answers."""
    text = connection.text(body)
    if ";" in text and connection.capabilities & MULTI_STATEMENTS:
        from obsim.sql.tokens import split_statements  # noqa: PLC0415 - sqlglot loads with the first statement

        pieces = split_statements(text)
        if len(pieces) > 1:
            _Script(connection, pieces).go()
            return

    def answered(answer: Answer | None, failure: BaseException | None) -> None:
        if failure is not None or answer is None:
            connection.fail(failure or error("ER_UNKNOWN_ERROR"))
            return
        try:
            packets, _ = connection.encode(answer, sequence)
            if isinstance(answer, ResultSet) and len(body) < REQUEST_BYTES_MAX and sequence == 1:
                connection.keep(b"\x03" + body, packets)
        except Exception as raised:  # a value that cannot be written is answered, not fatal
            connection.fail(raised)
            return
        connection.finish(packets)

    sequence = connection.inbox.expected
    _run_text(connection, text, answered)


def _run_text(connection: "Connection", text: str, done: Callable[[Answer | None, BaseException | None], None]) -> None:
    session, gate = connection.session, connection.shared.gate
    if gate.held and session.stands_alone(text):
        gate.run_now(Turn(connection, lambda: session.execute_alone(text), done))
    else:
        gate.enter(Turn(connection, lambda: session.execute(text), done, is_jump=lambda: session.jumps(text)))


class _Script:
    """Statements of one packet, each answered before the next runs; an error is the last answer."""

    def __init__(self, connection: "Connection", pieces: list[str]) -> None:
        self.connection = connection
        self.pieces = pieces
        self.place = 0
        self.sequence = connection.inbox.expected
        self.looping = False
        self.unanswered = self.stalled = False
        connection.on_refused = self.stop

    def go(self) -> None:
        """Run on until a statement needs longer, the client reads slower, or the others' turn has come."""
        connection = self.connection
        deadline = perf_counter() + connection.shared.limits.slice_s
        self.looping = True
        while self.place < len(self.pieces) and not self.unanswered and not connection.closing:
            if connection.paused:
                connection.on_resume = self.go
                break
            if perf_counter() >= deadline:
                connection.shared.loop.call_soon(self.go)
                break
            self.unanswered = True
            _run_text(connection, self.pieces[self.place], self._answered)
        self.looping = False
        if self.place >= len(self.pieces) and not self.unanswered:
            connection.on_refused = None
            connection.finish(b"")

    def stop(self) -> None:
        """Run and answer nothing more: the disk has refused an answer, and the client has been told that instead."""
        self.place = len(self.pieces)
        self.connection.epoch = 0
        if self.unanswered and not self.stalled:
            self.connection.shared.gate.withdraw(self.connection, answer=False)
            self.unanswered = False
            self.connection.shared.loop.call_soon(self.go)

    def _answered(self, answer: Answer | None, failure: BaseException | None) -> None:
        connection = self.connection
        if connection.closing:
            return
        self.unanswered = False
        self.place += 1
        try:
            packets = self._packets(answer, failure)
        except ConnectionStalled:
            self.unanswered = self.stalled = True
            return
        except ConnectionCut:
            connection.cut()
            return
        except Exception as raised:  # whatever it is, the client is told
            self.place = len(self.pieces)
            connection.epoch = 0
            packets = frame(connection.error(raised), self.sequence)
        connection.transport.write(packets)
        if not self.looping:
            self.go()

    def _packets(self, answer: Answer | None, failure: BaseException | None) -> bytes:
        if failure is not None or answer is None:
            raise failure or error("ER_UNKNOWN_ERROR")
        more = self.place < len(self.pieces)
        packets, self.sequence = self.connection.encode(answer, self.sequence, more=more)
        return packets


def _init_db(connection: "Connection", body: bytes) -> None:
    name, session = connection.text(body), connection.session

    def use() -> Ok:
        session.use(name)
        return Ok()

    connection.run(use, _plain(connection))


def _reset_connection(connection: "Connection", _: bytes) -> None:
    session = connection.session

    def reset() -> Ok:
        session.reset()
        connection.statements = prepared.Statements()
        return Ok()

    connection.run(reset, _plain(connection))


def _plain(connection: "Connection") -> Callable[[Ok | None, BaseException | None], None]:
    """Answer OK, or the failure."""

    def answered(answer: Ok | None, failure: BaseException | None) -> None:
        if failure is not None or answer is None:
            connection.fail(failure or error("ER_UNKNOWN_ERROR"))
            return
        connection.shared.changed()
        connection.finish_ok(answer)

    return answered


def _field_list(connection: "Connection", body: bytes) -> None:
    """COM_FIELD_LIST: the columns of a table, each with its default, and EOF; the wildcard is a LIKE pattern."""
    fields = Reader(body)
    table = connection.text(fields.null_terminated() if body else b"")
    if not table:
        raise SyntaxRefused("where 0", 1)  # the recorded engine's words for a table without a name
    wildcard, session = connection.text(fields.rest()), connection.session
    quoted = table.replace("`", "``")

    def answered(statement: object, failure: BaseException | None) -> None:
        if failure is not None:
            connection.fail(failure)
            return
        columns = getattr(statement, "columns", ())
        wanted = [column for column in columns if not wildcard or _like(column.name.lower(), wildcard.lower())]
        bodies = [column_definition(column, connection.codec) + b"\xfb" for column in wanted]
        packets, _ = frames([*bodies, eof_packet(session.status_flags)], connection.inbox.expected)
        connection.finish(packets)

    text = f"SELECT * FROM `{quoted}`"  # noqa: S608 - it is only compiled, and the name is quoted
    connection.run(lambda: session.prepare(text), answered)


def _like(name: str, pattern: str) -> bool:
    """LIKE in time that grows with the product of the lengths, however many `%` there are."""
    reached = {0} if len(pattern) <= WILDCARD_LENGTH_MAX else set()
    escaped = False
    for mark in pattern:
        if mark == "\\" and not escaped:
            escaped = True
            continue
        if mark == "%" and not escaped:
            reached = set(range(min(reached), len(name) + 1)) if reached else set()
        else:
            any_letter = mark == "_" and not escaped
            reached = {at + 1 for at in reached if at < len(name) and (any_letter or name[at] == mark)}
        escaped = False
    return len(name) in reached


def _quit(connection: "Connection", _: bytes) -> None:
    connection.busy = False
    connection.close()


def _ping(connection: "Connection", _: bytes) -> None:
    connection.finish_ok(Ok())


def _statistics(connection: "Connection", _: bytes) -> None:
    connection.finish(frame(b"Active threads not support", connection.inbox.expected))


def _debug(connection: "Connection", _: bytes) -> None:
    """COM_DEBUG: EOF, recorded without the bit of a query that used no index."""
    status = connection.session.status_flags & ~NO_INDEX_USED
    connection.finish(frame(eof_packet(status), connection.inbox.expected))


def _process_kill(connection: "Connection", body: bytes) -> None:
    """COM_PROCESS_KILL: as KILL, with its checks, and ahead of whatever runs."""
    number, session = Reader(body).integer(4), connection.session
    text = f"KILL {number}"
    connection.shared.gate.run_now(Turn(connection, lambda: session.execute_alone(text), _plain(connection)))


def _set_option(connection: "Connection", body: bytes) -> None:
    """COM_SET_OPTION: several statements in one packet, on or off."""
    option = Reader(body).integer(2)
    if option == OPTION_MULTI_ON:
        connection.capabilities |= MULTI_STATEMENTS
    elif option == OPTION_MULTI_OFF:
        connection.capabilities &= ~MULTI_STATEMENTS
    else:
        raise error("ER_UNKNOWN_COM_ERROR")
    connection.finish(frame(eof_packet(connection.session.status_flags), connection.inbox.expected))


COMMANDS: dict[int, Command] = {
    int(Commands.COM_QUIT): _quit,
    int(Commands.COM_INIT_DB): _init_db,
    int(Commands.COM_QUERY): _query,
    int(Commands.COM_FIELD_LIST): _field_list,
    int(Commands.COM_STATISTICS): _statistics,
    int(Commands.COM_PROCESS_KILL): _process_kill,
    int(Commands.COM_DEBUG): _debug,
    int(Commands.COM_PING): _ping,
    int(Commands.COM_CHANGE_USER): login.change_user,
    int(Commands.COM_STMT_PREPARE): prepared.prepare,
    int(Commands.COM_STMT_EXECUTE): prepared.execute,
    int(Commands.COM_STMT_SEND_LONG_DATA): prepared.send_long_data,
    int(Commands.COM_STMT_CLOSE): prepared.close,
    int(Commands.COM_STMT_RESET): prepared.reset,
    int(Commands.COM_SET_OPTION): _set_option,
    int(Commands.COM_STMT_FETCH): prepared.fetch,
    int(Commands.COM_RESET_CONNECTION): _reset_connection,
}
