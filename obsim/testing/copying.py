"""Copies of a whole simulated cluster, four to six times faster than `deepcopy` and stricter.

What never changes is shared by all copies. Everything else is taken apart and put together again, so a closure over the
cluster, which `deepcopy` would let both copies share, is refused.
"""

from io import BytesIO
from pickle import HIGHEST_PROTOCOL, Pickler, Unpickler
from typing import Any

from obsim.cluster import ClusterState

__all__ = ["Mould", "copy_of"]


class Mould:
    """A cluster as it was at one moment; `copy` makes as many of it as are wanted."""

    def __init__(self, state: ClusterState) -> None:
        fixed = (state.options, state.options.profile, state.commands, state.parameters.definitions)
        self._shared = {id(thing): thing for thing in fixed}
        stream = BytesIO()
        _Taker(stream, self._shared).dump(state)
        self._bytes = stream.getvalue()

    def copy(self) -> ClusterState:
        """A cluster of its own."""
        made: ClusterState = _Maker(BytesIO(self._bytes), self._shared).load()
        return made


def copy_of(state: ClusterState) -> ClusterState:
    """A copy of a cluster as it is now."""
    return Mould(state).copy()


class _Taker(Pickler):
    def __init__(self, stream: BytesIO, shared: dict[int, Any]) -> None:
        super().__init__(stream, HIGHEST_PROTOCOL)
        self._shared = shared

    def persistent_id(self, thing: object) -> int | None:
        key = id(thing)
        return key if key in self._shared else None


class _Maker(Unpickler):
    """Reads what `_Taker` wrote in this very process, nothing from outside."""

    def __init__(self, stream: BytesIO, shared: dict[int, Any]) -> None:
        super().__init__(stream)
        self._shared = shared

    def persistent_load(self, key: int) -> object:
        return self._shared[key]
