"""A destination in a directory of this machine, below a root that its operator has named.

Every path is walked from the root directory by directory, each opened relative to the one before and without following
a symbolic link, so neither `..` nor a link, nor one that is put there in between, leads out of the root. A file is
written under another name, synced, and then given its own.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from obsim.destination.store import File, StoreFailed
from obsim.error_codes import OB_BACKUP_DEST_NOT_CONNECT, OB_BACKUP_DEVICE_OUT_OF_SPACE, OB_BACKUP_PERMISSION_DENIED

__all__ = ["FileRoot", "FileStore"]

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CODES = {
    errno.EACCES: OB_BACKUP_PERMISSION_DENIED, errno.EPERM: OB_BACKUP_PERMISSION_DENIED,
    errno.EROFS: OB_BACKUP_PERMISSION_DENIED, errno.ELOOP: OB_BACKUP_PERMISSION_DENIED,
    errno.ENOTDIR: OB_BACKUP_PERMISSION_DENIED,
    errno.ENOSPC: OB_BACKUP_DEVICE_OUT_OF_SPACE, errno.EDQUOT: OB_BACKUP_DEVICE_OUT_OF_SPACE,
    errno.EFBIG: OB_BACKUP_DEVICE_OUT_OF_SPACE,
}  # fmt: skip
"""What the system says -> the code of a backup; all else is a destination that cannot be reached."""
_SYNCS_AT_ONCE = 16
"""A file system commits syncs that come together at once: ten files take hardly longer than one."""
_TEMPORARY = ".obsim-part"
_DEPTH_MAX = 16
"""Directories within each other: whatever lies deeper is nothing of ours."""


@contextmanager
def _failures(what: str) -> Iterator[None]:
    """The system's errors as StoreFailed."""
    try:
        yield
    except OSError as failed:
        code = _CODES.get(failed.errno or 0, OB_BACKUP_DEST_NOT_CONNECT)
        raise StoreFailed(code, f"{what}: {failed.strerror}") from None


def _parts(name: str) -> list[str]:
    """The names a path goes through. Raises StoreFailed for one that would go up or is no name."""
    parts = [part for part in name.split("/") if part]
    if any(part in {".", ".."} or "\0" in part for part in parts):
        raise StoreFailed(OB_BACKUP_PERMISSION_DENIED, f"{name}: a path has no '.' and no '..'")
    return parts


class FileRoot:
    """The directory that all file destinations lie below. Raises StoreFailed for one that is none."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory).absolute()
        self._aliases = {self.directory.as_posix(), self.directory.resolve().as_posix()}
        with _failures(str(self.directory)):
            os.close(os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def relative(self, path: str) -> str | None:
        """What is left of an absolute path below the root, '' of the root itself; None for another one."""
        for alias in self._aliases:
            start = alias.rstrip("/") + "/"
            if f"{path}/".startswith(start):
                return path[len(start) :]
        return None

    def store(self, path: str) -> "FileStore":
        """The destination at an absolute path. Raises StoreFailed 9071 for one that is not there or below."""
        below = self.relative(path)
        if below is None:
            raise StoreFailed(OB_BACKUP_PERMISSION_DENIED, f"{path} is not below {self.directory}")
        return FileStore(self.directory, _parts(below))


class FileStore:
    """One destination: `parts` lead from `root` to it. It holds nothing open between two calls."""

    def __init__(self, root: Path, parts: Sequence[str], before: Callable[[str], None] = lambda _name: None) -> None:
        """`before` is called before a file gets its name: tests let a write end there."""
        self._root = root
        self._where = list(parts)
        self._before = before

    @staticmethod
    def _pool() -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_SYNCS_AT_ONCE, thread_name_prefix="obsim-sync")

    @contextmanager
    def _directory(self, parts: Iterable[str], made: ExitStack | None = None) -> Iterator[int]:
        """A descriptor of a directory below the destination.

        With `made` what is missing of the way is made, and `made` syncs at its end the directories that got new ones.
        """
        here = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in [*self._where, *parts]:
                there = _enter(here, part, made)
                os.close(here)
                here = there
            yield here
        finally:
            os.close(here)

    def empty(self) -> bool:
        """Whether nothing is there."""
        return not self.names()

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """What a file holds, None where there is none."""
        *parts, last = _parts(name)
        with _failures(name):
            try:
                with self._directory(parts) as directory:
                    return _read(directory, last, bytes_max)
            except FileNotFoundError:
                self._root_is_there()
                return None

    def names(self, directory: str = "") -> list[str]:
        """What lies directly in a directory; files that were not finished are not listed."""
        with _failures(directory):
            try:
                with self._directory(_parts(directory)) as descriptor, os.scandir(descriptor) as entries:
                    return sorted(
                        entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "")
                        for entry in entries
                        if not entry.name.endswith(_TEMPORARY)
                    )
            except FileNotFoundError:
                self._root_is_there()
                return []

    def _root_is_there(self) -> None:
        """A file that is missing is one thing, a medium that is gone another: raises the OSError for that."""
        self._root.stat()

    def walk(self, directory: str, bytes_max: int) -> Iterator[File]:
        """Every file below a directory, if there is one, with what it holds, cut one byte behind `bytes_max`."""
        with _failures(directory):
            try:
                with self._directory(_parts(directory)) as descriptor:
                    yield from _walk(descriptor, bytes_max)
            except FileNotFoundError:
                self._root_is_there()

    def write(self, files: Sequence[File]) -> None:
        """Write files: first all under other names, synced, then each under its own, and last the directories."""
        with _failures(files[0][0] if files else ""), self._pool() as pool, ExitStack() as opened:
            descriptors: dict[tuple[str, ...], int] = {}
            places = []
            for name, data in files:
                *parts, last = _parts(name)
                if tuple(parts) not in descriptors:
                    descriptors[tuple(parts)] = opened.enter_context(self._directory(parts, opened))
                places.append((descriptors[tuple(parts)], last, data))
            list(pool.map(_write_part, places))
            for descriptor, last, _ in places:
                self._before(last)
                os.rename(last + _TEMPORARY, last, src_dir_fd=descriptor, dst_dir_fd=descriptor)
            list(pool.map(os.fsync, descriptors.values()))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files and directories in order."""
        for name in names:
            with _failures(name):
                if not _parts(name):
                    self._remove_all()
                    continue
                *parts, last = _parts(name)
                try:
                    with self._directory(parts) as directory:
                        _remove(directory, last, below=name.endswith("/"))
                        os.fsync(directory)
                except FileNotFoundError:
                    self._root_is_there()

    def _remove_all(self) -> None:
        with self._directory(()) as directory:
            for name in os.listdir(directory):
                _remove(directory, name, below=True)


