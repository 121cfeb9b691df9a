"""ARCHIVELOG and NOARCHIVELOG (statements.md, Log archive)."""

from obsim.answers import Ok
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.resolve import archive_tenants
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.errors import ServerError, error
from obsim.ids import SYS_TENANT_ID
from obsim.statements import SetArchiveMode

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


def _resolve_archive(state: ClusterState, who: Principal, statement: SetArchiveMode) -> None:
    archive_tenants(state, who, statement.tenants)


COMMANDS: dict[type, Command] = {SetArchiveMode: guarded(set_archive_mode, Rule(before=_resolve_archive))}
