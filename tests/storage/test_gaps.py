"""Tablets from which blocks have gone: where rows lie, which blocks a write meets and what a compaction leaves.

Told once more row by row, for tables of a few dozen rows.
"""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap64

from obsim.ids import LogStreamId, Scn
from obsim.storage.compaction import position_of, stretch_span
from obsim.storage.layout import BLOCK_PAYLOAD_BYTES, RowLayout
from obsim.storage.tenant import TenantStorage
from obsim.storage.workload import _block_of, _clear, _met, _nth, _of_rows, _span

STREAM = LogStreamId(1001)
FULL = 10
LAYOUT = RowLayout(BLOCK_PAYLOAD_BYTES / FULL)
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["rows_delete_clustered", "rows_delete", "rows_append", "rows_clustered"]),
              st.integers(1, 40), st.booleans()),
    max_size=6,
)  # fmt: skip


def table(rows: int, operations=(), tablets: int = 1) -> TenantStorage:
    storage = TenantStorage([LogStreamId(1), STREAM])
    storage.load_table("t", [rows] * tablets, [STREAM], LAYOUT)
    freeze(storage)
    for n, (kind, count, frozen) in enumerate(operations):
        there = sum(t.row_count for t in storage.tablets)
        if kind == "rows_append" or there:
            storage.write("t", count if kind == "rows_append" else min(count, there), kind, n)
        if frozen:
            freeze(storage)
    return storage


def freeze(storage: TenantStorage) -> None:
    storage.major_freeze(Scn(storage.checkpoint_scn + 1_000))


