"""The merges after a freeze, loads of a scenario, and what a tenant's tasks share."""

import pytest

import obsim
from obsim.errors import ScenarioError, ServerError
from obsim.scenario import load_scenario

STATUS = "SELECT STATUS, FROZEN_SCN = LAST_SCN AS done FROM oceanbase.DBA_OB_MAJOR_COMPACTION"
DAGS = "SELECT dag_type, dag_key, dag_net_key, running_task_cnt, indegree FROM oceanbase.__all_virtual_dag"
PROGRESS = (
    "SELECT STATUS, UNFINISHED_TABLET_COUNT, UNFINISHED_DATA_SIZE FROM oceanbase.GV$OB_COMPACTION_PROGRESS"
    " WHERE TENANT_ID = 1002 ORDER BY COMPACTION_SCN DESC LIMIT 1"
)
RUNNING = (
    "SELECT value FROM oceanbase.__all_virtual_dag_scheduler"
    " WHERE tenant_id = 1002 AND value_type = '{}' AND `key` = '{}'"
)


def rows(cluster: obsim.Cluster, sql: str, tenant: str = "sys") -> list[tuple[object, ...]]:
    return [tuple(row) for row in cluster.query(sql, tenant=tenant)]


def backup_seconds(cluster: obsim.Cluster, statement: str = "ALTER SYSTEM BACKUP TENANT = mysql_tenant") -> float:
    cluster.execute(statement)
    took = "SELECT TIMESTAMPDIFF(MICROSECOND, START_TIMESTAMP, END_TIMESTAMP) FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY"
    while not cluster.query("SELECT 1 FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY", tenant="mysql_tenant"):
        cluster.advance(milliseconds=500)
    return int(rows(cluster, took, "mysql_tenant")[-1][0]) / 1e6


def test_a_tenant_compacts_until_its_merges_end():
    cluster = obsim.Cluster()
    assert rows(cluster, STATUS, "mysql_tenant") == [("IDLE", 1)]
    cluster.write("mysql_tenant", "t1", 37)
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    assert rows(cluster, STATUS, "mysql_tenant") == [("COMPACTING", 0)]
    assert rows(cluster, DAGS) == [("MAJOR_MERGE", "ls_id={id:1001}, tablet_id={id:200001}", "", 1, 0)]
    assert rows(cluster, PROGRESS) == [("NODE_RUNNING", 1, 37 << 21)]
    assert rows(cluster, RUNNING.format("RUNNING_TASK_CNT", "PRIO_COMPACTION_LOW")) == [(1,)]
    cluster.advance(milliseconds=749)
    assert rows(cluster, STATUS, "mysql_tenant") == [("COMPACTING", 0)]
    cluster.advance(milliseconds=1)
    assert rows(cluster, STATUS, "mysql_tenant") == [("IDLE", 1)]
    assert rows(cluster, PROGRESS) == [("FINISH", 0, 0)]
    assert rows(cluster, DAGS) == []


def test_nothing_to_merge_is_no_dag():
    cluster = obsim.Cluster()
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM MINOR FREEZE", tenant="mysql_tenant")
    assert rows(cluster, DAGS) == []
    assert rows(cluster, STATUS, "mysql_tenant") == [("IDLE", 1)]


def test_the_data_is_there_before_the_merges_end():
    cluster = obsim.Cluster()
    backup_seconds(cluster)
    cluster.write("mysql_tenant", "t1", 37)
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    sets = rows(cluster, "SELECT MACRO_BLOCK_COUNT FROM oceanbase.DBA_OB_BACKUP_SET_FILES", "mysql_tenant")
    assert sets == [(96,), (37,)]


def test_mini_and_minor_merges_have_their_priorities():
    cluster = obsim.Cluster()
    seen = []
    for _ in range(2):
        cluster.write("mysql_tenant", "t1", 20, "clustered")
        cluster.execute("ALTER SYSTEM MINOR FREEZE", tenant="mysql_tenant")
        seen.append([row[0] for row in rows(cluster, DAGS)])
        cluster.run_until_idle()
    assert seen == [["MINI_MERGE"], ["MINI_MERGE", "MINOR_EXECUTE"]]
    (tenant,) = [t for t in cluster.state.tenants.values() if t.name == "mysql_tenant"]
    names = {task.kind: task.priority.name for task in tenant.dispatcher.finished}
    assert names["MINI_MERGE"] == "PRIO_COMPACTION_HIGH"
    assert names["MINOR_EXECUTE"] == "PRIO_COMPACTION_MID"


def scenario(tmp_path, load: str = "", tenant: str = "", top: str = "", blocks: str = "[48]") -> str:
    path = tmp_path / "own.toml"
    path.write_text(f'''
about = "one tenant"
{top}
[[tenant]]
name = "mysql_tenant"
data_backup_dest = "file:///data"
log_archive_dest = "LOCATION=file:///log"
archivelog = true
{tenant}
[[tenant.table]]
name = "t1"
blocks = {blocks}
{load}
''')
    return str(path)


def test_many_tablets_share_eight_dags(tmp_path):
    cluster = obsim.Cluster(scenario(tmp_path, blocks=str([4] * 40)))
    cluster.write("mysql_tenant", "t1", 160)
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    assert [row[1] for row in rows(cluster, DAGS)] == ["ls_id={id:1001}"] * 8
    assert rows(cluster, PROGRESS) == [("NODE_RUNNING", 40, 160 << 21)]


