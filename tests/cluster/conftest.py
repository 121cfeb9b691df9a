"""The corpus's start state (scenario `statements`) and a word for running SQL in it."""

from collections.abc import Callable

import pytest

from obsim.cluster import ClusterState, Principal
from obsim.errors import ServerError
from obsim.ids import TenantId
from obsim.scenario import build_state
from obsim.sql.reader import read_statement
from obsim.versions import profile_for


@pytest.fixture
def make_state() -> Callable[..., ClusterState]:
    def make(version: str = "4.2.5", scenario: str = "statements", **options: object) -> ClusterState:
        return build_state(scenario, profile=profile_for(version), **options)

    return make


@pytest.fixture
def state(make_state) -> ClusterState:
    return make_state()


@pytest.fixture
def run() -> Callable[[ClusterState, int, str], str]:
    def run_sql(state: ClusterState, tenant_id: int, sql: str) -> str:
        """'' for OK, else `errno message`."""
        try:
            state.execute(Principal(TenantId(tenant_id), "root"), read_statement(sql, profile=state.profile))
        except ServerError as refused:
            return f"{refused.errno} {refused.message}"
        return ""

    return run_sql
