"""Policies and deletions of backups (statements.md, Deleting backups)."""

from obsim.sql.grammar.cursor import Cursor
from obsim.statements import AddDeletePolicy, CancelDeleteBackup, DeleteBackup, DeleteObsoleteBackup, DropDeletePolicy

__all__ = ["add_delete_policy", "cancel_delete_backup", "delete_backup", "delete_obsolete", "drop_delete_policy"]


def _policy_name(cursor: Cursor, word: str) -> str:
    cursor.expect(word, "DELETE", "BACKUP")
    if not cursor.clause("POLICY"):
        raise cursor.refused()
    return cursor.string()


def add_delete_policy(cursor: Cursor) -> AddDeletePolicy:
    """ADD DELETE BACKUP POLICY [=] 'name' and its clauses in fixed order."""
    name = _policy_name(cursor, "ADD")
    window = cursor.string() if cursor.clause("RECOVERY_WINDOW") else None
    redundancy = cursor.integer() if cursor.clause("REDUNDANCY") else None
    copies = cursor.integer() if cursor.clause("BACKUP_COPIES") else None
    return AddDeletePolicy(name, window, redundancy, copies, cursor.tenants())


def drop_delete_policy(cursor: Cursor) -> DropDeletePolicy:
    """DROP DELETE BACKUP POLICY [=] 'name' [TENANT [=] names]."""
    return DropDeletePolicy(_policy_name(cursor, "DROP"), cursor.tenants())


def delete_backup(cursor: Cursor) -> DeleteBackup:
    """DELETE {BACKUPSET | BACKUPPIECE} n [COPY n] [TENANT [=] names] [DESCRIPTION [=] 'text']."""
    cursor.expect("DELETE")
    piece = cursor.one_of(frozenset({"BACKUPSET", "BACKUPPIECE"})) == "BACKUPPIECE"
    backup_id = cursor.integer()
    copy_id = cursor.integer() if cursor.take("COPY") else None
    return DeleteBackup(piece, backup_id, copy_id, cursor.tenants(), cursor.description())


def delete_obsolete(cursor: Cursor) -> DeleteObsoleteBackup:
    """DELETE OBSOLETE BACKUP [TENANT [=] names] [DESCRIPTION [=] 'text']."""
    cursor.expect("DELETE", "OBSOLETE", "BACKUP")
    return DeleteObsoleteBackup(cursor.tenants(), cursor.description())


def cancel_delete_backup(cursor: Cursor) -> CancelDeleteBackup:
    """CANCEL DELETE BACKUP [TENANT [=] names] [DESCRIPTION [=] 'text']."""
    cursor.expect("CANCEL", "DELETE", "BACKUP")
    return CancelDeleteBackup(cursor.tenants(), cursor.description())
