"""CREATE, ALTER, DROP RESOURCE UNIT and RESOURCE POOL, ALTER RESOURCE TENANT.

Order of checks, codes and texts follow OceanBase's source (ob_unit_manager.cpp, ob_resource_resolver.h).
"""

from collections.abc import Iterable, Sequence
from functools import partial

from obsim.answers import Ok
from obsim.cluster.authority import Rule, check_sys, guarded
from obsim.cluster.resources import ResourcePool, Unit, UnitConfig, UnitSize
from obsim.cluster.root_jobs import RootJob, RootJobKind
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.unit_placement import check_servers, check_zones, choose_servers, lacking_resource
from obsim.cluster.unit_sizes import changed_size, new_size
from obsim.errors import NotModelled, error
from obsim.ids import Nanoseconds, TenantId
from obsim.statements.resources import (
    AlterResourcePool,
    AlterResourceTenant,
    AlterResourceUnit,
    CreateResourcePool,
    CreateResourceUnit,
    DropResourcePool,
    DropResourceUnit,
    MergeResourcePools,
    PoolOption,
    SplitResourcePool,
)

__all__ = ["COMMANDS", "hard_limit"]

_FULL_POOL_MEMORY_MIN_BYTES = 2 << 30
"""Default of the hidden parameter __min_full_resource_pool_memory."""
_SHRINK_NS = 10_000_000_000
"""From ALTER RESOURCE TENANT to the end of the units that it gives up."""


def hard_limit(state: ClusterState) -> int:
    """Percent of a server's CPUs that the MAX_CPU of its units may add up to."""
    return state.parameters.get_int("resource_hard_limit")


# Unit configs.


def create_unit(state: ClusterState, who: Principal, statement: CreateResourceUnit) -> Ok:
    """CREATE RESOURCE UNIT: the sizes first, then 4649 for a name that is taken."""
    check_sys(state, who, statement)
    size = new_size(statement.options)
    if statement.name in state.resources.configs:
        if statement.if_not_exists:
            return Ok()
        raise error("OB_RESOURCE_UNIT_EXIST", statement.name)
    state.resources.add_config(statement.name, size, state.now_ns)
    state.revisions.touch("tenants")
    return Ok()


def _config(state: ClusterState, name: str) -> UnitConfig:
    config = state.resources.configs.get(name)
    if config is None:
        raise error("OB_RESOURCE_UNIT_NOT_EXIST", name)
    return config


def alter_unit(state: ClusterState, who: Principal, statement: AlterResourceUnit) -> Ok:
    """ALTER RESOURCE UNIT: its units grow and shrink where they stand. Raises 4648, 4659, 4624, 1210."""
    check_sys(state, who, statement)
    config = _config(state, statement.name)
    size = changed_size(config.size, statement.options)
    pools = state.resources.pools_with(config)
    for pool in pools:
        _check_growth(state, pool, size)
    if pools:
        _check_pool_memory(size)
    config.size, config.modified_ns = size, state.now_ns
    for freezer in state.freezers.values():
        freezer.memory_changed()
    state.revisions.touch("tenants")
    return Ok()


def _check_growth(state: ClusterState, pool: ResourcePool, size: UnitSize) -> None:
    """Raises 4624 where a unit of the pool would not fit its server with another size."""
    for unit in state.resources.units_of(pool):
        others = [u for u in state.resources.units_on(unit.server) if u.pool.config is not pool.config]
        alike = [u for u in state.resources.units_on(unit.server) if u.pool.config is pool.config]
        if size == pool.config.size:
            continue
        lacking = _lacking_for(others, alike, size, unit, state)
        if lacking is not None:
            raise error("OB_MACHINE_RESOURCE_NOT_ENOUGH", unit.zone, f'"{unit.server.address}"', lacking)


def _lacking_for(
    others: Sequence[Unit], alike: Sequence[Unit], size: UnitSize, unit: Unit, state: ClusterState
) -> str | None:
    """What the server lacks for all its units of one config in another size."""
    count = len(alike)
    grown = UnitSize(
        size.max_cpu * count, size.min_cpu * count, size.memory_bytes * count, size.log_disk_bytes * count,
        size.max_iops, size.min_iops, size.iops_weight,
    )  # fmt: skip
    return lacking_resource(others, grown, unit.server.capacity, hard_limit(state))


