"""What a scenario says of zones, servers, unit configs and pools, and how a cluster is made of it."""

from collections.abc import Iterable, Sequence
from re import fullmatch

import msgspec

from obsim import statements as s
from obsim.cluster.resources import (
    ResourcePool,
    Resources,
    Server,
    ServerCapacity,
    UnitConfig,
    UnitSize,
    Zone,
    ZoneStatus,
)
from obsim.cluster.state import ClusterState
from obsim.cluster.unit_placement import check_servers, choose_servers
from obsim.cluster.unit_sizes import new_size
from obsim.errors import ScenarioError, ServerError, error
from obsim.ids import SYS_TENANT_ID, Nanoseconds

__all__ = [
    "PoolSpec", "ServerSpec", "UnitConfigSpec", "ZoneSpec", "add_pool", "add_pools", "add_sys_pool", "build_resources",
    "check_choice", "check_resources",
]  # fmt: skip

_UNIT_SIZE = UnitSize(2, 2, 4 << 30, 12 << 30, 1_000_000, 1_000_000, 2)
"""A unit of 2 CPUs, 4 GiB of memory and 12 GiB of log disk."""
_STANDARD_CONFIG = "unit_standard"
_ZONE_TYPES = ("ReadWrite", "Encryption")
_PORT_MAX = 65_535
_RPC_PORT = 2882
_CPUS_MAX = 4096
_BYTES_MAX = 1 << 60


class ZoneSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A zone; `stopped` makes it INACTIVE."""

    name: str
    region: str = "sys_region"
    idc: str = ""
    type: str = "ReadWrite"
    stopped: bool = False


class ServerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server and what it has for units: memory and log disk in GiB."""

    ip: str
    zone: str
    port: int = _RPC_PORT
    sql_port: int | None = None
    """Without one, that of the process."""
    cpu: float = 64
    memory_gib: float = 256
    log_disk_gib: float = 1024


class UnitConfigSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit config, by the words and the rules of CREATE RESOURCE UNIT."""

    name: str
    max_cpu: float
    memory_size: str | int
    min_cpu: float | None = None
    log_disk_size: str | int | None = None
    max_iops: int | None = None
    min_iops: int | None = None
    iops_weight: int | None = None

    def size(self) -> UnitSize:
        """Raises what CREATE RESOURCE UNIT raises."""
        words = ("max_cpu", "min_cpu", "memory_size", "log_disk_size", "max_iops", "min_iops", "iops_weight")
        named = ((word.upper(), getattr(self, word)) for word in words)
        return new_size(s.UnitOption(word, value) for word, value in named if value is not None)


class PoolSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A resource pool; without `zones` in all of them. A tenant that names it in `pools` has it."""

    name: str
    unit: str = _STANDARD_CONFIG
    unit_num: int = 1
    zones: list[str] = []


def _check_names(kind: str, names: Sequence[str]) -> None:
    for at, name in enumerate(names):
        if not name or name in names[:at]:
            raise ScenarioError(f"{kind}[{at}].name is '{name}': names are not empty and not given twice")


def check_choice(key: str, value: str, allowed: Iterable[str]) -> None:
    """Raises ScenarioError with the words that are allowed for a key."""
    known = list(allowed)
    if value not in known:
        raise ScenarioError(f"{key} is '{value}': allowed are {', '.join(known)}")


def check_resources(
    zones: Sequence[ZoneSpec], servers: Sequence[ServerSpec], configs: Sequence[UnitConfigSpec],
    pools: Sequence[PoolSpec],
) -> None:  # fmt: skip
    """Raises ScenarioError with the key that is wrong and what is allowed there."""
    for kind, names in (
        ("zone", [zone.name for zone in zones]), ("unit_config", [config.name for config in configs]),
        ("pool", [pool.name for pool in pools]),
    ):  # fmt: skip
        _check_names(kind, names)
    for at, zone in enumerate(zones):
        check_choice(f"zone[{at}].type", zone.type, _ZONE_TYPES)
    known = [zone.name for zone in zones] or ["z1"]
    _check_servers(servers, known)
    for at, config in enumerate(configs):
        try:
            config.size()
        except ServerError as caught:
            rule = "sizes are bytes or as '4G', max_cpu is 1 or more"
            raise ScenarioError(f"unit_config[{at}] '{config.name}': {caught.message}: {rule}") from None
    for at, pool in enumerate(pools):
        units = [_STANDARD_CONFIG, *(config.name for config in configs)]
        check_choice(f"pool[{at}].unit", pool.unit, units)
        for zone_name in pool.zones:
            check_choice(f"pool[{at}].zones", zone_name, known)
        if pool.unit_num < 1 or len(set(pool.zones)) < len(pool.zones):
            raise ScenarioError(f"pool[{at}]: unit_num is at least 1, and no zone is given twice")


