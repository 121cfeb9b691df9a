"""Deletions that fail: tried again after five seconds, or the end of the job (status-machines.md 7)."""

from datetime import datetime

import pytest

import obsim

TENANT = "mysql_tenant"
SETS = "SELECT BACKUP_SET_ID, FILE_STATUS FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID"
JOBS = "SELECT * FROM oceanbase.DBA_OB_BACKUP_DELETE_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1"
TASKS = "SELECT STATUS, RESULT, FINISH_LS_COUNT, START_TIMESTAMP, END_TIMESTAMP FROM {} ORDER BY TASK_ID"
PAST = TASKS.format("oceanbase.DBA_OB_BACKUP_DELETE_TASK_HISTORY")
PRESENT = TASKS.format("oceanbase.DBA_OB_BACKUP_DELETE_TASKS")


@pytest.fixture
def cluster():
    """Two sets that a policy lets go in an hour, and one that it keeps."""
    made = obsim.Cluster("three-tenants")
    for _ in range(3):
        made.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
        made.run_until_idle()
    made.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1m'", tenant=TENANT)
    return made


def statuses(cluster):
    return [row["FILE_STATUS"] for row in cluster.query(SETS, tenant=TENANT)]


def clean_up(cluster):
    """Let the policy look; the job of that look."""
    cluster.advance(hours=1)
    cluster.run_until_idle()
    (job,) = cluster.query(JOBS, tenant=TENANT)
    return job


def outcomes(cluster):
    return [(row["STATUS"], row["RESULT"], row["FINISH_LS_COUNT"]) for row in cluster.query(PAST, tenant=TENANT)]


def test_one_failed_task_ends_the_job_and_the_next_look_goes_on(cluster):
    cluster.fault("error=OB_BACKUP_PERMISSION_DENIED cleanup=delete tenant=mysql_tenant log_stream=1001 times=1")
    job = clean_up(cluster)
    assert (job["STATUS"], job["RESULT"], job["TASK_COUNT"], job["SUCCESS_TASK_COUNT"]) == ("FAILED", -9071, 2, 0)
    assert job["COMMENT"].startswith("(SERVER)ls_id: 1001, addr: 127.0.0.1:2882, module: BACKUP_CLEAN, result: -9071(")
    assert outcomes(cluster) == [("FAILED", -9071, 1), ("CANCELED", -4072, 0)]
    assert statuses(cluster) == ["DELETING", "AVAILABLE", "AVAILABLE"]
    assert clean_up(cluster)["STATUS"] == "COMPLETED"
    assert statuses(cluster) == ["DELETED", "DELETED", "AVAILABLE"]


def test_what_may_pass_is_tried_again_five_seconds_after_it_was_begun(cluster):
    cluster.fault("error=OB_TIMEOUT cleanup=delete tenant=mysql_tenant log_stream=1 times=7")
    job = clean_up(cluster)
    assert (job["STATUS"], job["SUCCESS_TASK_COUNT"]) == ("COMPLETED", 2)
    task = cluster.query(PAST, tenant=TENANT)[0]
    start, end = (datetime.fromisoformat(task[name]) for name in ("START_TIMESTAMP", "END_TIMESTAMP"))
    assert (end - start).total_seconds() == 7 * 5 + 1, "seven times, then half a second for each log stream"


def test_a_cancelled_job_does_not_try_again(cluster):
    cluster.fault("error=OB_TIMEOUT cleanup=delete tenant=mysql_tenant")
    cluster.advance(hours=1, seconds=3)
    assert [row["STATUS"] for row in cluster.query(PRESENT, tenant=TENANT)] == ["DOING", "INIT"]
    cluster.execute("ALTER SYSTEM CANCEL DELETE BACKUP", tenant=TENANT)
    cluster.run_until_idle()
    assert outcomes(cluster) == [("CANCELED", -4072, 0), ("CANCELED", -4072, 0)]
    assert statuses(cluster) == ["DELETING", "AVAILABLE", "AVAILABLE"]


def test_it_is_about_one_tenant_and_not_about_the_archive(cluster):
    cluster.fault("error=9071 cleanup=delete tenant=oracle_tenant")
    assert clean_up(cluster)["STATUS"] == "COMPLETED"
    (current,) = cluster.query("SELECT STATUS FROM oceanbase.DBA_OB_ARCHIVELOG", tenant=TENANT)
    assert current["STATUS"] == "DOING"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("error=9071 cleanup=write", "cleanup is delete, not 'write'"),
        ("error=9071 archive=delete", "archive is write, not 'delete'"),
        ("error=9071 cleanup=delete archive=write", "say either archive=... or cleanup=..."),
        ("disconnect=after cleanup=delete", "cleanup does not go with disconnect"),
        ("error=9071 cleanup=delete server=127.0.0.1:2882", "server, log_stream and path go with stage"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(cluster, text, says):
    with pytest.raises(obsim.ServerError, match=says.replace(".", r"\.")):
        cluster.fault(text)
