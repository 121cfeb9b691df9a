"""Faults of answers, views and destinations, faults for a while, and the ready plans."""

import time

import pymysql
import pytest
from typer.testing import CliRunner

import obsim
from obsim.cli import app
from obsim.fault_plans import PLANS
from obsim.faults import parse_rule

JOB = "SELECT STATUS, RESULT FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1"
COUNT = "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY"


@pytest.fixture
def cluster():
    return obsim.Cluster()


def back_up(cluster, kind=""):
    cluster.execute(f"ALTER SYSTEM BACKUP {kind}DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    return tuple(cluster.query(JOB, tenant="mysql_tenant")[0])


# Destinations.


def test_a_full_destination(cluster):
    cluster.fault("destination=full tenant=mysql_tenant")
    assert back_up(cluster) == ("FAILED", -9082)
    sets = cluster.query("SELECT STATUS, FILE_STATUS FROM oceanbase.CDB_OB_BACKUP_SET_FILES")
    assert [tuple(row) for row in sets] == [("FAILED", "INCOMPLETE")]
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="oracle_tenant")
    cluster.run_until_idle()
    assert tuple(cluster.query(JOB.replace("oceanbase", "SYS"), tenant="oracle_tenant")[0]) == ("COMPLETED", 0)


@pytest.mark.parametrize(("path", "first", "second"), [
    ("file:///other", -9082, 0), ("*/mysql_tenant/*", 0, -9082), ("file:///oth", 0, 0), ("*", -9082, -9082),
])  # fmt: skip
def test_a_rule_is_about_the_destination_that_it_names(cluster, path, first, second):
    there = cluster.query("SELECT VALUE FROM oceanbase.CDB_OB_BACKUP_PARAMETER WHERE TENANT_ID = 1002 LIMIT 1")[0][0]
    cluster.fault(f"destination=full path={path}")
    cluster.execute("ALTER SYSTEM SET data_backup_dest = 'file:///other'", tenant="mysql_tenant")
    assert back_up(cluster)[1] == first
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = '{there}'", tenant="mysql_tenant")
    assert back_up(cluster)[1] == second


def test_a_slow_destination_slows_no_other(cluster):
    there = cluster.query("SELECT VALUE FROM oceanbase.CDB_OB_BACKUP_PARAMETER WHERE TENANT_ID = 1002 LIMIT 1")[0][0]
    taken = []
    cluster.fault("destination=slow rate=2M path=file:///other")
    for path in (there, "file:///other", there):
        cluster.execute(f"ALTER SYSTEM SET data_backup_dest = '{path}'", tenant="mysql_tenant")
        start = cluster.now
        assert back_up(cluster) == ("COMPLETED", 0)
        taken.append((cluster.now - start).total_seconds())
    assert taken[0] == taken[2] < 30
    assert taken[1] > 96  # 96 macroblocks of 2 MiB at 2 MiB a second


def hits(cluster):
    return [row[0] for row in cluster.query("SELECT HIT_COUNT FROM obsim.faults ORDER BY FAULT_ID")]


def test_archive_and_restore_go_by_destination_too(cluster):
    home = "file:///data/backup/mysql_tenant"
    assert back_up(cluster) == ("COMPLETED", 0)
    for path in ("file:///elsewhere/*", f"{home}/archive"):
        cluster.fault(f"error=OB_BACKUP_DEVICE_OUT_OF_SPACE archive=write tenant=mysql_tenant path={path} times=1")
    cluster.advance(seconds=130)
    assert hits(cluster) == [0, 1]
    cluster.clear_faults()
    for path in (f"{home}/archive", f"{home}/data"):
        cluster.fault(f"error=OB_BACKUP_DEVICE_OUT_OF_SPACE stage=RESTORE_MAJOR_DATA path={path}x")
        cluster.fault(f"error=OB_BACKUP_DEVICE_OUT_OF_SPACE stage=RESTORE_MAJOR_DATA path={path}")
    cluster.execute("CREATE RESOURCE UNIT u1 MAX_CPU 4, MEMORY_SIZE '4G'")
    cluster.execute("CREATE RESOURCE POOL p UNIT = 'u1', UNIT_NUM = 1")
    cluster.execute(f"ALTER SYSTEM RESTORE back FROM '{home}/data,{home}/archive' WITH 'pool_list=p'")
    cluster.run_until_idle()
    assert hits(cluster) == [0, 1, 0, 0]


def test_a_clean_up_goes_by_destination_too(cluster):
    for _ in range(2):
        assert back_up(cluster) == ("COMPLETED", 0)
    cluster.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY = 'default' RECOVERY_WINDOW = '1m'", tenant="mysql_tenant")
    for path in ("file:///elsewhere/*", "*/mysql_tenant/data"):
        cluster.fault(f"error=OB_BACKUP_DEVICE_OUT_OF_SPACE cleanup=delete path={path} times=1")
    cluster.advance(hours=3)
    assert hits(cluster) == [0, 1]


