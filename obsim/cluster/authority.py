"""Who may run what: one table, statement -> the privilege it needs and the checks that come before it.

OceanBase resolves a statement, then looks at the privileges, then asks the services (statements.md, "Order of stages").
So an account without the privilege still gets the resolver's errors: `before` runs these and changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from obsim.answers import Ok
from obsim.cluster.accounts import User
from obsim.cluster.cleanup_commands import (
    resolve_add_policy,
    resolve_cancel_delete,
    resolve_delete,
    resolve_drop_policy,
)
from obsim.cluster.maintenance_commands import resolve_flush, resolve_merge
from obsim.cluster.resolve import archive_tenants, backup_tenants, freeze_tenants, resolve_backup
from obsim.cluster.restore_resolve import (
    resolve_backup_key,
    resolve_cancel_recover,
    resolve_cancel_restore,
    resolve_external_storage,
    resolve_preview,
    resolve_recover_table,
    resolve_restore,
    resolve_restore_source,
    resolve_standby,
    resolve_switch,
    resolve_tables,
)
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.errors import ServerError, error
from obsim.ids import SYS_TENANT_ID
from obsim.statements import (
    AddDeletePolicy,
    AddRestoreSource,
    AlterParameters,
    BackupDatabase,
    BackupKey,
    CancelBackup,
    CancelDeleteBackup,
    CancelRecoverTable,
    CancelRestore,
    ChangeExternalStorage,
    ClearMergeError,
    ClearRestoreSource,
    DeleteBackup,
    DeleteObsoleteBackup,
    DropDeletePolicy,
    FlushCache,
    Freeze,
    MergeControl,
    PreviewRestore,
    RecoverStandby,
    RecoverTable,
    ResetParameters,
    RestoreTables,
    RestoreTenant,
    SetArchiveMode,
    SwitchRole,
)
from obsim.statements.accounts import AlterUser, CreateUser, DropUser, Grant, RenameUser, Revoke, SetPassword
from obsim.statements.resources import (
    AlterResourcePool,
    AlterResourceTenant,
    AlterResourceUnit,
    CreateResourcePool,
    CreateResourceUnit,
    DropResourcePool,
    DropResourceUnit,
    MergeResourcePools,
    SplitResourcePool,
)
from obsim.statements.servers import AdminServer, AdminZone
from obsim.statements.tenants import (
    AlterTenant,
    CreateStandbyTenant,
    CreateTenant,
    DropTenant,
    FlashbackTenant,
    LockTenant,
    PurgeRecyclebin,
    PurgeTenant,
    RenameTenant,
)

__all__ = [
    "AUTHORITY", "INTERNAL", "Rule", "account_of", "check_ddl", "check_internal", "check_privilege", "guarded",
    "lacking",
]  # fmt: skip

INTERNAL = frozenset({"root", "SYS"})
"""The administrators a tenant is made with."""
_EVERY_SUPER = frozenset({"ALTER SYSTEM", "ALTER TENANT", "CREATE RESOURCE POOL", "CREATE RESOURCE UNIT"})
"""Where SUPER does as well, in versions that say so."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The privilege on `*.*` a statement needs, and what is checked first."""

    privilege: str
    before: Callable[[ClusterState, Principal, Any], object] | None = None


def _cancel(state: ClusterState, who: Principal, statement: CancelBackup) -> None:
    if statement.tenants:
        backup_tenants(state, who, statement.tenants, None)


def _archive(state: ClusterState, who: Principal, statement: SetArchiveMode) -> None:
    archive_tenants(state, who, statement.tenants)


def _freeze(state: ClusterState, who: Principal, statement: Freeze) -> None:
    freeze_tenants(state, who, statement.tenants, major=statement.major)


def _set(_: ClusterState, who: Principal, statement: AlterParameters) -> None:
    if who.tenant_id != SYS_TENANT_ID and any(action.tenant is not None for action in statement.actions):
        raise error("OB_ERR_NO_PRIVILEGE")


def check_internal(_state: ClusterState, _who: Principal, statement: DropUser | RenameUser) -> None:
    """1227 for dropping or renaming an administrator, whoever asks (recorded: DROP USER root)."""
    names = statement.accounts if isinstance(statement, DropUser) else [old for old, _ in statement.pairs]
    if any(name.user.lower() == who_is.lower() for name in names for who_is in INTERNAL):
        raise error("OB_ERR_NO_PRIVILEGE")


def _sys_only(_: ClusterState, who: Principal, _statement: object) -> None:
    if who.tenant_id != SYS_TENANT_ID:
        raise error("OB_ERR_NO_PRIVILEGE")


