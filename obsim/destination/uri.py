"""URIs of destinations: schemes, options, and what of them may be shown.

Sources: statements.md (Destinations), samples.md (CDB_OB_BACKUP_PARAMETER), ob_storage_info.cpp for the options.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from re import fullmatch

from obsim.errors import ServerError, error

__all__ = ["ARCHIVE", "DATA", "HIDDEN_OPTIONS", "BackupUri", "parse_uri", "path_of_shown"]

DATA = "backup_data"
ARCHIVE = "archive_log"
"""What a destination is for."""

_OBJECT_STORES = frozenset({"oss", "cos", "s3", "obs", "azblob"})
_SCHEMES = {"file", *_OBJECT_STORES}
HIDDEN_OPTIONS = frozenset({"access_key", "secret_key", "session_token", "sts_credential"})
"""What no view, log or dump may show."""
_CHECKSUM_TYPES: Mapping[str, frozenset[str]] = {
    "oss": frozenset({"no_checksum", "md5"}),
    "cos": frozenset({"no_checksum", "md5"}),
    "s3": frozenset({"md5", "crc32"}),
}
"""Which checksums a store takes; where it is not listed, all there are."""
_ALL_CHECKSUM_TYPES = frozenset({"no_checksum", "md5", "crc32"})
_DELETE_MODES = frozenset({"delete", "tagging"})
OPTIONS_LENGTH_MAX = 1536


@dataclass(frozen=True, slots=True)
class BackupUri:
    """A destination: `root` is what PATH columns print, `options` stand behind the `?` in the order given.

    Its repr has no options, so that no key gets into a log.
    """

    scheme: str
    root: str
    options: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def path(self) -> str:
        """PATH: without credentials; object stores keep `?host=`."""
        host = self.option("host")
        return f"{self.root}?host={host}" if host and self.scheme != "file" else self.root

    @property
    def shown(self) -> str:
        """VALUE of OB_BACKUP_PARAMETER: host, access_id and the like stay, keys do not."""
        kept = "&".join(f"{name}={value}" for name, value in self.options if name not in HIDDEN_OPTIONS)
        return f"{self.root}?{kept}" if kept else self.root

    @property
    def location(self) -> str:
        """What stands behind `scheme://`: a path, or bucket and prefix."""
        return self.root.partition("://")[2]

    def option(self, name: str) -> str:
        """The value of an option, '' where it is not given."""
        return dict(self.options).get(name, "")


def parse_uri(text: str) -> BackupUri:
    """Read `scheme://path[?name=value&...]`.

    Raises 9026 for what is no URI, an object store without host, access_id or access_key, COS without appid, and a file
    destination with any of these or with delete_mode; 1210 for an unknown delete_mode or checksum_type, 9113 for a
    checksum that the store does not take. Options that nobody knows are kept and mean nothing.
    """
    if fullmatch(r"[a-z0-9]+://[^?\s\x00]+(\?[^\s\x00]*)?", text) is None:
        raise error("OB_INVALID_BACKUP_DEST")
    uri = _split(text)
    if uri.scheme not in _SCHEMES:
        raise error("OB_INVALID_BACKUP_DEST")
    _check_options(uri.scheme, dict(uri.options), len(text.partition("?")[2]))
    return uri


def path_of_shown(text: str) -> str:
    """`BackupUri.path` of a destination that is known by its `BackupUri.shown` alone."""
    return _split(text).path


def _split(text: str) -> BackupUri:
    """What a text says if it is a URI."""
    where, _, told = text.partition("?")
    scheme, _, location = where.partition("://")
    options = tuple((name, value) for name, _, value in (part.partition("=") for part in told.split("&") if part))
    return BackupUri(scheme, f"{scheme}://{location.rstrip('/') or '/'}", options)


def _check_options(scheme: str, options: Mapping[str, str], length: int) -> None:
    """Value by value first, in the order of the options, then what has to be there."""
    if length >= OPTIONS_LENGTH_MAX:
        raise error("OB_INVALID_BACKUP_DEST")
    for name, value in options.items():
        refused = _refusal(scheme, name, value)
        if refused is not None:
            raise refused
    credentials = [bool(options.get(name)) for name in ("host", "access_id", "access_key")]
    fits = all(credentials) if scheme in _OBJECT_STORES else not any(credentials)
    if not fits or (scheme == "cos" and "appid" not in options):
        raise error("OB_INVALID_BACKUP_DEST")


def _refusal(scheme: str, name: str, value: str) -> ServerError | None:
    if name == "delete_mode":
        if scheme == "file":
            return error("OB_INVALID_BACKUP_DEST")
        return None if value in _DELETE_MODES else error("OB_INVALID_ARGUMENT")
    if name == "checksum_type":
        if value not in _ALL_CHECKSUM_TYPES:
            return error("OB_INVALID_ARGUMENT")
        return None if value in _CHECKSUM_TYPES.get(scheme, _ALL_CHECKSUM_TYPES) else error(
            "OB_CHECKSUM_TYPE_NOT_SUPPORTED", value
        )
    return None
