"""The information_schema over the catalog itself: what drivers, GUIs and object mappers look up.

Shapes follow MySQL 5.7 and the recorded engine (seekdb-observations.jsonl). There are no user tables, so the views of
constraints, indexes, routines, events and triggers are empty.
"""

from collections.abc import Iterator
from re import fullmatch
from typing import Protocol

from obsim.answers import Value
from obsim.catalog.columns import information_schema as d
from obsim.catalog.model import ColumnDef, Row, RowSource, Scope, ViewDef
from obsim.charsets import CHARACTER_SETS, COLLATIONS
from obsim.cluster import ClusterState, Tenant

__all__ = ["OF_SESSION", "Listing", "information_schema_views"]

SCHEMA = "information_schema"
CATALOG = "def"
CHARSET = "utf8mb4"
COLLATION = "utf8mb4_general_ci"
_BYTES_PER_CHARACTER = 4
_INTEGER_DIGITS = {"tinyint": 3, "int": 10, "bigint": 19}
_LONGTEXT_BYTES = 536_870_911


class Listing(Protocol):
    """What these views ask of the catalog."""

    def schemas(self, tenant: Tenant) -> list[str]:
        """Schemas the tenant sees."""
        ...

    def views(self, schema: str, tenant: Tenant) -> list[ViewDef]:
        """Views of a schema."""
        ...

    def columns(self, view: ViewDef) -> tuple[ColumnDef, ...]:
        """Columns of a view in this version."""
        ...


def information_schema_views(listing: Listing) -> list[ViewDef]:
    """The views of information_schema over one catalog: rows that never change, or rows of the session that asks."""

    def over(rows: "_Rows") -> RowSource:
        return lambda state, scope: list(rows(listing, state.tenants[scope.tenant_id]))

    table: tuple[tuple[str, tuple[ColumnDef, ...], RowSource], ...] = (
        ("SCHEMATA", d.SCHEMATA, over(_schemata)),
        ("TABLES", d.TABLES, over(_tables)),
        ("COLUMNS", d.COLUMNS, over(_columns)),
        ("VIEWS", d.VIEW_LIST, over(_view_list)),
        ("CHARACTER_SETS", d.CHARACTER_SET_LIST, _character_sets),
        ("COLLATIONS", d.COLLATION_LIST, _collations),
        ("ENGINES", d.ENGINE_LIST, _engines),
        ("KEY_COLUMN_USAGE", d.KEY_COLUMN_USAGE, _nothing),
        ("TABLE_CONSTRAINTS", d.TABLE_CONSTRAINTS, _nothing),
        ("REFERENTIAL_CONSTRAINTS", d.REFERENTIAL_CONSTRAINTS, _nothing),
        ("STATISTICS", d.STATISTICS, _nothing),
        ("ROUTINES", d.ROUTINES, _nothing),
        ("TRIGGERS", d.TRIGGERS, _nothing),
        ("PARTITIONS", d.PARTITIONS, _nothing),
        ("PARAMETERS", d.PARAMETERS, _nothing),
        ("EVENTS", d.EVENTS, _nothing),
        ("COLUMN_PRIVILEGES", d.COLUMN_PRIVILEGES, _nothing),
        ("COLLATION_CHARACTER_SET_APPLICABILITY", d.COLLATION_APPLICABILITY, _applicability),
    )
    lasting = [ViewDef(SCHEMA, name, columns, (), rows) for name, columns, rows in table]
    return lasting + [
        ViewDef(SCHEMA, name, columns, ("time",), _nothing, of_session=True) for name, columns in OF_SESSION.items()
    ]


