"""Destinations that change, are emptied and used again (engine.md 2.3, 2.4, 6.3)."""

import pytest

from obsim.control import PROCEDURES
from obsim.errors import ServerError
from obsim.statements import AlterParameters, ParameterAction

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


ORACLE_HOME, ARCHIVE = "file:///data/backup/oracle_tenant/data", "file:///data/backup/mysql_tenant/archive"
MISSING = "ERROR 9080 (HY000): the format file does not exist under the destination"
FOREIGN = "ERROR 9081 (HY000): the content of the format file at the destination does not match"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("data_backup_dest", ORACLE_HOME, FOREIGN),  # another tenant's
        ("data_backup_dest", ARCHIVE, FOREIGN),  # one's own, for logs
        ("log_archive_dest_1", f"LOCATION={HOME}", FOREIGN),
        ("log_archive_dest_1", f"LOCATION={ARCHIVE} BINDING=MANDATORY", ""),
        ("data_backup_dest", "file:///data/backup", MISSING),  # not empty: destinations lie below it
        ("data_backup_dest", "file:///data/backup/", MISSING),
        ("data_backup_dest", "file:///data/back", ""),
        ("data_backup_dest", f"{HOME}/below", ""),
        ("data_backup_dest", f"{ORACLE_HOME}?checksum_type=md5", FOREIGN),
        ("data_backup_dest", "s3://data/backup?host=a&access_id=i&access_key=k", ""),
    ],
)
def test_a_format_file_says_whose_a_directory_is(bench, name, value, expected):
    before = bench.tenant().backup.path
    assert bench.set(name, value, "mysql_tenant") == expected
    if expected:
        assert bench.tenant().backup.path == before
        assert len(bench.tenant().destinations) == 2


def test_an_object_store_at_two_hosts_is_two_places(bench):
    for host, expected in [("a", ""), ("b", ""), ("a", FOREIGN)]:
        tenant = "oracle_tenant" if expected else "mysql_tenant"
        assert bench.set("data_backup_dest", f"s3://bucket/x?host={host}&access_id=i&access_key=k", tenant) == expected


def test_a_directory_that_was_left_is_still_owned(bench):
    go(bench, AWAY)
    go(bench, "")
    assert bench.set("data_backup_dest", AWAY, "oracle_tenant") == FOREIGN


def test_one_statement_cannot_want_a_directory_twice(bench):
    actions = (ParameterAction("data_backup_dest", AWAY), ParameterAction("log_archive_dest_1", f"LOCATION={AWAY}"))
    assert bench.refusal(MYSQL, AlterParameters(actions)) == FOREIGN
    assert bench.tenant().backup.path == HOME  # all or none
    assert bench.set("data_backup_dest", AWAY, "oracle_tenant") == ""


def test_a_job_comes_before_the_format_file(bench):
    bench.backup(incremental=False)
    assert bench.set("data_backup_dest", ORACLE_HOME, "mysql_tenant").startswith("ERROR 9036")


def test_somebody_else_takes_an_emptied_directory(bench):
    bench.full_cycle(incremental=False)
    empty(bench, HOME)
    assert bench.set("data_backup_dest", HOME, "oracle_tenant") == ""
    assert bench.backup(MYSQL, incremental=True) == ""
    bench.idle()
    job = bench.tenant().backup.job_history[-1]
    assert (job.status.value, job.result) == ("FAILED", -9081)
    assert bench.set("data_backup_dest", HOME, "mysql_tenant") == FOREIGN
    empty(bench, HOME)
    assert go(bench, HOME) == 1003
    assert bench.full_cycle().backup_type == "FULL"
