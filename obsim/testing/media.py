"""Media that are dictionaries, and remember every change: what was there whenever a process had ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from obsim.destination.intents import carried_out
from obsim.destination.outcome import Intent, Outcome
from obsim.destination.store import File, MemoryStore, StoreFailed
from obsim.destination.uri import BackupUri

__all__ = ["Change", "Media", "RecordingStore"]

Change = tuple[str, str, bytes | None]
"""Path of a destination, name of a file there, and what it holds from then on; None: it is gone."""


class RecordingStore(MemoryStore):
    """One destination. Changes of one call may come about in any order, calls follow each other."""

    __slots__ = ("media", "path")

    def __init__(self, path: str, media: "Media", files: Mapping[str, bytes]) -> None:
        super().__init__(dict(files))
        self.path = path
        self.media = media

    def write(self, files: Sequence[File]) -> None:
        """Keep files. Raises StoreFailed when the media refuse."""
        self.media.ask()
        self.media.changes.append([(self.path, name, data) for name, data in files])
        MemoryStore.write(self, files)

    def remove(self, names: Iterable[str]) -> None:
        """Forget files, name by name. Raises StoreFailed when the media refuse."""
        for gone in names:
            self.media.ask()
            before = sorted(self.files)
            MemoryStore.remove(self, [gone])
            self.media.changes.append([(self.path, name, None) for name in before if name not in self.files])


@dataclass(slots=True, eq=False)
class Media:
    """Carries intents out at every destination whose URI begins with `root`."""

    root: str = "file:///media/"
    stores: dict[str, RecordingStore] = field(default_factory=dict)
    """By path."""
    changes: list[list[Change]] = field(default_factory=list)
    """A list for each call of a store."""
    background: bool = False
    from_journal: ClassVar = False
    refusal: int = 0
    """The code that a call ends with, 0 while none fails."""
    passing: int = 0
    """How many calls still pass before that."""
    refused_count: int = 0

    @classmethod
    def holding(cls, stores: Mapping[str, Mapping[str, bytes]]) -> "Media":
        """Media with these files, by path and name."""
        media = cls()
        media.stores = {path: RecordingStore(path, media, files) for path, files in stores.items()}
        return media

    def ask(self) -> None:
        """Raises StoreFailed when a call fails now."""
        if self.refusal and not self.passing:
            self.refused_count += 1
            raise StoreFailed(self.refusal, "as ordered")
        self.passing = max(0, self.passing - 1)

    def reaches(self, place: BackupUri) -> bool:
        """Whether a destination is here."""
        return place.root.startswith(self.root)

    def allows(self, place: BackupUri) -> bool:
        """The same."""
        return self.reaches(place)

    def perform(self, intent: Intent) -> Outcome:
        """Carry an intent out."""
        return carried_out(intent, self.store)

    def outcome(self, *, wait: bool) -> Outcome | None:
        """Nothing is ever begun and left for later."""
        raise AssertionError(f"nothing was begun, wait={wait}")

    def store(self, place: BackupUri) -> RecordingStore:
        """The destination at a place."""
        return self.stores.setdefault(place.path, RecordingStore(place.path, self, {}))
