"""A MySQL client reduced to what a measurement needs: log in with an empty password, send text, see whole answers.

It costs a few microseconds an answer, so that the servers are measured and not the client.
"""

import selectors
import socket
import struct
import time
from collections.abc import Callable

__all__ = ["Refused", "WireConnection", "run_loops"]

CAPABILITIES = 0x1 | 0x4 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000
"""Long password, long flag, database, protocol 4.1, transactions, native password, plugin name."""
ERR, OK, EOF = 0xFF, 0x00, 0xFE
HEAD = 4
"""Bytes of a packet's header: three of length, one of sequence."""
EOF_HEAD = b"\x05\0\0"


class Refused(Exception):
    """The server answered with an error packet."""


class WireConnection:
    """One connection in blocking mode; `take` also serves a loop over many."""

    def __init__(self, host: str, port: int, user: str, database: str) -> None:
        self.socket = socket.create_connection((host, port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self._packet()  # the greeting: an empty password needs nothing from it
        body = struct.pack("<IIB23x", CAPABILITIES, 1 << 24, 45)
        body += user.encode() + b"\0" + b"\0" + database.encode() + b"\0mysql_native_password\0"
        self.socket.sendall(len(body).to_bytes(3, "little") + b"\x01" + body)
        answer = self._packet()
        if answer[0] == EOF:  # asked to switch the plugin: an empty password is an empty answer to any of them
            self.socket.sendall(b"\0\0\0\x03")
            answer = self._packet()
        if answer[0] != OK:
            raise Refused(answer[9:].decode(errors="replace"))

    def _packet(self) -> bytes:
        while len(self.buffer) < 4 or len(self.buffer) < 4 + int.from_bytes(self.buffer[:3], "little"):
            self._receive()
        end = 4 + int.from_bytes(self.buffer[:3], "little")
        packet, self.buffer = self.buffer[4:end], self.buffer[end:]
        return packet

    def _receive(self) -> None:
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def send(self, sql: bytes) -> None:
        """Send a statement without waiting."""
        self.socket.sendall((len(sql) + 1).to_bytes(3, "little") + b"\0\x03" + sql)

    def take(self) -> tuple[int, bytes] | None:
        """Read what has come; (number of rows, all bytes) once the answer is whole, else None. Raises Refused."""
        self._receive()
        return self._whole()

    def _whole(self) -> tuple[int, bytes] | None:
        """The answer, if it is all there. It is the only one under way, so its last packet ends the buffer.

        A result set is: number of columns, columns, EOF, rows, EOF. The sequence ids tell the two EOFs apart and count
        the rows (of answers with fewer than 230), without a look at each packet.
        """
        data = self.buffer
        if len(data) < HEAD + 1:
            return None
        if data[HEAD] in {OK, ERR}:
            if len(data) < HEAD + int.from_bytes(data[:3], "little"):
                return None
            self.buffer = b""
            if data[HEAD] == ERR:
                raise Refused(data[13:].decode(errors="replace"))
            return 0, data
        columns = data[HEAD]
        rows = data[-6] - columns - 3
        if rows < 0 or data[-5] != EOF or data[-9:-6] != EOF_HEAD:
            return None
        self.buffer = b""
        return rows, data

    def query(self, sql: str | bytes) -> tuple[int, bytes]:
        """Send a statement and wait for its answer: (number of rows, all bytes)."""
        self.send(sql.encode() if isinstance(sql, str) else sql)
        while (answer := self.take()) is None:
            pass
        return answer

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def run_loops(
    connections: list[WireConnection],
    statements: list[list[bytes]],
    rounds: int,
    check: Callable[[int, int, int, bytes], None],
) -> float:
    """Let every connection send its statements in turn, `rounds` times, all at once; the seconds it took.

    Every other connection begins with its second statement, so that the server meets the statements in turn.
    `check(connection, statement, rows, answer)` looks at every answer, by index of connection and statement.
    """
    selector = selectors.DefaultSelector()
    turns = len(statements[0])
    places = [index % min(turns, 2) for index in range(len(connections))]
    lasts = [place + rounds * turns for place in places]
    for index, connection in enumerate(connections):
        selector.register(connection.socket, selectors.EVENT_READ, index)
    unfinished = len(connections)
    start = time.perf_counter()
    for connection, mine, place in zip(connections, statements, places, strict=True):
        connection.send(mine[place])
    while unfinished:
        for key, _ in selector.select():
            index = key.data
            answer = connections[index].take()
            if answer is None:
                continue
            check(index, places[index] % turns, *answer)
            places[index] += 1
            if places[index] < lasts[index]:
                connections[index].send(statements[index][places[index] % turns])
            else:
                unfinished -= 1
    elapsed_s = time.perf_counter() - start
    selector.close()
    return elapsed_s
