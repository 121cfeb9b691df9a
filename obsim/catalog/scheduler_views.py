"""Rows of DAGs and their schedulers (status-machines.md 10, views.json `dag_scheduler_rows`, engine.md 5).

A task of the simulated scheduler is a DAG with one task. A running backup is a net, a migration another one.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from obsim.catalog.model import Row, Scope
from obsim.catalog.placement import replica_servers, seen_tenants
from obsim.catalog.values import server_time
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.replicas import schedulers_of
from obsim.cluster.resources import Server
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.kinds import DAG_NET_TYPES, DAG_TYPES, NET_OF_BACKUPS
from obsim.scheduler.priorities import HA_LOW, PRIORITIES, Priority
from obsim.versions import Version

__all__ = ["dag_id", "dag_scheduler", "dags"]

_LAST_OF_NET = {"DAG_NET_MIGRATION": "MIGRATION_FINISH"}
"""The DAG that a net ends with: there is one of it for each net."""


def dag_scheduler(state: ClusterState, scope: Scope) -> list[Row]:
    """`__all_virtual_dag_scheduler`: for each tenant and server of it totals, priorities, DAG types, DAG nets."""
    return [
        (server.ip, server.port, tenant.tenant_id, *row)
        for tenant in seen_tenants(state, scope.tenant_id)
        for server, dispatcher in _schedulers(state, tenant)
        for row in _scheduler(state, tenant, dispatcher)
    ]


def _schedulers(state: ClusterState, tenant: Tenant) -> list[tuple[Server, Dispatcher]]:
    """The tenant's schedulers where it has replicas; right after these have moved it is the one that its leader had."""
    servers, known = replica_servers(state, tenant), schedulers_of(state, tenant)
    here = [(server, known[server.address]) for server in servers if server.address in known]
    return here or [(servers[0], tenant.dispatcher)]


def _known_to(version: Version, table: Iterable[tuple[str, str | None, str | None]]) -> list[str]:
    return [name for name, since, until in table if version.has(since) and not (until and version.has(until))]


def _priorities(state: ClusterState) -> list[Priority]:
    """Those of the version: one comes with the parameter of its score."""
    known = state.parameters.definitions
    return [p for p in PRIORITIES if p.parameter is None or p.parameter in known]


def _scheduler(state: ClusterState, tenant: Tenant, dispatcher: Dispatcher) -> Iterator[tuple[str, str, int]]:
    version = state.profile.version
    priorities = _priorities(state)
    counts = dispatcher.kind_counts()
    yield "GENERAL", "TOTAL_WORKER_CNT", sum(map(dispatcher.limit, priorities))
    yield "GENERAL", "TOTAL_DAG_CNT", sum(counts.values())
    yield "GENERAL", "TOTAL_RUNNING_TASK_CNT", sum(map(dispatcher.running_count, priorities))
    for priority in priorities:
        limit = dispatcher.limit(priority)
        if state.profile.low_limit_rows:
            yield "LOW_LIMIT", priority.name, limit
        yield "UP_LIMIT", priority.name, limit
        yield "RUNNING_TASK_CNT", priority.name, dispatcher.running_count(priority)
    for kind in _known_to(version, DAG_TYPES):
        yield "DAG_COUNT", kind, counts.get(kind, 0)
    for net in _known_to(version, DAG_NET_TYPES):
        ends = counts.get(_LAST_OF_NET.get(net, ""), 0)
        yield "DAG_NET_COUNT", net, ends + int(net == NET_OF_BACKUPS and _in_net(tenant))


def _in_net(tenant: Tenant) -> bool:
    """Whether a backup of the tenant is at work."""
    return tenant.backup.run is not None and tenant.backup.run.task is not None


def dags(state: ClusterState, scope: Scope) -> list[Row]:
    """`__all_virtual_dag`: the DAGs that run or may run, then the net they belong to."""
    rows: list[Row] = []
    for tenant in seen_tenants(state, scope.tenant_id):
        for server, dispatcher in _schedulers(state, tenant):
            tasks = dispatcher.unfinished()
            clock = partial(server_time, state.outages.skew_ns(server.address), scope.offset_s)
            rows += [_dag(server, tenant, task, clock) for task in tasks]
            if _in_net(tenant):
                rows.append(_net(server, tenant, tasks, clock))
    return rows


def _net_key(tenant: Tenant) -> str:
    run = tenant.backup.run
    return f"tenant_id={tenant.tenant_id}, backup_set_id={run.job.backup_set_id}" if run is not None else ""


def _dag(server: Server, tenant: Tenant, task: DagTask, clock: Callable[[int], str]) -> Row:
    """A paused task is held up in a running DAG: its DAG has started and runs nothing at the moment."""
    key = f"ls_id={{id:{task.log_stream_id}}}"
    if task.tablet_id is not None:
        key += f", tablet_id={{id:{task.tablet_id}}}"
    waits = bool(task.indegree) or task in task.queue.refusing
    return (
        server.ip, server.port, tenant.tenant_id, task.kind, key, _net_key(tenant) if task.priority is HA_LOW else "",
        dag_id(server, task.number), "NODE_RUNNING" if task.start_ns else "READY", int(task.running),
        clock(task.added_ns), clock(task.start_ns), task.indegree,
        f'list_info="{"WAITING" if waits else "READY"}_DAG_LIST";',
    )  # fmt: skip


def _net(server: Server, tenant: Tenant, tasks: list[DagTask], clock: Callable[[int], str]) -> Row:
    run = tenant.backup.run
    start_ns = run.task.start_ns if run is not None and run.task is not None else 0
    return (
        server.ip, server.port, tenant.tenant_id, NET_OF_BACKUPS, "", _net_key(tenant),
        dag_id(server, 0), "NODE_RUNNING", sum(task.priority is HA_LOW for task in tasks),
        clock(start_ns), clock(start_ns), 0, 'list_info="RUNNING_DAG_NET_LIST";',
    )  # fmt: skip


def dag_id(server: Server, number: int) -> str:
    """The trace id of a server's n-th DAG: port and address in hexadecimal, then the number (recorded TASK_ID)."""
    ip = server.ip
    address = "".join(f"{int(part):02X}" for part in ip.split(".")) if ip.count(".") == 3 else "0" * 8
    return f"Y{server.port:X}{address}-{number:016X}-0-0"
