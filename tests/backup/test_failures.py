"""What fails, what is tried again, how often and where (engine.md 3.5)."""

import pytest

from obsim.backup.index import locations
from obsim.backup.log_streams import LogStreamTask
from obsim.statements import BackupDatabase, CancelBackup

SYS, MYSQL, ORACLE = 1, 1002, 1004
STAGES = (
    "BACKUP_SYS_META", "BACKUP_USER_META", "BACKUP_META_FINISH", "BACKUP_DATA_MINOR", "BACKUP_DATA_MAJOR",
)  # fmt: skip
TIMEOUT, EAGAIN, OUT_OF_SPACE, GONE = -4012, -4023, -9082, -4719


class Plan:
    """Lets attempts end with a code: the first `times` of a stage, or of all of them where it says so."""

    def __init__(self, code: int, stage: str, times: int = 1, log_stream_id: int | None = None) -> None:
        self.code, self.stage, self.times, self.log_stream_id = code, stage, times, log_stream_id
        self.asked: list[tuple[str, int, str, int]] = []

    def __call__(self, _job, stage, log_stream_id, server, attempt):
        self.asked.append((stage, log_stream_id, server, attempt))
        hit = stage == self.stage and log_stream_id and self.log_stream_id in {None, log_stream_id}
        return self.code if hit and attempt < self.times else None


def backup_with(bench, plan, **how):
    bench.state.backup_outcomes.decide = plan
    assert bench.backup(MYSQL, **how) == ""
    bench.idle()
    return bench.tenant().backup


def out_of_space(_job, _stage, log_stream_id, _server, _attempt):
    return OUT_OF_SPACE if log_stream_id == 1001 else None


def test_out_of_space_ends_the_job(bench):
    bench.state.backup_outcomes.decide = out_of_space
    bench.backup(MYSQL)
    bench.idle()
    backup = bench.tenant().backup
    job, task, found = backup.job_history[0], backup.task_history[0], backup.sets[1]
    assert job.comment == (
        "(SERVER)ls_id: 1001, addr: 127.0.0.1:2882, module: BACKUP_DATA, result: -9082(backup device out of space), "
        "trace_id: Y3EA-0000000000000001-0-0"
    )
    assert {job.comment, task.comment, found.comment} == {job.comment}
    assert (job.status.value, job.result, task.status, found.status, found.file_status) == (
        "FAILED", -9082, "FAILED", "FAILED", "INCOMPLETE",
    )  # fmt: skip
    assert bench.tenant().dispatcher.kind_counts() == {}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "code", [-4002, -4006, -4007, -4015, -4016, -4072, -4103, -4143, -4184, -4725, -9011, -9027, -9082]
)
def test_some_codes_are_final(bench, stage, code):
    plan = Plan(code, stage)
    backup = backup_with(bench, plan)
    assert (backup.job_history[0].status.value, backup.job_history[0].result) == ("FAILED", code)
    assert max(attempt for _, _, _, attempt in plan.asked) == 0


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("times", [1, 3])
def test_others_are_tried_again_after_five_seconds(bench, stage, times):
    plan = Plan(EAGAIN, stage, times, 1001 if "DATA" in stage or "USER" in stage else 1)
    backup = backup_with(bench, plan)
    job = backup.job_history[0]
    assert (job.status.value, backup.sets[1].status.value) == ("COMPLETED", "SUCCESS")
    attempts = [attempt for s, ls, _, attempt in plan.asked if (s, ls) == (stage, plan.log_stream_id)]
    assert attempts == list(range(times + 1))
    seconds = (job.end_ns - job.start_ns) / 1e9
    assert 9.89 + 5 * times <= seconds < 9.89 + 5 * times + 6


@pytest.mark.parametrize("stage", ["BACKUP_SYS_META", "BACKUP_USER_META", "BACKUP_META_FINISH"])
def test_metadata_is_tried_three_times_again(bench, stage):
    plan = Plan(TIMEOUT, stage, 99)
    backup = backup_with(bench, plan)
    assert (backup.job_history[0].status.value, backup.job_history[0].result) == ("FAILED", TIMEOUT)
    assert [attempt for s, ls, _, attempt in plan.asked if (s, ls) == (stage, 1)] == [0, 1, 2, 3]


@pytest.mark.parametrize("stage", ["BACKUP_DATA_MINOR", "BACKUP_DATA_MAJOR"])
def test_data_is_tried_sixty_four_times_again(bench, stage):
    plan = Plan(TIMEOUT, stage, 99)
    backup = backup_with(bench, plan)
    assert (backup.job_history[0].status.value, backup.job_history[0].result) == ("FAILED", TIMEOUT)
    assert [attempt for s, ls, _, attempt in plan.asked if s == stage and ls] == list(range(65))


def test_a_retry_goes_on_where_the_last_one_stopped(bench):
    bench.set("ha_low_thread_score", 8, "all_user")
    backup = backup_with(bench, Plan(EAGAIN, "BACKUP_DATA_MAJOR", 2))
    found = backup.sets[1]
    files = [f for f in found.content.files if f.data_type == "major"]
    assert [(f.retry_id, f.cut.file_count, f.cut.block_count, f.skipped) for f in files] == [
        (0, 4, 48, 0), (1, 4, 24, 48), (2, 8, 24, 72),
    ]  # fmt: skip
    assert (found.counters.macro_block_count, found.counters.finish_macro_block_count) == (96, 96)
    places = locations(backup.sets, found)
    assert len(places) == len(set(places.values())) == 96
    assert [sum(p.retry_id == n for p in places.values()) for n in range(3)] == [48, 24, 24]


