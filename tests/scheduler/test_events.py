"""The event queue: order, cancelling, and what counts as work."""

from obsim.scheduler.events import EventQueue


def test_equal_times_keep_their_order():
    events, seen = EventQueue(), []
    for name, at in (("late", 5), ("a", 3), ("b", 3), ("first", 1), ("c", 3)):
        events.push(at, lambda _ns, name=name: seen.append(name))
    events.run()
    assert seen == ["first", "a", "b", "c", "late"]


def test_a_cancelled_event_does_not_happen():
    events = EventQueue()
    seen = []
    gone = events.push(1, seen.append)
    events.push(2, seen.append)
    events.cancel(gone)
    assert events.next_ns() == 2
    events.run()
    assert seen == [2]
    assert events.next_ns() is None


def test_an_alarm_is_set_anew():
    events, seen = EventQueue(), []
    alarm = events.alarm(seen.append)
    for at in (5, 3, 7, 3):
        events.set(alarm, at, 1)
    assert events.busy()
    events.run()
    assert (seen, events.busy()) == ([3], False)
    events.set(alarm, 9, 1)
    events.cancel(alarm)
    events.run()
    assert (seen, events.busy()) == ([3], False)


def test_background_is_not_work():
    events = EventQueue()
    events.push(1, lambda _ns: None, background=True)
    assert not events.busy()
    work = events.push(2, lambda _ns: None)
    assert events.busy()
    events.cancel(work)
    events.cancel(work)
    assert not events.busy()


class Clock:
    """What `run_until` moves."""

    now_ns, event_count = 0, 0


def test_run_until_stops_at_the_target_or_when_it_has_done_enough():
    events, clock, seen = EventQueue(), Clock(), []
    for at in (4, 1, 2, 9, 2):
        events.push(at, lambda ns: seen.append((ns, clock.now_ns)))
    events.cancel(events.push(1, seen.append))
    assert not events.run_until(4, 2, clock)
    assert (seen, clock.event_count) == ([(1, 1), (2, 2)], 2)
    assert events.run_until(4, 5, clock)
    assert (seen[2:], clock.event_count) == ([(2, 2), (4, 4)], 4)
    assert (clock.now_ns, events.next_ns()) == (4, 9)
    assert events.run_until(100, 5, clock)
    assert (clock.now_ns, clock.event_count, events.next_ns()) == (9, 5, None)
