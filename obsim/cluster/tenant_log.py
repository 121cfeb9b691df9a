"""The archived log of a tenant of this cluster, gone or not, as a standby follows it.

The source tells when its log grows: between two entries only the SCN of the standby moves, which is worked out when
somebody looks; an event comes where an entry has been archived.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from obsim.cluster.backup_sources import BackupSource
from obsim.ids import Nanoseconds, Scn
from obsim.restore.standby import reach

if TYPE_CHECKING:
    from obsim.cluster.standbys import LogSource, Standby
    from obsim.cluster.state import ClusterState

__all__ = ["TenantLog"]


@dataclass(slots=True, eq=False)
class TenantLog:
    """What a tenant has archived at one destination."""

    source: BackupSource
    path: str

    def reached(self, standby: "Standby") -> Scn:
        """How far the standby has come by now."""
        archive, now_ns = self.source.archive, standby.state.now_ns
        pieces = (
            piece for current in archive.rounds() if current.path == self.path
            for piece in archive.kept_pieces(current, now_ns)
        )  # fmt: skip
        return Scn(min(reach(pieces, standby.synced_scn), standby.until_scn))

    def follow(self, standby: "Standby") -> None:
        """Have the standby look whenever the log grows, the round changes, or a piece is about to go."""
        self.source.archive.log.followers.append(standby.look)
        self.look(standby)

    def leave(self, standby: "Standby") -> None:
        """It follows no more."""
        followers = self.source.archive.log.followers
        if standby.look in followers:
            followers.remove(standby.look)

    def succeed(self, former: "LogSource") -> None:
        """There is nothing to take over: the log itself tells what is new."""

    def look(self, standby: "Standby") -> None:
        """Let the standby replay what is archived by now, and come back when the next entry will be."""
        before = standby.synced_scn
        # At this very moment more may be written, with the same SCN: it is replayed after it.
        standby.synced_scn = Scn(max(min(standby.sync_scn, standby.state.now_ns - 1), before))
        archive = self.source.archive
        entries = archive.log.span(before, standby.synced_scn)
        if entries:
            standby.replay(entries)
        scn = archive.log.next_scn(standby.synced_scn)
        if scn is None or scn > standby.until_scn or not archive.doing:
            standby.stay()
        else:
            archived_ns = archive.archived_ns(scn, standby.state.now_ns)
            standby.come_back(Nanoseconds(max(archived_ns, scn + 1)))

    def wake(self, standby: "Standby") -> None:
        """The moment has come, or the end of the way is another one."""
        self.look(standby)

    def next_scn(self, scn: Scn) -> Scn | None:
        """The SCN of the first entry behind `scn`."""
        return self.source.archive.log.next_scn(scn)

    def given_up(self, state: "ClusterState") -> bool:
        """Whether who wrote it is a primary no more, or gone."""
        followed = state.tenants.get(self.source.label.tenant_id)
        return followed is None or followed.role != "PRIMARY"
