"""How a cluster was made: all that makes an equal one begin, its scenario's text included."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from re import compile as re_compile
from typing import Any

from msgspec import ValidationError, convert

from obsim.clock import ClockMode, ManualClock, clock_named
from obsim.cluster.state import ClusterOptions, ClusterState
from obsim.destination.outside import Performer
from obsim.ids import Nanoseconds
from obsim.journal.secrets import Secrets
from obsim.scenario.building import Blueprint
from obsim.scenario.reading import ScenarioFile
from obsim.session import ControlAccess, SessionHost
from obsim.statements.text import secret_places
from obsim.variables import ServerFacts
from obsim.versions import IncrementalBase, profile_for

__all__ = ["Making"]


_QUOTED_KEY = re_compile(r"""["'](\w*password)["'](?=\s*=)""")


def _lines(text: str) -> Iterator[str]:
    """The lines of a TOML text, those of one string together: what announces a secret may stand lines before it."""
    held = ""
    for line in text.splitlines(keepends=True):
        held += line
        if not any(held.count(quotes) % 2 for quotes in ('"""', "'''")):
            yield held
            held = ""
    if held:
        yield held


@dataclass(frozen=True, slots=True)
class Making:
    """Times are nanoseconds; `scenario` is the name or file it was called by, `text` what stood there."""

    scenario: str
    text: str
    seed: int
    version: str
    incremental_base: str
    strict_incremental: bool
    start_ns: int
    clock: str
    step_ns: int = 1_000_000_000
    speed: float = 1.0
    autojump_after: int = 1
    mysql_port: int = 2881
    file_root: str | None = None
    s3_endpoints: tuple[str, ...] = ()
    background: bool = False
    """Whether intents are carried out in a thread."""

    def told(self, secrets: Secrets) -> dict[str, Any]:
        """As JSON, secrets of the scenario by name."""
        lines: list[Any] = []
        for line in _lines(self.text):
            places = list(secret_places(_QUOTED_KEY.sub(r" \1 ", line.replace("#", " "))))
            lines.append(secrets.concealed(line, places) if places else line)
        plain: list[Any] = []
        for line in lines:  # what lies between two lines with secrets is one text
            if plain and isinstance(line, str) and isinstance(plain[-1], str):
                plain[-1] += line
            else:
                plain.append(line)
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"text": plain}

    @classmethod
    def of(cls, told: Mapping[str, Any], secrets: Secrets) -> "Making":
        """Read it. Raises SecretMissing, and ValueError for what is none."""
        try:
            text = "".join(map(secrets.reveal, told["text"]))
            made = cls(**{**told, "text": text, "s3_endpoints": tuple(told.get("s3_endpoints", ()))})
            return convert(asdict(made), cls)  # what people have edited may be of any type
        except (KeyError, TypeError, ValidationError) as wrong:
            raise ValueError(f"it does not say how the cluster was made: {wrong}") from None

    def blueprint(self) -> Blueprint:
        """The scenario, read. Raises ScenarioError."""
        return Blueprint.read(ScenarioFile(Path(self.scenario), self.text))

    def mode(self) -> ClockMode:
        """Its clock. Raises UsageError."""
        return clock_named(
            self.clock, now_ns=self.start_ns, monotonic_ns=time.monotonic_ns, step_ns=self.step_ns, speed=self.speed,
            autojump_after=self.autojump_after,
        )  # fmt: skip

    def host(
        self,
        performer: Performer | None = None,
        clock: ClockMode | None = None,
        control: ControlAccess | None = None,
        facts: ServerFacts | None = None,
        blueprint: Blueprint | None = None,
        state: ClusterState | None = None,
    ) -> SessionHost:
        """A cluster at the start, or in `state`, with its sessions; `performer` reaches destinations.

        Raises ScenarioError.
        """
        options = ClusterOptions(
            profile_for(self.version), self.seed, Nanoseconds(self.start_ns), IncrementalBase(self.incremental_base),
            self.strict_incremental,
        )  # fmt: skip
        build = partial((blueprint or self.blueprint()).build, options, self.mysql_port)
        return SessionHost(build, clock or self.mode(), control, facts, state, performer)

    def still_clock(self) -> ClockMode:
        """A clock of the same name that never moves by itself: for who replays."""
        return _Still(self.clock)


class _Still(ManualClock):
    def __init__(self, name: str) -> None:
        self.name = name

