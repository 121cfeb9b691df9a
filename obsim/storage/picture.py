"""A tenant's storage at one moment: what a backup copies from, and what a restore makes a storage of again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap64

from obsim.ids import Bytes, LogStreamId, Scn, TabletId
from obsim.storage.freezes import MajorFreezes
from obsim.storage.tablet import Pending, Tablet

__all__ = ["FrozenChanges", "Picture", "Snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a backup copies from: fixed at the consistent SCN, `scn`."""

    scn: Scn
    checkpoint_scn: Scn
    """Log after it is needed to replay what was in memory then."""
    epoch: int
    live: BitMap64
    """Shared with other snapshots: never changed."""
    tablets: tuple[tuple[TabletId, LogStreamId, int, int, int], ...]
    """(tablet, log stream, first position, end position, mini and minor blocks) in tablet order."""
    block_bytes: Mapping[TabletId, int]
    """What a baseline block of a tablet occupies, without those of the default layout."""
    delta_bytes: Mapping[TabletId, int]
    """What the mini and minor blocks of a tablet occupy together, without those that have none."""


@dataclass(slots=True)
class FrozenChanges:
    """What a major freeze has to compact: the changes up to `version`."""

    version: Scn
    dirty: BitMap64
    slot_count: int
    """A tablet that came later is not part of it."""
    pending: dict[int, Pending] = field(default_factory=dict)
    """Of the tablets that have more to do than rewriting, by slot."""
    later: BitMap64 = field(default_factory=BitMap64)
    """Positions that were touched after the freeze: they stay dirty."""

    def copy(self) -> "FrozenChanges":
        """One that does not change with this one."""
        pending = {slot: one.copy() for slot, one in self.pending.items()}
        return FrozenChanges(self.version, BitMap64(self.dirty), self.slot_count, pending, BitMap64(self.later))


@dataclass(frozen=True, slots=True)
class Picture:
    """All of a storage at one moment but its baseline blocks, which follow from the compactions up to `epoch`.

    Nothing in it is ever changed: who makes a storage of it takes copies.
    """

    change_count: int
    """Changes up to then: the log goes on with the one of this number."""
    epoch: int
    log_stream_ids: tuple[LogStreamId, ...]
    tablets: tuple[Tablet, ...]
    """Shared by pictures between which they were only compacted."""
    major_version: Scn | None
    """Version of the last compaction if all of `tablets` have taken part in it, whatever they say themselves."""
    dirty: BitMap64
    log_bytes: Bytes
    checkpoint_scn: Scn
    write_count: int
    slot_count: int
    freezes: MajorFreezes
    merge_suspended: bool
    frozen: FrozenChanges | None
