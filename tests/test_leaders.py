"""Leaders of single log streams: faults that move them, and what goes where they are."""

import pytest

import obsim
from obsim.backup.log_streams import LogStreamTask
from obsim.cluster import unit_count_commands
from obsim.cluster.replicas import full_replica_servers
from obsim.scenario.reading import scenario_file
from tests.whole import views

ROLES = "SELECT LS_ID, SVR_IP FROM oceanbase.CDB_OB_LS_LOCATIONS WHERE ROLE = 'LEADER' AND TENANT_ID = {} ORDER BY 1"
TABLETS = "SELECT TABLET_ID, SVR_IP FROM oceanbase.CDB_OB_TABLE_LOCATIONS WHERE ROLE = 'LEADER' ORDER BY 1"
JOB = "SELECT STATUS, RESULT FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1"
FIRST, SECOND, THIRD = "10.0.1.2:2882", "10.0.2.2:2882", "10.0.3.2:2882"
TABLE = '\n[[tenant.table]]\nname = "{}"\nblocks = [40]\nlog_stream = {}\n'


@pytest.fixture
def zones():
    return obsim.Cluster("three-zones", seed=2)


@pytest.fixture
def wide(tmp_path):
    """The same with as many log streams that have tables as there are replicas."""
    file = tmp_path / "wide.toml"
    file.write_text(scenario_file("three-zones").text + TABLE.format("lines", 1002) + TABLE.format("items", 1003))
    return obsim.Cluster(str(file), seed=2)


def rows(cluster, sql):
    return [tuple(row) for row in cluster.query(sql)]


def leaders(cluster, tenant_id=1002):
    return dict(rows(cluster, ROLES.format(tenant_id)))


def back_up(cluster, words=""):
    cluster.execute(f"ALTER SYSTEM BACKUP DATABASE {words}")
    cluster.run_until_idle()
    return rows(cluster, JOB)[0]


def refusal(cluster, rule):
    with pytest.raises(obsim.ServerError) as refused:
        cluster.fault(rule)
    return refused.value.errno, refused.value.message


# Where they are.


def test_the_leader_of_one_log_stream_moves_and_the_others_stay(zones):
    zones.fault("leader=next tenant=shop log_stream=1001")
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.2.2"}
    assert leaders(zones, 1001) == {1: "10.0.1.2"}
    assert rows(zones, TABLETS) == [(200_001, "10.0.2.2"), (200_002, "10.0.2.2")]
    wishes = "SELECT DISTINCT PRIMARY_ZONE FROM oceanbase.CDB_OB_LS WHERE TENANT_ID = 1002"
    assert rows(zones, wishes) == [("z1;z2;z3",)]
    zones.fault(f"leader={THIRD} tenant=shop log_stream=1")
    assert leaders(zones) == {1: "10.0.3.2", 1001: "10.0.2.2"}
    zones.execute("ALTER TENANT shop PRIMARY_ZONE = 'z1'")
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.1.2"}


def test_all_of_a_tenant_come_together_again(zones):
    zones.fault("leader=next tenant=shop log_stream=1001")
    zones.fault("leader=next tenant=shop")
    assert leaders(zones) == {1: "10.0.2.2", 1001: "10.0.2.2"}
    zones.fault(f"leader={FIRST} tenant=shop log_stream=1")
    zones.fault(f"leader={FIRST} tenant=shop")
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.1.2"}
    assert leaders(zones, 1001) == {1: "10.0.1.2"}


def test_a_crash_moves_those_that_were_there_and_back(zones):
    zones.fault(f"leader={SECOND} tenant=shop log_stream=1001")
    zones.fault(f"crash={SECOND} down=1m")
    zones.advance(seconds=10)
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.1.2"}
    zones.advance(seconds=50)
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.2.2"}


