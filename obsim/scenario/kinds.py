"""What a dump may name: classes of the core, its functions, and the few things that every cluster shares.

A dump is text from anywhere. So it names nothing but what stands here, and reading one calls no function of it: values
are put into the fields of classes, and functions are kept for the clusters that call them.
"""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from importlib import import_module
from inspect import isfunction
from pkgutil import iter_modules
from types import FunctionType, NoneType
from typing import Any

from obsim.scenario.callables import FUNCTIONS, METHODS, functions_handed_on, methods_handed_on

__all__ = [
    "MASKED", "TRANSIENT", "class_named", "class_names", "default_of", "function_named", "is_value", "method_of",
    "modules", "name_of", "names_of", "new_default", "slots_of", "words",
]  # fmt: skip

_PACKAGES = ("archive", "backup", "cleanup", "cluster", "destination", "restore", "scheduler", "statements", "storage")
_KEPT_OUT = frozenset({"cluster.copying"})
"""What makes objects of bytes: a dump that could name it could run anything."""
_KINDS_KEPT_OUT = frozenset({"_Commands", "Priority", "Rule", "VersionProfile"})
"""What every cluster of a version shares: a dump names it as such and describes none of its own."""
_MODULES = ("fault_rules", "faults", "ids", "parameters", "revisions", "root_events", "versions", "scenario.history")

MASKED = {"Digest": "reveal", "User": "password_sha1", "Secret": "reveal"}
"""Class -> the field that no dump may show."""
TRANSIENT: dict[str, tuple[str, Callable[[], Any]]] = {
    "BaselineBlocks": ("_unions", dict),
    "Faults": ("check_rows", NoneType),
    "Listeners": ("_told", list),
    "ParameterStore": ("_numbers", dict),
    "_Hands": ("performer", NoneType),
    "Tablet": ("known_seams", NoneType),
}
"""Class -> a field that only makes things faster, or belongs to the process, and what it begins with."""


@cache
def modules() -> dict[str, Any]:
    """The modules of the core by their name without `obsim.`."""
    found = {}
    for package in _PACKAGES:
        for info in iter_modules(import_module(f"obsim.{package}").__path__, f"{package}."):
            if info.name not in _KEPT_OUT:
                found[info.name] = import_module(f"obsim.{info.name}")
    return found | {name: import_module(f"obsim.{name}") for name in _MODULES}


def _kept_out(kind: type) -> bool:
    return kind.__name__ in _KINDS_KEPT_OUT or issubclass(kind, BaseException) or getattr(kind, "_is_protocol", False)


@cache
def _defined() -> list[tuple[str, type]]:
    """All classes of the core, each with its module."""
    return [
        (name, kind)
        for name, module in modules().items()
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == f"obsim.{name}"
    ]


def words() -> dict[str, Any]:
    """What annotations name that their own modules import for the type checker alone."""
    return {kind.__name__: kind for _, kind in _defined()}


@cache
def _classes() -> dict[str, type]:
    """Those that a dump may name, by name; two of one name have their modules in it."""
    every = [(name, kind.__name__, kind) for name, kind in _defined() if not _kept_out(kind)]
    plain = [word for _, word, _ in every]
    return {word if plain.count(word) == 1 else f"{name}.{word}": kind for name, word, kind in every}


@cache
def _names() -> dict[type, str]:
    return {kind: name for name, kind in _classes().items()}


def name_of(thing: type | FunctionType) -> str | None:
    """The name of a class or a function of the core, None for what a dump cannot hold."""
    if isinstance(thing, type):
        return _names().get(thing)
    name = f"{thing.__module__.removeprefix('obsim.')}.{thing.__qualname__}"
    return name if function_named(name) is thing else None


def class_named(name: str) -> type | None:
    """The class of a name."""
    return _classes().get(name)


def class_names() -> Iterable[str]:
    """The names of all classes."""
    return _classes()


def function_named(name: str) -> Any:
    """The function of a module of the core, where it is one that is left to be called later."""
    module, _, word = name.rpartition(".")
    found = vars(modules()[module]).get(word) if module in modules() else None
    if not isfunction(found) or found.__module__ != f"obsim.{module}":
        return None
    return found if word in FUNCTIONS.get(module, ()) or word in _more_functions(module) else None


@cache
def _more_functions(module: str) -> set[str]:
    return functions_handed_on(modules()[module])


@cache
def _more_methods() -> set[str]:
    """Without names that are those of fields or properties too: these are read and not handed on."""
    kinds = [kind for _, kind in _defined()]
    fields_ = {name for kind in kinds for name in names_of(kind)}
    fields_ |= {name for kind in kinds for name, thing in vars(kind).items() if isinstance(thing, property)}
    return methods_handed_on(modules().values()) - fields_


def method_of(owner: Any, name: str) -> Any:
    """The method of an object of the core, bound to it, where it is one that is left to be called later."""
    kind = type(owner)
    if name.startswith("__") or name_of(kind) is None or not isfunction(getattr(kind, name, None)):
        return None
    return getattr(owner, name) if name in METHODS or name in _more_methods() else None


def is_value(kind: type) -> bool:
    """Whether objects of a class are values: equal ones are as good as the same one, and none ever changes."""
    return is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


@cache
def slots_of(kind: type) -> tuple[str, ...]:
    """The names of all fields that objects of a class have in slots."""
    found: dict[str, None] = {}
    for base in reversed(kind.__mro__):
        slots = vars(base).get("__slots__", ())
        found |= dict.fromkeys([slots] if isinstance(slots, str) else slots)
    found.pop("__weakref__", None)
    return tuple(found)


@cache
def _fields(kind: type) -> dict[str, Field[Any]]:
    return {f.name: f for f in fields(kind)} if is_dataclass(kind) else {}


def default_of(kind: type, name: str) -> Any:
    """The value of a field that nobody set, `MISSING` without one."""
    field = _fields(kind).get(name)
    return MISSING if field is None else field.default


def new_default(kind: type, name: str) -> Any:
    """The same, made anew where it may change."""
    field = _fields(kind).get(name)
    if field is None or field.default_factory is MISSING:
        return default_of(kind, name)
    return field.default_factory()


def names_of(kind: type) -> frozenset[str]:
    """The fields that objects of a class may have, those of the classes it is made from too."""
    makers = [vars(one).get("__init__") for one in kind.__mro__ if not is_dataclass(one)]
    in_dict = [name for made in makers if isfunction(made) for name in made.__code__.co_names]
    return frozenset((*slots_of(kind), *_fields(kind), *in_dict))
