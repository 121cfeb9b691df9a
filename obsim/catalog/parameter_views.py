"""Rows of the parameters: the views GV$OB_PARAMETERS and V$OB_PARAMETERS, and SHOW PARAMETERS (samples.md)."""

from collections.abc import Iterator
from dataclasses import replace

from obsim.catalog.columns.parameters import SHOW_PARAMETERS
from obsim.catalog.model import ColumnDef, Row, Scope
from obsim.catalog.values import yes_no
from obsim.cluster import ClusterState
from obsim.cluster.resources import Server
from obsim.ids import SYS_TENANT_ID, TenantId
from obsim.parameters import Level, ParameterView

__all__ = ["local_parameters", "parameter_columns", "parameter_rows", "parameters"]


def parameters(state: ClusterState, scope: Scope, *, everywhere: bool = True) -> list[Row]:
    """GV$OB_PARAMETERS: those of the cluster once, with TENANT_ID NULL, then those of each tenant the session sees.

    So for each server; V$OB_PARAMETERS is only about the one that the client is connected to.
    """
    seen = list(state.tenants) if scope.tenant_id == SYS_TENANT_ID else [scope.tenant_id]
    servers = state.resources.servers.values() if everywhere else [state.resources.root_server]
    return [_view_row(state, server, view) for server in servers for view in _one_each(state, server, seen)]


def local_parameters(state: ClusterState, scope: Scope) -> list[Row]:
    """V$OB_PARAMETERS."""
    return parameters(state, scope, everywhere=False)


def _views(state: ClusterState, server: Server, tenant_id: TenantId) -> Iterator[ParameterView]:
    """The parameters of a tenant as a server has them: each one is in a zone of its own."""
    for view in state.parameters.rows(tenant_id, server.address):
        if view.definition.name != "zone":
            yield view
            continue
        definition = replace(view.definition, default=server.zone)
        yield replace(view, definition=definition, value=server.zone, is_default=True)


def _one_each(state: ClusterState, server: Server, tenant_ids: list[TenantId]) -> Iterator[ParameterView]:
    views = {tenant_id: list(_views(state, server, tenant_id)) for tenant_id in tenant_ids}
    yield from (v for v in views[tenant_ids[0]] if v.definition.level is Level.CLUSTER)
    for own in views.values():
        yield from (v for v in own if v.definition.level is Level.TENANT)


def _data_type(state: ClusterState, view: ParameterView) -> str | None:
    return view.definition.data_type if state.profile.parameter_types else None


def _view_row(state: ClusterState, server: Server, view: ParameterView) -> Row:
    definition = view.definition
    return (
        server.ip, server.port, server.zone, definition.level.value, view.tenant_id, definition.name,
        _data_type(state, view), view.value, definition.info, definition.section, definition.edit_level,
        definition.default, yes_no(view.is_default),
    )  # fmt: skip


def parameter_columns(state: ClusterState) -> tuple[ColumnDef, ...]:
    """The columns of SHOW PARAMETERS in this version: 12, or 14 with default_value and isdefault."""
    version = state.profile.version
    return tuple(column for column in SHOW_PARAMETERS if version.has(column.since))


def parameter_rows(state: ClusterState, tenant_id: TenantId) -> list[Row]:
    """The rows of SHOW PARAMETERS for one tenant, with the columns of `parameter_columns`.

    A tenant sees its own parameters and those of the cluster, of every server; `source` stays DEFAULT after a SET.
    """
    width = len(parameter_columns(state))
    servers = state.resources.servers.values()
    return [
        _show_row(state, server, view)[:width] for server in servers for view in _views(state, server, tenant_id)
    ]


def _show_row(state: ClusterState, server: Server, view: ParameterView) -> Row:
    definition = view.definition
    return (
        server.zone, "observer", server.ip, server.port, definition.name, _data_type(state, view),
        view.value, definition.info, definition.section, definition.level.value, "DEFAULT", definition.edit_level,
        definition.default, int(view.is_default),
    )  # fmt: skip
