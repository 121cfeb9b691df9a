"""`/metrics`, `/ready` and `/health` over a socket."""

import http.client
import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest
from prometheus_client.parser import text_string_to_metric_families

import obsim
from obsim.errors import UsageError
from obsim.server import Limits
from obsim.server.addresses import read_address
from obsim.server.metrics import FAMILIES, kind_of


def samples(server: obsim.Server) -> dict[tuple[str, ...], float]:
    """Name and label values -> value, read back by Prometheus' own parser."""
    with urllib.request.urlopen(f"http://{server.http_address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def get(server: obsim.Server, path: str, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.http_address, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def server() -> Iterator[obsim.Server]:
    with obsim.Server(http="0", clock="manual") as running:
        yield running


def test_what_was_said_and_done_is_counted(server: obsim.Server) -> None:
    with pymysql.connect(**server.connect_args(), autocommit=None) as connection:
        cursor = connection.cursor()
        cursor.execute("CALL obsim.fault('error=OB_EAGAIN statement=\"MINOR FREEZE\" times=1')")
        with pytest.raises(pymysql.err.MySQLError):
            cursor.execute("ALTER SYSTEM MINOR FREEZE")
        with pytest.raises(pymysql.err.MySQLError):
            cursor.execute("NOT ONE WE KNOW")
        cursor.execute("ALTER SYSTEM BACKUP DATABASE")
        cursor.execute("CALL obsim.run_until_idle()")
        cursor.execute("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant")
        for _ in range(3):
            cursor.execute("SELECT JOB_ID FROM oceanbase.CDB_OB_BACKUP_JOBS")
        found = samples(server)
    assert {key: value for key, value in found.items() if key[0] == "obsim_statements_total" and key[1] != "SET"} == {
        ("obsim_statements_total", "BACKUP", "ok"): 1,
        ("obsim_statements_total", "BACKUP INCREMENTAL", "ok"): 1,
        ("obsim_statements_total", "MINOR", "error"): 1,
        ("obsim_statements_total", "OTHER", "error"): 1,
        ("obsim_statements_total", "SELECT", "ok"): 3,
    }
    assert found["obsim_statement_errors_total", "1064"] == 1
    assert found["obsim_fault_hits", "1", 'error=OB_EAGAIN statement="MINOR FREEZE" times=1'] == 1
    assert (found["obsim_connections",], found["obsim_sessions", "sys"]) == (1, 1)
    assert found["obsim_backup_sets", "AVAILABLE", "mysql_tenant", "FULL"] == 1
    assert found["obsim_jobs", "backup", "COMPLETED", "oracle_tenant"] == 1
    state = server.cluster.state
    backup_set = server.call(lambda: state._target.tenants[1002].backup.sets[1].counters.output_bytes)
    assert found["obsim_backup_output_bytes", "mysql_tenant"] == backup_set > 0
    assert found["obsim_virtual_time_seconds",] == server.cluster.now_ns / 1e9
    assert found["obsim_events",] > 10
    assert found["obsim_build", "4.2.1.0", obsim.__version__] == 1


def test_counters_survive_a_reset_and_count_each_statement_once(server: obsim.Server) -> None:
    ask = ("obsim_statements_total", "SHOW", "ok")
    with pymysql.connect(**server.connect_args()) as connection:
        cursor = connection.cursor()
        for expected in (1, 2):
            cursor.execute("SHOW TABLES FROM oceanbase LIKE 'x'")
            assert samples(server)[ask] == samples(server)[ask] == expected
        server.cluster.snapshot("a")
        cursor.execute("SHOW TABLES FROM oceanbase LIKE 'x'")
        server.cluster.restore_snapshot("a")
        assert samples(server)[ask] == 3
        server.cluster.reset()
        cursor.execute("SHOW TABLES FROM oceanbase LIKE 'x'")
        assert samples(server)[ask] == 4


def test_more_statements_than_the_journal_keeps_are_counted() -> None:
    journal = obsim.Cluster("blank").journal
    for number in range(25_000):
        journal.add(1, "sys", "root", 0, f"word{number % 7000} b c d e", number % 2, 0)
    assert sum(journal.tallies().values()) == 25_000
    assert journal.tallies()["", 0] > 0


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("SELECT 1", "SELECT"), ("(SELECT 1)", "SELECT"), ("WITH A AS (SELECT", "SELECT"), ("", "OTHER"),
        ("ALTER SYSTEM BACKUP DATABASE", "BACKUP"), ("ALTER SYSTEM BACKUP INCREMENTAL", "BACKUP INCREMENTAL"),
        ("ALTER SYSTEM CANCEL BACKUP", "CANCEL BACKUP"), ("ALTER SYSTEM SET A", "SET"), ("ALTER SYSTEM A", "SET"),
        ("ALTER TENANT X", "ALTER"), ("SHOW PARAMETERS", "SHOW"), ("DROP TENANT T", "DROP"), ("HUNTER2", "OTHER"),
    ],
)  # fmt: skip
def test_kinds_are_words_of_the_grammar(words: str, kind: str) -> None:
    assert kind_of(words) == kind


