"""RECOVER TABLE: states of its rows, what the tenant has afterwards, and how it ends otherwise."""

import pytest

from obsim.storage import tenant as tenant_storage

SOURCE = "mysql_tenant"
PLACES = "file:///data/backup/mysql_tenant/data,file:///data/backup/mysql_tenant/archive"
JOBS = "SELECT TENANT_ID, STATUS FROM oceanbase.CDB_OB_RECOVER_TABLE_JOBS ORDER BY TENANT_ID"
HISTORY = "SELECT * FROM oceanbase.CDB_OB_RECOVER_TABLE_JOB_HISTORY ORDER BY TENANT_ID"


@pytest.fixture
def ready(bench):
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 3)
    bench.archive_now()
    return bench


def recover(bench, tables: str = "test.t1", remap: str = "REMAP TABLE test.t1:test.old") -> str:
    sql = f"ALTER SYSTEM RECOVER TABLE {tables} TO TENANT {SOURCE} FROM '{PLACES}' WITH 'pool_list=p1' {remap}"
    return bench.refusal(sql)


def test_states_and_rows(ready) -> None:
    assert recover(ready) == ""
    seen: list[list[str]] = []
    imported: list[str] = []
    while rows := ready.cluster.query(JOBS):
        states = [row["STATUS"] for row in rows]
        if not seen or seen[-1] != states:
            seen.append(states)
        for row in ready.cluster.query("SELECT STATUS FROM oceanbase.DBA_OB_IMPORT_TABLE_JOBS", SOURCE):
            if not imported or imported[-1] != row["STATUS"]:
                imported.append(row["STATUS"])
        ready.cluster.advance(milliseconds=100)
    busy = "RECOVERING"
    assert seen == [
        ["PREPARE"], [busy, "PREPARE"], [busy, "RESTORE_AUX_TENANT"], [busy, "ACTIVE_AUX_TENANT"],
        [busy, "PRECHECK_IMPORT"], [busy, "GEN_IMPORT_JOB"], [busy, "IMPORTING"], ["COMPLETED", "COMPLETED"],
    ]  # fmt: skip
    assert imported == ["INIT", "IMPORT_TABLE", "RECONSTRUCT_REF_CONSTRAINT", "IMPORT_FINISH"]
    own, tenant = ready.cluster.query(HISTORY)
    assert (own["RESULT"], own["COMMENT"], tenant["TENANT_ID"]) == ("SUCCESS", "", 1002)
    assert own["AUX_TENANT_NAME"].startswith("AUX_RECOVER$")
    assert (own["TARGET_TENANT_NAME"], own["TABLE_LIST"]) == (SOURCE, "`test`.`t1`")
    (task,) = ready.cluster.query("SELECT * FROM oceanbase.DBA_OB_IMPORT_TABLE_TASK_HISTORY", SOURCE)
    assert (task["SRC_TABLE"], task["TARGET_TABLE"]) == ("t1", "old")
    assert (task["STATUS"], task["RESULT"]) == ("FINISH", "SUCCESS")


def test_the_table_is_there_afterwards(ready) -> None:
    recover(ready)
    ready.cluster.run_until_idle()
    ready.run("ALTER SYSTEM MAJOR FREEZE", SOURCE)
    storage = ready.cluster.state.tenant_named(SOURCE).storage
    rows = [sum(tablet.row_count for tablet in storage.table(name)) for name in ("t1", "old")]
    assert rows[0] == rows[1] > 0
    names = ready.cluster.query("SELECT TENANT_NAME FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME LIKE 'AUX%'")
    assert names == []


@pytest.mark.parametrize(("tables", "remap", "code"), [("test.t1", "", -4017), ("test.nosuch", "", -5019)])
def test_what_the_precheck_refuses(ready, tables: str, remap: str, code: int) -> None:
    assert recover(ready, tables, remap) == ""
    ready.cluster.run_until_idle()
    own, tenant = ready.cluster.query(HISTORY)
    assert (own["STATUS"], tenant["STATUS"], own["RESULT"]) == ("FAILED", "FAILED", "FAIL")
    assert f"result: {code}(" in own["COMMENT"]


def test_a_table_for_which_there_is_no_room_is_not_recovered(ready, monkeypatch) -> None:
    target = ready.cluster.state.tenant_named(SOURCE).storage
    there = sum(tablet.places_wanted for tablet in target.tablets)
    wanted = sum(tablet.major_block_count for tablet in target.table("t1"))
    monkeypatch.setattr(tenant_storage, "TENANT_BLOCKS_MAX", there + wanted - 1)
    assert recover(ready) == ""
    ready.cluster.run_until_idle()
    own, tenant = ready.cluster.query(HISTORY)
    assert (own["STATUS"], tenant["STATUS"], own["RESULT"]) == ("FAILED", "FAILED", "FAIL")
    assert "result: -4002(" in own["COMMENT"]
    assert target.table("old") == []
    monkeypatch.setattr(tenant_storage, "TENANT_BLOCKS_MAX", there + wanted)
    assert recover(ready) == ""
    ready.cluster.run_until_idle()
    assert len(target.table("old")) == len(target.table("t1")) > 0


def test_cancel(ready) -> None:
    recover(ready)
    ready.cluster.advance(seconds=5)
    ready.run(f"ALTER SYSTEM CANCEL RECOVER TABLE {SOURCE}")
    assert [row["STATUS"] for row in ready.cluster.query(JOBS)] == ["CANCELING", "CANCELING"]
    ready.cluster.run_until_idle()
    own, _ = ready.cluster.query(HISTORY)
    assert (own["STATUS"], own["RESULT"]) == ("FAILED", "FAIL")
    assert "result: -4072(" in own["COMMENT"]
    assert recover(ready) == ""
