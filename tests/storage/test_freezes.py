"""The list of major freezes."""

import pytest

from obsim.ids import Bytes, Scn
from obsim.storage.freezes import FIRST_FREEZE, MajorFreeze, MajorFreezes

DAY_NS = 86_400 * 10**9


def freeze(day: float) -> MajorFreeze:
    return MajorFreeze(Scn(int(day * DAY_NS)), 3, Bytes(7))


def test_the_last_one_is_compacted_after_it_had_to_wait():
    freezes = MajorFreezes()
    freezes.add(freeze(1))
    freezes.add(freeze(2))
    freezes.waiting = True
    assert (freezes.newest.scn, freezes.last_compacted.scn) == (2 * DAY_NS, DAY_NS)
    freezes.compact(Bytes(99), 5 * DAY_NS)
    assert freezes.kept == [
        FIRST_FREEZE, freeze(1), MajorFreeze(Scn(2 * DAY_NS), 3, Bytes(99), put_off_until_ns=5 * DAY_NS)
    ]
    assert (freezes.waiting, freezes.last_compacted, freezes.began_scn) == (False, freezes.newest, DAY_NS)


def test_the_entry_of_the_beginning_is_no_compaction():
    assert MajorFreezes().kept == [FIRST_FREEZE]
    assert (FIRST_FREEZE.scn, FIRST_FREEZE.compacted, freeze(1).compacted) == (1, False, True)


@pytest.mark.parametrize(
    ("count", "days", "kept"), [(31, 60, 32), (40, 60, 32), (40, 39, 32), (45, 31, 43), (40, 20, 40)]
)
def test_old_ones_go_as_long_as_enough_are_left(count, days, kept):
    """30 days and 32 entries; the one a tenant begins with is the oldest."""
    freezes = MajorFreezes()
    for n in range(count):
        freezes.add(freeze(100 + days * n / (count - 1)))
    assert len(freezes.kept) == kept
    assert freezes.began_scn == 100 * DAY_NS
