"""On which line of a TOML text a key stands: what lets an error point at it.

The text has been parsed already, so this only follows headers, keys, and values that go over several lines.
"""

from collections.abc import Iterator, Sequence
from re import compile as re_compile

__all__ = ["Place", "line_of", "place_of", "place_text"]

Place = tuple[str | int, ...]
"""Keys and numbers of array elements from the top: ("tenant", 0, "table", 1, "blocks")."""

_PART = re_compile(r"\s*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.)?")
_STEP = re_compile(r"\.?([A-Za-z0-9_-]+)|\[(\d+)\]|\[(?:\.\.\.|'[^']*')\]")
_TOKEN = re_compile(r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]|\\.')


def place_of(path: str) -> Place:
    """The place that `tenant[0].table[1].blocks` names."""
    return tuple(name or int(number) for name, number in _STEP.findall(path) if name or number)


def place_text(place: Sequence[str | int]) -> str:
    """A place as `place_of` reads it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Line, counted from 1, of the key at `place`, or of the nearest table around it that is written down."""
    best, best_depth = 1, 0
    for line, known in _keys(text):
        depth = len(known)
        if best_depth < depth <= len(place) and tuple(place[:depth]) == known:
            best, best_depth = line, depth
    return best


def _keys(text: str) -> Iterator[tuple[int, Place]]:
    """Every header and key with its line."""
    counts: dict[Place, int] = {}
    table: Place = ()
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        number = at + 1
        at += 1
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            table = _header(line, counts)
            yield number, table
            continue
        names, end = _dotted(lines[number - 1])
        yield number, (*table, *names)
        at += _more_lines(lines, number - 1, end)


def _header(line: str, counts: dict[Place, int]) -> Place:
    """The table that a header begins; `counts` has how many elements of each array there were."""
    many = line.startswith("[[")
    names, _ = _dotted(line[2 if many else 1 :])
    table: Place = ()
    for depth, name in enumerate(names, 1):
        table = (*table, name)
        if many and depth == len(names):
            counts[table] = counts.get(table, 0) + 1
        if table in counts:
            table = (*table, counts[table] - 1)
    return table


def _dotted(line: str) -> tuple[list[str], int]:
    """The names of a dotted key and where it ends."""
    names, at = [], 0
    while (match := _PART.match(line, at)) is not None:
        names.append(next(group for group in match.groups()[:3] if group is not None))
        at = match.end()
        if match[4] is None:
            break
    return names, at


def _more_lines(lines: Sequence[str], first: int, start: int) -> int:
    """How many further lines the value takes that begins on a line behind `start`."""
    depth, quote, at = 0, "", first
    while at < len(lines):
        line = lines[at][start:] if at == first else lines[at]
        for match in _TOKEN.finditer(line):
            token = match[0]
            if quote:
                quote = "" if token == quote else quote
            elif token in {'"""', "'''"}:
                quote = token
            elif token in {"[", "{"}:
                depth += 1
            elif token in {"]", "}"}:
                depth -= 1
        if not depth and not quote:
            break
        at += 1
    return at - first
