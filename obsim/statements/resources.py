"""Statements about what tenants are made of: RESOURCE UNIT, RESOURCE POOL, and the units of a tenant."""

from dataclasses import dataclass, field

from obsim.statements.base import BackupStatement
from obsim.statements.text import listed_texts, number_text, quote_name, quote_text

__all__ = [
    "AlterResourcePool", "AlterResourceTenant", "AlterResourceUnit", "CreateResourcePool", "CreateResourceUnit",
    "DropResourcePool", "DropResourceUnit", "MergeResourcePools", "PoolOption",
    "SplitResourcePool", "UnitOption",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitOption:
    """One size of a unit by its word, MAX_CPU to IOPS_WEIGHT: a number, or a text such as '2G'."""

    word: str
    value: str | int | float

    def sql(self) -> str:
        """As in a list of options."""
        shown = quote_text(self.value) if isinstance(self.value, str) else number_text(self.value)
        return f"{self.word} = {shown}"


@dataclass(frozen=True, slots=True)
class PoolOption:
    """UNIT and REPLICA_TYPE with a text, UNIT_NUM with a number, ZONE_LIST with names of zones.

    `deleted`: the units that DELETE UNIT behind UNIT_NUM names.
    """

    word: str
    value: str | int | tuple[str, ...]
    deleted: tuple[int, ...] = ()

    def sql(self) -> str:
        """As in a list of options."""
        match self.value:
            case int():
                shown = str(self.value)
            case tuple():
                shown = listed_texts(self.value)
            case _:
                shown = quote_text(self.value)
        units = f" DELETE UNIT = ({', '.join(map(str, self.deleted))})" if self.deleted else ""
        return f"{self.word} = {shown}{units}"


def _options(options: tuple[UnitOption, ...] | tuple[PoolOption, ...]) -> str:
    return " " + ", ".join(option.sql() for option in options) if options else ""


@dataclass(frozen=True, slots=True)
class CreateResourceUnit(BackupStatement):
    """CREATE RESOURCE UNIT [IF NOT EXISTS] name [options]."""

    name: str
    options: tuple[UnitOption, ...] = ()
    if_not_exists: bool = False

    def sql(self) -> str:
        """Canonical text."""
        known = "IF NOT EXISTS " if self.if_not_exists else ""
        return f"CREATE RESOURCE UNIT {known}{quote_name(self.name)}{_options(self.options)}"


@dataclass(frozen=True, slots=True)
class AlterResourceUnit(BackupStatement):
    """ALTER RESOURCE UNIT name [options]."""

    name: str
    options: tuple[UnitOption, ...] = ()

    def sql(self) -> str:
        """Canonical text."""
        return f"ALTER RESOURCE UNIT {quote_name(self.name)}{_options(self.options)}"


@dataclass(frozen=True, slots=True)
class DropResourceUnit(BackupStatement):
    """DROP RESOURCE UNIT [IF EXISTS] name."""

    name: str
    if_exists: bool = False

    def sql(self) -> str:
        """Canonical text."""
        return f"DROP RESOURCE UNIT {'IF EXISTS ' if self.if_exists else ''}{quote_name(self.name)}"


@dataclass(frozen=True, slots=True)
class CreateResourcePool(BackupStatement):
    """CREATE RESOURCE POOL [IF NOT EXISTS] name [options]."""

    name: str
    options: tuple[PoolOption, ...] = ()
    if_not_exists: bool = False

    def sql(self) -> str:
        """Canonical text."""
        known = "IF NOT EXISTS " if self.if_not_exists else ""
        return f"CREATE RESOURCE POOL {known}{quote_name(self.name)}{_options(self.options)}"


@dataclass(frozen=True, slots=True)
class AlterResourcePool(BackupStatement):
    """ALTER RESOURCE POOL name options."""

    name: str
    options: tuple[PoolOption, ...]

    def sql(self) -> str:
        """Canonical text."""
        return f"ALTER RESOURCE POOL {quote_name(self.name)}{_options(self.options)}"


@dataclass(frozen=True, slots=True)
class DropResourcePool(BackupStatement):
    """DROP RESOURCE POOL [IF EXISTS] name."""

    name: str
    if_exists: bool = False

    def sql(self) -> str:
        """Canonical text."""
        return f"DROP RESOURCE POOL {'IF EXISTS ' if self.if_exists else ''}{quote_name(self.name)}"


@dataclass(frozen=True, slots=True)
class SplitResourcePool(BackupStatement):
    """ALTER RESOURCE POOL name SPLIT INTO (pools) ON (zones): a pool for each zone."""

    name: str
    pools: tuple[str, ...]
    zones: tuple[str, ...]

    def sql(self) -> str:
        """Canonical text."""
        parts = f"INTO {listed_texts(self.pools)} ON {listed_texts(self.zones)}"
        return f"ALTER RESOURCE POOL {quote_name(self.name)} SPLIT {parts}"


@dataclass(frozen=True, slots=True)
class MergeResourcePools(BackupStatement):
    """ALTER RESOURCE POOL MERGE (pools) INTO (pools)."""

    pools: tuple[str, ...]
    merged: tuple[str, ...]

    def sql(self) -> str:
        """Canonical text."""
        return f"ALTER RESOURCE POOL MERGE {listed_texts(self.pools)} INTO {listed_texts(self.merged)}"


@dataclass(frozen=True, slots=True)
class AlterResourceTenant(BackupStatement):
    """ALTER RESOURCE TENANT name UNIT_NUM n [DELETE UNIT_GROUP (ids)]. `text` is the statement as it came."""

    name: str
    unit_count: int
    deleted: tuple[int, ...] = ()
    text: str = field(default="", compare=False, repr=False)

    def sql(self) -> str:
        """Canonical text."""
        groups = f" DELETE UNIT_GROUP = ({', '.join(map(str, self.deleted))})" if self.deleted else ""
        return f"ALTER RESOURCE TENANT {quote_name(self.name)} UNIT_NUM = {self.unit_count}{groups}"
