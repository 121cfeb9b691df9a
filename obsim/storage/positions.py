"""Sets of numbers drawn or gathered in bulk: no step here is taken number by number (design: any size).

Random numbers are functions of a key (`obsim.randomness.stream_key`): SHAKE-128 gives as many bytes as are wanted, a
mask over all of them at once cuts them to the width of the population, and what lies beyond it is dropped.
"""

from array import array
from bisect import bisect
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import shake_128
from importlib import import_module
from itertools import accumulate
from math import cos, exp, log, log1p, pi, sqrt

from pyroaring import BitMap64

from obsim.randomness import splitmix64

__all__ = ["binomial", "draw_distinct", "draw_hits", "draw_ranked", "gather", "share_out", "uniform"]

_CHUNK = 1 << 16
_SORTED_FROM = 1 << 14
"""From so many numbers on, sorting them before they go into a bitmap is worth loading NumPy for."""
_BATCH = 1 << 18
"""Numbers that are drawn at a time: they take 8 MB on their way."""
_EACH_MAX = 64
"""So many trials are made one by one; more are drawn by the normal distribution."""
_HITS_EACH_MAX = 1 << 22
"""So many hits are drawn one by one; of more, only how many numbers they meet is drawn, then which."""


def gather(numbers: Iterable[int]) -> BitMap64:
    """The set of numbers in any order; fastest from an array('Q').

    A bitmap takes sorted numbers ten times as fast as others, so large arrays are sorted first where NumPy is
    installed (extra `speed`); the result is the same without it.
    """
    if isinstance(numbers, array) and numbers.typecode == "Q" and len(numbers) >= _SORTED_FROM:
        numbers = _sorted(numbers)
    return BitMap64(numbers)


def _sorted(numbers: "array[int]") -> "array[int]":
    try:
        numpy = import_module("numpy")
    except ImportError:
        return numbers
    ordered = numpy.frombuffer(numbers, dtype=numpy.uint64).copy()
    ordered.sort()
    result = array("Q")
    result.frombytes(memoryview(ordered).cast("B"))
    return result


@lru_cache(maxsize=64)
def _mask(bits: int) -> int:
    """`bits` ones in each of a chunk of 64-bit words, as one number."""
    return int.from_bytes(((1 << bits) - 1).to_bytes(8, "little") * _CHUNK, "little")


def uniform(key: int, n: int, bits: int, count: int) -> "array[int]":
    """`count` numbers of `bits` bits, at most 64, independent and uniform; `n` numbers the calls with this key."""
    stream = shake_128(f"{key}/{n}".encode()).digest(8 * count)
    mask, result = _mask(bits), array("Q")
    for start in range(0, len(stream), 8 * _CHUNK):
        part = stream[start : start + 8 * _CHUNK]
        result.frombytes((int.from_bytes(part, "little") & mask).to_bytes(len(part), "little"))
    return result


def _below(key: int, n: int, population: int, count: int) -> BitMap64:
    """What `count` draws from the next power of two meet below `population`."""
    bits = (population - 1).bit_length()
    met = gather(uniform(key, n, bits, count))
    met.remove_range(population, 1 << bits)
    return met


def draw_distinct(key: int, population: int, count: int) -> BitMap64:
    """A uniform set of `count` numbers of range(population). Raises ValueError when there are not as many."""
    if not 0 <= count <= population:
        raise ValueError(f"cannot draw {count} distinct numbers from {population}")
    if 2 * count > population:
        return BitMap64(range(population)) - draw_distinct(key, population, population - count)
    drawn, n = BitMap64(), 0
    while missing := min(count - len(drawn), _BATCH):
        drawn |= _below(key, n, population, missing)  # each draw adds one at the most, so never too many
        n += 1
    return drawn


def draw_hits(key: int, population: int, hits: int) -> BitMap64:
    """The numbers of range(population) that so many independent uniform hits meet (balls into bins)."""
    if not population or not hits:
        return BitMap64()
    if hits > _HITS_EACH_MAX:
        return draw_distinct(key, population, _met_count(key, population, hits))
    met, n, width = BitMap64(), 0, 1 << (population - 1).bit_length()
    while hits > 0:
        # Of the draws from the power of two, those beyond the population are no hits: draw until enough were below.
        batch = uniform(key, n, width.bit_length() - 1, min(hits, _BATCH))
        hits -= len(batch) if width == population else _count_below(batch, population)
        met |= gather(batch)
        n += 1
    met.remove_range(population, width)
    return met