def test_every_metric_is_there_and_described(server: obsim.Server) -> None:
    _, body = get(server, "/metrics")
    for family in FAMILIES:
        assert f"# HELP {family.name}{'_total' if family.kind == 'counter' else ''} {family.about}\n".encode() in body


def test_ready_and_health(server: obsim.Server) -> None:
    assert get(server, "/ready") == (200, b"ready\n")
    status, body = get(server, "/health?verbose=1")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    server.call(lambda: setattr(server.listener.http, "ready", False))
    assert get(server, "/ready") == (503, b"not ready\n")


def test_it_is_ready_no_longer_once_it_stops() -> None:
    server = obsim.Server(http="0")
    server.start()
    http_listener = server.listener.http
    assert http_listener is not None
    assert http_listener.ready
    server.stop()
    assert not http_listener.ready
    assert http_listener.requests == set()
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset
        get(server, "/health")


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_get(server: obsim.Server, method: str) -> None:
    assert get(server, "/metrics", method)[0] == 405


def test_another_page_is_none(server: obsim.Server) -> None:
    assert get(server, "/")[0] == get(server, "/metrics/x")[0] == 404


def answer_to(server: obsim.Server, data: bytes) -> bytes:
    host, _, port = server.http_address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(data)
        answer = b""
        try:
            while piece := raw.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        return answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /health HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_what_is_no_request(server: obsim.Server, sent: bytes, status: int) -> None:
    assert answer_to(server, sent).startswith(b"HTTP/1.1 %d " % status)
    assert get(server, "/health")[0] == 200


def test_slow_and_many_requests_are_ended_while_others_are_answered() -> None:
    limits = Limits(http_timeout_s=0.2, http_requests_max=3)
    with obsim.Server(http="0", limits=limits) as server:
        host, _, port = server.http_address.rpartition(":")
        slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(3)]
        slow[0].sendall(b"GET /health HTTP/1.1\r\nHost:")
        assert get(server, "/health")[0] == 503
        assert [raw.recv(100).split(b"\r\n")[0] for raw in slow] == [b"HTTP/1.1 408 Request Timeout"] * 3
        for raw in slow:
            raw.close()
        deadline = time.monotonic() + 10
        while (status := get(server, "/health")[0]) == 503 and time.monotonic() < deadline:
            pass
        assert status == 200


def test_a_flood_of_requests_is_cut() -> None:
    with obsim.Server(http="0", clock="manual", limits=Limits(http_timeout_s=60, http_requests_max=2)) as server:
        host, _, port = server.http_address.rpartition(":")
        lines = [socket.create_connection((host, int(port)), timeout=10) for _ in range(6)]
        said = [raw.recv(12) for raw in lines[2:]]
        for raw in lines:
            raw.close()
    assert said == [b"HTTP/1.1 503", b"HTTP/1.1 503", b"", b""]


def test_it_answers_while_a_statement_moves_the_clock_far(server: obsim.Server) -> None:
    with pymysql.connect(**server.connect_args()) as connection:
        cursor = connection.cursor()
        cursor.execute("CALL obsim.load('mysql_tenant', 'migration', 8, '1h')")
        connection._execute_command(3, "CALL obsim.advance('3000d')")
        before = samples(server)["obsim_virtual_time_seconds",]
        assert get(server, "/ready")[0] == 200
        assert before < samples(server)["obsim_virtual_time_seconds",]
        cursor2 = pymysql.connect(**server.connect_args())
        cursor2.kill(connection.thread_id())
        cursor2.close()


def test_a_port_in_use_and_an_address_beyond_loopback(server: obsim.Server) -> None:
    with pytest.raises(UsageError, match="for HTTP: "):
        obsim.Server(http=server.http_address).start()
    with pytest.raises(UsageError, match="--allow-empty-passwords"):
        obsim.Server(http="0.0.0.0:0").start()
    with obsim.Server(http="0.0.0.0:0", allow_empty_passwords=True) as open_one:
        assert open_one.http_address.startswith("0.0.0.0:")


def test_without_the_option_there_is_none() -> None:
    with obsim.Server() as server, pytest.raises(UsageError, match="http="):
        _ = server.http_address


@pytest.mark.parametrize(
    ("text", "address"),
    [("0", ("127.0.0.1", 0)), ("9100", ("127.0.0.1", 9100)), ("[::1]:9", ("::1", 9)), ("h.test:8", ("h.test", 8))],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "x", ":80", "h:", "::1:80", "127.0.0.1", "1.2.3.4:65536", "[]:1", "h:-1", "h:٣"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(UsageError, match="is no address for HTTP"):
        read_address(text)


def test_every_metric_is_on_the_page_about_operation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operation.md").read_text("utf-8")
    for family in FAMILIES:
        labels = f"{{{','.join(family.labels)}}}" if family.labels else ""
        assert f"`{family.name}{'_total' if family.kind == 'counter' else ''}{labels}`" in page
