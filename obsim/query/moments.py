"""Points in time as text and as microseconds since 1970-01-01 00:00:00 of the same zone; no clock is read here.

The canonical text has 26 characters, `YYYY-MM-DD HH:MM:SS.ffffff`, so that comparing texts compares times.
"""

from functools import lru_cache
from re import ASCII, DOTALL
from re import compile as re_compile

from obsim.answers import Value
from obsim.ids import display_time
from obsim.units import DAY_US, SECOND_US

__all__ = [
    "MONTH_NAMES", "WEEKDAY_NAMES", "add_months", "canonical", "date_text", "day_number",
    "fields", "moment_number", "moment_text", "moment_us", "time_text", "time_us",
]

_YEAR_MAX = 9999
_FULL = re_compile(
    r"\s*(\d{1,4})[-/.:](\d{1,2})[-/.:](\d{1,2})(?:[ T]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?)?.*",
    ASCII | DOTALL,
)
_DIGITS = re_compile(r"\s*(\d{4}|\d{2})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)(?:\.(\d*))?)?\s*", ASCII)
_CLOCK = re_compile(r"\s*(-)?(?:(\d+)\s+)?(\d{1,3})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?\s*", ASCII)
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def is_leap(year: int) -> bool:
    """Whether February has 29 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    """Days of a month."""
    return 29 if month == 2 and is_leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 (proleptic Gregorian)."""
    year -= month <= 2
    era, yoe = divmod(year, 400)
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719_468


def fields(moment: int) -> tuple[int, int, int, int, int, int, int]:
    """Year, month, day, hour, minute, second, microsecond of a moment in microseconds."""
    text = moment_text(moment)
    return (
        int(text[:4]),
        int(text[5:7]),
        int(text[8:10]),
        int(text[11:13]),
        int(text[14:16]),
        int(text[17:19]),
        int(text[20:]),
    )


def moment_text(moment: int) -> str:
    """The canonical text of microseconds."""
    return display_time(moment * 1000, 0)


def date_text(moment: int) -> str:
    """The date of a moment."""
    return moment_text(moment)[:10]


def moment_of_fields(
    year: int, month: int, day: int, hour: int, minute: int, second: int, micro: int = 0
) -> int | None:
    """Microseconds of a point in time, None if the calendar has no such point."""
    if not (1 <= month <= 12 and 0 < year <= _YEAR_MAX and 1 <= day <= month_days(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((day_number(year, month, day) * 24 + hour) * 60 + minute) * 60 * SECOND_US + second * SECOND_US + micro


def _micro(digits: str | None) -> int:
    """The fraction of a second, rounded to microseconds as MySQL does."""
    if not digits:
        return 0
    return int(digits[:6].ljust(6, "0")) + (len(digits) > 6 and digits[6] >= "5")


@lru_cache(maxsize=4096)
def _parsed(text: str) -> int | None:
    match = _FULL.fullmatch(text) or _DIGITS.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(g or 0) for g in match.groups()[:6])
    if len(match.group(1)) <= 2:
        year += 2000 if year < 70 else 1900
    return moment_of_fields(year, month, day, hour, minute, second, _micro(match.group(7)))


def moment_us(value: Value) -> int | None:
    """A value read as a point in time: text in MySQL's forms or a number such as 20240131235959; None if it is none."""
    if isinstance(value, str):
        return _parsed(value) if len(value) <= 64 else None
    if isinstance(value, bytes):
        return moment_us(value.decode("utf8", "replace"))
    if value is None:
        return None
    whole = int(value)
    digits = str(whole)
    digits = digits.zfill(6) if len(digits) <= 6 else digits.zfill(8) if len(digits) <= 8 else digits.zfill(14)
    if isinstance(value, float) and value != whole:
        digits += f"{value:.6f}"[-7:]
    return _parsed(digits)


def canonical(value: Value) -> str | None:
    """The canonical text of a value read as a point in time, NULL if it is none."""
    if value.__class__ is str and len(value) == 26 and value[10] == " " and value[19] == ".":
        return value
    moment = moment_us(value)
    return None if moment is None else moment_text(moment)


def moment_number(text: str, decimals: int) -> int | float:
    """A canonical text as the number MySQL computes with: 20240131235959, with a fraction where the kind has digits."""
    whole = int(text[:19].translate({45: None, 58: None, 32: None}))
    return whole + int(text[20:26]) / SECOND_US if decimals and len(text) > 20 else whole


def add_months(moment: int, months: int) -> int | None:
    """The moment so many months later; the day is cut to the month's last."""
    year, month, day, hour, minute, second, micro = fields(moment)
    year, month = divmod(year * 12 + month - 1 + months, 12)
    if not 0 < year <= _YEAR_MAX:
        return None
    return moment_of_fields(year, month + 1, min(day, month_days(year, month + 1)), hour, minute, second, micro)


def time_us(value: Value) -> int | None:
    """A value read as a time of day or a span: microseconds, negative for `-01:00:00`."""
    if isinstance(value, int | float):
        whole = abs(int(value))
        span = (whole // 10_000 * 3600 + whole // 100 % 100 * 60 + whole % 100) * SECOND_US
        return -span if value < 0 else span
    if not isinstance(value, str):
        return None
    match = _CLOCK.fullmatch(value)
    if match is None or ":" not in value:
        moment = moment_us(value)
        return moment % DAY_US if moment is not None and _FULL.fullmatch(value) else None
    sign, days, hour, minute, second, fraction = match.groups()
    span = (((int(days or 0) * 24 + int(hour)) * 60 + int(minute or 0)) * 60 + int(second or 0)) * SECOND_US + _micro(
        fraction
    )
    return -span if sign else span


def time_text(span: int, decimals: int = 0) -> str:
    """`[-]HH:MM:SS[.ffffff]` of a span in microseconds, cut at MySQL's 838:59:59."""
    sign, span = ("-" if span < 0 else ""), min(abs(span), (838 * 3600 + 59 * 60 + 59) * SECOND_US)
    seconds, micro = divmod(span, SECOND_US)
    text = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{micro:06d}"[: len(text) + 1 + decimals] if decimals else text