def _check_pool_memory(size: UnitSize) -> None:
    if size.memory_bytes < _FULL_POOL_MEMORY_MIN_BYTES:
        raise error("OB_NOT_SUPPORTED", "unit MEMORY_SIZE less than __min_full_resource_pool_memory")


def drop_unit(state: ClusterState, who: Principal, statement: DropResourceUnit) -> Ok:
    """DROP RESOURCE UNIT. Raises 4648, and 4634 while a pool uses it."""
    check_sys(state, who, statement)
    if statement.if_exists and statement.name not in state.resources.configs:
        return Ok()
    config = _config(state, statement.name)
    if state.resources.pools_with(config):
        raise error("OB_RESOURCE_UNIT_IS_REFERENCED", statement.name)
    del state.resources.configs[statement.name]
    state.revisions.touch("tenants")
    return Ok()


# Pools.


def _last(options: Iterable[PoolOption], word: str) -> PoolOption | None:
    found = [option for option in options if option.word == word]
    return found[-1] if found else None


def _unit_count(options: Iterable[PoolOption]) -> int | None:
    """UNIT_NUM, None without; raises 1210 for 0."""
    option = _last(options, "UNIT_NUM")
    if option is None or not isinstance(option.value, int):
        return None
    if not option.value:
        raise error("OB_INVALID_ARGUMENT", "unit_num, can't be zero")
    return option.value


def _check_replica_type(options: Iterable[PoolOption]) -> None:
    option = _last(options, "REPLICA_TYPE")
    if option is not None and str(option.value).upper() not in {"FULL", "F"}:
        raise NotModelled(f"resource pools with REPLICA_TYPE = '{option.value}'")


def create_pool(state: ClusterState, who: Principal, statement: CreateResourcePool) -> Ok:
    """CREATE RESOURCE POOL. Raises 1210, 4641, 4530, 4656, 4648, 4651, 1235, and 4733 where no server has room."""
    check_sys(state, who, statement)
    resources, options = state.resources, statement.options
    unit_count = _unit_count(options)
    if any(option.deleted for option in options):
        raise error("OB_NOT_SUPPORTED", "create/drop resource pool with specific unit id")
    _check_replica_type(options)
    if unit_count is None:
        raise error("OB_INVALID_ARGUMENT", "unit num")
    named = _last(options, "ZONE_LIST")
    zones = named.value if named is not None and isinstance(named.value, tuple) else tuple(resources.zones)
    check_zones(resources, zones)
    check_servers(resources, zones, unit_count)
    unit = _last(options, "UNIT")
    if unit is None or not unit.value:
        raise error("OB_INVALID_ARGUMENT", "resource unit name")
    config = _config(state, str(unit.value))
    if statement.name in resources.pools:
        if statement.if_not_exists:
            return Ok()
        raise error("OB_RESOURCE_POOL_EXIST", statement.name)
    _check_pool_memory(config.size)
    servers = choose_servers(resources, zones, unit_count, config.size, hard_limit(state))
    resources.add_pool(statement.name, config, zones, unit_count, servers, state.now_ns)
    state.revisions.touch("tenants", "storage")
    return Ok()


def _pool(state: ClusterState, name: str) -> ResourcePool:
    pool = state.resources.pools.get(name)
    if pool is None:
        raise error("OB_RESOURCE_POOL_NOT_EXIST", name)
    return pool


def alter_pool(state: ClusterState, who: Principal, statement: AlterResourcePool) -> Ok:
    """ALTER RESOURCE POOL: one of UNIT, UNIT_NUM and ZONE_LIST at a time."""
    check_sys(state, who, statement)
    options = statement.options
    unit_count = _unit_count(options)
    _check_replica_type(options)
    pool = _pool(state, statement.name)
    if len({option.word for option in options} - {"REPLICA_TYPE"}) > 1:
        raise error("OB_NOT_SUPPORTED", "alter unit_num, resource_unit, zone_list in one cmd")
    unit, named, numbered = _last(options, "UNIT"), _last(options, "ZONE_LIST"), _last(options, "UNIT_NUM")
    if unit is not None:
        _change_unit(state, pool, str(unit.value))
    elif numbered is not None and unit_count is not None:
        _change_count(state, pool, unit_count, numbered.deleted)
    elif named is not None and isinstance(named.value, tuple):
        _change_zones(state, pool, named.value)
    state.revisions.touch("tenants", "storage")
    return Ok()


