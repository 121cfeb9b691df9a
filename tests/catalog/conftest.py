"""A cluster with its catalog, and rows as dictionaries."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from obsim.answers import Value
from obsim.catalog import Catalog, Scope
from obsim.cluster import ClusterState, Principal
from obsim.ids import SYS_TENANT_ID, TenantId
from obsim.scenario import build_state
from obsim.statements import BackupStatement
from obsim.versions import profile_for

SECOND_NS = 1_000_000_000
Named = dict[str, Value]


@dataclass
class World:
    """One cluster."""

    state: ClusterState
    catalog: Catalog

    def execute(self, statement: BackupStatement, tenant_id: int = SYS_TENANT_ID) -> None:
        self.state.execute(Principal(TenantId(tenant_id), "root"), statement)

    def advance(self, seconds: float) -> None:
        self.state.advance_to(self.state.now_ns + int(seconds * SECOND_NS))

    def rows(
        self, name: str, tenant_id: int = SYS_TENANT_ID, schema: str = "oceanbase", offset_s: int = 28_800
    ) -> list[Named]:
        tenant = self.state.tenants[TenantId(tenant_id)]
        view = self.catalog.find(schema, name, tenant)
        assert view is not None
        columns = self.catalog.columns(view)
        rows = self.catalog.rows(view, Scope(tenant.tenant_id, offset_s))
        assert all(len(row) == len(columns) for row in rows)
        return [dict(zip((c.name for c in columns), row, strict=True)) for row in rows]


@pytest.fixture
def make() -> Callable[..., World]:
    def make_world(version: str = "4.2.1", scenario: str = "three-tenants", seed: int = 7) -> World:
        state = build_state(scenario, profile=profile_for(version), seed=seed)
        return World(state, Catalog(state))

    return make_world


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()
