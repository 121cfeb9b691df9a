"""CREATE, ALTER and DROP of RESOURCE UNIT and RESOURCE POOL, ALTER RESOURCE TENANT."""

from obsim.sql.grammar.cursor import Cursor
from obsim.sql.grammar.tenants import listed_strings
from obsim.statements.resources import (
    AlterResourcePool,
    AlterResourceTenant,
    AlterResourceUnit,
    CreateResourcePool,
    CreateResourceUnit,
    DropResourcePool,
    DropResourceUnit,
    MergeResourcePools,
    PoolOption,
    SplitResourcePool,
    UnitOption,
)

__all__ = ["alter_resource", "create_resource", "drop_resource"]

_SIZES = frozenset({"MAX_CPU", "MIN_CPU", "MEMORY_SIZE", "LOG_DISK_SIZE", "MAX_IOPS", "MIN_IOPS", "IOPS_WEIGHT"})
_KINDS = frozenset({"UNIT", "POOL"})


def _unit_option(cursor: Cursor) -> UnitOption:
    word = cursor.word
    if word not in _SIZES or not cursor.clause(word):
        raise cursor.refused()
    return UnitOption(word, cursor.string() if cursor.at_string() else cursor.number())


def _unit_options(cursor: Cursor) -> tuple[UnitOption, ...]:
    return tuple(cursor.listed(lambda: _unit_option(cursor))) if cursor.token is not None else ()


def _ids(cursor: Cursor) -> tuple[int, ...]:
    cursor.expect("(")
    found = tuple(cursor.listed(cursor.integer))
    cursor.expect(")")
    return found


def _deleted(cursor: Cursor, word: str) -> tuple[int, ...]:
    """`DELETE word [=] (id {, id})`, or nothing."""
    if not cursor.take("DELETE"):
        return ()
    if not cursor.clause(word):
        raise cursor.refused()
    return _ids(cursor)


def _pool_option(cursor: Cursor) -> PoolOption:
    if cursor.clause("UNIT"):
        return PoolOption("UNIT", cursor.text_or_name())
    if cursor.clause("UNIT_NUM"):
        return PoolOption("UNIT_NUM", cursor.integer(), _deleted(cursor, "UNIT"))
    if cursor.clause("ZONE_LIST"):
        return PoolOption("ZONE_LIST", listed_strings(cursor, spaced=True))
    if cursor.clause("REPLICA_TYPE"):
        return PoolOption("REPLICA_TYPE", cursor.string())
    raise cursor.refused()


def _pool_options(cursor: Cursor) -> tuple[PoolOption, ...]:
    return tuple(cursor.listed(lambda: _pool_option(cursor)))


def create_resource(cursor: Cursor) -> CreateResourceUnit | CreateResourcePool:
    """CREATE RESOURCE {UNIT | POOL} [IF NOT EXISTS] name [options]."""
    cursor.expect("CREATE", "RESOURCE")
    kind = cursor.one_of(_KINDS)
    known = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.name()
    if kind == "UNIT":
        return CreateResourceUnit(name, _unit_options(cursor), known)
    return CreateResourcePool(name, _pool_options(cursor) if cursor.token is not None else (), known)


def alter_resource(
    cursor: Cursor,
) -> AlterResourceUnit | AlterResourcePool | SplitResourcePool | MergeResourcePools | AlterResourceTenant:
    """ALTER RESOURCE UNIT, POOL with options, SPLIT or MERGE, and TENANT with its number of units."""
    cursor.expect("ALTER", "RESOURCE")
    kind = cursor.one_of(_KINDS | {"TENANT"})
    if kind == "POOL" and cursor.word == "MERGE" and cursor.following == "(":
        cursor.expect("MERGE")
        pools = listed_strings(cursor)
        cursor.expect("INTO")
        return MergeResourcePools(pools, listed_strings(cursor))
    name = cursor.name()
    if kind == "UNIT":
        return AlterResourceUnit(name, _unit_options(cursor))
    if kind == "TENANT":
        if not cursor.clause("UNIT_NUM"):
            raise cursor.refused()
        return AlterResourceTenant(name, cursor.integer(), _deleted(cursor, "UNIT_GROUP"), cursor.text)
    if cursor.take("SPLIT"):
        cursor.expect("INTO")
        pools = listed_strings(cursor)
        cursor.expect("ON")
        return SplitResourcePool(name, pools, listed_strings(cursor, spaced=True))
    return AlterResourcePool(name, _pool_options(cursor))


def drop_resource(cursor: Cursor) -> DropResourceUnit | DropResourcePool:
    """DROP RESOURCE {UNIT | POOL} [IF EXISTS] name."""
    cursor.expect("DROP", "RESOURCE")
    kind = cursor.one_of(_KINDS)
    known = cursor.take("IF", "EXISTS")
    name = cursor.name()
    return DropResourceUnit(name, known) if kind == "UNIT" else DropResourcePool(name, known)
