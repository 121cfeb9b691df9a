"""Numbers drawn in bulk: the right sets, and the right chances."""

import random
import sys
from array import array
from math import sqrt
from statistics import mean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap64

from obsim.storage import positions
from obsim.storage.positions import binomial, draw_distinct, draw_hits, draw_ranked, gather, share_out, uniform


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_gather_is_the_set(numbers):
    assert set(gather(numbers)) == set(numbers)
    assert set(gather(array("Q", numbers))) == set(numbers)


@pytest.mark.parametrize("with_numpy", [True, False])
def test_large_arrays_are_gathered_with_and_without_numpy(with_numpy, monkeypatch):
    if not with_numpy:
        monkeypatch.setitem(sys.modules, "numpy", None)
    numbers = array("Q", random.Random(1).choices(range(1 << 40), k=20_000))
    kept = array("Q", numbers)
    assert set(gather(numbers)) == set(numbers)
    assert numbers == kept


@given(st.integers(0, 2**64), st.integers(1, 3000), st.data())
def test_distinct_numbers_are_as_many_as_asked(key, population, data):
    count = data.draw(st.integers(0, population))
    drawn = draw_distinct(key, population, count)
    assert len(drawn) == count
    assert all(0 <= place < population for place in drawn)
    assert drawn == draw_distinct(key, population, count)


def test_too_many_distinct_numbers_are_refused():
    with pytest.raises(ValueError, match="cannot draw 4 distinct numbers from 3"):
        draw_distinct(0, 3, 4)


def test_each_number_is_drawn_alike():
    counts = [0] * 10
    for key in range(4000):
        for number in draw_distinct(key, 10, 3):
            counts[number] += 1
    assert all(abs(count - 1200) < 5 * sqrt(4000 * 0.3 * 0.7) for count in counts)


def test_words_have_so_many_bits_and_depend_on_all():
    assert max(uniform(1, 0, 5, 70_000)) == 31
    assert uniform(1, 0, 64, 9) != uniform(1, 1, 64, 9) != uniform(2, 1, 64, 9)


@pytest.mark.parametrize(
    ("bins", "hits", "each"),
    [
        (1, 5, True), (2, 1, True), (72, 5, True), (72, 96, True), (64, 40, True), (1000, 3000, True),
        (72, 96, False), (64, 40, False), (1000, 3000, False),
    ],
)  # fmt: skip
def test_hits_meet_as_many_as_balls_in_bins(bins, hits, each, monkeypatch):
    """N(1-(1-1/N)^k), item 3 of the experiment, whether hits are drawn or only how many bins they meet."""
    if not each:
        monkeypatch.setattr(positions, "_HITS_EACH_MAX", 0)
    met = [len(draw_hits(key, bins, hits)) for key in range(400)]
    naive = [len({random.Random(key * 1000 + n).randrange(bins) for n in range(hits)}) for key in range(60)]
    missed = (1 - 1 / bins) ** hits
    assert mean(met) == pytest.approx(bins * (1 - missed), abs=0.05 + 4 * pstdev(met) / sqrt(400))
    assert pstdev(met) == pytest.approx(pstdev(naive), abs=0.25 + 0.4 * pstdev(naive))


def test_no_hits_meet_nothing():
    assert draw_hits(1, 0, 5) == draw_hits(1, 5, 0) == BitMap64()


@pytest.mark.parametrize(("trials", "chance"), [(0, 0.5), (50, 0.3), (1000, 0.5), (100_000, 0.0001), (1000, 0.999)])
def test_binomial(trials, chance):
    drawn = [binomial(key * 7919, trials, chance) for key in range(2000)]
    assert all(0 <= count <= trials for count in drawn)
    deviation = sqrt(trials * chance * (1 - chance))
    assert mean(drawn) == pytest.approx(trials * chance, abs=0.01 + 5 * deviation / sqrt(2000))
    assert pstdev(drawn) == pytest.approx(deviation, rel=0.15)


def test_binomial_is_certain_at_the_ends():
    assert [binomial(1, 1000, 0.0), binomial(1, 1000, 1.0), binomial(1, 5, 1.0)] == [0, 1000, 5]


@given(st.integers(0, 2**64), st.integers(0, 500), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_shares_add_up(key, hits, weights):
    assert sum(share_out(key, hits, weights)) == hits


def test_shares_go_by_weight():
    shares = [share_out(key * 31, 700, [1, 0, 6]) for key in range(300)]
    assert mean(share[0] for share in shares) == pytest.approx(100, abs=3)
    assert not any(share[1] for share in shares)


def test_popular_ranks_are_the_same_in_every_draw():
    draws = [draw_ranked(key, 99, 1000, 24, 60) for key in range(60)]
    often = sorted((sum(number in drawn for drawn in draws) for number in range(1000)), reverse=True)
    assert often[0] > 50  # the first rank has 1/24 of the hits
    assert often[20] < 40
    assert all(drawn.max() < 1000 for drawn in draws)
    assert draw_ranked(1, 99, 1000, 24, 60) != draw_ranked(1, 98, 1000, 24, 60)
