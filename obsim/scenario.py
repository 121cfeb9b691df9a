"""Scenarios: the state a cluster starts from, written in TOML and read strictly.

A scenario names its tenants in order; ids are given out from 1002 in steps of two, each with its META tenant one below
(engine.md 1.1). `build_state` turns a scenario into a `ClusterState`.
"""

import tomllib
from pathlib import Path

import msgspec

from obsim.archive.round import ArchiveRound, RoundStatus
from obsim.archive.tenant import ARCHIVED, StoredDestination
from obsim.cluster.accounts import PRIVILEGES
from obsim.cluster.commands import COMMANDS
from obsim.cluster.resources import FIRST_USER_ID, UnitSize, next_id, standard_resources
from obsim.cluster.state import ClusterOptions, ClusterState, Principal
from obsim.cluster.tenant import Tenant, User, password_digest
from obsim.destination import parse_archive_destination, parse_uri
from obsim.errors import ScenarioError, ServerError
from obsim.ids import SYS_TENANT_ID, LogStreamId, Nanoseconds, Scn, TenantId
from obsim.statements import CreateUser, Grant, Secret
from obsim.statements.accounts import AccountName, AccountSpec, PrivilegeLevel
from obsim.versions import IncrementalBase, VersionProfile

__all__ = ["DEFAULT_START_NS", "Scenario", "build_state", "load_scenario", "scenario_names"]

DEFAULT_START_NS = Nanoseconds(1_704_038_400_000_000_000)
"""2024-01-01 00:00:00 +08:00."""
_HOUR_NS = 3_600_000_000_000
_BASELINE_AGE_NS = 2 * _HOUR_NS
_ROUND_AGE_NS = _HOUR_NS
_SIZE_MAX_BYTES = 16 << 20
_BLOCKS_MAX = 1 << 31
_UNIT_SIZE = UnitSize(2, 2, 4 << 30, 12 << 30, 1_000_000, 1_000_000, 2)
"""A unit of 2 CPUs, 4 GiB of memory and 12 GiB of log disk."""


class TableSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table: `blocks` has the number of baseline macroblocks of each of its tablets."""

    name: str
    blocks: list[int]


class UserSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account beside the administrator; `grants` has privileges by level: `"oceanbase.*" = ["SELECT"]`."""

    name: str
    password: str = ""
    host: str = "%"
    grants: dict[str, list[str]] = {}


class TenantSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user tenant; `archivelog` starts it with a round in state DOING."""

    name: str
    mode: str = "mysql"
    password: str = ""
    data_backup_dest: str = ""
    log_archive_dest: str = ""
    archivelog: bool = False
    table: list[TableSpec] = []
    user: list[UserSpec] = []


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    about: str
    sys_password: str = ""
    free_pools: list[str] = []
    """Names of resource pools that no tenant has."""
    tenant: list[TenantSpec] = []


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
    names = [t.name for t in scenario.tenant]
    for at, tenant in enumerate(scenario.tenant):
        where = f"{path}: tenant[{at}]"
        if tenant.mode not in {"mysql", "oracle"}:
            raise ScenarioError(f"{where}.mode is '{tenant.mode}': allowed are mysql and oracle")
        if not tenant.name or tenant.name == "sys" or names.count(tenant.name) > 1:
            raise ScenarioError(f"{where}.name is '{tenant.name}': names are not empty, not sys and not given twice")
        for table in tenant.table:
            if not table.name or not table.blocks or any(not 0 <= n <= _BLOCKS_MAX for n in table.blocks):
                raise ScenarioError(
                    f"{where}.table '{table.name}': blocks are numbers from 0 to {_BLOCKS_MAX}, one a tablet"
                )
        if tenant.archivelog and not tenant.log_archive_dest:
            raise ScenarioError(f"{where}.archivelog needs log_archive_dest")


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
    resources = standard_resources(Nanoseconds(start_ns), mysql_port)
    state = ClusterState(options, COMMANDS, resources)
    state.add_tenant(SYS_TENANT_ID, "sys", "SYS", "MYSQL", (User("root", password_digest(scenario.sys_password)),))
    for spec in scenario.tenant:
        try:
            _add_tenant(state, spec)
        except ServerError as caught:
            raise ScenarioError(f"{name_or_file}: tenant '{spec.name}': {caught.message}") from None
    _add_pools(state, scenario)
    return state


def _add_pools(state: ClusterState, scenario: Scenario) -> None:
    """The sys tenant's pool, one for each user tenant, and the free ones."""
    resources, now_ns = state.resources, state.now_ns
    own = resources.add_config(1, "sys_unit_config", _UNIT_SIZE, now_ns)
    resources.add_pool(1, "sys_pool", own, now_ns, SYS_TENANT_ID)
    config = resources.add_config(FIRST_USER_ID, "unit_standard", _UNIT_SIZE, now_ns)
    owners = [(f"pool_{tenant.name}", tenant.tenant_id) for tenant in state.user_tenants()]
    for name, owner in [*owners, *((name, None) for name in scenario.free_pools)]:
        resources.add_pool(next_id(p.pool_id for p in resources.pools.values()), name, config, now_ns, owner)


def _add_tenant(state: ClusterState, spec: TenantSpec) -> None:
    tenant_id = state.next_tenant_id()
    administrator = "SYS" if spec.mode == "oracle" else "root"
    state.add_tenant(TenantId(tenant_id - 1), f"META${tenant_id}", "META", "MYSQL", ())
    users = (User(administrator, password_digest(spec.password)),)
    tenant = state.add_tenant(tenant_id, spec.name, "USER", spec.mode.upper(), users)
    for user in spec.user:
        _add_user(state, Principal(tenant_id, administrator), user)
    baseline_scn = Scn(state.start_ns - _BASELINE_AGE_NS)
    for table in spec.table:
        tenant.storage.create_table(table.name, table.blocks, LogStreamId(1001))
    tenant.storage.major_freeze(baseline_scn)
    if spec.log_archive_dest:
        _set_archive(state, tenant, spec)
    if spec.data_backup_dest:
        uri = parse_uri(spec.data_backup_dest)
        tenant.backup.path, tenant.backup.shown_dest = uri.path, uri.shown
        tenant.backup.dest_id = tenant.destination_set("backup_data", uri, state.now_ns)


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
