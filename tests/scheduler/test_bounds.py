"""Where a scheduler ends: as many DAGs of a type as it holds, and clocks with many changes behind them."""

import pytest

from obsim.errors import ServerError
from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import DAG_COUNT_MAX, Dispatcher
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import HA_LOW, PRIORITIES

S = 1_000_000_000
NOW = Nanoseconds(0)


class Clock:
    """Shows the time of what happens."""

    now_ns, event_count = Nanoseconds(0), 0


def let_happen(events: EventQueue, upto_ns: int) -> None:
    assert events.run_until(upto_ns, 1 << 40, Clock())


def task(kind="BACKUP_DATA", seconds=1.0, priority=HA_LOW):
    return DagTask(kind, priority, Nanoseconds(int(seconds * S)), None)


def test_a_type_has_so_many_dags_and_no_more():
    dispatcher = Dispatcher(EventQueue())
    dispatcher.submit_net([task() for _ in range(DAG_COUNT_MAX)], NOW)
    with pytest.raises(ServerError) as refused:
        dispatcher.submit(task(), NOW)
    assert refused.value.errno == 4019
    dispatcher.submit(task("BACKUP_META"), NOW)  # of another type there is room
    with pytest.raises(ServerError):
        dispatcher.submit_net([task("BACKUP_META"), task()], NOW)
    assert dispatcher.kind_counts() == {"BACKUP_DATA": DAG_COUNT_MAX, "BACKUP_META": 1}, "none of a net that is refused"


def test_a_net_that_is_too_large_by_itself_is_refused_whole():
    dispatcher = Dispatcher(EventQueue())
    with pytest.raises(ServerError, match="4019"):
        dispatcher.submit_net([task() for _ in range(DAG_COUNT_MAX + 1)], NOW)
    assert dispatcher.kind_counts() == {}


def test_what_is_ordered_is_counted():
    events = EventQueue()
    dispatcher = Dispatcher(events)
    before = events.ordered_count()
    dispatcher.submit_net([task(seconds=1), task(seconds=2)], NOW)
    ordered = events.push(Nanoseconds(5 * S), lambda _ns: None)
    events.push(Nanoseconds(6 * S), lambda _ns: None)
    assert events.ordered_count() == before + 4
    events.cancel(ordered)
    assert events.ordered_count() == before + 3
    let_happen(events, 3 * S // 2)
    assert events.ordered_count() == before + 2


def test_a_clock_with_many_changes_behind_it_shows_the_same():
    """Two threads share a CPU all the time, a third comes and goes 300 times: no work is lost, none done twice."""
    events = EventQueue()
    dispatcher = Dispatcher(events, cpus=1_000)
    lasting = [task("VALIDATE_NOTHING", 600, priority) for priority in PRIORITIES[:2]]
    dispatcher.submit_net(lasting, NOW)
    clocks = set()
    for n in range(300):
        begin = n * 4 * S
        dispatcher.submit(task("VALIDATE_NOTHING", 0.5, PRIORITIES[4]), Nanoseconds(begin))
        let_happen(events, begin + 4 * S - 1)
        for one in lasting:  # of four seconds half a one was the third thread's
            assert one.done_ns(begin + 4 * S) == pytest.approx((n + 1) * 1.75 * S, abs=2 * (n + 1))
            clocks.add(one.clock)
    assert len(clocks) > 1, "it has been renewed"


def test_a_task_that_runs_has_run_until_now():
    events = EventQueue()
    dispatcher = Dispatcher(events)
    dispatcher.set_limit(HA_LOW, 1, NOW)
    first, second = task(seconds=2), task(seconds=3)
    dispatcher.submit_net([first, second], NOW)
    assert (first.ran(1 * S), second.ran(1 * S)) == ([(0, 1 * S)], [])
    let_happen(events, 4 * S)
    assert (first.ran(4 * S), second.ran(4 * S)) == ([(0, 2 * S)], [(2 * S, 4 * S)])


def test_a_look_after_pauses_changes_no_count():
    """What has paused and gone on stands in the list of starts twice until somebody looks: each start counts once."""
    events = EventQueue()
    dispatcher = Dispatcher(events)
    dispatcher.set_limit(HA_LOW, 3, NOW)
    dispatcher.submit_net([task(seconds=4), task(seconds=20), task(seconds=20)], NOW)
    dispatcher.set_limit(HA_LOW, 1, NOW)
    let_happen(events, 3 * S)
    assert (dispatcher.running_count(HA_LOW), dispatcher.waiting_count(HA_LOW)) == (1, 2)
    dispatcher.set_limit(HA_LOW, 3, Nanoseconds(3 * S))
    let_happen(events, 5 * S)
    before = dispatcher.change_count
    begun = dispatcher.overview()[HA_LOW.index][4]
    assert sorted(begun) == sorted(set(begun))
    assert dispatcher.change_count == before
