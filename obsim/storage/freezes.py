"""The list of a tenant's major freezes: what OB_FREEZE_INFO, OB_MAJOR_COMPACTION and OB_COMPACTION_PROGRESS show.

A new tenant has one entry with the SCN 1. Old entries go when the next freeze comes: those older than 30 days, as long
as 32 are left (ob_freeze_info_manager.cpp of OceanBase; there the clean-up runs by itself, now and then).
"""

from dataclasses import dataclass, field, replace

from obsim.ids import Bytes, Nanoseconds, Scn
from obsim.units import DAY_NS

__all__ = ["FIRST_FREEZE", "MajorFreeze", "MajorFreezes"]

_KEPT_NS = 30 * DAY_NS
_KEPT_COUNT_MIN = 32


@dataclass(frozen=True, slots=True)
class MajorFreeze:
    """One major freeze: its snapshot version, and the tablets and baseline bytes that its compaction read."""

    scn: Scn
    tablet_count: int = 0
    data_bytes: Bytes = Bytes(0)
    put_off_until_ns: Nanoseconds | None = None
    """When its compaction ran; None: at once, at `scn`."""

    @property
    def compacted(self) -> bool:
        """Whether a compaction followed: the entry a tenant begins with is none."""
        return self.scn > FIRST_FREEZE.scn


FIRST_FREEZE = MajorFreeze(Scn(1))


def _first() -> list[MajorFreeze]:
    return [FIRST_FREEZE]


@dataclass(slots=True)
class MajorFreezes:
    """The freezes that are still on the list, oldest first; there is always one."""

    kept: list[MajorFreeze] = field(default_factory=_first)
    waiting: bool = False
    """Whether the last one has not been compacted yet, for merges were suspended."""
    began_scn: Scn | None = None
    """The first freeze that was compacted, on the list or not."""

    def copy(self) -> "MajorFreezes":
        """One that does not change with this one."""
        return MajorFreezes(list(self.kept), self.waiting, self.began_scn)

    @property
    def newest(self) -> MajorFreeze:
        """The last one."""
        return self.kept[-1]

    @property
    def last_compacted(self) -> MajorFreeze:
        """The last one that has been compacted."""
        return self.finished[-1]

    @property
    def finished(self) -> list[MajorFreeze]:
        """Those that have been compacted, and the entry a tenant begins with."""
        return self.kept[:-1] if self.waiting else self.kept

    def compact(self, data_bytes: Bytes, now_ns: Nanoseconds) -> None:
        """The last one is compacted now, after it had to wait."""
        self.kept[-1] = replace(self.kept[-1], data_bytes=data_bytes, put_off_until_ns=now_ns)
        self.waiting = False

    def add(self, freeze: MajorFreeze) -> None:
        """Note a freeze and forget those that are too old by now."""
        self.began_scn = self.began_scn or freeze.scn
        self.kept.append(freeze)
        kept, since = self.kept, freeze.scn - _KEPT_NS
        while len(kept) > _KEPT_COUNT_MIN and kept[0].scn < since:
            del kept[0]
