"""How rules name statements and destinations."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsim.statements.matching import holds, is_like, line_of, words_of


@given(st.text("ab", max_size=8), st.text("ab*", max_size=6))
def test_a_star_stands_for_anything(name, wanted):
    pattern = ".*".join(map(re.escape, wanted.split("*")))
    assert is_like(name, wanted) == (re.fullmatch(pattern, name) is not None)


def test_many_stars_take_no_longer_than_the_name_is_long():
    assert not is_like("file:///" + "a" * 1_000, "*a" * 400 + "*b")
    assert is_like("file:///" + "a" * 1_000 + "b", "*a" * 400 + "*b")


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("ALTER  SYSTEM\nBACKUP DATABASE", "backup database", True), ("BACKUP DATABASE", "backup * database", True),
        ("BACKUP INCREMENTAL DATABASE", "backup database", False), ("DATABASE BACKUP", "backup * database", False),
        ("BACKUP", "", True),
    ],
)  # fmt: skip
def test_words_in_their_order(text, wanted, found):
    assert holds(line_of(text), words_of(wanted)) is found
