"""PREPARE, EXECUTE and DEALLOCATE as statements, DO, LOCK TABLES: in a session and over two clients' sockets."""

import gc
from collections.abc import Iterator

import pymysql
import pytest
from mysql import connector

import obsim
from obsim.answers import Ok, ResultSet
from obsim.api import make_host
from obsim.session import Session
from obsim.session.named import STATEMENTS_MAX
from tests.answers import done, refused, rows

UNKNOWN = (1243, "HY000", "Unknown prepared statement handle")
IN_PROTOCOL = (1295, "HY000", "This command is not supported in the prepared statement protocol yet")


@pytest.fixture
def session() -> Session:
    host = make_host()
    owner = host.state.tenant_named("sys")
    assert owner is not None
    return host.open("root", owner, "127.0.0.1", "oceanbase")


def run(session: Session, *texts: str) -> None:
    for text in texts:
        assert isinstance(done(session.execute(text)), Ok)


def test_marks_take_the_values_of_user_variables(session: Session) -> None:
    run(session, "PREPARE s FROM 'SELECT ? + 1, CONCAT(?, \\'x\\'), @c'", "SET @a = 4, @B = 'b', @c = NULL")
    assert rows(session, "EXECUTE s USING @a, @b") == [(5, "bx", None)]
    run(session, "SET @a = -1, @c = 7")
    assert rows(session, "execute S using @`A`, @'b'") == [(0, "bx", 7)]


def test_a_value_is_bound_and_never_read_as_text(session: Session) -> None:
    run(session, "PREPARE s FROM 'SELECT ?'", "SET @a = '1 UNION SELECT 2'")
    assert rows(session, "EXECUTE s USING @a") == [("1 UNION SELECT 2",)]


def test_the_text_may_come_from_a_variable(session: Session) -> None:
    run(session, "SET @t = 'SELECT TENANT_ID FROM DBA_OB_TENANTS WHERE TENANT_NAME = ?', @n = 'sys'")
    run(session, "PREPARE p FROM @t", "SET @t = 'changed'")
    assert rows(session, "EXECUTE p USING @n") == [(1,)]


@pytest.mark.parametrize("value", ["NULL", "5", "1.5"])
def test_a_variable_without_text_is_1149(session: Session, value: str) -> None:
    run(session, f"SET @t = {value}", "PREPARE p FROM 'SELECT 1'")
    assert refused(session, "PREPARE p FROM @t")[:2] == (1149, "42000")
    assert refused(session, "PREPARE p FROM @never")[:2] == (1149, "42000")
    assert rows(session, "EXECUTE p") == [(1,)], "the value is looked at before the old statement goes"


def test_unknown_names(session: Session) -> None:
    for text in ("EXECUTE s", "DEALLOCATE PREPARE s", "DROP PREPARE s"):
        assert refused(session, text) == UNKNOWN
    run(session, "PREPARE s FROM 'SELECT 1'", "DROP PREPARE S")
    assert refused(session, "EXECUTE s") == UNKNOWN
    assert rows(session, "SHOW WARNINGS") == [("Error", 1243, "Unknown prepared statement handle")]


@pytest.mark.parametrize("using", ["", " USING @a", " USING @a, @b, @c"])
def test_wrong_number_of_values_is_1210(session: Session, using: str) -> None:
    run(session, "PREPARE s FROM 'SELECT ?, ?'")
    assert refused(session, "EXECUTE s" + using) == (1210, "HY000", "Incorrect arguments to EXECUTE")


def test_preparing_anew_drops_the_old_one_even_in_vain(session: Session) -> None:
    run(session, "PREPARE s FROM 'SELECT 1'", "PREPARE s FROM 'SELECT 2'")
    assert rows(session, "EXECUTE s") == [(2,)]
    assert refused(session, "PREPARE s FROM 'SELCT 1'")[0] == 1064
    assert refused(session, "EXECUTE s") == UNKNOWN


@pytest.mark.parametrize("text", ["PREPARE x FROM @a", "EXECUTE s", "DEALLOCATE PREPARE s", "DROP PREPARE s"])
def test_what_cannot_be_prepared(session: Session, text: str) -> None:
    run(session, "PREPARE s FROM 'SELECT 1'")
    assert refused(session, f"PREPARE y FROM '{text}'") == IN_PROTOCOL


def test_several_statements_are_not_prepared(session: Session) -> None:
    expected = (1235, "0A000", "prepare multi-statement query not supported")
    assert refused(session, "PREPARE s FROM 'SELECT 1; SELECT 2'") == expected
    run(session, "PREPARE s FROM 'SELECT 1;'")


def test_statements_that_act_can_be_prepared(session: Session) -> None:
    run(session, "PREPARE s FROM 'SET @z = ?, autocommit = 0'", "SET @v = 'q'", "EXECUTE s USING @v")
    assert rows(session, "SELECT @z, @@autocommit") == [("q", 0)]
    run(session, "PREPARE b FROM 'ALTER SYSTEM BACKUP TENANT = mysql_tenant'", "EXECUTE b")
    assert rows(session, "SELECT COUNT(*) > 0 FROM CDB_OB_BACKUP_JOBS") == [(1,)]
    run(session, "PREPARE p FROM 'SHOW PARAMETERS LIKE ''ha_low%'''")
    assert [row[4] for row in rows(session, "EXECUTE p")] == ["ha_low_thread_score"]


