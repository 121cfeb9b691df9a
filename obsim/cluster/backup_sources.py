"""What lies at the destinations that tenants of this cluster have backed up to, their tenants gone or not.

Everything stays in this process: a destination holds what the tenant's rows of sets and pieces say, until a clean-up
deletes it or somebody empties the directory.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obsim.archive.tenant import TenantArchive
from obsim.backup.tenant import TenantBackup
from obsim.errors import error
from obsim.ids import Nanoseconds, TenantId
from obsim.restore.catalogue import Catalogue, PlacedPiece, TenantLabel

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import KnownDestination, Tenant

__all__ = ["BackupSource", "backup_sources", "source_at", "source_of", "source_with_id"]


@dataclass(frozen=True, slots=True, eq=False)
class BackupSource:
    """The backups of one tenant, at all destinations it ever had."""

    label: TenantLabel
    backup: TenantBackup
    archive: TenantArchive
    destinations: "list[KnownDestination]"

    def catalogue(self, paths: Collection[str], now_ns: Nanoseconds) -> Catalogue:
        """What there is of it at `paths`. Raises 1235 for two data destinations (engine.md 7.1)."""
        known = {(d.purpose, d.uri.path) for d in self.destinations}
        data = {s.path for s in self.backup.sets.values()} | {path for kind, path in known if kind == "backup_data"}
        if len(data & set(paths)) > 1:
            raise error("OB_NOT_SUPPORTED")
        emptied = {d.dest_id for d in self.destinations if d.emptied}
        sets = [s for s in self.backup.sets.values() if s.path in paths and s.dest_id not in emptied]
        return Catalogue(self.label, sets, self._pieces(paths, known, now_ns), self.archive.log, now_ns)

    def _pieces(
        self, paths: Collection[str], known: Collection[tuple[str, str]], now_ns: Nanoseconds
    ) -> list[PlacedPiece] | None:
        if not any(("archive_log", path) in known for path in paths):
            return None
        return [
            PlacedPiece(piece, current.dest_id, current.round_id, current.path)
            for current in self.archive.rounds() if current.path in paths
            for piece in self.archive.kept_pieces(current, now_ns)
        ]  # fmt: skip

    def keeps(self, pieces: Collection[PlacedPiece]) -> bool:
        """Whether no clean-up has begun to delete one of these."""
        return not any((placed.round_id, placed.piece.piece_id) in self.archive.piece_files for placed in pieces)


def source_of(state: "ClusterState", tenant: "Tenant") -> BackupSource:
    """The backups of a tenant."""
    label = TenantLabel(state.cluster_name, tenant.name, tenant.tenant_id, tenant.mode)
    return BackupSource(label, tenant.backup, tenant.archive, tenant.destinations)


def backup_sources(state: "ClusterState") -> Iterator[BackupSource]:
    """Those of the tenants there are, then what others left behind, the last one first."""
    for tenant in state.user_tenants():
        yield source_of(state, tenant)
    yield from reversed(state.left_behind)


def source_with_id(state: "ClusterState", tenant_id: TenantId) -> BackupSource | None:
    """The backups of the tenant that has or had this id."""
    return next((source for source in backup_sources(state) if source.label.tenant_id == tenant_id), None)


def source_at(state: "ClusterState", path: str) -> BackupSource | None:
    """The backups whose log lies at an archive destination."""
    held = (source for source in backup_sources(state) if any(r.path == path for r in source.archive.rounds()))
    return next(held, None)
