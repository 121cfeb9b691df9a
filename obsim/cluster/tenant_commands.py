"""CREATE, ALTER, LOCK and RENAME TENANT.

Order of checks, codes and texts follow OceanBase's source (ob_tenant_ddl_service.cpp, ob_create_tenant_resolver.cpp).
System variables are checked with what resolves the statement, and set last (`tenant_variables`).
"""

from collections.abc import Iterable
from functools import partial

from obsim.answers import Ok, Value
from obsim.charsets import character_set, collation
from obsim.cluster.accounts import ADMINISTRATORS
from obsim.cluster.authority import Rule, check_sys, guarded
from obsim.cluster.locality import (
    RANDOM,
    Replica,
    check_primary_zone,
    full_locality,
    keeps_majority,
    locality_text,
    parse_locality,
)
from obsim.cluster.resources import ResourcePool
from obsim.cluster.root_jobs import RootJob, RootJobKind
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant import Tenant, User
from obsim.cluster.tenant_life import begin_tenant, free_pools, place_tenant
from obsim.cluster.tenant_variables import Checked, checked_variables, set_variables
from obsim.cluster.unit_placement import check_zones, zone_list
from obsim.errors import NotModelled, error
from obsim.ids import Nanoseconds
from obsim.statements.tenants import (
    AlterTenant,
    CreateStandbyTenant,
    CreateTenant,
    LockTenant,
    OptionValue,
    RenameTenant,
    TenantOption,
    VariableSetting,
)

__all__ = ["COMMANDS", "check_name"]

_MOVE_NS = 10_000_000_000
"""From ALTER TENANT to the end of a change of locality or primary zone."""
_NAME_LENGTH_MAX = 63
_WORDS = frozenset({"all", "all_user", "all_meta"})
_NO_NAME = "seed"
_IGNORED = frozenset({"REPLICA_NUM", "ENABLE_EXTENDED_ROWID", "PROGRESSIVE_MERGE_NUM"})
"""Options that CREATE TENANT takes without any effect on what obsim has."""

Options = dict[str, OptionValue]


def check_name(name: str) -> None:
    """Raises 1059 for a name that is too long, 5160 for one that stands for no tenant, 1235 for a word."""
    if len(name.encode()) > _NAME_LENGTH_MAX:
        raise error("OB_ERR_TOO_LONG_IDENT", name)
    if name == _NO_NAME:
        raise error("OB_ERR_INVALID_TENANT_NAME")
    if name.lower() in _WORDS:
        raise error("OB_NOT_SUPPORTED")


def _known(state: ClusterState, name: str) -> Tenant:
    tenant = state.tenant_named(name)
    if tenant is None:
        raise error("OB_TENANT_NOT_EXIST", name)
    return tenant


# Options.


def _options(options: Iterable[TenantOption]) -> Options:
    """Option -> value, the last one of a kind. Raises 1235 for what obsim has nothing of."""
    found: Options = {}
    for option in options:
        word, value = option.word, option.value
        lacking = (
            (word == "ENABLE_ARBITRATION_SERVICE" and value)
            or (word == "DEFAULT TABLEGROUP" and value is not None)
            or (word == "LOGONLY_REPLICA_NUM" and value)
            or (word == "READ" and value == "ONLY")
        )
        if lacking:
            raise NotModelled(f"{option.sql()} of a tenant")
        if word not in _IGNORED:
            found[word] = value
    return found


def _charset(options: Options) -> tuple[str, str]:
    """Character set and collation. Raises 1115, 1273, and 1253 where they do not belong together."""
    named, ordered = options.get("CHARSET"), options.get("COLLATE")
    if isinstance(ordered, str):
        chosen = collation(ordered)
        if isinstance(named, str) and character_set(named).name != chosen.character_set:
            raise error("OB_ERR_COLLATION_MISMATCH", chosen.name, character_set(named).name)
        return chosen.character_set, chosen.name
    charset = character_set(named if isinstance(named, str) else "utf8mb4")
    return charset.name, charset.default_collation