def test_errors_come_when_the_text_is_prepared_or_run(session: Session) -> None:
    assert refused(session, "PREPARE s FROM 'SELECT * FROM nosuch'")[0] == 1146
    assert refused(session, "PREPARE s FROM ''")[0] == 1065
    run(session, "PREPARE s FROM 'KILL 999999'")
    assert refused(session, "EXECUTE s")[0] == 1094


def test_a_reset_connection_forgets_them(session: Session) -> None:
    run(session, "PREPARE s FROM 'SELECT 1'")
    session.reset()
    assert refused(session, "EXECUTE s") == UNKNOWN


def test_their_number_and_size_are_limited(session: Session) -> None:
    session.named.text_bytes = 64 * 1024 * 1024
    message = f"Can't create more than max_prepared_stmt_count statements (current value: {STATEMENTS_MAX})"
    assert refused(session, "PREPARE s FROM 'SELECT 1'") == (1461, "42000", message)
    session.named.text_bytes = 0
    for number in range(STATEMENTS_MAX):
        session.named.add(str(number), session.prepare("SELECT 1"), 8)
    assert refused(session, "PREPARE s FROM 'SELECT 1'") == (1461, "42000", message)
    run(session, "PREPARE `7` FROM 'SELECT 1'")


def test_what_is_prepared_takes_little_more_than_its_text(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obsim.query.evaluator.PLAN_TEXT_MAX", 1000)
    first = session.prepare("SELECT " + "1," * 400 + "7")
    assert len(first.taken_columns()) == 401
    assert first.taken_columns() == ()
    assert first.plan is not None
    assert first.plan() is not None
    session.prepare("SELECT " + "1," * 400 + "8")
    gc.collect()
    assert first.plan() is None
    answer = session.execute_prepared(first, ())
    assert isinstance(answer, ResultSet)
    assert answer.rows[0][-2:] == (1, 7)


def test_do_computes_and_gives_no_rows(session: Session) -> None:
    run(session, "DO 1, SLEEP(0), (SELECT COUNT(*) FROM DBA_OB_TENANTS)")
    assert refused(session, "DO nosuch(1)")[0] == 1305
    assert refused(session, "DO 1 FROM dual")[0] == 1064
    assert refused(session, "DO 2 * 3, t.*")[0] == 1064
    assert refused(session, "DO")[0] == 1064


def test_locks_answer(session: Session) -> None:
    run(session, "LOCK TABLES a READ, b.c AS x LOW_PRIORITY WRITE, d e READ LOCAL", "UNLOCK TABLES", "UNLOCK TABLE")
    for text in ("LOCK TABLES", "LOCK TABLES a", "LOCK TABLES a, b READ", "UNLOCK", "UNLOCK TABLES a"):
        assert refused(session, text)[0] == 1064


class TestOverASocket:
    @pytest.fixture
    def server(self) -> Iterator[obsim.Server]:
        with obsim.Server(seed=7) as running:
            yield running

    def test_pymysql(self, server: obsim.Server) -> None:
        with pymysql.connect(**server.connect_args("sys")) as connection, connection.cursor() as cursor:
            cursor.execute("SET @a := 'sys', @n := 3")
            cursor.execute("PREPARE s FROM 'SELECT TENANT_ID FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = ?'")
            for _ in range(3):
                cursor.execute("EXECUTE s USING @a")
                assert cursor.fetchall() == ((1,),)
            cursor.execute("PREPARE s FROM 'SELECT ? * 2'")
            cursor.execute("EXECUTE s USING @n")
            assert cursor.fetchall() == ((6,),), "an answer kept for the same bytes would be the old one"
            cursor.execute("DEALLOCATE PREPARE s")
            with pytest.raises(pymysql.err.MySQLError) as caught:
                cursor.execute("EXECUTE s USING @n")
            assert caught.value.args == (1243, "Unknown prepared statement handle")

    def test_mysql_connector(self, server: obsim.Server) -> None:
        arguments = server.connect_args("mysql_tenant")
        with connector.connect(
            host=arguments["host"], port=arguments["port"], user=arguments["user"], use_pure=True
        ) as connection:
            cursor = connection.cursor()
            cursor.execute("PREPARE s FROM 'SELECT 1, ''a'''")
            cursor.execute("EXECUTE s")
            assert cursor.fetchall() == [(1, "a")]
            cursor.execute("LOCK TABLES test.t WRITE")
            cursor.execute("DO SLEEP(0)")
            with pytest.raises(connector.Error) as caught:
                cursor.execute("EXECUTE nosuch")
            assert (caught.value.errno, caught.value.sqlstate) == (1243, "HY000")
            connection.cmd_reset_connection()
            with pytest.raises(connector.Error, match="Unknown prepared statement handle"):
                connection.cursor().execute("EXECUTE s")
