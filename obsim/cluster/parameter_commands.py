"""ALTER SYSTEM SET and RESET: ordinary parameters and the destinations that look like parameters.

All actions of a statement are checked before the first one is carried out.
"""

from collections.abc import Callable

from obsim.answers import Ok
from obsim.archive.destinations import ARCHIVED
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.destinations import set_destination
from obsim.cluster.formats import Formats, Owner
from obsim.cluster.resolve import named_tenant, parameter_tenants
from obsim.cluster.shares import apply_shares
from obsim.cluster.standbys import source_for
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant import Tenant
from obsim.destination import parse_archive_destination, parse_restore_source, parse_uri
from obsim.destination.uri import ARCHIVE, DATA
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID, TenantId
from obsim.parameters import Level, ParameterDef, check_value, number_of
from obsim.scheduler.priorities import PRIORITIES
from obsim.statements import AlterParameters, NullValue, ParameterAction, ResetParameters
from obsim.units import MINUTE_NS

__all__ = ["COMMANDS"]

Change = Callable[[], None]
Check = Callable[[], Change]
"""The last check of a setting, which may look at a destination: it comes when all the others are through."""
_SCORES = {priority.parameter: priority for priority in PRIORITIES if priority.parameter is not None}
_DEST_NUMBERS = {f"log_archive_dest_{n}" if n else "log_archive_dest": n for n in range(9)}
_STATE_NUMBERS = {f"log_archive_dest_state_{n}" if n else "log_archive_dest_state": n for n in range(9)}
_SETTINGS = frozenset({"data_backup_dest", "log_restore_source", *_DEST_NUMBERS, *_STATE_NUMBERS})

_SET_LAG_TARGET = "ALTER SYSTEM SET ARCHIVE_LAG_TARGET"
_TENANT_WORDS = {"all": "all/all_meta", "all_meta": "all/all_meta", "all_user": "all_user"}
_S3_LAG_MIN_NS = MINUTE_NS


def alter_parameters(state: ClusterState, who: Principal, statement: AlterParameters) -> Ok:
    """ALTER SYSTEM SET: every check of every action, then every change."""
    settings = [a for a in statement.actions if a.name in _SETTINGS]
    if settings:
        changes = [find_out() for find_out in _check_settings(state, who, statement, settings)]
    else:
        changes = [_check_parameter(state, who, action) for action in statement.actions]
    for change in changes:
        change()
    return Ok()


# Ordinary parameters.


def _check_parameter(state: ClusterState, who: Principal, action: ParameterAction) -> Change:
    if action.tenant is not None and who.tenant_id != SYS_TENANT_ID:
        raise error("OB_ERR_NO_PRIVILEGE")
    if action.name == "cluster_id":
        raise error("OB_OP_NOT_ALLOW", "alter the parameter cluster_id")
    definition = _find(state, who, action.name, action.tenant)
    owners = _owners(state, who, definition, action.tenant)
    if definition.edit_level == "READONLY":
        raise error("OB_INVALID_CONFIG")
    if definition.name == "archive_lag_target":
        _check_lag_target(state, definition, action, owners)
    text = check_value(definition, action.value)
    if action.server is not None and action.server not in state.resources.servers:
        raise error("OB_INVALID_ARGUMENT", "server")
    if action.zone is not None and action.zone not in state.resources.zones:
        raise error("OB_INVALID_ARGUMENT", "zone")
    servers = _servers_of(state, action)
    if servers is None or state.root_address() in servers:
        return lambda: _store(state, definition, owners, text, servers)
    return lambda: _store_on(state, definition, owners, text, servers)


def _servers_of(state: ClusterState, action: ParameterAction) -> list[str] | None:
    """The servers that SERVER or ZONE names; None for all there are."""
    if action.server is None and action.zone is None:
        return None
    servers = state.resources.servers.values()
    named = [s.address for s in servers if action.server in {None, s.address} and action.zone in {None, s.zone}]
    return None if len(named) == len(servers) else named


