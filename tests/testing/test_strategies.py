"""What the strategies draw can be run; what obsim.testing names is there."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import obsim
from obsim import testing
from obsim.errors import ServerError
from obsim.scenario import load_scenario
from obsim.sql.reader import read_statement
from obsim.testing.strategies import fault_plans, scenarios, statements, workloads

FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TENANTS = ["mysql_tenant", "oracle_tenant"]
TABLES = [("mysql_tenant", "t1"), ("mysql_tenant", "t2"), ("oracle_tenant", "T1")]


def run(cluster: obsim.Cluster, orders: list) -> list[int]:
    answers = []
    for tenant, statement in orders:
        try:
            cluster.execute(statement.sql(), tenant=tenant)
            answers.append(0)
        except ServerError as refused:
            answers.append(refused.errno)
    return answers


@FEW
@given(scenarios())
def test_scenarios_can_be_loaded_and_started(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("drawn") / "drawn.toml"
    file.write_text(text)
    assert load_scenario(str(file)).tenant[0].name == "tenant_1"
    assert obsim.Cluster(str(file)).query("SELECT COUNT(*) AS n FROM oceanbase.DBA_OB_TENANTS")[0]["n"] >= 3


@FEW
@given(workloads(TABLES), st.lists(statements(TENANTS), max_size=8), fault_plans(TENANTS))
def test_orders_run_and_print_back(work, orders, faults):
    cluster = obsim.Cluster("campaign")
    assert set(run(cluster, faults)) <= {0}
    assert set(run(cluster, work)) <= {0, 1210}
    assert set(run(cluster, orders)) <= {0, 1235, 9036, 9040, 9091, 9092, 9023, 4179, 9028, 9029}
    cluster.run_until_idle()
    for _, statement in [*work, *orders, *faults]:
        assert read_statement(statement.sql()) == statement


def test_the_public_names_are_complete():
    assert sorted(testing.__all__) == sorted(name for names in testing._HOMES.values() for name in names)
    assert all(getattr(testing, name) is not None for name in testing.__all__)
    assert set(testing.__all__) <= set(dir(testing))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        testing.nothing  # noqa: B018
