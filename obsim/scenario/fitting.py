"""Whether values fit the types that the fields of the core's classes are declared with.

Objects that a dump describes are made without their constructors, so that nothing of the file runs; what the fields of
a class may hold is therefore looked up in its annotations.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from obsim.scenario.kinds import words

__all__ = ["Fitting", "hint_text", "hints_of"]


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """Field -> its type, for the fields that are declared with one."""
    names = words() | {"Callable": Callable, "Sequence": Sequence}
    return get_type_hints(kind, vars(import_module(kind.__module__)), names)


def hint_text(hint: Any) -> str:
    """A type as an error names it."""
    if isinstance(hint, type) and get_origin(hint) is None:
        return hint.__name__
    if isinstance(hint, NewType):
        return hint.__name__
    args = get_args(hint)
    if get_origin(hint) in {Union, UnionType}:
        return " or ".join(map(hint_text, args))
    return str(hint).replace("typing.", "").replace("obsim.", "").replace("collections.abc.", "")


class Fitting:
    """Looks at containers once, however many fields share them."""

    def __init__(self) -> None:
        self._known: set[tuple[int, str]] = set()

    def fits(self, value: Any, hint: Any) -> bool:
        """Whether a value may stand in a field of that type, with all that is in it where it is a container."""
        while isinstance(hint, NewType):
            hint = hint.__supertype__
        if hint is Any or hint is object or isinstance(hint, TypeVar):
            return True
        origin = get_origin(hint)
        if origin is None:
            return self._is_a(value, hint)
        if origin in {Union, UnionType}:
            return any(self.fits(value, one) for one in get_args(hint))
        if origin is Literal:
            return value in get_args(hint)
        if origin is Callable or origin is type:
            return callable(value) and isinstance(value, type) == (origin is type)
        if not isinstance(value, origin):
            return False
        key = id(value), str(hint)
        if key in self._known:
            return True
        self._known.add(key)
        return self._holds(value, origin, get_args(hint))

    def _is_a(self, value: Any, hint: Any) -> bool:
        if hint is None:
            return value is None
        if getattr(hint, "_is_protocol", False):
            return not isinstance(value, bool | int | float | str | bytes | NoneType)
        if hint is float:
            return isinstance(value, int | float)
        return isinstance(value, hint)

    def _holds(self, value: Any, origin: type, args: tuple[Any, ...]) -> bool:
        if issubclass(origin, Mapping):
            return all(self.fits(k, args[0]) and self.fits(v, args[1]) for k, v in value.items())
        if origin is tuple and args[-1:] != (...,):
            return len(value) == len(args) and all(map(self.fits, value, args))
        return all(self.fits(item, args[0]) for item in value)
