"""What a scenario lets happen before its start, and what it orders for later."""

import pytest

import obsim
from obsim.cluster.copying import copy_of

HEAD = """
about = "x"
[[tenant]]
name = "a"
data_backup_dest = "file:///backup/a"
table = [{name = "t", blocks = [30]}]
parameters = {major_freeze_duty_time = "disable"}
"""
DAY_NS = 86_400_000_000_000


@pytest.fixture
def scenario(tmp_path):
    def write(text, head=HEAD):
        file = tmp_path / "mine.toml"
        file.write_text(head + text)
        return str(file)

    return write


def dirty(cluster):
    return len(cluster.state.tenants[1002].storage.blocks.dirty)


def test_statements_run_before_the_start_in_order_of_time(scenario):
    cluster = obsim.Cluster(scenario("""
        [[history]]
        before = "1h"
        run = ["CALL obsim.write('a', 't', 4, 'clustered')"]
        [[history]]
        before = "2d"
        every = "1d"
        times = 2
        run = ["CALL obsim.write('a', 't', 2, 'clustered')", "ALTER SYSTEM MAJOR FREEZE TENANT = a"]
    """))
    state = cluster.state
    freezes = [freeze.scn for freeze in state.tenants[1002].storage.freezes.kept if freeze.scn >= state.start_ns]
    assert [cluster.now_ns - scn for scn in freezes] == [2 * DAY_NS, DAY_NS]
    assert dirty(cluster) == 4
    assert cluster.now_ns - state.start_ns == 2 * DAY_NS


def test_workload_runs_after_the_start_once_or_again_and_again(scenario):
    cluster = obsim.Cluster(scenario("""
        [[workload]]
        after = "1h"
        run = ["CALL obsim.write('a', 't', 4, 'clustered')"]
        [[workload]]
        every = "2h"
        tenant = "a"
        run = ["ALTER SYSTEM MAJOR FREEZE"]
        [[workload]]
        every = "1h"
        run = ["ALTER SYSTEM SET nosuch = 1"]
    """))
    assert cluster.host.state.idle()
    before = len(cluster.state.tenants[1002].storage.freezes.kept)
    cluster.advance(minutes=59)
    assert dirty(cluster) == 0
    cluster.advance(minutes=2)
    assert dirty(cluster) == 4
    copied = copy_of(cluster.state)
    cluster.advance(hours=5)
    assert dirty(cluster) == 0
    copied.advance_to(cluster.now_ns)
    found = [len(state.tenants[1002].storage.freezes.kept) - before for state in (cluster.state, copied)]
    assert found == [3, 3]


def test_parameters_version_and_clock(scenario):
    cluster = obsim.Cluster(scenario("""
        version = "4.2.5"
        about = "x"
        [clock]
        start = "2025-03-01 12:00:00"
        mode = "step"
        [parameters]
        enable_upgrade_mode = true
        [[tenant]]
        name = "a"
        [tenant.parameters]
        ha_low_thread_score = 10
    """, head=""))
    assert str(cluster.now) == "2025-03-01 12:00:00+08:00"
    rows = cluster.query("SELECT NOW(), (SELECT MODE FROM obsim.clock), VERSION()")
    assert [str(value)[:19] for value in rows[0]][:2] == ["2025-03-01 12:00:00", "step"]
    parameters = cluster.state.parameters
    assert (parameters.get("enable_upgrade_mode"), parameters.get("ha_low_thread_score", 1002)) == ("1", "10")
    assert str(cluster.state.profile.version) == "4.2.5.0"


def test_whoever_starts_it_may_say_otherwise(scenario):
    file = scenario('version = "4.2.5"\nabout = "x"\n[clock]\nstart = "2025-03-01"\nmode = "step"\n', head="")
    cluster = obsim.Cluster(file, version="4.3.3", clock="manual", start_time="2026-01-01")
    assert str(cluster.state.profile.version) == "4.3.3.0"
    assert (cluster.host.clock.name, cluster.now.year) == ("manual", 2026)
