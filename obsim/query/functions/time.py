"""Date and time functions of MySQL and OceanBase over texts and virtual time; none of them reads a clock.

A result of kind DATETIME is the canonical text of 26 characters; its label's kind says how many digits a client sees.
Functions that depend on the session's time zone take its offset in seconds as their last argument.
"""

from re import ASCII
from re import compile as re_compile

from obsim.answers import Value
from obsim.query.moments import (
    MONTH_NAMES,
    WEEKDAY_NAMES,
    add_months,
    canonical,
    date_text,
    day_number,
    fields,
    moment_number,
    moment_text,
    moment_us,
    month_days,
    time_text,
    time_us,
)
from obsim.query.values import exact, number_of, text_of, to_decimal
from obsim.units import DAY_US, SECOND_US

__all__ = [
    "SIMPLE_UNITS", "UNITS", "add_interval", "add_time", "convert_tz", "cut_moment", "date_add_date",
    "date_add_moment", "date_add_text", "date_diff", "date_of", "day_name", "day_of_month", "day_of_week",
    "day_of_year", "extract", "from_days", "from_unixtime", "hour", "last_day", "make_date", "make_time",
    "microsecond", "minute", "moment", "moment_as_number", "month", "month_name", "quarter", "scn_to_timestamp",
    "sec_to_time", "second", "sub_time", "time_diff", "time_of", "time_to_sec", "time_to_usec", "timestamp_diff",
    "timestamp_to_scn", "to_days", "to_seconds", "unix_timestamp", "usec_to_time", "week", "week_of_year",
    "weekday", "year", "year_week",
]

SIMPLE_UNITS = {
    "MICROSECOND": 1,
    "SECOND": SECOND_US,
    "MINUTE": 60 * SECOND_US,
    "HOUR": 3600 * SECOND_US,
    "DAY": DAY_US,
    "WEEK": 7 * DAY_US,
}
MONTH_UNITS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_PARTS = ("DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND")
COMPOUND_UNITS = {
    f"{high}_{low}": _PARTS[_PARTS.index(high) : _PARTS.index(low) + 1]
    for high in _PARTS
    for low in _PARTS
    if _PARTS.index(high) < _PARTS.index(low)
} | {"YEAR_MONTH": ("YEAR", "MONTH")}
UNITS = frozenset(SIMPLE_UNITS) | frozenset(MONTH_UNITS) | frozenset(COMPOUND_UNITS)
DATE_UNITS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "YEAR_MONTH"})
_DIGITS = re_compile(r"\d+", ASCII)
_EPOCH_DAYS = 719_528  # TO_DAYS('1970-01-01')
_MOMENT_MIN, _MOMENT_MAX = day_number(1, 1, 1) * DAY_US, (day_number(9999, 12, 31) + 1) * DAY_US - 1


def _span(amount: Value, unit: str) -> tuple[int, int] | None:
    """An interval as (months, microseconds), None for a text with more numbers than the unit has parts."""
    if unit in MONTH_UNITS:
        return round(number_of(amount) or 0) * MONTH_UNITS[unit], 0
    if unit in SIMPLE_UNITS:
        if unit == "SECOND":
            return 0, int(to_decimal(amount) * SECOND_US)
        return 0, round(number_of(amount) or 0) * SIMPLE_UNITS[unit]
    text = text_of(amount) or ""
    sign = -1 if text.lstrip().startswith("-") else 1
    numbers = _DIGITS.findall(text)
    parts = COMPOUND_UNITS[unit]
    if parts[-1] == "MICROSECOND" and len(numbers) == len(parts):
        numbers[-1] = numbers[-1][:6].ljust(6, "0")
    if len(numbers) > len(parts):
        return None
    numbers = [int(n) for n in numbers]
    pairs = list(zip(parts[len(parts) - len(numbers) :], numbers, strict=True))
    months = sum(n * MONTH_UNITS[p] for p, n in pairs if p in MONTH_UNITS)
    return sign * months, sign * sum(n * SIMPLE_UNITS[p] for p, n in pairs if p in SIMPLE_UNITS)


