"""The statements of OceanBase that obsim understands, as frozen dataclasses that print back to SQL.

The server, the in-process interface, the journal and the property tests all speak these; for every statement `s`,
parsing `s.sql()` gives `s` again. Grammar: `statements.md`. Printing is canonical: upper-case keywords, names
back-quoted only where a bare word would not do, text in single quotes.

A family of statements loads when the first of its names is asked for: most programs never need most of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from obsim.statements.base import AlterSystem, BackupStatement
from obsim.statements.text import NullValue, Secret, masked, quote_name, quote_text

if TYPE_CHECKING:
    from obsim.statements.accounts import (
        AccountName,
        AccountSpec,
        AlterUser,
        CreateUser,
        DropUser,
        Grant,
        PrivilegeLevel,
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
        TenantOption,
        VariableSetting,
    )

__all__ = [
    "AccountName", "AccountSpec", "AddDeletePolicy", "AddRestoreSource", "AdminServer", "AdminZone", "AlterParameters",
    "AlterResourcePool", "AlterResourceTenant", "AlterResourceUnit", "AlterSystem", "AlterTenant", "AlterUser",
    "BackupDatabase", "BackupKey", "BackupStatement", "CallProcedure", "CancelBackup", "CancelDeleteBackup",
    "CancelRecoverTable", "CancelRestore", "ChangeExternalStorage", "ClearMergeError", "ClearRestoreSource",
    "CreateResourcePool", "CreateResourceUnit", "CreateStandbyTenant", "CreateTenant", "CreateUser", "DeleteBackup",
    "DeleteObsoleteBackup", "DropDeletePolicy", "DropResourcePool", "DropResourceUnit", "DropTenant", "DropUser",
    "FlashbackTenant", "FlushCache", "Freeze", "Grant", "KeySource", "LockTenant", "MergeControl",
    "MergeResourcePools", "NotModelledStatement", "NullValue", "ParameterAction", "ParameterValue", "PoolOption",
    "PreviewRestore", "PrivilegeLevel", "PurgeRecyclebin", "PurgeTenant", "RecoverStandby", "RecoverTable",
    "RefusedStatement", "Remap", "RenameTenant", "RenameUser", "ResetAction", "ResetParameters", "RestorePoint",
    "RestoreTables", "RestoreTenant", "Revoke", "Secret", "SetArchiveMode", "SetDecryption", "SetEncryption",
    "SetPassword", "ShowParameters", "ShowTenant", "SplitResourcePool", "SwitchRole", "TableName", "TenantOption",
    "UnitOption", "VariableSetting", "masked", "quote_name", "quote_text",
]  # fmt: skip

_FAMILIES: dict[str, tuple[str, ...]] = {
    "accounts": (
        "AccountName", "AccountSpec", "AlterUser", "CreateUser", "DropUser", "Grant", "PrivilegeLevel", "RenameUser",
        "Revoke", "SetPassword",
    ),
    "backup": ("BackupDatabase", "CancelBackup", "Freeze", "SetArchiveMode", "SetDecryption", "SetEncryption"),
    "cleanup": ("AddDeletePolicy", "CancelDeleteBackup", "DeleteBackup", "DeleteObsoleteBackup", "DropDeletePolicy"),
    "control": ("CallProcedure",),
    "known": ("NotModelledStatement", "RefusedStatement"),
    "maintenance": ("ClearMergeError", "FlushCache", "MergeControl"),
    "parameters": (
        "AlterParameters", "ParameterAction", "ParameterValue", "ResetAction", "ResetParameters", "ShowParameters",
        "ShowTenant",
    ),
    "resources": (
        "AlterResourcePool", "AlterResourceTenant", "AlterResourceUnit", "CreateResourcePool", "CreateResourceUnit",
        "DropResourcePool", "DropResourceUnit", "MergeResourcePools", "PoolOption", "SplitResourcePool", "UnitOption",
    ),
    "restore": (
        "AddRestoreSource", "BackupKey", "CancelRecoverTable", "CancelRestore", "ChangeExternalStorage",
        "ClearRestoreSource", "KeySource", "PreviewRestore", "RecoverStandby", "RecoverTable", "Remap", "RestorePoint",
        "RestoreTables", "RestoreTenant", "SwitchRole", "TableName",
    ),
    "servers": ("AdminServer", "AdminZone"),
    "tenants": (
        "AlterTenant", "CreateStandbyTenant", "CreateTenant", "DropTenant", "FlashbackTenant", "LockTenant",
        "PurgeRecyclebin", "PurgeTenant", "RenameTenant", "TenantOption", "VariableSetting",
    ),
}
"""Module of this package -> the names it has."""
_HOMES = {name: family for family, names in _FAMILIES.items() for name in names}


def __getattr__(name: str) -> Any:
    family = _HOMES.get(name)
    if family is None:
        raise AttributeError(f"module 'obsim.statements' has no attribute {name!r}")
    value = getattr(import_module(f"obsim.statements.{family}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