_SUPER_OF_SYS = Rule("SUPER", _sys_only)
AUTHORITY: dict[type, Rule] = {
    AlterParameters: Rule("ALTER SYSTEM", _set),
    BackupDatabase: Rule("ALTER SYSTEM", resolve_backup),
    CancelBackup: Rule("ALTER SYSTEM", _cancel),
    Freeze: Rule("ALTER SYSTEM", _freeze),
    ClearMergeError: Rule("ALTER SYSTEM", resolve_merge),
    FlushCache: Rule("ALTER SYSTEM", resolve_flush),
    MergeControl: Rule("ALTER SYSTEM", resolve_merge),
    ResetParameters: Rule("ALTER SYSTEM"),
    SetArchiveMode: Rule("ALTER SYSTEM", _archive),
    AddDeletePolicy: Rule("ALTER SYSTEM", resolve_add_policy),
    CancelDeleteBackup: Rule("ALTER SYSTEM", resolve_cancel_delete),
    DeleteBackup: Rule("ALTER SYSTEM", resolve_delete),
    DeleteObsoleteBackup: Rule("ALTER SYSTEM", resolve_delete),
    DropDeletePolicy: Rule("ALTER SYSTEM", resolve_drop_policy),
    AddRestoreSource: Rule("ALTER SYSTEM", resolve_restore_source),
    BackupKey: Rule("ALTER SYSTEM", resolve_backup_key),
    CancelRecoverTable: Rule("ALTER SYSTEM", resolve_cancel_recover),
    CancelRestore: Rule("ALTER SYSTEM", resolve_cancel_restore),
    ChangeExternalStorage: Rule("ALTER SYSTEM", resolve_external_storage),
    ClearRestoreSource: Rule("ALTER SYSTEM", resolve_restore_source),
    PreviewRestore: Rule("ALTER SYSTEM", resolve_preview),
    RecoverStandby: Rule("ALTER SYSTEM", resolve_standby),
    RecoverTable: Rule("ALTER SYSTEM", resolve_recover_table),
    RestoreTables: Rule("ALTER SYSTEM", resolve_tables),
    RestoreTenant: Rule("ALTER SYSTEM", resolve_restore),
    SwitchRole: Rule("ALTER SYSTEM", resolve_switch),
    AlterUser: Rule("CREATE USER"),
    CreateUser: Rule("CREATE USER"),
    DropUser: Rule("CREATE USER", check_internal),
    **dict.fromkeys((CreateStandbyTenant, CreateTenant, DropTenant, FlashbackTenant, PurgeTenant), _SUPER_OF_SYS),
    **dict.fromkeys((AlterTenant, LockTenant, RenameTenant), Rule("ALTER TENANT", _sys_only)),
    **dict.fromkeys((CreateResourceUnit, AlterResourceUnit, DropResourceUnit), Rule("CREATE RESOURCE UNIT", _sys_only)),
    **dict.fromkeys(
        (CreateResourcePool, AlterResourcePool, DropResourcePool, SplitResourcePool, MergeResourcePools),
        Rule("CREATE RESOURCE POOL", _sys_only),
    ),
    AlterResourceTenant: Rule("CREATE RESOURCE POOL", _sys_only),
    **dict.fromkeys((AdminServer, AdminZone), Rule("ALTER SYSTEM", _sys_only)),
    PurgeRecyclebin: Rule("SUPER"),
    RenameUser: Rule("CREATE USER", check_internal),
}
"""Statements that need one privilege. GRANT, REVOKE and SET PASSWORD look at what they name, in `account_commands`."""
DEFAULT = Rule("ALTER SYSTEM")
"""What a statement needs that changes the cluster and stands in no row above."""


def account_of(state: ClusterState, who: Principal) -> User | None:
    """The account that runs a statement; None when it was dropped meanwhile: its session lives on and may nothing."""
    return state.tenants[who.tenant_id].account(who.user, who.host)


def lacking(state: ClusterState, who: Principal, privilege: str) -> ServerError | None:
    """1227 with the name of the privilege, or None where the account has it."""
    account = account_of(state, who)
    has_super = privilege in _EVERY_SUPER and state.profile.super_covers
    if account is not None and (account.may(privilege) or (has_super and account.may("SUPER"))):
        return None
    return error("OB_ERR_NO_PRIVILEGE", f"SUPER or {privilege}" if has_super else privilege)


def check_privilege(state: ClusterState, who: Principal, privilege: str) -> None:
    """Raises 1227 for an account without `privilege` on `*.*`."""
    refused = lacking(state, who, privilege)
    if refused is not None:
        raise refused


_DDL = frozenset(
    {
        AlterTenant, AlterUser, CreateStandbyTenant, CreateTenant, CreateUser, DropTenant, DropUser, FlashbackTenant,
        Grant, LockTenant, PurgeRecyclebin, PurgeTenant, RenameTenant, RenameUser, Revoke, SetPassword,
    }
)  # fmt: skip
"""Statements that RootService takes as definitions (ob_rs_rpc_processor.h); resource units and pools are none."""
_PLACEMENT = frozenset({"PRIMARY_ZONE", "ZONE_LIST", "RESOURCE_POOL_LIST"})
"""Options of ALTER TENANT that may change while definitions may not."""


def check_ddl(state: ClusterState, statement: object) -> None:
    """Raises the plain 4179 for a definition while `enable_ddl` is off."""
    if type(statement) not in _DDL or state.parameters.get_int("enable_ddl"):
        return
    placed = isinstance(statement, AlterTenant) and {option.word for option in statement.options} <= _PLACEMENT
    if not placed or (isinstance(statement, AlterTenant) and statement.variables):
        raise error("OB_OP_NOT_ALLOW")


def guarded(kind: type, command: Command, *, free: frozenset[type] = frozenset()) -> Command:
    """`command` behind the rule of its statement type; types in `free` look after themselves."""
    if kind in free:
        return command
    rule = AUTHORITY.get(kind, DEFAULT)

    def run(state: ClusterState, who: Principal, statement: Any) -> Ok:
        refused = lacking(state, who, rule.privilege)
        if refused is None:
            check_ddl(state, statement)
            return command(state, who, statement)
        if rule.before is not None:
            rule.before(state, who, statement)
        raise refused

    return run
