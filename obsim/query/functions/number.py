"""Arithmetic of MySQL that SQLite does otherwise: decimal division, DIV and MOD, rounding half away from zero."""

import math
import operator
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Context, Decimal

from obsim.answers import Value
from obsim.query.kinds import INT64_MAX
from obsim.query.refusals import out_of_range
from obsim.query.values import clamped, exact, near, number_of, quantized, to_decimal, whole_of

__all__ = [
    "bits",
    "cast_decimal", "cast_signed",
    "cast_unsigned",
    "ceiling",
    "crc32_",
    "cut",
    "decimal_text",
    "divide",
    "exponential",
    "floor",
    "integer_divide",
    "logarithm",
    "modulo",
    "power",
    "round_",
    "round_double",
    "sign",
    "square_root",
    "truncate",
    "unsigned",
    "unsigned_arithmetic",
    "without_sign",
]

Number = int | float
SCALE_MAX = 30
UINT64_MAX = 2**64 - 1
_CUTTING = Context(prec=80, rounding=ROUND_DOWN)


def divide(left: Value, right: Value, scale: int) -> Value:
    """`/`: NULL by zero; a decimal with `scale` digits, or a double where scale is -1."""
    if left is None or right is None:
        return None
    if scale < 0:
        low = number_of(right)
        return None if not low else (number_of(left) or 0) / low
    divisor = to_decimal(right)
    return near(cut(to_decimal(left) / divisor, scale)) if divisor else None


def integer_divide(left: Value, right: Value) -> Value:
    """DIV: towards zero, NULL by zero."""
    if left is None or right is None:
        return None
    divisor = to_decimal(right)
    return clamped(int(to_decimal(left) / divisor)) if divisor else None


def modulo(left: Value, right: Value) -> Value:
    """MOD and %: the sign of the dividend, NULL by zero."""
    if left is None or right is None:
        return None
    divisor = to_decimal(right)
    return exact(to_decimal(left) % divisor) if divisor else None


def without_sign(number: Decimal) -> Decimal:
    """Zero without a sign, any other number as it is."""
    return number or abs(number)


def cut(number: Decimal, digits: int) -> Decimal:
    """The number without what comes after so many digits."""
    return number.quantize(Decimal(1).scaleb(-digits), context=_CUTTING)


def round_double(number: Value, digits: int = 0) -> Value:
    """ROUND of a double: half to even, as the processor rounds."""
    value = float(number_of(number) or 0)
    return round(value, digits) if abs(value) < 1e15 else value


def round_(number: Number, digits: int = 0) -> Value:
    """Half away from zero; negative digits round before the point."""
    places = max(-SCALE_MAX, min(SCALE_MAX, digits))
    if isinstance(number, int) and places >= 0:
        return number
    if isinstance(number, float) and (math.isinf(number) or abs(number) >= 1e40):
        return number
    return exact(quantized(to_decimal(number), places))


def truncate(number: Number, digits: int) -> Value:
    """Cut after so many digits."""
    places = max(-SCALE_MAX, min(SCALE_MAX, digits))
    if isinstance(number, float) and abs(number) >= 1e40:
        return number
    return exact(cut(to_decimal(number), places))


def ceiling(number: Number) -> Value:
    """The least integer not below."""
    return exact(to_decimal(number).to_integral_value(rounding=ROUND_CEILING))


def floor(number: Number) -> Value:
    """The greatest integer not above."""
    return exact(to_decimal(number).to_integral_value(rounding=ROUND_FLOOR))


def sign(number: Number) -> int:
    """-1, 0 or 1."""
    return (number > 0) - (number < 0)


def power(base: Number, exponent: Number) -> Value:
    """The base to the exponent, as a double; NULL where it is not a number or not finite."""
    try:
        result = math.pow(base, exponent)
    except (OverflowError, ValueError):
        return None
    return result


def square_root(number: Number) -> Value:
    """NULL for negative numbers."""
    return math.sqrt(number) if number >= 0 else None


def exponential(number: Number) -> Value:
    """E to the power of the argument."""
    return math.exp(number) if number < 709 else None


def logarithm(first: Number, second: Number | None = None) -> Value:
    """LN with one argument, to the base of the first with two; NULL outside its domain."""
    if second is None:
        return math.log(first) if first > 0 else None
    if second <= 0 or first <= 0 or first == 1:
        return None
    if first in {2, 10}:
        return math.log2(second) if first == 2 else math.log10(second)
    return math.log(second) / math.log(first)


def decimal_text(value: Value, scale: int) -> Value:
    """A decimal as text with all its digits."""
    return None if value is None else f"{without_sign(quantized(to_decimal(value), scale)):f}"


def cast_decimal(value: Value, digits: int, scale: int) -> Value:
    """CAST(... AS DECIMAL(digits, scale)); too large a value becomes the largest."""
    if value is None:
        return None
    largest = Decimal(10) ** (digits - scale) - Decimal(1).scaleb(-scale)
    return exact(max(-largest, min(largest, quantized(to_decimal(value), scale))))


def cast_unsigned(value: Value) -> Value:
    """CAST(... AS UNSIGNED), kept within what SQLite's integers hold; a negative number wraps round as text."""
    number = whole_of(value)
    return number if number is None or number >= 0 else str(number + 2**64)


def cast_signed(value: Value) -> Value:
    """CAST of a number without a sign AS SIGNED: the same 64 bits."""
    if value is None:
        return None
    pattern = _bit_pattern(value)
    return pattern if pattern <= INT64_MAX else pattern - 2**64


def _bit_pattern(value: Value) -> int:
    """A value as 64 bits."""
    whole = int(value) if isinstance(value, str) and value.isdigit() else whole_of(value) or 0
    return whole & UINT64_MAX


def unsigned(number: int) -> Value:
    """A number of 64 bits without a sign for SQLite: as text where its own integers end."""
    return number if number <= INT64_MAX else str(number)


_BIT_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": lambda a, b: (a << b) & UINT64_MAX if b < 64 else 0,
    ">>": lambda a, b: a >> b if b < 64 else 0,
}


def bits(left: Value, sign: str, right: Value) -> Value:
    """`& | ^ << >>` over 64 bits without a sign."""
    if left is None or right is None:
        return None
    return unsigned(_BIT_OPERATORS[sign](_bit_pattern(left), _bit_pattern(right)))


_UNSIGNED_OPERATORS: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def unsigned_arithmetic(left: Value, sign: str, right: Value) -> Value:
    """`+ - *` where one side has no sign, so the result has none; raises 1690 outside 64 bits."""
    if left is None or right is None:
        return None
    found = _UNSIGNED_OPERATORS[sign](int(left), int(right))
    if not 0 <= found <= UINT64_MAX:
        raise out_of_range("BIGINT UNSIGNED")
    return unsigned(found)


def crc32_(raw: bytes) -> int:
    """CRC-32 of bytes, those of a text in UTF-8."""
    from zlib import crc32  # noqa: PLC0415 - rarely asked for, and start-up counts

    return crc32(raw)
