"""BACKUP, CANCEL BACKUP, archive mode, freezes, and the passwords of a session (statements.md)."""

from dataclasses import dataclass

from obsim.statements.base import AlterSystem, BackupStatement
from obsim.statements.text import MASK, Secret, quote_text, tenants_clause, text_clause

__all__ = ["BackupDatabase", "CancelBackup", "Freeze", "SetArchiveMode", "SetDecryption", "SetEncryption"]


@dataclass(frozen=True, slots=True)
class BackupDatabase(AlterSystem):
    """ALTER SYSTEM BACKUP [INCREMENTAL] {DATABASE | [TENANT [=] names]} [TO uri] [PLUS ARCHIVELOG] [DESCRIPTION text].

    `tenants` is None for the DATABASE form and () for the bare form, which parses and is refused later.
    Names keep their case, ALL included, and stand in the order given.
    """

    incremental: bool = False
    tenants: tuple[str, ...] | None = None
    path: str | None = None
    plus_archivelog: bool = False
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        scope = " DATABASE" if self.tenants is None else tenants_clause(self.tenants)
        return (
            f"ALTER SYSTEM BACKUP{' INCREMENTAL' if self.incremental else ''}{scope}{text_clause('TO', self.path)}"
            f"{' PLUS ARCHIVELOG' if self.plus_archivelog else ''}{text_clause('DESCRIPTION', self.description)}"
        )


@dataclass(frozen=True, slots=True)
class CancelBackup(AlterSystem):
    """ALTER SYSTEM CANCEL BACKUP [TENANT [=] names]."""

    tenants: tuple[str, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM CANCEL BACKUP{tenants_clause(self.tenants)}"


@dataclass(frozen=True, slots=True)
class SetArchiveMode(AlterSystem):
    """ALTER SYSTEM {ARCHIVELOG | NOARCHIVELOG} [TENANT [=] names] [DESCRIPTION [=] text]."""

    enabled: bool
    tenants: tuple[str, ...] = ()
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        word = "ARCHIVELOG" if self.enabled else "NOARCHIVELOG"
        return f"ALTER SYSTEM {word}{tenants_clause(self.tenants)}{text_clause('DESCRIPTION', self.description)}"


@dataclass(frozen=True, slots=True)
class Freeze(AlterSystem):
    """ALTER SYSTEM MAJOR FREEZE [TENANT [=] names], and MINOR FREEZE with LS, TABLET_ID, SERVER and ZONE besides."""

    major: bool
    tenants: tuple[str, ...] = ()
    log_stream_id: int | None = None
    tablet_id: int | None = None
    servers: tuple[str, ...] = ()
    zone: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        text = f"ALTER SYSTEM {'MAJOR' if self.major else 'MINOR'} FREEZE{tenants_clause(self.tenants)}"
        text += f" LS = {self.log_stream_id}" if self.log_stream_id is not None else ""
        text += f" TABLET_ID = {self.tablet_id}" if self.tablet_id is not None else ""
        text += f" SERVER = ({', '.join(map(quote_text, self.servers))})" if self.servers else ""
        return text + text_clause("ZONE", self.zone)


@dataclass(frozen=True, slots=True)
class SetEncryption(BackupStatement):
    """SET ENCRYPTION ON IDENTIFIED BY 'password' ONLY: session state that a backup takes along."""

    password: Secret

    def sql(self) -> str:
        """The statement as SQL, with the password."""
        return f"SET ENCRYPTION ON IDENTIFIED BY {quote_text(self.password.reveal)} ONLY"

    def masked_sql(self) -> str:
        """The statement without its password."""
        return f"SET ENCRYPTION ON IDENTIFIED BY '{MASK}' ONLY"


@dataclass(frozen=True, slots=True)
class SetDecryption(BackupStatement):
    """SET DECRYPTION IDENTIFIED BY 'password' {, 'password'}: session state that a restore takes along."""

    passwords: tuple[Secret, ...]

    def sql(self) -> str:
        """The statement as SQL, with the passwords."""
        return "SET DECRYPTION IDENTIFIED BY " + ", ".join(quote_text(p.reveal) for p in self.passwords)

    def masked_sql(self) -> str:
        """The statement without its passwords."""
        return "SET DECRYPTION IDENTIFIED BY " + ", ".join(f"'{MASK}'" for _ in self.passwords)
