"""The server over the real engine: what needs both of them."""

import time
from collections.abc import Iterator

import pymysql
import pytest
from mysql import connector

import obsim
from obsim.destination.outside import Outside
from obsim.errors import UsageError
from tests.server.wire import BASIC, MULTI_STATEMENTS, ServerSaid, Wire

JOBS = "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY ORDER BY TENANT_ID"


@pytest.fixture
def server() -> Iterator[obsim.Server]:
    with obsim.Server(seed=7) as running:
        yield running


def rows(server: obsim.Server, tenant: str, sql: str) -> tuple[tuple[object, ...], ...]:
    with pymysql.connect(**server.connect_args(tenant)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return tuple(cursor.fetchall())


def test_every_tenant_logs_in(server: obsim.Server) -> None:
    for tenant in ("sys", "mysql_tenant", "oracle_tenant"):
        assert rows(server, tenant, "SELECT 1") == ((1,),)
    for user in ("root", "root@sys#obcluster", "sys@oracle_tenant", "SYS@oracle_tenant#obcluster"):
        pymysql.connect(host=server.host, port=server.port, user=user).close()
    for user in ("root@META$1002", "root@oracle_tenant", "root@sys#other", "nobody"):
        with pytest.raises(pymysql.err.OperationalError, match="Access denied") as caught:
            pymysql.connect(host=server.host, port=server.port, user=user)
        assert caught.value.args[0] == 1045
    with pytest.raises(UsageError, match="there is no tenant 'nowhere'"):
        server.connect_args("nowhere")


def test_the_cluster_moves_only_when_told(server: obsim.Server) -> None:
    rows(server, "mysql_tenant", "ALTER SYSTEM BACKUP DATABASE")
    assert rows(server, "sys", JOBS) == ()
    server.cluster.run_until_idle()
    assert {status for (status,) in rows(server, "sys", JOBS)} == {"COMPLETED"}


def test_a_poll_sees_each_change(server: obsim.Server) -> None:
    sql = "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS"
    with pymysql.connect(**server.connect_args("sys")) as connection, connection.cursor() as cursor:

        def poll() -> set[object]:
            cursor.execute(sql)
            return {status for (status,) in cursor.fetchall()}

        assert poll() == poll() == set()
        rows(server, "mysql_tenant", "ALTER SYSTEM BACKUP DATABASE")
        assert poll() == poll() != set()
        server.cluster.run_until_idle()
        assert poll() == set()


def test_sessions_of_the_cluster_from_another_thread(server: obsim.Server) -> None:
    with server.cluster.session(tenant="mysql_tenant") as session:
        session.execute("SET @x = 5")
        assert [tuple(row) for row in session.query("SELECT @x")] == [(5,)]
    with pytest.raises(obsim.ServerError, match="1064"):
        server.cluster.execute("NONSENSE")
    with pytest.raises(UsageError, match="belongs to the thread"):
        server.cluster._target.execute("SELECT 1")  # type: ignore[attr-defined]


def begin_long_jump(server: obsim.Server, owner: Wire) -> None:
    """Something happens in every virtual second, for years: minutes of work."""
    server.cluster.schedule(1_000_000_000, "ALTER SYSTEM SET ha_low_thread_score = 1")
    owner.command(3, b"CALL obsim.advance('90000h')")
    deadline = time.monotonic() + 10
    while not server.listener.shared.gate.held:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_while_something_outside_is_waited_for_a_client_logs_in_and_kills(
    server: obsim.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Wire(server.port) as owner, Wire(server.port) as other:
        owner.login("root")
        monkeypatch.setattr(Outside, "blocked", property(lambda _: True))
        monkeypatch.setattr(Outside, "collect", lambda _: False)
        owner.command(3, b"ALTER SYSTEM MINOR FREEZE")
        while not server.listener.shared.gate.held:
            pass
        other.login("root", collation=8)
        other.command(0x0C, owner.connection_id.to_bytes(4, "little"))
        assert other.answer().affected_rows == 0
        with pytest.raises(ServerSaid) as caught:
            owner.answer()
        assert caught.value.errno == 1317
        monkeypatch.undo()
        assert other.query("SELECT @@character_set_results").rows == [(b"latin1",)]


def test_a_long_jump_lets_others_in_and_can_be_killed(server: obsim.Server) -> None:
    with Wire(server.port) as owner, Wire(server.port) as other:
        owner.login("root")
        begin_long_jump(server, owner)
        other.login("root@mysql_tenant")
        other.command(0x0E)
        assert other.answer().status & 2
        assert other.query("SET NAMES utf8mb4").affected_rows == 0
        with Wire(server.port) as killer:
            killer.login("root")
            killer.query(f"KILL QUERY {owner.connection_id}")
        with pytest.raises(ServerSaid) as caught:
            owner.answer()
        assert (caught.value.errno, caught.value.sqlstate) == (1317, "70100")
        assert owner.query("SHOW WARNINGS").rows[0][1] == b"1317"


def test_a_client_that_leaves_takes_its_jump_along(server: obsim.Server) -> None:
    with Wire(server.port) as owner:
        owner.login("root")
        begin_long_jump(server, owner)
    assert rows(server, "sys", "SELECT 1") == ((1,),)


def test_scripts_of_agents(server: obsim.Server) -> None:
    with Wire(server.port) as wire:
        wire.login("root", capabilities=BASIC | MULTI_STATEMENTS, database="oceanbase")
        first = wire.query("SET ENCRYPTION ON IDENTIFIED BY 'geheim' ONLY; ALTER SYSTEM BACKUP DATABASE; SELECT 1")
        assert first.more
        assert wire.answer().more
        assert wire.answer().rows == [(b"1",)]


def test_several_statements_without_the_capability_are_1149(server: obsim.Server) -> None:
    with Wire(server.port) as wire:
        wire.login("root", database="oceanbase")
        with pytest.raises(ServerSaid) as caught:
            wire.query("SELECT 1; SELECT 2")
        assert (caught.value.errno, caught.value.sqlstate) == (1149, "42000")
        assert wire.query("SELECT 1; -- and no more").rows == [(b"1",)]


def test_process_lists_tell_the_ports_of_clients(server: obsim.Server) -> None:
    with Wire(server.port) as wire:
        wire.login("root", database="oceanbase")
        host = f"127.0.0.1:{wire.socket.getsockname()[1]}".encode()
        assert host in [row[2] for row in wire.query("SHOW PROCESSLIST").rows]
        assert host in [row[0] for row in wire.query("SELECT HOST FROM information_schema.PROCESSLIST").rows]
        assert wire.query("SELECT USER()").rows == [(b"root@127.0.0.1",)]


def test_commands_with_an_empty_body(server: obsim.Server) -> None:
    """Recorded group `raw command`."""
    with Wire(server.port) as wire:
        wire.login("root", database="oceanbase")
        wire.command(0x0D)
        assert wire.receive() == b"\xfe\x00\x00\x02\x00"
        wire.command(4)
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, "near 'where 0' at line 1" in caught.value.message) == (1064, True)


def test_prepared_statements_over_views(server: obsim.Server) -> None:
    connection = connector.connect(**server.connect_args("sys"), use_pure=True, database="oceanbase")
    cursor = connection.cursor(prepared=True)
    cursor.execute(
        "SELECT TENANT_ID, TENANT_NAME FROM DBA_OB_TENANTS WHERE TENANT_NAME = ? OR TENANT_ID IN (?, ?)",
        ("sys", 1002, 9),
    )
    assert cursor.fetchall() == [(1, "sys"), (1002, "mysql_tenant")]
    cursor.execute("SELECT TENANT_NAME FROM DBA_OB_TENANTS WHERE TENANT_NAME = ?", ("sys' OR '1'='1",))
    assert cursor.fetchall() == []
    connection.close()


def test_field_list_and_databases(server: obsim.Server) -> None:
    with Wire(server.port) as wire:
        wire.login("root", database="oceanbase")
        wire.command(0x04, b"DBA_OB_TENANTS\0TENANT\\_N%")
        names = []
        while (packet := wire.receive())[0] != 0xFE:
            names.append(packet)
        assert len(names) == 1
        assert b"TENANT_NAME" in names[0]
        wire.command(0x02, b"nosuchdb")
        with pytest.raises(ServerSaid) as caught:
            wire.answer()
        assert (caught.value.errno, caught.value.message) == (1049, "Unknown database")


def test_variables_know_where_the_server_listens(server: obsim.Server) -> None:
    assert rows(server, "sys", "SELECT @@port, @@max_allowed_packet") == ((server.port, 16_777_216),)


def test_a_broken_scenario_is_the_start_s_error() -> None:
    with pytest.raises(obsim.ScenarioError):
        obsim.Server("no-such-scenario").start()
