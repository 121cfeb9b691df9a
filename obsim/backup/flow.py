"""What happens in each stage of a set task (engine.md 3.3, status-machines.md 3).

A stage hands log streams to servers or waits for a moment; what comes last calls `next_stage`. Moments and lengths
are obsim's own: a backup of the built-in scenario takes some ten seconds.
"""

from collections.abc import Callable, Mapping
from functools import partial

from pyroaring import BitMap64

from obsim.archive.log import RedoLog
from obsim.backup.complement import ComplementLog, ComplementWork
from obsim.backup.content import SetContent
from obsim.backup.job import BackupType
from obsim.backup.log_streams import INDEX_STREAM_ID
from obsim.backup.progress import Scope
from obsim.backup.run import BackupRun
from obsim.backup.set import FileStatus
from obsim.backup.stages import DataWork, IndexWork, MetaWork, placed_tablets
from obsim.error_codes import OB_BACKUP_FILE_NOT_EXIST, OB_TIMEOUT
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds, Scn, TabletId, us_floor
from obsim.units import MS_NS
from obsim.versions import IncrementalBase

__all__ = ["begin_stage"]

SYS_META_NS = 800 * MS_NS
WAIT_SCN_NS = 300 * MS_NS
"""From the system log stream's metadata to the moment all log streams have passed its checkpoint."""
LOG_STREAM_META_NS = 700 * MS_NS
META_FINISH_NS = 600 * MS_NS
INNER_DATA_NS = 400 * MS_NS
LOG_NS = 400 * MS_NS
COMPLEMENT_LOG_NS = 400 * MS_NS


def begin_stage(run: BackupRun, stage: str, now_ns: Nanoseconds) -> None:
    """Do what a stage does."""
    _STAGES[stage](run, now_ns)


def _meta(run: BackupRun, kind: str, work_ns: int) -> MetaWork:
    return MetaWork(run.set_task.status, run.context, kind, work_ns, listed=kind == "BACKUP_META")


# Metadata.


def _sys_meta(run: BackupRun, now_ns: Nanoseconds) -> None:
    work = _meta(run, "BACKUP_META", SYS_META_NS)
    run.each(work, [SYS_LOG_STREAM_ID], partial(_sys_meta_copied, run), now_ns)


def _sys_meta_copied(run: BackupRun, now_ns: Nanoseconds) -> None:
    run.context.events.push(now_ns + WAIT_SCN_NS, partial(_sys_meta_done, run))


def _sys_meta_done(run: BackupRun, now_ns: Nanoseconds) -> None:
    if run.at_work:
        run.set_task.user_ls_start_scn = Scn(us_floor(now_ns))
        run.set_task.progress.tablets_known_ns = now_ns
        run.next_stage(now_ns)


def _user_meta(run: BackupRun, now_ns: Nanoseconds) -> None:
    streams = list(run.context.storage.log_stream_ids)
    turn_id = run.set_task.backup_set.meta_turn_id
    work = _meta(run, "BACKUP_META", LOG_STREAM_META_NS)
    run.each(work, streams, partial(_user_meta_done, run, streams), now_ns, turn_id)


def _user_meta_done(run: BackupRun, streams: list[LogStreamId], now_ns: Nanoseconds) -> None:
    """Begin another turn if a log stream has gone meanwhile: what it held is where nobody looked."""
    if not set(streams) <= set(run.context.storage.log_stream_ids):
        run.set_task.backup_set.meta_turn_id += 1
        _user_meta(run, now_ns)
        return
    run.set_task.progress.inner_done_ns = now_ns
    if "BACKUP_META_FINISH" not in run.context.profile.task_stages:
        _take_snapshot(run, now_ns)
    run.next_stage(now_ns)


def _meta_finish(run: BackupRun, now_ns: Nanoseconds) -> None:
    work = _meta(run, "BACKUP_FINISH", META_FINISH_NS)
    run.each(work, [SYS_LOG_STREAM_ID], partial(_meta_finish_done, run), now_ns)


def _meta_finish_done(run: BackupRun, now_ns: Nanoseconds) -> None:
    _take_snapshot(run, now_ns)
    run.next_stage(now_ns)


def _take_snapshot(run: BackupRun, now_ns: Nanoseconds) -> None:
    """Fix what the set describes: later changes of the storage are not for this backup."""
    taken = run.snapshot = run.context.storage.snapshot(Scn(us_floor(now_ns)))
    run.placed = placed_tablets(run.context.storage)
    base = run.tenant.sets.get(run.lineage.base_id)
    blocks = run.context.storage.blocks
    if run.tenant.rule is IncrementalBase.PREVIOUS or base is None:
        blocks.expect(taken.epoch)
    run.set_task.backup_set.content = SetContent(
        blocks, base.epoch if base is not None else 0, taken.epoch, run.tenant.share(taken.live),
        picture=run.context.storage.picture(), facts=run.context.settings.facts,
    )  # fmt: skip


def _data_sys(run: BackupRun, now_ns: Nanoseconds) -> None:
    run.each(_meta(run, "BACKUP_DATA", INNER_DATA_NS), [SYS_LOG_STREAM_ID], run.next_stage, now_ns)


# Data.


