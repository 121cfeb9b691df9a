"""Standby tenants: each replays the archived log of the tenant it was restored from, and may become a primary.

SYNC_SCN goes on as far as the pieces reach without a gap, never past RECOVERY_UNTIL_SCN. A source in this cluster tells
when its log grows: between two entries only the SCN moves, which is worked out when somebody looks; an event comes
where an entry has been archived. A source on a medium is read when the end of the way changes, then again and again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from obsim.archive.log import LogEntry
from obsim.archive.piece import ArchivePiece
from obsim.cluster.backup_sources import BackupSource, source_at
from obsim.destination.outcome import Outcome
from obsim.destination.uri import BackupUri
from obsim.ids import Nanoseconds, Scn
from obsim.restore.rebuild import Unreadable, replay
from obsim.restore.standby import UNLIMITED_SCN, reach

if TYPE_CHECKING:
    from obsim.cluster.media_log import MediaLog
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant
    from obsim.scheduler.events import Event, Handler

    LogSource = BackupSource | MediaLog | None

__all__ = ["Standby", "recovery_until_scn", "source_for"]


@dataclass(slots=True, eq=False)
class Standby:
    """How far a standby tenant has come. `source` None: it has no log to follow."""

    state: "ClusterState"
    tenant: "Tenant"
    source: "BackupSource | MediaLog | None"
    path: str
    """The archive destination it takes its log from."""
    synced_scn: Scn
    """How far it had come when it was noted last."""
    until_scn: Scn
    _event: "Event | None" = field(default=None)
    _event_ns: Nanoseconds = Nanoseconds(0)

    @property
    def _own(self) -> BackupSource | None:
        """The source in this cluster."""
        return self.source if isinstance(self.source, BackupSource) else None

    @property
    def _media(self) -> "MediaLog | None":
        """The source on a medium."""
        return None if isinstance(self.source, BackupSource) else self.source

    @property
    def sync_scn(self) -> Scn:
        """SYNC_SCN now."""
        source = self._own
        if source is None or self.synced_scn >= self.until_scn:
            return self.synced_scn
        archive, now_ns = source.archive, self.state.now_ns
        pieces = (
            piece for current in archive.rounds() if current.path == self.path
            for piece in archive.kept_pieces(current, now_ns)
        )  # fmt: skip
        return Scn(min(reach(pieces, self.synced_scn), self.until_scn))

    def follow(self) -> None:
        """Begin to replay."""
        self.tenant.archive.follows = True
        if self._own is not None:
            self._own.archive.log.followers.append(self.look)
        self.look()
        self._read()

    def stop(self) -> None:
        """The tenant replays no more: it is a primary now, or gone."""
        self.tenant.archive.follows = False
        if self._own is not None and self.look in self._own.archive.log.followers:
            self._own.archive.log.followers.remove(self.look)
        self._forget_event()

    def take_from(self, source: "LogSource", path: str) -> None:
        """The log comes from elsewhere from now on."""
        self.look()
        self.stop()
        if self._media is not None and source is not None and not isinstance(source, BackupSource):
            source.next_number = self._media.next_number
        self.source, self.path = source, path
        self.follow()

    @property
    def at_end(self) -> bool:
        """Whether it has replayed all that its source has written."""
        self.look()
        if self._media is not None:
            return self._media.next_scn(self.synced_scn) is None
        return self._own is None or self._own.archive.log.next_scn(self.synced_scn) is None

    def recover_until(self, scn: Scn) -> None:
        """RECOVERY_UNTIL_SCN is another one."""
        self.look()
        self.until_scn = scn
        self.look()
        self._read()

    def look(self) -> None:
        """Replay what is archived by now, and come back when the next entry will be.

        Asked whenever the log grows, the round changes, or a piece is about to go.
        """
        before = self.synced_scn
        # At this very moment more may be written, with the same SCN: it is replayed after it.
        self.synced_scn = Scn(max(min(self.sync_scn, self.state.now_ns - 1), before))
        if self._own is None:
            return
        entries = self._own.archive.log.span(before, self.synced_scn)
        if entries:
            self._replay(entries)
        self._await_next(self._own)

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
        self._come_back(Nanoseconds(max(source.archive.archived_ns(scn, self.state.now_ns), scn + 1)), self._due)

    def _come_back(self, at_ns: Nanoseconds, due: "Handler") -> None:
        if self._event is None or at_ns != self._event_ns:
            self._forget_event()
            self._event_ns = at_ns
            self._event = self.state.events.push(at_ns, due, background=True)

    def _due(self, _now_ns: Nanoseconds) -> None:
        self._event = None
        self.look()

    def _forget_event(self) -> None:
        if self._event is not None:
            self.state.events.cancel(self._event)
            self._event = None

    # From a medium.

    def _read(self) -> None:
        """Read what there is of the log by now, unless it has come far enough."""
        media = self._media
        if media is None or self.synced_scn >= self.until_scn:
            self._forget_event()
            return
        self.state.outside.order(media.reading(self.synced_scn), partial(self._found, media))

    def _found(self, media: "MediaLog", outcome: Outcome) -> None:
        """Replay what was found, and look again later: where nobody answers, too."""
        there = self.state.tenants.get(self.tenant.tenant_id) is self.tenant
        if self.source is not media or self.tenant.standby is not self or not there:
            return
        before = self.synced_scn
        if not outcome.code:
            media.take(outcome.found.pieces)
            reached = Scn(min(media.reach(before), self.until_scn))
            entries = media.entries(before, reached)
            if entries is not None:
                self.synced_scn = max(reached, before)
                try:
                    self._replay(entries)
                except Unreadable:  # with right sums: whoever wrote it, there is no log to follow
                    self.synced_scn, self.source, self.tenant.archive.replayed_scn = before, None, None
                    return
        if self.synced_scn < self.until_scn:
            wait_ns = media.put_off(news=self.synced_scn > before)
            self._come_back(Nanoseconds(self.state.now_ns + wait_ns), self._due_to_read)

    def _due_to_read(self, _now_ns: Nanoseconds) -> None:
        self._event = None
        self._read()


def source_for(
    state: "ClusterState", place: BackupUri | None, next_number: int | None = None, pieces: Iterable[ArchivePiece] = ()
) -> "LogSource":
    """Where a standby takes its log from that is to follow an archive destination.

    On a medium that is whatever lies there, from the change of `next_number` on if that is known, where pieces that
    have been read before tell where to begin; in memory it is what a tenant of this cluster has archived.
    """
    if place is None:
        return None
    if not state.outside.reaches(place):
        return source_at(state, place.path)
    from obsim.cluster.media_log import MediaLog  # noqa: PLC0415 - few standbys follow what is on a medium

    return MediaLog(place, list(pieces), next_number=next_number)


def recovery_until_scn(tenant: "Tenant") -> Scn:
    """RECOVERY_UNTIL_SCN of a user tenant."""
    return tenant.standby.until_scn if tenant.standby is not None else UNLIMITED_SCN