def test_counters_do_not_go_back_in_a_retry(bench):
    bench.state.backup_outcomes.decide = Plan(EAGAIN, "BACKUP_DATA_MAJOR", 3)
    bench.backup(MYSQL)
    seen = []
    for _ in bench.moments():
        seen += [t.counters(bench.state.now_ns).finish_macro_block_count for t in bench.tenant().backup.tasks]
    assert seen == sorted(seen)
    assert seen[-1] == 96


def test_a_log_stream_that_is_there_is_tried_again(bench):
    backup = backup_with(bench, Plan(GONE, "BACKUP_USER_META", 1, 1001))
    assert backup.sets[1].status == "SUCCESS"
    assert backup.sets[1].meta_turn_id == 1


@pytest.mark.parametrize("stage", ["INIT", *STAGES, "BACKUP_LOG", "COMPLETED"])
@pytest.mark.parametrize(
    ("code", "times", "status"), [(EAGAIN, 3, "COMPLETED"), (EAGAIN, 4, "FAILED"), (-4016, 1, "FAILED")]
)
def test_a_pass_is_tried_three_times_again(bench, stage, code, times, status):
    asked = []

    def decide(_job, name, log_stream_id, server, attempt):
        if name != stage or log_stream_id:
            return None
        asked.append((server, attempt))
        return code if len(asked) <= times else None

    backup = backup_with(bench, decide)
    job = backup.job_history[0]
    assert (job.status.value, job.result) == (status, 0 if status == "COMPLETED" else code)
    if status == "FAILED":
        assert job.comment.startswith("(ROOTSERVICE)addr: 127.0.0.1:2882")
    else:
        assert (job.end_ns - job.start_ns) / 1e9 == pytest.approx(9.89 + 15)
    if stage == "INIT" and status == "FAILED":
        assert (backup.sets, backup.task_history) == ({}, [])


@pytest.mark.parametrize("stage", ["INIT", *STAGES])
def test_cancel_while_a_retry_waits(bench, stage):
    bench.state.backup_outcomes.decide = lambda _job, name, *_: EAGAIN if name == stage else None
    bench.backup(MYSQL)
    bench.at(8_000)
    bench.run(MYSQL, CancelBackup())
    bench.idle()
    assert [j.status.value for j in bench.tenant().backup.job_history] == ["CANCELED"]
    assert bench.tenant().dispatcher.kind_counts() == {}


def test_a_failed_set_is_skipped_as_a_base(bench):
    first = bench.full_cycle(incremental=False)
    backup = backup_with(bench, Plan(OUT_OF_SPACE, "BACKUP_DATA_MAJOR"), incremental=True)
    bench.state.backup_outcomes.decide = None
    third = bench.full_cycle()
    assert backup.sets[2].status == "FAILED"
    assert (third.backup_type, third.prev_inc_id) == ("INC", first.backup_set_id)


def test_one_tenant_that_fails_fails_the_parent_and_not_the_other(bench):
    bench.state.backup_outcomes.decide = lambda job, *_: OUT_OF_SPACE if job.tenant_id == ORACLE else None
    bench.backup(SYS)
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    assert (parent.status.value, parent.result) == ("FAILED", OUT_OF_SPACE)
    assert parent.comment == bench.tenant(ORACLE).backup.job_history[0].comment
    assert bench.tenant(MYSQL).backup.sets[1].status == "SUCCESS"


def test_what_is_waiting_says_so(bench):
    bench.state.backup_outcomes.decide = Plan(EAGAIN, "BACKUP_USER_META", 1, 1001)
    bench.backup(MYSQL)
    bench.at(4_000)
    (task,) = bench.tenant().backup.run.log_stream_tasks()
    assert isinstance(task, LogStreamTask)
    assert (task.log_stream_id, task.server, task.scheduled_ns, task.retry_id) == (1001, None, 0, 1)


@pytest.mark.parametrize(("code", "status"), [(TIMEOUT, "COMPLETED"), (EAGAIN, "FAILED")])
def test_the_log_is_copied_again_after_a_timeout_only(bench, code, status):
    bench.state.backup_outcomes.decide = Plan(code, "BACKUP_LOG", 1, 1001)
    bench.run(MYSQL, BackupDatabase(plus_archivelog=True))
    bench.idle()
    assert bench.tenant().backup.job_history[0].status.value == status


def test_work_that_fails_after_a_cancel_leaves_the_job_cancelled(bench):
    """The work of a log stream ends between CANCEL BACKUP and the pass that stops it."""
    bench.state.backup_outcomes.decide = Plan(OUT_OF_SPACE, "BACKUP_SYS_META", log_stream_id=1)
    bench.backup(MYSQL)
    backup = bench.tenant().backup
    while backup.run is None or backup.run.tasks is None:
        bench.state.advance_to(bench.state.next_event_ns)
    bench.state.advance_to(bench.state.next_event_ns - 1)
    bench.run(MYSQL, CancelBackup())
    statuses = set()
    while not bench.state.idle():
        statuses.update(job.status.value for job in backup.jobs)
        bench.state.advance_to(bench.state.next_event_ns)
    assert statuses == {"CANCELING", "CANCELED"}
    job, task, found = backup.job_history[0], backup.task_history[0], backup.sets[1]
    assert [job.result, task.result, found.result] == [-4072] * 3
    assert [job.status.value, task.status, found.file_status] == ["CANCELED", "CANCELED", "INCOMPLETE"]