def _check_lag_target(
    state: ClusterState, definition: ParameterDef, action: ParameterAction, owners: list[TenantId | None]
) -> None:
    """The checker of its own that `archive_lag_target` has: it comes before the range (parameters.json).

    Raises 1235 for a word instead of a tenant, 4179 for what is no time, for a tenant without a log_archive_dest and
    for less than 60s on S3.
    """
    if action.tenant is not None and action.tenant.lower() in _TENANT_WORDS:
        raise error("OB_NOT_SUPPORTED", f"use {_TENANT_WORDS[action.tenant.lower()]} in '{_SET_LAG_TARGET}' syntax is")
    if isinstance(action.value, NullValue):
        return
    lag_ns = number_of(definition, str(action.value))
    if lag_ns is None:
        raise error("OB_OP_NOT_ALLOW")
    for owner in owners:
        tenant = state.tenants[owner] if owner is not None else state.sys
        if tenant.kind != "USER":
            continue
        destination = tenant.archive.destination
        if destination is None:
            raise error("OB_OP_NOT_ALLOW", "log_archive_dest has not been set, set archive_lag_target is")
        if destination.uri.scheme == "s3" and lag_ns < _S3_LAG_MIN_NS:
            small = "set archive_lag_target smaller than 60s when log_archive_dest is S3 is"
            raise error("OB_OP_NOT_ALLOW", small)


def _find(state: ClusterState, who: Principal, name: str, tenant: str | None) -> ParameterDef:
    """With TENANT, or from a user tenant, only tenant parameters are known."""
    definition = state.parameters.find(name)
    if definition.level is Level.CLUSTER and (tenant is not None or who.tenant_id != SYS_TENANT_ID):
        raise error("OB_ERR_SYS_CONFIG_UNKNOWN")
    return definition


def _owners(
    state: ClusterState, who: Principal, definition: ParameterDef, tenant: str | None
) -> list[TenantId | None]:
    if definition.level is Level.CLUSTER:
        return [None]
    if tenant is None:
        return [who.tenant_id]
    return [t.tenant_id for t in parameter_tenants(state, tenant)]


def _store_on(
    state: ClusterState, definition: ParameterDef, owners: list[TenantId | None], text: str | None, servers: list[str]
) -> None:
    """A value for servers without the root service: it is seen there, and obsim acts by that of the root service."""
    for owner in owners:
        state.parameters.set_on(servers, definition.name, owner, definition.default if text is None else text)
    state.revisions.touch("parameters")


def _store(
    state: ClusterState, definition: ParameterDef, owners: list[TenantId | None], text: str | None,
    servers: list[str] | None = None,
) -> None:  # fmt: skip
    """A value for every server; with `servers` the others keep theirs."""
    kept = [
        (address, owner, state.parameters.get_on(address, definition.name, owner))
        for owner in owners
        for address in (state.resources.servers if servers is not None else ())
        if address not in (servers or ())
    ]
    for owner in owners:
        if text is None:
            state.parameters.reset(definition.name, owner)
        else:
            state.parameters.set(definition.name, owner, text)
        if owner is not None:
            if definition.name in _SCORES:
                state.apply_score(state.tenants[owner], _SCORES[definition.name], definition.name)
            if definition.name == "archive_lag_target":
                state.apply_archive_lag(state.tenants[owner])
    for address, owner, shown in kept:
        state.parameters.set_on([address], definition.name, owner, shown)
    if definition.name == "sys_bkgd_net_percentage":
        apply_shares(state)
    if definition.name not in _SCORES:
        _tell_freezers(state, owners)
    state.revisions.touch("parameters")


def _tell_freezers(state: ClusterState, owners: list[TenantId | None]) -> None:
    affected = state.freezers if None in owners else [owner for owner in owners if owner in state.freezers]
    for tenant_id in affected:
        state.freezers[tenant_id].parameters_changed()


def reset_parameters(state: ClusterState, who: Principal, statement: ResetParameters) -> Ok:
    """ALTER SYSTEM RESET: back to the defaults; the TENANT check comes after the name check (statements.md).

    The destinations are no parameters, so their names are unknown here: 5099 (ob_alter_system_resolver.cpp).
    """
    changes = []
    for action in statement.actions:
        definition = _find(state, who, action.name, action.tenant)
        if action.tenant is not None and who.tenant_id != SYS_TENANT_ID:
            raise error("OB_ERR_NO_PRIVILEGE")
        changes.append((definition, _owners(state, who, definition, action.tenant)))
    for definition, owners in changes:
        _store(state, definition, owners, None)
    return Ok()


# Destinations: they live in a table of their own (statements.md, Destinations and other backup parameters).


def _check_settings(
    state: ClusterState, who: Principal, statement: AlterParameters, settings: list[ParameterAction]
) -> list[Check]:
    if who.tenant_id != SYS_TENANT_ID and any(a.tenant is not None for a in statement.actions):
        raise error("OB_ERR_NO_PRIVILEGE")
    if len(settings) < len(statement.actions):
        mixed = "backup configuration items cannot be set together with non data backup configuration items"
        raise error("OB_NOT_SUPPORTED", mixed)
    planned = state.formats.copy()  # two actions of one statement may want the same directory
    return [_check_setting(state, who, action, planned) for action in settings]


