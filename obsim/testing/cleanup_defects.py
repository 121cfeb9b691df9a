"""Wrong ways to choose what a clean-up deletes."""

from collections.abc import Callable
from copy import copy
from types import SimpleNamespace
from typing import Any

from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.cleanup import tenant as cleanup_tenant
from obsim.cleanup.selection import ObsoleteSets
from obsim.cleanup.tenant import TenantCleanup
from obsim.testing.defect import defect


def _walk(is_point: Callable[[BackupSet], bool]) -> Any:
    """A wrong `obsolete_sets` that takes another set for the clean point."""

    def wrong(_right: Any) -> Any:
        def obsolete_sets(sets: Any, path: str, expired_ns: int) -> ObsoleteSets:
            old = [
                s for s in sets
                if s.path == path and 0 < s.end_ns <= expired_ns and s.file_status is not FileStatus.DELETED
            ]  # fmt: skip
            going, point = [], None
            for s in reversed(old):
                if point is None and is_point(s):
                    point = s
                elif point is not None or s.status is SetStatus.FAILED:
                    going.append(s)
            return ObsoleteSets(tuple(reversed(going)), point)

        return obsolete_sets

    return wrong


@defect("the clean point is the first set of any type", "28", cleanup_tenant, "obsolete_sets")
def _increment_is_clean_point(right: Any) -> Any:
    return _walk(lambda s: s.usable)(right)


@defect("a failed full set is the clean point", "32", cleanup_tenant, "obsolete_sets")
def _failed_set_is_clean_point(right: Any) -> Any:
    return _walk(lambda s: s.backup_type is BackupType.FULL)(right)


@defect("the clean point goes too", "29", cleanup_tenant, "obsolete_sets")
def _clean_point_goes(right: Any) -> Any:
    def obsolete_sets(*arguments: Any) -> Any:
        found = right(*arguments)
        going = (*found.sets, found.clean_point) if found.clean_point is not None else found.sets
        return ObsoleteSets(going, found.clean_point)

    return obsolete_sets


@defect("a set is outside the window when it began outside it", "32", cleanup_tenant, "obsolete_sets")
def _window_by_start(right: Any) -> Any:
    def obsolete_sets(sets: Any, path: str, expired_ns: int) -> Any:
        sets = list(sets)
        return right(sets, path, max([expired_ns, *(s.end_ns for s in sets if s.start_ns <= expired_ns)]))

    return obsolete_sets


@defect("the window is half as long as it says", "32", cleanup_tenant, "window_ns")
def _window_halved(right: Any) -> Any:
    return lambda text: (right(text) or 0) // 2


def _replayed_from(scn_of: Callable[[Any], int]) -> Any:
    """A wrong `_obsolete_pieces` that takes the clean point to be replayed from another moment."""

    def wrong(right: Any) -> Any:
        def obsolete_pieces(self: TenantCleanup, clean_point: Any, now_ns: Any) -> Any:
            other = copy(clean_point)
            other.start_replay_scn = scn_of(clean_point)
            return right(self, other, now_ns)

        return obsolete_pieces

    return wrong


@defect("log before MIN_RESTORE_SCN of the clean point goes", "30", TenantCleanup, "_obsolete_pieces")
def _log_until_min_restore_goes(right: Any) -> Any:
    return _replayed_from(lambda s: s.min_restore_scn)(right)


@defect("the piece that the clean point is replayed from goes", "30", cleanup_tenant, "obsolete_pieces")
def _straddling_piece_goes(_right: Any) -> Any:
    def obsolete_pieces(pieces: Any, replay_scn: int, *, by_checkpoint: bool) -> Any:
        del by_checkpoint
        return (piece for piece in pieces if piece.start_scn <= replay_scn and piece.frozen)

    return obsolete_pieces


@defect("without a clean point the log outside the window goes", "30", cleanup_tenant, "obsolete_sets")
def _log_goes_without_clean_point(right: Any) -> Any:
    def obsolete_sets(sets: Any, path: str, expired_ns: int) -> Any:
        found = right(sets, path, expired_ns)
        point = found.clean_point or SimpleNamespace(start_replay_scn=expired_ns)
        return SimpleNamespace(sets=found.sets, clean_point=point)

    return obsolete_sets
