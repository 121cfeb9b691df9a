"""Every statement reads back from what it prints, and the recorded texts read as they must."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlglot.errors import SqlglotError

from obsim.client_statements import (
    Assignment,
    DefaultValue,
    Describe,
    Empty,
    Expression,
    Kill,
    Query,
    SetNames,
    SetVariables,
    Show,
    Transaction,
    UseDatabase,
)
from obsim.errors import NotModelled, ServerError, SyntaxRefused
from obsim.sql.dialect import OceanBase
from obsim.sql.grammar.known import ALTER_SYSTEM_FORMS, REFUSED, TOP_FORMS, Entry
from obsim.sql.reader import read_statement
from obsim.sql.tokens import syntax_error_of, tokenize
from obsim.statements import (
    AlterParameters,
    BackupDatabase,
    CallProcedure,
    CreateUser,
    Freeze,
    NotModelledStatement,
    NullValue,
    ParameterAction,
    RefusedStatement,
    ResetAction,
    ResetParameters,
    Secret,
    SetDecryption,
    SetEncryption,
    SetPassword,
    ShowParameters,
    ShowTenant,
)
from obsim.statements.accounts import AccountName, AccountSpec
from tests.sql.strategies import form_texts, statements

ROOT = Path(__file__).parents[2]


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one file of fixtures/statements."""
    path = ROOT / "fixtures" / "statements" / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


READINGS = rows("readings.jsonl")


def outcome(text: str) -> Any:
    """What reading gives: the statement, or the error raised."""
    try:
        return read_statement(text)
    except ServerError as refused:
        return refused


@given(statement=statements)
def test_what_a_statement_prints_reads_as_the_statement(statement: Any) -> None:
    assert read_statement(statement.sql()) == statement


@given(statement=statements)
def test_blanks_comments_and_a_semicolon_change_nothing(statement: Any) -> None:
    assume(not isinstance(statement, Empty | Query))
    assert read_statement(f" /* a;b ' */\n{statement.sql()} ; -- over") == statement


@pytest.mark.parametrize("row", READINGS, ids=lambda row: row["sql"][:60])
def test_recorded_statement_reads_as_it_must(row: dict[str, Any]) -> None:
    found = outcome(row["sql"])
    if isinstance(found, ServerError):
        assert found.errno == row["reads_as"]
    else:
        assert getattr(found, "what", type(found).__name__) == row["reads_as"]
        assert read_statement(found.sql()) == found


@pytest.mark.parametrize("row", rows("near.jsonl"), ids=lambda row: row["sql"][:60])
def test_near_text_and_line_are_those_of_a_real_engine(row: dict[str, Any]) -> None:
    found = outcome(row["sql"])
    if isinstance(found, Query):
        with pytest.raises(SqlglotError) as caught:
            OceanBase().parse(found.text)
        found = syntax_error_of(found.text, caught.value)
    assert isinstance(found, SyntaxRefused)
    assert (found.near, found.line) == (row["near"], row["line"])


def test_the_shared_corpus_reads_as_it_expects() -> None:
    path = ROOT.parent / "shared" / "corpus" / "statements.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    for line in lines:
        expected = {"parse_error": 1064}.get(line["expect"], 0)
        expected = 1149 if line.get("error_name") == "OB_ERR_PARSER_SYNTAX" else expected
        assert getattr(outcome(line["sql"]), "errno", 0) == expected, line["sql"]


def forms(lead: str, table: dict[str, list[Entry]]) -> list[tuple[str, Entry]]:
    """Each form of a table once, with the words before it."""
    return list({entry[1]: (lead, entry) for entries in table.values() for entry in entries}.values())


FORMS = forms("ALTER SYSTEM", ALTER_SYSTEM_FORMS) + forms("", TOP_FORMS)


