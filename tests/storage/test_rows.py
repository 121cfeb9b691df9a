"""Writes by rows: which blocks they touch and what the next major compaction makes of them."""

from statistics import mean

import pytest

from obsim.errors import ServerError
from obsim.ids import LogStreamId, Scn
from obsim.storage import compaction, workload
from obsim.storage.layout import DEFAULT_LAYOUT, RowLayout
from obsim.storage.tenant import TenantStorage

STREAM = LogStreamId(1001)
FULL = 14_006


def table(rows: int, tablets: int = 1, layout: RowLayout = DEFAULT_LAYOUT) -> TenantStorage:
    storage = TenantStorage([LogStreamId(1), STREAM, LogStreamId(1002)])
    storage.load_table("t", [rows // tablets] * tablets, [STREAM], layout)
    storage.major_freeze(Scn(1_000))
    return storage


def change(storage: TenantStorage, count: int, kind: str, seed: int = 0) -> tuple[int, int, int]:
    """(new, kept, gone) blocks of a write and a major compaction."""
    before = set(storage.identities(storage.blocks.live, storage.blocks.epoch).values())
    storage.write("t", count, kind, seed)
    storage.major_freeze(Scn(storage.checkpoint_scn + 1_000))
    after = set(storage.identities(storage.blocks.live, storage.blocks.epoch).values())
    return len(after - before), len(after & before), len(before - after)


def rows_of(storage: TenantStorage) -> list[tuple[int, int]]:
    """(blocks, rows) of each stretch of the first tablet."""
    first = storage.tablets[0].first_position
    return [
        (storage.blocks.live.range_cardinality(first + s.first, first + s.end), s.row_count)
        for s in storage.tablets[0].stretches
    ]


def test_a_loaded_table_is_full_but_for_its_last_block():
    storage = table(1_000_000)
    assert rows_of(storage) == [(71, 71 * FULL), (1, 1_000_000 - 71 * FULL)]
    assert (storage.memory_bytes, storage.log_bytes) == (0, 0)


def test_layout_of_table_a():
    layout = RowLayout(147.07)
    assert 14_006 <= layout.rows_per_block <= 14_012
    assert (layout.insert_bytes, layout.update_bytes, layout.delete_bytes) == (198, 134, 14)
    assert RowLayout(147.07, changed_share=1).update_bytes == layout.insert_bytes


@pytest.mark.parametrize(("row_bytes", "full"), [(10, 206_030), (20_000, 103), (2_000_000, 1), (5_000_000, 1)])
def test_rows_a_block(row_bytes, full):
    assert RowLayout(row_bytes).rows_per_block == full


def test_nothing_but_the_seam_is_new_without_a_change():
    assert change(table(1_000_000), 0, "rows_uniform") == (1, 71, 1)
    assert change(table(800_000), 0, "rows_uniform") == (0, 58, 0)


def test_second_task_counts_from_its_own_start():
    storage = table(1_000_000)
    storage.major_freeze(Scn(2_000))
    storage.write("t", 72, "random", 0)
    storage.major_freeze(Scn(3_000))
    found = storage.identities(storage.blocks.live, 3).values()
    assert [b.data_seq for b in found] == [*range(36), *(2**32 + n for n in range(36))]


def test_four_tasks_have_three_seams():
    storage = table(200 * FULL)
    storage.major_freeze(Scn(2_000))
    found = storage.identities(storage.blocks.live, 2)
    new = {p: b.data_seq for p, b in found.items() if b.logic_version == 2_000}
    assert new == {50: 2**32, 100: 2 * 2**32, 150: 3 * 2**32}


@pytest.mark.parametrize(("rows", "new"), [(5, 5.8), (96, 53.5), (315, 71.1), (10_003, 72.1), (499_999, 72.1)])
def test_uniform_rows_meet_blocks_as_balls_meet_bins(rows, new):
    """Item 3 of the experiment; the seam is one more, and one rewritten block in 512 splits."""
    found = [change(table(1_000_000), rows, "rows_uniform", seed)[0] for seed in range(100)]
    assert mean(found) == pytest.approx(new, abs=0.9)


@pytest.mark.parametrize("kind", ["rows_uniform", "rows_delete"])
def test_a_few_rows_never_lie_in_more_blocks_than_they_are(kind):
    touched = []
    for seed in range(300):
        storage = table(49, layout=RowLayout(700_000.0))
        storage.write("t", 8, kind, seed)
        touched.append(len(storage.blocks.dirty))
    assert max(touched) == 8
    assert 5 <= mean(touched) <= 8


def test_clustered_rows_touch_their_blocks_and_an_edge():
    found = [change(table(1_000_000), 10_000, "rows_clustered", seed) for seed in range(100)]
    assert {new for new, *_ in found} <= {1, 2, 3, 4}
    assert mean(new for new, *_ in found) == pytest.approx(1 + 10_000 / FULL + 1, abs=0.15)


def test_all_rows_in_one_range_are_all_blocks():
    new, kept, gone = change(table(1_000_000), 1_000_000, "rows_clustered")
    assert new in {72, 73, 74}
    assert (kept, gone) == (0, 72)


def test_ranges_do_not_overlap():
    for seed in range(20):
        storage = table(1_000_000)
        storage.write("t", 990_000, "rows_clustered:8", seed)
        assert len(storage.blocks.dirty) >= 71


def test_zipf_meets_the_same_blocks_again_and_again():
    def touched(kind: str, seed: int) -> int:
        storage = table(30_000_000)
        for _ in range(20):
            storage.write("t", 300, kind, seed)
        return len(storage.blocks.dirty)

    assert touched("rows_zipf", 1) < touched("rows_uniform", 1) < 20 * 300


def test_zipf_needs_a_row_and_finds_those_of_blocks_that_went():
    storage = table(10 * FULL)
    storage.write("t", 9 * FULL, "rows_delete_clustered", 1)
    storage.major_freeze(Scn(2_000))
    assert len(storage.blocks.live) == 1
    storage.write("t", 5, "rows_zipf", 0)
    assert storage.blocks.dirty == storage.blocks.live
    storage.write("t", FULL, "rows_delete", 0)
    storage.major_freeze(Scn(3_000))
    with pytest.raises(ServerError, match="table t has 0 baseline rows"):
        storage.write("t", 1, "rows_zipf", 0)
    storage.write("t", 0, "rows_zipf", 0)


def test_appended_rows_leave_the_last_block_alone():
    storage = table(1_000_000)
    storage.write("t", 10_000, "rows_append", 0)
    assert storage.memory_bytes == 10_000 * 198
    assert change(storage, 0, "rows_append") == (2, 71, 1)  # the seam, and one new block
    assert rows_of(storage)[1:] == [(1, 5_574), (1, 10_000)]


def test_appended_rows_fill_a_last_block_that_is_rewritten():
    storage = table(20_000)
    storage.change_blocks([1])
    assert change(storage, 9_000, "rows_append") == (2, 1, 1)
    assert rows_of(storage) == [(1, FULL), (1, FULL), (1, 988)]


def test_scattered_deletes_rewrite_and_keep_the_number_of_blocks():
    storage = table(1_000_000)
    new, kept, gone = change(storage, 98, "rows_delete")
    assert (new + kept, new) == (72, gone)
    assert storage.tablets[0].row_count == 999_902


def test_half_of_the_rows_deleted_here_and_there_fit_into_half_of_the_blocks():
    new, kept, gone = change(table(1_000_000), 500_000, "rows_delete")
    assert (new in {36, 37}, kept, gone) == (True, 0, 72)  # two tasks, each with a last block of its own


def test_rows_of_long_rewritten_runs_close_ranks():
    """Ten rows a block: nearly all blocks lose some, so runs are long, but some stay as they were."""
    storage = table(200_000, layout=RowLayout(200_000))
    new, kept, gone = change(storage, 60_000, "rows_delete")
    assert 0 < kept < 1_500
    assert new + kept == pytest.approx(14_000 + 0.5 * kept, rel=0.04)
    assert new + kept + (gone - new) == 20_000


def test_a_range_deleted_leaves_its_edges():
    storage = table(1_000_000)
    new, kept, gone = change(storage, 500_000, "rows_delete_clustered", 3)
    assert new in {1, 2, 3}
    assert 34 <= kept <= 36
    assert kept + gone == 72
    assert storage.tablets[0].row_count == 500_000


def test_all_rows_deleted_leave_nothing():
    for kind in ("rows_delete", "rows_delete_clustered"):
        storage = table(1_000_000)
        assert change(storage, 1_000_000, kind) == (0, 0, 72)
        assert storage.tablets[0].row_count == 0
        assert change(storage, 20_000, "rows_append") == (2, 0, 0)


def test_rows_are_shared_by_tablets():
    storage = table(400_000, tablets=4)
    storage.write("t", 400_000, "rows_uniform", 0)
    assert [t.memory_bytes for t in storage.tablets] == [100_000 * 134] * 4


def test_now_and_then_a_block_splits():
    sizes = []
    for seed in range(40):
        storage = table(1_000_000)
        change(storage, 20_000, "rows_uniform", seed)
        sizes.append(len(storage.blocks.live) - 72)
        assert storage.tablets[0].row_count == 1_000_000
        for blocks, rows in rows_of(storage):
            assert 0 < rows <= blocks * FULL
    assert 0 < sum(sizes) < 20


@pytest.mark.parametrize("suspended", [False, True])
def test_a_block_splits_by_being_rewritten_however_often_it_was_touched(suspended):
    """Ten updates of half of the rows meet the blocks that one meets; while merges wait they are met once more."""
    counts = []
    for seed in range(40):
        storage = table(1_000_000)
        if suspended:
            storage.suspend_merge()
            storage.write("t", 500_000, "rows_uniform", seed)
            storage.major_freeze(Scn(2_000))
            before = storage.tablets[0].pending.split_count
        else:
            before = 0
        for _ in range(10):
            storage.write("t", 500_000, "rows_uniform", seed)
        counts.append(storage.tablets[0].pending.split_count - before)
    assert 0 < sum(counts) < 20  # 40 * 72 / 512 are 5.6; touches would make 56


@pytest.mark.parametrize(("ranges", "rows", "blocks"), [(100, 14_000, 1), (300, 1_000_000, 72)])
def test_a_block_that_ranges_share_is_drawn_once(monkeypatch, ranges, rows, blocks):
    monkeypatch.setattr(workload, "_SPLIT_CHANCE", 1.0)
    storage = table(rows)
    storage.write("t", rows // 2, f"rows_clustered:{ranges}", 0)
    assert storage.tablets[0].pending.split_count == len(storage.blocks.dirty) <= blocks


def test_writes_by_blocks_never_split_or_pack():
    storage = table(1_000_000)
    change(storage, 10_000, "rows_append")
    for seed in range(30):
        assert change(storage, 73, "random", seed)[2] == 73


@pytest.mark.parametrize("kind", ["rows_uniform", "rows_clustered", "rows_delete", "rows_delete_clustered"])
def test_more_rows_than_there_are(kind):
    with pytest.raises(ServerError, match="count, table t has 1000 baseline rows"):
        table(1_000).write("t", 1_001, kind, 0)


@pytest.mark.parametrize("kind", ["rows_uniform:2", "rows_clustered:0", "rows_clustered:", "rows_clustered:10001", "x"])
def test_unknown_kinds(kind):
    with pytest.raises(ServerError, match="kind, it is one of random"):
        table(1_000).write("t", 1, kind, 0)


# DDL and placement.


def test_progressive_compaction_rewrites_a_part_each_round():
    storage = table(400_000)  # 29 blocks
    storage.alter_table("t", 3)
    assert [change(storage, 0, "random")[0] for _ in range(4)] == [9, 10, 10, 0]


def test_one_round_is_a_full_compaction():
    storage = table(1_000_000)
    storage.alter_table("t", 1)
    assert change(storage, 0, "random") == (72, 0, 72)
    with pytest.raises(ServerError, match="rounds, it must be above zero"):
        storage.alter_table("t", 0)


def test_a_full_compaction_packs_what_appends_left_half_full():
    storage = table(20_000)
    for _ in range(4):
        change(storage, 2_000, "rows_append")
    assert len(storage.blocks.live) == 6
    storage.alter_table("t", 1)
    storage.write("t", 1, "rows_uniform", 0)
    storage.major_freeze(Scn(storage.checkpoint_scn + 1_000))
    assert [rows for _, rows in rows_of(storage)] == [FULL, 28_000 - FULL]


def test_a_tablet_without_places_left_is_packed_no_more(monkeypatch):
    """The places of the next tablet are its own, and what is left of the blocks holds all rows."""
    monkeypatch.setattr(compaction, "PLACES_MAX", 100)
    monkeypatch.setattr(workload, "_SPLIT_CHANCE", 0.2)
    storage = table(80 * FULL, tablets=2)
    for seed in range(12):
        change(storage, FULL, "rows_delete", seed)
        assert all(tablet.next_place <= 100 for tablet in storage.tablets)
    for seed in range(6):
        change(storage, 4 * FULL, "rows_uniform", seed)
    assert max(tablet.next_place for tablet in storage.tablets) == 100
    assert sum(tablet.row_count for tablet in storage.tablets) == 68 * FULL
    assert all(0 < rows <= blocks * FULL for blocks, rows in rows_of(storage))
    assert sum(tablet.major_block_count for tablet in storage.tablets) == len(storage.blocks.live)


def test_truncate_gives_a_new_tablet():
    storage = table(400_000)
    before = storage.tablets[0].tablet_id
    storage.truncate_table("t", Scn(2_000))
    assert storage.tablets[0].tablet_id != before
    assert not storage.blocks.live
    assert change(storage, 400_000, "rows_append") == (29, 0, 0)


def test_drop_takes_the_blocks_and_no_slot_comes_back():
    storage = table(400_000)
    snapshot = storage.snapshot(Scn(1_500))
    storage.change_blocks([0, 1])
    storage.drop_table("t", Scn(2_000))
    assert (len(storage.blocks.live), len(storage.blocks.dirty), len(snapshot.live)) == (0, 0, 29)
    assert storage.blocks.live_at(snapshot.epoch) == snapshot.live
    (created,) = storage.create_table("t", [1], STREAM)
    assert (created.slot, created.tablet_id) == (1, 200_002)
    with pytest.raises(ServerError, match=r"Table 'obsim.u' doesn't exist"):
        storage.drop_table("u", Scn(3_000))


def test_transfer_changes_the_log_stream_alone():
    storage = table(400_000)
    before = storage.identities(storage.blocks.live, 1)
    storage.transfer(200_001, LogStreamId(1002))
    assert storage.tablets[0].log_stream_id == 1002
    assert storage.identities(storage.blocks.live, 1) == before
    for tablet_id, stream in ((200_002, 1002), (200_001, 1), (200_001, 1003)):
        with pytest.raises(ServerError, match="transfer of a tablet"):
            storage.transfer(tablet_id, LogStreamId(stream))


# Changes from anywhere, and merges that wait.


def test_changed_positions_count_as_rows():
    storage = table(400_000, tablets=2)
    first = storage.tablets[1].first_position
    assert storage.change_blocks([first, 3, first, 3, 4]) == 3
    assert [t.memory_bytes for t in storage.tablets] == [2 * 134, 134]
    assert storage.change_blocks([3, 5], bytes_per_block=1_000) == 1
    assert storage.log_bytes == 3 * 134 + 2_000


def test_a_position_without_a_block_is_refused():
    storage = table(400_000)
    with pytest.raises(ServerError, match="position 29, no block is there"):
        storage.change_blocks([1, 30, 29])
    assert not storage.blocks.dirty


def test_rows_written_while_a_merge_waits_are_for_the_next():
    storage = table(1_000_000)
    storage.write("t", 10_000, "rows_append", 0)
    storage.write("t", 3, "rows_uniform", 0)
    storage.suspend_merge()
    storage.major_freeze(Scn(2_000))
    storage.write("t", 20_000, "rows_append", 0)
    storage.write("t", 30_000, "rows_delete_clustered", 2)
    later = set(storage.blocks.dirty)
    storage.resume_merge(3_000_000)
    assert storage.tablets[0].major_block_count == 73
    assert storage.blocks.dirty
    assert set(storage.blocks.dirty) < later | {0}
    storage.major_freeze(Scn(4_000))
    assert storage.tablets[0].row_count == 1_000_000
    assert len(storage.blocks.live) == storage.tablets[0].major_block_count


def test_what_was_touched_while_all_was_packed_anew_stays_dirty():
    storage = table(1_000_000)
    storage.write("t", 500_000, "rows_delete", 0)
    storage.suspend_merge()
    storage.major_freeze(Scn(2_000))
    storage.change_blocks([7])
    storage.resume_merge(3_000_000)
    assert len(storage.blocks.live) in {36, 37}
    assert storage.blocks.dirty == storage.blocks.live  # any of them may hold the row


def test_dropped_while_its_merge_waits():
    storage = table(1_000_000)
    storage.change_blocks([1, 2])
    storage.suspend_merge()
    storage.major_freeze(Scn(2_000))
    storage.change_blocks([3])
    storage.drop_table("t", Scn(2_500))
    storage.resume_merge(3_000_000)
    assert not storage.blocks.live
    assert not storage.blocks.dirty
