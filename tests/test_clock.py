from datetime import datetime

import pytest

from obsim.clock import ManualClock, StepClock, WallClock, clock_named, moment_ns, moment_of
from obsim.errors import UsageError

SECOND = 1_000_000_000
START = 1_704_038_400 * SECOND


class Counter:
    """A monotonic counter that a test turns by hand."""

    def __init__(self) -> None:
        self.ns = 77

    def __call__(self) -> int:
        return self.ns


def test_manual_never_moves() -> None:
    clock = ManualClock()
    assert clock.due_ns(START, acts=True) == START
    assert clock.due_ns(START, acts=False) == START


def test_step_moves_only_with_statements_that_act() -> None:
    clock = StepClock(3 * SECOND)
    assert clock.due_ns(START, acts=True) == START + 3 * SECOND
    assert clock.due_ns(START, acts=False) == START


def test_wall_follows_the_counter_times_speed() -> None:
    counter = Counter()
    clock = WallClock(counter, START, speed=2.5)
    counter.ns += 4 * SECOND
    assert clock.due_ns(START, acts=False) == START + 10 * SECOND


def test_wall_never_falls_behind_what_was_shown() -> None:
    counter = Counter()
    clock = WallClock(counter, START)
    assert clock.due_ns(START + SECOND, acts=False) == START + SECOND


def test_wall_goes_on_from_a_jump() -> None:
    counter = Counter()
    clock = WallClock(counter, START)
    counter.ns += SECOND
    clock.rebase(START + 600 * SECOND)
    counter.ns += SECOND
    assert clock.due_ns(START + 600 * SECOND, acts=False) == START + 601 * SECOND


def test_wall_keeps_whole_nanoseconds_over_years() -> None:
    counter = Counter()
    clock = WallClock(counter, START)
    counter.ns += 20 * 365 * 86_400 * SECOND + 1
    assert clock.due_ns(START, acts=False) == START + 20 * 365 * 86_400 * SECOND + 1


@pytest.mark.parametrize(("name", "kind"), [("manual", ManualClock), ("step", StepClock), ("wall", WallClock)])
def test_clock_named(name: str, kind: type) -> None:
    clock = clock_named(name, now_ns=START, monotonic_ns=Counter())
    assert isinstance(clock, kind)
    assert clock.name == name


def test_what_is_no_clock_is_refused() -> None:
    with pytest.raises(UsageError, match="choose wall, manual, autojump or step"):
        clock_named("sundial", now_ns=START, monotonic_ns=Counter())
    with pytest.raises(UsageError, match="longer than nothing"):
        StepClock(0)
    with pytest.raises(UsageError, match="above 0"):
        WallClock(Counter(), START, speed=0.0)


def test_times() -> None:
    assert moment_ns(5) == 5
    assert moment_ns("2024-01-01 00:00:00") == START
    assert moment_ns("2023-12-31T16:00:00Z") == START
    assert moment_ns(datetime(2024, 1, 1, 0, 0, 0, 7)) == START + 7_000  # noqa: DTZ001 - without a zone it is +08:00
    assert moment_of(START + 1_999).isoformat() == "2024-01-01T00:00:00.000001+08:00"
    for wrong in ("soon", "1969-12-31", -1):
        with pytest.raises(UsageError):
            moment_ns(wrong)
