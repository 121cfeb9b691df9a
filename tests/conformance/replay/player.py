"""Plays records over sockets, in their order, and gives what obsim answers."""

from collections.abc import Sequence
from typing import cast

from obsim.server import Server
from tests.conformance.replay.records import Answer, Column, Record
from tests.server.wire import BASIC, MULTI_RESULTS, MULTI_STATEMENTS, Result, ServerSaid, Wire

__all__ = ["play"]

BASE = "/data/base"
"""Stands for the directory that the recordings call <BASE>."""
WARNINGS_MAX = 5
_RAW_COMMANDS = {
    "0x1c COM_STMT_FETCH empty": b"\x1c",
    "COM_STATISTICS": b"\x09",
    "COM_CHANGE_USER empty": b"\x11",
    "COM_RESET_CONNECTION": b"\x1f",
    "0x7f unknown": b"\x7f",
    "COM_DEBUG": b"\x0d",
    "COM_FIELD_LIST": b"\x04",
}
_LOGINS = {
    "root wrong password": ("root", "wrong", "oceanbase"),
    "root@sys wrong password": ("root@sys", "wrong", "oceanbase"),
    "unknown database": ("root", "", "nosuchdb"),
    "no database": ("root", "", None),
}
"""What the words of a recorded login mean: user, password, database; other words are a user."""
_PASSWORDS = {"u1": "p"}
_CAPABILITIES = BASIC | MULTI_STATEMENTS | MULTI_RESULTS
"""Of a text of several statements the recordings keep the first answer, except in the group of such texts."""


def play(server: Server, records: Sequence[Record]) -> list[tuple[Answer, ...]]:
    """The answers to each record, in order. One connection a user stays open throughout, as in the recording."""
    player = _Player(server)
    try:
        return [player.answers(record) for record in records]
    finally:
        player.close()


class _Player:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.wires: dict[str, Wire] = {}

    def close(self) -> None:
        for wire in self.wires.values():
            wire.close()

    def wire(self, user: str) -> Wire:
        if user not in self.wires:
            wire = Wire(self.server.port)
            wire.login(user, _PASSWORDS.get(user, ""), capabilities=_CAPABILITIES, database="oceanbase")
            self.wires[user] = wire
        return self.wires[user]

    def answers(self, record: Record) -> tuple[Answer, ...]:
        match record.kind:
            case "connect":
                return (self.login(record.text),)
            case "sql":
                return (self.statement(self.wire(record.user), record),)
            case "multi":
                return self.statements(self.wire(record.user), record.text)
            case "init_db":
                return (self.command(self.wire(record.user), 2, record.text.encode()),)
            case "ping":
                return (self.command(self.wire(record.user), 14, b""),)
            case _:
                return (self.raw(record),)

    def login(self, words: str) -> Answer:
        user, password, database = _LOGINS.get(words, (words, "", "oceanbase"))
        with Wire(self.server.port) as wire:
            try:
                wire.login(user, password, database=database)
            except ServerSaid as said:
                return _refused(said)
        return Answer()

    def statement(self, wire: Wire, record: Record) -> Answer:
        answer = self.statements(wire, record.text)[0]
        if record.answers[0].warnings is None:
            return answer
        rows = wire.query("SHOW WARNINGS").rows[:WARNINGS_MAX]
        warnings = tuple(
            (str(level, "utf8"), int(code), str(text, "utf8").replace(BASE, "<BASE>"))
            for level, code, text in cast("list", rows)
        )
        return Answer(answer.errno, answer.sqlstate, answer.message, answer.columns, warnings)

    def statements(self, wire: Wire, text: str) -> tuple[Answer, ...]:
        found = []
        try:
            result = wire.query(text.replace("<BASE>", BASE))
            found.append(_done(result))
            while result.more:
                result = wire.answer()
                found.append(_done(result))
        except ServerSaid as said:
            found.append(_refused(said))
        return tuple(found)

    def command(self, wire: Wire, number: int, body: bytes) -> Answer:
        try:
            wire.command(number, body)
            return _done(wire.answer())
        except ServerSaid as said:
            return _refused(said)

    def raw(self, record: Record) -> Answer:
        """A command on a connection of its own; its first packet, for the recordings have no more of it."""
        with Wire(self.server.port) as wire:
            wire.login("root", database="oceanbase")
            wire.send(_RAW_COMMANDS[record.text], 0)
            packet = wire.receive()
            return _refused(wire.said(packet)) if packet[0] == 0xFF else Answer(packet=packet.hex())


def _done(result: Result) -> Answer:
    return Answer(columns=tuple(map(_column, result.columns)) if result.columns else None)


def _refused(said: ServerSaid) -> Answer:
    return Answer(said.errno, said.sqlstate, said.message.replace(BASE, "<BASE>"))


def _column(column: dict[str, object]) -> Column:
    keys = ("name", "type", "length", "charset", "flags", "decimals")
    return Column(*(column[key] for key in keys))  # type: ignore[arg-type]
