"""Random orders to a cluster of the scenario `campaign`, and all that can be read of it."""

from hypothesis import strategies as st

import obsim
from obsim.catalog import Scope
from obsim.testing.strategies import disturbances, fault_plans, statements, workloads

TENANTS = ("mysql_tenant", "oracle_tenant")
TABLES = (("mysql_tenant", "t1"), ("mysql_tenant", "wide"), ("oracle_tenant", "T1"))
STEPS = st.lists(
    st.one_of(
        statements(TENANTS), statements(TENANTS), workloads(TABLES, length_max=2), fault_plans(TENANTS, length_max=1),
        disturbances(TENANTS),
        st.integers(1, 20_000),
    ),
    min_size=2, max_size=14,
)  # fmt: skip


def play(cluster, steps):
    """Orders, lists of them, and milliseconds that pass; what is refused is refused."""
    for step in steps:
        if isinstance(step, int):
            cluster.advance(milliseconds=step)
            continue
        for tenant, statement in step if isinstance(step, list) else [step]:
            try:
                cluster.execute(statement.sql(), tenant=tenant)
            except (obsim.ServerError, obsim.ConnectionCut):
                continue


def views(cluster, *, without=()):
    """The rows of all views but the statements of clients and the catalog's own, information_schema."""
    catalog, sys_tenant = cluster.host.catalog, cluster.state.sys
    schemas = {*catalog.schemas(sys_tenant), "obsim"} - {"information_schema"}
    found = [view for schema in sorted(schemas) for view in catalog.views(schema, sys_tenant)]
    return {
        f"{v.schema}.{v.name}": list(catalog.rows(v, Scope(1))) for v in found if v.name not in {"statements", *without}
    }
