"""`obsim inspect`: what lies at real destinations, whether it is whole, and to which moments it can be restored."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from obsim.backup.set import BackupSet
from obsim.destination import BackupUri, parse_uri
from obsim.destination.envelope import Damaged
from obsim.destination.store import Store, StoreFailed
from obsim.destination_io.files import FileRoot
from obsim.destination_io.reach import make_reach
from obsim.errors import ServerError, UsageError, plain_message
from obsim.ids import BackupSetId, display_time
from obsim.restore.found_piece import FoundPiece
from obsim.restore.found_set import FoundSet
from obsim.restore.found_windows import found_windows
from obsim.restore.reading import FoundDestination, read_destination
from obsim.restore.window import Span

__all__ = ["Report", "inspect_destinations"]

Row = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Report:
    """Rows of four kinds, in order; every row of a kind has the same columns."""

    destinations: list[Row]
    sets: list[Row]
    pieces: list[Row]
    windows: list[Row]
    damaged: bool
    """Whether a file is damaged or missing."""

    def as_json(self) -> str:
        """One object."""
        kinds = {
            "destinations": self.destinations, "sets": self.sets, "pieces": self.pieces, "windows": self.windows,
            "damaged": self.damaged,
        }  # fmt: skip
        return json.dumps(kinds, ensure_ascii=False, indent=2) + "\n"

    def as_tsv(self) -> str:
        """A line of columns before the rows of each kind, an empty line between kinds."""
        kinds = (self.destinations, self.sets, self.pieces, self.windows)
        return "\n".join("".join(_lines(rows)) for rows in kinds if rows)


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    yield "\t".join(rows[0]) + "\n"
    for row in rows:
        yield "\t".join(str(value).replace("\t", " ").replace("\n", " ") for value in row.values()) + "\n"


def inspect_destinations(uris: Iterable[str], s3_endpoints: Iterable[str] = ()) -> Report:
    """Read destinations of one tenant. Raises UsageError for what is none, or cannot be reached."""
    found = [_read(uri, tuple(s3_endpoints)) for uri in uris]
    sets = [backup_set for at in found for backup_set in at.backup_sets()]
    directories = [one for at in found for one in at.sets]
    pieces = [piece for at in found for piece in at.pieces]
    return Report(
        list(map(_destination_row, found)), list(_set_rows(directories, sets)), list(map(_piece_row, pieces)),
        list(map(_window_row, found_windows(found, sets))), any(at.damaged for at in found),
    )  # fmt: skip


def _read(text: str, s3_endpoints: Sequence[str]) -> FoundDestination:
    try:
        place = parse_uri(text)
    except ServerError as refused:
        raise UsageError(f"'{text.partition('?')[0]}' is no destination: {refused.message}") from None
    try:
        found = read_destination(place, _store(place, s3_endpoints))
    except StoreFailed as failed:
        raise UsageError(f"{place.path}: {plain_message(failed.code)} ({failed})") from None
    except Damaged as damage:
        raise UsageError(f"{place.path}: its format file cannot be read: {damage}") from None
    if found is None:
        raise UsageError(f"{place.path}: it has no format file, so it is no destination that obsim has written")
    return found


def _store(place: BackupUri, s3_endpoints: Sequence[str]) -> Store:
    if place.scheme == "file":
        return FileRoot(place.location).store(place.location)
    if place.scheme == "s3" and not s3_endpoints:
        raise UsageError(f"{place.path}: say with --s3-endpoint where it may be reached")
    return make_reach(None, s3_endpoints).store(place)


def _destination_row(found: FoundDestination) -> Row:
    form = found.format
    return {
        "PATH": found.place.path, "TYPE": form.dest_type, "CLUSTER_NAME": form.cluster_name,
        "CLUSTER_ID": form.cluster_id, "TENANT_NAME": form.tenant_name, "TENANT_ID": form.tenant_id,
        "DEST_ID": form.dest_id, "SETS": len(found.sets), "PIECES": len(found.pieces),
        "CHECK": "; ".join(found.broken) or "ok",
    }  # fmt: skip


def _set_rows(directories: Iterable[FoundSet], sets: Iterable[BackupSet]) -> Iterator[Row]:
    """CHAIN says whether all is there that a restore to the set needs; CHECK what is wrong with its own files."""
    rows = {backup_set.backup_set_id: backup_set for backup_set in sets}
    whole: dict[BackupSetId, str] = {}
    for found in directories:
        row = rows.get(found.backup_set_id)
        chain = whole[found.backup_set_id] = _chain(found, row, whole)
        yield {
            "BACKUP_SET_ID": found.backup_set_id, "BACKUP_TYPE": "FULL" if found.full else "INC",
            "STATUS": row.status.value if row else "", "FILE_STATUS": row.file_status.value if row else "INCOMPLETE",
            "PREV_FULL_BACKUP_SET_ID": row.prev_full_id if row else 0,
            "PREV_INC_BACKUP_SET_ID": row.prev_inc_id if row else 0, "CHAIN": chain,
            "START_TIMESTAMP": display_time(row.start_ns) if row else "",
            "END_TIMESTAMP": display_time(row.end_ns) if row else "",
            "START_REPLAY_SCN": row.start_replay_scn if row else 0,
            "MIN_RESTORE_SCN": row.min_restore_scn if row else 0,
            "MACRO_BLOCK_COUNT": row.counters.macro_block_count if row else 0,
            "OUTPUT_BYTES": row.counters.output_bytes if row else 0,
            "FILES": found.file_count, "STORED_BYTES": found.stored_bytes, "CHECK": "; ".join(found.broken) or "ok",
        }  # fmt: skip


def _chain(found: FoundSet, row: BackupSet | None, whole: dict[BackupSetId, str]) -> str:
    if row is None or not row.usable:
        return "unusable"
    for needed in (row.prev_full_id, row.prev_inc_id):
        if needed and whole.get(needed) != "whole":
            return f"set {needed} is missing" if needed not in whole else f"set {needed} is {whole[needed]}"
    return "whole" if found.full or row.prev_full_id else "unusable"


def _piece_row(found: FoundPiece) -> Row:
    r = found.record
    return {
        "DEST_ID": found.dest_id, "ROUND_ID": found.round_id, "PIECE_ID": found.piece_id,
        "STATUS": "" if r is None else "FROZEN" if r.frozen else "ACTIVE", "START_SCN": r.start_scn if r else 0,
        "END_SCN": r.end_scn if r else 0, "CHECKPOINT_SCN": r.checkpoint_scn if r else 0,
        "INPUT_BYTES": r.input_bytes if r else 0, "CHANGES": len(found.log), "FILES": found.file_count,
        "STORED_BYTES": found.stored_bytes, "CHECK": "; ".join(found.broken) or "ok",
    }  # fmt: skip


def _window_row(span: Span) -> Row:
    return {
        "FIRST_SCN": span.first_scn, "LAST_SCN": span.last_scn, "FIRST_TIME": display_time(span.first_scn),
        "LAST_TIME": display_time(span.last_scn),
    }  # fmt: skip
