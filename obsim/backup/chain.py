"""Which earlier set an increment builds on (engine.md 2.3, 2.5, status-machines.md 2, Incremental)."""

from collections.abc import Reversible
from dataclasses import dataclass

from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet
from obsim.ids import BackupSetId
from obsim.versions import IncrementalBase, VersionChange

__all__ = ["Lineage", "crosses_versions", "lineage_of", "predecessor"]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Type and ancestors of a new set; all ids are 0 for a full one."""

    backup_type: BackupType
    prev_full_id: BackupSetId = BackupSetId(0)
    prev_inc_id: BackupSetId = BackupSetId(0)
    base_id: BackupSetId = BackupSetId(0)


def predecessor(sets: Reversible[BackupSet], path: str) -> BackupSet | None:
    """The newest SUCCESS and AVAILABLE set on `path`; failed, cancelled and removed ones are skipped, not errors.

    `sets` are in order of id, here and below.
    """
    return next((s for s in reversed(sets) if s.usable and s.path == path), None)


def crosses_versions(sets: Reversible[BackupSet], path: str, data_version: str) -> BackupSet | None:
    """The predecessor on `path` if it was taken at another data version of the tenant, else None."""
    before = predecessor(sets, path)
    return before if before is not None and before.tenant_compatible != data_version else None


def lineage_of(
    asked: BackupType, sets: Reversible[BackupSet], path: str, rule: IncrementalBase, data_version: str,
    on_change: VersionChange,
) -> Lineage:
    """What a job of type `asked` becomes on `path`: an increment without a predecessor is FULL, silently.

    So is one whose predecessor is of another data version, where that is not refused before (`on_change`).
    """
    before = predecessor(sets, path) if asked is BackupType.INC else None
    if before is None:
        return Lineage(BackupType.FULL)
    if on_change is VersionChange.CONVERT and before.tenant_compatible != data_version:
        return Lineage(BackupType.FULL)
    is_full = before.backup_type is BackupType.FULL
    prev_full_id = before.backup_set_id if is_full else before.prev_full_id
    base_id = prev_full_id if rule is IncrementalBase.LAST_FULL else before.backup_set_id
    return Lineage(BackupType.INC, prev_full_id, before.backup_set_id, base_id)
