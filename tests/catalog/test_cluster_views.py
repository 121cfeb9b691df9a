"""Tenants, archive rounds, schedulers, parameters and the schema obsim."""

import pytest

from obsim.catalog import parameter_columns, parameter_rows
from obsim.cluster import User
from obsim.cluster.tenant import password_digest
from obsim.ids import TenantId
from obsim.statements import AlterParameters, BackupDatabase, Freeze, ParameterAction, SetArchiveMode

MYSQL, ORACLE = 1002, 1004


def set_score(score, tenant=None):
    return AlterParameters((ParameterAction("ha_low_thread_score", score, tenant=tenant),))


def pick(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def test_tenants_seen_from_sys(world):
    rows = world.rows("DBA_OB_TENANTS")
    assert pick(rows, "TENANT_ID", "TENANT_NAME", "TENANT_TYPE", "COMPATIBILITY_MODE", "LOG_MODE") == [
        (1, "sys", "SYS", "MYSQL", "NOARCHIVELOG"),
        (1001, "META$1002", "META", "MYSQL", "NOARCHIVELOG"),
        (1002, "mysql_tenant", "USER", "MYSQL", "ARCHIVELOG"),
        (1003, "META$1004", "META", "MYSQL", "NOARCHIVELOG"),
        (1004, "oracle_tenant", "USER", "ORACLE", "ARCHIVELOG"),
    ]
    for row in rows:
        positions = {row[name] for name in ("SYNC_SCN", "REPLAYABLE_SCN", "READABLE_SCN")}
        assert positions == ({world.state.now_ns} if row["TENANT_TYPE"] == "USER" else {None})
        assert row["RECOVERY_UNTIL_SCN"] == (4611686018427387903 if row["TENANT_TYPE"] == "USER" else None)
        assert (row["STATUS"], row["TENANT_ROLE"], row["LOCALITY"]) == ("NORMAL", "PRIMARY", "FULL{1}@z1")
        assert row["MAX_LS_ID"] == (1001 if row["TENANT_TYPE"] == "USER" else 1)
    assert "RESTORE_DATA_MODE" not in rows[0]


def test_a_tenant_sees_itself_and_its_meta_tenant(world):
    assert [r["TENANT_ID"] for r in world.rows("DBA_OB_TENANTS", MYSQL)] == [1001, 1002]
    assert [r["TENANT_ID"] for r in world.rows("DBA_OB_TENANTS", ORACLE, "SYS")] == [1003, 1004]


def test_log_mode_follows_the_statement_and_the_round_follows_later(world):
    world.execute(SetArchiveMode(enabled=False), MYSQL)
    (_, tenant) = world.rows("DBA_OB_TENANTS", MYSQL)
    assert tenant["LOG_MODE"] == "NOARCHIVELOG"
    assert [r["STATUS"] != "STOP" for r in world.rows("DBA_OB_ARCHIVELOG", MYSQL)] == [True]
    world.advance(5)
    (stopped,) = world.rows("DBA_OB_ARCHIVELOG", MYSQL)
    assert stopped["STATUS"] == "STOP"
    world.advance(60)
    assert world.rows("DBA_OB_ARCHIVELOG", MYSQL) == [stopped]


def test_a_round_that_archives(world):
    world.state.tenants[TenantId(MYSQL)].storage.write("t1", 10, "clustered", 1)
    world.advance(12.5)
    (row,) = world.rows("DBA_OB_ARCHIVELOG", MYSQL)
    assert (row["DEST_ID"], row["ROUND_ID"], row["STATUS"]) == (1001, 1, "DOING")
    assert (row["PIECE_SWITCH_INTERVAL"], row["UNIT_SIZE"]) == (86_400_000_000, 1)
    assert row["START_SCN_DISPLAY"] == "2023-12-31 23:00:00.000000"
    assert row["CHECKPOINT_SCN_DISPLAY"] == "2024-01-01 00:00:00.000000"  # the lag target is 120s
    assert row["INPUT_BYTES"] == row["OUTPUT_BYTES"] > 0
    assert (row["INPUT_BYTES_DISPLAY"], row["COMPRESSION_RATIO"]) == (row["OUTPUT_BYTES_DISPLAY"], "1.00")
    assert (row["COMPRESSION"], row["DELETED_INPUT_BYTES_DISPLAY"], row["COMMENT"]) == ("none", "0.00MB", "")


def test_a_round_being_prepared_has_no_times(make):
    world = make(scenario="blank")
    dest = AlterParameters((ParameterAction("log_archive_dest", "LOCATION=file:///a"),))
    world.execute(dest, MYSQL)
    world.execute(SetArchiveMode(enabled=True), MYSQL)
    assert world.rows("DBA_OB_ARCHIVELOG", MYSQL) == []
    world.advance(0.6)
    (row,) = world.rows("DBA_OB_ARCHIVELOG", MYSQL)
    assert (row["STATUS"], row["START_SCN"], row["CHECKPOINT_SCN"]) == ("PREPARE", 0, 0)
    assert row["START_SCN_DISPLAY"] is row["CHECKPOINT_SCN_DISPLAY"] is None
    assert (row["COMPRESSION_RATIO"], row["INPUT_BYTES_DISPLAY"], row["PATH"]) == ("0.00", "0.00MB", "file:///a")


@pytest.mark.parametrize(("version", "low_limits"), [("4.2.1", True), ("4.3.3", False)])
def test_the_scheduler_lists_totals_priorities_types_and_nets(make, version, low_limits):
    world = make(version)
    rows = world.rows("__all_virtual_dag_scheduler", MYSQL)
    assert {(r["svr_ip"], r["svr_port"], r["tenant_id"]) for r in rows} == {("127.0.0.1", 2882, 1002)}
    kinds = list(dict.fromkeys(r["value_type"] for r in rows))
    low = ["LOW_LIMIT"] if low_limits else []
    assert kinds == ["GENERAL", *low, "UP_LIMIT", "RUNNING_TASK_CNT", "DAG_COUNT", "DAG_NET_COUNT"]
    assert [r["key"] for r in rows[:3]] == ["TOTAL_WORKER_CNT", "TOTAL_DAG_CNT", "TOTAL_RUNNING_TASK_CNT"]
    limits = {r["key"]: r["value"] for r in rows if r["value_type"] == "UP_LIMIT"}
    assert rows[0]["value"] == sum(limits.values())
    assert limits["PRIO_HA_LOW"] == 2
    assert {r["tenant_id"] for r in world.rows("__all_virtual_dag_scheduler")} == {1, 1001, 1002, 1003, 1004}


@pytest.mark.parametrize(("queue", "built_in"), [("low", 2), ("mid", 5), ("high", 8)])
@pytest.mark.parametrize("score", [0, 1, 2, 10, 50, 100])
def test_the_score_sets_the_limit_at_once(world, queue, built_in, score):
    # Recorded in seekdb-observations.jsonl, group "thread-score-effect".
    world.execute(AlterParameters((ParameterAction(f"ha_{queue}_thread_score", score),)), MYSQL)
    found = {(r["value_type"], r["key"]): r["value"] for r in world.rows("__all_virtual_dag_scheduler", MYSQL)}
    name = f"PRIO_HA_{queue.upper()}"
    assert found["UP_LIMIT", name] == found["LOW_LIMIT", name] == (score or built_in)
    limits = [value for (kind, _), value in found.items() if kind == "UP_LIMIT"]
    assert found["GENERAL", "TOTAL_WORKER_CNT"] == sum(limits)


def test_a_running_backup_shows_in_the_scheduler(world):
    world.execute(BackupDatabase(), MYSQL)
    world.advance(6)
    found = {(r["value_type"], r["key"]): r["value"] for r in world.rows("__all_virtual_dag_scheduler", MYSQL)}
    assert found["RUNNING_TASK_CNT", "PRIO_HA_LOW"] == found["GENERAL", "TOTAL_RUNNING_TASK_CNT"] == 2
    assert found["DAG_COUNT", "BACKUP_DATA"] == found["GENERAL", "TOTAL_DAG_CNT"] == 2
    assert found["DAG_NET_COUNT", "DAG_NET_BACKUP"] == 1
    world.advance(60)
    idle = world.rows("__all_virtual_dag_scheduler", MYSQL)
    assert sum(r["value"] for r in idle if r["value_type"] in {"RUNNING_TASK_CNT", "DAG_COUNT", "DAG_NET_COUNT"}) == 0


def test_every_kind_of_dag_has_its_row(world):
    world.execute(BackupDatabase(plus_archivelog=True), MYSQL)
    for _ in range(200):
        world.advance(0.1)
        rows = world.rows("__all_virtual_dag_scheduler", MYSQL)
        total = next(r["value"] for r in rows if r["key"] == "TOTAL_DAG_CNT")
        assert sum(r["value"] for r in rows if r["value_type"] == "DAG_COUNT") == total


def test_show_parameters_of_each_profile(make):
    for version, width in (("4.2.1", 12), ("4.2.5", 14), ("4.3.3", 14)):
        world = make(version)
        world.execute(set_score(10, "all_user"))
        names = [c.name for c in parameter_columns(world.state)]
        rows = [dict(zip(names, row, strict=True)) for row in parameter_rows(world.state, TenantId(MYSQL))]
        assert len(names) == width
        (score,) = [row for row in rows if row["name"] == "ha_low_thread_score"]
        shown = {
            "zone": "z1", "svr_type": "observer", "svr_ip": "127.0.0.1", "svr_port": 2882,
            "name": "ha_low_thread_score", "data_type": "INT" if version == "4.3.3" else None, "value": "10",
            "info": "the current work thread score of high availability low thread. Range: [0,100] in integer. "
            "Especially, 0 means default value",
            "section": "OBSERVER", "scope": "TENANT", "source": "DEFAULT", "edit_level": "DYNAMIC_EFFECTIVE",
        }  # fmt: skip
        assert score == (shown if width == 12 else shown | {"default_value": "0", "isdefault": 0})


def test_the_parameter_views_have_one_row_for_each_tenant_and_one_for_the_cluster(make):
    world = make("4.2.5")
    world.execute(set_score(33, "oracle_tenant"))
    scores = [r for r in world.rows("gv$ob_parameters") if r["NAME"] == "ha_low_thread_score"]
    assert [(r["TENANT_ID"], r["VALUE"], r["ISDEFAULT"], r["SCOPE"]) for r in scores] == [
        *((tenant_id, "0", "YES", "TENANT") for tenant_id in (1, 1001, 1002, 1003)), (1004, "33", "NO", "TENANT"),
    ]  # fmt: skip
    zone = [r for r in world.rows("V$OB_PARAMETERS") if r["NAME"] == "zone"]
    assert [(r["TENANT_ID"], r["VALUE"], r["SCOPE"]) for r in zone] == [(None, "z1", "CLUSTER")]
    own = world.rows("V$OB_PARAMETERS", ORACLE, "SYS")
    assert {r["TENANT_ID"] for r in own} == {None, ORACLE}
    assert [r["VALUE"] for r in own if r["NAME"] == "ha_low_thread_score"] == ["33"]


def test_macroblocks_before_and_after_a_freeze(world):
    world.execute(BackupDatabase(), MYSQL)
    world.advance(60)
    before = [r for r in world.rows("macroblocks", schema="obsim") if r["TENANT_ID"] == MYSQL]
    assert len(before) == 96
    assert {(r["DIRTY"], r["STORED_IN_SET"], r["IN_BASE"]) for r in before} == {(0, 1, 1)}
    assert len({r["BLOCK_ID"] for r in before}) == 96
    world.state.tenants[TenantId(MYSQL)].storage.write("t1", 7, "random", 3)
    touched = [r for r in world.rows("macroblocks", schema="obsim") if r["DIRTY"]]
    assert len(touched) == 7
    assert {(r["TABLE_NAME"], r["STORED_IN_SET"], r["IN_BASE"]) for r in touched} == {("t1", 1, 1)}
    world.execute(Freeze(major=True), MYSQL)
    after = [r for r in world.rows("macroblocks", schema="obsim") if r["TENANT_ID"] == MYSQL]
    fresh = [r for r in after if not r["IN_BASE"]]
    assert [r["POSITION"] for r in fresh] == [r["POSITION"] for r in touched]
    assert {(r["DIRTY"], r["STORED_IN_SET"]) for r in fresh} == {(0, None)}
    assert [r["DATA_SEQ"] for r in fresh] == list(range(7))
    assert min(r["BLOCK_ID"] for r in fresh) == 97
    changed = pick(fresh, "TABLET_ID", "POSITION")
    kept = [r for r in before if (r["TABLET_ID"], r["POSITION"]) not in changed]
    assert [r for r in after if r["IN_BASE"]] == kept
    world.execute(BackupDatabase(incremental=True), MYSQL)
    world.advance(60)
    rows = [r for r in world.rows("macroblocks", schema="obsim") if r["TENANT_ID"] == MYSQL]
    assert sorted(r["STORED_IN_SET"] for r in rows) == [1] * 89 + [2] * 7


def test_without_a_base_no_block_is_in_it(world):
    rows = world.rows("macroblocks", schema="obsim")
    assert {(r["STORED_IN_SET"], r["IN_BASE"]) for r in rows} == {(None, 0)}


def test_sstables_from_memory_to_the_baseline(world):
    def tables():
        rows = [r for r in world.rows("sstables", schema="obsim") if (r["TENANT_ID"], r["TABLE_NAME"]) == (MYSQL, "t1")]
        return [(r["TABLE_TYPE"], r["MACRO_BLOCK_COUNT"]) for r in rows]

    storage = world.state.tenants[TenantId(MYSQL)].storage
    assert tables() == [("MAJOR", 48)]
    storage.write("t1", 5, "random", 1)
    assert tables() == [("MAJOR", 48), ("MEMTABLE", 0)]
    world.advance(1)
    world.execute(Freeze(major=False), MYSQL)
    assert tables() == [("MAJOR", 48), ("MINI", 1)]
    world.execute(Freeze(major=True), MYSQL)
    assert tables() == [("MAJOR", 48)]


def test_the_clock(world):
    world.catalog.clock_mode = "manual"
    world.advance(2.5)
    (row,) = world.rows("clock", schema="obsim")
    assert row["MODE"] == "manual"
    assert (row["NOW"], row["START"]) == ("2024-01-01 00:00:02.500000", "2024-01-01 00:00:00.000000")
    assert row["NOW_NS"] - row["START_NS"] == 2_500_000_000
    assert (row["TIMELINE"], row["NEXT_EVENT"]) == (1, "2024-01-01 02:00:00.000000")  # the daily major freeze
    world.execute(BackupDatabase(), MYSQL)
    (row,) = world.rows("clock", schema="obsim")
    assert row["NOW_NS"] < row["NEXT_EVENT_NS"] < row["NOW_NS"] + 2_000_000_000


def test_accounts_show_a_digest_and_no_password(world):
    rows = world.rows("user", schema="mysql")
    assert pick(rows, "user", "host", "password", "super_priv") == [("root", "%", "", "Y")]
    world.state.sys.users["ops"] = User("ops", password_digest("open sesame"))
    row = world.rows("user", schema="mysql")[1]
    assert row["password"] == "*" + password_digest("open sesame").hex() == row["authentication_string"]