@settings(max_examples=20)
@pytest.mark.parametrize(("lead", "entry"), FORMS, ids=lambda value: value if isinstance(value, str) else value[1][:40])
@given(data=st.data())
def test_known_statement_is_named_whatever_its_clauses(lead: str, entry: Entry, data: Any) -> None:
    what, form, _ = entry
    text = f"{lead} {data.draw(form_texts(form))}".strip()
    statement = read_statement(text)
    if what == REFUSED:
        assert statement == RefusedStatement(text)
    else:
        assert isinstance(statement, NotModelledStatement)
        assert statement.text == text
        assert statement.what == what


SEEDS = [row["sql"] for row in READINGS] + [
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
    "SET SESSION a = 1, @@global.b = ON, @c := concat('x', 1)",
    "SHOW FULL COLUMNS FROM t FROM db LIKE 'x'",
    "START TRANSACTION READ ONLY",
    "DESC db.t 'c%'",
    "CALL obsim.advance('10m', -1.5)",
]
INSERTED = [
    "(", ")", ",", "=", "TENANT",
    "'x", "'x'", "`", "5", "-", "SET", ";", "/*", "--", "\\", "@", "?", "WHERE", "\x00", "{#",
]


@settings(max_examples=300)
@given(seed=st.sampled_from(SEEDS), data=st.data())
def test_broken_text_gives_a_server_error_and_nothing_else(seed: str, data: Any) -> None:
    pieces = [seed[t.start : t.end + 1] for t in tokenize(seed.rstrip("; "))]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(pieces)))
        if pieces and data.draw(st.booleans()):
            del pieces[min(place, len(pieces) - 1)]
        else:
            pieces.insert(place, data.draw(st.sampled_from(INSERTED)))
    text = " ".join(pieces)
    found = outcome(text)
    if isinstance(found, SyntaxRefused):
        assert 1 <= found.line <= text.count("\n") + 1
        assert len(found.near) <= 80
    elif isinstance(found, ServerError):
        assert found.errno in {1065, 1149, 1210, 1235}
    else:
        assert read_statement(found.sql()) == found


@given(text=st.text(max_size=60))
def test_any_text_gives_a_statement_or_a_server_error(text: str) -> None:
    assert getattr(outcome(text), "errno", 0) in {0, 1064, 1065, 1149, 1210, 1235}


def read_action(text: str) -> ParameterAction:
    """The only action of an ALTER SYSTEM SET."""
    statement = read_statement(f"ALTER SYSTEM SET {text}")
    assert isinstance(statement, AlterParameters)
    (action,) = statement.actions
    return action


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10), ("-1", -1), ("00007", 7), ("-0", 0), ("'010'", "010"), ('"8"', "8"), ("''", ""), ("TRUE", True),
        ("false", False),
        ("NULL", NullValue()), ("5.0", 5.0), ("10.5", 10.5), (".5", 0.5), ("-.5", -0.5), ("1e1", 10), ("1.5e0", 1.5),
        ("99999999999999999999", 1e20), ("18446744073709551615", 2**64 - 1), ("DATE '2024-01-01'", "2024-01-01"),
    ],
)
def test_value_of_a_parameter(text: str, value: object) -> None:
    action = read_action(f"HA_low_thread_score = {text}")
    assert action == ParameterAction("ha_low_thread_score", value)  # type: ignore[arg-type]
    assert type(action.value) is type(value)


