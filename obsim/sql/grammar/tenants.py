"""CREATE, ALTER, DROP, PURGE and FLASHBACK TENANT as OceanBase's MySQL mode reads them."""

from collections.abc import Callable
from typing import Literal, cast

from obsim.sql.grammar.cursor import Cursor
from obsim.statements.known import NotModelledStatement
from obsim.statements.tenants import (
    AlterTenant,
    CreateStandbyTenant,
    CreateTenant,
    DropTenant,
    FlashbackTenant,
    LockTenant,
    OptionValue,
    PurgeRecyclebin,
    PurgeTenant,
    RenameTenant,
    TenantOption,
    VariableSetting,
)

__all__ = ["alter_tenant", "create_tenant", "drop_tenant", "flashback_tenant", "listed_strings", "purge"]

_BOOLS = frozenset({"TRUE", "FALSE"})


def listed_strings(cursor: Cursor, *, spaced: bool = False) -> tuple[str, ...]:
    """`('a', 'b')`; with `spaced` the commas may be left out, as in ZONE_LIST."""
    cursor.expect("(")
    found = [cursor.string()]
    while cursor.take(",") or (spaced and cursor.at_string()):
        found.append(cursor.string())
    cursor.expect(")")
    return tuple(found)


def _primary_zone(cursor: Cursor) -> str | None:
    return None if cursor.take("DEFAULT") else cursor.text_or_name()


def _tablegroup(cursor: Cursor) -> str | None:
    return None if cursor.take("NULL") else cursor.name()


_VALUES: dict[str, Callable[[Cursor], OptionValue]] = {
    "LOCALITY": Cursor.string,
    "PRIMARY_ZONE": _primary_zone,
    "RESOURCE_POOL_LIST": listed_strings,
    "ZONE_LIST": lambda cursor: listed_strings(cursor, spaced=True),
    "COMMENT": Cursor.string,
    "CHARSET": Cursor.text_or_name,
    "COLLATE": Cursor.text_or_name,
    "REPLICA_NUM": Cursor.integer,
    "LOGONLY_REPLICA_NUM": Cursor.integer,
    "PROGRESSIVE_MERGE_NUM": Cursor.integer,
    "TABLEGROUP": _tablegroup,
    "ENABLE_EXTENDED_ROWID": lambda cursor: cursor.one_of(_BOOLS) == "TRUE",
    "ENABLE_ARBITRATION_SERVICE": lambda cursor: cursor.one_of(_BOOLS) == "TRUE",
}
"""Option -> what stands behind it and its `=`."""


def _option(cursor: Cursor) -> TenantOption | None:
    """The option that stands here, or None; DEFAULT may stand before some, and CHARSET is CHARACTER SET too."""
    if cursor.take("READ"):
        return TenantOption("READ", cursor.one_of(frozenset({"ONLY", "WRITE"})))
    default = cursor.word == "DEFAULT" and cursor.following in {"CHARSET", "CHARACTER", "COLLATE", "TABLEGROUP"}
    if default:
        cursor.expect("DEFAULT")
    word = cursor.word
    if cursor.take("CHARACTER", "SET"):
        cursor.take("=")
        return TenantOption("CHARSET", cursor.text_or_name())
    value = _VALUES.get(word)
    if value is None or not cursor.clause(word):
        if default:
            raise cursor.refused()
        return None
    found = value(cursor)
    force = word == "LOCALITY" and cursor.take("FORCE")
    return TenantOption("DEFAULT TABLEGROUP" if word == "TABLEGROUP" else word, found, force)


def _options(cursor: Cursor) -> tuple[TenantOption, ...]:
    """Options with commas between them, and one before the first if you like."""
    found: list[TenantOption] = []
    needed = cursor.take(",")
    while True:
        option = _option(cursor)
        if option is None:
            if needed:
                raise cursor.refused()
            return tuple(found)
        found.append(option)
        needed = cursor.take(",")
        if not needed:
            return tuple(found)


