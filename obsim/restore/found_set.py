"""Backup sets as they are found at destinations, and the rows and contents that a restore makes of them.

What does not fit makes its set `broken`, with the reasons (`reading`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from obsim.archive.log import LogEntry, RedoLog
from obsim.backup.complement import ComplementLog
from obsim.backup.content import SetContent
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, Counters, FileStatus, SetStatus
from obsim.destination.envelope import FILE_BYTES_MAX, Damaged, Kind
from obsim.destination.records import SetInfo, SetRow, read_record
from obsim.destination.store import Store
from obsim.ids import BackupSetId, Bytes, Nanoseconds, Scn, TenantId
from obsim.restore.content_checks import check_content
from obsim.restore.found_piece import PIECE, FoundPiece, ReadFacts, check_kind, matches, note, take_piece, with_facts
from obsim.storage.macroblocks import BaselineBlocks
from obsim.storage.stored import ContentRecord, read_stored

__all__ = ["FoundSet", "backup_set_of", "give_complement", "give_content", "read_set"]

UNFINISHED = "it has no single_backup_set_info: it was never written to the end, or is being deleted"


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
    log_pieces: list[FoundPiece] = field(default_factory=list)

    @property
    def damaged(self) -> bool:
        """Whether something is wrong with it beyond never having been finished."""
        return any(reason != UNFINISHED for reason in self.broken)

    @property
    def directory(self) -> str:
        """Its name."""
        return f"backup_set_{self.backup_set_id}_{'full' if self.full else 'inc'}"


def read_set(store: Store, number: int, full: bool) -> FoundSet:
    """The set of a number. Raises StoreFailed."""
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
            check_kind(found.broken, name, data)
    if info is None:
        note(found.broken, UNFINISHED)
        return found
    try:
        found.info = read_record(Kind.SET_INFO, SetInfo, info)
    except Damaged as damage:
        note(found.broken, f"single_backup_set_info: {damage}")
        return found
    _check_set(found, found.info, sums)
    _read_complement(found, complement)
    return found


def _check_set(found: FoundSet, info: SetInfo, sums: Mapping[str, tuple[int, int]]) -> None:
    """Whether every file that the row counts is there as it was written, and the row is that of its directory."""
    if (info.row.backup_set_id, info.row.backup_type == "FULL") != (found.backup_set_id, found.full):
        note(found.broken, "its row is that of another set")
    for file in info.files:
        there = sums.get(file.name)
        if there is None:
            note(found.broken, f"{file.name} is missing")
        elif there != (file.stored_bytes, file.crc):
            note(found.broken, f"{file.name} is not as it was written")


def _read_complement(found: FoundSet, files: Mapping[str, bytes]) -> None:
    """The pieces of a `complement_log`, which are in the row's sums."""
    by_piece: dict[str, list[tuple[str, bytes]]] = {}
    for name, data in files.items():
        directory, slash, rest = name.partition("/")
        by_piece.setdefault(directory + slash, []).append((rest, data))
    for parts in sorted(matches(PIECE, by_piece), key=lambda parts: tuple(map(int, parts))):
        piece = FoundPiece(int(parts[0]), int(parts[1]), int(parts[2]))
        take_piece(piece, by_piece[f"{piece.directory}/"])
        found.log_pieces.append(piece)
        found.broken += piece.broken
        found.log += piece.log


def backup_set_of(info: SetInfo, path: str, *, broken: bool) -> BackupSet:
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


def give_content(
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
        note(found.broken, f"content: {damage}")
        backup_set.file_status = FileStatus.BROKEN
        return
    blocks = BaselineBlocks(compactions=[*earlier, *record.compactions])
    live = blocks.live_at(record.epoch)
    backup_set.content = SetContent(
        blocks, record.base_epoch, record.epoch, live, picture=record.picture, facts=facts
    )


def give_complement(backup_set: BackupSet, found: FoundSet, read_facts: ReadFacts | None) -> None:
    """The log that a set holds itself; without `read_facts` its pieces only. A set with another one is broken."""
    pieces = tuple(piece for one in found.log_pieces if (piece := one.piece) is not None)
    if not pieces:
        return
    try:
        entries = [with_facts(entry, read_facts) for entry in found.log] if read_facts is not None else []
    except Damaged as damage:
        note(found.broken, f"complement_log: {damage}")
        backup_set.file_status = FileStatus.BROKEN
        return
    backup_set.complement = ComplementLog(pieces, (), RedoLog(entries))
