"""RESTORE: what the views show while it runs, what the tenant has afterwards, and how it can fail."""

import pytest

SOURCE = "mysql_tenant"
DATA = "file:///data/backup/mysql_tenant/data"
LOG = "file:///data/backup/mysql_tenant/archive"
MISSING = "4018 no backup set path or log piece can be used to restore"
NO_LOG = "4018 No enough log for restore"


def test_states_of_both_rows(bench) -> None:
    bench.backup()
    bench.archive_now()
    assert bench.restore() == ""
    seen: list[list[str]] = []
    while rows := bench.progress():
        states = [row["STATUS"] for row in rows]
        if not seen or seen[-1] != states:
            seen.append(states)
        bench.cluster.advance(milliseconds=100)
    waiting = "WAIT_TENANT_RESTORE_FINISH"
    assert seen == [
        ["CREATE_TENANT"], ["CREATE_TENANT", "RESTORING"], [waiting, "RESTORING"], [waiting, "UPGRADE"],
        [waiting, "RESTORE_SUCCESS"], [waiting], ["RESTORE_SUCCESS"],
    ]  # fmt: skip
    assert [row["STATUS"] for row in bench.history()] == ["SUCCESS", "SUCCESS"]


def test_the_row_of_sys_has_no_counters(make_bench) -> None:
    bench = make_bench("4.2.5")
    bench.backup()
    bench.archive_now()
    bench.restore()
    bench.cluster.advance(seconds=4)
    own, tenant = bench.progress()
    counters = (
        "RECOVER_SCN", "RECOVER_PROGRESS", "TABLET_COUNT", "FINISH_TABLET_COUNT", "RESTORE_PROGRESS", "TOTAL_BYTES",
    )  # fmt: skip
    assert [own[name] for name in counters] == [None] * 6
    assert tenant["TABLET_COUNT"] == 619
    assert tenant["RECOVER_SCN"] >= 1704034800000000000
    assert own["JOB_ID"] == tenant["JOB_ID"] == 1
    assert (own["RESTORE_TENANT_ID"], tenant["TENANT_ID"]) == (1006, 1006)


def test_progress_grows_to_the_end(make_bench) -> None:
    bench = make_bench("4.2.5")
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 9)
    bench.archive_now()
    target = bench.now // 120_000_000_000 * 120_000_000_000
    bench.restore(until=f"UNTIL SCN = {target}")
    seen = []
    while len(rows := bench.progress()) == 2 or not seen:
        if len(rows) == 2:
            row = rows[1]
            seen.append((float(row["RESTORE_PROGRESS"]), float(row["RECOVER_PROGRESS"]), row["RECOVER_SCN"]))
        bench.cluster.advance(milliseconds=50)
    assert seen == sorted(seen)
    assert seen[0][:2] == (0.0, 0.0)
    assert seen[-1] == (100.0, 100.0, target)
    assert any(0 < done < 100 for done, _, _ in seen)


def test_the_tenant_while_it_is_restored_and_after(bench) -> None:
    bench.backup()
    bench.archive_now()
    bench.restore(until=f"UNTIL SCN = {(target := bench.now // 120_000_000_000 * 120_000_000_000)}")
    bench.cluster.advance(seconds=3)
    row = bench.tenant()
    assert (row["STATUS"], row["TENANT_ROLE"], row["LOG_MODE"]) == ("RESTORE", "RESTORE", "NOARCHIVELOG")
    assert row["RECOVERY_UNTIL_SCN"] == target
    score = "SHOW PARAMETERS LIKE 'ha_high_thread_score' TENANT = t9"
    assert bench.cluster.query(score)[0]["value"] == "4"
    bench.cluster.run_until_idle()
    row = bench.tenant()
    assert (row["STATUS"], row["TENANT_ROLE"], row["SYNC_SCN"]) == ("NORMAL", "STANDBY", target)
    assert bench.cluster.query(score)[0]["value"] == "0"
    assert bench.cluster.query("SELECT 1 AS a", tenant="t9")[0]["a"] == 1


