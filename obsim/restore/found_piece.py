"""Pieces as they are found at destinations, and what the files of sets and pieces have in common.

What does not fit makes its piece `broken`, with the reasons (`reading`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from re import Pattern
from re import compile as pattern
from typing import Any

from obsim.archive.log import FactsChanged, LogEntry
from obsim.archive.piece import ArchivePiece
from obsim.archive.written import log_entries
from obsim.destination.envelope import FILE_BYTES_MAX, Damaged, Kind, sealed_kind
from obsim.destination.records import PieceRecord, read_record
from obsim.destination.store import Store
from obsim.ids import Bytes, Scn

__all__ = [
    "PIECE", "FoundPiece", "ReadFacts", "check_kind", "matches", "note", "read_pieces", "take_piece", "with_facts",
]  # fmt: skip

PIECE = pattern(r"piece_d([0-9]{1,9})r([0-9]{1,9})p([0-9]{1,9})/")
_LOG_FILE = pattern(r"logstream_([1-9][0-9]{0,17})/log/([1-9][0-9]{0,8})(?:\.obarc)?")
_CHECKPOINT = pattern(r"checkpoint/checkpoint\.([0-9]{1,19})(?:\.obarc)?")
_REASONS_MAX = 20
UNBEGUN = "it has no file_info: it was never begun, or is being deleted"
ReadFacts = Callable[[bytes], Any]


@dataclass(slots=True)
class FoundPiece:
    """A piece's directory."""

    dest_id: int
    round_id: int
    piece_id: int
    record: PieceRecord | None = None
    broken: list[str] = field(default_factory=list)
    file_count: int = 0
    stored_bytes: int = 0
    log: list[LogEntry] = field(default_factory=list)

    @property
    def damaged(self) -> bool:
        """Whether something is wrong with it beyond never having been begun."""
        return any(reason != UNBEGUN for reason in self.broken)

    @property
    def directory(self) -> str:
        """Its name."""
        return f"piece_d{self.dest_id}r{self.round_id}p{self.piece_id}"

    @property
    def piece(self) -> ArchivePiece | None:
        """The row, None for a broken one."""
        r = self.record
        if r is None or self.broken:
            return None
        return ArchivePiece(
            r.piece_id, Scn(r.start_scn), Scn(r.end_scn), Scn(r.checkpoint_scn), Bytes(r.input_bytes), r.frozen,
            r.complete,
        )  # fmt: skip

    def entries(self, read_facts: ReadFacts) -> list[LogEntry]:
        """Its log, facts as `read_facts` makes them. Raises Damaged."""
        return [with_facts(entry, read_facts) for entry in self.log]


def read_pieces(store: Store, names: Iterable[str], first_piece_id: int = 0) -> tuple[FoundPiece, ...]:
    """Of the `names` at a destination the pieces from one on, in order of id. Raises StoreFailed."""
    wanted = (tuple(map(int, parts)) for parts in matches(PIECE, names))
    return tuple(_read_piece(store, *parts) for parts in sorted(wanted) if parts[2] >= first_piece_id)


def _read_piece(store: Store, dest_id: int, round_id: int, piece_id: int) -> FoundPiece:
    found = FoundPiece(dest_id, round_id, piece_id)
    take_piece(found, store.walk(found.directory, FILE_BYTES_MAX))
    return found


def take_piece(found: FoundPiece, files: Iterable[tuple[str, bytes]]) -> None:
    """Take in the files of a piece, by their names in its directory."""
    checkpoint = 0
    logs: dict[tuple[int, int], list[LogEntry]] = {}
    for name, data in files:
        found.file_count += 1
        found.stored_bytes += len(data)
        at = _CHECKPOINT.fullmatch(name)
        number = _LOG_FILE.fullmatch(name)
        try:
            if at is not None:
                checkpoint = max(checkpoint, int(at[1]))
            elif number is not None:
                logs[int(number[1]), int(number[2])] = list(log_entries(data))
            elif name.removesuffix(".obarc") == "file_info":
                found.record = read_record(Kind.PIECE_INFO, PieceRecord, data)
            else:
                sealed_kind(data)
        except Damaged as damage:
            note(found.broken, f"{name}: {damage}")
    record = found.record
    if record is None:
        note(found.broken, UNBEGUN)
        return
    if (record.dest_id, record.round_id, record.piece_id) != (found.dest_id, found.round_id, found.piece_id):
        note(found.broken, "its row is that of another piece")
    _note_gaps(found, record, logs, checkpoint)
    last_scn = record.end_scn - 1 if record.frozen else record.checkpoint_scn
    told = (logs[place] for place in sorted(logs) if place[1] <= record.log_file_count)  # else the row is of before
    found.log = sorted(
        (entry for entries in told for entry in entries if entry.scn <= last_scn),
        key=lambda entry: (entry.scn, entry.number),
    )  # fmt: skip


def _note_gaps(
    found: FoundPiece, record: PieceRecord, logs: Mapping[tuple[int, int], object], checkpoint: int
) -> None:
    for stream in record.log_streams:
        count = record.log_file_count if stream == record.log_streams[-1] else 1
        there = {number for at, number in logs if at == stream}
        if len(there) < count or not all(number in there for number in range(1, count + 1)):
            note(found.broken, f"a log file of log stream {stream} is missing")
    if checkpoint < record.checkpoint_scn:
        note(found.broken, "its checkpoint is missing")


# Of sets too.


def matches(wanted: Pattern[str], names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """What the groups of a pattern found, for each name that fits it as a whole."""
    return (found.groups() for found in map(wanted.fullmatch, names) if found)


def note(broken: list[str], reason: str) -> None:
    """One more reason, unless there are many."""
    if len(broken) < _REASONS_MAX:
        broken.append(reason)


def check_kind(broken: list[str], name: str, data: bytes) -> None:
    """A file that is only looked at: damage is a reason."""
    try:
        sealed_kind(data)
    except Damaged as damage:
        note(broken, f"{name}: {damage}")


def with_facts(entry: LogEntry, read_facts: ReadFacts) -> LogEntry:
    """The entry, its facts as `read_facts` makes them. Raises Damaged."""
    if isinstance(entry.change, FactsChanged):
        return LogEntry(entry.scn, entry.number, FactsChanged(read_facts(entry.change.facts.data)))
    return entry
