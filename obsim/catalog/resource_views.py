"""Rows of zones, servers, unit configs, resource pools and units (views.json)."""

from obsim.catalog.model import Row, Scope
from obsim.catalog.values import yes_no
from obsim.cluster import ClusterState
from obsim.cluster.resources import Unit, UnitSize
from obsim.ids import MACROBLOCK_BYTES, SYS_TENANT_ID, Nanoseconds, TenantId, display_time

__all__ = [
    "no_rows", "resource_pools", "server_capacities", "servers", "unit_configs", "units", "units_in_use", "zones",
]

CPU_CAPACITY = 64
MEMORY_CAPACITY_BYTES = 256 << 30
LOG_DISK_CAPACITY_BYTES = 1 << 40
DATA_DISK_CAPACITY_BYTES = 1 << 60
"""Size of every simulated server: nothing that obsim models runs out of it."""
_EPOCH = Nanoseconds(0)


def no_rows(_state: ClusterState, _scope: Scope) -> list[Row]:
    """A view over what a simulated cluster does not record."""
    return []


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
            server.status.value, _time(server.start_ns, scope.offset_s), _time(server.stop_ns, scope.offset_s), None,
            display_time(server.created_ns, scope.offset_s), display_time(server.modified_ns, scope.offset_s),
            _build(state), None,
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
    """DBA_OB_UNITS; no unit ever migrates."""
    return [
        (
            unit.unit_id, unit.pool.tenant_id, unit.status, unit.pool.pool_id, unit.group_id,
            display_time(unit.created_ns, scope.offset_s), display_time(unit.modified_ns, scope.offset_s), unit.zone,
            unit.server.ip, unit.server.port, None, None, None, unit.pool.config.config_id,
            *_size(unit.pool.config.size),
        )
        for unit in state.resources.units.values()
    ]  # fmt: skip


def units_in_use(state: ClusterState, scope: Scope) -> list[Row]:
    """GV$OB_UNITS and V$OB_UNITS: units of tenants, for sys of all, for a user tenant its own."""
    return [
        _unit_in_use(state, unit, tenant_id, scope.offset_s)
        for unit in state.resources.units.values()
        if (tenant_id := unit.pool.tenant_id) is not None and scope.tenant_id in {SYS_TENANT_ID, tenant_id}
    ]


def _unit_in_use(state: ClusterState, unit: Unit, tenant_id: TenantId, offset_s: int) -> Row:
    size, zone, storage = unit.pool.config.size, state.resources.zones[unit.zone], state.tenants[tenant_id].storage
    return (
        unit.server.ip, unit.server.port, unit.unit_id, tenant_id, unit.zone, zone.zone_type, zone.region, size.max_cpu,
        size.min_cpu, size.memory_bytes, size.max_iops, size.min_iops, size.iops_weight, size.log_disk_bytes,
        storage.log_bytes, len(storage.blocks.live) * MACROBLOCK_BYTES, "NORMAL",
        display_time(unit.created_ns, offset_s),
    )  # fmt: skip


def server_capacities(state: ClusterState, scope: Scope) -> list[Row]:
    """GV$OB_SERVERS and V$OB_SERVERS: what a server has and what its units took of it."""
    rows: list[Row] = []
    epoch = display_time(_EPOCH, scope.offset_s)
    for server in state.resources.servers.values():
        own = state.resources.units_on(server)
        sizes = [unit.pool.config.size for unit in own]
        storages = [state.tenants[i].storage for i in {unit.pool.tenant_id for unit in own} if i is not None]
        rows.append((
            server.ip, server.port, server.zone, server.mysql_port, CPU_CAPACITY, CPU_CAPACITY,
            sum(s.min_cpu for s in sizes), sum(s.max_cpu for s in sizes), MEMORY_CAPACITY_BYTES,
            sum(s.memory_bytes for s in sizes), LOG_DISK_CAPACITY_BYTES, sum(s.log_disk_bytes for s in sizes),
            sum(s.log_bytes for s in storages), DATA_DISK_CAPACITY_BYTES,
            sum(len(s.blocks.live) for s in storages) * MACROBLOCK_BYTES, "NORMAL", MEMORY_CAPACITY_BYTES, epoch,
            epoch,
        ))  # fmt: skip
    return rows