def test_clauses_of_an_action_stay_with_it() -> None:
    statement = read_statement(
        "ALTER SYSTEM a = 1, `B` = 'x' COMMENT 'c' SCOPE = both SERVER 'h:1' TENANT = All, c = 2 ZONE z1 TENANT 't1'"
    )
    assert statement == AlterParameters(
        (
            ParameterAction("a", 1),
            ParameterAction("b", "x", "c", "BOTH", "h:1", None, "All"),
            ParameterAction("c", 2, zone="z1", tenant="t1"),
        )
    )


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("alter system reset `A` scope = memory tenant t1, b",
         ResetParameters((ResetAction("a", "MEMORY", "t1"), ResetAction("b")))),
        ("ALTER SYSTEM BACKUP INCREMENTAL", BackupDatabase(True, ())),
        ("ALTER SYSTEM MINOR FREEZE TENANT t1 LS 1001 TABLET_ID = 7 SERVER = ('a:1', 'b:2') ZONE = z1",
         Freeze(False, ("t1",), 1001, 7, ("a:1", "b:2"), "z1")),
        ("SHOW PARAMETERS WHERE tenant = 1 AND x = tenant", ShowParameters(where="tenant = 1 AND x = tenant")),
        ("SHOW PARAMETERS WHERE name = 'a' TENANT t1", ShowParameters(where="name = 'a'", tenant="t1")),
        ("SHOW PARAMETERS LIKE 'a!%' ESCAPE '!' TENANT = 't1'", ShowParameters("a!%", "!", None, "t1")),
        ("show tenant status", ShowTenant(True)),
        ("set encryption on identified by 'pw' only", SetEncryption(Secret("pw"))),
        ('SET DECRYPTION IDENTIFIED BY "a" , \'b\'', SetDecryption((Secret("a"), Secret("b")))),
        ("CALL OBSIM.Advance('10m')", CallProcedure("obsim", "advance", ("10m",))),
        ("CALL obsim.write('t', 37, -1.5, NULL, TRUE)", CallProcedure("obsim", "write", ("t", 37, -1.5, None, 1))),
        ("CALL reset", CallProcedure("", "reset")),
        ("USE `a``b`", UseDatabase("a`b")),
        ("KILL CONNECTION 7", Kill(7)),
        ("DESCRIBE oceanbase.`V$OB_UNITS` zone", Describe("oceanbase", "V$OB_UNITS", "zone")),
        ("EXPLAIN t1", Describe(None, "t1")),
        ("SHOW TABLES IN db WHERE a = 1", Show("TABLES", "db", where="a = 1")),
        ("SHOW FULL FIELDS FROM t IN db LIKE 'x%'", Show("COLUMNS", "db", "t", "x%", full=True)),
        ("SHOW KEYS FROM db.t", Show("INDEX", "db", "t")),
        ("SHOW LOCAL VARIABLES WHERE variable_name IN ('a')", Show("VARIABLES", where="variable_name IN ('a')")),
        ("SHOW COUNT(*) WARNINGS", Show("COUNT WARNINGS")),
        ("SHOW WARNINGS LIMIT 5 OFFSET 2", Show("WARNINGS", limit=(2, 5))),
        ("SHOW CHARSET", Show("CHARACTER SET")),
        ("SHOW CREATE SCHEMA IF NOT EXISTS d", Show("CREATE DATABASE", None, "d")),
        ("SHOW GRANTS FOR 'root'@'%'", Show("GRANTS", table="root")),
        ("BEGIN WORK", Transaction("BEGIN")),
        ("ROLLBACK WORK TO SAVEPOINT a", Transaction("ROLLBACK TO", "a")),
        ("COMMIT AND NO CHAIN NO RELEASE", Transaction("COMMIT", None, ("AND NO CHAIN", "NO RELEASE"))),
        ("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
         Transaction("SET TRANSACTION", None, ("ISOLATION LEVEL REPEATABLE READ", "READ ONLY"), "session")),
        ("SET NAMES 'utf8mb4' COLLATE utf8mb4_bin", SetNames("utf8mb4", "utf8mb4_bin")),
        ("SET NAMES DEFAULT", SetNames(None)),
        ("SET CHARACTER SET binary", SetNames("binary")),
        ("SET names = 1", SetVariables((Assignment("session", "names", 1),))),
        ("/*!40103 SET TIME_ZONE='+00:00' */", SetVariables((Assignment("session", "time_zone", "+00:00"),))),
        ("INSERT INTO t VALUES (1)", NotModelledStatement("INSERT", "INSERT INTO t VALUES (1)")),
        ("CREATE USER u IDENTIFIED BY 'x'", CreateUser((AccountSpec(AccountName("u"), Secret("x")),))),
        ("EXPLAIN EXTENDED SELECT 1", NotModelledStatement("EXPLAIN", "EXPLAIN EXTENDED SELECT 1")),
        ("SET PASSWORD FOR u = 'x'", SetPassword(Secret("x"), AccountName("u"), hashed=True)),
        ("(( SELECT 1 ))", Query("(( SELECT 1 ))")),
        ("/* c */ with a as (select 1) select * from a ; ", Query("/* c */ with a as (select 1) select * from a")),
        ("-- only", Empty()),
    ],
)
def test_statement_reads_as(text: str, statement: object) -> None:
    assert read_statement(text) == statement