def _change_unit(state: ClusterState, pool: ResourcePool, name: str) -> None:
    config = _config(state, name)
    if config is pool.config:
        return
    _check_pool_memory(config.size)
    for unit in state.resources.units_of(pool):
        others = [u for u in state.resources.units_on(unit.server) if u is not unit]
        lacking = lacking_resource(others, config.size, unit.server.capacity, hard_limit(state))
        if lacking is not None:
            raise error("OB_MACHINE_RESOURCE_NOT_ENOUGH", unit.zone, f'"{unit.server.address}"', lacking)
    pool.config, pool.modified_ns = config, state.now_ns
    for freezer in state.freezers.values():
        freezer.memory_changed()


def _change_count(state: ClusterState, pool: ResourcePool, count: int, deleted: Sequence[int]) -> None:
    """UNIT_NUM of a free pool: units come or go at once."""
    if pool.tenant_id is not None:
        raise NotModelled("ALTER RESOURCE POOL UNIT_NUM of a tenant's pool: use ALTER RESOURCE TENANT")
    if count < pool.unit_count:
        for unit in _given_up(state, pool, count, deleted):
            del state.resources.units[unit.unit_id]
    elif deleted:
        raise error("OB_NOT_SUPPORTED", "unit num is not shrinking, deleting unit")
    else:
        _add_units(state, pool, count)
    pool.unit_count, pool.modified_ns = count, state.now_ns


def _given_up(state: ClusterState, pool: ResourcePool, count: int, deleted: Sequence[int]) -> list[Unit]:
    """The units a pool shrinks by: those named, as many in each zone, or the youngest. Raises 1210 for others."""
    units = state.resources.units_of(pool)
    named = [unit for unit in units if unit.unit_id in deleted]
    gone: list[Unit] = []
    for zone in pool.zones:
        own = [unit for unit in units if unit.zone == zone]
        chosen = [unit for unit in named if unit.zone == zone] if deleted else own[count:]
        if len(own) - len(chosen) != count:
            raise error("OB_INVALID_ARGUMENT", "unit id list")
        gone += chosen
    if deleted and len(named) != len(set(deleted)):
        raise error("OB_INVALID_ARGUMENT", "unit id list")
    return gone


def _add_units(state: ClusterState, pool: ResourcePool, count: int) -> list[Unit]:
    """More units in each zone of a pool, up to `count`."""
    resources = state.resources
    check_servers(resources, pool.zones, count)
    owner = pool.tenant_id
    pools = [pool] if owner is None else resources.pools_of(owner)
    taken = [unit.server for own in pools for unit in resources.units_of(own)]
    added = count - pool.unit_count
    servers = choose_servers(resources, pool.zones, added, pool.config.size, hard_limit(state), taken)
    return resources.add_units(pool, servers, state.now_ns)


def _change_zones(state: ClusterState, pool: ResourcePool, zones: tuple[str, ...]) -> None:
    """ZONE_LIST: zones are added, or taken away where the tenant has no replica. Raises 4179 for both at once."""
    resources = state.resources
    check_zones(resources, zones)
    added = tuple(zone for zone in zones if zone not in pool.zones)
    removed = {zone for zone in pool.zones if zone not in zones}
    if added and removed:
        raise error("OB_OP_NOT_ALLOW")
    tenant = state.tenants.get(pool.tenant_id) if pool.tenant_id is not None else None
    if tenant is not None and removed & {replica.zone for replica in tenant.locality}:
        raise error("OB_OP_NOT_ALLOW")
    if pool.tenant_id is not None and set(added) & set(resources.zones_of(pool.tenant_id)):
        raise error("OB_POOL_SERVER_INTERSECT", f"[{pool.name}]")
    check_servers(resources, added, pool.unit_count)
    servers = choose_servers(resources, added, pool.unit_count, pool.config.size, hard_limit(state))
    for unit in resources.units_of(pool):
        if unit.zone in removed:
            del resources.units[unit.unit_id]
    resources.add_units(pool, servers, state.now_ns)
    pool.zones, pool.modified_ns = zones, state.now_ns
    if pool.tenant_id is not None:
        resources.group_units(pool, resources.groups_of(pool.tenant_id))


