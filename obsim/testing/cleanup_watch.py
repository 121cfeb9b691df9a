"""What obsolete runs have done to one tenant, told from their tasks: its sets and pieces before and after each run.

A run that nobody looked at while it worked is seen all the same, and nothing else that has happened since is taken for
its work: what it has not touched is the same before and after it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from re import ASCII
from re import compile as re_compile

from obsim.backup.set import BackupSet
from obsim.cleanup.job import DeleteJob, PieceFile
from obsim.cluster import Tenant
from obsim.ids import Nanoseconds
from obsim.testing.observation import CleanupSeen, PieceSeen, SetSeen
from obsim.units import UNIT_NS

__all__ = ["CleanupWatch"]

_GONE = frozenset({"DELETING", "DELETED"})
_WINDOW = re_compile(r"([0-9]+)([smhd])", ASCII)

Sets = dict[int, SetSeen]
Pieces = dict[tuple[int, int], PieceSeen]


class CleanupWatch:
    """Looks at a tenant again and again; each ended run is told once, in the look after its end."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._job_count = len(tenant.cleanup.job_history)
        self._status: dict[int, str] = {}
        """The file status that each set had before it was deleted."""
        self._sets: Mapping[int, SetSeen] = {}
        self._runs: tuple[CleanupSeen, ...] = ()

    def look(self, sets: Mapping[int, SetSeen], now_ns: int) -> tuple[CleanupSeen, ...]:
        """The runs that have ended since the last look; the same object when there were none."""
        cleanup = self._tenant.cleanup
        if sets is not self._sets:
            self._sets = sets
            self._status |= {n: s.file_status for n, s in sets.items() if s.file_status not in _GONE}
        ended = [job for job in cleanup.job_history[self._job_count :] if job.tasks]
        self._job_count = len(cleanup.job_history)
        if ended:
            after_sets, after_pieces = dict(sets), self._pieces(now_ns)
            for job in cleanup.jobs:
                after_sets, after_pieces = self._without(job, after_sets, after_pieces)
            self._runs = tuple(self._told(reversed(ended), after_sets, after_pieces))[::-1]
        return self._runs

    def _told(self, newest_first: Iterable[DeleteJob], sets: Sets, pieces: Pieces) -> Iterable[CleanupSeen]:
        """Runs, each with what was there after it, which is what was there before the next one."""
        for job in newest_first:
            paths = [task.target.path for task in job.tasks if isinstance(task.target, BackupSet)]
            path = next(iter(paths), self._tenant.backup.path)
            earlier_sets, earlier_pieces = self._without(job, sets, pieces)
            yield CleanupSeen(
                self._expired_ns(job), _on(path, earlier_sets), _on(path, sets), tuple(earlier_pieces.values()),
                tuple(pieces.values()),
            )  # fmt: skip
            sets, pieces = earlier_sets, earlier_pieces

    def _without(self, job: DeleteJob, sets: Sets, pieces: Pieces) -> tuple[Sets, Pieces]:
        """Sets and pieces as they would be without what a run has deleted."""
        sets, pieces = dict(sets), dict(pieces)
        for task in job.tasks:
            target = task.target
            if isinstance(target, BackupSet):
                s = sets[target.backup_set_id]
                before = self._status.get(s.backup_set_id, "AVAILABLE" if s.status == "SUCCESS" else "INCOMPLETE")
                sets[s.backup_set_id] = replace(s, file_status=before)
            elif isinstance(target, PieceFile):
                key = target.archive_round.round_id, target.piece.piece_id
                pieces[key] = replace(pieces[key], file_status="AVAILABLE")
        return sets, pieces

    def _pieces(self, now_ns: int) -> Pieces:
        """Every piece of every round of the present destination."""
        archive = self._tenant.archive
        found: Pieces = {}
        for archive_round in archive.rounds():
            for piece in archive.pieces(archive_round, Nanoseconds(now_ns)):
                key = archive_round.round_id, piece.piece_id
                status = archive.piece_files.get(key) or ("AVAILABLE" if piece.complete else "INCOMPLETE")
                found[key] = PieceSeen(
                    *key, piece.start_scn, piece.end_scn, piece.checkpoint_scn,
                    "FROZEN" if piece.frozen else "ACTIVE", status,
                )  # fmt: skip
        return found

    def _expired_ns(self, job: DeleteJob) -> int:
        """The expiry time by the policy's own words, read here once more; the run's own where the policy is gone."""
        window = _WINDOW.fullmatch(self._tenant.cleanup.policy or "")
        return job.expired_ns if window is None else job.start_ns - int(window[1]) * UNIT_NS[window[2]]


def _on(path: str, sets: Sets) -> Sets:
    """The sets of one destination: a restore reads no others."""
    return {number: s for number, s in sets.items() if s.path == path}
