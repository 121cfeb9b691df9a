"""The DAGs that restore one log stream, all of high HA priority (engine.md 5.1), and how long each takes.

    to TABLETS_META   INITIAL_LS_RESTORE - START_LS_RESTORE - SYS_TABLETS_RESTORE - DATA_TABLETS_META_RESTORE
                      - TABLET_GROUP_META_RESTORE - FINISH_LS_RESTORE
    to MAJOR_DATA     INITIAL_TABLET_GROUP_RESTORE - START_TABLET_GROUP_RESTORE - TABLET_RESTORE, for each tablet

The kinds are those of the scheduler's view; the lengths are obsim's own.
"""

from collections.abc import Callable, Iterable, Sequence

from obsim.backup.progress import COPY_BLOCK_NS
from obsim.ids import LogStreamId, Nanoseconds, TabletId
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import DAG_COUNT_MAX
from obsim.scheduler.priorities import HA_HIGH
from obsim.units import MS_NS

__all__ = ["copies_of_each", "data_net", "meta_net"]

_META = (
    ("INITIAL_LS_RESTORE", 20 * MS_NS),
    ("START_LS_RESTORE", 50 * MS_NS),
    ("SYS_TABLETS_RESTORE", 400 * MS_NS),
    ("DATA_TABLETS_META_RESTORE", 100 * MS_NS),
    ("TABLET_GROUP_META_RESTORE", 150 * MS_NS),
    ("FINISH_LS_RESTORE", 20 * MS_NS),
)
_DATA = (("INITIAL_TABLET_GROUP_RESTORE", 20 * MS_NS), ("START_TABLET_GROUP_RESTORE", 30 * MS_NS))
_TABLET_NS = 15 * MS_NS
"""Of a tablet besides its blocks."""
_COPIES_MAX = 1024
"""Of more tablets in a log stream, each DAG restores a run of them."""


def copies_of_each(stream_count: int) -> int:
    """How many copy tasks each of so many log streams may have: a scheduler holds so many DAGs of a type, not more."""
    return max(min(_COPIES_MAX, DAG_COUNT_MAX // max(stream_count, 1)), 1)


def _chain(kinds: Iterable[tuple[str, int]], log_stream_id: LogStreamId) -> list[DagTask]:
    """One after the other."""
    net: list[DagTask] = []
    for kind, work_ns in kinds:
        net.append(DagTask(kind, HA_HIGH, Nanoseconds(work_ns), None, log_stream_id, tuple(net[-1:])))
    return net


def meta_net(log_stream_id: LogStreamId, done: Callable[[Nanoseconds], None]) -> list[DagTask]:
    """What brings the log stream, its system tablets and the metadata of the others."""
    net = _chain(_META, log_stream_id)
    net[-1].on_finish = done
    return net


def data_net(
    log_stream_id: LogStreamId, tablets: Sequence[tuple[TabletId, int]], done: Callable[[Nanoseconds], None],
    copies_max: int = _COPIES_MAX,
) -> tuple[list[DagTask], list[tuple[DagTask, Sequence[tuple[TabletId, int]]]]]:
    """What brings mini, minor and baseline blocks of its tablets, given with their numbers.

    Gives the net, and each copy task with its tablets. `done` is called for each of them, or once where
    there are no tablets.
    """
    net = _chain(_DATA, log_stream_id)
    size = -(-len(tablets) // copies_max) or 1
    copies: list[tuple[DagTask, Sequence[tuple[TabletId, int]]]] = []
    for start in range(0, len(tablets), size):
        part = tablets[start : start + size]
        work_ns = sum(_TABLET_NS + count * COPY_BLOCK_NS for _, count in part)
        copy = DagTask(
            "TABLET_RESTORE", HA_HIGH, Nanoseconds(work_ns), done, log_stream_id, (net[-1],), tablet_id=part[0][0]
        )
        copies.append((copy, part))
    if not copies:
        net[-1].on_finish = done
    return [*net, *(copy for copy, _ in copies)], copies
