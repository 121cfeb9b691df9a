"""What a query cannot do: reach SQLite, the real world, or more time and memory than one statement may have."""

import threading

import apsw
import pytest

import obsim
from obsim.errors import ServerError
from obsim.query import tables, values
from obsim.query.functions.helpers import HELPERS
from obsim.query.functions.registry import FUNCTIONS
from obsim.query.tables import NATIVE_FUNCTIONS, Tables
from tests.query.fakes import Scope, World

SQLITE_FUNCTIONS = sorted(
    {row[0] for row in apsw.Connection(":memory:").execute("SELECT name FROM pragma_function_list")}
)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def database(world: World) -> Tables:
    return Tables(world.state, world.catalog, Scope(1))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [f for f in SQLITE_FUNCTIONS if f.upper() not in FUNCTIONS and f.isidentifier()])
def test_sqlites_own_functions_do_not_exist(world: World, name: str) -> None:
    for arguments in ("", "1", "1, 2"):
        with pytest.raises(ServerError) as caught:
            world.ask(f"SELECT {name}({arguments})")
        assert caught.value.errno in {1305, 1064}, caught.value


@pytest.mark.parametrize("name", [f for f in SQLITE_FUNCTIONS if f not in NATIVE_FUNCTIONS and f.isidentifier()])
def test_the_authorizer_denies_what_no_query_uses(database: Tables, name: str) -> None:
    for arguments in ("", "1", "1, 2", "1, 2, 3"):
        with pytest.raises(ServerError) as caught:
            database.query(f"SELECT {name}({arguments})", (), width=1, bulky=False)
        assert caught.value.message == "Unknown error"


@pytest.mark.parametrize(
    "sql",
    [
        "PRAGMA user_version",
        "ATTACH ':memory:' AS x",
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x (a)",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM sqlite_temp_master",
        "SELECT * FROM pragma_function_list",
        "SELECT * FROM json_each('[1]')",
        "BEGIN EXCLUSIVE",
        "VACUUM",
        'DROP TABLE "oceanbase.cdb_jobs"',
        'DELETE FROM "oceanbase.cdb_jobs"',
        "SAVEPOINT a",
        "ANALYZE",
        "EXPLAIN PRAGMA user_version",
        'SELECT "x"',
        "SELECT current_timestamp",
        "SELECT random()",
    ],
)
def test_the_database_takes_nothing_but_reading(database: Tables, world: World, sql: str) -> None:
    database.refresh(world.catalog.all[("oceanbase", "cdb_jobs")])
    with pytest.raises(ServerError) as caught:
        database.query(sql, (), width=1, bulky=False)
    assert caught.value.message == "Unknown error"
    assert len(database.query('SELECT c0 FROM "oceanbase.cdb_jobs"', (), width=1, bulky=False)) == 4


@pytest.mark.parametrize("name", [*HELPERS, "ob_only", "ob_f_concat", "ob_sum"])
def test_helpers_cannot_be_named(world: World, name: str) -> None:
    with pytest.raises(ServerError) as caught:
        world.ask(f"SELECT {name}(1, 2)")
    assert caught.value.errno == 1305


MANY = ", ".join(f"cdb_jobs j{i}" for i in range(14))


