"""A data directory: its files, and that one process has it at a time.

    journal.db, -wal, -shm    records, checkpoints, the lease of the clock: SQLite
    secrets                   digests of passwords and keys of object stores by name, a line each
    lock                      held by the process that uses the directory

Everything there is its owner's alone.
"""

import fcntl
import os
from pathlib import Path

from obsim.errors import UsageError

__all__ = ["DataDirectory"]


class DataDirectory:
    """A directory, from `take` to `release` nobody else's."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.journal = self.path / "journal.db"
        self.secrets = self.path / "secrets"
        self._lock: int | None = None

    @property
    def fresh(self) -> bool:
        """Whether no journal is there yet."""
        return not self.journal.exists() or self.journal.stat().st_size == 0

    def take(self, *, make: bool = True) -> None:
        """Lock it, and make it where it is not there. Raises UsageError for one that is in use or cannot be used."""
        try:
            if make:
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise UsageError(f"cannot use the data directory {self.path}: {failure.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise UsageError(
                f"the data directory {self.path} is in use by process {holder}: stop it, or take another directory"
            ) from None
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError:  # a full disk: only the hint is missing
            pass
        self._lock = handle

    def touch(self) -> None:
        """Let the journal's file be there, for its owner alone: SQLite gives its other files the same rights.

        Raises OSError.
        """
        os.close(os.open(self.journal, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def release(self) -> None:
        """Let others have it; for the second time nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
