"""To which moments destinations can be restored as they are found: what `obsim inspect` prints."""

from collections.abc import Iterable, Sequence

from obsim.backup.set import BackupSet
from obsim.destination.uri import DATA
from obsim.restore.plan import plan_restore
from obsim.restore.reading import FoundDestination
from obsim.restore.window import Span, spans

__all__ = ["found_windows"]


def found_windows(found: Iterable[FoundDestination], sets: Sequence[BackupSet]) -> list[Span]:
    """The spans to which a restore from all of them succeeds, given all sets there in order of id.

    With the log of the pieces; where no archive destination is named, with that of the sets themselves.
    """
    archives = [at for at in found if at.format.dest_type != DATA]
    if archives:
        pieces = [piece for at in archives for one in at.pieces if (piece := one.piece) is not None]
        last_scn = max((piece.checkpoint_scn for piece in pieces), default=0)
        return [span for span in spans(sets, pieces, last_scn) if span.restorable]
    points = [s.min_restore_scn for s in sets if s.usable and s.own_log]
    return [Span(scn, scn) for scn in points if plan_restore(sets, None, scn) is not None]