def test_an_unreachable_destination_is_tried_again_until_it_is_back(cluster):
    cluster.fault("destination=unreachable for=8s")
    start = cluster.now
    assert back_up(cluster) == ("COMPLETED", 0)
    assert (cluster.now - start).total_seconds() > 15
    assert cluster.query("SELECT COUNT(*) FROM obsim.faults")[0][0] == 0


def test_an_unreachable_destination_that_stays_away(cluster):
    cluster.fault("destination=unreachable")
    assert back_up(cluster) == ("FAILED", -4009)


def test_a_damaged_index_stops_increments_only(cluster):
    cluster.fault("destination=corrupt")
    assert back_up(cluster) == ("COMPLETED", 0)
    assert back_up(cluster, "INCREMENTAL ") == ("FAILED", -4103)
    assert back_up(cluster) == ("COMPLETED", 0)


# For a while.


def test_a_rule_goes_when_its_time_is_over(cluster):
    cluster.fault('error=OB_EAGAIN statement="MINOR FREEZE" for=10m')
    cluster.advance(minutes=9, seconds=59)
    with pytest.raises(obsim.ServerError):
        cluster.execute("ALTER SYSTEM MINOR FREEZE")
    assert cluster.host.state.idle()
    cluster.advance(seconds=1)
    cluster.execute("ALTER SYSTEM MINOR FREEZE")


def test_cleared_before_its_time_is_over(cluster):
    cluster.fault("destination=full for=10m")
    cluster.clear_faults()
    later = cluster.fault("destination=full")
    cluster.advance(minutes=20)
    assert [row[0] for row in cluster.query("SELECT FAULT_ID FROM obsim.faults")] == [later]


# Views.


def test_rows_are_missing_for_a_while_and_others_are_not(cluster):
    back_up(cluster)
    assert cluster.query(COUNT)[0][0] == 1
    cluster.fault("rows=missing view=cdb_ob_backup_job_history for=30s")
    assert cluster.query(COUNT)[0][0] == 0
    assert len(cluster.query(JOB, tenant="mysql_tenant")) == 1
    cluster.advance(seconds=30)
    assert cluster.query(COUNT)[0][0] == 1


def test_rows_are_doubled(cluster):
    back_up(cluster)
    cluster.fault("rows=doubled view=CDB_OB_BACKUP_JOB_HISTORY")
    assert cluster.query(COUNT)[0][0] == 2
    cluster.clear_faults()
    assert cluster.query(COUNT)[0][0] == 1


def test_rows_are_wrong(cluster):
    back_up(cluster)
    cluster.fault("rows=wrong view=DBA_OB_BACKUP_JOB_HISTORY column=status value=FAILED")
    cluster.fault("rows=wrong view=DBA_OB_BACKUP_JOB_HISTORY column=RESULT value=-9082")
    assert tuple(cluster.query(JOB, tenant="mysql_tenant")[0]) == ("FAILED", -9082)
    assert cluster.state.tenants[1002].backup.job_history[0].status.value == "COMPLETED"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("rows=missing view=CDB_OB_BACKUP_JOBZ", "'CDB_OB_BACKUP_JOBZ' is no view .* nearest are CDB_OB_BACKUP_JOBS, "),
        ("rows=missing view=obsim.faults", "'FAULTS' is no view"),
        ("rows=missing view=DBA_OB_ARCHIVE_DEST", ""),
        ("rows=missing view=*", ""),
        ("rows=wrong view=DBA_OB_BACKUP_JOB_HISTORY column=state value=x", "'STATE' is no column of .* STATUS"),
        ("rows=wrong view=DBA_OB_BACKUP_JOB_HISTORY column=STATUS", "column=... and value=... too"),
        ("error=9082 stage=BACKUP_LOG tenant=mysql_tenat", "'mysql_tenat' is no tenant, they are sys, mysql_tenant, "),
        ("error=9082 stage=RESTORE_TABLETS_META tenant=to_come", ""),
        ("error=9082 stage=BACKUP_LOG server=10.9.9.9:1", "'10.9.9.9:1' is no server, they are 127.0.0.1:2882"),
    ],
)  # fmt: skip
def test_a_rule_names_what_is_there(cluster, rule, why):
    if not why:
        cluster.fault(rule)
        return
    with pytest.raises(obsim.ServerError, match=why) as refused:
        cluster.fault(rule)
    assert refused.value.errno == 1210
    assert cluster.query("SELECT COUNT(*) FROM obsim.faults")[0][0] == 0


def test_a_view_that_is_not_there_is_refused_wherever_a_cluster_has_come_from(cluster):
    def beginning():
        cluster.reset()
        return cluster

    def back():
        cluster.restore_snapshot("before")
        return cluster

    cluster.fault("rows=missing view=CDB_OB_BACKUP_JOBS")
    cluster.snapshot("before")
    for known in (lambda: cluster, cluster.fork, back, beginning):
        with pytest.raises(obsim.ServerError, match="'CDB_OB_BACKUP_JOBZ' is no view"):
            known().fault("rows=missing view=CDB_OB_BACKUP_JOBZ")


def test_a_view_may_be_named_with_its_schema(cluster):
    back_up(cluster)
    cluster.fault("rows=missing view=oceanbase.CDB_OB_BACKUP_JOB_HISTORY")
    assert cluster.query(COUNT)[0][0] == 0


