"""Standby tenants: each replays the archived log of the tenant it was restored from, and may become a primary.

SYNC_SCN goes on as far as the pieces reach without a gap, never past RECOVERY_UNTIL_SCN. What there is to follow lies
in this cluster (`tenant_log`) or on a medium (`media_log`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from obsim.archive.log import LogEntry
from obsim.archive.piece import ArchivePiece
from obsim.cluster.backup_sources import BackupSource, source_at
from obsim.cluster.tenant_log import TenantLog
from obsim.destination.uri import BackupUri
from obsim.ids import Nanoseconds, Scn
from obsim.restore.rebuild import replay
from obsim.restore.standby import UNLIMITED_SCN

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant
    from obsim.scheduler.events import Event

__all__ = ["LogSource", "Standby", "log_of", "recovery_until_scn", "source_for"]


class LogSource(Protocol):
    """Where a standby takes its log from."""

    def reached(self, standby: "Standby") -> Scn:
        """How far the standby has come by now; asked only before RECOVERY_UNTIL_SCN."""

    def follow(self, standby: "Standby") -> None:
        """The standby follows from now on."""

    def leave(self, standby: "Standby") -> None:
        """It follows no more."""

    def succeed(self, former: "LogSource") -> None:
        """The standby has followed another one until now."""

    def look(self, standby: "Standby") -> None:
        """Let the standby replay what is known to be there by now."""

    def wake(self, standby: "Standby") -> None:
        """The moment has come that it waited for, or the end of the way is another one."""

    def next_scn(self, scn: Scn) -> Scn | None:
        """The SCN of the first entry behind `scn`."""

    def given_up(self, state: "ClusterState", /) -> bool:
        """Whether no primary of this cluster writes there."""


@dataclass(slots=True, eq=False)
class Standby:
    """How far a standby tenant has come. `source` None: it has no log to follow."""

    state: "ClusterState"
    tenant: "Tenant"
    source: LogSource | None
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
        return self.source.reached(self)

    def follow(self) -> None:
        """Begin to replay."""
        self.tenant.archive.follows = True
        if self.source is not None:
            self.source.follow(self)

    def stop(self) -> None:
        """The tenant replays no more: it is a primary now, or gone."""
        self.tenant.archive.follows = False
        if self.source is not None:
            self.source.leave(self)
        self.stay()

    def take_from(self, source: LogSource | None) -> None:
        """The log comes from elsewhere from now on."""
        self.look()
        self.stop()
        if self.source is not None and source is not None:
            source.succeed(self.source)
        self.source = source
        self.follow()

    @property
    def at_end(self) -> bool:
        """Whether it has replayed all that its source has written."""
        self.look()
        return self.source is None or self.source.next_scn(self.synced_scn) is None

    def recover_until(self, scn: Scn) -> None:
        """RECOVERY_UNTIL_SCN is another one."""
        self.look()
        self.until_scn = scn
        if self.source is not None:
            self.source.wake(self)

    def look(self) -> None:
        """Replay what there is by now."""
        if self.source is not None:
            self.source.look(self)

    # For its source.

    def replay(self, entries: Sequence[LogEntry]) -> None:
        """These entries come next. Raises Unreadable."""
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

    def come_back(self, at_ns: Nanoseconds) -> None:
        """Wake the source at a moment, and at no other one."""
        if self._event is None or at_ns != self._event_ns:
            self.stay()
            self._event_ns = at_ns
            self._event = self.state.events.push(at_ns, self._due, background=True)

    def stay(self) -> None:
        """Wake it at no moment."""
        if self._event is not None:
            self.state.events.cancel(self._event)
            self._event = None

    def _due(self, _now_ns: Nanoseconds) -> None:
        self._event = None
        if self.source is not None:
            self.source.wake(self)


def log_of(source: BackupSource | None, path: str) -> TenantLog | None:
    """The log that lies at an archive destination of a tenant, None without the tenant."""
    return None if source is None else TenantLog(source, path)


def source_for(
    state: "ClusterState", place: BackupUri | None, next_number: int | None = None, pieces: Iterable[ArchivePiece] = ()
) -> LogSource | None:
    """Where a standby takes its log from that is to follow an archive destination.

    On a medium that is whatever lies there, from the change of `next_number` on if that is known, where pieces that
    have been read before tell where to begin; in memory it is what a tenant of this cluster has archived.
    """
    if place is None:
        return None
    if not state.outside.reaches(place):
        return log_of(source_at(state, place.path), place.path)
    from obsim.cluster.media_log import MediaLog  # noqa: PLC0415 - few standbys follow what is on a medium

    return MediaLog(place, list(pieces), next_number=next_number)


def recovery_until_scn(tenant: "Tenant") -> Scn:
    """RECOVERY_UNTIL_SCN of a user tenant."""
    return tenant.standby.until_scn if tenant.standby is not None else UNLIMITED_SCN
