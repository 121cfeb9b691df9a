"""Rows of the sources that standby tenants follow, and of what can be restored (views.json, engine.md 7)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.standbys import recovery_until_scn
from obsim.ids import display_scn
from obsim.restore.window import spans, union

if TYPE_CHECKING:
    from obsim.archive.piece import ArchivePiece
    from obsim.backup.set import BackupSet

__all__ = ["log_restore_sources", "restorable_windows"]


def log_restore_sources(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_LOG_RESTORE_SOURCE: one row for each tenant whose log_restore_source is a location."""
    return [
        (t.tenant_id, 1, "LOCATION", t.log_restore_source, recovery_until_scn(t))
        for t in tenants if t.log_restore_source
    ]  # fmt: skip


def restorable_windows(state: ClusterState, scope: Scope) -> list[Row]:
    """obsim.restorable_windows: every moment up to now, by tenant, and whether a restore to it would succeed.

    DATA_PATH and ARCHIVE_PATH are what FROM has to name; of several the present destinations come first, then the
    newest, and last a data destination alone, whose sets hold log themselves (PLUS ARCHIVELOG). Sets whose directory
    somebody has emptied restore nothing, whatever their FILE_STATUS. REASON says why a moment cannot be restored, ''
    where it can.
    """
    return [row for tenant in state.user_tenants() for row in _windows(state, tenant, scope.offset_s)]


def _windows(state: ClusterState, tenant: Tenant, offset_s: int) -> list[Row]:
    backup, archive = tenant.backup, tenant.archive
    sets: dict[str, list[BackupSet]] = {}
    emptied = {known.dest_id for known in tenant.destinations if known.emptied}
    for backup_set in backup.sets.values():
        found = sets.setdefault(backup_set.path, [])
        if backup_set.dest_id not in emptied:
            found.append(backup_set)
    pieces: dict[str, list[ArchivePiece]] = {}
    for archive_round in archive.rounds():
        pieces.setdefault(archive_round.path, []).extend(archive.kept_pieces(archive_round, state.now_ns))
    data_paths = _present_first(sets, backup.path)
    archive_paths = _present_first(pieces, archive.destination.uri.path if archive.destination else "")
    pairs = [(data, log) for data in data_paths or [""] for log in archive_paths or [""]]
    cuts = [spans(sets.get(data, []), pieces.get(log, []), state.now_ns) for data, log in pairs]
    alone = [data for data in data_paths if any(s.own_log for s in sets.get(data, []))]
    pairs += [(data, "") for data in alone]
    cuts += [spans(sets[data], None, state.now_ns) for data in alone]
    return [
        (
            tenant.tenant_id, span.first_scn, display_scn(span.first_scn, offset_s), span.last_scn,
            display_scn(span.last_scn, offset_s), int(span.restorable), *pairs[number], span.reason,
        )
        for number, span in union(cuts)
    ]  # fmt: skip


def _present_first(known: Iterable[str], present: str) -> list[str]:
    """Destinations: the present one, then those of the past, the newest first."""
    newest_first = list(known)[::-1]
    return sorted(newest_first, key=lambda path: path != present)
