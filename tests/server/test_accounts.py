"""Accounts over a socket: login by name, host, password and lock; privileges of open connections."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pymysql
import pytest

import obsim

if TYPE_CHECKING:
    from pymysql.connections import Connection

POLL = "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOBS"


@pytest.fixture
def server() -> Iterator[obsim.Server]:
    with obsim.Server(seed=7) as running:
        yield running


def connect(server: obsim.Server, user: str, password: str = "", **options: object) -> "Connection":
    return pymysql.connect(host="127.0.0.1", port=server.port, user=user, password=password, **options)


def run(connection: "Connection", *texts: str) -> tuple[tuple[object, ...], ...]:
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute(text)
        return tuple(cursor.fetchall())


def code(server: obsim.Server, user: str, password: str = "", **options: object) -> int:
    with pytest.raises(pymysql.err.MySQLError) as caught:
        connect(server, user, password, **options)
    return int(caught.value.args[0])


def test_a_new_account_logs_in_until_its_password_changes(server: obsim.Server) -> None:
    root = connect(server, "root@mysql_tenant")
    run(root, "CREATE USER 'app' IDENTIFIED BY 'one'")
    app = connect(server, "app@mysql_tenant", "one")
    assert run(app, "SELECT CURRENT_USER()") == (("app@%",),)
    assert code(server, "app@mysql_tenant", "two") == 1045
    assert code(server, "app", "one") == 1045  # the account of another tenant
    run(app, "SET PASSWORD = PASSWORD('two')")
    connect(server, "app@mysql_tenant", "two").close()
    assert code(server, "app@mysql_tenant", "one") == 1045


def test_a_stored_hash(server: obsim.Server) -> None:
    root = connect(server, "root")
    run(root, "CREATE USER h IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'")
    connect(server, "h", "password").close()
    with pytest.raises(pymysql.err.MySQLError) as caught:
        run(root, "CREATE USER i IDENTIFIED BY PASSWORD 'plain'")
    assert caught.value.args[0] == 1372


def test_locked_accounts(server: obsim.Server) -> None:
    root = connect(server, "root")
    run(root, "CREATE USER a IDENTIFIED BY 'p'", "ALTER USER a ACCOUNT LOCK")
    assert code(server, "a", "p") == 3118
    assert code(server, "a", "wrong") == 1045
    run(root, "ALTER USER a ACCOUNT UNLOCK")
    connect(server, "a", "p").close()


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("127.0.0.1", True), ("127.0.0.%", True), ("127.0.0._", True), ("127.0.0.0/8", True), ("localhost", True),
        ("10.0.0.1", False), ("10.%", False), ("10.0.0.0/8", False), ("nonsense/8", False),
    ],
)  # fmt: skip
def test_hosts(server: obsim.Server, host: str, fits: bool) -> None:
    root = connect(server, "root")
    run(root, f"CREATE USER 'a'@'{host}' IDENTIFIED BY 'p'")
    if fits:
        assert run(connect(server, "a", "p"), "SELECT CURRENT_USER()") == ((f"a@{host}",),)
    else:
        assert code(server, "a", "p") == 1045


def test_the_most_exact_host_counts(server: obsim.Server) -> None:
    root = connect(server, "root")
    run(root, "CREATE USER a IDENTIFIED BY 'any'", "CREATE USER 'a'@'127.0.0.1' IDENTIFIED BY 'here'")
    assert run(connect(server, "a", "here"), "SELECT CURRENT_USER()") == (("a@127.0.0.1",),)
    assert code(server, "a", "any") == 1045


def test_oracle_names_ignore_case(server: obsim.Server) -> None:
    root = connect(server, "SYS@oracle_tenant")
    run(root, "CREATE USER app IDENTIFIED BY 'p'")
    connect(server, "aPP@oracle_tenant", "p").close()


def test_a_database_at_login(server: obsim.Server) -> None:
    run(connect(server, "root"), "CREATE USER a")
    assert code(server, "a", database="oceanbase") == 1044
    run(connect(server, "root"), "GRANT SELECT ON oceanbase.* TO a")
    connect(server, "a", database="oceanbase").close()


def test_a_revoke_reaches_a_kept_poll(server: obsim.Server) -> None:
    root = connect(server, "root")
    run(root, "CREATE USER a", "GRANT SELECT ON oceanbase.* TO a")
    session = connect(server, "a")
    assert run(session, POLL) == run(session, POLL) == run(session, POLL) == ((0,),)
    run(root, "REVOKE SELECT ON oceanbase.* FROM a")
    with pytest.raises(pymysql.err.MySQLError) as caught:
        run(session, POLL)
    assert caught.value.args == (1142, "SELECT command denied to user 'a'@'%' for table 'CDB_OB_BACKUP_JOBS'")
    run(root, "GRANT SELECT ON *.* TO a")
    assert run(session, POLL) == ((0,),)


def test_found_rows_follow_a_kept_answer(server: obsim.Server) -> None:
    session = connect(server, "root")
    text = "SELECT TENANT_ID FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_ID < 1003"
    for _ in range(3):
        assert len(run(session, text)) == 3
    run(session, "SELECT 1 UNION SELECT 2")
    assert len(run(session, text)) == 3
    assert run(session, "SELECT FOUND_ROWS()") == ((3,),)
    run(session, "SET @a = 1")
    run(session, text)
    assert run(session, "SELECT ROW_COUNT()") == ((-1,),)


def test_alter_system_over_the_wire(server: obsim.Server) -> None:
    run(connect(server, "root"), "CREATE USER a")
    session = connect(server, "a")
    with pytest.raises(pymysql.err.MySQLError) as caught:
        run(session, "ALTER SYSTEM BACKUP DATABASE")
    assert caught.value.args == (
        1227, "Access denied; you need (at least one of) the ALTER SYSTEM privilege(s) for this operation",
    )  # fmt: skip


def test_a_dropped_user_s_connection_goes_on(server: obsim.Server) -> None:
    root = connect(server, "root")
    run(root, "CREATE USER a")
    session = connect(server, "a")
    run(root, "DROP USER a")
    assert run(session, "SELECT 1") == ((1,),)
    assert code(server, "a") == 1045
