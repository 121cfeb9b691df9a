"""Every command of the table, and how several of them come together."""

import time

import pytest

from obsim.server import Limits
from obsim.server.commands import COMMANDS, _like
from tests.server.conftest import StartFake
from tests.server.wire import BASIC, DEPRECATE_EOF, MULTI_STATEMENTS, ServerSaid, Wire

MULTI = BASIC | MULTI_STATEMENTS


def error_of(wire: Wire) -> ServerSaid:
    with pytest.raises(ServerSaid) as caught:
        wire.answer()
    return caught.value


@pytest.mark.parametrize("capabilities", [BASIC, BASIC | DEPRECATE_EOF])
def test_rows_and_their_end(port: int, capabilities: int) -> None:
    with Wire(port) as wire:
        wire.login(capabilities=capabilities)
        answer = wire.query("SELECT rows 3")
        assert [column["name"] for column in answer.columns] == ["t"]
        assert answer.rows == [(b"row 0",), (b"row 1",), (b"row 2",)]
        assert (answer.status, answer.warnings) == (2, 0)
        # No count of rows in the last packet: MariaDB Connector/J 2.7 takes only 0 there.
        assert answer.ending == (
            b"\xfe\x00\x00\x02\x00\x00\x00" if capabilities & DEPRECATE_EOF else b"\xfe\x00\x00\x02\x00"
        )


