"""The clean-up of backups: the policy of a tenant, and deletions by hand (statements.md, Deleting backups)."""

from dataclasses import dataclass

from obsim.statements.base import AlterSystem
from obsim.statements.text import quote_text, tenants_clause, text_clause

__all__ = ["AddDeletePolicy", "CancelDeleteBackup", "DeleteBackup", "DeleteObsoleteBackup", "DropDeletePolicy"]


def _number(word: str, value: int | None) -> str:
    return "" if value is None else f" {word} = {value}"


@dataclass(frozen=True, slots=True)
class AddDeletePolicy(AlterSystem):
    """ALTER SYSTEM ADD DELETE BACKUP POLICY name [RECOVERY_WINDOW ..] [REDUNDANCY ..] [BACKUP_COPIES ..] [TENANT ..].

    `recovery_window` is the text as given: a number with an optional unit.
    """

    name: str
    recovery_window: str | None = None
    redundancy: int | None = None
    copies: int | None = None
    tenants: tuple[str, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        return (
            f"ALTER SYSTEM ADD DELETE BACKUP POLICY = {quote_text(self.name)}"
            f"{text_clause('RECOVERY_WINDOW', self.recovery_window)}{_number('REDUNDANCY', self.redundancy)}"
            f"{_number('BACKUP_COPIES', self.copies)}{tenants_clause(self.tenants)}"
        )


@dataclass(frozen=True, slots=True)
class DropDeletePolicy(AlterSystem):
    """ALTER SYSTEM DROP DELETE BACKUP POLICY [=] name [TENANT [=] names]."""

    name: str
    tenants: tuple[str, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM DROP DELETE BACKUP POLICY = {quote_text(self.name)}{tenants_clause(self.tenants)}"


@dataclass(frozen=True, slots=True)
class DeleteBackup(AlterSystem):
    """ALTER SYSTEM DELETE {BACKUPSET | BACKUPPIECE} id [COPY id] [TENANT [=] names] [DESCRIPTION [=] text]."""

    piece: bool
    backup_id: int
    copy_id: int | None = None
    tenants: tuple[str, ...] = ()
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        copy = "" if self.copy_id is None else f" COPY {self.copy_id}"
        return (
            f"ALTER SYSTEM DELETE {'BACKUPPIECE' if self.piece else 'BACKUPSET'} {self.backup_id}{copy}"
            f"{tenants_clause(self.tenants)}{text_clause('DESCRIPTION', self.description)}"
        )


@dataclass(frozen=True, slots=True)
class DeleteObsoleteBackup(AlterSystem):
    """ALTER SYSTEM DELETE OBSOLETE BACKUP [TENANT [=] names] [DESCRIPTION [=] text]."""

    tenants: tuple[str, ...] = ()
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        clauses = f"{tenants_clause(self.tenants)}{text_clause('DESCRIPTION', self.description)}"
        return f"ALTER SYSTEM DELETE OBSOLETE BACKUP{clauses}"


@dataclass(frozen=True, slots=True)
class CancelDeleteBackup(AlterSystem):
    """ALTER SYSTEM CANCEL DELETE BACKUP [TENANT [=] names] [DESCRIPTION [=] text]."""

    tenants: tuple[str, ...] = ()
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        clauses = f"{tenants_clause(self.tenants)}{text_clause('DESCRIPTION', self.description)}"
        return f"ALTER SYSTEM CANCEL DELETE BACKUP{clauses}"
