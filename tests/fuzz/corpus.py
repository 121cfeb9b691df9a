"""Kept inputs, one a line as Python writes bytes, and mutations of them that depend on nothing but a seed."""

import ast
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["mutations", "read_corpus", "write_corpus"]

FOLDER = Path(__file__).parents[2] / "fixtures" / "fuzz"
LENGTH_MAX = 2000
_PIECES = [
    b"'", b'"', b"`", b"/*!", b"*/", b"-- ", b"\0", b"\xff", b"\xfe", b"\xfb", b"(", b")", b";", b"\\", b"?",
    b"ALTER SYSTEM ", b"TENANT = ", b"SELECT ", b"@@", b"0x", b"1e999", b"-9223372036854775808", "字".encode(), b"=",
]  # fmt: skip


def read_corpus(name: str) -> list[bytes]:
    """The inputs that are kept for a target, in order."""
    lines = (FOLDER / f"{name}.txt").read_text("ascii").splitlines()
    return [ast.literal_eval(line) for line in lines]


def write_corpus(name: str, inputs: Iterable[bytes]) -> int:
    """Keep these, each once, the short ones first; how many."""
    kept = sorted(set(inputs), key=lambda data: (len(data), data))
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.txt").write_text("".join(f"{data!r}\n" for data in kept), "ascii")
    return len(kept)


def mutations(inputs: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many inputs that come from these by a few changes each."""
    chance = random.Random(seed)
    for _ in range(count):
        body = bytearray(chance.choice(inputs))
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(body) + 1)
            match chance.randrange(7):
                case 0 if body:
                    body[at % len(body)] = chance.randrange(256)
                case 1:
                    body[at:at] = chance.choice(_PIECES)
                case 2:
                    del body[at : at + chance.randrange(1, 12)]
                case 3:
                    other = chance.choice(inputs)
                    begin = chance.randrange(len(other) + 1)
                    body[at:at] = other[begin : begin + chance.randrange(1, 80)]
                case 4:
                    body[at:at] = body[at : at + chance.randrange(1, 200)] * chance.randrange(1, 4)
                case 5:
                    del body[at:]
                case _ if body:
                    body[at % len(body)] ^= 1 << chance.randrange(8)
        yield bytes(body[:LENGTH_MAX])
