"""Brings a tenant's archive to where it is archived, as far as it has come.

Whenever virtual time stands still, what is at the destination is brought up to what the rows of rounds and pieces say:
what did not change since is not written again, and of a growing piece only the log files that grew. A backup that is
about to end has it done too, for it relies on it. What the medium answers decides how the round goes on
(`TenantArchive.answered`); what could not be written is written the next time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from obsim.archive.piece import ArchivePiece
from obsim.archive.round import ArchiveRound, RoundStatus
from obsim.archive.sending import RETRIED, RETRY_NS
from obsim.archive.tenant import TenantArchive
from obsim.archive.written import ENTRIES_IN_FILE, PieceWriting, piece_record
from obsim.destination.envelope import Kind
from obsim.destination.intents import RemoveFiles, WriteFiles
from obsim.destination.layout import Layout
from obsim.destination.outcome import Outcome
from obsim.destination.outside import Outside
from obsim.destination.records import PieceRecord, PlaceholderRecord, seal_record
from obsim.destination.store import File
from obsim.destination.uri import BackupUri
from obsim.ids import LogStreamId, Nanoseconds

__all__ = ["ArchiveWriter"]

_DOUBLED_MAX = 12
"""A medium that refuses for good is asked again after a second, then after twice as long, and so on up to an hour."""


@dataclass(frozen=True, slots=True)
class _Part:
    """How far a piece that may still change is at the destination."""

    row: ArchivePiece
    entry_count: int
    streams: tuple[LogStreamId, ...]
    holder: LogStreamId
    """The log stream whose directory has the log: the last one there was when the piece began."""
    checkpoint: str
    """Name of its checkpoint."""


@dataclass(slots=True, eq=False)
class _Written:
    """What of a round is at the destination; pieces by their number in the round."""

    begun: bool = False
    ended: bool = False
    first: int = 0
    """So many of its pieces are there to the end, or gone."""
    whole: set[int] = field(default_factory=set)
    """Others behind a piece that is not."""
    growing: dict[int, _Part] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    """Checkpoints that may be there and count no more."""

    def note_whole(self, number: int) -> None:
        """A piece is there to the end: it changes no more."""
        self.growing.pop(number, None)
        self.whole.add(number)
        while self.first in self.whole:
            self.whole.remove(self.first)
            self.first += 1


@dataclass(slots=True, eq=False)
class _Step:
    """What there is to be written of a round."""

    current: ArchiveRound
    place: BackupUri
    written: _Written
    phases: list[tuple[File, ...]] = field(default_factory=list)
    parts: dict[int, _Part] = field(default_factory=dict)
    ends: bool = False
    """Whether nothing of it will be left to be written."""


@dataclass(slots=True, eq=False)
class ArchiveWriter:
    """What of a tenant's archive has been written."""

    archive: TenantArchive
    outside: Outside
    layout: Layout
    place_of: Callable[[int], BackupUri]
    """Where the destination with a DEST_ID lies."""
    _rounds: dict[int, _Written] = field(default_factory=dict)
    _over: int = 0
    """So many rounds need not be looked at any more."""
    _refused_count: int = 0
    """How often a medium has refused in a row."""
    _refused_in: RoundStatus | None = None
    """What became of the current round then."""
    _again_ns: int = 0
    """When it is asked again, unless the round is in another state before."""

    @property
    def finished(self) -> bool:
        """Whether all of a tenant that is gone has been written."""
        return not self.archive.rounds(self._over)

    def flush(self, now_ns: Nanoseconds) -> None:
        """Have written what there is to write."""
        if self._waits(now_ns):
            return
        for current in self.archive.rounds(self._over):
            step = self._step(current, now_ns)
            if step is not None and step.phases:
                then = partial(self._flushed, step, now_ns)
                self.outside.order(WriteFiles(step.place, tuple(step.phases)), then)
        while (over := self.archive.history[self._over :]) and self._is_over(over[0]):
            self._rounds.pop(over[0].round_id, None)
            self._over += 1

    def _is_over(self, past: ArchiveRound) -> bool:
        written = self._rounds.get(past.round_id)
        if not past.start_scn:
            return True
        return written.ended if written is not None else not self.outside.reaches(self.place_of(past.dest_id))

    @property
    def _status(self) -> RoundStatus | None:
        return self.archive.round.status if self.archive.round is not None else None

    def _waits(self, now_ns: Nanoseconds) -> bool:
        """Whether it is too early to ask a medium again that has refused."""
        return now_ns < self._again_ns and self._status is self._refused_in

    def bring(self, now_ns: Nanoseconds, then: Callable[[int], None]) -> None:
        """Have the current round written as far as it has come; `then` gets the code that it ended with."""
        step = self._step(self.archive.round, now_ns) if self.archive.round is not None else None
        if step is None or not step.phases:
            then(self.archive.sending.medium_code)
            return

        def brought(outcome: Outcome) -> None:
            self._note(step, now_ns, outcome)
            then(outcome.code)
            self._refused_in = self._status

        self.outside.order(WriteFiles(step.place, tuple(step.phases)), brought)

    # What there is to write.

    def _step(self, current: ArchiveRound, now_ns: Nanoseconds) -> _Step | None:
        place = self.place_of(current.dest_id)
        if not current.start_scn or not self.outside.reaches(place):
            return None
        written = self._rounds.setdefault(current.round_id, _Written())
        step = _Step(current, place, written)
        left = 0
        for number, piece in enumerate(self.archive.pieces(current, now_ns, written.first), written.first):
            if number in written.whole:
                continue
            if (current.round_id, piece.piece_id) in self.archive.piece_files:
                if piece.frozen:
                    written.note_whole(number)
                continue
            self._add_piece(step, number, piece, now_ns)
            left += not piece.frozen
        stopped = current.status is RoundStatus.STOP
        files = tuple(self._round_files(current, start=not written.begun, end=stopped and not written.ended))
        if files:
            step.phases.append(files)
        step.ends = stopped and not left
        return step

    def _round_files(self, current: ArchiveRound, *, start: bool, end: bool) -> Iterator[File]:
        mark = seal_record(Kind.PLACEHOLDER, PlaceholderRecord(0, current.round_id))
        for wanted in [True] * start + [False] * end:
            yield self.layout.round_placeholder(current.dest_id, current.round_id, start=wanted), mark

    def _add_piece(self, step: _Step, number: int, piece: ArchivePiece, now_ns: Nanoseconds) -> None:
        """What of a piece is other than before."""
        current, before = step.current, step.written.growing.get(number)
        log, full = self.archive.log, piece.frozen and piece.checkpoint_scn == piece.last_scn
        last_scn = piece.end_scn - 1 if full else min(piece.end_scn - 1, piece.checkpoint_scn)
        count = log.count(piece.start_scn - 1, last_scn)
        streams = tuple(self.archive.storage.log_stream_ids)
        if before is not None and (before.row, before.entry_count, before.streams) == (piece, count, streams):
            return
        there, holder = 0, streams[-1]
        if before is not None:
            grown, holder = count > before.entry_count, before.holder
            there = before.entry_count // ENTRIES_IN_FILE if grown else max(-(-count // ENTRIES_IN_FILE), 1)
        writing = PieceWriting(
            self.layout, current.dest_id, current.round_id, piece,
            log.span(piece.start_scn - 1, last_scn, there * ENTRIES_IN_FILE), streams, holder,
            tuple(self._earlier(current, piece, now_ns)) if piece.frozen else (),
            files_there=there, streams_there=before.streams if before is not None else (),
        )  # fmt: skip
        step.phases += filter(None, writing.phases())
        step.parts[number] = _Part(piece, count, streams, holder, writing.checkpoint)

    def _earlier(self, current: ArchiveRound, piece: ArchivePiece, now_ns: Nanoseconds) -> Iterable[PieceRecord]:
        """Rows of the frozen pieces before one at the same destination."""
        for past in self.archive.rounds():
            if past.dest_id == current.dest_id and past.round_id <= current.round_id:
                for other in self.archive.kept_pieces(past, now_ns):
                    if other.frozen and other.piece_id < piece.piece_id:
                        yield piece_record(past.dest_id, past.round_id, other, 0)

    # How it ended.

    def _flushed(self, step: _Step, now_ns: Nanoseconds, outcome: Outcome) -> None:
        self._note(step, now_ns, outcome)
        if step.current is self.archive.round:
            self.archive.answered(outcome.code, now_ns)
        self._refused_in = self._status

    def _note(self, step: _Step, now_ns: Nanoseconds, outcome: Outcome) -> None:
        """It is at the destination; what could not be written counts as not there, and is written from the start."""
        written = step.written
        if outcome.code:
            wait_ns = RETRY_NS if outcome.code in RETRIED else RETRY_NS << min(self._refused_count, _DOUBLED_MAX)
            self._refused_count, self._again_ns = self._refused_count + 1, now_ns + wait_ns
            for number, part in step.parts.items():
                before = written.growing.pop(number, part)
                written.stale += {before.checkpoint: None, part.checkpoint: None}
            return
        self._refused_count = self._again_ns = 0
        stale, written.stale = dict.fromkeys(written.stale), []
        for number, part in step.parts.items():
            before = written.growing.get(number, part)
            stale |= {before.checkpoint: None}
            written.growing[number] = part
            if part.row.frozen:
                written.note_whole(number)
        written.begun, written.ended = True, step.ends
        gone = tuple(stale.keys() - {part.checkpoint for part in step.parts.values()})
        if gone:
            self.outside.order(RemoveFiles(step.place, tuple(sorted(gone))), _nothing)


def _nothing(_outcome: Outcome) -> None:
    """What cannot be removed stays: the greatest checkpoint counts."""