OF_SESSION: dict[str, tuple[ColumnDef, ...]] = {
    "GLOBAL_STATUS": d.STATUS_LIST,
    "GLOBAL_VARIABLES": d.VARIABLE_LIST,
    "PROCESSLIST": d.PROCESS_LIST,
    "SCHEMA_PRIVILEGES": d.SCHEMA_PRIVILEGES,
    "SESSION_STATUS": d.STATUS_LIST,
    "SESSION_VARIABLES": d.VARIABLE_LIST,
    "TABLE_PRIVILEGES": d.TABLE_PRIVILEGES,
    "USER_PRIVILEGES": d.USER_PRIVILEGES,
}
"""Views whose rows depend on who asks; `obsim.session.own_views` has them."""


class _Rows(Protocol):
    def __call__(self, listing: Listing, tenant: Tenant, /) -> Iterator[Row]: ...


def _schemata(listing: Listing, tenant: Tenant) -> Iterator[Row]:
    for schema in listing.schemas(tenant):
        yield CATALOG, schema, CHARSET, COLLATION, None, "NO"


def _each(listing: Listing, tenant: Tenant) -> Iterator[ViewDef]:
    for schema in listing.schemas(tenant):
        yield from listing.views(schema, tenant)


def _tables(listing: Listing, tenant: Tenant) -> Iterator[Row]:
    for view in _each(listing, tenant):
        table_type = "SYSTEM TABLE" if view.name.startswith("__all") else "SYSTEM VIEW"
        nothing = (None,) * 12
        yield (CATALOG, view.schema, view.name, table_type, None, *nothing, COLLATION, None, None, "")


def _columns(listing: Listing, tenant: Tenant) -> Iterator[Row]:
    for view in _each(listing, tenant):
        for position, column in enumerate(listing.columns(view), 1):
            yield (
                CATALOG, view.schema, view.name, column.name, position, None, "YES" if column.nullable else "NO",
                *_type_facts(column.mysql_type), column.mysql_type, "", "", "SELECT", "", "",
            )  # fmt: skip


def _type_facts(mysql_type: str) -> tuple[Value, ...]:
    """DATA_TYPE to COLLATION_NAME of a type as DESC prints it."""
    match = fullmatch(r"([a-z]+)(?:\((\d+)(?:,(\d+))?\))?(?: unsigned)?", mysql_type)
    if match is None:
        raise ValueError(f"not a column type: {mysql_type!r}")
    word, size, scale = match[1], int(match[2] or 0), int(match[3] or 0)
    if word in {"char", "varchar", "longtext"}:
        characters = size if word != "longtext" else _LONGTEXT_BYTES // _BYTES_PER_CHARACTER
        octets = size * _BYTES_PER_CHARACTER if word != "longtext" else _LONGTEXT_BYTES
        return word, characters, octets, None, None, None, CHARSET, COLLATION
    if word in {"datetime", "timestamp"}:
        return word, None, None, None, None, size, None, None
    digits = _INTEGER_DIGITS.get(word, size)
    if word == "bigint" and mysql_type.endswith("unsigned"):
        digits += 1
    return word, None, None, digits, scale, None, None, None


def _view_list(listing: Listing, tenant: Tenant) -> Iterator[Row]:
    for view in _each(listing, tenant):
        if not view.name.startswith("__all"):
            yield CATALOG, view.schema, view.name, "", "NONE", "NO", "'root'@'%'", "NONE", CHARSET, COLLATION


def _character_sets(_state: ClusterState, _scope: Scope) -> list[Row]:
    return [(c.name, c.default_collation, c.description, c.bytes_max) for c in CHARACTER_SETS.values()]


def _collations(_state: ClusterState, _scope: Scope) -> list[Row]:
    found = COLLATIONS.values()
    return [(c.name, c.character_set, c.id, "Yes" if c.is_default else "", "Yes", c.sort_length) for c in found]


def _applicability(_state: ClusterState, _scope: Scope) -> list[Row]:
    return [(c.name, c.character_set) for c in COLLATIONS.values()]


def _engines(_state: ClusterState, _scope: Scope) -> list[Row]:
    return [("OceanBase", "DEFAULT", "Supports transactions", "YES", "YES", "YES")]


def _nothing(_state: ClusterState, _scope: Scope) -> list[Row]:
    return []
