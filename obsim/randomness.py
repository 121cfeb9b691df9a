"""Random values as pure functions of (seed, purpose, entity id, n): no stream is shared, so no order can matter."""

from collections.abc import Iterator
from hashlib import blake2b

__all__ = ["sample_distinct", "splitmix64", "stream_key"]

_MASK = (1 << 64) - 1


def stream_key(seed: int, purpose: str, entity: int, n: int) -> int:
    """64 bits that depend on all four, the same in every process."""
    text = f"{seed}/{purpose}/{entity}/{n}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


def splitmix64(key: int) -> Iterator[int]:
    """An endless sequence of 64-bit values that `key` determines (Steele, Lea and Flood 2014)."""
    state = key
    while True:
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        yield z ^ (z >> 31)


def sample_distinct(key: int, population: int, count: int) -> list[int]:
    """`count` distinct numbers of range(population), unsorted: a partial shuffle whose moves are kept in a dict."""
    if not 0 <= count <= population:
        raise ValueError(f"cannot draw {count} distinct numbers from {population}")
    moved: dict[int, int] = {}
    values = splitmix64(key)
    drawn = []
    for left in range(population, population - count, -1):
        at = next(values) % left
        drawn.append(moved.get(at, at))
        moved[at] = moved.get(left - 1, left - 1)
    return drawn
