"""What each statement answers from the start state of the scenario `statements`, over a socket, as 4.2.5 and as 4.3.3.

`fixtures/statements/outcomes.tsv` states errno and SQLSTATE (0: it succeeds); the statements of clean-up, restore and
tenant DDL are not in it yet: obsim does not model them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest

from obsim.server import Server

FIXTURE = Path(__file__).parents[2] / "fixtures" / "statements" / "outcomes.tsv"
USERS = {"sys": "root", "user": "root@t1"}


@dataclass(frozen=True)
class Line:
    run_as: str
    sql: str
    errno: int
    sqlstate: str
    setup: tuple[tuple[str, str], ...]


def lines() -> list[Line]:
    found = []
    for text in FIXTURE.read_text("utf-8").splitlines():
        if not text.startswith("#"):
            run_as, sql, errno, sqlstate, setup = text.split("\t")
            steps = tuple((s.partition("> ")[0], s.partition("> ")[2]) for s in setup.split(" | ") if s)
            found.append(Line(run_as, json.loads(sql), int(errno), sqlstate, steps))
    return found


@pytest.fixture(scope="module", params=["4.2.5", "4.3.3"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server("statements", clock="manual", version=request.param) as running:
        yield running


def run(server: Server, run_as: str, sql: str) -> tuple[int, str]:
    connection = pymysql.connect(host=server.host, port=server.port, user=USERS[run_as], ssl_disabled=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return 0, ""
    except pymysql.MySQLError as refused:
        return int(refused.args[0]), str(getattr(refused, "sqlstate", ""))
    finally:
        connection.close()


@pytest.mark.parametrize("line", lines(), ids=lambda line: line.sql.strip()[:70])
def test_outcome(server: Server, line: Line) -> None:
    server.cluster.reset()
    for run_as, sql in line.setup:
        assert run(server, run_as, sql) == (0, "")
        if "ARCHIVELOG" in sql:
            server.cluster.advance(seconds=5)  # the round follows in the background
    assert run(server, line.run_as, line.sql) == (line.errno, line.sqlstate)
