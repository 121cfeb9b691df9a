"""The page of limits: it is current, it has every limit, and what lies beyond one has the error that it names."""

from dataclasses import fields
from inspect import signature
from pathlib import Path

import pytest

import obsim
from obsim.cli import serve
from obsim.cluster import agents
from obsim.query import tables, values
from obsim.server.limits import Limits
from obsim.session import assignments, host, named, transactions
from obsim.sql import tokens
from obsim.support.limits import BOUNDS, SERVER_OPTIONS, limits_page, server_bounds

ROOT = Path(__file__).parent.parent.parent
BEYOND = {bound.name: bound for bounds in BOUNDS.values() for bound in bounds}
SHORT = {
    "values": (tables, "CELLS_MAX", 1000), "result": (tables, "RESULT_CHARACTERS_MAX", 1000),
    "steps": (tables, "TICKS_MAX", 2), "snapshots": (host, "SNAPSHOTS_MAX", 2),
    "prepared": (named, "STATEMENTS_MAX", 2),
    "prepared text": (named, "TEXT_BYTES_MAX", 100),
    "variables": (assignments, "USER_VARIABLES_MAX", 2),
    "savepoints": (transactions, "SAVEPOINTS_MAX", 2),
    "savepoint names": (transactions, "SAVEPOINT_CHARACTERS_MAX", 1000),
    "variable bytes": (assignments, "USER_VARIABLES_BYTES_MAX", 12_000),
    "sources": (agents, "RESTORE_SOURCE_MAX", 1000),
    "function work": (values.Budget, "START", 100_000),
}  # fmt: skip
"""Limits that are lowered so that going beyond them is quick; the page has the value they really have."""
MANY = "information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c"
LONG_URI = f"oss://bucket/x?host=h&access_id={'i' * 1536}&access_key=k"
TRIALS = {
    "length": ["SELECT '" + "x" * tokens.LENGTH_MAX + "'"],
    "tokens": ["SELECT " + "1," * (tokens.TOKENS_MAX // 2) + "1"],
    "nesting": ["SELECT " + "(" * 25 + "1" + ")" * 25],
    "joins": ["SELECT 1 FROM (" + "t JOIN " * 12 + "t)"],
    "steps": [f"SELECT COUNT(*) FROM {MANY}"],
    "function work": ["SELECT LENGTH(REPEAT('x', 200000))"],
    "values": ["SELECT COLUMN_NAME FROM information_schema.COLUMNS"],
    "result": ["SELECT REPEAT('x', 2000)"],
    "text": ["SELECT REPEAT('x', 17000000)"],
    "pattern": ["SELECT 'a' REGEXP '" + "a" * 8200 + "'"],
    "states": ["SELECT 'a' REGEXP '(a{250}){250}'"],
    "matching": ["SELECT REPEAT('a', 9000000) REGEXP 'b'"],
    "prepared": [f"PREPARE s{n} FROM 'SELECT 1'" for n in range(3)],
    "prepared text": ["PREPARE s FROM 'SELECT " + "1 + " * 50 + "1'"],
    "variables": [f"SET @v{n} = 1" for n in range(3)],
    "variable bytes": [f"SET @v{n} = REPEAT('x', 5000)" for n in range(3)],
    "savepoint names": ["BEGIN", *(f"SAVEPOINT {'s' * 400}{n}" for n in range(3))],
    "sources": [f"ALTER SYSTEM ADD RESTORE SOURCE 'file:///{'x' * 400}'"] * 3,
    "savepoints": ["BEGIN", *(f"SAVEPOINT s{n}" for n in range(3))],
    "snapshot name": ["CALL obsim.snapshot('" + "x" * 65 + "')"],
    "snapshots": [f"CALL obsim.snapshot('s{n}')" for n in range(3)],
    "tablet": ["CALL obsim.write('mysql_tenant', 't1', 2147483601, 'append')"],
    "tenant": ["CALL obsim.create_table('mysql_tenant', 'new', 17592186044416, 3000, 8192)"],
    "rows": ["CALL obsim.write('mysql_tenant', 't1', 35184372088833, 'rows_zipf')"],
    "row": ["CALL obsim.create_table('mysql_tenant', 'new', 1, 2097153, 1)"],
    "faults": ["CALL obsim.fault('error=9082 stage=BACKUP_DATA_MAJOR')"] * 1001,
    "rule": ["CALL obsim.fault('error=9082 stage=" + "X" * 1000 + "')"],
    "interval": ["CALL obsim.advance('36601d')"],
    "idle": ["CALL obsim.run_until('SELECT 0')"],
    "uri": [f"ALTER SYSTEM SET data_backup_dest = '{LONG_URI}' TENANT = mysql_tenant"],
}  # fmt: skip


def test_the_page_is_current():
    assert (ROOT / "docs" / "limits.md").read_text("utf-8") == limits_page(), (
        "print it anew: obsim support --limits > docs/limits.md"
    )


def test_it_has_every_limit_of_the_server_with_its_default():
    page = limits_page()
    assert [name for name, _, _ in server_bounds()] == [field.name for field in fields(Limits)]
    for name, default, said in server_bounds():
        assert default == getattr(Limits(), name)
        assert f"| `{name}` | {default:,} |" in page
        assert said in page
    assert f"| `connections_max` | {Limits().connections_max:,} | `--max-connections` |" in page
    assert set(SERVER_OPTIONS) <= {field.name for field in fields(Limits)}
    options = {name.removeprefix("--").replace("-", "_") for name in SERVER_OPTIONS.values()}
    assert options <= set(signature(serve).parameters)


def test_every_limit_with_an_error_is_tried():
    assert sorted(TRIALS) == sorted(name for name, bound in BEYOND.items() if bound.errno)


@pytest.mark.parametrize("name", TRIALS)
def test_what_lies_beyond_a_limit_has_the_error_of_the_page(name, monkeypatch):
    if name in SHORT:
        monkeypatch.setattr(*SHORT[name])
    session = obsim.Cluster().session()
    *before, last = TRIALS[name]
    for statement in before:
        session.execute(statement)
    with pytest.raises(obsim.ServerError) as refused:
        session.execute(last)
    assert refused.value.errno == BEYOND[name].errno
    assert session.execute("SELECT 1")[0][0] == 1
