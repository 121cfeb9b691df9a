"""CREATE, ALTER, DROP, SPLIT and MERGE RESOURCE POOL.

Order of checks, codes and texts follow OceanBase's source (ob_unit_manager.cpp, ob_resource_resolver.h).
"""

from collections.abc import Iterable, Sequence

from obsim.answers import Ok
from obsim.cluster.authority import Rule, check_sys, guarded
from obsim.cluster.resources import ResourcePool, Unit
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.unit_commands import check_pool_memory, config_named, hard_limit
from obsim.cluster.unit_placement import check_servers, check_zones, choose_servers, lacking_resource
from obsim.errors import NotModelled, error
from obsim.statements.resources import (
    AlterResourcePool,
    CreateResourcePool,
    DropResourcePool,
    MergeResourcePools,
    PoolOption,
    SplitResourcePool,
)

__all__ = ["COMMANDS", "add_units"]


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
    config = config_named(state, str(unit.value))
    if statement.name in resources.pools:
        if statement.if_not_exists:
            return Ok()
        raise error("OB_RESOURCE_POOL_EXIST", statement.name)
    check_pool_memory(config.size)
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
    config = config_named(state, name)
    if config is pool.config:
        return
    check_pool_memory(config.size)
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
        add_units(state, pool, count)
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


def add_units(state: ClusterState, pool: ResourcePool, count: int) -> list[Unit]:
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


_RULE = Rule("CREATE RESOURCE POOL", check_sys)
COMMANDS: dict[type, Command] = {
    AlterResourcePool: guarded(alter_pool, _RULE),
    CreateResourcePool: guarded(create_pool, _RULE),
    DropResourcePool: guarded(drop_pool, _RULE),
    MergeResourcePools: guarded(merge_pools, _RULE),
    SplitResourcePool: guarded(split_pool, _RULE),
}
