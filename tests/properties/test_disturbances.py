"""What faults do to servers, leaders and destinations breaks no invariant, and every backup under them ends."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import obsim
from obsim.backup.log_streams import LogStreamTasks
from obsim.scheduler.dispatcher import Dispatcher
from obsim.statements import (
    AddDeletePolicy,
    AdminServer,
    AlterTenant,
    BackupDatabase,
    CallProcedure,
    Freeze,
    RestoreTenant,
    TenantOption,
)
from obsim.testing import disturbances, statements, workloads
from obsim.testing.invariants import violations
from obsim.testing.observer import Observer
from tests.whole import TABLES, TENANTS, play

EXAMPLES = int(os.environ.get("OBSIM_EXAMPLES", "8"))
STEPS = st.lists(
    st.one_of(
        statements(TENANTS), workloads(TABLES, length_max=2), disturbances(TENANTS), disturbances(TENANTS),
        st.integers(1, 20_000),
    ),
    min_size=4, max_size=16,
)  # fmt: skip
BACKUP = ("sys", BackupDatabase())
POLICY = ("sys", AddDeletePolicy("default", "1m", tenants=("shop",)))
RESTORE = ("sys", RestoreTenant("t9", "pool_list=spare", "file:///backup/shop/data,file:///backup/shop/archive"))
MOVES = [
    *(("sys", AlterTenant("shop", (TenantOption("PRIMARY_ZONE", zone),))) for zone in ("z1;z2", "z2", "z3")),
    *(("sys", AlterTenant("shop", (TenantOption("LOCALITY", text),))) for text in ("F@z1, F@z2", "F@z1, F@z2, F@z3")),
    *(("sys", AdminServer(action, (address,))) for action in ("STOP", "START")
      for address in ("10.0.1.2:2882", "10.0.2.2:2882")),
]  # fmt: skip
"""Statements that move leaders."""
STEPS_OF_ZONES = st.lists(
    st.one_of(
        disturbances(["shop"], length_max=3), disturbances(["t9"]), workloads([("shop", "orders")], length_max=2),
        st.sampled_from([BACKUP, RESTORE]), st.sampled_from(MOVES), st.integers(1, 3_000),
        st.sampled_from([20_000, 3_600_000 - 1_000]),
    ),
    min_size=6, max_size=20,
).map(lambda steps: [POLICY, BACKUP, *steps])  # fmt: skip


def run(steps, version, scenario="campaign"):
    """Every violation after every order, and what is left of it all when the rules are gone."""
    cluster = obsim.Cluster(scenario, version=version, seed=3)
    observer, found = Observer(cluster.state), []
    before = observer.look()
    for step in [*steps, 60_000]:
        for order in step if isinstance(step, list) else [step]:
            play(cluster, [order])
            now = observer.look()
            # Tasks of a server that is away wait although nothing runs there.
            away = {"S2"} if cluster.state.outages.away else set()
            found += [str(v) for v in violations(now, before) if v.number not in away]
            before = now
    cluster.clear_faults()
    cluster.run_until_idle()
    tenants = cluster.state.tenants.values()
    jobs = [job.status for tenant in tenants for job in (*tenant.backup.jobs, *tenant.cleanup.jobs)]
    return found, jobs + [job.status for job in cluster.state.restores.jobs if not job.ended]


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(STEPS, st.sampled_from(["4.0.0", "4.2.1", "4.3.3"]))
def test_the_invariants_hold_and_everything_ends(steps, version):
    assert run(steps, version) == ([], [])


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(STEPS_OF_ZONES, st.sampled_from(["4.0.0", "4.2.1", "4.3.3"]))
def test_they_hold_where_there_are_other_servers_to_go_to(steps, version):
    assert run(steps, version, "three-zones") == ([], [])


def test_that_can_fail_too(monkeypatch):
    """Work that waits for a server which nobody hands it to leaves jobs that never end."""
    monkeypatch.setattr(LogStreamTasks, "look_again", lambda *_: None)
    rule = CallProcedure("obsim", "fault", ("leader=next tenant=shop log_stream=1001 stage=BACKUP_DATA_MAJOR times=1",))
    _, left = run([("sys", rule), ("sys", BackupDatabase()), 30_000], "4.2.1", "three-zones")
    assert set(left) == {"DOING"}


def test_the_property_can_fail(monkeypatch):
    """A server that comes back and does nothing more leaves jobs that never end."""
    monkeypatch.setattr(Dispatcher, "go_on", lambda *_: None)
    rule = CallProcedure("obsim", "fault", ("crash=worker stage=BACKUP_DATA_MAJOR times=1 down=9s",))
    _, left = run([("sys", rule), ("sys", BackupDatabase()), 10_000], "4.2.1")
    assert set(left) == {"DOING"}


def test_what_is_lost_stays_counted_until_there_is_more():
    rule = CallProcedure("obsim", "fault", ('crash=root statement="FREEZE" times=1 down=500ms',))
    steps = [("sys", BackupDatabase()), 4_100, ("sys", rule), ("mysql_tenant", Freeze(False)), 500]
    assert run(steps, "4.0.0") == ([], [])


def test_what_is_lost_between_two_passes_stays_counted_too():
    rule = CallProcedure("obsim", "fault", ("leader=next tenant=shop",))
    assert run([BACKUP, 3_601, ("sys", rule), ("sys", rule)], "4.0.0", "three-zones") == ([], [])
