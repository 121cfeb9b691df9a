"""Bitmaps of macroblock positions as text, short where positions lie in runs."""

from array import array
from base64 import b64decode, b64encode
from binascii import Error
from zlib import compress, decompressobj
from zlib import error as ZlibError  # noqa: N812 - it is a class

from pyroaring import BitMap64

__all__ = ["bitmap_text", "read_bitmap"]

_RUNS_AS_NUMBERS_MAX = 16
_BYTES_MAX = 1 << 28
"""Of the positions of one bitmap when it is read: 33 million runs at the most."""
_POSITIONS_MAX = 1 << 36
"""In one bitmap: even as one run they take a second or two."""
_POSITION_END = (1 << 64) - 1
"""A range has to end below 64 bits."""


def bitmap_text(bitmap: BitMap64) -> str:
    """`0-47,64` for few runs, else `zlib:` and the runs' first and last positions, packed."""
    runs = _runs(bitmap)
    if len(runs) <= 2 * _RUNS_AS_NUMBERS_MAX:
        pairs = zip(runs[::2], runs[1::2], strict=True)
        return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in pairs)
    return f"zlib:{b64encode(compress(runs.tobytes(), 9)).decode()}"


def _runs(bitmap: BitMap64) -> "array[int]":
    """First and last position of each run of neighbours."""
    firsts = array("Q", bitmap - bitmap.shift(1))
    lasts = array("Q", bitmap - bitmap.shift(-1))
    return array("Q", (end for run in zip(firsts, lasts, strict=True) for end in run))


def read_bitmap(text: str) -> BitMap64:
    """The bitmap of a text. Raises ValueError for a text that is none."""
    bitmap, left = BitMap64(), _POSITIONS_MAX
    runs = _unpacked(text.removeprefix("zlib:")) if text.startswith("zlib:") else _numbers(text)
    for first, last in zip(runs[::2], runs[1::2], strict=True):
        if last < first:
            raise ValueError(f"a run ends at {last}, before {first}")
        left -= last - first
        if last >= _POSITION_END or left < 0:
            raise ValueError(f"positions up to {last}, {last - first + 1} in a run, are more than any tenant has")
        bitmap.add_range(first, last + 1)
    return bitmap


def _numbers(text: str) -> "array[int]":
    runs = array("Q")
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if not (first.isascii() and first.isdigit() and (not dash or (last.isascii() and last.isdigit()))):
            raise ValueError(f"'{part}' is no position and no run of them")
        try:
            runs.extend((int(first), int(last or first)))
        except OverflowError:
            raise ValueError(f"'{part}' lies beyond 64 bits") from None
    return runs


def _unpacked(text: str) -> "array[int]":
    try:
        unpacker = decompressobj()
        data = unpacker.decompress(b64decode(text, validate=True), _BYTES_MAX)
    except (Error, ZlibError):
        raise ValueError("the packed positions are damaged") from None
    if unpacker.unconsumed_tail or len(data) % 16:
        raise ValueError("the packed positions are damaged or too many")
    return array("Q", data)