@pytest.mark.parametrize(
    ("text", "assignment"),
    [
        ("autocommit=ON", Assignment("session", "autocommit", "ON")),
        ("AUTOCOMMIT := off", Assignment("session", "autocommit", "off")),
        ("@@session.autocommit = 0", Assignment("session", "autocommit", 0)),
        ("@@GLOBAL.x = -5", Assignment("global", "x", -5)),
        ("@@x = TRUE", Assignment("session", "x", 1)),
        ("GLOBAL x = DEFAULT", Assignment("global", "x", DefaultValue())),
        ("LOCAL ob_query_timeout = 10000000000000", Assignment("session", "ob_query_timeout", 10_000_000_000_000)),
        ("character_set_results = NULL", Assignment("session", "character_set_results", None)),
        ("character_set_results = utf8mb4", Assignment("session", "character_set_results", "utf8mb4")),
        ("collation_connection = @@collation_database",
         Assignment("session", "collation_connection", Expression("@@collation_database"))),
        ("sql_mode=concat(@@sql_mode, ',STRICT_TRANS_TABLES')",
         Assignment("session", "sql_mode", Expression("concat(@@sql_mode, ',STRICT_TRANS_TABLES')"))),
        ("@A := 'x'", Assignment("user", "a", "x")),
        ("@`a b` = y", Assignment("user", "a b", Expression("y"))),
        ("x = 1 + 1", Assignment("session", "x", Expression("1 + 1"))),
        ("session = 1", Assignment("session", "session", 1)),
    ],
)
def test_set_reads_as(text: str, assignment: Assignment) -> None:
    assert read_statement(f"SET {text}") == SetVariables((assignment,))
    assert read_statement(f"SET {text}, b = 2") == SetVariables((assignment, Assignment("session", "b", 2)))


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("SET a = 10 TENANT = t1", "TENANT = t1"),
        ("SET a = (1", "1"),
        ("SET a = 1)", ")"),
        ("SET a 1", "1"),
        ("SET a = ", "="),
        ("SET a = 1,", ","),
        ("SET NAMES", "NAMES"),
        ("SET TRANSACTION ISOLATION LEVEL READ", "READ"),
        ("SHOW FULL DATABASES", "DATABASES"),
        ("SHOW CREATE x", "x"),
        ("SHOW COLUMNS LIKE 'x'", "LIKE 'x'"),
        ("USE 'db'", "'db'"),
        ("ALTER SYSTEM BACKUP TENANT = select", "select"),
        ("ALTER SYSTEM BACKUP TENANT = 5", "5"),
        ("ALTER SYSTEM DELETE BACKUPSET '1'", "'1'"),
        ("ALTER SYSTEM ADD DELETE BACKUP POLICY x", "x"),
        ("ALTER SYSTEM RESTORE t FROM 'a' UNTIL TIME '2024' WITH 'p'", "'2024' WITH 'p'"),
        ("ALTER SYSTEM RECOVER TABLE a.b TO t1 WITH 'x'", "t1 WITH 'x'"),
        ("CREATE TENANT 't1'", "'t1'"),
        ("CREATE x y", "x y"),
        ("FROB 1", "FROB 1"),
        ("SELECT `a", "a"),
        ("SELECT 'it''s", "s"),
        ("SELECT {# x #} 1", "{# x #} 1"),
        ("KILL -1", "-1"),
        ("COMMIT AND", "AND"),
    ],
)
def test_syntax_error_is_near(text: str, near: str) -> None:
    with pytest.raises(SyntaxRefused) as caught:
        read_statement(text)
    assert caught.value.near == near


