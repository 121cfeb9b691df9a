"""Jobs, tasks, sets and backup parameters as a reader sees them (status-machines.md 2-4, samples.md)."""

import pytest

from obsim.cluster import Principal
from obsim.ids import TenantId
from obsim.statements import AlterParameters, BackupDatabase, CancelBackup, ParameterAction, Secret

MYSQL, ORACLE = 1002, 1004
COUNTS = (
    "INPUT_BYTES", "OUTPUT_BYTES", "TABLET_COUNT", "FINISH_TABLET_COUNT", "MACRO_BLOCK_COUNT",
    "FINISH_MACRO_BLOCK_COUNT",
)  # fmt: skip


def pick(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def test_a_job_stands_there_when_the_statement_returns(world):
    world.execute(BackupDatabase(description="nightly"), MYSQL)
    assert world.rows("DBA_OB_BACKUP_JOBS", MYSQL) == [
        {
            "JOB_ID": 1, "INCARNATION": 1, "BACKUP_SET_ID": 1, "INITIATOR_TENANT_ID": 1002, "INITIATOR_JOB_ID": 0,
            "EXECUTOR_TENANT_ID": "1002", "PLUS_ARCHIVELOG": "OFF", "BACKUP_TYPE": "FULL", "JOB_LEVEL": "USER_TENANT",
            "ENCRYPTION_MODE": "NONE", "PASSWD": "", "START_TIMESTAMP": "2024-01-01 00:00:00.000000",
            "END_TIMESTAMP": None, "STATUS": "INIT", "RESULT": 0, "COMMENT": "", "DESCRIPTION": "nightly",
            "PATH": "file:///data/backup/mysql_tenant/data",
        }
    ]  # fmt: skip
    assert world.rows("CDB_OB_BACKUP_TASKS") == world.rows("CDB_OB_BACKUP_SET_FILES") == []
    assert world.rows("DBA_OB_BACKUP_JOBS", ORACLE, "SYS") == world.rows("DBA_OB_BACKUP_JOBS") == []


def test_a_cluster_job_has_a_parent_row_and_a_row_for_each_tenant(world):
    world.execute(BackupDatabase())
    world.advance(1)
    parent, *children = world.rows("CDB_OB_BACKUP_JOBS")
    assert (parent["TENANT_ID"], parent["JOB_ID"], parent["BACKUP_SET_ID"], parent["INITIATOR_JOB_ID"]) == (1, 1, 0, 1)
    assert (parent["EXECUTOR_TENANT_ID"], parent["JOB_LEVEL"], parent["PATH"]) == ("1002,1004", "CLUSTER", "")
    assert pick(children, "TENANT_ID", "INITIATOR_TENANT_ID", "INITIATOR_JOB_ID", "EXECUTOR_TENANT_ID") == [
        (1002, 1, 1, "1002"), (1004, 1, 1, "1004"),
    ]  # fmt: skip
    del parent["TENANT_ID"]
    assert world.rows("DBA_OB_BACKUP_JOBS") == [parent]


def test_a_finished_backup_in_every_view(world):
    world.execute(BackupDatabase(), MYSQL)
    world.advance(60)
    assert world.rows("CDB_OB_BACKUP_JOBS") == world.rows("CDB_OB_BACKUP_TASKS") == []
    (job,) = world.rows("CDB_OB_BACKUP_JOB_HISTORY")
    (task,) = world.rows("CDB_OB_BACKUP_TASK_HISTORY")
    (backup_set,) = world.rows("CDB_OB_BACKUP_SET_FILES")
    assert (job["STATUS"], task["STATUS"], backup_set["STATUS"], backup_set["FILE_STATUS"]) == (
        "COMPLETED", "COMPLETED", "SUCCESS", "AVAILABLE",
    )  # fmt: skip
    assert {job["RESULT"], task["RESULT"], backup_set["RESULT"]} == {0}
    assert job["START_TIMESTAMP"] == task["START_TIMESTAMP"] == backup_set["START_TIMESTAMP"]
    assert task["END_TIMESTAMP"] == backup_set["END_TIMESTAMP"] < job["END_TIMESTAMP"]
    assert [task[name] for name in COUNTS] == [backup_set[name] for name in COUNTS]
    assert task["MACRO_BLOCK_COUNT"] == task["FINISH_MACRO_BLOCK_COUNT"] == 96
    assert task["OUTPUT_RATE_BYTES"] == backup_set["OUTPUT_RATE_BYTES"] != "0.0000"
    assert backup_set["MIN_RESTORE_SCN"] == task["END_SCN"]
    assert len(backup_set["MIN_RESTORE_SCN_DISPLAY"]) == 29
    assert len(backup_set["START_REPLAY_SCN_DISPLAY"]) == 26
    assert (task["DATA_TURN_ID"], task["META_TURN_ID"], task["FILE_COUNT"]) == (1, 1, 0)
    assert (backup_set["TENANT_COMPATIBLE"], backup_set["CLUSTER_VERSION"], backup_set["BACKUP_COMPATIBLE"]) == (
        "4.2.1.0", "4.2.1.0", 3,
    )  # fmt: skip
    for name, row in (("JOB_HISTORY", job), ("TASK_HISTORY", task), ("SET_FILES", backup_set)):
        del row["TENANT_ID"]
        assert world.rows(f"DBA_OB_BACKUP_{name}", MYSQL) == [row]
        assert world.rows(f"DBA_OB_BACKUP_{name}", ORACLE, "SYS") == []


def test_the_task_moves_while_the_set_stays_at_zero(world):
    world.execute(BackupDatabase(), MYSQL)
    seen = []
    while not world.rows("CDB_OB_BACKUP_JOB_HISTORY"):
        for task in world.rows("CDB_OB_BACKUP_TASKS"):
            (backup_set,) = world.rows("CDB_OB_BACKUP_SET_FILES")
            if backup_set["STATUS"] == "DOING":
                seen.append(task["FINISH_MACRO_BLOCK_COUNT"])
                assert task["OUTPUT_RATE_BYTES"] == backup_set["OUTPUT_RATE_BYTES"] == "0.0000"
                assert [backup_set[name] for name in COUNTS] == [0] * 6
                assert (backup_set["FILE_STATUS"], backup_set["ELAPSED_SECONDES"]) == ("COPYING", "0")
                assert backup_set["START_REPLAY_SCN_DISPLAY"] is backup_set["MIN_RESTORE_SCN_DISPLAY"] is None
        world.advance(0.5)
    assert seen == sorted(seen)
    assert len(set(seen)) > 5


@pytest.mark.parametrize(("version", "turn"), [("4.0.0", 1), ("4.2.1", 1), ("4.2.5", 0), ("4.3.3", 0)])
def test_the_data_turn_follows_the_profile(make, version, turn):
    world = make(version)
    world.execute(BackupDatabase(), MYSQL)
    world.advance(60)
    rows = world.rows("CDB_OB_BACKUP_TASK_HISTORY") + world.rows("CDB_OB_BACKUP_SET_FILES")
    assert [row["DATA_TURN_ID"] for row in rows] == [turn, turn]
    assert [row.get("MINOR_TURN_ID") for row in rows] == ([1, 1] if turn == 0 else [None, None])


def test_progress_columns_of_a_running_task(make):
    world = make("4.3.3")
    world.execute(BackupDatabase(), MYSQL)
    world.advance(6)
    (task,) = world.rows("CDB_OB_BACKUP_TASKS")
    finished, total = task["FINISH_MACRO_BLOCK_COUNT"], task["MACRO_BLOCK_COUNT"]
    assert 0 < finished < total
    assert task["DATA_PROGRESS"] == f"{round(10_000 * finished / total) / 100:.2f}"
    assert (task["LOG_FILE_COUNT"], task["FINISH_LOG_FILE_COUNT"], task["LOG_PROGRESS"]) == (0, 0, "0.00")


def test_an_increment_names_its_ancestors(world):
    for statement in (BackupDatabase(), BackupDatabase(incremental=True), BackupDatabase(incremental=True)):
        world.execute(statement, MYSQL)
        world.advance(60)
    rows = world.rows("DBA_OB_BACKUP_SET_FILES", MYSQL)
    assert pick(rows, "BACKUP_SET_ID", "BACKUP_TYPE", "PREV_FULL_BACKUP_SET_ID", "PREV_INC_BACKUP_SET_ID") == [
        (1, "FULL", 0, 0), (2, "INC", 1, 1), (3, "INC", 1, 2),
    ]  # fmt: skip
    assert [r["JOB_ID"] for r in world.rows("DBA_OB_BACKUP_JOB_HISTORY", MYSQL)] == [1, 2, 3]


def test_a_cancelled_backup(world):
    world.execute(BackupDatabase(), MYSQL)
    world.advance(5)
    world.execute(CancelBackup(), MYSQL)
    assert [r["STATUS"] for r in world.rows("DBA_OB_BACKUP_JOBS", MYSQL)] == ["CANCELING"]
    world.advance(30)
    (job,) = world.rows("DBA_OB_BACKUP_JOB_HISTORY", MYSQL)
    (task,) = world.rows("DBA_OB_BACKUP_TASK_HISTORY", MYSQL)
    (backup_set,) = world.rows("DBA_OB_BACKUP_SET_FILES", MYSQL)
    assert pick((job, task, backup_set), "STATUS", "RESULT") == [
        ("CANCELED", -4072), ("CANCELED", -4072), ("FAILED", -4072),
    ]  # fmt: skip
    assert (backup_set["FILE_STATUS"], job["COMMENT"]) == ("INCOMPLETE", "")
    assert None not in {job["END_TIMESTAMP"], task["END_TIMESTAMP"], backup_set["END_TIMESTAMP"]}


def test_a_password_shows_as_a_mode_and_a_digest(world):
    who = Principal(TenantId(MYSQL), "root", Secret("open sesame"))
    world.state.execute(who, BackupDatabase())
    world.advance(60)
    for name in ("JOB_HISTORY", "TASK_HISTORY", "SET_FILES"):
        (row,) = world.rows(f"CDB_OB_BACKUP_{name}")
        assert row["ENCRYPTION_MODE"] == "PASSWORD"
        assert row["PASSWD"]
        assert "sesame" not in str(row)


def test_only_the_end_of_a_job_or_task_may_be_null(world):
    world.execute(BackupDatabase())
    for _ in range(40):
        world.advance(0.3)
        for name in ("JOBS", "JOB_HISTORY", "TASKS", "TASK_HISTORY"):
            for row in world.rows(f"CDB_OB_BACKUP_{name}"):
                assert {key for key, value in row.items() if value is None} <= {"END_TIMESTAMP"}


def test_times_follow_the_session_zone_and_numbers_do_not(world):
    world.execute(BackupDatabase(), MYSQL)
    world.advance(60)
    (here,) = world.rows("DBA_OB_BACKUP_SET_FILES", MYSQL)
    (utc,) = world.rows("DBA_OB_BACKUP_SET_FILES", MYSQL, offset_s=0)
    assert here["START_TIMESTAMP"] == "2024-01-01 00:00:00.000000"
    assert utc["START_TIMESTAMP"] == "2023-12-31 16:00:00.000000"
    assert utc["MIN_RESTORE_SCN_DISPLAY"].startswith("2023-12-31 16:00:")
    differ = {name for name in here if here[name] != utc[name]}
    assert differ == {"START_TIMESTAMP", "END_TIMESTAMP", "START_REPLAY_SCN_DISPLAY", "MIN_RESTORE_SCN_DISPLAY"}


def test_the_destination_without_its_key(world):
    dest = "s3://bucket/data?host=store.example&access_id=AK&access_key=hidden&delete_mode=delete"
    world.execute(AlterParameters((ParameterAction("data_backup_dest", dest),)), MYSQL)
    (row,) = world.rows("DBA_OB_BACKUP_PARAMETER", MYSQL)
    assert row == {
        "NAME": "data_backup_dest", "VALUE": "s3://bucket/data?host=store.example&access_id=AK&delete_mode=delete",
    }  # fmt: skip
    world.execute(AlterParameters((ParameterAction("data_backup_dest", ""),)), MYSQL)
    assert world.rows("DBA_OB_BACKUP_PARAMETER", MYSQL) == []
    assert [row["TENANT_ID"] for row in world.rows("CDB_OB_BACKUP_PARAMETER")] == [ORACLE]
