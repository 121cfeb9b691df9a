"""What a backup set is at its destination: its files, and in which order they are written (engine.md 6.1).

    data and indexes of the log streams -> infos -> all rows of the tenant -> the set's own row -> placeholders

A set that has its row, `single_backup_set_info`, is whole: the row comes after everything that it counts. A data file
holds the positions of its blocks by the compaction that wrote them; how large it is in the model say row and indexes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from zlib import crc32

from msgspec.structs import replace
from pyroaring import BitMap64

from obsim.archive.written import PieceWriting
from obsim.backup.content import SetContent
from obsim.backup.context import RunContext
from obsim.backup.files import DataFiles
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.destination.blocks import encode_positions
from obsim.destination.envelope import Kind
from obsim.destination.intents import RemoveFiles, WriteFiles
from obsim.destination.layout import Layout, SetName
from obsim.destination.records import (
    BlockGroup,
    DataFileRecord,
    DataRecord,
    DirectoryRecord,
    FileSum,
    IndexRecord,
    MetaRecord,
    PlaceholderRecord,
    SetInfo,
    SetInfos,
    SetRow,
    seal_record,
)
from obsim.destination.store import File
from obsim.ids import BackupSetId, LogStreamId
from obsim.storage.macroblocks import SLOT_BITS
from obsim.storage.stored import ContentRecord, encode_facts, seal_stored

__all__ = ["WRITINGS", "name_of", "removal_of", "row_of", "set_files"]

Phases = tuple[tuple[File, ...], ...]
INCARNATION = 1


def name_of(backup_set: BackupSet) -> SetName:
    """What a set is called."""
    return SetName(backup_set.backup_set_id, backup_set.backup_type is BackupType.FULL)


def row_of(backup_set: BackupSet, backup_compatible: int) -> SetRow:
    """A set as its row."""
    s, counters = backup_set, backup_set.counters
    return SetRow(
        INCARNATION, s.tenant_id, s.backup_set_id, s.dest_id, s.path, s.backup_type.value, s.prev_full_id,
        s.prev_inc_id, s.base_id, s.start_ns, s.end_ns, s.status.value, s.file_status.value, s.result, s.comment,
        s.encryption_mode, s.passwd, s.plus_archivelog, s.tenant_compatible, s.cluster_version, backup_compatible,
        s.start_replay_scn, s.min_restore_scn, s.consistent_scn, s.meta_turn_id, s.data_turn_id, s.minor_turn_id,
        s.major_turn_id, counters.input_bytes, counters.output_bytes, counters.extra_meta_bytes,
        counters.tablet_count, counters.finish_tablet_count, counters.macro_block_count,
        counters.finish_macro_block_count, counters.file_count,
    )  # fmt: skip


def removal_of(context: RunContext, backup_set: BackupSet) -> RemoveFiles:
    """What goes with a set, in order: first its row, so that what is left is no set any more."""
    layout, name = context.layout, name_of(backup_set)
    succeeded = backup_set.status is SetStatus.SUCCESS
    return RemoveFiles(context.settings.place(backup_set.dest_id), (
        layout.set_info(name), f"{name.text}/", layout.start_placeholder(name),
        layout.end_placeholder(name, backup_set.min_restore_scn, succeeded=succeeded),
    ))  # fmt: skip


def set_files(context: RunContext, backup_set: BackupSet, sets: Mapping[BackupSetId, BackupSet]) -> Phases:
    """All files of a set that has ended, well or not."""
    layout, name = context.layout, name_of(backup_set)
    streams = list(context.storage.log_stream_ids)
    directories = _directories(layout, backup_set, streams)
    data = tuple(chain.from_iterable(d.written() for d in directories))
    metas = tuple(_stream_metas(context, backup_set, streams))
    infos = tuple(_infos(context, backup_set, streams, directories))
    compatible = context.profile.backup_compatible
    rows = [row_of(s, compatible) for s in sets.values() if s.dest_id == backup_set.dest_id and _is_there(s)]
    log = _complement_log(layout, backup_set)
    all_rows = (layout.tenant_set_infos(name), seal_record(Kind.SET_INFOS, SetInfos(tuple(rows))))
    first = f"{name.text}/"
    sums = tuple(
        FileSum(path.removeprefix(first), len(data), crc32(data))
        for path, data in chain(data, metas, log, infos, (all_rows,))
    )
    info = SetInfo(
        row_of(backup_set, compatible), backup_set.delta_block_count, tuple(d.record for d in directories), sums
    )
    succeeded = backup_set.status is SetStatus.SUCCESS
    damaged = set(_damaged_files(layout, backup_set))
    arrived = tuple((path, _damage(data) if path in damaged else data) for path, data in data)
    return (
        (*arrived, *metas, *log),
        infos,
        (all_rows,),
        ((layout.set_info(name), seal_record(Kind.SET_INFO, info)),),
        (
            _placeholder(
                layout.inner_placeholder(name, backup_set.start_replay_scn, backup_set.min_restore_scn), backup_set
            ),
            _placeholder(
                layout.end_placeholder(name, backup_set.min_restore_scn, succeeded=succeeded), backup_set
            ),
        ),
    )


def _damaged_files(layout: Layout, backup_set: BackupSet) -> Iterator[str]:
    """Paths of the data files with a block whose checksum is to be wrong: what reads them finds out."""
    content = backup_set.content
    if content is None or not content.damaged:
        return
    for _, where in content.locate(backup_set.backup_set_id, content.damaged):
        word = layout.data_word("major")
        directory = layout.stream_directory(
            name_of(backup_set), where.log_stream_id, word, where.turn_id, where.retry_id
        )
        yield f"{directory}/{layout.data_file(where.file_id)}"


def _damage(data: bytes) -> bytes:
    """Other bytes at the end than were sent."""
    return data[:-1] + bytes([data[-1] ^ 0xFF])


def _is_there(backup_set: BackupSet) -> bool:
    return bool(backup_set.end_ns) and backup_set.file_status is not FileStatus.DELETED


def _placeholder(path: str, backup_set: BackupSet) -> File:
    return path, seal_record(Kind.PLACEHOLDER, PlaceholderRecord(backup_set.tenant_id, backup_set.backup_set_id))


# Directories of data files.


class _Directory:
    """A directory of a log stream: its data files, and the indexes behind them."""

    def __init__(self, layout: Layout, path: str, record: DirectoryRecord, payloads: Iterable[DataRecord]) -> None:
        self.layout = layout
        self.path = path
        self.record = record
        self.payloads = tuple(payloads)

    def written(self) -> Iterator[File]:
        """Its files."""
        for file, payload in zip(self.record.files, self.payloads, strict=True):
            yield f"{self.path}/{self.layout.data_file(file.file_id)}", seal_record(Kind.DATA, payload)
        index = seal_record(Kind.INDEX, IndexRecord((self.record,)))
        for name in self.layout.stream_indexes():
            yield f"{self.path}/{name}", index


def _directories(layout: Layout, backup_set: BackupSet, streams: Iterable[LogStreamId]) -> list[_Directory]:
    """Of each log stream system data, minor data and major data; one without blocks has empty ones."""
    content = backup_set.content
    found: dict[str, tuple[DirectoryRecord, list[DataRecord]]] = {}
    name = name_of(backup_set)

    def directory(stream: int, data_type: str, turn_id: int, retry_id: int) -> tuple[str, list[DataRecord]]:
        path = layout.stream_directory(name, stream, layout.data_word(data_type), turn_id, retry_id)
        empty = DirectoryRecord(stream, layout.data_word(data_type), turn_id, retry_id, ())
        return path, found.setdefault(path, (empty, []))[1]

    for stream in streams:
        for data_type in ("sys", "minor", "major"):
            directory(stream, data_type, 1, 0)
    if content is not None:
        for files in content.files:
            path, payloads = directory(files.log_stream_id, files.data_type, files.turn_id, files.retry_id)
            record = found[path][0]
            first = len(payloads)
            cut = files.cut
            added = tuple(
                DataFileRecord(first + n, files.file_bytes(n), cut.size(n)) for n in range(cut.file_count)
            )
            payloads += _payloads(content, files)
            found[path] = replace(record, files=(*record.files, *added)), payloads
    return [_Directory(layout, path, record, payloads) for path, (record, payloads) in found.items()]


def _payloads(content: SetContent, files: DataFiles) -> Iterator[DataRecord]:
    """What each data file of a directory holds. Of mini and minor blocks only their number is known."""
    cut = files.cut
    if files.data_type != "major":
        yield from (DataRecord(files.data_type, cut.size(n), ()) for n in range(cut.file_count))
        return
    stored = content.stored()
    positions = BitMap64()
    for slot in files.slots:
        positions |= _between(stored, slot << SLOT_BITS, (slot + 1) << SLOT_BITS)
    for file_id in range(cut.file_count):
        first = files.skipped + cut.start(file_id)
        held = _between(positions, positions[first], positions[first + cut.size(file_id) - 1] + 1)
        yield DataRecord(files.data_type, cut.size(file_id), tuple(_groups(content, held)))


def _between(positions: BitMap64, first: int, end: int) -> BitMap64:
    """Those from `first` up to but not including `end`, however far apart these are."""
    found = BitMap64(positions)
    found.remove_range(0, first)
    if found:
        found.remove_range(end, max(found.max() + 1, end))
    return found


def _groups(content: SetContent, positions: BitMap64) -> Iterator[BlockGroup]:
    """Blocks by the compaction that wrote them, the newest first."""
    left = BitMap64(positions)
    for compaction in reversed(content.blocks.compactions[: content.epoch]):
        found = left & compaction.written
        if found:
            yield BlockGroup(compaction.version, encode_positions(found))
            left -= found
        if not left:
            return


# Metadata and infos.


def _stream_metas(context: RunContext, backup_set: BackupSet, streams: Iterable[LogStreamId]) -> Iterator[File]:
    layout, name = context.layout, name_of(backup_set)
    for stream in streams:
        tablets = tuple((t.tablet_id, t.table_name) for t in context.storage.tablets if t.log_stream_id == stream)
        meta = seal_record(Kind.META, MetaRecord((stream,), tablets))
        for path in layout.stream_metas(name, stream, backup_set.meta_turn_id):
            yield path, meta


def _complement_log(layout: Layout, backup_set: BackupSet) -> tuple[File, ...]:
    """With PLUS ARCHIVELOG: an archive layout of its own, with all of its log in its last piece."""
    log = backup_set.complement
    if log is None or not log.pieces:
        return ()
    before = f"{name_of(backup_set).text}/complement_log/"
    files: list[File] = []
    for piece in log.pieces:
        entries = log.log.span(piece.start_scn - 1, piece.end_scn - 1)
        streams = log.streams
        writing = PieceWriting(layout, backup_set.dest_id, 1, piece, entries, streams, streams[-1], before=before)
        files += chain.from_iterable(writing.phases())
    mark = PlaceholderRecord(backup_set.tenant_id, backup_set.backup_set_id)
    return (*files, (f"{before}{layout.format_file}", seal_record(Kind.PLACEHOLDER, mark)))


def _content(backup_set: BackupSet) -> bytes:
    """What a restore needs; of a set that failed before its snapshot nothing."""
    content = backup_set.content
    if content is None:
        return seal_stored(Kind.CONTENT, ContentRecord(0, 0, (), None, encode_facts(None)))
    own = tuple(content.compactions[content.base_epoch :])
    facts = encode_facts(content.facts)
    return seal_stored(Kind.CONTENT, ContentRecord(content.base_epoch, content.epoch, own, content.picture, facts))


def _infos(
    context: RunContext, backup_set: BackupSet, streams: Iterable[LogStreamId], directories: Iterable[_Directory]
) -> Iterator[File]:
    layout, name = context.layout, name_of(backup_set)
    meta = seal_record(Kind.META, MetaRecord(tuple(streams), ()))
    yield layout.content_file(name), _content(backup_set)
    for file in layout.general_infos(backup_set.meta_turn_id, backup_set.consistent_scn):
        yield layout.info(name, file), meta
    index = seal_record(Kind.INDEX, IndexRecord(tuple(d.record for d in directories)))
    turns = [("minor", max(backup_set.minor_turn_id, 1)), ("major", max(backup_set.major_turn_id, 1))]
    for file in layout.data_infos(turns):
        yield layout.info(name, file), index


def _start(context: RunContext, backup_set: BackupSet, _sets: Mapping[BackupSetId, BackupSet]) -> WriteFiles:
    """The placeholder of a set that begins."""
    placeholder = _placeholder(context.layout.start_placeholder(name_of(backup_set)), backup_set)
    return WriteFiles(context.settings.place(backup_set.dest_id), ((placeholder,),))


def _whole(context: RunContext, backup_set: BackupSet, sets: Mapping[BackupSetId, BackupSet]) -> WriteFiles:
    return WriteFiles(context.settings.place(backup_set.dest_id), set_files(context, backup_set, sets))


WRITINGS: dict[str, Callable[[RunContext, BackupSet, Mapping[BackupSetId, BackupSet]], WriteFiles]] = {
    "start": _start,
    "whole": _whole,
}
"""Part of a set -> what is to be written of it."""
