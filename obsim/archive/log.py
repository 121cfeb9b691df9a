"""What a tenant's pieces hold: each change of its storage, and of its accounts, with the SCN it was made at.

The log is kept while a round runs, in order of SCN; what lay in a piece that a clean-up deletes goes with it. Which of
it is archived without a gap tell the pieces.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from obsim.ids import Scn
from obsim.storage.changes import StorageChange

__all__ = ["FactsChanged", "LogEntry", "RedoLog"]


@dataclass(frozen=True, slots=True)
class FactsChanged:
    """What the tenant's system tables hold from now on, whole: accounts and the like. Nothing here looks into it."""

    facts: Any


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change. `number` counts the changes of the storage from 0; other entries repeat that of the next one."""

    scn: Scn
    number: int
    change: StorageChange | FactsChanged


@dataclass(slots=True, eq=False)
class RedoLog:
    """The entries of all rounds."""

    entries: list[LogEntry] = field(default_factory=list)
    followers: list[Callable[[], None]] = field(default_factory=list)
    """Standby tenants that replay it: asked to look when it grows and before some of it goes."""

    def append(self, entry: LogEntry) -> None:
        """One more, not older than the last."""
        self.entries.append(entry)
        self.call_followers()

    def call_followers(self) -> None:
        """Let whoever replays it look."""
        for follower in list(self.followers):
            follower()

    def between(self, number: int, scn: int) -> Sequence[LogEntry]:
        """The entries from the change of that number on, up to and including `scn`."""
        first = bisect_left(self.entries, number, key=lambda entry: entry.number)
        return self.entries[first : bisect_right(self.entries, scn, key=lambda entry: entry.scn)]

    def span(self, after_scn: int, scn: int, skipped: int = 0) -> Sequence[LogEntry]:
        """The entries after `after_scn`, up to and including `scn`, without the first `skipped` ones."""
        first, end = self._places(after_scn, scn)
        return self.entries[first + skipped : end]

    def count(self, after_scn: int, scn: int) -> int:
        """How many entries `span` gives."""
        first, end = self._places(after_scn, scn)
        return max(end - first, 0)

    def _places(self, after_scn: int, scn: int) -> tuple[int, int]:
        first = bisect_right(self.entries, after_scn, key=lambda entry: entry.scn)
        return first, bisect_right(self.entries, scn, key=lambda entry: entry.scn)

    def next_scn(self, after_scn: int) -> Scn | None:
        """The SCN of the first entry after `after_scn`."""
        first = bisect_right(self.entries, after_scn, key=lambda entry: entry.scn)
        return self.entries[first].scn if first < len(self.entries) else None

    def forget(self, start_scn: int, end_scn: int) -> None:
        """Drop what lay from `start_scn` up to but not including `end_scn`: its piece is deleted."""
        first = bisect_left(self.entries, start_scn, key=lambda entry: entry.scn)
        del self.entries[first : bisect_left(self.entries, end_scn, key=lambda entry: entry.scn)]
