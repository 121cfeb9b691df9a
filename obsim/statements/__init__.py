"""The statements of OceanBase that obsim understands, as frozen dataclasses that print back to SQL.

The server, the in-process interface, the journal and the property tests all speak these; for every statement `s`,
parsing `s.sql()` gives `s` again. Grammar: `statements.md`. Printing is canonical: upper-case keywords, names
back-quoted only where a bare word would not do, text in single quotes.
"""

from obsim.statements.accounts import (
    AccountStatement,
    AlterUser,
    CreateUser,
    DropUser,
    Grant,
    RenameUser,
    Revoke,
    SetPassword,
)
from obsim.statements.backup import (
    BackupDatabase,
    CancelBackup,
    Freeze,
    SetArchiveMode,
    SetDecryption,
    SetEncryption,
)
from obsim.statements.cleanup import (
    AddDeletePolicy,
    CancelDeleteBackup,
    DeleteBackup,
    DeleteObsoleteBackup,
    DropDeletePolicy,
)
from obsim.statements.control import CallProcedure
from obsim.statements.known import NotModelledStatement, RefusedStatement
from obsim.statements.maintenance import ClearMergeError, FlushCache, MergeControl
from obsim.statements.parameters import (
    AlterParameters,
    ParameterAction,
    ParameterValue,
    ResetAction,
    ResetParameters,
    ShowParameters,
    ShowTenant,
)
from obsim.statements.resources import (
    AlterResourcePool,
    AlterResourceTenant,
    AlterResourceUnit,
    CreateResourcePool,
    CreateResourceUnit,
    DropResourcePool,
    DropResourceUnit,
    MergeResourcePools,
    PoolOption,
    ResourceStatement,
    SplitResourcePool,
    UnitOption,
)
from obsim.statements.restore import (
    AddRestoreSource,
    BackupKey,
    CancelRecoverTable,
    CancelRestore,
    ChangeExternalStorage,
    ClearRestoreSource,
    KeySource,
    PreviewRestore,
    RecoverStandby,
    RecoverTable,
    Remap,
    RestorePoint,
    RestoreTables,
    RestoreTenant,
    SwitchRole,
    TableName,
)
from obsim.statements.servers import AdminServer, AdminZone, ServerStatement
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
    TenantOption,
    TenantStatement,
    VariableSetting,
)
from obsim.statements.text import MASK, NullValue, Secret, masked, quote_name, quote_text

__all__ = [
    "AddDeletePolicy", "AddRestoreSource", "AdminServer", "AdminZone", "AlterParameters", "AlterResourcePool",
    "AlterResourceTenant", "AlterResourceUnit", "AlterTenant", "AlterUser", "BackupDatabase", "BackupKey",
    "BackupStatement", "CallProcedure", "CancelBackup", "CancelDeleteBackup", "CancelRecoverTable", "CancelRestore",
    "ChangeExternalStorage", "ClearMergeError", "ClearRestoreSource", "CreateResourcePool", "CreateResourceUnit",
    "CreateStandbyTenant", "CreateTenant", "CreateUser", "DeleteBackup", "DeleteObsoleteBackup", "DropDeletePolicy",
    "DropResourcePool", "DropResourceUnit", "DropTenant", "DropUser", "FlashbackTenant", "FlushCache", "Freeze",
    "Grant", "KeySource", "LockTenant", "MergeControl", "MergeResourcePools", "NotModelledStatement", "NullValue",
    "ParameterAction", "ParameterValue", "PoolOption", "PreviewRestore", "PurgeRecyclebin", "PurgeTenant",
    "RecoverStandby", "RecoverTable", "RefusedStatement", "Remap", "RenameTenant", "RenameUser", "ResetAction",
    "ResetParameters", "ResourceStatement", "RestorePoint", "RestoreTables", "RestoreTenant", "Revoke", "Secret",
    "ServerStatement", "SetArchiveMode", "SetDecryption", "SetEncryption", "SetPassword", "ShowParameters",
    "ShowTenant", "SplitResourcePool", "SwitchRole", "TableName", "TenantOption", "TenantStatement", "UnitOption",
    "VariableSetting", "masked", "masked_sql", "quote_name", "quote_text",
]

BackupStatement = (
    AccountStatement |
    BackupDatabase | CancelBackup | SetArchiveMode | Freeze | AlterParameters | ResetParameters | SetEncryption
    | SetDecryption | AddDeletePolicy | CancelDeleteBackup | DeleteBackup | DeleteObsoleteBackup | DropDeletePolicy
    | AddRestoreSource | BackupKey | CancelRecoverTable | CancelRestore | ChangeExternalStorage | ClearRestoreSource
    | PreviewRestore | RecoverStandby | RecoverTable | RestoreTables | RestoreTenant | SwitchRole
    | ClearMergeError | FlushCache | MergeControl | TenantStatement | ResourceStatement | ServerStatement
    | ShowParameters | ShowTenant | CallProcedure | RefusedStatement | NotModelledStatement
)
"""Everything our own grammar produces; SELECT, SHOW and SET of variables go another way (`obsim.session`)."""


def masked_sql(statement: BackupStatement) -> str:
    """The statement for logs and reports: passwords and access keys are `***`."""
    if isinstance(statement, SetEncryption):
        return f"SET ENCRYPTION ON IDENTIFIED BY '{MASK}' ONLY"
    if isinstance(statement, SetDecryption):
        return "SET DECRYPTION IDENTIFIED BY " + ", ".join(f"'{MASK}'" for _ in statement.passwords)
    return masked(statement.sql())
