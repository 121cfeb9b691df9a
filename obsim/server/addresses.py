"""Addresses that a server listens on: what they say, and whether others reach them."""

import asyncio
import socket
from ipaddress import ip_address

from obsim.errors import UsageError

__all__ = ["only_loopback", "read_address"]

PORT_MAX = 65_535


def read_address(text: str) -> tuple[str, int]:
    """Host and port of `[HOST:]PORT`, an IPv6 address in brackets; the host is 127.0.0.1 where none is named.

    Raises UsageError.
    """
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    sound = port.isdecimal() and port.isascii() and int(port) <= PORT_MAX and (not colon or bare)
    if not sound or (":" in bare and bare == host):
        raise UsageError(
            f"'{text}' is no address for HTTP: give a port, or both as 127.0.0.1:9100 or [::1]:9100"
        )
    return (bare if colon else "127.0.0.1"), int(port)


async def only_loopback(host: str) -> bool:
    """Whether every address of a host name is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(host) and all(ip_address(address[4][0]).is_loopback for address in found)
