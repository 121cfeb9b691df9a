"""What a medium can do, and one that is a dictionary.

A store is one destination: names are relative to its root. Its methods raise StoreFailed with the code that a backup
ends with when it meets the failure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["File", "MemoryStore", "Store", "StoreFailed", "Transcript"]

File = tuple[str, bytes]
"""A name and what the file holds."""


class StoreFailed(Exception):
    """A medium refused: `code` as RESULT columns have it, the text for a log."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Store(Protocol):
    """A destination on a medium."""

    def empty(self) -> bool:
        """Whether nothing is there."""

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """What a file holds, None where there is none. A file beyond `bytes_max` is cut one byte behind it."""

    def names(self, directory: str = "") -> list[str]:
        """What lies directly in a directory, sorted; directories end in `/`."""

    def walk(self, directory: str, bytes_max: int) -> Iterator[File]:
        """Every file below a directory, its name relative to that, with what `read` gives of it."""

    def write(self, files: Sequence[File]) -> None:
        """Write files, each of them as a whole or not at all; when this returns all of them will be found."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files in order, and with a name that ends in `/` all below it; what is not there is no error.

        `/` alone is all there is.
        """


@dataclass(slots=True)
class MemoryStore:
    """A destination that is gone with the process."""

    files: dict[str, bytes] = field(default_factory=dict)

    def empty(self) -> bool:
        """Whether nothing is there."""
        return not self.files

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """What a file holds."""
        data = self.files.get(name)
        return None if data is None else data[: bytes_max + 1]

    def names(self, directory: str = "") -> list[str]:
        """What lies directly in a directory."""
        prefix = f"{directory}/" if directory else ""
        found = set()
        for name in self.files:
            if name.startswith(prefix):
                first, slash, _ = name[len(prefix) :].partition("/")
                found.add(first + slash)
        return sorted(found)

    def walk(self, directory: str, bytes_max: int) -> Iterator[File]:
        """Every file below a directory."""
        for name, data in sorted(self.files.items()):
            if name.startswith(f"{directory}/"):
                yield name.removeprefix(f"{directory}/"), data[: bytes_max + 1]

    def write(self, files: Sequence[File]) -> None:
        """Keep files."""
        self.files.update(files)

    def remove(self, names: Iterable[str]) -> None:
        """Forget files."""
        for gone in names:
            below = gone.lstrip("/") if gone.endswith("/") else None
            for name in [n for n in self.files if n == gone or (below is not None and n.startswith(below))]:
                del self.files[name]


@dataclass(slots=True, eq=False)
class Transcript:
    """A store that remembers what was read of it."""

    store: Store
    files: dict[str, bytes] = field(default_factory=dict)

    def read_files(self) -> tuple[File, ...]:
        """What was read, by name."""
        return tuple(sorted(self.files.items()))

    def empty(self) -> bool:
        """Whether nothing is there."""
        return self.store.empty()

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """What a file holds."""
        data = self.store.read(name, bytes_max)
        if data is not None:
            self.files[name] = data
        return data

    def names(self, directory: str = "") -> list[str]:
        """What lies directly in a directory."""
        return self.store.names(directory)

    def walk(self, directory: str, bytes_max: int) -> Iterator[File]:
        """Every file below a directory."""
        for name, data in self.store.walk(directory, bytes_max):
            self.files[f"{directory}/{name}"] = data
            yield name, data

    def write(self, files: Sequence[File]) -> None:
        """Write files."""
        self.store.write(files)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files."""
        self.store.remove(names)
