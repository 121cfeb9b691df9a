"""Destinations that change, are emptied and used again (engine.md 2.3, 2.4, 6.3)."""

import pytest

from obsim.control import PROCEDURES
from obsim.errors import ServerError

MYSQL = 1002
HOME, AWAY = "file:///data/backup/mysql_tenant/data", "file:///elsewhere"


def go(bench, path):
    assert bench.set("data_backup_dest", path, "mysql_tenant") == ""
    return bench.tenant().backup.dest_id


def empty(bench, path):
    PROCEDURES["empty_destination"].call(bench.state, (path,))


def statuses(bench):
    return [s.file_status.value for s in bench.tenant().backup.sets.values()]


def test_the_same_directory_again_changes_nothing(bench):
    first = bench.full_cycle(incremental=False)
    assert go(bench, HOME) == first.dest_id == 1002
    found = bench.full_cycle()
    assert (found.backup_type, found.prev_inc_id, found.dest_id) == ("INC", 1, 1002)


def test_there_and_back(bench):
    bench.full_cycle(incremental=False)
    assert go(bench, AWAY) == 1003
    assert bench.full_cycle().backup_type == "FULL"
    assert bench.full_cycle().prev_inc_id == 2
    assert go(bench, HOME) == 1002
    assert bench.full_cycle().prev_inc_id == 1
    assert go(bench, AWAY) == 1003
    found = bench.full_cycle()
    assert (found.backup_type, found.prev_full_id, found.prev_inc_id) == ("INC", 2, 3)
    assert statuses(bench) == ["AVAILABLE"] * 5


def test_an_emptied_directory_has_no_format_file(bench):
    bench.full_cycle(incremental=False)
    empty(bench, HOME)
    assert statuses(bench) == ["AVAILABLE"]  # nobody has looked yet
    assert bench.backup(MYSQL, incremental=True) == ""
    bench.idle()
    job = bench.tenant().backup.job_history[-1]
    assert (job.status.value, job.result, job.backup_set_id) == ("FAILED", -9080, 2)
    assert list(bench.tenant().backup.sets) == [1]


def test_an_emptied_directory_that_is_set_again_begins_anew(bench):
    bench.full_cycle(incremental=False)
    bench.full_cycle()
    empty(bench, HOME)
    assert go(bench, HOME) == 1003
    assert statuses(bench) == ["DELETED", "DELETED"]
    found = bench.full_cycle()
    assert (found.backup_type, found.backup_set_id, found.dest_id) == ("FULL", 3, 1003)
    assert bench.full_cycle().prev_inc_id == 3
    empty(bench, HOME)
    assert go(bench, HOME) == 1004
    assert statuses(bench) == ["DELETED"] * 4


def test_a_directory_emptied_while_another_one_is_set(bench):
    bench.full_cycle(incremental=False)
    go(bench, AWAY)
    bench.full_cycle()
    empty(bench, HOME)
    assert bench.full_cycle().prev_inc_id == 2
    assert go(bench, HOME) == 1004
    assert statuses(bench) == ["DELETED", "AVAILABLE", "AVAILABLE"]
    assert bench.full_cycle().backup_type == "FULL"
    assert go(bench, AWAY) == 1003
    assert bench.full_cycle().prev_inc_id == 3


@pytest.mark.parametrize("uri", [1, None, "file:///never/set", "file:///data/backup/mysql_tenant/archive"])
def test_what_cannot_be_emptied(bench, uri):
    with pytest.raises(ServerError, match="1210"):
        empty(bench, uri)


def test_storage_info_keeps_the_old_destination(bench):
    empty(bench, HOME)
    go(bench, HOME)
    known = [(d.dest_id, d.purpose, d.emptied) for d in bench.tenant().destinations]
    assert known == [(1001, "archive_log", False), (1002, "backup_data", True), (1003, "backup_data", False)]
