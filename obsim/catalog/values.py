"""Forms of values in the views: decimals (as text), sizes, switches (samples.md, Formats)."""

from obsim.ids import display_time

__all__ = ["bytes_display", "decimal_text", "percent_text", "rate_text", "server_time", "yes_no"]

_UNITS = (("PB", 50), ("TB", 40), ("GB", 30))


def decimal_text(numerator: int, denominator: int, digits: int) -> str:
    """The quotient of two non-negative integers, rounded half up to `digits`; 0 when the denominator is 0."""
    scaled = (2 * numerator * 10**digits + denominator) // (2 * denominator) if denominator > 0 else 0
    whole, fraction = divmod(scaled, 10**digits)
    return f"{whole}.{fraction:0{digits}d}"


def rate_text(output_bytes: int, start_ns: int, end_ns: int) -> str:
    """OUTPUT_RATE_BYTES: bytes a second over the shown microseconds; 0.0000 until there is an end."""
    return decimal_text(output_bytes * 1_000_000, end_ns // 1000 - start_ns // 1000, 4) if end_ns else "0.0000"


def percent_text(finished: int, total: int) -> str:
    """DATA_PROGRESS and its like: 0.00 without a total, 99.99 when more is finished than the total says."""
    return "99.99" if finished > total > 0 else decimal_text(100 * finished, total, 2)


def bytes_display(size_bytes: int) -> str:
    """`*_BYTES_DISPLAY`: two decimals with MB, GB, TB or PB; below 1 GiB always MB."""
    unit, shift = next((u for u in _UNITS if size_bytes >> u[1]), ("MB", 20))
    return decimal_text(size_bytes, 1 << shift, 2) + unit


def server_time(skew_ns: int, offset_s: int, time_ns: int) -> str:
    """A moment as a server writes it down whose clock is `skew_ns` ahead; 0 stands for none and stays."""
    return display_time(time_ns + skew_ns if time_ns else time_ns, offset_s)


def yes_no(flag: bool) -> str:
    """YES or NO."""
    return "YES" if flag else "NO"
