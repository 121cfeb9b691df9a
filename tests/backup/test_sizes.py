"""What blocks occupy: OUTPUT_BYTES, data files and places in them, by the layouts of tables (docs/workloads.md)."""

from itertools import pairwise

import pytest

import obsim
from obsim.backup.files import BLOCK_BYTES, FILE_HEADER_BYTES, DataFiles, FileCut, stored_bytes
from obsim.storage.layout import DEFAULT_LAYOUT, RowLayout

TENANT = "mysql_tenant"
META_BYTES = 384 << 10
SAMPLES = [(248_462_148, 21_340_077), (55_527_459, 15_820_446), (115_869_412, 9_955_010)]
"""INPUT_BYTES and OUTPUT_BYTES of sample sets of the documentation (samples.md)."""


def cluster_with(tmp_path, tables):
    scenario = tmp_path / "tables.toml"
    scenario.write_text(
        f'about = "x"\n[[tenant]]\nname = "{TENANT}"\ndata_backup_dest = "file:///d"\n'
        f'log_archive_dest = "LOCATION=file:///a"\narchivelog = true\nlog_streams = 2\n{tables}'
    )
    return obsim.Cluster(str(scenario))


def table(**values):
    lines = "".join(f"{key} = {value!r}\n" for key, value in values.items())
    return f"[[tenant.table]]\n{lines}"


def back_up(cluster, kind="DATABASE"):
    cluster.execute(f"ALTER SYSTEM BACKUP {kind}", tenant=TENANT)
    cluster.run_until_idle()
    text = "SELECT * FROM CDB_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID DESC LIMIT 1"
    return cluster.session("root", "sys", database="oceanbase").query(text)[0]


def test_a_full_block_of_the_experiment():
    assert (DEFAULT_LAYOUT.rows_per_block, DEFAULT_LAYOUT.block_bytes) == (14_006, 2_060_283)
    sizes = DEFAULT_LAYOUT.sizes(5_154)  # the last block, which is not full
    assert sizes.occupied == pytest.approx(758_398, rel=0.001)
    assert sizes.micro_block_count == 46


@pytest.mark.parametrize(("compression", "original"), [(1, 993_150), (1.561, 1_550_307), (4, 3_972_600)])
def test_compression_says_what_rows_were_before(compression, original):
    sizes = RowLayout(1_000, compression=compression).sizes(1_000)
    assert (sizes.original, sizes.compressed, sizes.occupied) == (original, 993_150, 1_000_000)
    assert sizes.compressed <= sizes.encoded <= sizes.original


def test_fill_leaves_blocks_empty():
    assert RowLayout(100, fill=0.5).rows_per_block == RowLayout(100).rows_per_block // 2 == 10_301
    assert RowLayout(100, fill=0.5).block_bytes == 1_030_100
    assert RowLayout(3_000_000).block_bytes == RowLayout(3_000_000).sizes(9).occupied == 2_060_300


@pytest.mark.parametrize(("input_bytes", "output_bytes"), SAMPLES)
def test_a_sample_of_the_documentation(tmp_path, input_bytes, output_bytes):
    """So many blocks, so full: then both columns are those of the sample, up to what is read and written besides."""
    count = input_bytes >> 21
    fill = (output_bytes - META_BYTES) / count / 2_060_300
    row = back_up(cluster_with(tmp_path, table(name="t", blocks=[count], fill=round(fill, 6))))
    assert row["MACRO_BLOCK_COUNT"] == count
    assert row["INPUT_BYTES"] == count * (2 << 20) + (1 << 20) == pytest.approx(input_bytes, rel=0.02)
    assert row["OUTPUT_BYTES"] == pytest.approx(output_bytes, rel=0.001)


def test_output_is_the_sum_over_tables_and_of_what_is_new(tmp_path):
    tables = table(name="full", blocks=[10]) + table(name="half", blocks=[6, 4], fill=0.5)
    cluster = cluster_with(tmp_path, tables)
    full, half = DEFAULT_LAYOUT.block_bytes, RowLayout(fill=0.5).block_bytes
    assert back_up(cluster)["OUTPUT_BYTES"] - META_BYTES == 10 * full + 10 * half
    cluster.write(TENANT, "half", 3, "random")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant=TENANT)
    assert back_up(cluster, "INCREMENTAL DATABASE")["OUTPUT_BYTES"] - META_BYTES == 3 * half


