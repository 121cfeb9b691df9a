"""Wrong files at a destination, wrong orders of writing and removing them, and readers that trust them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zlib import crc32

from msgspec.structs import replace as changed

from obsim.archive import written as archive_written
from obsim.archive.written import PieceWriting
from obsim.backup import written
from obsim.backup.set import SetStatus
from obsim.backup.written import _Directory
from obsim.cleanup import tenant as cleanup_tenant
from obsim.destination import envelope
from obsim.destination.layout import Layout
from obsim.restore import found_piece, found_set
from obsim.testing.defect import defect

DESTINATION = "destination"


def _phases(change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Any:
    """A wrong order of the phases in which a set or a piece is written."""

    def wrong(right: Any) -> Any:
        def phases(*arguments: Any) -> Any:
            return change(right(*arguments))

        return phases

    return wrong


@defect("a set's row is written before its data", DESTINATION, written, "set_files")
def _row_before_data(right: Any) -> Any:
    return _phases(lambda phases: (phases[3], *phases[:3], *phases[4:]))(right)


@defect("all files of a set are written at once, its row among them", DESTINATION, written, "set_files")
def _all_at_once(right: Any) -> Any:
    return _phases(lambda phases: (tuple(file for phase in phases for file in phase),))(right)


@defect("no placeholder says how a set has ended", DESTINATION, written, "set_files")
def _end_forgotten(right: Any) -> Any:
    return _phases(lambda phases: (*phases[:-1], phases[-1][:-1]))(right)


@defect("the end of a failed set says success", DESTINATION, Layout, "end_placeholder")
def _failure_called_success(right: Any) -> Any:
    return lambda layout, name, scn, *, succeeded: right(layout, name, scn, succeeded=succeeded or bool(name))


@defect("a file's checksum does not cover its tail", DESTINATION, envelope, "crc32")
def _tail_unchecked(right: Any) -> Any:
    return lambda data, start=0: right(memoryview(data)[: max(len(data) - 2, 0)], start)


@defect("nobody compares files with the sums of a set's row", DESTINATION, found_set, "_check_set")
def _sums_unread(_right: Any) -> Any:
    return lambda _found, _info, _sums: None


@defect("the row of a set counts its data files only", DESTINATION, written, "FileSum")
def _infos_uncounted(right: Any) -> Any:
    def file_sum(name: str, size: int, crc: int) -> Any:
        return right(name, size, crc) if "macro_block_data" in name else right("tenant_backup_set_infos.obbak", 0, 0)

    return file_sum


@defect("an index is that of another turn", DESTINATION, _Directory, "written")
def _other_turn(right: Any) -> Any:
    def files(self: _Directory) -> Any:
        own, self.record = self.record, changed(self.record, turn_id=self.record.turn_id + 1)
        yield from [*right(self)]
        self.record = own

    return files


@defect("an increment's data files hold the blocks of all before it too", DESTINATION, written, "_groups")
def _blocks_of_the_base(right: Any) -> Any:
    return lambda content, positions: [
        changed(group, logic_version=content.blocks.compactions[0].version) for group in right(content, positions)
    ]


@defect("rows of failed sets are left out of the rows of all sets", DESTINATION, written, "_is_there")
def _failed_left_out(right: Any) -> Any:
    return lambda backup_set: right(backup_set) and backup_set.status is SetStatus.SUCCESS


@defect("the row of a set is that of its beginning", DESTINATION, written, "row_of")
def _row_of_the_beginning(right: Any) -> Any:
    return lambda backup_set, compatible: changed(right(backup_set, compatible), macro_block_count=0)


@defect("a set keeps the compactions of its base's snapshot", DESTINATION, written, "ContentRecord")
def _content_of_the_base(right: Any) -> Any:
    def content(base_epoch: int, epoch: int, own: Any, picture: Any, facts: Any) -> Any:
        if picture is None or not base_epoch:
            return right(base_epoch, epoch, own, picture, facts)
        return right(base_epoch, base_epoch, (), picture, facts)

    return content


@defect("the placeholders of a deleted set stay", DESTINATION, cleanup_tenant, "_removal")
def _placeholders_stay(right: Any) -> Any:
    def removal(*arguments: Any) -> Any:
        going = right(*arguments)
        return replace(going, names=going.names[:2])

    return removal


@defect("the row of a deleted set goes last", DESTINATION, cleanup_tenant, "_removal")
def _row_goes_last(right: Any) -> Any:
    def removal(*arguments: Any) -> Any:
        going = right(*arguments)
        return replace(going, names=going.names[::-1])

    return removal


@defect("the row of a piece has the checkpoint of a while ago", DESTINATION, archive_written, "piece_record")
def _stale_checkpoint(right: Any) -> Any:
    def piece_record(*arguments: Any) -> Any:
        record = right(*arguments)
        return changed(record, checkpoint_scn=max(record.start_scn, record.checkpoint_scn - 1_000_000_000))

    return piece_record


@defect("the row of a piece is written before its log", DESTINATION, PieceWriting, "phases")
def _piece_row_first(right: Any) -> Any:
    return _phases(lambda phases: (phases[2], *phases[:2], *phases[3:]))(right)


@defect("a frozen piece has no placeholder of its end", DESTINATION, PieceWriting, "phases")
def _piece_end_forgotten(right: Any) -> Any:
    return _phases(lambda phases: (*phases[:-1], tuple(f for f in phases[-1] if "_end_" not in f[0])))(right)


@defect("a piece without a log file counts as whole", DESTINATION, found_piece, "_note_gaps")
def _gaps_unread(_right: Any) -> Any:
    return lambda _found, _record, _logs, _checkpoint: None


@defect("the log of a piece lacks its last entry", DESTINATION, archive_written, "log_files")
def _last_entry_unwritten(right: Any) -> Any:
    return lambda entries, *more, **named: right(entries[:-1], *more, **named)


@defect("damaged files are read all the same", DESTINATION, envelope, "_checked")
def _checksums_unread(right: Any) -> Any:
    def checked(data: bytes) -> Any:
        try:
            return right(data)
        except envelope.Damaged as damage:
            if "checksum" not in str(damage):
                raise
            head = data[: envelope.HEADER_BYTES - 4]
            body = data[envelope.HEADER_BYTES :]
            return right(head + crc32(body, crc32(head)).to_bytes(4, "big") + body)

    return checked
