"""A policy at work: what goes after which time, what the views say meanwhile, and what stays restorable."""

from datetime import datetime, timedelta

import pytest

import obsim

JOBS = "SELECT * FROM CDB_OB_BACKUP_DELETE_JOBS WHERE TENANT_ID = 1002"
PAST_JOBS = "SELECT * FROM CDB_OB_BACKUP_DELETE_JOB_HISTORY WHERE TENANT_ID = 1002 ORDER BY JOB_ID"
TASKS = "SELECT * FROM CDB_OB_BACKUP_DELETE_TASKS WHERE TENANT_ID = 1002 ORDER BY TASK_ID"
PAST_TASKS = "SELECT * FROM CDB_OB_BACKUP_DELETE_TASK_HISTORY WHERE TENANT_ID = 1002 ORDER BY TASK_ID"
SETS = "SELECT BACKUP_SET_ID, FILE_STATUS FROM CDB_OB_BACKUP_SET_FILES WHERE TENANT_ID = 1002 ORDER BY BACKUP_SET_ID"
PIECES = "SELECT PIECE_ID, STATUS, FILE_STATUS FROM CDB_OB_ARCHIVELOG_PIECE_FILES WHERE TENANT_ID = 1002 ORDER BY 1"


def backup(cluster, *, incremental=False):
    kind = "INCREMENTAL " if incremental else ""
    cluster.execute(f"ALTER SYSTEM BACKUP {kind}DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()


def look(cluster, text):
    """Rows as sys sees them in the database oceanbase."""
    return cluster.session("root", "sys", database="oceanbase").query(text)


def statuses(cluster):
    return {row["BACKUP_SET_ID"]: row["FILE_STATUS"] for row in look(cluster, SETS)}


@pytest.fixture
def cluster():
    """Fulls on days 0, 6 and 13, increments on days 3 and 10, a policy of seven days; two hours after the last."""
    made = obsim.Cluster("three-tenants")
    made.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '7d'", tenant="mysql_tenant")
    backup(made)
    for days, incremental in ((3, True), (3, False), (4, True), (3, False)):
        made.advance(hours=24 * days)
        backup(made, incremental=incremental)
    made.advance(hours=2)
    return made


def test_documented_example_runs_by_itself(cluster):
    assert statuses(cluster) == {1: "DELETED", 2: "DELETED", 3: "AVAILABLE", 4: "AVAILABLE", 5: "AVAILABLE"}
    deleted = [row["PIECE_ID"] for row in look(cluster, PIECES) if row["FILE_STATUS"] == "DELETED"]
    assert deleted == [1, 2, 3, 4, 5], "the clean point of day 6 is replayed from the freeze of the night before"
    busy = [row for row in look(cluster, PAST_JOBS) if row["TASK_COUNT"]]
    assert [(row["TASK_COUNT"], row["SUCCESS_TASK_COUNT"], row["STATUS"], row["RESULT"]) for row in busy] == [
        (7, 7, "COMPLETED", 0)
    ]
    assert sum(not row["TASK_COUNT"] for row in look(cluster, PAST_JOBS)) > 200, "every hour a job with nothing to do"


def test_rows_of_the_job_and_its_tasks(cluster):
    (job,) = (row for row in look(cluster, PAST_JOBS) if row["TASK_COUNT"])
    assert job["TYPE"] == "DELETE OBSOLETE BACKUP"
    assert (job["INITIATOR_TENANT_ID"], job["INITIATOR_JOB_ID"], job["EXECUTOR_TENANT_ID"]) == (
        1002, job["JOB_ID"], "1002"
    )
    began, expired = (datetime.fromisoformat(str(job[name])) for name in ("START_TIMESTAMP", "PARAMETER"))
    assert began - expired == timedelta(days=7)
    tasks = look(cluster, PAST_TASKS)
    assert [(t["TASK_ID"], t["TASK_TYPE"], t["ID"], t["ROUND_ID"]) for t in tasks][:3] == [
        (1, "BACKUP SET", 1, 0), (2, "BACKUP SET", 2, 0), (3, "BACKUP PIECE", 1, 1)
    ]
    assert {(t["JOB_ID"], t["STATUS"], t["TOTAL_LS_COUNT"], t["FINISH_LS_COUNT"]) for t in tasks} == {
        (job["JOB_ID"], "COMPLETED", 2, 2)
    }
    for task in tasks:
        assert job["START_TIMESTAMP"] < task["START_TIMESTAMP"] < task["END_TIMESTAMP"] <= job["END_TIMESTAMP"]
    dba = cluster.query("SELECT * FROM oceanbase.DBA_OB_BACKUP_DELETE_TASK_HISTORY", tenant="mysql_tenant")
    assert len(dba) == len(tasks)
    assert "TENANT_ID" not in list(dba[0])


def test_deleted_log_counts_in_its_round(cluster):
    (row,) = look(cluster, "SELECT * FROM CDB_OB_ARCHIVELOG WHERE TENANT_ID = 1002")
    gone = "SELECT SUM(INPUT_BYTES) n FROM CDB_OB_ARCHIVELOG_PIECE_FILES WHERE TENANT_ID=1002 AND FILE_STATUS='DELETED'"
    assert row["DELETED_INPUT_BYTES"] == int(look(cluster, gone)[0]["n"])


@pytest.fixture
def at_work():
    """Two old full sets and a policy whose first run has begun."""
    made = obsim.Cluster("three-tenants")
    backup(made)
    made.advance(hours=1)
    backup(made)
    made.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1h'", tenant="mysql_tenant")
    made.advance(hours=1)
    assert [row["STATUS"] for row in look(made, JOBS)] == ["INIT"]
    made.advance(milliseconds=200)
    return made


def test_states_while_it_works(at_work):
    (job,) = look(at_work, JOBS)
    assert (job["STATUS"], job["TASK_COUNT"], job["SUCCESS_TASK_COUNT"], job["END_TIMESTAMP"]) == ("DOING", 1, 0, None)
    assert statuses(at_work) == {1: "DELETING", 2: "AVAILABLE"}
    at_work.advance(milliseconds=500)
    assert [(t["STATUS"], t["FINISH_LS_COUNT"]) for t in look(at_work, TASKS)] == [("DOING", 1)]
    at_work.run_until_idle()
    assert statuses(at_work) == {1: "DELETED", 2: "AVAILABLE"}
    assert look(at_work, JOBS) == look(at_work, TASKS) == []


@pytest.mark.parametrize("by", ["mysql_tenant", "sys"])
def test_cancel_leaves_the_set_for_the_next_run(at_work, by):
    at_work.execute("ALTER SYSTEM CANCEL DELETE BACKUP", tenant=by)
    assert [row["STATUS"] for row in look(at_work, JOBS)] == ["CANCELING"]
    at_work.run_until_idle()
    newest = look(at_work, PAST_JOBS)[-1]
    assert (newest["STATUS"], newest["RESULT"], newest["SUCCESS_TASK_COUNT"]) == ("CANCELED", -4072, 0)
    assert [(t["STATUS"], t["RESULT"]) for t in look(at_work, PAST_TASKS)] == [("CANCELED", -4072)]
    assert statuses(at_work) == {1: "DELETING", 2: "AVAILABLE"}
    at_work.advance(hours=1)
    at_work.run_until_idle()
    assert statuses(at_work) == {1: "DELETED", 2: "AVAILABLE"}


def test_cancelling_another_tenant_does_not_touch_the_job(at_work):
    at_work.execute("ALTER SYSTEM CANCEL DELETE BACKUP TENANT = oracle_tenant")
    at_work.run_until_idle()
    assert statuses(at_work)[1] == "DELETED"


def test_without_a_policy_or_a_destination_nothing_runs():
    cluster = obsim.Cluster("three-tenants")
    backup(cluster)
    cluster.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1h'", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM DROP DELETE BACKUP POLICY 'default'", tenant="mysql_tenant")
    cluster.advance(hours=30)
    assert look(cluster, PAST_JOBS) == []
    cluster.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1h'", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM SET data_backup_dest = ''", tenant="mysql_tenant")
    cluster.advance(hours=3)
    assert look(cluster, PAST_JOBS) == []


def test_sets_at_another_destination_stay(at_work):
    at_work.run_until_idle()
    at_work.execute("ALTER SYSTEM SET data_backup_dest = 'file:///data/new'", tenant="mysql_tenant")
    for _ in range(3):
        backup(at_work)
        at_work.advance(hours=2)
    assert statuses(at_work) == {1: "DELETED", 2: "AVAILABLE", 3: "DELETED", 4: "DELETED", 5: "AVAILABLE"}


def test_an_increment_goes_on_from_what_stays(cluster):
    """The chain that is left takes another increment; none of its sets was deleted."""
    backup(cluster, incremental=True)
    newest = look(cluster, "SELECT * FROM CDB_OB_BACKUP_SET_FILES WHERE TENANT_ID = 1002 ORDER BY BACKUP_SET_ID")[-1]
    assert (newest["BACKUP_TYPE"], newest["PREV_FULL_BACKUP_SET_ID"], newest["STATUS"]) == ("INC", 5, "SUCCESS")


def test_one_long_jump_is_the_same_as_many_short_ones():
    seen = []
    for hours in (96, 1):
        cluster = obsim.Cluster("three-tenants")
        backup(cluster)
        cluster.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '2d'", tenant="mysql_tenant")
        backup(cluster)
        for _ in range(96 // hours):
            cluster.advance(hours=hours)
            look(cluster, PIECES)
        seen.append([look(cluster, text) for text in (SETS, PIECES, PAST_JOBS, PAST_TASKS)])
    assert seen[0] == seen[1]
    assert statuses(cluster) == {1: "DELETED", 2: "AVAILABLE"}


def test_deleting_the_last_piece_of_a_round_keeps_the_log_of_the_next():
    """It ends a day after it began, the other round began before that; older builds ask how far it was archived."""
    cluster = obsim.Cluster("three-tenants", version="4.1.0")
    backup(cluster)
    for mode in ("NOARCHIVELOG", "ARCHIVELOG"):
        cluster.execute(f"ALTER SYSTEM {mode}", tenant="mysql_tenant")
        cluster.run_until_idle()
    backup(cluster)
    cluster.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1m'", tenant="mysql_tenant")
    cluster.execute("CALL obsim.write('mysql_tenant', 't1', 5, 'random')", tenant="sys")
    (written,) = kept_log(cluster)
    cluster.advance(hours=2)
    assert [row["FILE_STATUS"] for row in look(cluster, PIECES)] == ["DELETED", "AVAILABLE"]
    assert kept_log(cluster)[0] is written


def kept_log(cluster):
    """What has been written of the table after the last set, as a restore would replay it."""
    tenant = cluster.state.tenant_named("mysql_tenant")
    return tenant.archive.log.between(tenant.backup.sets[2].content.picture.change_count, cluster.state.now_ns)