def _check_setting(state: ClusterState, who: Principal, action: ParameterAction, planned: Formats) -> Check:
    if action.tenant is not None:
        tenant = named_tenant(state, action.tenant)
    elif who.tenant_id == SYS_TENANT_ID:
        raise error("OB_NOT_SUPPORTED")
    else:
        tenant = state.tenants[who.tenant_id]
    if isinstance(action.value, NullValue):
        raise error("OB_INVALID_BACKUP_DEST")
    text = str(int(action.value) if isinstance(action.value, bool) else action.value)
    if action.name in _DEST_NUMBERS:
        return _check_archive_dest(state, tenant, _DEST_NUMBERS[action.name], text, planned)
    if action.name in _STATE_NUMBERS:
        return _check_dest_state(state, tenant, _STATE_NUMBERS[action.name], text)
    if action.name == "data_backup_dest":
        return _check_data_dest(state, tenant, text, planned)
    return _check_restore_source(state, tenant, text)


def _only_user_tenants(tenant: Tenant) -> None:
    """Only user tenants have such settings: found out once the value has been read (ob_backup_config.cpp)."""
    if tenant.kind != "USER":
        raise error("OB_NOT_SUPPORTED")


def _check_data_dest(state: ClusterState, tenant: Tenant, text: str, planned: Formats) -> Check:
    uri = parse_uri(text) if text else None
    _only_user_tenants(tenant)
    if tenant.backup.jobs or tenant.backup.expected_by_sys:
        raise error("OB_BACKUP_IN_PROGRESS")
    if uri is not None and not state.outside.reaches(uri):
        planned.claim(uri, Owner(tenant.tenant_id, "backup_data"))

    def find_out() -> Change:
        dest_id = set_destination(state, tenant, DATA, uri) if uri else _none

        def change() -> None:
            tenant.backup.path = uri.path if uri else ""
            tenant.backup.shown_dest = uri.shown if uri else ""
            tenant.backup.dest_id = dest_id()
            if state.faults.rules:
                apply_shares(state)  # one may slow another destination than before
            state.revisions.touch("backup_parameters")

        return change

    return find_out


def _none() -> int:
    """DEST_ID where no destination is set."""
    return 0


def _check_archive_dest(
    state: ClusterState, tenant: Tenant, number: int, text: str, planned: Formats
) -> Check:  # fmt: skip
    destination = parse_archive_destination(text) if text else None
    _only_user_tenants(tenant)
    if number == ARCHIVED and tenant.archive.running:
        raise error("OB_NOT_SUPPORTED", "change archive dest when archive is running is")
    if destination is not None and not state.outside.reaches(destination.uri):
        planned.claim(destination.uri, Owner(tenant.tenant_id, "archive_log"))

    def find_out() -> Change:
        dest_id = set_destination(state, tenant, ARCHIVE, destination.uri) if destination else _none
        return lambda: tenant.archive.set_destination(number, destination, dest_id(), state.now_ns)

    return find_out


def _check_dest_state(state: ClusterState, tenant: Tenant, number: int, text: str) -> Check:
    if text.upper() not in {"ENABLE", "DEFER"}:
        raise error("OB_INVALID_ARGUMENT")
    _only_user_tenants(tenant)
    return lambda: lambda: tenant.archive.set_state(number, text, state.now_ns)


def _check_restore_source(state: ClusterState, tenant: Tenant, text: str) -> Check:
    """`LOCATION=uri`, or '' for none; SERVICE would need another cluster to follow."""
    uri = parse_restore_source(text) if text else None
    _only_user_tenants(tenant)

    def change() -> None:
        tenant.log_restore_source, tenant.restore_place = uri.shown if uri else "", uri
        if tenant.standby is not None and tenant.role == "STANDBY":
            tenant.standby.take_from(source_for(state, uri))
        state.revisions.touch("backup_parameters")

    return lambda: change


def _resolve_tenants(_: ClusterState, who: Principal, statement: AlterParameters) -> None:
    if who.tenant_id != SYS_TENANT_ID and any(action.tenant is not None for action in statement.actions):
        raise error("OB_ERR_NO_PRIVILEGE")


COMMANDS: dict[type, Command] = {
    AlterParameters: guarded(alter_parameters, Rule(before=_resolve_tenants)),
    ResetParameters: guarded(reset_parameters, Rule()),
}
