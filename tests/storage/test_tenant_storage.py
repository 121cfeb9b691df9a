"""Writes and freezes: which blocks change, and what lies above them (engine.md 1.3, macroblock-experiment.md)."""

import pytest
from pyroaring import BitMap64

from obsim.errors import ServerError
from obsim.ids import LogStreamId, Scn
from obsim.storage.macroblocks import SLOT_BITS, BlockId
from obsim.storage.tablet import block_count
from obsim.storage.tenant import WRITE_KINDS, TenantStorage


def storage_with(**tables: list[int]) -> TenantStorage:
    storage = TenantStorage([LogStreamId(1), LogStreamId(1001)])
    for name, counts in tables.items():
        storage.create_table(name, counts, LogStreamId(1001))
    storage.major_freeze(Scn(1_000))
    return storage


def ids(storage: TenantStorage) -> list[tuple[int, int, int]]:
    """(tablet, version, data_seq) of the baseline in order."""
    found = storage.identities(storage.blocks.live, storage.blocks.epoch).values()
    return [(b.tablet_id, b.logic_version, b.data_seq) for b in found]


def test_first_compaction_numbers_the_blocks_of_each_tablet():
    storage = storage_with(t=[3, 2])
    assert ids(storage) == [(200_001, 1_000, n) for n in range(3)] + [(200_002, 1_000, n) for n in range(2)]
    assert storage.checkpoint_scn == 1_000


@pytest.mark.parametrize(("size", "blocks"), [(0, 0), (1, 1), (2_060_300, 1), (2_060_301, 2), (66_930_242, 33)])
def test_block_count(size, blocks):
    assert block_count(size) == blocks


@pytest.mark.parametrize("kind", ["random", "clustered"])
@pytest.mark.parametrize("count", [0, 1, 37, 48])
def test_write_touches_exactly_so_many(kind, count):
    storage = storage_with(t=[48])
    storage.write("t", count, kind, seed=3)
    assert len(storage.blocks.dirty) == count
    assert len(storage.blocks.live) == 48


def test_clustered_is_one_run_over_tablets():
    storage = storage_with(t=[5, 5, 5])
    storage.write("t", 11, "clustered", seed=1)
    places = [(p >> SLOT_BITS) * 5 + (p & 0xFFFFFFFF) for p in storage.blocks.dirty]
    assert places == list(range(places[0], places[0] + 11))


def test_writes_depend_on_the_seed_and_their_number_alone():
    one, same, other = storage_with(t=[48]), storage_with(t=[48]), storage_with(t=[48])
    for storage, seed in ((one, 5), (same, 5), (other, 6)):
        storage.write("t", 10, "random", seed)
    assert one.blocks.dirty == same.blocks.dirty
    assert one.blocks.dirty != other.blocks.dirty
    before = BitMap64(one.blocks.dirty)
    one.write("t", 10, "random", 5)
    assert before < one.blocks.dirty


@pytest.mark.parametrize(
    ("table", "count", "kind", "errno", "message"),
    [
        ("t", 49, "random", 1210, "Incorrect arguments to count, table t has 48 baseline blocks"),
        ("t", 49, "clustered", 1210, "Incorrect arguments to count, table t has 48 baseline blocks"),
        ("t", -1, "append", 1210, "Incorrect arguments to count, it must not be negative"),
        ("t", 1, "both", 1210, "Incorrect arguments to kind, it is one of " + ", ".join(WRITE_KINDS)),
        ("u", 1, "random", 1146, "Table 'obsim.u' doesn't exist"),
    ],
)
def test_write_refuses(table, count, kind, errno, message):
    storage = storage_with(t=[48])
    with pytest.raises(ServerError) as refused:
        storage.write(table, count, kind, seed=0)
    assert (refused.value.errno, refused.value.message) == (errno, message)
    assert not storage.blocks.dirty
    assert storage.write_count == 0


def test_bytes_follow_the_experiment():
    storage = storage_with(t=[48])
    for kind, size in (("random", 2 * 134), ("clustered", 2 * 134 * 14_006), ("append", 2 * 198 * 14_006)):
        before = storage.log_bytes
        storage.write("t", 2, kind, seed=0)
        assert storage.log_bytes - before == size
    assert storage.tablets[0].memory_bytes == storage.log_bytes


