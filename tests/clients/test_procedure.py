"""The backup procedure from the outside: each step sent as its client sends it, each number read back as it shows it.

The server's clock moves a second with every statement that acts, so a polling loop ends without waiting.
"""

import pytest

POLLS_MAX = 200
SCORE = "SHOW PARAMETERS LIKE 'ha_low_thread_score'"
SETS = "SELECT BACKUP_SET_ID, BACKUP_TYPE, STATUS, FILE_STATUS, MACRO_BLOCK_COUNT, FINISH_MACRO_BLOCK_COUNT FROM"


@pytest.fixture
def sys(client):
    """A session of the sys tenant's root on a cluster at its start."""
    session = client.connect("root@sys")
    session.rows("CALL obsim.reset()")
    return session


def poll(session, jobs):
    """Read the running jobs until there are none; returns what was seen of them, in order."""
    seen = []
    for _ in range(POLLS_MAX):
        rows = session.rows(f"SELECT TENANT_ID, JOB_ID, BACKUP_TYPE, STATUS FROM {jobs}" if "CDB" in jobs else
                            f"SELECT JOB_ID, BACKUP_TYPE, STATUS FROM {jobs}")
        if not rows:
            return seen
        seen += rows
    raise AssertionError(f"{jobs} is not empty after {POLLS_MAX} polls: {rows}")


def last_set(session, view, where=""):
    return session.rows(f"{SETS} {view} {where} ORDER BY BACKUP_SET_ID DESC LIMIT 1")[0]


def complete(backup_set_id, backup_type, macro_block_count):
    count = str(macro_block_count)
    return {
        "BACKUP_SET_ID": str(backup_set_id),
        "BACKUP_TYPE": backup_type,
        "STATUS": "SUCCESS",
        "FILE_STATUS": "AVAILABLE",
        "MACRO_BLOCK_COUNT": count,
        "FINISH_MACRO_BLOCK_COUNT": count,
    }


def change(session, tenant, table, count):
    """`count` macroblocks of a table change: written, then rewritten by a major freeze."""
    session.rows(f"CALL obsim.write('{tenant}', '{table}', {count}, 'random')")
    session.rows(f"ALTER SYSTEM MAJOR FREEZE TENANT = {tenant}")


def full_backup(sys):
    sys.rows("ALTER SYSTEM BACKUP DATABASE")
    seen = poll(sys, "CDB_OB_BACKUP_JOBS")
    assert {row["TENANT_ID"] for row in seen} == {"1", "1002", "1004"}
    assert {row["BACKUP_TYPE"] for row in seen} == {"FULL"}
    assert sys.rows("SELECT COUNT(*) n FROM CDB_OB_BACKUP_JOB_HISTORY WHERE STATUS = 'COMPLETED'") == [{"n": "3"}]


def test_the_sys_tenant_backs_up_everyone_and_then_one(sys):
    sys.rows("ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_user")
    for tenant in ("mysql_tenant", "oracle_tenant"):
        (shown,) = sys.rows(f"{SCORE} TENANT = {tenant}")
        assert (shown["name"], shown["value"]) == ("ha_low_thread_score", "10")

    full_backup(sys)
    blocks = sys.rows("SELECT TABLE_NAME, COUNT(*) n FROM obsim.macroblocks WHERE TENANT_ID = 1002 GROUP BY TABLE_NAME")
    assert {row["TABLE_NAME"]: row["n"] for row in blocks} == {"t1": "48", "t2": "48"}
    assert last_set(sys, "CDB_OB_BACKUP_SET_FILES", "WHERE TENANT_ID = 1002") == complete(1, "FULL", 96)

    change(sys, "mysql_tenant", "t1", 37)
    sys.rows("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
    assert {row["TENANT_ID"] for row in poll(sys, "CDB_OB_BACKUP_JOBS")} == {"1", "1002", "1004"}
    assert last_set(sys, "CDB_OB_BACKUP_SET_FILES", "WHERE TENANT_ID = 1002") == complete(2, "INC", 37)
    assert last_set(sys, "CDB_OB_BACKUP_SET_FILES", "WHERE TENANT_ID = 1004") == complete(2, "INC", 0)

    change(sys, "mysql_tenant", "t2", 5)
    sys.rows("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant")
    assert {row["TENANT_ID"] for row in poll(sys, "CDB_OB_BACKUP_JOBS")} == {"1", "1002"}
    changed_since_full = 37 + 5  # the default version looks blocks up in the last full set
    assert last_set(sys, "CDB_OB_BACKUP_SET_FILES", "WHERE TENANT_ID = 1002") == complete(3, "INC", changed_since_full)
    assert last_set(sys, "CDB_OB_BACKUP_SET_FILES", "WHERE TENANT_ID = 1004") == complete(2, "INC", 0)


def test_several_tenants_are_separated_by_commas(sys):
    full_backup(sys)
    sys.rows("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant, oracle_tenant")
    assert {row["TENANT_ID"] for row in poll(sys, "CDB_OB_BACKUP_JOBS")} == {"1", "1002", "1004"}


@pytest.mark.parametrize(
    ("user", "tenant", "table", "prefix"),
    [("root@mysql_tenant", "mysql_tenant", "t1", "oceanbase."), ("SYS@oracle_tenant", "oracle_tenant", "T1", "SYS.")],
)
def test_the_administrator_of_a_tenant_does_the_same_for_itself(client, sys, user, tenant, table, prefix):
    administrator = client.connect(user, None)
    administrator.rows("ALTER SYSTEM SET ha_low_thread_score = 10")
    (shown,) = administrator.rows(SCORE)
    assert shown["value"] == "10"

    administrator.rows("ALTER SYSTEM BACKUP DATABASE")
    assert {row["BACKUP_TYPE"] for row in poll(administrator, f"{prefix}DBA_OB_BACKUP_JOBS")} == {"FULL"}

    change(sys, tenant, table, 37)
    administrator.rows("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
    seen = poll(administrator, f"{prefix}DBA_OB_BACKUP_JOBS")
    assert {(row["JOB_ID"], row["BACKUP_TYPE"]) for row in seen} == {("2", "INC")}
    assert last_set(administrator, f"{prefix}DBA_OB_BACKUP_SET_FILES") == complete(2, "INC", 37)
    history = f"SELECT JOB_ID, STATUS FROM {prefix}DBA_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID"
    assert administrator.rows(history) == [
        {"JOB_ID": "1", "STATUS": "COMPLETED"}, {"JOB_ID": "2", "STATUS": "COMPLETED"},
    ]


def test_tasks_show_progress_that_never_falls(sys):
    sys.rows("ALTER SYSTEM BACKUP TENANT = mysql_tenant")
    counts = []
    for _ in range(POLLS_MAX):
        tasks = sys.rows("SELECT STATUS, FINISH_MACRO_BLOCK_COUNT FROM CDB_OB_BACKUP_TASKS WHERE TENANT_ID = 1002")
        counts += [int(row["FINISH_MACRO_BLOCK_COUNT"]) for row in tasks]
        if not sys.rows("SELECT 1 FROM CDB_OB_BACKUP_JOBS"):
            break
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    finished = sys.rows("SELECT FINISH_MACRO_BLOCK_COUNT n FROM CDB_OB_BACKUP_TASK_HISTORY WHERE TENANT_ID = 1002")
    assert finished == [{"n": "96"}]