def _count_below(numbers: "array[int]", end: int) -> int:
    """How many are below `end`, repeats counted: the borrow of `number - end` in the 64th bit of each word tells."""
    count = 0
    for start in range(0, len(numbers), _CHUNK):
        part = numbers[start : start + _CHUNK]
        ones = int.from_bytes((1).to_bytes(8, "little") * len(part), "little")
        top = ones << 63
        words = int.from_bytes(part.tobytes(), "little") | top
        count += ((~(words - ones * end)) & top).bit_count()
    return count


def _met_count(key: int, population: int, hits: int) -> int:
    """How many numbers that many hits meet: mean and variance of the occupancy problem, drawn as a normal."""
    missed = exp(hits * log1p(-1 / population)) if population > 1 else 0.0
    mean = population * (1 - missed)
    variance = population * missed * (1 - (1 + hits / population) * missed)
    return min(max(round(_normal(key, mean, sqrt(max(variance, 0.0)))), 1), population)


def _normal(key: int, mean: float, deviation: float) -> float:
    values = splitmix64(key)
    radius, turn = (next(values) + 1) / 2**64, next(values) / 2**64
    return mean + deviation * sqrt(-2 * log(radius)) * cos(2 * pi * turn)  # Box and Muller 1958


def binomial(key: int, trials: int, chance: float) -> int:
    """How many of so many trials succeed."""
    if trials <= _EACH_MAX:
        return sum(value < chance * 2**64 for value, _ in zip(splitmix64(key), range(trials), strict=False))
    if trials * min(chance, 1 - chance) > _EACH_MAX:
        drawn = _normal(key, trials * chance, sqrt(trials * chance * (1 - chance)))
        return min(max(round(drawn), 0), trials)
    # Few successes (or failures) among many trials: count the gaps between them, geometric each.
    rare = min(chance, 1 - chance)
    if rare <= 0:
        return 0 if chance < 1 else trials
    count, at, values = 0, 0, splitmix64(key)
    while True:
        at += int(log1p(-(next(values) + 0.5) / 2**64) / log1p(-rare)) + 1
        if at > trials:
            return count if chance <= 0.5 else trials - count
        count += 1


def share_out(key: int, hits: int, weights: Sequence[int]) -> list[int]:
    """How many of so many independent hits fall to each weight."""
    shares = [0] * len(weights)
    if hits <= _EACH_MAX:
        ends = list(accumulate(weights))
        for value, _ in zip(splitmix64(key), range(hits), strict=False):
            shares[bisect(ends, value % ends[-1])] += 1
        return shares
    left = sum(weights)
    for at, (weight, own_key) in enumerate(zip(weights, splitmix64(key), strict=False)):
        if not hits:
            break
        shares[at] = binomial(own_key, hits, weight / left) if weight < left else hits
        hits -= shares[at]
        left -= weight
    return shares


def draw_ranked(key: int, order: int, population: int, rank_bits: int, hits: int) -> BitMap64:
    """What hits of Zipf's law with exponent 1 meet: of 2**rank_bits ranks, each octave gets an equal share of them.

    `order` scatters the ranks over range(population), always in the same way; ranks above it fall anywhere.
    """
    bits = (population - 1).bit_length()
    met = BitMap64()
    for octave, (share, own_key) in enumerate(
        zip(share_out(key, hits, [1] * max(rank_bits, 1)), splitmix64(key ^ order), strict=False)
    ):
        if octave < bits:
            met |= _scatter(uniform(own_key, 0, octave, min(share, 32 << octave)), octave, bits, order, population)
        else:
            met |= draw_hits(own_key, population, share)
    return met


def _scatter(ranks: "array[int]", octave: int, bits: int, order: int, population: int) -> BitMap64:
    """Ranks of an octave at their places: times an odd number modulo the power of two, folded below `population`."""
    factor = (order | 1) & ((1 << min(bits, 31)) - 1)
    places = array("Q")
    for start in range(0, len(ranks), _CHUNK):
        part = ranks[start : start + _CHUNK].tobytes()
        ones = int.from_bytes((1).to_bytes(8, "little") * (len(part) // 8), "little")
        words = ((int.from_bytes(part, "little") | ones << octave) * factor) & _mask(bits)
        places.frombytes(words.to_bytes(len(part), "little"))
    met = gather(places)
    beyond = met & BitMap64(range(population, 1 << bits))
    met -= beyond
    return met | beyond.shift(-population) if beyond else met
