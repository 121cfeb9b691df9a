"""Limits, order, pausing and cancelling of DAG tasks (engine.md 5.2-5.4, 5.7)."""

import pytest

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import HA_LOW, PRIORITIES, limit_of

S = 1_000_000_000


class Clock:
    """Shows the time of what happens."""

    now_ns, event_count = Nanoseconds(0), 0


class Bench:
    """A dispatcher with its event queue, and what finished when."""

    def __init__(self) -> None:
        self.events = EventQueue()
        self.dispatcher = Dispatcher(self.events)
        self.finished: list[tuple[str, float]] = []

    def submit(self, name: str, seconds: float, at_s: float = 0, priority=HA_LOW) -> DagTask:
        task = DagTask(name, priority, Nanoseconds(int(seconds * S)), lambda ns: self.finished.append((name, ns / S)))
        self.dispatcher.submit(task, Nanoseconds(int(at_s * S)))
        return task

    def run_to(self, at_s: float) -> None:
        self.events.run_until(int(at_s * S), 1 << 40, Clock())

    def limit(self, limit: int, at_s: float) -> None:
        self.dispatcher.set_limit(HA_LOW, limit, Nanoseconds(int(at_s * S)))


def test_built_in_limits():
    assert [(p.name, Dispatcher(EventQueue()).limit(p)) for p in PRIORITIES] == [
        ("PRIO_COMPACTION_HIGH", 6), ("PRIO_HA_HIGH", 8), ("PRIO_COMPACTION_MID", 6), ("PRIO_HA_MID", 5),
        ("PRIO_COMPACTION_LOW", 6), ("PRIO_HA_LOW", 2), ("PRIO_DDL", 2), ("PRIO_DDL_HIGH", 6), ("PRIO_TTL", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(("score", "limit"), [(0, 2), (1, 1), (2, 2), (10, 10), (100, 100)])
def test_score_to_limit(score, limit):
    assert limit_of(HA_LOW, score) == limit


def test_fifo_within_the_limit():
    bench = Bench()
    for name, seconds in (("a", 3), ("b", 1), ("c", 1), ("d", 5)):
        bench.submit(name, seconds)
    assert (bench.dispatcher.running_count(HA_LOW), bench.dispatcher.waiting_count(HA_LOW)) == (2, 2)
    bench.run_to(100)
    assert bench.finished == [("b", 1), ("c", 2), ("a", 3), ("d", 7)]


def test_priorities_do_not_share_slots():
    bench = Bench()
    for number in range(4):
        bench.submit(f"low{number}", 10)
    bench.submit("high", 1, priority=PRIORITIES[1])
    assert bench.dispatcher.running_count(PRIORITIES[1]) == 1
    bench.run_to(1)
    assert bench.finished == [("high", 1)]


def test_raising_starts_waiting_tasks_at_once():
    bench = Bench()
    for name in "abcd":
        bench.submit(name, 4)
    bench.limit(4, at_s=1)
    assert bench.dispatcher.running_count(HA_LOW) == 4
    bench.run_to(100)
    assert bench.finished == [("a", 4), ("b", 4), ("c", 5), ("d", 5)]


def test_lowering_pauses_at_the_next_yield_point():
    bench = Bench()
    tasks = [bench.submit(name, 10) for name in "ab"]
    bench.limit(1, at_s=1)
    bench.run_to(2.999)
    assert bench.dispatcher.running_count(HA_LOW) == 2
    bench.run_to(3)
    assert (bench.dispatcher.running_count(HA_LOW), bench.dispatcher.waiting_count(HA_LOW)) == (1, 1)
    bench.run_to(100)
    assert bench.finished == [("b", 10), ("a", 17)]
    assert tasks[0].segments == [(0, 3 * S), (10 * S, 17 * S)]


def test_a_task_that_ends_before_its_yield_point_is_not_paused():
    bench = Bench()
    for name in "ab":
        bench.submit(name, 2)
    bench.limit(1, at_s=1)
    bench.run_to(100)
    assert bench.finished == [("a", 2), ("b", 2)]


def test_yield_points_come_every_three_seconds_of_a_segment():
    bench = Bench()
    for name in "ab":
        bench.submit(name, 20)
    bench.limit(1, at_s=7)
    bench.run_to(8.9)
    assert bench.dispatcher.running_count(HA_LOW) == 2
    bench.run_to(9)
    assert bench.dispatcher.running_count(HA_LOW) == 1


def test_paused_tasks_go_before_ready_ones():
    bench = Bench()
    for name, seconds in (("a", 10), ("b", 10), ("c", 1)):
        bench.submit(name, seconds)
    bench.limit(1, at_s=0)
    bench.run_to(3)
    bench.limit(2, at_s=4)
    bench.run_to(100)
    assert bench.finished == [("b", 10), ("a", 11), ("c", 11)]


def test_lowering_and_raising_before_the_yield_point_pauses_nobody():
    bench = Bench()
    for name in "ab":
        bench.submit(name, 5)
    bench.limit(1, at_s=1)
    bench.limit(2, at_s=2)
    bench.run_to(100)
    assert bench.finished == [("a", 5), ("b", 5)]


def test_work_done_can_be_asked_for_any_time_of_the_past():
    bench = Bench()
    task = bench.submit("a", 10)
    bench.submit("b", 10)
    bench.limit(1, at_s=1)
    bench.run_to(20)
    assert [task.done_ns(at * S) // S for at in (0, 2, 3, 9, 10, 12, 17, 50)] == [0, 2, 3, 3, 3, 5, 10, 10]


@pytest.mark.parametrize("name", ["running", "ready", "paused"])
def test_cancel(name):
    bench = Bench()
    tasks = {"paused": bench.submit("paused", 10), "running": bench.submit("running", 10)}
    tasks["ready"] = bench.submit("ready", 1)
    bench.limit(1, at_s=0)
    bench.run_to(3)
    bench.dispatcher.cancel(tasks[name], Nanoseconds(4 * S))
    assert tasks[name].cancelled
    assert (bench.dispatcher.running_count(HA_LOW), bench.dispatcher.waiting_count(HA_LOW)) == (1, 1)
    bench.run_to(100)
    assert sorted(kind for kind, _ in bench.finished) == sorted({"running", "ready", "paused"} - {name})
    assert bench.dispatcher.kind_counts() == {}


def test_kind_counts():
    bench = Bench()
    for kind in ("BACKUP_DATA", "BACKUP_DATA", "BACKUP_DATA", "BACKUP_META"):
        bench.submit(kind, 1)
    assert bench.dispatcher.kind_counts() == {"BACKUP_DATA": 3, "BACKUP_META": 1}


def test_every_change_is_counted():
    bench = Bench()
    seen = [bench.dispatcher.change_count]
    bench.submit("a", 1)
    seen.append(bench.dispatcher.change_count)
    bench.limit(5, 0)
    seen.append(bench.dispatcher.change_count)
    bench.run_to(1)
    seen.append(bench.dispatcher.change_count)
    assert seen == sorted(set(seen))


def dag(name, bench, seconds, *parents, priority=HA_LOW, **options):
    return DagTask(
        name, priority, Nanoseconds(int(seconds * S)), lambda ns: bench.finished.append((name, ns / S)),
        parents=parents, **options,
    )  # fmt: skip


def test_a_child_runs_after_all_its_parents():
    bench = Bench()
    first, second = dag("first", bench, 2), dag("second", bench, 3)
    child = dag("child", bench, 1, first, second)
    grandchild = dag("grandchild", bench, 1, child)
    bench.dispatcher.submit_net([first, second, child, grandchild], Nanoseconds(0))
    assert (bench.dispatcher.waiting_count(HA_LOW), bench.dispatcher.blocked_count(HA_LOW)) == (0, 2)
    assert [task.kind for task in bench.dispatcher.unfinished()] == ["first", "second", "child", "grandchild"]
    bench.run_to(100)
    assert bench.finished == [("first", 2), ("second", 3), ("child", 4), ("grandchild", 5)]


def test_a_finished_parent_is_not_waited_for():
    bench = Bench()
    parent = bench.submit("parent", 1)
    bench.run_to(1)
    bench.dispatcher.submit(dag("child", bench, 1, parent), Nanoseconds(2 * S))
    bench.run_to(100)
    assert bench.finished == [("parent", 1), ("child", 3)]


def test_cancelling_takes_along_what_waits_for_the_task():
    bench = Bench()
    parent = dag("parent", bench, 5)
    child = dag("child", bench, 1, parent)
    grandchild = dag("grandchild", bench, 1, child)
    bench.dispatcher.submit_net([parent, child, grandchild], Nanoseconds(0))
    bench.dispatcher.cancel(parent, Nanoseconds(S))
    late = dag("late", bench, 1, parent)
    bench.dispatcher.submit(late, Nanoseconds(2 * S))
    bench.run_to(100)
    assert (child.cancelled, grandchild.cancelled, late.cancelled) == (True, True, True)
    assert bench.finished == [] == bench.dispatcher.unfinished()


def test_cancelling_one_child_leaves_the_others():
    bench = Bench()
    parent = dag("parent", bench, 5)
    child, other = dag("child", bench, 1, parent), dag("other", bench, 1, parent)
    bench.dispatcher.submit_net([parent, child, other], Nanoseconds(0))
    bench.dispatcher.cancel(child, Nanoseconds(S))
    bench.run_to(100)
    assert bench.finished == [("parent", 5), ("other", 6)]


@pytest.mark.parametrize(("not_before_s", "starts_s"), [(0.5, 0.5), (1, 6.5), (5.5, 6.5), (5.6, 11.5), (12, 16.5)])
def test_a_refusing_task_is_asked_every_five_seconds(not_before_s, starts_s):
    """Passes come every second from 0.5 s on; those of 5.5 s, 10.5 s and 15.5 s look, the next one starts."""
    bench = Bench()
    task = dag("a", bench, 1, not_before_ns=Nanoseconds(int(not_before_s * S)))
    bench.dispatcher.submit(task, Nanoseconds(S // 2))
    bench.run_to(100)
    assert (task.start_ns / S, bench.finished) == (starts_s, [("a", starts_s + 1)])


def test_an_emergency_goes_before_the_ready_ones():
    bench = Bench()
    for name in "abc":
        bench.submit(name, 1)
    urgent = dag("urgent", bench, 1, emergency=True)
    bench.dispatcher.submit(urgent, Nanoseconds(0))
    bench.limit(1, 0)
    bench.run_to(100)
    assert urgent.segments == [(S, 2 * S)]
    assert [name for name, _ in bench.finished] == ["a", "b", "urgent", "c"]


def test_a_signal_is_a_pass_too():
    """The look is made by whatever signals first from 5 s on; what it finds starts at once if the scan found work."""
    bench = Bench()
    refusing = dag("refusing", bench, 1, not_before_ns=Nanoseconds(S))
    bench.dispatcher.submit(refusing, Nanoseconds(300_000_000))
    bench.run_to(5.1)
    bench.submit("other", 1, at_s=5.2)
    bench.run_to(100)
    assert bench.finished == [("refusing", 6.2), ("other", 6.2)]
    assert refusing.segments == [(5_200_000_000, 6_200_000_000)]


def test_starts_of_one_moment_follow_the_scan_order():
    events, steps = EventQueue(), []
    dispatcher = Dispatcher(events, steps)
    bench = Bench()
    net = [dag(name, bench, 1, priority=PRIORITIES[index]) for name, index in (("a", 5), ("b", 0), ("c", 8), ("d", 1))]
    dispatcher.submit_net(net, Nanoseconds(0))
    assert steps == [(0, "start", 2), (0, "start", 4), (0, "start", 1), (0, "start", 3)]


def test_a_paused_task_is_let_in_after_half_a_minute():
    """At yield points every 3 s; the first at which a task has waited for over 30 s is 33 s after its pause."""
    bench = Bench()
    tasks = [bench.submit(name, 60) for name in "ab"]
    bench.limit(1, at_s=0)
    bench.run_to(1000)
    assert tasks[0].segments == [(0, 3 * S), (36 * S, 69 * S), (93 * S, 117 * S)]
    assert tasks[1].segments == [(0, 36 * S), (69 * S, 93 * S)]


def test_finished_tasks_are_kept_without_what_they_hold():
    bench = Bench()
    parent = dag("parent", bench, 1)
    bench.dispatcher.submit_net([parent, dag("child", bench, 1, parent)], Nanoseconds(0))
    bench.run_to(100)
    kept = list(bench.dispatcher.finished)
    assert [(task.kind, task.segments) for task in kept] == [("parent", [(0, S)]), ("child", [(S, 2 * S)])]
    assert all(task.parents == () and task.children is None for task in kept)


def test_a_task_can_be_printed_before_it_is_submitted():
    bench = Bench()
    child = dag("child", bench, 1, dag("parent", bench, 1))
    assert repr(child).startswith("DagTask(kind='child', ")
    bench.dispatcher.submit_net([*child.parents, child], Nanoseconds(0))
    assert "queue" not in repr(child)
