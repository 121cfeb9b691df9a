"""Splitting, limits and near texts, before any grammar."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.errors import ParseError, SqlglotError

from obsim.client_statements import Empty
from obsim.errors import NotModelled, ServerError, SyntaxRefused
from obsim.sql.dialect import OceanBase
from obsim.sql.reader import read_statement
from obsim.sql.tokens import (
    DEPTH_MAX,
    LENGTH_MAX,
    TOKENS_MAX,
    count_parameters,
    split_statements,
    syntax_error_of,
    tokenize,
)
from obsim.statements import BackupDatabase, CancelBackup, masked, quote_name, quote_text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a", ["a"]),
        ("a;", ["a"]),
        ("a; \n", ["a"]),
        ("a; -- over", ["a"]),
        ("a;b", ["a", "b"]),
        ("a; b ;", ["a", " b "]),
        ("a;;b", ["a", "", "b"]),
        ("a;;", ["a", ""]),
        (";a", ["", "a"]),
        ("", [""]),
        (" ", [""]),
        (";", [""]),
        ("-- only", ["-- only"]),
        ("';' ;\";\";`;`;/*;*/x;#;\ny", ["';' ", '";"', "`;`", "/*;*/x", "#;\ny"]),
        ("'it''s;';'\\';'", ["'it''s;'", "'\\';'"]),
        ("a--;b", ["a--", "b"]),
        ("a -- ;b", ["a -- ;b"]),
    ],
)
def test_split(text: str, pieces: list[str]) -> None:
    assert split_statements(text) == pieces


@given(parts=st.lists(st.sampled_from(["a", "';'", "/*;*/", '"\\";"', "`;`", "1 ", "x=2"]), min_size=1, max_size=6))
def test_pieces_join_to_the_text(parts: list[str]) -> None:
    assert split_statements(";".join(parts) + ";x") == [*parts, "x"]


@given(text=st.text(max_size=40))
def test_a_quoted_text_is_one_token(text: str) -> None:
    literal, name = tokenize(f"{quote_text(text)} `{text.replace('`', '``')}`")
    assert (literal.text, name.text) == (text, text)


@given(name=st.text(min_size=1, max_size=20))
def test_a_printed_name_is_one_token(name: str) -> None:
    (token,) = tokenize(quote_name(name))
    assert token.text == name


@pytest.mark.parametrize(
    ("text", "count"), [("?", 1), ("'?' ? \"?\" `?` /*?*/ -- ?\n ?", 2), ("SELECT 1", 0), ("a IN (?,?,?)", 3)]
)
def test_count_parameters(text: str, count: int) -> None:
    assert count_parameters(text) == count


NESTED = [
    "SELECT " + "(" * 2000 + "1" + ")" * 2000,
    "SELECT " + "(SELECT " * 300 + "1" + ")" * 300,
    "SELECT " + "NOT " * 5000 + "1",
    "SELECT " + "- " * 5000 + "1",
    "SELECT " + "~" * 5000 + "1",
    "SELECT " + "CASE WHEN 1 THEN " * 200 + "1" + " END" * 200,
    "SELECT " + "CASE x.end WHEN " * 1000 + "1",
    "SELECT " + "[" * 3000,
    "SELECT " + "FROM " * 15000,
    "ALTER SYSTEM BACKUP " + "(" * 3000,
]


@pytest.mark.parametrize("text", NESTED, ids=lambda text: text[:24])
def test_nesting_is_refused_before_anything_descends(text: str) -> None:
    with pytest.raises(NotModelled, match="nested deeper"):
        read_statement(text)


DOUBLING = [
    "SELECT 1 FROM t " + "JOIN a " * 30,
    "SELECT 1 FROM t " + "LEFT JOIN a " * 30,
    "SELECT 1 FROM t " + "STRAIGHT_JOIN a " * 30,
    "SELECT 1 FROM t " + "JOIN a JOIN b ON 1 " * 30,
    "SELECT 1 FROM t " + "JOIN a " * 8 + "JOIN (SELECT 1 FROM u " + "JOIN b " * 8 + ") c",
    "SELECT " + "BIGINT(" * 20 + "1" + ")" * 20,
    "SELECT " + "DATE /* ( */ (" * 20,
    "SELECT " + "UNION (" * 20,
    "SELECT " + "(SELECT 1 FROM a OFFSET b " * 20,
    "SELECT " + "a LIMIT (SELECT " * 20 + "1" + ")" * 20,
]


@pytest.mark.parametrize("text", DOUBLING, ids=lambda text: text[:40])
def test_what_doubles_the_work_of_the_stock_parser_is_limited(text: str) -> None:
    with pytest.raises(NotModelled, match="joins without ON, limits"):
        read_statement(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM t " + "JOIN a ON 1 " * 40,
        "SELECT 1 FROM t " + "JOIN a USING (b) " * 40,
        "SELECT 1 FROM t " + "CROSS JOIN a " * 40,
        "SELECT 1 FROM t " + "NATURAL LEFT JOIN a " * 40,
        "SELECT 1 FROM t JOIN a JOIN b" + " UNION SELECT 1 FROM t JOIN a JOIN b" * 10,
        "SELECT 1" + " UNION (SELECT 1 LIMIT 1 OFFSET 2)" * 20,
        "SELECT DATE(a), " + "CAST(b AS CHAR(5)), " * 40 + "1",
    ],
    ids=lambda text: text[:40],
)
def test_many_plain_joins_and_types_are_read(text: str) -> None:
    assert read_statement(text).sql() == text
    OceanBase().parse(text)


def test_nesting_up_to_the_limit_is_read() -> None:
    text = f"SELECT {'(' * DEPTH_MAX}1{')' * DEPTH_MAX}"
    OceanBase().parse(text)
    assert read_statement(text).sql() == text


def test_brackets_in_a_string_do_not_nest() -> None:
    text = f"SELECT '{'(' * 100}{'-' * 100}', \"{'NOT ' * 100}\" /* {'(' * 100} */"
    assert read_statement(text).sql() == text


def test_long_texts_are_refused() -> None:
    with pytest.raises(NotModelled, match="characters"):
        read_statement("SELECT '" + "x" * LENGTH_MAX + "'")
    with pytest.raises(NotModelled, match="tokens"):
        read_statement("SELECT " + "1," * TOKENS_MAX + "1")
    assert read_statement("SELECT '" + "x" * (LENGTH_MAX - 10) + "'").sql().startswith("SELECT 'xx")
    assert read_statement("SELECT " + "1," * (TOKENS_MAX // 3) + "1").sql().endswith(",1")


def errno_of(work: Callable[[str], object], text: str) -> int:
    """The errno that `work` raises; 0 for none."""
    try:
        work(text)
    except ServerError as refused:
        return refused.errno
    return 0


HOSTILE = [
    "/*", "/*!", "'", '"', "`", "\\'", "-- ", "- ", "/* */", "(", "''", "{#", "BY '", "IDENTIFIED BY 'a',", "#\n", " ",
    "CASE ", "password=",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_scanning_takes_linear_time(piece: str) -> None:
    """A scanner that backs up would take hours for these texts of half a megabyte."""
    text = "SELECT " + piece * (LENGTH_MAX // (2 * len(piece)))
    for work in (split_statements, count_parameters, masked, read_statement):
        assert errno_of(work, text) in {0, 1064, 1235}


@pytest.mark.parametrize(
    ("text", "near", "line"),
    [
        ("SELECT 1 +", "+", 1),
        ("SELECT * FROM\nWHERE x = 1", "WHERE x = 1", 2),
        ("SELECT a FROM t ORDER\nBY a b", "b", 2),
        ("SELECT 1 )", ")", 1),
        ("SELECT a FROM t WHERE (b = 1", "1", 1),
    ],
)
def test_error_of_the_stock_parser_gets_a_near_text(text: str, near: str, line: int) -> None:
    with pytest.raises(SqlglotError) as caught:
        OceanBase().parse(text)
    refused = syntax_error_of(text, caught.value)
    assert isinstance(refused, SyntaxRefused)
    assert (refused.near, refused.line) == (near, line)


def test_other_failures_of_the_stock_parser() -> None:
    assert isinstance(syntax_error_of("SELECT 1", RecursionError()), NotModelled)
    assert syntax_error_of("SELECT 1 x", ParseError("no position")).message.endswith("near 'x' at line 1")
    assert syntax_error_of("SELECT 'x", ParseError("unfinished")).message.endswith("near 'x' at line 1")
    assert syntax_error_of(" ", ParseError("nothing")).message.endswith("near '' at line 1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What is inside is read, whatever the number says, and without it where it does not fit.
        ("ALTER SYSTEM /*!99999 CANCEL */ BACKUP", CancelBackup()),
        ("ALTER SYSTEM CANCEL BACKUP /*!99999 NONSENSE */", CancelBackup()),
        ("/*!99999 NONSENSE */ ALTER SYSTEM CANCEL BACKUP", CancelBackup()),
        # Five digits are the number; a sixth begins a token, fewer are one.
        ("ALTER SYSTEM /*!080000 CANCEL */ BACKUP", BackupDatabase(tenants=())),
        ("ALTER SYSTEM /*!401 CANCEL */ BACKUP", BackupDatabase(tenants=())),
        ("/*!99999 NONSENSE */", Empty()),
        # Texts side by side are one, if their quotes are the same.
        ("ALTER SYSTEM CANCEL BACKUP TENANT = 't' \n '1'", CancelBackup(("t1",))),
        ('ALTER SYSTEM CANCEL BACKUP TENANT = "t" "1"', CancelBackup(("t1",))),
    ],
)
def test_comments_that_run_and_texts_side_by_side(text: str, expected: object) -> None:
    assert read_statement(text) == expected


@pytest.mark.parametrize(
    "text", ["ALTER SYSTEM CANCEL BACKUP TENANT = 't' \"1\"", "ALTER SYSTEM BACKUP /*!99999 TENANT */ 5"]
)
def test_what_fits_neither_way_is_refused(text: str) -> None:
    with pytest.raises(SyntaxRefused):
        read_statement(text)
