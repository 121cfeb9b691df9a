"""The table of invariants and how a check enters it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from obsim.testing.observation import Observation, TenantSeen

__all__ = ["INVARIANTS", "Invariant", "between", "invariant", "register"]

Check = Callable[[Observation, Observation | None], Iterator[str]]
TenantCheck = Callable[[TenantSeen, Observation], Iterator[str]]
PairCheck = Callable[[TenantSeen, TenantSeen], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: the number it has in engine.md (S.. for the scheduler's), its name, its check."""

    number: str
    name: str
    check: Check


INVARIANTS: dict[str, Invariant] = {}


def register(number: str, name: str, check: Check) -> None:
    """Put a check of whole observations into the table."""
    INVARIANTS[number] = Invariant(number, name, check)


def invariant(number: str) -> Callable[[TenantCheck], TenantCheck]:
    """Register a check of one tenant at one moment."""

    def take(check: TenantCheck) -> TenantCheck:
        def run(now: Observation, _before: Observation | None) -> Iterator[str]:
            for tenant in now.tenants.values():
                for line in check(tenant, now):
                    yield f"tenant {tenant.name}: {line}"

        register(number, check.__name__, run)
        return check

    return take


def between(number: str) -> Callable[[PairCheck], PairCheck]:
    """Register a check of one tenant at two moments of the same timeline."""

    def take(check: PairCheck) -> PairCheck:
        def run(now: Observation, before: Observation | None) -> Iterator[str]:
            for tenant_id, tenant in now.tenants.items():
                if before is not None and tenant_id in before.tenants:
                    for line in check(tenant, before.tenants[tenant_id]):
                        yield f"tenant {tenant.name}: {line}"

        register(number, check.__name__, run)
        return check

    return take
