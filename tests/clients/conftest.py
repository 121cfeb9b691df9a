"""Clients that nobody here wrote, behind one small interface.

`client` is one of them with a server of its own; `client.connect(user)` opens a connection. The table of all clients
is in `kinds`, what they share in `common`.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.clients.common import Address, Connection, Refused
from tests.clients.kinds import CLIENTS, lacking


@dataclass
class Client:
    """One kind of client beside a server of its own."""

    name: str
    host: str
    port: int
    opened: list[Connection] = field(default_factory=list)

    def connect(self, user: str = "root@sys", database: str | None = "oceanbase", ca: str | None = None) -> Any:
        connection = CLIENTS[self.name].open(Address(self.host, self.port, user, database, ca))
        self.opened.append(connection)
        return connection

    def close(self) -> None:
        for connection in self.opened:
            connection.close()


@pytest.fixture(scope="session")
def refused() -> type[Refused]:
    """What every client of `client` raises when the server answers with an error."""
    return Refused


@pytest.fixture(scope="session")
def require() -> Callable[[str], None]:
    """Skip a test whose client is not installed; where CI runs it fails."""

    def required(name: str) -> None:
        reason = lacking(name)
        if reason:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)

    return required


@pytest.fixture(scope="module", params=[name for name, kind in CLIENTS.items() if kind.quick])
def client(
    request: pytest.FixtureRequest, serve: Callable[..., Any], require: Callable[[str], None]
) -> Iterator[Client]:
    require(request.param)
    server = serve("--clock", "step")
    client = Client(request.param, server.host, server.port)
    yield client
    client.close()