def drop_pool(state: ClusterState, who: Principal, statement: DropResourcePool) -> Ok:
    """DROP RESOURCE POOL. Raises 4650, and 4626 while a tenant has it."""
    check_sys(state, who, statement)
    if statement.if_exists and statement.name not in state.resources.pools:
        return Ok()
    pool = _pool(state, statement.name)
    if pool.tenant_id is not None:
        raise error("OB_RESOURCE_POOL_ALREADY_GRANTED", statement.name)
    state.resources.remove_pool(pool)
    state.revisions.touch("tenants", "storage")
    return Ok()


def split_pool(state: ClusterState, who: Principal, statement: SplitResourcePool) -> Ok:
    """SPLIT: a pool for each zone, with the units that are there. Raises 4650, 4651 and 1210."""
    check_sys(state, who, statement)
    resources, now_ns = state.resources, state.now_ns
    pool = _pool(state, statement.name)
    for place, name in enumerate(statement.pools):
        if name in resources.pools:
            raise error("OB_RESOURCE_POOL_EXIST", name)
        if name in statement.pools[:place]:
            raise error("OB_INVALID_ARGUMENT", "resource pool name")
    if len(statement.pools) != len(statement.zones):
        raise error("OB_INVALID_ARGUMENT", "split pool and zone count")
    if len(pool.zones) != len(statement.zones):
        raise error("OB_INVALID_ARGUMENT", "corresponding zone vector")
    if set(pool.zones) != set(statement.zones):
        raise error("OB_INVALID_ARGUMENT", "non-exist zone in corresponding zone vector")
    for name, zone in zip(statement.pools, statement.zones, strict=True):
        part = resources.add_pool(name, pool.config, (zone,), pool.unit_count, (), now_ns)
        part.tenant_id = pool.tenant_id
        for unit in resources.units_of(pool):
            if unit.zone == zone:
                unit.pool, unit.modified_ns = part, now_ns
    resources.remove_pool(pool)
    state.revisions.touch("tenants")
    return Ok()


def merge_pools(state: ClusterState, who: Principal, statement: MergeResourcePools) -> Ok:
    """MERGE: one pool with the zones and units of several that are alike. Raises 4650, 4651, 4179 and 1210."""
    check_sys(state, who, statement)
    resources, now_ns = state.resources, state.now_ns
    if len(statement.pools) < 2 or len(statement.merged) != 1:
        raise error("OB_INVALID_ARGUMENT", "resource pool")
    if len(set(statement.pools)) < len(statement.pools):
        raise error("OB_OP_NOT_ALLOW", "merge resource pool repeat")
    pools = [_pool(state, name) for name in statement.pools]
    first = pools[0]
    for pool in pools[1:]:
        if pool.tenant_id != first.tenant_id:
            raise error("OB_OP_NOT_ALLOW", "pool tenant id different")
        if pool.unit_count != first.unit_count:
            raise error("OB_OP_NOT_ALLOW", "pool unit count different")
        if pool.config is not first.config:
            raise error("OB_OP_NOT_ALLOW", "pool unit config different")
    zones = tuple(zone for pool in pools for zone in pool.zones)
    if len(set(zones)) < len(zones):
        raise error("OB_OP_NOT_ALLOW", "resource pool with duplicated zone")
    if statement.merged[0] in resources.pools:
        raise error("OB_RESOURCE_POOL_EXIST", statement.merged[0])
    whole = resources.add_pool(statement.merged[0], first.config, zones, first.unit_count, (), now_ns)
    whole.tenant_id = first.tenant_id
    for pool in pools:
        for unit in resources.units_of(pool):
            unit.pool, unit.modified_ns = whole, now_ns
        resources.remove_pool(pool)
    state.revisions.touch("tenants")
    return Ok()


# The number of units of a tenant.


