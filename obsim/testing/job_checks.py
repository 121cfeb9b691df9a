"""Invariants 20 to 27 of engine.md 2.6 (SCNs, rounds, jobs) and S1 to S6 of 5.7 (the scheduler)."""

from collections.abc import Iterator

from obsim.testing.observation import Observation, SetSeen, TenantSeen
from obsim.testing.registry import between, invariant, register

CAN_NOT_START = -9040
"""Result of a parent with a tenant that could not be started: it had no destination."""
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


# SCNs, rounds and time.


@invariant("20")
def scns_are_in_order(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """20: START_REPLAY <= START <= USER_LS_START <= CONSISTENT <= END = MIN_RESTORE for a set that succeeded."""
    tasks = {t.backup_set_id: t for t in tenant.tasks}
    for s in (s for s in tenant.sets.values() if s.usable):
        task = tasks[s.backup_set_id]
        order = [s.start_replay_scn, task.start_scn, task.user_ls_start_scn, s.consistent_scn, task.end_scn]
        if order != sorted(order) or s.min_restore_scn != task.end_scn or not s.start_replay_scn:
            yield f"set {s.backup_set_id} has the SCNs {order} and MIN_RESTORE_SCN {s.min_restore_scn}"


@invariant("21")
def min_restore_scn_grows(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """21: on one destination MIN_RESTORE_SCN grows with the set id among usable sets."""
    last: dict[str, SetSeen] = {}
    for s in sorted((s for s in tenant.sets.values() if s.usable), key=lambda s: s.backup_set_id):
        before = last.get(s.path)
        if before is not None and before.min_restore_scn >= s.min_restore_scn:
            scns = f"{before.min_restore_scn}, {s.min_restore_scn}"
            yield f"sets {before.backup_set_id} and {s.backup_set_id} have {scns}"
        last[s.path] = s


@between("22")
def rounds_go_on(now: TenantSeen, before: TenantSeen) -> Iterator[str]:
    """22: a round's checkpoint never goes back; the next round has the next id and starts with an unused piece."""
    was, current = before.round, now.round
    if was is None or current is None:
        return
    if current.round_id == was.round_id:
        if current.checkpoint_scn < was.checkpoint_scn or current.used_piece_id < was.used_piece_id:
            yield f"round {was.round_id} went back from {was} to {current}"
    elif current.round_id < was.round_id or current.base_piece_id <= was.used_piece_id:
        yield f"{current} follows {was}"


# Jobs.


@invariant("24")
def one_job_an_initiator(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """24: at most one unfinished job per tenant and initiator."""
    initiators = [j.initiator_tenant_id for j in tenant.jobs if not j.ended]
    if len(set(initiators)) != len(initiators):
        yield f"jobs of the initiators {initiators} at once"


@invariant("25")
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


@between("25b")
def statuses_move_along_their_edges(now: TenantSeen, before: TenantSeen) -> Iterator[str]:
    """25: jobs, tasks and files only move along the edges of status-machines.md; ended rows stay as they are."""
    jobs = {j.job_id: j for j in now.jobs}
    for was in before.jobs:
        job = jobs.get(was.job_id)
        if job is None or not _reachable(_JOB_EDGES, was.status, job.status) or (was.ended and job != was):
            yield f"job {was.job_id} went from {was.status} to {job.status if job else 'nowhere'}"
    tasks = {t.task_id: t for t in now.tasks}
    for old in before.tasks:
        task = tasks.get(old.task_id)
        if task is None or not _task_may_follow(old.status, task.status) or (old.ended and task != old):
            yield f"task {old.task_id} went from {old.status} to {task.status if task else 'nowhere'}"
    for number, past in before.sets.items():
        s = now.sets.get(number)
        if s is None or not _reachable(_FILE_EDGES, past.file_status, s.file_status):
            yield f"set {number} went from {past.file_status} to {s.file_status if s else 'nowhere'}"


def _reachable(edges: dict[str, set[str]], start: str, goal: str) -> bool:
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


@invariant("26")
def cancelled_sets_are_incomplete(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """26: a cancelled or failed job leaves its set FAILED and INCOMPLETE, and no set builds on such a one."""
    for j in tenant.jobs:
        s = tenant.sets.get(j.backup_set_id)
        if (
            s is not None
            and j.status in {"FAILED", "CANCELED"}
            and (s.status, s.file_status) != ("FAILED", "INCOMPLETE")
        ):
            yield f"job {j.job_id} is {j.status}, its set {s.status} and {s.file_status}"
    for s in tenant.sets.values():
        for ancestor in {s.prev_full_id, s.prev_inc_id, s.base_id} - {0}:
            if tenant.sets[ancestor].status != "SUCCESS":
                yield f"set {s.backup_set_id} builds on {ancestor}, which is {tenant.sets[ancestor].status}"
    for t in tenant.tasks:
        if t.status == "CANCELED" and t.result != -4072:
            yield f"task {t.task_id} is CANCELED with result {t.result}"


@invariant("27")
def finished_never_exceeds_total(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """27: finish counts stay at or below their totals, and reach them in a set that succeeded."""
    for c in [t.counters for t in tenant.tasks] + [s.counters for s in tenant.sets.values()]:
        if c.finish_macro_block_count > c.macro_block_count or c.finish_tablet_count > c.tablet_count:
            yield f"finished more than there is: {c}"
    for s in (s for s in tenant.sets.values() if s.usable):
        c = s.counters
        if (c.finish_macro_block_count, c.finish_tablet_count) != (c.macro_block_count, c.tablet_count):
            yield f"set {s.backup_set_id} succeeded with work left: {c}"


@between("27b")
def progress_never_goes_back(now: TenantSeen, before: TenantSeen) -> Iterator[str]:
    """27: no counter of a task becomes smaller."""
    tasks = {t.task_id: t.counters for t in now.tasks}
    for was in before.tasks:
        c, old = tasks.get(was.task_id), was.counters
        if c is not None and (
            c.input_bytes < old.input_bytes or c.output_bytes < old.output_bytes
            or c.extra_meta_bytes < old.extra_meta_bytes or c.tablet_count < old.tablet_count
            or c.finish_tablet_count < old.finish_tablet_count or c.macro_block_count < old.macro_block_count
            or c.finish_macro_block_count < old.finish_macro_block_count
        ):  # fmt: skip
            yield f"task {was.task_id} went back from {old} to {c}"


def _parents(now: Observation, _before: Observation | None) -> Iterator[str]:
    """P (status-machines.md 2): a parent ends after its children, with the result of the first that failed."""
    jobs = [j for tenant in now.tenants.values() for j in tenant.jobs]
    for parent in now.sys_jobs:
        children = [j for j in jobs if (j.initiator_tenant_id, j.initiator_job_id) == (1, parent.job_id)]
        if parent.initiator_job_id != parent.job_id or parent.backup_set_id or parent.path:
            yield f"parent {parent.job_id} does not look like one: {parent}"
        if parent.status not in _FINAL:
            continue
        if any(not j.ended or j.end_ns > parent.end_ns for j in children):
            yield f"parent {parent.job_id} ended before its children"
        failed = sorted((j.end_ns, j.tenant_id, j.result) for j in children if j.result)
        if len(children) < len(parent.executor_tenant_ids):
            failed.insert(0, (0, 0, CAN_NOT_START))
        expected = failed[0][2] if failed else 0
        if parent.status != "CANCELED" and parent.result != expected:
            yield f"parent {parent.job_id} has result {parent.result}, its children {[j.result for j in children]}"
    numbers = [j.job_id for j in now.sys_jobs]
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        yield f"parents are numbered {numbers}"


register("P", "parent_ends_with_its_children", _parents)


# The scheduler (engine.md 5.7).


@invariant("S1")
def running_stays_within_the_limit(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """S1: 0 <= running; above the limit only while nothing waits to be started, after a lowering."""
    for q in tenant.queues:
        if q.running < 0 or q.waiting < 0:
            yield f"{q.name} runs {q.running} and queues {q.waiting}"


@between("S1b")
def excess_only_shrinks(now: TenantSeen, before: TenantSeen) -> Iterator[str]:
    """S1: what runs above the limit was running before: the excess never grows while the limit stands."""
    for q, was in zip(now.queues, before.queues, strict=True):
        if q.running > q.limit and q.running > max(was.running, was.limit):
            yield f"{q.name} runs {q.running} with limit {q.limit}, before {was.running} with {was.limit}"


@invariant("S2")
def no_slot_idles_while_tasks_wait(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """S2: nothing waits while there is room."""
    for q in tenant.queues:
        if q.waiting and q.running < q.limit:
            yield f"{q.name} runs {q.running} of {q.limit} while {q.waiting} wait"


@invariant("S6")
def limits_follow_the_scores(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """S3, S6: a limit is its own score, or the built-in one when that is 0; no other score matters."""
    for q in tenant.queues:
        if q.limit != (q.score or q.default_score):
            yield f"{q.name} has limit {q.limit} at score {q.score}"
