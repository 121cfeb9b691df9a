"""How a scenario becomes a `ClusterState`.

Tenants are made in order; ids are given out from 1002 in steps of two, each with its META tenant one below
(engine.md 1.1). Zones, servers, unit configs and pools are in `resources`; what happened before the start, and what
will happen by itself, is in `history`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from re import fullmatch
from typing import TYPE_CHECKING

from obsim import statements as s
from obsim.archive.destinations import ARCHIVED, StoredDestination
from obsim.archive.round import ArchiveRound, RoundStatus
from obsim.cluster.accounts import ADMINISTRATORS, PRIVILEGES
from obsim.cluster.commands import COMMANDS
from obsim.cluster.destinations import note_destination, setting_of
from obsim.cluster.load import KINDS, Load, schedule_load
from obsim.cluster.locality import check_primary_zone, full_locality, parse_locality
from obsim.cluster.shares import apply_shares
from obsim.cluster.state import ClusterOptions, ClusterState, Principal
from obsim.cluster.tenant import Tenant, User, password_digest
from obsim.cluster.tenant_life import begin_tenant, free_pools, place_tenant
from obsim.control import parse_interval
from obsim.destination import BackupUri, parse_archive_destination, parse_uri
from obsim.destination.outside import Performer
from obsim.destination.uri import ARCHIVE, DATA
from obsim.errors import ScenarioError, ServerError, UsageError, error_of
from obsim.ids import SYS_TENANT_ID, Bytes, LogStreamId, Nanoseconds, Scn
from obsim.parameters import CAPACITY_UNITS, PARAMETERS
from obsim.scenario.fault_texts import rule_of
from obsim.scenario.reading import FIRST_LOG_STREAM, ScenarioFile, read_scenario, read_toml, scenario_file
from obsim.scenario.resources import add_pool, add_pools, add_sys_pool, build_resources
from obsim.scenario.specs import LoadSpec, ParameterText, Scenario, TableSpec, TenantSpec, UserSpec
from obsim.scenario.templates import TEMPLATES
from obsim.statements import AlterParameters, ParameterAction, Secret
from obsim.storage.layout import DEFAULT_LAYOUT, RowLayout
from obsim.units import HOUR_NS
from obsim.versions import IncrementalBase, VersionProfile

if TYPE_CHECKING:
    from obsim.scenario.saved import SavedCluster

__all__ = ["DEFAULT_START_NS", "Blueprint", "build_state"]

DEFAULT_START_NS = Nanoseconds(1_704_038_400_000_000_000)
"""2024-01-01 00:00:00 +08:00."""
_BASELINE_AGE_NS = 2 * HOUR_NS
_ROUND_AGE_NS = HOUR_NS
_DATA_FORM = "file:///path or scheme://bucket/path?host=..., with one of the schemes oss, cos, s3, obs, azblob"
_ARCHIVE_FORM = "LOCATION=file:///path [BINDING=OPTIONAL|MANDATORY] [PIECE_SWITCH_INTERVAL=1d to 7d]"


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
    base = incremental_base or profile.incremental_base
    options = ClusterOptions(profile, seed, Nanoseconds(start_ns), base, strict_incremental)
    return Blueprint.of(name_or_file).build(options, mysql_port)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A scenario, or a dump, that has been read and checked: clusters are made of it."""

    file: ScenarioFile
    scenario: Scenario
    """Of a dump, no more than its head."""
    saved: "SavedCluster | None" = None

    @classmethod
    def of(cls, name_or_file: str) -> "Blueprint":
        """Read a built-in scenario or a file. Raises ScenarioError."""
        return cls.read(scenario_file(name_or_file))

    @classmethod
    def read(cls, file: ScenarioFile) -> "Blueprint":
        """Read the text of one. Raises ScenarioError."""
        data = read_toml(file)
        if "format" not in data:
            return cls(file, read_scenario(file, data))
        from obsim.scenario.saved import read_saved  # noqa: PLC0415 - a dump names classes of the whole core

        saved = read_saved(file, data)
        return cls(file, Scenario(saved.about, saved.version), saved)

    def build(
        self, options: ClusterOptions, mysql_port: int = 2881, performer: Performer | None = None
    ) -> ClusterState:
        """A cluster at the start of the scenario; `performer` reaches destinations that are not in memory.

        A dump has options of its own, so only its version has to be that of `options`. Raises ScenarioError with the
        line that is wrong.
        """
        if performer is None and TEMPLATES.users and (self.scenario.history or self.saved is not None):
            made_of = (self.file, options, mysql_port)
            return TEMPLATES.cluster(made_of, partial(self._build, options, mysql_port, performer))
        return self._build(options, mysql_port, performer)

    def _build(self, options: ClusterOptions, mysql_port: int, performer: Performer | None) -> ClusterState:
        if self.saved is None:
            return _cluster_of(self.scenario, self.file, options, mysql_port, performer)
        from obsim.scenario.saved import cluster_of  # noqa: PLC0415

        state = cluster_of(self.saved, self.file)
        if options.profile.version != state.profile.version:
            raise self.file.wrong(f"version is {self.saved.version}: a dump cannot start as {options.profile.version}")
        if performer is not None:
            state.outside.attach(performer)
        return state


