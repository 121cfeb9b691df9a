"""The nets of DAGs that servers run for a backup, all of low HA priority (engine.md 5.5), and how long each DAG takes.

    metadata   BACKUP_META
    data       BACKUP_PREPARE - PREFETCH_BACKUP_INFO - PREFETCH_BACKUP_INFO - ...
                                      |                       |
                               BACKUP_DATA, one for    BACKUP_DATA, ...
                               each file of a batch
               when all of these have ended: BACKUP_INDEX_REBUILD - BACKUP_FINISH
    index      BACKUP_INDEX_REBUILD of the whole tenant, at the end of a turn

A prefetch reads lists of tablets and blocks and finds out which blocks the next files have to hold.
"""

from obsim.backup.progress import COPY_BLOCK_NS
from obsim.ids import LogStreamId, Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.priorities import HA_LOW

__all__ = ["dag", "data_net", "index_net"]

_MS = 1_000_000
PREPARE_NS = 80 * _MS
PREFETCH_NS = 10 * _MS
LOG_STREAM_INDEX_NS = 90 * _MS
FINISH_NS = 20 * _MS


def _nothing(_now_ns: Nanoseconds) -> None:
    """Stands in for what follows until the net is handed out."""


def dag(kind: str, work_ns: int, log_stream_id: LogStreamId, parent: DagTask | None = None) -> DagTask:
    """One DAG of a backup."""
    return DagTask(kind, HA_LOW, Nanoseconds(work_ns), _nothing, log_stream_id, (parent,) if parent is not None else ())


def data_net(log_stream_id: LogStreamId, sizes: list[int], task_count: int) -> tuple[list[DagTask], list[DagTask]]:
    """What an attempt begins with, and which of it are the copy tasks, one for each file of so many blocks.

    A prefetch finds out what `task_count` files have to hold.
    """
    last = dag("BACKUP_PREPARE", PREPARE_NS, log_stream_id)
    net, copies = [last], []
    for start in range(0, max(len(sizes), 1), max(task_count, 1)):
        last = dag("PREFETCH_BACKUP_INFO", PREFETCH_NS, log_stream_id, last)
        batch = [
            dag("BACKUP_DATA", size * COPY_BLOCK_NS, log_stream_id, last)
            for size in sizes[start : start + max(task_count, 1)]
        ]
        net.append(last)
        net += batch
        copies += batch
    return net, copies


def index_net(log_stream_id: LogStreamId) -> list[DagTask]:
    """What it ends with, once the files are there."""
    index = dag("BACKUP_INDEX_REBUILD", LOG_STREAM_INDEX_NS, log_stream_id)
    return [index, dag("BACKUP_FINISH", FINISH_NS, log_stream_id, index)]
