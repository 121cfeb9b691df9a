"""Rows of restores, running and past (samples.md, status-machines.md 8)."""

from collections.abc import Iterable, Iterator

from obsim.answers import Value
from obsim.catalog.model import Row
from obsim.catalog.values import bytes_display, percent_text
from obsim.cluster import ClusterState, Tenant
from obsim.ids import Bytes, display_scn, display_time
from obsim.restore.job import RestoreJob, RestoreRow
from obsim.versions import Version

__all__ = ["restore_history", "restore_progress"]

RESTORE_TYPE = "FULL"
FINISH_BYTES = Bytes(0)
"""Stays 0, as in the samples of every version, even when all is done."""


def _rows(state: ClusterState, tenants: Iterable[Tenant], *, past: bool) -> Iterator[tuple[RestoreJob, RestoreRow]]:
    """The rows of some tenants that stand in the history, or of those that do not."""
    shown = {tenant.tenant_id for tenant in tenants}
    for job in state.restores.jobs:
        for row in (job.sys, job.tenant):
            if row is not None and row.past is past and row.tenant_id in shown:
                yield job, row


def restore_progress(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_RESTORE_PROGRESS: the row of sys has no counters, and none of the new tenant's id before there is one."""
    return [_progress(state, job, row, offset_s) for job, row in _rows(state, tenants, past=False)]


def _progress(state: ClusterState, job: RestoreJob, row: RestoreRow, offset_s: int) -> Row:
    request = job.request
    status = str(job.status) if row is job.sys else job.tenant_status.shown
    return (
        row.tenant_id, job.job_id, request.tenant_name, job.new_tenant_id, request.catalogue.tenant.tenant_name,
        request.catalogue.tenant.tenant_id, request.catalogue.tenant.cluster_name, request.destinations,
        request.options, RESTORE_TYPE, job.scn, display_scn(job.scn, offset_s), status,
        display_time(job.start_ns, offset_s), request.set_list, request.piece_list,
        *_counters(state, job, row, offset_s), request.description or "",
    )  # fmt: skip


def _counters(state: ClusterState, job: RestoreJob, row: RestoreRow, offset_s: int) -> tuple[Value, ...]:
    """RECOVER_SCN to FINISH_BYTES_DISPLAY."""
    progress = job.progress
    if row is job.sys or progress is None:
        return (None,) * 10
    recovered = progress.recovered_scn(state.now_ns)
    finished = progress.finished_tablet_count
    span = progress.target_scn - progress.start_scn
    return (
        recovered, display_scn(recovered, offset_s), percent_text(recovered - progress.start_scn, span),
        progress.tablet_count, finished, percent_text(finished, progress.tablet_count), progress.total_bytes,
        bytes_display(progress.total_bytes), FINISH_BYTES, bytes_display(FINISH_BYTES),
    )  # fmt: skip


def restore_history(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_RESTORE_HISTORY: both rows have the counters; DESCRIPTION and COMMENT are NULL where there is none."""
    return [_past(job, row, offset_s) for job, row in _rows(state, tenants, past=True)]


def _past(job: RestoreJob, row: RestoreRow, offset_s: int) -> Row:
    request, progress = job.request, job.progress
    source = request.catalogue.tenant
    made_by = Version.parse(request.plan.sets[-1].cluster_version).parts
    cluster_version = made_by[0] << 32 | made_by[1] << 16 | made_by[2] << 8 | made_by[3]
    total = progress.total_bytes if progress else 0
    return (
        row.tenant_id, job.job_id, request.tenant_name, job.new_tenant_id, source.tenant_name, source.tenant_id,
        source.cluster_name, request.destinations, job.scn, display_scn(job.scn, offset_s), request.options,
        RESTORE_TYPE, display_time(job.start_ns, offset_s), display_time(row.finish_ns, offset_s),
        "FAIL" if row.result else "SUCCESS", request.piece_list, request.set_list, cluster_version,
        progress.log_stream_count if progress else 0, progress.finished_log_streams if progress else 0,
        progress.tablet_count if progress else 0, progress.finished_tablet_count if progress else 0,
        total, bytes_display(total), FINISH_BYTES, bytes_display(FINISH_BYTES), request.description or None,
        row.comment or None,
    )  # fmt: skip
