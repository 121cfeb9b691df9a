"""What a schema holds: its tables, their columns, and how they were created.

Facts: recorded groups `view-desc`, `view-ddl` and `names and privileges` of seekdb-observations.jsonl. Names in
messages are lower case, as lower_case_table_names = 1 makes them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from obsim.answers import ResultSet, Value
from obsim.catalog import ViewDef
from obsim.client_statements import Describe, Show
from obsim.errors import error
from obsim.session.listing import Listing, blob, chosen, key_text, number, text
from obsim.statements import quote_name

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = [
    "create_database", "create_table", "create_view", "describe", "full_tables", "indexes", "show_columns", "tables",
]

_TEXT_TYPES = ("varchar", "char", "longtext")


def _schema(session: "Session", name: str | None) -> str:
    """The schema a statement means. Raises 1046 without any, 1049 for an unknown one."""
    if name is None:
        if session.database is None:
            raise error("OB_ERR_NO_DB_SELECTED")
        return session.database
    schema = session.schema_named(name)
    if schema is None:
        raise error("OB_ERR_BAD_DATABASE", name)
    return schema


def _view(session: "Session", schema_name: str | None, name: str) -> ViewDef:
    """The view of a name in any letter case. Raises 1146, 1046 and 1049."""
    schema = _schema(session, schema_name)
    view = session.cluster.catalog.find(schema, name, session.tenant)
    if view is None:
        raise error("OB_TABLE_NOT_EXIST", schema.lower(), name.lower())
    return view


def _is_table(view: ViewDef) -> bool:
    return view.name.startswith("__")


def _is_of_one_server(session: "Session", view: ViewDef) -> bool:
    """A V$ view that selects from its GV$ twin: its columns have no default at all (recorded group `view-desc`)."""
    twin = session.cluster.catalog.find(view.schema, f"G{view.name}", session.tenant) if view.name[:2] == "V$" else None
    return twin is not None


def tables(session: "Session", statement: Show) -> Listing:
    """SHOW TABLES: the label repeats the schema and the pattern."""
    schema = _schema(session, statement.schema)
    label = f"Tables_in_{schema}" + ("" if statement.like is None else f" ({statement.like})")
    views = session.cluster.catalog.views(schema, session.tenant)
    return Listing((key_text(label, 1024),), [(view.name,) for view in views])


def full_tables(session: "Session", statement: Show) -> Listing:
    """SHOW FULL TABLES: with the type."""
    listing = tables(session, statement)
    views = session.cluster.catalog.views(_schema(session, statement.schema), session.tenant)
    rows = [(view.name, "SYSTEM TABLE" if _is_table(view) else "SYSTEM VIEW") for view in views]
    return Listing((*listing.columns, text("Table_type", 256)), rows)


def _field_rows(session: "Session", view: ViewDef) -> list[tuple[Value, ...]]:
    default = None if _is_table(view) else "" if _is_of_one_server(session, view) else "NULL"
    return [
        (column.name, column.mysql_type, "YES" if column.nullable else "NO", "", default, "")
        for column in session.cluster.catalog.columns(view)
    ]


_FIELD_COLUMNS = (
    key_text("Field", 512), text("Type", 4_194_304), text("Null", 16), text("Key", 16),
    text("Default", 16384, null=True), text("Extra", 16384),
)  # fmt: skip


def show_columns(session: "Session", statement: Show) -> Listing:
    """SHOW [FULL] COLUMNS of a view."""
    view = _view(session, statement.schema, statement.table or "")
    rows = _field_rows(session, view)
    if not statement.full:
        return Listing(_FIELD_COLUMNS, rows)
    columns = (
        *_FIELD_COLUMNS[:2], text("Collation", 512, null=True), *_FIELD_COLUMNS[2:], text("Privileges", 1024),
        text("Comment", 4096),
    )  # fmt: skip
    wide = [
        (name, kind, "utf8mb4_general_ci" if str(kind).startswith(_TEXT_TYPES) else None, *rest, "SELECT", "")
        for name, kind, *rest in rows
    ]
    return Listing(columns, wide)


def describe(session: "Session", statement: Describe, _: Sequence[Value]) -> ResultSet:
    """DESC of a view, of one column or of those a pattern finds. Raises 1046, 1049 and 1146."""
    view = _view(session, statement.schema, statement.table)
    return chosen(session, Listing(_FIELD_COLUMNS, _field_rows(session, view)), statement.column, None)


def indexes(session: "Session", statement: Show) -> Listing:
    """SHOW INDEX: system views have none."""
    _view(session, statement.schema, statement.table or "")
    columns = (
        text("Table", 512), number("Non_unique"), text("Key_name", 512), number("Seq_in_index"),
        text("Column_name", 512), text("Collation", 4, null=True), number("Cardinality", null=True),
        text("Sub_part", 1024, null=True), text("Packed", 40, null=True), text("Null", 12), text("Index_type", 64),
        text("Comment", 64, null=True), text("Index_comment", 16384), text("Visible", 12),
        text("Expression", 2048, null=True),
    )  # fmt: skip
    return Listing(columns, ())


def create_database(session: "Session", statement: Show) -> Listing:
    """SHOW CREATE DATABASE."""
    schema = _schema(session, statement.table)
    ddl = f"CREATE DATABASE `{schema}` DEFAULT CHARACTER SET = utf8mb4 REPLICA_NUM = 1"
    return Listing((text("Database", 512), text("Create Database", 16384)), [(schema, ddl)])


def create_table(session: "Session", statement: Show) -> Listing:
    """SHOW CREATE TABLE: for a view what SHOW CREATE VIEW says, for an inner table its columns."""
    view = _view(session, statement.schema, statement.table or "")
    if not _is_table(view):
        return _view_listing(session, view)
    lines = [
        f"  {quote_name(column.name) if column.name.isidentifier() else column.name} {column.mysql_type}"
        f"{' DEFAULT NULL' if column.nullable else ' NOT NULL'}"
        for column in session.cluster.catalog.columns(view)
    ]
    body = ",\n".join(lines)
    ddl = f"CREATE TABLE `{view.name}` (\n{body}\n) DEFAULT CHARSET = utf8mb4"
    return Listing((text("Table", 1024), blob("Create Table")), [(view.name, ddl)])


def create_view(session: "Session", statement: Show) -> Listing:
    """SHOW CREATE VIEW; an inner table is 1347."""
    view = _view(session, statement.schema, statement.table or "")
    if _is_table(view):
        raise error("OB_ERR_WRONG_OBJECT", view.schema, view.name.lower(), "VIEW")
    return _view_listing(session, view)


def _view_listing(session: "Session", view: ViewDef) -> Listing:
    """The columns are the view's own; what a real cluster selects them from is none of obsim's."""
    names = ", ".join(quote_name(column.name) for column in session.cluster.catalog.columns(view))
    source = f"{view.schema}.{quote_name(view.name)}"
    ddl = f"CREATE VIEW `{view.name}` AS SELECT {names} FROM {source}"  # noqa: S608 - text to print, nothing runs it
    columns = (
        text("View", 1024), blob("Create View"), text("character_set_client", 512), text("collation_connection", 512),
    )  # fmt: skip
    return Listing(columns, [(view.name, ddl, "utf8mb4", "utf8mb4_general_ci")])
