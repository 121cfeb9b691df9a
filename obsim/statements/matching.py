"""Whether a statement holds some words: how rules and assertions name statements."""

__all__ = ["holds", "line_of", "words_of"]


def line_of(text: str) -> str:
    """One line in upper case, blanks between words single."""
    return " ".join(text.split()).upper()


def words_of(wanted: str) -> tuple[str, ...]:
    """What a text has to hold, one behind the other: the parts between the `*` of `wanted`."""
    return tuple(line_of(part) for part in wanted.split("*"))


def holds(line: str, words: tuple[str, ...]) -> bool:
    """Whether a line (`line_of`) holds the words in their order, with anything between them."""
    place = 0
    for word in words:
        place = line.find(word, place)
        if place < 0:
            return False
        place += len(word)
    return True