@pytest.mark.parametrize(
    ("text", "errno"),
    [
        (f"SELECT count(*) FROM {MANY}", 3024),
        (f"SELECT * FROM {MANY}", 4019),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", 3024),
        ("SELECT repeat('a', 9000000000)", 4019),
        ("SELECT concat(repeat('a', 10000000), repeat('b', 10000000))", 4019),
        ("SELECT lpad('', 99999999, 'x')", 4019),
        ("SELECT space(16777217)", 4019),
        ("SELECT repeat('a', 9000000) FROM cdb_jobs a, cdb_jobs b", 4019),
        (
            "SELECT max(length(repeat('a', 9000000 + a.job_id + b.job_id))) FROM cdb_jobs a, cdb_jobs b, cdb_jobs c",
            3024,
        ),
        ("SELECT repeat('ab%', 100000) LIKE concat(repeat('%a_', 2000), 'x')", 3024),
        ("SELECT repeat('a', 9000000) REGEXP 'b'", 3699),
        ("SELECT " + " + ".join(["1"] * 3000), 4019),
        (" UNION ALL ".join(["SELECT 1"] * 600), 4019),
        ("SELECT * FROM " + ", ".join(f"cdb_jobs j{i}" for i in range(70)), 4019),
        ("SELECT 1e308 * 10", 1690),
        ("SELECT 1e999", 1367),
    ],
)
def test_limits(world: World, text: str, errno: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "TICKS_MAX", 50)
    monkeypatch.setattr(tables, "CELLS_MAX", 50_000)
    with pytest.raises(ServerError) as caught:
        world.ask(text)
    assert caught.value.errno == errno, caught.value
    assert world.rows("SELECT count(*) FROM cdb_jobs") == [(4,)]  # the next statement is well


@pytest.mark.parametrize(
    "expression",
    ["count(concat(a.job_id, b.job_id))", "count(a.job_id LIKE '%1')", "sum(a.job_id)", "avg(b.job_id / 3)"],
)
def test_calls_count_although_their_texts_are_short(
    world: World, expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = ", ".join(f"cdb_jobs {name}" for name in "abcd")
    calls = 4**4
    monkeypatch.setattr(values.Budget, "START", calls * tables.CALL_COST * 3)
    assert len(world.rows(f"SELECT {expression} FROM {joined}")) == 1
    monkeypatch.setattr(values.Budget, "START", calls * tables.STEP_COST - 1)
    with pytest.raises(ServerError) as caught:
        world.ask(f"SELECT {expression} FROM {joined}")
    assert caught.value.errno == 3024


def test_a_runaway_query_takes_nothing_from_the_filling_of_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "TICKS_MAX", 2)
    session = obsim.Cluster("long-chain").session()
    runaway = f"SELECT COUNT(*) FROM {', '.join(f'oceanbase.CDB_OB_BACKUP_SET_FILES s{n}' for n in range(6))}"
    with pytest.raises(ServerError) as caught:
        session.execute(runaway)
    assert caught.value.errno == 3024
    monkeypatch.setattr(tables, "TICKS_MAX", 1000)
    assert session.execute("SELECT COUNT(*) FROM information_schema.COLUMNS")[0][0] > 1000
    assert session.execute("SELECT COUNT(*) FROM obsim.macroblocks")[0][0] == 240


def test_hostile_patterns_take_linear_time(world: World) -> None:
    assert world.value("repeat('a', 30000) REGEXP '(a*)*b'") == 0
    assert world.value("repeat('a', 30000) REGEXP '^(a|a|aa)+$'") == 1
    assert world.value("concat(repeat('a', 3000), 'b') LIKE '%a%a%a%a%a%a%a%a%a%a%c'") == 0


def test_long_conditions_do_not_recurse(world: World) -> None:
    assert world.value(" OR ".join(["1 = 0"] * 3000)) == 0
    assert world.value("1 IN (" + ", ".join(map(str, range(3000))) + ")") == 1


@pytest.mark.parametrize("text", ["a\0b", "'", "\\'", "''", "\u2028", "😀", "x" * 70_000])
def test_texts_come_back_as_they_went_in(world: World, text: str) -> None:
    assert world.value("?", text) == text
    literal = text.replace("\\", "\\\\").replace("'", "''")
    assert world.value(f"concat('{literal}', '')") == text


def test_each_thread_counts_for_itself():
    """One process may have two servers."""
    own = values.Budget()
    values.BUDGET.begin(own)
    values.TRUNCATIONS.messages.clear()
    values.BUDGET.charge(1_000)
    values.TRUNCATIONS.note("DOUBLE", "a")

    def other():
        values.TRUNCATIONS.messages.append("b")
        values.BUDGET.begin(values.Budget())
        values.BUDGET.charge(10)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    values.BUDGET.charge(1)
    assert own.left == values.Budget.START - 1_001
    assert values.TRUNCATIONS.messages == ["Truncated incorrect DOUBLE value: 'a'"]
