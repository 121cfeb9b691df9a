"""What a second process reads at a destination, held against what the first one shows in its views.

Rows of views come as mappings of column to value. Names of files are read by the lists of engine.md 6.1 and 6.2, not by
the code that makes them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from re import compile as pattern
from typing import Any

from obsim.destination.blocks import decode_positions
from obsim.destination.envelope import Kind
from obsim.destination.records import (
    DataRecord,
    DirectoryRecord,
    IndexRecord,
    PieceRecord,
    SetInfos,
    SetRow,
    read_record,
)
from obsim.ids import display_time
from obsim.restore.found_set import FoundSet
from obsim.restore.reading import FoundDestination

__all__ = ["Row", "archive_lines", "data_lines"]

Row = Mapping[str, Any]
Files = Mapping[str, bytes]

_GONE = {"DELETED", "DELETING"}
_INDEXES = ("macro_range_index", "meta_index", "sec_meta_index")
_SET_MARK = pattern(r"backup_sets/backup_set_(\d+)_(full|inc)_(start|end_success|end_failed)(?:_(\w+))?(?:\.obbak)?")
_ROUND_MARK = pattern(r"rounds/round_d(\d+)r(\d+)_(start|end)(?:\.obarc)?")
_PIECE_MARK = pattern(r"pieces/piece_d(\d+)r(\d+)p(\d+)_(start|end)_(\d{8}T\d{6})(?:\.obarc)?")
_SET_COLUMNS: Mapping[str, Callable[[SetRow], Any]] = {
    "BACKUP_TYPE": lambda r: r.backup_type,
    "PREV_FULL_BACKUP_SET_ID": lambda r: r.prev_full_id,
    "PREV_INC_BACKUP_SET_ID": lambda r: r.prev_inc_id,
    "START_TIMESTAMP": lambda r: display_time(r.start_ns),
    "END_TIMESTAMP": lambda r: display_time(r.end_ns),
    "ELAPSED_SECONDES": lambda r: str((2 * (r.end_ns - r.start_ns) // 1_000_000_000 + 1) // 2),  # half a second counts
    "PLUS_ARCHIVELOG": lambda r: "ON" if r.plus_archivelog else "OFF",
    "START_REPLAY_SCN": lambda r: r.start_replay_scn,
}
"""Columns whose names or forms are others in the file; the rest are fields of their own names."""
_DERIVED = {"START_REPLAY_SCN_DISPLAY", "MIN_RESTORE_SCN_DISPLAY", "OUTPUT_RATE_BYTES"}
_PIECE_COLUMNS: Mapping[str, Callable[[PieceRecord], Any]] = {
    "STATUS": lambda r: "FROZEN" if r.frozen else "ACTIVE",
    "FILE_STATUS": lambda r: "AVAILABLE" if r.complete else "INCOMPLETE",
    "START_SCN": lambda r: r.start_scn,
    "END_SCN": lambda r: r.end_scn,
    "CHECKPOINT_SCN": lambda r: r.checkpoint_scn,
    "MAX_SCN": lambda r: r.checkpoint_scn,
    "INPUT_BYTES": lambda r: r.input_bytes,
    "OUTPUT_BYTES": lambda r: r.input_bytes,
}


def _moment(scn: int) -> str:
    """As in names: to the second, at +08:00."""
    return display_time(scn, digits=0).translate({ord("-"): None, ord(":"): None, ord(" "): "T"})


# Data destinations.


def data_lines(
    found: FoundDestination,
    files: Files,
    rows: Iterable[Row],
    backup_files: Iterable[Row],
    index: Iterable[Row],
    unsure: frozenset[int] = frozenset(),
) -> Iterator[str]:
    """A line for each difference. `rows`: of all sets at this destination; `backup_files`, `index`: of obsim's views.

    `unsure` are sets that the medium refused to take: what became of them is not looked at.
    """
    rows = [row for row in rows if row["BACKUP_SET_ID"] not in unsure]
    there = {row["BACKUP_SET_ID"]: row for row in rows if row["FILE_STATUS"] not in _GONE}
    leaving = {row["BACKUP_SET_ID"] for row in rows if row["FILE_STATUS"] == "DELETING"}
    by_id = {one.backup_set_id: one for one in found.sets if one.backup_set_id not in unsure | leaving}
    yield from _format_lines(found, rows)
    yield from _set_mark_lines(files, there.values(), unsure | leaving)
    ended = {number: row for number, row in there.items() if row["STATUS"] != "DOING"}
    for number in sorted(by_id.keys() - ended.keys()):
        yield f"set {number} is there and has no row"
    for number, row in ended.items():
        one = by_id.get(number)
        if one is None or one.info is None:
            yield f"set {number} has a row and is not there"
            continue
        yield from (f"set {number}: {line}" for line in one.broken)
        yield from (f"set {number}: {line}" for line in _row_lines(one.info.row, row))
        own = [f for f in backup_files if f["BACKUP_SET_ID"] == number]
        versions = [b["LOGIC_VERSION"] for b in index if b["BACKUP_SET_ID"] == number and not b["REUSED"]]
        below = {n.removeprefix(f"{one.directory}/"): d for n, d in files.items() if n.startswith(f"{one.directory}/")}
        yield from (f"set {number}: {line}" for line in _block_lines(one, below, own, versions))
    if ended and max(ended) in by_id:
        yield from _all_rows_lines(by_id[max(ended)], files, ended)


def _format_lines(found: FoundDestination, rows: Iterable[Row]) -> Iterator[str]:
    form = found.format
    for row in rows:
        if (row["TENANT_ID"], row["PATH"]) != (form.tenant_id, form.path):
            yield f"the format file is that of {form.path} of tenant {form.tenant_id}, not of {row['PATH']}"
            return
    yield from found.broken


def _row_lines(stored: SetRow, row: Row) -> Iterator[str]:
    for column, shown in row.items():
        if column in _DERIVED:
            continue
        read = _SET_COLUMNS[column](stored) if column in _SET_COLUMNS else getattr(stored, column.lower())
        if read != shown:
            yield f"{column} is {read!r}, the view shows {shown!r}"


def _set_mark_lines(files: Files, rows: Iterable[Row], ignored: frozenset[int] | set[int]) -> Iterator[str]:
    read = set()
    for name in files:
        if name.startswith("backup_sets/"):
            match = _SET_MARK.fullmatch(name)
            if match is None:
                yield f"{name} is no placeholder"
            elif int(match[1]) not in ignored:
                read.add((int(match[1]), match[2], match[3], match[4]))
    wanted: set[tuple[Any, ...]] = set()
    for row in rows:
        key = row["BACKUP_SET_ID"], row["BACKUP_TYPE"].lower()
        wanted.add((*key, "start", None))
        if row["STATUS"] != "DOING":
            end = "end_success" if row["STATUS"] == "SUCCESS" else "end_failed"
            wanted.add((*key, end, _moment(row["MIN_RESTORE_SCN"])))
    yield from _difference(read, wanted, "placeholder of set")


def _difference(read: set[Any], wanted: set[Any], what: str) -> Iterator[str]:
    for one in sorted(map(str, read - wanted)):
        yield f"{what} {one} is there and should not be"
    for one in sorted(map(str, wanted - read)):
        yield f"{what} {one} is missing"


def _block_lines(one: FoundSet, below: Files, own: Iterable[Row], versions: Iterable[int]) -> Iterator[str]:
    """Directories, data files and indexes; `versions`: logic versions of the baseline blocks that the set stores."""
    assert one.info is not None
    fused = any(record.data_type == "user_data" for record in one.info.directories)
    shown = Counter(
        (f["LS_ID"], "user_data" if fused else f"{f['DATA_TYPE']}_data", f["TURN_ID"], f["RETRY_ID"], f["BYTES"],
         f["MACRO_BLOCK_COUNT"])
        for f in own
    )  # fmt: skip
    read = Counter(
        (d.log_stream_id, d.data_type, d.turn_id, d.retry_id, f.modelled_bytes, f.block_count)
        for d in one.info.directories for f in d.files
    )  # fmt: skip
    if read != shown:
        yield f"its data files are {sorted(read.elements())}, the view shows {sorted(shown.elements())}"
    held: Counter[int] = Counter()
    for directory in one.info.directories:
        yield from _directory_lines(directory, below, held)
    if one.info.row.status == "SUCCESS" and held != Counter(versions):
        yield f"its data files hold blocks of {dict(held)}, the view shows {dict(Counter(versions))}"
    for name, data in below.items():
        if name.startswith("infos/") and "_index." in name:
            index = read_record(Kind.INDEX, IndexRecord, data).directories
            if index != one.info.directories:
                yield f"{name} is the index of other data files"


def _directory_lines(directory: DirectoryRecord, below: Files, held: Counter[int]) -> Iterator[str]:
    d = directory
    path = f"logstream_{d.log_stream_id}/{d.data_type}_turn_{d.turn_id}_retry_{d.retry_id}/"
    inside = {name.removeprefix(path).removesuffix(".obbak"): below[name] for name in below if name.startswith(path)}
    wanted = {*_INDEXES, *(f"macro_block_data.{f.file_id}" for f in d.files)}
    if set(inside) != wanted:
        yield f"{path} has {sorted(inside)}, its row has {sorted(wanted)}"
        return
    for name in _INDEXES:
        if read_record(Kind.INDEX, IndexRecord, inside[name]).directories != (d,):
            yield f"{path}{name} is the index of another directory"
    for file in d.files:
        data = read_record(Kind.DATA, DataRecord, inside[f"macro_block_data.{file.file_id}"])
        counts = {group.logic_version: len(decode_positions(group.positions)) for group in data.groups}
        held.update(counts)
        if data.block_count != file.block_count or sum(counts.values()) not in {0, file.block_count}:
            yield f"{path}: data file {file.file_id} holds {data.block_count} blocks, {counts}"


def _all_rows_lines(newest: FoundSet, files: Files, ended: Mapping[int, Row]) -> Iterator[str]:
    """`tenant_backup_set_infos` of the newest set has every row there is; only file statuses may have changed since."""
    data = next((files[n] for n in files if n.startswith(f"{newest.directory}/tenant_backup_set_infos")), b"")
    rows = {row.backup_set_id: row for row in read_record(Kind.SET_INFOS, SetInfos, data).rows}
    for number, row in ended.items():
        if number not in rows:
            yield f"tenant_backup_set_infos of set {newest.backup_set_id} has no row of set {number}"
            continue
        shown = {column: value for column, value in row.items() if column != "FILE_STATUS"}
        yield from (f"tenant_backup_set_infos, set {number}: {line}" for line in _row_lines(rows[number], shown))


# Archive destinations.


def archive_lines(found: FoundDestination, files: Files, rows: Iterable[Row], rounds: Iterable[Row]) -> Iterator[str]:
    """A line for each difference. `rows` of the pieces at this destination, `rounds` of OB_ARCHIVELOG_SUMMARY."""
    rows, rounds = list(rows), list(rounds)
    yield from _format_lines(found, rows)
    leaving = {_piece_key(row) for row in rows if row["FILE_STATUS"] == "DELETING"}
    there = {_piece_key(row): row for row in rows if row["FILE_STATUS"] not in _GONE}
    by_key = {(p.dest_id, p.round_id, p.piece_id): p for p in found.pieces}
    for key in sorted(by_key.keys() - there.keys() - leaving):
        yield f"piece {key} is there and has no row"
    for key, row in there.items():
        piece = by_key.get(key)
        if piece is None or piece.record is None:
            yield f"piece {key} has a row and is not there"
            continue
        yield from (f"piece {key}: {line}" for line in piece.broken)
        for column, value in _PIECE_COLUMNS.items():
            if value(piece.record) != row[column]:
                yield f"piece {key}: {column} is {value(piece.record)!r}, the view shows {row[column]!r}"
    yield from _archive_mark_lines(files, there.values(), leaving, rounds)


def _piece_key(row: Row) -> tuple[int, int, int]:
    return row["DEST_ID"], row["ROUND_ID"], row["PIECE_ID"]


def _archive_mark_lines(
    files: Files, rows: Iterable[Row], leaving: set[tuple[int, int, int]], rounds: Iterable[Row]
) -> Iterator[str]:
    pieces: set[Any] = set()
    turns: set[Any] = set()
    for name in files:
        match = _PIECE_MARK.fullmatch(name)
        if match is not None:
            key = int(match[1]), int(match[2]), int(match[3])
            if key not in leaving:
                pieces.add((*key, match[4], match[5]))
        match = _ROUND_MARK.fullmatch(name)
        if match is not None:
            turns.add((int(match[1]), int(match[2]), match[3]))
    wanted = {(*_piece_key(row), "start", _moment(row["START_SCN"])) for row in rows}
    wanted |= {(*_piece_key(row), "end", _moment(row["END_SCN"])) for row in rows if row["STATUS"] == "FROZEN"}
    yield from _difference(pieces, wanted, "placeholder of piece")
    begun = [row for row in rounds if row["START_SCN"]]
    wanted_turns = {(row["DEST_ID"], row["ROUND_ID"], "start") for row in begun}
    wanted_turns |= {(row["DEST_ID"], row["ROUND_ID"], "end") for row in begun if row["STATUS"] == "STOP"}
    yield from _difference(turns, wanted_turns, "placeholder of round")
