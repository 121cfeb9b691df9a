"""On which servers units find room (ob_unit_manager.cpp, ob_unit_placement_strategy.cpp).

A zone's units of one pool, and all units of one tenant, stand on servers of their own. Among the servers with room the
one with the fewest units is taken, the first of them; OceanBase weighs loads, which differ only where units do.
"""

from collections.abc import Iterable, Sequence

from obsim.cluster.resources import Resources, Server, ServerCapacity, Unit, UnitSize
from obsim.errors import error

__all__ = ["check_servers", "check_zones", "choose_servers", "lacking_resource", "zone_list"]

_PERCENT = 100


def _used(units: Iterable[Unit], size: UnitSize) -> tuple[float, float, int, int]:
    """MIN_CPU, MAX_CPU, memory and log disk of units and of one more of `size`."""
    sizes = [unit.pool.config.size for unit in units] + [size]
    return (
        sum(s.min_cpu for s in sizes), sum(s.max_cpu for s in sizes), sum(s.memory_bytes for s in sizes),
        sum(s.log_disk_bytes for s in sizes),
    )  # fmt: skip


def lacking_resource(units: Iterable[Unit], size: UnitSize, capacity: ServerCapacity, hard_limit: int) -> str | None:
    """What a server with `units` lacks for one more of `size`: CPU, MEMORY or LOG_DISK; None where it has room.

    `hard_limit` is the parameter resource_hard_limit: percent of the CPUs that MAX_CPU may add up to.
    """
    min_cpu, max_cpu, memory, log_disk = _used(units, size)
    if min_cpu > capacity.cpu or max_cpu > capacity.cpu * hard_limit / _PERCENT:
        return "CPU"
    if memory > capacity.memory_bytes:
        return "MEMORY"
    return "LOG_DISK" if log_disk > capacity.log_disk_bytes else None


def check_zones(resources: Resources, zones: Sequence[str]) -> None:
    """Raises 4641 for a zone named twice, 4530 for one that is not there."""
    for place, zone in enumerate(zones):
        if zone in zones[:place]:
            raise error("OB_ZONE_DUPLICATED", zone, zone_list(zones))
    for zone in zones:
        if zone not in resources.zones:
            raise error("OB_ZONE_INFO_NOT_EXIST", zone)


def zone_list(zones: Iterable[str]) -> str:
    """Zones as messages print a list of them."""
    return f"[{', '.join(zones)}]"


def check_servers(resources: Resources, zones: Sequence[str], unit_count: int) -> None:
    """Raises 4656 for a zone with fewer serving servers than units."""
    for zone in zones:
        if sum(server.serving for server in resources.servers_in(zone)) < unit_count:
            raise error("OB_UNIT_NUM_OVER_SERVER_COUNT")


def choose_servers(
    resources: Resources, zones: Sequence[str], count: int, size: UnitSize, hard_limit: int,
    taken: Iterable[Server] = (),
) -> list[Server]:  # fmt: skip
    """A server for each of `count` new units in each zone, none of `taken`. Raises 4733 with what is lacking."""
    busy = list(taken)
    chosen: list[Server] = []
    for zone in zones:
        for _ in range(count):
            server = _best(resources, zone, size, hard_limit, busy)
            busy.append(server)
            chosen.append(server)
    return chosen


def _best(resources: Resources, zone: str, size: UnitSize, hard_limit: int, busy: list[Server]) -> Server:
    free = [server for server in resources.servers_in(zone) if server.serving and server not in busy]
    reasons = {
        server.address: lacking_resource(resources.units_on(server), size, server.capacity, hard_limit)
        for server in free
    }
    roomy = [server for server in free if reasons[server.address] is None]
    if not roomy:
        why = "".join(f"server '\"{address}\"' {what} resource not enough\n" for address, what in reasons.items())
        raise error("OB_ZONE_RESOURCE_NOT_ENOUGH", zone, 1, why)
    return min(roomy, key=lambda server: len(resources.units_on(server)))
