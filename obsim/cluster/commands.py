"""Every statement that changes the cluster, and the function that carries it out: one line each."""

from obsim.answers import Ok
from obsim.cluster.backup_commands import backup_database, cancel_backup
from obsim.cluster.parameter_commands import alter_parameters, reset_parameters
from obsim.cluster.resolve import archive_tenants, freeze_tenants
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.errors import ServerError, error
from obsim.ids import SYS_TENANT_ID
from obsim.statements import (
    AlterParameters,
    BackupDatabase,
    CancelBackup,
    Freeze,
    ResetParameters,
    SetArchiveMode,
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
            tenant.archive.set_mode(statement.enabled, state.now_ns)
        except ServerError as caught:
            refused = caught
    swallowed = who.tenant_id == SYS_TENANT_ID and statement.enabled
    if refused is not None and not swallowed:
        raise refused
    return Ok()


def freeze(state: ClusterState, who: Principal, statement: Freeze) -> Ok:
    """MAJOR and MINOR FREEZE. Both are done when the statement returns: compaction takes no virtual time."""
    tenants = freeze_tenants(state, who, statement.tenants, major=statement.major)
    if statement.zone is not None and statement.zone not in state.resources.zones:
        raise error("OB_INVALID_ARGUMENT", "zone")
    if any(server not in state.resources.servers for server in statement.servers):
        raise error("OB_INVALID_ARGUMENT", "server")
    if statement.major and not state.parameters.get_int("enable_major_freeze"):
        raise error("OB_OP_NOT_ALLOW")
    for tenant in tenants:
        freezer = state.freezers[tenant.tenant_id]
        if statement.major:
            freezer.major_freeze()
        else:
            freezer.minor_freeze(statement.log_stream_id, statement.tablet_id)
    return Ok()


COMMANDS: dict[type, Command] = {
    BackupDatabase: backup_database,
    CancelBackup: cancel_backup,
    SetArchiveMode: set_archive_mode,
    Freeze: freeze,
    AlterParameters: alter_parameters,
    ResetParameters: reset_parameters,
}