def add_interval(start: int, amount: Value, unit: str, sign: int) -> int | None:
    """A moment moved by an interval; None beyond the years 1 to 9999."""
    span = _span(amount, unit)
    if span is None:
        return None
    months, micros = span
    moved = add_months(start, sign * months) if months else start
    if moved is None:
        return None
    moved += sign * micros
    return moved if _MOMENT_MIN <= moved <= _MOMENT_MAX else None


def date_add_moment(value: Value, amount: Value, unit: str, sign: int) -> Value:
    """DATE_ADD on a point in time."""
    start = moment_us(value)
    end = None if start is None or amount is None else add_interval(start, amount, unit, sign)
    return None if end is None else moment_text(end)


def date_add_date(value: Value, amount: Value, unit: str, sign: int) -> Value:
    """DATE_ADD of days or more on a date."""
    end = date_add_moment(value, amount, unit, sign)
    return end[:10] if isinstance(end, str) else None


def date_add_text(value: Value, amount: Value, unit: str, sign: int) -> Value:
    """DATE_ADD on a text: the result has a time of day if the text or the unit has one."""
    end = date_add_moment(value, amount, unit, sign)
    if not isinstance(end, str):
        return None
    if unit in DATE_UNITS and isinstance(value, str) and len(value.strip()) <= 10 and ":" not in value:
        return end[:10]
    return end if end[20:] != "000000" else end[:19]


def moment(value: Value, decimals: int = 6) -> Value:
    """CAST(... AS DATETIME(n)): canonical, the fraction rounded to n digits."""
    text = canonical(value)
    if text is None or decimals >= 6:
        return text
    unit = 10 ** (6 - decimals)
    rounded = (moment_us(text) or 0) + unit // 2
    return moment_text(rounded - rounded % unit)


def cut_moment(value: str, size: int) -> str:
    """The text of a DATETIME with fewer digits than six."""
    return value[:size]


def moment_as_number(value: str, decimals: int) -> Value:
    """A DATETIME, DATE or TIME in a numeric context: 20240131235959."""
    if len(value) < 19:
        return int("".join(c for c in value.split(".", maxsplit=1)[0] if c not in "-:") or 0)
    return moment_number(value, decimals)


def date_of(value: Value) -> Value:
    """The date."""
    start = moment_us(value)
    return None if start is None else date_text(start)


def time_of(value: Value) -> Value:
    """The time of day, or the span a text names; six digits where there is a fraction."""
    span = time_us(value)
    return None if span is None else time_text(span, 6 if span % SECOND_US else 0)


def _field(index: int, value: Value) -> Value:
    start = moment_us(value)
    return None if start is None else fields(start)[index]


def year(value: Value) -> Value:
    """YEAR."""
    return _field(0, value)


def month(value: Value) -> Value:
    """MONTH."""
    return _field(1, value)


def day_of_month(value: Value) -> Value:
    """DAY."""
    return _field(2, value)


def _clock_part(value: Value, unit: int, count: int) -> Value:
    span = time_us(value)
    return None if span is None else abs(span) // unit % count


def hour(value: Value) -> Value:
    """HOUR."""
    return _clock_part(value, 3600 * SECOND_US, 1000)


def minute(value: Value) -> Value:
    """MINUTE."""
    return _clock_part(value, 60 * SECOND_US, 60)


def second(value: Value) -> Value:
    """SECOND."""
    return _clock_part(value, SECOND_US, 60)


def microsecond(value: Value) -> Value:
    """MICROSECOND."""
    return _clock_part(value, 1, SECOND_US)


def quarter(value: Value) -> Value:
    """QUARTER."""
    number = month(value)
    return None if number is None else (int(number) + 2) // 3


def _day(value: Value) -> int | None:
    start = moment_us(value)
    return None if start is None else start // DAY_US


def weekday(value: Value) -> Value:
    """0 for Monday."""
    day = _day(value)
    return None if day is None else (day + 3) % 7


def day_of_week(value: Value) -> Value:
    """1 for Sunday."""
    day = _day(value)
    return None if day is None else (day + 4) % 7 + 1


def day_of_year(value: Value) -> Value:
    """1 to 366."""
    day, number = _day(value), year(value)
    return None if day is None else day - day_number(int(number or 1), 1, 1) + 1


def day_name(value: Value) -> Value:
    """The weekday in English."""
    number = weekday(value)
    return None if number is None else WEEKDAY_NAMES[int(number)]