def test_what_cannot_be_moved_is_refused(zones):
    for rule, says in (
        ("leader=next tenant=shop log_stream=1009", "shop has no log stream 1009;"),
        ("leader=next tenant=shop log_stream=0", "log_stream is the number of a log stream that has a leader, not 0;"),
    ):
        assert refusal(zones, rule) == (1210, f"Incorrect arguments to obsim.fault: {says}")
    zones.fault("leader=next tenant=shop log_stream=1001")
    _, message = refusal(zones, f"leader={SECOND} tenant=shop log_stream=1001")
    assert message == f"Incorrect arguments to obsim.fault: leaders of shop can move to {FIRST}, {THIRD};"
    assert refusal(zones, "skew=1s server=10.0.2.2:2882")[0] == 1235
    zones.fault("skew=1s server=10.0.3.2:2882")
    for words in ("log_stream=1001", ""):
        assert refusal(zones, f"leader={THIRD} tenant=shop {words}") == (
            1235, f"obsim does not model a leader on {THIRD}, whose clock is set apart: NOW() and SCNs would follow it"
        )  # fmt: skip


def test_it_is_the_same_in_a_copy_and_after_a_dump(zones, tmp_path):
    zones.fault("leader=next tenant=shop log_stream=1001 stage=BACKUP_DATA_MAJOR times=1")
    zones.execute("ALTER SYSTEM BACKUP DATABASE")
    zones.advance(seconds=15)
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.2.2"}
    file = tmp_path / "dump.toml"
    file.write_text(zones.dump())
    again, fork = obsim.Cluster(str(file)), zones.fork()
    for one in (zones, again, fork):
        one.advance(minutes=10)
    assert views(again) == views(zones)
    assert views(fork, without=["clock"]) == views(zones, without=["clock"])


def test_sql_and_scenarios_say_it_in_the_same_words(zones, tmp_path):
    zones.execute("CALL obsim.fault('leader=10.0.3.2:2882 tenant=shop log_stream=1001')")
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.3.2"}
    file = tmp_path / "mine.toml"
    rule = 'faults = ["leader=10.0.3.2:2882 tenant=shop log_stream=1001"]\n'
    file.write_text(rule + scenario_file("three-zones").text)
    assert leaders(obsim.Cluster(str(file))) == {1: "10.0.1.2", 1001: "10.0.3.2"}


# Backups.


def test_backups_go_to_followers_of_the_log_stream(zones):
    zones.fault(f"leader={SECOND} tenant=shop log_stream=1001")
    state = zones.state
    settings = state.tenants[1002].backup.context.settings
    for stream, leader in ((1, FIRST), (1001, SECOND)):
        assert [s.address for s in settings.servers(stream) if s.leads] == [leader]
        assert settings.leader(stream).address == leader
        assert full_replica_servers(state, state.tenants[1002], stream)[0].address == leader
    assert [LogStreamTask(stream, 0).placed_with for stream in (0, 1, 1001)] == [1, 1, 1001]
    for _ in range(4):
        assert back_up(zones) == ("COMPLETED", 0)
    copies = {
        (address, task.log_stream_id)
        for address, dispatcher in state.tenants[1002].dispatchers.items()
        for task in dispatcher.finished if task.kind == "BACKUP_DATA" and task.log_stream_id == 1001
    }  # fmt: skip
    assert copies == {(FIRST, 1001), (THIRD, 1001)}


def test_with_a_stage_it_is_the_work_of_that_log_stream_that_fails(wide):
    wide.fault("leader=next tenant=shop log_stream=1002 stage=BACKUP_DATA_MAJOR times=1")
    assert back_up(wide) == ("COMPLETED", 0)
    (backup_set,) = wide.state.tenants[1002].backup.sets.values()
    assert {(f.log_stream_id, f.retry_id) for f in backup_set.content.files} == {
        (1001, 0), (1002, 0), (1002, 1), (1003, 0)
    }  # fmt: skip
    assert leaders(wide) == {1: "10.0.1.2", 1001: "10.0.1.2", 1002: "10.0.2.2", 1003: "10.0.1.2"}


def at_work(cluster):
    """Start a backup and let it come to its major data; who works at which log stream there."""
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.run_until("SELECT 1 FROM oceanbase.CDB_OB_BACKUP_TASKS WHERE STATUS = 'BACKUP_DATA_MAJOR'")
    cluster.advance(seconds=1)
    run = cluster.state.tenants[1002].backup.run
    return {task.log_stream_id: (task.server.address, task.retry_id) for task in run.tasks.working}


