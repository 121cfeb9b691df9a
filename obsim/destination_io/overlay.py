"""What a fork writes at real destinations: nothing. It keeps that in memory, over what is on the medium.

A fork goes on in the places of the cluster it was made of, and that one goes on there too. Two that write in one place
would spoil each other's sets, so only the first one does; the fork reads what lies there and sees its own changes. What
it keeps has no bound.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from obsim.destination.store import File, MemoryStore, Store

__all__ = ["Changes", "OverlaidStore"]


@dataclass(slots=True)
class Changes:
    """What a fork has written and removed at all its destinations; names begin with that of the destination."""

    written: MemoryStore = field(default_factory=MemoryStore)
    removed: set[str] = field(default_factory=set)
    """Files of the medium, and with `/` at the end directories, that are not there for the fork."""

    def copy(self) -> "Changes":
        """For a fork of the fork."""
        return Changes(MemoryStore(dict(self.written.files)), set(self.removed))

    def hides(self, name: str) -> bool:
        """Whether what the medium has of a name is not there, or is another one."""
        if name in self.written.files or name in self.removed:
            return True
        ends = [at + 1 for at, letter in enumerate(name) if letter == "/"]
        return any(name[:end] in self.removed for end in ends)


@dataclass(slots=True, eq=False)
class OverlaidStore:
    """One destination as a fork has it: `below` is that of the medium, `root` its name with `/` at the end."""

    below: Store
    root: str
    changes: Changes

    def empty(self) -> bool:
        """Whether nothing is there."""
        return not self.names()

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """What a file holds."""
        full = self.root + name
        if self.changes.hides(full):
            return self.changes.written.read(full, bytes_max)
        return self.below.read(name, bytes_max)

    def names(self, directory: str = "") -> list[str]:
        """What lies directly in a directory."""
        here = self._in(directory)
        found = {name for name in self.below.names(directory) if not self.changes.hides(f"{here}/{name}")}
        return sorted(found.union(self.changes.written.names(here)))

    def walk(self, directory: str, bytes_max: int) -> Iterator[File]:
        """Every file below a directory, those of the medium first."""
        here = self._in(directory)
        for name, data in self.below.walk(directory, bytes_max):
            if not self.changes.hides(f"{here}/{name}"):
                yield name, data
        yield from self.changes.written.walk(here, bytes_max)

    def write(self, files: Sequence[File]) -> None:
        """Keep files."""
        self.changes.written.write([(self.root + name, data) for name, data in files])

    def remove(self, names: Iterable[str]) -> None:
        """Hide files."""
        for name in names:
            full = self.root + name.lstrip("/")
            self.changes.written.remove([full])
            self.changes.removed.add(full)

    def _in(self, directory: str) -> str:
        return f"{self.root}{directory}" if directory else self.root.removesuffix("/")
