"""How far a standby tenant can replay the archived log of another one (engine.md 7.3)."""

from collections.abc import Iterable

from obsim.archive.piece import ArchivePiece
from obsim.ids import Scn

__all__ = ["UNLIMITED_SCN", "reach"]

UNLIMITED_SCN = Scn((1 << 62) - 1)
"""RECOVERY_UNTIL_SCN where no point was named: the largest SCN there is."""


def reach(pieces: Iterable[ArchivePiece], scn: int) -> int:
    """How far the log goes on without a gap from `scn`, in pieces in order of id; `scn` itself where it does not.

    A piece of a round that was stopped ends before its time: one that begins later, yet not after `scn`, has the log.
    """
    end: int | None = None
    reached = scn
    for piece in pieces:
        if not piece.complete or piece.end_scn <= scn:
            continue
        if piece.start_scn <= scn:
            reached = scn
        elif piece.start_scn != end:
            break
        end = piece.end_scn
        reached = max(reached, piece.checkpoint_scn)
    return reached
