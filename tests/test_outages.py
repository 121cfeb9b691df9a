"""Faults of servers, leaders, destinations and clocks: what the cluster does meanwhile, and afterwards."""

import re
from datetime import datetime, timedelta

import pymysql
import pytest
from typer.testing import CliRunner

import obsim
from obsim.cli import app
from obsim.faults import parse_rule
from obsim.scenario.reading import scenario_file
from tests.whole import views

SERVERS = "SELECT SVR_IP, STATUS, WITH_ROOTSERVER, START_SERVICE_TIME, LAST_OFFLINE_TIME FROM oceanbase.DBA_OB_SERVERS"
JOB = "SELECT STATUS, RESULT FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1"
LEADERS = "SELECT SVR_IP, MEMBER_LIST FROM oceanbase.CDB_OB_LS_LOCATIONS WHERE ROLE = 'LEADER' AND TENANT_ID = {}"
SETS = "SELECT BACKUP_SET_ID, FILE_STATUS, MACRO_BLOCK_COUNT FROM oceanbase.CDB_OB_BACKUP_SET_FILES ORDER BY 1"
HIT = "SELECT SEEN_COUNT, HIT_COUNT FROM obsim.faults"


@pytest.fixture
def zones():
    return obsim.Cluster("three-zones", seed=2)


@pytest.fixture
def cluster():
    return obsim.Cluster(seed=2)


def rows(cluster, sql, **options):
    return [tuple(row) for row in cluster.query(sql, **options)]


def back_up(cluster, kind=""):
    cluster.execute(f"ALTER SYSTEM BACKUP {kind}DATABASE")
    cluster.run_until_idle()
    return rows(cluster, JOB)[0]


def addresses(cluster):
    return list(cluster.state.resources.servers)


# Crashes.


def test_a_server_that_crashes_is_inactive_after_its_lease_and_active_when_it_is_back(zones):
    zones.fault("crash=10.0.2.1:2882 down=1m")
    assert rows(zones, HIT) == [(1, 1)]
    zones.advance(seconds=9)
    assert rows(zones, SERVERS)[2][1:] == ("ACTIVE", "NO", "2024-01-01 00:00:00.000000", None)
    zones.advance(seconds=1)
    assert rows(zones, SERVERS)[2][1:] == ("INACTIVE", "NO", None, "2024-01-01 00:00:10.000000")
    assert [row[1] for row in rows(zones, SERVERS)] == ["ACTIVE", "ACTIVE", "INACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"]
    zones.advance(seconds=50)
    assert rows(zones, SERVERS)[2][1:] == ("ACTIVE", "NO", "2024-01-01 00:01:00.000000", None)


def test_it_comes_back_with_the_rule_as_well(zones):
    zones.fault("crash=10.0.2.1:2882")
    zones.advance(hours=1)
    assert rows(zones, SERVERS)[2][1] == "INACTIVE"
    zones.clear_faults()
    assert rows(zones, SERVERS)[2][1] == "ACTIVE"
    zones.fault("crash=10.0.2.1:2882 for=1h")
    zones.advance(hours=1)
    assert (rows(zones, SERVERS)[2][1], rows(zones, HIT)) == ("ACTIVE", [])


def test_leaders_and_the_root_service_move_to_servers_that_are_left(zones):
    members = "10.0.1.2:2882:1,10.0.2.2:2882:1,10.0.3.2:2882:1"
    assert rows(zones, LEADERS.format(1002)) == 2 * [("10.0.1.2", members)]
    zones.fault("crash=10.0.1.2:2882")
    zones.advance(seconds=10)
    assert [row[0] for row in rows(zones, LEADERS.format(1002))] == 2 * ["10.0.2.2"]
    zones.clear_faults()
    assert [row[0] for row in rows(zones, LEADERS.format(1002))] == 2 * ["10.0.1.2"]
    zones.fault("crash=root down=30s")
    with pytest.raises(obsim.ConnectionCut):
        zones.query("SELECT 1")
    zones.advance(seconds=10)
    assert [row[0] for row in rows(zones, SERVERS) if row[2] == "YES"] == ["10.0.1.2"]
    assert [row[0] for row in rows(zones, LEADERS.format(1))] == ["10.0.2.1"]


