"""Transactions as a client sees them: the flags of each answer, savepoints, READ ONLY."""

from collections.abc import Iterator

import pymysql
import pytest
from mysql import connector

import obsim
from obsim.answers import Ok
from obsim.api import make_host
from obsim.errors import NotModelled, ServerError
from obsim.session import Session
from obsim.session.transactions import SAVEPOINTS_MAX
from obsim.sql.reader import read_statement

IN_TRANS, AUTOCOMMIT = 1, 2


@pytest.fixture
def session() -> Session:
    host = make_host()
    owner = host.state.tenant_named("mysql_tenant")
    assert owner is not None
    return host.open("root", owner, "127.0.0.1", "oceanbase")


def run(session: Session, *texts: str) -> None:
    for text in texts:
        assert session.execute(text) == Ok()


def refused(session: Session, text: str) -> tuple[int, str, str]:
    with pytest.raises(ServerError) as caught:
        session.execute(text)
    return caught.value.errno, caught.value.sqlstate, caught.value.message


def missing(name: str) -> tuple[int, str, str]:
    return 1305, "42000", f"savepoint does not exist: {name}"


def test_savepoints_nest(session: Session) -> None:
    run(session, "BEGIN", "SAVEPOINT a", "SAVEPOINT b", "SAVEPOINT c", "ROLLBACK TO b", "ROLLBACK TO SAVEPOINT b")
    assert refused(session, "ROLLBACK TO c") == missing("c")
    run(session, "RELEASE SAVEPOINT a")
    assert refused(session, "RELEASE SAVEPOINT b") == missing("b")


def test_a_savepoint_of_the_same_name_moves(session: Session) -> None:
    run(session, "BEGIN", "SAVEPOINT a", "SAVEPOINT b", "SAVEPOINT a", "ROLLBACK TO b")
    assert refused(session, "ROLLBACK TO a") == missing("a")


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK", "BEGIN", "COMMIT AND CHAIN", "SET autocommit = 1"])
def test_the_end_of_a_transaction_takes_its_savepoints(session: Session, ending: str) -> None:
    run(session, "BEGIN", "SAVEPOINT a", ending)
    assert refused(session, "ROLLBACK TO a") == missing("a")


def test_with_autocommit_a_savepoint_outside_a_transaction_is_gone_at_once(session: Session) -> None:
    run(session, "SAVEPOINT a")
    assert not session.status_flags & IN_TRANS
    assert refused(session, "ROLLBACK TO a") == missing("a")


def test_without_autocommit_a_savepoint_opens_a_transaction(session: Session) -> None:
    run(session, "SET autocommit = 0", "SAVEPOINT a")
    assert session.status_flags & (IN_TRANS | AUTOCOMMIT) == IN_TRANS
    run(session, "ROLLBACK TO a", "COMMIT")
    assert session.status_flags & (IN_TRANS | AUTOCOMMIT) == 0


def test_savepoints_are_limited(session: Session) -> None:
    run(session, "BEGIN", *(f"SAVEPOINT s{number}" for number in range(SAVEPOINTS_MAX)), "SAVEPOINT s0")
    with pytest.raises(NotModelled):
        session.execute("SAVEPOINT more")


WRITE = "ALTER SYSTEM SET ha_low_thread_score = 10"
READ_ONLY = (1792, "25006", "Cannot execute statement in a READ ONLY transaction.")


def test_read_only_of_the_next_transaction_alone(session: Session) -> None:
    run(session, "SET TRANSACTION READ ONLY", "BEGIN")
    assert refused(session, WRITE) == READ_ONLY
    run(session, "COMMIT", "BEGIN", WRITE)


def test_read_only_of_the_session(session: Session) -> None:
    run(session, "SET SESSION TRANSACTION READ ONLY", "BEGIN")
    assert refused(session, WRITE) == READ_ONLY
    run(session, "START TRANSACTION READ WRITE", WRITE, "COMMIT", "SET TRANSACTION READ WRITE", "BEGIN", WRITE)


def test_a_chained_transaction_is_like_the_one_before(session: Session) -> None:
    run(session, "START TRANSACTION READ ONLY", "COMMIT AND CHAIN")
    assert refused(session, WRITE) == READ_ONLY
    run(session, "ROLLBACK AND NO CHAIN", WRITE)


def test_characteristics_cannot_change_inside(session: Session) -> None:
    run(session, "BEGIN")
    text = "Transaction characteristics can't be changed while a transaction is in progress"
    assert refused(session, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED") == (1568, "25001", text)
    run(session, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")


def test_what_defines_accounts_commits(session: Session) -> None:
    run(session, "BEGIN", "SAVEPOINT a", "CREATE USER u1")
    assert not session.status_flags & IN_TRANS
    assert refused(session, "ROLLBACK TO a") == missing("a")


def test_xa_is_refused_by_name(session: Session) -> None:
    for text in ("XA START 'x'", "XA RECOVER"):
        assert refused(session, text) == (1235, "0A000", "obsim does not model XA")


class TestOverASocket:
    @pytest.fixture
    def server(self) -> Iterator[obsim.Server]:
        with obsim.Server(seed=7) as running:
            yield running

    def test_flags_as_pymysql_reads_them(self, server: obsim.Server) -> None:
        arguments = server.connect_args("mysql_tenant")
        with pymysql.connect(**arguments) as connection, connection.cursor() as cursor:
            seen = []
            for text in ("SET autocommit = 0", "SELECT COUNT(*) FROM oceanbase.DBA_OB_TENANTS", "COMMIT",
                         "SET autocommit = 1", "START TRANSACTION WITH CONSISTENT SNAPSHOT", "ROLLBACK"):  # fmt: skip
                cursor.execute(text)
                cursor.execute("SET @x = 1")  # this client reads the flags of an OK alone
                seen.append(connection.server_status & (IN_TRANS | AUTOCOMMIT))
            assert seen == [0, IN_TRANS, 0, AUTOCOMMIT, IN_TRANS | AUTOCOMMIT, AUTOCOMMIT]

    def test_mysql_connector_knows_its_transaction(self, server: obsim.Server) -> None:
        arguments = server.connect_args("mysql_tenant")
        with connector.connect(
            host=arguments["host"], port=arguments["port"], user=arguments["user"], use_pure=True
        ) as connection:
            connection.start_transaction(isolation_level="READ COMMITTED", readonly=True)
            assert connection.in_transaction
            with pytest.raises(connector.Error, match="READ ONLY transaction") as caught:
                connection.cursor().execute(WRITE)
            assert (caught.value.errno, caught.value.sqlstate) == (1792, "25006")
            connection.rollback()
            assert not connection.in_transaction
            with pytest.raises(connector.Error) as caught:
                connection.cursor().execute("ROLLBACK TO SAVEPOINT nowhere")
            assert (caught.value.errno, caught.value.sqlstate) == (1305, "42000")


def test_a_savepoint_named_savepoint_prints_back() -> None:
    found = read_statement("ROLLBACK TO `SAVEPOINT`")
    assert read_statement(found.sql()) == found
