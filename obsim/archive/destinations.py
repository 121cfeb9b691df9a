"""LOG_ARCHIVE_DEST[_n] of a tenant, each with its state (status-machines.md 5)."""

from dataclasses import dataclass

from obsim.destination import ArchiveDestination

__all__ = ["ARCHIVED", "NOWHERE", "StoredDestination"]

ARCHIVED = 0
"""Number of the destination that rounds write to: "only one dest is supported" (ob_archive_scheduler_service.cpp)."""


@dataclass(frozen=True, slots=True)
class StoredDestination:
    """LOG_ARCHIVE_DEST[_n] and its state, each of which may be set without the other."""

    destination: ArchiveDestination | None = None
    dest_id: int = 0
    state: str = "ENABLE"
    """As it was typed; letter case does not count."""


NOWHERE = StoredDestination()
