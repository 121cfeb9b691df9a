"""Tablets and log streams that move while a backup runs: turns (engine.md 2.2, 3.3)."""

import pytest

from obsim.backup.index import locations
from obsim.ids import LogStreamId

MYSQL = 1002
T1, T2 = 200_001, (200_002, 200_003, 200_004, 200_005)


@pytest.fixture
def spread(make_bench):
    """A tenant whose table t1 is in log stream 1001 and t2 in 1002."""

    def build(version="4.2.5"):
        bench = make_bench(version)
        bench.tenant().storage.log_stream_ids.append(LogStreamId(1002))
        for tablet in T2:
            move(bench, tablet, 1002)
        return bench

    return build


def move(bench, tablet_id, stream):
    (tablet,) = [t for t in bench.tenant().storage.tablets if t.tablet_id == tablet_id]
    tablet.log_stream_id = LogStreamId(stream)


def until(bench, status, ms_later=0):
    """Let time go to a stage of the backup that runs, and a bit further."""
    while bench.tenant().backup.tasks == [] or bench.tenant().backup.tasks[0].status != status:
        bench.at(bench.now_ms + 10)
    bench.at(bench.now_ms + ms_later)


def turns(found):
    return found.meta_turn_id, found.data_turn_id, found.minor_turn_id, found.major_turn_id


def major_files(found):
    return [
        (f.log_stream_id, f.turn_id, len(f.slots), f.cut.block_count) for f in found.content.files
        if f.data_type == "major"
    ]  # fmt: skip


def check(bench):
    """The set is as good as one without turns: everything stored once and found."""
    bench.idle()
    backup = bench.tenant().backup
    found = list(backup.sets.values())[-1]
    assert found.status == "SUCCESS"
    assert (found.counters.macro_block_count, found.counters.finish_macro_block_count) == (96, 96)
    assert found.counters.finish_tablet_count == 619
    places = locations(backup.sets, found)
    assert len(places) == len(set(places.values())) == 96
    return found


def test_two_log_streams_take_turns_on_a_server(spread):
    bench = spread()
    bench.backup(MYSQL)
    found = check(bench)
    assert (turns(found), major_files(found)) == ((1, 0, 1, 1), [(1001, 1, 1, 48), (1002, 1, 4, 48)])


def test_a_tablet_that_moved_before_it_was_looked_for_comes_in_the_next_turn(spread):
    bench = spread()
    bench.backup(MYSQL)
    until(bench, "BACKUP_DATA_MAJOR", 500)
    move(bench, T2[0], 1001)
    found = check(bench)
    assert (turns(found), major_files(found)) == (
        (1, 0, 1, 2), [(1001, 1, 1, 48), (1002, 1, 3, 36), (1001, 2, 1, 12)],
    )  # fmt: skip


def test_a_tablet_that_moves_while_it_is_copied_is_done_again_and_found_in_the_turn_before(spread):
    bench = spread()
    bench.backup(MYSQL)
    until(bench, "BACKUP_DATA_MAJOR", 500)
    move(bench, T1, 1002)
    found = check(bench)
    assert (turns(found), major_files(found)) == ((1, 0, 1, 2), [(1001, 1, 1, 48), (1002, 1, 4, 48)])


def test_the_minor_data_has_turns_of_its_own(spread):
    bench = spread()
    bench.tenant().storage.write("t2", 48, "clustered", seed=0)
    bench.tenant().storage.minor_freeze(bench.state.now_ns, 0)
    bench.backup(MYSQL)
    until(bench, "BACKUP_DATA_MINOR", 100)
    move(bench, T2[1], 1001)
    bench.idle()
    found = bench.tenant().backup.sets[1]
    # The major data too begins with the places at the consistent SCN.
    assert (found.status, turns(found)) == ("SUCCESS", (1, 0, 2, 2))
    minor = [(f.log_stream_id, f.turn_id, len(f.slots)) for f in found.content.files if f.data_type == "minor"]
    assert minor == [(1002, 1, 3), (1001, 2, 1)]
    assert sum(f.cut.block_count for f in found.content.files if f.data_type == "minor") == found.delta_block_count


def test_old_versions_count_data_turns(spread):
    bench = spread("4.2.1")
    bench.backup(MYSQL)
    until(bench, "BACKUP_DATA_MAJOR", 500)
    move(bench, T2[0], 1001)
    assert turns(check(bench)) == (1, 2, 1, 1)


def test_a_tablet_may_move_again_and_again(spread):
    bench = spread()
    bench.backup(MYSQL)
    until(bench, "BACKUP_DATA_MAJOR", 500)
    for n in range(5):
        move(bench, T2[0], (1001, 1002)[n % 2])
        bench.at(bench.now_ms + 5_600 if not n else bench.now_ms + 500)
    found = check(bench)
    assert turns(found)[3] >= 2


def test_a_log_stream_that_goes_takes_another_meta_turn(spread):
    bench = spread()
    bench.backup(MYSQL)
    until(bench, "BACKUP_USER_META", 200)
    for tablet in T2:
        move(bench, tablet, 1001)
    bench.tenant().storage.log_stream_ids.remove(1002)
    found = check(bench)
    assert (turns(found), major_files(found)) == ((2, 0, 1, 1), [(1001, 1, 5, 96)])


def test_a_log_stream_that_goes_while_its_data_waits(spread):
    bench = spread()
    bench.backup(MYSQL)
    until(bench, "BACKUP_DATA_MAJOR", 500)
    for tablet in T2:
        move(bench, tablet, 1001)
    bench.tenant().storage.log_stream_ids.remove(1002)
    found = check(bench)
    assert (turns(found), major_files(found)) == ((1, 0, 1, 2), [(1001, 1, 1, 48), (1001, 2, 4, 48)])


def test_a_dropped_tablet_is_stored_as_it_was(spread):
    bench = spread()
    bench.backup(MYSQL)
    until(bench, "BACKUP_DATA_MAJOR", 500)
    storage = bench.tenant().storage
    dropped = [t for t in storage.tablets if t.tablet_id == T2[0]]
    storage.tablets.remove(*dropped)
    assert turns(check(bench)) == (1, 0, 1, 1)


def test_a_block_moved_with_its_tablet_is_still_reused(spread):
    bench = spread()
    bench.full_cycle(incremental=False)
    for tablet in T2:
        move(bench, tablet, 1001)
    found = bench.full_cycle()
    assert (found.backup_type, len(found.copied)) == ("INC", 0)
    places = locations(bench.tenant().backup.sets, found)
    assert {p.log_stream_id for p in places.values()} == {1001, 1002}
