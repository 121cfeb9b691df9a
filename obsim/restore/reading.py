"""Sets and pieces as they are found at destinations, whoever wrote them there.

Everything that is read is distrusted: names are looked at by pattern, files by checksum and type, and what does not fit
makes its set or piece `broken`, with the reasons, never the whole destination. Which version's names a destination has
says its format file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from re import Pattern
from re import compile as pattern
from typing import Any, ClassVar
from zlib import crc32

from obsim.archive.log import FactsChanged, LogEntry, RedoLog
from obsim.archive.piece import ArchivePiece
from obsim.archive.written import log_entries
from obsim.backup.complement import ComplementLog
from obsim.backup.content import SetContent
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, Counters, FileStatus, SetStatus
from obsim.destination.envelope import FILE_BYTES_MAX, Damaged, Kind, sealed_kind
from obsim.destination.outcome import Outcome
from obsim.destination.records import FormatRecord, PieceRecord, SetInfo, SetRow, read_record
from obsim.destination.store import File, Store, Transcript
from obsim.destination.uri import BackupUri
from obsim.error_codes import OB_BACKUP_FORMAT_FILE_NOT_EXIST, OB_BACKUP_FORMAT_FILE_NOT_MATCH
from obsim.ids import BackupSetId, Bytes, Nanoseconds, Scn, TenantId
from obsim.restore.content_checks import check_content
from obsim.storage.macroblocks import BaselineBlocks
from obsim.storage.stored import ContentRecord, read_stored

__all__ = ["FoundDestination", "FoundPiece", "FoundSet", "ReadDestination", "read_destination", "read_pieces"]

_SUFFIXES = (".obbak", "")
_MARKS = frozenset({"check_file/", "backup_sets/", "rounds/", "pieces/"})
"""Directories of check files and placeholders."""
_SET = pattern(r"backup_set_([1-9][0-9]{0,8})_(full|inc)/")
_PIECE = pattern(r"piece_d([0-9]{1,9})r([0-9]{1,9})p([0-9]{1,9})/")
_LOG_FILE = pattern(r"logstream_([1-9][0-9]{0,17})/log/([1-9][0-9]{0,8})(?:\.obarc)?")
_CHECKPOINT = pattern(r"checkpoint/checkpoint\.([0-9]{1,19})(?:\.obarc)?")
_REASONS_MAX = 20
UNFINISHED = "it has no single_backup_set_info: it was never written to the end, or is being deleted"
UNBEGUN = "it has no file_info: it was never begun, or is being deleted"
ReadFacts = Callable[[bytes], Any]


@dataclass(slots=True)
class FoundSet:
    """A set's directory. `info` is None where the row is missing or damaged."""

    backup_set_id: BackupSetId
    full: bool
    info: SetInfo | None = None
    broken: list[str] = field(default_factory=list)
    """What is wrong with it, empty for a whole one."""
    file_count: int = 0
    stored_bytes: int = 0
    content: bytes = b""
    log: list[LogEntry] = field(default_factory=list)
    """Of its `complement_log`."""
    log_pieces: "list[FoundPiece]" = field(default_factory=list)

    @property
    def damaged(self) -> bool:
        """Whether something is wrong with it beyond never having been finished."""
        return any(reason != UNFINISHED for reason in self.broken)

    @property
    def directory(self) -> str:
        """Its name."""
        return f"backup_set_{self.backup_set_id}_{'full' if self.full else 'inc'}"


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
        return [_with_facts(entry, read_facts) for entry in self.log]


@dataclass(frozen=True, slots=True)
class FoundDestination:
    """What is at one destination, sets and pieces in order of id."""

    place: BackupUri
    format: FormatRecord
    sets: tuple[FoundSet, ...]
    pieces: tuple[FoundPiece, ...]
    files: tuple[File, ...] = field(default=(), repr=False)
    """What all this was made of, for who keeps outcomes: read in a MemoryStore of them it is the same again."""
    broken: tuple[str, ...] = ()
    """What is wrong with check files and placeholders, which no restore reads."""

    @property
    def damaged(self) -> bool:
        """Whether anything is wrong with what was written to the end."""
        return bool(self.broken) or any(s.damaged for s in self.sets) or any(p.damaged for p in self.pieces)

    def backup_sets(self, read_facts: ReadFacts | None = None) -> list[BackupSet]:
        """The sets as rows; with `read_facts` each whole one with its content, as a restore needs it."""
        made: dict[BackupSetId, BackupSet] = {}
        for found in self.sets:
            if found.info is not None:
                backup_set = _backup_set(found.info, self.place.path, broken=bool(found.broken))
                _give_complement(backup_set, found, read_facts)
                made[backup_set.backup_set_id] = backup_set
                if read_facts is not None and backup_set.usable:
                    _give_content(backup_set, found, made, read_facts)
        return list(made.values())

    def redo_log(self, read_facts: ReadFacts) -> RedoLog:
        """The log of all whole pieces; one whose facts cannot be read is none of them any more."""
        entries: list[LogEntry] = []
        for piece in self.pieces:
            try:
                entries += piece.entries(read_facts) if not piece.broken else ()
            except Damaged as damage:
                _note(piece.broken, f"log: {damage}")
        return RedoLog(entries)


