"""Copies of a whole cluster, by copy on write: a millisecond or two, whatever the cluster has lived through.

What never changes any more is shared by all copies: the profile, definitions of parameters, compactions, entries of the
log, merges and DAG tasks that have ended. The rest, which is small, is taken apart and put together again (by pickle,
which refuses a closure over the cluster, where `deepcopy` would let both copies share it); bitmaps that may change are
copied as they are, without being made into text.
"""

from collections import deque
from collections.abc import Callable
from copyreg import __newobj__  # type: ignore[attr-defined]  # what pickle itself makes objects with
from functools import partial
from io import BytesIO
from pickle import HIGHEST_PROTOCOL, Pickler, Unpickler, UnpicklingError
from types import FunctionType
from typing import Any

from pyroaring import BitMap64

from obsim.archive.log import LogEntry, RedoLog
from obsim.backup.job import BackupRequest
from obsim.backup.set import Counters
from obsim.cluster.commands import COMMANDS
from obsim.cluster.event_log import EventLog
from obsim.cluster.merges import MajorMerge
from obsim.cluster.state import ClusterOptions, ClusterState
from obsim.faults import Faults
from obsim.parameters import ParameterStore
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.priorities import Priority
from obsim.scheduler.roster import Roster
from obsim.storage.freezes import MajorFreeze, MajorFreezes
from obsim.storage.macroblocks import BaselineBlocks, Compaction
from obsim.storage.picture import Picture, Snapshot
from obsim.versions import VersionProfile

__all__ = ["Mould", "copy_of"]

_Reduced = tuple[Any, ...]
_VALUES = (
    BackupRequest, ClusterOptions, Compaction, Counters, LogEntry, MajorFreeze, Picture, Priority, Snapshot,
    VersionProfile, type(COMMANDS),
)  # fmt: skip
"""Of these no object is ever changed."""
_CORE = frozenset({
    "archive", "backup", "cleanup", "cluster", "destination", "fault_rules", "faults", "ids", "parameters", "restore",
    "revisions", "root_events", "scenario", "scheduler", "statements", "storage", "versions",
})  # fmt: skip
"""The packages and modules whose classes and functions a state is made of."""


