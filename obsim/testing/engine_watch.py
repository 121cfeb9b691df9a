"""What an observer asks a tenant's engine besides its rows: shares of CPU, and what a restore would read.

Each watch hands out the same objects as long as nothing has changed, and asks the engine no oftener than it must.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from obsim.archive.piece import ArchivePiece
from obsim.archive.round import ArchiveRound
from obsim.cluster import Tenant
from obsim.ids import Nanoseconds
from obsim.restore import plan
from obsim.scheduler.dispatcher import QueueFigures
from obsim.scheduler.events import NEVER
from obsim.scheduler.priorities import PRIORITIES
from obsim.testing.observation import PieceSeen, PlanSeen, ServiceSeen, SetSeen

if TYPE_CHECKING:
    from obsim.scheduler.dag import DagTask

__all__ = ["PlanWatch", "ServiceWatch", "piece_seen", "pieces_by_path"]

_TIPS_MAX = 2
"""Usable sets, the newest first, up to whose moments restores are planned."""


def piece_seen(tenant: Tenant, archive_round: ArchiveRound, piece: ArchivePiece) -> PieceSeen:
    """A row of OB_ARCHIVELOG_PIECE_FILES."""
    removed = tenant.archive.piece_files.get((archive_round.round_id, piece.piece_id))
    return PieceSeen(
        archive_round.round_id, piece.piece_id, piece.start_scn, piece.end_scn, piece.checkpoint_scn,
        "FROZEN" if piece.frozen else "ACTIVE",
        removed.value if removed is not None else "AVAILABLE" if piece.complete else "INCOMPLETE",
    )  # fmt: skip


def _rounds(tenant: Tenant) -> list[ArchiveRound]:
    """The rounds at the present archive destination."""
    archive = tenant.archive
    return [r for r in archive.rounds() if r.dest_id == archive.dest_id]


def _pieces(tenant: Tenant, now_ns: Nanoseconds) -> tuple[PieceSeen, ...]:
    """All pieces that ever lay at the present archive destination."""
    return tuple(piece_seen(tenant, r, p) for r in _rounds(tenant) for p in tenant.archive.pieces(r, now_ns))


def pieces_by_path(tenant: Tenant, now_ns: Nanoseconds) -> dict[str, tuple[PieceSeen, ...]]:
    """All pieces that ever lay at each archive destination."""
    found: dict[str, tuple[PieceSeen, ...]] = {}
    for r in tenant.archive.rounds():
        pieces = tuple(piece_seen(tenant, r, p) for p in tenant.archive.pieces(r, now_ns))
        found[r.path] = found.get(r.path, ()) + pieces
    return found


class ServiceWatch:
    """CPU time of the priorities of a tenant's scheduler."""

    def __init__(self) -> None:
        self._last: tuple[ServiceSeen, ...] = ()
        self._ended: tuple[int, DagTask | None] = (-1, None)
        self._busy = False

    def look(self, tenant: Tenant, figures: list[QueueFigures], now_ns: Nanoseconds) -> tuple[ServiceSeen, ...]:
        """Of the priorities that ever had any; while nothing runs and nothing has ended nothing changes."""
        last, finished = self._last, tenant.dispatcher.finished
        ended = len(finished), finished[-1] if finished else None
        busy = any(figure[1] for figure in figures)
        if ended == self._ended and not busy and not self._busy:
            return last
        self._ended, self._busy = ended, busy
        found = tuple([
            ServiceSeen(
                priority.name, threads, threads + 1, served_ns, -1 if since_ns == NEVER or not threads else since_ns
            )
            for priority, (served_ns, threads, since_ns) in zip(
                PRIORITIES, tenant.dispatcher.services(now_ns), strict=True
            )
            if served_ns or threads
        ])  # fmt: skip
        self._last = found if found != last else last
        return self._last


class PlanWatch:
    """Restores to the moments of the newest sets, just before them, to the checkpoint of the log and to now."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._sets: Mapping[int, SetSeen] = {}
        self._newest_scn = 0
        """The moment of the newest usable set: as soon as the log is archived up to it there is another answer."""
        self._last: tuple[PlanSeen, ...] = ()

    def look(self, tenant: Tenant, sets: Mapping[int, SetSeen], now_ns: Nanoseconds) -> tuple[PlanSeen, ...]:
        """Planned anew when sets, rounds or pieces have changed and when the log has got up to the newest set."""
        if sets is not self._sets or self._key_of(tenant, now_ns) != self._key:
            path = tenant.backup.path
            seen = {number: s for number, s in sets.items() if s.path == path}
            self._newest_scn = max((s.min_restore_scn for s in seen.values() if s.usable), default=0)
            self._key, self._sets = self._key_of(tenant, now_ns), sets
            self._last = tuple(self._plans(tenant, seen, now_ns)) if seen else ()
        return self._last

    def _key_of(self, tenant: Tenant, now_ns: Nanoseconds) -> tuple[object, ...]:
        """What besides the sets decides."""
        archive, current = tenant.archive, tenant.archive.round
        places = tenant.backup.path, archive.dest_id, archive.clean_count
        if current is None:
            return places
        reached = current.checkpoint_at(now_ns) >= self._newest_scn
        return *places, current.round_id, current.status, current.used_piece_id(now_ns), reached

    @staticmethod
    def _plans(tenant: Tenant, seen: Mapping[int, SetSeen], now_ns: Nanoseconds) -> Iterator[PlanSeen]:
        rounds, archive = _rounds(tenant), tenant.archive
        sets = [s for s in tenant.backup.sets.values() if s.backup_set_id in seen]
        kept = [piece for r in rounds for piece in archive.kept_pieces(r, now_ns)]
        pieces = _pieces(tenant, now_ns)
        tips = [s.min_restore_scn for s in seen.values() if s.usable][-_TIPS_MAX:]
        targets = {now_ns, *(p.checkpoint_scn for p in pieces[-1:] if p.file_status == "AVAILABLE"), *tips}
        for target in sorted(targets | {tip - 1 for tip in tips}):
            made = plan.plan_restore(sets, kept, target)
            chosen = [s.backup_set_id for s in made.sets] if made is not None else []
            read = [p.piece_id for p in made.pieces] if made is not None else []
            yield PlanSeen(target, seen, pieces, tuple(chosen), tuple(read))
