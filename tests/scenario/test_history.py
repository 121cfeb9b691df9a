"""What a scenario lets happen before its start, and what it orders for later."""

import pytest

import obsim
from obsim.cluster.copying import copy_of
from obsim.errors import ScenarioError

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


TENANTS = """
[[tenant]]
name = "b"
"""


def refusal(file):
    with pytest.raises(ScenarioError) as refused:
        obsim.Cluster(file)
    return str(refused.value).rpartition("mine.toml:")[2]


def test_a_grant_on_the_schema_in_use_is_refused_where_none_is(scenario):
    file = scenario("""
        [[history]]
        before = "1h"
        tenant = "a"
        run = ["CREATE USER u IDENTIFIED BY 'x'", "GRANT SELECT ON * TO u"]
    """)
    assert refusal(file) == "12: history[0].run: No database selected"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("rows=missing view=CDB_OB_BACKUP_JOBZ", "'CDB_OB_BACKUP_JOBZ' is no view whose rows could be others,"),
        ("rows=wrong view=DBA_OB_BACKUP_JOBS column=STATE value=x", "'STATE' is no column of DBA_OB_BACKUP_JOBS,"),
        ("error=nonsense", "'nonsense' is no error, give a name"),
    ],
)
@pytest.mark.parametrize(("key", "when"), [("history", "before"), ("workload", "after")])
def test_a_fault_among_them_names_what_is_there(scenario, key, when, rule, message):
    file = scenario(f"""
        [[{key}]]
        {when} = "1h"
        run = ["CALL obsim.fault('rows=missing view=DBA_OB_BACKUP_JOBS')", "CALL obsim.fault('{rule}')"]
    """)
    assert refusal(file).startswith(f"11: {key}[0].run[1]: Incorrect arguments to obsim.fault: {message}")


def test_variables_of_tenants_are_set(scenario):
    cluster = obsim.Cluster(scenario(TENANTS + """
        [[history]]
        before = "1h"
        run = ["ALTER TENANT b SET VARIABLES ob_query_timeout = 12345678, time_zone = '+02:00'"]
        [[workload]]
        after = "1h"
        run = ["ALTER TENANT b SET VARIABLES ob_query_timeout = 99999999"]
    """))
    ask = "SELECT @@ob_query_timeout, @@time_zone"
    assert tuple(cluster.query(ask, tenant="b")[0]) == (12345678, "+02:00")
    cluster.advance(hours=2)
    assert tuple(cluster.query(ask, tenant="b")[0]) == (99999999, "+02:00")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TENANT b SET VARIABLES nosuch = 1", "14: history[0].run: Unknown system variable 'nosuch'"),
        ("ALTER TENANT b SET VARIABLES version = 1", "14: history[0].run: Variable 'version' is a read only variable"),
    ],
)
def test_wrong_variables_of_tenants_are_refused(scenario, statement, message):
    file = scenario(f"""{TENANTS}
        [[history]]
        before = "1h"
        run = ["{statement}"]
    """)
    assert refusal(file) == message


PAST = """
[[history]]
before = "3d"
run = ["SET ENCRYPTION ON IDENTIFIED BY 'secret' ONLY", "ALTER SYSTEM BACKUP DATABASE", "CALL obsim.run_until_idle()"]
[[history]]
before = "1h"
run = [
  "ALTER SYSTEM ADD RESTORE SOURCE 'file:///backup/a'", "ALTER SYSTEM ADD RESTORE SOURCE 'file:///archive/a'",
  PASSWORD
  "ALTER SYSTEM RESTORE r UNTIL TIME='2023-12-30 00:00:00' WITH 'pool_list=spare'", "CALL obsim.run_until_idle()",
]
"""
RESTORED = """
about = "x"
free_pools = ["spare"]
[[tenant]]
name = "a"
data_backup_dest = "file:///backup/a"
log_archive_dest = "LOCATION=file:///archive/a"
archivelog = true
table = [{name = "t", blocks = [30]}]
"""


def test_sources_passwords_and_the_time_zone_reach_a_restore_in_the_past(scenario):
    password = "\"SET DECRYPTION IDENTIFIED BY 'secret'\","
    cluster = obsim.Cluster(scenario(PAST.replace("PASSWORD", password), RESTORED))
    assert cluster.state.tenant_named("r").role == "STANDBY"
    job = cluster.state.restores.jobs[0]
    assert job.scn == 1_703_865_600_000_000_000  # midnight of 2023-12-30 at +08:00, as in any session
    message = refusal(scenario(PAST.replace("PASSWORD", ""), RESTORED))
    assert message == "16: history[1].run: invalid password for backup"


def test_a_history_waits_thirty_days_at_most_for_the_end_of_work(scenario):
    file = scenario("""
        [[history]]
        before = "60d"
        run = ["CALL obsim.load('a', 'migration', 1, '31d')", "CALL obsim.run_until_idle()"]
    """)
    assert refusal(file).startswith("11: history[0].run: not idle within 30 virtual days, still running: ")
