"""Cancelling at each stage, archiving that stops, two initiators, what a parent makes of it (engine.md 3.5, 3.6)."""

import pytest

from obsim.statements import BackupDatabase, CancelBackup, SetArchiveMode

SYS, MYSQL, ORACLE = 1, 1002, 1004


@pytest.mark.parametrize("ms", [0, 100, 199])
def test_cancel_in_init_leaves_no_task_and_no_set(bench, ms):
    bench.backup(MYSQL)
    bench.at(ms)
    bench.run(MYSQL, CancelBackup())
    bench.idle()
    backup = bench.tenant().backup
    job = backup.job_history[0]
    assert (job.status.value, job.result, job.backup_set_id) == ("CANCELED", -4072, 1)
    assert (backup.sets, backup.tasks, backup.task_history) == ({}, [], [])


@pytest.mark.parametrize("ms", [250, 500, 1_300, 2_000, 3_100, 3_600, 5_000, 9_600])
def test_cancel_at_work(bench, ms):
    bench.backup(MYSQL)
    bench.at(ms)
    bench.run(SYS, CancelBackup())
    assert bench.tenant().backup.jobs[0].status.value == "CANCELING"
    bench.at(ms + 201)
    backup = bench.tenant().backup
    assert backup.tasks[0].status == "CANCELING"
    assert bench.tenant().dispatcher.kind_counts() == {}
    bench.idle()
    assert (backup.job_history[0].status.value, backup.job_history[0].result) == ("CANCELED", -4072)
    assert (backup.task_history[0].status, backup.task_history[0].result) == ("CANCELED", -4072)
    found = backup.sets[1]
    assert (found.status, found.file_status, found.result) == ("FAILED", "INCOMPLETE", -4072)
    assert (found.consistent_scn, found.start_replay_scn) == (0, 0)
    assert found.min_restore_scn == backup.task_history[0].end_scn


@pytest.mark.parametrize("ms", [9_881, 9_889, 9_891])
def test_cancel_comes_too_late_once_the_set_has_ended(bench, ms):
    bench.backup(MYSQL)
    bench.at(ms)
    assert bench.tenant().backup.sets[1].status == "SUCCESS"
    bench.run(MYSQL, CancelBackup())
    assert bench.tenant().backup.jobs[0].status.value != "CANCELING"
    bench.idle()
    assert bench.tenant().backup.job_history[0].status.value == "COMPLETED"


def test_cancel_of_nothing_succeeds(bench):
    for by, names in ((SYS, ()), (SYS, ("mysql_tenant",)), (MYSQL, ())):
        assert bench.refusal(by, CancelBackup(names)) == ""
    assert bench.state.idle()


@pytest.mark.parametrize("ms", [0, 50, 150, 5_000, 10_150])
def test_cancel_by_sys_ends_parent_and_children(bench, ms):
    bench.backup(SYS)
    bench.at(ms)
    bench.run(SYS, CancelBackup())
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    assert (parent.status.value, parent.result) == ("CANCELED", -4072)
    children = [j.status.value for t in (MYSQL, ORACLE) for j in bench.tenant(t).backup.job_history]
    assert children == ([] if ms < 100 else ["COMPLETED"] * 2 if ms > 10_000 else ["CANCELED"] * 2)


def test_a_parent_that_has_ended_is_not_cancelled_any_more(bench):
    bench.backup(SYS)
    for _ in bench.moments():
        (parent,) = bench.tenant(SYS).backup.jobs or bench.tenant(SYS).backup.job_history
        if parent.status.final:
            break
    assert bench.tenant(SYS).backup.jobs == [parent], "no pass has moved it to history yet"
    bench.run(SYS, CancelBackup())
    assert parent.status.value == "COMPLETED"
    bench.idle()
    assert (parent.status.value, parent.result, parent.comment) == ("COMPLETED", 0, "")


def test_a_second_cancel_changes_nothing(bench):
    bench.backup(SYS)
    bench.at(4_000)
    bench.run(SYS, CancelBackup())
    before = bench.state.revision(("jobs",))
    bench.run(SYS, CancelBackup())
    assert bench.state.revision(("jobs",)) == before


