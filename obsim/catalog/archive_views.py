"""Rows of the log archive: rounds, pieces, destinations, progress (status-machines.md 5 and 6, samples.md)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from obsim.archive.destinations import StoredDestination
from obsim.archive.piece import ARCHIVE_FILE_BYTES, ArchivePiece, log_file_count
from obsim.archive.round import ArchiveRound, RoundStatus
from obsim.backup.set import FileStatus
from obsim.catalog.model import Row, Scope
from obsim.catalog.part import Part, Remembered
from obsim.catalog.values import bytes_display, decimal_text, yes_no
from obsim.cluster import ClusterState, Tenant
from obsim.ids import SYS_TENANT_ID, display_scn

__all__ = [
    "archive_destination_status", "archive_destinations", "archivelog", "archivelog_summary", "log_stream_progress",
    "pieces",
]

INCARNATION = 1
DEST_NO = 0
COMPATIBLE = 1
UNIT_SIZE = 1
COMPRESSION = "none"

def archivelog(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_ARCHIVELOG: the current round of each destination in any state, STOP included."""
    return [
        (*_round(state, tenant, current, offset_s), current.comment, current.path)
        for tenant in tenants
        if (current := tenant.archive.round) is not None
    ]


@dataclass(slots=True)
class _StoppedRounds:
    """Rows of stopped rounds, and how far the clean-up had got when they were made."""

    rows: list[Row] = field(default_factory=list)
    clean_count: int = 0


_ROUNDS = Remembered(_StoppedRounds)


def archivelog_summary(state: ClusterState, tenant: Tenant, offset_s: int) -> Part:
    """OB_ARCHIVELOG_SUMMARY: every round there was, with PATH before COMMENT.

    A stopped round changes no more until pieces of it are deleted.
    """
    made = _ROUNDS.of(tenant.archive, offset_s)
    if made.clean_count != tenant.archive.clean_count:
        made.rows, made.clean_count = [], tenant.archive.clean_count
    settled = made.rows
    rest: list[Row] = []
    for current in tenant.archive.rounds(len(settled)):
        row = (*_round(state, tenant, current, offset_s), current.path, current.comment)
        (settled if current.status is RoundStatus.STOP else rest).append(row)
    return Part(settled, rest)


def _sizes(size_bytes: int) -> Row:
    """INPUT_BYTES to COMPRESSION_RATIO: nothing is compressed."""
    display = bytes_display(size_bytes)
    return size_bytes, display, size_bytes, display, decimal_text(size_bytes, size_bytes, 2)


def _deleted(current: ArchiveRound) -> Row:
    """DELETED_INPUT_BYTES to DELETED_OUTPUT_BYTES_DISPLAY."""
    size, display = current.deleted_bytes, bytes_display(current.deleted_bytes)
    return size, display, size, display


def _round(state: ClusterState, tenant: Tenant, current: ArchiveRound, offset_s: int) -> Row:
    archive = tenant.archive
    checkpoint_scn = current.checkpoint_at(state.now_ns)
    size_bytes = archive.input_bytes() if current is archive.round else current.input_bytes
    return (
        tenant.tenant_id, current.dest_id, current.round_id, INCARNATION, DEST_NO, current.status.value,
        current.start_scn, display_scn(current.start_scn, offset_s), checkpoint_scn,
        display_scn(checkpoint_scn, offset_s), COMPATIBLE, current.base_piece_id, current.used_piece_id(state.now_ns),
        current.piece_switch_interval_us, UNIT_SIZE, COMPRESSION, *_sizes(size_bytes), *_deleted(current),
    )  # fmt: skip


@dataclass(slots=True)
class _FrozenPieces:
    """Rows of pieces that are frozen, through whole rounds first and then the first pieces of the next round."""

    rows: list[Row] = field(default_factory=list)
    round_count: int = 0
    piece_count: int = 0
    clean_count: int = 0
    """How far the clean-up had got when they were made."""


_PIECES = Remembered(_FrozenPieces)


def pieces(state: ClusterState, tenant: Tenant, offset_s: int) -> Part:
    """OB_ARCHIVELOG_PIECE_FILES: the pieces of every round, in order. A frozen one changes only when it is deleted."""
    made = _PIECES.of(tenant.archive, offset_s)
    if made.clean_count != tenant.archive.clean_count:
        made.rows, made.round_count, made.piece_count = [], 0, 0
        made.clean_count = tenant.archive.clean_count
    rest: list[Row] = []
    for current in tenant.archive.rounds(made.round_count):
        for piece in tenant.archive.pieces(current, state.now_ns, made.piece_count):
            row = _piece(tenant, current, piece, offset_s)
            if piece.frozen:
                made.rows.append(row)
                made.piece_count += 1
            else:
                rest.append(row)
        if current.status is RoundStatus.STOP:
            made.round_count += 1
            made.piece_count = 0
    return Part(made.rows, rest)


