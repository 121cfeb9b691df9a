"""__all_virtual_tablet_sstable_macro_info: identities, rows and sizes of every baseline block."""

import json
from pathlib import Path

import pytest

import obsim

MACROS = "oceanbase.__all_virtual_tablet_sstable_macro_info"
OBSERVED = Path(__file__).parents[2] / "fixtures" / "replay" / "records.jsonl"


@pytest.fixture
def cluster():
    return obsim.Cluster("three-tenants", seed=3)


def blocks(cluster, tablet_id, tenant="mysql_tenant"):
    return cluster.query(
        f"SELECT * FROM {MACROS} WHERE tablet_id = {tablet_id} ORDER BY macro_idx_in_sstable", tenant=tenant
    )


def test_every_block_is_there_under_its_logical_id(cluster):
    cluster.write("mysql_tenant", "t1", 5, "random")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    expected = cluster.query("SELECT * FROM obsim.macroblocks WHERE TENANT_ID = 1002 ORDER BY TABLET_ID, POSITION")
    found = cluster.query(f"SELECT * FROM {MACROS} ORDER BY tablet_id, macro_idx_in_sstable", tenant="mysql_tenant")
    ids = [(r["tablet_id"], r["macro_logic_version"], r["data_seq"], r["macro_block_idx"]) for r in found]
    assert ids == [(r["TABLET_ID"], r["LOGIC_VERSION"], r["DATA_SEQ"], r["BLOCK_ID"]) for r in expected]
    assert len({r["macro_logic_version"] for r in found}) == 2


def test_the_sstable_is_the_newest_major_one(cluster):
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    newest = "SELECT END_LOG_SCN FROM oceanbase.GV$OB_SSTABLES WHERE TABLE_TYPE = 'MAJOR' AND TABLET_ID = 200001"
    (row,) = cluster.query(newest, tenant="mysql_tenant")
    assert {r["end_log_scn"] for r in blocks(cluster, 200_001)} == {row["END_LOG_SCN"]}
    assert {r["macro_logic_version"] for r in blocks(cluster, 200_001)} != {row["END_LOG_SCN"]}, "nothing was changed"


def test_a_loaded_table_has_the_sizes_of_the_experiment(cluster):
    """macroblock-experiment.md, base figures of table A: rows, bytes and micro blocks of full blocks and the last."""
    cluster.query("CALL obsim.create_table('mysql_tenant', 'a', 1000000, 147.1, 1)")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    tablet_id = cluster.query("SELECT MAX(TABLET_ID) t FROM obsim.macroblocks WHERE TENANT_ID = 1002")[0]["t"]
    found = blocks(cluster, tablet_id)
    assert len(found) == 72
    assert sum(r["row_count"] for r in found) == 1_000_000
    assert {r["row_count"] for r in found[:-1]} == {14_006}
    assert 2_059_492 <= found[0]["occupy_size"] <= 2_061_170
    assert found[0]["micro_block_count"] in {123, 124}
    for column, measured in [
        ("original_size", 228_000_000), ("encoding_size", 185_838_792), ("compressed_size", 146_064_228),
        ("occupy_size", 147_071_628),
    ]:  # fmt: skip
        assert sum(r[column] for r in found) == pytest.approx(measured, rel=0.002)
    assert found[0]["start_key"] == "MIN"
    assert [r["start_key"] for r in found[1:]] == [r["end_key"] for r in found[:-1]]
    assert found[-1]["end_key"] == "1000000,"


def test_who_sees_what(cluster):
    own = cluster.query(f"SELECT DISTINCT tenant_id FROM {MACROS}", tenant="mysql_tenant")
    assert [r["tenant_id"] for r in own] == [1002]
    all_of_them = cluster.query(f"SELECT DISTINCT tenant_id FROM {MACROS} ORDER BY 1", tenant="sys")
    assert [r["tenant_id"] for r in all_of_them] == [1002, 1004]


def test_each_replica_has_its_rows():
    cluster = obsim.Cluster("three-zones")
    servers = cluster.query(f"SELECT svr_ip, svr_port, COUNT(*) n FROM {MACROS} GROUP BY 1, 2", tenant="sys")
    assert len(servers) == 3
    assert len({r["n"] for r in servers}) == 1


def test_columns_are_those_that_a_real_engine_describes(cluster):
    """Behind the four that say on which server, in which tenant and log stream a block lies."""
    described = next(
        record for record in map(json.loads, OBSERVED.read_text("utf-8").splitlines())
        if record["text"] == f"SELECT * FROM {MACROS} LIMIT 3"
    )  # fmt: skip
    newest = obsim.Cluster("three-tenants", version="4.3.3")
    names = [r["Field"] for r in newest.query(f"DESC {MACROS}", tenant="mysql_tenant")]
    assert names[:4] == ["svr_ip", "svr_port", "tenant_id", "ls_id"]
    assert names[4:] == [column[0] for column in described["answers"][0]["columns"]]
    assert "cg_idx" not in [r["Field"] for r in cluster.query(f"DESC {MACROS}", tenant="mysql_tenant")]
