"""RECOVERY_WINDOW of a delete policy: how old a backup has to be before it may go (statements.md, Deleting backups)."""

from re import ASCII
from re import compile as re_compile

from obsim.ids import Nanoseconds
from obsim.units import UNIT_NS

__all__ = ["window_ns"]

_TIME = re_compile(r"([0-9]{1,18})(us|ms|s|m|h|d)?", ASCII)


def window_ns(text: str) -> Nanoseconds | None:
    """The window as a length of time; None for a text that is none. Without a unit it counts microseconds, '' is 0."""
    if not text.strip():
        return Nanoseconds(0)
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        return None
    return Nanoseconds(int(match[1]) * UNIT_NS[match[2] or "us"])
