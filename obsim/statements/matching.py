"""Whether a statement holds some words, or a name is like another: how rules say what they are about."""

from collections.abc import Sequence

__all__ = ["holds", "is_like", "line_of", "words_of"]


def line_of(text: str) -> str:
    """One line in upper case, blanks between words single."""
    return " ".join(text.split()).upper()


def words_of(wanted: str) -> tuple[str, ...]:
    """What a text has to hold, one behind the other: the parts between the `*` of `wanted`."""
    return tuple(line_of(part) for part in wanted.split("*"))


def holds(line: str, words: Sequence[str]) -> bool:
    """Whether a line (`line_of`) holds the words in their order, with anything between them."""
    place = 0
    for word in words:
        place = line.find(word, place)
        if place < 0:
            return False
        place += len(word)
    return True


def is_like(name: str, wanted: str) -> bool:
    """Whether a name is the wanted one, in which `*` stands for anything."""
    first, *between = wanted.split("*")
    if not between:
        return name == wanted
    last = between.pop()
    middle = name.removeprefix(first).removesuffix(last)
    return len(first) + len(middle) + len(last) == len(name) and holds(middle, between)
