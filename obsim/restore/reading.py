"""What is found at a destination, whoever wrote it there.

Everything that is read is distrusted: names are looked at by pattern, files by checksum and type, and what does not fit
makes its set or piece `broken`, with the reasons, never the whole destination. Which version's names a destination has
says its format file.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from re import compile as pattern
from typing import TYPE_CHECKING, ClassVar

from obsim.archive.log import LogEntry, RedoLog
from obsim.backup.set import BackupSet
from obsim.destination.envelope import FILE_BYTES_MAX, Damaged, Kind
from obsim.destination.outcome import Outcome
from obsim.destination.records import FormatRecord, read_record
from obsim.destination.store import File, Store, Transcript
from obsim.destination.uri import BackupUri
from obsim.error_codes import OB_BACKUP_FORMAT_FILE_NOT_EXIST, OB_BACKUP_FORMAT_FILE_NOT_MATCH
from obsim.restore.found_piece import FoundPiece, ReadFacts, check_kind, matches, note, read_pieces
from obsim.restore.found_set import FoundSet, backup_set_of, give_complement, give_content, read_set

if TYPE_CHECKING:
    from obsim.ids import BackupSetId

__all__ = ["FoundDestination", "ReadDestination", "read_destination"]

_SUFFIXES = (".obbak", "")
_MARKS = frozenset({"check_file/", "backup_sets/", "rounds/", "pieces/"})
"""Directories of check files and placeholders."""
_SET = pattern(r"backup_set_([1-9][0-9]{0,8})_(full|inc)/")


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
                backup_set = backup_set_of(found.info, self.place.path, broken=bool(found.broken))
                give_complement(backup_set, found, read_facts)
                made[backup_set.backup_set_id] = backup_set
                if read_facts is not None and backup_set.usable:
                    give_content(backup_set, found, made, read_facts)
        return list(made.values())

    def redo_log(self, read_facts: ReadFacts) -> RedoLog:
        """The log of all whole pieces; one whose facts cannot be read is none of them any more."""
        entries: list[LogEntry] = []
        for piece in self.pieces:
            try:
                entries += piece.entries(read_facts) if not piece.broken else ()
            except Damaged as damage:
                note(piece.broken, f"log: {damage}")
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
    sets = sorted(matches(_SET, names), key=lambda parts: int(parts[0]))
    return FoundDestination(
        place, record, tuple(read_set(store, int(number), full == "full") for number, full in sets),
        read_pieces(store, names), broken=_broken_marks(store, names),
    )  # fmt: skip


def _broken_marks(store: Store, names: Iterable[str]) -> tuple[str, ...]:
    broken: list[str] = []
    for directory in sorted(_MARKS.intersection(names)):
        for name, data in store.walk(directory.removesuffix("/"), FILE_BYTES_MAX):
            check_kind(broken, directory + name, data)
    return tuple(broken)
