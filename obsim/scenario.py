"""Scenarios: the state a cluster starts from, written in TOML and read strictly.

A scenario names its tenants in order; ids are given out from 1002 in steps of two, each with its META tenant one below
(engine.md 1.1). Zones, servers, unit configs and pools are in `scenario_resources`. `build_state` turns a scenario into
a `ClusterState`.
"""

import tomllib
from pathlib import Path
from re import fullmatch

import msgspec

from obsim.archive.round import ArchiveRound, RoundStatus
from obsim.archive.tenant import ARCHIVED, StoredDestination
from obsim.cluster.accounts import PRIVILEGES
from obsim.cluster.commands import COMMANDS
from obsim.cluster.load import KINDS, Load, schedule_load
from obsim.cluster.locality import RANDOM, check_primary_zone, full_locality, parse_locality
from obsim.cluster.shares import apply_shares
from obsim.cluster.state import ClusterOptions, ClusterState, Principal
from obsim.cluster.tenant import Tenant, User, password_digest
from obsim.cluster.tenant_life import administrator, begin_tenant, free_pools, place_tenant
from obsim.control import parse_interval
from obsim.destination import parse_archive_destination, parse_uri
from obsim.errors import ScenarioError, ServerError
from obsim.faults import parse_rule
from obsim.ids import MACROBLOCK_BYTES, SYS_TENANT_ID, Bytes, LogStreamId, Nanoseconds, Scn
from obsim.parameters import CAPACITY_UNITS
from obsim.scenario_resources import (
    PoolSpec,
    ServerSpec,
    UnitConfigSpec,
    ZoneSpec,
    add_pool,
    add_pools,
    add_sys_pool,
    build_resources,
    check_resources,
)
from obsim.scheduler.sharing import Pipe
from obsim.statements import CreateUser, Grant, Secret
from obsim.statements.accounts import AccountName, AccountSpec, PrivilegeLevel
from obsim.storage.layout import DEFAULT_LAYOUT, RowLayout
from obsim.storage.tablet import TABLET_SIZE_BYTES, TABLETS_MAX
from obsim.versions import IncrementalBase, VersionProfile

__all__ = ["DEFAULT_START_NS", "Scenario", "build_state", "load_scenario", "scenario_names"]

DEFAULT_START_NS = Nanoseconds(1_704_038_400_000_000_000)
"""2024-01-01 00:00:00 +08:00."""
_HOUR_NS = 3_600_000_000_000
_BASELINE_AGE_NS = 2 * _HOUR_NS
_ROUND_AGE_NS = _HOUR_NS
_SIZE_MAX_BYTES = 16 << 20
_BLOCKS_MAX = 1 << 31
FIRST_LOG_STREAM = 1001
_LOG_STREAM_END = 1 << 31
_ROWS_MAX = 1 << 45
_LOG_STREAMS_MAX = 100


class TableSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table: by blocks or by rows; its tablets lie in the tenant's log streams by turns.

    `blocks` has the number of full baseline macroblocks of each tablet. Or `rows` are dealt out evenly to `tablets`;
    `row_bytes` are those of a row as it is stored, encoded and compressed, and say how many fit into a block.
    """

    name: str
    blocks: list[int] = []
    rows: int | None = None
    row_bytes: float = DEFAULT_LAYOUT.stored_bytes
    tablets: int = 1
    tablet_size: int = TABLET_SIZE_BYTES
    """In bytes: a tablet above it is compacted by several tasks, and the blocks on their seams are always new."""
    log_stream: int | None = None
    """Log stream of all its tablets. A name may be given twice: the table then has tablets in two log streams."""


class UserSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account beside the administrator; `grants` has privileges by level: `"oceanbase.*" = ["SELECT"]`."""

    name: str
    password: str = ""
    host: str = "%"
    grants: dict[str, list[str]] = {}


class TenantSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user tenant; `archivelog` starts it with a round in state DOING.

    Without `pools` it gets one of its own, pool_<name>, in every zone.
    """

    name: str
    mode: str = "mysql"
    password: str = ""
    data_backup_dest: str = ""
    log_archive_dest: str = ""
    archivelog: bool = False
    pools: list[str] = []
    locality: str = ""
    """As LOCALITY of CREATE TENANT; '' for a full replica in each zone of its pools."""
    primary_zone: str = RANDOM
    locked: bool = False
    log_streams: int = 1
    """Of the user: 1001 and so on, beside log stream 1."""
    data_backup_bandwidth: str = ""
    """Bytes a second that data_backup_dest takes, as '50M'; '' sets no limit."""
    table: list[TableSpec] = []
    user: list[UserSpec] = []


class LoadSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """DAGs that others give a tenant's scheduler: migration, rebuild or fast_migrate.

    `tasks` of them, each `length` at full speed, `after` the start of the cluster and then, if it is given, at every
    interval. Spans are written as in CALL obsim.advance.
    """

    tenant: str
    kind: str
    tasks: int
    length: str
    after: str = "0s"
    every: str = ""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    about: str
    sys_password: str = ""
    zone: list[ZoneSpec] = []
    """Without any, one zone z1."""
    server: list[ServerSpec] = []
    """Without any, one in each zone; the first one has the root service."""
    unit_config: list[UnitConfigSpec] = []
    pool: list[PoolSpec] = []
    free_pools: list[str] = []
    """Names of resource pools in every zone that no tenant has."""
    network: str = ""
    """Bytes a second of each server's network, as '1G'; '' sets no limit."""
    tenant: list[TenantSpec] = []
    load: list[LoadSpec] = []
    faults: list[str] = []
    """What goes wrong from the start on, each as in CALL obsim.fault."""


def _folder() -> Path:
    packed = Path(__file__).parent / "_scenarios"
    return packed if packed.is_dir() else Path(__file__).parent.parent / "fixtures" / "scenarios"


