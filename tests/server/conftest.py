"""Servers over a fake host, shared by the tests of a module."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.server.fakes import FakeHost, FakeServer, fake_server  # noqa: E402 - the path comes first
from tests.server.stock import StockServer  # noqa: E402
from tests.server.wire import Wire  # noqa: E402

StartFake = Callable[..., tuple[FakeHost, FakeServer]]


@pytest.fixture
def start() -> Iterator[StartFake]:
    """Start servers over fake hosts: `host, server = start(limits=...)`. They end with the test."""
    with ExitStack() as stack:

        def begin(**options: Any) -> tuple[FakeHost, FakeServer]:
            host = FakeHost()
            return host, stack.enter_context(fake_server(host, **options))

        yield begin


@pytest.fixture
def port(start: StartFake) -> int:
    """The port of a server with default limits."""
    return start()[1].port


@pytest.fixture(scope="module")
def stock() -> Iterator[StockServer]:
    """mysql-mimic's own server in a process of its own."""
    with StockServer() as server:
        yield server


@pytest.fixture
def fresh_stock() -> Iterator[StockServer]:
    """The same, for a test that breaks it."""
    with StockServer() as server:
        yield server


@pytest.fixture(scope="module")
def shared_wire() -> Iterator[Wire]:
    """One logged-in connection for all tests of a module that leave it as it was."""
    with fake_server() as server, Wire(server.port) as wire:
        wire.login()
        yield wire
