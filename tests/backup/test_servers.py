"""Log streams on several servers: one at a time on each, and another server after a failure (engine.md 3.4, 3.5)."""

from itertools import pairwise

import pytest

from obsim.backup.context import BackupServer
from obsim.backup.failures import RETRY_NS
from obsim.cluster.backup_settings import TenantSettings
from obsim.cluster.replicas import full_replica_servers
from obsim.ids import LogStreamId
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.priorities import HA_LOW
from obsim.statements import AdminServer, CancelBackup

SYS, MYSQL = 1, 1002
EAGAIN = -4023
STREAMS = (1001, 1002, 1003, 1004)


@pytest.fixture
def fleet(make_bench, monkeypatch):
    """A tenant with a tablet in each of four log streams, whose replicas are on so many servers."""

    def build(count, version="4.2.5"):
        bench = make_bench(version)
        tenant = bench.tenant()
        tenant.storage.log_stream_ids += [LogStreamId(n) for n in STREAMS[1:]]
        for tablet, stream in zip(tenant.storage.tablets[1:], STREAMS, strict=True):
            tablet.log_stream_id = LogStreamId(stream)
        servers = [BackupServer("127.0.0.1:2882", tenant.dispatcher)]
        servers += [BackupServer(f"127.0.0.{n}:2882", Dispatcher(bench.state.events)) for n in range(2, count + 1)]
        bench.servers = servers
        monkeypatch.setattr(TenantSettings, "servers", lambda _self, _stream: servers)
        return bench

    return build


def history(bench):
    """(stage, working (log stream, server), waiting log streams) at each moment that has another one."""
    seen = []
    for _ in bench.moments():
        run = bench.tenant().backup.run
        if run is None or run.task is None or run.tasks is None:
            continue
        working = tuple((t.log_stream_id, t.server.address) for t in run.tasks.working)
        now = (run.task.status, working, tuple(t.log_stream_id for t in run.tasks.waiting))
        if not seen or seen[-1] != now:
            seen.append(now)
    return seen


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_server_has_one_log_stream_at_a_time(fleet, count):
    bench = fleet(count)
    bench.backup(MYSQL)
    seen = history(bench)
    assert bench.tenant().backup.sets[1].status == "SUCCESS"
    assert {len(working) for _, working, _ in seen} <= set(range(1, count + 1))
    assert max(len(working) for _, working, _ in seen) == min(count, 5)
    for _, working, waiting in seen:
        addresses = [address for _, address in working]
        assert len(set(addresses)) == len(addresses)
        if waiting:
            assert len(working) == count


def test_more_servers_are_faster(fleet):
    seconds = {}
    for count in (1, 2, 4):
        found = fleet(count).full_cycle()
        seconds[count] = (found.end_ns - found.start_ns) / 1e9
    assert seconds[1] > seconds[2] + 2
    assert seconds[2] > seconds[4]


def test_each_server_runs_as_many_copy_tasks_as_its_own_limit(fleet):
    bench = fleet(2)
    bench.backup(MYSQL)
    most = [0, 0]
    for _ in bench.moments():
        counts = [server.dispatcher.kind_counts().get("BACKUP_DATA", 0) for server in bench.servers]
        most = [max(pair) for pair in zip(most, counts, strict=True)]
    assert most == [2, 2]


def test_who_gets_what_depends_on_the_seed_and_nothing_else(fleet):
    runs = []
    for _ in range(2):
        bench = fleet(3)
        bench.backup(MYSQL)
        runs.append(history(bench))
    assert runs[0] == runs[1]


def attempts(bench, decide):
    """(server, attempt, moment) of each attempt at the data of log stream 1001."""
    asked = []

    def ask(job, stage, log_stream_id, server, attempt):
        if (stage, log_stream_id) == ("BACKUP_DATA_MAJOR", 1001):
            asked.append((server, attempt, bench.state.now_ns))
            return decide(job, stage, log_stream_id, server, attempt)
        return None

    bench.state.backup_outcomes.decide = ask
    bench.backup(MYSQL)
    bench.idle()
    return asked