@pytest.mark.parametrize("text", ["SELECT 1; SELECT 2", "SELECT 1;;", "ALTER SYSTEM MINOR FREEZE; FROB"])
def test_a_second_statement_is_1149(text: str) -> None:
    """What a client gets that has not said that it takes several answers."""
    with pytest.raises(ServerError) as caught:
        read_statement(text)
    assert (caught.value.errno, caught.value.sqlstate) == (1149, "42000")


def test_line_counts_from_the_start_of_the_text() -> None:
    with pytest.raises(SyntaxRefused) as caught:
        read_statement("/* a\nb */\nALTER SYSTEM\nBACKUP 'x\ny'\n")
    assert (caught.value.near, caught.value.line) == ("'x\ny'", 4)


@pytest.mark.parametrize("text", ["", " \n", ";", " ; ", "; SELECT 1", "/* c */;"])
def test_empty_statement_is_1065(text: str) -> None:
    with pytest.raises(ServerError) as caught:
        read_statement(text)
    assert caught.value.errno == 1065


@pytest.mark.parametrize(
    "text",
    [
        "ALTER SYSTEM RESTORE t FROM 'a' WITH ''",
        "ALTER SYSTEM RESTORE t FROM 'a' WITH 'b' ENCRYPTED BY ''",
        "ALTER SYSTEM ADD RESTORE SOURCE ''",
        "ALTER SYSTEM RESTORE t FROM 'a' WITH 'b' DESCRIPTION ''",
    ],
)
def test_empty_text_where_none_may_be_is_1149(text: str) -> None:
    with pytest.raises(ServerError) as caught:
        read_statement(text)
    assert caught.value.errno == 1149


def test_syntax_comes_before_an_empty_text() -> None:
    with pytest.raises(SyntaxRefused):
        read_statement("ALTER SYSTEM RESTORE t FROM ''")


def test_system_variable_as_parameter_value_is_named_as_not_modelled() -> None:
    with pytest.raises(NotModelled, match="system variable"):
        read_statement("ALTER SYSTEM SET x = @@y")


class TestParameters:
    def test_marks_become_literals(self) -> None:
        statement = read_statement("ALTER SYSTEM SET a = ?, b = ? TENANT = ?", [10, "x' OR 1", "t1"])
        assert statement == AlterParameters((ParameterAction("a", 10), ParameterAction("b", "x' OR 1", tenant="t1")))

    def test_null_bytes_and_numbers(self) -> None:
        assert read_statement("CALL obsim.x(?, ?, ?)", [None, b"\xc3\xa9", -2.5]) == CallProcedure(
            "obsim", "x", (None, "é", -2.5)
        )

    def test_expression_takes_its_own(self) -> None:
        statement = read_statement("SET a = ?, b = concat(?, ?), @c = ?", [1, "x", "y", None])
        assert statement == SetVariables(
            (
                Assignment("session", "a", 1),
                Assignment("session", "b", Expression("concat(?, ?)", ("x", "y"))),
                Assignment("user", "c", None),
            )
        )

    def test_query_keeps_its_marks(self) -> None:
        assert read_statement("SELECT ?", [1]) == Query("SELECT ?")

    def test_mark_without_parameters_is_a_syntax_error(self) -> None:
        with pytest.raises(SyntaxRefused) as caught:
            read_statement("ALTER SYSTEM SET a = ?")
        assert caught.value.near == "?"

    def test_text_is_never_spliced(self) -> None:
        with pytest.raises(SyntaxRefused):
            read_statement("ALTER SYSTEM BACKUP ?", ["DATABASE"])

    def test_wrong_number_is_1210(self) -> None:
        with pytest.raises(ServerError) as caught:
            read_statement("KILL ?", [1, 2])
        assert caught.value.errno == 1210
