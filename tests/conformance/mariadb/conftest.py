"""One busy cluster and one MariaDB with its rows, for all tests of this folder."""

import os
from collections.abc import Iterator

import pytest

from benchmarks.mariadbd import installed, running_mariadb
from obsim.server import Server
from tests.conformance.mariadb.client import Client
from tests.conformance.mariadb.loading import SCENARIO, Pair, fill, load, sessions


@pytest.fixture(scope="package")
def pair() -> Iterator[Pair]:
    """Logins at both servers, in the same state."""
    if not installed() and not os.environ.get("CI"):
        pytest.skip("mariadbd is not installed")
    with running_mariadb("--lower-case-table-names=1") as mariadb, Server(str(SCENARIO), clock="manual") as server:
        fill(server)
        both = Client(server.host, server.port), Client(mariadb.host, mariadb.port)
        tables = load(*both)
        sessions(*both)
        yield Pair(*both, tables)
        for client in both:
            client.close()
