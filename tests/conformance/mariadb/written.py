"""The queries of `fixtures/queries/written.sql`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.conformance.mariadb.client import Parameter
from tests.conformance.mariadb.loading import SCENARIO

__all__ = ["FIXTURE", "Written", "written"]

FIXTURE = SCENARIO.with_name("written.sql")
_VALUES = re.compile(r" (\[[^\[\]]*\]);$")


@dataclass(frozen=True)
class Written:
    """One query under the title of its group."""

    group: str
    sql: str
    parameters: tuple[Parameter, ...]


def written() -> Iterator[Written]:
    """All of them, in their order."""
    group = ""
    for line in FIXTURE.read_text("utf-8").splitlines():
        if line.startswith("--"):
            group = line.removeprefix("--").strip()
        elif line:
            match = _VALUES.search(line)
            parameters = json.loads(match.group(1)) if match else []
            sql = line[: match.start()] if match else line.removesuffix(";")
            yield Written(group, sql, tuple(parameters))
