"""The archive round of a tenant: one row of OB_ARCHIVELOG (status-machines.md 5)."""

from dataclasses import dataclass
from enum import StrEnum

from obsim.ids import Bytes, Nanoseconds, Scn

__all__ = ["CHECKPOINT_INTERVAL_NS", "ArchiveRound", "RoundStatus", "event_of"]

CHECKPOINT_INTERVAL_NS = Nanoseconds(1_000_000_000)
"""Grain of the checkpoint: by itself it moves no oftener while archiving goes on, and to a multiple of this."""


class RoundStatus(StrEnum):
    """States of a round, in the order of their numbers (ob_archive_struct.h)."""

    PREPARE = "PREPARE"
    BEGINNING = "BEGINNING"
    DOING = "DOING"
    INTERRUPTED = "INTERRUPTED"
    STOPPING = "STOPPING"
    STOP = "STOP"
    SUSPENDING = "SUSPENDING"
    SUSPEND = "SUSPEND"

    @property
    def number(self) -> int:
        """As events print it."""
        return list(RoundStatus).index(self) + 1


@dataclass(slots=True, eq=False)
class ArchiveRound:
    """The row. While DOING the checkpoint follows the clock; in any other state it stands at `checkpoint_scn`."""

    round_id: int
    dest_id: int
    path: str
    piece_switch_interval_us: int
    base_piece_id: int
    status: RoundStatus = RoundStatus.PREPARE
    start_scn: Scn = Scn(0)
    checkpoint_scn: Scn = Scn(0)
    input_bytes: Bytes = Bytes(0)
    """Log archived until the checkpoint stood still."""
    start_log_bytes: Bytes = Bytes(0)
    """Log the tenant had written when the round began."""
    deleted_bytes: Bytes = Bytes(0)
    """Log in pieces that a clean-up has deleted."""
    comment: str = ""
    step_ns: Nanoseconds = CHECKPOINT_INTERVAL_NS
    """Time between two steps of the checkpoint, whole seconds."""
    max_scn: Scn = Scn(0)
    """How far the fastest log stream had archived when the round left DOING."""
    held_scns: tuple[Scn, Scn | None] | None = None
    """While log streams cannot write: how far the slowest has, and the fastest if none of them can."""

    def checkpoint_at(self, now_ns: int) -> Scn:
        """CHECKPOINT_SCN as a reader sees it at `now_ns`: how far the slowest log stream has archived."""
        if self.status is not RoundStatus.DOING:
            return self.checkpoint_scn
        return self._flowing(now_ns) if self.held_scns is None else self.held_scns[0]

    def max_scn_at(self, now_ns: int) -> Scn:
        """How far the fastest log stream has archived at `now_ns`."""
        if self.status is not RoundStatus.DOING:
            return max(self.max_scn, self.checkpoint_scn)
        fastest = self.held_scns[1] if self.held_scns is not None else None
        return max(self.max_scn, self._flowing(now_ns) if fastest is None else fastest)

    def _flowing(self, now_ns: int) -> Scn:
        """How far a log stream is that writes without trouble."""
        return Scn(max(self.start_scn, self.checkpoint_scn, now_ns - now_ns % self.step_ns))

    def piece_id(self, scn: Scn) -> int:
        """The piece that a moment of the round lies in (engine.md 4.2)."""
        if not self.start_scn:
            return self.base_piece_id
        return self.base_piece_id + (scn // 1000 - self.start_scn // 1000) // self.piece_switch_interval_us

    def used_piece_id(self, now_ns: int) -> int:
        """USED_PIECE_ID: the piece the fastest log stream has come to."""
        return self.piece_id(self.max_scn_at(now_ns))


_ORDERED = {
    RoundStatus.PREPARE: "enable_archive",
    RoundStatus.STOPPING: "disable_archive",
    RoundStatus.SUSPENDING: "defer_archive",
}
"""The event of a state that somebody has asked for (ob_tenant_archive_scheduler.cpp)."""


def event_of(current: ArchiveRound, was: RoundStatus) -> tuple[str, dict[str, object]] | None:
    """What the root service writes down of a new state: the event and its values; None where it writes nothing.

    Orders have events of their own; what the round does by itself is a change of status.
    """
    now = current.status
    ordered = _ORDERED.get(now) or ("enable_archive" if was is RoundStatus.SUSPEND else None)
    if ordered is not None:
        return ordered, {"round_id": current.round_id, "status": now.number, "path": current.path}
    if was is RoundStatus.PREPARE:
        return None
    return "change_status", {"old_status": was.value, "new_status": now.value}