def _piece(tenant: Tenant, current: ArchiveRound, piece: ArchivePiece, offset_s: int) -> Row:
    cleaned = tenant.archive.piece_files.get((current.round_id, piece.piece_id))
    file_status = cleaned or (FileStatus.AVAILABLE if piece.complete else FileStatus.INCOMPLETE)
    return (
        tenant.tenant_id, current.dest_id, current.round_id, piece.piece_id, INCARNATION, DEST_NO,
        "FROZEN" if piece.frozen else "ACTIVE", piece.start_scn, display_scn(piece.start_scn, offset_s),
        piece.checkpoint_scn, display_scn(piece.checkpoint_scn, offset_s), piece.checkpoint_scn, piece.end_scn,
        display_scn(piece.end_scn, offset_s), COMPATIBLE, UNIT_SIZE, COMPRESSION, *_sizes(piece.input_bytes),
        file_status.value, current.path,
    )  # fmt: skip


def archive_destinations(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_ARCHIVE_DEST: five rows by name for a destination, one where only its state was set."""
    return [
        (tenant.tenant_id, number, name, value)
        for tenant in tenants
        for number, stored in sorted(tenant.archive.destinations.items())
        for name, value in _destination_items(stored)
    ]


def _destination_items(stored: StoredDestination) -> list[tuple[str, str]]:
    state = ("state", stored.state)
    if stored.destination is None:
        return [state]
    return [
        ("binding", stored.destination.binding),
        ("dest_id", str(stored.dest_id)),
        ("path", stored.destination.uri.path),
        ("piece_switch_interval", f"{stored.destination.piece_switch_days}d"),
        state,
    ]


def archive_destination_status(state: ClusterState, scope: Scope) -> list[Row]:
    """V$OB_ARCHIVE_DEST_STATUS: where each destination's current round stands.

    SYNCHRONIZED while the round archives and its checkpoint is no further behind than the lag target.
    """
    tenants = state.tenants.values() if scope.tenant_id == SYS_TENANT_ID else (state.tenants[scope.tenant_id],)
    return [
        (
            tenant.tenant_id, current.dest_id, current.path, current.status.value, current.checkpoint_at(state.now_ns),
            yes_no(_synchronized(current, state.now_ns)), current.comment,
        )
        for tenant in tenants
        if (current := tenant.archive.round) is not None
    ]  # fmt: skip


def _synchronized(current: ArchiveRound, now_ns: int) -> bool:
    return current.status is RoundStatus.DOING and now_ns - current.checkpoint_at(now_ns) <= current.step_ns


@dataclass(slots=True)
class _FrozenProgress:
    """Rows of frozen pieces of one round in one state."""

    of: tuple[int, RoundStatus] = (0, RoundStatus.PREPARE)
    rows: list[Row] = field(default_factory=list)
    piece_count: int = 0
    done_bytes: int = 0
    """Log in those pieces."""


_PROGRESS = Remembered(_FrozenProgress)


def log_stream_progress(state: ClusterState, tenant: Tenant, _offset_s: int) -> Part:
    """OB_LS_LOG_ARCHIVE_PROGRESS: each log stream in each piece of the current round.

    The tables of a tenant lie in its last log stream, so that one has written all the log. Positions count the bytes of
    log since the round began.
    """
    current = tenant.archive.round
    if current is None:
        return Part((), ())
    made = _PROGRESS.of(tenant.archive)
    if made.of != (current.round_id, current.status):
        made.of, made.rows, made.piece_count, made.done_bytes = (current.round_id, current.status), [], 0, 0
    done, rest = made.done_bytes, list[Row]()
    for piece in tenant.archive.pieces(current, state.now_ns, made.piece_count):
        rows = _progress(state, tenant, current, piece, done)
        done += piece.input_bytes
        if piece.frozen:
            made.rows += rows
            made.piece_count, made.done_bytes = made.piece_count + 1, done
        else:
            rest += rows
    return Part(made.rows, rest)


def _progress(
    state: ClusterState, tenant: Tenant, current: ArchiveRound, piece: ArchivePiece, done_bytes: int
) -> list[Row]:
    """A row for each log stream that has come to the piece; `done_bytes`: log in the round's pieces before."""
    streams, archive, held = tenant.storage.log_stream_ids, tenant.archive, tenant.archive.sending.held
    rows: list[Row] = []
    for log_stream_id in streams:
        checkpoint_scn = piece.checkpoint_scn
        if not piece.frozen:
            own_scn = held.get(log_stream_id, current.max_scn_at(state.now_ns))
            checkpoint_scn = max(checkpoint_scn, min(own_scn, piece.last_scn))
        waits = piece.frozen or log_stream_id in held
        if waits and checkpoint_scn == piece.start_scn > current.start_scn and not piece.complete:
            continue
        start, size = (done_bytes, piece.input_bytes) if log_stream_id == streams[-1] else (0, 0)
        end = start + size
        rows.append((
            tenant.tenant_id, current.dest_id, log_stream_id, current.round_id, piece.piece_id, INCARNATION,
            piece.start_scn, start, end, checkpoint_scn, archive.stream_status(log_stream_id).value,
            log_file_count(end), end % ARCHIVE_FILE_BYTES, size, size,
        ))  # fmt: skip
    return rows
