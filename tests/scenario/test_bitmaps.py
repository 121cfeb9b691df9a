"""Bitmaps as text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap64

from obsim.scenario.bitmaps import bitmap_text, read_bitmap


@pytest.mark.parametrize(
    ("positions", "text"),
    [
        ([], ""), ([0], "0"), ([0, 1, 2, 3], "0-3"),
        ([0, 2, 3, 2**32, 2**63], "0,2-3,4294967296,9223372036854775808"),
    ],
)  # fmt: skip
def test_few_runs_are_numbers(positions, text):
    assert bitmap_text(BitMap64(positions)) == text
    assert list(read_bitmap(text)) == positions


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 70)), max_size=60))
def test_any_bitmap_comes_back(runs):
    bitmap = BitMap64()
    for first, length in runs:
        bitmap.add_range(first, first + length)
    assert read_bitmap(bitmap_text(bitmap)) == bitmap


def test_a_huge_tablet_is_short():
    bitmap = BitMap64()
    bitmap.add_range(5 << 32, (5 << 32) + (1 << 26))
    assert bitmap_text(bitmap) == "21474836480-21541945343"
    bitmap -= BitMap64(range(5 << 32, (5 << 32) + (1 << 26), 1_001))
    assert len(bitmap_text(bitmap)) < 900_000
    assert read_bitmap(bitmap_text(bitmap)) == bitmap


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7-5", "a run ends at 5, before 7"), ("x", "'x' is no position"), ("1-2-3", "is no position"),
        ("18446744073709551616", "beyond 64 bits"), ("zlib:%%", "damaged"), ("zlib:AAAA", "damaged"),
    ],
)  # fmt: skip
def test_what_is_none(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_bitmap(text)
