"""Distinct types for the numbers and times that must not be mixed up.

Times and SCNs are integers in nanoseconds since 1970-01-01 UTC (engine.md 4.3); an SCN given out by obsim is a whole
number of microseconds, as 4.2.2 and later print it (samples.md, Formats).
"""

from functools import lru_cache
from typing import NewType

from obsim.units import SECOND_NS

__all__ = [
    "MACROBLOCK_BYTES",
    "SYS_LOG_STREAM_ID",
    "SYS_TENANT_ID",
    "BackupSetId",
    "Bytes",
    "JobId",
    "LogStreamId",
    "Nanoseconds",
    "Scn",
    "TabletId",
    "TaskId",
    "TenantId",
    "display_scn",
    "display_scn_ns",
    "display_time",
    "us_floor",
]

Scn = NewType("Scn", int)
Nanoseconds = NewType("Nanoseconds", int)
"""A point of virtual time or a span of it."""
Bytes = NewType("Bytes", int)
TenantId = NewType("TenantId", int)
LogStreamId = NewType("LogStreamId", int)
TabletId = NewType("TabletId", int)
BackupSetId = NewType("BackupSetId", int)
JobId = NewType("JobId", int)
TaskId = NewType("TaskId", int)

SYS_TENANT_ID = TenantId(1)
SYS_LOG_STREAM_ID = LogStreamId(1)
"""Of every tenant: where its service is."""
MACROBLOCK_BYTES = Bytes(2 << 20)
_DAY_S = 86_400


def us_floor(time_ns: int) -> int:
    """`time_ns` cut to whole microseconds."""
    return time_ns - time_ns % 1000


@lru_cache(maxsize=1024)
def _date(days: int) -> str:
    """`YYYY-MM-DD` of a day number since 1970-01-01 (proleptic Gregorian)."""
    z = days + 719_468
    era, doe = divmod(z, 146_097)
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return f"{yoe + era * 400 + (month <= 2):04d}-{month:02d}-{doy - (153 * mp + 2) // 5 + 1:02d}"


def display_time(time_ns: int, offset_s: int = 28_800, digits: int = 6) -> str:
    """`YYYY-MM-DD HH:MM:SS.ffffff` of a time, cut (not rounded) to `digits` 0..9, at a zone offset in seconds."""
    seconds, fraction = divmod(time_ns + offset_s * SECOND_NS, SECOND_NS)
    days, second = divmod(seconds, _DAY_S)
    text = f"{_date(days)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{text}.{fraction:09d}"[: len(text) + 1 + digits] if digits else text


def display_scn(scn: int, offset_s: int = 28_800) -> str | None:
    """The `*_SCN_DISPLAY` form with six digits; NULL for SCN 0."""
    return display_time(scn, offset_s) if scn else None


def display_scn_ns(scn: int, offset_s: int = 28_800) -> str | None:
    """The nine-digit form that MIN_RESTORE_SCN_DISPLAY has (samples.md, Formats)."""
    return display_time(scn, offset_s, 9) if scn else None
