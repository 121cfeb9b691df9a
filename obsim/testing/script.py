"""What was done to a simulated cluster, as a script that `obsim sql` runs."""

import shlex
from dataclasses import dataclass, field

from obsim.units import UNIT_NS
from obsim.versions import IncrementalBase

__all__ = ["Script"]


@dataclass
class Script:
    """Statements in order, each with the tenant whose administrator ran it; time that went by between them."""

    scenario: str
    version: str
    base: IncrementalBase
    seed: int
    _lines: list[tuple[str, str]] = field(default_factory=list)
    _passed_ns: int = 0

    def clear(self) -> None:
        """Begin anew: the cluster is as it was at its start."""
        self._lines.clear()
        self._passed_ns = 0

    def advance(self, by_ns: int) -> None:
        """Time went by."""
        self._passed_ns += by_ns

    def add(self, tenant: str, sql: str, errno: int = 0) -> None:
        """A statement was run. One that was refused has changed nothing and stands there as a comment."""
        if self._passed_ns:
            self._lines.append(("sys", f"CALL obsim.advance('{_interval(self._passed_ns)}')"))
            self._passed_ns = 0
        self._lines.append((tenant, sql) if not errno else ("", f"-- {errno} for {tenant}: {sql}"))

    def note(self, text: str) -> None:
        """Something happened that no statement does."""
        self._lines.append(("", f"-- {text}"))

    @property
    def command(self) -> str:
        """The command that runs the script from a file."""
        options = ["--scenario", self.scenario, "--ob-version", self.version, "--incremental-base", self.base.value]
        return shlex.join(["obsim", "sql", *options, "--seed", str(self.seed), "--file"])

    def text(self) -> str:
        """The whole script: CONNECT changes the tenant, each statement ends with a semicolon."""
        lines, at = [], "sys"
        rest = [("sys", f"CALL obsim.advance('{_interval(self._passed_ns)}')")] if self._passed_ns else []
        for tenant, sql in self._lines + rest:
            if tenant not in {at, ""}:
                lines.append(f"CONNECT {tenant};")
                at = tenant
            lines.append(f"{sql};" if tenant else sql)
        return "\n".join(lines) + "\n"


def _interval(ns: int) -> str:
    """An interval as CALL obsim.advance reads it."""
    for unit in ("s", "ms", "us"):
        if not ns % UNIT_NS[unit]:
            return f"{ns // UNIT_NS[unit]}{unit}"
    return f"{ns}ns"