def test_a_server_that_failed_is_not_tried_again_while_there_is_another(fleet):
    asked = attempts(fleet(3), lambda _job, _stage, _ls, _server, attempt: EAGAIN if attempt < 5 else None)
    servers = [server for server, _, _ in asked]
    assert [attempt for _, attempt, _ in asked] == list(range(6))
    assert len(set(servers[:3])) == len(set(servers[3:])) == 3
    assert all(b - a >= RETRY_NS for (_, _, a), (_, _, b) in pairwise(asked))


def test_one_bad_server_costs_one_attempt(fleet):
    bench = fleet(2)
    bad = bench.servers[1].address
    asked = attempts(bench, lambda _job, _stage, _ls, server, _attempt: EAGAIN if server == bad else None)
    assert bench.tenant().backup.sets[1].status == "SUCCESS"
    assert len([server for server, _, _ in asked if server == bad]) <= 1


def test_cancel_stops_the_work_on_every_server(fleet):
    bench = fleet(3)
    bench.backup(MYSQL)
    bench.at(5_000)
    assert sum(sum(server.dispatcher.kind_counts().values()) for server in bench.servers) > 2
    bench.run(MYSQL, CancelBackup())
    bench.at(5_201)
    assert [server.dispatcher.kind_counts() for server in bench.servers] == [{}, {}, {}]
    bench.idle()
    assert bench.tenant().backup.job_history[0].status == "CANCELED"


def test_a_log_stream_without_a_server_waits(fleet, monkeypatch):
    bench = fleet(1)
    bench.backup(MYSQL)
    bench.at(3_000)
    servers = bench.servers
    monkeypatch.setattr(TenantSettings, "servers", lambda _self, _stream: [])
    bench.at(60_000)
    assert bench.tenant().backup.run.log_stream_tasks() != []
    monkeypatch.setattr(TenantSettings, "servers", lambda _self, _stream: servers)
    bench.tenant().backup.servers_changed(bench.state.now_ns)
    bench.idle()
    assert bench.tenant().backup.sets[1].status == "SUCCESS"


def zones(bench):
    """A tenant with a replica in each of three zones."""
    (tenant,) = bench.state.user_tenants()
    return tenant


def test_followers_work_and_the_leader_does_not(make_bench):
    bench = make_bench("4.2.5", "three-zones")
    tenant = zones(bench)
    leader, *followers = (s.address for s in full_replica_servers(bench.state, tenant))
    assert bench.backup(tenant.tenant_id) == ""
    asked = set()
    bench.state.backup_outcomes.decide = lambda _job, _stage, ls, server, _attempt: asked.add(server) if ls else None
    bench.idle()
    assert tenant.backup.sets[1].status == "SUCCESS"
    assert asked == set(followers)
    assert set(tenant.dispatchers) == {leader, *followers}


def test_a_stopped_server_gets_no_work_and_the_leader_what_is_left(make_bench):
    bench = make_bench("4.2.5", "three-zones")
    tenant = zones(bench)
    leader, first, second = full_replica_servers(bench.state, tenant)
    bench.run(SYS, AdminServer("STOP", (first.address,)))
    asked = set()
    bench.state.backup_outcomes.decide = lambda _job, _stage, ls, server, _attempt: asked.add(server) if ls else None
    assert bench.backup(tenant.tenant_id) == ""
    bench.idle()
    assert asked == {leader.address, second.address}


def test_a_score_counts_on_every_server(make_bench):
    bench = make_bench("4.2.5", "three-zones")
    tenant = zones(bench)
    bench.backup(tenant.tenant_id)
    bench.at(2_000)
    assert bench.set("ha_low_thread_score", 7, tenant.name) == ""
    assert {d.limit(HA_LOW) for d in tenant.dispatchers.values()} == {7}
