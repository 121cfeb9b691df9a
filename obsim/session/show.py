"""The SHOW family: one table of kinds, and what each lists.

Columns, lengths and rows follow the recorded groups `identity`, `names and privileges`, `show parameters` and `extra`
of seekdb-observations.jsonl and samples.md (SHOW PARAMETERS); where nothing is recorded, MySQL 5.7.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from obsim.answers import ResultSet, Value
from obsim.catalog import parameter_columns, parameter_rows
from obsim.charsets import CHARACTER_SETS, COLLATIONS
from obsim.client_statements import Show
from obsim.cluster import Tenant
from obsim.errors import NotModelled, error
from obsim.session.describe import (
    create_database,
    create_table,
    create_view,
    full_tables,
    indexes,
    show_columns,
    tables,
)
from obsim.session.grants import grants, privileges
from obsim.session.listing import Listing, chosen, nothing, number, text
from obsim.session.tenants import create_tenant, recyclebin
from obsim.statements import ShowParameters, ShowTenant
from obsim.units import SECOND_NS
from obsim.variables import VARIABLES, shown

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["LISTINGS", "process_list", "show", "show_parameters", "show_tenant", "status", "variables"]

SHORT_INFO_LENGTH = 100
"""Characters of a statement that SHOW PROCESSLIST prints without FULL."""


def show(session: "Session", statement: Show, _: Sequence[Value]) -> ResultSet:
    """Answer one SHOW. Raises 1046, 1049, 1146 for names, 1235 for a kind that is not modelled."""
    kind = LISTINGS.get(statement.kind)
    if kind is None:
        raise NotModelled(f"SHOW {statement.kind}")
    listing = kind(session, statement)
    if statement.limit is not None:
        offset, count = statement.limit
        listing = replace(listing, rows=listing.rows[offset : offset + count])
    return chosen(session, listing, statement.like, statement.where)


def _databases(session: "Session", statement: Show) -> Listing:
    label = "Database" if statement.like is None else f"Database ({statement.like})"
    return Listing((text(label, 512),), [(name,) for name in _seen_schemas(session)])


def _seen_schemas(session: "Session") -> list[str]:
    """The schemas in which the account has anything; all of them with SHOW DATABASES."""
    account = session.account
    names = session.cluster.catalog.schemas(session.tenant)
    return [name for name in names if name == "obsim" or (account is not None and account.sees(name))]


def _tables(session: "Session", statement: Show) -> Listing:
    return full_tables(session, statement) if statement.full else tables(session, statement)


_VARIABLES_IN_ORDER = sorted(VARIABLES.values(), key=lambda variable: variable.name.upper())
"""Recorded order: character_sets_dir stands before character_set_client."""


def variables(session: "Session", statement: Show) -> Listing:
    """SHOW [GLOBAL] VARIABLES."""
    settings = session.settings
    rows = [
        (variable.name, shown(variable, settings.read(variable, statement.scope)))
        for variable in _VARIABLES_IN_ORDER
        if not (statement.scope == "global" and variable.scope == "session")
    ]
    return Listing((text("Variable_name", 512), text("Value", 262_144, null=True)), rows)


def status(session: "Session", _: Show) -> Listing:
    """SHOW [GLOBAL] STATUS."""
    host = session.cluster
    uptime_s = (host.state.now_ns - host.state.start_ns) // SECOND_NS
    values = {
        "Connections": len(host.sessions), "Max_used_connections": len(host.sessions), "Open_tables": 0, "Queries": 0,
        "Questions": 0, "Slow_queries": 0, "Ssl_cipher": session.tls[0], "Ssl_version": session.tls[1],
        "Threads_connected": len(host.sessions), "Threads_running": 1, "Uptime": uptime_s,
        "Uptime_since_flush_status": uptime_s,
    }  # fmt: skip
    rows = [(name, str(value)) for name, value in values.items()]
    return Listing((text("Variable_name", 512), text("Value", 4096, null=True)), rows)


_DIAGNOSTICS = (text("Level", 128), number("Code"), text("Message", 2048))


def _warnings(session: "Session", _: Show) -> Listing:
    return Listing(_DIAGNOSTICS, list(session.warnings))


def _errors(session: "Session", _: Show) -> Listing:
    return Listing(_DIAGNOSTICS, [entry for entry in session.warnings if entry[0] == "Error"])


def _count_warnings(session: "Session", _: Show) -> Listing:
    return Listing((number("@@session.warning_count", null=True),), [(len(session.warnings),)])


def _count_errors(session: "Session", statement: Show) -> Listing:
    return Listing((number("@@session.error_count", null=True),), [(len(_errors(session, statement).rows),)])


def _visible_sessions(session: "Session") -> "Iterator[Session]":
    for other in session.cluster.sessions.values():
        if session.tenant.kind != "SYS" and other.tenant_id != session.tenant_id:
            continue
        own = (other.tenant_id, other.user) == (session.tenant_id, session.user)
        if own or session.may("PROCESS"):
            yield other


def process_list(session: "Session", statement: Show) -> Listing:
    """SHOW [FULL] PROCESSLIST."""
    rows: list[tuple[Value, ...]] = []
    for other in _visible_sessions(session):
        info = other.statement_text()
        running = info is not None
        time_s = 0 if running else (session.cluster.state.now_ns - other.opened_ns) // SECOND_NS
        command, state = ("Query", "ACTIVE") if running else ("Sleep", "SLEEP")
        if statement.full:
            port = session.cluster.facts.port
            middle = (other.database, command, time_s, state, info, port, None)
            rows.append((other.connection_id, other.user, other.tenant.name, other.address, *middle))
        else:
            info = info[:SHORT_INFO_LENGTH] if info is not None else None
            rows.append((other.connection_id, other.user, other.address, other.database, command, time_s, state, info))
    head = (number("Id", unsigned=True), text("User", 128))
    body = (
        text("Host", 512), text("db", 512, null=True), text("Command", 16384), number("Time", 21),
        text("State", 512, null=True), text("Info", 1_048_572, null=True),
    )  # fmt: skip
    if statement.full:
        tail = (number("Port"), number("Proxy_sessid", null=True, unsigned=True))
        return Listing((*head, text("Tenant", 512), *body, *tail), rows)
    return Listing((*head, *body), rows)


def _engines(_session: "Session", _: Show) -> Listing:
    columns = (
        text("ENGINE", 256), text("SUPPORT", 32), text("COMMENT", 320), text("TRANSACTIONS", 12), text("XA", 12),
        text("SAVEPOINTS", 12),
    )  # fmt: skip
    return Listing(columns, [("OceanBase", "YES", "Supports transactions", "YES", "NO", "YES")])


def _collations(_session: "Session", _: Show) -> Listing:
    columns = (
        text("Collation", 512), text("Charset", 512), number("Id"), text("Default", 16), text("Compiled", 16),
        number("Sortlen"),
    )  # fmt: skip
    rows = [
        (c.name, c.character_set, c.id, "Yes" if c.is_default else "", "Yes", c.sort_length)
        for c in COLLATIONS.values()
    ]
    return Listing(columns, rows)


def _character_sets(_session: "Session", _: Show) -> Listing:
    columns = (text("Charset", 512), text("Description", 256), text("Default collation", 512), number("Maxlen"))
    rows = [(c.name, c.description, c.default_collation, c.bytes_max) for c in CHARACTER_SETS.values()]
    return Listing(columns, rows)


def _plugins(_session: "Session", _: Show) -> Listing:
    return nothing(
        text("Name", 256), text("Status", 40), text("Type", 320), text("Library", 256, null=True), text("License", 320)
    )


def _table_status(session: "Session", statement: Show) -> Listing:
    tables(session, statement)  # for its errors: no database, an unknown one
    return nothing(
        text("Name", 1024), text("Engine", 256), number("Version"), text("Row_format", 40), number("Rows"),
        number("Avg_row_length"), number("Data_length"), number("Max_data_length"), number("Index_length"),
        number("Data_free"), number("Auto_increment", null=True), text("Create_time", 76, null=True),
        text("Update_time", 76, null=True), text("Check_time", 76, null=True), text("Collation", 128, null=True),
        number("Checksum", null=True), text("Create_options", 1020), text("Comment", 8192),
    )  # fmt: skip


def _triggers(session: "Session", statement: Show) -> Listing:
    tables(session, statement)
    return nothing(
        text("Trigger", 512), text("Event", 24), text("Table", 512), text("Statement", 262_144), text("Timing", 24),
        text("Created", 76, null=True), text("sql_mode", 32_768), text("Definer", 512),
        text("character_set_client", 128), text("collation_connection", 128), text("Database Collation", 128),
    )  # fmt: skip


def _routines(_session: "Session", _: Show) -> Listing:
    return nothing(
        text("Db", 512), text("Name", 512), text("Type", 36), text("Definer", 512), text("Modified", 76),
        text("Created", 76), text("Security_type", 28), text("Comment", 262_144), text("character_set_client", 128),
        text("collation_connection", 128), text("Database Collation", 128),
    )  # fmt: skip


def _restore_preview(session: "Session", statement: Show) -> Listing:
    from obsim.session.restore_preview import restore_preview  # noqa: PLC0415 - hardly anybody asks for it

    return restore_preview(session, statement)


LISTINGS: dict[str, Callable[["Session", Show], Listing]] = {
    "CHARACTER SET": _character_sets,
    "COLLATION": _collations,
    "COLUMNS": show_columns,
    "COUNT ERRORS": _count_errors,
    "COUNT WARNINGS": _count_warnings,
    "CREATE DATABASE": create_database,
    "CREATE TABLE": create_table,
    "CREATE TENANT": create_tenant,
    "CREATE VIEW": create_view,
    "DATABASES": _databases,
    "ENGINES": _engines,
    "ERRORS": _errors,
    "FUNCTION STATUS": _routines,
    "GRANTS": grants,
    "INDEX": indexes,
    "PLUGINS": _plugins,
    "PRIVILEGES": privileges,
    "PROCEDURE STATUS": _routines,
    "PROCESSLIST": process_list,
    "RECYCLEBIN": recyclebin,
    "RESTORE PREVIEW": _restore_preview,
    "STATUS": status,
    "TABLE STATUS": _table_status,
    "TABLES": _tables,
    "TRIGGERS": _triggers,
    "VARIABLES": variables,
    "WARNINGS": _warnings,
}
"""Every kind of SHOW that obsim answers."""


def show_tenant(session: "Session", statement: ShowTenant, _: Sequence[Value]) -> ResultSet:
    """SHOW TENANT and SHOW TENANT STATUS."""
    if statement.status:
        rows = [(t.name, "READ WRITE") for t in _named_tenants(session)]
        return ResultSet((text("tenant_name", 512), text("read_only", 64)), rows)
    return ResultSet((text("Current_tenant_name", 512),), [(session.tenant.name,)])


def _named_tenants(session: "Session") -> list[Tenant]:
    if session.tenant.kind == "SYS":
        return [t for t in session.cluster.state.tenants.values() if t.kind != "META"]
    return [session.tenant]


def show_parameters(session: "Session", statement: ShowParameters, _: Sequence[Value]) -> ResultSet:
    """SHOW PARAMETERS: one row a parameter of the tenant and the cluster, hidden ones only where they were changed.

    Raises 1227 for TENANT from a user tenant, 5160 for a tenant that is not there (`all` included).
    """
    state = session.cluster.state
    tenant = session.tenant
    if statement.tenant is not None:
        if tenant.kind != "SYS":
            raise error("OB_ERR_NO_PRIVILEGE")
        found = state.tenant_named(statement.tenant)
        if found is None:
            raise error("OB_ERR_INVALID_TENANT_NAME")
        tenant = found
    hidden = {
        view.definition.name
        for view in state.parameters.rows(tenant.tenant_id)
        if view.definition.name.startswith("_") and view.is_default
    }
    rows = [row for row in parameter_rows(state, tenant.tenant_id) if row[_PARAMETER_NAME] not in hidden]
    if statement.where is None:
        session.families = ("parameters",)
    columns = _PARAMETER_COLUMNS[: len(parameter_columns(state))]
    listing = Listing(columns, rows, like=_PARAMETER_NAME)
    return chosen(session, listing, statement.like, statement.where, statement.escape)


_PARAMETER_COLUMNS = (
    text("zone", 512), text("svr_type", 64), text("svr_ip", 184), number("svr_port"), text("name", 512),
    text("data_type", 512, null=True), text("value", 262_144), text("info", 16384), text("section", 512),
    text("scope", 256), text("source", 256), text("edit_level", 512), text("default_value", 262_144),
    number("isdefault"),
)  # fmt: skip
"""The last two came with 4.2.2 and 4.3.1 (views.json, SHOW PARAMETERS)."""
_PARAMETER_NAME = 4