LOAD = '''
[[load]]
tenant = "mysql_tenant"
kind = "{kind}"
tasks = {tasks}
length = "20s"
after = "5s"
every = "{every}"
'''


def test_a_scenario_orders_migrations(tmp_path):
    cluster = obsim.Cluster(scenario(tmp_path, LOAD.format(kind="migration", tasks=9, every="1h")))
    nets = RUNNING.format("DAG_NET_COUNT", "DAG_NET_MIGRATION")
    busy = RUNNING.format("RUNNING_TASK_CNT", "PRIO_HA_HIGH")
    assert rows(cluster, nets) == [(0,)]
    cluster.advance(seconds=6)
    assert (rows(cluster, nets), rows(cluster, busy)) == ([(1,)], [(8,)])
    assert ("MIGRATION_FINISH", "ls_id={id:1001}", "", 0, 9) in rows(cluster, DAGS)
    cluster.run_until_idle()
    assert (rows(cluster, nets), rows(cluster, busy)) == ([(0,)], [(0,)])
    cluster.advance(seconds=3565)
    assert rows(cluster, busy) == [(8,)]


def test_a_load_can_be_ordered_by_hand():
    cluster = obsim.Cluster()
    cluster.execute("CALL obsim.load('mysql_tenant', 'rebuild', 3, '10s')")
    cluster.advance(seconds=1)
    assert rows(cluster, RUNNING.format("DAG_COUNT", "TABLET_MIGRATION")) == [(3,)]
    wrong = [("nobody", "rebuild", 3), ("mysql_tenant", "nothing", 3), ("mysql_tenant", "rebuild", 0)]
    for tenant, kind, tasks in wrong:
        with pytest.raises(ServerError):
            cluster.execute(f"CALL obsim.load('{tenant}', '{kind}', {tasks}, '1s')")


def test_a_scheduler_holds_so_many_dags_of_a_type():
    cluster = obsim.Cluster()
    with pytest.raises(ServerError, match="4019"):
        cluster.execute("CALL obsim.load('mysql_tenant', 'migration', 15001, '1s')")
    with pytest.raises(ServerError, match="4019"):  # refused before they are made: such a list fits nowhere
        cluster.execute("CALL obsim.load('mysql_tenant', 'migration', 9223372036854775807, '1s')")
    cluster.execute("CALL obsim.load('mysql_tenant', 'migration', 15000, '1s')")
    cluster.execute("CALL obsim.load('mysql_tenant', 'fast_migrate', 10, '1s')")
    with pytest.raises(ServerError, match="4019"):
        cluster.execute("CALL obsim.load('mysql_tenant', 'migration', 1, '1s')")


def test_loads_slow_a_backup_only_when_the_cpus_do_not_suffice():
    alone = backup_seconds(obsim.Cluster())
    beside = obsim.Cluster()
    beside.execute("CALL obsim.load('mysql_tenant', 'migration', 8, '60s')")
    assert backup_seconds(beside) == alone
    crowded = obsim.Cluster()
    crowded.execute("CALL obsim.load('mysql_tenant', 'migration', 8, '60s')")
    crowded.execute("ALTER SYSTEM SET ha_high_thread_score = 100 TENANT = mysql_tenant")
    crowded.execute("CALL obsim.load('mysql_tenant', 'migration', 92, '60s')")
    assert backup_seconds(crowded) > 2 * alone


def test_a_narrow_destination_slows_backups(tmp_path):
    wide = backup_seconds(obsim.Cluster(scenario(tmp_path)))
    narrow = obsim.Cluster(scenario(tmp_path, tenant='data_backup_bandwidth = "10M"'))
    narrow.execute("ALTER SYSTEM SET ha_low_thread_score = 10", tenant="mysql_tenant")
    took = backup_seconds(narrow)
    assert took > 96 / 10 > wide  # 48 blocks of 2 MiB at 10 MiB a second


def test_the_network_is_for_background_work_in_part(tmp_path):
    text = scenario(tmp_path, top='network = "20M"')
    default, whole = obsim.Cluster(text), obsim.Cluster(text)
    whole.execute("ALTER SYSTEM SET sys_bkgd_net_percentage = 100")
    for cluster in (default, whole):
        cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 10", tenant="mysql_tenant")
    assert backup_seconds(default) - backup_seconds(whole) == pytest.approx(96 / 12 - 96 / 20, abs=0.2)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"load": LOAD.format(kind="nothing", tasks=1, every="1h")}, "nothing"),
        ({"load": LOAD.format(kind="rebuild", tasks=0, every="1h")}, "one task or more"),
        ({"load": LOAD.format(kind="rebuild", tasks=1, every="often")}, "every is 'often': write a span"),
        ({"tenant": 'data_backup_bandwidth = "fast"'}, "data_backup_bandwidth is 'fast'"),
        ({"top": 'network = "0M"'}, "network is '0M'"),
    ],
)
def test_what_a_scenario_may_not_say(tmp_path, options, text):
    with pytest.raises(ScenarioError, match=text):
        obsim.Cluster(scenario(tmp_path, **options))


def test_scenarios_come_without_load():
    assert all(not load_scenario(name).load for name in ("three-tenants", "blank", "statements"))
