"""Reading every view changes nothing, and the catalog keeps its promises (invariant 33 of engine.md 2.6).

The promises: rows differ only where the revision of the view's families differs, unless the view depends on the moment;
an append-only view keeps the rows it had; a job stands in the current view or in history, never in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from obsim.catalog import Catalog, Row, Scope, ViewDef
from obsim.cluster import ClusterState, Tenant
from obsim.testing.model import ModelBroken, NaiveCluster, NaiveTenant, expect
from obsim.testing.observation import Observer

__all__ = ["Reader", "all_rows"]

_Key = tuple[int, str, str]


def all_rows(state: ClusterState, catalog: Catalog) -> Iterator[tuple[Tenant, ViewDef, tuple[Row, ...]]]:
    """Every view as every tenant that has users sees it."""
    for tenant in state.tenants.values():
        if not tenant.users:
            continue
        scope = Scope(tenant.tenant_id)
        for schema in catalog.schemas(tenant):
            for view in catalog.views(schema, tenant):
                yield tenant, view, tuple(map(tuple, view.rows(state, scope)))


@dataclass
class Reader:
    """Reads one cluster again and again; remembers what it read last."""

    state: ClusterState
    _last: dict[_Key, tuple[int, tuple[Row, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._catalog = Catalog(self.state)
        self._observer = Observer(self.state)

    def read(self, model: NaiveCluster | None = None) -> None:
        """Read all views once. With `model`, obsim.macroblocks must say of every block what the model says."""
        before = self._observer.look()
        jobs: dict[str, list[Row]] = {}
        for tenant, view, rows in all_rows(self.state, self._catalog):
            self._compare(tenant, view, rows)
            if tenant.kind == "SYS":
                jobs[view.name] = [row[:2] for row in rows]
            if view.name.lower() == "macroblocks" and model is not None and tenant.kind == "SYS":
                _compare_macroblocks(view, rows, model)
        both = set(jobs["CDB_OB_BACKUP_JOBS"]) & set(jobs["CDB_OB_BACKUP_JOB_HISTORY"])
        expect(not both, f"jobs {sorted(map(str, both))} stand in the current view and in history")
        expect(Observer(self.state).look() == before, "33: reading the views changed the cluster")

    def _compare(self, tenant: Tenant, view: ViewDef, rows: tuple[Row, ...]) -> None:
        key = (tenant.tenant_id, view.schema, view.name)
        revision = self.state.revision(view.families)
        last = self._last.get(key)
        self._last[key] = revision, rows
        if last is None:
            return
        if not view.volatile:
            expect(revision >= last[0], f"the revision of {view.name} went back")
            if revision == last[0] and rows != last[1]:
                raise ModelBroken(f"{view.name} changed and its revision did not: {_change(last[1], rows)}")
        if view.append_only:
            expect(rows[: len(last[1])] == last[1], f"{view.name} is append-only and lost or changed rows")


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
        raise ModelBroken(f"obsim.macroblocks: {_change(tuple(expected), tuple(seen))}")
    block_ids = [(row[at["TENANT_ID"]], row[at["BLOCK_ID"]]) for row in rows]
    expect(len(set(block_ids)) == len(block_ids), "two macroblocks have one BLOCK_ID")


def _expected_macroblocks(tenant: NaiveTenant, rule: str) -> Iterator[Row]:
    full, _, _, base = tenant.ancestors(True, 1 << 63, rule)
    known = frozenset() if full else tenant.sets[base].index
    usable = sorted((s for s in tenant.sets.values() if s.usable), key=lambda s: s.number)
    for tablet in tenant.tablets:
        for position, block in enumerate(tablet.blocks):
            stored = next((s.number for s in usable if block in s.copied), None)
            yield (
                tenant.tenant_id, tablet.table, block[0], position, block[1], block[2], int(position in tablet.dirty),
                stored, int(block in known),
            )  # fmt: skip
