"""Which sets and pieces are obsolete (engine.md 3.7, status-machines.md 7).

Sets that ended no later than the expiry time are walked through from the newest down. The first full one that is met
is the *clean point*: it stays, what is newer stays, what is older goes. A failed set goes wherever it stands. Without a
clean point nothing but failed sets goes, and no piece.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from obsim.archive.piece import ArchivePiece
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.ids import Nanoseconds, Scn

__all__ = ["ActivePiece", "ObsoleteSets", "obsolete_pieces", "obsolete_sets"]


class ActivePiece(Exception):
    """A piece that should go is still being written: the clean-up fails with 9069."""


@dataclass(frozen=True, slots=True)
class ObsoleteSets:
    """What a run found: the sets to delete, oldest first, and the set that bounds the log that is still needed."""

    sets: tuple[BackupSet, ...]
    clean_point: BackupSet | None


def obsolete_sets(sets: Iterable[BackupSet], path: str, expired_ns: Nanoseconds) -> ObsoleteSets:
    """Choose among the sets on `path`, in order of id, with the expiry time `expired_ns`."""
    deleted = FileStatus.DELETED  # most sets of a long history: asked first
    candidates = [s for s in sets if s.file_status is not deleted and s.path == path and 0 < s.end_ns <= expired_ns]
    going: list[BackupSet] = []
    clean_point: BackupSet | None = None
    for backup_set in reversed(candidates):
        unusable = backup_set.status is SetStatus.FAILED or backup_set.file_status is FileStatus.DELETING
        if unusable or clean_point is not None:
            going.append(backup_set)
        elif backup_set.backup_type is BackupType.FULL:
            clean_point = backup_set
    return ObsoleteSets(tuple(reversed(going)), clean_point)


def obsolete_pieces(pieces: Iterable[ArchivePiece], replay_scn: Scn, *, by_checkpoint: bool) -> Iterator[ArchivePiece]:
    """The pieces, given in order of id, that no log from `replay_scn` on lies in.

    `by_checkpoint`: the older rule, which looks at how far a piece was archived instead of where it ends. Raises
    ActivePiece for one that is not frozen.
    """
    for piece in pieces:
        if (piece.checkpoint_scn if by_checkpoint else piece.end_scn) > replay_scn:
            return
        if not piece.frozen:
            raise ActivePiece
        yield piece
