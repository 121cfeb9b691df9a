"""What the core wants done at a destination, as data, and how it ended.

An intent is carried out by whoever can reach the medium (`obsim.destination_io`); its outcome is an input of the core
like a statement is. What an intent does with a store is here: plain calls of `Store`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from obsim.destination.envelope import FILE_BYTES_MAX, Damaged, Kind
from obsim.destination.layout import Layout
from obsim.destination.outcome import Intent, Outcome
from obsim.destination.records import CheckRecord, FormatRecord, read_record, seal_record
from obsim.destination.store import File, Store, StoreFailed
from obsim.destination.uri import BackupUri
from obsim.error_codes import OB_BACKUP_FORMAT_FILE_NOT_EXIST, OB_BACKUP_FORMAT_FILE_NOT_MATCH

__all__ = ["CheckFormat", "RemoveFiles", "SetDestination", "WriteFiles", "carried_out"]


def carried_out(intent: Intent, reach: Callable[[BackupUri], Store]) -> Outcome:
    """Do it in the store that `reach` opens; what fails is an outcome like any other."""
    try:
        return intent.carry_out(reach(intent.place))
    except StoreFailed as failed:
        return Outcome(failed.code)


def _read_format(store: Store, layout: Layout) -> FormatRecord | None:
    """What the format file says; None without one. Raises Damaged."""
    data = store.read(layout.format_file, FILE_BYTES_MAX)
    return None if data is None else read_record(Kind.FORMAT, FormatRecord, data)


@dataclass(frozen=True, slots=True)
class SetDestination:
    """A statement names a destination: an empty one gets a format file, any other has to have the right one.

    `expected` has the DEST_ID of a destination that the tenant knows; one it does not know has to be empty, and gets
    `new_dest_id`, as does one that somebody has emptied.
    """

    place: BackupUri
    layout: Layout
    expected: FormatRecord
    known: bool
    new_dest_id: int

    def carry_out(self, store: Store) -> Outcome:
        """9080 for a directory with other things in it, 9081 for somebody else's destination."""
        created = store.empty()
        if created:
            fresh = replace(self.expected, dest_id=self.new_dest_id)
            store.write([(self.layout.format_file, seal_record(Kind.FORMAT, fresh))])
        else:
            try:
                found = _read_format(store, self.layout)
            except Damaged:
                return Outcome(OB_BACKUP_FORMAT_FILE_NOT_MATCH)
            if found is None:
                return Outcome(OB_BACKUP_FORMAT_FILE_NOT_EXIST)
            if not self.known or not found.fits(self.expected):
                return Outcome(OB_BACKUP_FORMAT_FILE_NOT_MATCH)
        at_ns = self.expected.timestamp_ns
        check = CheckRecord(self.expected.tenant_id, at_ns)
        store.write([(self.layout.check_file(check.tenant_id, at_ns), seal_record(Kind.CHECK, check))])
        return Outcome(created=created)


@dataclass(frozen=True, slots=True)
class CheckFormat:
    """Work is about to begin: the destination has to be there, and to be the tenant's."""

    place: BackupUri
    layout: Layout
    expected: FormatRecord

    def carry_out(self, store: Store) -> Outcome:
        """9080 where there is no format file, 9081 where it is another one."""
        try:
            found = _read_format(store, self.layout)
        except Damaged:
            return Outcome(OB_BACKUP_FORMAT_FILE_NOT_MATCH)
        if found is None:
            return Outcome(OB_BACKUP_FORMAT_FILE_NOT_EXIST)
        return Outcome(0 if found.fits(self.expected) else OB_BACKUP_FORMAT_FILE_NOT_MATCH)


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Files in phases: all of a phase are there before one of the next is begun, so that what is whole comes last."""

    place: BackupUri
    phases: tuple[tuple[File, ...], ...]

    def carry_out(self, store: Store) -> Outcome:
        """Write them."""
        for phase in self.phases:
            store.write(phase)
        return Outcome()


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """Files, and with a `/` at the end whole directories, in the order they go."""

    place: BackupUri
    names: tuple[str, ...]

    def carry_out(self, store: Store) -> Outcome:
        """Remove them."""
        store.remove(self.names)
        return Outcome()
