"""CREATE, ALTER and DROP RESOURCE UNIT: the configs of units.

Order of checks, codes and texts follow OceanBase's source (ob_unit_manager.cpp, ob_resource_resolver.h).
"""

from collections.abc import Sequence

from obsim.answers import Ok
from obsim.cluster.authority import Rule, check_sys, guarded
from obsim.cluster.resources import ResourcePool, Unit, UnitConfig, UnitSize
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.unit_placement import lacking_resource
from obsim.cluster.unit_sizes import changed_size, new_size
from obsim.errors import error
from obsim.statements.resources import AlterResourceUnit, CreateResourceUnit, DropResourceUnit

__all__ = ["COMMANDS", "check_pool_memory", "config_named", "hard_limit"]

_FULL_POOL_MEMORY_MIN_BYTES = 2 << 30
"""Default of the hidden parameter __min_full_resource_pool_memory."""


def hard_limit(state: ClusterState) -> int:
    """Percent of a server's CPUs that the MAX_CPU of its units may add up to."""
    return state.parameters.get_int("resource_hard_limit")


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


def config_named(state: ClusterState, name: str) -> UnitConfig:
    """The config called so. Raises 4648."""
    config = state.resources.configs.get(name)
    if config is None:
        raise error("OB_RESOURCE_UNIT_NOT_EXIST", name)
    return config


def alter_unit(state: ClusterState, who: Principal, statement: AlterResourceUnit) -> Ok:
    """ALTER RESOURCE UNIT: its units grow and shrink where they stand. Raises 4648, 4659, 4624, 1210."""
    check_sys(state, who, statement)
    config = config_named(state, statement.name)
    size = changed_size(config.size, statement.options)
    pools = state.resources.pools_with(config)
    for pool in pools:
        _check_growth(state, pool, size)
    if pools:
        check_pool_memory(size)
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


def check_pool_memory(size: UnitSize) -> None:
    """Raises 1235 for units that are too small for a pool."""
    if size.memory_bytes < _FULL_POOL_MEMORY_MIN_BYTES:
        raise error("OB_NOT_SUPPORTED", "unit MEMORY_SIZE less than __min_full_resource_pool_memory")


def drop_unit(state: ClusterState, who: Principal, statement: DropResourceUnit) -> Ok:
    """DROP RESOURCE UNIT. Raises 4648, and 4634 while a pool uses it."""
    check_sys(state, who, statement)
    if statement.if_exists and statement.name not in state.resources.configs:
        return Ok()
    config = config_named(state, statement.name)
    if state.resources.pools_with(config):
        raise error("OB_RESOURCE_UNIT_IS_REFERENCED", statement.name)
    del state.resources.configs[statement.name]
    state.revisions.touch("tenants")
    return Ok()


_RULE = Rule("CREATE RESOURCE UNIT", check_sys)
COMMANDS: dict[type, Command] = {
    AlterResourceUnit: guarded(alter_unit, _RULE),
    CreateResourceUnit: guarded(create_unit, _RULE),
    DropResourceUnit: guarded(drop_unit, _RULE),
}