def test_history_row(bench) -> None:
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 5)
    bench.run("ALTER SYSTEM MAJOR FREEZE", SOURCE)
    scn = bench.backup("INCREMENTAL")
    bench.archive_now()
    sql = f"ALTER SYSTEM RESTORE t9 FROM '{LOG},{DATA}?secret_key=secret' UNTIL SCN = {scn} WITH 'pool_list=p1'"
    bench.run(f"{sql} DESCRIPTION 'drill'")
    bench.cluster.run_until_idle()
    sys_row, tenant_row = bench.history()
    assert sys_row["FINISH_TIMESTAMP"] > tenant_row["FINISH_TIMESTAMP"]
    wanted = {
        "TENANT_ID": 1, "JOB_ID": 1, "RESTORE_TENANT_NAME": "t9", "RESTORE_TENANT_ID": 1006,
        "BACKUP_TENANT_NAME": SOURCE, "BACKUP_TENANT_ID": 1002, "BACKUP_CLUSTER_NAME": "obcluster",
        "BACKUP_DEST": f"{LOG},{DATA}", "RESTORE_SCN": scn, "RESTORE_OPTION": "pool_list=p1", "STATUS": "SUCCESS",
        "BACKUP_PIECE_LIST": f"{LOG}/piece_d1001r1p1",
        "BACKUP_SET_LIST": f"{DATA}/backup_set_1_full,{DATA}/backup_set_2_inc",
        "BACKUP_CLUSTER_VERSION": 4 << 32 | 2 << 16 | 1 << 8, "LS_COUNT": 2, "FINISH_LS_COUNT": 2,
        "TABLET_COUNT": 619, "FINISH_TABLET_COUNT": 619, "FINISH_BYTES": 0, "DESCRIPTION": "drill", "COMMENT": None,
    }  # fmt: skip
    assert {name: sys_row[name] for name in wanted} == wanted


@pytest.mark.parametrize("words", ["", "INCREMENTAL"])
def test_blocks_equal_the_source_at_the_scn(bench, words: str) -> None:
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 5)
    bench.run("ALTER SYSTEM MAJOR FREEZE", SOURCE)
    bench.backup(words)
    bench.cluster.write(SOURCE, "t1", 3)
    bench.cluster.write(SOURCE, "t1", 2, "append")
    scn, wanted = bench.now, bench.blocks()
    bench.cluster.advance(seconds=1)
    bench.cluster.write(SOURCE, "t1", 20)
    bench.run("ALTER SYSTEM MAJOR FREEZE", SOURCE)
    bench.archive_now()
    bench.restored(until=f"UNTIL SCN = {scn}")
    assert bench.blocks("t9") == wanted
    assert bench.blocks() != wanted


def test_without_a_point_it_goes_to_the_end_of_the_archived_log(bench) -> None:
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 3)
    bench.archive_now()
    wanted = bench.blocks()
    bench.restored()
    assert bench.blocks("t9") == wanted
    (piece,) = bench.cluster.query("SELECT CHECKPOINT_SCN FROM oceanbase.DBA_OB_ARCHIVELOG_PIECE_FILES", SOURCE)
    assert bench.history()[0]["RESTORE_SCN"] <= piece["CHECKPOINT_SCN"]


def test_a_set_with_its_own_log_needs_no_archive(bench) -> None:
    bench.run(f"ALTER SYSTEM BACKUP TENANT = {SOURCE} PLUS ARCHIVELOG")
    bench.cluster.run_until_idle()
    bench.cluster.write(SOURCE, "t1", 3)
    wanted = [row[:5] for row in bench.blocks()]
    assert bench.restore(places=DATA) == ""
    bench.cluster.run_until_idle()
    assert [row[:5] for row in bench.blocks("t9")] == wanted
    assert not any(row[5] for row in bench.blocks("t9"))
    assert bench.history()[0]["BACKUP_PIECE_LIST"] == f"{DATA}/backup_set_1_full/complement_log"


def test_accounts_come_back_as_they_were(bench) -> None:
    bench.run("CREATE USER early IDENTIFIED BY 'a'", SOURCE)
    bench.backup()
    bench.run("CREATE USER later IDENTIFIED BY 'b'", SOURCE)
    bench.cluster.advance(seconds=1)
    scn = bench.now
    bench.cluster.advance(seconds=1)
    bench.run("DROP USER early", SOURCE)
    bench.archive_now()
    bench.restored(until=f"UNTIL SCN = {scn}")
    users = bench.cluster.state.tenant_named("t9").users
    assert sorted(users) == ["early", "later", "root"]