def test_a_tenant_that_has_lost_its_majority_has_no_leader(zones):
    for address in ("10.0.1.2:2882", "10.0.2.2:2882"):
        zones.fault(f"crash={address}")
    zones.advance(seconds=10)
    assert rows(zones, LEADERS.format(1002)) == []
    assert len(rows(zones, LEADERS.format(1))) == 1
    with pytest.raises(obsim.ServerError) as refused:
        zones.execute("CALL obsim.write('shop', 'orders', 1, 'random')")
    assert refused.value.code == -4038
    before = rows(zones, "SELECT CHECKPOINT_SCN FROM oceanbase.CDB_OB_ARCHIVELOG")
    zones.advance(minutes=10)
    assert rows(zones, "SELECT CHECKPOINT_SCN FROM oceanbase.CDB_OB_ARCHIVELOG") == before
    zones.clear_faults()
    zones.advance(minutes=3)
    assert rows(zones, "SELECT CHECKPOINT_SCN FROM oceanbase.CDB_OB_ARCHIVELOG") > before
    assert len(rows(zones, LEADERS.format(1002))) == 2


def test_what_waits_for_a_leader_goes_on_when_another_locality_gives_it_one(zones):
    checkpoint = "SELECT CHECKPOINT_SCN FROM oceanbase.CDB_OB_ARCHIVELOG"
    zones.execute("ALTER TENANT shop LOCALITY = 'F@z1, F@z2'")
    zones.advance(minutes=1)
    zones.fault("crash=10.0.2.2:2882")
    zones.advance(minutes=3)
    before = rows(zones, checkpoint)
    zones.execute("ALTER SYSTEM BACKUP DATABASE")
    zones.advance(minutes=3)
    assert rows(zones, "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS WHERE TENANT_ID = 1002") == [("INIT",)]
    assert rows(zones, checkpoint) == before
    zones.execute("ALTER TENANT shop LOCALITY = 'F@z1, F@z2, F@z3'")
    zones.advance(minutes=3)
    assert rows(zones, JOB) == [("COMPLETED", 0)]
    assert rows(zones, checkpoint) > before


def test_a_crash_that_would_leave_servers_without_a_majority_of_sys_is_refused(zones):
    zones.fault("crash=10.0.1.1:2882")
    with pytest.raises(obsim.ServerError, match="servers would be left, but no majority of sys") as refused:
        zones.fault("crash=10.0.2.1:2882")
    assert refused.value.errno == 1235
    assert len(zones.state.faults.rules) == 1


def test_work_of_a_backup_on_it_is_tried_again_elsewhere(zones):
    zones.fault("crash=worker stage=BACKUP_DATA_MAJOR times=1 down=2m")
    zones.execute("ALTER SYSTEM BACKUP DATABASE")
    zones.run_until_idle()
    assert rows(zones, JOB) == [("COMPLETED", 0)]
    assert rows(zones, SETS) == [(1, "AVAILABLE", 80)]
    assert rows(zones, HIT) == [(2, 1)]  # the second attempt is an occasion, too
    (backup_set,) = zones.state.tenants[1002].backup.sets.values()
    attempts = [(f.log_stream_id, f.retry_id, f.cut.block_count) for f in backup_set.content.files]
    assert sum(count for _, _, count in attempts) == 80
    assert {retry for _, retry, _ in attempts} == {1}


def test_a_backup_that_is_the_first_to_ask_for_a_scheduler_runs_where_the_leader_is_now(zones):
    assert zones.state.tenants[1002].dispatchers == {}
    zones.fault("crash=10.0.1.2:2882")
    zones.advance(seconds=10)
    assert back_up(zones) == ("COMPLETED", 0)
    assert "10.0.1.2:2882" not in zones.state.tenants[1002].dispatchers


def test_a_server_that_is_away_runs_nothing_that_it_is_asked_for_the_first_time(zones):
    zones.fault("crash=10.0.2.2:2882")
    zones.execute("ALTER SYSTEM BACKUP DATABASE")
    zones.advance(seconds=9)
    dispatchers = zones.state.tenants[1002].dispatchers
    assert {address: d.halted for address, d in dispatchers.items()} == {
        "10.0.1.2:2882": False, "10.0.2.2:2882": True, "10.0.3.2:2882": False
    }  # fmt: skip
    assert dispatchers["10.0.2.2:2882"].finished == []
    zones.run_until_idle()
    assert rows(zones, JOB) == [("COMPLETED", 0)]
    zones.clear_faults()
    assert not dispatchers["10.0.2.2:2882"].halted