def test_an_attempt_on_the_old_leader_is_tried_again_after_five_seconds(wide):
    before = at_work(wide)
    (stream,) = (stream for stream, (address, _) in before.items() if address == FIRST)
    assert set(before) == {1001, 1002, 1003}
    run = wide.state.tenants[1002].backup.run
    started_ns = wide.state.now_ns
    wide.fault(f"leader=next tenant=shop log_stream={stream}")
    (waiting,) = (task for task in run.tasks.waiting if task.log_stream_id == stream)
    assert (waiting.retry_id, waiting.black_list, waiting.code) == (1, [FIRST], -4038)
    assert waiting.not_before_ns == started_ns + 5 * 10**9
    assert {task.log_stream_id: (task.server.address, task.retry_id) for task in run.tasks.working} == {
        other: where for other, where in before.items() if other != stream
    }
    wide.run_until_idle()
    assert rows(wide, JOB) == [("COMPLETED", 0)]
    (backup_set,) = wide.state.tenants[1002].backup.sets.values()
    assert sum(f.cut.block_count for f in backup_set.content.files) == 160


def test_a_log_stream_that_is_worked_at_by_a_follower_goes_on(wide):
    before = at_work(wide)
    stream = next(stream for stream, (address, _) in before.items() if address != FIRST)
    wide.fault(f"leader=next tenant=shop log_stream={stream}")
    run = wide.state.tenants[1002].backup.run
    assert {task.log_stream_id: (task.server.address, task.retry_id) for task in run.tasks.working} == before


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TENANT shop PRIMARY_ZONE = 'z2'", "ALTER TENANT shop LOCALITY = 'F@z2, F@z3, R@z1'",
        f"ALTER SYSTEM STOP SERVER '{FIRST}'", "ALTER SYSTEM STOP ZONE z1",
    ],
)  # fmt: skip
def test_a_statement_that_moves_leaders_breaks_off_what_the_old_one_does(wide, statement):
    before = at_work(wide)
    (stream,) = (stream for stream, (address, _) in before.items() if address == FIRST)
    wide.execute(statement)
    assert set(leaders(wide).values()) == {"10.0.2.2"}
    tasks = wide.state.tenants[1002].backup.run.tasks
    assert [(task.log_stream_id, task.retry_id, task.code) for task in tasks.waiting] == [(stream, 1, -4038)]
    assert {task.log_stream_id for task in tasks.working} == before.keys() - {stream}
    wide.run_until_idle()
    assert rows(wide, JOB) == [("COMPLETED", 0)]


def test_a_leader_whose_unit_goes_is_broken_off_too(wide, monkeypatch):
    monkeypatch.setattr(unit_count_commands, "_SHRINK_NS", 1_000_000)
    wide.execute("ALTER RESOURCE TENANT shop UNIT_NUM = 2")
    before = at_work(wide)
    (stream,) = (stream for stream, (address, _) in before.items() if address == FIRST)
    wide.execute("ALTER RESOURCE TENANT shop UNIT_NUM = 1 DELETE UNIT_GROUP = (1001)")
    wide.advance(milliseconds=1)
    assert set(leaders(wide).values()) == {"10.0.1.1"}
    tasks = wide.state.tenants[1002].backup.run.tasks
    assert [(task.log_stream_id, task.retry_id, task.code) for task in tasks.waiting] == [(stream, 1, -4038)]
    wide.run_until_idle()
    assert rows(wide, JOB) == [("COMPLETED", 0)]


def test_a_leader_that_is_back_takes_over(wide):
    wide.fault(f"crash={FIRST}")
    wide.advance(seconds=10)
    before = at_work(wide)
    led = {stream for stream, (address, _) in before.items() if address == SECOND}
    wide.clear_faults()
    tasks = wide.state.tenants[1002].backup.run.tasks
    assert {(task.log_stream_id, task.retry_id, task.code) for task in tasks.waiting} == {(s, 1, -4038) for s in led}
    assert led
    wide.run_until_idle()
    assert rows(wide, JOB) == [("COMPLETED", 0)]