def test_global_variables_come_back_as_they_were(bench) -> None:
    bench.backup()
    bench.run("SET GLOBAL ob_query_timeout = 12345678", SOURCE)
    bench.cluster.advance(seconds=1)
    scn = bench.now
    bench.cluster.advance(seconds=1)
    bench.run("SET GLOBAL ob_query_timeout = 87654321", SOURCE)
    bench.archive_now()
    bench.restored(until=f"UNTIL SCN = {scn}")
    assert bench.cluster.query("SELECT @@GLOBAL.ob_query_timeout AS t", tenant="t9")[0]["t"] == 12345678


@pytest.mark.parametrize("version", ["4.0.0", "4.1.0", "4.3.3"])
def test_other_versions(make_bench, version: str) -> None:
    bench = make_bench(version)
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 5)
    wanted = bench.blocks()
    bench.archive_now()
    bench.restored()
    assert bench.blocks("t9") == wanted
    (row, _) = bench.history()
    assert ("RESTORE_TYPE" in dict(row)) == (version == "4.3.3")


def test_the_source_may_be_gone(bench) -> None:
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 4)
    bench.archive_now()
    wanted = bench.blocks()
    bench.run(f"DROP TENANT {SOURCE} FORCE")
    bench.cluster.advance(hours=1)
    bench.restored()
    assert bench.blocks("t9") == wanted
    assert bench.history()[0]["BACKUP_TENANT_NAME"] == SOURCE


def test_the_first_moment_is_min_restore_scn(bench) -> None:
    scn = bench.backup()
    bench.archive_now()
    assert bench.restore(until=f"UNTIL SCN = {scn - 1}") == MISSING
    bench.restored(until=f"UNTIL SCN = {scn}")


def test_log_that_is_not_archived_yet(bench) -> None:
    bench.backup()
    bench.archive_now()
    (row,) = bench.cluster.query("SELECT CHECKPOINT_SCN FROM oceanbase.DBA_OB_ARCHIVELOG", SOURCE)
    assert bench.restore(until=f"UNTIL SCN = {row['CHECKPOINT_SCN'] + 1}") == NO_LOG
    assert bench.restore(until=f"UNTIL SCN = {row['CHECKPOINT_SCN']}") == ""


def test_two_data_destinations(bench) -> None:
    bench.backup()
    bench.run(f"ALTER SYSTEM SET data_backup_dest = 'file:///other' TENANT = {SOURCE}")
    bench.backup()
    bench.archive_now()
    assert bench.restore(places=f"{DATA},file:///other,{LOG}") == "1235 Not supported feature or function"


def test_names_and_pools_are_checked(bench) -> None:
    bench.backup()
    bench.archive_now()
    assert bench.restore() == ""
    assert bench.restore(pool="p1") == "9014 Another restore is in progress"
    bench.cluster.advance(seconds=1)
    assert bench.restore() == "4179 restore tenant with existed tenant name is not allowed"
    assert bench.restore("t8").startswith("4626 resource pool 'p1' has already been granted")


def test_two_restores_want_one_pool(bench) -> None:
    bench.backup()
    bench.archive_now()
    assert (bench.restore("t8"), bench.restore("t9")) == ("", "")
    bench.cluster.run_until_idle()
    lost = bench.history()[1]
    assert (lost["RESTORE_TENANT_NAME"], lost["STATUS"], lost["RESTORE_TENANT_ID"]) == ("t9", "FAIL", 0)
    assert "result: -4626(" in lost["COMMENT"]


def test_cancel_drops_the_tenant(bench) -> None:
    bench.backup()
    bench.archive_now()
    bench.restore()
    bench.cluster.advance(seconds=5)
    bench.run("ALTER SYSTEM CANCEL RESTORE t9")
    assert bench.cluster.query("SELECT 1 FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = 't9'") == []
    bench.cluster.run_until_idle()
    (row,) = bench.history()
    assert (row["TENANT_ID"], row["STATUS"]) == (1, "FAIL")
    assert "result: -5157(" in row["COMMENT"]
    bench.restored("t10")


def test_cancel_before_the_tenant_is_there(bench) -> None:
    bench.backup()
    bench.archive_now()
    bench.restore()
    bench.run("ALTER SYSTEM CANCEL RESTORE t9")
    bench.cluster.run_until_idle()
    assert [(row["TENANT_ID"], row["STATUS"]) for row in bench.history()] == [(1, "FAIL")]
    assert "result: -4072(" in bench.history()[0]["COMMENT"]
    assert bench.refusal("ALTER SYSTEM CANCEL RESTORE t9").startswith("1235 obsim does not model")


