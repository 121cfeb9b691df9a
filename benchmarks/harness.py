"""What the benchmarks share: servers as processes, figures of the machine, tables of measured against required."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from mariadbd import installed, running_mariadb
from wire import WireConnection

ROOT = Path(__file__).parent.parent
CONSOLE_SCRIPT = "from obsim.cli import main; main()"
WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; " + CONSOLE_SCRIPT


@dataclass(frozen=True)
class Address:
    """A server to measure: where it listens, how to log in, its process."""

    name: str
    host: str
    port: int
    user: str
    process: "subprocess.Popen[str]"

    def connect(self, user: str | None = None, database: str = "oceanbase") -> WireConnection:
        """One connection."""
        return WireConnection(self.host, self.port, user or self.user, database)


@dataclass(frozen=True)
class Figure:
    """One measured figure beside what is required: at least, or at most, `required`."""

    name: str
    measured: float
    unit: str
    required: float | None = None
    at_most: bool = False
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the requirement is met; true without one."""
        if self.required is None:
            return True
        return self.measured <= self.required if self.at_most else self.measured >= self.required


@contextmanager
def obsim_server(*options: str, uvloop: bool = False, env: Mapping[str, str] = {}) -> Iterator[Address]:
    """`obsim serve` with `options` on a free port, with or without uvloop; `env` is added to its environment."""
    command = [sys.executable, "-c", CONSOLE_SCRIPT if uvloop else WITHOUT_UVLOOP, "serve", "--port", "0", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        if len(words) != 3 or words[0] != "ready":
            raise SystemExit("obsim did not start")
        yield Address("obsim + uvloop" if uvloop else "obsim", words[1], int(words[2]), "root@sys", process)
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def mariadb_server() -> Iterator[Address]:
    """MariaDB with its defaults on a private port of the loopback interface."""
    if not installed("mariadb-slap"):
        raise SystemExit("this benchmark compares with MariaDB: install mariadb-server")
    with running_mariadb() as server:
        yield Address("MariaDB", server.host, server.port, "root", server.process)


def machine() -> str:
    """The machine and the versions that the figures belong to, one line each."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    names = ("obsim", "sqlglot", "mysql-mimic", "apsw")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} x {model}\nPython {platform.python_version()}, {packages}"


def print_figures(title: str, figures: list[Figure]) -> bool:
    """A table of measured against required; whether all hold."""
    print(f"\n{title}\n")
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        wanted = "" if figure.required is None else f"{'at most' if figure.at_most else 'at least'} {figure.required:g}"
        verdict = "" if figure.required is None else "ok" if figure.holds else "MISSED"
        value = f"{figure.measured:>8.3g} {figure.unit:<3}"
        print(f"  {figure.name:<{width}}  {value} {wanted:<14} {verdict:<6}  {figure.detail}")
    return all(figure.holds for figure in figures)