def test_leaders_that_a_rule_moved_stay_whatever_else_is_altered(zones):
    zones.fault("leader=next tenant=shop log_stream=1001")
    zones.execute("ALTER TENANT shop COMMENT = 'sells'")
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.2.2"}


@pytest.mark.parametrize(("stream", "later_s"), [(1001, 0), (1, 5)])
def test_the_service_of_a_tenant_is_with_its_system_log_stream(zones, stream, later_s):
    """A pass that is broken off is made again after five seconds; it is nobody else's."""
    calm = obsim.Cluster("three-zones", seed=2)
    for one in (calm, zones):
        one.execute("ALTER SYSTEM BACKUP DATABASE")
        one.advance(milliseconds=350)
    zones.fault(f"leader=next tenant=shop log_stream={stream}")
    for one in (calm, zones):
        one.run_until_idle()
    ends = [one.state.tenants[1002].backup.sets[1].end_ns for one in (calm, zones)]
    assert rows(zones, JOB) == [("COMPLETED", 0)]
    assert ends[1] - ends[0] == later_s * 10**9


def test_the_log_of_a_set_is_copied_whoever_leads(zones):
    calm = obsim.Cluster("three-zones", seed=2)
    for one in (calm, zones):
        one.execute("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG")
        one.run_until("SELECT 1 FROM oceanbase.CDB_OB_BACKUP_TASKS WHERE STATUS = 'BACKUP_LOG'")
    zones.fault("leader=next tenant=shop log_stream=1001")
    for one in (calm, zones):
        one.run_until_idle()
    assert rows(zones, JOB) == [("COMPLETED", 0)]
    assert zones.state.tenants[1002].backup.sets[1].end_ns == calm.state.tenants[1002].backup.sets[1].end_ns


# Clean-ups, archives, writes.


def cleaned(cluster):
    """Log streams whose part of a set was deleted, by server."""
    return {
        address: [t.log_stream_id for t in dispatcher.finished if t.kind == "BACKUP_CLEAN" and t.finished]
        for address, dispatcher in cluster.state.tenants[1002].dispatchers.items()
    }  # fmt: skip


@pytest.fixture
def old_set(zones):
    """A cluster whose policy lets one set go at 01:01:00."""
    for _ in range(2):
        assert back_up(zones) == ("COMPLETED", 0)
    zones.advance_to("2024-01-01 00:01:00")
    zones.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1m' TENANT = shop")
    return zones


ENDED = "SELECT STATUS, END_TIMESTAMP FROM oceanbase.CDB_OB_BACKUP_DELETE_JOB_HISTORY"


def test_each_log_stream_is_cleaned_up_by_its_leader(old_set):
    old_set.fault(f"leader={THIRD} tenant=shop log_stream=1001")
    old_set.advance(hours=1, seconds=2)
    assert rows(old_set, ENDED) == [("COMPLETED", "2024-01-01 01:01:01.200000")]
    assert cleaned(old_set) == {FIRST: [1], SECOND: [], THIRD: [1001]}


def test_a_clean_up_at_the_old_leader_is_tried_again_at_the_new_one(old_set):
    old_set.advance_to("2024-01-01 01:01:00.300")
    old_set.fault("leader=next tenant=shop log_stream=1001")
    old_set.fault("leader=next tenant=shop log_stream=1")
    old_set.advance(seconds=7)
    # Begun at .200, again five seconds later; then the other log stream, whose leader had moved before its turn.
    assert rows(old_set, ENDED) == [("COMPLETED", "2024-01-01 01:01:06.200000")]
    assert cleaned(old_set) == {FIRST: [], SECOND: [1, 1001], THIRD: []}


def test_what_a_server_led_has_nobody_until_it_is_noticed(zones):
    zones.fault(f"leader={SECOND} tenant=shop log_stream=1001")
    zones.fault(f"crash={SECOND}")
    for call in ("write('shop', 'orders', 1, 'random')", "create_table('shop', 'more', 10, 100, 1)"):
        with pytest.raises(obsim.ServerError) as refused:
            zones.execute(f"CALL obsim.{call}")
        assert refused.value.code == -4038
    with pytest.raises(obsim.ServerError) as refused:
        zones.change_blocks("shop", iter([0, 1]))
    assert (refused.value.code, len(zones.state.tenants[1002].storage.blocks.dirty)) == (-4038, 0)
    zones.advance(seconds=10)
    assert leaders(zones) == {1: "10.0.1.2", 1001: "10.0.1.2"}
    zones.execute("CALL obsim.write('shop', 'orders', 1, 'random')")
    assert zones.change_blocks("shop", iter([])) == 0


