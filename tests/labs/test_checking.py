"""How answers are judged."""

from decimal import Decimal

import pytest

from obsim.errors import ServerError
from obsim.labs.checking import check_lab, current_step
from obsim.labs.lab import LANGUAGES, Check, Lab, Step, Text
from obsim.labs.words import WORDS, language_of

WORD = Text("word", "词")


def judged(answer, **condition):
    check = Check("SELECT 1", WORD, WORD, WORD, **condition)
    lab = Lab(WORD, WORD, 1, "blank", WORD, WORD, [Step("one", WORD, WORD, [check], [WORD])])

    def ask(user, tenant, query):
        assert (user, tenant, query) == ("root", "sys", "SELECT 1")
        if isinstance(answer, Exception):
            raise answer
        return answer

    (step,) = check_lab(lab, ask)
    assert current_step(lab, ask) == int(step.holds)
    return step.checks[0]


@pytest.mark.parametrize(
    ("rows", "condition"),
    [
        (((37,),), {"value": 37}),
        (((Decimal("37.0"),),), {"value": 37}),
        ((("37",),), {"value": 37}),
        (((b"DOING",),), {"value": "DOING"}),
        (((37,),), {"value": "37"}),
        (((1,),), {"value": True}),
        (((Decimal("1.93"),),), {"at_least": 1.5}),
        ((("2",),), {"at_least": 1, "at_most": 2}),
        (((1, 9), (2, 9)), {"at_most": 1}),
        ((("B",),), {"one_of": ["A", "B"]}),
        (((1, "x"), (2, "y")), {"rows": [[1, "x"], [2, "y"]]}),
        ((), {"rows": []}),
    ],
)
def test_what_holds(rows, condition):
    assert judged(rows, **condition).holds


@pytest.mark.parametrize(
    ("rows", "condition", "found", "expected"),
    [
        (((36,),), {"value": 37}, "36", "37"),
        (((None,),), {"value": 0}, "NULL", "0"),
        ((), {"value": 0}, "no row", "0"),
        (((None,),), {"at_most": 5}, "NULL", "at most 5"),
        ((("doing",),), {"value": "DOING"}, "doing", "DOING"),
        ((("many",),), {"at_least": 1}, "many", "at least 1"),
        (((3,),), {"at_least": 1, "at_most": 2}, "3", "1 to 2"),
        ((("C",),), {"one_of": ["A", "B"]}, "C", "one of A, B"),
        (((2, "y"), (1, "x")), {"rows": [[1, "x"], [2, "y"]]}, "(2, y), (1, x)", "(1, x), (2, y)"),
        (((1,), (1,)), {"rows": [[1]]}, "(1), (1)", "(1)"),
        (((1, 2),), {"rows": [[1]]}, "(1, 2)", "(1)"),
        (((1,),), {"rows": []}, "(1)", "no row"),
        (((None,),), {"rows": [[0]]}, "(NULL)", "(0)"),
        (tuple((n,) for n in range(9)), {"rows": [[1]]}, "(0), (1), (2), (3), (4), ...", "(1)"),
    ],
)
def test_what_is_missing_says_what_was_found(rows, condition, found, expected):
    result = judged(rows, **condition)
    assert (result.holds, result.found("en"), result.expected("en")) == (False, found, expected)


def test_an_error_of_the_server_is_missing_and_shown():
    result = judged(ServerError(1146, "42S02", "no such table"), rows=[])
    assert (result.holds, result.error) == (False, "ERROR 1146 (42S02): no such table")


def test_every_language_has_the_same_words_with_the_same_fields():
    fields = {language: {word: set(_fields(text)) for word, text in WORDS[language].items()} for language in WORDS}
    assert tuple(WORDS) == LANGUAGES
    assert fields["en"] == fields["zh"]


def _fields(text):
    return [part.partition("}")[0] for part in text.split("{")[1:]]


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "C"}, "en"), ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"), ({"LC_ALL": "", "LC_MESSAGES": "zh_TW"}, "zh"),
    ],
)  # fmt: skip
def test_the_language_is_that_of_the_environment(environment, language):
    assert language_of(environment) == language