def test_a_server_with_an_address_or_a_name_crashes_only_at_work_of_its_own(zones, tmp_path):
    named = tmp_path / "named.toml"
    named.write_text(re.sub(r"10\.0\.(\d)\.(\d)", r"ob\1-\2", scenario_file("three-zones").text))
    for cluster in (zones, obsim.Cluster(str(named), seed=2)):
        for address in addresses(cluster):
            cluster.fault(f"crash={address} stage=BACKUP_DATA_MAJOR times=1 down=1m")
        assert back_up(cluster) == ("COMPLETED", 0)
        assert [hits for _, hits in rows(cluster, HIT)] == 3 * [0, 1]


def test_files_that_were_complete_stay_and_only_the_rest_is_copied_again():
    cluster = obsim.Cluster("long-chain", seed=2)
    cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 3 TENANT = shop")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.advance(seconds=4)
    cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 1 TENANT = shop")
    cluster.advance(seconds=18)
    backup = cluster.state.tenants[1002].backup
    assert [work.complete_count for work in backup.run.task.progress.copies] == [1]
    cluster.fault("crash=root down=20s")
    cluster.run_until_idle()
    *_, backup_set = backup.sets.values()
    files = [(f.retry_id, f.skipped, f.cut.block_count) for f in backup_set.content.files]
    assert files == [(0, 0, 80), (1, 80, 160)]
    assert sum(1 for _ in backup_set.content.locate(backup_set.backup_set_id, backup_set.copied)) == 240


@pytest.mark.parametrize("down", ["3s", "1m"])
def test_what_is_lost_is_tried_again_once_noticed_or_not(cluster, down):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.advance(seconds=6)
    cluster.fault(f"crash=root down={down}")
    cluster.run_until_idle()
    for tenant_id in (1002, 1004):
        content = cluster.state.tenants[tenant_id].backup.sets[1].content
        assert [f.retry_id for f in content.files] == [1]


def test_with_one_replica_a_backup_waits_for_it(cluster):
    calm = obsim.Cluster(seed=2)
    back_up(calm)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.advance(seconds=6)
    cluster.fault("crash=root down=5m")
    cluster.advance(minutes=4)
    with pytest.raises(obsim.ConnectionCut):
        cluster.query(SETS)
    cluster.run_until_idle()
    assert rows(cluster, SERVERS)[0][1] == "ACTIVE"
    found = rows(cluster, SETS)
    assert [row[:2] for row in found] == [(1, "AVAILABLE"), (1, "AVAILABLE")]
    assert found == rows(calm, SETS)
    ends = [c.state.tenants[1002].backup.sets[1].end_ns for c in (calm, cluster)]
    assert ends[1] - ends[0] > 290 * 10**9
    assert [job.result for job in cluster.state.tenants[1002].backup.job_history] == [0]


def test_while_it_is_away_without_an_end_nothing_is_idle(cluster):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.advance(seconds=6)
    cluster.fault("crash=root")
    with pytest.raises(obsim.ServerError, match="backup job 1 of tenant mysql_tenant is DOING"):
        cluster.run_until_idle()
    cluster.clear_faults()
    cluster.run_until_idle()
    assert rows(cluster, JOB) == [("COMPLETED", 0)]


def test_merges_and_cleanups_go_on_when_it_is_back(cluster):
    back_up(cluster)
    cluster.execute("CALL obsim.write('mysql_tenant', 't1', 20, 'random')")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant")
    (merge,) = cluster.state.freezers[1002].merges.running()
    cluster.advance(milliseconds=100)
    cluster.fault("crash=root down=1h")
    cluster.advance(minutes=59)
    assert merge.end_ns is None
    cluster.run_until_idle()
    assert merge.end_ns - merge.start_ns > 3600 * 10**9


