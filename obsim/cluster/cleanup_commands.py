"""Delete policies and deletions of backups (statements.md, Deleting backups)."""

from re import ASCII
from re import compile as re_compile

from obsim.answers import Ok
from obsim.cluster.resolve import backup_tenants
from obsim.cluster.state import ClusterState, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID
from obsim.statements import AddDeletePolicy, CancelDeleteBackup, DeleteBackup, DeleteObsoleteBackup, DropDeletePolicy

__all__ = ["add_delete_policy", "cancel_delete_backup", "delete_backup", "delete_obsolete", "drop_delete_policy"]

POLICY_NAME = "default"
_FOREIGN = "user tenant cannot specify tenant names"
_ONLY_ONE = "tenant names specified, only one tenant name can be specified"
_TIME = re_compile(r"[0-9]{1,18}(?:us|ms|s|m|h|d)?", ASCII)


def _policy_tenant(state: ClusterState, who: Principal, name: str, names: tuple[str, ...]) -> Tenant:
    """The tenant a policy belongs to: first the name of the policy is checked, then who may name whom."""
    if name != POLICY_NAME:
        raise error("OB_NOT_SUPPORTED", "The policy name is not 'default', it is")
    if who.tenant_id != SYS_TENANT_ID and not names:
        return state.tenants[who.tenant_id]
    tenants = backup_tenants(state, who, names, _FOREIGN)
    if len(tenants) != 1:
        raise error("OB_NOT_SUPPORTED", f"Too {'many' if tenants else 'little'} {_ONLY_ONE}")
    return tenants[0]


def add_delete_policy(state: ClusterState, who: Principal, statement: AddDeletePolicy) -> Ok:
    """ADD DELETE BACKUP POLICY: a tenant has one policy; the second is a duplicate key of the table of policies."""
    tenant = _policy_tenant(state, who, statement.name, statement.tenants)
    window = statement.recovery_window
    if window is None and statement.redundancy is None:
        raise error("OB_NOT_SUPPORTED", "Neither recovery_window nor redundancy is set")
    if window is not None and _TIME.fullmatch(window.strip().lower()) is None:
        raise error("OB_NOT_SUPPORTED", "recovery window is not be time string")
    if window is None and statement.redundancy != 1:
        raise error("OB_NOT_SUPPORTED", "Redundancy not equal to 1 is")
    if tenant.delete_policy is not None:
        raise error("OB_ERR_PRIMARY_KEY_DUPLICATE", f"{tenant.tenant_id}-{POLICY_NAME}", "PRIMARY")
    tenant.delete_policy = window or ""
    state.revisions.touch("backup_parameters")
    return Ok()


def drop_delete_policy(state: ClusterState, who: Principal, statement: DropDeletePolicy) -> Ok:
    """DROP DELETE BACKUP POLICY: a row is deleted if it is there; none is no error."""
    _policy_tenant(state, who, statement.name, statement.tenants).delete_policy = None
    state.revisions.touch("backup_parameters")
    return Ok()


def delete_backup(_state: ClusterState, who: Principal, _statement: DeleteBackup) -> Ok:
    """DELETE BACKUPSET and BACKUPPIECE: switched off; from sys a later check overwrites the reason."""
    reason = "need to specify a tenant name" if who.tenant_id == SYS_TENANT_ID else "function is"
    raise error("OB_NOT_SUPPORTED", reason)


def delete_obsolete(_state: ClusterState, _who: Principal, _statement: DeleteObsoleteBackup) -> Ok:
    """DELETE OBSOLETE BACKUP: switched off."""
    raise error("OB_NOT_SUPPORTED", "function is")


def cancel_delete_backup(state: ClusterState, who: Principal, statement: CancelDeleteBackup) -> Ok:
    """CANCEL DELETE BACKUP: nothing to cancel is no error, and there never is anything."""
    if statement.tenants:
        backup_tenants(state, who, statement.tenants, _FOREIGN)
    return Ok()