def _variable(cursor: Cursor) -> VariableSetting:
    if cursor.take("@", "@"):
        cursor.take("GLOBAL", ".")
    name = cursor.name()
    if not (cursor.take(":=") or cursor.take(":", "=") or cursor.take("=") or cursor.take("TO")):
        raise cursor.refused()
    if cursor.at_number():
        return VariableSetting(name, cursor.number())
    if cursor.word in {"TRUE", "FALSE", "ON"}:
        return VariableSetting(name, cursor.one_of(frozenset({"TRUE", "FALSE", "ON"})))
    return VariableSetting(name, cursor.text_or_name())


def _variables(cursor: Cursor) -> tuple[VariableSetting, ...]:
    return tuple(cursor.listed(lambda: _variable(cursor)))


def create_tenant(cursor: Cursor) -> CreateTenant | CreateStandbyTenant | NotModelledStatement:
    """CREATE [STANDBY] TENANT [IF NOT EXISTS] name [options] [{SET | VARIABLES} variables]; a clone by name only."""
    cursor.expect("CREATE")
    standby = cursor.take("STANDBY")
    cursor.expect("TENANT")
    known = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.name()
    if standby:
        source = cursor.string() if cursor.clause("LOG_RESTORE_SOURCE") else None
        return CreateStandbyTenant(name, source, _options(cursor), known)
    if cursor.word == "FROM":
        cursor.index = len(cursor.tokens)
        return NotModelledStatement("CREATE TENANT ... FROM", cursor.text)
    options = _options(cursor)
    if cursor.take("SET"):
        cursor.take("VARIABLES")
        return CreateTenant(name, options, _variables(cursor), known)
    return CreateTenant(name, options, _variables(cursor) if cursor.take("VARIABLES") else (), known)


def alter_tenant(cursor: Cursor) -> AlterTenant | RenameTenant | LockTenant | NotModelledStatement:
    """ALTER TENANT name {LOCK | UNLOCK | RENAME GLOBAL_NAME TO name | [SET] options | [SET] VARIABLES list}."""
    cursor.expect("ALTER", "TENANT")
    if cursor.word == "ALL":
        cursor.index = len(cursor.tokens)
        return NotModelledStatement("ALTER TENANT ALL", cursor.text)
    name = cursor.name()
    if cursor.word in {"LOCK", "UNLOCK"}:
        return LockTenant(name, cursor.one_of(frozenset({"LOCK", "UNLOCK"})) == "LOCK")
    if cursor.take("RENAME"):
        cursor.expect("GLOBAL_NAME", "TO")
        return RenameTenant(name, cursor.name())
    cursor.take("SET")
    options = _options(cursor)
    variables = _variables(cursor) if cursor.take("VARIABLES") else ()
    if not options and not variables:
        raise cursor.refused()
    return AlterTenant(name, options, variables, cursor.text)


def drop_tenant(cursor: Cursor) -> DropTenant:
    """DROP TENANT [IF EXISTS] name [FORCE | PURGE]."""
    cursor.expect("DROP", "TENANT")
    known = cursor.take("IF", "EXISTS")
    name = cursor.name()
    mode = cursor.one_of(frozenset({"FORCE", "PURGE"})) if cursor.word in {"FORCE", "PURGE"} else ""
    return DropTenant(name, known, cast(Literal["", "FORCE", "PURGE"], mode))


def purge(cursor: Cursor) -> PurgeTenant | PurgeRecyclebin:
    """PURGE TENANT name and PURGE RECYCLEBIN."""
    cursor.expect("PURGE")
    if cursor.take("TENANT"):
        return PurgeTenant(cursor.name())
    cursor.expect("RECYCLEBIN")
    return PurgeRecyclebin()


def flashback_tenant(cursor: Cursor) -> FlashbackTenant:
    """FLASHBACK TENANT name TO BEFORE DROP [RENAME TO name]."""
    cursor.expect("FLASHBACK", "TENANT")
    name = cursor.name()
    cursor.expect("TO", "BEFORE", "DROP")
    return FlashbackTenant(name, cursor.name() if cursor.take("RENAME", "TO") else None)
