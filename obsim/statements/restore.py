"""Restores of tenants, their sources, and standby tenants (statements.md, Restore and recovery)."""

from dataclasses import dataclass
from typing import Literal

from obsim.statements.base import AlterSystem
from obsim.statements.text import Secret, quote_name, quote_text, tenants_clause, text_clause

__all__ = [
    "AddRestoreSource", "BackupKey", "CancelRecoverTable", "CancelRestore", "ChangeExternalStorage",
    "ClearRestoreSource", "KeySource", "PreviewRestore", "RecoverStandby", "RecoverTable", "Remap", "RestorePoint",
    "RestoreTables", "RestoreTenant", "SwitchRole", "TableName",
]  # fmt: skip

RestorePoint = str | int | None
"""UNTIL: a text is the TIME, a number the SCN, None stands for no clause."""

TableName = tuple[str | None, ...]
"""One or two parts of a name; None stands for `*`."""


def _point(until: RestorePoint) -> str:
    if until is None:
        return ""
    return f" UNTIL TIME = {quote_text(until)}" if isinstance(until, str) else f" UNTIL SCN = {until}"


def _table(name: TableName) -> str:
    return ".".join("*" if part is None else quote_name(part) for part in name)


def _parts(item: tuple[TableName, ...]) -> str:
    return " : ".join(map(_table, item))


def _from(uri: str | None) -> str:
    return "" if uri is None else f" FROM {quote_text(uri)}"


def _tenant(name: str | None) -> str:
    return "" if name is None else tenants_clause((name,))


@dataclass(frozen=True, slots=True)
class KeySource:
    """[ENCRYPTED BY password] [WITH KEY FROM uri [ENCRYPTED BY password]]."""

    password: Secret | None = None
    uri: str | None = None
    uri_password: Secret | None = None

    def sql(self) -> str:
        """The clauses as SQL, with the passwords."""
        text = "" if self.password is None else f" ENCRYPTED BY {quote_text(self.password.reveal)}"
        if self.uri is not None:
            text += f" WITH KEY FROM {quote_text(self.uri)}"
            text += "" if self.uri_password is None else f" ENCRYPTED BY {quote_text(self.uri_password.reveal)}"
        return text


NO_KEYS = KeySource()


@dataclass(frozen=True, slots=True)
class RestoreTenant(AlterSystem):
    """ALTER SYSTEM RESTORE tenant [FROM uris] [UNTIL ..] WITH options [keys] [DESCRIPTION ..] [PREVIEW].

    PREVIEW stands at the end in the grammar of 4.0 and 4.1 only.
    """

    tenant: str
    options: str
    uri: str | None = None
    until: RestorePoint = None
    keys: KeySource = NO_KEYS
    description: str | None = None
    preview: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        return (
            f"ALTER SYSTEM RESTORE {quote_name(self.tenant)}{_from(self.uri)}{_point(self.until)}"
            f" WITH {quote_text(self.options)}{self.keys.sql()}{text_clause('DESCRIPTION', self.description)}"
            f"{' PREVIEW' if self.preview else ''}"
        )


@dataclass(frozen=True, slots=True)
class RestoreTables(AlterSystem):
    """ALTER SYSTEM RESTORE tables FOR tenant [FROM uris] [UNTIL ..] WITH options [keys] [DESCRIPTION ..]: 4.0, 4.1."""

    tables: tuple[TableName, ...]
    tenant: str
    options: str
    uri: str | None = None
    until: RestorePoint = None
    keys: KeySource = NO_KEYS
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        return (
            f"ALTER SYSTEM RESTORE {', '.join(map(_table, self.tables))} FOR {quote_name(self.tenant)}{_from(self.uri)}"
            f"{_point(self.until)} WITH {quote_text(self.options)}{self.keys.sql()}"
            f"{text_clause('DESCRIPTION', self.description)}"
        )


@dataclass(frozen=True, slots=True)
class PreviewRestore(AlterSystem):
    """ALTER SYSTEM RESTORE FROM uris [UNTIL ..] PREVIEW: from 4.2; SHOW RESTORE PREVIEW tells what it found."""

    uri: str
    until: RestorePoint = None

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM RESTORE{_from(self.uri)}{_point(self.until)} PREVIEW"


@dataclass(frozen=True, slots=True)
class CancelRestore(AlterSystem):
    """ALTER SYSTEM CANCEL RESTORE tenant."""

    tenant: str

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM CANCEL RESTORE {quote_name(self.tenant)}"


@dataclass(frozen=True, slots=True)
class AddRestoreSource(AlterSystem):
    """ALTER SYSTEM ADD RESTORE SOURCE uri."""

    uri: str

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM ADD RESTORE SOURCE {quote_text(self.uri)}"


