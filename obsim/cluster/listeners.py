"""Who is told of what clients feel."""

from collections.abc import Callable
from typing import Any

__all__ = ["Listeners"]


class Listeners:
    """Who is told of something that clients feel. They are no part of the state: a copy of it tells nobody."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: list[Callable[[Any], None]] = []

    def add(self, told: Callable[[Any], None]) -> None:
        """Tell `told` from now on."""
        self._told.append(told)

    def tell(self, what: object) -> None:
        """It has happened to this tenant, or this server."""
        for told in self._told:
            told(what)

    def __reduce__(self) -> "tuple[type[Listeners], tuple[()]]":
        return Listeners, ()
