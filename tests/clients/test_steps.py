"""Every client through the same five steps: what is green here is the table client by step.

The server's clock steps with the statements and is moved along between two polls, so no step waits.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.common import Refused, Row
from tests.clients.conftest import Client
from tests.clients.kinds import CLIENTS

POLLS_MAX = 60
WHO = "TENANT = mysql_tenant"
OWN_NAME = "SELECT TENANT_NAME FROM SYS.DBA_OB_TENANTS WHERE TENANT_TYPE = 'USER'"
JOBS = "SELECT JOB_ID, BACKUP_TYPE, STATUS FROM {} WHERE TENANT_ID = 1002 ORDER BY JOB_ID"
SETS = (
    "SELECT BACKUP_SET_ID, BACKUP_TYPE, STATUS, FILE_STATUS, MACRO_BLOCK_COUNT FROM CDB_OB_BACKUP_SET_FILES "
    "WHERE TENANT_ID = 1002 ORDER BY BACKUP_SET_ID"
)


def until(session: Any, sql: str, done: Callable[[list[Row]], bool]) -> list[list[Row]]:
    """Ask again and again, two virtual seconds apart, until the answer satisfies; returns all answers."""
    answers = []
    for _ in range(POLLS_MAX):
        answers.append(session.rows(sql))
        if done(answers[-1]):
            return answers
        session.rows("CALL obsim.advance('2s')")
    raise AssertionError(f"{sql} after {POLLS_MAX} polls: {answers[-1]}")


def refusal(act: Callable[..., object], *arguments: object) -> Refused:
    with pytest.raises(Refused) as raised:
        act(*arguments)
    return raised.value


def login(client: Client) -> None:
    """Into sys by its short name, a MySQL-mode and an Oracle-mode tenant; a wrong user, a wrong database."""
    asked = "SELECT VERSION() AS version, DATABASE() AS chosen"
    (told,) = client.connect("root").rows(asked)
    assert told == {"version": "5.7.25-OceanBase_CE-v4.2.1.0", "chosen": "oceanbase"}
    (told,) = client.connect("root@mysql_tenant#obcluster", "test").rows("SELECT DATABASE() AS chosen")
    assert told == {"chosen": "test"}
    (row,) = client.connect("SYS@oracle_tenant", None).rows(OWN_NAME)
    assert row == {"TENANT_NAME": "oracle_tenant"}
    denied = refusal(lambda: client.connect("nobody@sys").rows("SELECT 1"))
    assert (denied.errno, "Access denied for user 'nobody'" in denied.message) == (1045, True)
    unknown = refusal(lambda: client.connect("root", "nowhere").rows("SELECT 1"))
    assert (unknown.errno, "Unknown database 'nowhere'" in unknown.message) == (1049, True)


def poll(client: Client) -> None:
    """A running backup's job is in the running view from the first look on, then in the history; never in both."""
    session = client.connect()
    session.rows(f"ALTER SYSTEM BACKUP {WHO}")
    answers = until(session, JOBS.format("CDB_OB_BACKUP_JOBS"), lambda rows: not rows)
    assert len(answers) > 2
    assert answers[0] == [{"JOB_ID": "1", "BACKUP_TYPE": "FULL", "STATUS": answers[0][0]["STATUS"]}]
    assert {row["STATUS"] for rows in answers for row in rows} <= {"INIT", "DOING", "COMPLETED"}
    ended = session.rows(JOBS.format("CDB_OB_BACKUP_JOB_HISTORY"))
    assert ended == [{"JOB_ID": "1", "BACKUP_TYPE": "FULL", "STATUS": "COMPLETED"}]


def prepared(client: Client) -> None:
    """Numbers and text as parameters, twice with other values."""
    session = client.connect()
    read = "SELECT TENANT_ID, TENANT_NAME FROM DBA_OB_TENANTS WHERE TENANT_ID > ? AND TENANT_TYPE = ? ORDER BY 1"
    assert session.prepared(read, 1, "user") == [
        {"TENANT_ID": "1002", "TENANT_NAME": "mysql_tenant"}, {"TENANT_ID": "1004", "TENANT_NAME": "oracle_tenant"},
    ]
    assert session.prepared(read, 0, "SYS") == [{"TENANT_ID": "1", "TENANT_NAME": "sys"}]
    assert session.prepared("SELECT ? AS given", "it's \\ \"ünï\"; -- ?") == [{"given": "it's \\ \"ünï\"; -- ?"}]


