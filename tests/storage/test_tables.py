"""Tables as users make, move and write them: control procedures, scenario files, `Cluster.change_blocks`."""

from array import array

import pytest

import obsim
from obsim.errors import ScenarioError, ServerError
from obsim.scenario import load_scenario

HEAD = (
    'about = "x"\n[[tenant]]\nname = "shop"\ndata_backup_dest = "file:///d"\nlog_archive_dest = "LOCATION=file:///a"\n'
)
TABLE = '[[tenant.table]]\nname = "orders"\n'


def scenario(tmp_path, *lines: str) -> str:
    path = tmp_path / "shop.toml"
    path.write_text(HEAD + "\n".join(lines))
    return str(path)


def blocks(cluster: obsim.Cluster, table: str) -> list[tuple[int, int]]:
    """(tablet, blocks) of a table."""
    rows = cluster.query(
        f"SELECT TABLET_ID, COUNT(*) FROM obsim.macroblocks WHERE TENANT_ID = 1002 AND TABLE_NAME = '{table}'"
        " GROUP BY TABLET_ID ORDER BY 1"
    )
    return [(row[0], row[1]) for row in rows]


def incremental(cluster: obsim.Cluster, tenant: str = "mysql_tenant") -> int:
    """Freeze, take an increment, count its blocks."""
    cluster.execute(f"ALTER SYSTEM MAJOR FREEZE TENANT = {tenant}")
    cluster.execute(f"ALTER SYSTEM BACKUP INCREMENTAL TENANT = {tenant}")
    cluster.run_until_idle()
    newest = "SELECT MACRO_BLOCK_COUNT FROM oceanbase.CDB_OB_BACKUP_SET_FILES WHERE TENANT_ID = 1002"
    return int(cluster.query(f"{newest} ORDER BY BACKUP_SET_ID DESC LIMIT 1")[0][0])


@pytest.fixture
def backed_up():
    cluster = obsim.Cluster(incremental_base="previous")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.run_until_idle()
    return cluster


def test_table_by_rows_in_a_scenario(tmp_path):
    file = scenario(tmp_path, "log_streams = 3", TABLE, "rows = 500_001", "tablets = 4", "row_bytes = 147.1")
    cluster = obsim.Cluster(file)
    assert blocks(cluster, "orders") == [(200_001, 9), (200_002, 9), (200_003, 9), (200_004, 9)]
    storage = cluster.state.tenant_named("shop").storage
    assert [t.row_count for t in storage.tablets] == [125_000, 125_000, 125_000, 125_001]
    assert [t.log_stream_id for t in storage.tablets] == [1001, 1002, 1003, 1001]
    assert storage.log_stream_ids == [1, 1001, 1002, 1003]


def test_tablets_by_blocks_take_turns_or_stay_together(tmp_path):
    file = scenario(
        tmp_path, "log_streams = 2", TABLE, "blocks = [3, 3, 3]", TABLE, "blocks = [1]", "log_stream = 1007"
    )
    storage = obsim.Cluster(file).state.tenant_named("shop").storage
    assert [t.log_stream_id for t in storage.tablets] == [1001, 1002, 1001, 1007]


