"""What the root service writes down about its work: rows of DBA_OB_ROOTSERVICE_EVENT_HISTORY."""

from collections.abc import Callable
from dataclasses import dataclass, field

from obsim.ids import Nanoseconds, TenantId
from obsim.revisions import Revisions
from obsim.units import HOUR_NS

__all__ = ["RECYCLE_NS", "RootEvent", "RootEvents"]

RECYCLE_NS = HOUR_NS
"""How often rows that are old enough are taken away."""


@dataclass(frozen=True, slots=True)
class RootEvent:
    """One row; `values` are at most six pairs of a name and a value, in order."""

    at_ns: Nanoseconds
    module: str
    event: str
    values: tuple[tuple[str, str], ...]
    server: str
    """ip:port of the server that had the root service."""


@dataclass(slots=True, eq=False)
class RootEvents:
    """All that was written down, in order of time."""

    revisions: Revisions
    server: Callable[[], str]
    rows: list[RootEvent] = field(default_factory=list)

    def add(self, module: str, tenant_id: TenantId, event: str, now_ns: Nanoseconds, **values: object) -> None:
        """One more, about a tenant; the other values, five at most, in the order they are given."""
        pairs = (("tenant_id", str(tenant_id)), *((name, str(value)) for name, value in values.items()))
        self.rows.append(RootEvent(now_ns, module, event, pairs, self.server()))
        self.revisions.touch("root_events")
