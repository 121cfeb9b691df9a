"""What was done to a tenant's storage, as data: the redo log that archiving keeps and a restore does again.

Storage is a function of what was done to it: the same changes in the same order lead to the same blocks, down to their
identities. So a change is kept as the call it was, never as the blocks it touched; of a write of a million random rows
five values are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from obsim.storage.tenant import TenantStorage

__all__ = ["CHANGES", "StorageChange", "recorded"]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

CHANGES: set[str] = set()
"""The names of all changes: methods of `TenantStorage`."""


@dataclass(frozen=True, slots=True)
class StorageChange:
    """One call of a method of `TenantStorage`. Arguments are numbers, texts, None, layouts, and tuples and bitmaps."""

    name: str
    arguments: tuple[Any, ...]
    named: tuple[tuple[str, Any], ...] = ()

    def redo(self, storage: "TenantStorage") -> None:
        """Do it again. Raises ValueError for what is no change."""
        if self.name not in CHANGES:
            raise ValueError(f"{self.name} is no change of a tenant's storage: {', '.join(sorted(CHANGES))}")
        getattr(storage, self.name)(*self.arguments, **dict(self.named))


def recorded(
    method: Callable[Concatenate["TenantStorage", _Arguments], _Result],
) -> Callable[Concatenate["TenantStorage", _Arguments], _Result]:
    """Note each call that succeeds with the storage. What a change does by means of another one is not noted twice."""
    CHANGES.add(method.__name__)

    @wraps(method)
    def call(self: "TenantStorage", *arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Result:
        nested, self.changing = self.changing, True
        try:
            result = method(self, *arguments, **named)
        finally:
            self.changing = nested
        if not nested:
            self.note(StorageChange(method.__name__, tuple(map(_kept, arguments)), tuple(sorted(named.items()))))
        return result

    return call  # type: ignore[return-value]  # `wraps` hides that `self` goes by position only


def _kept(argument: Any) -> Any:
    return tuple(argument) if isinstance(argument, list) else argument