def _enter(here: int, part: str, made: ExitStack | None) -> int:
    """A descriptor of the directory `part` of `here`; `made` as in `FileStore._directory`."""
    if made is not None:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=here)
            parent = os.dup(here)
            made.callback(os.close, parent)
            made.callback(os.fsync, parent)
    return os.open(part, _DIRECTORY, dir_fd=here)


def _write_part(place: tuple[int, str, bytes]) -> None:
    """A file under its other name, synced. What is left of an earlier attempt goes."""
    directory, name, data = place
    with suppress(FileNotFoundError):
        os.unlink(name + _TEMPORARY, dir_fd=directory)
    with open(os.open(name + _TEMPORARY, _NEW_FILE, 0o666, dir_fd=directory), "wb", buffering=0) as file:
        left = memoryview(data)
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())


def _read(directory: int, name: str, bytes_max: int) -> bytes:
    """At most one byte more than `bytes_max` of a plain file. Raises OSError, EACCES for what is no plain file."""
    descriptor = os.open(name, _OLD_FILE, dir_fd=directory)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise PermissionError(errno.EACCES, "no plain file")
        data = os.read(descriptor, min(bytes_max, found.st_size) + 1)
        while len(data) < min(bytes_max, found.st_size):  # a read may give less than was asked for
            more = os.read(descriptor, bytes_max + 1 - len(data))
            if not more:
                break
            data += more
        return data
    finally:
        os.close(descriptor)


def _walk(top: int, bytes_max: int) -> Iterator[File]:
    """Files in order of name. What is removed meanwhile is left out, and nothing else with it."""
    ways = [(top, "", _entries(top))]
    try:
        while ways:
            here, before, left = ways[-1]
            if not left:
                ways.pop()
                if here != top:
                    os.close(here)
                continue
            name, is_directory = left.pop()
            try:
                if not is_directory:
                    yield before + name, _read(here, name, bytes_max)
                elif len(ways) < _DEPTH_MAX:
                    ways.append((os.open(name, _DIRECTORY, dir_fd=here), f"{before}{name}/", []))
                    ways[-1][2].extend(_entries(ways[-1][0]))
            except FileNotFoundError:
                continue
    finally:
        for here, *_ in ways[1:]:
            os.close(here)


def _entries(directory: int) -> list[tuple[str, bool]]:
    """Names and whether they are directories, the last one first; files that were not finished are none."""
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    found.sort(reverse=True)
    return [entry for entry in found if not entry[0].endswith(_TEMPORARY)]


def _remove(directory: int, name: str, *, below: bool) -> None:
    """A file, or with `below` a directory with all that is in it; a link is removed, never followed."""
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        if not below:
            raise
        _remove_tree(directory, name)


def _remove_tree(directory: int, name: str) -> None:
    """A directory with all that is in it, however deep that goes.

    Only one descriptor is held on the way, so the way back up is by `..`: it must lead to where it came from.
    """
    here = os.open(name, _DIRECTORY, dir_fd=directory)
    way: list[tuple[str, tuple[int, int]]] = [(name, _identity(directory))]
    try:
        while way:
            with os.scandir(here) as entries:
                inner = next((entry.name for entry in entries if not _unlinked(here, entry.name)), None)
            if inner is not None:
                way.append((inner, _identity(here)))
                below = os.open(inner, _DIRECTORY, dir_fd=here)
                os.close(here)
                here = below
                continue
            gone, above = way.pop()
            parent = os.open("..", _DIRECTORY, dir_fd=here)
            os.close(here)
            here = parent
            if _identity(here) != above:
                raise PermissionError(errno.EACCES, "it was moved while it was removed")
            os.rmdir(gone, dir_fd=here)
    finally:
        os.close(here)


def _identity(directory: int) -> tuple[int, int]:
    found = os.fstat(directory)
    return found.st_dev, found.st_ino


def _unlinked(directory: int, name: str) -> bool:
    """Remove a file or a link; False for a directory."""
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return True
    except (IsADirectoryError, PermissionError):
        if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise
        return False
    return True
