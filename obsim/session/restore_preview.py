"""SHOW RESTORE PREVIEW: the sets and pieces that a restore would read (ob_tenant_show_restore_preview.cpp)."""

from typing import TYPE_CHECKING

from obsim.catalog.values import bytes_display
from obsim.client_statements import Show
from obsim.cluster.restore_planning import find_plan
from obsim.errors import error
from obsim.ids import display_scn
from obsim.restore.catalogue import set_directory
from obsim.session.listing import Listing, number, text

if TYPE_CHECKING:
    from obsim.answers import Value
    from obsim.archive.piece import ArchivePiece
    from obsim.backup.set import BackupSet
    from obsim.session.session import Session

__all__ = ["restore_preview"]

_COLUMNS = (text("BACKUP_TYPE", 80), number("BACKUP_ID"), text("PREVIEW_PATH", 8192), text("BACKUP_DESC", 8192))


def restore_preview(session: "Session", _: Show) -> Listing:
    """What the PREVIEW before it found, as it is now; then it is forgotten, and the passwords with it.

    Raises 1235 without a PREVIEW before (recorded), and what the planning of a restore raises.
    """
    if session.restore_preview is None:
        raise error("OB_NOT_SUPPORTED", "show restore preview before ALTER SYSTEM RESTORE PREVIEW is")
    uris, until = session.restore_preview
    offset_s = session.offset_s
    found = find_plan(session.cluster.state, session.principal, uris, until)
    session.restore_preview, session.decryption = None, ()
    rows: list[tuple[Value, ...]] = [
        ("BACKUP_SET", s.backup_set_id, set_directory(s), _set_text(s, offset_s)) for s in found.plan.sets
    ]
    for placed in found.catalogue.placed(found.plan.pieces):
        piece = placed.piece
        rows.append(("BACKUP_PIECE", piece.piece_id, placed.directory, _piece_text(piece, offset_s)))
    return Listing(_COLUMNS, rows)


def _set_text(backup_set: "BackupSet", offset_s: int) -> str:
    moment = display_scn(backup_set.min_restore_scn, offset_s)
    return f"min_restore_scn_display: {moment}, size: {bytes_display(backup_set.counters.output_bytes)}"


def _piece_text(piece: "ArchivePiece", offset_s: int) -> str:
    start, checkpoint = (display_scn(scn, offset_s) for scn in (piece.start_scn, piece.checkpoint_scn))
    return f"start_scn_display: {start}, checkpoint_scn_display: {checkpoint}"
