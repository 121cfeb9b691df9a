"""A set task: one row of OB_BACKUP_TASKS or OB_BACKUP_TASK_HISTORY (status-machines.md 3).

The counters are not stored while the task runs: they are computed when somebody looks, as of the last pass of the
backup scheduler, from what the copy tasks have done by then.
"""

from dataclasses import dataclass, field

from obsim.backup.job import BackupJob
from obsim.backup.progress import PASS_NS, CopyProgress
from obsim.backup.set import BackupSet, Counters
from obsim.ids import Nanoseconds, Scn, TaskId

__all__ = ["SetTask"]


@dataclass(slots=True, eq=False)
class SetTask:
    """The row; `status` is INIT, a stage of the version profile, COMPLETED, FAILED, CANCELING or CANCELED."""

    task_id: TaskId
    job: BackupJob
    backup_set: BackupSet
    start_scn: Scn
    progress: CopyProgress
    status: str = "INIT"
    end_ns: Nanoseconds = Nanoseconds(0)
    end_scn: Scn = Scn(0)
    user_ls_start_scn: Scn = Scn(0)
    result: int = 0
    comment: str = ""
    final_counters: Counters | None = field(default=None)

    @property
    def start_ns(self) -> Nanoseconds:
        """START_TIMESTAMP equals the job's."""
        return self.job.start_ns

    def counters(self, now_ns: int) -> Counters:
        """The progress columns as of the last pass at or before `now_ns`."""
        if self.final_counters is not None:
            return self.final_counters
        return self.progress.counters(self.passed_ns(now_ns))

    def passed_ns(self, now_ns: int) -> int:
        """When the last pass was that summed up the counters."""
        return now_ns - (now_ns - self.start_ns) % PASS_NS