def test_a_fault_fails_both_rows_and_leaves_the_tenant(bench) -> None:
    bench.backup()
    bench.archive_now()
    bench.cluster.fault("error=9071 stage=RESTORE_MAJOR_DATA tenant=t9 log_stream=1001")
    bench.restore()
    bench.cluster.run_until_idle()
    rows = bench.history()
    assert [(row["TENANT_ID"], row["STATUS"]) for row in rows] == [(1, "FAIL"), (1006, "FAIL")]
    assert "ls_id: 1001" in rows[1]["COMMENT"]
    assert "module: RESTORE_DATA, result: -9071(" in rows[1]["COMMENT"]
    assert bench.tenant()["STATUS"] == "RESTORE"
    bench.run("DROP TENANT t9 FORCE")
    bench.restored("t10")


def test_a_piece_that_goes_meanwhile(bench) -> None:
    bench.backup()
    bench.archive_now()
    bench.restore()
    bench.cluster.advance(seconds=2)
    archive = bench.cluster.state.tenant_named(SOURCE).archive
    archive.piece_files[1, 1] = "DELETING"
    bench.cluster.run_until_idle()
    assert "result: -9011(" in bench.history()[1]["COMMENT"]


def test_passwords(bench) -> None:
    sessions = [bench.cluster.session(tenant="sys") for _ in range(2)]
    for session, password in zip(sessions, "ab", strict=True):
        session.execute(f"SET ENCRYPTION ON IDENTIFIED BY '{password}' ONLY")
        session.execute(f"ALTER SYSTEM BACKUP INCREMENTAL TENANT = {SOURCE}")
        bench.cluster.run_until_idle()
    bench.archive_now()
    wrong = "9047 invalid password for backup"
    assert bench.restore() == wrong
    restorer = bench.cluster.session(tenant="sys")
    sql = f"ALTER SYSTEM RESTORE t9 FROM '{DATA},{LOG}' WITH 'pool_list=p1'"
    for passwords in ("'a'", "'b'", "'a', 'c'"):
        restorer.execute(f"SET DECRYPTION IDENTIFIED BY {passwords}")
        with pytest.raises(Exception, match="9047"):
            restorer.execute(sql)
    restorer.execute("SET DECRYPTION IDENTIFIED BY 'a', 'b'")
    restorer.execute(sql)
    bench.cluster.run_until_idle()
    assert [row["STATUS"] for row in bench.history()] == ["SUCCESS", "SUCCESS"]


def test_preview_lists_what_would_be_read(bench) -> None:
    scn = bench.backup()
    bench.archive_now()
    session = bench.cluster.session(tenant="sys")
    session.execute(f"ALTER SYSTEM RESTORE FROM '{DATA},{LOG}' UNTIL SCN = {scn} PREVIEW")
    rows = session.query("SHOW RESTORE PREVIEW")
    assert [tuple(row)[:3] for row in rows] == [
        ("BACKUP_SET", 1, f"{DATA}/backup_set_1_full"), ("BACKUP_PIECE", 1, f"{LOG}/piece_d1001r1p1"),
    ]  # fmt: skip
    assert rows[0]["BACKUP_DESC"].startswith("min_restore_scn_display: 2024-01-01 00:00:")
    with pytest.raises(Exception, match="show restore preview before ALTER SYSTEM RESTORE PREVIEW is not supported"):
        session.query("SHOW RESTORE PREVIEW")


def test_the_oracle_tenant_keeps_its_mode(bench) -> None:
    bench.run("ALTER SYSTEM BACKUP TENANT = oracle_tenant")
    bench.cluster.run_until_idle()
    bench.archive_now()
    assert bench.restore(places=DATA.replace("mysql", "oracle") + "," + LOG.replace("mysql", "oracle")) == ""
    bench.cluster.run_until_idle()
    assert bench.tenant()["COMPATIBILITY_MODE"] == "ORACLE"
    assert bench.cluster.query("SELECT 1 AS a FROM DUAL", tenant="t9")[0]["A"] == 1


def test_steps_lead_where_one_leap_leads(make_bench) -> None:
    ends = []
    for step_ms in (60_000, 70):
        bench = make_bench()
        bench.backup()
        bench.archive_now()
        bench.restore()
        for _ in range(60_000 // step_ms + 1):
            bench.cluster.advance(milliseconds=step_ms)
        bench.cluster.state.advance_to(bench.cluster.state.start_ns + 600_000_000_000)
        ends.append((bench.history(), bench.blocks("t9"), bench.tenant()))
    assert ends[0] == ends[1]
