"""Sets of block positions as bytes: runs of neighbours, each as two numbers of variable length.

A number has seven bits in a byte, the lowest first; the highest bit of a byte says that another one follows.
"""

from collections.abc import Iterator

from pyroaring import BitMap64

from obsim.destination.envelope import Damaged

__all__ = ["POSITIONS_MAX", "decode_positions", "encode_positions", "runs_of"]

POSITIONS_MAX = 1 << 31
"""More blocks than that are in no file."""
_POSITION_BITS = 63


def runs_of(positions: BitMap64) -> Iterator[tuple[int, int]]:
    """(first, how many) of each run of neighbours, in order; long runs are found by doubling, not block by block."""
    walk = positions.iter_equal_or_larger(0)
    first = next(walk, None)
    while first is not None:
        length = 1
        while positions.range_cardinality(first, first + 2 * length) == 2 * length:
            length *= 2
        step = length
        while step:
            if positions.range_cardinality(first + length, first + length + step) == step:
                length += step
            step //= 2
        yield first, length
        first = next(positions.iter_equal_or_larger(first + length), None)


def encode_positions(positions: BitMap64) -> bytes:
    """The positions as bytes."""
    out = bytearray()
    end = 0
    for first, length in runs_of(positions):
        _put(out, first - end)
        _put(out, length - 1)
        end = first + length
    return bytes(out)


def _put(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def decode_positions(data: bytes) -> BitMap64:
    """The positions of such bytes. Raises Damaged for anything else, and for more than POSITIONS_MAX blocks."""
    positions = BitMap64()
    numbers = _numbers(data)
    end = total = 0
    for gap in numbers:
        length = next(numbers, None)
        if length is None:
            raise Damaged("a run of blocks has no length")
        first, end = end + gap, end + gap + length + 1
        total += length + 1
        if end >> _POSITION_BITS or total > POSITIONS_MAX:
            raise Damaged("it holds more blocks, or others, than there can be")
        positions.add_range(first, end)
    return positions


def _numbers(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift > _POSITION_BITS:
                raise Damaged("a number of a run is too long")
        else:
            yield number
            number = shift = 0
    if shift:
        raise Damaged("it ends within a number")
