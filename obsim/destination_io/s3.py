"""A destination in a bucket of an object store with S3's interface, at an endpoint that its operator has allowed.

botocore signs the requests and urllib3 sends them, one by one: so what is reached and with which keys is decided here.
Whole clients (boto3, s3fs, obstore) also look at environment, configuration files and metadata services, and take
proxies or skip signatures if these say so. Nothing is sent to another place: redirects count as failures.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from re import fullmatch
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree
from zlib import crc32

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from obsim.destination.store import File, StoreFailed
from obsim.destination.uri import BackupUri
from obsim.error_codes import (
    OB_BACKUP_DEST_NOT_CONNECT,
    OB_BACKUP_DEVICE_OUT_OF_SPACE,
    OB_BACKUP_FILE_NOT_EXIST,
    OB_BACKUP_PERMISSION_DENIED,
)
from obsim.errors import UsageError

__all__ = ["S3Endpoints", "S3Store"]

_TIMEOUT_S = 10.0
_ANSWER_BYTES_MAX = 4 << 20
"""Of a listing or an error."""
PAGE_KEYS = 1000
_PAGES_MAX = 10_000
_REQUESTS_AT_ONCE = 8
_DEFAULT_REGION = "us-east-1"
_FULL = frozenset({"QuotaExceeded", "EntityTooLarge", "InsufficientCapacity", "XMinioStorageFull", "StorageFull"})
_SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_TAGGED = (
    b'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>delete_mode</Key>'
    b"<Value>tagging</Value></Tag></TagSet></Tagging>"
)


class S3Endpoints:
    """The endpoints that may be reached. Raises UsageError for what is no URL of one."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._bases: dict[tuple[str, str], str] = {}
        for url in urls:
            parts = urlsplit(url)
            plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
            if parts.scheme not in {"http", "https"} or not parts.netloc or not plain:
                raise UsageError(f"--s3-endpoint '{url}' is no endpoint: write it as https://host or http://host:port")
            self._bases.setdefault((parts.netloc.lower(), parts.scheme), f"{parts.scheme}://{parts.netloc}")

    def base_of(self, place: BackupUri) -> str | None:
        """The URL of the endpoint that a destination's `host` names, None for one that may not be reached.

        A host without a scheme is at the endpoint that was allowed first.
        """
        scheme, _, host = place.option("host").lower().rpartition("://")
        wanted = host.rstrip("/")
        return next(
            (base for (netloc, by), base in self._bases.items() if netloc == wanted and scheme in {"", by}), None
        )

    def store(self, place: BackupUri) -> "S3Store":
        """A destination. Raises StoreFailed 9070 for an endpoint that is not allowed, 9071 for a name that is none."""
        base = self.base_of(place)
        if base is None:
            raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, f"{place.option('host')} is none of the allowed endpoints")
        bucket, _, prefix = place.location.partition("/")
        if fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket) is None or ".." in bucket:
            raise StoreFailed(OB_BACKUP_PERMISSION_DENIED, f"{bucket} is no name of a bucket")
        return S3Store(base, bucket, _parts(prefix), place)


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part]
    if _goes_up(name):
        raise StoreFailed(OB_BACKUP_PERMISSION_DENIED, f"{name}: a path has no '.' and no '..'")
    return parts


def _goes_up(name: str) -> bool:
    """Whether a URL of it would be that of another name."""
    return not {".", ".."}.isdisjoint(name.split("/"))