def alter_resource_tenant(state: ClusterState, who: Principal, statement: AlterResourceTenant) -> Ok:
    """ALTER RESOURCE TENANT: UNIT_NUM of all pools of a tenant; units that go do so after a while."""
    check_sys(state, who, statement)
    if not statement.unit_count:
        raise error("OB_INVALID_ARGUMENT", "unit_num, can't be zero")
    tenant = state.tenant_named(statement.name)
    if tenant is None:
        raise error("OB_TENANT_NOT_EXIST", statement.name)
    if tenant.kind != "USER":
        raise error("OB_NOT_SUPPORTED")
    pools, count = state.resources.pools_of(tenant.tenant_id), statement.unit_count
    if state.root_jobs.running(RootJobKind.SHRINK_UNIT_NUM, tenant.tenant_id) is not None:
        raise error("OB_OP_NOT_ALLOW", "alter unit num while the previous operation is in progress")
    old = pools[0].unit_count if pools else count
    if count >= old and statement.deleted:
        raise error("OB_NOT_SUPPORTED", "unit num is not shrinking, deleting unit")
    if count > old:
        _expand(state, tenant.tenant_id, pools, count, statement.text)
    elif count < old:
        _shrink(state, tenant.tenant_id, pools, count, statement)
    state.revisions.touch("tenants", "storage")
    return Ok()


def _expand(
    state: ClusterState, tenant_id: TenantId, pools: Sequence[ResourcePool], count: int, text: str
) -> None:
    resources = state.resources
    for pool in pools:
        check_servers(resources, pool.zones, count)
        taken = [unit.server for own in pools for unit in resources.units_of(own)]
        choose_servers(resources, pool.zones, count - pool.unit_count, pool.config.size, hard_limit(state), taken)
    for pool in pools:
        _add_units(state, pool, count)
        pool.unit_count, pool.modified_ns = count, state.now_ns
    resources.grant(pools, tenant_id, state.now_ns)
    job = state.root_jobs.start(
        RootJobKind.EXPAND_UNIT_NUM, state.now_ns, tenant_id=tenant_id, sql_text=text
    )
    job.finish(state.now_ns)


def _shrink(
    state: ClusterState, tenant_id: TenantId, pools: Sequence[ResourcePool], count: int, statement: AlterResourceTenant
) -> None:
    groups = state.resources.groups_of(tenant_id)
    gone = set(statement.deleted) if statement.deleted else set(groups[count:])
    if not gone <= set(groups) or len(groups) - len(gone) != count:
        raise error("OB_INVALID_ARGUMENT", "unit group id list")
    units = [u for pool in pools for u in state.resources.units_of(pool) if u.group_id in gone]
    for unit in units:
        unit.status, unit.modified_ns = "DELETING", state.now_ns
    for pool in pools:
        pool.unit_count, pool.modified_ns = count, state.now_ns
    job = state.root_jobs.start(
        RootJobKind.SHRINK_UNIT_NUM, state.now_ns, tenant_id=tenant_id, sql_text=statement.text
    )
    state.events.push(state.now_ns + _SHRINK_NS, partial(_shrunk, state, units, job))


def _shrunk(state: ClusterState, units: Sequence[Unit], job: RootJob, now_ns: Nanoseconds) -> None:
    for unit in units:
        state.resources.units.pop(unit.unit_id, None)
    if job.result is None:
        job.finish(now_ns)
    state.revisions.touch("tenants", "storage")


_UNITS = Rule("CREATE RESOURCE UNIT", check_sys)
_POOLS = Rule("CREATE RESOURCE POOL", check_sys)
COMMANDS: dict[type, Command] = {
    AlterResourcePool: guarded(alter_pool, _POOLS),
    AlterResourceTenant: guarded(alter_resource_tenant, _POOLS),
    AlterResourceUnit: guarded(alter_unit, _UNITS),
    CreateResourcePool: guarded(create_pool, _POOLS),
    CreateResourceUnit: guarded(create_unit, _UNITS),
    DropResourcePool: guarded(drop_pool, _POOLS),
    DropResourceUnit: guarded(drop_unit, _UNITS),
    MergeResourcePools: guarded(merge_pools, _POOLS),
    SplitResourcePool: guarded(split_pool, _POOLS),
}
