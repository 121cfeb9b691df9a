"""Invariants 24 to 27 of engine.md 2.6: jobs, their tasks and their parents."""

from collections.abc import Iterator

from obsim.error_codes import OB_BACKUP_CAN_NOT_START, OB_BACKUP_IN_PROGRESS, OB_CANCELED
from obsim.testing.observation import Observation, TenantSeen
from obsim.testing.registry import between, invariant, whole

IN_PROGRESS = -OB_BACKUP_IN_PROGRESS
_JOB_EDGES = {
    "INIT": {"DOING", "FAILED", "CANCELING"}, "DOING": {"COMPLETED", "FAILED", "CANCELING"}, "CANCELING": {"CANCELED"},
}  # fmt: skip
_STAGES = (
    "INIT", "BACKUP_SYS_META", "BACKUP_USER_META", "BACKUP_META_FINISH", "BACKUP_DATA_SYS", "BACKUP_DATA_MINOR",
    "BACKUP_DATA_MAJOR", "BACKUP_LOG", "COMPLETED",
)  # fmt: skip
_FILE_EDGES = {
    "COPYING": {"AVAILABLE", "INCOMPLETE"}, "AVAILABLE": {"BROKEN", "EXPIRED", "DELETING", "INCOMPLETE"},
    "INCOMPLETE": {"COPYING", "DELETING"}, "BROKEN": {"DELETING"}, "EXPIRED": {"AVAILABLE", "DELETING"},
    "DELETING": {"DELETED"}, "DELETED": set(),
}  # fmt: skip
_FINAL = {"COMPLETED", "FAILED", "CANCELED"}