def _check_servers(servers: Sequence[ServerSpec], zones: Sequence[str]) -> None:
    addresses: list[tuple[str, int]] = []
    for at, server in enumerate(servers):
        check_choice(f"server[{at}].zone", server.zone, zones)
        for port in (server.port, server.sql_port or _RPC_PORT):
            if not 0 < port <= _PORT_MAX:
                raise ScenarioError(f"server[{at}]: ports are from 1 to {_PORT_MAX}")
        if not 1 <= server.cpu <= _CPUS_MAX or min(server.memory_gib, server.log_disk_gib) < 1:
            rule = f"cpu is from 1 to {_CPUS_MAX}, memory_gib and log_disk_gib at least 1"
            raise ScenarioError(f"server[{at}]: {rule}")
        if max(server.memory_gib, server.log_disk_gib) * (1 << 30) > _BYTES_MAX:
            raise ScenarioError(f"server[{at}]: memory_gib and log_disk_gib are at most {_BYTES_MAX >> 30}")
        if not server.ip or (server.ip, server.port) in addresses:
            rule = "addresses are not empty and not given twice"
            raise ScenarioError(f"server[{at}].ip is '{server.ip}': {rule}")
        if not _is_place(server.ip):
            raise ScenarioError(f"server[{at}].ip is '{server.ip}': it is an address as 10.0.1.1, or a name")
        addresses.append((server.ip, server.port))
    served = {server.zone for server in servers}
    if servers and (missing := [zone for zone in zones if zone not in served]):
        raise ScenarioError(f"zone '{missing[0]}' has no [[server]]")


def _is_place(ip: str) -> bool:
    """Whether it is four numbers as 10.0.1.1, or anything else without blanks: a name, an IPv6 address."""
    if not set(ip) <= set("0123456789."):
        return not any(map(str.isspace, ip))
    return fullmatch(r"\d{1,3}(\.\d{1,3}){3}", ip) is not None and all(int(number) < 256 for number in ip.split("."))


def build_resources(
    zones: Sequence[ZoneSpec], servers: Sequence[ServerSpec], start_ns: Nanoseconds, mysql_port: int
) -> Resources:
    """Zones with their servers; without any a zone z1 with the server 127.0.0.1:2882."""
    resources = Resources()
    for spec in zones or [ZoneSpec("z1")]:
        status = ZoneStatus.INACTIVE if spec.stopped else ZoneStatus.ACTIVE
        resources.zones[spec.name] = Zone(spec.name, start_ns, start_ns, spec.region, spec.idc, status, spec.type)
    standard = [ServerSpec(f"127.0.0.{at}", zone) for at, zone in enumerate(resources.zones, 1)]
    for server in servers or standard:
        capacity = ServerCapacity(server.cpu, int(server.memory_gib * (1 << 30)), int(server.log_disk_gib * (1 << 30)))
        port = mysql_port if server.sql_port is None else server.sql_port
        resources.add_server(Server(
            resources.new_id("server"), server.ip, server.port, port, server.zone, start_ns, start_ns, start_ns,
            capacity=capacity,
        ))  # fmt: skip
    return resources


def add_sys_pool(state: ClusterState) -> None:
    """The sys tenant's own pool, with a unit in each zone."""
    resources, now_ns = state.resources, state.now_ns
    config = resources.add_config("sys_unit_config", _UNIT_SIZE, now_ns, system=True)
    servers = [resources.servers_in(zone)[0] for zone in resources.zones]
    pool = resources.add_pool("sys_pool", config, tuple(resources.zones), 1, servers, now_ns, system=True)
    resources.grant([pool], SYS_TENANT_ID, now_ns, system=True)
    resources.add_config(_STANDARD_CONFIG, _UNIT_SIZE, now_ns)


def add_pools(state: ClusterState, configs: Sequence[UnitConfigSpec], pools: Sequence[PoolSpec]) -> None:
    """The configs and pools that a scenario writes down. Raises what the statements raise."""
    for config in configs:
        if config.name in state.resources.configs:
            raise error("OB_RESOURCE_UNIT_EXIST", config.name)
        state.resources.add_config(config.name, config.size(), state.now_ns)
    for pool in pools:
        add_pool(state, pool.name, pool.unit, pool.unit_num, pool.zones)


def add_pool(
    state: ClusterState, name: str, unit: str = _STANDARD_CONFIG, unit_count: int = 1, zones: Sequence[str] = ()
) -> ResourcePool:
    """A free pool. Raises 4651, 4656 and 4733 as CREATE RESOURCE POOL."""
    resources = state.resources
    if name in resources.pools:
        raise error("OB_RESOURCE_POOL_EXIST", name)
    config: UnitConfig = resources.configs[unit]
    places = tuple(zones) or tuple(resources.zones)
    check_servers(resources, places, unit_count)
    hard_limit = state.parameters.get_int("resource_hard_limit")
    servers = choose_servers(resources, places, unit_count, config.size, hard_limit)
    return resources.add_pool(name, config, places, unit_count, servers, state.now_ns)
