"""A journal acting on a cluster once more."""

from base64 import b64decode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from obsim.catalog import Scope
from obsim.cluster.moments import Astray, come_to
from obsim.destination.outcome import Intent, Outcome
from obsim.destination.outside import OutcomeNeeded, Performer
from obsim.destination.store import MemoryStore
from obsim.destination.uri import BackupUri
from obsim.errors import ServerError
from obsim.ids import SYS_TENANT_ID
from obsim.journal.record import FORGOTTEN, MOVED, OPENED, OUTCOME, REST, Record, changes_of, told_answer
from obsim.journal.recorder import intent_key
from obsim.journal.secrets import Secrets
from obsim.journal.values import read_input
from obsim.session import inputs

if TYPE_CHECKING:
    from obsim.session import SessionHost

__all__ = ["Differs", "Remembered", "Replay", "view_digests"]


class Differs(Exception):
    """What happens is other than what the journal says; the text names the record."""


class Remembered:
    """Gives the outcomes that a journal has, in their order; what it has none for another performer carries out."""

    def __init__(self, reaches: Callable[[BackupUri], bool], allows: Callable[[BackupUri], bool]) -> None:
        self.background = False
        """Whether outcomes came later than they were asked for."""
        self.inner: Performer | None = None
        """Who takes over where the journal ends."""
        self.missing = ""
        """What no outcome was found for."""
        self.from_journal = False
        """Whether what was begun last ended in the journal, too."""
        self._reaches, self._allows = reaches, allows
        self._known: dict[str, deque[Mapping[str, Any]]] = {}
        self._begun: Outcome | None = None

    def take(self, record: Record) -> None:
        """One more outcome."""
        self._known.setdefault(record.body["of"], deque()).append(record.body)

    def forget(self) -> None:
        """What has not been asked for will not be."""
        self._known.clear()

    def reaches(self, place: BackupUri) -> bool:
        """As it was."""
        return self._reaches(place)

    def allows(self, place: BackupUri) -> bool:
        """As it was."""
        return self._allows(place)

    def perform(self, intent: Intent) -> Outcome | None:
        """The outcome, at once or with the next question, as it came then."""
        known = self._known.get(intent_key(intent))
        self.from_journal = bool(known)
        if known:
            outcome = _outcome_of(intent, known.popleft())
            if not self.background:
                return outcome
            self._begun = outcome
            return None
        if self.inner is None:
            self.missing = f"the journal does not say how it ended: {intent_key(intent)}"
            raise Astray(self.missing)
        return self.inner.perform(intent)

    def outcome(self, *, wait: bool) -> Outcome | None:
        """What was begun last."""
        if self._begun is not None:
            begun, self._begun = self._begun, None
            return begun
        assert self.inner is not None, "nothing was begun"
        return self.inner.outcome(wait=wait)


def _outcome_of(intent: Intent, told: Mapping[str, Any]) -> Outcome:
    """What was read is read once more, of the files as they were then."""
    if "files" not in told:
        return Outcome(int(told["code"]), bool(told["created"]))
    return intent.carry_out(MemoryStore({name: b64decode(data) for name, data in told["files"]}))


_FORGETS = {FORGOTTEN, OPENED}
"""Nobody waits behind them for what ended outside before."""


