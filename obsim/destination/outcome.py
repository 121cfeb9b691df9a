"""What the core wants done outside, and how it ended: the two ends of every wish."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from obsim.destination.uri import BackupUri

if TYPE_CHECKING:
    from obsim.destination.store import Store

__all__ = ["Intent", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an intent ended: 0 or the code of an error."""

    code: int = 0
    created: bool = False
    """A destination that was set was empty: it has a format file now."""
    found: Any = None
    """What was read, where something was to be."""


class Intent(Protocol):
    """Something to be done at one destination."""

    @property
    def place(self) -> BackupUri:
        """Where."""

    def carry_out(self, store: "Store") -> Outcome:
        """Do it. Raises StoreFailed."""
