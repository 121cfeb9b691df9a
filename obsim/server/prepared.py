"""Prepared statements: COM_STMT_*. Parameters are read into values and handed over as such, never made text of.

Errors: 1243 for a statement that is not there, 1461 for one too many, 1835 for a body that ends early, 1153 for long
data beyond its bound, 5931 for a fetch without a cursor (seekdb-observations.jsonl, raw command).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from struct import unpack
from typing import TYPE_CHECKING, Any

from mysql_mimic.results import NullBitmap
from mysql_mimic.types import ColumnType, ComStmtExecuteFlags, uint_len

from obsim.answers import Answer, Column, MysqlType, Ok, ResultSet, TypedText, Value
from obsim.errors import ServerError, error
from obsim.server.encode import binary_rows, column_definitions, result_set
from obsim.server.gate import Turn
from obsim.server.handshake import DEPRECATE_EOF
from obsim.server.packets import CURSOR_EXISTS, LAST_ROW_SENT, MalformedError, Reader, eof_packet, frame, terminator

if TYPE_CHECKING:
    from obsim.server.protocol import Connection

__all__ = ["Statement", "Statements", "close", "execute", "fetch", "prepare", "reset", "send_long_data"]

CURSOR_READ_ONLY = int(ComStmtExecuteFlags.CURSOR_TYPE_READ_ONLY)
CURSORS_OTHER = int(ComStmtExecuteFlags.CURSOR_TYPE_FOR_UPDATE | ComStmtExecuteFlags.CURSOR_TYPE_SCROLLABLE)
UNSIGNED = 0x80
PIECE_BYTES = 200
"""What a parameter that is sent ahead takes beside its bytes."""
VALUE_BYTES = 40
"""What a value of a row takes beside its text."""
_PARAMETER = Column("?", MysqlType.VAR_STRING, 0)


@dataclass(slots=True)
class Statement:
    """One prepared statement of a connection."""

    number: int
    prepared: Any
    text_bytes: int
    types: bytes = b""
    """Two bytes a parameter, as the client last sent them."""
    long_data: dict[int, bytearray] = field(default_factory=dict)
    overflow: bool = False
    columns: tuple[Column, ...] = ()
    rows: Sequence[Sequence[Value]] | None = None
    """Of the open cursor; None without one."""
    rows_bytes: int = 0
    """What they take, about."""
    position: int = 0

    def close_cursor(self) -> None:
        """Forget its rows; nothing happens without one."""
        self.columns, self.rows, self.rows_bytes = (), None, 0


class Statements:
    """The prepared statements of one connection, by number."""

    __slots__ = ("by_number", "last", "long_data_bytes", "text_bytes")

    def __init__(self) -> None:
        self.by_number: dict[int, Statement] = {}
        self.last = 0
        self.text_bytes = 0
        self.long_data_bytes = 0

    @property
    def rows_bytes(self) -> int:
        """What the rows of all open cursors take."""
        return sum(statement.rows_bytes for statement in self.by_number.values())

    def get(self, number: int) -> Statement:
        """The statement; raises 1243."""
        found = self.by_number.get(number)
        if found is None:
            raise error("OB_ERR_PREPARE_STMT_NOT_FOUND", number)
        return found

    def add(self, prepared: object, text_bytes: int) -> Statement:
        """Number a new one."""
        self.last += 1
        statement = self.by_number[self.last] = Statement(self.last, prepared, text_bytes)
        self.text_bytes += text_bytes
        return statement

    def drop(self, number: int) -> None:
        """Forget one; nothing happens when it is not there."""
        statement = self.by_number.pop(number, None)
        if statement is not None:
            self.text_bytes -= statement.text_bytes
            self.drop_long_data(statement)

    def drop_long_data(self, statement: Statement) -> None:
        """Forget the pieces sent ahead for a statement."""
        self.long_data_bytes -= sum(PIECE_BYTES + len(piece) for piece in statement.long_data.values())
        statement.long_data.clear()
        statement.overflow = False


def prepare(connection: "Connection", body: bytes) -> None:
    """COM_STMT_PREPARE: number, parameters and columns."""
    limits, statements = connection.shared.limits, connection.statements
    count = len(statements.by_number)
    if count >= limits.statements_max or statements.text_bytes + len(body) > limits.statement_bytes_max:
        message = f"Can't create more than max_prepared_stmt_count statements (current value: {limits.statements_max})"
        raise ServerError(1461, "42000", message, name="ER_MAX_PREPARED_STMT_COUNT_REACHED")
    text = connection.text(body)
    session = connection.session

    def answered(prepared: Any, failure: BaseException | None) -> None:
        if failure is not None:
            connection.fail(failure)
            return
        connection.finish(_prepared_packets(connection, statements.add(prepared, len(body))))

    connection.run(lambda: session.prepare(text), answered)


def _prepared_packets(connection: "Connection", statement: Statement) -> bytes:
    columns, parameters = statement.prepared.taken_columns(), statement.prepared.parameter_count
    head = b"\x00" + statement.number.to_bytes(4, "little") + len(columns).to_bytes(2, "little")
    head += parameters.to_bytes(2, "little") + bytes(3)
    sequence = connection.inbox.expected
    parts = [frame(head, sequence)]
    sequence = sequence + 1 & 0xFF
    ending = b"" if connection.capabilities & DEPRECATE_EOF else eof_packet(connection.session.status_flags)
    for group in ((_PARAMETER,) * parameters, columns):
        if group:
            packets, sequence = column_definitions(group, sequence, connection.codec)
            parts.append(packets)
            if ending:
                parts.append(frame(ending, sequence))
                sequence = sequence + 1 & 0xFF
    return b"".join(parts)


def execute(connection: "Connection", body: bytes) -> None:
    """COM_STMT_EXECUTE: bind what came and run it; rows go out in binary, or stay behind a read-only cursor.

    Raises 4013 where the cursors of the connection would hold too many rows.
    """
    fields = Reader(body)
    statement = connection.statements.get(fields.integer(4))
    flags = fields.integer(1)
    if flags & CURSORS_OTHER:
        raise error("OB_NOT_SUPPORTED")
    fields.take(4)
    statement.close_cursor()
    values = _read_values(connection, statement, fields)
    session, prepared = connection.session, statement.prepared

    def answered(answer: Answer | None, failure: BaseException | None) -> None:
        if failure is not None or answer is None:
            connection.fail(failure or MalformedError())
        elif isinstance(answer, Ok):
            connection.finish_ok(answer)
        elif flags & CURSOR_READ_ONLY:
            try:
                packets = _open_cursor(connection, statement, answer)
            except ServerError as refused:
                connection.fail(refused)
                return
            connection.finish(packets)
        else:
            connection.finish(_binary_packets(connection, answer))

    run, is_jump = partial(session.execute_prepared, prepared, values), partial(session.jumps, prepared)
    connection.shared.gate.enter(Turn(connection, run, answered, is_jump=is_jump))


def _binary_packets(connection: "Connection", answer: ResultSet) -> bytes:
    session = connection.session
    packets, _ = result_set(
        answer,
        connection.inbox.expected,
        session.status_flags,
        len(session.warnings),
        deprecate_eof=bool(connection.capabilities & DEPRECATE_EOF),
        codec=connection.codec,
        binary=True,
    )
    return packets


def _open_cursor(connection: "Connection", statement: Statement, answer: ResultSet) -> bytes:
    """Columns now, rows with COM_STMT_FETCH: one end packet in either form of the protocol."""
    size_bytes = sum(VALUE_BYTES * len(row) + sum(map(_text_bytes, row)) for row in answer.rows)
    others = connection.statements.rows_bytes
    if others and others + size_bytes > connection.shared.limits.cursors_bytes_max:
        raise error("OB_ALLOCATE_MEMORY_FAILED")
    statement.rows_bytes = size_bytes
    statement.columns, statement.rows, statement.position = answer.columns, answer.rows, 0
    sequence = connection.inbox.expected
    count = frame(uint_len(len(answer.columns)), sequence)
    definitions, sequence = column_definitions(answer.columns, sequence + 1 & 0xFF, connection.codec)
    return count + definitions + frame(_ending(connection, CURSOR_EXISTS), sequence)


def _text_bytes(value: Value) -> int:
    return len(value) if isinstance(value, str | bytes) else 0


def _ending(connection: "Connection", flag: int) -> bytes:
    session = connection.session
    deprecate_eof = bool(connection.capabilities & DEPRECATE_EOF)
    return terminator(session.status_flags | flag, len(session.warnings), deprecate_eof=deprecate_eof)


def fetch(connection: "Connection", body: bytes) -> None:
    """COM_STMT_FETCH: the next rows of an open cursor; the flag of the last row comes with the first short answer."""
    fields = Reader(body)
    statement = connection.statements.by_number.get(fields.integer(4)) if len(body) >= 8 else None
    if statement is None or statement.rows is None:
        raise ServerError(5931, "HY000", "fetch out of sequence", name="OB_ERR_FETCH_OUT_SEQUENCE", code=-5931)
    count = fields.integer(4)
    rows = statement.rows[statement.position : statement.position + count]
    statement.position += len(rows)
    flag = CURSOR_EXISTS if len(rows) == count else LAST_ROW_SENT
    packets, sequence = binary_rows(statement.columns, rows, connection.inbox.expected, connection.codec)
    if flag == LAST_ROW_SENT:
        statement.close_cursor()
    connection.finish(packets + frame(_ending(connection, flag), sequence))


def send_long_data(connection: "Connection", body: bytes) -> None:
    """COM_STMT_SEND_LONG_DATA: a piece of a parameter. It has no answer; what is wrong with it shows at execution."""
    connection.finish(b"")
    if len(body) < 6:
        return
    number, place = int.from_bytes(body[:4], "little"), int.from_bytes(body[4:6], "little")
    statements = connection.statements
    statement = statements.by_number.get(number)
    if statement is None or place >= statement.prepared.parameter_count:
        return
    size = len(body) - 6 + (0 if place in statement.long_data else PIECE_BYTES)
    if statements.long_data_bytes + size > connection.shared.limits.long_data_bytes_max:
        statement.overflow = True
        return
    statement.long_data.setdefault(place, bytearray()).extend(body[6:])
    statements.long_data_bytes += size


def close(connection: "Connection", body: bytes) -> None:
    """COM_STMT_CLOSE: it has no answer."""
    connection.statements.drop(int.from_bytes(body[:4], "little"))
    connection.finish(b"")


def reset(connection: "Connection", body: bytes) -> None:
    """COM_STMT_RESET: drop the pieces sent ahead and the cursor."""
    statement = connection.statements.get(Reader(body).integer(4))
    connection.statements.drop_long_data(statement)
    statement.close_cursor()
    connection.finish_ok(Ok())


def _read_values(connection: "Connection", statement: Statement, fields: Reader) -> tuple[Value, ...]:
    """The parameters of one execution, in order, long data included (which is used up by it)."""
    count = statement.prepared.parameter_count
    long_data = {place: bytes(piece) for place, piece in statement.long_data.items()}
    overflow = statement.overflow
    connection.statements.drop_long_data(statement)
    if overflow:
        raise error("ER_NET_PACKET_TOO_LARGE")
    if not count:
        return ()
    nulls = NullBitmap(bytearray(fields.take((count + 7) // 8)))
    if fields.integer(1):
        statement.types = fields.take(2 * count)
    if len(statement.types) != 2 * count:
        raise error("OB_INVALID_ARGUMENT", "mysqld_stmt_execute")
    codec = connection.client_codec
    values: list[Value] = []
    for place in range(count):
        kind, unsigned = statement.types[2 * place], bool(statement.types[2 * place + 1] & UNSIGNED)
        if place in long_data:
            values.append(_text_or_bytes(long_data[place], codec))
        elif nulls.is_flipped(place):
            values.append(None)
        else:
            values.append(_read_value(fields, kind, codec, unsigned=unsigned))
    return tuple(values)


_INTEGER_BYTES = {
    int(ColumnType.TINY): 1,
    int(ColumnType.BOOL): 1,
    int(ColumnType.SHORT): 2,
    int(ColumnType.YEAR): 2,
    int(ColumnType.INT24): 4,
    int(ColumnType.LONG): 4,
    int(ColumnType.LONGLONG): 8,
}
_DECIMALS = {int(ColumnType.DECIMAL), int(ColumnType.NEWDECIMAL)}
_MOMENTS = {int(ColumnType.DATE), int(ColumnType.DATETIME), int(ColumnType.TIMESTAMP)}
_COUNTED = {
    int(kind)
    for kind in (
        ColumnType.DECIMAL, ColumnType.NEWDECIMAL, ColumnType.VARCHAR, ColumnType.BIT, ColumnType.JSON, ColumnType.ENUM,
        ColumnType.SET, ColumnType.TINY_BLOB, ColumnType.MEDIUM_BLOB, ColumnType.LONG_BLOB, ColumnType.BLOB,
        ColumnType.VAR_STRING, ColumnType.STRING, ColumnType.GEOMETRY,
    )
}  # fmt: skip


def _read_value(fields: Reader, kind: int, codec: str, *, unsigned: bool) -> Value:
    size = _INTEGER_BYTES.get(kind)
    if size is not None:
        return fields.integer(size, signed=not unsigned)
    if kind in _COUNTED:
        found = _text_or_bytes(fields.counted(), codec)
        return TypedText(found, MysqlType.NEWDECIMAL) if kind in _DECIMALS and isinstance(found, str) else found
    if kind in _MOMENTS:
        return _read_moment(fields, date_only=kind == ColumnType.DATE)
    if kind == ColumnType.DOUBLE:
        return float(unpack("<d", fields.take(8))[0])
    if kind == ColumnType.FLOAT:
        return float(unpack("<f", fields.take(4))[0])
    if kind == ColumnType.TIME:
        return _read_time(fields)
    if kind == ColumnType.NULL:
        return None
    raise MalformedError


def _text_or_bytes(data: bytes, codec: str) -> str | bytes:
    """Drivers send text and binary under the same types: what is text in the client's character set is text."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data


def _read_moment(fields: Reader, *, date_only: bool) -> TypedText:
    size = fields.integer(1)
    if size not in {0, 4, 7, 11}:
        raise MalformedError
    year, month, day = (fields.integer(2), fields.integer(1), fields.integer(1)) if size else (0, 0, 0)
    hour, minute, second = fields.take(3) if size > 4 else (0, 0, 0)
    text = f"{year:04d}-{month:02d}-{day:02d}"
    if date_only:
        return TypedText(text, MysqlType.DATE)
    text += f" {hour:02d}:{minute:02d}:{second:02d}"
    return TypedText(f"{text}.{fields.integer(4):06d}" if size > 7 else text, MysqlType.DATETIME)


def _read_time(fields: Reader) -> TypedText:
    size = fields.integer(1)
    if size not in {0, 8, 12}:
        raise MalformedError
    if not size:
        return TypedText("00:00:00", MysqlType.TIME)
    sign = "-" if fields.integer(1) else ""
    days = fields.integer(4)
    hour, minute, second = fields.take(3)
    text = f"{sign}{days * 24 + hour:02d}:{minute:02d}:{second:02d}"
    return TypedText(f"{text}.{fields.integer(4):06d}" if size > 8 else text, MysqlType.TIME)
