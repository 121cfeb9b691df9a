"""The comparison with MariaDB finds what differs, and the translation changes nothing else."""

from dataclasses import replace

import pytest

from tests.conformance.mariadb.client import Answer
from tests.conformance.mariadb.generator import generated
from tests.conformance.mariadb.loading import Table
from tests.conformance.mariadb.rules import difference, for_mariadb

SAME = Answer(0, "", ("a", "b"), ("integer", "text"), (("1", "x"), ("2", "y")))
MOMENT = Answer(0, "", ("a",), ("moment",), (("2024-01-01 00:00:00.500000",),))
DOUBLE = Answer(0, "", ("a",), ("double",), (("0.4898979485566356",),))
TABLE = Table("T", (("A", "bigint(20)"), ("B", "varchar(64)"), ("C", "timestamp(6)"), ("D", "decimal(22,2)")), 3)


@pytest.mark.parametrize(
    ("other", "part"),
    [
        (replace(SAME, errno=1054), "error 0"),
        (replace(SAME, labels=("A", "b")), "labels"),
        (replace(SAME, families=("text", "text")), "is integer, MariaDB text"),
        (replace(SAME, rows=SAME.rows[:1]), "2 rows, MariaDB 1"),
        (replace(SAME, rows=(("1", "x"), ("2", "Y"))), "MariaDB ('2', 'Y')"),
        (replace(SAME, rows=(("1", "x"), ("2", None))), "MariaDB ('2', None)"),
    ],
)
def test_a_difference_is_found(other: Answer, part: str) -> None:
    assert part in difference("SELECT a, b FROM t", SAME, other)


@pytest.mark.parametrize(
    ("sql", "ours", "theirs"),
    [
        ("SELECT a, b FROM t", SAME, replace(SAME, rows=SAME.rows[::-1])),
        ("SELECT a, b FROM t", SAME, replace(SAME, families=("decimal", "text"))),
        ("SELECT DISTINCT a, b FROM t", SAME, replace(SAME, rows=(("1", "X"), ("2", "y")))),
        ("SELECT a FROM t", MOMENT, replace(MOMENT, rows=(("2024-01-01 00:00:00.5",),))),
        ("SELECT STD(a) FROM t", DOUBLE, replace(DOUBLE, rows=(("0.4899",),))),
    ],
)
def test_what_the_rules_allow_is_none(sql: str, ours: Answer, theirs: Answer) -> None:
    assert difference(sql, ours, theirs) == ""


@pytest.mark.parametrize("text", ["0.4897", "0.49", "0.48"])
def test_a_double_counts_to_the_digits_shown(text: str) -> None:
    other = replace(DOUBLE, rows=((text,),))
    assert (difference("SELECT STD(a) FROM t", DOUBLE, other) == "") == (text == "0.49")


@pytest.mark.parametrize(
    ("sql", "translated"),
    [
        ("SELECT * FROM (SELECT 1) WHERE 1", "SELECT * FROM (SELECT 1) AS unnamed1 WHERE 1"),
        ("SELECT * FROM (SELECT 1) t", "SELECT * FROM (SELECT 1) t"),
        ("SELECT * FROM (SELECT 1), (SELECT 2)", "SELECT * FROM (SELECT 1) AS unnamed1, (SELECT 2) AS unnamed2"),
        ("SELECT (SELECT 1), ')(' FROM a", "SELECT (SELECT 1), ')(' FROM a"),
        ("SELECT a FROM t MINUS SELECT 'MINUS'", "SELECT a FROM t EXCEPT SELECT 'MINUS'"),
        ("SELECT a FROM t WHERE a IN (SELECT 1)", "SELECT a FROM t WHERE a IN (SELECT 1)"),
        ("SELECT --2.5 FROM t JOIN (SELECT 1) ON 1", "SELECT --2.5 FROM t JOIN (SELECT 1) AS unnamed1 ON 1"),
    ],
)
def test_translation(sql: str, translated: str) -> None:
    assert for_mariadb(sql) == translated


def test_a_seed_always_gives_the_same_query() -> None:
    queries = [generated(seed, [TABLE, replace(TABLE, name="E", rows=0)]) for seed in range(200)]
    assert queries == [generated(seed, [TABLE, replace(TABLE, name="E", rows=0)]) for seed in range(200)]
    assert len({query.sql for query in queries}) > 190
    assert any(query.parameters for query in queries)
