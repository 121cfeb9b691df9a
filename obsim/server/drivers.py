"""How the common drivers are told where a server is."""

from typing import Any
from urllib.parse import quote

from obsim.errors import UsageError

__all__ = ["DRIVERS", "driver_arguments", "url_of"]

_NO_TLS = {"ssl_disabled": True}
"""Else the driver loads every certificate of the system before it asks whether there is TLS: 20 ms a connection."""
DRIVERS: dict[str, dict[str, Any]] = {
    "aiomysql": {},
    "asyncmy": {},
    "mysql-connector": _NO_TLS,
    "mysqlclient": {},
    "pymysql": _NO_TLS,
}
"""Every driver -> what it is told besides, of a server without TLS."""


def driver_arguments(
    driver: str | None, host: str, port: int, user: str, password: str, unix_socket: str | None, *, tls: bool
) -> dict[str, Any]:
    """Keywords for a driver's `connect`; without a name those that all of them take.

    With a unix socket that instead of host and port. Raises UsageError for a driver that is not in DRIVERS.
    """
    if driver is not None and driver not in DRIVERS:
        raise UsageError(f"'{driver}' is no driver obsim knows: choose {', '.join(DRIVERS)}, or none for what all take")
    where: dict[str, Any] = {"host": host, "port": port} if unix_socket is None else {"unix_socket": unix_socket}
    own = {} if driver is None or tls else DRIVERS[driver]
    return {**where, "user": user, "password": password, **own}


def url_of(dialect: str, host: str, port: int, user: str, password: str, database: str) -> str:
    """A URL as SQLAlchemy and others read it; what is no letter in a name is escaped."""
    secret = f":{quote(password, safe='')}" if password else ""
    at_host = f"[{host}]" if ":" in host else host
    return f"{dialect}://{quote(user, safe='')}{secret}@{at_host}:{port}/{quote(database, safe='')}"