DELETES = "SELECT STATUS, END_TIMESTAMP FROM oceanbase.CDB_OB_BACKUP_DELETE_{}"
ENDED = (DELETES.format("JOB_HISTORY"), DELETES.format("TASK_HISTORY"))


def with_an_old_set(zones):
    """A cluster whose policy lets one set go at 01:01:00."""
    for _ in range(2):
        assert back_up(zones) == ("COMPLETED", 0)
    zones.advance_to("2024-01-01 00:01:00")
    zones.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1m' TENANT = shop")


def test_a_clean_up_runs_where_the_leader_is_by_then(zones):
    with_an_old_set(zones)
    zones.fault("crash=10.0.1.2:2882")
    zones.advance(hours=1, seconds=2)
    assert [rows(zones, ended) for ended in ENDED] == 2 * [[("COMPLETED", "2024-01-01 01:01:01.200000")]]
    last = zones.state.tenants[1002].dispatchers["10.0.2.2:2882"].finished[-2:]
    assert [(task.kind, task.log_stream_id) for task in last] == [("BACKUP_CLEAN", 1), ("BACKUP_CLEAN", 1001)]


def test_what_a_clean_up_had_begun_on_it_is_begun_again_elsewhere(zones):
    with_an_old_set(zones)
    zones.advance_to("2024-01-01 01:01:00.300")
    zones.fault("crash=10.0.1.2:2882")
    zones.advance(seconds=9)
    assert rows(zones, DELETES.format("JOBS")) == [("DOING", None)]
    zones.advance(seconds=5)
    # Noticed after 10 s, when the five seconds from its beginning are over: half a second for each log stream.
    assert [rows(zones, ended) for ended in ENDED] == 2 * [[("COMPLETED", "2024-01-01 01:01:11.300000")]]


def test_a_clean_up_without_a_leader_waits_for_one(zones):
    with_an_old_set(zones)
    for address in ("10.0.1.2:2882", "10.0.2.2:2882"):
        zones.fault(f"crash={address}")
    zones.advance(hours=2)
    assert rows(zones, DELETES.format("JOBS")) == [("DOING", None)]
    zones.clear_faults()
    zones.advance(seconds=2)
    assert [rows(zones, ended) for ended in ENDED] == 2 * [[("COMPLETED", "2024-01-01 02:01:01.000000")]]


def test_it_is_the_same_in_a_copy_and_after_a_dump(zones, tmp_path):
    zones.fault("crash=worker stage=BACKUP_DATA_MAJOR times=1 down=2m")
    zones.fault("destination=slow rate=2M")
    zones.execute("ALTER SYSTEM BACKUP DATABASE")
    zones.advance(seconds=15)
    assert zones.state.outages.away
    file = tmp_path / "dump.toml"
    file.write_text(zones.dump())
    again, fork = obsim.Cluster(str(file)), zones.fork()
    assert views(again) == views(zones)
    for one in (zones, again, fork):
        one.advance(minutes=10)
    assert views(again) == views(zones)
    assert views(fork, without=["clock"]) == views(zones, without=["clock"])
    assert rows(zones, JOB) == [("COMPLETED", 0)]


def test_time_may_pass_in_one_go_or_in_pieces():
    one, other = (obsim.Cluster("three-zones", seed=7) for _ in range(2))
    for cluster in (one, other):
        cluster.fault("crash=worker stage=BACKUP_DATA_MAJOR times=1 down=11s")
        cluster.fault("leader=next tenant=shop stage=BACKUP_USER_META times=1")
        cluster.fault("destination=slow rate=3M for=20s")
        cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    one.advance(minutes=2)
    for _ in range(240):
        other.advance(milliseconds=500)
    assert views(one) == views(other)
    assert [hits for _, hits in rows(one, HIT)] == [1, 1]


