"""The archived log of a tenant as it lies on a medium, as a standby follows it.

It is read when the end of the way changes, then again and again: a medium tells nobody that something is new. Who
writes it may be another obsim, with a clock of its own: what is read counts as it is, whatever time it is here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from obsim.archive.log import LogEntry, RedoLog
from obsim.archive.piece import ArchivePiece
from obsim.cluster.stored_facts import read_facts
from obsim.destination.envelope import Damaged
from obsim.destination.outcome import Outcome
from obsim.destination.store import File, Store, Transcript
from obsim.destination.uri import BackupUri
from obsim.ids import Nanoseconds, Scn
from obsim.restore.found_piece import FoundPiece, read_pieces
from obsim.restore.rebuild import Unreadable
from obsim.restore.standby import reach
from obsim.storage.changes import StorageChange

if TYPE_CHECKING:
    from obsim.cluster.standbys import LogSource, Standby
    from obsim.cluster.state import ClusterState

__all__ = ["FoundLog", "MediaLog", "ReadLog"]

_SOONEST_NS = Nanoseconds(5_000_000_000)
_LATEST_NS = Nanoseconds(3_600_000_000_000)


@dataclass(frozen=True, slots=True)
class FoundLog:
    """Pieces, and the files that they were made of (`FoundDestination.files`)."""

    pieces: tuple[FoundPiece, ...]
    files: tuple[File, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Read the pieces of an archive destination from one on: the outcome holds FoundLog."""

    place: BackupUri
    first_piece_id: int

    def carry_out(self, store: Store) -> Outcome:
        """What cannot be read of a piece makes it broken, never the outcome."""
        transcript = Transcript(store)
        pieces = read_pieces(transcript, transcript.names(), self.first_piece_id)
        return Outcome(found=FoundLog(pieces, transcript.read_files()))


@dataclass(slots=True, eq=False)
class MediaLog:
    """What was read last, and when to read again."""

    place: BackupUri
    pieces: list[ArchivePiece] = field(default_factory=list)
    """From the one on that the standby has come to."""
    log: RedoLog = field(default_factory=RedoLog)
    """What lies in them."""
    next_number: int | None = None
    """Number of the next change of the source's storage, None while that is not known."""
    wait_ns: Nanoseconds = _SOONEST_NS
    """Until it is read again: twice as long each time that there is nothing new, up to an hour."""

    def reached(self, standby: "Standby") -> Scn:
        """How far the standby has come: no further than when it was read last."""
        return standby.synced_scn

    def follow(self, standby: "Standby") -> None:
        """Read for the first time."""
        self.wake(standby)

    def leave(self, standby: "Standby") -> None:
        """What is still being read is for nobody."""

    def succeed(self, former: "LogSource") -> None:
        """Go on behind the last change that the other one has given."""
        if isinstance(former, MediaLog):
            self.next_number = former.next_number

    def look(self, standby: "Standby") -> None:
        """What has been read is replayed already."""

    def wake(self, standby: "Standby") -> None:
        """Read what there is of the log by now, unless the standby has come far enough."""
        if standby.synced_scn >= standby.until_scn:
            standby.stay()
            return
        standby.state.outside.order(self.reading(standby.synced_scn), partial(self._found, standby))

    def given_up(self, _state: "ClusterState") -> bool:
        """Who writes there is in another cluster, or gone."""
        return True

    def _found(self, standby: "Standby", outcome: Outcome) -> None:
        """Replay what was found, and look again later: where nobody answers, too."""
        tenant = standby.tenant
        there = standby.state.tenants.get(tenant.tenant_id) is tenant
        if standby.source is not self or tenant.standby is not standby or not there:
            return
        before = standby.synced_scn
        if not outcome.code:
            self.take(outcome.found.pieces)
            reached = Scn(min(self.reach(before), standby.until_scn))
            entries = self.entries(before, reached)
            if entries is not None:
                standby.synced_scn = max(reached, before)
                try:
                    standby.replay(entries)
                except Unreadable:  # with right sums: whoever wrote it, there is no log to follow
                    standby.synced_scn, standby.source, tenant.archive.replayed_scn = before, None, None
                    return
        if standby.synced_scn < standby.until_scn:
            wait_ns = self.put_off(news=standby.synced_scn > before)
            standby.come_back(Nanoseconds(standby.state.now_ns + wait_ns))

    def reading(self, scn: int) -> ReadLog:
        """What is to be read by who has come to `scn`."""
        passed = [piece.piece_id for piece in self.pieces if piece.start_scn <= scn]
        return ReadLog(self.place, max(passed, default=0))

    def take(self, found: Sequence[FoundPiece]) -> None:
        """This is what is there now; a piece that cannot be read is a gap."""
        self.pieces, entries = [], []
        for one in found:
            piece = one.piece
            if piece is None:
                continue
            try:
                entries += one.entries(read_facts)
            except Damaged:
                continue
            self.pieces.append(piece)
        self.log = RedoLog(entries)

    def reach(self, scn: int) -> int:
        """How far the log goes on without a gap from `scn`."""
        return reach(self.pieces, scn)

    def entries(self, after_scn: int, scn: int) -> Sequence[LogEntry] | None:
        """The log that is new up to `scn` to who has come to `after_scn`; None where a change is missing.

        The number of the next change tells what is new, for some of `after_scn` itself may have come later.
        """
        first = self.next_number
        if first is None:
            found = self.log.span(after_scn, scn)
        else:
            found = [
                entry for entry in self.log.between(first, scn)
                if isinstance(entry.change, StorageChange) or entry.scn >= after_scn
            ]  # fmt: skip
        numbers = [entry.number for entry in found if isinstance(entry.change, StorageChange)]
        first = numbers[0] if first is None and numbers else first
        if first is not None:
            if numbers != list(range(first, first + len(numbers))):
                return None
            self.next_number = first + len(numbers)
        return found

    def next_scn(self, scn: int) -> Scn | None:
        """The SCN of the first entry behind `scn`."""
        return self.log.next_scn(scn)

    def put_off(self, *, news: bool) -> Nanoseconds:
        """How long to wait before it is read again."""
        self.wait_ns = _SOONEST_NS if news else Nanoseconds(min(2 * self.wait_ns, _LATEST_NS))
        return self.wait_ns
