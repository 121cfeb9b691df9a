"""Who gets in, and what everybody else is told."""

import string
import time

import pymysql
import pytest
from mysql import connector
from mysql_mimic.auth import User

from obsim.server.auth import identify, read_login_name
from obsim.server.handshake import new_nonce
from tests.server.conftest import StartFake
from tests.server.fakes import FakeUser, digest
from tests.server.wire import BASIC, BIT_27, SECURE_CONNECTION, SSL, ServerSaid, Wire, scramble

OFFERED = (
    0x1
    | 0x2
    | 0x4
    | 0x8
    | 0x200
    | 0x2000
    | 0x8000
    | 0x10000
    | 0x20000
    | 0x40000
    | 0x80000
    | 0x100000
    | 0x200000
    | 0x1000000
)


def turned_away(port: int, user: str, password: str = "", **options: object) -> ServerSaid:
    with Wire(port) as wire:
        with pytest.raises(ServerSaid) as caught:
            wire.login(user, password, **options)
        assert wire.at_end()
        return caught.value


def who(wire: Wire) -> bytes | None:
    return wire.query("SELECT user").rows[0][0]


def test_the_greeting(port: int) -> None:
    with Wire(port) as wire:
        greeting = wire.greeting()
    assert (greeting.protocol, greeting.version) == (10, "5.7.25-OceanBase_CE-v4.2.1.0")
    assert greeting.capabilities == OFFERED
    assert (greeting.status, greeting.collation, greeting.plugin) == (2, 46, "mysql_native_password")
    assert len(greeting.nonce) == 20
    assert set(greeting.nonce) <= set(string.ascii_letters.encode() + string.digits.encode() + b"+-")


