"""Aggregates that SQLite has not, or has with another result: exact sums, GROUP_CONCAT, bits and spreads.

Each class serves both GROUP BY and OVER: `step`, `inverse`, `value`, `final` are what apsw calls.
"""

import math
from decimal import Decimal
from fractions import Fraction

from obsim.answers import Value
from obsim.query.functions.number import UINT64_MAX, cut, unsigned
from obsim.query.refusals import rows_more_than_one
from obsim.query.values import bounded, exact, number_of, text_of, to_decimal, whole_of

__all__ = ["AGGREGATES", "join_group"]


class Sum:
    """SUM: exact for integers and decimals, a double next to doubles and strings."""

    __slots__ = ("count", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total: int | float | Decimal = 0

    def step(self, value: Value) -> None:
        """One more value; NULL does not count."""
        if value is not None:
            self.count += 1
            self.total = self._add(value)

    def inverse(self, value: Value) -> None:
        """A value leaves the window."""
        if value is not None:
            self.count -= 1
            self.total = self._add(value, -1)

    def _add(self, value: Value, sign: int = 1) -> int | float | Decimal:
        if isinstance(value, int) and not isinstance(self.total, Decimal):
            return self.total + sign * value
        return Decimal(self.total) + sign * to_decimal(value)

    def value(self) -> Value:
        """The sum so far, NULL without values."""
        return exact(Decimal(self.total)) if self.count else None

    def final(self) -> Value:
        """The sum."""
        return self.value()


class SumDouble(Sum):
    """SUM over doubles and strings."""

    __slots__ = ()

    def _add(self, value: Value, sign: int = 1) -> int | float | Decimal:
        return float(self.total) + sign * float(number_of(value) or 0)

    def value(self) -> Value:
        """The sum so far as a double."""
        return float(self.total) if self.count else None


class Average(Sum):
    """AVG with so many digits after the point; the second argument is that number."""

    __slots__ = ("scale",)

    def step(self, value: Value, scale: Value = 30) -> None:
        """One more value."""
        self.scale = int(number_of(scale) or 0)
        Sum.step(self, value)

    def inverse(self, value: Value, scale: Value = 30) -> None:  # noqa: ARG002 - one signature
        """A value leaves the window."""
        Sum.inverse(self, value)

    def value(self) -> Value:
        """The mean so far."""
        return exact(cut(Decimal(self.total) / self.count, self.scale)) if self.count else None


class AverageDouble(SumDouble):
    """AVG over doubles and strings."""

    __slots__ = ()

    def value(self) -> Value:
        """The mean so far as a double."""
        return float(self.total) / self.count if self.count else None


class Spread:
    """Variance and its root, from exact sums; the class attributes say of a sample or of all, and whether the root."""

    __slots__ = ("count", "squares", "total")
    sample = False
    root = False

    def __init__(self) -> None:
        self.count, self.total, self.squares = 0, Fraction(0), Fraction(0)

    def step(self, value: Value, sign: int = 1) -> None:
        """One more value."""
        if value is not None:
            number = Fraction(number_of(value) or 0)
            self.count += sign
            self.total += sign * number
            self.squares += sign * number * number

    def inverse(self, value: Value) -> None:
        """A value leaves the window."""
        self.step(value, -1)

    def value(self) -> Value:
        """The spread so far, NULL with too few values."""
        if self.count - self.sample < 1:
            return None
        variance = float((self.squares - self.total * self.total / self.count) / (self.count - self.sample))
        return math.sqrt(variance) if self.root else variance

    def final(self) -> Value:
        """The spread."""
        return self.value()


class SpreadRoot(Spread):
    """STDDEV_POP."""

    root = True


class SpreadSample(Spread):
    """VAR_SAMP."""

    sample = True


class SpreadSampleRoot(Spread):
    """STDDEV_SAMP."""

    sample = True
    root = True


class Collect:
    """The texts of a group one after the other, each with its length before it; `join_group` puts the separator in."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[str] = []

    def step(self, value: Value) -> None:
        """One more text."""
        text = text_of(value)
        if text is not None:
            bounded(len(text))
            self.parts.append(f"{len(text)}:{text}")

    def inverse(self, value: Value) -> None:
        """The first text leaves the window."""
        if value is not None:
            self.parts.pop(0)

    def value(self) -> Value:
        """The texts so far, NULL without one."""
        if not self.parts:
            return None
        bounded(sum(map(len, self.parts)))
        return "".join(self.parts)

    def final(self) -> Value:
        """The texts."""
        return self.value()


def join_group(collected: str, separator: str, bytes_max: int) -> str:
    """What `Collect` gathered with the separator between, cut to so many bytes at a character."""
    texts, place = [], 0
    while place < len(collected):
        colon = collected.index(":", place)
        end = colon + 1 + int(collected[place:colon])
        texts.append(collected[colon + 1 : end])
        place = end
    bounded(len(collected) + len(texts) * len(separator))
    joined = separator.join(texts)
    encoded = joined.encode("utf8", "surrogatepass")
    return joined if len(encoded) <= bytes_max else encoded[:bytes_max].decode("utf8", "ignore")


class Only:
    """The value of a scalar subquery; a second row is 1242."""

    __slots__ = ("kept", "seen")

    def __init__(self) -> None:
        self.seen = False
        self.kept: Value = None

    def step(self, value: Value) -> None:
        """A row."""
        if self.seen:
            raise rows_more_than_one()
        self.seen, self.kept = True, value

    def inverse(self, value: Value) -> None:
        """Never used in a window."""

    def value(self) -> Value:
        """The one value."""
        return self.kept

    def final(self) -> Value:
        """The one value."""
        return self.kept


class Bits:
    """BIT_AND, BIT_OR, BIT_XOR over 64 bits without a sign, NULLs left out."""

    __slots__ = ("total",)
    start = 0

    def __init__(self) -> None:
        self.total = self.start

    def step(self, value: Value) -> None:
        """One more value."""
        if value is not None:
            self.total = self.combine(whole_of(value) or 0) & UINT64_MAX

    def combine(self, number: int) -> int:
        """BIT_OR."""
        return self.total | number

    def inverse(self, value: Value) -> None:
        """Windows over bit functions are refused before they get here."""

    def value(self) -> Value:
        """The bits so far."""
        return unsigned(self.total)

    def final(self) -> Value:
        """The bits."""
        return unsigned(self.total)


class BitsAnd(Bits):
    """BIT_AND."""

    start = UINT64_MAX

    def combine(self, number: int) -> int:
        """Bits set in every value."""
        return self.total & number


class BitsXor(Bits):
    """BIT_XOR."""

    def combine(self, number: int) -> int:
        """Bits set in an odd number of values."""
        return self.total ^ number


AGGREGATES: dict[str, type] = {
    "ob_sum": Sum,
    "ob_sum_double": SumDouble,
    "ob_avg": Average,
    "ob_avg_double": AverageDouble,
    "ob_collect": Collect,
    "ob_only": Only,
    "ob_var_pop": Spread,
    "ob_stddev_pop": SpreadRoot,
    "ob_var_samp": SpreadSample,
    "ob_stddev_samp": SpreadSampleRoot,
    "ob_bit_or": Bits,
    "ob_bit_and": BitsAnd,
    "ob_bit_xor": BitsXor,
}
"""SQLite's names of the aggregates; only rewritten queries use them."""