def test_tablet_size_of_a_scenario_decides_the_seams(tmp_path):
    file = scenario(tmp_path, TABLE, "blocks = [12]", "tablet_size = 8_388_608")
    storage = obsim.Cluster(file).state.tenant_named("shop").storage
    assert storage.tablets[0].seams == [4, 8]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "either blocks or rows"),
        ("blocks = [1]\nrows = 1", "either blocks or rows"),
        ("rows = -1", "rows is -1: allowed are 0 to 35184372088832"),
        ("rows = 1\ntablets = 0", "tablets is 0: allowed are 1 to 8192"),
        ("rows = 1\nrow_bytes = 0", "row_bytes is 0.0: allowed are 0.01 to 2097152"),
        ("rows = 1\nrow_bytes = nan", "row_bytes is nan: allowed are 0.01 to 2097152"),
        ("rows = 1\nrow_bytes = inf", "row_bytes is inf: allowed are 0.01 to 2097152"),
        ("rows = 1\ncompression = nan", "compression is nan: allowed are 1 to 1000"),
        ("rows = 35184372088832\nrow_bytes = 2000", "rows make 34159584553 macroblocks a tablet: allowed are"),
        ("blocks = [2147483649]", "blocks are numbers from 0 to 2147483648, one a tablet"),
        ("blocks = [2147483648" + ", 2147483648" * 8 + "]", "19327352832 macroblocks: allowed are 17179869184"),
        ("rows = 1\ntablet_size = 1", "tablet_size is 1: at least a macroblock, 2097152"),
        ("rows = 1\nlog_stream = 1", "log_stream is a number from 1001 on"),
    ],
)
def test_wrong_tables_of_a_scenario(tmp_path, line, message):
    with pytest.raises(ScenarioError, match=message):
        load_scenario(scenario(tmp_path, TABLE, line))
    with pytest.raises(ScenarioError, match="log_streams is 0: allowed are 1 to 100"):
        load_scenario(scenario(tmp_path, "log_streams = 0"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("write('mysql_tenant', 't1', 35184372088833, 'rows_zipf')", "count, 35184372088832 at most"),
        ("write('mysql_tenant', 't1', 35184372088832, 'rows_append')", "a tablet has 2147483648 macroblocks at most"),
        ("write('mysql_tenant', 't1', 2147483601, 'append')", "a tablet has 2147483648 macroblocks at most"),
        ("create_table('mysql_tenant', 'new', 1, 1e400, 1)", "row_bytes, it is a number from 0.01 to 2097152"),
        ("create_table('mysql_tenant', 'new', 1, 1e-300, 1)", "row_bytes, it is a number from 0.01 to 2097152"),
        ("create_table('mysql_tenant', 'new', 35184372088833, 1, 1)", "0 to 35184372088832 in 1 to 8192"),
        ("create_table('mysql_tenant', 'new', 35184372088832, 147.1, 1)", "a tablet has 2147483648 macroblocks"),
        ("create_table('mysql_tenant', 'new', 17592186044416, 3000, 8192)", "a tenant has 17179869184 macroblocks"),
    ],
)
def test_tables_that_no_cluster_holds(backed_up, call, message):
    with pytest.raises(ServerError, match=message) as refused:
        backed_up.execute(f"CALL obsim.{call}")
    assert refused.value.errno == 1210
    assert incremental(backed_up) == 0


def test_the_largest_tablet():
    cluster = obsim.Cluster(incremental_base="previous")
    cluster.execute("CALL obsim.write('mysql_tenant', 't1', 2147483600, 'append')")
    with pytest.raises(ServerError, match="a tablet has 2147483648 macroblocks at most"):
        cluster.write("mysql_tenant", "t1", 1, "rows_append")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant")
    with pytest.raises(ServerError, match="a tablet has 2147483648 macroblocks at most"):
        cluster.write("mysql_tenant", "t1", 1, "append")
    count = "SELECT MACRO_BLOCK_COUNT FROM obsim.sstables WHERE TABLE_NAME = 't1' AND TABLET_ID = 200001"
    assert cluster.query(count)[0][0] == 2_147_483_648


def test_created_table_is_rows_in_memory_until_the_freeze(backed_up):
    backed_up.execute("CALL obsim.create_table('mysql_tenant', 'new', 100000, 147.1, 2)")
    assert blocks(backed_up, "new") == []
    memory = backed_up.state.tenant_named("mysql_tenant").storage.memory_bytes
    assert memory == 100_000 * 198
    assert incremental(backed_up) == 8
    assert [count for _, count in blocks(backed_up, "new")] == [4, 4]
    assert incremental(backed_up) == 0


def test_truncated_table_comes_back_with_other_tablets(backed_up):
    before = blocks(backed_up, "t1")
    backed_up.execute("CALL obsim.truncate_table('mysql_tenant', 't1')")
    backed_up.write("mysql_tenant", "t1", 14_007, "rows_append")
    assert incremental(backed_up) == 2
    ((tablet, count),) = blocks(backed_up, "t1")
    assert (count, tablet > before[0][0]) == (2, True)


