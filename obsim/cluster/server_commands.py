"""ALTER SYSTEM ADD, DELETE, START, STOP .. SERVER and ZONE: one line of a table for each action.

Checks, codes and texts follow OceanBase's source (ob_server_zone_op_service.cpp, ob_zone_manager.cpp).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from re import ASCII
from re import compile as re_compile

from obsim.answers import Ok
from obsim.cluster.authority import Rule, check_sys, guarded
from obsim.cluster.locality import full_zones
from obsim.cluster.resources import Server, ServerStatus, Unit, Zone, ZoneStatus
from obsim.cluster.root_jobs import RootJob, RootJobKind
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.unit_commands import hard_limit
from obsim.cluster.unit_placement import choose_servers
from obsim.error_codes import OB_CANCELED
from obsim.errors import NotModelled, ServerError, error
from obsim.ids import Nanoseconds
from obsim.statements.servers import AdminServer, AdminZone

__all__ = ["COMMANDS"]

_MIGRATION_NS = 10_000_000_000
"""From DELETE SERVER to the end of the server, once its units have moved."""
_ADDRESS = re_compile(r"(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:]+\]):(\d{1,5})", ASCII)
_PORT_MAX, _BYTE_MAX = 65_535, 255
_DEFAULT_REGION = "default_region"
_ZONE_TYPES = {"readwrite": "ReadWrite", "encryption": "Encryption"}
_SEVERAL_ZONES = "cannot stop server or stop zone in multiple zones"


def _address(text: str) -> tuple[str, int]:
    """IP and port. Raises 1210 for what is no `ip:port`."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or not 0 < int(match[2]) <= _PORT_MAX:
        raise error("OB_INVALID_ARGUMENT")
    if "." in match[1] and any(int(part) > _BYTE_MAX for part in match[1].split(".")):
        raise error("OB_INVALID_ARGUMENT")
    return match[1].strip("[]"), int(match[2])


def _find(state: ClusterState, statement: AdminServer) -> list[Server]:
    """The servers a statement names, once each. Raises 1210, 4630 for an unknown one, 4631 for another zone."""
    found: dict[str, Server] = {}
    for text in statement.servers:
        ip, port = _address(text)
        server = state.resources.servers.get(f"{ip}:{port}")
        if server is None:
            raise error("OB_SERVER_NOT_IN_WHITE_LIST")
        if statement.zone and statement.zone != server.zone:
            raise error("OB_SERVER_ZONE_NOT_MATCH")
        found[server.address] = server
    return list(found.values())


# Servers.


def admin_server(state: ClusterState, who: Principal, statement: AdminServer) -> Ok:
    """Every check of every server, then the change."""
    check_sys(state, who, statement)
    with _placing_anew(state):
        _SERVER_ACTIONS[statement.action](state, statement)
    return Ok()


@contextmanager
def _placing_anew(state: ClusterState) -> Iterator[None]:
    """Servers come, go or change: the root service and the leaders may be elsewhere afterwards."""
    with state.outages.leaders_may_move(state.now_ns):
        yield
        state.resources.move_root_service()
    state.revisions.touch("storage", "parameters")


def _add_server(state: ClusterState, statement: AdminServer) -> None:
    """A server that runs and is empty; every address is one. Raises 1210, 4530, 4017."""
    resources, now_ns = state.resources, state.now_ns
    zones = list(resources.zones)
    zone = statement.zone or (zones[0] if len(zones) == 1 else "")
    if not zone:
        raise NotModelled("ADD SERVER without ZONE in a cluster of several: the server itself would say where it is")
    if zone not in resources.zones:
        raise error("OB_ZONE_INFO_NOT_EXIST", zone)
    addresses = [_address(text) for text in statement.servers]
    known = [f"{ip}:{port}" for ip, port in addresses]
    if len(set(known)) < len(known) or set(known) & resources.servers.keys():
        raise error("OB_ENTRY_EXIST")
    mysql_port = resources.root_server.mysql_port
    for ip, port in addresses:
        server_id = resources.new_id("server")
        resources.add_server(Server(server_id, ip, port, mysql_port, zone, now_ns, now_ns, now_ns))


def _delete_server(state: ClusterState, statement: AdminServer) -> None:
    """The units of the servers move to others of their zones; then they go. Raises 4628, 4624 without room."""
    servers = _find(state, statement)
    if any(server.status is ServerStatus.DELETING for server in servers):
        raise error("OB_SERVER_ALREADY_DELETED")
    if any(server.with_rootserver for server in servers):
        raise NotModelled("DELETE SERVER of the server with the root service: stop it first")
    moves = _moves(state, servers)
    for server in servers:
        server.status, server.modified_ns = ServerStatus.DELETING, state.now_ns
        job = state.root_jobs.start(
            RootJobKind.DELETE_SERVER, state.now_ns, server=server, sql_text=statement.text
        )
        mine = [(unit, target) for unit, target in moves if unit.server is server]
        units = [_migrate(state, unit, target) for unit, target in mine]
        state.events.push(state.now_ns + _MIGRATION_NS, partial(_deleted, state, server, job, units))


