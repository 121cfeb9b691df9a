"""Destination strings: URIs with their options, and what of them may be shown.

Sources: statements.md (Destinations), samples.md (CDB_OB_BACKUP_PARAMETER).
"""

from dataclasses import dataclass
from re import fullmatch

from obsim.errors import error

__all__ = ["ArchiveDestination", "BackupUri", "parse_archive_destination", "parse_uri"]

_SCHEMES = ("file", "oss", "cos", "s3", "obs", "azblob")
_HIDDEN_OPTIONS = frozenset({"access_key", "secret_key", "session_token", "sts_credential"})
_UNIT_US = {"us": 1, "ms": 1000, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86_400 * 10**6}
DAY_US = _UNIT_US["d"]


@dataclass(frozen=True, slots=True)
class BackupUri:
    """A destination: `root` is what PATH columns print, `options` stand behind the `?` in the order given."""

    scheme: str
    root: str
    options: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """PATH: without credentials; object stores keep `?host=`."""
        host = dict(self.options).get("host")
        return f"{self.root}?host={host}" if host and self.scheme != "file" else self.root

    @property
    def shown(self) -> str:
        """VALUE of OB_BACKUP_PARAMETER: host, access_id and the like stay, keys do not."""
        kept = "&".join(f"{name}={value}" for name, value in self.options if name not in _HIDDEN_OPTIONS)
        return f"{self.root}?{kept}" if kept else self.root


def parse_uri(text: str) -> BackupUri:
    """Read `scheme://path[?name=value&...]`; raises 9026 for anything else."""
    match = fullmatch(r"([a-z0-9]+)://([^?\s]+)(?:\?(\S*))?", text)
    if match is None or match.group(1) not in _SCHEMES:
        raise error("OB_INVALID_BACKUP_DEST")
    options = tuple(
        (name, value) for name, _, value in (part.partition("=") for part in (match.group(3) or "").split("&") if part)
    )
    root = match.group(2).rstrip("/") or "/"
    return BackupUri(match.group(1), f"{match.group(1)}://{root}", options)


@dataclass(frozen=True, slots=True)
class ArchiveDestination:
    """What LOG_ARCHIVE_DEST says."""

    uri: BackupUri
    binding: str
    piece_switch_interval: str
    piece_switch_interval_us: int


def parse_archive_destination(text: str) -> ArchiveDestination:
    """Read `LOCATION=uri [BINDING=..] [PIECE_SWITCH_INTERVAL=..] ...`, keys in any case and order, parted by blanks.

    Raises 1235 for an unknown key, an interval outside [1d,7d] and a missing LOCATION, 9026 for a bad URI.
    """
    values: dict[str, str] = {}
    for word in text.split():
        key, equals, value = word.partition("=")
        if not equals or key.lower() not in {
            "location",
            "binding",
            "piece_switch_interval",
            "lag_target",
            "compression",
        }:
            raise error("OB_NOT_SUPPORTED")
        values[key.lower()] = value
    binding = values.get("binding", "OPTIONAL").upper()
    if binding not in {"OPTIONAL", "MANDATORY"}:
        raise error("OB_NOT_SUPPORTED")
    interval = values.get("piece_switch_interval", "1d")
    match = fullmatch(r"([0-9]{1,9})(us|ms|s|m|h|d)", interval.lower())
    interval_us = int(match.group(1)) * _UNIT_US[match.group(2)] if match else 0
    if not DAY_US <= interval_us <= 7 * DAY_US:
        raise error("OB_NOT_SUPPORTED", "invalid piece_switch_interval out of range [1d,7d] is")
    if not values.get("location"):
        raise error("OB_NOT_SUPPORTED", "set archive dest without location is")
    return ArchiveDestination(parse_uri(values["location"]), binding, interval, interval_us)