def test_its_archive_stands_meanwhile(zones):
    checkpoint = "SELECT CHECKPOINT_SCN_DISPLAY FROM oceanbase.CDB_OB_ARCHIVELOG"
    zones.execute("ALTER SYSTEM SET archive_lag_target = '1s' TENANT = shop")
    zones.fault(f"leader={SECOND} tenant=shop log_stream=1001")
    zones.advance_to("2024-01-01 00:01:00.500")
    zones.fault(f"crash={SECOND}")
    zones.advance(seconds=9)
    assert rows(zones, checkpoint) == [("2024-01-01 00:01:00.000000",)]
    zones.advance(seconds=3)
    assert rows(zones, checkpoint) == [("2024-01-01 00:01:12.000000",)]


@pytest.mark.parametrize("rule", ["error=9082 archive=write log_stream=1", f"crash={FIRST}"])
def test_the_others_are_looked_at_meanwhile(zones, rule):
    """Each log stream is archived up to where its own trouble begins."""
    progress = "SELECT LS_ID, CHECKPOINT_SCN FROM oceanbase.CDB_OB_LS_LOG_ARCHIVE_PROGRESS ORDER BY LS_ID"
    zones.execute("ALTER SYSTEM SET archive_lag_target = '1s' TENANT = shop")
    zones.fault(f"leader={SECOND} tenant=shop log_stream=1001")
    zones.advance_to("2024-01-01 00:01:00.500")
    zones.fault(f"crash={SECOND}")
    zones.advance(seconds=2)
    zones.fault(rule)
    zones.advance(seconds=6)
    reached = [(stream, (scn - zones.state.start_ns) / 10**9) for stream, scn in rows(zones, progress)]
    assert reached == [(1, 62), (1001, 60)]


# Restores.


def test_each_log_stream_is_restored_where_it_is_led(zones):
    assert back_up(zones) == ("COMPLETED", 0)
    zones.advance(minutes=3)
    zones.execute(
        "ALTER SYSTEM RESTORE t9 FROM 'file:///backup/shop/data,file:///backup/shop/archive' WITH 'pool_list=spare'"
    )
    zones.advance(seconds=4)
    zones.fault("leader=10.0.3.1:2882 tenant=t9 log_stream=1001")
    zones.run_until_idle()
    done = {
        (address, task.log_stream_id)
        for address, dispatcher in zones.state.tenants[1004].dispatchers.items()
        for task in dispatcher.finished if task.kind == "TABLET_RESTORE" and task.finished
    }  # fmt: skip
    assert done == {("10.0.3.1:2882", 1001)}
    ends = "SELECT STATUS, FINISH_TIMESTAMP FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1004"
    assert rows(zones, ends) == [("SUCCESS", "2024-01-01 00:03:23.825000")]


@pytest.mark.parametrize("stage", ["RESTORE_TABLETS_META", "RESTORE_MAJOR_DATA"])
def test_a_change_of_leaders_does_not_end_a_restore(zones, stage):
    assert back_up(zones) == ("COMPLETED", 0)
    zones.advance(minutes=3)
    zones.fault(f"leader=next tenant=t9 stage={stage} times=1")
    zones.execute(
        "ALTER SYSTEM RESTORE t9 FROM 'file:///backup/shop/data,file:///backup/shop/archive' WITH 'pool_list=spare'"
    )
    zones.run_until_idle()
    assert rows(zones, "SELECT STATUS FROM oceanbase.CDB_OB_RESTORE_HISTORY") == 2 * [("SUCCESS",)]
    assert len(set(leaders(zones, 1004).values())) == 1
    assert leaders(zones, 1004)[1] != "10.0.1.1"
