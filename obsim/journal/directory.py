"""A data directory: its files, and that one process has it at a time.

    journal.db, -wal, -shm    records, checkpoints, the lease of the clock: SQLite
    secrets                   digests of passwords and keys of object stores by name, a line each
    lock                      held by the process that uses the directory

Everything there is its owner's alone.
"""

import errno
import fcntl
import os
import stat
from pathlib import Path

from obsim.errors import UsageError

__all__ = ["DataDirectory", "open_private"]

_PRIVATE = 0o600


def open_private(path: Path) -> int:
    """A descriptor of a plain file to read and write, made where there is none; from now on it is its owner's alone.

    Raises OSError: ELOOP for a symbolic link, EINVAL for what is no plain file, EPERM for one of another user.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        found = os.fstat(handle)
        plain = stat.S_ISREG(found.st_mode)
        if plain and stat.S_IMODE(found.st_mode) != _PRIVATE:
            os.fchmod(handle, _PRIVATE)
    except OSError:
        os.close(handle)
        raise
    if not plain:
        os.close(handle)
        raise OSError(errno.EINVAL, "no plain file", str(path))
    return handle


class DataDirectory:
    """A directory, from `take` to `release` nobody else's."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.journal = self.path / "journal.db"
        self.secrets = self.path / "secrets"
        self._lock: int | None = None
        self._holder = 0
        """The process that has locked it."""

    @property
    def inherited(self) -> bool:
        """Whether this process is a child of the one that has it, forked meanwhile: it is not this one's to write."""
        return self._lock is not None and self._holder != os.getpid()

    @property
    def fresh(self) -> bool:
        """Whether no journal is there yet."""
        return not self.journal.exists() or self.journal.stat().st_size == 0

    def take(self, *, make: bool = True) -> None:
        """Lock it, and make it where it is not there. Raises UsageError for one that is in use or cannot be used."""
        try:
            if make:
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = open_private(self.path / "lock")
        except OSError as failure:
            raise UsageError(f"cannot use the data directory {self.path}: {failure.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            whose = f"process {holder}: stop it"
            if holder == str(os.getpid()):
                whose = "this process: close the cluster or stop the server that has it"
            raise UsageError(
                f"the data directory {self.path} is in use by {whose}, or take another directory"
            ) from None
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError:  # a full disk: only the hint is missing
            pass
        self._lock, self._holder = handle, os.getpid()

    def touch(self) -> None:
        """Let the journal's file be there, for its owner alone: SQLite gives its other files the same rights.

        Raises OSError.
        """
        os.close(open_private(self.journal))

    def release(self) -> None:
        """Let others have it; for the second time nothing."""
        if self._lock is not None:
            if not self.inherited:
                fcntl.flock(self._lock, fcntl.LOCK_UN)  # a child that was forked has it open still
            os.close(self._lock)
            self._lock = None