def test_clients_of_it_lose_their_lines_and_control_goes_on():
    with obsim.Server(scenario="three-zones") as server:
        control, client, other = (pymysql.connect(**server.connect_args()) for _ in range(3))
        other.cursor().execute("SELECT COUNT(*) FROM oceanbase.DBA_OB_SERVERS")
        control.cursor().execute("CALL obsim.fault('crash=root down=30s')")
        for line in (client, other):
            with pytest.raises(pymysql.err.OperationalError):
                line.cursor().execute("SELECT COUNT(*) FROM oceanbase.DBA_OB_SERVERS")
        with pymysql.connect(**server.connect_args()) as early, pytest.raises(pymysql.err.OperationalError):
            early.cursor().execute("SELECT 1")
        control.cursor().execute("CALL obsim.advance('10s')")
        with pymysql.connect(**server.connect_args()) as late:
            cursor = late.cursor()
            cursor.execute("SELECT STATUS FROM oceanbase.DBA_OB_SERVERS WHERE SVR_IP = '10.0.1.1'")
            assert cursor.fetchall() == (("INACTIVE",),)
            control.cursor().execute("CALL obsim.fault('crash=10.0.3.2:2882')")
            cursor.execute("SELECT 1")  # a server it does not talk to


def test_a_crash_by_a_statement_takes_the_answer_with_it(zones):
    zones.fault('crash=root statement="BACKUP DATABASE" times=1 down=20s')
    with pytest.raises(obsim.ConnectionCut):
        zones.execute("ALTER SYSTEM BACKUP DATABASE")
    zones.run_until_idle()
    assert rows(zones, JOB) == [("COMPLETED", 0)]


# Leaders.


def test_leaders_move_to_another_replica(zones):
    zones.fault("leader=next tenant=shop")
    assert [row[0] for row in rows(zones, LEADERS.format(1002))] == 2 * ["10.0.2.2"]
    assert [row[0] for row in rows(zones, LEADERS.format(1001))] == ["10.0.2.2"]
    zones.fault("leader=10.0.3.2:2882 tenant=shop")
    assert [row[0] for row in rows(zones, LEADERS.format(1002))] == 2 * ["10.0.3.2"]
    locations = "SELECT DISTINCT SVR_IP FROM oceanbase.CDB_OB_TABLE_LOCATIONS WHERE ROLE = 'LEADER'"
    assert rows(zones, locations) == [("10.0.3.2",)]
    zones.execute("ALTER TENANT shop PRIMARY_ZONE = 'z1'")
    assert [row[0] for row in rows(zones, LEADERS.format(1002))] == 2 * ["10.0.1.2"]


def test_the_attempt_at_work_fails_and_has_the_next_retry_id(zones):
    zones.fault("leader=next tenant=shop stage=BACKUP_DATA_MAJOR times=1")
    assert back_up(zones) == ("COMPLETED", 0)
    (backup_set,) = zones.state.tenants[1002].backup.sets.values()
    assert sorted({f.retry_id for f in backup_set.content.files}) == [0, 1]
    assert sum(f.cut.block_count for f in backup_set.content.files) == 80
    assert [row[0] for row in rows(zones, LEADERS.format(1002))] == 2 * ["10.0.2.2"]


def test_a_pass_that_it_broke_off_is_made_again_and_not_counted(zones):
    calm = obsim.Cluster("three-zones", seed=2)
    for one in (calm, zones):
        one.execute("ALTER SYSTEM BACKUP DATABASE")
        one.advance(milliseconds=300)
    for _ in range(5):
        zones.fault("leader=next tenant=shop")
        zones.advance(milliseconds=1)
    for one in (calm, zones):
        one.run_until_idle()
    ends = [one.state.tenants[1002].backup.sets[1].end_ns for one in (calm, zones)]
    assert rows(zones, JOB) == [("COMPLETED", 0)]
    assert ends[1] - ends[0] == 5 * 10**9


# Destinations.


def test_a_slow_destination_is_as_fast_as_before_afterwards(cluster):
    def back_up_for_s():
        start = cluster.now
        assert back_up(cluster) == ("COMPLETED", 0)
        return (cluster.now - start).total_seconds()

    fast_s = back_up_for_s()
    cluster.fault("destination=slow rate=1M tenant=mysql_tenant")
    assert rows(cluster, HIT) == [(1, 1)]
    slow_s = back_up_for_s()
    cluster.clear_faults()
    assert fast_s == back_up_for_s()
    assert slow_s > 3 * fast_s
    assert cluster.state.bandwidth.destinations == {}


