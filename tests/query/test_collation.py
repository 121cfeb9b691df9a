"""Texts compare by utf8mb4_general_ci; results were checked against MariaDB and a recorded engine."""

import pytest

from obsim.answers import MysqlType, TypedText
from obsim.query.collation import _KEPT_LENGTH_MAX, _KEPT_MAX, _KEYS, folded, key_of, order, sort_key
from tests.query.fakes import World


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'ü' = 'Ü'", 1),
        ("'ü' = 'u'", 1),
        ("'ß' = 's'", 1),
        ("'é' = 'E'", 1),
        ("'æ' = 'ae'", 0),
        ("'Ω' = 'ω'", 1),
        ("'😀' = '😃'", 1),
        ("'a' = 'a  '", 1),
        ("' a' = 'a'", 0),
        ("'a_' < 'aB'", 0),
        ("'_' > 'z'", 1),
        ("'Ü' LIKE '%u%'", 1),
        ("'a' LIKE 'a '", 0),
        ("locate('Ü', 'xü')", 2),
        ("locate('U', 'ü')", 0),
        ("find_in_set('u', 'a,ü')", 2),
        ("field('u', 'a', 'Ü')", 2),
        ("strcmp('straße', 'STRASE')", 0),
        ("'ü' IN ('a', 'U')", 1),
        ("'ü' BETWEEN 'T' AND 'V'", 1),
        ("replace('ü', 'U', 'x')", "ü"),
        ("'ü' = 'Ü' COLLATE utf8mb4_bin", 0),
    ],
)
def test_expressions(world: World, expression: str, value: object) -> None:
    assert world.value(expression) == value


def test_groups_and_orders(world: World) -> None:
    names = "(SELECT 'über' AS n UNION ALL SELECT 'UBER' UNION ALL SELECT 'a_' UNION ALL SELECT 'ab') AS t"
    assert world.rows(f"SELECT count(*) FROM {names} GROUP BY n ORDER BY n") == [(1,), (1,), (2,)]
    assert [row[0] for row in world.rows(f"SELECT DISTINCT n FROM {names} ORDER BY n DESC")] == ["über", "a_", "ab"]
    assert world.rows(f"SELECT max(n), min(n), count(DISTINCT n) FROM {names}")[0][1:] == ("ab", 3)
    assert world.rows("SELECT 'ü' UNION SELECT 'U'") == [("ü",)]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("n = 'uber'", ["über", "UBER", "uber "]),
        ("n = 'UBER  '", ["über", "UBER", "uber "]),
        ("n <> 'uber'", ["a b", ""]),
        ("n IN ('uber', 'x')", ["über", "UBER", "uber "]),
        ("n NOT IN ('A B', 'x')", ["über", "UBER", "uber ", ""]),
        ("n = 'a B'", ["a b"]),
        ("n = ' '", [""]),
        ("n = 'über'", ["über", "UBER", "uber "]),
        ("BINARY n = 'UBER'", ["UBER"]),
        ("(n = 'x') IS NULL", [None]),
        ("(n IN ('x', 'y')) IS UNKNOWN", [None]),
    ],
)
def test_columns_beside_literals(world: World, condition: str, found: list[str]) -> None:
    names = ("'über'", "'UBER'", "'uber '", "'a b'", "''", "NULL")
    table = f"(SELECT {names[0]} AS n UNION ALL SELECT {' UNION ALL SELECT '.join(names[1:])}) AS t"
    assert [row[0] for row in world.rows(f"SELECT n FROM {table} WHERE {condition}")] == found


def test_a_key_has_a_character_for_each_of_its_text() -> None:
    text = "".join(map(chr, [*range(1, 0xD800), *range(0xE000, 0x10000), 0x1F600]))
    assert len(folded(text)) == len(text)
    assert folded(folded(text)) == folded(text)
    assert sort_key("Ab  ") == "AB"
    assert (order("a", "A"), order("a", "b"), order("_", "Z")) == (0, -1, 1)


def test_keys_are_kept_for_short_texts_and_not_too_many_of_them() -> None:
    long = "ü" * (_KEPT_LENGTH_MAX + 1)
    assert (key_of(long), key_of("ü b "), key_of("ü b ")) == ("U" * len(long), "U B", "U B")
    assert (long in _KEYS, _KEYS["ü b "]) == (False, "U B")
    assert [key_of(f"k{number} ") for number in range(_KEPT_MAX)] == [f"K{number}" for number in range(_KEPT_MAX)]
    assert len(_KEYS) <= _KEPT_MAX
    assert (key_of(None), key_of(7), key_of(b"a "), key_of(TypedText("a ", MysqlType.DATE))) == (None, 7, b"a ", "A")