def month_name(value: Value) -> Value:
    """The month in English."""
    number = month(value)
    return None if number is None else MONTH_NAMES[int(number) - 1]


def last_day(value: Value) -> Value:
    """The last date of the month."""
    start = moment_us(value)
    if start is None:
        return None
    number, which = fields(start)[:2]
    return f"{number:04d}-{which:02d}-{month_days(number, which):02d}"


def _week_of(day: int, number: int, *, monday: bool, four: bool, zero: bool) -> tuple[int, int]:
    """(year, week) by MySQL's modes: first day of the week, the rule of the first week, whether week 0 exists."""
    first = day_number(number, 1, 1)
    shift = (first + (3 if monday else 4)) % 7
    begin = first - shift if (shift <= 3 if four else shift == 0) else first - shift + 7
    if day < begin:
        return (number, 0) if zero else _week_of(day, number - 1, monday=monday, four=four, zero=False)
    if not zero:
        after = day_number(number + 1, 1, 1)
        shift = (after + (3 if monday else 4)) % 7
        next_begin = after - shift if (shift <= 3 if four else shift == 0) else after - shift + 7
        if day >= next_begin:
            return number + 1, 1
    return number, (day - begin) // 7 + 1


def _week(value: Value, mode: int, *, zero: bool | None = None) -> tuple[int, int] | None:
    start = moment_us(value)
    if start is None:
        return None
    mode &= 7
    monday = bool(mode & 1)
    four = mode in {1, 3, 4, 6}
    return _week_of(
        start // DAY_US, fields(start)[0], monday=monday, four=four, zero=mode in {0, 1, 4, 5} if zero is None else zero
    )


def week(value: Value, mode: int = 0) -> Value:
    """WEEK with MySQL's modes 0 to 7."""
    found = _week(value, mode)
    return None if found is None else found[1]


def week_of_year(value: Value) -> Value:
    """The ISO week."""
    return week(value, 3)


def year_week(value: Value, mode: int = 0) -> Value:
    """Year and week as one number."""
    found = _week(value, mode, zero=False)
    return None if found is None else found[0] * 100 + found[1]


def to_days(value: Value) -> Value:
    """Days since year 0."""
    day = _day(value)
    return None if day is None else day + _EPOCH_DAYS


def to_seconds(value: Value) -> Value:
    """Seconds since year 0."""
    start = moment_us(value)
    return None if start is None else start // SECOND_US + _EPOCH_DAYS * 86_400


def from_days(days: int) -> Value:
    """The date of a day number."""
    start = (days - _EPOCH_DAYS) * DAY_US
    return date_text(start) if _MOMENT_MIN <= start <= _MOMENT_MAX else None


def make_date(number: int, day: int) -> Value:
    """A date by year and day of the year."""
    if not 0 < number <= 9999 or day < 1:
        return None
    return from_days(day_number(number, 1, 1) + day - 1 + _EPOCH_DAYS)


def make_time(hours: int, minutes: int, seconds: int) -> Value:
    """A time of day."""
    if not (0 <= minutes < 60 and 0 <= seconds < 60):
        return None
    return time_text(((hours * 60 + minutes) * 60 + seconds) * SECOND_US)


def sec_to_time(seconds: int) -> Value:
    """A span of so many seconds."""
    return time_text(seconds * SECOND_US)


