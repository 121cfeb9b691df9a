"""How much service a running task has had: a clock that goes as fast as the tasks of a lane do.

Between two changes of what runs every task of a lane goes at one rate, a fraction of full speed, so one clock serves
them all: a task that began when the clock showed v ends when it shows v + its work. Values are integers in units of
2^-32 ns; a change of rate cuts off less than one unit, so four billion changes cost a nanosecond, the same one for all.
"""

from bisect import bisect_right

__all__ = ["SCALE_BITS", "Rate", "ServiceClock"]

SCALE_BITS = 32

Rate = tuple[int, int]
"""Part of full speed, as numerator and denominator."""


class ServiceClock:
    """A clock that shows `value` at `now_ns` and goes at `rate` from there on. It remembers every change."""

    __slots__ = ("_rates", "_times", "_values")

    def __init__(self, now_ns: int, value: int, rate: Rate) -> None:
        self._times = [now_ns]
        self._values = [value]
        self._rates = [rate]

    @property
    def change_count(self) -> int:
        """How many rates it has had."""
        return len(self._times)

    @property
    def rate(self) -> Rate:
        """The present rate."""
        return self._rates[-1]

    def value(self, at_ns: int) -> int:
        """What it showed at a time from its beginning on, or will show if the rate stays."""
        place = -1 if at_ns >= self._times[-1] else bisect_right(self._times, at_ns) - 1
        part, whole = self._rates[place]
        return self._values[place] + ((at_ns - self._times[place] << SCALE_BITS) * part) // whole

    def change(self, now_ns: int, rate: Rate) -> None:
        """Go at another rate from now on."""
        if rate == self._rates[-1]:
            return
        value = self.value(now_ns)
        if self._times[-1] == now_ns:
            self._rates[-1] = rate
        else:
            self._times.append(now_ns)
            self._values.append(value)
            self._rates.append(rate)

    def reaches_ns(self, value: int) -> int:
        """The first whole nanosecond at which it shows at least `value`, if the rate stays."""
        part, whole = self._rates[-1]
        missing = max(value - self._values[-1], 0)
        return self._times[-1] - (-(missing * whole) // (part << SCALE_BITS))

    def between(self, start_ns: int, end_ns: int) -> int:
        """Nanoseconds of full-speed service between two times."""
        return self.value(end_ns) - self.value(start_ns) >> SCALE_BITS
