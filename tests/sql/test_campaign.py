"""Statements made from the grammar, whole and broken: nothing crashes, what is refused is refused by a listed error.

OBSIM_STATEMENTS sets the number of statements of the long form (marker `full`).
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from obsim.error_table import ERROR_ROWS
from obsim.errors import NEAR_LENGTH_MAX, NotModelled, ServerError, SyntaxRefused
from obsim.sql.reader import ALTER_SYSTEM, read_statement
from tests.sql.grammar_forms import READER_FORMS, all_forms
from tests.sql.strategies import form_texts, own_statements

LONG = int(os.environ.get("OBSIM_STATEMENTS", "100000"))
SHORT = 3000
FORMS = all_forms()
LISTED = {(row[2], row[3]) for row in ERROR_ROWS}
NOISE = (
    "(", ")", ",", "=", "==", ".", "*", ":", "''", "'x", "'x'", '"y"', "`", "`z`", "0", "5", "-1", "1e9",
    "9" * 20, "TENANT", "TENANT =", "ALL", "DESCRIPTION 'd'", "UNTIL", "SCN = 0", "TIME = ''", "WITH", "FROM",
    "PREVIEW", "SELECT", "SET", ";", "; SELECT 1", "/*", "*/", "--", "-- x\n", "#", "\\", "@", "@@x", "?",
    "\x00", "中文", "NULL", "TRUE",
)  # fmt: skip


@st.composite
def whole(draw: DrawFn) -> str:
    """A text that fits a form, or what a statement prints."""
    if draw(st.integers(0, 4)) == 0:
        return draw(own_statements).sql()
    text = draw(form_texts(draw(st.sampled_from(FORMS))))
    return text.lower() if draw(st.booleans()) and "`" not in text and "'" not in text else text


@st.composite
def broken(draw: DrawFn) -> str:
    """A whole text of which words were dropped, doubled, swapped or replaced."""
    pieces = draw(whole()).split(" ")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(pieces) - 1))
        match draw(st.sampled_from(["drop", "double", "insert", "replace", "cut"])):
            case "drop":
                del pieces[place]
            case "double":
                pieces.insert(place, pieces[place])
            case "insert":
                pieces.insert(place, draw(st.sampled_from(NOISE)))
            case "replace":
                pieces[place] = draw(st.sampled_from(NOISE))
            case _:
                pieces = pieces[:place]
        if not pieces:
            break
    return " ".join(pieces)


def outcome(text: str) -> Any:
    """The statement, or the error of reading it."""
    try:
        return read_statement(text)
    except ServerError as refused:
        return refused


def check(text: str) -> None:
    """A statement that reads back from what it prints, or an error that the tables list."""
    found = outcome(text)
    if isinstance(found, SyntaxRefused):
        assert (found.errno, found.sqlstate) == (1064, "42000")
        assert 1 <= found.line <= text.count("\n") + 1
        assert len(found.near) <= NEAR_LENGTH_MAX
    elif isinstance(found, NotModelled):
        assert found.message.startswith("obsim does not model ")
    elif isinstance(found, ServerError):
        assert (found.errno, found.sqlstate) in LISTED
    else:
        assert read_statement(found.sql()) == found


def test_every_reader_has_a_form() -> None:
    assert READER_FORMS.keys() == ALTER_SYSTEM.keys()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form: str) -> None:
    @settings(max_examples=8, database=None, derandomize=True, deadline=None)
    @given(text=form_texts(form))
    def run(text: str) -> None:
        assert not isinstance(outcome(text), SyntaxRefused)

    run()


@settings(max_examples=SHORT, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=whole() | broken())
def test_statements_from_the_grammar(text: str) -> None:
    check(text)


@pytest.mark.full
@settings(max_examples=LONG, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(text=whole() | broken())
def test_many_statements_from_the_grammar(text: str) -> None:
    check(text)
