"""Zones, servers, unit configs, resource pools and units: what tenants are made of.

A unit config says how large a unit is. A pool has `unit_count` units in each of its zones, each on a server; a pool is
free or belongs to one tenant. Names compare byte for byte.
Columns that show them: views.json (DBA_OB_UNITS, DBA_OB_RESOURCE_POOLS, DBA_OB_SERVERS, DBA_OB_ZONES).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from obsim.ids import Nanoseconds, TenantId

__all__ = [
    "FIRST_USER_ID", "ResourcePool", "Resources", "Server", "ServerStatus", "Unit", "UnitConfig", "UnitSize", "Zone",
    "ZoneStatus", "next_id", "standard_resources",
]  # fmt: skip

FIRST_USER_ID = 1001
"""Ids of unit configs, pools and units begin here; the sys tenant's are 1."""


class ZoneStatus(StrEnum):
    """DBA_OB_ZONES.STATUS."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class ServerStatus(StrEnum):
    """DBA_OB_SERVERS.STATUS."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DELETING = "DELETING"


@dataclass(slots=True, eq=False)
class Zone:
    """A zone; STOP ZONE makes it INACTIVE."""

    name: str
    created_ns: Nanoseconds
    modified_ns: Nanoseconds
    region: str = "sys_region"
    idc: str = ""
    status: ZoneStatus = ZoneStatus.ACTIVE
    zone_type: str = "ReadWrite"


@dataclass(slots=True, eq=False)
class Server:
    """An observer. `stop_ns` is when STOP SERVER came, 0 while the server is not stopped."""

    server_id: int
    ip: str
    port: int
    mysql_port: int
    zone: str
    created_ns: Nanoseconds
    modified_ns: Nanoseconds
    start_ns: Nanoseconds
    with_rootserver: bool = False
    status: ServerStatus = ServerStatus.ACTIVE
    stop_ns: Nanoseconds = Nanoseconds(0)

    @property
    def address(self) -> str:
        """`ip:port`, as statements and COMMENT columns write it."""
        return f"{self.ip}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnitSize:
    """What one unit may use; memory and log disk in bytes."""

    max_cpu: float
    min_cpu: float
    memory_bytes: int
    log_disk_bytes: int
    max_iops: int
    min_iops: int
    iops_weight: int


@dataclass(slots=True, eq=False)
class UnitConfig:
    """A unit config (RESOURCE UNIT in statements)."""

    config_id: int
    name: str
    size: UnitSize
    created_ns: Nanoseconds
    modified_ns: Nanoseconds


@dataclass(slots=True, eq=False)
class ResourcePool:
    """A pool; `tenant_id` None: free."""

    pool_id: int
    name: str
    config: UnitConfig
    unit_count: int
    zones: tuple[str, ...]
    created_ns: Nanoseconds
    modified_ns: Nanoseconds
    tenant_id: TenantId | None = None
    replica_type: str = "FULL"


@dataclass(slots=True, eq=False)
class Unit:
    """One unit of a pool in a zone, on a server. `group_id` is 0 while the pool is free."""

    unit_id: int
    pool: ResourcePool
    zone: str
    server: Server
    created_ns: Nanoseconds
    modified_ns: Nanoseconds
    group_id: int = 0
    status: str = "ACTIVE"


@dataclass(slots=True, eq=False)
class Resources:
    """All of a cluster. Dictionaries keep the order of creation; their keys are names, ids, addresses."""

    zones: dict[str, Zone] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
    """By address, `ip:port`; the first one has the root service."""
    configs: dict[str, UnitConfig] = field(default_factory=dict)
    pools: dict[str, ResourcePool] = field(default_factory=dict)
    units: dict[int, Unit] = field(default_factory=dict)

    def add_config(self, config_id: int, name: str, size: UnitSize, now_ns: Nanoseconds) -> UnitConfig:
        """A new unit config."""
        config = self.configs[name] = UnitConfig(config_id, name, size, now_ns, now_ns)
        return config

    def add_pool(
        self, pool_id: int, name: str, config: UnitConfig, now_ns: Nanoseconds, tenant_id: TenantId | None = None
    ) -> ResourcePool:
        """A new pool over every zone, with one unit in each, on the zone's first server."""
        pool = ResourcePool(pool_id, name, config, 1, tuple(self.zones), now_ns, now_ns, tenant_id)
        self.pools[name] = pool
        for zone in pool.zones:
            server = self.servers_in(zone)[0]
            unit_id = pool_id if pool_id < FIRST_USER_ID else next_id(i for i in self.units if i >= FIRST_USER_ID)
            group_id = 0 if tenant_id is None else pool_id
            self.units[unit_id] = Unit(unit_id, pool, zone, server, now_ns, now_ns, group_id)
        return pool

    @property
    def root_server(self) -> Server:
        """The server with the root service."""
        return next(s for s in self.servers.values() if s.with_rootserver)

    def pools_of(self, tenant_id: TenantId) -> list[ResourcePool]:
        """The pools of a tenant, in order of creation."""
        return [pool for pool in self.pools.values() if pool.tenant_id == tenant_id]

    def units_of(self, pool: ResourcePool) -> list[Unit]:
        """The units of a pool, in order of id."""
        return [unit for unit in self.units.values() if unit.pool is pool]

    def units_on(self, server: Server) -> list[Unit]:
        """The units on a server, in order of id."""
        return [unit for unit in self.units.values() if unit.server is server]

    def servers_in(self, zone: str) -> list[Server]:
        """The servers of a zone, in order of their addition."""
        return [server for server in self.servers.values() if server.zone == zone]


def next_id(used: Iterable[int]) -> int:
    """The id of the next config, pool or unit of users."""
    return max((FIRST_USER_ID - 1, *used)) + 1


def standard_resources(start_ns: Nanoseconds, mysql_port: int = 2881) -> Resources:
    """One zone `z1` with one server, 127.0.0.1:2882, and no configs or pools yet."""
    server = Server(1, "127.0.0.1", 2882, mysql_port, "z1", start_ns, start_ns, start_ns, with_rootserver=True)
    return Resources({"z1": Zone("z1", start_ns, start_ns)}, {server.address: server})
