"""Delete policies and deletions of backups (statements.md, Deleting backups)."""

from typing import NoReturn

from obsim.answers import Ok
from obsim.cleanup.policy import window_ns
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.resolve import backup_tenants
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID
from obsim.statements import AddDeletePolicy, CancelDeleteBackup, DeleteBackup, DeleteObsoleteBackup, DropDeletePolicy

__all__ = ["COMMANDS"]

POLICY_NAME = "default"
_FOREIGN = "user tenant cannot specify tenant names"
_ONLY_ONE = "tenant names specified, only one tenant name can be specified"


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


def resolve_add_policy(state: ClusterState, who: Principal, statement: AddDeletePolicy) -> Tenant:
    """ADD DELETE BACKUP POLICY: whose it is, then what it says; an empty window counts as none."""
    tenant = _policy_tenant(state, who, statement.name, statement.tenants)
    window = statement.recovery_window
    if window is None and statement.redundancy is None:
        raise error("OB_NOT_SUPPORTED", "Neither recovery_window nor redundancy is set")
    if window and window_ns(window) is None:
        raise error("OB_NOT_SUPPORTED", "recovery window is not be time string")
    if not window and statement.redundancy not in {None, 1}:
        raise error("OB_NOT_SUPPORTED", "Redundancy not equal to 1 is")
    return tenant


def add_delete_policy(state: ClusterState, who: Principal, statement: AddDeletePolicy) -> Ok:
    """ADD DELETE BACKUP POLICY: a tenant has one policy; the second is a duplicate key of the table of policies."""
    tenant = resolve_add_policy(state, who, statement)
    if tenant.cleanup.policy is not None:
        raise error("OB_ERR_PRIMARY_KEY_DUPLICATE", f"{tenant.tenant_id}-{POLICY_NAME}", "PRIMARY")
    tenant.cleanup.set_policy(statement.recovery_window or "", state.now_ns)
    state.revisions.touch("backup_parameters")
    return Ok()


def resolve_drop_policy(state: ClusterState, who: Principal, statement: DropDeletePolicy) -> Tenant:
    """DROP DELETE BACKUP POLICY: whose it is."""
    return _policy_tenant(state, who, statement.name, statement.tenants)


def drop_delete_policy(state: ClusterState, who: Principal, statement: DropDeletePolicy) -> Ok:
    """DROP DELETE BACKUP POLICY: a row is deleted if it is there; none is no error."""
    resolve_drop_policy(state, who, statement).cleanup.set_policy(None, state.now_ns)
    state.revisions.touch("backup_parameters")
    return Ok()


def resolve_delete(_: ClusterState, who: Principal, statement: DeleteBackup | DeleteObsoleteBackup) -> NoReturn:
    """DELETE BACKUPSET, BACKUPPIECE and OBSOLETE BACKUP: switched off.

    From sys a later check overwrites the reason for a set or piece.
    """
    named = isinstance(statement, DeleteBackup) and who.tenant_id == SYS_TENANT_ID
    raise error("OB_NOT_SUPPORTED", "need to specify a tenant name" if named else "function is")


def delete_backup(state: ClusterState, who: Principal, statement: DeleteBackup | DeleteObsoleteBackup) -> Ok:
    """DELETE BACKUPSET, BACKUPPIECE and OBSOLETE BACKUP: never get past the resolver."""
    resolve_delete(state, who, statement)


def resolve_cancel_delete(state: ClusterState, who: Principal, statement: CancelDeleteBackup) -> list[Tenant]:
    """CANCEL DELETE BACKUP: whose jobs; without names those of the own tenant, from sys those of all."""
    if statement.tenants:
        return backup_tenants(state, who, statement.tenants, _FOREIGN)
    return state.user_tenants() if who.tenant_id == SYS_TENANT_ID else [state.tenants[who.tenant_id]]


def cancel_delete_backup(state: ClusterState, who: Principal, statement: CancelDeleteBackup) -> Ok:
    """CANCEL DELETE BACKUP: nothing to cancel is no error."""
    for tenant in resolve_cancel_delete(state, who, statement):
        tenant.cleanup.cancel(state.now_ns)
    return Ok()


COMMANDS: dict[type, Command] = {
    AddDeletePolicy: guarded(add_delete_policy, Rule(before=resolve_add_policy)),
    CancelDeleteBackup: guarded(cancel_delete_backup, Rule(before=resolve_cancel_delete)),
    DeleteBackup: guarded(delete_backup, Rule(before=resolve_delete)),
    DeleteObsoleteBackup: guarded(delete_backup, Rule(before=resolve_delete)),
    DropDeletePolicy: guarded(drop_delete_policy, Rule(before=resolve_drop_policy)),
}
