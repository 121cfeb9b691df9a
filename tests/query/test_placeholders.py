"""Values of placeholders have the types of what a client sends, in the plan as on the wire."""

import pytest

import obsim
from obsim import ServerError
from obsim.answers import MysqlType, TypedText, Value
from tests.query.fakes import World


@pytest.fixture(scope="module")
def world() -> World:
    return World()


DECIMAL = TypedText("2.50", MysqlType.NEWDECIMAL)
MOMENT = TypedText("2024-01-02 03:04:05.5", MysqlType.DATETIME)
DAY = TypedText("2024-01-02", MysqlType.DATE)
CLOCK = TypedText("01:02:03", MysqlType.TIME)


@pytest.mark.parametrize(
    ("expression", "value", "mysql_type", "answer"),
    [
        ("?", 7, MysqlType.LONGLONG, 7),
        ("?", 1.5, MysqlType.DOUBLE, 1.5),
        ("?", "x", MysqlType.VAR_STRING, "x"),
        ("?", None, MysqlType.NULL, None),
        ("?", DECIMAL, MysqlType.NEWDECIMAL, "2.50"),
        ("?", MOMENT, MysqlType.DATETIME, "2024-01-02 03:04:05.5"),
        ("?", DAY, MysqlType.DATE, "2024-01-02"),
        ("?", CLOCK, MysqlType.TIME, "01:02:03"),
        ("? / 2", 3, MysqlType.NEWDECIMAL, "1.5000"),
        ("? / 2", DECIMAL, MysqlType.NEWDECIMAL, "1.250000"),
        ("? + 1", "2", MysqlType.DOUBLE, 3.0),
        ("? * 2", DECIMAL, MysqlType.NEWDECIMAL, "5.00"),
        ("? + INTERVAL 1 DAY", DAY, MysqlType.DATE, "2024-01-03"),
        ("? + INTERVAL 1 DAY", MOMENT, MysqlType.DATETIME, "2024-01-03 03:04:05.5"),
        ("? = '2024-01-02'", DAY, MysqlType.LONG, 1),
        ("concat(?, '')", DECIMAL, MysqlType.VAR_STRING, "2.50"),
        ("if(1, ?, 'x')", 5, MysqlType.VAR_STRING, "5"),
        ("coalesce(?, 2)", None, MysqlType.LONGLONG, 2),
    ],
)
def test_types(world: World, expression: str, value: Value, mysql_type: MysqlType, answer: Value) -> None:
    result = world.ask(f"SELECT {expression}", value)
    assert (result.columns[0].type, result.rows[0][0]) == (mysql_type, answer)


def test_one_text_serves_values_of_any_types(world: World) -> None:
    answers = [world.rows("SELECT ?, ? + 1", a, a)[0] for a in (1, "1", DECIMAL, None, 1)]
    assert answers == [(1, 2), ("1", 2.0), ("2.50", "3.50"), (None, None), (1, 2)]


def test_no_type_is_lost_where_no_row_has_a_value(world: World) -> None:
    result = world.ask("SELECT ? + NULL FROM cdb_jobs WHERE 1 = 0", 1)
    assert result.columns[0].type is MysqlType.LONGLONG


@pytest.mark.parametrize("name", ["\x02", "\x021", "`\x021`", "\x01length('a')", "`\x01a`", "1 AS `\x02a`"])
def test_names_that_begin_as_a_mark_of_placeholders_or_calls_are_refused(name: str) -> None:
    with pytest.raises(ServerError) as refused:
        obsim.Cluster("blank").query(f"SELECT {name}")
    assert refused.value.errno == 1064