def test_dropped_table_is_gone(backed_up):
    backed_up.execute("CALL obsim.drop_table('mysql_tenant', 't1')")
    assert incremental(backed_up) == 0
    assert blocks(backed_up, "t1") == []
    with pytest.raises(ServerError, match=r"Table 'mysql_tenant.t1' doesn't exist"):
        backed_up.execute("CALL obsim.drop_table('mysql_tenant', 't1')")


def test_altered_table_is_rewritten_round_by_round(backed_up):
    backed_up.execute("CALL obsim.alter_table('mysql_tenant', 't1', 4)")
    assert [incremental(backed_up) for _ in range(5)] == [12, 12, 12, 12, 0]
    backed_up.execute("CALL obsim.alter_table('mysql_tenant', 't1', 1)")
    assert incremental(backed_up) == 48
    backed_up.execute("CALL obsim.alter_table('mysql_tenant', 't1', 0)")
    assert incremental(backed_up) == 0  # the first hundredth of 48 blocks


def test_transferred_tablet_is_reused(tmp_path):
    cluster = obsim.Cluster(scenario(tmp_path, "archivelog = true", "log_streams = 2", TABLE, "blocks = [5, 5]"))
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.run_until_idle()
    cluster.execute("CALL obsim.transfer('shop', 200001, 1002)")
    cluster.write("shop", "orders", 2)
    assert incremental(cluster, "shop") == 2
    assert {t.log_stream_id for t in cluster.state.tenant_named("shop").storage.tablets} == {1002}


@pytest.mark.parametrize(
    ("call", "errno"),
    [
        ("create_table('nobody', 'x', 1, 1, 1)", 5160),
        ("create_table('mysql_tenant', 't1', 1, 1, 1)", 1210),
        ("create_table('mysql_tenant', 'x', -1, 1, 1)", 1210),
        ("create_table('mysql_tenant', 'x', 1, 0, 1)", 1210),
        ("create_table('mysql_tenant', 'x', 1, 1, 0)", 1210),
        ("create_table('mysql_tenant', 'x', 'many', 1, 1)", 1210),
        ("drop_table('mysql_tenant', 'x')", 1146),
        ("drop_table('mysql_tenant', 1)", 1210),
        ("truncate_table('mysql_tenant', 'x')", 1146),
        ("alter_table('mysql_tenant', 't1', -1)", 1210),
        ("alter_table('mysql_tenant', 't1', 'all')", 1210),
        ("transfer('mysql_tenant', 200001, 1002)", 1210),
        ("transfer('mysql_tenant', 't1', 1001)", 1210),
        ("write('mysql_tenant', 't1', 672289, 'rows_delete')", 1210),
    ],
)
def test_refused(call, errno):
    with pytest.raises(ServerError) as refused:
        obsim.Cluster().execute(f"CALL obsim.{call}")
    assert refused.value.errno == errno


def test_change_blocks_by_what_the_view_shows(backed_up):
    found = backed_up.query("SELECT TABLET_ID, POSITION FROM obsim.macroblocks WHERE TENANT_ID = 1002")
    positions = [(row["TABLET_ID"] - 200_001 << 32) + row["POSITION"] for row in found]
    assert backed_up.change_blocks("mysql_tenant", array("Q", reversed(positions[40:60]))) == 20
    assert backed_up.change_blocks("mysql_tenant", positions[50:70]) == 10
    dirty = backed_up.query("SELECT SUM(DIRTY) FROM obsim.macroblocks WHERE TENANT_ID = 1002")
    assert int(dirty[0][0]) == 30
    assert incremental(backed_up) == 30
    with pytest.raises(ServerError, match="no block is there"):
        backed_up.change_blocks("mysql_tenant", [48])
    with pytest.raises(obsim.UsageError):
        backed_up.change_blocks("nobody", [])


def test_rows_by_sql_and_python_are_the_same(backed_up):
    other = obsim.Cluster()
    backed_up.execute("CALL obsim.write('mysql_tenant', 't2', 30, 'ROWS_UNIFORM')")
    other.write("mysql_tenant", "t2", 30, "rows_uniform")
    dirty = [c.state.tenant_named("mysql_tenant").storage.blocks.dirty for c in (backed_up, other)]
    assert dirty[0] == dirty[1]
    assert 12 < len(dirty[0]) <= 30