@dataclass(frozen=True, slots=True)
class ReadDestination:
    """Read all of a destination: the outcome holds a FoundDestination."""

    at_rest: ClassVar[bool] = False
    place: BackupUri

    def carry_out(self, store: Store) -> Outcome:
        """9080 without a format file, 9081 for one that cannot be read."""
        transcript = Transcript(store)
        try:
            found = read_destination(self.place, transcript)
        except Damaged:
            return Outcome(OB_BACKUP_FORMAT_FILE_NOT_MATCH)
        if found is None:
            return Outcome(OB_BACKUP_FORMAT_FILE_NOT_EXIST)
        return Outcome(found=replace(found, files=transcript.read_files()))


def read_destination(place: BackupUri, store: Store) -> FoundDestination | None:
    """What is there; None without a format file. Raises Damaged for one that cannot be read, and StoreFailed."""
    record = None
    for suffix in _SUFFIXES:
        data = store.read(f"format{suffix}", FILE_BYTES_MAX)
        if data is not None:
            record = read_record(Kind.FORMAT, FormatRecord, data)
            break
    if record is None:
        return None
    names = store.names()
    sets = sorted(_matches(_SET, names), key=lambda parts: int(parts[0]))
    return FoundDestination(
        place, record, tuple(_read_set(store, int(number), full == "full") for number, full in sets),
        _read_pieces(store, names), broken=_broken_marks(store, names),
    )  # fmt: skip


def read_pieces(store: Store, first_piece_id: int = 0) -> tuple[FoundPiece, ...]:
    """The pieces of a destination from one on, in order of id. Raises StoreFailed."""
    return _read_pieces(store, store.names(), first_piece_id)


