"""Wrong ways to run jobs, to write down what they did, and to archive."""

from collections.abc import Iterable
from typing import Any

from obsim.archive import tenant as archive_tenant
from obsim.archive.round import ArchiveRound, RoundStatus
from obsim.backup import log_streams
from obsim.backup.cluster_job import ClusterJob
from obsim.backup.failures import may_retry
from obsim.backup.job import BackupJob, JobStatus
from obsim.backup.log_streams import LogStreamTask, LogStreamTasks
from obsim.backup.progress import CopyProgress
from obsim.backup.run import BackupRun
from obsim.backup.set import SetStatus
from obsim.backup.task import SetTask
from obsim.backup.tenant import TenantBackup
from obsim.cluster.formats import Formats
from obsim.error_codes import OB_ERR_UNEXPECTED
from obsim.revisions import Revisions
from obsim.testing.defect import defect


def _completed(change: Any) -> Any:
    def wrong(right: Any) -> Any:
        def complete(self: BackupRun, now_ns: Any) -> None:
            right(self, now_ns)
            if self.set_task.backup_set.status is SetStatus.SUCCESS:
                change(self, self.set_task.backup_set)

        return complete

    return wrong


@defect("CONSISTENT_SCN is taken before the work begins", "20", BackupRun, "_complete")
def _consistent_too_early(right: Any) -> Any:
    def change(run: BackupRun, backup_set: Any) -> None:
        backup_set.consistent_scn = run.set_task.start_scn - 1

    return _completed(change)(right)


@defect("MIN_RESTORE_SCN is that of the round", "21", BackupRun, "_complete")
def _min_restore_of_the_round(right: Any) -> Any:
    def change(run: BackupRun, backup_set: Any) -> None:
        backup_set.min_restore_scn = run.context.archive.start_scn

    return _completed(change)(right)


@defect("a round that is suspended forgets its checkpoint", "22", ArchiveRound, "checkpoint_at")
def _checkpoint_forgotten(right: Any) -> Any:
    def checkpoint_at(self: ArchiveRound, now_ns: int) -> Any:
        return self.start_scn if self.status is RoundStatus.SUSPEND else right(self, now_ns)

    return checkpoint_at


@defect("pieces stay ACTIVE when the next one begins", "23", archive_tenant, "pieces_of")
def _pieces_never_freeze(right: Any) -> Any:
    def pieces_of(*arguments: Any) -> Any:
        for piece in right(*arguments):
            yield type(piece)(**{name: getattr(piece, name) for name in piece.__slots__} | {"frozen": False})

    return pieces_of


@defect("a second job of an initiator is accepted", "24", TenantBackup, "has_job_of")
def _second_job_accepted(_right: Any) -> Any:
    return lambda _self, _initiator: False


@defect("a tenant with a job of sys is refused a job of its own", "24b", TenantBackup, "has_job_of")
def _initiators_confused(_right: Any) -> Any:
    return lambda self, _initiator: bool(self.jobs)


@defect("a job's end is not written down", "25", BackupJob, "finish")
def _end_time_forgotten(right: Any) -> Any:
    def finish(self: BackupJob, status: Any, _now_ns: Any, *arguments: Any) -> None:
        right(self, status, 0, *arguments)

    return finish


@defect("a cancelled job ends up COMPLETED in history", "25b", TenantBackup, "_to_history")
def _history_is_rosy(right: Any) -> Any:
    def to_history(self: TenantBackup, *arguments: Any) -> None:
        for job in self.jobs:
            if job.status is JobStatus.CANCELED:
                job.status, job.result = JobStatus.COMPLETED, 0
        right(self, *arguments)

    return to_history


@defect("a cancelled job's set is SUCCESS", "26", BackupRun, "_abort")
def _cancelled_set_succeeds(right: Any) -> Any:
    def abort(self: BackupRun, status: str, *arguments: Any) -> None:
        right(self, status, *arguments)
        if self.task is not None and status == "CANCELED":
            self.task.backup_set.status = SetStatus.SUCCESS

    return abort


@defect("the last block is finished twice", "27", CopyProgress, "_counters")
def _finished_too_often(right: Any) -> Any:
    def counters(self: CopyProgress, at_ns: int, total: int, finished: int, pending: int, written: int) -> Any:
        return right(self, at_ns, total, finished + int(0 < finished == total), pending, written)

    return counters


@defect("progress begins anew with each stage", "27b", CopyProgress, "counters")
def _counters_go_back(right: Any) -> Any:
    def counters(self: CopyProgress, at_ns: int) -> Any:
        seen = [scope for scope in self.scopes if scope[0] <= at_ns]
        all_scopes, self.scopes = self.scopes, seen[-1:]
        newest = "minor" if len(seen) < 2 else "major"
        copies, self.copies = self.copies, [c for c in self.copies if c.files.data_type == newest]
        found = right(self, at_ns)
        self.scopes, self.copies = all_scopes, copies
        return found

    return counters


@defect("a parent does not hear of a child that failed", "P", ClusterJob, "_child_gone")
def _parent_is_deaf(right: Any) -> Any:
    def child_gone(self: ClusterJob, child: Any, now_ns: Any) -> None:
        result, child.result = child.result, 0
        right(self, child, now_ns)
        child.result = result

    return child_gone


@defect("whoever reads progress stops it", "33", SetTask, "counters")
def _reading_freezes_progress(right: Any) -> Any:
    def counters(self: SetTask, now_ns: int) -> Any:
        seen = right(self, now_ns)
        if seen.finish_macro_block_count:
            self.final_counters = seen
        return seen

    return counters


@defect("a change of sets leaves their revision alone", "views", Revisions, "touch_of")
def _sets_unnoticed(right: Any) -> Any:
    def touch_of(self: Revisions, tenant_id: int, families: Iterable[str]) -> None:
        right(self, tenant_id, [family for family in families if family not in {"sets", "set_at_work"}])

    return touch_of


@defect("obsim.macroblocks does not know the base of an increment", "views", TenantBackup, "base_now")
def _base_not_shown(_right: Any) -> Any:
    return lambda _self: None


@defect("a directory of another tenant is taken", "model", Formats, "claim")
def _foreign_directory_taken(right: Any) -> Any:
    def claim(self: Formats, uri: Any, owner: Any) -> None:
        self.remove(uri.path)
        right(self, uri, owner)

    return claim


@defect("work of a log stream that failed counts as done", "model", LogStreamTasks, "_failed")
def _failure_unnoticed(_right: Any) -> Any:
    return lambda _self, _task, _code, _now_ns: None


@defect("what failed is tried again at once", "model", log_streams, "RETRY_NS")
def _retry_at_once(_right: Any) -> Any:
    return 0


@defect("nothing is tried again", "model", log_streams, "may_retry")
def _no_retry(_right: Any) -> Any:
    return lambda _code: False


@defect("a job fails with another code than its work", "model", LogStreamTasks, "_failed")
def _wrong_code(right: Any) -> Any:
    def failed(self: LogStreamTasks, task: LogStreamTask, code: int, now_ns: Any) -> None:
        right(self, task, code if may_retry(code) else OB_ERR_UNEXPECTED, now_ns)

    return failed
