"""Every statement that changes the cluster, and the function that carries it out: one line each."""

from obsim.answers import Ok
from obsim.cluster.account_commands import (
    alter_user,
    create_user,
    drop_user,
    grant,
    rename_user,
    revoke,
    set_password,
)
from obsim.cluster.authority import guarded
from obsim.cluster.backup_commands import backup_database, cancel_backup
from obsim.cluster.cleanup_commands import (
    add_delete_policy,
    cancel_delete_backup,
    delete_backup,
    drop_delete_policy,
)
from obsim.cluster.maintenance_commands import clear_merge_error, flush_cache, freeze, merge_control
from obsim.cluster.parameter_commands import alter_parameters, reset_parameters
from obsim.cluster.resolve import archive_tenants
from obsim.cluster.resource_commands import (
    alter_pool,
    alter_resource_tenant,
    alter_unit,
    create_pool,
    create_unit,
    drop_pool,
    drop_unit,
    merge_pools,
    split_pool,
)
from obsim.cluster.restore_commands import (
    add_restore_source,
    backup_key,
    cancel_recover_table,
    cancel_restore,
    change_external_storage,
    clear_restore_source,
    preview_restore,
    recover_standby,
    recover_table,
    restore_tables,
    restore_tenant,
    switch_role,
)
from obsim.cluster.server_commands import admin_server, admin_zone
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant_commands import (
    alter_tenant,
    create_standby,
    create_tenant,
    drop_tenant,
    flashback_tenant,
    lock_tenant,
    purge_recyclebin,
    purge_tenant,
    rename_tenant,
)
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

__all__ = ["COMMANDS"]


def set_archive_mode(state: ClusterState, who: Principal, statement: SetArchiveMode) -> Ok:
    """ARCHIVELOG and NOARCHIVELOG.

    From sys, ARCHIVELOG drops every tenant's error and NOARCHIVELOG answers with the last tenant's (statements.md).
    """
    tenants = archive_tenants(state, who, statement.tenants)
    refused: ServerError | None = None
    for tenant in tenants:
        refused = None
        try:
            if tenant.kind != "USER":
                raise error("OB_NOT_SUPPORTED")
            if statement.enabled and not tenant.normal:
                raise error("OB_CANNOT_START_LOG_ARCHIVE_BACKUP")
            tenant.archive.set_mode(statement.enabled, state.now_ns)
        except ServerError as caught:
            refused = caught
    swallowed = who.tenant_id == SYS_TENANT_ID and statement.enabled
    if refused is not None and not swallowed:
        raise refused
    return Ok()


_COMMANDS: dict[type, Command] = {
    AdminServer: admin_server,
    AdminZone: admin_zone,
    AlterResourcePool: alter_pool,
    AlterResourceTenant: alter_resource_tenant,
    AlterResourceUnit: alter_unit,
    AlterTenant: alter_tenant,
    AlterUser: alter_user,
    CreateResourcePool: create_pool,
    CreateResourceUnit: create_unit,
    CreateStandbyTenant: create_standby,
    CreateTenant: create_tenant,
    CreateUser: create_user,
    DropResourcePool: drop_pool,
    DropResourceUnit: drop_unit,
    DropTenant: drop_tenant,
    DropUser: drop_user,
    FlashbackTenant: flashback_tenant,
    LockTenant: lock_tenant,
    MergeResourcePools: merge_pools,
    PurgeRecyclebin: purge_recyclebin,
    PurgeTenant: purge_tenant,
    RenameTenant: rename_tenant,
    SplitResourcePool: split_pool,
    Grant: grant,
    RenameUser: rename_user,
    Revoke: revoke,
    SetPassword: set_password,
    BackupDatabase: backup_database,
    CancelBackup: cancel_backup,
    SetArchiveMode: set_archive_mode,
    Freeze: freeze,
    ClearMergeError: clear_merge_error,
    FlushCache: flush_cache,
    MergeControl: merge_control,
    AlterParameters: alter_parameters,
    ResetParameters: reset_parameters,
    AddDeletePolicy: add_delete_policy,
    CancelDeleteBackup: cancel_delete_backup,
    DeleteBackup: delete_backup,
    DeleteObsoleteBackup: delete_backup,
    DropDeletePolicy: drop_delete_policy,
    AddRestoreSource: add_restore_source,
    BackupKey: backup_key,
    CancelRecoverTable: cancel_recover_table,
    CancelRestore: cancel_restore,
    ChangeExternalStorage: change_external_storage,
    ClearRestoreSource: clear_restore_source,
    PreviewRestore: preview_restore,
    RecoverStandby: recover_standby,
    RecoverTable: recover_table,
    RestoreTables: restore_tables,
    RestoreTenant: restore_tenant,
    SwitchRole: switch_role,
}
"""Statement -> what it does once its account may."""

COMMANDS: dict[type, Command] = {
    kind: guarded(kind, command, free=frozenset({Grant, Revoke, SetPassword})) for kind, command in _COMMANDS.items()
}
