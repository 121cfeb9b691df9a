"""Sets and pieces of a restore to one moment (engine.md 7.1, 7.2).

The sets of one destination are walked through in order of id. A full one begins a chain anew, an increment goes on with
it if both sets it names are in it, else it is passed over; the walk ends at the first set that is consistent only after
the moment, whether that one can be used or not. The log has to reach from where the chain's last set is replayed from
to the moment, piece by piece without a gap.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from obsim.archive.piece import ArchivePiece
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet
from obsim.errors import error
from obsim.ids import BackupSetId, Scn
from obsim.restore.window import spans

__all__ = ["RestorePlan", "check_passwords", "choose_pieces", "choose_sets", "latest_scn", "plan_restore"]


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore to `scn` reads: a chain of sets, one full first, and adjacent pieces."""

    scn: Scn
    sets: tuple[BackupSet, ...]
    pieces: tuple[ArchivePiece, ...]

    @property
    def start_scn(self) -> Scn:
        """Where the replay of the log begins."""
        return self.sets[-1].start_replay_scn

    def reads_damaged(self, log_stream_id: int) -> bool:
        """Whether a block that arrived damaged is among those of a log stream that are read: nobody else looks at them.

        A block is in the newest set that stores it, on the way from the last one to its base, the base of that, ...
        """
        content = self.sets[-1].content
        damaged = [s for s in self.sets if s.content is not None and s.content.damaged]
        if content is None or content.picture is None or not damaged:
            return False
        tablets = [t for t in content.picture.tablets if t.log_stream_id == log_stream_id]
        return any(
            self._holder(position) is backup_set and any(t.first_position <= position < t.end_position for t in tablets)
            for backup_set in damaged if backup_set.content is not None
            for position in backup_set.content.damaged & content.live
        )  # fmt: skip

    def _holder(self, position: int) -> BackupSet | None:
        known = {s.backup_set_id: s for s in self.sets}
        found: BackupSet | None = self.sets[-1]
        while found is not None and position not in found.copied:
            found = known.get(found.base_id)
        return found


def choose_sets(sets: Iterable[BackupSet], scn: int) -> tuple[BackupSet, ...]:
    """The chain to restore to `scn` from, of the sets of one destination in order of id; empty when there is none."""
    chain: dict[BackupSetId, BackupSet] = {}
    for backup_set in sets:
        if backup_set.removed:
            continue
        if backup_set.min_restore_scn > scn:
            break
        if not backup_set.usable:
            continue
        if backup_set.backup_type is BackupType.FULL:
            chain = {backup_set.backup_set_id: backup_set}
        elif backup_set.prev_full_id in chain and backup_set.prev_inc_id in chain:
            chain[backup_set.backup_set_id] = backup_set
    return tuple(chain.values())


def choose_pieces(pieces: Iterable[ArchivePiece], start_scn: int, scn: int) -> tuple[ArchivePiece, ...]:
    """Adjacent pieces, given in order of id, that hold the log from `start_scn` to `scn`; empty when there is a gap."""
    run: list[ArchivePiece] = []
    for piece in pieces:
        if not piece.complete or piece.end_scn <= start_scn:
            continue
        adjacent = bool(run) and piece.start_scn == run[-1].end_scn
        if piece.start_scn >= scn and not (adjacent and run[-1].checkpoint_scn < scn):
            break
        if adjacent:
            run.append(piece)
        else:
            run = [piece] if piece.start_scn <= start_scn else []
    return tuple(run) if run and run[-1].checkpoint_scn >= scn else ()


def plan_restore(sets: Sequence[BackupSet], pieces: Sequence[ArchivePiece] | None, scn: int) -> RestorePlan | None:
    """What a restore to `scn` reads from one data and one archive destination; None when they do not cover it.

    `pieces` None: there is no archive destination, so the log has to be in the last set (PLUS ARCHIVELOG), which holds
    it up to its MIN_RESTORE_SCN.
    """
    chain = choose_sets(sets, scn)
    if not chain:
        return None
    last = chain[-1]
    if pieces is None:
        pieces = last.own_log
    run = choose_pieces(pieces, last.start_replay_scn, scn)
    return RestorePlan(Scn(scn), chain, run) if run else None


def latest_scn(sets: Sequence[BackupSet], pieces: Sequence[ArchivePiece] | None, now_scn: int) -> int | None:
    """The last moment that they cover, which a restore without UNTIL goes to; None when they cover none."""
    if pieces is None:
        points = [s.min_restore_scn for s in sets if s.usable]
        return next((scn for scn in reversed(points) if plan_restore(sets, None, scn) is not None), None)
    covered = [span.last_scn for span in spans(sets, pieces, now_scn) if span.restorable]
    return covered[-1] if covered else None


def check_passwords(sets: Iterable[BackupSet], scn: int, digests: Collection[str]) -> None:
    """Raises 9047 when one of the sets that are looked at for a restore to `scn` has a password not among these.

    The walk of `choose_sets` reads each set before it finds it too new, so the first one beyond `scn` counts as well.
    """
    for backup_set in sets:
        if not backup_set.usable:
            continue
        if backup_set.passwd and backup_set.passwd not in digests:
            raise error("OB_BACKUP_INVALID_PASSWORD")
        if backup_set.min_restore_scn > scn:
            return
