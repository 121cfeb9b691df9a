"""Rows of log streams and of the tables in them (samples in the documentation of the views, V4.2.5 and V4.3.3).

The system log stream 1 belongs to no unit group, has no SCN of its creation, and in sys and META tenants none at all.
What DESC calls NOT NULL is NULL there; the documentation's samples print it so.
"""

from collections.abc import Iterable, Iterator

from obsim.catalog.model import Row
from obsim.catalog.placement import began_ns, replica_kind, replica_servers
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.replicas import has_leader, replicas_of_each, servers_by_preference
from obsim.ids import SYS_LOG_STREAM_ID, display_time

__all__ = ["log_stream_history", "log_stream_locations", "log_streams", "table_locations"]

SYNC_STEP_NS = 100_000_000
"""The SCNs that follow the clock move in such steps, as `ClusterState.revision` reckons for the family "tenants"."""
_GROUP_OF_USERS = 1001
_FIRST_TABLE_ID = 500_001
_MYSQL_DATABASE = "test"


def _group(log_stream_id: int) -> int:
    """LS_GROUP_ID: the log streams of one unit group make one group."""
    return 0 if log_stream_id == SYS_LOG_STREAM_ID else _GROUP_OF_USERS


def _unit_group(state: ClusterState, tenant: Tenant, log_stream_id: int) -> int:
    if log_stream_id == SYS_LOG_STREAM_ID:
        return 0
    units = (unit for pool in state.resources.pools_of(tenant.tenant_id) for unit in state.resources.units_of(pool))
    return next((unit.group_id for unit in units), _GROUP_OF_USERS)


def log_streams(state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_LS: the log streams there are."""
    rows: list[Row] = []
    for tenant in tenants:
        zones = ";".join([server.zone for server in servers_by_preference(state, tenant)])
        sync_scn = state.now_ns - state.now_ns % SYNC_STEP_NS if tenant.kind == "USER" else None
        for stream in tenant.storage.log_stream_ids:
            created_scn = None if stream == SYS_LOG_STREAM_ID else began_ns(tenant)
            rows.append((
                tenant.tenant_id, stream, "NORMAL", zones, _unit_group(state, tenant, stream), _group(stream),
                created_scn, None, sync_scn, sync_scn, "",
            ))  # fmt: skip
    return rows


def log_stream_history(_state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_LS_HISTORY: every log stream there ever was; none has gone yet."""
    return [
        (
            tenant.tenant_id, stream, _group(stream), "NORMAL", "",
            "0" if stream == SYS_LOG_STREAM_ID else str(began_ns(tenant)),
        )
        for tenant in tenants for stream in tenant.storage.log_stream_ids
    ]  # fmt: skip


def log_stream_locations(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_LS_LOCATIONS: the replicas of each log stream; the leader's row has the members, the others NULL."""
    rows: list[Row] = []
    for tenant in tenants:
        replicas = replicas_of_each(state, tenant, tenant.storage.log_stream_ids)
        kinds = {server.address: replica_kind(tenant, server) for server in replica_servers(state, tenant)}
        voting = [address for address, kind in kinds.items() if kind == "FULL"]
        learners = ",".join(f"{address}:1" for address, kind in kinds.items() if kind != "FULL")
        members = ",".join(f"{address}:1" for address in voting)
        created, led = display_time(began_ns(tenant), offset_s), has_leader(tenant, replica_servers(state, tenant))
        for stream, servers in replicas.items():
            for place, server in enumerate(servers):
                leads = (members, len(voting)) if led and not place else (None, None)
                rows.append((
                    created, created, tenant.tenant_id, stream, server.ip, server.port, server.mysql_port, server.zone,
                    "FOLLOWER" if place or not led else "LEADER", *leads, kinds[server.address],
                    "" if place else learners, "FALSE",
                ))  # fmt: skip
    return rows


def table_locations(state: ClusterState, tenants: Iterable[Tenant], _offset_s: int) -> list[Row]:
    """OB_TABLE_LOCATIONS: the tablets of the user tables; system tables are known by their number alone."""
    return [row for tenant in tenants for row in _tablets(state, tenant)]


def _tablets(state: ClusterState, tenant: Tenant) -> Iterator[Row]:
    """Partitions of a table are named p0, p1 ...; a table with one tablet has none."""
    database = "SYS" if tenant.mode == "ORACLE" else _MYSQL_DATABASE
    tablets = tenant.storage.tablets
    names = list(dict.fromkeys(tablet.table_name for tablet in tablets))
    places = dict.fromkeys(names, 0)
    replicas = replicas_of_each(state, tenant, {tablet.log_stream_id for tablet in tablets})
    led = has_leader(tenant, replica_servers(state, tenant))
    for tablet in tablets:
        name = tablet.table_name
        table_id = _FIRST_TABLE_ID + names.index(name)
        partitioned = len(tenant.storage.table(name)) > 1
        partition = f"p{places[name]}" if partitioned else None
        places[name] += 1
        object_id = tablet.tablet_id if partitioned else table_id
        for place, server in enumerate(replicas[tablet.log_stream_id]):
            yield (
                tenant.tenant_id, database, name, table_id, "USER TABLE", partition, None, None, None, tablet.tablet_id,
                tablet.log_stream_id, server.zone, server.ip, server.port,
                "FOLLOWER" if place or not led else "LEADER",
                replica_kind(tenant, server), "NONE", object_id, None, None, None,
            )  # fmt: skip
