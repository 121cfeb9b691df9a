"""The pieces a round is cut into (engine.md 4.2): computed from the round when somebody looks, stored nowhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from obsim.archive.round import CHECKPOINT_INTERVAL_NS, ArchiveRound, RoundStatus
from obsim.ids import Bytes, Scn

__all__ = ["ARCHIVE_FILE_BYTES", "ArchivePiece", "log_file_count", "pieces_of"]

ARCHIVE_FILE_BYTES = 64 << 20
"""Size of an archive file (engine.md 4.2)."""


@dataclass(frozen=True, slots=True)
class ArchivePiece:
    """One row of OB_ARCHIVELOG_PIECE_FILES; SCNs in nanoseconds."""

    piece_id: int
    start_scn: Scn
    end_scn: Scn
    checkpoint_scn: Scn
    input_bytes: Bytes
    frozen: bool
    complete: bool
    """Whether the round's checkpoint has got into the piece: AVAILABLE, else INCOMPLETE."""

    @property
    def last_scn(self) -> Scn:
        """How far it will be archived when it is full."""
        return Scn(last_scn_of(self.end_scn))


def last_scn_of(end_scn: int) -> int:
    """How far a piece is archived that ends there and is full."""
    return end_scn - 1 - (end_scn - 1) % CHECKPOINT_INTERVAL_NS


def pieces_of(
    archive_round: ArchiveRound, now_ns: int, log_bytes_at: Callable[[int], int], round_bytes: int, first: int = 0
) -> Iterator[ArchivePiece]:
    """The pieces of a round in order from number `first` on, counted from 0; none while it has no START_SCN.

    `log_bytes_at` gives the log that the tenant had written by a moment, `round_bytes` what the round has archived: a
    piece holds what lies between its ends, the last one the rest. A piece that a log stream has come to while another
    one is behind is ACTIVE and INCOMPLETE.
    """
    if not archive_round.start_scn:
        return
    interval_ns = archive_round.piece_switch_interval_us * 1000
    checkpoint = archive_round.checkpoint_at(now_ns)
    reached_id = archive_round.piece_id(checkpoint)
    last_id = archive_round.used_piece_id(now_ns)
    stopped = archive_round.status is RoundStatus.STOP

    def archived_at(end_ns: int) -> int:
        return min(round_bytes, log_bytes_at(end_ns) - archive_round.start_log_bytes)

    before = archived_at(archive_round.start_scn + first * interval_ns) if first else 0
    for number in range(first, last_id - archive_round.base_piece_id + 1):
        piece_id = archive_round.base_piece_id + number
        start = archive_round.start_scn + number * interval_ns
        end = start + interval_ns
        upto = round_bytes if piece_id == last_id else archived_at(end)
        own = last_scn_of(end) if piece_id < reached_id else checkpoint if piece_id == reached_id else start
        yield ArchivePiece(
            piece_id,
            Scn(start),
            Scn(end),
            Scn(max(start, own)),
            Bytes(upto - before),
            frozen=stopped or piece_id < reached_id,
            complete=piece_id < reached_id
            or (piece_id == reached_id and checkpoint > archive_round.start_scn and checkpoint >= start),
        )
        before = upto


def log_file_count(size_bytes: int) -> int:
    """Files that a log stream's part of a piece lies in: also one with nothing to say has its first."""
    return size_bytes // ARCHIVE_FILE_BYTES + 1
