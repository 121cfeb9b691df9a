"""Views of information_schema that depend on who asks, and mysql.db."""

from collections.abc import Iterator

import pymysql
import pytest

import obsim
from obsim.answers import ResultSet, Value
from obsim.api import make_host
from obsim.catalog.information_schema import OF_SESSION
from obsim.session import Session, SessionHost
from obsim.session.own_views import OWN_ROWS


@pytest.fixture
def host() -> SessionHost:
    return make_host()


def login(host: SessionHost, user: str = "root", tenant: str = "sys") -> Session:
    owner = host.state.tenant_named(tenant)
    assert owner is not None
    return host.open(user, owner, "127.0.0.1:5000")


def rows(session: Session, text: str) -> list[tuple[Value, ...]]:
    answer = session.execute(text)
    assert isinstance(answer, ResultSet)
    return [tuple(row) for row in answer.rows]


def with_account(host: SessionHost) -> Session:
    root = login(host)
    for text in (
        "CREATE USER u1", "GRANT SELECT ON oceanbase.* TO u1", "GRANT PROCESS ON *.* TO u1",
        "GRANT SELECT, INSERT ON test.t TO u1 WITH GRANT OPTION",
    ):  # fmt: skip
        root.execute(text)
    return root


def test_every_such_view_has_rows_of_its_own() -> None:
    assert OWN_ROWS.keys() == OF_SESSION.keys() | {"statements"}


def test_every_row_fits_its_columns(host: SessionHost) -> None:
    session = with_account(host)
    for name, columns in OF_SESSION.items():
        found = rows(session, f"SELECT * FROM information_schema.{name}")
        assert found
        assert {len(row) for row in found} == {len(columns)}


@pytest.mark.parametrize(
    ("view", "found"),
    [
        ("USER_PRIVILEGES", [("'u1'@'%'", "def", "PROCESS", "NO")]),
        ("SCHEMA_PRIVILEGES", [("'u1'@'%'", "def", "oceanbase", "SELECT", "NO")]),
        (
            "TABLE_PRIVILEGES",
            [("'u1'@'%'", "def", "test", "t", "INSERT", "YES"), ("'u1'@'%'", "def", "test", "t", "SELECT", "YES")],
        ),
    ],
)
def test_privileges_are_those_granted(host: SessionHost, view: str, found: list[tuple[str, ...]]) -> None:
    root = with_account(host)
    assert rows(root, f"SELECT * FROM information_schema.{view} WHERE GRANTEE = '\\'u1\\'@\\'%\\''") == found
    assert rows(login(host, "u1"), f"SELECT * FROM information_schema.{view}") == found, "others are not shown"


def test_an_account_without_privileges_has_usage(host: SessionHost) -> None:
    login(host).execute("CREATE USER u2")
    assert rows(login(host, "u2"), "SELECT * FROM information_schema.USER_PRIVILEGES") == [
        ("'u2'@'%'", "def", "USAGE", "NO")
    ]


def test_an_administrator_has_them_all(host: SessionHost) -> None:
    session = login(host)
    names = [name for (name,) in rows(session, "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES")]
    assert len(names) == len(set(names)) > 20
    assert {"SELECT", "SUPER", "ALTER SYSTEM", "SHOW DB"} <= set(names)


def test_the_process_list_is_that_of_show(host: SessionHost) -> None:
    first, second = login(host), login(host, tenant="mysql_tenant")
    text = "SELECT ID, USER, HOST, INFO FROM information_schema.PROCESSLIST ORDER BY ID"
    assert rows(first, text) == [
        (first.connection_id, "root", "127.0.0.1:5000", text), (second.connection_id, "root", "127.0.0.1:5000", None),
    ]  # fmt: skip
    assert [row[0] for row in rows(second, text)] == [second.connection_id], "its own tenant's"


def test_variables_follow_the_session_that_asks(host: SessionHost) -> None:
    one, two = login(host), login(host)
    one.execute("SET ob_query_timeout = 77, GLOBAL ob_trx_timeout = 88")
    text = (
        "SELECT s.VARIABLE_VALUE, g.VARIABLE_VALUE FROM information_schema.SESSION_VARIABLES s "
        "JOIN information_schema.GLOBAL_VARIABLES g USING (VARIABLE_NAME) "
        "WHERE VARIABLE_NAME IN ('ob_query_timeout', 'ob_trx_timeout') ORDER BY VARIABLE_NAME"
    )
    timeout = rows(two, text)[0][1]
    assert rows(one, text) == [("77", timeout), (str(rows(one, "SELECT @@ob_trx_timeout")[0][0]), "88")]
    assert rows(two, text)[0] == (timeout, timeout)
    assert rows(one, text)[0] == ("77", timeout)
    listed = rows(one, "SELECT * FROM information_schema.SESSION_VARIABLES ORDER BY VARIABLE_NAME")
    assert sorted(listed, key=str) == sorted(rows(one, "SHOW VARIABLES"), key=str)


def test_status_is_that_of_show(host: SessionHost) -> None:
    session = login(host)
    for scope in ("SESSION", "GLOBAL"):
        assert rows(session, f"SELECT * FROM information_schema.{scope}_STATUS") == rows(session, "SHOW STATUS")


def test_schema_grants_in_mysql_db(host: SessionHost) -> None:
    root = with_account(host)
    text = "SELECT host, db, user, select_priv, insert_priv, grant_priv FROM mysql.db"
    assert rows(root, text) == [("%", "oceanbase", "u1", "Y", "N", "N")]
    root.execute("GRANT INSERT ON oceanbase.* TO u1 WITH GRANT OPTION")
    assert rows(root, text) == [("%", "oceanbase", "u1", "Y", "Y", "Y")]


def test_what_is_asked_when_there_are_no_routines_and_events(host: SessionHost) -> None:
    session = login(host)
    for name in ("EVENTS", "PARAMETERS", "ROUTINES", "TRIGGERS", "COLUMN_PRIVILEGES", "PARTITIONS"):
        assert rows(session, f"SELECT * FROM information_schema.{name}") == []
    assert ("utf8mb4_bin", "utf8mb4") in rows(
        session, "SELECT * FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
    )


class TestOverASocket:
    @pytest.fixture
    def server(self) -> Iterator[obsim.Server]:
        with obsim.Server(seed=7) as running:
            yield running

    def test_answers_are_never_those_of_another_moment(self, server: obsim.Server) -> None:
        text = "SELECT VARIABLE_VALUE FROM information_schema.SESSION_VARIABLES WHERE VARIABLE_NAME = 'sql_mode'"
        two = pymysql.connect(**server.connect_args("sys"))
        with pymysql.connect(**server.connect_args("sys")) as one:
            for connection, mode in ((one, "ANSI_QUOTES"), (two, ""), (one, "STRICT_ALL_TABLES")):
                with connection.cursor() as cursor:
                    cursor.execute(f"SET sql_mode = '{mode}'")
                    cursor.execute(text)
                    assert cursor.fetchall() == ((mode,),)
            with one.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST")
                assert cursor.fetchall() == ((2,),)
                two.close()
                # The server sees the other end of that connection in a later turn of its loop than this answer's.
                counts = []
                while counts[-1:] != [1] and len(counts) < 1000:
                    cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST")
                    counts += [count for (count,) in cursor.fetchall()]
                assert counts[-1] == 1
