"""Work that others give a tenant's DAG schedulers: migrations and rebuilds of replicas (engine.md 5.1).

They move no data here; they take threads, CPUs and bandwidth, and are seen in the views of DAGs.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from obsim.cluster.replicas import dispatcher_at, replica_servers
from obsim.errors import ServerError, error
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import DAG_COUNT_MAX
from obsim.scheduler.priorities import PRIORITIES, Priority

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant

__all__ = ["KINDS", "Load", "order_load", "schedule_load"]

_HA_HIGH, _HA_MID = PRIORITIES[1], PRIORITIES[3]
_STEP_NS = 50_000_000
"""Of the DAGs before and after the one that moves tablets."""

KINDS: dict[str, tuple[Priority, tuple[str, ...], str, tuple[str, ...]]] = {
    "migration": (_HA_HIGH, ("INITIAL_MIGRATION", "START_MIGRATION"), "TABLET_MIGRATION", ("MIGRATION_FINISH",)),
    "rebuild": (_HA_HIGH, ("INITIAL_MIGRATION", "START_MIGRATION"), "TABLET_MIGRATION", ("MIGRATION_FINISH",)),
    "fast_migrate": (_HA_MID, (), "FAST_MIGRATE", ()),
}
"""Priority, DAG types before, of the work itself, and after it. A rebuild runs as a migration net."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many DAGs of one kind, each of a length at full speed."""

    kind: str
    task_count: int
    length_ns: int


def order_load(state: "ClusterState", tenant: "Tenant", load: Load) -> None:
    """Order it now, on the leader's server. Raises 4019 when the scheduler holds too many of them."""
    if load.task_count > DAG_COUNT_MAX:
        raise error("OB_SIZE_OVERFLOW")  # before that many are made
    priority, before, kind, after = KINDS[load.kind]
    stream = LogStreamId(max(tenant.storage.log_stream_ids, default=SYS_LOG_STREAM_ID))
    address = replica_servers(state, tenant, stream)[0].address

    def dag(name: str, length_ns: int, parents: list[DagTask]) -> DagTask:
        return DagTask(name, priority, Nanoseconds(length_ns), None, stream, tuple(parents))

    net: list[DagTask] = []
    for name in before:
        net.append(dag(name, _STEP_NS, net[-1:]))
    work = [dag(kind, load.length_ns, net[-1:]) for _ in range(load.task_count)]
    ends = [dag(name, _STEP_NS, work) for name in after]
    dispatcher_at(state, tenant, address).submit_net([*net, *work, *ends], state.now_ns)


def schedule_load(state: "ClusterState", tenant: "Tenant", load: Load, at_ns: int, every_ns: int) -> None:
    """Order it at a time, and again after every interval unless that is 0: future workload."""
    state.events.push(at_ns, partial(_due, state, tenant, load, every_ns), background=True)


def _due(state: "ClusterState", tenant: "Tenant", load: Load, every_ns: int, now_ns: Nanoseconds) -> None:
    if state.tenants.get(tenant.tenant_id) is not tenant:
        return
    if every_ns:
        schedule_load(state, tenant, load, now_ns + every_ns, every_ns)
    try:
        order_load(state, tenant, load)
    except ServerError:
        return
