"""Invariants of engine.md 2.6 and 5.7 over observations, each a function of its own under its number.

    now = driver.observe()
    check_invariants(now)                                  # all at once
    list(INVARIANTS["9"].check(now))                       # one of them: a sentence for each violation
    skipped(now)                                           # those that this driver cannot see

`violations` takes the present observation and, for what must hold between two moments of one timeline, an earlier one.
A `Checker` remembers the last observation and looks only at what has changed since.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from obsim.testing import (  # noqa: F401 - they fill the table
    block_checks,
    chain_checks,
    cleanup_checks,
    job_checks,
    scheduler_checks,
    time_checks,
)
from obsim.testing.block_checks import index_of
from obsim.testing.observation import Observation, TenantSeen
from obsim.testing.registry import ALWAYS, BITS, INVARIANTS, Invariant

__all__ = [
    "INVARIANTS", "Checker", "Invariant", "InvariantBroken", "Violation", "check_invariants", "index_of", "skipped",
    "skipped_lines", "violations",
]  # fmt: skip


class InvariantBroken(AssertionError):
    """At least one invariant does not hold; the text lists number, name and what was seen."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of one invariant."""

    number: str
    text: str

    def __str__(self) -> str:
        return f"{self.number} {INVARIANTS[self.number].name}: {self.text}"


def skipped(now: Observation) -> list[Invariant]:
    """The invariants that need something which the observation does not have."""
    return [i for i in INVARIANTS.values() if not i.needs <= now.seen]


def skipped_lines(now: Observation) -> list[str]:
    """The same as sentences: which field each of them lacks, and why the driver cannot see it."""
    return [
        f"{one.number} {one.name}: no {need}, {now.unseen.get(need, 'which the driver does not see')}"
        for one in skipped(now)
        for need in sorted(one.needs - now.seen)
    ]


def violations(now: Observation, before: Observation | None = None) -> list[Violation]:
    """Every violation of the invariants that the observation allows to check."""
    return [Violation(i.number, line) for i in _checkable(now.seen) for line in i.check(now, before)]


def check_invariants(now: Observation, before: Observation | None = None) -> None:
    """Raise InvariantBroken unless every invariant that can be checked holds."""
    _raise(violations(now, before))


def _raise(broken: Iterable[Violation]) -> None:
    lines = list(map(str, broken))
    if lines:
        raise InvariantBroken("\n".join(lines))


@lru_cache(16)
def _checkable(seen: frozenset[str]) -> tuple[Invariant, ...]:
    return tuple(i for i in INVARIANTS.values() if i.needs <= seen)


@lru_cache(4096)
def _affected(seen: frozenset[str], changed: int, *, whole: bool) -> tuple[Invariant, ...]:
    """The checkable invariants that depend on one of the changed fields."""
    return tuple(i for i in _checkable(seen) if i.mask & changed and (i.kind == "whole") == whole)


@dataclass
class Checker:
    """Checks one observation after the other of one timeline; what has not changed is not checked again."""

    last: Observation | None = None
    _changed: dict[int, int] = field(default_factory=dict)

    def check(self, now: Observation) -> None:
        """Raise InvariantBroken unless every invariant that can be checked holds."""
        _raise(self.violations(now))

    def violations(self, now: Observation) -> list[Violation]:
        """The violations that are new in this observation."""
        before, self.last = self.last, now
        if before is None or before.seen != now.seen:
            return violations(now, before)
        all_changed = _changes(now, before, _CLUSTER)
        found = []
        for tenant_id, tenant in now.tenants.items():
            old = before.tenants.get(tenant_id)
            if old is None:
                return violations(now, before)
            changed = _changes(tenant, old, _TENANT) if tenant is not old else 0
            all_changed |= changed
            for one in _affected(now.seen, changed | ALWAYS, whole=False):
                lines = list(_tenant_lines(one, tenant, old, now, before))
                if lines:
                    found += [Violation(one.number, f"tenant {tenant.name}: {line}") for line in lines]
        for one in _affected(now.seen, all_changed | ALWAYS, whole=True):
            found += [Violation(one.number, line) for line in one.function(now, before)]
        return found


_TENANT = tuple((name, bit) for name, bit in BITS.items() if name in TenantSeen.__slots__)
_CLUSTER = tuple((name, bit) for name, bit in BITS.items() if name in Observation.__slots__)


def _changes(now: object, before: object, fields: tuple[tuple[str, int], ...]) -> int:
    """Bits of the fields that are other objects than they were."""
    changed = 0
    for name, bit in fields:
        if getattr(now, name) is not getattr(before, name):
            changed |= bit
    return changed


def _tenant_lines(
    one: Invariant, tenant: TenantSeen, old: TenantSeen, now: Observation, before: Observation
) -> Iterator[str]:
    if one.kind == "tenant":
        return one.function(tenant, now)
    if one.kind == "between":
        return one.function(tenant, old, now, before)
    settled = _settled(tenant, old)
    changed = [s for number, s in tenant.sets.items() if number not in settled and s.usable]
    return chain.from_iterable(one.function(s, tenant, now) for s in changed)


def _settled(now: TenantSeen, before: TenantSeen) -> set[int]:
    """Sets that are what they were, and so is every set they build on."""
    settled: set[int] = set()
    for number in sorted(now.sets):
        s, blocks = now.sets[number], now.blocks.get(number)
        if s is not before.sets.get(number) or blocks is not before.blocks.get(number):
            continue
        ancestors = {s.prev_full_id, s.prev_inc_id, blocks.base_id if blocks else 0} - {0}
        if ancestors <= settled:
            settled.add(number)
    return settled