def test_the_same_over_the_wire_where_answers_are_kept():
    with obsim.Server(scenario="three-tenants") as server, pymysql.connect(**server.connect_args()) as connection:
        cursor = connection.cursor()

        policy = "ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '7d'"
        server.cluster.execute(policy, tenant="mysql_tenant")
        sql = "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_DELETE_POLICY"
        for rule, count in (("rows=missing view=CDB_OB_BACKUP_DELETE_POLICY", 0), ("", 1)):
            if rule:
                server.cluster.fault(rule)
            else:
                server.cluster.clear_faults()
            for _ in range(2):
                cursor.execute(sql)
                assert cursor.fetchall()[0][0] == count


# Answers.


@pytest.fixture
def server():
    with obsim.Server(scenario="three-tenants") as server:
        yield server


def test_late_answers_keep_others_waiting_for_nothing(server):
    server.cluster.fault('latency=400ms statement="CDB_OB_BACKUP_JOB_HISTORY" times=1')
    with pymysql.connect(**server.connect_args()) as slow, pymysql.connect(**server.connect_args()) as quick:
        slow._execute_command(3, COUNT)
        quick.cursor().execute("SELECT 1")
        start = time.monotonic()
        slow._read_query_result()
        assert time.monotonic() - start < 5
        assert slow._result.rows == ((0,),)
        slow.cursor().execute(COUNT)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stalled_statement_hangs_and_the_clock_may_not_jump(server, when):
    server.cluster.fault(f'stall={when} statement="BACKUP DATABASE" times=1')
    hanging = pymysql.connect(**server.connect_args("mysql_tenant"), read_timeout=1)
    number = hanging.thread_id()
    with pytest.raises(pymysql.err.OperationalError):
        hanging.cursor().execute("ALTER SYSTEM BACKUP DATABASE")
    assert len(server.cluster.state.tenants[1002].backup.jobs) == (when == "after")
    hanging.close()
    still = pymysql.connect(**server.connect_args("mysql_tenant"), read_timeout=1)
    server.cluster.fault('stall=before statement="MINOR FREEZE" times=1')
    number = still.thread_id()
    still._execute_command(3, "ALTER SYSTEM MINOR FREEZE")
    with pymysql.connect(**server.connect_args()) as control:
        cursor = control.cursor()
        cursor.execute("SELECT 1")
        with pytest.raises(pymysql.err.MySQLError, match=f"while a fault stalls session {number}"):
            cursor.execute("CALL obsim.advance('1s')")
        cursor.execute(f"KILL {number}")
        cursor.execute("CALL obsim.advance('1s')")


def test_an_answer_that_breaks_off(server):
    server.cluster.fault('truncate=7 statement="SELECT 1" times=1')
    connection = pymysql.connect(**server.connect_args())
    with pytest.raises(pymysql.err.OperationalError):
        connection.cursor().execute("SELECT 1")
    server.cluster.fault('truncate=0 statement="SELECT 1" times=1')
    connection = pymysql.connect(**server.connect_args())
    with pytest.raises(pymysql.err.OperationalError):
        connection.cursor().execute("SELECT 1")
    with pymysql.connect(**server.connect_args()) as connection:
        connection.cursor().execute("SELECT 1")


def test_in_process_a_stall_is_a_cut_connection(cluster):
    cluster.fault('stall=after statement="MINOR FREEZE"')
    with pytest.raises(obsim.ConnectionCut, match="keeps the answer back"):
        cluster.execute("ALTER SYSTEM MINOR FREEZE")
    cluster.advance(seconds=1)


# Rules and plans.


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("latency=soon", "latency is a span such as 500ms"), ("latency=2s stage=BACKUP_LOG", "stage does not go with"),
        ("stall=now", "stall is before or after"), ("rows=missing", "go with view=..."),
        ("rows=wrong view=x", "rows=wrong with column="), ("rows=all view=x", "rows is missing, doubled or wrong"),
        ("rows=missing view=x times=1", "say for=..., not how often"), ("destination=gone", "destination is full, "),
        ("destination=full statement=x", "statement does not go with destination"), ("truncate=x", "whole number"),
        ("error=9082 view=x", "view, column and value go with rows"), ("latency=1s stall=before", "say one of"),
        ("error=9082 for=1", "for is a span"), ("error=9082 path=file:///x", "go with stage, the last two with"),
        ("latency=1s path=file:///x", "path does not go with latency"),
        ("destination=full path=oss://b?host=h&access_key=k", "without keys"),
    ],
)  # fmt: skip
def test_wrong_rules(rule, message):
    with pytest.raises(obsim.ServerError) as refused:
        parse_rule(rule)
    assert refused.value.errno == 1210
    assert message in refused.value.message


def test_every_plan_is_a_rule_and_is_listed(cluster):
    for rule, _ in PLANS.values():
        cluster.fault(rule)
    lines = CliRunner().invoke(app, ["fault", "list"]).output.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [[name, rule] for name, (rule, _) in PLANS.items()]
    assert [fault.rule.text for fault in cluster.state.faults.rules] == [rule for rule, _ in PLANS.values()]