def _moves(state: ClusterState, servers: Sequence[Server]) -> list[tuple[Unit, Server]]:
    """Unit -> the server it moves to. Raises 4624 where there is none."""
    resources, moves = state.resources, []
    leaving = [unit for server in servers for unit in resources.units_on(server)]
    taken: dict[int, list[Server]] = {}
    for unit in leaving:
        owner = unit.pool.tenant_id
        pools = [unit.pool] if owner is None else resources.pools_of(owner)
        group = taken.setdefault(unit.pool.pool_id if owner is None else -owner, [])
        busy = [u.server for pool in pools for u in resources.units_of(pool)]
        try:
            (target,) = choose_servers(
                resources, [unit.zone], 1, unit.pool.config.size, hard_limit(state), [*servers, *busy, *group]
            )
        except ServerError:
            raise error("OB_MACHINE_RESOURCE_NOT_ENOUGH") from None
        group.append(target)
        moves.append((unit, target))
    return moves


def _migrate(state: ClusterState, unit: Unit, target: Server) -> tuple[Unit, RootJob]:
    unit.migrated_from, unit.server, unit.modified_ns = unit.server, target, state.now_ns
    job = state.root_jobs.start(
        RootJobKind.MIGRATE_UNIT, state.now_ns, tenant_id=unit.pool.tenant_id, unit_id=unit.unit_id
    )
    return unit, job


def _deleted(
    state: ClusterState, server: Server, job: RootJob, units: Sequence[tuple[Unit, RootJob]], now_ns: Nanoseconds
) -> None:
    if job.result is not None:
        return
    with state.outages.leaders_may_move(now_ns):
        for unit, migration in units:
            unit.migrated_from = None
            if migration.result is None:
                migration.finish(now_ns)
        job.finish(now_ns)
        del state.resources.servers[server.address]
    state.revisions.touch("storage", "parameters")


def _cancel_delete(state: ClusterState, statement: AdminServer) -> None:
    """The units return. Raises 4629 for a server that is not being deleted."""
    servers = _find(state, statement)
    if any(server.status is not ServerStatus.DELETING for server in servers):
        raise error("OB_SERVER_NOT_DELETING")
    for server in servers:
        server.status, server.modified_ns = ServerStatus.ACTIVE, state.now_ns
        job = state.root_jobs.running(RootJobKind.DELETE_SERVER, server=server)
        if job is not None:
            job.finish(state.now_ns, OB_CANCELED)
        for unit in state.resources.units.values():
            if unit.migrated_from is server:
                unit.server, unit.migrated_from, unit.modified_ns = server, None, state.now_ns
                _cancel_migration(state, unit)


def _cancel_migration(state: ClusterState, unit: Unit) -> None:
    for job in state.root_jobs.jobs:
        if job.unit_id == unit.unit_id and job.result is None:
            job.finish(state.now_ns, OB_CANCELED)


def _start_server(state: ClusterState, statement: AdminServer) -> None:
    for server in _find(state, statement):
        if server.stop_ns:
            server.stop_ns, server.modified_ns = Nanoseconds(0), state.now_ns


def _stop_server(state: ClusterState, statement: AdminServer) -> None:
    """Raises 4660 where another zone has stopped ones too, 4179 where a log stream would lose its majority."""
    servers = _find(state, statement)
    if all(server.stop_ns for server in servers):
        return
    if len({server.zone for server in servers}) > 1:
        raise error("OB_STOP_SERVER_IN_MULTIPLE_ZONES")
    _check_other_zones(state, servers[0].zone)
    _check_majority(state, servers)
    _stop(state, servers)


def _isolate_server(state: ClusterState, statement: AdminServer) -> None:
    """As STOP, but nobody is asked about majorities. Raises 4179 for the last servers."""
    servers = _find(state, statement)
    if len({server.zone for server in servers}) > 1:
        raise error("OB_STOP_SERVER_IN_MULTIPLE_ZONES")
    if not any(server not in servers for server in state.resources.serving_servers()):
        raise error("OB_OP_NOT_ALLOW", "Stop all servers in primary region is")
    _stop(state, servers)


def _stop(state: ClusterState, servers: Sequence[Server]) -> None:
    for server in servers:
        if not server.stop_ns:
            server.stop_ns = server.modified_ns = state.now_ns


def _check_other_zones(state: ClusterState, zone: str) -> None:
    """Raises 4660 where a zone but this one is stopped or has a stopped server."""
    for other in state.resources.zones.values():
        servers = state.resources.servers_in(other.name)
        stopped = other.status is ZoneStatus.INACTIVE or any(server.stop_ns for server in servers)
        if other.name != zone and servers and stopped:
            raise error("OB_STOP_SERVER_IN_MULTIPLE_ZONES", _SEVERAL_ZONES)