def test_ok_counts_rows(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        assert wire.query("BUMP 300").affected_rows == 300


def test_init_db(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        wire.command(2, b"oceanbase")
        assert wire.answer().status == 2
        assert next(iter(host.sessions.values())).database == "oceanbase"
        wire.command(2, b"nosuchdb")
        assert error_of(wire) == ServerSaid(1049, "42000", "Unknown database")


def test_statistics_debug_and_ping(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.command(0x09)
        assert wire.receive() == b"Active threads not support"
        wire.command(0x0D)
        assert wire.receive() == b"\xfe\x00\x00\x02\x00"
        wire.command(0x0E)
        assert wire.receive() == b"\x00\x00\x00\x02\x00\x00\x00"


def test_field_list(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.command(0x04, b"ta`ble\0")
        column = wire.receive()
        assert column[-1:] == b"\xfb"
        assert wire.receive() == b"\xfe\x00\x00\x02\x00"
        wire.command(0x04, b"t\0c%")
        assert b"c0" in wire.receive()
        wire.receive()
        wire.command(0x04, b"t\0%x_")
        assert wire.receive() == b"\xfe\x00\x00\x02\x00"
        wire.command(0x04, b"\0")
        refused = error_of(wire)
        assert (refused.errno, refused.message.endswith("near 'where 0' at line 1")) == (1064, True)


def test_field_list_quotes_the_name(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        wire.command(0x04, b"t` WHERE 1=1 -- \0")
        wire.receive()
        wire.receive()
    assert host.executed == [("root", "PREPARE SELECT * FROM `t`` WHERE 1=1 -- `")]


@pytest.mark.parametrize("number", [n for n in range(256) if n not in COMMANDS])
def test_other_commands_are_not_supported(shared_wire: Wire, number: int) -> None:
    shared_wire.command(number, b"whatever")
    assert error_of(shared_wire) == ServerSaid(1235, "0A000", "Not supported feature or function")


def test_reset_connection(start: StartFake) -> None:
    _, server = start()
    with Wire(server.port) as wire:
        wire.login()
        number, _, _ = wire.prepare("SELECT 1")
        wire.query("SET NAMES gbk")
        assert wire.query("SELECT 汉".encode("gbk")).rows == [("汉".encode("gbk"),)]
        wire.command(0x1F)
        assert wire.answer().status == 2
        assert wire.query("SELECT 汉").rows == [("汉".encode(),)]
        wire.execute(number)
        assert error_of(wire).errno == 1243


def test_set_option_switches_several_statements(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.command(0x1B, b"\x00\x00")
        assert wire.receive() == b"\xfe\x00\x00\x02\x00"
        assert wire.query("SELECT 1; SELECT 2").more
        wire.answer()
        wire.command(0x1B, b"\x01\x00")
        wire.receive()
        wire.command(3, b"SELECT 1; SELECT 2")
        assert error_of(wire).errno == 1064
        wire.command(0x1B, b"\x02\x00")
        assert error_of(wire).errno == 1047


def test_quit_hangs_up(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        wire.command(1)
        assert wire.at_end()
    assert host.sessions == {}


# Several statements in one packet


def answers(wire: Wire, text: str) -> list[object]:
    """Rows, or the error that ends the list."""
    found: list[object] = []
    wire.command(3, text.encode())
    while True:
        try:
            answer = wire.answer()
        except ServerSaid as said:
            return [*found, said.errno]
        found.append(answer.rows if answer.columns else "OK")
        if not answer.more:
            return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1; SELECT 2", [[(b"1",)], [(b"2",)]]),
        ("SELECT 1; SELEC 2", [[(b"1",)], 1064]),
        ("SELECT 1; SELEC 2; SELECT 3", [[(b"1",)], 1064]),
        ("BUMP 1; SELECT jobs", ["OK", [(b"1",)]]),
        (";SELECT 1", [1065]),
        ("SELECT 1;;SELECT 2", [[(b"1",)], 1065]),
        ("SELECT 'a;b'; SELECT 2;", [[(b"'a;b'",)], [(b"2",)]]),
    ],
)
def test_scripts_answer_as_recorded(port: int, text: str, expected: list[object]) -> None:
    with Wire(port) as wire:
        wire.login(capabilities=MULTI)
        assert answers(wire, text) == expected
        assert answers(wire, "SELECT 3") == [[(b"3",)]]


def test_a_long_script_neither_recurses_nor_holds_others_up(port: int) -> None:
    with Wire(port, timeout_s=30) as wire, Wire(port) as other:
        wire.login(capabilities=MULTI)
        other.login()
        wire.command(3, b"BUMP 1;" * 5000)
        other.command(0x0E)
        assert other.answer().status == 2
        for place in range(5000):
            assert wire.answer().more is (place < 4999)
        assert wire.query("SELECT jobs").rows == [(b"5000",)]


def test_scripts_in_a_session_with_the_new_end_packet(port: int) -> None:
    with Wire(port) as wire:
        wire.login(capabilities=MULTI | DEPRECATE_EOF)
        assert answers(wire, "SELECT 1; SELECT 2") == [[(b"1",)], [(b"2",)]]


# Character sets


def test_results_are_written_in_the_session_s_character_set(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.query("SET NAMES latin1")
        answer = wire.query(b"SELECT caf\xe9")
        assert answer.rows == [(b"caf\xe9",)]
        assert answer.columns[0]["charset"] == 8
        wire.query("SET NAMES utf8mb4")
        assert wire.query("SELECT café").rows == [("café".encode(),)]


def test_text_that_is_none_in_the_character_set_is_refused(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.command(3, b"SELECT \xff\xfe")
        refused = error_of(wire)
        assert (refused.errno, refused.sqlstate) == (1300, "HY000")
        assert "FFFE" in refused.message


# Pipelining and slow readers


def test_pipelined_commands_are_answered_in_order(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        parts = []
        for n in range(500):
            body = b"\x0e" if n % 7 == 0 else b"\x03SELECT volatile"
            parts.append(len(body).to_bytes(3, "little") + b"\0" + body)
        wire.send_raw(b"".join(parts))
        counter = 0
        for n in range(500):
            wire.sequence = 1
            answer = wire.answer()
            if n % 7:
                counter += 1
                assert answer.rows == [(str(counter).encode(),)]


def test_a_client_that_does_not_read_is_served_no_further(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire, Wire(server.port) as other:
        wire.login()
        other.login()
        body = b"\x03SELECT repeat 2000000"
        wire.send_raw((len(body).to_bytes(3, "little") + b"\0" + body) * 200)
        time.sleep(0.3)
        ran = len(host.executed)
        assert ran < 20  # 2 MB each: the socket's buffers take a few
        assert other.query("SELECT 1").rows == [(b"1",)]
        for _ in range(200):
            wire.sequence = 1
            assert len(wire.answer().rows[0][0] or b"") == 2_000_000
        assert len([text for _, text in host.executed if "repeat" in text]) == 200


def flood(wire: Wire, packet: bytes) -> None:
    """Send for ever; a server that stops reading makes it wait."""
    sent = 0
    while sent < 100_000_000:
        sent += wire.socket.send(packet[sent % len(packet) :])


def test_a_flood_behind_a_running_statement_is_read_no_further(start: StartFake) -> None:
    host, server = start(limits=Limits(pipeline_bytes_max=64 * 1024))
    with Wire(server.port) as wire:
        wire.login()
        wire.command(3, b"WAIT 0.5")
        body = b"\x03SELECT " + b"z" * 50_000
        wire.socket.settimeout(0.2)
        packet = len(body).to_bytes(3, "little") + b"\0" + body
        with pytest.raises(TimeoutError):
            flood(wire, packet)
        connection = next(iter(server.listener.shared.connections.values()))
        assert len(connection.inbox) < 64 * 1024 + 2 * 64 * 1024
        wire.socket.settimeout(10)
        wire.sequence = 1
        assert wire.answer().info == b"\x07arrived"
        wire.sequence = 1
        assert wire.answer().rows == [(b"z" * 50_000,)]
    assert host.executed[1][1].startswith("SELECT z")


def test_unwritable_values_are_a_plain_error(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.command(3, b"SELECT unwritable")
        assert error_of(wire) == ServerSaid(1105, "HY000", "Unknown error")
        assert wire.query("SELECT 1").rows == [(b"1",)]


def test_the_log_never_quotes_a_statement(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with Wire(port) as wire:
        wire.login()
        wire.command(3, b"SELECT defect")
        error_of(wire)
    (said,) = [
        record for record in caplog.records if record.getMessage() == "unexpected KeyError while serving a command"
    ]
    assert "_select" in said.trace
    assert "defect secret" not in caplog.text + said.trace
    assert "SELECT defect" not in caplog.text + said.trace


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("tenant_id", "tenant%", True), ("tenant_id", "%id", True), ("tenant_id", "t%_d", True),
        ("tenant_id", "", False),
        ("tenant_id", "tenant\\_id", True), ("tenantxid", "tenant\\_id", False), ("100%", "100\\%", True),
        ("1000", "100\\%", False), ("a", "%" * 200 + "a", True), ("a" * 60, "%a" * 100 + "b", False),
        ("a", "%" * 300, False),
    ],
)  # fmt: skip
def test_wildcards_of_field_lists(name: str, pattern: str, fits: bool) -> None:
    assert _like(name, pattern) is fits
