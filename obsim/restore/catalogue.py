"""What one data and one archive destination hold of a tenant: all that a restore ever reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from obsim.archive.log import RedoLog
from obsim.archive.piece import ArchivePiece
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet
from obsim.destination.uri import BackupUri
from obsim.ids import Nanoseconds, TenantId

__all__ = ["Catalogue", "PlacedPiece", "TenantLabel", "below", "set_directory"]


def below(path: str, name: str) -> str:
    """What lies under a destination: object stores print their options last."""
    root, mark, options = path.partition("?")
    return f"{root}/{name}{mark}{options}"


def set_directory(backup_set: BackupSet) -> str:
    """The directory of a set, as BACKUP_SET_LIST prints it (samples.md)."""
    kind = "full" if backup_set.backup_type is BackupType.FULL else "inc"
    return below(backup_set.path, f"backup_set_{backup_set.backup_set_id}_{kind}")


@dataclass(frozen=True, slots=True)
class TenantLabel:
    """Whose backups they are, as the format file of a destination says (engine.md 6.3)."""

    cluster_name: str
    tenant_name: str
    tenant_id: TenantId
    mode: str
    """MYSQL or ORACLE."""


@dataclass(frozen=True, slots=True)
class PlacedPiece:
    """A piece and where it lies."""

    piece: ArchivePiece
    dest_id: int
    round_id: int
    path: str

    @property
    def directory(self) -> str:
        """As BACKUP_PIECE_LIST prints it (samples.md)."""
        return below(self.path, f"piece_d{self.dest_id}r{self.round_id}p{self.piece.piece_id}")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sets and pieces are in order of id; `pieces` None: no archive destination was named."""

    tenant: TenantLabel
    sets: Sequence[BackupSet]
    pieces: Sequence[PlacedPiece] | None
    log: RedoLog
    now_ns: Nanoseconds
    """When it was looked at: what ran then may have gone on."""
    external: bool = False
    """It was read from media: nothing of it changes any more, whatever becomes of the tenants here."""
    archives: Sequence[BackupUri] = ()
    """Where on media the pieces lie, to be read again."""

    def placed(self, pieces: Iterable[ArchivePiece]) -> list[PlacedPiece]:
        """These of the pieces, with their places."""
        wanted = {piece.piece_id for piece in pieces}
        return [placed for placed in self.pieces or () if placed.piece.piece_id in wanted]

    def archive_at(self, path: str) -> BackupUri | None:
        """The archive destination on a medium that has this PATH."""
        return next((place for place in self.archives if place.path == path), None)

    @property
    def bare_pieces(self) -> list[ArchivePiece] | None:
        """The pieces without their places."""
        return None if self.pieces is None else [placed.piece for placed in self.pieces]
