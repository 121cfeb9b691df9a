"""What a thread takes while it works: a part of a CPU, and bandwidth of the server and of the backup destination.

A merge of SSTables computes all the time (engine.md 5.6, CPU-bound). A thread of a backup or of a migration reads and
writes most of the time; how much of a CPU it takes meanwhile is a choice of obsim: an eighth.
"""

from typing import NamedTuple

__all__ = ["COMPUTES", "COPY_BYTES_PER_S", "CPU_OF", "FULL_CPU", "Demand", "demand_of"]

FULL_CPU = 1000
"""Thousandths of a CPU: a thread that waits for nothing."""
_MOSTLY_WAITS = FULL_CPU // 8
COPY_BYTES_PER_S = (2 << 20) * 1000 // 110
"""A macroblock in 110 ms by one thread."""


class Demand(NamedTuple):
    """What one thread takes at full speed: thousandths of a CPU, bytes a second over the server's network.

    A tuple, since tasks are sorted by it whenever they begin and end.
    """

    cpu: int = FULL_CPU
    bytes_per_s: int = 0
    to_destination: bool = False
    """Whether the bytes go to the tenant's backup destination."""


COMPUTES = Demand()
_WAITS = Demand(_MOSTLY_WAITS)
_COPIES = Demand(_MOSTLY_WAITS, COPY_BYTES_PER_S)
_BACKS_UP = Demand(_MOSTLY_WAITS, COPY_BYTES_PER_S, to_destination=True)

_DEMANDS = {
    **dict.fromkeys(("BACKUP_DATA", "BACKUP_COMPLEMENT_LOG", "BACKUP_BACKUPSET", "BACKUP_ARCHIVELOG"), _BACKS_UP),
    **dict.fromkeys(
        ("BACKUP_META", "BACKUP_PREPARE", "BACKUP_FINISH", "PREFETCH_BACKUP_INFO", "BACKUP_INDEX_REBUILD",
         "BACKUP_CLEAN", "VALIDATE"), _WAITS,
    ),
    **dict.fromkeys(
        ("TABLET_MIGRATION", "SYS_TABLETS_MIGRATION", "DATA_TABLETS_MIGRATION", "TABLET_GROUP_MIGRATION",
         "FAST_MIGRATE", "TABLET_RESTORE"), _COPIES,
    ),
}  # fmt: skip


CPU_OF: dict[str, int] = {kind: demand.cpu for kind, demand in _DEMANDS.items()}
"""Thousandths of a CPU by type of DAG; of any other type a thread computes all the time."""


def demand_of(kind: str) -> Demand:
    """What a thread that works on a DAG of this type takes; one of any other type computes."""
    return _DEMANDS.get(kind, COMPUTES)
