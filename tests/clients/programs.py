"""Clients that are programs of their own: command lines, and drivers for Node, Go and Java behind lines of JSON."""

import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal

from tests.clients.common import Address, Refused, Row, table, with_values

FOLDER = Path(__file__).parent
TOOLS = FOLDER.parents[1] / ".venv-clients" / "bin"
JARS = ("mariadb-java-client.jar", "gson.jar")
CALL_TIMEOUT_S = 60
csv.field_size_limit(1 << 24)  # a long value is a value


def run(command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """A command to its end, with nothing on its standard input."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CALL_TIMEOUT_S, check=False,
        env=os.environ | environment,
    )


def tabular(text: str, null: str, quoting: Literal[0, 3]) -> list[Row]:
    """Rows of a text with tabs whose first line has the names."""
    lines = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=quoting))
    return [dict(zip(lines[0], (None if v == null else v for v in line), strict=True)) for line in lines[1:]]


class CommandLine:
    """The `mariadb` command: one process a call, as scripts and cron jobs use it."""

    _ERROR = re.compile(r"^ERROR (\d+) \((\w+)\)(?: at line \d+)?: (.*)$", re.MULTILINE)

    def __init__(self, address: Address) -> None:
        place = ["-h", address.host, "-P", str(address.port), "-u", address.user]
        if address.database:
            place += ["-D", address.database]
        if address.ca:
            place += [f"--ssl-ca={address.ca}", "--ssl-verify-server-cert"]
        self.command = ["mariadb", "--no-defaults", *place, "--batch", "--raw"]

    def rows(self, sql: str) -> list[Row]:
        ended = run([*self.command, "-e", sql])
        if ended.returncode:
            match = self._ERROR.search(ended.stderr)
            assert match, ended.stderr
            raise Refused(int(match[1]), match[2], match[3])
        return tabular(ended.stdout, "NULL", csv.QUOTE_NONE)

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(with_values(sql, parameters))

    def close(self) -> None:
        """Nothing stays open between two calls."""


class PythonTool:
    """A command line written in Python, in an environment of its own; its errors are printed as PyMySQL raises them."""

    _ERROR = re.compile(r"""\((\d+), ["'](.*)["']\)""", re.DOTALL)

    def __init__(self, address: Address) -> None:
        self.address = address
        self.home = TemporaryDirectory()
        self.environment = {"HOME": self.home.name, "XDG_CONFIG_HOME": self.home.name}

    def refusal(self, text: str) -> Refused:
        match = self._ERROR.search(text)
        assert match, text
        return Refused(int(match[1]), "", match[2])

    def rows(self, sql: str) -> list[Row]:
        raise NotImplementedError

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(with_values(sql, parameters))

    def close(self) -> None:
        self.home.cleanup()


class Mycli(PythonTool):
    """mycli without its prompt: statements on its standard input, tables with tabs out; NULL and '' look alike there.

    An error ends it; the next statement starts it anew.
    """

    _END = "end of the answer"

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        place = ["-h", address.host, "-P", str(address.port), "-u", address.user]
        if address.database:
            place += ["-D", address.database]
        if address.ca:
            place += ["--ssl-mode", "on", "--ssl-ca", address.ca, "--ssl-verify-server-cert"]
        self.command = [str(TOOLS / "mycli"), "--myclirc", f"{self.home.name}/myclirc", *place, "--batch", "-"]
        self.process: subprocess.Popen[str] | None = None

    def rows(self, sql: str) -> list[Row]:
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=os.environ | self.environment,
            )
        process = self.process
        assert process.stdin
        assert process.stdout
        with suppress(BrokenPipeError):  # it has refused the login and ended
            process.stdin.write(f"{sql};\nSELECT '{self._END}' AS e;\n")
            process.stdin.flush()
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line == self._END + "\n":
                return tabular("".join(lines[:-2]), "", csv.QUOTE_MINIMAL) if lines[:-2] else []
        self.process = None
        _, told = process.communicate(timeout=CALL_TIMEOUT_S)
        raise self.refusal(told)

    def close(self) -> None:
        if self.process is not None:
            self.process.communicate(timeout=CALL_TIMEOUT_S)
        super().close()


class Obcli(PythonTool):
    """obcli: the address lies encrypted in its folder, JSON comes out; it has no option for TLS.

    Without a policy of its user it sends reads only, so that it gets one that forbids nothing.
    """

    _POLICY: ClassVar[dict[str, object]] = {"limits": {}, "block_rules": []}

    def __init__(self, address: Address) -> None:
        assert address.ca is None, "obcli has no TLS"
        super().__init__(address)
        folder = Path(self.home.name, "obcli")
        folder.mkdir()
        (folder / "policy.json").write_text(json.dumps(self._POLICY))
        source = f"oceanbase://{address.user}:@{address.host}:{address.port}/{address.database or ''}"
        stored = subprocess.run(
            [TOOLS / "obcli", "config", "set-dsn"], input=source, capture_output=True, text=True, check=False,
            timeout=CALL_TIMEOUT_S, env=os.environ | self.environment,
        )
        assert stored.returncode == 0, stored.stdout + stored.stderr

    def rows(self, sql: str) -> list[Row]:
        ended = run([str(TOOLS / "obcli"), "sql", sql], **self.environment)
        told = json.loads(ended.stdout)
        if not told["ok"]:
            raise self.refusal(told["error"]["message"])
        return table(told["columns"], [[row[name] for name in told["columns"]] for row in told["rows"]])


class LineDriver:
    """A driver of another language: a small program that holds one connection and speaks lines of JSON."""

    program: ClassVar[Sequence[str]]
    source: ClassVar[Path | None] = None
    """What `build.sh` compiles; the name of its folder is what it is told."""

    def __init__(self, address: Address, options: str = "") -> None:
        """`options` as the driver takes them behind the `?` of its address."""
        if self.source is not None:
            compiled(self.source)
        place = [address.host, str(address.port), address.user, address.database or "", address.ca or "", options]
        self.process = subprocess.Popen(
            [*self.program, *place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self._answer()
        except Refused:
            self.close()
            raise

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"{self.program[0]} ended with {self.process.wait(CALL_TIMEOUT_S)}"
        answer: dict[str, Any] = json.loads(line)
        if "errno" in answer:
            raise Refused(answer["errno"], answer["sqlstate"], answer["message"])
        return answer

    def ask(self, **request: object) -> dict[str, Any]:
        """Send one request; the answer as it came. Raises Refused."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def rows(self, sql: str, parameters: Sequence[object] | None = None) -> list[Row]:
        answer = self.ask(sql=sql, parameters=parameters)
        return table(answer.get("columns", ()), answer["rows"])

    def prepared(self, sql: str, *parameters: object) -> list[Row]:
        return self.rows(sql, parameters)

    def close(self) -> None:
        with suppress(BrokenPipeError):  # it may have ended by itself
            self.process.communicate(timeout=CALL_TIMEOUT_S)


class Mysql2(LineDriver):
    """Node's mysql2."""

    program = ("node", str(FOLDER / "node" / "driver.js"))


class GoDriver(LineDriver):
    """go-sql-driver, with parseTime."""

    program = (str(FOLDER / "go" / "build" / "driver"),)
    source = FOLDER / "go" / "driver.go"


class ConnectorJ(LineDriver):
    """MariaDB Connector/J, with prepared statements on the server."""

    program = (
        "java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
        ":".join([str(FOLDER / "java" / "build"), *(f"/usr/share/java/{jar}" for jar in JARS)]), "Driver",
    )
    source = FOLDER / "java" / "Driver.java"


def compiled(source: Path) -> None:
    """Compile a driver program unless it is newer than its source."""
    made = list((source.parent / "build").glob("*"))
    if made and min(file.stat().st_mtime for file in made) >= source.stat().st_mtime:
        return
    ended = run([str(FOLDER / "build.sh"), source.parent.name])
    assert ended.returncode == 0, ended.stderr
