"""obsim.events: every change of state, once, at its time."""

import obsim

EVENTS = "SELECT TENANT_ID, KIND, NAME, STATE_BEFORE, STATE_AFTER, TIME_NS FROM obsim.events WHERE {} ORDER BY EVENT_ID"


def found(cluster, where="TENANT_ID = 1002"):
    return [tuple(row) for row in cluster.query(EVENTS.format(where))]


def back_up(cluster):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()


def test_a_backup_from_its_first_state_to_its_last():
    cluster = obsim.Cluster()
    back_up(cluster)
    changes = found(cluster)
    stages = [after for _, kind, _, _, after, _ in changes if kind == "BACKUP_TASK"]
    assert stages == [
        "INIT", "BACKUP_SYS_META", "BACKUP_USER_META", "BACKUP_META_FINISH", "BACKUP_DATA_MINOR", "BACKUP_DATA_MAJOR",
        "BACKUP_LOG", "COMPLETED",
    ]
    jobs = [(name, before, after) for _, kind, name, before, after, _ in changes if kind == "BACKUP_JOB"]
    assert jobs == [("job 1", "", "INIT"), ("job 1", "INIT", "DOING"), ("job 1", "DOING", "COMPLETED")]
    sets = [(before, after) for _, kind, _, before, after, _ in changes if kind == "BACKUP_SET"]
    assert sets == [("", "DOING COPYING"), ("DOING COPYING", "SUCCESS AVAILABLE")]
    ends = cluster.query("SELECT END_TIMESTAMP FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")[0][0]
    last = cluster.query("SELECT TIME FROM obsim.events WHERE STATE_AFTER = 'COMPLETED' AND KIND = 'BACKUP_JOB'")[0][0]
    assert str(last) == str(ends)


def test_statements_parameters_rounds_and_tenants():
    cluster = obsim.Cluster()
    cluster.advance(seconds=5)
    cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 7 TENANT = mysql_tenant")
    cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 8 TENANT = mysql_tenant")
    cluster.execute("ALTER SYSTEM NOARCHIVELOG TENANT = mysql_tenant")
    cluster.run_until_idle()
    cluster.execute("ALTER TENANT mysql_tenant RENAME GLOBAL_NAME TO shop")
    changes = found(cluster, "TENANT_ID = 1002 AND TIME_NS > 1704038400000000000")
    assert [change[1:5] for change in changes] == [
        ("PARAMETER", "ha_low_thread_score", "", "7"), ("PARAMETER", "ha_low_thread_score", "7", "8"),
        ("ARCHIVE_ROUND", "round 1", "DOING", "STOPPING"), ("ARCHIVE_ROUND", "round 1", "STOPPING", "STOP"),
        ("TENANT", "shop", "", "PRIMARY NORMAL"), ("TENANT", "mysql_tenant", "PRIMARY NORMAL", ""),
    ]  # fmt: skip


def test_what_is_there_at_the_start_is_known_at_once():
    cluster = obsim.Cluster()
    first = found(cluster, "1 = 1")
    assert (1002, "ARCHIVE_ROUND", "round 1", "", "DOING", 1704038400000000000) in first
    assert {name for _, kind, name, *_ in first if kind == "TENANT"} == {
        "sys", "META$1002", "mysql_tenant", "META$1004", "oracle_tenant",
    }  # fmt: skip
    cluster.advance(seconds=1)
    assert found(cluster, "1 = 1") == first


def test_looking_changes_nothing():
    seen, unseen = obsim.Cluster(), obsim.Cluster()
    for cluster in (seen, unseen):
        cluster.execute("ALTER SYSTEM BACKUP DATABASE")
        for _ in range(12):
            if cluster is seen:
                found(cluster)
            cluster.advance(seconds=1)
    assert found(seen, "1 = 1") == found(unseen, "1 = 1")


def test_a_long_way_at_once_or_in_steps():
    once, steps = obsim.Cluster(), obsim.Cluster()
    for cluster in (once, steps):
        cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    once.advance(seconds=20)
    for _ in range(40):
        steps.advance(milliseconds=500)
    assert found(steps, "1 = 1") == found(once, "1 = 1")


def test_they_come_back_with_a_snapshot():
    cluster = obsim.Cluster()
    back_up(cluster)
    before = found(cluster)
    cluster.snapshot("a")
    back_up(cluster)
    assert len(found(cluster)) > len(before)
    cluster.restore_snapshot("a")
    assert found(cluster) == before