@dataclass(frozen=True, slots=True)
class ClearRestoreSource(AlterSystem):
    """ALTER SYSTEM CLEAR RESTORE SOURCE."""

    def sql(self) -> str:
        """The statement as SQL."""
        return "ALTER SYSTEM CLEAR RESTORE SOURCE"


@dataclass(frozen=True, slots=True)
class Remap:
    """REMAP {TABLE | TABLEGROUP | TABLESPACE} a:b {, a:b}; an item has up to three parts between its colons."""

    kind: Literal["TABLE", "TABLEGROUP", "TABLESPACE"]
    items: tuple[tuple[TableName, ...], ...]

    def sql(self) -> str:
        """The clause as SQL."""
        return f" REMAP {self.kind} " + ", ".join(map(_parts, self.items))


@dataclass(frozen=True, slots=True)
class RecoverTable(AlterSystem):
    """ALTER SYSTEM RECOVER TABLE tables TO TENANT [=] name [FROM ..] [UNTIL ..] WITH options [keys] [REMAP ..] ..

    Each of `tables` is a table, or a table and a partition of it with a colon between.
    """

    tables: tuple[tuple[TableName, ...], ...]
    tenant: str
    options: str
    uri: str | None = None
    until: RestorePoint = None
    keys: KeySource = NO_KEYS
    remaps: tuple[Remap, ...] = ()
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        return (
            f"ALTER SYSTEM RECOVER TABLE {', '.join(map(_parts, self.tables))} TO{_tenant(self.tenant)}"
            f"{_from(self.uri)}{_point(self.until)} WITH {quote_text(self.options)}{self.keys.sql()}"
            f"{''.join(remap.sql() for remap in self.remaps)}{text_clause('DESCRIPTION', self.description)}"
        )


@dataclass(frozen=True, slots=True)
class CancelRecoverTable(AlterSystem):
    """ALTER SYSTEM CANCEL RECOVER TABLE tenant."""

    tenant: str

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM CANCEL RECOVER TABLE {quote_name(self.tenant)}"


@dataclass(frozen=True, slots=True)
class RecoverStandby(AlterSystem):
    """ALTER SYSTEM RECOVER STANDBY [TENANT ..] {UNTIL {TIME = ts | SCN = n | UNLIMITED} | CANCEL}.

    `word` is UNLIMITED or CANCEL; without it and `until` the statement parses and is refused.
    """

    tenant: str | None = None
    until: RestorePoint = None
    word: Literal["UNLIMITED", "CANCEL"] | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        word = {None: "", "UNLIMITED": " UNTIL UNLIMITED", "CANCEL": " CANCEL"}[self.word]
        return f"ALTER SYSTEM RECOVER STANDBY{_tenant(self.tenant)}{_point(self.until)}{word}"


@dataclass(frozen=True, slots=True)
class SwitchRole(AlterSystem):
    """ALTER SYSTEM {ACTIVATE STANDBY | SWITCHOVER TO {PRIMARY | STANDBY}} [TENANT [=] name] [VERIFY]."""

    action: Literal["ACTIVATE STANDBY", "SWITCHOVER TO PRIMARY", "SWITCHOVER TO STANDBY"]
    tenant: str | None = None
    verify: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM {self.action}{_tenant(self.tenant)}{' VERIFY' if self.verify else ''}"


@dataclass(frozen=True, slots=True)
class BackupKey(AlterSystem):
    """ALTER SYSTEM BACKUP KEY [TENANT [=] names] [TO [=] uri] [ENCRYPTED BY password]."""

    tenants: tuple[str, ...] = ()
    uri: str | None = None
    password: Secret | None = None

    def sql(self) -> str:
        """The statement as SQL, with the password."""
        by = "" if self.password is None else f" ENCRYPTED BY {quote_text(self.password.reveal)}"
        return f"ALTER SYSTEM BACKUP KEY{tenants_clause(self.tenants)}{text_clause('TO', self.uri)}{by}"


@dataclass(frozen=True, slots=True)
class ChangeExternalStorage(AlterSystem):
    """ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST PATH [=] p [SET] [ACCESS_INFO [=] a] [ATTRIBUTE [=] a]."""

    path: Secret
    access_info: Secret | None = None
    attribute: Secret | None = None

    def sql(self) -> str:
        """The statement as SQL, with its keys."""
        access = text_clause("ACCESS_INFO", self.access_info.reveal if self.access_info else None)
        attribute = text_clause("ATTRIBUTE", self.attribute.reveal if self.attribute else None)
        setting = " SET" if access or attribute else ""
        path = text_clause("PATH", self.path.reveal)
        return f"ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST{path}{setting}{access}{attribute}"
