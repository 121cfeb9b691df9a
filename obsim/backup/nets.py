"""The nets of DAGs that servers run for a backup, all of low HA priority (engine.md 5.5), and how long each DAG takes.

    metadata   BACKUP_META
    data       BACKUP_PREPARE - PREFETCH_BACKUP_INFO, which spawns as it ends
               BACKUP_DATA, one for each file of a batch, and the next PREFETCH_BACKUP_INFO, and so on;
               when all of these have ended: BACKUP_INDEX_REBUILD - BACKUP_FINISH
    index      BACKUP_INDEX_REBUILD of the whole tenant, at the end of a turn

A prefetch reads lists of tablets and blocks and finds out which blocks the next files have to hold: so many files as
the log stream may have copy tasks. The DAGs of later files do not exist yet, however large the tenant is.
"""

from obsim.backup.files import FileCut
from obsim.backup.progress import COPY_BLOCK_NS
from obsim.ids import LogStreamId, Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.priorities import HA_LOW
from obsim.units import MS_NS

__all__ = ["dag", "data_net", "file_batch", "index_net"]

PREPARE_NS = 80 * MS_NS
PREFETCH_NS = 10 * MS_NS
LOG_STREAM_INDEX_NS = 90 * MS_NS
FINISH_NS = 20 * MS_NS


def dag(kind: str, work_ns: int, log_stream_id: LogStreamId, parent: DagTask | None = None) -> DagTask:
    """One DAG of a backup."""
    return DagTask(kind, HA_LOW, Nanoseconds(work_ns), None, log_stream_id, (parent,) if parent is not None else ())


def data_net(log_stream_id: LogStreamId) -> list[DagTask]:
    """What an attempt at data begins with."""
    prepare = dag("BACKUP_PREPARE", PREPARE_NS, log_stream_id)
    return [prepare, dag("PREFETCH_BACKUP_INFO", PREFETCH_NS, log_stream_id, prepare)]


def file_batch(
    log_stream_id: LogStreamId, cut: FileCut, first: int, count: int
) -> tuple[list[DagTask], DagTask | None]:
    """What a prefetch spawns: copy tasks of `count` files from number `first` on, and a prefetch if there are more."""
    end = min(first + max(count, 1), cut.file_count)
    copies = [
        DagTask("BACKUP_DATA", HA_LOW, Nanoseconds(size * COPY_BLOCK_NS), None, log_stream_id)
        for size in cut.sizes(first, end)
    ]
    return copies, dag("PREFETCH_BACKUP_INFO", PREFETCH_NS, log_stream_id) if end < cut.file_count else None


def index_net(log_stream_id: LogStreamId) -> list[DagTask]:
    """What it ends with, once the files are there."""
    index = dag("BACKUP_INDEX_REBUILD", LOG_STREAM_INDEX_NS, log_stream_id)
    return [index, dag("BACKUP_FINISH", FINISH_NS, log_stream_id, index)]