def test_a_tenant_that_goes_takes_its_jobs_with_it_and_the_parent_goes_on(bench):
    bench.backup(SYS)
    bench.at(4_000)
    backup = bench.tenant(ORACLE).backup
    (job,) = backup.jobs
    backup.drop(bench.state.now_ns)
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    assert (parent.status.value, parent.result) == ("COMPLETED", 0)
    assert [j.status.value for j in bench.tenant(MYSQL).backup.job_history] == ["COMPLETED"]
    assert (job.status.value, job.end_ns, backup.job_history) == ("DOING", 0, [])


def test_a_child_cancelled_by_its_tenant_fails_the_parent(bench):
    bench.backup(SYS)
    bench.at(4_000)
    bench.run(ORACLE, CancelBackup())
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    assert (parent.status.value, parent.result) == ("FAILED", -4072)
    assert bench.tenant(MYSQL).backup.job_history[0].status.value == "COMPLETED"


def test_a_cancelled_set_is_skipped_as_a_base(bench):
    first = bench.full_cycle(incremental=False)
    bench.backup(MYSQL, incremental=True)
    bench.at(bench.now_ms + 3_000)
    bench.run(MYSQL, CancelBackup())
    bench.idle()
    third = bench.full_cycle()
    assert (third.backup_set_id, third.backup_type, third.prev_inc_id) == (3, "INC", first.backup_set_id)


@pytest.mark.parametrize("ms", [500, 3_000, 5_000, 9_500])
def test_archiving_that_stops_fails_the_job(bench, ms):
    bench.backup(MYSQL)
    bench.at(ms)
    bench.run(MYSQL, SetArchiveMode(enabled=False))
    bench.idle()
    backup = bench.tenant().backup
    job = backup.job_history[0]
    assert (job.status.value, job.result) == ("FAILED", -9029)
    assert (job.end_ns - bench.state.start_ns) / 1e6 == ms + 210
    assert job.comment == (
        "(ROOTSERVICE)addr: 127.0.0.1:2882, result: -9029(log archive is not running), "
        "trace_id: Y3EA-0000000000000001-0-0"
    )
    assert (backup.sets[1].status, backup.sets[1].file_status) == ("FAILED", "INCOMPLETE")


def test_archiving_that_stops_before_the_first_pass_fails_in_init(bench):
    bench.backup(MYSQL)
    bench.run(MYSQL, SetArchiveMode(enabled=False))
    bench.idle()
    backup = bench.tenant().backup
    assert (backup.job_history[0].status.value, backup.job_history[0].result, backup.sets) == ("FAILED", -9029, {})


def test_one_child_that_fails_fails_the_parent(bench):
    bench.backup(SYS)
    bench.at(3_000)
    bench.run(ORACLE, SetArchiveMode(enabled=False))
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    assert (parent.status.value, parent.result) == ("FAILED", -9029)
    assert bench.tenant(MYSQL).backup.job_history[0].result == 0


def test_a_tenant_without_destination_fails_the_parent(bench):
    assert bench.set("data_backup_dest", "", "oracle_tenant") == ""
    assert bench.backup(SYS) == ""
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    assert (parent.status.value, parent.result) == ("FAILED", -9040)
    assert parent.comment == (
        "(ROOTSERVICE)addr: 127.0.0.1:2882, result: -9040(backup can not start), trace_id: Y1-0000000000000001-0-0"
    )
    assert bench.tenant(ORACLE).backup.job_history == []
    assert bench.tenant(MYSQL).backup.sets[1].status == "SUCCESS"


def test_two_initiators_take_turns(bench):
    bench.backup(MYSQL)
    bench.backup(SYS, tenants=("mysql_tenant",), incremental=True)
    bench.at(5_000)
    backup = bench.tenant().backup
    assert [(j.initiator_tenant_id, j.status.value) for j in backup.jobs] == [(MYSQL, "DOING"), (SYS, "INIT")]
    bench.idle()
    first, second = backup.sets.values()
    # The increment was accepted while no set was usable yet.
    assert (first.backup_type, second.backup_type) == ("FULL", "FULL")
    assert second.end_ns > first.end_ns
    tasks = backup.task_history
    assert tasks[1].start_scn > first.end_ns


def test_plus_archivelog_waits_for_the_checkpoint(bench):
    bench.run(MYSQL, BackupDatabase(plus_archivelog=True))
    bench.idle()
    found, task = bench.tenant().backup.sets[1], bench.tenant().backup.task_history[0]
    assert found.plus_archivelog
    assert (task.end_scn - bench.state.start_ns) / 1e9 == 9.48
    assert (found.end_ns - bench.state.start_ns) / 1e9 == 120.8  # the lag target is 120s, then the log is copied
