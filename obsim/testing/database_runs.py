"""Obsolete runs of a cluster that is seen through its views: what lay at the destinations before each, and after it.

A run is told once its job has completed. What a set was before is what it was when it was last seen and not yet being
deleted, so one that was found broken meanwhile does not count as removed. Times in views are in the session's zone and
SCNs are not: sets and expiry are told with times on the clock of the SCNs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from obsim.testing.observation import CleanupSeen, PieceSeen, SetSeen

__all__ = ["RunWatch"]

_REMOVED = frozenset({"DELETING", "DELETED"})


@dataclass
class RunWatch:
    """One tenant. Several runs between two looks count as one with the last expiry: that one removes all of it."""

    _last_job_id: int = -1
    _before: dict[int, SetSeen] = field(default_factory=dict)
    _gone_pieces: frozenset[int] = frozenset()
    _seen: tuple[CleanupSeen, ...] = ()

    def look(
        self,
        path: str,
        sets: Mapping[int, SetSeen],
        pieces: tuple[PieceSeen, ...],
        runs: Iterable[tuple[int, int]],
        zone_ns: int,
    ) -> tuple[CleanupSeen, ...]:
        """The newest run that has completed since the first look; the same object until there is another one.

        `path` is the destination for data, `pieces` are those of the present one for logs, `runs` are (job, expiry) of
        all jobs that have completed, `zone_ns` is how far the session's clock is ahead of the SCNs.
        """
        for number, s in sets.items():
            known = self._before.get(number)
            if s.file_status not in _REMOVED:
                self._before[number] = s
            elif known is None or not known.end_ns:  # it ended and was removed between two looks
                self._before[number] = replace(s, file_status="AVAILABLE" if s.status == "SUCCESS" else "INCOMPLETE")
        newest, expired_ns = max(runs, default=(0, 0))
        if newest <= self._last_job_id:
            return self._seen
        begun, self._last_job_id = self._last_job_id < 0, newest
        if not begun:
            before, after = (
                {n: _at_utc(s, zone_ns) for n, s in known.items() if s.path == path} for known in (self._before, sets)
            )
            found = tuple(p if p.piece_id in self._gone_pieces else _there(p) for p in pieces)
            self._seen = (CleanupSeen(expired_ns - zone_ns, before, after, found, pieces),)
        self._before = dict(sets)
        self._gone_pieces = frozenset(p.piece_id for p in pieces if p.file_status in _REMOVED)
        return self._seen


def _at_utc(s: SetSeen, zone_ns: int) -> SetSeen:
    return replace(s, end_ns=s.end_ns - zone_ns) if s.end_ns else s


def _there(piece: PieceSeen) -> PieceSeen:
    """A piece as it was before the run."""
    return replace(piece, file_status="AVAILABLE") if piece.file_status in _REMOVED else piece
