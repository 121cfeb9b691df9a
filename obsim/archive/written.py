"""What a piece is at its destination: its files, and in which order they are written (engine.md 6.2).

    log -> checkpoint, whose value is in its name -> file_info, the row -> infos of a frozen piece -> placeholders

The log is the list of what was changed, in files of so many entries; it lies in the last log stream, where a tenant's
tables are. A piece that grows gets its last log file anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from msgspec import Struct

from obsim.archive.log import FactsChanged, LogEntry
from obsim.archive.piece import ArchivePiece
from obsim.archive.round import ArchiveRound
from obsim.destination.envelope import Damaged, Kind
from obsim.destination.intents import RemoveFiles
from obsim.destination.layout import Layout
from obsim.destination.records import CheckRecord, PieceRecord, PieceRecords, PlaceholderRecord, seal_record
from obsim.destination.store import File
from obsim.destination.uri import BackupUri
from obsim.ids import LogStreamId, Scn
from obsim.storage.stored import ChangeRecord, change_record, encode_facts, read_stored, seal_stored, storage_change

__all__ = ["ENTRIES_IN_FILE", "PieceWriting", "RawFacts", "log_entries", "log_files", "piece_record", "removal_of"]

ENTRIES_IN_FILE = 256


class EntryRecord(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """An entry of the log: a change of the storage, or facts as `encode_facts` made them."""

    scn: int
    number: int
    change: ChangeRecord | None
    facts: bytes


class LogRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A log file."""

    entries: tuple[EntryRecord, ...]


@dataclass(frozen=True, slots=True)
class RawFacts:
    """Facts that were read back: who knows what they are makes them of this."""

    data: bytes


def _entry_record(entry: LogEntry) -> EntryRecord:
    if isinstance(entry.change, FactsChanged):
        return EntryRecord(entry.scn, entry.number, None, encode_facts(entry.change.facts))
    return EntryRecord(entry.scn, entry.number, change_record(entry.change), b"")


def log_files(entries: Sequence[LogEntry], least: int = 1) -> list[bytes]:
    """The log files that hold these entries, at least so many."""
    parts = [entries[cut : cut + ENTRIES_IN_FILE] for cut in range(0, max(len(entries), least), ENTRIES_IN_FILE)]
    return [seal_stored(Kind.LOG, LogRecord(tuple(map(_entry_record, part)))) for part in parts]


def log_entries(data: bytes) -> Iterator[LogEntry]:
    """The entries of a log file. Raises Damaged."""
    for entry in read_stored(Kind.LOG, LogRecord, data).entries:
        if entry.scn < 0 or entry.number < 0:
            raise Damaged("an entry of the log has a number below zero")
        change = FactsChanged(RawFacts(entry.facts)) if entry.change is None else storage_change(entry.change)
        yield LogEntry(Scn(entry.scn), entry.number, change)


def piece_record(
    dest_id: int, round_id: int, piece: ArchivePiece, log_file_count: int, streams: Sequence[LogStreamId] = ()
) -> PieceRecord:
    """A piece as its row; the last one of its log streams has the log."""
    return PieceRecord(
        dest_id, round_id, piece.piece_id, piece.start_scn, piece.end_scn, piece.checkpoint_scn, piece.input_bytes,
        piece.frozen, piece.complete, log_file_count, tuple(streams),
    )  # fmt: skip


def removal_of(layout: Layout, place: BackupUri, archive_round: ArchiveRound, piece: ArchivePiece) -> RemoveFiles:
    """What goes with a piece, in order: first its row, so that what is left is no piece any more."""
    name = layout.piece_name(archive_round.dest_id, archive_round.round_id, piece.piece_id)
    return RemoveFiles(place, (
        layout.piece_file(name, "file_info"), f"{name}/",
        layout.piece_placeholder(name, piece.start_scn, start=True),
        layout.piece_placeholder(name, piece.end_scn, start=False),
    ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class PieceWriting:
    """A piece that is to be written: which one, what lies in it, and the rows of the frozen ones before it.

    Of a piece that is there in part only what is new: `entries` are those behind the first `files_there` log files, and
    `streams_there` the log streams that have a directory.
    """

    layout: Layout
    dest_id: int
    round_id: int
    piece: ArchivePiece
    entries: Sequence[LogEntry]
    streams: Sequence[LogStreamId]
    holder: LogStreamId
    """The log stream that has the log."""
    earlier: Sequence[PieceRecord] = ()
    before: str = ""
    """Directory of the archive layout, with `/` at its end: a set's `complement_log`."""
    files_there: int = 0
    streams_there: Sequence[LogStreamId] = ()

    @property
    def name(self) -> str:
        """The piece's directory."""
        return self.layout.piece_name(self.dest_id, self.round_id, self.piece.piece_id)

    @property
    def checkpoint(self) -> str:
        """The file that has the checkpoint in its name."""
        return self.before + self.layout.piece_file(self.name, f"checkpoint/checkpoint.{self.piece.checkpoint_scn}")

    def phases(self) -> tuple[tuple[File, ...], ...]:
        """Its files."""
        log = log_files(self.entries, least=not self.files_there)
        streams = (*(stream for stream in self.streams if stream != self.holder), self.holder)
        record = piece_record(self.dest_id, self.round_id, self.piece, self.files_there + len(log), streams)
        return (
            tuple(self._placed(self._log(log))),
            (*self._placed(self._checkpoint_info(record)), (self.checkpoint, b"")),
            tuple(self._placed([("file_info", seal_record(Kind.PIECE_INFO, record))])),
            tuple(self._placed(self._frozen(record))),
            tuple((self.before + name, data) for name, data in self._placeholders()),
        )

    def _placed(self, files: Iterable[File]) -> Iterator[File]:
        for name, data in files:
            yield self.before + self.layout.piece_file(self.name, name), data

    def _log(self, log: Sequence[bytes]) -> Iterator[File]:
        for stream in self.streams:
            if stream not in self.streams_there:
                yield f"logstream_{stream}/file_info", self._mark(Kind.PIECE_INFOS)
                if stream != self.holder:
                    yield f"logstream_{stream}/log/1", log_files(())[0]
        for number, data in enumerate(log, self.files_there + 1):
            yield f"logstream_{self.holder}/log/{number}", data
        if not self.streams_there:
            yield f"logstream_1/schema_meta/{self.piece.start_scn}", self._mark(Kind.META)

    def _mark(self, kind: Kind) -> bytes:
        return seal_record(kind, CheckRecord(self.piece.piece_id, self.piece.start_scn))

    def _checkpoint_info(self, record: PieceRecord) -> Iterator[File]:
        yield "checkpoint/checkpoint_info.0", seal_record(Kind.CHECKPOINT, record)

    def _frozen(self, record: PieceRecord) -> Iterator[File]:
        if self.piece.frozen:
            yield "tenant_archive_piece_infos", seal_record(Kind.PIECE_INFOS, PieceRecords(tuple(self.earlier)))
            yield "single_piece_info", seal_record(Kind.PIECE_INFO, record)

    def _placeholders(self) -> Iterator[File]:
        layout, piece, name = self.layout, self.piece, self.name
        mark = seal_record(Kind.PLACEHOLDER, PlaceholderRecord(0, piece.piece_id))
        if not self.streams_there:
            yield layout.piece_placeholder(name, piece.start_scn, start=True), mark
        if piece.frozen:
            yield layout.piece_inner_placeholder(name, piece.start_scn, piece.end_scn), mark
            yield layout.piece_placeholder(name, piece.end_scn, start=False), mark