class _Same:
    """In the place of something that never changes."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing


class _ListOf(_Same):
    """In the place of a list that grows, of things that never change."""


class Mould:
    """A cluster as it was at one moment; `copy` makes as many of it as are wanted."""

    def __init__(self, state: ClusterState) -> None:
        self._kept: list[Any] = []
        stream = BytesIO()
        pickler = Pickler(stream, HIGHEST_PROTOCOL)
        pickler.dispatch_table = self._table()
        pickler.dump(state)
        self._bytes = stream.getvalue()

    def copy(self) -> ClusterState:
        """A cluster of its own."""
        made: ClusterState = _Maker(BytesIO(self._bytes), self._kept).load()
        return made

    def _table(self) -> dict[type, Callable[[Any], _Reduced]]:
        """What becomes of the objects of a class."""
        table: dict[type, Callable[[Any], _Reduced]] = dict.fromkeys(_VALUES, self._share)
        table[_Same] = lambda same: self._share(same.thing)
        table[_ListOf] = lambda things: (_a_list, (self._keep(tuple(things.thing)),))
        table[BitMap64] = lambda bitmap: (_a_bitmap, (self._keep(BitMap64(bitmap)),))
        table[DagTask] = lambda task: self._share(task) if task.finished else _taken_apart(task)
        table[MajorMerge] = lambda merge: self._share(merge) if merge.end_ns is not None else _taken_apart(merge)
        table[Dispatcher] = _dispatcher
        table[Roster] = lambda roster: _with(roster, _fields(roster), _ended=_ListOf(roster.ended()))
        table[ParameterStore] = lambda store: _with(store, vars(store), definitions=_Same(store.definitions))
        table[Faults] = lambda faults: _with(faults, _fields(faults), check_rows=None)
        table[RedoLog] = lambda log: _with(log, _fields(log), entries=_ListOf(log.entries))
        table[EventLog] = _event_log
        table[MajorFreezes] = lambda freezes: _with(freezes, _fields(freezes), kept=_ListOf(freezes.kept))
        table[BaselineBlocks] = lambda blocks: _with(blocks, _fields(blocks), compactions=_ListOf(blocks.compactions))
        return table

    def _keep(self, thing: object) -> int:
        self._kept.append(thing)
        return len(self._kept) - 1

    def _share(self, thing: object) -> _Reduced:
        return _the_same, (self._keep(thing),)


def copy_of(state: ClusterState) -> ClusterState:
    """A copy of a cluster as it is now."""
    return Mould(state).copy()


def _taken_apart(thing: Any) -> _Reduced:
    reduced: _Reduced = thing.__reduce_ex__(HIGHEST_PROTOCOL)
    return reduced


def _fields(thing: Any) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in thing.__slots__ if hasattr(thing, name)}


def _with(thing: Any, fields: dict[str, Any], **instead: object) -> _Reduced:
    """An object with some of its fields replaced."""
    state: Any = fields | instead
    return __newobj__, (type(thing),), (None, state) if hasattr(type(thing), "__slots__") else state


def _dispatcher(dispatcher: Dispatcher) -> _Reduced:
    """Its ended tasks are shared, so their service is counted before: nothing will ask them for their queue again."""
    dispatcher.count_ended()
    return _taken_apart(dispatcher)


def _event_log(log: EventLog) -> _Reduced:
    """What it knows of each kind is never changed, another takes its place."""
    fields = _fields(log)
    known = {whose: _Same(states) for whose, states in fields["_known"].items()}
    return _with(log, fields, rows=_ListOf(log.rows), _known=known)


def _the_same(number: int) -> object:
    """Stands in what pickle writes; `_Maker` has its own."""
    raise NotImplementedError


def _a_list(number: int) -> list[object]:
    """As `_the_same`."""
    raise NotImplementedError


def _a_bitmap(number: int) -> BitMap64:
    """As `_the_same`."""
    raise NotImplementedError


_BUILT_IN = {
    f"{thing.__module__}.{thing.__name__}": thing for thing in (set, frozenset, bytearray, deque, partial)
}  # fmt: skip
"""What is needed besides the core's own classes and functions; lists and the like have codes of their own."""


def _method(owner: Any, name: str) -> object:
    """Stands for `getattr`, by which pickle binds methods: those of the core's objects alone."""
    if name.startswith("__") or not _of_core(type(owner).__module__):
        raise UnpicklingError(f"{type(owner).__name__}.{name} is no method of the core")
    found: object = getattr(owner, name)
    return found


def _of_core(module: str) -> bool:
    package = module.removeprefix("obsim.").partition(".")[0]
    return module.startswith("obsim.") and package in _CORE and module != __name__


class _Maker(Unpickler):
    """Reads what `Mould` wrote in this very process, nothing from outside; it makes objects of the core alone."""

    def __init__(self, stream: BytesIO, kept: list[Any]) -> None:
        super().__init__(stream)
        self._kept = kept

    def find_class(self, module: str, name: str) -> Any:
        """A class or function of the core, or what takes something from the mould. Raises UnpicklingError."""
        kept = self._kept
        takers: dict[str, Callable[[int], object]] = {
            "_the_same": kept.__getitem__,
            "_a_list": lambda number: list(kept[number]),
            "_a_bitmap": lambda number: BitMap64(kept[number]),
        }
        if module == __name__ and name in takers:
            return takers[name]
        if (module, name) == ("builtins", "getattr"):
            return _method
        if (built_in := _BUILT_IN.get(f"{module}.{name}")) is not None:
            return built_in
        found = super().find_class(module, name) if _of_core(module) and "." not in name else None
        if not isinstance(found, type | FunctionType) or found.__module__ != module:
            raise UnpicklingError(f"{module}.{name} is no class and no function of the core")
        return found
