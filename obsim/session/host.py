"""One cluster and the sessions open on it."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from obsim.answers import Value
from obsim.catalog import Catalog
from obsim.catalog.fault_checks import check_rows
from obsim.client_statements import ClientStatement, Describe, Query, Show
from obsim.clock import ClockMode
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.resources import Server
from obsim.errors import NotModelled, error
from obsim.session.control_access import ControlAccess
from obsim.session.inputs import Durable, Input, Recorder, Reset, RestoreSnapshot, TakeSnapshot, carry_out
from obsim.session.journal import Journal, StatementRecord
from obsim.session.pending import EVENTS_AT_ONCE, Pending, ToTime
from obsim.session.session import Session
from obsim.session.settings import GlobalSettings
from obsim.statements import BackupStatement, CallProcedure
from obsim.statements.text import masked, may_hold_secret
from obsim.variables import ServerFacts

if TYPE_CHECKING:
    from obsim.cluster.copying import Mould
    from obsim.destination.outside import Performer
    from obsim.query.evaluator import Evaluator

__all__ = ["SNAPSHOTS_MAX", "SNAPSHOT_NAME_MAX", "SessionHost"]

FIRST_CONNECTION_ID = 3_221_487_617
READ_TEXTS_MAX = 512
READ_TEXT_LENGTH_MAX = 4096
SNAPSHOTS_MAX = 100
SNAPSHOT_NAME_MAX = 64
"""Characters, as many as any name of MySQL has."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A cluster at one moment, and what its clients had said by then."""

    mould: "Mould"
    records: list[StatementRecord]


