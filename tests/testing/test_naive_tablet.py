"""The naive tablet takes the outcome of a compaction of rows that is possible, and refuses each one that is not."""

import pytest

from obsim.testing.naive_tablet import ROWS_A_BLOCK, Block, ModelBroken, NaiveTablet, Placed

TABLET, OLD, NEW = 200_001, 1_000, 2_000


def tablet(count: int = 4) -> NaiveTablet:
    return NaiveTablet(TABLET, "t", [(TABLET, OLD, n) for n in range(count)])


def outcome(*places: int, new: tuple[int, ...], version: int = NEW) -> list[Placed]:
    """Blocks at places; those at `new` places are written by the compaction, in order."""
    fresh = iter(range(len(new)))
    blocks: list[Placed] = []
    for place in places:
        block: Block = (TABLET, version, next(fresh)) if place in new else (TABLET, OLD, place)
        blocks.append((place, block))
    return blocks


def written(kind: str, rows: int, *dirty: int, count: int = 4) -> NaiveTablet:
    made = tablet(count)
    made.wrote_rows(kind, rows, frozenset(dirty))
    return made


def test_an_update_rewrites_what_it_touched():
    one = written("rows_uniform", 3, 1, 2)
    assert (one.memory, one.loose) == (3 * 134, True)
    assert one.major_freeze(NEW, outcome(0, 1, 2, 3, new=(1, 2))) == 2
    assert one.blocks == [(TABLET, OLD, 0), (TABLET, NEW, 0), (TABLET, NEW, 1), (TABLET, OLD, 3)]
    assert (one.loose, one.in_order, one.rows) == (False, True, 4 * ROWS_A_BLOCK)


def test_a_touched_block_may_split_and_then_order_of_key_is_lost():
    one = written("rows_uniform", 3, 1, 2)
    one.major_freeze(NEW, outcome(0, 1, 2, 3, 4, new=(1, 2, 4)))
    assert (one.places, one.in_order, one.next_place) == ([0, 1, 2, 3, 4], False, 5)


def test_deleted_rows_let_blocks_go_and_their_places_stay_empty():
    one = written("rows_delete", 2 * ROWS_A_BLOCK, 1, 2, 3)
    one.major_freeze(NEW, outcome(0, 1, new=(1,)))
    assert (one.places, one.rows, one.next_place) == ([0, 1], 2 * ROWS_A_BLOCK, 4)
    one.appended = 1
    one.major_freeze(3_000)
    assert (one.places, one.blocks[-1]) == ([0, 1, 4], (TABLET, 3_000, 0))


def test_rows_past_the_end_come_into_blocks_of_their_own():
    one = written("rows_append", ROWS_A_BLOCK + 1)
    one.major_freeze(NEW, outcome(0, 1, 2, 3, 4, 5, new=(4, 5)))
    assert one.rows == 5 * ROWS_A_BLOCK + 1


WRONG = [
    ("rows_uniform", 1, (1,), outcome(0, 1, 2, 3, new=()), "keeps touched blocks at \\[1\\]"),
    ("rows_uniform", 1, (1,), outcome(0, 1, 2, 3, new=(0, 1)), "wrote the untouched blocks at \\[0\\] anew"),
    ("rows_uniform", 1, (1,), outcome(0, 2, 3, new=()), "lost the blocks at \\[1\\], no row was deleted"),
    ("rows_uniform", 1, (1,), outcome(0, 1, 2, 3, 4, 5, new=(1, 4, 5)), "grew by 2"),
    ("rows_uniform", 1, (1,), outcome(0, 1, 2, 3, 7, new=(1, 7)), "put blocks at \\[7\\]"),
    ("rows_uniform", 1, (1,), outcome(0, 2, 1, 3, new=(1,)), "another order"),
    ("rows_delete", 1, (1,), outcome(0, 2, 3, new=()), "keeps 56023 rows in 3 blocks"),
    ("rows_delete", 1, (1,), outcome(0, 1, 2, 3, 4, new=(1, 4)), "grew by 1"),
    ("rows_append", 1, (), outcome(0, 1, 2, 3, new=()), "keeps 56025 rows in 4 blocks"),
    ("rows_append", 1, (), outcome(0, 1, 2, 3, 4, 5, new=(4, 5)), "grew by 2"),
    ("rows_uniform", 9, (0, 1, 2, 3), outcome(*range(9), new=tuple(range(9))), "packed into 9 blocks, 8 are enough"),
]


@pytest.mark.parametrize(("kind", "rows", "dirty", "told", "text"), WRONG, ids=[wrong[4] for wrong in WRONG])
def test_what_cannot_be_is_refused(kind, rows, dirty, told, text):
    with pytest.raises(ModelBroken, match=text):
        written(kind, rows, *dirty).major_freeze(NEW, told)


def test_writes_by_blocks_need_nobody_to_tell():
    one = tablet(66)
    one.dirty = {5}
    assert one.major_freeze(NEW) == 2
    assert [n for n, block in enumerate(one.blocks) if block[1] == NEW] == [5, 33]
    assert one.blocks[33] == (TABLET, NEW, 2**32)


def test_seams_of_a_tablet_that_split_are_only_counted():
    one = tablet(66)
    one.in_order = False
    assert one.to_be_told
    told = [(p, (TABLET, NEW, 2**32) if p == 40 else (TABLET, OLD, p)) for p in range(66)]
    assert one.major_freeze(NEW, told) == 1
    wrong = [(p, (TABLET, 3_000, p) if p in {3, 9} else block) for p, block in told]
    with pytest.raises(ModelBroken, match="it has 1 seams"):
        one.major_freeze(3_000, wrong)