def blocks_of(storage: TenantStorage, tablet) -> list[tuple[int, int]]:
    """(position, rows) of each block: a stretch deals its rows out to its blocks, earlier ones get the odd ones."""
    found = []
    for stretch in tablet.stretches:
        first, end = stretch_span(tablet, stretch)
        there = [p for p in storage.blocks.live if first <= p < end]
        owners = [row * len(there) // stretch.row_count for row in range(stretch.row_count)]
        found += [(position, owners.count(at)) for at, position in enumerate(there)]
    return found


@given(st.integers(1, 60), OPERATIONS)
@settings(max_examples=60)
def test_every_row_has_its_block(rows, operations):
    storage = table(rows, operations)
    (tablet,) = storage.tablets
    blocks = blocks_of(storage, tablet)
    expected = [(at, number, size) for at, (_, size) in enumerate(blocks) for number in range(size)]
    live = storage.blocks.live
    assert [_block_of(tablet, row, live) for row in range(tablet.row_count)] == expected
    positions = [position for position, _ in blocks]
    assert [position_of(tablet, ordinal, live) for ordinal in range(len(positions))] == positions
    for first in range(len(positions)):
        for last in range(first, len(positions)):
            assert list(_span(tablet, first, last, live)) == positions[first : last + 1]


@given(st.integers(1, 60), OPERATIONS, st.data())
@settings(max_examples=60)
def test_a_range_of_rows_is_the_blocks_that_hold_it(rows, operations, data):
    storage = table(rows, operations)
    (tablet,) = storage.tablets
    if not tablet.row_count:
        return
    start = data.draw(st.integers(0, tablet.row_count - 1))
    end = data.draw(st.integers(start + 1, tablet.row_count))
    holders = [position for position, size in blocks_of(storage, tablet) for _ in range(size)]
    assert set(_of_rows(tablet, start, end, storage.blocks.live)) == set(holders[start:end])


@given(st.integers(1, 60), OPERATIONS, st.integers(0, 99), st.sampled_from(["random", "clustered"]))
@settings(max_examples=60)
def test_writes_by_blocks_find_those_that_are_there(rows, operations, seed, kind):
    storage = table(rows, [*operations, ("rows_append", 25, True)])
    live = list(storage.blocks.live)
    count = seed % len(live) + 1
    before = storage.write_count
    storage.blocks.dirty.clear()
    storage.write("t", count, kind, seed)
    dirty = list(storage.blocks.dirty)
    assert len(dirty) == count
    assert storage.write_count == before + 1
    if kind == "clustered":
        at = live.index(dirty[0])
        assert dirty == live[at : at + count]
    else:
        assert set(dirty) <= set(live)


@given(st.integers(1, 60), OPERATIONS, st.integers(0, 99))
@example(1, [("rows_append", 39, True), *[("rows_delete_clustered", n, False) for n in (1, 1, 2, 27)]], 0)
@settings(max_examples=60)
def test_rows_meet_blocks_of_their_stretch(rows, operations, key):
    storage = table(rows, operations)
    (tablet,) = storage.tablets
    for stretch in tablet.stretches:
        first, end = stretch_span(tablet, stretch)
        there = {p for p in storage.blocks.live if first <= p < end}
        assert set(_met(tablet, stretch, 0, key, storage.blocks.live)) == set()
        if stretch.row_count:
            assert len(_met(tablet, stretch, 1, key, storage.blocks.live)) == min(len(there), 1)
            met = set(_met(tablet, stretch, key % stretch.row_count + 1, key, storage.blocks.live))
            assert met <= there
            every = set(_met(tablet, stretch, stretch.row_count, key, storage.blocks.live))
            assert every <= there
            assert len(every) == min(len(there), stretch.row_count)


@given(st.integers(1, 60), OPERATIONS, st.data())
@settings(max_examples=100)
def test_deleted_ranges_leave_edges_that_share_a_block(rows, operations, data):
    storage = table(rows, operations)
    freeze(storage)
    (tablet,) = storage.tablets
    if not tablet.row_count:
        return
    start = data.draw(st.integers(0, tablet.row_count - 1))
    end = data.draw(st.integers(start + 1, tablet.row_count))
    blocks, row_count = blocks_of(storage, tablet), tablet.row_count
    holders = [position for position, size in blocks for _ in range(size)]
    gone = set(holders[start:end]) - set(holders[:start]) - set(holders[end:])
    left, right = holders[start:end][0], holders[start:end][-1]
    edges = {left: holders[:start].count(left), right: holders[end:].count(right)}
    if left != right and all(edges.values()) and sum(edges.values()) <= FULL:
        gone.add(right)
    touched = _clear(tablet, start, end, storage.blocks.live)
    assert set(touched) == set(holders[start:end])
    assert tablet.row_count == row_count - (end - start)
    kept_back = gone - set(tablet.pending.cleared)
    assert set(tablet.pending.cleared) <= gone
    for stretch in tablet.stretches:
        first, past = stretch_span(tablet, stretch)
        there = [p for p in storage.blocks.live - tablet.pending.cleared if first <= p < past]
        assert len(there) * FULL >= stretch.row_count
        if kept_back & set(there):
            assert (len(there) - 1) * FULL < stretch.row_count, "no more stay than are needed"


@given(st.integers(1, 60), OPERATIONS)
@settings(max_examples=100)
def test_a_compaction_loses_no_row_and_packs_none_too_full(rows, operations):
    storage = table(rows, operations)
    (tablet,) = storage.tablets
    expected = tablet.row_count + tablet.pending.appended_row_count
    freeze(storage)
    freeze(storage)
    assert tablet.row_count == expected
    assert tablet.major_block_count == len(storage.blocks.live)
    assert all(size <= FULL for _, size in blocks_of(storage, tablet))
    assert sum(size for _, size in blocks_of(storage, tablet)) == expected


def test_appends_add_up_until_the_next_compaction():
    storage = table(25)
    storage.write("t", 10, "rows_append", 1)
    storage.write("t", 7, "rows_append", 2)
    (tablet,) = storage.tablets
    assert (tablet.pending.appended_row_count, tablet.pending.rows_changed) == (17, True)
    freeze(storage)
    assert [size for _, size in blocks_of(storage, tablet)] == [10, 10, 5, 10, 7]


def test_ranges_go_on_in_the_next_tablet():
    storage = table(20, tablets=4)
    live = list(storage.blocks.live)
    met = set()
    for seed in range(40):
        storage.blocks.dirty.clear()
        storage.write("t", 25, "rows_clustered", seed)
        places = [live.index(p) for p in storage.blocks.dirty]
        assert places == list(range(places[0], places[0] + len(places)))
        assert len(places) in {3, 4}
        met.update(places)
    assert met == set(range(8))


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 90)), max_size=6),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 5_000)), min_size=1, max_size=5),
    st.integers(0, 1 << 40),
)
@example([(150, 1)], [(0, 400)], 7)
@example([], [(0, 5_000)], 0)
@example([(20_000, 70_000), (3, 1), (90_000, 2)], [(19_000, 5_000), (15_000, 90_000)], 5)
def test_members_by_their_number_across_gaps(gaps, runs, start):
    """As looked up one by one: of runs with gaps between, what is chosen may be many or few."""
    there, at = BitMap64(), 3
    for length, gap in [*gaps, (300, 0)]:
        there.add_range(at, at + length)
        at += length + gap
    chosen = BitMap64()
    for low, length in runs:
        chosen.add_range(low % len(there), min(low % len(there) + length, len(there)))
    found = _nth(there, chosen.shift(start), start)
    assert list(found) == [there[number] for number in chosen]
