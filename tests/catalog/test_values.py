"""Forms of decimals, rates and sizes; the figures are those of samples.md."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obsim.catalog.values import bytes_display, decimal_text, percent_text, rate_text

START_NS = 1_741_572_000_412_305_000


@pytest.mark.parametrize(
    ("output_bytes", "elapsed_us", "rate"),
    [
        (21_340_077, 130_105_972, "164020.7338"),
        (15_820_446, 128_736_339, "122890.2897"),
        (9_120_300, 41_442_888, "220069.1226"),
    ],
)
def test_rates_of_the_samples(output_bytes: int, elapsed_us: int, rate: str) -> None:
    assert rate_text(output_bytes, START_NS, START_NS + elapsed_us * 1000) == rate


def test_a_rate_without_an_end_or_a_length_is_zero() -> None:
    assert rate_text(5, START_NS, 0) == rate_text(5, START_NS, START_NS) == "0.0000"


def test_shares_of_a_total() -> None:
    assert [percent_text(*pair) for pair in ((55, 118), (0, 0), (118, 118), (119, 118), (1, 3), (5, 0))] == [
        "46.61", "0.00", "100.00", "99.99", "33.33", "0.00",
    ]  # fmt: skip


def test_sizes() -> None:
    sizes = (0, 73_518_524, 2_152_483_648, (1 << 30) - 1, 1 << 30, 3 << 40, 5 << 50)
    assert [bytes_display(size) for size in sizes] == [
        "0.00MB", "70.11MB", "2.00GB", "1024.00MB", "1.00GB", "3.00TB", "5.00PB",
    ]  # fmt: skip


@settings(deadline=None)
@given(st.integers(0, 10**24), st.integers(1, 10**24), st.integers(1, 6))
def test_a_quotient_is_off_by_half_a_digit_at_most(numerator: int, denominator: int, digits: int) -> None:
    text = decimal_text(numerator, denominator, digits)
    assert len(text.partition(".")[2]) == digits
    assert abs(Fraction(text) - Fraction(numerator, denominator)) <= Fraction(1, 2 * 10**digits)
