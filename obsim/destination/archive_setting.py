"""The values of LOG_ARCHIVE_DEST and LOG_RESTORE_SOURCE (statements.md, Destinations; ob_backup_config.cpp)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from obsim.destination.uri import BackupUri, parse_uri
from obsim.errors import NotModelled, error
from obsim.parameters import read_time
from obsim.units import DAY_NS, DAY_US, HOUR_NS, MINUTE_NS, SECOND_NS

__all__ = ["ArchiveDestination", "parse_archive_destination", "parse_restore_source"]

_INTERVAL_MIN_NS = MINUTE_NS


@dataclass(frozen=True, slots=True)
class ArchiveDestination:
    """What LOG_ARCHIVE_DEST says. The interval is kept in whole days, rounded down (ob_backup_struct.cpp)."""

    uri: BackupUri
    binding: str = "OPTIONAL"
    piece_switch_days: int = 1

    @property
    def piece_switch_interval_us(self) -> int:
        """How long a piece takes, in microseconds."""
        return self.piece_switch_days * DAY_US


def parse_archive_destination(text: str) -> ArchiveDestination:
    """Read `LOCATION=uri [BINDING=..] [PIECE_SWITCH_INTERVAL=..] ...`, keys in any case and order, parted by blanks.

    The first word that is wrong decides: 1235 for an unknown key or compression and for an interval outside [1d,7d],
    1210 for a value that is missing or no value of its key, 9026 for a bad URI, 4016 for a sign without a key. Then
    1235 where no LOCATION was given (ob_backup_config.cpp).
    """
    values: dict[str, Any] = {}
    for word in filter(None, text.split(" ")):
        key, _, value = word.lstrip("=").partition("=")
        if not key:
            raise error("OB_ERR_UNEXPECTED")
        read = _ARCHIVE_KEYS.get(key.lower())
        if read is None:
            raise error("OB_NOT_SUPPORTED")
        if not value:
            raise error("OB_INVALID_ARGUMENT")
        values |= read(value)
    if "uri" not in values:
        raise error("OB_NOT_SUPPORTED", "set archive dest without location is")
    return ArchiveDestination(**values)


def _binding(value: str) -> dict[str, Any]:
    if value.upper() not in {"OPTIONAL", "MANDATORY"}:
        raise error("OB_INVALID_ARGUMENT")
    return {"binding": value.upper()}


def _interval(value: str) -> dict[str, Any]:
    interval_ns = read_time(value)
    if interval_ns is None or interval_ns < _INTERVAL_MIN_NS:
        raise error("OB_INVALID_ARGUMENT")
    if not DAY_NS <= interval_ns <= 7 * DAY_NS:
        raise error("OB_NOT_SUPPORTED", "invalid piece_switch_interval out of range [1d,7d] is")
    return {"piece_switch_days": interval_ns // DAY_NS}


def _lag_target(value: str) -> dict[str, Any]:
    """Checked and kept out of sight: what steers is `archive_lag_target`."""
    target_ns = read_time(value)
    if target_ns is None or not SECOND_NS <= target_ns <= HOUR_NS:
        raise error("OB_INVALID_ARGUMENT")
    return {}


def _compression(value: str) -> dict[str, Any]:
    if value.upper() not in {"ENABLE", "DISABLE"}:
        raise error("OB_NOT_SUPPORTED")
    return {}


_ARCHIVE_KEYS: dict[str, Callable[[str], dict[str, Any]]] = {
    "binding": _binding,
    "compression": _compression,
    "lag_target": _lag_target,
    "location": lambda value: {"uri": parse_uri(value)},
    "piece_switch_interval": _interval,
}
"""Key -> what its value says."""


def parse_restore_source(text: str) -> BackupUri:
    """Read the `LOCATION=uri` of LOG_RESTORE_SOURCE: 1235 for another key, 1210 for no place, 9026 for a bad URI."""
    uri = None
    for word in filter(None, text.split(" ")):
        key, _, value = word.lstrip("=").partition("=")
        if key.lower() == "service":
            raise NotModelled("log_restore_source with SERVICE")
        if key.lower() != "location":
            raise error("OB_NOT_SUPPORTED" if key else "OB_ERR_UNEXPECTED")
        if not value:
            raise error("OB_INVALID_ARGUMENT")
        uri = parse_uri(value)
    if uri is None:
        raise error("OB_INVALID_ARGUMENT", "log_restore_source")
    return uri
