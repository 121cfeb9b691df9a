"""The event queue: order, cancelling, and what counts as work."""

from obsim.scheduler.events import EventQueue


def test_equal_times_keep_their_order():
    events, seen = EventQueue(), []
    for name, at in (("late", 5), ("a", 3), ("b", 3), ("first", 1), ("c", 3)):
        events.push(at, lambda _ns, name=name: seen.append(name))
    while events.next_ns() is not None:
        event = events.pop()
        event.handler(event.at_ns)
    assert seen == ["first", "a", "b", "c", "late"]


def test_a_cancelled_event_does_not_happen():
    events = EventQueue()
    gone = events.push(1, lambda _ns: None)
    events.push(2, lambda _ns: None)
    events.cancel(gone)
    assert events.next_ns() == 2
    assert events.pop().at_ns == 2
    assert events.next_ns() is None


def test_background_is_not_work():
    events = EventQueue()
    events.push(1, lambda _ns: None, background=True)
    assert not events.busy()
    work = events.push(2, lambda _ns: None)
    assert events.busy()
    events.cancel(work)
    events.cancel(work)
    assert not events.busy()
