"""How virtual time follows the world: by hand, by step or by the wall.

A clock owns no time. It is told the cluster's virtual time and says where that time is due; `obsim.session` moves the
cluster there. So the core never meets a wall clock: the one mode that needs it gets a monotonic counter handed in.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Protocol

from obsim.errors import UsageError
from obsim.units import SECOND_NS

__all__ = [
    "AutojumpClock", "ClockMode", "ManualClock", "StepClock", "WallClock", "clock_named", "moment_ns", "moment_of",
]  # fmt: skip

SPEED_MAX = 1_000_000
_SPEED_DENOMINATOR_MAX = 1_000_000


class ClockMode(Protocol):
    """Where virtual time is due. All times are nanoseconds since 1970-01-01 UTC."""

    @property
    def name(self) -> str:
        """`manual`, `autojump`, `step` or `wall`, as `--clock` spells it."""
        ...

    @property
    def after(self) -> int:
        """After how many repeats of an answer time jumps; 0 for never."""
        ...

    def due_ns(self, now_ns: int, *, acts: bool) -> int:
        """The virtual time before a statement runs, at least `now_ns`.

        `acts` says that the statement is one that a step counts: an ALTER SYSTEM or a SELECT naming an OceanBase view.
        """
        ...

    def rebase(self, now_ns: int) -> None:
        """Take `now_ns` as the present: a jump, a reset or a start moved virtual time."""
        ...


class ManualClock:
    """Time stands still until somebody moves it."""

    name = "manual"
    after = 0

    def due_ns(self, now_ns: int, *, acts: bool) -> int:  # noqa: ARG002 - the three modes share one signature
        """`now_ns`: no statement moves this clock."""
        return now_ns

    def rebase(self, now_ns: int) -> None:
        """Nothing to remember."""


class AutojumpClock(ManualClock):
    """As `ManualClock`; but whoever asks the same again and would get the same answer while work goes on is taken on.

    After `after` such repeats time first moves to where what was asked about may change: `Session` does it.
    """

    name = "autojump"

    def __init__(self, after: int = 1) -> None:
        if after < 1:
            raise UsageError("an autojump comes after one repeat or more")
        self.after = after


class StepClock:
    """Time moves by one step with each statement that acts, so that every client sees the same times."""

    name = "step"
    after = 0

    def __init__(self, step_ns: int = SECOND_NS) -> None:
        if step_ns <= 0:
            raise UsageError("the step of the clock must be longer than nothing")
        self.step_ns = step_ns

    def due_ns(self, now_ns: int, *, acts: bool) -> int:
        """One step ahead when the statement acts."""
        return now_ns + self.step_ns if acts else now_ns

    def rebase(self, now_ns: int) -> None:
        """Nothing to remember: a step counts from wherever time is."""


class WallClock:
    """Time follows a monotonic counter (nanoseconds) times `speed`, from the point it was last rebased."""

    name = "wall"
    after = 0

    def __init__(self, monotonic_ns: Callable[[], int], now_ns: int, speed: float = 1.0) -> None:
        if not 0 < speed <= SPEED_MAX:
            raise UsageError(f"the speed of the clock must be above 0 and at most {SPEED_MAX}")
        self._monotonic_ns = monotonic_ns
        # A fraction, because a float of nanoseconds loses whole microseconds within months.
        self._speed = Fraction(speed).limit_denominator(_SPEED_DENOMINATOR_MAX)
        self._from_ns = now_ns
        self._counter_ns = monotonic_ns()

    def due_ns(self, now_ns: int, *, acts: bool) -> int:  # noqa: ARG002 - the three modes share one signature
        """Where the wall has got to; never behind `now_ns`."""
        elapsed_ns = self._monotonic_ns() - self._counter_ns
        return max(now_ns, self._from_ns + elapsed_ns * self._speed.numerator // self._speed.denominator)

    def rebase(self, now_ns: int) -> None:
        """Go on from `now_ns` at this moment of the wall."""
        self._from_ns = now_ns
        self._counter_ns = self._monotonic_ns()


def clock_named(
    name: str, *, now_ns: int, monotonic_ns: Callable[[], int], step_ns: int = SECOND_NS, speed: float = 1.0,
    autojump_after: int = 1,
) -> ClockMode:  # fmt: skip
    """The clock that `--clock` names; raises UsageError for another word, a step of nothing or an impossible speed."""
    match name:
        case "manual":
            return ManualClock()
        case "autojump":
            return AutojumpClock(autojump_after)
        case "step":
            return StepClock(step_ns)
        case "wall":
            return WallClock(monotonic_ns, now_ns, speed)
        case _:
            raise UsageError(f"'{name}' is not a clock: choose wall, manual, autojump or step")


CLUSTER_ZONE = timezone(timedelta(hours=8))
"""The zone of times that name none: OceanBase's default time_zone."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_ns(moment: int | str | datetime) -> int:
    """Nanoseconds since 1970-01-01 UTC of nanoseconds, a datetime or an ISO text; without a zone it is +08:00.

    Raises UsageError for a text that is no time and for a moment before 1970.
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise UsageError(f"'{moment}' is not a time: write it as '2024-01-01 00:00:00'") from None
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo else moment.replace(tzinfo=CLUSTER_ZONE)
        moment = (aware - _EPOCH) // timedelta(microseconds=1) * 1000
    if moment < 0:
        raise UsageError("virtual time does not reach before 1970")
    return moment


def moment_of(time_ns: int) -> datetime:
    """The datetime of nanoseconds, cut to microseconds, in the zone +08:00."""
    return (_EPOCH + timedelta(microseconds=time_ns // 1000)).astimezone(CLUSTER_ZONE)
