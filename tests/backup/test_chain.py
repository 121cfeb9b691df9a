"""Which set an increment builds on and what it stores (engine.md 2.2, 2.3, 2.5)."""

import pytest

from obsim.statements import Freeze
from obsim.versions import IncrementalBase

SYS, MYSQL = 1, 1002


def change(bench, count: int, table: str = "t1", kind: str = "random") -> None:
    bench.tenant().storage.write(table, count, kind, seed=0)


def test_write_freeze_increment(bench):
    assert bench.full_cycle(incremental=False).counters.macro_block_count == 96
    change(bench, 37)
    bench.major_freeze()
    found = bench.full_cycle()
    assert (found.backup_type, found.counters.macro_block_count, found.delta_block_count) == ("INC", 37, 0)
    assert (found.prev_full_id, found.prev_inc_id) == (1, 1)


def test_without_the_freeze_only_mini_blocks(bench):
    bench.full_cycle(incremental=False)
    change(bench, 37)
    assert bench.full_cycle().counters.macro_block_count == 0
    bench.run(MYSQL, Freeze(major=False))
    found = bench.full_cycle()
    assert (found.counters.macro_block_count, found.delta_block_count, len(found.copied)) == (1, 1, 0)


def test_increment_without_a_full_is_full_silently(bench):
    bench.backup(SYS, incremental=True)
    parent = bench.tenant(SYS).backup.jobs[0]
    bench.idle()
    assert parent.request.backup_type == "INC"
    found = bench.tenant().backup.sets[1]
    assert (found.backup_type, found.prev_full_id, found.prev_inc_id, found.base_id) == ("FULL", 0, 0, 0)
    assert bench.tenant().backup.job_history[0].request.backup_type == "FULL"


@pytest.mark.parametrize(
    ("base", "copied", "bases"),
    [(IncrementalBase.PREVIOUS, [96, 5, 3, 0], [0, 1, 2, 3]), (IncrementalBase.LAST_FULL, [96, 5, 8, 8], [0, 1, 1, 1])],
)
def test_base_rule(make_bench, base, copied, bases):
    bench = make_bench(base=base)
    bench.full_cycle(incremental=False)
    change(bench, 5, "t1", "clustered")
    bench.major_freeze()
    bench.full_cycle()
    change(bench, 3, "t2", "clustered")
    bench.major_freeze()
    bench.full_cycle()
    bench.full_cycle()
    sets = list(bench.tenant().backup.sets.values())
    assert [len(s.copied) for s in sets] == copied
    assert [s.base_id for s in sets] == bases
    assert [(s.prev_full_id, s.prev_inc_id) for s in sets] == [(0, 0), (1, 1), (1, 2), (1, 3)]


@pytest.mark.parametrize(
    ("version", "base"), [("4.0.0", 1), ("4.1.0", 2), ("4.2.0", 1), ("4.2.1", 1), ("4.2.5", 2), ("4.3.3", 2)]
)
def test_rule_of_a_version(make_bench, version, base):
    bench = make_bench(version)
    for _ in range(2):
        bench.full_cycle()
    assert bench.full_cycle().base_id == base


def test_another_path_begins_a_new_chain_and_the_way_back_goes_on(bench):
    first = bench.full_cycle(incremental=False)
    assert bench.set("data_backup_dest", "file:///elsewhere", "mysql_tenant") == ""
    second = bench.full_cycle()
    assert (second.backup_type, second.path, second.dest_id) == ("FULL", "file:///elsewhere", 1003)
    assert bench.set("data_backup_dest", "file:///data/backup/mysql_tenant/data", "mysql_tenant") == ""
    third = bench.full_cycle()
    assert (third.backup_type, third.prev_inc_id, third.dest_id) == ("INC", 1, first.dest_id)


def test_a_base_that_is_gone_fails_the_job(bench):
    first = bench.full_cycle(incremental=False)
    bench.backup(MYSQL, incremental=True)
    first.file_status = type(first.file_status).BROKEN
    bench.idle()
    job = bench.tenant().backup.job_history[-1]
    assert (job.status.value, job.result) == ("FAILED", -9011)


def test_a_compaction_after_the_snapshot_is_for_the_next(bench):
    bench.full_cycle(incremental=False)
    bench.backup(MYSQL, incremental=True)
    bench.at(bench.now_ms + 3_700)
    change(bench, 7)
    bench.major_freeze()
    bench.idle()
    assert len(bench.tenant().backup.sets[2].copied) == 0
    assert len(bench.full_cycle().copied) == 7


def test_appended_blocks_are_copied_and_the_tail_is_not(bench):
    bench.full_cycle(incremental=False)
    change(bench, 4, "t2", "append")
    bench.major_freeze()
    found = bench.full_cycle()
    assert len(found.copied) == 4
    assert found.counters.tablet_count == 619
