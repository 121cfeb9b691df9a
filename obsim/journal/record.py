"""One record of a journal: an input, the moment it came at, and what it led to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any
from zlib import crc32

from obsim.answers import Ok

if TYPE_CHECKING:
    from obsim.cluster import ClusterState

__all__ = [
    "FORGOTTEN", "MOVED", "OPENED", "OUTCOME", "REST", "Moment", "Record", "changes_of", "moment_of_state",
    "told_answer",
]  # fmt: skip

_as_json = json.JSONEncoder(separators=(",", ":")).encode

MOVED = "moved"
"""Virtual time has come to a moment: a jump, a step, or where it was shown last."""
OPENED = "opened"
"""A process has begun to use a journal that was there."""
OUTCOME = "outcome"
"""How something ended that was to be done outside."""
FORGOTTEN = "forgotten"
"""A statement was given up after something had ended outside that it asked for."""
REST = "rest"
"""Virtual time stood still, and what is archived was brought out."""


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """Where a cluster is: after so many events, at a virtual time in nanoseconds, on a timeline."""

    timeline: int
    at_ns: int
    event_count: int


@dataclass(frozen=True, slots=True)
class Record:
    """`number` counts from 1; `kind` is a word of `KIND_OF` or one of those above, `body` what belongs to it.

    `answer` says what the input was answered, `changes` how often rows had changed by then: both must be the same when
    it acts again.
    """

    number: int
    moment: Moment
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    answer: str = ""
    changes: int = 0

    def shown(self) -> str:
        """One line for reports, without secrets."""
        told = self.body.get("sql") or self.body.get("text") or self.body.get("name") or ""
        words = told if isinstance(told, str) else told["text"]
        if "arguments" in self.body:
            words += json.dumps(self.body["arguments"])
        return f"record {self.number}, {self.kind} {words}".rstrip()

    def line(self) -> str:
        """The record as one line of JSON."""
        return self._line(_as_json(self.body))

    def _line(self, body: str) -> str:
        """Put together by hand: this is done for every statement that is kept."""
        moment = self.moment
        return (
            f'{{"number":{self.number},"timeline":{moment.timeline},"at_ns":{moment.at_ns},'
            f'"event_count":{moment.event_count},"kind":{encode_basestring_ascii(self.kind)},"body":{body},'
            f'"answer":{encode_basestring_ascii(self.answer)},"changes":{self.changes}}}'
        )

    def written(self) -> tuple[str, int]:
        """The body as JSON, and the record's sum."""
        body = _as_json(self.body)
        return body, crc32(self._line(body).encode())

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Record":
        """The record of what a line says. Raises ValueError for anything else."""
        try:
            numbers = [told[name] for name in ("number", "timeline", "at_ns", "event_count", "changes")]
            if not all(type(number) is int for number in numbers) or not isinstance(told["body"], dict):
                raise ValueError("its numbers are no numbers, or its body is no object")
            number, timeline, at_ns, event_count, changes = numbers
            moment = Moment(timeline, at_ns, event_count)
            return cls(number, moment, str(told["kind"]), told["body"], str(told["answer"]), changes)
        except KeyError as missing:
            raise ValueError(f"it has no {missing}") from None

    @property
    def sum(self) -> int:
        """A sum over all of it."""
        return self.written()[1]


def moment_of_state(state: "ClusterState") -> Moment:
    """Where a cluster is."""
    return Moment(state.timeline, state.now_ns, state.event_count)


def changes_of(state: "ClusterState") -> int:
    """How often rows have changed, those that only tell what clients said left out."""
    return state.revisions.total("statements")


def told_answer(answer: object) -> str:
    """What an input was answered, as text."""
    if isinstance(answer, Ok):
        warned = "".join(f" {code}" for code, _ in answer.warned) if answer.warned else ""
        return f"ok {answer.affected_rows}{warned} {answer.info}".rstrip()
    return "" if answer is None else str(answer)
