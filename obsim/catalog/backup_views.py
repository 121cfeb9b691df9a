"""Rows of jobs, tasks, sets and backup parameters (status-machines.md 2-4, samples.md).

Each function takes the tenants whose rows are wanted, or one where there may be many rows, and gives the columns of
the CDB form.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, takewhile
from operator import attrgetter

from obsim.backup.failures import trace_id
from obsim.backup.job import BackupJob
from obsim.backup.set import BackupSet, Counters, FileStatus
from obsim.backup.task import SetTask
from obsim.catalog.model import Row, Scope
from obsim.catalog.part import Part, Remembered
from obsim.catalog.values import percent_text, rate_text
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.tenant import KnownDestination
from obsim.ids import display_scn, display_scn_ns, display_time

__all__ = [
    "backup_parameters", "job_history", "jobs", "schedule_tasks", "set_files", "storage_info", "storage_info_history",
    "task_history", "tasks",
]

INCARNATION = 1


def _time(time_ns: int, offset_s: int) -> str | None:
    """A time, NULL while it is not set."""
    return display_time(time_ns, offset_s) if time_ns else None


def _on_off(flag: bool) -> str:
    return "ON" if flag else "OFF"


def jobs(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_JOBS: unfinished jobs, and ended ones that no pass has moved to history yet."""
    return [_job(job, offset_s) for tenant in tenants for job in tenant.backup.jobs]


_JOBS: Remembered[list[Row]] = Remembered(list)
_TASKS: Remembered[list[Row]] = Remembered(list)


def job_history(_state: ClusterState, tenant: Tenant, offset_s: int) -> Part:
    """OB_BACKUP_JOB_HISTORY, in the order the jobs ended."""
    settled, ended = _JOBS.of(tenant.backup, offset_s), tenant.backup.job_history
    if len(ended) > len(settled):
        settled += [_job(job, offset_s) for job in ended[len(settled) :]]
    return Part(settled, ())


def _job(job: BackupJob, offset_s: int) -> Row:
    request = job.request
    return (
        job.tenant_id, job.job_id, INCARNATION, job.backup_set_id, job.initiator_tenant_id, job.initiator_job_id,
        ",".join(map(str, job.executor_tenant_ids)), _on_off(request.plus_archivelog), request.backup_type.value,
        job.level.value, request.encryption_mode, request.passwd, display_time(job.start_ns, offset_s),
        _time(job.end_ns, offset_s), job.status.value, job.result, job.comment, request.description, job.path,
    )


