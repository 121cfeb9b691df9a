"""Files that a command line names: what keeps one from being read or written is wrong use, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsim.errors import UsageError

__all__ = ["reading", "writing"]


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Raises UsageError with the file's name where what happens inside cannot read it."""
    with _named("read", file):
        yield


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raises UsageError with the file's name where what happens inside cannot write it."""
    with _named("write", file):
        yield


@contextmanager
def _named(what: str, file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as failure:
        raise UsageError(f"cannot {what} {file}: {getattr(failure, 'strerror', None) or failure}") from None
