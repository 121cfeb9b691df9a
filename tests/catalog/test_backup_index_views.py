"""obsim.backup_files and obsim.backup_index: what sets store and where (engine.md 2.1, 5.5)."""

from obsim.statements import AlterParameters, BackupDatabase, CancelBackup, Freeze, ParameterAction

MYSQL = 1002
INDEX_ROW = (
    "STORED_IN_SET", "LS_ID", "TURN_ID", "RETRY_ID", "FILE_ID", "FILE_OFFSET", "LENGTH", "REUSED",
)  # fmt: skip


def files(world, *names, tenant=MYSQL):
    rows = [r for r in world.rows("backup_files", schema="obsim") if r["TENANT_ID"] == tenant]
    return [tuple(row[name] for name in names) for row in rows]


def index(world, set_id, tenant=MYSQL):
    rows = world.rows("backup_index", schema="obsim")
    return [r for r in rows if (r["TENANT_ID"], r["BACKUP_SET_ID"]) == (tenant, set_id)]


def backup(world, *, incremental):
    world.execute(BackupDatabase(incremental), MYSQL)
    world.advance(60)


def test_nothing_is_there_before_a_backup(world):
    assert world.rows("backup_files", schema="obsim") == world.rows("backup_index", schema="obsim") == []


def test_files_of_a_full_set_and_an_increment(world):
    backup(world, incremental=False)
    world.state.tenants[MYSQL].storage.write("t1", 5, "random", seed=0)
    world.execute(Freeze(major=True), MYSQL)
    backup(world, incremental=True)
    names = ("BACKUP_SET_ID", "LS_ID", "DATA_TYPE", "TURN_ID", "RETRY_ID", "FILE_ID", "MACRO_BLOCK_COUNT", "STATUS")
    assert files(world, *names) == [
        (1, 1001, "major", 1, 0, 0, 48, "COMPLETE"), (1, 1001, "major", 1, 0, 1, 48, "COMPLETE"),
        (2, 1001, "major", 1, 0, 0, 3, "COMPLETE"), (2, 1001, "major", 1, 0, 1, 2, "COMPLETE"),
    ]  # fmt: skip
    assert files(world, "BYTES")[:2] == [(4_096 + 48 * 2_064_384,)] * 2


def test_mini_blocks_lie_in_files_of_their_own(world):
    backup(world, incremental=False)
    world.state.tenants[MYSQL].storage.write("t1", 3, "clustered", seed=0)
    world.execute(Freeze(major=False), MYSQL)
    backup(world, incremental=True)
    assert files(world, "BACKUP_SET_ID", "DATA_TYPE", "FILE_ID", "MACRO_BLOCK_COUNT")[2:] == [
        (2, "minor", 0, 2), (2, "minor", 1, 1),
    ]  # fmt: skip


def test_a_reused_block_lies_where_its_set_put_it(world):
    backup(world, incremental=False)
    before = {(r["TABLET_ID"], r["LOGIC_VERSION"], r["DATA_SEQ"]): r for r in index(world, 1)}
    assert len(before) == 96
    assert {r["REUSED"] for r in before.values()} == {0}
    first = next(iter(before.values()))
    assert tuple(first[name] for name in INDEX_ROW) == (1, 1001, 1, 0, 0, 4_096, 2_064_384, 0)
    world.state.tenants[MYSQL].storage.write("t1", 5, "random", seed=0)
    world.execute(Freeze(major=True), MYSQL)
    backup(world, incremental=True)
    after = {(r["TABLET_ID"], r["LOGIC_VERSION"], r["DATA_SEQ"]): r for r in index(world, 2)}
    assert len(after) == 96
    assert len(after.keys() - before.keys()) == 5
    for name, row in after.items():
        old = before.get(name)
        assert (row["STORED_IN_SET"], row["REUSED"]) == ((1, 1) if old else (2, 0))
        if old:
            assert [row[n] for n in INDEX_ROW[:-1]] == [old[n] for n in INDEX_ROW[:-1]]


def test_files_become_complete_in_order(world):
    world.execute(AlterParameters((ParameterAction("ha_low_thread_score", 5),)), MYSQL)
    world.execute(BackupDatabase(), MYSQL)
    seen = []
    for _ in range(100):
        world.advance(0.1)
        found = [status for (status,) in files(world, "STATUS")]
        assert found == sorted(found)  # COMPLETE before COPYING
        seen.append(found.count("COMPLETE"))
    assert seen == sorted(seen)
    assert set(seen) == {0, 5}  # the first file has one block more than the others


def test_a_cancelled_set_keeps_its_complete_files(world):
    world.execute(AlterParameters((ParameterAction("ha_low_thread_score", 1),)), MYSQL)
    world.execute(AlterParameters((ParameterAction("backup_data_file_size", "512M"),)))
    world.state.tenants[MYSQL].storage.create_table("big", [1_000], 1_001)
    world.execute(Freeze(major=True), MYSQL)
    world.execute(BackupDatabase(), MYSQL)
    world.advance(70)
    assert files(world, "FILE_ID", "MACRO_BLOCK_COUNT", "STATUS") == [
        (0, 260, "COMPLETE"), (1, 260, "COMPLETE"), (2, 260, "COPYING"), (3, 260, "COPYING"), (4, 56, "COPYING"),
    ]  # fmt: skip
    assert all(size <= 512 << 20 for (size,) in files(world, "BYTES"))
    world.execute(CancelBackup(), MYSQL)
    world.advance(5)
    assert files(world, "FILE_ID", "MACRO_BLOCK_COUNT", "STATUS") == [(0, 260, "COMPLETE"), (1, 260, "COMPLETE")]
    assert index(world, 1) == []
