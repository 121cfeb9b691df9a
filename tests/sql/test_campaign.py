"""Statements made from the grammar, whole and broken: nothing crashes, what is refused is refused by a listed error.

OBSIM_STATEMENTS sets the number of statements of the long form (marker `full`), of which each form has an equal share.
"""

import os
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

import obsim
from obsim.cluster.commands import every_command
from obsim.error_table import ERROR_ROWS
from obsim.errors import NEAR_LENGTH_MAX, NotModelled, ServerError, SyntaxRefused, UsageError
from obsim.session.handlers import HANDLERS
from obsim.sql.grammar.cursor import Cursor
from obsim.sql.grammar.forms import SIGNS, FormMatch, match_form
from obsim.sql.reader import _MODELLED, ALTER_SYSTEM, STATEMENTS, read_statement
from obsim.sql.tokens import scan
from obsim.statements import BackupStatement, NotModelledStatement
from tests.sql.grammar_forms import MORE_PARTS, READER_FORMS, TOP_READER_FORMS, known_forms, own_forms
from tests.sql.strategies import form_texts, statements

FORMS = (*own_forms(), *known_forms())
LONG = -(-int(os.environ.get("OBSIM_STATEMENTS", "100000")) // (len(FORMS) + 1))
SHORT = 20
SESSION_ERRORS = {(1115, "42000"), (1141, "42000"), (1232, "42000"), (1253, "42000"), (1273, "HY000"), (1298, "HY000")}
SESSION_ERRORS |= {(1096, "HY000"), (1792, "25006")}
"""Errors of MySQL's session language that errors.json has not."""
LISTED = {(row[2], row[3]) for row in ERROR_ROWS} | SESSION_ERRORS
NOISE = (
    "(", ")", ",", "=", "==", ".", "*", ":", "''", "'x", "'x'", '"y"', "`", "`z`", "0", "5", "-1", "1e9",
    "9" * 20, "TENANT", "TENANT =", "ALL", "DESCRIPTION 'd'", "UNTIL", "SCN = 0", "TIME = ''", "WITH", "FROM",
    "PREVIEW", "SELECT", "SET", ";", "; SELECT 1", "/*", "*/", "--", "-- x\n", "#", "\\", "@", "@@x", "?",
    "\x00", "中文", "NULL", "TRUE",
)  # fmt: skip
BREAKS = 4
"""Broken texts that are made of each whole one."""
SEEDS = st.integers(0, 2**32)
COUNTS: Counter[str] = Counter()


@st.composite
def whole(draw: DrawFn, texts: SearchStrategy[str]) -> str:
    """A text that fits a form, or what a statement prints; letter case does not count."""
    text = draw(texts)
    return text.lower() if draw(st.booleans()) and "`" not in text and "'" not in text else text


def broken(text: str, seed: int) -> str:
    """A text of which words were dropped, doubled, replaced or cut off."""
    chance = Random(seed)
    pieces = text.split(" ")
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(pieces))
        match chance.choice(["drop", "double", "insert", "replace", "cut"]):
            case "drop":
                del pieces[place]
            case "double":
                pieces.insert(place, pieces[place])
            case "insert":
                pieces.insert(place, chance.choice(NOISE))
            case "replace":
                pieces[place] = chance.choice(NOISE)
            case _:
                pieces = pieces[:place]
        if not pieces:
            break
    return " ".join(pieces)


def texts_of(form: str | None) -> SearchStrategy[str]:
    """Texts of a form; None stands for what the statements of any type print."""
    return statements.map(lambda statement: statement.sql()) if form is None else form_texts(form)


def outcome(text: str) -> Any:
    """The statement, or the error of reading it."""
    try:
        return read_statement(text)
    except ServerError as refused:
        return refused


def check(text: str) -> Any:
    """A statement that reads back from what it prints, or an error that the tables list."""
    found = outcome(text)
    COUNTS[str(found.errno) if isinstance(found, ServerError) else "read"] += 1
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
        if isinstance(found, BackupStatement) and not isinstance(found, NotModelledStatement):
            assert fits_a_form(text), "it is read and fits no form"
    return found


def spelled(form: str) -> str:
    """`form` with the parts of the tests written out."""
    signs = SIGNS.findall(form)
    return " ".join(f"{{ {spelled(MORE_PARTS[sign])} }}" if sign in MORE_PARTS else sign for sign in signs)


SPELLED = {
    form: spelled(form).replace("parameter", "name").replace("condition", "rest").replace("expression", "rest")
    for form in FORMS
}


def fits_a_form(text: str) -> bool:
    """Whether `text` is a text of some form, as the matcher of forms sees it."""
    body = scan(text).text
    words = Cursor(body).words
    fitting = (FORMS_BY_OPENING.get(tuple(words[:2]), ()), FORMS_BY_OPENING.get(tuple(words[:1]), ()))
    return any(match_form(FormMatch(Cursor(body)), SPELLED[form]) for forms in fitting for form in forms)


