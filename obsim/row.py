"""One row of an answer in Python: a sequence of values that also knows their labels."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence
from typing import overload

from obsim.answers import Answer, ResultSet, Value

__all__ = ["Row", "rows_of"]


class Row(Sequence[Value]):
    """One row of an answer: `row["STATUS"]` by label as the client would see it, `row[0]` by place.

    Iterating gives values, like a tuple; `keys()`, `items()` and `dict(row)` give labels. A row equals a tuple or list
    with its values, a mapping with its labels and values, and another row with both.
    """

    __slots__ = ("_labels", "_values")

    def __init__(self, labels: dict[str, int], values: tuple[Value, ...]) -> None:
        self._labels = labels
        self._values = values

    @overload
    def __getitem__(self, key: int | str) -> Value: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Value, ...]: ...
    def __getitem__(self, key: int | str | slice) -> Value | tuple[Value, ...]:
        if isinstance(key, str):
            place = self._labels.get(key)
            if place is None:
                raise KeyError(f"{key!r} is not one of {', '.join(self._labels)}")
            return self._values[place]
        return self._values[key]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Row):
            return self._values == other._values and list(self._labels) == list(other._labels)
        if isinstance(other, tuple | list):
            return self._values == tuple(other)
        if isinstance(other, Mapping):
            return dict(self.items()) == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{label}={self[label]!r}' for label in self._labels)})"

    def keys(self) -> KeysView[str]:
        """The labels in order; of two equal ones the first."""
        return self._labels.keys()

    def items(self) -> ItemsView[str, Value]:
        """Labels with their values."""
        return {label: self._values[place] for label, place in self._labels.items()}.items()

    def get(self, label: str, default: Value = None) -> Value:
        """The value under a label, `default` without such a label."""
        return self[label] if label in self._labels else default


def rows_of(answer: Answer) -> list[Row]:
    """The rows of an answer; [] for one without rows."""
    if not isinstance(answer, ResultSet):
        return []
    labels: dict[str, int] = {}
    for place, column in enumerate(answer.columns):
        labels.setdefault(column.name, place)
    return [Row(labels, tuple(values)) for values in answer.rows]