def tasks(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_TASKS, with the progress as of the last pass of the backup scheduler."""
    rows = []
    for tenant in tenants:
        for task in tenant.backup.tasks:
            counters = task.counters(state.now_ns)
            progress = percent_text(counters.finish_macro_block_count, counters.macro_block_count)
            log = task.backup_set.complement
            files, finished = (log.file_count, log.finish_file_count) if log is not None else (0, 0)
            log_progress = percent_text(finished, files)
            rows.append((*_task(task, counters, offset_s), progress, files, finished, log_progress))
    return rows


def task_history(state: ClusterState, tenant: Tenant, offset_s: int) -> Part:
    """OB_BACKUP_TASK_HISTORY: as OB_BACKUP_TASKS without the four progress columns."""
    settled, ended = _TASKS.of(tenant.backup, offset_s), tenant.backup.task_history
    if len(ended) > len(settled):
        settled += [_task(task, task.counters(state.now_ns), offset_s) for task in ended[len(settled) :]]
    return Part(settled, ())


def _task(task: SetTask, counters: Counters, offset_s: int) -> Row:
    job, backup_set = task.job, task.backup_set
    return (
        job.tenant_id, task.task_id, job.job_id, INCARNATION, job.backup_set_id, display_time(task.start_ns, offset_s),
        _time(task.end_ns, offset_s), task.status, task.start_scn, task.end_scn, task.user_ls_start_scn,
        job.request.encryption_mode, job.request.passwd, counters.input_bytes, counters.output_bytes,
        rate_text(counters.output_bytes, task.start_ns, task.end_ns), counters.extra_meta_bytes, counters.tablet_count,
        counters.finish_tablet_count, counters.macro_block_count, counters.finish_macro_block_count,
        counters.file_count, backup_set.meta_turn_id, backup_set.data_turn_id, task.result, task.comment, job.path,
        backup_set.minor_turn_id, backup_set.major_turn_id,
    )


BACKUP_JOB_TYPE = 0
"""What `type` says of a data backup."""


def schedule_tasks(state: ClusterState, _scope: Scope) -> list[Row]:
    """`__all_virtual_backup_schedule_task`: log streams in work or waiting in running backups (views.json)."""
    rows: list[Row] = []
    for tenant in state.tenants.values():
        run = tenant.backup.run
        if run is None or run.task is None:
            continue
        for task in run.log_stream_tasks():
            scheduled_us = task.scheduled_ns // 1000
            server = task.server.address if task.server is not None else ""
            rows.append((
                tenant.tenant_id, run.job.job_id, run.task.task_id, task.log_stream_id, BACKUP_JOB_TYPE,
                trace_id(run.job), server, "True" if scheduled_us else "False",
                task.generated_ns // 1000, scheduled_us, scheduled_us,
            ))  # fmt: skip
    return rows


@dataclass(slots=True)
class _EndedSets:
    """Rows of the first sets, all of which have ended, and the file status that each was made with."""

    rows: list[Row] = field(default_factory=list)
    statuses: list[FileStatus] = field(default_factory=list)


_SETS = Remembered(_EndedSets)
_FILE_STATUS = attrgetter("file_status")


def set_files(state: ClusterState, tenant: Tenant, offset_s: int) -> Part:
    """OB_BACKUP_SET_FILES: every set there ever was; counts are 0 until it ends, its file status may change later."""
    compatible = state.profile.backup_compatible
    sets = tenant.backup.sets.values()
    made = _SETS.of(tenant.backup, offset_s)
    if made.statuses != list(map(_FILE_STATUS, islice(sets, len(made.statuses)))):
        made.rows, made.statuses = [], []
    others = list(islice(sets, len(made.rows), None))
    ended = list(takewhile(lambda s: s.end_ns, others))
    made.rows += [_set(s, compatible, offset_s) for s in ended]
    made.statuses += [s.file_status for s in ended]
    return Part(made.rows, [_set(s, compatible, offset_s) for s in others[len(ended) :]])


def _set(backup_set: BackupSet, backup_compatible: int, offset_s: int) -> Row:
    s, counters = backup_set, backup_set.counters
    return (
        s.tenant_id, s.backup_set_id, s.dest_id, INCARNATION, s.backup_type.value, s.prev_full_id, s.prev_inc_id,
        display_time(s.start_ns, offset_s), _time(s.end_ns, offset_s), s.status.value, s.file_status.value,
        str(s.elapsed_seconds), _on_off(s.plus_archivelog), s.start_replay_scn,
        display_scn(s.start_replay_scn, offset_s), s.min_restore_scn, display_scn_ns(s.min_restore_scn, offset_s),
        counters.input_bytes, counters.output_bytes, rate_text(counters.output_bytes, s.start_ns, s.end_ns),
        counters.extra_meta_bytes, counters.tablet_count, counters.finish_tablet_count, counters.macro_block_count,
        counters.finish_macro_block_count, counters.file_count, s.meta_turn_id, s.data_turn_id, s.result, s.comment,
        s.encryption_mode, s.passwd, s.tenant_compatible, backup_compatible, s.path, s.cluster_version,
        s.consistent_scn, s.minor_turn_id, s.major_turn_id,
    )


def backup_parameters(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_BACKUP_PARAMETER: a row once a destination is set; keys are never in the value."""
    return [(t.tenant_id, "data_backup_dest", t.backup.shown_dest) for t in tenants if t.backup.path]


def storage_info(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_STORAGE_INFO: the destinations in use."""
    return [
        _storage(tenant, known, offset_s)
        for tenant in tenants
        for known in tenant.destinations
        if known.dest_id in _used(tenant)
    ]


def _used(tenant: Tenant) -> set[int]:
    return {tenant.backup.dest_id, *(stored.dest_id for stored in tenant.archive.destinations.values())}


def storage_info_history(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_STORAGE_INFO_HISTORY: destinations that were set once and are not in use any more."""
    return [
        _storage(tenant, known, offset_s)
        for tenant in tenants
        for known in tenant.destinations
        if known.dest_id not in _used(tenant)
    ]


_CREDENTIALS = frozenset({"access_id", "access_key", "secret_key", "session_token", "sts_credential"})


def _storage(tenant: Tenant, known: KnownDestination, offset_s: int) -> Row:
    """Keys are never in a row: of the credentials only the name of the account is."""
    options = known.uri.options
    account = [f"{name}={value if name == 'access_id' else '***'}" for name, value in options if name in _CREDENTIALS]
    extension = [f"{name}={value}" for name, value in options if name not in _CREDENTIALS and name != "host"]
    moment = display_time(known.checked_ns, offset_s, 0).replace("-", "").replace(":", "").replace(" ", "T")
    return (
        tenant.tenant_id, known.uri.root, dict(options).get("host", ""), known.dest_id, known.purpose,
        "&".join(account), "&".join(extension), f"{tenant.tenant_id}_connect_file_{moment}.obbak",
        display_time(known.checked_ns, offset_s),
    )  # fmt: skip
