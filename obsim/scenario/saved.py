"""Clusters that `dumping` has written, read back.

Nothing of the file is trusted: it names classes and functions of the core and puts values into fields; whatever it
names beyond that is a ScenarioError with its line.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, is_dataclass
from difflib import get_close_matches
from enum import Enum
from functools import partial
from inspect import isfunction
from typing import Any

import msgspec

from obsim.cluster.commands import COMMANDS
from obsim.cluster.state import ClusterState
from obsim.errors import ScenarioError, UsageError
from obsim.parameters import ParameterStore
from obsim.scenario.bitmaps import read_bitmap
from obsim.scenario.dumping import DUMP_FORMAT
from obsim.scenario.kinds import (
    MASKED,
    TRANSIENT,
    class_named,
    class_names,
    function_named,
    is_value,
    names_of,
    new_default,
)
from obsim.scenario.reading import ScenarioFile
from obsim.scheduler.priorities import PRIORITIES
from obsim.statements.text import MASK
from obsim.versions import profile_for

__all__ = ["SavedCluster", "cluster_of", "read_saved"]

_NOBODY = bytes(20)
"""In the place of a password's digest: no password has it."""


class SavedCluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole dump."""

    about: str
    format: int
    obsim: str
    version: str
    cluster: str
    deployed: dict[str, str]
    object: dict[str, dict[str, Any]]


def read_saved(file: ScenarioFile, data: Mapping[str, Any]) -> SavedCluster:
    """Check the head of a dump. Raises ScenarioError."""
    if data.get("format") != DUMP_FORMAT:
        raise file.wrong(f"format is {data.get('format')!r}: this obsim reads the dumps of format {DUMP_FORMAT}")
    try:
        saved = msgspec.convert(data, SavedCluster)
    except msgspec.ValidationError as caught:
        raise file.wrong(str(caught)) from None
    try:
        profile_for(saved.version)
    except UsageError as refused:
        raise file.wrong(f"version: {refused}") from None
    return saved


def cluster_of(saved: SavedCluster, file: ScenarioFile) -> ClusterState:
    """A cluster in the state of a dump. Raises ScenarioError with the line that is wrong."""
    return _Reader(saved, file).cluster()


class _Wrong(Exception):
    """A value that is none; the reader knows where it stands."""


@dataclass(slots=True)
class _Place:
    """Where the reader is: an object and a field of it."""

    name: str = ""
    field: str = ""


class _Reader:
    def __init__(self, saved: SavedCluster, file: ScenarioFile) -> None:
        self._saved, self._file = saved, file
        profile = profile_for(saved.version)
        self._shared: dict[str, Any] = {
            "profile": profile,
            "commands": COMMANDS,
            "definitions": ParameterStore(profile.version, saved.deployed).definitions,
            "priorities": PRIORITIES,
        } | {f"priority {p.index}": p for p in PRIORITIES}
        self._place = _Place()
        self._made: dict[str, Any] = {}
        self._later: list[tuple[_Place, Callable[[], None]]] = []
        """What may be hashed only when every object has its fields."""

    def cluster(self) -> ClusterState:
        try:
            for name, table in self._saved.object.items():
                self._place = _Place(name)
                self._made[name] = self._shell(table)
            for name, table in self._saved.object.items():
                self._place = _Place(name)
                self._fill(self._made[name], table)
            for place, fill in self._later:
                self._place = place
                fill()
            self._place = _Place()
            state = self._value(self._saved.cluster)
        except (_Wrong, TypeError, ValueError, UsageError) as wrong:
            raise self._refused(str(wrong)) from None
        if not isinstance(state, ClusterState):
            raise self._file.wrong("cluster names no ClusterState")
        return state

    def _refused(self, what: str) -> ScenarioError:
        place = self._place
        path = tuple(filter(None, ("object", place.name, place.field))) if place.name else ("cluster",)
        return self._file.wrong(f"{'.'.join(path)}: {what}", path)

    # Objects: first all of them empty, then their fields.

    def _shell(self, table: Mapping[str, Any]) -> Any:
        if "is" in table:
            kind = self._class(table["is"])
            made: Any = kind.__new__  # also of a class that is a dict
            return made(kind)
        if set(table) != {"value"}:
            raise _Wrong("an object has `is` and its fields, or `value`")
        return self._container(table["value"])

    def _class(self, name: object) -> type:
        kind = class_named(name) if isinstance(name, str) else None
        if kind is None or issubclass(kind, Enum | tuple | BaseException):
            near = ", ".join(get_close_matches(str(name), class_names())) or "those of a dump"
            raise _Wrong(f"there is no class {name!r}: allowed are {near}")
        return kind

    def _container(self, value: Any) -> Any:
        """An empty one, which is filled later; what cannot change is made at once."""
        match value:
            case list():
                made: list[Any] = []
                self._then(lambda: made.extend(map(self._value, value)))
                return made
            case dict():
                return self._table_value(value)
        raise _Wrong("`value` is an array or an inline table")

    def _then(self, fill: Callable[[], None]) -> None:
        self._later.append((_Place(self._place.name, self._place.field), fill))

    def _fill(self, thing: Any, table: Mapping[str, Any]) -> None:
        if "is" not in table:
            return
        for name, value in table.items():
            self._place.field = name
            self._set(thing, name, value)
        self._place.field = ""
        self._complete(thing, table)

    def _set(self, thing: Any, name: str, value: Any) -> None:
        word = type(thing).__name__
        if name == "is":
            return
        known = names_of(type(thing)) - {TRANSIENT.get(word, ("", None))[0]}
        if name not in known:
            raise _Wrong(f"{word} has no such field: allowed are {', '.join(sorted(known))}")
        hidden = name == "password_sha1" and MASKED.get(word) == name and value == MASK
        object.__setattr__(thing, name, _NOBODY if hidden else self._value(value))

    def _complete(self, thing: Any, given: Mapping[str, Any]) -> None:
        """Set what is not given to what a new object has there."""
        kind = type(thing)
        transient, new = TRANSIENT.get(kind.__name__, ("", None))
        if new is not None:
            object.__setattr__(thing, transient, new())
        if not is_dataclass(kind):
            return
        for name in sorted(names_of(kind) - set(given) - {transient}):
            default = new_default(kind, name)
            if default is MISSING:
                raise _Wrong(f"{kind.__name__} lacks {name}")
            object.__setattr__(thing, name, default)

    # Values.

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self._text(value) if value.startswith("@") else value
            case bool() | int() | float():
                return value
            case list():
                return list(map(self._value, value))
            case dict():
                return self._table_value(value)
        raise _Wrong(f"{value!r} is no value of a dump")

    def _text(self, text: str) -> Any:
        if text == "@none":
            return None
        word, colon, rest = text[1:].partition(":")
        if colon:
            return self._worded(word, rest)
        if word in self._made:
            return self._made[word]
        kind, dot, member = word.rpartition(".")
        enumeration = class_named(kind) if dot else None
        if enumeration is not None and issubclass(enumeration, Enum):
            if member not in enumeration.__members__:
                raise _Wrong(f"there is no {kind} {member}: allowed are {', '.join(enumeration.__members__)}")
            return enumeration[member]
        raise _Wrong(f"there is no object {text}")

    def _worded(self, word: str, rest: str) -> Any:
        match word:
            case "text":
                return rest
            case "bytes":
                return bytes.fromhex(rest)
            case "function":
                found = function_named(rest)
            case "shared":
                found = self._shared.get(rest)
            case _:
                found = None
        if found is None:
            raise _Wrong(f"there is no @{word}:{rest}")
        return found

    def _table_value(self, table: Mapping[str, Any]) -> Any:
        match table:
            case {"tuple": list(items), **rest} if not rest:
                return tuple(map(self._value, items))
            case {"dict": list(pairs), **rest} if not rest:
                return self._dictionary(pairs)
            case {"set": list(items), **rest} if not rest:
                made: set[Any] = set()
                self._then(lambda: made.update(map(self._value, items)))
                return made
            case {"frozenset": list(items), **rest} if not rest:
                return frozenset(map(self._value, items))
            case {"deque": list(items), "most": most, **rest} if not rest:
                length = self._value(most)
                return deque(map(self._value, items), length)
            case {"positions": str(text), **rest} if not rest:
                return read_bitmap(text)
            case {"method": str(name), "of": owner, **rest} if not rest:
                return self._method(self._value(owner), name)
            case {"call": function, "with": list(items), **rest} if not rest:
                called = self._value(function)
                if not callable(called) or isinstance(called, type):
                    raise _Wrong("`call` names a function, a method or another call")
                return partial(called, *map(self._value, items))
            case {"is": str(name), "with": list(items), **rest} if not rest:
                return self._named_tuple(name, items)
            case {"is": name, **given}:
                return self._inline_object(name, given)
        forms = "tuple, dict, set, frozenset, deque, positions, method, call, is"
        raise _Wrong(f"{{ {', '.join(table)} }} is no value: allowed are {forms}")

    def _dictionary(self, pairs: Sequence[Any]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}

        def fill() -> None:
            for pair in pairs:
                if not isinstance(pair, list) or len(pair) != 2:
                    raise _Wrong("a dict has pairs of key and value")
                made[self._value(pair[0])] = self._value(pair[1])

        self._then(fill)
        return made

    def _method(self, owner: Any, name: str) -> Any:
        method = getattr(type(owner), name, None)
        if name.startswith("__") or not isfunction(method) or not method.__module__.startswith("obsim."):
            raise _Wrong(f"{type(owner).__name__} has no method {name}")
        return getattr(owner, name)

    def _named_tuple(self, name: str, items: Sequence[Any]) -> Any:
        kind = class_named(name)
        if kind is None or not issubclass(kind, tuple):
            raise _Wrong(f"there is no tuple {name}")
        return kind(*map(self._value, items))

    def _inline_object(self, name: Any, given: Mapping[str, Any]) -> Any:
        kind = self._class(name)
        if not is_value(kind):
            raise _Wrong(f"{name} may change: it is an object of its own")
        thing: Any = object.__new__(kind)
        for field, value in given.items():
            self._set(thing, field, value)
        self._complete(thing, given)
        return thing
