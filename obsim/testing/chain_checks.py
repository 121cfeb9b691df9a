"""Invariants 1 to 7 of engine.md 2.6: which set an increment builds on."""

from collections.abc import Iterator
from itertools import pairwise

from obsim.testing.observation import JobSeen, Observation, SetSeen, TenantSeen
from obsim.testing.registry import invariant, whole

SYS = 1
_LACKS_A_BASE = {9040, 9042}
"""Errno of a BACKUP that cannot start."""


@invariant("1", "sets")
def full_has_no_ancestors(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """1: type FULL exactly when prev_full and prev_inc are 0."""
    for s in tenant.sets.values():
        if (s.backup_type == "FULL") != (s.prev_full_id == s.prev_inc_id == 0) or (s.prev_full_id == 0) != (
            s.prev_inc_id == 0
        ):
            yield f"set {s.backup_set_id} is {s.backup_type} with ancestors {s.prev_full_id}, {s.prev_inc_id}"


@invariant("2", "sets")
def ancestors_are_older_and_on_the_path(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """2: for an increment 0 < prev_full <= prev_inc < id, prev_full is a full set, all three lie on one path."""
    for s in tenant.sets.values():
        if s.backup_type != "INC":
            continue
        if not 0 < s.prev_full_id <= s.prev_inc_id < s.backup_set_id:
            yield f"set {s.backup_set_id} has ancestors {s.prev_full_id}, {s.prev_inc_id}"
            continue
        full, before = tenant.sets.get(s.prev_full_id), tenant.sets.get(s.prev_inc_id)
        if full is None or before is None or full.backup_type != "FULL" or not s.path == full.path == before.path:
            yield f"set {s.backup_set_id} on {s.path} builds on {full} and {before}"


def _ready(tenant: TenantSeen, path: str, accepted_ns: int) -> list[SetSeen]:
    """Sets that are usable, lie on a path and had ended when a job was accepted."""
    return [s for s in tenant.sets.values() if s.usable and s.path == path and 0 < s.end_ns <= accepted_ns]


@invariant("3", "sets")
def predecessor_is_the_newest_usable(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """3: prev_inc is the newest set that was usable on the path when the job was accepted.

    Seen from now: prev_inc had succeeded by then, and no set that is usable was newer. One that has become unusable
    since may have been passed over for that reason.
    """
    for s in tenant.sets.values():
        if s.backup_type != "INC":
            continue
        before = tenant.sets.get(s.prev_inc_id)
        if before is None or before.status != "SUCCESS" or before.end_ns > s.start_ns:
            yield f"set {s.backup_set_id} builds on {s.prev_inc_id}, which had not succeeded when it was accepted"
        newest = max((o.backup_set_id for o in _ready(tenant, s.path, s.start_ns)), default=0)
        if s.prev_inc_id < newest:
            yield f"set {s.backup_set_id} builds on {s.prev_inc_id}, the newest usable set was {newest}"


@whole("3b", "sets", "jobs", "sys_jobs")
def conversion_only_without_a_base(now: Observation, _before: Observation | None) -> Iterator[str]:
    """3: a child whose parent asked for an increment is FULL only when no set was usable, and INC otherwise.

    What a tenant itself asked for is not kept anywhere, so its own jobs are the naive model's to judge.
    """
    parents = {j.job_id: j for j in now.sys_jobs}
    for tenant in now.tenants.values():
        for job in tenant.jobs:
            parent = parents.get(job.initiator_job_id) if job.initiator_tenant_id == 1 else None
            if parent is not None:
                yield from _converted_rightly(tenant, job, parent)


def _converted_rightly(tenant: TenantSeen, job: JobSeen, parent: JobSeen) -> Iterator[str]:
    what = f"tenant {tenant.name}: job {job.job_id} is {job.backup_type}, its parent asked for {parent.backup_type}"
    if parent.backup_type == "FULL" and job.backup_type != "FULL":
        yield what
    if parent.backup_type == "INC" and job.backup_type == "FULL" and _ready(tenant, job.path, job.start_ns):
        yield f"{what}, and there was a set to build on"


@invariant("4", "sets")
def prev_full_follows_prev_inc(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """4: prev_full is prev_inc itself when that is a full set, otherwise prev_inc's prev_full."""
    for s in tenant.sets.values():
        before = tenant.sets.get(s.prev_inc_id)
        if before is not None:
            expected = before.backup_set_id if before.backup_type == "FULL" else before.prev_full_id
            if s.prev_full_id != expected:
                yield f"set {s.backup_set_id} has prev_full {s.prev_full_id}, expected {expected}"


@invariant("5", "sets")
def chains_end_at_their_full(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """5: following prev_inc from a usable increment reaches prev_full in strictly decreasing steps."""
    for s in tenant.sets.values():
        if s.backup_type != "INC" or not s.usable:
            continue
        at = s
        while at.backup_type == "INC" and at.prev_inc_id < at.backup_set_id and at.prev_inc_id in tenant.sets:
            at = tenant.sets[at.prev_inc_id]
        if at.backup_set_id != s.prev_full_id:
            yield f"from set {s.backup_set_id} prev_inc leads to {at.backup_set_id}, prev_full is {s.prev_full_id}"


@invariant("6", "jobs", "sets")
def every_job_took_one_set_id(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """6: set ids grow with the jobs and none is used twice: failed and cancelled jobs took theirs.

    Of a cluster that was there before, only jobs and sets still shown count.
    """
    in_order = [j.backup_set_id for j in sorted(tenant.jobs, key=lambda j: j.job_id)]
    if any(later <= earlier for earlier, later in pairwise(in_order)):
        yield f"jobs have the set ids {in_order}"
    if in_order and in_order != list(range(in_order[0], in_order[0] + len(in_order))):
        yield f"set ids are missing in {in_order}"
    strangers = {number for number in tenant.sets if in_order and number >= in_order[0]} - set(in_order)
    if strangers:
        yield f"sets {sorted(strangers)} belong to no job"


@whole("7", "asked", "jobs", "sys_jobs", "round", "path")
def increment_never_fails_for_lack_of_a_full(now: Observation, before: Observation | None) -> Iterator[str]:
    """7: a tenant that could be backed up is not refused an increment for lack of a full set."""
    asked = now.asked
    if asked is None or before is None or not asked.incremental or asked.errno not in _LACKS_A_BASE:
        return
    chosen = [t for t in before.tenants.values() if t.tenant_id in asked.tenant_ids or not asked.tenant_ids]
    able = [t.path and t.round is not None and t.round.status == "DOING" for t in chosen]
    free = [all(j.ended or j.initiator_tenant_id != asked.by_tenant_id for j in t.jobs) for t in chosen]
    if asked.by_tenant_id == SYS and not all(j.ended for j in before.sys_jobs):
        return  # its children may be still to come
    if all(able) and all(free):
        yield f"tenant {asked.by_tenant_id} was refused an increment with {asked.errno}"