def _cluster_of(
    scenario: Scenario, file: ScenarioFile, options: ClusterOptions, mysql_port: int, performer: Performer | None
) -> ClusterState:
    start_ns = options.start_ns
    if scenario.history:
        from obsim.scenario.history import past_ns  # noqa: PLC0415 - the reader of statements: few scenarios need it

        options = replace(options, start_ns=Nanoseconds(start_ns - past_ns(scenario.history)))
    resources = build_resources(scenario.zone, scenario.server, options.start_ns, mysql_port)
    state = ClusterState(options, COMMANDS, resources)
    if performer is not None:
        state.outside.attach(performer)
    state.add_tenant(SYS_TENANT_ID, "sys", "SYS", "MYSQL", (User("root", password_digest(scenario.sys_password)),))
    with file.at("pool"):
        add_sys_pool(state)
        add_pools(state, scenario.unit_config, scenario.pool)
    with file.at("parameters"):
        _set_parameters(state, None, scenario.parameters)
    for at, spec in enumerate(scenario.tenant):
        with file.at(f"tenant[{at}]"):
            _add_tenant(state, spec, file, f"tenant[{at}]")
    with file.at("free_pools"):
        for name in scenario.free_pools:
            add_pool(state, name)
    _set_bandwidth(state, scenario, file)
    for at, load in enumerate(scenario.load):
        with file.at(f"load[{at}]"):
            _add_load(state, load, f"load[{at}]", start_ns)
    state.log.write()
    _let_happen(state, scenario, file, start_ns)
    for at, rule in enumerate(scenario.faults):
        with file.at(f"faults[{at}]"):
            state.faults.add(rule_of(state, rule))
    return state


def _let_happen(state: ClusterState, scenario: Scenario, file: ScenarioFile, start_ns: int) -> None:
    """What came before the start, and order what will come after it."""
    if not scenario.history and not scenario.workload:
        return
    from obsim.scenario.history import happen, plan  # noqa: PLC0415 - the reader of statements

    happen(state, scenario.history, start_ns, file)
    plan(state, scenario.workload, file)


def _set_parameters(state: ClusterState, tenant: Tenant | None, values: dict[str, ParameterText]) -> None:
    """As ALTER SYSTEM SET by sys. Raises its errors."""
    owner = tenant.name if tenant is not None else None
    for name, value in values.items():
        key = f"parameters.{name}"
        action = ParameterAction(name.lower(), value, tenant=owner)
        try:
            state.execute(Principal(SYS_TENANT_ID, "root"), AlterParameters((action,)))
        except ServerError as refused:
            raise ScenarioError(f"{key}: {refused.message}{_allowed_values(name.lower())}") from None