def _names(value: OptionValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _replicas(state: ClusterState, options: Options, zones: list[str]) -> tuple[Replica, ...]:
    """The replicas of a new tenant whose pools are in `zones`. Raises 4641, 4530, 4645 and 1210."""
    listed = _names(options.get("ZONE_LIST"))
    check_zones(state.resources, listed)
    if not set(listed) <= set(zones):
        raise error("OB_ZONE_LIST_POOL_LIST_NOT_MATCH", zone_list(listed), zone_list(zones))
    text = options.get("LOCALITY")
    if isinstance(text, str) and text:
        return parse_locality(text, zones)
    return full_locality(listed or zones)


def _mode(variables: Iterable[VariableSetting]) -> str:
    named = [str(v.value).upper() for v in variables if v.name.lower() == "ob_compatibility_mode"]
    return "ORACLE" if named and named[-1] in {"ORACLE", "1"} else "MYSQL"


# CREATE.


def create_tenant(state: ClusterState, who: Principal, statement: CreateTenant) -> Ok:
    """CREATE TENANT. Raises 1059, 5160, 1235, 5156, 4647, 4650, 4626, 4657, 4645, 4643, 1210; and 1193 and the like.

    With IF NOT EXISTS a name that is taken is no error. The tenant is normal when the statement returns.
    """
    check_sys(state, who, statement)
    variables = checked_variables(statement.variables, creating=True)
    check_name(statement.name)
    options = _options(statement.options)
    charset, order = _charset(options)
    pools = _pools_of_new(state, statement, options)
    if pools is None:
        return Ok()
    zones = sorted({zone for pool in pools for zone in pool.zones})
    replicas = _replicas(state, options, zones)
    primary_zone = str(options.get("PRIMARY_ZONE") or RANDOM)
    check_primary_zone(primary_zone, replicas)
    mode = _mode(statement.variables)
    tenant = begin_tenant(state, statement.name, mode, (User(ADMINISTRATORS[mode]),), pools)
    place_tenant(state, tenant, replicas, primary_zone)
    tenant.comment = str(options.get("COMMENT") or "")
    tenant.charset, tenant.collation = charset, order
    tenant.variables.update(_charset_variables(options, charset, order))
    return _with_variables(state, tenant, variables)


def _pools_of_new(
    state: ClusterState, statement: CreateTenant | CreateStandbyTenant, options: Options
) -> list[ResourcePool] | None:
    """The pools it gets; None for a name that is taken, with IF NOT EXISTS. Raises 5156, 4647 and what the pools do."""
    if state.tenant_named(statement.name) is not None:
        if statement.if_not_exists:
            return None
        raise error("OB_TENANT_EXIST", statement.name)
    names = _names(options.get("RESOURCE_POOL_LIST"))
    if not names:
        raise error("OB_EMPTY_RESOURCE_POOL_LIST")
    return free_pools(state, names)


def _with_variables(state: ClusterState, tenant: Tenant, variables: list[Checked]) -> Ok:
    if not variables:
        return Ok()
    warned = set_variables(state, tenant, variables)
    return Ok(warnings=len(warned), warned=warned)


def _charset_variables(options: Options, charset: str, order: str) -> dict[str, Value]:
    if not options.keys() & {"CHARSET", "COLLATE"}:
        return {}
    return {
        f"{kind}_{of}": value
        for of in ("server", "database")
        for kind, value in (("character_set", charset), ("collation", order))
    }


def create_standby(state: ClusterState, who: Principal, statement: CreateStandbyTenant) -> Ok:
    """CREATE STANDBY TENANT: what CREATE TENANT checks; the log of another tenant is replayed by nobody here."""
    check_sys(state, who, statement)
    check_name(statement.name)
    options = _options(statement.options)
    if _pools_of_new(state, statement, options) is None:
        return Ok()
    raise NotModelled("CREATE STANDBY TENANT yet: no tenant replays the log of another")


# ALTER.


def alter_tenant(state: ClusterState, who: Principal, statement: AlterTenant) -> Ok:
    """ALTER TENANT: options or variables. Raises 4179 for both, 5157, 1235, 1210, 4643, 4650, 4626."""
    check_sys(state, who, statement)
    if statement.options and statement.variables:
        raise error("OB_OP_NOT_ALLOW", "modify tenant option and system variable at the same time")
    variables = checked_variables(statement.variables, creating=False)
    tenant = _known(state, statement.name)
    if variables:
        return _with_variables(state, tenant, variables)
    if tenant.kind == "META":
        raise error("OB_NOT_SUPPORTED")
    words = {option.word for option in statement.options}
    if words & {"CHARSET", "COLLATE", "REPLICA_NUM", "ZONE_LIST"}:
        raise error("OB_NOT_SUPPORTED")
    if "READ" in words:
        raise error("OB_NOT_SUPPORTED", "modify tenant readonly option")
    if tenant.kind == "SYS":
        raise NotModelled("ALTER TENANT sys with options")
    _alter(state, tenant, _options(statement.options), statement.text)
    return Ok()


def _alter(state: ClusterState, tenant: Tenant, options: Options, text: str) -> None:
    """Every check of every option, then the changes."""
    pools = _pool_change(state, tenant, options) if "RESOURCE_POOL_LIST" in options else ""
    zones = state.resources.zones_of(tenant.tenant_id)
    if pools.startswith("+"):
        zones = sorted({*zones, *state.resources.pools[pools[1:]].zones})
    replicas = _changed_locality(state, tenant, options, zones)
    primary_zone = tenant.primary_zone
    if "PRIMARY_ZONE" in options:
        primary_zone = str(options["PRIMARY_ZONE"] or RANDOM)
        check_primary_zone(primary_zone, replicas)
    if "COMMENT" in options:
        tenant.comment = str(options["COMMENT"])
    tenant.modified_ns = state.now_ns
    placed_anew = "PRIMARY_ZONE" in options or replicas != tenant.locality
    if not placed_anew and not pools:
        state.revisions.touch("tenants")
        return
    with state.outages.leaders_may_move(state.now_ns):
        if pools:
            _change_pool(state, tenant, pools)
        if primary_zone != tenant.primary_zone:
            _move_leaders(state, tenant, text)
        if replicas != tenant.locality:
            _move_replicas(state, tenant, replicas, text)
        if placed_anew:
            place_tenant(state, tenant, replicas, primary_zone)


def _change_pool(state: ClusterState, tenant: Tenant, change: str) -> None:
    """Do what `_pool_change` has found."""
    pool = state.resources.pools[change[1:]]
    if change.startswith("+"):
        state.resources.grant([pool], tenant.tenant_id, state.now_ns)
    else:
        state.resources.revoke(pool, state.now_ns)


def _pool_change(state: ClusterState, tenant: Tenant, options: Options) -> str:
    """`+pool` or `-pool` for the one pool more or less, '' for none. Raises 1210 for any other difference."""
    names = _names(options["RESOURCE_POOL_LIST"])
    own = [pool.name for pool in state.resources.pools_of(tenant.tenant_id)]
    added = [name for name in names if name not in own]
    gone = [name for name in own if name not in names]
    if len(set(names)) < len(names) or len(added) + len(gone) > 1:
        raise error("OB_INVALID_ARGUMENT", "resource pool list")
    if added:
        free_pools(state, added, tenant.tenant_id)
        return f"+{added[0]}"
    if gone:
        if len(own) == 1:
            raise error("OB_INVALID_ARGUMENT", "resource pool list")
        if {replica.zone for replica in tenant.locality} & set(state.resources.pools[gone[0]].zones):
            raise error("OB_OP_NOT_ALLOW", "revoking resource pools with tenant locality on")
        return f"-{gone[0]}"
    return ""


def _changed_locality(
    state: ClusterState, tenant: Tenant, options: Options, zones: list[str]
) -> tuple[Replica, ...]:
    if "LOCALITY" not in options:
        return tenant.locality
    text = str(options["LOCALITY"])
    if not text:
        raise error("OB_OP_NOT_ALLOW", "alter locality to empty")
    if state.root_jobs.running(RootJobKind.SHRINK_UNIT_NUM, tenant.tenant_id) is not None:
        raise error("OB_OP_NOT_ALLOW", "alter tenant locality when tenant pool is shrinking")
    replicas = parse_locality(text, zones)
    if tenant.previous_locality:
        raise error("OB_OP_NOT_ALLOW", "alter tenant locality when previous operation is in progress")
    if not keeps_majority(tenant.locality, replicas):
        raise error("OB_OP_NOT_ALLOW", "violate locality principle")
    return replicas


def _move_leaders(state: ClusterState, tenant: Tenant, text: str) -> None:
    job = state.root_jobs.start(
        RootJobKind.ALTER_TENANT_PRIMARY_ZONE, state.now_ns, tenant_id=tenant.tenant_id, sql_text=text
    )
    state.events.push(state.now_ns + _MOVE_NS, partial(_moved, state, tenant, job))


def _move_replicas(state: ClusterState, tenant: Tenant, replicas: tuple[Replica, ...], text: str) -> None:
    extra = f"FROM: '{locality_text(tenant.locality)}', TO: '{locality_text(replicas)}'"
    job = state.root_jobs.start(
        RootJobKind.ALTER_TENANT_LOCALITY, state.now_ns, tenant_id=tenant.tenant_id, sql_text=text, extra_info=extra
    )
    tenant.previous_locality = tenant.locality
    state.events.push(state.now_ns + _MOVE_NS, partial(_moved, state, tenant, job))


def _moved(state: ClusterState, tenant: Tenant, job: RootJob, now_ns: Nanoseconds) -> None:
    """What ALTER TENANT ordered is done."""
    if job.result is None:
        job.finish(now_ns)
        if job.kind is RootJobKind.ALTER_TENANT_LOCALITY:
            tenant.previous_locality = ()
    state.revisions.touch("tenants", "storage")


def lock_tenant(state: ClusterState, who: Principal, statement: LockTenant) -> Ok:
    """LOCK and UNLOCK: nobody else logs in; who is logged in stays. Raises the plain 5157."""
    check_sys(state, who, statement)
    tenant = state.tenant_named(statement.name)
    if tenant is None:
        raise error("OB_TENANT_NOT_EXIST")
    if tenant.kind != "USER":
        raise NotModelled(f"ALTER TENANT {statement.name} LOCK and UNLOCK")
    if tenant.locked != statement.locked:
        tenant.locked, tenant.modified_ns = statement.locked, state.now_ns
        state.revisions.touch("tenants")
    return Ok()


def rename_tenant(state: ClusterState, who: Principal, statement: RenameTenant) -> Ok:
    """RENAME GLOBAL_NAME. Raises 1235 for sys and META tenants, 5157, 5156."""
    check_sys(state, who, statement)
    if statement.name.lower() == "sys":
        raise error("OB_NOT_SUPPORTED", "rename sys tenant name")
    check_name(statement.new_name)
    tenant = _known(state, statement.name)
    if tenant.kind != "USER":
        raise error("OB_NOT_SUPPORTED")
    if state.tenant_named(statement.new_name) is not None:
        raise error("OB_TENANT_EXIST", statement.new_name)
    tenant.name, tenant.modified_ns = statement.new_name, state.now_ns
    state.revisions.touch("tenants", "accounts")
    return Ok()


_PLACEMENT = frozenset({"PRIMARY_ZONE", "ZONE_LIST", "RESOURCE_POOL_LIST"})
"""Options of ALTER TENANT that may change while definitions may not."""


def _defines(statement: AlterTenant) -> bool:
    return bool(statement.variables) or not {option.word for option in statement.options} <= _PLACEMENT


def _resolve(_state: ClusterState, who: Principal, statement: CreateTenant | AlterTenant) -> None:
    check_sys(_state, who, statement)
    checked_variables(statement.variables, creating=isinstance(statement, CreateTenant))


_SUPER_OF_SYS = Rule("SUPER", check_sys, defines=lambda _: True)
COMMANDS: dict[type, Command] = {
    AlterTenant: guarded(alter_tenant, Rule("ALTER TENANT", _resolve, defines=_defines)),
    CreateStandbyTenant: guarded(create_standby, _SUPER_OF_SYS),
    CreateTenant: guarded(create_tenant, Rule("SUPER", _resolve, defines=lambda _: True)),
    LockTenant: guarded(lock_tenant, Rule("ALTER TENANT", check_sys, defines=lambda _: True)),
    RenameTenant: guarded(rename_tenant, Rule("ALTER TENANT", check_sys, defines=lambda _: True)),
}
