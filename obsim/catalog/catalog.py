"""The catalog of one cluster: which views a tenant finds, and their rows in the version's own shape."""

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING

from obsim.catalog.columns.control import CLOCK, STATEMENTS
from obsim.catalog.fault_views import spoilt_rows
from obsim.catalog.information_schema import information_schema_views
from obsim.catalog.model import SYS_ONLY, ColumnDef, Row, Scope, ViewDef
from obsim.catalog.names import NOT_MODELLED
from obsim.catalog.pairs import ORACLE_SCHEMA, key_of
from obsim.catalog.part import GrowingMap, Part
from obsim.catalog.registry import VIEWS
from obsim.errors import NotModelled
from obsim.ids import display_time

if TYPE_CHECKING:
    from obsim.cluster import ClusterState, Tenant

__all__ = ["Catalog"]

_MYSQL_SCHEMAS = ("information_schema", "mysql", "oceanbase", "test")
_ORACLE_SCHEMAS = (ORACLE_SCHEMA,)
CONTROL_SCHEMA = "obsim"


class Catalog:
    """Views of one cluster.

    `show_control` lists the schema `obsim` in `schemas` and in information_schema; its views are found either way.
    `clock_mode` is what obsim.clock prints as MODE, None where nobody has said.
    """

    def __init__(self, state: "ClusterState", *, show_control: bool = False, clock_mode: str | None = None) -> None:
        self.state = state
        self.show_control = show_control
        self.clock_mode = clock_mode
        clock = ViewDef(CONTROL_SCHEMA, "clock", CLOCK, ("time",), self._clock, SYS_ONLY)
        statements = ViewDef(
            CONTROL_SCHEMA, "statements", STATEMENTS, ("time",), lambda _state, _scope: [], SYS_ONLY, of_session=True
        )
        own = (clock, statements, *information_schema_views(self))
        self._views = VIEWS | {key_of(v.schema, v.name): v for v in own}
        self._columns: dict[ViewDef, tuple[ColumnDef, ...]] = {}
        self._places: dict[ViewDef, tuple[int, ...] | None] = {}
        self._cuts: dict[tuple[ViewDef, Scope, int], GrowingMap] = {}

    def schemas(self, tenant: "Tenant") -> list[str]:
        """The schemas SHOW DATABASES lists, in order; `obsim` only in sys and only when it is shown."""
        if tenant.mode == "ORACLE":
            return list(_ORACLE_SCHEMAS)
        if self.show_control and tenant.kind == "SYS":
            return sorted((*_MYSQL_SCHEMAS, CONTROL_SCHEMA))
        return list(_MYSQL_SCHEMAS)

    def _has_schema(self, schema: str, tenant: "Tenant") -> bool:
        if schema == CONTROL_SCHEMA:
            return tenant.kind == "SYS"
        return schema in ([ORACLE_SCHEMA.lower()] if tenant.mode == "ORACLE" else _MYSQL_SCHEMAS)

    def _is_seen(self, view: ViewDef, tenant: "Tenant") -> bool:
        return (view.tenants != SYS_ONLY or tenant.kind == "SYS") and self.state.profile.version.has(view.since)

    def find(self, schema: str, name: str, tenant: "Tenant") -> ViewDef | None:
        """The view `schema.name` as `tenant` sees it, names in any letter case.

        None where the real engine has no such view for this tenant (1146). Raises NotModelled for a view that it has
        and obsim has not.
        """
        key = key_of(schema, name)
        if not self._has_schema(key[0], tenant):
            return None
        view = self._views.get(key)
        if view is not None:
            return view if self._is_seen(view, tenant) else None
        known = NOT_MODELLED.get(key)
        if known is None:
            return None
        written, tenants, since = known
        if (tenants == SYS_ONLY and tenant.kind != "SYS") or not self.state.profile.version.has(since):
            return None
        raise NotModelled(f"the view {written} yet")

    def views(self, schema: str, tenant: "Tenant") -> list[ViewDef]:
        """The views of a schema that `tenant` sees, by name; an unknown schema has none."""
        key = schema.lower()
        if not self._has_schema(key, tenant):
            return []
        seen = (v for (s, _), v in self._views.items() if s == key and self._is_seen(v, tenant))
        return sorted(seen, key=lambda view: view.name)

    def spoilable(self, name: str | None = None) -> list[ViewDef]:
        """The views that this version has and a fault may be about: of any schema and that name, or all of them."""
        version = self.state.profile.version
        mine = (view for view in self._views.values() if view.schema != CONTROL_SCHEMA and version.has(view.since))
        return [view for view in mine if name is None or view.name.upper() == name.upper()]

    def columns(self, view: ViewDef) -> tuple[ColumnDef, ...]:
        """The columns that the cluster's version has."""
        columns = self._columns.get(view)
        if columns is None:
            version = self.state.profile.version
            columns = self._columns[view] = tuple(c for c in view.columns if version.has(c.since))
        return columns

    def rows(self, view: ViewDef, scope: Scope) -> list[Row]:
        """The rows of a view under `columns(view)`."""
        return [row for part in self.parts(view, scope) for row in part]

    def parts(self, view: ViewDef, scope: Scope) -> list[Part]:
        """The rows of a view, tenant by tenant where they come so."""
        made = view.parts(self.state, scope) if view.parts else (Part((), view.rows(self.state, scope)),)
        places = self._kept_places(view)
        if places is None:
            parts = list(made)
        else:
            parts = [self._cut(view, scope, number, places).apply(part) for number, part in enumerate(made)]
        return self._spoilt(view, parts) if self.state.faults.of_rows else parts

    def _spoilt(self, view: ViewDef, parts: list[Part]) -> list[Part]:
        """The rows as the faults that are ordered for a view let them be seen. obsim's own views are always right."""
        rules = [] if view.schema == "obsim" else list(self.state.faults.of_view(view.name))
        names = [column.name for column in self.columns(view)]
        for rule in rules:
            rows = [row for part in parts for row in part]
            parts = [Part((), spoilt_rows(rule, names, rows))]
        return parts

    def _cut(self, view: ViewDef, scope: Scope, number: int, places: tuple[int, ...]) -> GrowingMap:
        """What takes the values away that the version does not show."""
        key = view, scope, number
        if key not in self._cuts:
            self._cuts[key] = GrowingMap(_picker(places))
        return self._cuts[key]

    def _kept_places(self, view: ViewDef) -> tuple[int, ...] | None:
        """Which values of a row the version's columns show; None for all."""
        if view not in self._places:
            kept = self.columns(view)
            at = view.dropped
            shift = [i + (at is not None and i >= at) for i in range(len(view.columns))]
            places = tuple(i for i, column in zip(shift, view.columns, strict=True) if column in kept)
            self._places[view] = None if at is None and len(places) == len(view.columns) else places
        return self._places[view]

    def _clock(self, state: "ClusterState", scope: Scope) -> list[Row]:
        """obsim.clock: one row; times in the session's zone and as nanoseconds since 1970-01-01 UTC."""
        event_ns = state.next_event_ns
        return [(
            self.clock_mode, display_time(state.now_ns, scope.offset_s), state.now_ns,
            display_time(state.start_ns, scope.offset_s), state.start_ns, state.timeline,
            None if event_ns is None else display_time(event_ns, scope.offset_s), event_ns,
        )]  # fmt: skip


def _picker(places: tuple[int, ...]) -> Callable[[Row], Row]:
    """A function from a row to its values at `places`."""
    return itemgetter(*places) if len(places) > 1 else lambda row: tuple(row[i] for i in places)