@invariant("24", "jobs")
def one_job_an_initiator(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """24: at most one unfinished job per tenant and initiator."""
    initiators = [j.initiator_tenant_id for j in tenant.jobs if not j.ended]
    if len(set(initiators)) != len(initiators):
        yield f"jobs of the initiators {initiators} at once"


@whole("24b", "asked", "jobs", "path")
def second_request_is_refused(now: Observation, before: Observation | None) -> Iterator[str]:
    """24: a tenant whose own job is unfinished gets 9036 when it asks again."""
    asked = now.asked
    tenant = before.tenants.get(asked.by_tenant_id) if asked is not None and before is not None else None
    if asked is None or tenant is None or not tenant.path:
        return
    busy = any(j.initiator_tenant_id == tenant.tenant_id and not j.ended for j in tenant.jobs)
    if busy != (asked.errno == IN_PROGRESS):
        what = "had" if busy else "had no"
        yield f"tenant {tenant.name} {what} job of its own and asked for another: {asked.errno}"


@invariant("25", "jobs")
def ended_jobs_have_an_end(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """25: a final status has an end time, another none; COMPLETED exactly with result 0; history holds ended jobs."""
    for j in tenant.jobs:
        final = j.status in _FINAL
        if (
            final != bool(j.end_ns)
            or (final and (j.status == "COMPLETED") != (j.result == 0))
            or (j.ended and not final)
        ):
            yield f"job {j.job_id} is {j.status} with end {j.end_ns} and result {j.result}"
    numbers = [j.job_id for j in tenant.jobs]
    if len(set(numbers)) != len(numbers):
        yield "a job stands in the current view and in history"


@between("25b", "jobs", "tasks", "sets")
def statuses_move_along_their_edges(
    tenant: TenantSeen, old: TenantSeen, _now: Observation, _before: Observation
) -> Iterator[str]:
    """25: jobs, tasks and files only move along the edges of status-machines.md; ended rows stay as they are."""
    jobs = {j.job_id: j for j in tenant.jobs}
    for was in old.jobs:
        job = jobs.get(was.job_id)
        if job is was:
            continue
        if job is None or not _reachable(_JOB_EDGES, was.status, job.status) or (was.ended and job != was):
            yield f"job {was.job_id} went from {was.status} to {job.status if job else 'nowhere'}"
    tasks = {t.task_id: t for t in tenant.tasks}
    for past_task in old.tasks:
        task = tasks.get(past_task.task_id)
        if task is past_task:
            continue
        if task is None or not _task_may_follow(past_task.status, task.status) or (
            past_task.ended and task != past_task
        ):
            yield f"task {past_task.task_id} went from {past_task.status} to {task.status if task else 'nowhere'}"
    for number, past in old.sets.items():
        s = tenant.sets.get(number)
        if s is past:
            continue
        if s is None or not _reachable(_FILE_EDGES, past.file_status, s.file_status):
            yield f"set {number} went from {past.file_status} to {s.file_status if s else 'nowhere'}"


def _reachable(edges: dict[str, set[str]], start: str, goal: str) -> bool:
    """Whether a chain of edges, perhaps of none, leads from one status to the other."""
    seen, left = {start}, [start]
    while left:
        for following in edges.get(left.pop(), set()) - seen:
            seen.add(following)
            left.append(following)
    return goal in seen


def _task_may_follow(before: str, after: str) -> bool:
    if before in _FINAL:
        return before == after
    if after in {"FAILED", "CANCELED", "CANCELING"}:
        return before != "CANCELING" or after != "FAILED"
    return before in _STAGES and after in _STAGES and _STAGES.index(before) <= _STAGES.index(after)


@invariant("26", "jobs", "tasks", "sets")
def cancelled_sets_are_incomplete(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """26: a cancelled or failed job leaves its set FAILED and INCOMPLETE, and no set builds on such a one.

    A clean-up may delete it later.
    """
    for j in tenant.jobs:
        s = tenant.sets.get(j.backup_set_id)
        if (
            s is not None
            and j.status in {"FAILED", "CANCELED"}
            and (s.status != "FAILED" or s.file_status not in {"INCOMPLETE", "DELETING", "DELETED"})
        ):
            yield f"job {j.job_id} is {j.status}, its set {s.status} and {s.file_status}"
    for s in tenant.sets.values():
        for ancestor in {s.prev_full_id, s.prev_inc_id} & tenant.sets.keys():
            if tenant.sets[ancestor].status != "SUCCESS":
                yield f"set {s.backup_set_id} builds on {ancestor}, which is {tenant.sets[ancestor].status}"
    for t in tenant.tasks:
        if t.status == "CANCELED" and t.result != OB_CANCELED:
            yield f"task {t.task_id} is CANCELED with result {t.result}"


@invariant("27", "tasks", "sets")
def finished_never_exceeds_total(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """27: finish counts stay at or below their totals, and reach them in a set that succeeded."""
    for c in [t.counters for t in tenant.tasks] + [s.counters for s in tenant.sets.values()]:
        if c.finish_macro_block_count > c.macro_block_count or c.finish_tablet_count > c.tablet_count:
            yield f"finished more than there is: {c}"
    for s in (s for s in tenant.sets.values() if s.usable):
        c = s.counters
        if (c.finish_macro_block_count, c.finish_tablet_count) != (c.macro_block_count, c.tablet_count):
            yield f"set {s.backup_set_id} succeeded with work left: {c}"


@between("27b", "tasks")
def progress_never_goes_back(
    tenant: TenantSeen, before: TenantSeen, _now: Observation, _before: Observation
) -> Iterator[str]:
    """27: no counter of a task becomes smaller."""
    tasks = {t.task_id: t.counters for t in tenant.tasks}
    for was in before.tasks:
        c, old = tasks.get(was.task_id), was.counters
        if c is not None and (
            c.input_bytes < old.input_bytes or c.output_bytes < old.output_bytes
            or c.extra_meta_bytes < old.extra_meta_bytes or c.tablet_count < old.tablet_count
            or c.finish_tablet_count < old.finish_tablet_count or c.macro_block_count < old.macro_block_count
            or c.finish_macro_block_count < old.finish_macro_block_count
        ):  # fmt: skip
            yield f"task {was.task_id} went back from {old} to {c}"


@whole("P", "jobs", "sys_jobs")
def parent_ends_with_its_children(now: Observation, _before: Observation | None) -> Iterator[str]:
    """P: a parent ends after its children, with the result of the first that failed; of several at once, of any."""
    jobs = [j for tenant in now.tenants.values() for j in tenant.jobs]
    for parent in now.sys_jobs:
        children = [j for j in jobs if (j.initiator_tenant_id, j.initiator_job_id) == (1, parent.job_id)]
        if parent.initiator_job_id != parent.job_id or parent.backup_set_id or parent.path:
            yield f"parent {parent.job_id} does not look like one: {parent}"
        if parent.status not in _FINAL:
            continue
        if any(not j.ended or j.end_ns > parent.end_ns for j in children):
            yield f"parent {parent.job_id} ended before its children"
        failed = [(j.end_ns, j.result) for j in children if j.result]
        if len(children) < len(parent.executor_tenant_ids):
            failed.append((0, OB_BACKUP_CAN_NOT_START))
        first_ns = min((end_ns for end_ns, _ in failed), default=0)
        expected = {result for end_ns, result in failed if end_ns == first_ns} or {0}
        if parent.status != "CANCELED" and parent.result not in expected:
            yield f"parent {parent.job_id} has result {parent.result}, its children {[j.result for j in children]}"
    numbers = [j.job_id for j in now.sys_jobs]
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        yield f"parents are numbered {numbers}"