def scenario_names() -> list[str]:
    """The built-in scenarios."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load_scenario(name_or_file: str) -> Scenario:
    """Read a built-in scenario by name, or a file by its path (anything with a slash or ending in .toml).

    Raises ScenarioError with the file and the key that is wrong.
    """
    is_file = "/" in name_or_file or name_or_file.endswith(".toml")
    path = Path(name_or_file) if is_file else _folder() / f"{name_or_file}.toml"
    if not path.is_file():
        raise ScenarioError(f"no scenario '{name_or_file}': give a file or one of {', '.join(scenario_names())}")
    if path.stat().st_size > _SIZE_MAX_BYTES:
        raise ScenarioError(f"{path}: larger than {_SIZE_MAX_BYTES} bytes")
    try:
        scenario = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as caught:
        raise ScenarioError(f"{path}: {caught}") from None
    _check(scenario, path)
    return scenario


def _check(scenario: Scenario, path: Path) -> None:
    check_resources(scenario.zone, scenario.server, scenario.unit_config, scenario.pool, str(path))
    names = [t.name for t in scenario.tenant]
    for at, tenant in enumerate(scenario.tenant):
        where = f"{path}: tenant[{at}]"
        if tenant.mode not in {"mysql", "oracle"}:
            raise ScenarioError(f"{where}.mode is '{tenant.mode}': allowed are mysql and oracle")
        if not tenant.name or tenant.name == "sys" or names.count(tenant.name) > 1:
            raise ScenarioError(f"{where}.name is '{tenant.name}': names are not empty, not sys and not given twice")
        known = [pool.name for pool in scenario.pool]
        for name in tenant.pools:
            if name not in known:
                allowed = ", ".join(known) or "none, there is no [[pool]]"
                raise ScenarioError(f"{where}.pools has '{name}': allowed are {allowed}")
        if not 1 <= tenant.log_streams <= _LOG_STREAMS_MAX:
            raise ScenarioError(f"{where}.log_streams is {tenant.log_streams}: allowed are 1 to {_LOG_STREAMS_MAX}")
        for table in tenant.table:
            _check_table(table, f"{where}.table '{table.name}'")
        if tenant.archivelog and not tenant.log_archive_dest:
            raise ScenarioError(f"{where}.archivelog needs log_archive_dest")


def _check_table(table: TableSpec, where: str) -> None:
    if not table.name or bool(table.blocks) == (table.rows is not None):
        raise ScenarioError(f"{where}: a table has a name and either blocks or rows")
    if any(not 0 <= n <= _BLOCKS_MAX for n in table.blocks):
        raise ScenarioError(f"{where}: blocks are numbers from 0 to {_BLOCKS_MAX}, one a tablet")
    if not 1 <= table.tablets <= TABLETS_MAX or not 0 <= (table.rows or 0) <= _ROWS_MAX:
        raise ScenarioError(f"{where}: 1 to {TABLETS_MAX} tablets, 0 to {_ROWS_MAX} rows")
    if table.log_stream is not None and not FIRST_LOG_STREAM <= table.log_stream < _LOG_STREAM_END:
        raise ScenarioError(f"{where}: log_stream is a number from {FIRST_LOG_STREAM} on")
    if table.row_bytes <= 0 or table.tablet_size < MACROBLOCK_BYTES:
        raise ScenarioError(f"{where}: row_bytes are above 0, tablet_size is a macroblock ({MACROBLOCK_BYTES}) or more")


def build_state(
    name_or_file: str = "three-tenants",
    *,
    profile: VersionProfile,
    seed: int = 0,
    start_ns: int = DEFAULT_START_NS,
    incremental_base: IncrementalBase | None = None,
    strict_incremental: bool = False,
    mysql_port: int = 2881,
) -> ClusterState:
    """A cluster at the start of a scenario. Raises ScenarioError."""
    scenario = load_scenario(name_or_file)
    base = incremental_base or profile.incremental_base
    options = ClusterOptions(profile, seed, Nanoseconds(start_ns), base, strict_incremental)
    resources = build_resources(scenario.zone, scenario.server, Nanoseconds(start_ns), mysql_port)
    state = ClusterState(options, COMMANDS, resources)
    state.add_tenant(SYS_TENANT_ID, "sys", "SYS", "MYSQL", (User("root", password_digest(scenario.sys_password)),))
    try:
        add_sys_pool(state)
        add_pools(state, scenario.unit_config, scenario.pool)
        for spec in scenario.tenant:
            _add_tenant(state, spec, name_or_file)
        for name in scenario.free_pools:
            add_pool(state, name)
        _set_bandwidth(state, scenario)
        for load in scenario.load:
            _add_load(state, load)
        for rule in scenario.faults:
            state.faults.add(parse_rule(rule))
    except ServerError as caught:
        raise ScenarioError(f"{name_or_file}: {caught.message}") from None
    return state


def _set_bandwidth(state: ClusterState, scenario: Scenario) -> None:
    """Raises ScenarioError."""
    if scenario.network:
        state.bandwidth.network_bytes_per_s = _bytes(scenario.network, "network")
    for spec in scenario.tenant:
        tenant = state.tenant_named(spec.name)
        if spec.data_backup_bandwidth and tenant is not None:
            where = f"tenant '{spec.name}': data_backup_bandwidth"
            state.bandwidth.destinations[tenant.tenant_id] = Pipe(_bytes(spec.data_backup_bandwidth, where))
    apply_shares(state)


def _bytes(text: str, where: str) -> int:
    parts = fullmatch(r"([1-9][0-9]{0,12})([A-Za-z]{1,2})", text)
    unit = CAPACITY_UNITS.get(parts[2].lower()) if parts else None
    if parts is None or unit is None:
        raise ScenarioError(f"{where} is '{text}': write bytes a second as '50M' or '1G'")
    return int(parts[1]) * unit


def _add_load(state: ClusterState, spec: LoadSpec) -> None:
    """Raises ScenarioError."""
    tenant = state.tenant_named(spec.tenant)
    if tenant is None or spec.kind not in KINDS or spec.tasks < 1:
        raise ScenarioError(f"load: '{spec.tenant}', '{spec.kind}', {spec.tasks}: it names a tenant, one of the kinds "
                            f"{', '.join(KINDS)}, and one task or more")  # fmt: skip
    every_ns = parse_interval(spec.every) if spec.every else 0
    load = Load(spec.kind, spec.tasks, parse_interval(spec.length))
    schedule_load(state, tenant, load, state.start_ns + parse_interval(spec.after), every_ns)


def _add_tenant(state: ClusterState, spec: TenantSpec, where: str) -> None:
    """Raises ScenarioError with the name of the tenant."""
    try:
        tenant = _place(state, spec)
        _fill(state, tenant, spec)
    except ServerError as caught:
        raise ScenarioError(f"{where}: tenant '{spec.name}': {caught.message}") from None


def _place(state: ClusterState, spec: TenantSpec) -> Tenant:
    """The tenant, in its units."""
    pools = free_pools(state, spec.pools) if spec.pools else [add_pool(state, f"pool_{spec.name}")]
    zones = sorted({zone for pool in pools for zone in pool.zones})
    replicas = parse_locality(spec.locality, zones) if spec.locality else full_locality(zones)
    check_primary_zone(spec.primary_zone, replicas)
    mode = spec.mode.upper()
    users = (User(administrator(mode), password_digest(spec.password)),)
    tenant = begin_tenant(state, spec.name, mode, users, pools)
    place_tenant(state, tenant, replicas, spec.primary_zone)
    tenant.locked = spec.locked
    return tenant


def _fill(state: ClusterState, tenant: Tenant, spec: TenantSpec) -> None:
    """Accounts, tables, destinations."""
    for user in spec.user:
        _add_user(state, Principal(tenant.tenant_id, administrator(tenant.mode)), user)
    baseline_scn = Scn(state.start_ns - _BASELINE_AGE_NS)
    tenant.storage.checkpoint_scn = Scn(0)
    streams = [LogStreamId(FIRST_LOG_STREAM + n) for n in range(spec.log_streams)]
    tenant.storage.log_stream_ids[1:] = streams
    for table in spec.table:
        _add_table(tenant, table, streams)
    tenant.storage.major_freeze(baseline_scn)
    if spec.log_archive_dest:
        _set_archive(state, tenant, spec)
    if spec.data_backup_dest:
        uri = parse_uri(spec.data_backup_dest)
        tenant.backup.path, tenant.backup.shown_dest = uri.path, uri.shown
        tenant.backup.dest_id = tenant.destination_set("backup_data", uri, state.now_ns)


def _add_table(tenant: Tenant, table: TableSpec, streams: list[LogStreamId]) -> None:
    layout, size = RowLayout(table.row_bytes), Bytes(table.tablet_size)
    if table.log_stream is not None:
        streams = [LogStreamId(table.log_stream)]
        if streams[0] not in tenant.storage.log_stream_ids:
            tenant.storage.log_stream_ids.append(streams[0])
    if table.rows is None:
        for n, count in enumerate(table.blocks):
            tenant.storage.create_table(table.name, [count], streams[n % len(streams)], layout, size)
    else:
        rows = [table.rows * (n + 1) // table.tablets - table.rows * n // table.tablets for n in range(table.tablets)]
        tenant.storage.load_table(table.name, rows, streams, layout, size)


def _add_user(state: ClusterState, administrator: Principal, spec: UserSpec) -> None:
    account = AccountSpec(AccountName(spec.name, spec.host), Secret(spec.password))
    state.execute(administrator, CreateUser((account,)))
    for where, words in spec.grants.items():
        schema, dot, table = where.partition(".")
        privileges = tuple(word.upper() for word in words)
        unknown = set(privileges) - {*PRIVILEGES.values(), "ALL PRIVILEGES", "GRANT OPTION"}
        if not dot or unknown:
            raise ScenarioError(f"user '{spec.name}': no grant {sorted(unknown) or where}: levels are *.*, a.* and a.b")
        level = PrivilegeLevel(None if schema == "*" else schema, None if table == "*" else table)
        state.execute(administrator, Grant(privileges, level, (AccountSpec(account.name),)))


def _set_archive(state: ClusterState, tenant: Tenant, spec: TenantSpec) -> None:
    destination = parse_archive_destination(spec.log_archive_dest)
    archive = tenant.archive
    dest_id = tenant.destination_set("archive_log", destination.uri, state.now_ns)
    archive.destinations[ARCHIVED] = StoredDestination(destination, dest_id)
    if spec.archivelog:
        start_scn = Scn(state.start_ns - _ROUND_AGE_NS)
        archive.enabled = True
        archive.round = ArchiveRound(
            1,
            dest_id,
            destination.uri.path,
            destination.piece_switch_interval_us,
            1,
            RoundStatus.DOING,
            start_scn,
            start_scn,
            step_ns=archive.step_ns,
        )
