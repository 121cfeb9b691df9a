"""LIKE and REGEXP in time linear in the text: no pattern a client sends can make the server search for long.

LIKE splits its pattern at `%` and looks for the pieces from left to right. REGEXP compiles to a small Thompson
automaton whose sets of states are cached as they appear; what such an automaton cannot do (references back, looking
around) is refused.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from obsim.errors import ServerError, error
from obsim.query.collation import folded

__all__ = ["LikePattern", "Regex", "like_pattern", "regex"]

PATTERN_LENGTH_MAX = 8_192
STATES_MAX = 1_000
CACHED_SETS_MAX = 2_000
WORK_MAX = 5_000_000
"""Characters times states of one match; beyond it the match is refused, as MySQL does by time."""
REPEAT_MAX = 255


class LikePattern:
    """A LIKE pattern, ready to match."""

    __slots__ = ("_first", "_last", "_middle", "_whole")

    def __init__(self, pattern: str, escape: str) -> None:
        pieces = [re.compile(piece, re.DOTALL) for piece in _like_pieces(pattern, escape)]
        self._whole = pieces[0] if len(pieces) == 1 else None
        self._first, self._last, self._middle = pieces[0], pieces[-1], [p for p in pieces[1:-1] if p.pattern]

    def matches(self, text: str) -> bool:
        """Whether the whole text fits the pattern; letter case and accents do not count."""
        text = folded(text)
        if self._whole is not None:
            return self._whole.fullmatch(text) is not None
        found = self._first.match(text)
        if found is None:
            return False
        place = found.end()
        for piece in self._middle:
            found = piece.search(text, place)
            if found is None:
                return False
            place = found.end()
        width = _piece_width(self._last.pattern)
        return len(text) - width >= place and self._last.fullmatch(text, len(text) - width) is not None


def _like_pieces(pattern: str, escape: str) -> list[str]:
    """The pattern cut at `%`, each piece a regular expression of fixed width."""
    pieces, piece, characters = [], [], iter(pattern)
    for character in characters:
        if escape and character == escape:
            piece.append(re.escape(folded(next(characters, character))))
        elif character == "%":
            pieces.append("".join(piece))
            piece = []
        else:
            piece.append("." if character == "_" else re.escape(folded(character)))
    return [*pieces, "".join(piece)]


@lru_cache(maxsize=1024)
def _piece_width(piece: str) -> int:
    return len(re.sub(r"\\(.)", "x", piece, flags=re.DOTALL))


@lru_cache(maxsize=512)
def like_pattern(pattern: str, escape: str = "\\") -> LikePattern:
    """The compiled LIKE pattern; raises 1210 for an escape of more than one character."""
    if len(escape) > 1:
        raise error("OB_INVALID_ARGUMENT", "ESCAPE")
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise _refused(f"a LIKE pattern of more than {PATTERN_LENGTH_MAX} characters")
    return LikePattern(pattern, escape)


def _refused(reason: str) -> ServerError:
    return error("OB_ERR_REGEXP_ERROR", reason)


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """The characters a step takes: single ones and ranges, or all but those."""

    singles: frozenset[str] = frozenset()
    ranges: tuple[tuple[str, str], ...] = ()
    negated: bool = False

    def has(self, character: str) -> bool:
        """Whether the step takes this character, in either letter case."""
        forms = {character, character.lower(), character.upper()}
        found = any(f in self.singles or any(low <= f <= high for low, high in self.ranges) for f in forms)
        return found != self.negated


@dataclass(slots=True)
class _State:
    """A state: a step on a character set, or up to two free moves, maybe only at the start or the end of the text."""

    takes: CharacterSet | None = None
    to: list[int] = field(default_factory=list)
    anchor: str = ""


ANY = CharacterSet(negated=True)
_DIGIT = (("0", "9"),)
_LETTERS = (("a", "z"), ("A", "Z"))
_CLASSES = {
    "alpha": CharacterSet(ranges=_LETTERS),
    "digit": CharacterSet(ranges=_DIGIT),
    "alnum": CharacterSet(ranges=_LETTERS + _DIGIT),
    "space": CharacterSet(frozenset(" \t\n\r\v\f")),
    "upper": CharacterSet(ranges=_LETTERS),
    "lower": CharacterSet(ranges=_LETTERS),
    "punct": CharacterSet(frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")),
    "blank": CharacterSet(frozenset(" \t")),
    "xdigit": CharacterSet(ranges=(*_DIGIT, ("a", "f"), ("A", "F"))),
}
_SHORTHANDS = {
    "d": _CLASSES["digit"],
    "s": _CLASSES["space"],
    "w": CharacterSet(frozenset("_"), _LETTERS + _DIGIT),
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class Regex:
    """A regular expression: alternatives, groups, sets, `* + ? {m,n}` and the anchors. Letter case does not count."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > PATTERN_LENGTH_MAX:
            raise _refused(f"pattern of more than {PATTERN_LENGTH_MAX} characters")
        if not pattern:
            raise _refused("empty (sub)expression")
        self._pattern, self._place = pattern, 0
        self._states: list[_State] = []
        tree = self._alternatives(0)
        if self._place < len(pattern):
            raise _refused("parentheses not balanced")
        accept = self._state(_State())
        self._accept = accept
        self._start = self._built(tree, accept)
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._begin = self._closure([self._start], first=True, last=False)

    # --- reading -------------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._pattern[self._place] if self._place < len(self._pattern) else ""

    def _alternatives(self, depth: int) -> tuple[object, ...]:
        if depth > 50:
            raise _refused("too many nested groups")
        branches = [self._sequence(depth)]
        while self._peek() == "|":
            self._place += 1
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else ("either", *branches)

    def _sequence(self, depth: int) -> tuple[object, ...]:
        items: list[object] = []
        while self._peek() not in {"", "|", ")"}:
            items.append(self._repeated(self._atom(depth)))
        return ("all", *items)

    def _repeated(self, atom: object) -> object:
        while (character := self._peek()) and character in "*+?{":
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(character)
            if bounds is None:
                match = re.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}").match(self._pattern, self._place)
                if match is None:
                    raise _refused("invalid repetition count(s)")
                low = int(match.group(1))
                bounds = (low, int(match.group(3)) if match.group(3) else None if match.group(2) else low)
                self._place = match.end()
            else:
                self._place += 1
            if (
                bounds[0] > REPEAT_MAX
                or (bounds[1] or 0) > REPEAT_MAX
                or (bounds[1] is not None and bounds[1] < bounds[0])
            ):
                raise _refused("invalid repetition count(s)")
            if self._peek() == "?":  # a lazy quantifier finds the same texts
                self._place += 1
            atom = ("repeat", atom, *bounds)
        return atom

    def _atom(self, depth: int) -> object:
        character = self._peek()
        self._place += 1
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set()
        if character == ".":
            return ANY
        if character in "^$":
            return ("anchor", character)
        if character in "*+?{":
            raise _refused("repetition-operator operand invalid")
        return self._escaped() if character == "\\" else CharacterSet(frozenset(character))

    def _group(self, depth: int) -> object:
        if self._pattern.startswith("?:", self._place):
            self._place += 2
        elif self._peek() == "?":
            raise _refused("a group of this kind is not supported")
        inner = self._alternatives(depth + 1)
        if self._peek() != ")":
            raise _refused("parentheses not balanced")
        self._place += 1
        return inner

    def _escaped(self) -> object:
        character = self._peek()
        self._place += 1
        if not character:
            raise _refused("trailing backslash")
        if character.lower() in _SHORTHANDS:
            known = _SHORTHANDS[character.lower()]
            return known if character.islower() else CharacterSet(known.singles, known.ranges, negated=True)
        if character.isdigit() or character in "bBAZzGkpP":
            raise _refused(f"\\{character} is not supported")
        return CharacterSet(frozenset(_CONTROLS.get(character, character)))

    def _set(self) -> CharacterSet:
        negated = self._peek() == "^"
        self._place += negated
        singles: set[str] = set()
        ranges: list[tuple[str, str]] = []
        first = True
        while first or self._peek() != "]":
            first = False
            character = self._peek()
            if not character:
                raise _refused("brackets ([ ]) not balanced")
            named = re.compile(r"\[:([a-z]+):\]").match(self._pattern, self._place)
            if named:
                if named.group(1) not in _CLASSES:
                    raise _refused("invalid character class")
                singles |= _CLASSES[named.group(1)].singles
                ranges += _CLASSES[named.group(1)].ranges
                self._place = named.end()
                continue
            self._place += 1
            if character == "\\" and self._peek():
                inner = self._escaped()
                if isinstance(inner, CharacterSet) and (inner.ranges or len(inner.singles) != 1 or inner.negated):
                    singles |= inner.singles
                    ranges += inner.ranges
                    continue
                character = next(iter(inner.singles)) if isinstance(inner, CharacterSet) else character
            if self._peek() == "-" and self._pattern[self._place + 1 : self._place + 2] not in {"", "]"}:
                high = self._pattern[self._place + 1]
                self._place += 2
                if high < character:
                    raise _refused("invalid character range")
                ranges.append((character, high))
            else:
                singles.add(character)
        self._place += 1
        return CharacterSet(frozenset(singles), tuple(ranges), negated)

    # --- building, from the end backwards ------------------------------------------------------------------------

    def _state(self, state: _State) -> int:
        if len(self._states) >= STATES_MAX:
            raise _refused("regular expression is too big")
        self._states.append(state)
        return len(self._states) - 1

    def _built(self, tree: object, after: int) -> int:
        """The state from which `tree` leads to the state `after`."""
        if isinstance(tree, CharacterSet):
            return self._state(_State(tree, [after]))
        assert isinstance(tree, tuple)
        kind: str = tree[0]
        parts: tuple[Any, ...] = tree[1:]
        if kind == "anchor":
            return self._state(_State(None, [after], str(parts[0])))
        if kind == "all":
            for part in reversed(parts):
                after = self._built(part, after)
            return after
        if kind == "either":
            return self._state(_State(None, [self._built(part, after) for part in parts]))
        inner, low, high = parts
        if high is None:
            loop = self._state(_State(None, [after]))
            self._states[loop].to.append(self._built(inner, loop))
            after = loop
        else:
            for _ in range(high - low):
                after = self._state(_State(None, [self._built(inner, after), after]))
        for _ in range(low):
            after = self._built(inner, after)
        return after

    # --- matching ------------------------------------------------------------------------------------------------

    def _closure(self, states: list[int], *, first: bool, last: bool) -> frozenset[int]:
        """What can be reached without taking a character."""
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            index = waiting.pop()
            state = self._states[index]
            if index in seen or (state.anchor == "^" and not first):
                continue
            seen.add(index)
            if state.takes is None and (state.anchor != "$" or last):
                waiting.extend(state.to)
        return frozenset(seen)

    def _step(self, states: frozenset[int], character: str) -> frozenset[int]:
        key = (states, character)
        found = self._steps.get(key)
        if found is None:
            moved = [
                to
                for i in states
                for to in self._states[i].to
                if (takes := self._states[i].takes) and takes.has(character)
            ]
            found = self._closure([*moved, self._start], first=False, last=False)
            if len(self._steps) >= CACHED_SETS_MAX:
                self._steps.clear()
            self._steps[key] = found
        return found

    def found_in(self, text: str) -> bool:
        """Whether the expression matches anywhere in the text; raises 3699 beyond `WORK_MAX`."""
        if len(text) * len(self._states) > WORK_MAX:
            raise ServerError(
                3699, "HY000", "Timeout exceeded in regular expression match.", name="OB_ERR_REGEXP_TIME_OUT"
            )
        states = self._begin
        for character in text:
            if self._accept in states:
                return True
            states = self._step(states, character)
        return self._accept in states or self._accept in self._closure(list(states), first=not text, last=True)


@lru_cache(maxsize=256)
def regex(pattern: str) -> Regex:
    """The compiled regular expression; raises 1139 for what is wrong or beyond an automaton."""
    return Regex(pattern)
