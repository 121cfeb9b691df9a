"""Restores where servers crash: what was lost is begun anew where the leader is by then."""

import pytest

import obsim
from tests.whole import views

ENDS = "SELECT STATUS, FINISH_TIMESTAMP FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1004"
RUNS = "SELECT STATUS FROM oceanbase.CDB_OB_RESTORE_PROGRESS WHERE TENANT_ID = 1004"
BLOCKS = "SELECT TABLET_ID, POSITION, BLOCK_ID FROM obsim.macroblocks WHERE TENANT_ID = {} ORDER BY 1, 2"
RESTORE = (
    "ALTER SYSTEM RESTORE t9 FROM 'file:///backup/shop/data,file:///backup/shop/archive' "
    "WITH 'pool_list=spare&primary_zone=z2;z1'"
)
LEADER, NEXT = "10.0.2.1:2882", "10.0.1.1:2882"


@pytest.fixture
def backed_up():
    """A cluster with a backup of its tenant; now it is 00:03:08.760."""
    cluster = obsim.Cluster("three-zones", seed=2)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.run_until_idle()
    cluster.advance(minutes=3)
    return cluster


@pytest.fixture
def zones(backed_up):
    """The same with a restore that has begun."""
    backed_up.execute(RESTORE)
    return backed_up


def rows(cluster, sql):
    return [tuple(row) for row in cluster.query(sql)]


def blocks(cluster, tenant_id):
    return [row[:2] for row in rows(cluster, BLOCKS.format(tenant_id))]


def copied(cluster, address):
    """Tablets that the restored tenant has copied on a server."""
    found = cluster.state.tenants[1004].dispatchers[address].finished
    return [task.tablet_id for task in found if task.kind == "TABLET_RESTORE" and task.finished]


def test_a_restore_that_nothing_disturbs(zones):
    zones.run_until_idle()
    assert rows(zones, ENDS) == [("SUCCESS", "2024-01-01 00:03:18.565000")]
    assert (copied(zones, LEADER), copied(zones, NEXT)) == ([200_001, 200_002], [])


def test_a_fault_of_a_server_is_about_the_one_that_did_the_work(zones):
    zones.fault(f"error=OB_IO_ERROR stage=RESTORE_MAJOR_DATA log_stream=1001 server={LEADER}")
    zones.advance(seconds=4)
    zones.state.tenants[1004].leaders.update({1: NEXT, 1001: NEXT})
    zones.run_until_idle()
    ((status, comment),) = rows(zones, ENDS.replace("FINISH_TIMESTAMP", "COMMENT"))
    assert (status, f"addr: {LEADER}, " in comment) == ("FAIL", True)


@pytest.mark.parametrize(
    ("after_s", "end"),
    [
        (3, "2024-01-01 00:03:33.865000"),  # its metadata
        (4, "2024-01-01 00:03:33.825000"),  # its blocks
    ],
)
def test_what_a_server_had_not_restored_another_one_does(zones, after_s, end):
    zones.advance(seconds=after_s)
    zones.fault(f"crash={LEADER}")
    zones.run_until_idle()
    assert rows(zones, ENDS) == [("SUCCESS", end)]
    assert (copied(zones, LEADER), copied(zones, NEXT)) == ([], [200_001, 200_002])
    assert blocks(zones, 1004) == blocks(zones, 1002)
    assert len(blocks(zones, 1004)) == 80


def test_a_short_crash_is_made_good_on_the_same_server(zones):
    zones.advance(seconds=4)
    zones.fault(f"crash={LEADER} down=2s")
    zones.run_until_idle()
    assert (copied(zones, LEADER), copied(zones, NEXT)) == ([200_001, 200_002], [])
    assert blocks(zones, 1004) == blocks(zones, 1002)


@pytest.mark.parametrize("after_s", [2, 4])  # before its log streams are there; while blocks are copied
def test_without_a_leader_it_waits(backed_up, after_s):
    backed_up.execute(RESTORE.replace("&primary_zone=z2;z1", "&locality=F@z2"))
    backed_up.advance(seconds=after_s)
    backed_up.fault(f"crash={LEADER}")
    backed_up.advance(hours=1)
    assert rows(backed_up, RUNS) == [("RESTORING",)]
    backed_up.clear_faults()
    back = backed_up.now
    backed_up.run_until_idle()
    assert rows(backed_up, ENDS)[0][0] == "SUCCESS"
    assert 1 < (backed_up.now - back).total_seconds() < 20
    assert blocks(backed_up, 1004) == blocks(backed_up, 1002)


def test_a_server_that_was_away_before_has_no_part_in_it(backed_up):
    backed_up.fault(f"crash={LEADER}")
    backed_up.advance(seconds=10)
    backed_up.execute(RESTORE)
    backed_up.run_until_idle()
    assert rows(backed_up, ENDS)[0][0] == "SUCCESS"
    assert LEADER not in backed_up.state.tenants[1004].dispatchers


def test_it_may_be_cancelled_dropped_and_copied_meanwhile(zones):
    zones.advance(seconds=4)
    zones.fault(f"crash={LEADER}")
    zones.advance(seconds=12)
    fork = zones.fork()
    zones.execute("ALTER SYSTEM CANCEL RESTORE t9")
    zones.run_until_idle()
    assert rows(zones, ENDS) == []
    fork.run_until_idle()
    assert rows(fork, ENDS) == [("SUCCESS", "2024-01-01 00:03:33.825000")]


@pytest.mark.parametrize("words", ["&primary_zone=z2;z1", "&locality=F@z2"])  # for its time, for a leader
def test_what_waits_is_the_same_after_a_dump(backed_up, tmp_path, words):
    backed_up.execute(RESTORE.replace("&primary_zone=z2;z1", words))
    backed_up.advance(seconds=4)
    backed_up.fault(f"crash={LEADER}")
    backed_up.advance(seconds=12)
    file = tmp_path / "dump.toml"
    file.write_text(backed_up.dump())
    again = obsim.Cluster(str(file))
    for one in (backed_up, again):
        one.clear_faults()
        one.run_until_idle()
    assert views(again) == views(backed_up)
    assert rows(again, ENDS)[0][0] == "SUCCESS"
