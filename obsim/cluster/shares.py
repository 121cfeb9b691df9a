"""What a tenant's tasks may use on a server: the CPUs of its unit there, the network, its backup destination."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from obsim.cluster.replicas import owner_id, schedulers_of
from obsim.ids import TenantId
from obsim.scheduler.demand import FULL_CPU
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.sharing import UNLIMITED, Pipe

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant

__all__ = ["Bandwidth", "apply_shares", "give_shares"]


@dataclass(slots=True, eq=False)
class Bandwidth:
    """The pipes of a cluster. Without a figure in its scenario nothing is limited."""

    network_bytes_per_s: int | None = None
    """Of each server; background work may take `sys_bkgd_net_percentage` of it."""
    servers: dict[str, Pipe] = field(default_factory=dict)
    destinations: dict[TenantId, Pipe] = field(default_factory=dict)
    """By the tenant whose data_backup_dest it is."""
    widths: dict[TenantId, int] = field(default_factory=dict)
    """How much each of them takes when nothing slows it."""

    def server(self, state: "ClusterState", address: str) -> Pipe | None:
        """What background work may send from a server."""
        if self.network_bytes_per_s is None:
            return None
        width = max(self.network_bytes_per_s * state.parameters.get_int("sys_bkgd_net_percentage") // 100, 1)
        pipe = self.servers.get(address)
        if pipe is None:
            pipe = self.servers[address] = Pipe(width)
        pipe.limit(width, state.now_ns)
        return pipe

    def destination(self, state: "ClusterState", tenant: "Tenant") -> Pipe | None:
        """What a tenant's data_backup_dest takes, with the faults that slow it."""
        known = (self.widths.get(tenant.tenant_id), state.outages.slowest_bytes_per_s(tenant))
        width = min((w for w in known if w is not None), default=None)
        if width is None:
            self.destinations.pop(tenant.tenant_id, None)
            return None
        pipe = self.destinations.setdefault(tenant.tenant_id, Pipe(width))
        pipe.limit(width, state.now_ns)
        return pipe


def apply_shares(state: "ClusterState") -> None:
    """Units, servers or the part of the network have changed: give every scheduler its share."""
    for tenant in state.tenants.values():
        for address, dispatcher in schedulers_of(state, tenant).items():
            give_shares(state, tenant, address, dispatcher)


def give_shares(state: "ClusterState", tenant: "Tenant", address: str, dispatcher: Dispatcher) -> None:
    """Give the scheduler of a tenant on one server its share."""
    dispatcher.set_cpus(_cpus(state, tenant, address), state.now_ns)
    bandwidth = state.bandwidth
    destination = bandwidth.destination(state, tenant)
    dispatcher.set_pipes(bandwidth.server(state, address), destination, state.now_ns)


def _cpus(state: "ClusterState", tenant: "Tenant", address: str) -> int:
    """Thousandths of a CPU: MAX_CPU of the unit; a tenant without one there has no limit."""
    resources = state.resources
    units = [
        unit for pool in resources.pools_of(owner_id(tenant)) for unit in resources.units_of(pool)
        if unit.server.address == address
    ]  # fmt: skip
    return round(units[0].pool.config.size.max_cpu * FULL_CPU) if units else UNLIMITED
