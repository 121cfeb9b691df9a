"""Reading every view changes nothing, and the catalog keeps its promises (invariant 33 of engine.md 2.6).

The promises: rows differ only where the revision of the view's families differs, unless the view depends on the moment;
an append-only view keeps the rows it had; a job stands in the current view or in history, never in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from obsim.catalog import Catalog, Row, Scope, ViewDef
from obsim.cluster import ClusterState, Tenant
from obsim.testing.model import NaiveCluster, NaiveTenant
from obsim.testing.naive_tablet import ModelBroken
from obsim.testing.observation import Observation
from obsim.testing.observer import Observer

__all__ = ["Reader", "ViewsBroken", "all_rows"]

ALWAYS_READ = {"CDB_OB_BACKUP_JOBS", "CDB_OB_BACKUP_JOB_HISTORY"}


class ViewsBroken(ModelBroken):
    """A view shows something wrong, or changed without its revision."""


def _expect(condition: object, text: str) -> None:
    if not condition:
        raise ViewsBroken(text)


_Key = tuple[int, str, str]


def all_rows(state: ClusterState, catalog: Catalog) -> Iterator[tuple[Tenant, ViewDef, tuple[Row, ...]]]:
    """Every view as every tenant that has users sees it."""
    for tenant, view in _all_views(state, catalog):
        yield tenant, view, _rows(state, tenant, view)


def _all_views(state: ClusterState, catalog: Catalog) -> Iterator[tuple[Tenant, ViewDef]]:
    for tenant in state.tenants.values():
        if tenant.users:
            for schema in catalog.schemas(tenant):
                for view in catalog.views(schema, tenant):
                    yield tenant, view


def _rows(state: ClusterState, tenant: Tenant, view: ViewDef) -> tuple[Row, ...]:
    return tuple(map(tuple, view.rows(state, Scope(tenant.tenant_id))))


@dataclass
class Reader:
    """Reads one cluster again and again; remembers what it read last.

    Of the views whose revision has stayed, or that it has not read yet, it reads an eighth in turn,
    of those that show sets a half, of information_schema, with its many rows about the catalog itself, less.
    """

    observer: Observer
    _last: dict[_Key, tuple[int, tuple[Row, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.observer.state
        self._views = list(_all_views(self.state, Catalog(self.state, show_control=True)))
        self._read_count = 0

    def read(self, model: NaiveCluster | None = None, *, everything: bool = False) -> Observation:
        """Read all views once; what the cluster looks like afterwards to somebody who sees it for the first time.

        With `model`, obsim.macroblocks must say of every block what the model says.
        """
        jobs: dict[str, list[Row]] = {}
        self._read_count += 1
        for place, (tenant, view) in enumerate(self._views):
            fixed = view.schema == "information_schema"
            if not self._wanted(tenant, view, place) and (fixed or not everything):
                continue
            rows = _rows(self.state, tenant, view)
            self._compare(tenant, view, rows)
            if tenant.kind == "SYS":
                jobs[view.name] = [row[:2] for row in rows]
            if view.name.lower() == "macroblocks" and model is not None and tenant.kind == "SYS":
                _compare_macroblocks(view, rows, model)
        both = set(jobs["CDB_OB_BACKUP_JOBS"]) & set(jobs["CDB_OB_BACKUP_JOB_HISTORY"])
        _expect(not both, f"jobs {sorted(map(str, both))} stand in the current view and in history")
        return Observer(self.state, self.observer).look()

    def _wanted(self, tenant: Tenant, view: ViewDef, place: int) -> bool:
        turns = 32 if view.schema == "information_schema" else 2 if "sets" in view.families else 8
        if view.name in ALWAYS_READ or (place + self._read_count) % turns == 0:
            return True
        last = self._last.get((tenant.tenant_id, view.schema, view.name))
        return last is not None and last[0] != self.state.revision(view.families)

    def _compare(self, tenant: Tenant, view: ViewDef, rows: tuple[Row, ...]) -> None:
        key = (tenant.tenant_id, view.schema, view.name)
        revision = self.state.revision(view.families)
        last = self._last.get(key)
        self._last[key] = revision, rows
        if last is None:
            return
        if not view.volatile:
            _expect(revision >= last[0], f"the revision of {view.name} went back")
            if revision == last[0] and rows != last[1]:
                raise ViewsBroken(f"{view.name} changed and its revision did not: {_change(last[1], rows)}")
        if view.append_only:
            _expect(rows[: len(last[1])] == last[1], f"{view.name} is append-only and lost or changed rows")


def _change(before: tuple[Row, ...], after: tuple[Row, ...]) -> str:
    return f"{[row for row in before if row not in after][:2]} became {[row for row in after if row not in before][:2]}"


def _compare_macroblocks(view: ViewDef, rows: tuple[Row, ...], model: NaiveCluster) -> None:
    """STORED_IN_SET, IN_BASE, DIRTY and the identity of every live block, and that there is no other."""
    at = {column.name: number for number, column in enumerate(view.columns)}
    columns = (
        "TENANT_ID",
        "TABLE_NAME",
        "TABLET_ID",
        "POSITION",
        "LOGIC_VERSION",
        "DATA_SEQ",
        "DIRTY",
        "STORED_IN_SET",
        "IN_BASE",
    )
    seen = [tuple(row[at[name]] for name in columns) for row in rows]
    expected = [row for tenant in model.tenants.values() for row in _expected_macroblocks(tenant, model.rule)]
    if seen != expected:
        raise ViewsBroken(f"obsim.macroblocks: {_change(tuple(expected), tuple(seen))}")
    block_ids = [(row[at["TENANT_ID"]], row[at["BLOCK_ID"]]) for row in rows]
    _expect(len(set(block_ids)) == len(block_ids), "two macroblocks have one BLOCK_ID")


def _expected_macroblocks(tenant: NaiveTenant, rule: str) -> Iterator[Row]:
    full, _, _, base = tenant.ancestors(True, 1 << 63, rule)
    known = frozenset() if full else tenant.sets[base].index
    usable = sorted((s for s in tenant.sets.values() if s.usable), key=lambda s: s.number)
    for tablet in tenant.tablets:
        for number, (place, block) in enumerate(zip(tablet.places, tablet.blocks, strict=True)):
            stored = next((s.number for s in usable if block in s.copied), None)
            yield (
                tenant.tenant_id, tablet.table, block[0], place, block[1], block[2], int(number in tablet.dirty),
                stored, int(block in known),
            )  # fmt: skip