def _opening(form: str) -> tuple[str, ...]:
    words = form.split()
    return tuple(words[:2] if words[1:2] and words[1].isupper() else words[:1])


FORMS_BY_OPENING: dict[tuple[str, ...], list[str]] = {}
for _form in FORMS:
    FORMS_BY_OPENING.setdefault(_opening(_form), []).append(_form)


class Logins:
    """Sessions of sys and of a user tenant; whoever is killed, or loses its tenant, begins anew with the cluster."""

    def __init__(self) -> None:
        self.cluster = obsim.Cluster("statements", version="4.3.3")
        self.begin_anew()

    def begin_anew(self) -> None:
        """Return to the start of the scenario and log in."""
        self.cluster.reset()
        self.sessions = (self.cluster.session(), self.cluster.session(tenant="t1"))

    def refusal(self, place: int, text: str) -> ServerError | None:
        """What one session gets for a statement, None where it is answered."""
        try:
            self.sessions[place].execute(text)
        except UsageError:
            self.begin_anew()
        except ServerError as refused:
            return refused
        return None


def run_and_check(sessions: Logins, text: str) -> None:
    """Whatever it is, a session answers it or refuses it with a listed error."""
    check(text)
    for place in range(len(sessions.sessions)):
        refused = sessions.refusal(place, text)
        if refused is not None and not isinstance(refused, NotModelled):
            assert (refused.errno, refused.sqlstate) in LISTED, refused


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    """What reading the statements came to, for `pytest -s`."""
    yield
    print(f"\n{COUNTS.total()} statements: {COUNTS.most_common()}")


@pytest.fixture
def sessions() -> Logins:
    """A cluster of the test's own."""
    return Logins()


def test_every_reader_has_a_form() -> None:
    assert READER_FORMS.keys() == ALTER_SYSTEM.keys()
    assert set(_MODELLED) <= TOP_READER_FORMS.keys()
    first_words = {words.partition(" ")[0] for words in (*TOP_READER_FORMS, *known_forms())}
    by_name_alone = {
        "ANALYZE", "CHECK", "CHECKSUM", "DELETE", "FLUSH", "HANDLER", "HELP", "INSERT", "INSTALL", "LOAD", "MERGE",
        "OPTIMIZE", "REPAIR", "REPLACE", "RESET", "TRUNCATE", "UNINSTALL", "UPDATE",
    }  # fmt: skip
    assert STATEMENTS.keys() - first_words == by_name_alone


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form: str) -> None:
    @settings(max_examples=8, database=None, derandomize=True, deadline=None)
    @given(text=form_texts(form))
    def run(text: str) -> None:
        assert not isinstance(outcome(text), SyntaxRefused)

    run()


def test_every_type_of_statement_is_made_whole_and_broken() -> None:
    """Every type that a session can be given comes out of the forms, and breaking its text makes errors of some."""
    made: set[str] = set()
    spoilt: set[str] = set()
    for form in FORMS:

        @settings(max_examples=12, database=None, derandomize=True, deadline=None)
        @given(data=st.data(), form=st.just(form))
        def run(data: st.DataObject, form: str) -> None:
            text, seed = data.draw(form_texts(form)), data.draw(SEEDS)
            found = check(text)
            if isinstance(found, ServerError):
                return
            made.add(type(found).__name__)
            if isinstance(check(broken(text, seed)), ServerError):
                spoilt.add(type(found).__name__)

        run()
    types = {*HANDLERS, *(kind.__name__ for kind in every_command())}
    wanted = types - {"Empty"}  # a text of comments alone is no form's
    assert wanted - made == set()
    assert wanted - spoilt == set()


def campaign(form: str | None, sessions: Logins, count: int, **more: Any) -> None:
    """At least `count` statements: texts of a form, each whole and broken in several ways."""
    before = COUNTS.total()

    @settings(max_examples=-(-count // (1 + BREAKS)), deadline=None, suppress_health_check=list(HealthCheck), **more)
    @given(text=whole(texts_of(form)), seed=SEEDS)
    def run(text: str, seed: int) -> None:
        run_and_check(sessions, text)
        for nth in range(BREAKS):
            run_and_check(sessions, broken(text, seed + nth))

    run()
    assert COUNTS.total() - before >= count


@pytest.mark.parametrize("form", [None, *FORMS])
def test_statements_from_the_grammar(form: str | None, sessions: Logins) -> None:
    campaign(form, sessions, SHORT)


@pytest.mark.full
@pytest.mark.parametrize("form", [None, *FORMS])
def test_many_statements_from_the_grammar(form: str | None, sessions: Logins) -> None:
    campaign(form, sessions, LONG, database=None)