def error(client: Client) -> None:
    """Number, SQLSTATE and text of three kinds of errors; the session goes on."""
    session = client.connect()
    for sql, errno, state, text in (
        ("SELECT * FROM no_such_view", 1146, "42S02", "Table 'oceanbase.no_such_view' doesn't exist"),
        ("ALTER SYSTEM BACKUP DATABASES", 1064, "42000", "near 'DATABASES' at line 1"),
        ("ALTER SYSTEM BACKUP TENANT = nobody", 5160, "HY000", "invalid tenant name specified in connection string"),
    ):
        told = refusal(session.rows, sql)
        assert (told.errno, told.sqlstate) == (errno, state if CLIENTS[client.name].state else "")
        assert text in told.message
    assert refusal(session.prepared, "SELECT ? FROM no_such_view", 1).errno == 1146
    assert session.rows("SELECT 1 AS one") == [{"one": "1"}]


def procedure(client: Client) -> None:
    """The runbook: destinations, archiving on, a full backup, changes, an increment, the sets."""
    session = client.connect()
    archive = "SELECT STATUS FROM CDB_OB_ARCHIVELOG WHERE TENANT_ID = 1002"
    session.rows(f"ALTER SYSTEM NOARCHIVELOG {WHO}")
    until(session, archive, lambda rows: rows == [{"STATUS": "STOP"}])
    session.rows(f"ALTER SYSTEM SET LOG_ARCHIVE_DEST = 'LOCATION=file:///runbook/log' {WHO}")
    session.rows(f"ALTER SYSTEM SET DATA_BACKUP_DEST = 'file:///runbook/data' {WHO}")
    assert session.rows("SELECT VALUE FROM CDB_OB_BACKUP_PARAMETER WHERE TENANT_ID = 1002") == [
        {"VALUE": "file:///runbook/data"}
    ]
    session.rows(f"ALTER SYSTEM ARCHIVELOG {WHO}")
    until(session, archive, lambda rows: rows == [{"STATUS": "DOING"}])

    session.rows(f"ALTER SYSTEM BACKUP {WHO}")
    until(session, JOBS.format("CDB_OB_BACKUP_JOBS"), lambda rows: not rows)
    session.rows("CALL obsim.write('mysql_tenant', 't1', 37, 'random')")
    session.rows(f"ALTER SYSTEM MAJOR FREEZE {WHO}")
    session.rows(f"ALTER SYSTEM BACKUP INCREMENTAL {WHO}")
    until(session, JOBS.format("CDB_OB_BACKUP_JOBS"), lambda rows: not rows)

    ended = session.rows(JOBS.format("CDB_OB_BACKUP_JOB_HISTORY"))
    assert [(row["BACKUP_TYPE"], row["STATUS"]) for row in ended[-2:]] == [("FULL", "COMPLETED"), ("INC", "COMPLETED")]
    assert [tuple(row.values())[1:] for row in session.rows(SETS)[-2:]] == [
        ("FULL", "SUCCESS", "AVAILABLE", "96"), ("INC", "SUCCESS", "AVAILABLE", "37"),
    ]


STEPS = {step.__name__: step for step in (login, poll, prepared, error, procedure)}


@pytest.fixture(scope="module", params=CLIENTS)
def any_client(
    request: pytest.FixtureRequest, serve: Callable[..., Any], require: Callable[[str], None]
) -> Iterator[Client]:
    """Each client of the table, those that start anew for every statement too."""
    require(request.param)
    server = serve("--clock", "step")
    client = Client(request.param, server.host, server.port)
    yield client
    client.close()


@pytest.mark.parametrize("step", STEPS)
def test_step(any_client: Client, step: str) -> None:
    session = any_client.connect()
    session.rows("CALL obsim.reset()")
    STEPS[step](any_client)


@pytest.mark.skipif("CI" not in os.environ, reason="only where CI runs every client has to be there")
@pytest.mark.parametrize("name", CLIENTS)
def test_nothing_is_missing(require: Callable[[str], None], name: str) -> None:
    require(name)
