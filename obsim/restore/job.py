"""A restore job: the rows of OB_RESTORE_PROGRESS and OB_RESTORE_HISTORY, one of sys and one of the new tenant.

status-machines.md 8, samples.md. Both rows have the number of the job; the tenant's begins when the tenant is there.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from obsim.archive.log import RedoLog
from obsim.ids import JobId, Nanoseconds, Scn, TenantId, us_floor
from obsim.restore.catalogue import Catalogue, PlacedPiece, below, set_directory
from obsim.restore.plan import RestorePlan
from obsim.scheduler.dag import DagTask

__all__ = ["RestoreJob", "RestoreProgress", "RestoreRequest", "RestoreRow", "SysStatus", "TenantStatus"]


class SysStatus(StrEnum):
    """STATUS of the row of sys."""

    CREATE_TENANT = "CREATE_TENANT"
    WAIT_TENANT_RESTORE_FINISH = "WAIT_TENANT_RESTORE_FINISH"
    SUCCESS = "RESTORE_SUCCESS"
    FAIL = "RESTORE_FAIL"


class TenantStatus(StrEnum):
    """States of the tenant's row; views print the first five as RESTORING."""

    PRE = "RESTORE_PRE"
    CREATE_INIT_LS = "RESTORE_CREATE_INIT_LS"
    TO_CONSISTENT_SCN = "WAIT_RESTORE_TO_CONSISTENT_SCN"
    WAIT_LS = "RESTORE_WAIT_LS"
    POST_CHECK = "POST_CHECK"
    UPGRADE = "UPGRADE"
    SUCCESS = "RESTORE_SUCCESS"
    FAIL = "RESTORE_FAIL"

    @property
    def shown(self) -> str:
        """As the views print it."""
        return str(self) if self in {self.UPGRADE, self.SUCCESS, self.FAIL} else "RESTORING"


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """What the statement asked for, once it is checked and planned."""

    tenant_name: str
    options: str
    """The text of WITH."""
    destinations: str
    """The URIs of FROM without their keys."""
    catalogue: Catalogue
    plan: RestorePlan
    pools: tuple[str, ...]
    locality: str = ""
    primary_zone: str = ""
    concurrency: int | None = None
    description: str | None = None

    @property
    def set_list(self) -> str:
        """BACKUP_SET_LIST: the directories of the sets."""
        return ",".join(map(set_directory, self.plan.sets))

    @property
    def piece_list(self) -> str:
        """BACKUP_PIECE_LIST: the directories of the pieces."""
        if self.catalogue.pieces is None:
            return below(set_directory(self.plan.sets[-1]), "complement_log")
        return ",".join(placed.directory for placed in self.pieces)

    @property
    def log(self) -> RedoLog:
        """The log it replays: that of the pieces, else what the last set holds itself."""
        own = self.plan.sets[-1].complement
        return own.log if self.catalogue.pieces is None and own is not None else self.catalogue.log

    @property
    def pieces(self) -> list[PlacedPiece]:
        """The pieces of the plan, with their places."""
        return self.catalogue.placed(self.plan.pieces)


@dataclass(slots=True, eq=False)
class RestoreRow:
    """What each of the two rows has of its own."""

    tenant_id: TenantId
    finish_ns: Nanoseconds = Nanoseconds(0)
    result: int = 0
    """0 or the negative OceanBase code."""
    comment: str = ""
    past: bool = False
    """Whether it stands in the history."""


@dataclass(slots=True, eq=False)
class RestoreProgress:
    """How far the tenant's row has come; worked out when somebody looks."""

    log_stream_count: int
    tablet_count: int
    total_bytes: int
    inner_tablet_count: int
    start_scn: Scn
    """Where the log is replayed from."""
    consistent_scn: Scn
    target_scn: Scn
    inner_done: bool = False
    finished_log_streams: int = 0
    copies: list[tuple[DagTask, int]] = field(default_factory=list)
    """Each copy task, and of how many tablets."""
    replays: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(begin, end, first SCN, last SCN) of each time the log is replayed."""

    @property
    def finished_tablet_count(self) -> int:
        """FINISH_TABLET_COUNT."""
        done = sum(count for copy, count in self.copies if copy.finished)
        return min(self.inner_tablet_count * self.inner_done + done, self.tablet_count)

    def recovered_scn(self, now_ns: int) -> int:
        """RECOVER_SCN: how far the log is replayed, at an even pace."""
        scn = int(self.start_scn)
        for begin_ns, end_ns, first, last in self.replays:
            if now_ns >= end_ns:
                scn = last
            elif now_ns > begin_ns:
                scn = us_floor(first + (last - first) * (now_ns - begin_ns) // (end_ns - begin_ns))
        return scn


@dataclass(slots=True, eq=False)
class RestoreJob:
    """The job. `tenant` is None until the tenant has been made."""

    job_id: JobId
    request: RestoreRequest
    start_ns: Nanoseconds
    sys: RestoreRow
    status: SysStatus = SysStatus.CREATE_TENANT
    tenant: RestoreRow | None = None
    new_tenant_id: int = 0
    """RESTORE_TENANT_ID: 0 until the tenant has been made; it stays when the tenant goes."""
    tenant_status: TenantStatus = TenantStatus.PRE
    progress: RestoreProgress | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing of it goes on any more."""
        return self.status in {SysStatus.SUCCESS, SysStatus.FAIL}

    @property
    def scn(self) -> Scn:
        """RESTORE_SCN."""
        return self.request.plan.scn