def _matches(wanted: Pattern[str], names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    return (found.groups() for found in map(wanted.fullmatch, names) if found)


def _broken_marks(store: Store, names: Iterable[str]) -> tuple[str, ...]:
    broken: list[str] = []
    for directory in sorted(_MARKS.intersection(names)):
        for name, data in store.walk(directory.removesuffix("/"), FILE_BYTES_MAX):
            _check_kind(broken, directory + name, data)
    return tuple(broken)


def _note(broken: list[str], reason: str) -> None:
    if len(broken) < _REASONS_MAX:
        broken.append(reason)


# Sets.


def _read_set(store: Store, number: int, full: bool) -> FoundSet:
    found = FoundSet(BackupSetId(number), full)
    sums: dict[str, tuple[int, int]] = {}
    complement: dict[str, bytes] = {}
    info = None
    for name, data in store.walk(found.directory, FILE_BYTES_MAX):
        found.file_count += 1
        found.stored_bytes += len(data)
        stem = name.removesuffix(".obbak")
        sums[name] = len(data), crc32(data)
        if stem == "single_backup_set_info":
            info = data
        elif stem == "infos/meta_info/ls_meta_infos":
            found.content = data
        elif stem.startswith("complement_log/"):
            complement[name.removeprefix("complement_log/")] = data
        elif stem.startswith("backup_set_"):  # a placeholder: the row, which counts all others, does not know it
            _check_kind(found.broken, name, data)
    if info is None:
        _note(found.broken, UNFINISHED)
        return found
    try:
        found.info = read_record(Kind.SET_INFO, SetInfo, info)
    except Damaged as damage:
        _note(found.broken, f"single_backup_set_info: {damage}")
        return found
    _check_set(found, found.info, sums)
    _read_complement(found, complement)
    return found


def _check_kind(broken: list[str], name: str, data: bytes) -> None:
    try:
        sealed_kind(data)
    except Damaged as damage:
        _note(broken, f"{name}: {damage}")


def _check_set(found: FoundSet, info: SetInfo, sums: Mapping[str, tuple[int, int]]) -> None:
    """Whether every file that the row counts is there as it was written, and the row is that of its directory."""
    if (info.row.backup_set_id, info.row.backup_type == "FULL") != (found.backup_set_id, found.full):
        _note(found.broken, "its row is that of another set")
    for file in info.files:
        there = sums.get(file.name)
        if there is None:
            _note(found.broken, f"{file.name} is missing")
        elif there != (file.stored_bytes, file.crc):
            _note(found.broken, f"{file.name} is not as it was written")


def _read_complement(found: FoundSet, files: Mapping[str, bytes]) -> None:
    """The pieces of a `complement_log`, which are in the row's sums."""
    by_piece: dict[str, list[tuple[str, bytes]]] = {}
    for name, data in files.items():
        directory, slash, rest = name.partition("/")
        by_piece.setdefault(directory + slash, []).append((rest, data))
    for parts in sorted(_matches(_PIECE, by_piece), key=lambda parts: tuple(map(int, parts))):
        piece = FoundPiece(int(parts[0]), int(parts[1]), int(parts[2]))
        _take_piece(piece, by_piece[f"{piece.directory}/"])
        found.log_pieces.append(piece)
        found.broken += piece.broken
        found.log += piece.log


def _backup_set(info: SetInfo, path: str, *, broken: bool) -> BackupSet:
    """The row; what cannot be read any more is BROKEN."""
    r = info.row
    file_status = FileStatus.BROKEN if broken else _word(FileStatus, r.file_status, FileStatus.BROKEN)
    return BackupSet(
        TenantId(r.tenant_id), BackupSetId(r.backup_set_id), r.dest_id, path,
        _word(BackupType, r.backup_type, BackupType.FULL), BackupSetId(r.prev_full_id), BackupSetId(r.prev_inc_id),
        BackupSetId(r.base_id), Nanoseconds(r.start_ns), r.plus_archivelog, r.encryption_mode, r.passwd,
        r.tenant_compatible, r.cluster_version, Nanoseconds(r.end_ns), _word(SetStatus, r.status, SetStatus.FAILED),
        file_status, r.result, r.comment, Scn(r.start_replay_scn), Scn(r.min_restore_scn), Scn(r.consistent_scn),
        _counters(r), r.meta_turn_id, r.data_turn_id, r.minor_turn_id, r.major_turn_id,
        delta_block_count=info.delta_block_count,
    )  # fmt: skip


def _counters(r: SetRow) -> Counters:
    return Counters(
        Bytes(r.input_bytes), Bytes(r.output_bytes), Bytes(r.extra_meta_bytes), r.tablet_count, r.finish_tablet_count,
        r.macro_block_count, r.finish_macro_block_count, r.file_count,
    )  # fmt: skip


def _word(words: Any, text: str, otherwise: Any) -> Any:
    """The member of an enumeration that a text names."""
    try:
        return words(text)
    except ValueError:
        return otherwise


def _give_content(
    backup_set: BackupSet, found: FoundSet, before: Mapping[BackupSetId, BackupSet], read_facts: ReadFacts
) -> None:
    """What a restore needs of a set: its own compactions behind those of its base. A set without it is broken."""
    base = before.get(backup_set.base_id)
    earlier = base.content.compactions if base is not None and base.content is not None else ()
    try:
        record = read_stored(Kind.CONTENT, ContentRecord, found.content)
        check_content(record, len(earlier))
        facts = read_facts(record.facts)
    except Damaged as damage:
        _note(found.broken, f"content: {damage}")
        backup_set.file_status = FileStatus.BROKEN
        return
    blocks = BaselineBlocks(compactions=[*earlier, *record.compactions])
    live = blocks.live_at(record.epoch)
    backup_set.content = SetContent(
        blocks, record.base_epoch, record.epoch, live, picture=record.picture, facts=facts
    )


def _give_complement(backup_set: BackupSet, found: FoundSet, read_facts: ReadFacts | None) -> None:
    """The log that a set holds itself; without `read_facts` its pieces only. A set with another one is broken."""
    pieces = tuple(piece for one in found.log_pieces if (piece := one.piece) is not None)
    if not pieces:
        return
    try:
        entries = [_with_facts(entry, read_facts) for entry in found.log] if read_facts is not None else []
    except Damaged as damage:
        _note(found.broken, f"complement_log: {damage}")
        backup_set.file_status = FileStatus.BROKEN
        return
    backup_set.complement = ComplementLog(pieces, (), RedoLog(entries))


def _with_facts(entry: LogEntry, read_facts: ReadFacts) -> LogEntry:
    if isinstance(entry.change, FactsChanged):
        return LogEntry(entry.scn, entry.number, FactsChanged(read_facts(entry.change.facts.data)))
    return entry


# Pieces.


def _read_pieces(store: Store, names: Iterable[str], first_piece_id: int = 0) -> tuple[FoundPiece, ...]:
    wanted = (tuple(map(int, parts)) for parts in _matches(_PIECE, names))
    return tuple(_read_piece(store, *parts) for parts in sorted(wanted) if parts[2] >= first_piece_id)


def _read_piece(store: Store, dest_id: int, round_id: int, piece_id: int) -> FoundPiece:
    found = FoundPiece(dest_id, round_id, piece_id)
    _take_piece(found, store.walk(found.directory, FILE_BYTES_MAX))
    return found


def _take_piece(found: FoundPiece, files: Iterable[tuple[str, bytes]]) -> None:
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
            _note(found.broken, f"{name}: {damage}")
    record = found.record
    if record is None:
        _note(found.broken, UNBEGUN)
        return
    if (record.dest_id, record.round_id, record.piece_id) != (found.dest_id, found.round_id, found.piece_id):
        _note(found.broken, "its row is that of another piece")
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
            _note(found.broken, f"a log file of log stream {stream} is missing")
    if checkpoint < record.checkpoint_scn:
        _note(found.broken, "its checkpoint is missing")

