"""What tests of the outside share: `obsim serve` as a process of its own, started as a user starts it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import hypothesis
import pytest

# No test measures time: under load an example takes as long as it takes.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
STOP_TIMEOUT_S = 20


@dataclass(frozen=True)
class ServerProcess:
    """A running `obsim serve`: where it listens, its process, and the file its stderr goes to."""

    host: str
    port: int
    process: subprocess.Popen[str]
    log_file: IO[str]

    def log(self) -> str:
        """Everything the server has logged so far."""
        self.log_file.flush()
        self.log_file.seek(0)
        return self.log_file.read()

    def stop(self) -> int:
        """End it as a service manager does, with SIGTERM; returns its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_TIMEOUT_S)


def pytest_configure(config: pytest.Config) -> None:
    """Leave the long campaigns out unless -m says otherwise."""
    config.option.markexpr = config.option.markexpr or "not full"


StartServer = Callable[..., ServerProcess]


def start_server(*options: str) -> ServerProcess:
    """`obsim serve --port 0` with `options`; returns once it has printed its `ready` line."""
    log_file = TemporaryFile("w+")  # noqa: SIM115 - lives as long as the server, closed by the fixture
    command = [sys.executable, "-c", "from obsim.cli import main; main()", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log_file, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    word, _, address = line.strip().partition(" ")
    host, _, port = address.rpartition(" ")
    server = ServerProcess(host, int(port or 0), process, log_file)
    if word != "ready":
        process.kill()
        process.wait()
        pytest.fail(f"obsim serve said {line!r} and logged:\n{server.log()}")
    return server


@pytest.fixture(scope="module")
def serve() -> Iterator[StartServer]:
    """Start servers: `serve("--clock", "step")`. They end with the module."""
    with ExitStack() as stack:

        def start(*options: str) -> ServerProcess:
            server = start_server(*options)
            stack.callback(server.log_file.close)
            stack.callback(_end, server.process)
            return server

        yield start


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert process.stdout is not None
    process.stdout.close()
