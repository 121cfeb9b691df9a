"""How obsim's answers differ from the recorded ones, and which of the differences have a reason.

`fixtures/replay/exceptions.tsv` has a line for each record that answers otherwise: its number, the class, what exactly
obsim answers instead, the reason, and the statement. A line counts only while the difference is the very one it states.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.replay.records import Answer, Column, Record

__all__ = [
    "CLASSES", "FROM_THE_VERSION", "Exception_", "Figures", "Verdict", "difference", "read_exceptions", "verdict",
]  # fmt: skip

CLASSES = ("version", "single-tenant", "other")
"""Grammar, views and texts that the version changed; what it lost with all tenants and servers but one; the rest."""
FROM_THE_VERSION = CLASSES[:2]
ANYTHING = "*"
"""In place of a difference: the recorded engine has lost the statement; other tests say what obsim answers."""
OTHER_SHARE_MAX = 0.1
_AUTH_SWITCH = "fe6d7973716c5f6e61746976655f70617373776f726400"
"""Ask for mysql_native_password; 20 random bytes and a NUL follow."""


@dataclass(frozen=True, slots=True)
class Exception_:  # noqa: N801 - the word is taken
    """A record that may answer otherwise."""

    number: int
    kind: str
    difference: str
    reason: str
    text: str

    def line(self) -> str:
        """The line in the fixture."""
        return "\t".join((str(self.number), self.kind, self.difference, self.reason, json.dumps(self.text)))


@dataclass(frozen=True, slots=True)
class Figures:
    """Beside the verdict: what else of equal answers is equal."""

    columns: int = 0
    columns_exact: int = 0
    """Columns whose length, character set, flags and decimals are the recorded ones as well."""
    warnings: int = 0
    warnings_equal: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """All records, how many are shared, and those that differ, each with its difference."""

    records: int
    shared: frozenset[int]
    differing: dict[int, str]
    excused: dict[int, Exception_]
    """Differences with a line that states them."""
    unexplained: list[Exception_]
    """Differences without one, as the lines that would state them."""
    stale: list[Exception_]
    """Lines that state a difference there is no more."""
    figures: Figures

    def count(self, kind: str, *, shared: bool = True) -> int:
        """Excused records of a class."""
        return sum(1 for n, found in self.excused.items() if found.kind == kind and (n in self.shared or not shared))

    @property
    def good(self) -> bool:
        """Everything has its reason, and what does not come from version or product is rare."""
        rare = self.count("other") < OTHER_SHARE_MAX * len(self.shared)
        return rare and not self.unexplained and not self.stale


def read_exceptions(path: Path) -> list[Exception_]:
    """The lines of the fixture."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            number, kind, differs, reason, text = line.split("\t")
            found.append(Exception_(int(number), kind, differs, reason, json.loads(text)))
    return found


def verdict(
    records: Sequence[Record],
    answers: Sequence[tuple[Answer, ...]],
    shared: frozenset[int],
    exceptions: Sequence[Exception_],
) -> Verdict:
    """Compare all answers with the recorded ones and look each difference up."""
    lines = {line.number: line for line in exceptions}
    differing: dict[int, str] = {}
    excused: dict[int, Exception_] = {}
    unexplained = []
    for record, got in zip(records, answers, strict=True):
        differs = difference(record.answers, got)
        if not differs:
            continue
        differing[record.number] = differs
        line = lines.get(record.number)
        if line is not None and line.text == record.text and line.difference in {differs, ANYTHING}:
            excused[record.number] = line
        else:
            unexplained.append(Exception_(record.number, "?", differs, "?", record.text))
    stale = [line for line in exceptions if line.number not in excused]
    return Verdict(len(records), shared, differing, excused, unexplained, stale, _figures(records, answers))


def difference(wanted: tuple[Answer, ...], got: tuple[Answer, ...]) -> str:
    """What `got` answers otherwise, '' for nothing: outcome, error, packet; names and types of columns."""
    if len(wanted) != len(got):
        return f"{len(got)} answers"
    return "; ".join(filter(None, map(_difference, wanted, got)))


def _difference(wanted: Answer, got: Answer) -> str:
    if (wanted.errno, wanted.sqlstate, wanted.message) != (got.errno, got.sqlstate, got.message):
        return f"{got.errno} {got.sqlstate} {json.dumps(got.message)[1:-1]}" if got.errno else "ok"
    if _packet(wanted) != _packet(got):
        return f"packet {got.packet}"
    return "" if wanted.columns is None else _columns(wanted.columns, got.columns or ())


def _packet(answer: Answer) -> str:
    if answer.packet.startswith(_AUTH_SWITCH):
        return f"{_AUTH_SWITCH}, {len(answer.packet)}"  # the rest is random
    return answer.packet


def _columns(wanted: tuple[Column, ...], got: tuple[Column, ...]) -> str:
    before = [(column.name, column.type) for column in wanted]
    after = [(column.name, column.type) for column in got]
    if before == after:
        return ""
    more = [f"+{name}:{kind}" for name, kind in after if (name, kind) not in before]
    fewer = [f"-{name}:{kind}" for name, kind in before if (name, kind) not in after]
    kept = [column for column in before if column in after]
    moved = [] if kept == [column for column in after if column in before] else ["in another order"]
    return "columns " + " ".join(more + fewer + moved)


def _figures(records: Sequence[Record], answers: Sequence[tuple[Answer, ...]]) -> Figures:
    pairs = [pair for record, got in zip(records, answers, strict=True) for pair in zip(record.answers, got)]  # noqa: B905
    columns = [
        (one, other)
        for wanted, got in pairs
        if wanted.columns is not None and not _difference(wanted, got)
        for one, other in zip(wanted.columns, got.columns or (), strict=True)
    ]
    asked = [(wanted, got) for wanted, got in pairs if wanted.warnings is not None and not _difference(wanted, got)]
    return Figures(
        len(columns),
        sum(one == other for one, other in columns),
        len(asked),
        sum(wanted.warnings == got.warnings for wanted, got in asked),
    )