@dataclass(slots=True)
class Replay:
    """Lets records act on `host`, one after the other, and checks each against what it says."""

    host: "SessionHost"
    secrets: Secrets
    remembered: Remembered | None = None
    _actions: dict[str, Callable[[Record], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._actions = {
            FORGOTTEN: self._forget, MOVED: self._nothing, OPENED: self._opened, REST: self._rest,
        }  # fmt: skip

    def run(self, records: Iterable[Record], at_last: Callable[[], None] = lambda: None) -> int:
        """All of them; the number of the last one. `at_last` is called before the last that is no outcome acts.

        Whatever ends outside while nothing else happens stands behind the record that ordered it: it is needed with it.
        Behind one that forgets it is what comes after that. Raises Differs, and SecretMissing.
        """
        held: Record | None = None
        ended: list[Record] = []
        number = 0
        for record in records:
            number = record.number
            if record.kind == OUTCOME:
                ended.append(record)
                continue
            self._act_with(held, ended)
            held = record
        at_last()
        self._act_with(held, ended)
        return number

    def _take(self, ended: list[Record]) -> None:
        if self.remembered is not None:
            for record in ended:
                self.remembered.take(record)
        ended.clear()

    def _act_with(self, record: Record | None, ended: list[Record]) -> None:
        """Let a record act with what ended outside behind it."""
        if record is None or record.kind not in _FORGETS:
            self._take(ended)
        if record is not None:
            self._act(record)
        self._take(ended)

    def _act(self, record: Record) -> None:
        state = self.host.state
        if record.moment.timeline != state.timeline:
            raise Differs(f"{record.shown()}: it is of timeline {record.moment.timeline}, this is {state.timeline}")
        with self._on_the_way(f"before {record.shown()}"):
            come_to(state, record.moment.at_ns, record.moment.event_count)
        with self._on_the_way(record.shown()):
            self._actions.get(record.kind, self._input)(record)

    @contextmanager
    def _on_the_way(self, where: str) -> Iterator[None]:
        """What leads astray is a difference; first of all an outcome that is missing, whatever came of that."""
        try:
            yield
        except (Astray, Differs) as wrong:
            if self.remembered is None or not self.remembered.missing:
                raise wrong if isinstance(wrong, Differs) else Differs(f"{where}: {wrong}") from None
        if self.remembered is not None and self.remembered.missing:
            raise Differs(f"{where}: {self.remembered.missing}")

    def _nothing(self, _record: Record) -> None:
        pass

    def _forget(self, _record: Record) -> None:
        if self.remembered is not None:
            self.remembered.forget()

    def _opened(self, record: Record) -> None:
        self.host.forget_start()
        self._forget(record)  # who had asked is gone with the process

    def _rest(self, _record: Record) -> None:
        self.host.state.at_rest()
        self.host.state.outside.wait()

    def _input(self, record: Record) -> None:
        host = self.host
        try:
            command = read_input(record.kind, record.body, host, self.secrets)
        except (ValueError, KeyError, TypeError) as wrong:
            raise Differs(f"{record.shown()}: {wrong}") from None
        answer = self._answer(command)
        state = host.state
        if answer != record.answer:
            raise Differs(f"{record.shown()}: it answered {record.answer!r}, now it answers {answer!r}")
        if changes_of(state) != record.changes:
            then, now = record.changes, changes_of(state)
            raise Differs(f"{record.shown()}: rows had changed {then} times, now they have changed {now} times")

    def _answer(self, command: inputs.Input) -> str:
        host = self.host
        while True:
            try:
                answer = inputs.carry_out(host, command)
            except OutcomeNeeded as needed:
                host.state.outside.find_out(needed.intent)
                host.state.outside.wait()
            except ServerError as refused:
                return str(refused)
            except Astray:
                raise
            except Exception as defect:
                return f"defect {type(defect).__name__}"
            else:
                if isinstance(command, inputs.Meet):
                    return "" if answer is None else str(answer.text)
                return told_answer(answer)


def view_digests(host: "SessionHost") -> dict[str, str]:
    """Of each view that sys sees, what its rows come to. The statements of clients are no rows of the cluster."""
    catalog = host.catalog
    sys_tenant = host.state.tenants[SYS_TENANT_ID]
    found = {}
    for schema in sorted({*catalog.schemas(sys_tenant), "obsim"}):
        for view in catalog.views(schema, sys_tenant):
            rows = [tuple(row) for row in catalog.rows(view, Scope(SYS_TENANT_ID))]
            found[f"{view.schema}.{view.name}"] = sha256(repr(rows).encode()).hexdigest()[:32]
    return found

