"""DATE_FORMAT, TIME_FORMAT and STR_TO_DATE: points in time as texts in the formats of MySQL."""

from re import ASCII
from re import compile as re_compile

from obsim.answers import Value
from obsim.query.functions.time import day_name, day_of_week, day_of_year, week, year_week
from obsim.query.moments import (
    MONTH_NAMES,
    WEEKDAY_NAMES,
    day_number,
    fields,
    is_leap,
    moment_of_fields,
    moment_text,
    moment_us,
    time_us,
)
from obsim.query.values import BUDGET, bounded
from obsim.units import DAY_US, SECOND_US

__all__ = ["date_format", "str_to_date", "str_to_date_only", "str_to_time", "time_format"]

HOURS_MAX = 838
_DIGITS = re_compile(r"\d+", ASCII)


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 13:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def date_format(value: Value, pattern: str) -> Value:
    """DATE_FORMAT."""
    start = moment_us(value)
    return None if start is None else _formatted(start, pattern)


def time_format(value: Value, pattern: str) -> Value:
    """TIME_FORMAT: the hours of a time of day, whatever its date."""
    span = time_us(value)
    if span is None:
        return None
    start = day_number(2000, 1, 1) * DAY_US + abs(span) % DAY_US
    return _formatted(start, pattern, min(abs(span) // (3600 * SECOND_US), HOURS_MAX))


def _formatted(start: int, pattern: str, all_hours: int | None = None) -> str:
    BUDGET.charge(8 * len(pattern))
    year_, month_, day, hours, minutes, seconds, micro = fields(start)
    out, characters = [], iter(pattern)
    half = hours % 12 or 12
    simple = {
        "Y": f"{year_:04d}",
        "y": f"{year_ % 100:02d}",
        "m": f"{month_:02d}",
        "c": str(month_),
        "d": f"{day:02d}",
        "e": str(day),
        "H": f"{all_hours if all_hours is not None else hours:02d}",
        "k": str(all_hours if all_hours is not None else hours),
        "h": f"{half:02d}",
        "I": f"{half:02d}",
        "l": str(half),
        "i": f"{minutes:02d}",
        "s": f"{seconds:02d}",
        "S": f"{seconds:02d}",
        "f": f"{micro:06d}",
        "p": "AM" if hours < 12 else "PM",
        "T": f"{hours:02d}:{minutes:02d}:{seconds:02d}",
        "M": MONTH_NAMES[month_ - 1],
        "b": MONTH_NAMES[month_ - 1][:3],
        "r": f"{half:02d}:{minutes:02d}:{seconds:02d} {'AM' if hours < 12 else 'PM'}",
        "D": _ordinal(day),
    }
    text = moment_text(start)
    for character in characters:
        if character != "%":
            out.append(character)
            continue
        letter = next(characters, "")
        if letter not in simple:
            simple[letter] = _calendar_part(text, letter)
        out.append(simple[letter])
    bounded(sum(map(len, out)))
    return "".join(out)


def _calendar_part(text: str, letter: str) -> str:
    """The parts of DATE_FORMAT that need the calendar."""
    if letter == "j":
        return f"{int(day_of_year(text) or 0):03d}"
    if letter in "Wawu" and letter:
        name = str(day_name(text))
        return {
            "W": name,
            "a": name[:3],
            "w": str(int(day_of_week(text) or 1) - 1),
            "u": f"{int(week(text, 1) or 0):02d}",
        }[letter]
    if letter in "UVvXx" and letter:
        if letter in "Xx":
            return f"{int(year_week(text, 2 if letter == 'X' else 3) or 0) // 100:04d}"
        return f"{int(week(text, {'U': 0, 'V': 2, 'v': 3}[letter]) or 0):02d}"
    return letter


_NUMERIC_PARTS = {
    "Y": (4, "year"),
    "y": (2, "short_year"),
    "m": (2, "month"),
    "c": (2, "month"),
    "d": (2, "day"),
    "e": (2, "day"),
    "H": (2, "hour"),
    "k": (2, "hour"),
    "h": (2, "half"),
    "I": (2, "half"),
    "l": (2, "half"),
    "i": (2, "minute"),
    "s": (2, "second"),
    "S": (2, "second"),
    "f": (6, "micro"),
    "j": (3, "yday"),
}
_SHORTCUTS = {"T": "%H:%i:%S", "r": "%h:%i:%S %p"}


def _read_parts(text: str, pattern: str) -> dict[str, int] | None:
    """The numbers that a text gives for the parts of a format."""
    for letter, long in _SHORTCUTS.items():
        pattern = pattern.replace(f"%{letter}", long)
    found: dict[str, int] = {}
    place, characters = 0, iter(pattern)
    for character in characters:
        if character.isspace():
            while text[place : place + 1].isspace():
                place += 1
            continue
        if character != "%":
            if text[place : place + 1] != character:
                return None
            place += 1
            continue
        letter = next(characters, "")
        while text[place : place + 1] == " ":
            place += 1
        if letter in _NUMERIC_PARTS:
            size, name = _NUMERIC_PARTS[letter]
            match = _DIGITS.match(text, place, place + size)
            if match is None:
                return None
            found[name] = int(match.group().ljust(6, "0")) if name == "micro" else int(match.group())
            place = match.end()
        else:
            place = _read_name(text, place, letter, found)
            if place < 0:
                return None
    return found


def _read_name(text: str, place: int, letter: str, found: dict[str, int]) -> int:
    """The place after a name of a month, a weekday or AM/PM; -1 if there is none."""
    rest = text[place:].lower()
    if letter == "p" and rest[:2] in {"am", "pm"}:
        found["afternoon"] = int(rest[:2] == "pm")
        return place + 2
    names = {
        "M": MONTH_NAMES,
        "b": tuple(n[:3] for n in MONTH_NAMES),
        "W": WEEKDAY_NAMES,
        "a": tuple(n[:3] for n in WEEKDAY_NAMES),
    }
    for number, name in enumerate(names.get(letter, ()), 1):
        if rest.startswith(name.lower()):
            if letter in "Mb":
                found["month"] = number
            return place + len(name)
    return place + 1 if letter == "%" and rest.startswith("%") else -1


def str_to_date(text: str, pattern: str) -> Value:
    """STR_TO_DATE as a point in time; NULL where the text does not fit."""
    parts = _read_parts(text, pattern)
    if parts is None:
        return None
    number = parts.get("year", 0)
    if "short_year" in parts:
        number = parts["short_year"] + (2000 if parts["short_year"] < 70 else 1900)
    hours = parts.get("hour", 0)
    if "half" in parts:
        hours = parts["half"] % 12 + 12 * parts.get("afternoon", 0)
    if "yday" in parts and not 1 <= parts["yday"] <= 365 + is_leap(number):
        return None
    start = moment_of_fields(
        number,
        parts.get("month", 1 if "yday" in parts else 0),
        parts.get("day", 1 if "yday" in parts else 0),
        hours,
        parts.get("minute", 0),
        parts.get("second", 0),
        parts.get("micro", 0),
    )
    if start is None:
        return None
    return moment_text(start + (parts["yday"] - 1) * DAY_US if "yday" in parts else start)


def str_to_time(text: str, pattern: str) -> Value:
    """STR_TO_DATE with a format that has no date: a time of day."""
    found = str_to_date(f"2000-1-1 {text}", f"%Y-%m-%d {pattern}")
    return found[11:].removesuffix(".000000") if isinstance(found, str) else None


def str_to_date_only(text: str, pattern: str) -> Value:
    """STR_TO_DATE with a format that has no time of day."""
    found = str_to_date(text, pattern)
    return found[:10] if isinstance(found, str) else None