def _data_minor(run: BackupRun, now_ns: Nanoseconds) -> None:
    counts = delta_counts(run)
    run.set_task.backup_set.delta_block_count = sum(counts.values())
    sizes = {tablet: size // counts[tablet] for tablet, size in run.taken.delta_bytes.items() if counts[tablet]}
    run.set_task.backup_set.delta_bytes = sum(size * counts[tablet] for tablet, size in sizes.items())
    _copy_stage(run, counts, sizes, now_ns)


def delta_counts(run: BackupRun) -> dict[TabletId, int]:
    """Mini and minor blocks of each tablet: none of them is ever reused."""
    return {tablet: delta for tablet, _, _, _, delta in run.taken.tablets}


def _data_major(run: BackupRun, now_ns: Nanoseconds) -> None:
    stored = blocks_to_store(run)
    if stored is None:
        run.fail(OB_BACKUP_FILE_NOT_EXIST, now_ns)
        return
    count_between = stored.range_cardinality
    counts = {tablet: count_between(first, end) for tablet, _, first, end, _ in run.taken.tablets}
    _copy_stage(run, counts, run.taken.block_bytes, now_ns)


def blocks_to_store(run: BackupRun) -> BitMap64 | None:
    """Positions whose identity the base's index lacks; all for a full set; None when the index cannot be read."""
    backup_set = run.set_task.backup_set
    if backup_set.backup_type is BackupType.INC:
        base = run.tenant.sets[backup_set.base_id]
        if base.file_status is not FileStatus.AVAILABLE:
            return None
    return backup_set.copied


def _copy_stage(
    run: BackupRun, counts: dict[TabletId, int], block_bytes: Mapping[TabletId, int], now_ns: Nanoseconds
) -> None:
    """Copy the blocks of each tablet."""
    task = run.set_task
    task.progress.scopes.append(Scope(now_ns, counts, block_bytes))
    _copy_turn(run, DataWork(task.status, run.context, task, counts, block_bytes, run.retries, run.placed), now_ns)


def _copy_turn(run: BackupRun, work: DataWork, now_ns: Nanoseconds) -> None:
    streams = work.begin_turn()
    run.each(work, streams, partial(_build_index, run, work), now_ns, work.turn_id)


def _build_index(run: BackupRun, work: DataWork, now_ns: Nanoseconds) -> None:
    """All log streams of a turn are done: merge their indexes, and that of the base, into the tenant's."""
    index = IndexWork(work.name, run.context, run.retries)
    run.each(index, [INDEX_STREAM_ID], partial(_turn_done, run, work), now_ns, work.turn_id)


def _turn_done(run: BackupRun, work: DataWork, now_ns: Nanoseconds) -> None:
    """Go on, or begin another turn for the tablets that have moved."""
    backup_set = run.set_task.backup_set
    if work.left_over:
        if not run.context.profile.turns_split:
            backup_set.data_turn_id += 1
        elif work.data_type == "minor":
            backup_set.minor_turn_id += 1
        else:
            backup_set.major_turn_id += 1
        _copy_turn(run, work, now_ns)
        return
    run.set_task.end_scn = Scn(us_floor(now_ns))
    if work.data_type == "major":
        run.set_task.progress.data_done_ns = now_ns
    run.next_stage(now_ns)


# Log.


def _log(run: BackupRun, now_ns: Nanoseconds) -> None:
    if run.job.request.plus_archivelog:
        _wait_for_log(run, now_ns)
    else:
        run.context.events.push(now_ns + LOG_NS, run.next_stage)


def _wait_for_log(run: BackupRun, now_ns: Nanoseconds) -> None:
    """Look again when the checkpoint has passed the end; a longer lag target puts that moment off."""
    at_ns = run.context.archive.checkpoint_after(run.set_task.end_scn, now_ns)
    run.context.events.push(max(at_ns, now_ns), partial(_complement_log, run))


def _complement_log(run: BackupRun, now_ns: Nanoseconds) -> None:
    if not run.at_work:
        return
    if run.context.archive.checkpoint_after(run.set_task.end_scn, now_ns) > now_ns:
        _wait_for_log(run, now_ns)
    else:
        streams = tuple(run.context.storage.log_stream_ids)
        pieces = run.context.archive.log_between(run.start_replay_scn, run.set_task.end_scn, now_ns)
        backup_set = run.set_task.backup_set
        log = backup_set.complement = ComplementLog(pieces, streams, _changes_since_snapshot(run))
        retried = frozenset({OB_TIMEOUT})
        work = ComplementWork(
            run.set_task.status, run.context, "BACKUP_COMPLEMENT_LOG", COMPLEMENT_LOG_NS, retried, log=log
        )
        run.each(work, streams, run.next_stage, now_ns)


def _changes_since_snapshot(run: BackupRun) -> RedoLog:
    content = run.set_task.backup_set.content
    if content is None or content.picture is None:
        return RedoLog()
    return RedoLog(list(run.context.archive.log.between(content.picture.change_count, run.set_task.end_scn)))


_STAGES: dict[str, Callable[[BackupRun, Nanoseconds], None]] = {
    "BACKUP_SYS_META": _sys_meta,
    "BACKUP_USER_META": _user_meta,
    "BACKUP_META_FINISH": _meta_finish,
    "BACKUP_DATA_SYS": _data_sys,
    "BACKUP_DATA_MINOR": _data_minor,
    "BACKUP_DATA_MAJOR": _data_major,
    "BACKUP_LOG": _log,
}