def time_to_sec(value: Value) -> Value:
    """The seconds of a time of day."""
    span = time_us(value)
    return None if span is None else (abs(span) // SECOND_US) * (-1 if span < 0 else 1)


def date_diff(left: Value, right: Value) -> Value:
    """Days from the second to the first."""
    high, low = _day(left), _day(right)
    return None if high is None or low is None else high - low


def time_diff(left: Value, right: Value) -> Value:
    """The span from the second to the first."""
    both = [moment_us(v) if isinstance(v, str) and "-" in v[1:] else time_us(v) for v in (left, right)]
    if both[0] is None or both[1] is None:
        return None
    span = both[0] - both[1]
    return time_text(span, 6 if span % SECOND_US else 0)


def timestamp_diff(unit: str, low: Value, high: Value) -> Value:
    """Whole units from the first to the second, towards zero."""
    start, end = moment_us(low), moment_us(high)
    if start is None or end is None:
        return None
    if unit in SIMPLE_UNITS:
        span = end - start
        return abs(span) // SIMPLE_UNITS[unit] * (-1 if span < 0 else 1)
    early, late = fields(min(start, end)), fields(max(start, end))
    months = (late[0] - early[0]) * 12 + late[1] - early[1] - (late[2:] < early[2:])
    return months // MONTH_UNITS[unit] * (-1 if end < start else 1)


def add_time(value: Value, amount: Value) -> Value:
    """A moment or a span, moved by a span."""
    return _moved(value, amount, 1)


def sub_time(value: Value, amount: Value) -> Value:
    """A moment or a span, moved back by a span."""
    return _moved(value, amount, -1)


def _moved(value: Value, amount: Value, sign: int) -> Value:
    span = time_us(amount)
    if span is None:
        return None
    if isinstance(value, str) and "-" in value[1:]:
        start = moment_us(value)
        if start is None:
            return None
        end = moment_text(start + sign * span)
        return end if end[20:] != "000000" else end[:19]
    start = time_us(value)
    if start is None:
        return None
    return time_text(start + sign * span, 6 if (start + sign * span) % SECOND_US else 0)


def extract(unit: str, value: Value) -> Value:
    """EXTRACT(unit FROM value)."""
    simple = _EXTRACTS.get(unit)
    if simple is not None:
        return simple(value)
    start = moment_us(value)
    if start is None:
        return None
    year_, month_, day, hours, minutes, seconds, micro = fields(start)
    if unit == "YEAR_MONTH":
        return year_ * 100 + month_
    number = 0
    places = {"DAY": day, "HOUR": hours, "MINUTE": minutes, "SECOND": seconds, "MICROSECOND": micro}
    for part in COMPOUND_UNITS[unit]:
        number = number * (SECOND_US if part == "MICROSECOND" else 100) + places[part]
    return number


_EXTRACTS = {
    "YEAR": year,
    "QUARTER": quarter,
    "MONTH": month,
    "WEEK": week,
    "DAY": day_of_month,
    "HOUR": hour,
    "MINUTE": minute,
    "SECOND": second,
    "MICROSECOND": microsecond,
}


def unix_timestamp(value: Value, offset_s: int) -> Value:
    """Seconds since the epoch of a moment in the session's zone, with their fraction; 0 for one before it."""
    start = moment_us(value)
    if start is None:
        return 0 if value is not None else None
    micros = start - offset_s * SECOND_US
    return exact(to_decimal(micros) / SECOND_US) if micros >= 0 else 0


def from_unixtime(value: Value, offset_s: int) -> Value:
    """The moment of a number of seconds, in the session's zone."""
    micros = int(to_decimal(value) * SECOND_US)
    return moment_text(micros + offset_s * SECOND_US) if 0 <= micros <= 32_536_771_199 * SECOND_US else None


def time_to_usec(value: Value, offset_s: int) -> Value:
    """OceanBase: microseconds since the epoch."""
    start = moment_us(value)
    return None if start is None else start - offset_s * SECOND_US


def usec_to_time(micros: int, offset_s: int) -> Value:
    """OceanBase: the moment of so many microseconds since the epoch."""
    local = micros + offset_s * SECOND_US
    return moment_text(local) if _MOMENT_MIN <= local <= _MOMENT_MAX else None


def scn_to_timestamp(scn: int, offset_s: int) -> Value:
    """OceanBase: the moment of an SCN, cut to microseconds."""
    return usec_to_time(scn // 1000, offset_s) if scn >= 0 else None


def timestamp_to_scn(value: Value, offset_s: int) -> Value:
    """OceanBase: the SCN of a moment."""
    micros = time_to_usec(value, offset_s)
    return None if micros is None else int(micros) * 1000


def convert_tz(value: Value, source: str, target: str) -> Value:
    """A moment moved between zones given as offsets; NULL for names, as without time zone tables."""
    start, offsets = moment_us(value), [_offset_us(z) for z in (source, target)]
    if start is None or offsets[0] is None or offsets[1] is None:
        return None
    return moment_text(start - offsets[0] + offsets[1])


def _offset_us(zone: str) -> int | None:
    if not zone or zone[0] not in "+-":
        return None
    span = time_us(zone[1:])
    return None if span is None else -span if zone[0] == "-" else span