class S3Store:
    """One destination: a prefix of a bucket."""

    def __init__(self, base: str, bucket: str, prefix: Sequence[str], place: BackupUri) -> None:
        self._base = f"{base}/{bucket}"
        self._prefix = "".join(f"{part}/" for part in prefix)
        self._signer = S3SigV4Auth(
            Credentials(place.option("access_id"), place.option("access_key")),
            "s3", place.option("s3_region") or _DEFAULT_REGION,
        )  # fmt: skip
        self._tagging = place.option("delete_mode") == "tagging"
        self._crc = place.option("checksum_type") == "crc32"
        self._http = urllib3.PoolManager(
            maxsize=_REQUESTS_AT_ONCE, timeout=_TIMEOUT_S, retries=urllib3.Retry(2, redirect=False, status=0)
        )

    def _key(self, name: str) -> str:
        return self._prefix + "/".join(_parts(name))

    def _ask(
        self, method: str, key: str = "", query: Mapping[str, str] | None = None, body: bytes = b"",
        bytes_max: int = _ANSWER_BYTES_MAX,
    ) -> tuple[int, bytes]:
        """Status and answer, cut one byte behind `bytes_max`. Raises StoreFailed for what is neither 2xx nor 404."""
        url = f"{self._base}/{quote(key, safe='/~')}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        request = AWSRequest(method, url, headers=self._sums(body) if body else {}, data=body)
        try:
            self._signer.add_auth(request)
            answer = self._http.request(
                method, url, body=body, headers=dict(request.headers.items()), preload_content=False, redirect=False
            )
            data = answer.read(bytes_max + 1, decode_content=False)
            if len(data) > bytes_max:
                answer.close()  # what is left unread would be taken for the next answer
            answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as failed:  # ValueError: keys that no header takes
            raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, f"{method} {self._base}: {type(failed).__name__}") from None
        if answer.status // 100 != 2 and not (answer.status == 404 and _error_code(data) != "NoSuchBucket"):
            raise StoreFailed(_code(answer.status, _error_code(data)), f"{method} {self._base}: {answer.status}")
        return answer.status, data

    def _sums(self, body: bytes) -> dict[str, str]:
        if self._crc:
            return {"x-amz-checksum-crc32": base64.b64encode(crc32(body).to_bytes(4, "big")).decode()}
        return {"Content-MD5": base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()}

    def empty(self) -> bool:
        """Whether nothing is there."""
        return next(self._listed(""), None) is None

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """What an object holds, None where there is none."""
        return self._object(self._key(name), bytes_max)

    def _object(self, key: str, bytes_max: int) -> bytes | None:
        status, data = self._ask("GET", key, bytes_max=bytes_max)
        return None if status == 404 else data

    def names(self, directory: str = "") -> list[str]:
        """What lies directly below a prefix."""
        prefix = f"{directory}/" if directory else ""
        return sorted(name.removeprefix(prefix) for name in self._listed(prefix, delimiter="/"))

    def walk(self, directory: str, bytes_max: int) -> Iterator[File]:
        """Every object below a prefix with what it holds."""
        prefix = f"{directory}/" if directory else ""
        names = list(self._within_reach(prefix))
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE, thread_name_prefix="obsim-s3") as pool:
            found = pool.map(lambda name: self._object(self._prefix + name, bytes_max), names)
            for name, data in zip(names, found, strict=True):
                if data is not None:
                    yield name.removeprefix(prefix), data

    def _within_reach(self, prefix: str) -> Iterator[str]:
        """Names that begin with a prefix: each is, behind that of the destination, a key as it stands, `//` included.

        Without those that no URL leads to: obsim has written none of them.
        """
        return (name for name in self._listed(prefix) if not _goes_up(name))

    def _listed(self, prefix: str, delimiter: str = "") -> Iterator[str]:
        """Names that begin with a prefix, relative to the destination.

        Raises StoreFailed for what is no listing, and for one that does not end.
        """
        query = {"list-type": "2", "max-keys": str(PAGE_KEYS), "prefix": self._prefix + prefix}
        if delimiter:
            query["delimiter"] = delimiter
        for _ in range(_PAGES_MAX):
            status, data = self._ask("GET", query=query)
            if status == 404:
                raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, f"{self._base}: there is no such bucket")
            page = _xml(data)
            for path in (f"{_SPACE}Contents/{_SPACE}Key", f"{_SPACE}CommonPrefixes/{_SPACE}Prefix"):
                yield from ((found.text or "").removeprefix(self._prefix) for found in page.iterfind(path))
            token = page.findtext(f"{_SPACE}NextContinuationToken")
            if not token:
                return
            query["continuation-token"] = token
        raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, f"{self._base}: a listing has more than {_PAGES_MAX} pages")

    def write(self, files: Sequence[File]) -> None:
        """Put objects, some at a time; each is there as a whole or not at all."""
        self._at_once(lambda file: self._put(*file), files)

    def _put(self, name: str, data: bytes) -> None:
        if self._ask("PUT", self._key(name), body=data)[0] == 404:
            raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, f"{self._base}: there is no such bucket")

    def remove(self, names: Iterable[str]) -> None:
        """Delete objects in order, or tag them where the destination says so: rules of the store delete them then."""
        for name in names:
            if name.endswith("/"):
                keys = [self._prefix + found for found in self._within_reach(name.lstrip("/"))]
                self._at_once(self._remove, keys)
            else:
                self._remove(self._key(name))

    def _remove(self, key: str) -> None:
        if self._tagging:
            self._ask("PUT", key, {"tagging": ""}, _TAGGED)
        else:
            self._ask("DELETE", key)

    @staticmethod
    def _at_once(work: Callable[[Any], None], things: Sequence[Any]) -> None:
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE, thread_name_prefix="obsim-s3") as pool:
            list(pool.map(work, things))


def _xml(data: bytes) -> ElementTree.Element:
    """An answer as a tree; one with a document type, which could make it grow, is none. Raises StoreFailed."""
    try:
        text = data.decode()  # and not what the answer itself calls its encoding: nothing is to pass by the next look
        if len(data) > _ANSWER_BYTES_MAX or "<!DOCTYPE" in text:
            raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, "an answer is no listing")
        return ElementTree.fromstring(text)  # noqa: S314 - bounded, and without a document type
    except (UnicodeDecodeError, ElementTree.ParseError):
        raise StoreFailed(OB_BACKUP_DEST_NOT_CONNECT, "an answer is no listing") from None


def _error_code(data: bytes) -> str:
    try:
        return _xml(data).findtext("Code") or ""
    except StoreFailed:
        return ""


def _code(status: int, word: str) -> int:
    if word in _FULL or status == 507:
        return OB_BACKUP_DEVICE_OUT_OF_SPACE
    if word == "NoSuchKey":
        return OB_BACKUP_FILE_NOT_EXIST
    return OB_BACKUP_PERMISSION_DENIED if status in {401, 403} else OB_BACKUP_DEST_NOT_CONNECT
