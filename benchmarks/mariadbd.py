"""A MariaDB of one's own: the rival of the benchmarks and the yardstick of the conformance tests of SELECT."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MariaDB", "installed", "running_mariadb"]

START_TIMEOUT_S = 60
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))


@dataclass(frozen=True)
class MariaDB:
    """A running server; `root` needs no password."""

    host: str
    port: int
    process: "subprocess.Popen[str]"


def installed(*programs: str) -> bool:
    """Whether the server and `programs` are there."""
    return all(shutil.which(name, path=_PATH) for name in ("mariadbd", "mariadb-install-db", *programs))


@contextmanager
def running_mariadb(*options: str) -> Iterator[MariaDB]:
    """MariaDB with its defaults and `options` on a free port of the loopback interface, its data in a temporary folder.

    Raises RuntimeError when it does not start.
    """
    server, install = (shutil.which(name, path=_PATH) for name in ("mariadbd", "mariadb-install-db"))
    if server is None or install is None:
        raise RuntimeError("mariadbd or mariadb-install-db is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="obsim-mariadb-") as folder:
        account = ["--user=root"] if os.geteuid() == 0 else []
        common = ["--no-defaults", f"--datadir={folder}/data", *account]
        command = [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(command, check=True, capture_output=True)
        address = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder}/sock", f"--pid-file={folder}/pid"]
        # A commit does not wait for the disk: the disk of the machine is no part of any comparison.
        command = [server, *common, *address, "--innodb-flush-log-at-trx-commit=0", *options]
        with Path(folder, "log").open("w") as log:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, text=True)
        try:
            if not _listens(port, process):
                raise RuntimeError(f"MariaDB did not start:\n{Path(folder, 'log').read_text()}")
            yield MariaDB("127.0.0.1", port, process)
        finally:
            process.terminate()
            process.wait(60)


def _listens(port: int, process: "subprocess.Popen[str]") -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                if connection.recv(4):
                    return True
        except OSError:
            time.sleep(0.1)
    return False
