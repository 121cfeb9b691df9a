"""Standby tenants: each replays the archived log of the tenant it was restored from, and may become a primary.

SYNC_SCN goes on as far as the pieces reach without a gap, never past RECOVERY_UNTIL_SCN. Between two entries of the log
only the SCN moves, which is worked out when somebody looks; an event comes where an entry has been archived.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from obsim.archive.log import LogEntry
from obsim.cluster.backup_sources import BackupSource
from obsim.ids import Nanoseconds, Scn
from obsim.restore.rebuild import replay
from obsim.restore.standby import UNLIMITED_SCN, reach

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant
    from obsim.scheduler.events import Event

__all__ = ["Standby", "recovery_until_scn"]


@dataclass(slots=True, eq=False)
class Standby:
    """How far a standby tenant has come. `source` None: it has no log to follow."""

    state: "ClusterState"
    tenant: "Tenant"
    source: BackupSource | None
    path: str
    """The archive destination it takes its log from."""
    synced_scn: Scn
    """How far it had come when it was noted last."""
    until_scn: Scn
    _event: "Event | None" = field(default=None)
    _event_ns: Nanoseconds = Nanoseconds(0)

    @property
    def sync_scn(self) -> Scn:
        """SYNC_SCN now."""
        if self.source is None or self.synced_scn >= self.until_scn:
            return self.synced_scn
        archive, now_ns = self.source.archive, self.state.now_ns
        pieces = (
            piece for current in archive.rounds() if current.path == self.path
            for piece in archive.kept_pieces(current, now_ns)
        )  # fmt: skip
        return Scn(min(reach(pieces, self.synced_scn), self.until_scn))

    def follow(self) -> None:
        """Begin to replay."""
        self.tenant.archive.follows = True
        if self.source is not None:
            self.source.archive.log.followers.append(self.look)
        self.look()

    def stop(self) -> None:
        """The tenant replays no more: it is a primary now, or gone."""
        self.tenant.archive.follows = False
        if self.source is not None and self.look in self.source.archive.log.followers:
            self.source.archive.log.followers.remove(self.look)
        self._forget_event()

    def take_from(self, source: BackupSource | None, path: str) -> None:
        """The log comes from elsewhere from now on."""
        self.look()
        self.stop()
        self.source, self.path = source, path
        self.follow()

    @property
    def at_end(self) -> bool:
        """Whether it has replayed all that its source has written."""
        self.look()
        return self.source is None or self.source.archive.log.next_scn(self.synced_scn) is None

    def recover_until(self, scn: Scn) -> None:
        """RECOVERY_UNTIL_SCN is another one."""
        self.look()
        self.until_scn = scn
        self.look()

    def look(self) -> None:
        """Replay what is archived by now, and come back when the next entry will be.

        Asked whenever the log grows, the round changes, or a piece is about to go.
        """
        before = self.synced_scn
        # At this very moment more may be written, with the same SCN: it is replayed after it.
        self.synced_scn = Scn(max(min(self.sync_scn, self.state.now_ns - 1), before))
        if self.source is None:
            return
        entries = self.source.archive.log.span(before, self.synced_scn)
        if entries:
            self._replay(entries)
        self._await_next(self.source)

    def _replay(self, entries: Sequence[LogEntry]) -> None:
        archive = self.tenant.archive
        for entry in entries:
            archive.replayed_scn = entry.scn
            facts = replay(self.tenant.storage, (entry,))
            if facts is not None:
                facts.give(self.tenant)
                self.state.note_facts(self.tenant)
                self.state.revisions.touch("accounts")
        archive.replayed_scn = None
        archive.note_log(self.state.now_ns)
        self.state.revisions.touch("storage", "tenants")

    def _await_next(self, source: BackupSource) -> None:
        scn = source.archive.log.next_scn(self.synced_scn)
        if scn is None or scn > self.until_scn or not source.archive.doing:
            self._forget_event()
            return
        at_ns = Nanoseconds(max(source.archive.archived_ns(scn, self.state.now_ns), scn + 1))
        if self._event is None or at_ns != self._event_ns:
            self._forget_event()
            self._event_ns = at_ns
            self._event = self.state.events.push(at_ns, self._due, background=True)

    def _due(self, _now_ns: Nanoseconds) -> None:
        self._event = None
        self.look()

    def _forget_event(self) -> None:
        if self._event is not None:
            self.state.events.cancel(self._event)
            self._event = None


def recovery_until_scn(tenant: "Tenant") -> Scn:
    """RECOVERY_UNTIL_SCN of a user tenant."""
    return tenant.standby.until_scn if tenant.standby is not None else UNLIMITED_SCN
