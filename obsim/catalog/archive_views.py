"""Rows of the archive rounds (status-machines.md 5, samples.md)."""

from collections.abc import Iterable

from obsim.catalog.model import Row
from obsim.catalog.values import bytes_display, decimal_text
from obsim.cluster import ClusterState, Tenant
from obsim.ids import display_scn

__all__ = ["archivelog"]

_NOTHING = bytes_display(0)


def archivelog(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_ARCHIVELOG: the current round of each destination in any state, STOP included."""
    rows: list[Row] = []
    for tenant in tenants:
        current = tenant.archive.round
        if current is None:
            continue
        checkpoint_scn = current.checkpoint_at(state.now_ns)
        size_bytes = tenant.archive.input_bytes()
        display = bytes_display(size_bytes)
        rows.append((
            tenant.tenant_id, current.dest_id, current.round_id, 1, 0, current.status.value, current.start_scn,
            display_scn(current.start_scn, offset_s), checkpoint_scn, display_scn(checkpoint_scn, offset_s), 1,
            current.base_piece_id, current.used_piece_id(state.now_ns), current.piece_switch_interval_us, 1, "none",
            size_bytes, display, size_bytes, display, decimal_text(size_bytes, size_bytes, 2), 0, _NOTHING, 0, _NOTHING,
            current.comment, current.path,
        ))  # fmt: skip
    return rows
