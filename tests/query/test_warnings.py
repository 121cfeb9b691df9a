"""Warning 1292: texts that are read as numbers and are none."""

from collections.abc import Iterator

import pymysql
import pytest

import obsim
from obsim.answers import ResultSet
from obsim.api import make_host
from obsim.session import Session


@pytest.fixture
def session() -> Session:
    host = make_host()
    return host.open("root", host.state.sys, "127.0.0.1", "oceanbase")


def warnings(session: Session, text: str) -> list[str]:
    answer = session.execute(text)
    assert isinstance(answer, ResultSet)
    assert {(level, code) for level, code, _ in session.warnings} <= {("Warning", 1292)}
    return [message for _, _, message in session.warnings]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT CAST('a' AS SIGNED)", ["INTEGER value: 'a'"]),
        ("SELECT CAST('-1z' AS UNSIGNED)", ["INTEGER value: '-1z'"]),
        ("SELECT CAST('1.5' AS SIGNED)", ["INTEGER value: '1.5'"]),
        ("SELECT CAST('1.5x' AS DECIMAL(10,2))", ["DECIMAL value: '1.5x'"]),
        ("SELECT 'abc' + 1", ["DOUBLE value: 'abc'"]),
        ("SELECT 1 = '1e'", ["DOUBLE value: '1e'"]),
        ("SELECT 1 WHERE 'x' = 0", ["DOUBLE value: 'x'"]),
        ("SELECT 1 WHERE TENANT_ID IN (1, '2a')", None),
        ("SELECT SUM('1a')", ["DOUBLE value: '1a'"]),
    ],
)
def test_what_is_cut_is_told(session: Session, text: str, told: list[str] | None) -> None:
    if told is None:
        told, text = ["DOUBLE value: '2a'"], text.replace("WHERE", "FROM DBA_OB_TENANTS WHERE")
    assert warnings(session, text) == [f"Truncated incorrect {one}" for one in told]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '12' + 1, ' 3 ' * 2, '1e3' - 1, '.5' / 1, '-7' = -7",
        "SELECT CAST(' 7 ' AS SIGNED), CAST('+7' AS UNSIGNED), CAST('1.50' AS DECIMAL(4,1))",
        "SELECT NULL + 1, x'41' + 0, CAST(NULL AS SIGNED), CAST(1.5 AS SIGNED)",
        "SELECT COUNT(*) FROM DBA_OB_TENANTS WHERE TENANT_ID = '1' AND TENANT_NAME = 'sys'",
        "SELECT NOW() > '2020-01-01', 'a' = 'b', 'a' LIKE 1",
    ],
)
def test_what_is_a_number_or_is_not_read_as_one_is_not(session: Session, text: str) -> None:
    assert warnings(session, text) == []


def test_each_row_has_its_own(session: Session) -> None:
    names = warnings(session, "SELECT TENANT_ID FROM DBA_OB_TENANTS WHERE TENANT_NAME = 0")
    assert len(names) == 5
    assert "Truncated incorrect DOUBLE value: 'sys'" in names


def test_there_are_at_most_64_and_none_is_long(session: Session) -> None:
    assert len(warnings(session, "SELECT COUNT(*) FROM GV$OB_PARAMETERS WHERE NAME = 0")) == 64
    (one,) = warnings(session, f"SELECT 0 + '{'y' * 5000}'")
    assert one == f"Truncated incorrect DOUBLE value: '{'y' * 128}'"


def test_they_last_until_the_next_statement(session: Session) -> None:
    session.execute("SELECT CAST('a' AS SIGNED)")
    assert warnings(session, "SELECT @@warning_count") == ["Truncated incorrect INTEGER value: 'a'"]
    assert warnings(session, "SELECT 1") == []


def test_they_come_with_every_answer_over_a_socket(server: obsim.Server) -> None:
    with pymysql.connect(**server.connect_args("sys")) as connection, connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute("SELECT COUNT(*) FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = 0")
            assert cursor.fetchall() == ((5,),)
            assert cursor.warning_count == 5
            cursor.execute("SHOW WARNINGS LIMIT 1")
            assert cursor.fetchall()[0][:2] == ("Warning", 1292)
            cursor.execute("SELECT 1")
            assert cursor.warning_count == 0


@pytest.fixture
def server() -> Iterator[obsim.Server]:
    with obsim.Server(seed=7) as running:
        yield running
