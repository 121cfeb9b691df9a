"""What one data and one archive destination hold of a tenant: all that a restore ever reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from obsim.archive.log import RedoLog
from obsim.archive.piece import ArchivePiece
from obsim.backup.set import BackupSet
from obsim.ids import Nanoseconds, TenantId

__all__ = ["Catalogue", "PlacedPiece", "TenantLabel"]


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
        return f"{self.path}/piece_d{self.dest_id}r{self.round_id}p{self.piece.piece_id}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sets and pieces are in order of id; `pieces` None: no archive destination was named."""

    tenant: TenantLabel
    sets: Sequence[BackupSet]
    pieces: Sequence[PlacedPiece] | None
    log: RedoLog
    now_ns: Nanoseconds
    """When it was looked at: what ran then may have gone on."""

    @property
    def bare_pieces(self) -> list[ArchivePiece] | None:
        """The pieces without their places."""
        return None if self.pieces is None else [placed.piece for placed in self.pieces]
