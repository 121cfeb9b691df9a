"""The table of invariants, how a check enters it, and what it needs to see.

A check is a generator: it yields a sentence for each violation, nothing when the invariant holds. `needs` are names of
fields of TenantSeen and Observation. They say on which clusters the check can be made at all, and they spare work: as
long as none of them has changed since the last observation, what held goes on holding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from obsim.testing.observation import CLUSTER_FIELDS, TENANT_FIELDS, Observation, SetSeen, TenantSeen

__all__ = ["INVARIANTS", "Invariant", "between", "each_set", "invariant", "whole"]

Kind = Literal["tenant", "set", "between", "whole"]
TenantCheck = Callable[[TenantSeen, Observation], Iterator[str]]
SetCheck = Callable[[SetSeen, TenantSeen, Observation], Iterator[str]]
PairCheck = Callable[[TenantSeen, TenantSeen, Observation, Observation], Iterator[str]]
WholeCheck = Callable[[Observation, Observation | None], Iterator[str]]
BITS = {name: 1 << place for place, name in enumerate((*TENANT_FIELDS, *CLUSTER_FIELDS))}
"""A bit for everything a check may need."""
ALWAYS = 1 << len(BITS)
"""The bit of a check that the present moment itself concerns."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: its number in engine.md (S.. and F for the scheduler's), its name, what it says and needs."""

    number: str
    name: str
    about: str
    needs: frozenset[str]
    kind: Kind
    function: Callable[..., Iterator[str]]
    mask: int

    def check(self, now: Observation, before: Observation | None = None) -> Iterator[str]:
        """Every violation in `now`, or between an earlier observation of the same timeline and `now`."""
        if self.kind == "whole":
            yield from self.function(now, before)
            return
        for tenant_id, tenant in now.tenants.items():
            for line in self._lines(tenant, now, before, tenant_id):
                yield f"tenant {tenant.name}: {line}"

    def _lines(self, tenant: TenantSeen, now: Observation, before: Observation | None, tenant_id: int) -> Iterator[str]:
        if self.kind == "tenant":
            yield from self.function(tenant, now)
        elif self.kind == "set":
            for s in tenant.sets.values():
                if s.usable:
                    yield from self.function(s, tenant, now)
        elif before is not None and tenant_id in before.tenants:
            yield from self.function(tenant, before.tenants[tenant_id], now, before)


INVARIANTS: dict[str, Invariant] = {}


def _enter(number: str, kind: Kind, needs: tuple[str, ...], check: Callable[..., Iterator[str]]) -> None:
    about = (check.__doc__ or "").partition(": ")[2].partition("\n")[0].rstrip(".")
    named = frozenset(need for need in needs if need != "now_ns")
    mask = sum(BITS[need] for need in named) | (ALWAYS if "now_ns" in needs else 0)
    INVARIANTS[number] = Invariant(number, check.__name__.strip("_"), about, named, kind, check, mask)


def invariant(number: str, *needs: str) -> Callable[[TenantCheck], TenantCheck]:
    """Register a check of one tenant at one moment."""

    def take(check: TenantCheck) -> TenantCheck:
        _enter(number, "tenant", needs, check)
        return check

    return take


def each_set(number: str, *needs: str) -> Callable[[SetCheck], SetCheck]:
    """Register a check of one usable set and those it builds on; it may look at no other set."""

    def take(check: SetCheck) -> SetCheck:
        _enter(number, "set", ("sets", *needs), check)
        return check

    return take


def between(number: str, *needs: str) -> Callable[[PairCheck], PairCheck]:
    """Register a check of one tenant at two moments of the same timeline."""

    def take(check: PairCheck) -> PairCheck:
        _enter(number, "between", needs, check)
        return check

    return take


def whole(number: str, *needs: str) -> Callable[[WholeCheck], WholeCheck]:
    """Register a check of all tenants together."""

    def take(check: WholeCheck) -> WholeCheck:
        _enter(number, "whole", needs, check)
        return check

    return take
