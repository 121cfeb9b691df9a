"""A backup set: one row of OB_BACKUP_SET_FILES and what it stores (status-machines.md 4, engine.md 2)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pyroaring import BitMap64

from obsim.backup.content import SetContent
from obsim.backup.job import BackupType
from obsim.ids import BackupSetId, Bytes, Nanoseconds, Scn, TenantId
from obsim.units import SECOND_NS

if TYPE_CHECKING:
    from obsim.archive.piece import ArchivePiece
    from obsim.backup.complement import ComplementLog

__all__ = ["BackupSet", "Counters", "FileStatus", "SetStatus"]


class SetStatus(StrEnum):
    """STATUS of a set."""

    DOING = "DOING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class FileStatus(StrEnum):
    """FILE_STATUS of a set."""

    COPYING = "COPYING"
    AVAILABLE = "AVAILABLE"
    INCOMPLETE = "INCOMPLETE"
    BROKEN = "BROKEN"
    EXPIRED = "EXPIRED"
    DELETING = "DELETING"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Counters:
    """The progress columns that tasks and sets share."""

    input_bytes: Bytes = Bytes(0)
    output_bytes: Bytes = Bytes(0)
    extra_meta_bytes: Bytes = Bytes(0)
    tablet_count: int = 0
    finish_tablet_count: int = 0
    macro_block_count: int = 0
    finish_macro_block_count: int = 0
    file_count: int = 0


@dataclass(slots=True, eq=False)
class BackupSet:
    """The row and the blocks. Counters stay 0 until the set ends (they are written once)."""

    tenant_id: TenantId
    backup_set_id: BackupSetId
    dest_id: int
    path: str
    backup_type: BackupType
    prev_full_id: BackupSetId
    prev_inc_id: BackupSetId
    base_id: BackupSetId
    """The set whose index an increment looks its blocks up in, 0 for a full: prev_inc or prev_full by the base rule."""
    start_ns: Nanoseconds
    plus_archivelog: bool
    encryption_mode: str
    passwd: str
    tenant_compatible: str
    cluster_version: str
    end_ns: Nanoseconds = Nanoseconds(0)
    status: SetStatus = SetStatus.DOING
    file_status: FileStatus = FileStatus.COPYING
    result: int = 0
    comment: str = ""
    start_replay_scn: Scn = Scn(0)
    min_restore_scn: Scn = Scn(0)
    consistent_scn: Scn = Scn(0)
    counters: Counters = field(default_factory=Counters)
    meta_turn_id: int = 1
    data_turn_id: int = 0
    minor_turn_id: int = 1
    major_turn_id: int = 1
    content: SetContent | None = None
    """Its baseline blocks, from the snapshot on."""
    delta_block_count: int = 0
    """Mini and minor blocks that this set stores."""
    delta_bytes: int = 0
    """What these occupy."""
    complement: "ComplementLog | None" = None
    """The log it holds itself, from the moment on at which that is copied."""

    @property
    def epoch(self) -> int:
        """How many major compactions the tenant had at the snapshot; with it the live blocks can be derived."""
        return self.content.epoch if self.content is not None else 0

    @property
    def copied(self) -> BitMap64:
        """Positions of the baseline blocks that this set stores, as of `epoch`; not to be changed."""
        return self.content.stored() if self.content is not None else BitMap64()

    @property
    def removed(self) -> bool:
        """Whether a clean-up has deleted its files or begun to: nobody who looks for sets finds it."""
        return self.file_status in {FileStatus.DELETING, FileStatus.DELETED}

    @property
    def usable(self) -> bool:
        """Whether the set can be a predecessor or a restore source."""
        return self.status is SetStatus.SUCCESS and self.file_status is FileStatus.AVAILABLE

    @property
    def own_log(self) -> "tuple[ArchivePiece, ...]":
        """The pieces in its own directory `complement_log`: none without PLUS ARCHIVELOG."""
        return self.complement.pieces if self.complement is not None else ()

    @property
    def elapsed_seconds(self) -> int:
        """ELAPSED_SECONDES: rounded to whole seconds, 0 while unfinished."""
        return (self.end_ns - self.start_ns + SECOND_NS // 2) // SECOND_NS if self.end_ns else 0
