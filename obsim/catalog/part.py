"""Rows of a view tenant by tenant: those that change no more stand in a list that only grows.

A poll of a long history then costs what is new in it, from the row's making to the table that is asked.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Generic, TypeVar
from weakref import ref

from obsim.answers import Value

__all__ = ["GrowingMap", "Part", "Remembered", "Row"]

Row = tuple[Value, ...]
_T = TypeVar("_T")


class Part:
    """Rows of one tenant at one moment: the settled ones first, then the rest.

    `settled` is the very same list from moment to moment as long as none of the rows it held has changed; a part
    knows how many of them were its own.
    """

    __slots__ = ("rest", "settled", "settled_count")

    def __init__(self, settled: Sequence[Row], rest: Sequence[Row]) -> None:
        self.settled = settled
        self.rest = rest
        self.settled_count = len(settled)

    def __len__(self) -> int:
        return self.settled_count + len(self.rest)

    def __getitem__(self, place: int) -> Row:
        return self.settled[place] if place < self.settled_count else self.rest[place - self.settled_count]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows_from(0))

    def rows_from(self, place: int) -> list[Row]:
        """The rows from a place on; the place of a settled row or the first one after them."""
        return [*self.settled[place : self.settled_count], *self.rest]

    def all_settled_in(self, before: "Part") -> bool:
        """Whether its rows are all settled and all that `before` had: nothing has changed then, and none is read."""
        same = self.settled is before.settled and self.settled_count == before.settled_count
        return same and not self.rest and not before.rest

    def changed_since(self, before: "Part") -> Iterator[tuple[int, Row]]:
        """Place and row where this part has another row than `before` had, or `before` had none."""
        first = before.settled_count if before.settled is self.settled else 0
        if first and not self.rest and not before.rest:
            yield from enumerate(self.settled[first : self.settled_count], first)
            return
        old, new = before.rows_from(first), self.rows_from(first)
        shared = min(len(old), len(new))
        # Rows that have not changed are mostly the same objects, so comparing the lists rarely looks into a row.
        if old[:shared] != new[:shared]:
            yield from ((first + i, new[i]) for i in range(shared) if old[i] != new[i])
        yield from ((first + i, new[i]) for i in range(shared, len(new)))


class GrowingMap:
    """One function over the rows of a part at one moment after another, called once for each settled row."""

    __slots__ = ("_call", "_settled", "_source")

    def __init__(self, call: Callable[[Row], Row]) -> None:
        self._call = call
        self._source: Sequence[Row] = ()
        self._settled: list[Row] = []

    def apply(self, part: Part) -> Part:
        """The part of the function's answers."""
        if part.settled is not self._source:
            self._source, self._settled = part.settled, []
        self._settled.extend(map(self._call, self._source[len(self._settled) :]))
        return Part(self._settled, list(map(self._call, part.rest)))


class Remembered(Generic[_T]):
    """Something remembered for each owner and key, as long as the owner lives."""

    __slots__ = ("_known", "_make")

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._known: dict[int, tuple[ref[Any], dict[Hashable, _T]]] = {}
        """By the owner's id, gone before that is another's: a WeakKeyDictionary makes a reference for each look."""

    def of(self, owner: object, key: Hashable = None) -> _T:
        """What is remembered; made on the first call."""
        found = self._known.get(id(owner))
        if found is None:
            found = self._known[id(owner)] = ref(owner, self._forget(id(owner))), {}
        known = found[1]
        if key not in known:
            known[key] = self._make()
        return known[key]

    def _forget(self, number: int) -> Callable[[object], None]:
        known = self._known

        def forget(_: object) -> None:
            known.pop(number, None)

        return forget