def test_a_slow_destination_for_a_while_and_its_own_width():
    cluster = obsim.Cluster("slow-storage")
    (pipe,) = cluster.state.bandwidth.destinations.values()
    width = pipe.bytes_per_s
    cluster.fault("destination=slow rate=100K for=1m")
    cluster.fault("destination=slow rate=1G")
    assert pipe.bytes_per_s == 100 << 10
    cluster.advance(minutes=1)
    assert pipe.bytes_per_s == width


def restore(cluster):
    cluster.advance(minutes=10)
    cluster.execute("CREATE RESOURCE POOL r UNIT = unit_standard, UNIT_NUM = 1")
    cluster.execute(
        "ALTER SYSTEM RESTORE r FROM 'file:///data/backup/mysql_tenant/data,file:///data/backup/mysql_tenant/archive' "
        "WITH 'pool_list=r'"
    )
    cluster.run_until_idle()
    return rows(cluster, "SELECT STATUS, COMMENT FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1")[-1]


def test_a_damaged_block_is_found_by_the_restore_that_reads_it(cluster):
    cluster.fault("block=corrupt tenant=mysql_tenant times=1")
    assert back_up(cluster) == ("COMPLETED", 0)
    assert rows(cluster, HIT) == [(1, 1)]
    (damaged,) = cluster.state.tenants[1002].backup.sets[1].content.damaged
    assert damaged in cluster.state.tenants[1002].backup.sets[1].copied
    assert back_up(cluster, "INCREMENTAL ") == ("COMPLETED", 0)
    status, comment = restore(cluster)
    assert (status, "result: -4103(" in comment) == ("FAIL", True)


def test_a_block_that_was_written_anew_is_not_read_where_it_was_damaged(cluster):
    cluster.fault("block=corrupt tenant=mysql_tenant times=1")
    back_up(cluster)
    for table in ("t1", "t2"):
        cluster.execute(f"CALL obsim.write('mysql_tenant', '{table}', 48, 'random')")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant")
    cluster.run_until_idle()
    back_up(cluster, "INCREMENTAL ")
    assert restore(cluster)[0] == "SUCCESS"


def test_on_media_the_file_has_a_wrong_checksum_and_other_processes_find_it(tmp_path):
    cluster = obsim.Cluster(seed=2, file_root=tmp_path)
    place = f"file://{tmp_path}/data"
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = '{place}' TENANT = mysql_tenant")
    cluster.fault("block=corrupt tenant=mysql_tenant times=1")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    assert rows(cluster, JOB) == [("COMPLETED", 0)]
    asked = CliRunner().invoke(app, ["inspect", place])
    assert asked.exit_code == 1
    assert re.search(r"/major_data_turn_1_retry_0/macro_block_data\.\d+\.obbak is not as it was written", asked.output)


# Clocks.


def test_a_server_stamps_its_dags_with_its_own_clock(zones):
    ask = "SELECT SVR_IP, ADD_TIME, START_TIME FROM oceanbase.__all_virtual_dag ORDER BY 1, 2, DAG_ID"
    zones.execute("CALL obsim.load('shop', 'migration', 2, '1m')")
    zones.fault("leader=next tenant=shop")
    zones.advance(seconds=1)
    before = rows(zones, ask)
    zones.fault("skew=-1500ms server=10.0.1.2:2882")
    assert rows(zones, HIT)[-1] == (1, 1)
    assert {row[0] for row in before} == {"10.0.1.2"}
    shifted = [(ip, *(obsim_time(text) for text in times)) for ip, *times in before]
    assert rows(zones, ask) == shifted
    zones.clear_faults()
    assert rows(zones, ask) == before


def obsim_time(text):
    """The moment 1.5 s earlier; what has not begun stays so."""
    if text.startswith("1970"):
        return text
    return (datetime.fromisoformat(text) - timedelta(seconds=1.5)).isoformat(" ", "microseconds")


def test_clocks_that_others_follow_are_refused(zones, cluster):
    for one, server in ((cluster, "127.0.0.1:2882"), (zones, "10.0.1.1:2882"), (zones, "10.0.1.2:2882")):
        with pytest.raises(obsim.ServerError, match="NOW\\(\\) and SCNs would follow it") as refused:
            one.fault(f"skew=1s server={server}")
        assert refused.value.errno == 1235


