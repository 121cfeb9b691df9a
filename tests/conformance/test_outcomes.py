"""What each statement answers from the start state of the scenario `statements`, over a socket, as 4.2.5 and as 4.3.3.

`fixtures/statements/outcomes.tsv` states errno, SQLSTATE and message of each (0: it succeeds).
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest

from obsim.error_table import ERROR_ROWS
from obsim.server import Server
from obsim.sql.reader import read_statement

FIXTURES = Path(__file__).parents[2] / "fixtures" / "statements"
SHARED = Path(__file__).parents[3] / "shared"
USERS = {"sys": "root", "user": "root@t1"}


@dataclass(frozen=True)
class Line:
    run_as: str
    sql: str
    errno: int
    sqlstate: str
    message: str
    setup: tuple[tuple[str, str], ...]


def lines(name: str = "outcomes.tsv") -> list[Line]:
    found = []
    for text in (FIXTURES / name).read_text("utf-8").splitlines():
        if not text.startswith("#"):
            run_as, sql, errno, sqlstate, message, setup = text.split("\t")
            steps = tuple((s.partition("> ")[0], s.partition("> ")[2]) for s in setup.split(" | ") if s)
            found.append(Line(run_as, json.loads(sql), int(errno), sqlstate, json.loads(message or '""'), steps))
    return found


@pytest.fixture(scope="module", params=["4.2.5", "4.3.3"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server("statements", clock="manual", version=request.param) as running:
        yield running


def run(server: Server, run_as: str, sql: str) -> tuple[int, str, str]:
    connection = pymysql.connect(host=server.host, port=server.port, user=USERS[run_as], ssl_disabled=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return 0, "", ""
    except pymysql.MySQLError as refused:
        return int(refused.args[0]), str(getattr(refused, "sqlstate", "")), str(refused.args[1])
    finally:
        connection.close()


@pytest.mark.parametrize("line", lines(), ids=lambda line: line.sql.strip()[:70])
def test_outcome(server: Server, line: Line) -> None:
    server.cluster.reset()
    for run_as, sql in line.setup:
        assert run(server, run_as, sql) == (0, "", "")
        if "ARCHIVELOG" in sql:
            server.cluster.advance(seconds=5)  # the round follows in the background
    assert run(server, line.run_as, line.sql) == (line.errno, line.sqlstate, line.message)


def test_every_line_of_the_shared_corpus_is_here() -> None:
    path = SHARED / "corpus" / "statements.jsonl"
    if not path.exists():
        pytest.skip("the shared corpus is not here")
    errors = {row["name"]: row for row in json.loads((SHARED / "reference" / "errors.json").read_text("utf-8"))}
    stated = Counter((line.run_as, line.sql, line.setup, line.errno, line.sqlstate) for line in lines())
    wanted: Counter[tuple[str, str, tuple[tuple[str, str], ...], int, str]] = Counter()
    for text in path.read_text("utf-8").splitlines():
        row = json.loads(text)
        error = errors.get(row.get("error_name", ""))
        setup = tuple((step["run_as"], step["sql"]) for step in row.get("setup", []))
        code = (error["mysql_errno"], error["sqlstate"]) if error else (0, "")
        wanted[row["run_as"], row["sql"], setup, *code] += 1
    assert stated == wanted
    assert stated.total() == 184


@pytest.mark.parametrize("line", [line for line in lines() if line.errno], ids=lambda line: line.sql.strip()[:70])
def test_message_is_the_errors_own(line: Line) -> None:
    """Each message is the plain text of an error with that number, or its format filled in."""
    shapes = [row for row in ERROR_ROWS if row[2] == line.errno and row[3] == line.sqlstate]
    patterns = [re.escape(part).replace(r"\{\}", "(.|\n)*") for row in shapes for part in row[4:6] if part]
    assert any(re.fullmatch(pattern, line.message) for pattern in patterns)


@pytest.mark.parametrize("line", [line for line in lines() if not line.errno], ids=lambda line: line.sql.strip()[:70])
def test_what_succeeds_reads_back_from_what_it_prints(line: Line) -> None:
    statement = read_statement(line.sql)
    assert read_statement(statement.sql()) == statement
