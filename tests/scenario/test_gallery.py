"""The built-in scenarios: each does what its sentence says."""

import re
from pathlib import Path

import pymysql
import pytest

import obsim
from obsim.scenario import load_scenario, scenario_names
from tests.whole import views

SETS = (
    "SELECT BACKUP_SET_ID, BACKUP_TYPE, FILE_STATUS, ENCRYPTION_MODE, MACRO_BLOCK_COUNT "
    "FROM oceanbase.CDB_OB_BACKUP_SET_FILES ORDER BY 1"
)
JOB = (
    "SELECT STATUS, RESULT FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY WHERE TENANT_ID = 1002 ORDER BY JOB_ID DESC LIMIT 1"
)


@pytest.fixture(params=scenario_names())
def name(request):
    return request.param


def sets(cluster):
    return [(row["BACKUP_TYPE"], row["FILE_STATUS"]) for row in cluster.query(SETS)]


def backup(cluster, *, incremental=False):
    cluster.execute(f"ALTER SYSTEM BACKUP {'INCREMENTAL ' if incremental else ''}DATABASE")
    cluster.run_until_idle()
    return tuple(cluster.query(JOB)[0])


def test_each_says_what_it_is_for(name):
    about = load_scenario(name).about
    assert 40 < len(about) <= 130


@pytest.mark.parametrize("name", ["archive-gap", "encrypted-sets", "three-zones"])
def test_one_starts_equal_at_the_same_moment(name):
    first, second = obsim.Cluster(name), obsim.Cluster(name)
    assert first.now_ns == 1_704_038_400_000_000_000
    assert first.host.state.idle()
    assert first.dump() == second.dump()


def test_fresh_tenant_has_everything_but_a_backup():
    cluster = obsim.Cluster("fresh-tenant")
    assert sets(cluster) == []
    assert backup(cluster, incremental=True) == ("COMPLETED", 0)
    assert sets(cluster) == [("FULL", "AVAILABLE")]


def test_long_chain():
    cluster = obsim.Cluster("long-chain")
    assert sets(cluster) == [("FULL", "AVAILABLE")] + 30 * [("INC", "AVAILABLE")]
    assert cluster.query(SETS)[0]["MACRO_BLOCK_COUNT"] == 240
    columns = "START_TIMESTAMP, PREV_INC_BACKUP_SET_ID AS P, BACKUP_SET_ID"
    chain = f"SELECT {columns} FROM oceanbase.CDB_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID"
    first, *later = cluster.query(chain)
    assert str(first["START_TIMESTAMP"]).startswith("2023-12-01 00:00:00")
    assert [row["P"] for row in later] == list(range(1, 31))


def test_broken_chain_begins_anew():
    cluster = obsim.Cluster("broken-chain")
    assert sets(cluster) == [("FULL", "DELETED"), ("INC", "DELETED"), ("INC", "DELETED")]
    assert backup(cluster, incremental=True) == ("COMPLETED", 0)
    assert sets(cluster)[-1] == ("FULL", "AVAILABLE")


def test_archive_gap_cannot_be_restored_into():
    cluster = obsim.Cluster("archive-gap")
    rounds = cluster.query("SELECT ROUND_ID, STATUS FROM oceanbase.CDB_OB_ARCHIVELOG_SUMMARY ORDER BY 1")
    assert [tuple(row) for row in rounds] == [(1, "STOP"), (2, "DOING")]
    windows = cluster.query("SELECT RESTORABLE FROM obsim.restorable_windows ORDER BY FIRST_SCN")
    assert [row[0] for row in windows] == [0, 1, 0, 1]


def test_full_disk_fails_with_9082():
    cluster = obsim.Cluster("full-disk")
    assert backup(cluster) == ("FAILED", -9082)
    cluster.clear_faults()
    assert backup(cluster) == ("COMPLETED", 0)


def test_slow_storage_takes_minutes():
    cluster = obsim.Cluster("slow-storage")
    before = cluster.now
    assert backup(cluster) == ("COMPLETED", 0)
    assert (cluster.now - before).total_seconds() > 200


def test_many_tenants_in_one_backup():
    cluster = obsim.Cluster("many-tenants")
    backup(cluster)
    assert sets(cluster) == 20 * [("FULL", "AVAILABLE")]
    users = "SELECT COMPATIBILITY_MODE FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_TYPE = 'USER'"
    assert sorted(row[0] for row in cluster.query(users)) == 15 * ["MYSQL"] + 5 * ["ORACLE"]


def test_upgrade_lets_no_increment_across():
    cluster = obsim.Cluster("upgrade")
    with pytest.raises(obsim.ServerError, match="cross compatible incremental backup is not supported") as refused:
        cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE", tenant="shop")
    assert refused.value.errno == 9040
    assert backup(cluster) == ("COMPLETED", 0)
    assert backup(cluster, incremental=True) == ("COMPLETED", 0)


def test_expiring_window_deletes_the_oldest_within_the_hour():
    cluster = obsim.Cluster("expiring-window")
    assert sets(cluster) == 9 * [("FULL", "AVAILABLE")]
    cluster.advance(hours=1)
    cluster.run_until_idle()
    gone = [status for _, status in sets(cluster) if status == "DELETED"]
    assert 1 <= len(gone) < 9
    assert sets(cluster)[0] == ("FULL", "DELETED")


def test_encrypted_sets_and_a_plain_one():
    cluster = obsim.Cluster("encrypted-sets")
    modes = [(row["BACKUP_TYPE"], row["ENCRYPTION_MODE"]) for row in cluster.query(SETS)]
    assert modes == [("FULL", "PASSWORD"), ("INC", "PASSWORD"), ("FULL", "NONE")]


def test_oracle_only():
    cluster = obsim.Cluster("oracle-only")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="ledger")
    cluster.run_until_idle()
    rows = cluster.query("SELECT STATUS FROM SYS.DBA_OB_BACKUP_JOB_HISTORY", tenant="ledger")
    assert [row[0] for row in rows] == ["COMPLETED"]


def test_a_server_of_each_takes_logins_and_its_dump_loads_again_to_the_same_views(name, tmp_path):
    with obsim.Server(scenario=name) as server, pymysql.connect(**server.connect_args()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM oceanbase.DBA_OB_TENANTS")
        assert cursor.fetchall()[0][0] >= 3
        cursor.execute("CALL obsim.dump()")
        ((text,),) = cursor.fetchall()
    file = tmp_path / "dump.toml"
    file.write_text(text)
    with obsim.Server(scenario=str(file)) as server, pymysql.connect(**server.connect_args()) as connection:
        cursor = connection.cursor()
        cursor.execute("CALL obsim.dump()")
        ((second,),) = cursor.fetchall()
    counted = re.compile(r'\["statements", \d+\]')  # those of its own clients
    assert counted.sub("", second) == counted.sub("", text)
    again, fresh = obsim.Cluster(str(file)), obsim.Cluster(name)
    for one in again.state.resources.servers.values():
        one.mysql_port = 2881  # each server of these tests has a port of its own
    assert views(again) == views(fresh)


def test_the_example_of_the_documentation():
    text = (Path(obsim.__file__).parent.parent / "docs" / "scenarios.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(example, {})
