"""Rows of rounds, pieces, destinations and scheduled tasks over time (samples.md, status-machines.md 5 and 6)."""

import pytest

from obsim.sql.reader import read_statement

MYSQL = 1002
DAY_S = 86_400
DAY_NS = DAY_S * 10**9
PROFILES = ["4.0.0", "4.1.0", "4.2.1", "4.2.5", "4.3.3"]


def columns(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def say(world, sql, tenant_id=MYSQL):
    world.execute(read_statement(sql), tenant_id)


@pytest.mark.parametrize("version", PROFILES)
def test_pieces_follow_each_other_without_a_gap(make, version):
    world = make(version)
    world.advance(2 * DAY_S + 7_200)
    rows = world.rows("DBA_OB_ARCHIVELOG_PIECE_FILES", MYSQL)
    assert columns(rows, "ROUND_ID", "PIECE_ID", "STATUS", "FILE_STATUS") == [
        (1, 1, "FROZEN", "AVAILABLE"), (1, 2, "FROZEN", "AVAILABLE"), (1, 3, "ACTIVE", "AVAILABLE"),
    ]  # fmt: skip
    (current,) = world.rows("DBA_OB_ARCHIVELOG", MYSQL)
    assert rows[0]["START_SCN"] == current["START_SCN"]
    assert [row["END_SCN"] - row["START_SCN"] for row in rows] == [DAY_NS] * 3
    assert [row["END_SCN"] for row in rows[:-1]] == [row["START_SCN"] for row in rows[1:]]
    assert rows[-1]["CHECKPOINT_SCN"] == current["CHECKPOINT_SCN"]
    assert all(row["START_SCN"] <= row["CHECKPOINT_SCN"] <= row["END_SCN"] for row in rows)
    assert current["USED_PIECE_ID"] == 3
    assert {row["PATH"] for row in rows} == {current["PATH"]}


@pytest.mark.parametrize("version", PROFILES[1:])
def test_log_streams_share_the_bytes_of_each_piece(make, version):
    world = make(version)
    tenant = world.state.tenants[MYSQL]
    for seconds in (10, DAY_S):
        tenant.storage.write("t1", 3, "append", 1)
        tenant.archive.note_log(world.state.now_ns)
        world.advance(seconds)
    pieces = world.rows("DBA_OB_ARCHIVELOG_PIECE_FILES", MYSQL)
    rows = world.rows("DBA_OB_LS_LOG_ARCHIVE_PROGRESS", MYSQL)
    assert columns(rows, "PIECE_ID", "LS_ID") == [(1, 1), (1, 1001), (2, 1), (2, 1001)]
    assert [r["INPUT_BYTES"] for r in rows] == [0, pieces[0]["INPUT_BYTES"], 0, pieces[1]["INPUT_BYTES"]]
    assert pieces[0]["INPUT_BYTES"] > 0
    assert [r["CHECKPOINT_SCN"] for r in rows[1::2]] == [p["CHECKPOINT_SCN"] for p in pieces]
    assert rows[1]["MAX_LSN"] == rows[3]["MIN_LSN"]
    (current,) = world.rows("DBA_OB_ARCHIVELOG", MYSQL)
    assert sum(p["INPUT_BYTES"] for p in pieces) == current["INPUT_BYTES"] == tenant.storage.log_bytes


def test_the_next_round_goes_on_with_the_numbers(world):
    world.advance(DAY_S)
    say(world, "ALTER SYSTEM NOARCHIVELOG")
    world.advance(5)
    say(world, "ALTER SYSTEM ARCHIVELOG")
    world.advance(0.6)
    assert columns(world.rows("DBA_OB_ARCHIVELOG_SUMMARY", MYSQL), "ROUND_ID", "STATUS", "START_SCN_DISPLAY")[1] == (
        2, "PREPARE", None,
    )  # fmt: skip
    assert len(world.rows("DBA_OB_ARCHIVELOG_PIECE_FILES", MYSQL)) == 2  # none of a round that has not begun
    world.advance(5)
    summary = world.rows("DBA_OB_ARCHIVELOG_SUMMARY", MYSQL)
    assert columns(summary, "ROUND_ID", "STATUS", "BASE_PIECE_ID", "USED_PIECE_ID") == [
        (1, "STOP", 1, 2), (2, "DOING", 3, 3),
    ]  # fmt: skip
    pieces = world.rows("DBA_OB_ARCHIVELOG_PIECE_FILES", MYSQL)
    assert columns(pieces, "ROUND_ID", "PIECE_ID", "STATUS", "FILE_STATUS") == [
        (1, 1, "FROZEN", "AVAILABLE"), (1, 2, "FROZEN", "AVAILABLE"), (2, 3, "ACTIVE", "INCOMPLETE"),
    ]  # fmt: skip
    world.advance(120)  # the checkpoint passes the round's START_SCN
    assert world.rows("DBA_OB_ARCHIVELOG_PIECE_FILES", MYSQL)[-1]["FILE_STATUS"] == "AVAILABLE"
    assert len(world.rows("DBA_OB_ARCHIVELOG", MYSQL)) == 1


def test_a_destination_has_five_rows_by_name(make):
    world = make(scenario="blank")
    assert world.rows("DBA_OB_ARCHIVE_DEST", MYSQL) == []
    uri = "s3://bucket/a?host=h.example&access_id=me&access_key=topsecret"
    say(world, f"ALTER SYSTEM SET log_archive_dest = 'LOCATION={uri} BINDING=mandatory PIECE_SWITCH_INTERVAL=2d'")
    say(world, "ALTER SYSTEM SET log_archive_dest_state = 'DEFER'")
    assert columns(world.rows("CDB_OB_ARCHIVE_DEST"), "TENANT_ID", "DEST_NO", "NAME", "VALUE") == [
        (MYSQL, 0, "binding", "MANDATORY"), (MYSQL, 0, "dest_id", "1001"), (MYSQL, 0, "path", "s3://bucket/a?host=h.example"),
        (MYSQL, 0, "piece_switch_interval", "2d"), (MYSQL, 0, "state", "DEFER"),
    ]  # fmt: skip
    (info,) = world.rows("DBA_OB_BACKUP_STORAGE_INFO", MYSQL)
    assert (info["TENANT_ID"], info["DEST_ID"], info["ENDPOINT"], info["DEST_TYPE"]) == (
        MYSQL, 1001, "h.example", "archive_log",
    )  # fmt: skip
    assert "topsecret" not in repr(info)
    assert world.rows("DBA_OB_BACKUP_STORAGE_INFO_HISTORY", MYSQL) == []
    say(world, "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///other'")
    (old,) = world.rows("DBA_OB_BACKUP_STORAGE_INFO_HISTORY", MYSQL)
    assert (old["DEST_ID"], old["PATH"]) == (1001, "s3://bucket/a")
    assert "topsecret" not in repr(old)


@pytest.mark.parametrize("version", PROFILES)
def test_log_streams_take_turns_in_a_backup(make, version):
    world = make(version)
    view = "__all_virtual_backup_schedule_task"
    assert world.rows(view) == []
    say(world, "ALTER SYSTEM BACKUP DATABASE")
    seen = []
    for _ in range(200):
        world.advance(0.1)
        rows = world.rows(view)
        stage = [row["STATUS"] for row in world.rows("DBA_OB_BACKUP_TASKS", MYSQL)]
        found = (*stage, *columns(rows, "ls_id", "is_schedule", "destination"))
        if rows and found not in seen:
            seen.append(found)
        assert {(row["tenant_id"], row["job_id"], row["task_id"], row["type"]) for row in rows} <= {(MYSQL, 1, 1, 0)}
        assert all(row["generate_ts"] <= (row["schedule_ts"] or row["generate_ts"]) for row in rows)
    server = "127.0.0.1:2882"
    assert seen == [
        ("BACKUP_SYS_META", (1, "True", server)),
        ("BACKUP_USER_META", (1, "True", server), (1001, "False", "")),
        ("BACKUP_USER_META", (1001, "True", server)),
        ("BACKUP_DATA_MINOR", (1001, "True", server)),
        ("BACKUP_DATA_MAJOR", (1001, "True", server)),
    ]
    assert world.rows(view) == []


def test_a_cancelled_backup_leaves_no_scheduled_task(world):
    say(world, "ALTER SYSTEM BACKUP DATABASE")
    world.advance(2)
    assert world.rows("__all_virtual_backup_schedule_task") != []
    say(world, "ALTER SYSTEM CANCEL BACKUP")
    world.advance(0.25)
    assert world.rows("__all_virtual_backup_schedule_task") == []
