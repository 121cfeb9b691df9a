"""S1 to S6 and the fairness bound of engine.md 5.7: what a tenant's DAG scheduler keeps to."""

from collections.abc import Iterator

from obsim.testing.observation import Observation, TenantSeen
from obsim.testing.registry import between, invariant

YIELD_NS = 3_000_000_000
"""A task looks at its limit that often (engine.md 5.4)."""


@between("S1", "queues")
def running_stays_within_the_limit(
    tenant: TenantSeen, old: TenantSeen, _now: Observation, _before: Observation
) -> Iterator[str]:
    """S1: 0 <= running <= limit, but for what ran when the limit was lowered: that excess only shrinks."""
    for q, was in zip(tenant.queues, old.queues, strict=True):
        if q.running < 0 or q.waiting < 0:
            yield f"{q.name} runs {q.running} and queues {q.waiting}"
        if q.running > q.limit and q.running > max(was.running, was.limit):
            yield f"{q.name} runs {q.running} with limit {q.limit}, before {was.running} with {was.limit}"


@invariant("S1b", "excess", "now_ns")
def excess_ends_in_one_period(tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """S1: three seconds after a limit was lowered no more tasks run than it allows."""
    for name, since_ns in tenant.excess:
        if now.now_ns >= since_ns + YIELD_NS:
            yield f"{name} has run too many tasks for {(now.now_ns - since_ns) / 1e9:.1f} s"


@invariant("S2", "queues")
def no_slot_idles_while_tasks_wait(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """S2: nothing waits while there is room."""
    for q in tenant.queues:
        if q.waiting and q.running < q.limit:
            yield f"{q.name} runs {q.running} of {q.limit} while {q.waiting} wait"


@between("S3", "queues")
def other_scores_do_not_matter(
    tenant: TenantSeen, old: TenantSeen, now: Observation, before: Observation
) -> Iterator[str]:
    """S3: a score that is set at some moment starts and stops no task of another priority at that moment."""
    scores = [q.score for q in tenant.queues] != [q.score for q in old.queues]
    if now.now_ns != before.now_ns or not scores:
        return
    for q, was in zip(tenant.queues, old.queues, strict=True):
        if q.score == was.score and (q.limit, q.running, q.begun) != (was.limit, was.running, was.begun):
            yield f"{q.name} ran {was.running} of {was.limit}, another score makes it {q.running} of {q.limit}"


@between("S4", "queues")
def first_come_first_started(
    tenant: TenantSeen, old: TenantSeen, _now: Observation, _before: Observation
) -> Iterator[str]:
    """S4: of the ready tasks of a priority none begins before one that stood in front of it."""
    for q, was in zip(tenant.queues, old.queues, strict=True):
        begun, ready = set(q.begun), set(q.ready)
        passed = [number for number in was.ready if number in ready]
        if passed:
            behind = was.ready[was.ready.index(passed[0]) :]
            jumped = [number for number in behind if number in begun]
            if jumped:
                yield f"{q.name}: task {jumped[0]} began, task {passed[0]} in front of it still waits"


@invariant("S5", "queues", "excess", "now_ns")
def all_stay_within_the_sum(tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """S5: all running tasks together are no more than the sum of the limits, once lowered limits are kept."""
    running, limits = sum(q.running for q in tenant.queues), sum(q.limit for q in tenant.queues)
    settling = any(now.now_ns < since_ns + YIELD_NS for _, since_ns in tenant.excess)
    if running > limits and not settling:
        yield f"{running} tasks run, the limits add up to {limits}"


@invariant("S6", "queues")
def limits_follow_the_scores(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """S6: a limit is its own score, or the built-in one when that is 0."""
    for q in tenant.queues:
        if q.limit != (q.score or q.default_score):
            yield f"{q.name} has limit {q.limit} at score {q.score}"


@between("F", "service")
def cpu_is_shared_fairly(tenant: TenantSeen, old: TenantSeen, _now: Observation, before: Observation) -> Iterator[str]:
    """F: priorities that want CPU all the time get it by weight, |S_i/w_i - S_j/w_j| <= q_i/w_i + q_j/w_j.

    Start-time fair queuing; S is what each was served between two moments at which the same ones wanted it.
    """
    earlier = {s.name: s for s in old.service}
    rates = []
    for s in tenant.service:
        was = earlier.get(s.name)
        steady = was is not None and was.weight == s.weight and was.backlogged_since_ns == s.backlogged_since_ns
        if was is not None and steady and s.weight and 0 <= s.backlogged_since_ns <= before.now_ns:
            rates.append((s.name, (s.served_ns - was.served_ns) / s.weight, s.quantum_ns / s.weight))
    for place, (name, rate, grain) in enumerate(rates):
        for other, other_rate, other_grain in rates[:place]:
            if abs(rate - other_rate) > grain + other_grain:
                yield f"{name} got {rate:.0f} ns a thread, {other} {other_rate:.0f}"