# Rules.


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("crash=10.0.9.9:2882", "'10.0.9.9:2882' is no server, they are 10.0.1.1:2882, "),
        ("crash=all", "crash is the address of a server as ip:port, or root or worker"),
        ("crash=worker", "crash=worker goes with stage"), ("crash=root times=1", "crash happens once and lasts"),
        ("crash=root tenant=shop", "tenant goes with a crash that waits"), ("crash=root down=x", "down is a span"),
        ("crash=root rate=1M", "rate does not go with crash"), ("crash=root stage=NO", "'NO' is no stage"),
        ("crash=root stage=BACKUP_LOG statement=x", "say either stage=... or statement=..."),
        ("leader=next", "leader goes with tenant"), ("leader=next tenant=nobody", "'nobody' is no tenant whose"),
        ("leader=10.0.1.1:2882 tenant=shop", "leaders of shop can move to 10.0.2.2:2882, 10.0.3.2:2882"),
        ("leader=x tenant=shop", "leader is the address of a server as ip:port, or next"),
        ("leader=next tenant=shop probability=10", "leader happens once and lasts"),
        ("destination=slow", "destination=slow goes with rate"),
        ("destination=full rate=1M", "no other destination does"),
        ("destination=slow rate=0M", "rate is bytes a second"), ("destination=slow rate=M", "rate is bytes a second"),
        ("destination=slow rate=1M times=2", "destination happens once and lasts"),
        ("block=gone", "block is corrupt;"), ("block=corrupt stage=BACKUP_LOG", "stage does not go with block"),
        ("skew=1s", "skew goes with server"), ("skew=0s server=10.0.2.1:2882", "more than nothing and at most 1h"),
        ("skew=2h server=10.0.2.1:2882", "more than nothing and at most 1h"), ("skew=x server=a:1", "skew is a span"),
        ("skew=1s server=10.0.2.9:2882", "'10.0.2.9:2882' is no server"),
        ("error=9082 down=1m", "rate goes with destination=slow, down with crash"),
    ],
)  # fmt: skip
def test_wrong_rules(zones, rule, message):
    with pytest.raises(obsim.ServerError) as refused:
        zones.fault(rule)
    assert refused.value.errno == 1210
    assert message in refused.value.message
    assert zones.state.faults.rules == []


def test_a_server_that_is_away_cannot_crash(zones):
    zones.fault("crash=10.0.2.1:2882")
    with pytest.raises(obsim.ServerError, match="is away already"):
        zones.fault("crash=10.0.2.1:2882")


def test_a_rule_that_cannot_act_when_its_time_has_come_does_nothing(cluster):
    cluster.fault("leader=next tenant=mysql_tenant stage=BACKUP_DATA_MAJOR")
    assert back_up(cluster) == ("COMPLETED", 0)
    assert rows(cluster, HIT) == [(0, 0)]


def test_a_scenario_may_have_them(tmp_path):
    file = tmp_path / "mine.toml"
    text = 'about = "x"\nfaults = ["crash=127.0.0.1:2882 down=1m"]\n[[tenant]]\nname = "a"\n'
    file.write_text(text)
    cluster = obsim.Cluster(str(file))
    with pytest.raises(obsim.ConnectionCut):
        cluster.query("SELECT 1")
    cluster.advance(minutes=1)
    assert rows(cluster, "SELECT 1") == [(1,)]
    file.write_text(text.replace("127.0.0.1", "127.0.0.9"))
    with pytest.raises(obsim.ScenarioError, match=r"mine.toml:2: .*'127.0.0.9:2882' is no server"):
        obsim.Cluster(str(file))


def test_rules_are_read_as_they_are_written():
    rule = parse_rule("crash=10.0.1.1:2882 down=2m stage=backup_log nth=2")
    assert (rule.crash, rule.down_ns, rule.stage, rule.nth) == ("10.0.1.1:2882", 120 * 10**9, "BACKUP_LOG", 2)
    assert parse_rule("skew=+250ms server=a:1").skew_ns == 250_000_000
    assert parse_rule("skew=-2s server=a:1").skew_ns == -2 * 10**9
    assert parse_rule("destination=slow rate=2M").rate_bytes_per_s == 2 << 20
