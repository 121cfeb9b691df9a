"""To which moments a tenant can be restored, and for all others why not (engine.md 4.4, 7.3)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from obsim.archive.piece import ArchivePiece
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet
from obsim.ids import BackupSetId, Scn

__all__ = ["NOT_YET", "NO_LOG", "NO_SET", "Span", "spans", "union"]

NO_SET = "no usable backup set was consistent by then"
NO_LOG = "the log from START_REPLAY_SCN of the last set by then is not archived without a gap up to then"
NOT_YET = "the log is not archived up to then yet"


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from `first_scn` to `last_scn`, both included. `reason` is '' where a restore succeeds."""

    first_scn: Scn
    last_scn: Scn
    reason: str = ""

    @property
    def restorable(self) -> bool:
        """Whether a restore to any of these moments succeeds."""
        return not self.reason


def spans(sets: Sequence[BackupSet], pieces: Sequence[ArchivePiece] | None, now_scn: int) -> list[Span]:
    """All moments from 0 to `now_scn`, cut where the answer changes, in one pass over both.

    `sets` of one data destination in order of id, which is the order of their MIN_RESTORE_SCN (invariant 21); `pieces`
    of one archive destination in order of id, or None: only the log counts that sets hold themselves (PLUS ARCHIVELOG).
    """
    runs = _runs(pieces or ())
    tips = list(_tips(sets, now_scn))
    ends = [first - 1 for first, _ in tips[1:]] + [now_scn]
    found: list[Span] = []
    for (first, tip), end in zip(tips, ends, strict=True):
        if tip is None:
            found.append(Span(Scn(first), Scn(end), NO_SET))
            continue
        log = runs if pieces is not None else _runs(tip.own_log)
        last = min(_reach(log, tip.start_replay_scn), end)
        if last >= first:
            found.append(Span(Scn(first), Scn(last)))
        if last < end:
            reason = NOT_YET if pieces is not None and end == now_scn and last >= first else NO_LOG
            found.append(Span(Scn(max(first, last + 1)), Scn(end), reason))
    return list(_joined(span for span in found if span.first_scn <= span.last_scn))


def union(choices: Sequence[Sequence[Span]]) -> list[tuple[int, Span]]:
    """Spans of several pairs of destinations as one list: (number of the pair, span).

    Where more than one pair covers a moment the first one counts; where none does, the first one says why. All lists
    cut the same moments, 0 to now.
    """
    firsts = sorted({span.first_scn for choice in choices for span in choice})
    found: list[tuple[int, Span]] = []
    for place, first in enumerate(firsts):
        last = firsts[place + 1] - 1 if place + 1 < len(firsts) else choices[0][-1].last_scn
        number, span = _best(choices, first)
        before = found[-1] if found else None
        if before is not None and before[0] == number and before[1].reason == span.reason:
            found[-1] = (number, Span(before[1].first_scn, Scn(last), span.reason))
        else:
            found.append((number, Span(first, Scn(last), span.reason)))
    return found


def _best(choices: Sequence[Sequence[Span]], scn: int) -> tuple[int, Span]:
    """The first pair that covers `scn`, else the first of all."""
    at = [choice[bisect_right(choice, scn, key=lambda span: span.first_scn) - 1] for choice in choices]
    return next(((number, span) for number, span in enumerate(at) if span.restorable), (0, at[0]))


def _tips(sets: Sequence[BackupSet], now_scn: int) -> Iterator[tuple[int, BackupSet | None]]:
    """(first moment, last set of the chain that is chosen from then on); None before the first full set."""
    yield 0, None
    chain: set[BackupSetId] = set()
    reached = 0
    for backup_set in sets:
        if backup_set.removed:
            continue
        reached = max(reached, backup_set.min_restore_scn)  # a walk to an earlier moment ends before this set
        if reached > now_scn:
            return
        if not backup_set.usable:
            continue
        if backup_set.backup_type is BackupType.FULL:
            chain.clear()
        elif not {backup_set.prev_full_id, backup_set.prev_inc_id} <= chain:
            continue  # an increment whose chain is gone: restores pass it over
        chain.add(backup_set.backup_set_id)
        yield reached, backup_set


def _runs(pieces: Iterable[ArchivePiece]) -> list[tuple[int, int]]:
    """(start, last archived moment) of each run of adjacent pieces, in order of time."""
    runs: list[tuple[int, int]] = []
    end: int | None = None
    for piece in pieces:
        if not piece.complete:
            continue
        if end == piece.start_scn:
            runs[-1] = (runs[-1][0], piece.checkpoint_scn)
        else:
            runs.append((piece.start_scn, piece.checkpoint_scn))
        end = piece.end_scn
    return runs


def _reach(runs: Sequence[tuple[int, int]], start_scn: int) -> int:
    """How far the log goes on without a gap from `start_scn`; -1 when it does not begin there."""
    place = bisect_right(runs, start_scn, key=lambda run: run[0]) - 1
    return runs[place][1] if place >= 0 else -1


def _joined(found: Iterable[Span]) -> Iterator[Span]:
    """Neighbours with the same answer as one."""
    run: Span | None = None
    for span in found:
        if run is not None and run.reason == span.reason:
            run = Span(run.first_scn, span.last_scn, run.reason)
            continue
        if run is not None:
            yield run
        run = span
    if run is not None:
        yield run