def test_mini_blocks_are_as_large_as_they_are(tmp_path):
    cluster = cluster_with(tmp_path, table(name="t", rows=100_000))
    back_up(cluster)
    cluster.write(TENANT, "t", 100, "rows_clustered")
    cluster.execute("ALTER SYSTEM MINOR FREEZE", tenant=TENANT)
    row = back_up(cluster, "INCREMENTAL DATABASE")
    assert (row["MACRO_BLOCK_COUNT"], row["OUTPUT_BYTES"] - META_BYTES) == (1, 100 * DEFAULT_LAYOUT.update_bytes)


def test_progress_counts_what_the_copied_blocks_occupy(tmp_path):
    cluster = cluster_with(tmp_path, table(name="a", blocks=[20]) + table(name="b", blocks=[20], fill=0.25))
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    seen = []
    while not seen or seen[-1][0] < 40:
        cluster.advance(seconds=1)
        rows = cluster.session("root", "sys", database="oceanbase").query("SELECT * FROM CDB_OB_BACKUP_TASKS")
        seen += [(r["FINISH_MACRO_BLOCK_COUNT"], r["OUTPUT_BYTES"]) for r in rows]
        assert len(seen) < 60
    assert all(earlier <= later for earlier, later in pairwise(seen))
    part = [(count, size - META_BYTES) for count, size in seen if 0 < count < 40]
    assert part
    least, most = RowLayout(fill=0.25).block_bytes, DEFAULT_LAYOUT.block_bytes
    assert all(count * least <= size <= count * most for count, size in part)


def test_files_have_room_for_the_largest_and_places_do_not_overlap(tmp_path):
    tables = table(name="a", blocks=[9, 900], fill=0.3) + table(name="b", blocks=[7, 500]) + table(name="c", blocks=[3])
    cluster = cluster_with(tmp_path, tables)
    cluster.execute("ALTER SYSTEM SET backup_data_file_size = '512M'", tenant="sys")
    cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 3", tenant=TENANT)
    back_up(cluster)
    files = {
        (r["LS_ID"], r["FILE_ID"]): r["BYTES"]
        for r in cluster.query("SELECT * FROM obsim.backup_files WHERE DATA_TYPE = 'major'")
    }
    places = {}
    for r in cluster.query("SELECT * FROM obsim.backup_index"):
        places.setdefault((r["LS_ID"], r["FILE_ID"]), []).append((r["FILE_OFFSET"], r["LENGTH"]))
    assert set(places) == set(files)
    assert len(files) > 6
    lengths = {stored_bytes(RowLayout(fill=0.3).block_bytes), BLOCK_BYTES}
    for file, found in places.items():
        at = FILE_HEADER_BYTES
        for offset, length in sorted(found):
            assert (offset, length in lengths) == (at, True)
            at += length
        assert at == files[file] <= 512 << 20


def test_offsets_go_on_over_tablets_and_past_what_is_skipped():
    files = DataFiles(1001, "major", 1, 1, (0, 1, 2), 2, FileCut(5, 2, 3, 0), ((3, 100), (0, 7), (4, 10)))
    assert [files.offset(number) for number in range(6)] == [200, 300, 310, 320, 330, 340]
    assert [files.file_bytes(n) - FILE_HEADER_BYTES for n in (0, 1)] == [120, 20]


@pytest.mark.parametrize(
    ("line", "message"),
    [("compression = 0.9", "compression is 0.9: allowed are 1 to 1000"), ("fill = 0.0", "fill is 0.0: it is above 0"),
     ("fill = 1.5", "fill is 1.5: it is above 0, and 1 for full blocks")],
)  # fmt: skip
def test_what_a_scenario_cannot_say(tmp_path, line, message):
    with pytest.raises(obsim.ScenarioError, match=message):
        cluster_with(tmp_path, f'[[tenant.table]]\nname = "t"\nblocks = [1]\n{line}\n')