def test_no_two_nonces_are_alike() -> None:
    assert len({new_nonce() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("typed", "user", "tenant", "cluster"),
    [
        ("root", "root", "sys", None),
        ("root#obcluster", "root", "sys", "obcluster"),
        ("root@mysql_tenant", "root", "mysql_tenant", None),
        ("root@mysql_tenant#c1", "root", "mysql_tenant", "c1"),
        ("a@b@t", "a@b", "t", None),
        ("", "", "sys", None),
        ("root@", "root", "", None),
    ],
)
def test_login_names(typed: str, user: str, tenant: str, cluster: str | None) -> None:
    name = read_login_name(typed)
    assert (name.user, name.tenant, name.cluster) == (user, tenant, cluster)


@pytest.mark.parametrize(
    ("typed", "password", "answer"),
    [
        ("root", "", b"root@sys"),
        ("root@sys", "", b"root@sys"),
        ("root@mysql_tenant#obcluster", "", b"root@mysql_tenant"),
        ("sys@oracle_tenant", "", b"SYS@oracle_tenant"),
        ("Sys@oracle_tenant#obcluster", "", b"SYS@oracle_tenant"),
        ("pw", "secret", b"pw@sys"),
    ],
)
def test_logins(port: int, typed: str, password: str, answer: bytes) -> None:
    with Wire(port) as wire:
        wire.login(typed, password)
        assert who(wire) == answer


@pytest.mark.parametrize(
    ("typed", "password", "user", "using"),
    [
        ("root", "x", "root", "YES"),
        ("pw", "", "pw", "NO"),
        ("pw", "Secret", "pw", "YES"),
        ("nobody", "", "nobody", "NO"),
        ("root@nowhere", "", "root", "NO"),
        ("root@nowhere", "x", "root", "YES"),
        ("root@SYS", "", "root", "NO"),
        ("ROOT@mysql_tenant", "", "ROOT", "NO"),
        ("root@META$1002", "", "root", "NO"),
        ("root@mysql_tenant#other", "", "root", "NO"),
        ("root@", "", "root", "NO"),
        ("", "", "", "NO"),
    ],
)
def test_refusals_tell_nothing_apart(port: int, typed: str, password: str, user: str, using: str) -> None:
    assert turned_away(port, typed, password) == ServerSaid(
        1045, "42000", f"Access denied for user '{user}'@'xxx.xxx.xxx.xxx' (using password: {using})"
    )


@pytest.mark.parametrize("auth", [b"\x00" * 20, b"\x01", b"x" * 19, b"x" * 21, b"x" * 250])
@pytest.mark.parametrize("user", ["root", "pw"])
def test_only_the_right_scramble_is_one(port: int, user: str, auth: bytes) -> None:
    with Wire(port) as wire:
        wire.greeting()
        wire.send(wire.response(user, auth))
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1045


def test_a_scramble_is_good_for_one_nonce(port: int) -> None:
    with Wire(port) as first, Wire(port) as second:
        nonce = first.greeting().nonce
        second.greeting()
        second.send(second.response("pw", scramble("secret", nonce)))
        with pytest.raises(ServerSaid):
            second.answer()
        first.send(first.response("pw", scramble("secret", nonce)))
        assert first.answer().status == 2


def test_unknown_accounts_are_verified_as_well(start: StartFake, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    host, _ = start()

    def refuse(_: object, user: User, *_rest: object) -> bool:
        seen.append(user.auth_string or "")
        return False

    monkeypatch.setattr("mysql_mimic.auth.NativePasswordAuthPlugin.password_matches", refuse)
    for typed in ("pw", "nobody", "pw@nowhere", "pw#other"):
        with pytest.raises(Exception, match="Access denied"):
            identify(host.state, typed, b"x" * 20, b"n" * 20, "127.0.0.1")
    assert [len(text) for text in seen] == [40, 40, 40, 40]
    assert len(set(seen)) == 2  # the account's own digest, and nobody's


def test_the_database_of_the_login(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login(database="oceanbase")
        assert [session.database for session in host.sessions.values()] == ["oceanbase"]
    with Wire(server.port) as wire:
        wire.login(database="")
    unknown = turned_away(server.port, "root", database="nosuchdb")
    assert unknown == ServerSaid(1049, "42000", "Unknown database 'nosuchdb'")


def test_a_client_with_another_method_is_switched(port: int) -> None:
    with Wire(port) as wire:
        greeting = wire.greeting()
        wire.send(wire.response("pw", b"x" * 32, plugin="caching_sha2_password"))
        request = wire.receive()
        assert request[:23] == b"\xfemysql_native_password\x00"
        nonce = request[23:].rstrip(b"\0")
        assert len(nonce) == 20
        assert nonce != greeting.nonce
        wire.send(scramble("secret", nonce))
        wire.answer()
        assert who(wire) == b"pw@sys"


def test_the_nonce_before_a_switch_is_void(port: int) -> None:
    with Wire(port) as wire:
        greeting = wire.greeting()
        wire.send(wire.response("pw", b"", plugin="mysql_clear_password"))
        wire.receive()
        wire.send(scramble("secret", greeting.nonce))
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1045
        assert wire.at_end()


def test_pyoceanbase_sets_a_bit_that_was_not_offered(port: int) -> None:
    with Wire(port) as wire:
        wire.login("root", capabilities=BASIC | BIT_27)
        assert wire.query("SELECT 1").rows == [(b"1",)]


@pytest.mark.parametrize("collation", [0, 8, 28, 33, 46, 63, 200, 224, 255])
def test_any_collation_may_be_asked_for(port: int, collation: int) -> None:
    with Wire(port) as wire:
        wire.login("root", collation=collation)
        assert wire.query("SELECT 1").rows == [(b"1",)]


def test_the_greeted_character_set_is_the_session_s(port: int) -> None:
    with Wire(port) as wire:
        wire.login("root", collation=28)
        assert wire.query("SELECT 汉".encode("gbk")).rows == [("汉".encode("gbk"),)]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\x00", b"\xff" * 4, b"\x00" * 32, b"\x00\x82\x08\x00" + b"\x00" * 28 + b"root",
        b"\x00\x02\x00\x00" + b"\x00" * 28 + b"root\x00nonul", b"\x00\x82\x08\x00" + b"\x00" * 28 + b"root\x00\xffx",
        (0x200 | SSL).to_bytes(4, "little") + b"\x00" * 28,
    ],
)  # fmt: skip
def test_what_is_no_response_is_1043(port: int, body: bytes) -> None:
    with Wire(port) as wire:
        wire.greeting()
        wire.send(body)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, caught.value.sqlstate) == (1043, "08S01")
        assert wire.at_end()


