"""Units of time, as numbers of nanoseconds or microseconds."""

__all__ = ["DAY_NS", "DAY_US", "HOUR_NS", "MINUTE_NS", "MS_NS", "SECOND_NS", "SECOND_US", "UNIT_NS"]

MS_NS = 1_000_000
SECOND_NS = 1_000 * MS_NS
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
UNIT_NS = {"ns": 1, "us": 1_000, "ms": MS_NS, "s": SECOND_NS, "m": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS}
"""How a span is written -> its nanoseconds; who reads one says which of them it takes."""

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
