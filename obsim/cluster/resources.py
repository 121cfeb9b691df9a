"""Zones, servers, unit configs, resource pools and units: what tenants are made of.

A unit config says how large a unit is. A pool has `unit_count` units in each of its zones, each on a server; a pool is
free or belongs to one tenant. Names compare byte for byte. An id is never used again, as in ob_max_id_fetcher.cpp.
Columns that show them: views.json (DBA_OB_UNITS, DBA_OB_RESOURCE_POOLS, DBA_OB_SERVERS, DBA_OB_ZONES).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from obsim.ids import Nanoseconds, TenantId

__all__ = [
    "FIRST_USER_ID", "STANDARD_CAPACITY", "ResourcePool", "Resources", "Server", "ServerCapacity", "ServerStatus",
    "Unit", "UnitConfig", "UnitSize", "Zone", "ZoneStatus",
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


@dataclass(frozen=True, slots=True)
class ServerCapacity:
    """What a server has for units."""

    cpu: float = 64
    memory_bytes: int = 256 << 30
    log_disk_bytes: int = 1 << 40
    data_disk_bytes: int = 1 << 60


STANDARD_CAPACITY = ServerCapacity()
"""Of a server that says nothing else: tests do not run out of it by accident."""


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
    offline_ns: Nanoseconds = Nanoseconds(0)
    """Since when the root service knows that it is away, 0 while it is not."""
    capacity: ServerCapacity = STANDARD_CAPACITY

    @property
    def address(self) -> str:
        """`ip:port`, as statements and COMMENT columns write it."""
        return f"{self.ip}:{self.port}"

    @property
    def serving(self) -> bool:
        """Whether it takes part: neither stopped nor on its way out."""
        return self.status is ServerStatus.ACTIVE and not self.stop_ns


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
    """One unit of a pool in a zone, on a server. `group_id` is 0 while the pool is free.

    `migrated_from` is the server it comes from while it moves.
    """

    unit_id: int
    pool: ResourcePool
    zone: str
    server: Server
    created_ns: Nanoseconds
    modified_ns: Nanoseconds
    group_id: int = 0
    status: str = "ACTIVE"
    migrated_from: Server | None = None


@dataclass(slots=True, eq=False)
class Resources:
    """All of a cluster. Dictionaries keep the order of creation; their keys are names, ids, addresses."""

    zones: dict[str, Zone] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
    """By address, `ip:port`."""
    configs: dict[str, UnitConfig] = field(default_factory=dict)
    pools: dict[str, ResourcePool] = field(default_factory=dict)
    units: dict[int, Unit] = field(default_factory=dict)
    _last_ids: dict[str, int] = field(default_factory=dict)

    # Making and changing. Who calls these has made the checks.

    def new_id(self, kind: str, *, system: bool = False) -> int:
        """The next id of a config, pool, unit, unit group or server; ids of users begin at FIRST_USER_ID."""
        first = 1 if system or kind == "server" else FIRST_USER_ID
        key = f"system {kind}" if system else kind
        self._last_ids[key] = self._last_ids.get(key, first - 1) + 1
        return self._last_ids[key]

    def add_server(self, server: Server) -> None:
        """One more server; the first one has the root service."""
        server.with_rootserver = not self.servers
        self.servers[server.address] = server

    def add_config(self, name: str, size: UnitSize, now_ns: Nanoseconds, *, system: bool = False) -> UnitConfig:
        """A new unit config."""
        config = UnitConfig(self.new_id("config", system=system), name, size, now_ns, now_ns)
        self.configs[name] = config
        return config

    def add_pool(
        self, name: str, config: UnitConfig, zones: Sequence[str], unit_count: int, servers: Iterable[Server],
        now_ns: Nanoseconds, *, system: bool = False,
    ) -> ResourcePool:  # fmt: skip
        """A new free pool with a unit on each of `servers`, which are `unit_count` of each zone."""
        pool_id = self.new_id("pool", system=system)
        pool = ResourcePool(pool_id, name, config, unit_count, tuple(zones), now_ns, now_ns)
        self.pools[name] = pool
        self.add_units(pool, servers, now_ns, system=system)
        return pool

    def add_units(
        self, pool: ResourcePool, servers: Iterable[Server], now_ns: Nanoseconds, *, system: bool = False
    ) -> list[Unit]:
        """A unit of a pool on each of `servers`."""
        made = []
        for server in servers:
            unit_id = self.new_id("unit", system=system)
            self.units[unit_id] = unit = Unit(unit_id, pool, server.zone, server, now_ns, now_ns)
            made.append(unit)
        return made

    def remove_pool(self, pool: ResourcePool) -> None:
        """A pool goes with its units."""
        for unit in self.units_of(pool):
            del self.units[unit.unit_id]
        del self.pools[pool.name]

    def grant(
        self, pools: Sequence[ResourcePool], tenant_id: TenantId, now_ns: Nanoseconds, *, system: bool = False
    ) -> None:
        """Pools become a tenant's. The units of one place in all zones are a unit group."""
        groups = self.groups_of(tenant_id)
        most = max((pool.unit_count for pool in pools), default=0)
        groups += [self.new_id("unit group", system=system) for _ in range(most - len(groups))]
        for pool in pools:
            pool.tenant_id, pool.modified_ns = tenant_id, now_ns
            self.group_units(pool, groups)

    def group_units(self, pool: ResourcePool, groups: Sequence[int]) -> None:
        """Give the units of each zone, in order of id, their groups."""
        for zone in pool.zones:
            own = (unit for unit in self.units_of(pool) if unit.zone == zone)
            for unit, group_id in zip(own, groups, strict=False):
                unit.group_id = group_id

    def revoke(self, pool: ResourcePool, now_ns: Nanoseconds) -> None:
        """A pool is free again."""
        pool.tenant_id, pool.modified_ns = None, now_ns
        for unit in self.units_of(pool):
            unit.group_id = 0

    # Asking.

    @property
    def root_server(self) -> Server:
        """The server with the root service."""
        return next(s for s in self.servers.values() if s.with_rootserver)

    def move_root_service(self) -> None:
        """Let the root service leave a server that serves no more, for the first one that does."""
        left = self.root_server
        if not left.serving or self.zones[left.zone].status is not ZoneStatus.ACTIVE:
            heir = next(self.serving_servers(), left)
            left.with_rootserver, heir.with_rootserver = False, True

    def serving_servers(self) -> Iterator[Server]:
        """The servers that take part, in order of their addition."""
        active = (s for s in self.servers.values() if self.zones[s.zone].status is ZoneStatus.ACTIVE)
        return (server for server in active if server.serving)

    def pools_of(self, tenant_id: TenantId) -> list[ResourcePool]:
        """The pools of a tenant, in order of creation."""
        return [pool for pool in self.pools.values() if pool.tenant_id == tenant_id]

    def pools_with(self, config: UnitConfig) -> list[ResourcePool]:
        """The pools whose units are of a config."""
        return [pool for pool in self.pools.values() if pool.config is config]

    def zones_of(self, tenant_id: TenantId) -> list[str]:
        """The zones in which a tenant has units, by name."""
        return sorted({zone for pool in self.pools_of(tenant_id) for zone in pool.zones})

    def groups_of(self, tenant_id: TenantId) -> list[int]:
        """The unit groups of a tenant."""
        units = (unit for pool in self.pools_of(tenant_id) for unit in self.units_of(pool))
        return sorted({unit.group_id for unit in units} - {0})

    def units_of(self, pool: ResourcePool) -> list[Unit]:
        """The units of a pool, in order of id."""
        return [unit for unit in self.units.values() if unit.pool is pool]

    def units_on(self, server: Server) -> list[Unit]:
        """The units on a server, in order of id."""
        return [unit for unit in self.units.values() if unit.server is server]

    def servers_in(self, zone: str) -> list[Server]:
        """The servers of a zone, in order of their addition."""
        return [server for server in self.servers.values() if server.zone == zone]
