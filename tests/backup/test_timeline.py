"""How long backups take and which states they go through (status-machines.md 2-4, engine.md 3.3)."""

import pytest

from obsim.scheduler.priorities import HA_LOW

SYS, MYSQL, ORACLE = 1, 1002, 1004


def duration_s(bench, by: int, score: int) -> float:
    bench.set("ha_low_thread_score", score, "all_user")
    assert bench.backup(by) == ""
    bench.idle()
    job = bench.tenant(by).backup.job_history[-1]
    return (job.end_ns - job.start_ns) / 1e9


@pytest.mark.parametrize(("by", "default_s", "ten_s"), [(SYS, 10.24, 6.28), (MYSQL, 9.89, 5.93), (ORACLE, 9.45, 5.82)])
def test_a_full_backup_takes_eight_to_twelve_seconds(make_bench, by, default_s, ten_s):
    slow, fast = duration_s(make_bench(), by, 0), duration_s(make_bench(), by, 10)
    assert (slow, fast) == (default_s, ten_s)
    assert 8 <= slow <= 12
    assert 4 <= fast <= 0.7 * slow


@pytest.mark.parametrize("by", [SYS, MYSQL, ORACLE])
def test_never_under_four_seconds(make_bench, by):
    assert duration_s(make_bench(), by, 100) >= 4


def test_states_of_a_cluster_job(bench):
    bench.backup(SYS)
    seen = []
    for ms in bench.moments():
        parent, child = bench.tenant(SYS).backup, bench.tenant(MYSQL).backup
        row = (
            ms,
            [j.status.value for j in parent.jobs],
            [j.status.value for j in child.jobs],
            [t.status for t in child.tasks],
            [f"{s.status} {s.file_status}" for s in child.sets.values()],
            len(child.job_history),
            len(parent.job_history),
        )
        if not seen or seen[-1][1:] != row[1:]:
            seen.append(row)
    doing = ["DOING"]
    copying = ["DOING COPYING"]
    done = ["SUCCESS AVAILABLE"]
    assert seen == [
        (100, doing, ["INIT"], [], [], 0, 0),
        (300, doing, doing, ["INIT"], copying, 0, 0),
        (400, doing, doing, ["BACKUP_SYS_META"], copying, 0, 0),
        (1_500, doing, doing, ["BACKUP_USER_META"], copying, 0, 0),
        (2_900, doing, doing, ["BACKUP_META_FINISH"], copying, 0, 0),
        (3_500, doing, doing, ["BACKUP_DATA_MINOR"], copying, 0, 0),
        (3_900, doing, doing, ["BACKUP_DATA_MAJOR"], copying, 0, 0),
        (9_580, doing, doing, ["BACKUP_LOG"], copying, 0, 0),
        (9_980, doing, doing, ["COMPLETED"], done, 0, 0),
        (9_990, doing, ["COMPLETED"], [], done, 0, 0),
        (10_090, doing, [], [], done, 1, 0),
        (10_240, ["COMPLETED"], [], [], done, 1, 0),
        (10_340, [], [], [], done, 1, 1),
    ]


@pytest.mark.parametrize(
    ("version", "third"), [("4.0.0", "BACKUP_DATA_SYS"), ("4.1.0", "BACKUP_DATA_SYS"), ("4.2.5", "BACKUP_META_FINISH")]
)
def test_stages_of_a_version(make_bench, version, third):
    bench = make_bench(version)
    bench.backup()
    seen = []
    for _ in bench.moments():
        seen += [t.status for t in bench.tenant().backup.tasks]
    assert list(dict.fromkeys(seen)) == [
        "INIT",
        "BACKUP_SYS_META",
        "BACKUP_USER_META",
        third,
        "BACKUP_DATA_MINOR",
        "BACKUP_DATA_MAJOR",
        "BACKUP_LOG",
        "COMPLETED",
    ]


def test_a_job_stands_in_one_place(bench):
    bench.backup(SYS)
    for _ in bench.moments():
        for tenant_id in (SYS, MYSQL, ORACLE):
            backup = bench.tenant(tenant_id).backup
            assert not {j.job_id for j in backup.jobs} & {j.job_id for j in backup.job_history}
            assert not {t.task_id for t in backup.tasks} & {t.task_id for t in backup.task_history}


def test_parent_and_children(bench):
    bench.backup(SYS, tenants=("oracle_tenant", "mysql_tenant", "oracle_tenant"))
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    row = (parent.job_id, parent.backup_set_id, parent.initiator_tenant_id, parent.initiator_job_id, parent.path)
    assert row == (1, 0, SYS, 1, "")
    assert (parent.executor_tenant_ids, parent.level.value) == ((ORACLE, MYSQL), "SYS_TENANT")
    for tenant_id, path in ((MYSQL, "mysql_tenant"), (ORACLE, "oracle_tenant")):
        child = bench.tenant(tenant_id).backup.job_history[0]
        assert (child.initiator_tenant_id, child.initiator_job_id, child.executor_tenant_ids) == (SYS, 1, (tenant_id,))
        assert (child.level.value, child.path) == ("USER_TENANT", f"file:///data/backup/{path}/data")
        assert parent.end_ns > child.end_ns > child.start_ns > parent.start_ns