def _allowed_values(parameter: str) -> str:
    """What a parameter may be, as the end of a sentence; nothing for one that is unknown or takes any text."""
    found = PARAMETERS.get(parameter)
    if found is None:
        return ""
    words = list(found.allowed)
    if found.low is not None or found.high is not None:
        ends = [f"{word} {end}" for word, end in (("from", found.low), ("to", found.high)) if end is not None]
        words.append(" ".join(ends))
    return f": allowed is {' or '.join(words)}" if words else f": it is of type {found.kind}"


@contextmanager
def _written_as(form: str) -> Iterator[None]:
    """What is refused inside is answered with the form it should have."""
    try:
        yield
    except ServerError as refused:
        raise UsageError(f"{refused.message}: write it as {form}") from None


def _set_bandwidth(state: ClusterState, scenario: Scenario, file: ScenarioFile) -> None:
    """Raises ScenarioError."""
    if scenario.network:
        with file.at("network"):
            state.bandwidth.network_bytes_per_s = _bytes(scenario.network, "network")
    for at, spec in enumerate(scenario.tenant):
        tenant = state.tenant_named(spec.name)
        key = f"tenant[{at}].data_backup_bandwidth"
        if spec.data_backup_bandwidth and tenant is not None:
            with file.at(key):
                state.bandwidth.widths[tenant.tenant_id] = _bytes(spec.data_backup_bandwidth, key)
    apply_shares(state)


def _bytes(text: str, where: str) -> int:
    parts = fullmatch(r"([1-9][0-9]{0,12})([A-Za-z]{1,2})", text)
    unit = CAPACITY_UNITS.get(parts[2].lower()) if parts else None
    if parts is None or unit is None:
        raise ScenarioError(f"{where} is '{text}': write bytes a second as '50M' or '1G'")
    return int(parts[1]) * unit


def _add_load(state: ClusterState, spec: LoadSpec, key: str, start_ns: int) -> None:
    """Raises ScenarioError."""
    tenant = state.tenant_named(spec.tenant)
    if tenant is None or spec.kind not in KINDS or spec.tasks < 1:
        raise ScenarioError(f"{key}: '{spec.tenant}', '{spec.kind}', {spec.tasks}: it names a tenant, one of the kinds "
                            f"{', '.join(KINDS)}, and one task or more")  # fmt: skip
    every_ns = parse_interval(spec.every) if spec.every else 0
    load = Load(spec.kind, spec.tasks, parse_interval(spec.length))
    schedule_load(state, tenant, load, start_ns + parse_interval(spec.after), every_ns)


def _add_tenant(state: ClusterState, spec: TenantSpec, file: ScenarioFile, key: str) -> None:
    """Raises ScenarioError with the key of the tenant."""
    with file.at(_placing_key(spec, key)):
        tenant = _place(state, spec)
    for at, user in enumerate(spec.user):
        with file.at(f"{key}.user[{at}]"):
            _add_user(state, Principal(tenant.tenant_id, tenant.administrator), user, f"{key}.user[{at}]")
    with file.at(f"{key}.table"):
        _fill(state, tenant, spec)
    if spec.log_archive_dest:
        with file.at(f"{key}.log_archive_dest"):
            _set_archive(state, tenant, spec)
    if spec.data_backup_dest:
        with file.at(f"{key}.data_backup_dest"):
            with _written_as(_DATA_FORM):
                uri = parse_uri(spec.data_backup_dest)
            tenant.backup.path, tenant.backup.shown_dest = uri.path, uri.shown
            tenant.backup.dest_id = _set_destination(state, tenant, DATA, uri)
    with file.at(key):
        try:
            _set_parameters(state, tenant, spec.parameters)
        except ScenarioError as refused:
            raise ScenarioError(f"{key}.{refused}") from None