def test_minor_freeze_changes_no_identity():
    storage = storage_with(t=[48])
    before = ids(storage)
    storage.write("t", 37, "random", seed=0)
    dirty = BitMap64(storage.blocks.dirty)
    storage.minor_freeze(Scn(2_000), minor_compact_trigger=2)
    assert ids(storage) == before
    assert storage.blocks.dirty == dirty
    assert storage.tablets[0].delta_block_count == 1
    assert storage.tablets[0].memory_bytes == 0
    assert storage.checkpoint_scn == 2_000


@pytest.mark.parametrize(
    ("trigger", "shape"),
    [
        (0, [(0, 1), (0, 2), (0, 3), (0, 4)]),
        (1, [(1, 0), (2, 0), (3, 0), (4, 0)]),
        (2, [(0, 1), (2, 0), (2, 1), (4, 0)]),
        (3, [(0, 1), (0, 2), (3, 0), (3, 1)]),
    ],
)
def test_minis_become_a_minor_at_the_trigger(trigger, shape):
    storage = storage_with(t=[48])
    tablet = storage.tablets[0]
    seen = []
    for number in range(4):
        storage.write("t", 1, "clustered", seed=number)
        storage.minor_freeze(Scn(2_000 + number), trigger)
        seen.append((tablet.minor_bytes // (134 * 14_006), len(tablet.mini)))
    assert seen == shape


def test_delta_blocks_are_rounded_up_for_each_sstable():
    storage = storage_with(t=[48])
    for _ in range(2):
        storage.write("t", 2, "clustered", seed=1)  # 3.58 MiB
        storage.minor_freeze(Scn(2_000), 0)
    assert storage.tablets[0].delta_block_count == 2 + 2
    storage.write("t", 1, "random", seed=1)
    storage.minor_freeze(Scn(3_000), 3)
    assert storage.tablets[0].delta_block_count == 4  # 7.16 MiB in one minor


def test_minor_freeze_of_one_tablet_or_stream():
    storage = storage_with(t=[4, 4])
    storage.write("t", 8, "random", seed=0)
    storage.minor_freeze(Scn(5_000), 2, log_stream_id=1001, tablet_id=200_002)
    assert [len(t.mini) for t in storage.tablets] == [0, 1]
    storage.minor_freeze(Scn(5_000), 2, log_stream_id=1)
    assert [len(t.mini) for t in storage.tablets] == [0, 1]
    assert storage.checkpoint_scn == 1_000  # some memory is still only in the log


def test_major_freeze_rewrites_the_dirty_alone():
    storage = storage_with(t=[48])
    before = ids(storage)
    storage.write("t", 37, "random", seed=0)
    dirty = [p & 0xFFFFFFFF for p in storage.blocks.dirty]
    storage.minor_freeze(Scn(1_500), 0)
    storage.major_freeze(Scn(2_000))
    after = ids(storage)
    assert [p for p in range(48) if before[p] != after[p]] == dirty
    assert [after[p] for p in dirty] == [(200_001, 2_000, n) for n in range(37)]
    assert (len(storage.blocks.dirty), storage.tablets[0].delta_block_count) == (0, 0)


def test_append_leaves_the_tail_alone():
    storage = storage_with(t=[4])
    before = ids(storage)
    storage.write("t", 3, "append", seed=0)
    assert len(storage.blocks.live) == 4
    storage.major_freeze(Scn(2_000))
    assert ids(storage) == [*before, (200_001, 2_000, 0), (200_001, 2_000, 1), (200_001, 2_000, 2)]


@pytest.mark.parametrize(("count", "seam"), [(48, None), (64, None), (65, 33), (72, 36)])
def test_seam_block_of_a_large_tablet(count, seam):
    storage = storage_with(t=[count])
    before = ids(storage)
    storage.major_freeze(Scn(2_000))
    assert [p for p in range(count) if ids(storage)[p] != before[p]] == ([] if seam is None else [seam])


def test_identity_at_an_earlier_epoch():
    storage = storage_with(t=[4])
    storage.write("t", 4, "random", seed=0)
    storage.major_freeze(Scn(2_000))
    first = storage.identities(BitMap64([1]), 1)
    assert first == {1: BlockId(200_001, 1_000, 1)}
    assert storage.identities(BitMap64([1]), 2) == {1: BlockId(200_001, 2_000, 1)}


def test_written_between():
    storage = storage_with(t=[4])
    for version, position in ((2_000, 1), (3_000, 3)):
        storage.blocks.dirty.add(position)
        storage.major_freeze(Scn(version))
    blocks = storage.blocks
    assert list(blocks.written_between(1, 3)) == [1, 3]
    assert list(blocks.written_between(2, 3)) == [3]
    assert list(blocks.written_between(3, 3)) == []
    assert list(blocks.written_between(0, 1)) == [0, 1, 2, 3]


def test_dropped_positions_are_gone():
    storage = storage_with(t=[4], u=[3])
    storage.blocks.dirty.update([0, 1])
    storage.blocks.drop(Scn(2_000), 0, 4)
    assert len(storage.blocks.live) == 3
    assert not storage.blocks.dirty


def test_snapshot_stays_as_it_was():
    storage = storage_with(t=[4])
    storage.write("t", 1, "clustered", seed=0)
    storage.minor_freeze(Scn(2_000), 2)
    taken = storage.snapshot(Scn(2_500))
    storage.write("t", 2, "append", seed=0)
    storage.major_freeze(Scn(3_000))
    assert (taken.scn, taken.checkpoint_scn, taken.epoch, len(taken.live)) == (2_500, 2_000, 1, 4)
    assert taken.tablets == ((200_001, 1001, 0, 4, 1),)


def freeze(storage: TenantStorage) -> None:
    storage.major_freeze(Scn(storage.checkpoint_scn + 1_000))


def versions(storage: TenantStorage) -> list[tuple[int, int]]:
    return [(tablet.major_version, tablet.major_block_count) for tablet in storage.tablets]


def test_pictures_share_tablets_that_were_only_compacted():
    storage = storage_with(t=[100, 9])
    freeze(storage)
    first = storage.picture()
    storage.change_blocks([0, 7])
    dirty = storage.picture()
    freeze(storage)
    second = storage.picture()
    assert first.tablets is second.tablets
    assert (first.major_version, dirty.major_version, second.major_version) == (2_000, None, 3_000)
    storage.write("t", 1, "append", 1)
    freeze(storage)
    freeze(storage)
    third = storage.picture()
    assert third.tablets is not second.tablets
    for shown, expected in ((first, [(2_000, 100), (2_000, 9)]), (second, [(3_000, 100), (3_000, 9)]),
                            (third, [(5_000, 100), (5_000, 10)])):  # fmt: skip
        made = TenantStorage([])
        made.become(shown, storage.blocks.compactions[: shown.epoch])
        assert versions(made) == expected
        freeze(made)
        assert len(made.blocks.compactions[-1].written) == 1  # the seam


def test_a_picture_follows_transfers_and_is_not_changed_by_them():
    storage = storage_with(t=[3])
    storage.log_stream_ids.append(LogStreamId(1002))
    freeze(storage)
    before = storage.picture()
    storage.transfer(200_001, LogStreamId(1002))
    after = storage.picture()
    assert [p.tablets[0].log_stream_id for p in (before, after)] == [1001, 1002]


def test_what_an_expected_increment_has_to_copy_grows_with_each_compaction():
    storage = storage_with(t=[60])
    storage.blocks.expect(1)
    assert list(storage.blocks.to_copy(1, 1)) == []
    grown = []
    for day in range(4):
        storage.change_blocks([day, 40 + day])
        freeze(storage)
        grown.append(list(storage.blocks.to_copy(1, 2 + day)))
    storage.create_table("n", [2], LogStreamId(1001))
    storage.drop_table("t", Scn(storage.checkpoint_scn + 1))
    freeze(storage)
    assert grown == [sorted([*range(n), *range(40, 40 + n)]) for n in range(1, 5)]
    assert list(storage.blocks.to_copy(1, 7)) == [1 << SLOT_BITS, (1 << SLOT_BITS) + 1]
    assert list(storage.blocks.compactions[1].written) == [0, 40], "a compaction was changed"
    assert [list(storage.blocks.to_copy(1, epoch)) for epoch in (2, 3, 4, 5)] == grown  # those of the past


def test_the_decision_is_still_known_when_the_next_base_is_expected():
    storage = storage_with(t=[60])
    storage.blocks.expect(1)
    for day in range(3):
        storage.change_blocks([day])
        freeze(storage)
    known = storage.blocks.to_copy(1, 4)
    storage.blocks.expect(4)
    assert storage.blocks.to_copy(1, 4) is known
    storage.change_blocks([9])
    freeze(storage)
    assert [list(storage.blocks.to_copy(*span)) for span in ((1, 5), (4, 5), (1, 3))] == [[0, 1, 2, 9], [9], [0, 1]]