def _check_majority(state: ClusterState, stopping: Sequence[Server]) -> None:
    """Raises 4179 where a tenant has no majority of its replicas left; a cluster says which log stream."""
    resources = state.resources
    serving = [server for server in resources.serving_servers() if server not in stopping]
    for tenant in state.tenants.values():
        if tenant.kind == "META":
            continue
        units = [unit for pool in resources.pools_of(tenant.tenant_id) for unit in resources.units_of(pool)]
        alive = {unit.zone for unit in units if unit.server in serving}
        voting = full_zones(tenant.locality)
        if units and len(alive & set(voting)) * 2 <= len(voting):
            raise error("OB_OP_NOT_ALLOW")


_SERVER_ACTIONS: dict[str, Callable[[ClusterState, AdminServer], None]] = {
    "ADD": _add_server,
    "DELETE": _delete_server,
    "CANCEL DELETE": _cancel_delete,
    "START": _start_server,
    "STOP": _stop_server,
    "FORCE STOP": _stop_server,
    "ISOLATE": _isolate_server,
}


# Zones.


def admin_zone(state: ClusterState, who: Principal, statement: AdminZone) -> Ok:
    """One zone at a time."""
    check_sys(state, who, statement)
    with _placing_anew(state):
        _ZONE_ACTIONS[statement.action](state, statement)
    return Ok()


def _zone(state: ClusterState, statement: AdminZone) -> Zone:
    zone = state.resources.zones.get(statement.zone)
    if zone is None:
        raise error("OB_ZONE_INFO_NOT_EXIST", statement.zone)
    return zone


def _zone_type(statement: AdminZone) -> str | None:
    """Raises 1235 for what 2.2 gave up, 1210 for any other word."""
    if statement.zone_type is None:
        return None
    if statement.zone_type.lower() == "readonly":
        raise error("OB_NOT_SUPPORTED", "readonly zone after version 2.2")
    found = _ZONE_TYPES.get(statement.zone_type.lower())
    if found is None:
        raise error("OB_INVALID_ARGUMENT")
    return found


def _add_zone(state: ClusterState, statement: AdminZone) -> None:
    """A zone without servers, INACTIVE until it is started. Raises 4017 for a name that is taken."""
    kind, now_ns = _zone_type(statement), state.now_ns
    if not statement.zone:
        raise error("OB_INVALID_ARGUMENT")
    if statement.zone in state.resources.zones:
        raise error("OB_ENTRY_EXIST")
    state.resources.zones[statement.zone] = Zone(
        statement.zone, now_ns, now_ns, statement.region or _DEFAULT_REGION, statement.idc or "",
        ZoneStatus.INACTIVE, kind or "ReadWrite",
    )  # fmt: skip


def _delete_zone(state: ClusterState, statement: AdminZone) -> None:
    """Raises 4668 while it has servers, 4633 while it is not stopped."""
    zone = _zone(state, statement)
    servers = state.resources.servers_in(zone.name)
    if servers:
        raise error("OB_ERR_ZONE_NOT_EMPTY", len(servers), 0)
    if zone.status is not ZoneStatus.INACTIVE:
        raise error("OB_ZONE_STATUS_NOT_MATCH")
    del state.resources.zones[zone.name]


def _start_zone(state: ClusterState, statement: AdminZone) -> None:
    zone = _zone(state, statement)
    if zone.status is ZoneStatus.ACTIVE:
        raise error("OB_ZONE_STATUS_NOT_MATCH")
    zone.status, zone.modified_ns = ZoneStatus.ACTIVE, state.now_ns


def _stop_zone(state: ClusterState, statement: AdminZone) -> None:
    """Raises 4660, and 4179 for the last zone and where a log stream would lose its majority."""
    zone = _zone(state, statement)
    if zone.status is ZoneStatus.INACTIVE:
        return
    _check_other_zones(state, zone.name)
    if sum(other.status is ZoneStatus.ACTIVE for other in state.resources.zones.values()) <= 1:
        raise error("OB_OP_NOT_ALLOW")
    if statement.action != "ISOLATE":
        _check_majority(state, state.resources.servers_in(zone.name))
    zone.status, zone.modified_ns = ZoneStatus.INACTIVE, state.now_ns


def _alter_zone(state: ClusterState, statement: AdminZone) -> None:
    zone, kind = _zone(state, statement), _zone_type(statement)
    if statement.region is not None:
        zone.region = statement.region or _DEFAULT_REGION
    if statement.idc is not None:
        zone.idc = statement.idc
    zone.zone_type = kind or zone.zone_type
    zone.modified_ns = state.now_ns


_ZONE_ACTIONS: dict[str, Callable[[ClusterState, AdminZone], None]] = {
    "ADD": _add_zone,
    "DELETE": _delete_zone,
    "START": _start_zone,
    "STOP": _stop_zone,
    "FORCE STOP": _stop_zone,
    "ISOLATE": _stop_zone,
    "ALTER": _alter_zone,
}


COMMANDS: dict[type, Command] = {
    AdminServer: guarded(admin_server, Rule(before=check_sys)),
    AdminZone: guarded(admin_zone, Rule(before=check_sys)),
}
