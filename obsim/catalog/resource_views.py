"""Rows of zones, servers, unit configs, resource pools and units (views.json)."""

from collections.abc import Iterable

from obsim.catalog.model import Row, Scope
from obsim.catalog.values import yes_no
from obsim.cluster import ClusterState
from obsim.cluster.resources import Server, Unit, UnitSize
from obsim.cluster.root_jobs import RootJob, RootJobKind
from obsim.ids import MACROBLOCK_BYTES, SYS_TENANT_ID, Nanoseconds, TenantId, display_time

__all__ = [
    "resource_pools", "root_jobs", "server_capacities", "server_capacities_here", "server_jobs", "servers",
    "tenant_jobs", "unit_configs", "unit_jobs", "units", "units_in_use", "units_in_use_here", "zones",
]

_PERCENT = 100
_EPOCH = Nanoseconds(0)


def _time(time_ns: int, offset_s: int) -> str | None:
    return display_time(time_ns, offset_s) if time_ns else None


def _build(state: ClusterState) -> str:
    """`a.b.c.d_<build>-<hash>(<date>)`: tools split it at these signs (clients.md 3)."""
    return f"{state.profile.version}_1-0000000000000000000000000000000000000000(Jan  1 2024 00:00:00)"


def zones(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_ZONES."""
    return [
        (
            zone.name, display_time(zone.created_ns, scope.offset_s), display_time(zone.modified_ns, scope.offset_s),
            zone.status.value, zone.idc, zone.region, zone.zone_type,
        )
        for zone in state.resources.zones.values()
    ]  # fmt: skip


def servers(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_SERVERS."""
    return [
        (
            server.ip, server.port, server.server_id, server.zone, server.mysql_port, yes_no(server.with_rootserver),
            server.status.value, _time(0 if server.offline_ns else server.start_ns, scope.offset_s),
            _time(server.stop_ns, scope.offset_s), None,
            display_time(server.created_ns, scope.offset_s), display_time(server.modified_ns, scope.offset_s),
            _build(state), _time(server.offline_ns, scope.offset_s),
        )
        for server in state.resources.servers.values()
    ]  # fmt: skip


def _size(size: UnitSize) -> Row:
    """MAX_CPU to IOPS_WEIGHT."""
    return (
        size.max_cpu, size.min_cpu, size.memory_bytes, size.log_disk_bytes, size.max_iops, size.min_iops,
        size.iops_weight,
    )  # fmt: skip


def unit_configs(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_UNIT_CONFIGS."""
    return [
        (
            config.config_id, config.name, display_time(config.created_ns, scope.offset_s),
            display_time(config.modified_ns, scope.offset_s), *_size(config.size),
        )
        for config in state.resources.configs.values()
    ]  # fmt: skip


def resource_pools(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_RESOURCE_POOLS: TENANT_ID is NULL while a pool is free."""
    return [
        (
            pool.pool_id, pool.name, pool.tenant_id, display_time(pool.created_ns, scope.offset_s),
            display_time(pool.modified_ns, scope.offset_s), pool.unit_count, pool.config.config_id,
            ";".join(pool.zones), pool.replica_type,
        )
        for pool in state.resources.pools.values()
    ]  # fmt: skip


def units(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_UNITS."""
    return [
        (
            unit.unit_id, unit.pool.tenant_id, unit.status, unit.pool.pool_id, unit.group_id,
            display_time(unit.created_ns, scope.offset_s), display_time(unit.modified_ns, scope.offset_s), unit.zone,
            unit.server.ip, unit.server.port, *_migration(unit), unit.pool.config.config_id,
            *_size(unit.pool.config.size),
        )
        for unit in state.resources.units.values()
    ]  # fmt: skip


def _migration(unit: Unit) -> Row:
    """MIGRATE_FROM_SVR_IP, MIGRATE_FROM_SVR_PORT and MANUAL_MIGRATE."""
    source = unit.migrated_from
    return (None, None, None) if source is None else (source.ip, source.port, "NO")


def units_in_use(state: ClusterState, scope: Scope) -> list[Row]:
    """GV$OB_UNITS: units of tenants, for sys of all, for a user tenant its own."""
    return _units_in_use(state, scope, state.resources.units.values())


def units_in_use_here(state: ClusterState, scope: Scope) -> list[Row]:
    """V$OB_UNITS: those on the server of the session, which is that of the root service."""
    return _units_in_use(state, scope, state.resources.units_on(state.resources.root_server))


def _units_in_use(state: ClusterState, scope: Scope, units_seen: Iterable[Unit]) -> list[Row]:
    return [
        _unit_in_use(state, unit, tenant_id, scope.offset_s)
        for unit in units_seen
        if (tenant_id := unit.pool.tenant_id) is not None and scope.tenant_id in {SYS_TENANT_ID, tenant_id}
    ]


def _unit_in_use(state: ClusterState, unit: Unit, tenant_id: TenantId, offset_s: int) -> Row:
    size, zone, storage = unit.pool.config.size, state.resources.zones[unit.zone], state.tenants[tenant_id].storage
    return (
        unit.server.ip, unit.server.port, unit.unit_id, tenant_id, unit.zone, zone.zone_type, zone.region, size.max_cpu,
        size.min_cpu, size.memory_bytes, size.max_iops, size.min_iops, size.iops_weight, size.log_disk_bytes,
        storage.log_bytes, len(storage.blocks.live) * MACROBLOCK_BYTES,
        "MIGRATING IN" if unit.migrated_from is not None else "NORMAL",
        display_time(unit.created_ns, offset_s),
    )  # fmt: skip


def server_capacities(state: ClusterState, scope: Scope) -> list[Row]:
    """GV$OB_SERVERS: what a server has and what its units took of it."""
    return _capacities(state, scope, state.resources.servers.values())


def server_capacities_here(state: ClusterState, scope: Scope) -> list[Row]:
    """V$OB_SERVERS: the server of the session, which is that of the root service."""
    return _capacities(state, scope, [state.resources.root_server])


def _capacities(state: ClusterState, scope: Scope, seen: Iterable[Server]) -> list[Row]:
    rows: list[Row] = []
    epoch = display_time(_EPOCH, scope.offset_s)
    limit = state.parameters.get_int("resource_hard_limit")
    for server in seen:
        own = state.resources.units_on(server)
        sizes = [unit.pool.config.size for unit in own]
        storages = [state.tenants[i].storage for i in {unit.pool.tenant_id for unit in own} if i is not None]
        has = server.capacity
        rows.append((
            server.ip, server.port, server.zone, server.mysql_port, int(has.cpu), has.cpu * limit / _PERCENT,
            sum(s.min_cpu for s in sizes), sum(s.max_cpu for s in sizes), has.memory_bytes,
            sum(s.memory_bytes for s in sizes), has.log_disk_bytes, sum(s.log_disk_bytes for s in sizes),
            sum(s.log_bytes for s in storages), has.data_disk_bytes,
            sum(len(s.blocks.live) for s in storages) * MACROBLOCK_BYTES, "NORMAL", has.memory_bytes, epoch,
            epoch,
        ))  # fmt: skip
    return rows


def _job(job: RootJob, offset_s: int) -> Row:
    """JOB_ID to MODIFY_TIME."""
    return (
        job.job_id, job.kind.value, job.status, job.result, 0 if job.result is None else _PERCENT,
        display_time(job.start_ns, offset_s), display_time(job.modified_ns, offset_s),
    )  # fmt: skip


_UNIT_KINDS = frozenset({RootJobKind.MIGRATE_UNIT})
_SERVER_KINDS = frozenset({RootJobKind.DELETE_SERVER})


def _tail(state: ClusterState, job: RootJob) -> Row:
    """SQL_TEXT to RS_SVR_PORT."""
    server = state.resources.root_server
    return job.sql_text, job.extra_info, server.ip, server.port


def tenant_jobs(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_TENANT_JOBS."""
    own = (job for job in state.root_jobs.jobs if job.kind not in _UNIT_KINDS | _SERVER_KINDS)
    return [(*_job(job, scope.offset_s), job.tenant_id, *_tail(state, job)) for job in own]


def unit_jobs(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_UNIT_JOBS."""
    own = (job for job in state.root_jobs.jobs if job.kind in _UNIT_KINDS)
    return [(*_job(job, scope.offset_s), job.tenant_id, job.unit_id, *_tail(state, job)) for job in own]


def server_jobs(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_SERVER_JOBS."""
    return [
        (*_job(job, scope.offset_s), job.server.ip, job.server.port, *_tail(state, job))
        for job in state.root_jobs.jobs
        if job.kind in _SERVER_KINDS and job.server is not None
    ]


def root_jobs(state: ClusterState, scope: Scope) -> list[Row]:
    """DBA_OB_ROOTSERVICE_JOBS: all of them."""
    return [
        (
            job.job_id, display_time(job.start_ns, scope.offset_s), display_time(job.modified_ns, scope.offset_s),
            job.kind.value, job.status, job.result,
        )
        for job in state.root_jobs.jobs
    ]  # fmt: skip
