"""Restores, their sources and standby tenants: the checks of the services (statements.md, Restore and recovery).

What comes before them is in `restore_resolve`. The work itself is not modelled: what passes all checks answers 1235.
"""

from collections.abc import Collection

from obsim.answers import Ok
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.restore_resolve import (
    point_scn,
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
from obsim.cluster.tenant import Tenant
from obsim.destination import parse_uri
from obsim.errors import NotModelled, error
from obsim.ids import Nanoseconds
from obsim.restore.plan import plan_restore
from obsim.statements import (
    AddRestoreSource,
    BackupKey,
    CancelRecoverTable,
    CancelRestore,
    ChangeExternalStorage,
    ClearRestoreSource,
    PreviewRestore,
    RecoverStandby,
    RecoverTable,
    RestorePoint,
    RestoreTables,
    RestoreTenant,
    SwitchRole,
)

__all__ = ["COMMANDS"]

_OPTION_NAMES = frozenset({"pool_list", "locality", "primary_zone", "concurrency", "kms_encrypt"})


def restore_options(text: str) -> dict[str, str]:
    """`name=value&name=value` of WITH; raises 1210 for anything else and where no pool is named."""
    options: dict[str, str] = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        key = name.strip().lower()
        if not equals or key not in _OPTION_NAMES or key in options or not value.strip():
            raise error("OB_INVALID_ARGUMENT")
        options[key] = value.strip()
    concurrency = options.get("concurrency", "1")
    if "pool_list" not in options or not (concurrency.isascii() and concurrency.isdigit() and int(concurrency)):
        raise error("OB_INVALID_ARGUMENT")
    return options


def _check_pools(state: ClusterState, pool_list: str) -> None:
    for name in (word.strip() for word in pool_list.split(",")):
        pool = state.resources.pools.get(name)
        if pool is None:
            raise error("OB_RESOURCE_POOL_NOT_EXIST", name)
        if pool.tenant_id is not None:
            raise error("OB_RESOURCE_POOL_ALREADY_GRANTED", name)


def _planned(tenant: Tenant, paths: Collection[str], scn: int | None, now_ns: Nanoseconds) -> bool:
    """Whether what a tenant has at these paths can be restored to the point, or to any without one."""
    sets = [s for s in tenant.backup.sets.values() if s.path in paths]
    rounds = [r for r in tenant.archive.rounds() if r.path in paths]
    pieces = [piece for r in rounds for piece in tenant.archive.kept_pieces(r, now_ns)] if rounds else None
    points = [s.min_restore_scn for s in sets if s.usable] if scn is None else [scn]
    return any(plan_restore(sets, pieces, point) is not None for point in reversed(points))


def _check_source(state: ClusterState, uris: str, until: RestorePoint, offset_s: int) -> None:
    """1210 without any URI, 9026 for what is none, 1525 for a bad TIME, 4018 where nothing there covers the point."""
    if not uris:
        raise error("OB_INVALID_ARGUMENT")
    paths = {parse_uri(uri.strip()).path for uri in uris.split(",")}
    scn = point_scn(until, offset_s)
    if not any(_planned(tenant, paths, scn, state.now_ns) for tenant in state.user_tenants()):
        raise error("OB_ENTRY_NOT_EXIST", "no backup set path or log piece can be used to restore")


def restore_tenant(state: ClusterState, who: Principal, statement: RestoreTenant) -> Ok:
    """RESTORE of a tenant: its name first, then options, pools, and what its sources hold."""
    resolve_restore(state, who, statement)
    if state.tenant_named(statement.tenant) is not None:
        raise error("OB_OP_NOT_ALLOW", "restore tenant with existed tenant name is")
    options = restore_options(statement.options)
    _check_pools(state, options["pool_list"])
    _check_source(state, statement.uri or who.restore_source, statement.until, who.offset_s)
    raise NotModelled("ALTER SYSTEM RESTORE yet")


def restore_tables(state: ClusterState, who: Principal, statement: RestoreTables) -> Ok:
    """RESTORE of a list of tables: not modelled."""
    resolve_tables(state, who, statement)
    raise NotModelled("ALTER SYSTEM RESTORE of tables")


def preview_restore(state: ClusterState, who: Principal, statement: PreviewRestore) -> Ok:
    """RESTORE FROM .. PREVIEW."""
    resolve_preview(state, who, statement)
    _check_source(state, statement.uri, statement.until, who.offset_s)
    raise NotModelled("ALTER SYSTEM RESTORE PREVIEW yet")


def cancel_restore(state: ClusterState, who: Principal, statement: CancelRestore) -> Ok:
    """CANCEL RESTORE. What it answers about a tenant that is not being restored is not known."""
    resolve_cancel_restore(state, who, statement)
    raise NotModelled(f"ALTER SYSTEM CANCEL RESTORE yet: no restore of '{statement.tenant}' is running")


def add_restore_source(state: ClusterState, who: Principal, statement: AddRestoreSource) -> Ok:
    """ADD RESTORE SOURCE: the session keeps it; whether it is a place at all is found out by the restore."""
    resolve_restore_source(state, who, statement)
    return Ok()


def clear_restore_source(state: ClusterState, who: Principal, statement: ClearRestoreSource) -> Ok:
    """CLEAR RESTORE SOURCE: the session forgets what was added."""
    resolve_restore_source(state, who, statement)
    return Ok()


def recover_table(state: ClusterState, who: Principal, statement: RecoverTable) -> Ok:
    """RECOVER TABLE: options, pools, and what its sources hold."""
    resolve_recover_table(state, who, statement)
    options = restore_options(statement.options)
    _check_pools(state, options["pool_list"])
    _check_source(state, statement.uri or who.restore_source, statement.until, who.offset_s)
    raise NotModelled("ALTER SYSTEM RECOVER TABLE yet")


def cancel_recover_table(state: ClusterState, who: Principal, statement: CancelRecoverTable) -> Ok:
    """CANCEL RECOVER TABLE. What it answers where nothing is being recovered is not known."""
    resolve_cancel_recover(state, who, statement)
    raise NotModelled("ALTER SYSTEM CANCEL RECOVER TABLE yet")


def recover_standby(state: ClusterState, who: Principal, statement: RecoverStandby) -> Ok:
    """RECOVER STANDBY: no tenant here is fed by another."""
    resolve_standby(state, who, statement)
    raise NotModelled("ALTER SYSTEM RECOVER STANDBY yet")


def switch_role(state: ClusterState, who: Principal, statement: SwitchRole) -> Ok:
    """ACTIVATE STANDBY and SWITCHOVER."""
    resolve_switch(state, who, statement)
    raise NotModelled(f"ALTER SYSTEM {statement.action} yet")


def backup_key(state: ClusterState, who: Principal, statement: BackupKey) -> Ok:
    """BACKUP KEY: of the enterprise edition."""
    resolve_backup_key(state, who, statement)


def change_external_storage(state: ClusterState, who: Principal, statement: ChangeExternalStorage) -> Ok:
    """CHANGE EXTERNAL_STORAGE_DEST: sys only."""
    resolve_external_storage(state, who, statement)
    parse_uri(statement.path.reveal)
    raise NotModelled("ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST yet")


COMMANDS: dict[type, Command] = {
    AddRestoreSource: guarded(add_restore_source, Rule(before=resolve_restore_source)),
    BackupKey: guarded(backup_key, Rule(before=resolve_backup_key)),
    CancelRecoverTable: guarded(cancel_recover_table, Rule(before=resolve_cancel_recover)),
    CancelRestore: guarded(cancel_restore, Rule(before=resolve_cancel_restore)),
    ChangeExternalStorage: guarded(change_external_storage, Rule(before=resolve_external_storage)),
    ClearRestoreSource: guarded(clear_restore_source, Rule(before=resolve_restore_source)),
    PreviewRestore: guarded(preview_restore, Rule(before=resolve_preview)),
    RecoverStandby: guarded(recover_standby, Rule(before=resolve_standby)),
    RecoverTable: guarded(recover_table, Rule(before=resolve_recover_table)),
    RestoreTables: guarded(restore_tables, Rule(before=resolve_tables)),
    RestoreTenant: guarded(restore_tenant, Rule(before=resolve_restore)),
    SwitchRole: guarded(switch_role, Rule(before=resolve_switch)),
}
