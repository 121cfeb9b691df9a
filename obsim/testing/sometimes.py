"""Rare situations that a campaign should have met, counted from observations.

A property that never saw a cancelled BACKUP_LOG says nothing about it. `SITUATIONS` are the names; one that stands at
zero after a long campaign is a hole in the campaign, or a thing that the cluster under test cannot do.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from obsim.error_codes import OB_BACKUP_FILE_NOT_EXIST, OB_LOG_ARCHIVE_INTERRUPTED, OB_LOG_ARCHIVE_NOT_RUNNING
from obsim.testing.observation import Observation, SetSeen, TenantSeen

__all__ = ["SITUATIONS", "Sometimes"]

STAGES = (
    "INIT", "BACKUP_SYS_META", "BACKUP_USER_META", "BACKUP_META_FINISH", "BACKUP_DATA_SYS", "BACKUP_DATA_MINOR",
    "BACKUP_DATA_MAJOR", "BACKUP_LOG",
)  # fmt: skip
ARCHIVE_STOPPED = {OB_LOG_ARCHIVE_INTERRUPTED, OB_LOG_ARCHIVE_NOT_RUNNING}
SITUATIONS = (
    *(f"cancel in {stage}" for stage in STAGES),
    "jobs of both initiators at once",
    "path changed and back",
    "broken base",
    "turn above 1",
    "score lowered in the middle of a task",
    "task paused",
    "silent conversion",
    "unusable set passed over",
    "archiving stopped under a backup",
    "seam block",
    "split block",
    "compaction under a backup",
    "nothing to copy",
    "retry that mends",
    "failure for good",
    "retries used up",
    "set deleted",
    "two priorities short of CPU",
    "round interrupted",
    "restored",
    "restore refused",
    "restored from an increment",
    "restored with changes from the log",
    "restored without an archive",
    "restored from a former archive",
    "restored beside an unusable set",
    "restored after a clean-up",
    "recovered further",
    "recovery comes to a gap",
)


class Sometimes:
    """Counts situations over the observations of one trial."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(SITUATIONS, 0))
        self._paths: dict[int, list[str]] = {}

    def new_timeline(self) -> None:
        """The cluster begins anew: what came before belongs to nothing that follows."""
        self._paths.clear()

    def count(self, now: Observation, before: Observation) -> None:
        """Count what came about between two observations."""
        for tenant_id, tenant in now.tenants.items():
            old = before.tenants.get(tenant_id)
            if old is None:
                continue
            if tenant.jobs is not old.jobs:
                self.counts.update(_cancels(tenant, old))
                self.counts.update(_jobs(tenant, old, now))
            if tenant.sets is not old.sets:
                self.counts.update(_sets(tenant, old))
            if tenant.queues is not old.queues:
                self.counts.update(_queues(tenant, old))
            if tenant.baseline is not old.baseline:
                self.counts.update(_blocks(tenant, old))
            if sum(s.backlogged_since_ns >= 0 for s in tenant.service) > 1:
                self.counts["two priorities short of CPU"] += 1
            if tenant.path != old.path:
                self._path(tenant, old)
            if tenant.round is not None and old.round is not None:
                ends = old.round.status, tenant.round.status
                self.counts["round interrupted"] += ends[0] != ends[1] == "INTERRUPTED"

    def _path(self, tenant: TenantSeen, old: TenantSeen) -> None:
        paths = self._paths.setdefault(tenant.tenant_id, [old.path])
        if tenant.path and tenant.path in paths and any(s.path == tenant.path for s in tenant.sets.values()):
            self.counts["path changed and back"] += 1
        paths.append(tenant.path)


def _cancels(tenant: TenantSeen, old: TenantSeen) -> Iterator[str]:
    stages = {t.job_id: t.status for t in old.tasks}
    was = {j.job_id: j.status for j in old.jobs}
    for job in tenant.jobs:
        if job.status in {"CANCELING", "CANCELED"} and was.get(job.job_id) in {"INIT", "DOING"}:
            yield f"cancel in {stages.get(job.job_id, 'INIT')}"


def _jobs(tenant: TenantSeen, old: TenantSeen, now: Observation) -> Iterator[str]:
    if len({j.initiator_tenant_id for j in tenant.jobs if not j.ended}) > 1:
        yield "jobs of both initiators at once"
    was = {j.job_id: j for j in old.jobs}
    parents = {j.job_id: j.backup_type for j in now.sys_jobs}
    for job in tenant.jobs:
        before = was.get(job.job_id)
        if before is None and job.backup_type == "FULL" and _asked_for(job.initiator_job_id, parents, now) == "INC":
            yield "silent conversion"
        if job.result and (before is None or not before.result):
            if job.result == OB_BACKUP_FILE_NOT_EXIST and _lost_its_base(tenant, job.backup_set_id):
                yield "broken base"
            if job.result in ARCHIVE_STOPPED:
                yield "archiving stopped under a backup"


def _lost_its_base(tenant: TenantSeen, number: int) -> bool:
    blocks = tenant.blocks.get(number)
    base = tenant.sets.get(blocks.base_id) if blocks is not None else None
    return base is not None and not base.usable


def _asked_for(parent_id: int, parents: Mapping[int, str], now: Observation) -> str:
    """The type that was asked for, by a parent or just now by the tenant itself."""
    if parent_id:
        return parents.get(parent_id, "")
    return "INC" if now.asked is not None and now.asked.incremental and now.asked.by_tenant_id != 1 else ""


def _sets(tenant: TenantSeen, old: TenantSeen) -> Iterator[str]:
    for number, s in tenant.sets.items():
        was = old.sets.get(number)
        if was is s:
            continue
        if s.file_status == "DELETED" and was is not None:
            yield "set deleted"
        if _turn(s) > 1 and (was is None or _turn(s) > _turn(was)):
            yield "turn above 1"
        if was is None and any(
            s.prev_inc_id < n < number and o.path == s.path for n, o in tenant.sets.items() if s.prev_inc_id
        ):
            yield "unusable set passed over"
        blocks = tenant.blocks.get(number)
        if s.usable and (was is None or not was.usable) and blocks is not None and not blocks.copied:
            yield "nothing to copy"


def _turn(s: SetSeen) -> int:
    return max(s.meta_turn_id, s.data_turn_id, s.minor_turn_id, s.major_turn_id)


def _queues(tenant: TenantSeen, old: TenantSeen) -> Iterator[str]:
    for q, was in zip(tenant.queues, old.queues, strict=True):
        if q.limit < was.limit and was.running > 0 and q.score:
            yield "score lowered in the middle of a task"
        if len(q.begun) > q.running and len(was.begun) == was.running:
            yield "task paused"


def _blocks(tenant: TenantSeen, old: TenantSeen) -> Iterator[str]:
    if any(not t.ended and t.status not in {"INIT", "CANCELING"} for t in tenant.tasks):
        yield "compaction under a backup"
    for tablet_id, blocks in tenant.baseline.items():
        was = old.baseline.get(tablet_id)
        if was is None or was is blocks:
            continue
        kept, dirty = set(blocks), old.dirty.get(tablet_id, frozenset())
        if any(block not in kept and place not in dirty for place, block in enumerate(was)):
            yield "seam block"
        if len(blocks) > len(was) + old.appended.get(tablet_id, 0):
            yield "split block"
