"""Brings a tenant's archive to where it is archived, as far as it has come.

Nobody waits for it: whenever virtual time stands still, what is at the destination is brought up to what the rows of
rounds and pieces say. What did not change since is not written again. A destination that cannot be written stays
behind and is tried again the next time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from obsim.archive.piece import ArchivePiece
from obsim.archive.round import ArchiveRound, RoundStatus
from obsim.archive.tenant import TenantArchive
from obsim.archive.written import PieceWriting, piece_record
from obsim.destination.envelope import Kind
from obsim.destination.intents import RemoveFiles, WriteFiles
from obsim.destination.layout import Layout
from obsim.destination.outcome import Outcome
from obsim.destination.outside import Outside
from obsim.destination.records import PlaceholderRecord, seal_record
from obsim.destination.store import File
from obsim.destination.uri import BackupUri
from obsim.ids import Nanoseconds, Scn

__all__ = ["ArchiveWriter"]


@dataclass(slots=True, eq=False)
class ArchiveWriter:
    """What of a tenant's archive has been written."""

    archive: TenantArchive
    outside: Outside
    layout: Layout
    place_of: Callable[[int], BackupUri]
    """Where the destination with a DEST_ID lies."""
    _sums: dict[str, int] = field(default_factory=dict)
    """Sum of each file of what may still change."""
    _frozen: dict[int, list[tuple[int, ArchivePiece]]] = field(default_factory=dict)
    """By DEST_ID: round and row of the frozen pieces that are written to the end."""
    _first: dict[int, int] = field(default_factory=dict)
    """By round: how many of its pieces are known to be written to the end: a look found nothing to write."""
    _ended: set[int] = field(default_factory=set)
    """Rounds that are written to the end."""
    _checkpoints: dict[str, str] = field(default_factory=dict)
    """By directory of a piece: the name of the checkpoint that is there."""

    def flush(self, now_ns: Nanoseconds) -> None:
        """Have written what there is to write."""
        for current in self.archive.rounds():
            if current.round_id in self._ended or not current.start_scn:
                continue
            place = self.place_of(current.dest_id)
            if self.outside.reaches(place):
                self._flush_round(current, place, now_ns)

    def _flush_round(self, current: ArchiveRound, place: BackupUri, now_ns: Nanoseconds) -> None:
        first = self._first.get(current.round_id, 0)
        pieces = self.archive.pieces(current, now_ns, first)
        gone = self.archive.piece_files
        for piece in pieces:
            if (current.round_id, piece.piece_id) not in gone:
                self._flush_piece(current, piece, place)
            elif piece.frozen:
                self._first[current.round_id] = self._first.get(current.round_id, 0) + 1
        files = self._changed(self._round_files(current))
        all_written = self._first.get(current.round_id, 0) == first + len(pieces)
        if current.status is RoundStatus.STOP and all_written and not files:
            self._ended.add(current.round_id)
        if files:
            self.outside.order(WriteFiles(place, (files,)), lambda outcome: self._written(outcome, (files,)))

    def _round_files(self, current: ArchiveRound) -> Iterator[File]:
        mark = seal_record(Kind.PLACEHOLDER, PlaceholderRecord(0, current.round_id))
        yield self.layout.round_placeholder(current.dest_id, current.round_id, start=True), mark
        if current.status is RoundStatus.STOP:
            yield self.layout.round_placeholder(current.dest_id, current.round_id, start=False), mark

    def _flush_piece(self, current: ArchiveRound, piece: ArchivePiece, place: BackupUri) -> None:
        entries = self.archive.log.span(piece.start_scn - 1, min(piece.end_scn - 1, piece.checkpoint_scn))
        earlier = self._frozen.setdefault(current.dest_id, [])
        rows = [piece_record(current.dest_id, round_id, before, 0) for round_id, before in earlier if piece.frozen]
        streams = self.archive.storage.log_stream_ids
        writing = PieceWriting(self.layout, current.dest_id, current.round_id, piece, entries, streams, rows)
        phases = tuple(filter(None, map(self._changed, writing.phases())))
        if phases:
            self.outside.order(WriteFiles(place, phases), lambda outcome: self._written(outcome, phases))
        self._replace_checkpoint(writing, place, piece.checkpoint_scn)
        if piece.frozen and not phases:
            earlier.append((current.round_id, piece))
            self._first[current.round_id] = self._first.get(current.round_id, 0) + 1
            self._forget(writing.name)

    def _replace_checkpoint(self, writing: PieceWriting, place: BackupUri, scn: Scn) -> None:
        """The new checkpoint is there: the one before it goes."""
        name = writing.layout.piece_file(writing.name, f"checkpoint/checkpoint.{scn}")
        before = self._checkpoints.get(writing.name)
        if before is not None and before != name:
            self.outside.order(RemoveFiles(place, (before,)), _nothing)
            self._sums.pop(before, None)
        self._checkpoints[writing.name] = name

    def _changed(self, files: "Iterator[File] | tuple[File, ...]") -> tuple[File, ...]:
        """Those that are not there as they are; they count as written from now on."""
        changed = tuple((name, data) for name, data in files if self._sums.get(name) != crc32(data))
        self._sums.update((name, crc32(data)) for name, data in changed)
        return changed

    def _written(self, outcome: Outcome, phases: tuple[tuple[File, ...], ...]) -> None:
        """What could not be written is not there: it is tried again."""
        if outcome.code:
            for phase in phases:
                for name, _ in phase:
                    self._sums.pop(name, None)

    def _forget(self, piece: str) -> None:
        """A piece is written to the end: its files change no more."""
        self._checkpoints.pop(piece, None)
        for name in [name for name in self._sums if name.startswith(f"{piece}/")]:
            del self._sums[name]


def _nothing(_outcome: Outcome) -> None:
    """What cannot be removed stays: the greatest checkpoint counts."""
