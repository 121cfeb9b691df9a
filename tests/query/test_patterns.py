"""LIKE and REGEXP agree with Python's `re` where that has the same meaning, and refuse what an automaton cannot do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsim.errors import ServerError
from obsim.query.functions.patterns import like_pattern, regex

TEXTS = st.text("abAB.%_\\\n", max_size=8)
ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\.", "(a|b)", "(ab)", "(a|)", "^", "$", "(?:b)"])
REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"])


def like_as_regex(pattern: str) -> str:
    out, characters = [], iter(pattern)
    for character in characters:
        if character == "\\":
            out.append(re.escape(next(characters, "\\")))
        else:
            out.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return "".join(out)


@given(TEXTS, TEXTS)
def test_like(text: str, pattern: str) -> None:
    wanted = re.fullmatch(like_as_regex(pattern), text, re.IGNORECASE | re.DOTALL) is not None
    assert like_pattern(pattern).matches(text) == wanted


@given(st.text("abAB.", max_size=8), st.lists(st.tuples(ATOMS, REPEATS), min_size=1, max_size=5), st.booleans())
def test_regexp(text: str, parts: list[tuple[str, str]], either: bool) -> None:
    pieces = [atom if atom in "^$" else atom + repeat for atom, repeat in parts]
    pattern = ("|" if either else "").join(pieces)
    wanted = re.search(pattern.replace("$", "\\Z"), text, re.IGNORECASE | re.DOTALL) is not None
    assert regex(pattern).found_in(text) == wanted


@pytest.mark.parametrize(
    "pattern",
    ["", "(", ")", "[a", "a**b{", "*a", "a{3,2}", "a{999}", "\\", "(?=a)", "(?<n>a)", "\\1", "[[:nope:]]", "[b-a]"],
)
def test_refused_patterns(pattern: str) -> None:
    with pytest.raises(ServerError) as caught:
        regex(pattern)
    assert caught.value.errno == 1139


def test_too_large_patterns() -> None:
    for pattern in ("a" * 10_000, "((a{200}){200}){200}", "(" * 60 + "a" + ")" * 60):
        with pytest.raises(ServerError) as caught:
            regex(pattern)
        assert caught.value.errno == 1139
    with pytest.raises(ServerError) as caught:
        like_pattern("a", "||")
    assert caught.value.errno == 1210
