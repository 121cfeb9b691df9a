"""Statements about whole tenants: CREATE, ALTER, DROP, PURGE and FLASHBACK TENANT."""

from dataclasses import dataclass, field
from typing import Literal

from obsim.statements.base import BackupStatement
from obsim.statements.text import listed_texts, number_text, quote_name, quote_text

__all__ = [
    "AlterTenant", "CreateStandbyTenant", "CreateTenant", "DropTenant", "FlashbackTenant", "LockTenant", "OptionValue",
    "PurgeRecyclebin", "PurgeTenant", "RenameTenant", "TenantOption", "VariableSetting",
]  # fmt: skip

OptionValue = str | int | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class TenantOption:
    """One option of CREATE or ALTER TENANT, by its word.

    `value`: a text, a number, a bool (ENABLE_..), a list of names (RESOURCE_POOL_LIST, ZONE_LIST), ONLY or WRITE behind
    READ, and None for PRIMARY_ZONE DEFAULT and for DEFAULT TABLEGROUP NULL. `force` belongs to LOCALITY.
    """

    word: str
    value: OptionValue
    force: bool = False

    def sql(self) -> str:
        """As in a list of options."""
        if self.word == "READ":
            return f"READ {self.value}"
        match self.value:
            case bool():
                shown = str(self.value).upper()
            case int():
                shown = str(self.value)
            case tuple():
                shown = listed_texts(self.value)
            case None:
                shown = "DEFAULT" if self.word == "PRIMARY_ZONE" else "NULL"
            case _:
                shown = quote_name(self.value) if self.word == "DEFAULT TABLEGROUP" else quote_text(self.value)
        return f"{self.word} = {shown}{' FORCE' if self.force else ''}"


@dataclass(frozen=True, slots=True)
class VariableSetting:
    """A system variable and its value: a number, or a text whether it stood in quotes or not."""

    name: str
    value: str | int | float

    def sql(self) -> str:
        """`name = value`."""
        shown = quote_text(self.value) if isinstance(self.value, str) else number_text(self.value)
        return f"{quote_name(self.name)} = {shown}"


def _tail(options: tuple[TenantOption, ...], variables: tuple[VariableSetting, ...], word: str) -> str:
    text = "".join(f" {', '.join(o.sql() for o in options)}" if options else "")
    return text + (f" {word} {', '.join(v.sql() for v in variables)}" if variables else "")


@dataclass(frozen=True, slots=True)
class CreateTenant(BackupStatement):
    """CREATE TENANT [IF NOT EXISTS] name [options] [SET variables]."""

    name: str
    options: tuple[TenantOption, ...] = ()
    variables: tuple[VariableSetting, ...] = ()
    if_not_exists: bool = False

    def sql(self) -> str:
        """Canonical text."""
        known = "IF NOT EXISTS " if self.if_not_exists else ""
        return f"CREATE TENANT {known}{quote_name(self.name)}{_tail(self.options, self.variables, 'SET')}"


@dataclass(frozen=True, slots=True)
class CreateStandbyTenant(BackupStatement):
    """CREATE STANDBY TENANT [IF NOT EXISTS] name [LOG_RESTORE_SOURCE = 'source'] [options]."""

    name: str
    source: str | None = None
    options: tuple[TenantOption, ...] = ()
    if_not_exists: bool = False

    def sql(self) -> str:
        """Canonical text."""
        known = "IF NOT EXISTS " if self.if_not_exists else ""
        source = "" if self.source is None else f" LOG_RESTORE_SOURCE = {quote_text(self.source)}"
        comma = "," if source and self.options else ""
        return f"CREATE STANDBY TENANT {known}{quote_name(self.name)}{source}{comma}{_tail(self.options, (), '')}"


@dataclass(frozen=True, slots=True)
class AlterTenant(BackupStatement):
    """ALTER TENANT name [options] [VARIABLES ..]. `text` is the statement as it came: job rows show it."""

    name: str
    options: tuple[TenantOption, ...] = ()
    variables: tuple[VariableSetting, ...] = ()
    text: str = field(default="", compare=False, repr=False)

    def sql(self) -> str:
        """Canonical text."""
        return f"ALTER TENANT {quote_name(self.name)}{_tail(self.options, self.variables, 'VARIABLES')}"


@dataclass(frozen=True, slots=True)
class RenameTenant(BackupStatement):
    """ALTER TENANT name RENAME GLOBAL_NAME TO new_name."""

    name: str
    new_name: str

    def sql(self) -> str:
        """Canonical text."""
        return f"ALTER TENANT {quote_name(self.name)} RENAME GLOBAL_NAME TO {quote_name(self.new_name)}"


@dataclass(frozen=True, slots=True)
class LockTenant(BackupStatement):
    """ALTER TENANT name LOCK | UNLOCK."""

    name: str
    locked: bool

    def sql(self) -> str:
        """Canonical text."""
        return f"ALTER TENANT {quote_name(self.name)} {'LOCK' if self.locked else 'UNLOCK'}"


@dataclass(frozen=True, slots=True)
class DropTenant(BackupStatement):
    """DROP TENANT [IF EXISTS] name [FORCE | PURGE]."""

    name: str
    if_exists: bool = False
    mode: Literal["", "FORCE", "PURGE"] = ""

    def sql(self) -> str:
        """Canonical text."""
        known = "IF EXISTS " if self.if_exists else ""
        return f"DROP TENANT {known}{quote_name(self.name)}{' ' + self.mode if self.mode else ''}"


@dataclass(frozen=True, slots=True)
class PurgeTenant(BackupStatement):
    """PURGE TENANT name: a name in the recycle bin, or the one it had before."""

    name: str

    def sql(self) -> str:
        """Canonical text."""
        return f"PURGE TENANT {quote_name(self.name)}"


@dataclass(frozen=True, slots=True)
class PurgeRecyclebin(BackupStatement):
    """PURGE RECYCLEBIN."""

    def sql(self) -> str:
        """Canonical text."""
        return "PURGE RECYCLEBIN"


@dataclass(frozen=True, slots=True)
class FlashbackTenant(BackupStatement):
    """FLASHBACK TENANT name TO BEFORE DROP [RENAME TO new_name]."""

    name: str
    new_name: str | None = None

    def sql(self) -> str:
        """Canonical text."""
        renamed = "" if self.new_name is None else f" RENAME TO {quote_name(self.new_name)}"
        return f"FLASHBACK TENANT {quote_name(self.name)} TO BEFORE DROP{renamed}"