class SessionHost:
    """A cluster, its clock, who may control it, and its sessions by connection id.

    `build` makes the cluster as its scenario says, with the `performer` of what is outside; `reset` calls it again.
    `facts` are the server's own, for variables such as `version` and `port`; without them those of a server on the
    default port.
    """

    def __init__(
        self,
        build: "Callable[[Performer | None], ClusterState]",
        clock: ClockMode,
        control: ControlAccess | None = None,
        facts: ServerFacts | None = None,
        state: ClusterState | None = None,
        performer: "Performer | None" = None,
    ) -> None:
        self._build, self._performer = build, performer
        self._start: Mould | None = None
        """What `build` gives, once a reset has asked for it."""
        self._snapshots: dict[str, Snapshot] = {}
        self.clock = clock
        self.control = control or ControlAccess()
        self.sessions: dict[int, Session] = {}
        self._last_connection_id = FIRST_CONNECTION_ID - 1
        self._read_texts: dict[str, ClientStatement | BackupStatement] = {}
        self._masked = lru_cache(READ_TEXTS_MAX)(masked)
        self.journal = Journal()
        self.recorder: Recorder | None = None
        """Who notes every input; None where nobody wants them."""
        self.durable: Durable | None = None
        """Who keeps on disk what answers tell; the server asks before one leaves. None where all is in memory."""
        self.warning_serial = 0
        """Counts lists of warnings, so that no two of them make equal session fingerprints."""
        self._take(build(performer) if state is None else state)
        profile = self.state.profile
        self.facts = facts or ServerFacts(str(profile.version), profile.server_version)

    def _take(self, state: ClusterState) -> None:
        self.state = state
        state.outside.wait()
        state.on_tenant_gone.add(self._tenant_gone)
        state.on_server_lost.add(self._server_lost)
        self.catalog = Catalog(state, show_control=self.control.shown, clock_mode=self.clock.name)
        state.faults.check_rows = partial(check_rows, self.catalog)
        self._evaluator: Evaluator | None = None
        self._globals: dict[int, GlobalSettings] = {}
        self.clock.rebase(state.now_ns)

    @property
    def evaluator(self) -> "Evaluator":
        """The evaluator of queries, made when the first query comes: it brings SQLite and the parser of SELECT."""
        if self._evaluator is None:
            from obsim.query.evaluator import Evaluator  # noqa: PLC0415 - 60 ms that a cluster without queries never pays

            self._evaluator = Evaluator(self.state, self.catalog)
        return self._evaluator

    def globals_of(self, tenant: Tenant) -> GlobalSettings:
        """The global variables of a tenant."""
        found = self._globals.get(tenant.tenant_id)
        if found is None:
            found = self._globals[tenant.tenant_id] = GlobalSettings(
                lambda: self.facts, tenant.mode, tenant.variables
            )
        return found

    def read(self, text: str, parameters: Sequence[Value] = ()) -> ClientStatement | BackupStatement:
        """The statement of a text in the grammar of this version, each `?` with its value. Raises as `read_statement`.

        Texts of queries, SHOW and DESC are remembered, and of statements that change the cluster those that hold no
        secret.
        """
        known = None if parameters else self._read_texts.get(text)
        if known is not None:
            return known
        from obsim.sql.reader import read_statement  # noqa: PLC0415 - sqlglot loads with the first statement

        statement = read_statement(text, parameters or None, self.state.profile)
        if not parameters and len(text) <= READ_TEXT_LENGTH_MAX and _may_be_remembered(statement, text):
            if len(self._read_texts) >= READ_TEXTS_MAX:
                self._read_texts.clear()
            self._read_texts[text] = statement
        return statement

    def written(self, statement: ClientStatement | BackupStatement) -> str:
        """A statement as the journal has it: without its secrets."""
        if isinstance(statement, BackupStatement):
            return statement.masked_sql()
        text = statement.sql()
        remembered = isinstance(statement, Query) and len(text) <= READ_TEXT_LENGTH_MAX  # see `_may_be_remembered`
        return self._masked(text) if remembered else masked(text)

    def open(
        self,
        user: str,
        tenant: Tenant,
        host: str = "127.0.0.1",
        database: str | None = None,
        connection_id: int | None = None,
        account_host: str = "%",
    ) -> Session:
        """A session of a user that has been authenticated.

        `host` is the client's address, with its port where it has one, `account_host` the account's. Raises 1049 for an
        unknown `database` and 1044 for one the account may not enter; an empty one is none.
        """
        if connection_id is None:
            connection_id = self.next_connection_id()
        session = Session(self, connection_id, user, tenant.tenant_id, host, account_host)
        if database:
            name = session.schema_named(database)
            if name is None:
                raise error("OB_ERR_BAD_DATABASE", database)
            session.check_schema(name)
            session.database = name
        self.sessions[connection_id] = session
        return session

    def next_connection_id(self) -> int:
        """A number no session of this host has had."""
        self._last_connection_id += 1
        return self._last_connection_id

    def close(self, session: Session) -> None:
        """Forget a session; closing twice is no error."""
        self.sessions.pop(session.connection_id, None)

    def carry(self, command: Input) -> Any:
        """Let an input act, noted where somebody records. Raises as `carry_out`."""
        return carry_out(self, command) if self.recorder is None else self.recorder.carry(self, command)

    def settle(self) -> Pending | None:
        """Bring virtual time where a clock that runs by itself says it is due; None when nothing is left to do."""
        due_ns = self.clock.due_ns(self.state.now_ns, acts=False)
        waits = self.state.outside.blocked
        there = not waits and (due_ns <= self.state.now_ns or self.state.advance_slice(due_ns, EVENTS_AT_ONCE))
        if there and self.state.at_rest():
            return None
        return Pending(ToTime(self.state, due_ns), self.state)

    def _tenant_gone(self, tenant: Tenant) -> None:
        """The sessions of a tenant that was dropped end, whatever they do."""
        self._globals.pop(tenant.tenant_id, None)
        for session in list(self.sessions.values()):
            if session.tenant_id == tenant.tenant_id:
                session.tenant_was_dropped(tenant)

    def _server_lost(self, server: Server) -> None:
        """Whoever is connected to it is cut off, but for who controls obsim at this very moment."""
        if server is not self.state.resources.root_server:
            return
        for session in list(self.sessions.values()):
            if not isinstance(session.statement, CallProcedure):
                session.line_lost()

    def reset(self) -> None:
        """The whole cluster back to the scenario's start, clock included, on a new timeline; sessions stay open.

        A session whose tenant the scenario does not have is killed. Snapshots stay.
        """
        self.carry(Reset())

    def begin_again(self) -> None:
        """What `reset` does."""
        if self._start is None:
            self._start = _mould(self._build(self._performer))
        self._begin(self._start.copy(), [])

    def forget_start(self) -> None:
        """Let the next reset make the start anew, as in a process that has just begun."""
        self._start = None

    def snapshot(self, name: str) -> None:
        """Remember the cluster as it is now, with its journal; one of the same name is forgotten.

        Raises 1210 for an empty name, one that is too long or holds a secret, and where there are too many.
        """
        self.carry(TakeSnapshot(name))

    def keep_snapshot(self, name: str) -> None:
        """What `snapshot` does."""
        if len(name) > SNAPSHOT_NAME_MAX:
            raise error("OB_INVALID_ARGUMENT", f"name of a snapshot, it has at most {SNAPSHOT_NAME_MAX} characters;")
        if masked(name) != name:
            raise error("OB_INVALID_ARGUMENT", "name of a snapshot, it holds no password and no key;")
        if not name or (name not in self._snapshots and len(self._snapshots) >= SNAPSHOTS_MAX):
            raise error("OB_INVALID_ARGUMENT", f"name of a snapshot, it is not empty; {SNAPSHOTS_MAX} are kept")
        self._snapshots[name] = Snapshot(_mould(self.state), self.journal.records())

    def restore_snapshot(self, name: str) -> None:
        """The whole cluster as a snapshot has it, clock included, on a new timeline; it may be restored again.

        Sessions stay open as in `reset`. Raises 1210 for an unknown name.
        """
        self.carry(RestoreSnapshot(name))

    def return_to_snapshot(self, name: str) -> None:
        """What `restore_snapshot` does."""
        found = self._snapshots.get(name)
        if found is None:
            known = ", ".join(self._snapshots) or "none"
            told = masked(name) if len(name) <= SNAPSHOT_NAME_MAX else masked(name)[:SNAPSHOT_NAME_MAX] + "..."
            raise error("OB_INVALID_ARGUMENT", f"name of a snapshot, '{told}' is none, there are {known};")
        self._begin(found.mould.copy(), found.records)

    def snapshot_moulds(self) -> "dict[str, Mould]":
        """What was remembered, by name."""
        return {name: found.mould for name, found in self._snapshots.items()}

    def snapshot_states(self) -> dict[str, ClusterState]:
        """Copies of what was remembered, by name."""
        return {name: found.mould.copy() for name, found in self._snapshots.items()}

    def remember(self, snapshots: Mapping[str, ClusterState]) -> None:
        """Have these snapshots and no others."""
        self._snapshots = {name: Snapshot(_mould(remembered), []) for name, remembered in snapshots.items()}

    def go_on_with(self, state: ClusterState, snapshots: Mapping[str, ClusterState]) -> None:
        """Have this state and these snapshots instead: those of a journal. Sessions stay open as in `reset`."""
        self.remember(snapshots)
        self._start = None
        state.outside.reach_as(self.state.outside)
        self._take(state)
        self._meet_again()

    def fork(self) -> "SessionHost":
        """A cluster of its own that begins as this one is now: the same time, journal and snapshots, no sessions.

        At real destinations it writes nothing: see `obsim.destination_io.overlay`.
        """
        state = _mould(self.state).copy()
        state.outside.fork_of(self.state.outside)
        clock, performer = copy(self.clock), state.outside.performer
        made = SessionHost(self._build, clock, self.control, self.facts, state, performer)
        made.journal.begin(self.journal.records())
        made._snapshots, made._start = dict(self._snapshots), self._start
        return made

    def jump_refused(self) -> NotModelled | None:
        """Why the clock may not jump now (1235), None where it may: a session would miss what happens meanwhile."""
        for number, session in self.sessions.items():
            if session.stalled:
                return NotModelled(f"a jump of the clock while a fault stalls session {number}: KILL {number} first")
            if session.holds_clock:
                reason = f"while session {number} waits for a destination outside: ask again when it is answered"
                return NotModelled(f"a jump of the clock {reason}")
        return None

    def check_may_jump(self) -> None:
        """Raises 1235 while a fault stalls a statement of a session, and while one waits for the outside."""
        refused = self.jump_refused()
        if refused is not None:
            raise refused

    def _begin(self, state: ClusterState, records: Sequence[StatementRecord]) -> None:
        """Go on with another state, on a new timeline."""
        state.timeline = self.state.timeline + 1
        state.outside.reach_as(self.state.outside)
        self.journal.begin(records)
        self._take(state)
        self._meet_again()

    def _meet_again(self) -> None:
        """The sessions go on with another state."""
        for session in list(self.sessions.values()):
            if session.tenant_id not in self.state.tenants:
                session.kill(query_only=False)
            else:
                session.cluster_was_reset()


def _mould(state: ClusterState) -> "Mould":
    from obsim.cluster.copying import Mould  # noqa: PLC0415 - pickle loads with the first snapshot

    return Mould(state)


def _may_be_remembered(statement: ClientStatement | BackupStatement, text: str) -> bool:
    """Whether a text may stay in memory: of what takes passwords and keys only where none can be in it.

    What CALL says is the test's own, a password among it. A query is kept with its plan as well, whatever it has in it.
    """
    if isinstance(statement, Query | Show | Describe):
        return True
    ours = isinstance(statement, BackupStatement) and not isinstance(statement, CallProcedure)
    return ours and not may_hold_secret(text)
