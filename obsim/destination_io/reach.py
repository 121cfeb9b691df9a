"""Who may be reached, and by whom: the performer of intents.

`--file-root` makes all `file://` destinations real, `--s3-endpoint` all `s3://` ones; what neither covers stays in
memory. One intent is carried out at a time, here or in a thread of its own.
"""

import logging
import traceback
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from os import PathLike
from typing import TYPE_CHECKING

from obsim.destination.intents import carried_out
from obsim.destination.outcome import Intent, Outcome
from obsim.destination.store import Store, StoreFailed
from obsim.destination.uri import BackupUri
from obsim.destination_io.files import FileRoot
from obsim.destination_io.overlay import Changes, OverlaidStore
from obsim.error_codes import OB_BACKUP_DEST_NOT_CONNECT, OB_ERR_UNEXPECTED
from obsim.errors import UsageError

if TYPE_CHECKING:
    from obsim.destination_io.s3 import S3Endpoints

__all__ = ["Reach", "make_reach"]

logger = logging.getLogger("obsim.destination")


class Reach:
    """Carries intents out at real destinations."""

    from_journal = False

    def __init__(self, file_root: FileRoot | None = None, s3: "S3Endpoints | None" = None) -> None:
        self.background = False
        self._file_root = file_root
        self._s3 = s3
        self._pool: ThreadPoolExecutor | None = None
        self._begun: Future[Outcome] | None = None
        self._changes: Changes | None = None
        """What a fork keeps to itself; None for who writes on the media."""

    def forked(self) -> "Reach":
        """The performer of a fork: it reads what is on the media, and what it writes it keeps to itself."""
        made = Reach(self._file_root, self._s3)
        made.background = self.background
        made._changes = Changes() if self._changes is None else self._changes.copy()
        return made

    def reaches(self, place: BackupUri) -> bool:
        """Whether a destination is on a medium."""
        return (self._file_root if place.scheme == "file" else self._s3 if place.scheme == "s3" else None) is not None

    def allows(self, place: BackupUri) -> bool:
        """Whether a destination is below the root or at an allowed endpoint."""
        if place.scheme == "file":
            return self._file_root is not None and self._file_root.relative(place.location) is not None
        return place.scheme == "s3" and self._s3 is not None and self._s3.base_of(place) is not None

    def store(self, place: BackupUri) -> Store:
        """The destination as a store, a fork's with its changes. Raises StoreFailed for one that may not be reached."""
        below = self._on_medium(place)
        if self._changes is None:
            return below
        name = place.path
        if place.scheme == "file" and self._file_root is not None:
            name = f"file/{self._file_root.relative(place.location)}".rstrip("/")
        return OverlaidStore(below, f"{name}/", self._changes)

    def _on_medium(self, place: BackupUri) -> Store:
        if place.scheme == "file" and self._file_root is not None:
            return self._file_root.store(place.location)
        if place.scheme == "s3" and self._s3 is not None:
            return self._s3.store(place)
        raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, f"{place.path} is not to be reached")

    def perform(self, intent: Intent) -> Outcome | None:
        """Carry an intent out, or begin to."""
        if not self.background:
            return self._carried_out(intent)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="obsim-destination")
        self._begun = self._pool.submit(self._carried_out, intent)
        return None

    def _carried_out(self, intent: Intent) -> Outcome:
        """The outcome, of a defect too. The log gets where that happened, never its text: that may quote a key."""
        try:
            return carried_out(intent, self.store)
        except Exception as defect:  # it must not keep virtual time from going on
            _note(defect)
            return Outcome(OB_ERR_UNEXPECTED)

    def outcome(self, *, wait: bool) -> Outcome | None:
        """The outcome of what was begun."""
        assert self._begun is not None, "nothing was begun"
        if not wait and not self._begun.done():
            return None
        outcome = self._begun.result()
        self._begun = None  # not before: who is interrupted while he waits comes again
        return outcome


def _note(defect: Exception) -> None:
    trace = "".join(traceback.format_tb(defect.__traceback__))
    logger.error("unexpected %s at a destination\n%s", type(defect).__name__, trace)


def make_reach(file_root: str | PathLike[str] | None = None, s3_endpoints: Iterable[str] = ()) -> Reach:
    """The performer for what may be reached.

    Raises UsageError for a root that is no directory, for what is no endpoint, and without the extra that S3 needs.
    """
    try:
        root = FileRoot(file_root) if file_root is not None else None
    except StoreFailed as failed:
        raise UsageError(f"--file-root: {failed}: name a directory that exists") from None
    return Reach(root, _s3(tuple(s3_endpoints)))


def _s3(endpoints: tuple[str, ...]) -> "S3Endpoints | None":
    if not endpoints:
        return None
    try:
        from obsim.destination_io.s3 import S3Endpoints  # noqa: PLC0415 - an extra, and a third of a second
    except ImportError:
        raise UsageError("s3:// destinations need an extra: pip install 'obsim[s3]'") from None
    return S3Endpoints(endpoints)
