"""How MySQL reads a value as a number, a text or a decimal, and the budget that bounds what one statement produces."""

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from re import ASCII
from re import compile as re_compile
from threading import local

from obsim.answers import Value
from obsim.query.kinds import INT64_MAX, plain_number
from obsim.query.refusals import result_too_large, statement_too_costly

__all__ = [
    "BUDGET", "TRUNCATIONS", "Budget", "Truncations", "bounded", "bytes_of", "exact", "is_number", "near",
    "number_of", "quantized", "read_number", "text_of", "to_decimal", "whole_of", "whole_prefix",
]

_NUMBER = re_compile(r"\s*([-+]?)(\d+(?:\.\d*)?|\.\d+)((?:[eE][-+]?\d+)?)", ASCII)
_WIDE = Context(prec=80, rounding=ROUND_HALF_UP)
_WHOLE = re_compile(r"\s*[-+]?\d{1,4000}", ASCII)
_DOUBLE_EXACT_MAX = 2**53
TEXT_BYTES_MAX = 16 << 20


class Budget:
    """Characters that the functions of one statement may read and write; SQLite counts only its own steps."""

    __slots__ = ("left",)
    START = 256 << 20

    def __init__(self) -> None:
        self.left = self.START

    def renew(self) -> None:
        """A statement begins."""
        self.left = self.START

    def charge(self, characters: int) -> None:
        """Take from the budget; raises 3024 when nothing is left."""
        self.left -= characters
        if self.left < 0:
            raise statement_too_costly()


class Spending(local):
    """The budget of the statement that a thread runs: one process may have a server in each of several threads."""

    def __init__(self) -> None:
        self.budget = Budget()

    def begin(self, budget: Budget) -> None:
        """A statement begins that has this budget, whole."""
        budget.renew()
        self.budget = budget

    def charge(self, characters: int) -> None:
        """Take from it. Raises as `Budget.charge`."""
        self.budget.charge(characters)


BUDGET = Spending()
"""Statements run one at a time on a thread, each begins with one of its own."""


class Truncations(local):
    """Texts that the present statement of a thread read as numbers and that are none, as warning 1292 words them."""

    MAX = 64
    TEXT_MAX = 128
    """Characters of the value that a message shows."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def note(self, kind: str, text: str) -> None:
        """Remember one; the first 64 are enough."""
        if len(self.messages) < self.MAX:
            self.messages.append(f"Truncated incorrect {kind} value: '{text[: self.TEXT_MAX]}'")


TRUNCATIONS = Truncations()
"""As BUDGET: each statement begins with none."""


def bounded(characters: int) -> None:
    """Raise 4019 for a text that would be longer than SQLite may hold; called before it is built."""
    if characters > TEXT_BYTES_MAX:
        raise result_too_large()
    if characters > 4096:
        BUDGET.charge(characters)


def number_of(value: Value) -> int | float | None:
    """A value as a number: of a text, the number it begins with, else 0."""
    if value.__class__ is int or value.__class__ is float or value is None:
        return value
    text = value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)
    match = _NUMBER.match(text)
    if match is None:
        return 0
    sign, digits, exponent = match.groups()
    if exponent or "." in digits:
        number = float(sign + digits + exponent)
        return number if abs(number) != float("inf") else 1.7976931348623157e308 * (-1 if sign == "-" else 1)
    whole = int(sign + digits) if len(digits) < 4000 else INT64_MAX + 1
    return whole if -INT64_MAX <= whole <= INT64_MAX else float(whole)


def is_number(text: str) -> bool:
    """Whether a text is a number and nothing else; blanks around it do not matter."""
    match = _NUMBER.match(text)
    return match is not None and not text[match.end() :].strip()


def read_number(value: Value, kind: str = "DOUBLE") -> int | float | None:
    """As `number_of`, with a warning for a text that is not all of it a number."""
    if isinstance(value, str) and not is_number(value):
        TRUNCATIONS.note(kind, value)
    return number_of(value)


def whole_of(value: Value) -> int | None:
    """A value as an integer, rounded half away from zero."""
    number = number_of(value)
    if number is None or number.__class__ is int:
        return number
    return clamped(int(to_decimal(number).quantize(Decimal(1), context=_WIDE))) if abs(number) < 1e30 else INT64_MAX


def clamped(number: int) -> int:
    """An integer kept within 64 bits."""
    return max(-INT64_MAX - 1, min(INT64_MAX, number))


def text_of(value: Value) -> str | None:
    """A value as text; a double prints as MySQL prints it."""
    if value.__class__ is str or value is None:
        return value
    if isinstance(value, float):
        return plain_number(value)
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def bytes_of(value: Value) -> bytes | None:
    """The bytes of a value: a binary string's own, anything else's text in UTF-8."""
    if isinstance(value, bytes):
        return value
    text = text_of(value)
    return None if text is None else text.encode("utf8", "surrogatepass")


def to_decimal(value: Value) -> Decimal:
    """A value as an exact decimal."""
    if isinstance(value, str | bytes):
        text = value.decode("utf8", "replace") if isinstance(value, bytes) else value
        match = _NUMBER.match(text)
        try:
            return Decimal(match.group().strip()) if match else Decimal(0)
        except InvalidOperation:
            return Decimal(0)
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value or 0)


def quantized(number: Decimal, scale: int) -> Decimal:
    """Rounded half away from zero to so many digits after the point."""
    try:
        return number.quantize(Decimal(1).scaleb(-scale), context=_WIDE)
    except InvalidOperation:
        return number


def near(number: Decimal) -> int | float:
    """A decimal for SQLite: an integer if it is one, else the nearest double."""
    if number == number.to_integral_value() and abs(number) <= INT64_MAX:
        return int(number)
    return float(number)


def exact(number: Decimal) -> int | float | str:
    """A decimal for SQLite, as a number where that is possible.

    Beyond 2^53 a fraction, and beyond 2^63 an integer, keeps its digits as text: SQLite orders any text after any
    number, which is where such a value belongs.
    """
    if number <= _DOUBLE_EXACT_MAX:
        return near(number)
    if number == number.to_integral_value():
        whole = int(number)
        return whole if whole <= INT64_MAX else str(whole)
    return f"{number:f}"


def whole_prefix(value: Value) -> int | None:
    """CAST of a text to a whole number: the digits it begins with, with a warning where there is more."""
    if not isinstance(value, str):
        return whole_of(value)
    match = _WHOLE.match(value)
    if match is None or value[match.end() :].strip():
        TRUNCATIONS.note("INTEGER", value)
    return clamped(int(match.group())) if match else 0
