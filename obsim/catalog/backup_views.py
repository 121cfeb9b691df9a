"""Rows of jobs, tasks, sets and backup parameters (status-machines.md 2-4, samples.md).

Each function takes the tenants whose rows are wanted and gives the columns of the CDB form.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from obsim.backup.job import BackupJob
from obsim.backup.run import trace_id
from obsim.backup.set import BackupSet, Counters, FileStatus
from obsim.backup.task import SetTask
from obsim.backup.tenant import TenantBackup
from obsim.catalog.model import Row, Scope
from obsim.catalog.values import percent_text, rate_text
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.tenant import KnownDestination
from obsim.ids import BackupSetId, display_scn, display_scn_ns, display_time

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


def job_history(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_JOB_HISTORY, in the order the jobs ended."""
    rows: list[Row] = []
    for tenant in tenants:
        made = _made(tenant.backup, offset_s).jobs
        made += [_job(job, offset_s) for job in tenant.backup.job_history[len(made) :]]
        rows += made
    return rows


@dataclass(slots=True)
class _Made:
    """Rows of one tenant that change no more: a poll of a long history would make all of them anew each time."""

    jobs: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    sets: dict[BackupSetId, tuple[FileStatus, Row]] = field(default_factory=dict)
    """Of sets that have ended; they are made again when the file status changes."""


_MADE: "WeakKeyDictionary[TenantBackup, dict[int, _Made]]" = WeakKeyDictionary()


def _made(backup: TenantBackup, offset_s: int) -> _Made:
    return _MADE.setdefault(backup, {}).setdefault(offset_s, _Made())


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
            rows.append((*_task(task, counters, offset_s), progress, 0, 0, "0.00"))
    return rows


def task_history(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_TASK_HISTORY: as OB_BACKUP_TASKS without the four progress columns."""
    rows: list[Row] = []
    for tenant in tenants:
        made = _made(tenant.backup, offset_s).tasks
        ended = tenant.backup.task_history[len(made) :]
        made += [_task(task, task.counters(state.now_ns), offset_s) for task in ended]
        rows += made
    return rows


def _task(task: SetTask, counters: Counters, offset_s: int) -> Row:
    job, backup_set = task.job, task.backup_set
    return (
        job.tenant_id, task.task_id, job.job_id, INCARNATION, job.backup_set_id, display_time(task.start_ns, offset_s),
        _time(task.end_ns, offset_s), task.status, task.start_scn, task.end_scn, task.user_ls_start_scn,
        job.request.encryption_mode, job.request.passwd, counters.input_bytes, counters.output_bytes,
        rate_text(counters.output_bytes, task.start_ns, task.end_ns), counters.extra_meta_bytes, counters.tablet_count,
        counters.finish_tablet_count, counters.macro_block_count, counters.finish_macro_block_count,
        counters.file_count, task.meta_turn_id, backup_set.data_turn_id, task.result, task.comment, job.path,
        backup_set.minor_turn_id, backup_set.major_turn_id,
    )


BACKUP_JOB_TYPE = 0
"""What `type` says of a data backup."""


def schedule_tasks(state: ClusterState, _scope: Scope) -> list[Row]:
    """`__all_virtual_backup_schedule_task`: log streams in work or waiting in running backups (views.json)."""
    server = state.resources.root_server.address
    rows: list[Row] = []
    for tenant in state.tenants.values():
        run = tenant.backup.run
        if run is None or run.task is None:
            continue
        for task in run.log_stream_tasks():
            scheduled_us = task.scheduled_ns // 1000
            rows.append((
                tenant.tenant_id, run.job.job_id, run.task.task_id, task.log_stream_id, BACKUP_JOB_TYPE,
                trace_id(run.job), server if scheduled_us else "", "True" if scheduled_us else "False",
                task.generated_ns // 1000, scheduled_us, scheduled_us,
            ))  # fmt: skip
    return rows


def set_files(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_SET_FILES: every set there ever was; counts are 0 until it ends."""
    compatible = state.profile.backup_compatible
    rows: list[Row] = []
    for tenant in tenants:
        made = _made(tenant.backup, offset_s).sets
        for backup_set in tenant.backup.sets.values():
            known = made.get(backup_set.backup_set_id)
            if known is None or known[0] is not backup_set.file_status:
                known = backup_set.file_status, _set(backup_set, compatible, offset_s)
                if backup_set.end_ns:
                    made[backup_set.backup_set_id] = known
            rows.append(known[1])
    return rows


def _set(backup_set: BackupSet, backup_compatible: int, offset_s: int) -> Row:
    s, counters = backup_set, backup_set.counters
    return (
        s.tenant_id, s.backup_set_id, s.dest_id, INCARNATION, s.backup_type.value, s.prev_full_id, s.prev_inc_id,
        display_time(s.start_ns, offset_s), _time(s.end_ns, offset_s), s.status.value, s.file_status.value,
        str(s.elapsed_seconds), _on_off(s.plus_archivelog), s.start_replay_scn,
        display_scn(s.start_replay_scn, offset_s), s.min_restore_scn, display_scn_ns(s.min_restore_scn, offset_s),
        counters.input_bytes, counters.output_bytes, rate_text(counters.output_bytes, s.start_ns, s.end_ns),
        counters.extra_meta_bytes, counters.tablet_count, counters.finish_tablet_count, counters.macro_block_count,
        counters.finish_macro_block_count, counters.file_count, 1, s.data_turn_id, s.result, s.comment,
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
        if known.dest_id in {tenant.backup.dest_id, tenant.archive.dest_id}
    ]


def storage_info_history(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_BACKUP_STORAGE_INFO_HISTORY: destinations that were set once and are not in use any more."""
    return [
        _storage(tenant, known, offset_s)
        for tenant in tenants
        for known in tenant.destinations
        if known.dest_id not in {tenant.backup.dest_id, tenant.archive.dest_id}
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
