"""The state of a cluster as TOML that `saved` reads back: nothing is left out, work that goes on included.

    cluster = "@ClusterState-1"
    [object.BackupSet-7]            # one table for each object; a field with its default is not written
    is = "BackupSet"
    backup_set_id = 1
    backup_type = "@BackupType.FULL"
    content = "@SetContent-9"

Texts that begin with `@` are no text: `@name-number` is an object, `@Enumeration.MEMBER` a constant, `@none`,
`@text:..` a text that begins so, `@bytes:..` hexadecimal digits, `@function:..` a function of the core, `@shared:..`
what follows from the version. Inline tables are values: {tuple = [..]}, {dict = [[key, value], ..]}, {set = [..]},
{frozenset = [..]}, {deque = [..], most = ..}, {is = "Class", ..}, {positions = ".."}, {method = "name", of = ..},
{call = .., with = [..]}, {concealed = .., fence = ..} where secrets have names.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING
from enum import Enum
from functools import partial
from json.encoder import encode_basestring
from types import FunctionType, MethodType
from typing import Any, Protocol

from pyroaring import BitMap64

from obsim._version import __version__
from obsim.clock import moment_of
from obsim.cluster.state import ClusterState
from obsim.cluster.tenant import User
from obsim.destination import HIDDEN_OPTIONS
from obsim.errors import NotModelled
from obsim.parameters import definitions_of
from obsim.scenario.bitmaps import bitmap_text
from obsim.scenario.kinds import MASKED, TRANSIENT, default_of, is_value, method_of, name_of, slots_of
from obsim.scheduler.priorities import PRIORITIES
from obsim.statements.text import MASK

__all__ = ["DUMP_FORMAT", "dump_of", "fields_of", "shared_of"]

DUMP_FORMAT = 1
_WIDTH = 118
_ATOMS = (bool, int, float, str, bytes, type(None))
_BUILT_IN: dict[type, str] = {
    BitMap64: "bitmap", list: "list", dict: "dict", set: "set", frozenset: "frozenset", deque: "deque",
}  # fmt: skip


def shared_of(state: ClusterState) -> dict[str, Any]:
    """What is no part of a dump, because it follows from the version and the code: by name."""
    return {
        "profile": state.options.profile,
        "commands": state.commands,
        "definitions": state.parameters.definitions,
        "priorities": PRIORITIES,
    } | {f"priority {p.index}": p for p in PRIORITIES}


def dump_of(state: ClusterState, secrets: "Concealing | None" = None) -> str:
    """The whole state as TOML. Raises 1235 for what a dump cannot hold, naming it.

    With `secrets`, passwords and keys are named instead of left out, and whoever knows the names has them again.
    """
    return _Dump(state, secrets).text()


def fields_of(thing: Any) -> Iterator[tuple[str, Any]]:
    """The fields of an object that are set, in the order its class has them."""
    kind: type = type(thing)
    for name in slots_of(kind):
        value = getattr(thing, name, MISSING)
        if value is not MISSING:
            yield name, value
    yield from getattr(thing, "__dict__", {}).items()


class Concealing(Protocol):
    """Who gives secrets names: a concealed text is `{"text": .., "fence": ..}`."""

    def conceal(self, text: str) -> Any:
        """The text, itself where it has no secret."""

    def concealed(self, text: str, places: Iterable[tuple[int, int, str]]) -> dict[str, str]:
        """The text with names at these places: begin, end and kind of each."""


class _Dump:
    def __init__(self, state: ClusterState, secrets: Concealing | None) -> None:
        self._state, self._secrets = state, secrets
        self._shared = {id(thing): name for name, thing in shared_of(state).items()}
        self._uses = self._count()
        self._names: dict[int, str] = {}
        self._queue: deque[Any] = deque()
        self._masked: dict[str, None] = {}
        self._texts: dict[str, str] = {}
        """How a text is written: most come a thousand times."""

    # Which objects have a table of their own: what may change, and what two others share.

    def _count(self) -> Counter[int]:
        uses: Counter[int] = Counter()
        self._kept: list[object] = []
        """Methods and the like that exist only while one looks at them: their ids must not be given anew."""
        left: list[Any] = [self._state]
        while left:
            thing = left.pop()
            if type(thing) in _ATOMS or id(thing) in self._shared or isinstance(thing, Enum | FunctionType):
                continue
            uses[id(thing)] += 1
            if uses[id(thing)] == 1:
                self._kept.append(thing)
                left += self._parts(thing)
        return uses

    def _parts(self, thing: Any) -> Iterator[Any]:
        if isinstance(thing, dict | list) and type(thing) not in _BUILT_IN:
            raise NotModelled(f"a dump of {type(thing).__qualname__}")
        if isinstance(thing, Mapping):
            for pair in thing.items():
                yield from pair
        elif isinstance(thing, tuple | list | set | frozenset | deque):
            yield from thing
        elif isinstance(thing, MethodType):
            yield thing.__self__
        elif isinstance(thing, partial):
            yield from (thing.func, *thing.args)
        elif not isinstance(thing, BitMap64):
            transient, _ = TRANSIENT.get(type(thing).__name__, ("", None))
            for name, value in fields_of(thing):
                if name != transient:
                    yield value

    def _is_object(self, thing: Any) -> bool:
        kind = type(thing)
        if isinstance(thing, tuple | MethodType | partial):
            return False
        if kind in _BUILT_IN or is_value(kind):
            return self._uses[id(thing)] > 1
        return True

    # Text.

    def text(self) -> str:
        cluster = self._value(self._state)
        tables: list[str] = []
        while self._queue:
            tables.append(self._table(self._queue.popleft()))
        return "\n".join([*self._head(cluster), *tables])

    def _head(self, cluster: str) -> Iterator[str]:
        state = self._state
        usual = definitions_of(state.profile.version)
        given = {n: d.default for n, d in state.parameters.definitions.items() if d.default != usual[n].default}
        yield "# Written by obsim.dump(). The statements that clients sent, and their sessions, are no part of it."
        for line in sorted(self._masked):
            yield f"# LEFT OUT: {line}"
        tenants = ", ".join(tenant.name for tenant in state.user_tenants())
        yield f"about = {_quoted(f'Dump of {moment_of(state.now_ns)}: tenants {tenants}')}"
        yield f"format = {DUMP_FORMAT}"
        yield f"obsim = {_quoted(__version__)}"
        yield f"version = {_quoted(str(state.profile.version))}"
        yield f"cluster = {cluster}"
        deployed = ", ".join(f"{name} = {_quoted(value)}" for name, value in given.items())
        yield f"deployed = {{ {deployed} }}"
        yield ""

    def _table(self, thing: Any) -> str:
        lines = [f"[object.{self._names[id(thing)]}]"]
        if type(thing) in _BUILT_IN:
            lines.append(f"value = {self._inline(thing)}")
        else:
            lines.append(f"is = {_quoted(self._name(type(thing)))}")
            lines += (f"{name} = {value}" for name, value in self._fields(thing))
        return "\n".join([*lines, ""])

    def _fields(self, thing: Any) -> Iterator[tuple[str, str]]:
        kind = type(thing)
        word = kind.__name__
        transient, _ = TRANSIENT.get(word, ("", None))
        for name, value in fields_of(thing):
            default = default_of(kind, name)
            if name == transient or (type(value) is type(default) and type(value) in _ATOMS and value == default):
                continue
            if MASKED.get(word) == name and value and self._secrets is not None:
                yield name, self._named(value.hex() if isinstance(value, bytes) else value)
            elif MASKED.get(word) == name and value:
                self._mask(thing)
                yield name, _quoted(MASK)
            elif word == "BackupUri" and name == "options" and self._secrets is not None:
                yield name, self._named_options(value)
            elif word == "BackupUri" and name == "options":
                yield name, self._value(tuple(self._option(thing, *option) for option in value))
            else:
                yield name, self._value(value)

    def _option(self, uri: Any, name: str, value: str) -> tuple[str, str]:
        if name not in HIDDEN_OPTIONS:
            return name, value
        self._masked[f"{name} of {uri.path}"] = None
        return name, MASK

    def _named(self, secret: str, kind: str = "password") -> str:
        assert self._secrets is not None, "it is asked for where they have names"
        return _concealed(self._secrets.concealed(secret, [(0, len(secret), kind)]))

    def _named_options(self, options: tuple[tuple[str, str], ...]) -> str:
        told = []
        for name, value in options:
            hidden = bool(value) and name in HIDDEN_OPTIONS
            told.append(f"{{ tuple = [{_atom(name)}, {self._named(value, 'key') if hidden else _atom(value)}] }}")
        return f"{{ tuple = {_array(told)} }}"

    def _mask(self, thing: Any) -> None:
        named = f"password of {thing.name}" if isinstance(thing, User) else "a password"
        self._masked[f"{named}: nobody has it until it is written in"] = None

    def _value(self, thing: Any) -> str:
        kind = type(thing)
        if kind is str:
            known = self._texts.get(thing)
            if known is None:
                known = self._texts[thing] = self._text_of(thing)
            return known
        if kind in _ATOMS:
            return _atom(thing)
        if id(thing) in self._shared:
            return _quoted(f"@shared:{self._shared[id(thing)]}")
        if isinstance(thing, Enum):
            return _quoted(f"@{self._name(kind)}.{thing.name}")
        if isinstance(thing, FunctionType):
            return _quoted(f"@function:{self._name(thing)}")
        if self._is_object(thing):
            return _quoted(f"@{self._object(thing)}")
        return self._inline(thing)

    def _text_of(self, text: str) -> str:
        told = text if self._secrets is None else self._secrets.conceal(text)
        return _concealed(told) if isinstance(told, dict) else _atom(text)

    def _object(self, thing: Any) -> str:
        name = self._names.get(id(thing))
        if name is None:
            word = _BUILT_IN.get(type(thing)) or self._name(type(thing)).rpartition(".")[2]
            name = self._names[id(thing)] = f"{word}-{len(self._names) + 1}"
            self._queue.append(thing)
        return name

    def _name(self, thing: type | FunctionType) -> str:
        name = name_of(thing)
        if name is None:
            raise NotModelled(f"a dump of {thing.__qualname__}")
        return name

    def _inline(self, thing: Any) -> str:
        match thing:
            case list():
                return _array(map(self._value, thing))
            case dict():
                pairs = (f"[{self._value(key)}, {self._value(value)}]" for key, value in thing.items())
                return f"{{ dict = {_array(pairs)} }}"
            case BitMap64():
                return f"{{ positions = {_quoted(bitmap_text(thing))} }}"
            case MethodType():
                if method_of(thing.__self__, thing.__name__) is None:
                    raise NotModelled(f"a dump of {thing.__func__.__qualname__}")
                return f"{{ method = {_quoted(thing.__name__)}, of = {self._value(thing.__self__)} }}"
            case partial():
                if thing.keywords:
                    raise NotModelled(f"a dump of a call of {thing.func} with keywords")
                return f"{{ call = {self._value(thing.func)}, with = {_array(map(self._value, thing.args))} }}"
            case deque():
                return f"{{ deque = {_array(map(self._value, thing))}, most = {_atom(thing.maxlen)} }}"
            case set() | frozenset():
                return f"{{ {type(thing).__name__} = {_array(sorted(map(self._value, thing)))} }}"
        if type(thing) is tuple:
            return f"{{ tuple = {_array(map(self._value, thing))} }}"
        name = _quoted(self._name(type(thing)))
        if isinstance(thing, tuple):
            return f"{{ is = {name}, with = {_array(map(self._value, thing))} }}"
        parts = [f"is = {name}", *(f"{field} = {value}" for field, value in self._fields(thing))]
        return f"{{ {', '.join(parts)} }}"


def _concealed(told: Mapping[str, str]) -> str:
    return f"{{ concealed = {_quoted(told['text'])}, fence = {_quoted(told['fence'])} }}"


def _quoted(text: str) -> str:
    """A basic string. Raises 1235 for a text with half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotModelled("a dump of a text that is no Unicode") from None
    return encode_basestring(text).replace("\x7f", "\\u007f")


def _atom(value: Any) -> str:
    match value:
        case None:
            return '"@none"'
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(f"@text:{value}" if value.startswith("@") else value)
        case bytes():
            return _quoted(f"@bytes:{value.hex()}")
        case _:
            return repr(value)


def _array(items: Iterable[str]) -> str:
    """An array, in lines where it is long: those may stand inside an inline table too."""
    parts = list(items)
    line = f"[{', '.join(parts)}]"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    return "[\n" + "".join(f"  {part},\n" for part in parts) + "]"