def test_clients_without_plugins(port: int) -> None:
    with Wire(port) as wire:
        wire.login("pw", "secret", capabilities=0x200 | SECURE_CONNECTION)
        assert who(wire) == b"pw@sys"


# COM_CHANGE_USER


def change(wire: Wire, user: str, password: str, *, database: str = "") -> None:
    body = user.encode() + b"\0\0" + database.encode() + b"\0" + b"\x2d\x00" + b"mysql_native_password\0"
    wire.command(0x11, body)
    request = wire.receive()
    assert request[:1] == b"\xfe"
    wire.send(scramble(password, request[23:].rstrip(b"\0")))


def test_change_user_logs_another_one_in(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login("root@mysql_tenant")
        number, _, _ = wire.prepare("SELECT ?")
        change(wire, "pw", "secret", database="oceanbase")
        assert wire.answer().status == 2
        assert who(wire) == b"pw@sys"
        assert [session.database for session in host.sessions.values()] == ["oceanbase"]
        wire.execute(number)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1243


@pytest.mark.parametrize(
    ("user", "password", "database", "errno"),
    [("pw", "no", "", 1045), ("x@y", "", "", 1045), ("root", "", "nix", 1049)],
)
def test_a_refused_change_of_user_ends_the_connection(
    start: StartFake, user: str, password: str, database: str, errno: int
) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login("root")
        change(wire, user, password, database=database)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == errno
        wire.command(3, b"SELECT user")
        assert wire.at_end()
    assert host.executed == []
    assert host.sessions == {}


def test_an_empty_change_of_user_is_asked_for_a_scramble_too(port: int) -> None:
    with Wire(port) as wire:
        wire.login("root")
        wire.command(0x11)
        assert wire.receive()[:23] == b"\xfemysql_native_password\x00"
        wire.send(b"")
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert caught.value.errno == 1045


def test_change_user_without_plugins_uses_the_first_nonce(port: int) -> None:
    with Wire(port) as wire:
        greeting = wire.greeting()
        wire.send(wire.response("root", b"", capabilities=0x200 | SECURE_CONNECTION))
        wire.answer()
        wire.command(0x11, b"pw\0\x14" + scramble("secret", greeting.nonce) + b"\0")
        wire.answer()
        assert who(wire) == b"pw@sys"


# Drivers


def test_pymysql(start: StartFake) -> None:
    _, server = start()
    with pymysql.connect(
        host="127.0.0.1", port=server.port, user="pw@sys", password="secret", database="oceanbase"
    ) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT user")
            assert cursor.fetchall() == (("pw@sys",),)
        connection.ping(reconnect=False)
    with pytest.raises(pymysql.err.OperationalError, match="Access denied") as caught:
        pymysql.connect(host="127.0.0.1", port=server.port, user="pw@sys", password="other")
    assert caught.value.args[0] == 1045


def test_mysql_connector(start: StartFake) -> None:
    host, server = start()
    host.state.tenants[1].users["caching"] = FakeUser("caching", digest("p"))
    connection = connector.connect(
        host="127.0.0.1",
        port=server.port,
        user="caching",
        password="p",
        use_pure=True,
        auth_plugin="mysql_native_password",
    )
    cursor = connection.cursor(prepared=True)
    cursor.execute("SELECT ?, ?", ("x'y", None))
    assert cursor.fetchall() == [("x'y", None)]
    cursor.close()
    connection.cmd_change_user("pw", "secret", "oceanbase")
    cursor = connection.cursor()
    cursor.execute("SELECT user")
    assert cursor.fetchall() == [("pw@sys",)]
    cursor.close()
    connection.cmd_reset_connection()
    connection.close()
    assert host.bound == [("x'y", None)]


def test_the_log_tells_who_came_and_went(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "obsim.server")
    with Wire(port) as wire:
        wire.login()
        number = wire.connection_id
    deadline = time.monotonic() + 5
    while "ended" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    said = [record for record in caplog.records if getattr(record, "connection", None) == number]
    assert [(record.getMessage(), record.client) for record in said] == [
        ("logged in", "127.0.0.1"),
        ("connection ended", "127.0.0.1"),
    ]
    assert (said[0].user, said[0].tenant) == ("root", "sys")
