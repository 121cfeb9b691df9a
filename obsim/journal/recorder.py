"""Notes what changes a cluster while it does."""

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Protocol

from obsim.answers import Ok
from obsim.destination.outcome import Intent, Outcome
from obsim.destination.outside import OutcomeNeeded, Performer
from obsim.destination.uri import BackupUri
from obsim.errors import ServerError
from obsim.journal.record import (
    FORGOTTEN,
    MOVED,
    OUTCOME,
    REST,
    Moment,
    Record,
    changes_of,
    moment_of_state,
    told_answer,
)
from obsim.journal.secrets import Secrets
from obsim.journal.values import KIND_OF, settled, written_input
from obsim.session import inputs

if TYPE_CHECKING:
    from obsim.session import SessionHost

__all__ = ["IN_MEMORY_MAX", "ListSink", "NotingPerformer", "Recorder", "Sink", "intent_key"]


IN_MEMORY_MAX = 100_000
"""Records of a journal in memory, some 50 MB."""

_BETWEEN = inputs.Meet | inputs.SetGlobals
"""What may come of other sessions while a statement waits for something outside: it goes on afterwards."""


class Sink(Protocol):
    """Where records go."""

    def check(self) -> None:
        """Raises a ServerError when no more can be kept: what asks for it is refused."""

    def add(self, record: Record) -> None:
        """Take the next one."""


class ListSink:
    """Records in memory, as far as there is room for them."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.whole = True
        """Whether all are there."""

    def check(self) -> None:
        """There is always room."""

    def add(self, record: Record) -> None:
        """Keep it."""
        if len(self.records) < IN_MEMORY_MAX:
            self.records.append(record)
        else:
            self.whole = False


class Recorder:
    """Carries the inputs of one host out and tells a sink of those that were accepted."""

    def __init__(self, host: "SessionHost", sink: Sink, secrets: Secrets, last_number: int = 0) -> None:
        self._host, self.sink, self.secrets = host, sink, secrets
        self.last_number = last_number
        self.noted = moment_of_state(host.state)
        """Where the cluster was at the last record."""
        self._in_question: inputs.Input | None = None
        """What has asked for something outside and will come again when that is over."""

    @property
    def in_question(self) -> bool:
        """Whether a statement has asked for something outside and has not come again."""
        return self._in_question is not None

    @property
    def moment(self) -> Moment:
        """Where the cluster is."""
        return moment_of_state(self._host.state)

    def carry(self, host: "SessionHost", command: inputs.Input) -> Any:
        """Let an input act. Raises what it raises, and then nothing is noted."""
        self.sink.check()
        command = settled(command)
        asked = self._in_question == command
        if not isinstance(command, _BETWEEN):
            if self._in_question is not None and not asked:
                self.note(FORGOTTEN)
            self._in_question = None
        body = written_input(command, self.secrets)
        state = host.state
        moment, changes = moment_of_state(state), changes_of(state)
        try:
            answer = inputs.carry_out(host, command)
        except OutcomeNeeded:
            self._in_question = command
            raise
        except ServerError as refused:
            if asked or changes_of(state) != changes:  # it asks for an outcome again; or its refusal is on record
                self._add(moment, KIND_OF[type(command)], body, str(refused))
            raise
        except Exception as defect:  # half of it may have happened, and will again
            self._add(moment, KIND_OF[type(command)], body, f"defect {type(defect).__name__}")
            raise
        if isinstance(command, inputs.Meet):
            if changes_of(state) != changes:
                self._add(moment, "meet", body, "" if answer is None else answer.text)
        elif not isinstance(command, inputs.Call) or isinstance(answer, Ok):
            self._add(moment, KIND_OF[type(command)], body, told_answer(answer))
        return answer

    def note(self, kind: str, body: dict[str, Any] | None = None, at: Moment | None = None) -> None:
        """Note what is no input of a session: MOVED, OPENED, OUTCOME, REST."""
        self._add(at or moment_of_state(self._host.state), kind, body or {}, "")

    def give_up(self) -> None:
        """Nobody comes again for what a statement has asked for: the journal is about to be closed."""
        if self._in_question is not None:
            self._in_question = None
            self._host.state.outside.forget_answers()
            self.note(FORGOTTEN)

    def go_on(self, last_number: int) -> None:
        """The cluster is another one, that of a journal up to this record."""
        self._in_question = None
        self.last_number, self.noted = last_number, self.moment

    def moved(self) -> None:
        """Note where the cluster is, if it was elsewhere at the last record."""
        if moment_of_state(self._host.state) != self.noted:
            self.note(MOVED)

    def _add(self, moment: Moment, kind: str, body: dict[str, Any], answer: str) -> None:
        self.last_number += 1
        state = self._host.state
        changes = changes_of(state) if kind not in {MOVED, OUTCOME, REST} else 0
        self.noted = moment_of_state(state) if kind != OUTCOME else self.noted
        self.sink.add(Record(self.last_number, moment, kind, body, answer, changes))


def intent_key(intent: Intent) -> str:
    """What an intent is, so that its outcome is not taken for that of another."""
    names = getattr(intent, "names", ())
    phases = getattr(intent, "phases", ())
    what = [*names, *(name for phase in phases for name, _ in phase)]
    return " ".join([type(intent).__name__, intent.place.path, *what])


class NotingPerformer:
    """Carries intents out through another performer, and notes how they end."""

    def __init__(self, inner: Performer) -> None:
        self.inner = inner
        self._begun: Intent | None = None
        self._rest: Moment | None = None
        self._early: list[dict[str, Any]] = []
        """What ended before there was a recorder, and is in no journal: when the cluster began or came again."""
        self._recorder: Recorder | None = None

    def attach(self, recorder: "Recorder") -> None:
        """Tell a recorder from now on, and first what was before."""
        self._recorder = recorder
        for body in self._early:
            recorder.note(OUTCOME, body)
        self._early.clear()

    @property
    def background(self) -> bool:
        """As the other."""
        return self.inner.background

    @background.setter
    def background(self, wanted: bool) -> None:
        self.inner.background = wanted

    @property
    def from_journal(self) -> bool:
        """As the other."""
        return self.inner.from_journal

    def reaches(self, place: BackupUri) -> bool:
        """As the other."""
        return self.inner.reaches(place)

    def allows(self, place: BackupUri) -> bool:
        """As the other."""
        return self.inner.allows(place)

    def rests(self, _now_ns: int, _event_count: int) -> None:
        """Virtual time stands still; noted as soon as something is to be done because of it."""
        self._rest = self._recorder.moment if self._recorder is not None else None

    def perform(self, intent: Intent) -> Outcome | None:
        """Begin it."""
        recorder = self._recorder
        if recorder is not None and self._rest == recorder.moment:  # because of that; if not, it does no harm
            recorder.note(REST)
        self._rest = None
        outcome = self.inner.perform(intent)
        self._begun = intent
        return self._noted(outcome)

    def outcome(self, *, wait: bool) -> Outcome | None:
        """How it ended."""
        return self._noted(self.inner.outcome(wait=wait))

    def _noted(self, outcome: Outcome | None) -> Outcome | None:
        if outcome is not None and self._begun is not None:
            body = {"of": intent_key(self._begun), "code": outcome.code, "created": outcome.created}
            if outcome.found is not None:
                body["files"] = [[name, b64encode(data).decode()] for name, data in outcome.found.files]
            if self._recorder is not None:
                self._recorder.note(OUTCOME, body)
            elif not self.inner.from_journal:
                self._early.append(body)
            self._begun = None
        return outcome