def test_job_level_of_all_tenants(bench):
    bench.backup(SYS)
    assert bench.tenant(SYS).backup.jobs[0].level.value == "CLUSTER"
    assert bench.tenant(SYS).backup.jobs[0].executor_tenant_ids == (MYSQL, ORACLE)


def test_own_job_has_no_parent(bench):
    bench.backup(MYSQL)
    job = bench.tenant().backup.jobs[0]
    assert (job.initiator_tenant_id, job.initiator_job_id, job.level.value) == (MYSQL, 0, "USER_TENANT")
    assert bench.tenant(SYS).backup.jobs == []


def test_counters_only_grow_and_end_at_the_totals(bench):
    bench.backup(MYSQL)
    seen = []
    for ms in range(0, 10_000, 70):
        bench.at(ms)
        backup = bench.tenant().backup
        seen += [t.counters(bench.state.now_ns) for t in backup.tasks]
        assert all(s.counters.macro_block_count == 0 for s in backup.sets.values() if not s.end_ns)
    for name in (
        "input_bytes",
        "output_bytes",
        "tablet_count",
        "finish_tablet_count",
        "macro_block_count",
        "finish_macro_block_count",
        "extra_meta_bytes",
    ):
        values = [getattr(c, name) for c in seen]
        assert values == sorted(values), name
    final = bench.tenant().backup.sets[1].counters
    assert (final.macro_block_count, final.finish_macro_block_count) == (96, 96)
    assert (final.tablet_count, final.finish_tablet_count) == (619, 619)
    assert final.input_bytes == 96 * (2 << 20) + (1 << 20)
    assert final.output_bytes == 96 * 2_060_283 + (384 << 10)


def test_tablets_are_not_finished_before_their_blocks(bench):
    bench.backup(MYSQL)
    task = None
    for ms in bench.moments():
        task = bench.tenant().backup.tasks[0] if bench.tenant().backup.tasks else task
        if task is not None and 3_800 <= ms < 4_400:
            done = task.progress.counters(bench.state.now_ns)
            assert done.finish_tablet_count == 614, ms


def test_scns_are_in_order(bench):
    bench.backup(MYSQL)
    bench.at(5_000)
    bench.major_freeze()  # after the snapshot: the log before it is still needed
    bench.idle()
    found, task = bench.tenant().backup.sets[1], bench.tenant().backup.task_history[0]
    start_ns = bench.state.start_ns
    order = [found.start_replay_scn, task.start_scn, task.user_ls_start_scn, found.consistent_scn, task.end_scn]
    # The round is an hour old, the baseline two: the log is needed from the round's start on.
    assert [(scn - start_ns) / 1e9 for scn in order] == [-3_600, 0.2, 1.4, 3.4, 9.48]
    assert found.min_restore_scn == task.end_scn
    assert bench.tenant().archive.start_scn == found.start_replay_scn


def test_replay_starts_at_the_last_freeze_before_the_snapshot(bench):
    bench.at(2_000)
    bench.major_freeze()
    bench.backup(MYSQL)
    bench.idle()
    found = bench.tenant().backup.sets[1]
    assert (found.start_replay_scn - bench.state.start_ns) / 1e9 == 2.0


def test_running_set_shows_no_scn_yet(bench):
    bench.backup(MYSQL)
    bench.at(8_000)
    found = bench.tenant().backup.sets[1]
    assert (found.consistent_scn, found.min_restore_scn, found.start_replay_scn) == (0, 0, 0)
    assert bench.tenant().backup.tasks[0].end_scn > 0


def test_a_score_lowered_while_threads_outnumber_cpus_acts_within_three_seconds(make_bench):
    bench = make_bench("4.2.5")
    bench.tenant().storage.create_table("big", [2_000], 1_001)
    bench.major_freeze()
    bench.set("ha_low_thread_score", 50, "mysql_tenant")
    bench.backup(MYSQL)
    while not bench.tenant().backup.tasks or bench.tenant().backup.tasks[0].status != "BACKUP_DATA_MAJOR":
        bench.at(bench.now_ms + 10)
    bench.at(bench.now_ms + 200)
    running = bench.tenant().dispatcher.running_count
    assert running(HA_LOW) == 50
    bench.set("ha_low_thread_score", 1, "mysql_tenant")
    bench.at(bench.now_ms + 3_000)
    assert running(HA_LOW) == 1
