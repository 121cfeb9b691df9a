"""Clusters that `dumping` has written, read back.

Nothing of the file is trusted: it names classes and callbacks of the core and puts values into fields, each of the type
that its field is declared with; whatever it names beyond that is a ScenarioError with its line.

First every object is made empty, then its fields are set. What is hashed, keys and the elements of sets, may itself be
an object whose fields come later, so it waits until nothing else is left, and longer where it has to.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, is_dataclass
from difflib import get_close_matches
from enum import Enum
from functools import partial
from inspect import signature
from types import FunctionType, MethodType
from typing import Any

import msgspec

from obsim.cluster.commands import COMMANDS
from obsim.cluster.state import ClusterState
from obsim.errors import ObsimError, ScenarioError, UsageError
from obsim.parameters import ParameterStore
from obsim.scenario.bitmaps import read_bitmap
from obsim.scenario.dumping import DUMP_FORMAT
from obsim.scenario.fitting import Fitting, hint_text, hints_of
from obsim.scenario.kinds import (
    MASKED,
    TRANSIENT,
    class_named,
    class_names,
    function_named,
    is_value,
    method_of,
    names_of,
    new_default,
)
from obsim.scenario.reading import ScenarioFile
from obsim.scheduler.priorities import PRIORITIES
from obsim.statements.text import MASK
from obsim.versions import profile_for

__all__ = ["SavedCluster", "cluster_of", "read_saved"]

_FORM_WORDS = (
    "tuple", "dict", "set", "frozenset", "deque", "most", "positions", "method", "of", "call", "is", "with",
)  # fmt: skip
_SECRET_WORDS = ("concealed", "fence")
_NUMBER_MAX = 1 << 128
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
    except (msgspec.ValidationError, RecursionError) as caught:
        raise file.wrong(str(caught)) from None
    try:
        profile_for(saved.version)
    except UsageError as refused:
        raise file.wrong(f"version: {refused}") from None
    return saved


def cluster_of(
    saved: SavedCluster, file: ScenarioFile, reveal: Callable[[Mapping[str, str]], str] | None = None
) -> ClusterState:
    """A cluster in the state of a dump. Raises ScenarioError with the line that is wrong, and what `reveal` raises.

    `reveal` gives the text that `dump_of` has concealed.
    """
    return _Reader(saved, file, reveal).cluster()


class _Wrong(Exception):
    """A value that is none; the reader knows where it stands."""


class _NotYet(Exception):
    """A value of which something has to be hashed that is not complete."""


_REFUSED = (
    _Wrong, ObsimError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError,
    MemoryError,
)  # fmt: skip
"""What values that are none make of those who read them."""
_UNSET = (_NotYet, AttributeError)
"""What hashing an object raises whose fields are not set."""


@dataclass(slots=True)
class _Place:
    """Where the reader is: an object and a field of it."""

    name: str = ""
    field: str = ""


class _Reader:
    def __init__(
        self, saved: SavedCluster, file: ScenarioFile, reveal: Callable[[Mapping[str, str]], str] | None
    ) -> None:
        self._saved, self._file, self._reveal = saved, file, reveal
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
        """What waits for the fields of others."""
        self._hashing = False
        """Whether all fields are set that depend on nothing that is hashed."""
        self._forms: dict[frozenset[str], Callable[..., Any]] = {
            frozenset({"tuple"}): self._tuple,
            frozenset({"dict"}): self._dictionary,
            frozenset({"set"}): self._set,
            frozenset({"frozenset"}): self._frozenset,
            frozenset({"deque", "most"}): self._deque,
            frozenset({"positions"}): self._positions,
            frozenset({"method", "of"}): self._method,
            frozenset({"call", "with"}): self._call,
            frozenset({"is", "with"}): self._named_tuple,
            frozenset(_SECRET_WORDS): self._concealed,
        }
        """Keys of an inline table -> what reads their values, in the order of `_FORM_WORDS`."""
        self._inline: list[tuple[_Place, Any]] = []
        """Values without a table of their own."""

    def cluster(self) -> ClusterState:
        try:
            for name, table in self._saved.object.items():
                self._place = _Place(name)
                self._make(name, table)
            for name, table in self._saved.object.items():
                self._place = _Place(name)
                if name in self._made:
                    self._fill(self._made[name], table)
            self._settle()
            self._check_types()
            self._place = _Place()
            state = self._value(self._saved.cluster)
        except _REFUSED as wrong:
            what = str(wrong) if isinstance(wrong, _Wrong) else f"{type(wrong).__name__}: {wrong}"
            raise self._refused(what) from None
        if not isinstance(state, ClusterState):
            raise self._file.wrong("cluster names no ClusterState")
        return state

    def _settle(self) -> None:
        """Do what waits, again and again while any of it comes to its end."""
        self._hashing = True
        while self._later:
            waiting, self._later = self._later, []
            left, reason = [], ""
            for place, fill in waiting:
                self._place, known = place, len(self._later)
                try:
                    fill()
                except _UNSET as unset:
                    del self._later[known:]  # of what it has made in vain
                    left.append((place, fill))
                    reason = str(unset)
            if len(left) == len(waiting) and not self._later:
                self._place = left[0][0]
                raise _Wrong(f"what is hashed here never gets all its fields: {reason}")
            self._later += left

    def _check_types(self) -> None:
        fitting = Fitting()
        for name, table in self._saved.object.items():
            if "is" in table:
                self._place = _Place(name)
                self._check_fields(fitting, self._made[name])
        for place, thing in self._inline:
            self._place = _Place(place.name)
            self._check_fields(fitting, thing)

    def _check_fields(self, fitting: Fitting, thing: Any) -> None:
        kind: type = type(thing)
        for field, hint in hints_of(kind).items():
            if hasattr(thing, field) and not fitting.fits(getattr(thing, field), hint):
                self._place.field = field
                found = type(getattr(thing, field)).__name__
                raise _Wrong(f"it is of type {found}: allowed is {hint_text(hint)}, and in it what that says")

    def _refused(self, what: str) -> ScenarioError:
        place = self._place
        path = tuple(filter(None, ("object", place.name, place.field))) if place.name else ("cluster",)
        what = what.strip() or "there is no such value"
        return self._file.wrong(f"{'.'.join(path)}: {what}", path)

    # Objects: first all of them empty, then their fields.

    def _make(self, name: str, table: Mapping[str, Any]) -> None:
        if "is" in table:
            self._made[name] = object.__new__(self._class(table["is"]))
            return
        if set(table) != {"value"}:
            raise _Wrong("an object has `is` and its fields, or `value`")
        value = table["value"]
        if not isinstance(value, list | dict):
            raise _Wrong("`value` is an array or an inline table")

        def make() -> None:
            self._made[name] = self._value(value)

        try:
            make()
        except _NotYet:
            self._then(make)

    def _class(self, name: object) -> type:
        kind = class_named(name) if isinstance(name, str) else None
        if kind is None or issubclass(kind, Enum | tuple | dict | list):
            near = ", ".join(get_close_matches(str(name), class_names())) or "those of a dump"
            raise _Wrong(f"there is no class {name!r}: allowed are {near}")
        return kind

    def _then(self, fill: Callable[[], None]) -> None:
        self._later.append((_Place(self._place.name, self._place.field), fill))

    def _fill(self, thing: Any, table: Mapping[str, Any]) -> None:
        if "is" not in table:
            return
        for name, value in table.items():
            self._place.field = name
            self._put(thing, name, value)
        self._place.field = ""
        self._complete(thing, table)

    def _put(self, thing: Any, name: str, value: Any) -> None:
        word = type(thing).__name__
        if name == "is":
            return
        known = names_of(type(thing)) - {TRANSIENT.get(word, ("", None))[0]}
        if name not in known:
            raise _Wrong(f"{word} has no such field: allowed are {', '.join(sorted(known))}")
        hidden = name == "password_sha1" and MASKED.get(word) == name and value == MASK

        def put() -> None:
            made = _NOBODY if hidden else self._value(value)
            if name == "password_sha1" and isinstance(made, str):
                made = bytes.fromhex(made)  # it was concealed
            object.__setattr__(thing, name, made)

        try:
            put()
        except _NotYet:
            self._then(put)

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
            case int() if abs(value) > _NUMBER_MAX:
                raise _Wrong(f"{value} is a number of more than 128 bits")
            case bool() | int() | float():
                return value
            case list():
                return self._filled([], value)
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
        if word in self._saved.object:
            raise _NotYet
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
        form = self._forms.get(frozenset(table))
        if form is not None:
            return form(*(table[name] for name in sorted(table, key=(_FORM_WORDS + _SECRET_WORDS).index)))
        if "is" in table:
            return self._inline_object(table["is"], {name: value for name, value in table.items() if name != "is"})
        raise _Wrong(f"{{ {', '.join(table)} }} is no value: allowed are {', '.join(_FORM_WORDS)}")

    def _tuple(self, items: Any) -> tuple[Any, ...]:
        return tuple(map(self._value, _array(items)))

    def _set(self, items: Any) -> set[Any]:
        found: set[Any] = self._hashed(set(), lambda made: made.update(map(self._value, _array(items))))
        return found

    def _frozenset(self, items: Any) -> frozenset[Any]:
        if not self._hashing:
            raise _NotYet
        return frozenset(map(self._value, _array(items)))

    def _deque(self, items: Any, most: Any) -> deque[Any]:
        found: deque[Any] = self._filled(deque(maxlen=self._value(most)), _array(items))
        return found

    def _positions(self, text: Any) -> Any:
        return read_bitmap(_word(text))

    def _call(self, function: Any, items: Any) -> "partial[Any]":
        called = self._value(function)
        if not isinstance(called, FunctionType | MethodType | partial):
            raise _Wrong("`call` names a function, a method or another call")
        arguments = [self._value(item) for item in _array(items)]
        signature(called).bind_partial(*arguments)
        return partial(called, *arguments)

    def _concealed(self, text: Any, fence: Any) -> str:
        if self._reveal is None:
            raise _Wrong("a concealed text is for who knows its secrets")
        return self._reveal({"text": _word(text), "fence": _word(fence)})

    def _filled(self, made: Any, items: Sequence[Any]) -> Any:
        """A list or deque that is there before its elements are: they may have it in turn."""

        def fill() -> None:
            made.clear()
            made.extend([self._value(item) for item in items])

        self._then(fill)
        return made

    def _hashed(self, made: Any, fill: Callable[[Any], None]) -> Any:
        """A set or dictionary, likewise."""

        def begin_and_fill() -> None:
            made.clear()
            fill(made)

        self._then(begin_and_fill)
        return made

    def _dictionary(self, pairs: Any) -> dict[Any, Any]:
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in _array(pairs)):
            raise _Wrong("a dict has pairs of key and value")
        found: dict[Any, Any] = self._hashed(
            {}, lambda made: made.update((self._value(key), self._value(value)) for key, value in pairs)
        )
        return found

    def _method(self, name: Any, of: Any) -> Any:
        owner = self._value(of)
        method = method_of(owner, _word(name))
        if method is None:
            raise _Wrong(f"{type(owner).__name__} has no method {name} that may be called later")
        return method

    def _named_tuple(self, name: Any, items: Any) -> Any:
        kind = class_named(_word(name))
        if kind is None or not issubclass(kind, tuple):
            raise _Wrong(f"there is no tuple {name}")
        made: Any = kind(*map(self._value, _array(items)))
        for field, hint in hints_of(kind).items():
            if not Fitting().fits(getattr(made, field), hint):
                raise _Wrong(f"{name}.{field} is {hint_text(hint)}")
        return made

    def _inline_object(self, name: Any, given: Mapping[str, Any]) -> Any:
        kind = self._class(name)
        if not is_value(kind):
            raise _Wrong(f"{name} may change: it is an object of its own")
        thing: Any = object.__new__(kind)
        for field, value in given.items():
            self._put(thing, field, value)
        self._complete(thing, given)
        self._inline.append((_Place(self._place.name, self._place.field), thing))
        return thing


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Wrong(f"{value!r} is no array")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"{value!r} is no text")
    return value