def _set_destination(state: ClusterState, tenant: Tenant, purpose: str, uri: BackupUri) -> int:
    """Its DEST_ID. Raises what a statement would."""
    state.outside.keep(uri)
    if not state.outside.reaches(uri):
        return state.set_destination(tenant, purpose, uri)
    outcome = state.outside.done(setting_of(state, tenant, purpose, uri))
    if outcome.code:
        raise error_of(outcome.code)
    return note_destination(state, tenant, purpose, uri, outcome)


def _placing_key(spec: TenantSpec, key: str) -> str:
    """What is most likely wrong when a tenant cannot be placed."""
    for name in ("primary_zone", "locality", "pools"):
        if getattr(spec, name) != getattr(TenantSpec(spec.name), name):
            return f"{key}.{name}"
    return f"{key}.name"


def _place(state: ClusterState, spec: TenantSpec) -> Tenant:
    """The tenant, in its units."""
    pools = free_pools(state, spec.pools) if spec.pools else [add_pool(state, f"pool_{spec.name}")]
    zones = sorted({zone for pool in pools for zone in pool.zones})
    replicas = parse_locality(spec.locality, zones) if spec.locality else full_locality(zones)
    check_primary_zone(spec.primary_zone, replicas)
    mode = spec.mode.upper()
    users = (User(ADMINISTRATORS[mode], password_digest(spec.password)),)
    tenant = begin_tenant(state, spec.name, mode, users, pools)
    place_tenant(state, tenant, replicas, spec.primary_zone)
    tenant.locked = spec.locked
    return tenant


def _fill(state: ClusterState, tenant: Tenant, spec: TenantSpec) -> None:
    """Log streams and tables."""
    baseline_scn = Scn(state.start_ns - _BASELINE_AGE_NS)
    tenant.storage.checkpoint_scn = Scn(0)
    streams = [LogStreamId(FIRST_LOG_STREAM + n) for n in range(spec.log_streams)]
    tenant.storage.log_stream_ids[1:] = streams
    for table in spec.table:
        _add_table(tenant, table, streams)
    tenant.storage.major_freeze(baseline_scn)


def _add_table(tenant: Tenant, table: TableSpec, streams: list[LogStreamId]) -> None:
    layout, size = _layout(table), Bytes(table.tablet_size)
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


def _layout(table: TableSpec) -> RowLayout:
    layout = RowLayout(table.row_bytes, compression=table.compression, fill=table.fill)
    return DEFAULT_LAYOUT if layout == DEFAULT_LAYOUT else layout


def _add_user(state: ClusterState, administrator: Principal, spec: UserSpec, key: str) -> None:
    account = s.AccountSpec(s.AccountName(spec.name, spec.host), Secret(spec.password))
    state.execute(administrator, s.CreateUser((account,)))
    for where, words in spec.grants.items():
        schema, dot, table = where.partition(".")
        privileges = tuple(word.upper() for word in words)
        unknown = set(privileges) - {*PRIVILEGES.values(), "ALL PRIVILEGES", "GRANT OPTION"}
        if not dot or unknown:
            allowed = f"levels *.*, a.* and a.b with {', '.join(PRIVILEGES.values())}"
            raise ScenarioError(f"{key}.grants: no grant {sorted(unknown) or where}: allowed are {allowed}")
        level = s.PrivilegeLevel(None if schema == "*" else schema, None if table == "*" else table)
        state.execute(administrator, s.Grant(privileges, level, (s.AccountSpec(account.name),)))


def _set_archive(state: ClusterState, tenant: Tenant, spec: TenantSpec) -> None:
    with _written_as(_ARCHIVE_FORM):
        destination = parse_archive_destination(spec.log_archive_dest)
    archive = tenant.archive
    dest_id = _set_destination(state, tenant, ARCHIVE, destination.uri)
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
