"""The DAGs of a backup as they come and go: a prefetch spawns those of the next files (engine.md 5.5)."""

from collections import Counter

import obsim

TENANT = "mysql_tenant"
KINDS = "SELECT dag_type, running_task_cnt, indegree FROM oceanbase.__all_virtual_dag WHERE dag_net_key != ''"
FILES = "SELECT FILE_ID, MACRO_BLOCK_COUNT, STATUS FROM obsim.backup_files WHERE DATA_TYPE = 'major'"


def dags(cluster: obsim.Cluster) -> Counter:
    """(type, running, waits for others) of the DAGs in the tenant's backup net, without the net itself."""
    found = Counter((row[0], row[1], row[2]) for row in map(tuple, cluster.query(KINDS)))
    return Counter({key: count for key, count in found.items() if not key[0].startswith("DAG_NET")})


def large_tenant(score: int) -> obsim.Cluster:
    """A tenant with 1096 blocks, five files of 512 MiB."""
    cluster = obsim.Cluster(version="4.2.5")
    cluster.write(TENANT, "t1", 1000, "append")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant=TENANT)
    cluster.advance(minutes=10)
    cluster.execute("ALTER SYSTEM SET backup_data_file_size = '512M'", tenant=TENANT)
    cluster.execute(f"ALTER SYSTEM SET ha_low_thread_score = {score}", tenant=TENANT)
    return cluster


def until_copying(cluster: obsim.Cluster) -> None:
    for _ in range(2000):
        if any(kind == "BACKUP_DATA" for kind, *_ in dags(cluster)):
            return
        cluster.advance(milliseconds=10)
    raise AssertionError("nothing is copied")


def test_a_prefetch_spawns_as_many_files_as_there_are_copy_tasks_and_the_next_prefetch():
    cluster = large_tenant(2)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    until_copying(cluster)
    assert dags(cluster) == {("BACKUP_DATA", 1, 0): 2, ("PREFETCH_BACKUP_INFO", 0, 0): 1}
    cluster.advance(milliseconds=260 * 110 + 20)
    assert dags(cluster) == {("BACKUP_DATA", 1, 0): 2, ("PREFETCH_BACKUP_INFO", 0, 0): 1}
    cluster.advance(milliseconds=260 * 110 + 20)
    assert dags(cluster) == {("BACKUP_DATA", 1, 0): 1}
    cluster.run_until_idle()
    assert list(map(tuple, cluster.query(FILES))) == [(n, size, "COMPLETE") for n, size in enumerate([260] * 4 + [56])]


def test_every_dag_of_a_backup_names_its_log_stream():
    cluster = obsim.Cluster(version="4.2.5")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    named = "SELECT dag_type, dag_key FROM oceanbase.__all_virtual_dag WHERE dag_type LIKE 'BACKUP%'"
    seen = set()
    for _ in range(150):
        cluster.advance(milliseconds=100)
        seen.update(map(tuple, cluster.query(named)))
    for kind in ("BACKUP_DATA", "BACKUP_INDEX_REBUILD", "BACKUP_FINISH"):
        assert (kind, "ls_id={id:1001}") in seen
    assert {key for _, key in seen} == {"ls_id={id:1}", "ls_id={id:1001}"}


def test_a_cancelled_backup_leaves_no_dag_behind():
    cluster = large_tenant(2)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    until_copying(cluster)
    cluster.advance(milliseconds=260 * 110 + 20)
    cluster.execute("ALTER SYSTEM CANCEL BACKUP", tenant=TENANT)
    cluster.run_until_idle()
    assert dags(cluster) == {}
    newest = "SELECT STATUS, FINISH_MACRO_BLOCK_COUNT FROM oceanbase.DBA_OB_BACKUP_TASK_HISTORY"
    ((status, finished),) = map(tuple, cluster.query(newest, tenant=TENANT))
    assert status == "CANCELED"
    assert 520 <= finished < 530
    assert list(map(tuple, cluster.query(FILES))) == [(0, 260, "COMPLETE"), (1, 260, "COMPLETE")]


def test_progress_counts_files_whose_tasks_are_gone():
    cluster = large_tenant(1)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    until_copying(cluster)
    finished = "SELECT FINISH_MACRO_BLOCK_COUNT FROM oceanbase.DBA_OB_BACKUP_TASKS"
    seen = []
    for _ in range(4):
        cluster.advance(milliseconds=260 * 110 + 520)
        seen.append(cluster.query(finished, tenant=TENANT)[0][0] // 260)
    assert seen == [1, 2, 3, 4]
