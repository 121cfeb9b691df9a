"""One login: its state, and the way of a statement through it."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from re import IGNORECASE
from re import compile as re_compile
from typing import TYPE_CHECKING
from weakref import ref

from obsim.answers import Answer, Column, Ok, ResultSet, Value
from obsim.client_statements import (
    ClientStatement,
    Describe,
    Empty,
    ExecutePrepared,
    Expression,
    Kill,
    Query,
    SetNames,
    SetVariables,
    Show,
    Transaction,
    UseDatabase,
)
from obsim.cluster import Principal, Tenant, User
from obsim.destination.outside import OutcomeNeeded
from obsim.errors import ServerError, SyntaxRefused, error
from obsim.faults import ConnectionCut, ConnectionStalled, FaultRule
from obsim.ids import TenantId
from obsim.session.handlers import acts_on_clock, handler_of
from obsim.session.inputs import Meet
from obsim.session.jumps import Polls
from obsim.session.named import BY_NAME, NamedStatements, execute_prepared
from obsim.session.own_views import OWN_ROWS
from obsim.session.pending import EVENTS_AT_ONCE, Pending, ToTime, UntilChange, UntilKnown
from obsim.session.settings import SessionSettings
from obsim.session.transactions import TransactionState
from obsim.statements import BackupStatement, CallProcedure, RestorePoint, Secret, ShowParameters, ShowTenant, masked
from obsim.variables import check_readable, find_variable

if TYPE_CHECKING:
    from obsim.query.evaluator import Evaluator, QueryPlan
    from obsim.session.host import SessionHost
    from obsim.session.settings import GlobalSettings

__all__ = ["Prepared", "Session"]

STATUS_IN_TRANS = 0x0001
STATUS_AUTOCOMMIT = 0x0002
STATUS_NO_INDEX_USED = 0x0020
"""The recorded engine sets this one in every OK."""
WARNINGS_MAX = 64
_READS_DIAGNOSTICS = re_compile(r"@@(?:session\.|local\.)?(?:warning|error)_count", IGNORECASE)
_ASKS_TIME = re_compile(r"NOW|TIME|DATE|SLEEP|RAND|SCN", IGNORECASE)
_ALONE = Empty | Kill | SetNames | Transaction | UseDatabase
_REACHABLE = CallProcedure | SetNames | SetVariables | Transaction | UseDatabase
"""What is answered although the server is gone: so that obsim can be controlled, by drivers that first say these."""
_DIAGNOSTIC_KINDS = {"WARNINGS", "ERRORS", "COUNT WARNINGS", "COUNT ERRORS"}
SECOND_NS = 1_000_000_000

Statement = ClientStatement | BackupStatement
Work = Callable[[], Answer | Pending]


@dataclass(slots=True)
class Prepared:
    """A prepared statement: how many `?` it has and the columns of its rows, () for a statement without rows.

    What would take much more than its text is not kept with it: whoever prepares asks for the columns once, and the
    plan of a query is the evaluator's to keep.
    """

    text: str
    parameter_count: int
    columns: tuple[Column, ...]
    plan: "ref[QueryPlan] | None" = None
    """Of a query."""
    evaluator: "Evaluator | None" = None
    """Where the plan belongs; a reset of the cluster makes a new one."""

    def taken_columns(self) -> tuple[Column, ...]:
        """The columns, for the one time that they are asked for."""
        columns, self.columns = self.columns, ()
        return columns


class Session:
    """A session of an authenticated user. It is what a query can ask about its session (`SessionFacts`) as well.

    `warnings` holds (level, code, message) of the last statement that could have some; `families` names what the answer
    just given depends on beside `fingerprint`, None if it must not be kept.
    """

    def __init__(
        self,
        host: "SessionHost",
        connection_id: int,
        user: str,
        tenant_id: TenantId,
        address: str,
        account_host: str = "%",
    ) -> None:
        self._host = host
        self.connection_id = connection_id
        self.user = user
        self.account_host = account_host
        """Host of the account that logged in: what stands behind @ in CURRENT_USER()."""
        self.tenant_id = tenant_id
        self._dropped_tenant: Tenant | None = None
        self.address = address
        self.host = address.rpartition(":")[0] if address.count(":") == 1 else address
        """The client's address without its port."""
        self.opened_ns = host.state.now_ns
        self.killed = False
        self.tls = ("", "")
        """Cipher and version of the encryption, two empty texts without."""
        self.on_kill: Callable[[bool], None] | None = None
        self.on_cut: Callable[[], None] | None = None
        """Ends the line to its client at once."""
        # In Oracle mode the schema of the user is the current one; in MySQL mode there is none until one is named.
        self.database: str | None = "SYS" if self.tenant.mode == "ORACLE" else None
        self._start()

    def _start(self) -> None:
        """The state a login and COM_RESET_CONNECTION begin with; the database is not part of it."""
        self.settings = SessionSettings(
            self.globals,
            {
                "warning_count": lambda: len(self.warnings),
                "error_count": lambda: sum(level == "Error" for level, _, _ in self.warnings),
                "timestamp": lambda: self._host.state.now_ns // SECOND_NS,
            },
        )
        self.user_variables: dict[str, Value] = {}
        self.named = NamedStatements({})
        """What PREPARE has prepared."""
        self.warnings: list[tuple[str, int, str]] = []
        self._warning_serial = 0
        self.families: tuple[str, ...] | None = None
        self.encryption: Secret | None = None
        self.decryption: tuple[Secret, ...] = ()
        self.restore_preview: tuple[str, RestorePoint] | None = None
        """The URIs and the point of the last PREVIEW, until it has been listed."""
        self.restore_source = ""
        self.unlocked = False
        self.transaction = TransactionState()
        self.polls = Polls()
        self.row_count, self.found_rows = -1, 0
        """What ROW_COUNT() and FOUND_ROWS() say of the last statement."""
        self.statement: Statement | None = None
        """What runs now, for SHOW PROCESSLIST."""
        self.stalled = False
        """Whether a fault keeps its answer back."""
        self.reply: FaultRule | None = None
        """What becomes of the answer just given on its way to the client."""
        self.recorded = ""
        """The last statement as the journal has it."""
        self.asked: Statement | str | None = None
        """What the journal gets once it is answered: a text until it is read, None for what controls obsim."""

    # What queries and handlers ask of a session.

    @property
    def cluster(self) -> "SessionHost":
        """The host this session is open on."""
        return self._host

    @property
    def tenant(self) -> Tenant:
        """The tenant, as the cluster has it now, or had it last where it was dropped."""
        return self._dropped_tenant or self._host.state.tenants[self.tenant_id]

    @property
    def globals(self) -> "GlobalSettings":
        """Global variables of the tenant."""
        return self._host.globals_of(self.tenant)

    @property
    def offset_s(self) -> int:
        """The session's time zone, seconds east of UTC."""
        return self.settings.offset_s

    @property
    def charset(self) -> str:
        """Python's name of the encoding that results are sent in."""
        return self.settings.codec

    @property
    def control(self) -> bool:
        """Whether this session may use the schema `obsim` and the control procedures now."""
        access = self._host.control
        return access.enabled and self.tenant.kind == "SYS" and (self.unlocked or not access.needs_password)

    @property
    def principal(self) -> Principal:
        """Who statements that change the cluster are run by."""
        recyclebin = bool(self.settings.get("recyclebin"))
        return Principal(
            self.tenant_id, self.user, self.encryption, self.account_host, self.offset_s, self.restore_source,
            recyclebin, self.decryption,
        )

    @property
    def status_flags(self) -> int:
        """The status bits of an OK packet."""
        flags = STATUS_NO_INDEX_USED
        if self.settings.autocommit:
            flags |= STATUS_AUTOCOMMIT
        return flags | STATUS_IN_TRANS if self.transaction.active else flags

    @property
    def fingerprint(self) -> tuple[Hashable, ...]:
        """All that an answer may depend on beside its text and the state; no two lists of warnings are alike."""
        return (
            self.tenant_id, self.user, self.host, self.database, self.control, self.settings.key,
            self.globals.change_count, self.transaction.active, self._warning_serial, self._host.state.timeline,
            self.account_host, self._host.state.revisions.count("accounts"),
        )  # fmt: skip

    @property
    def account(self) -> User | None:
        """The account as it is now; None when it was dropped under the session, which may nothing then."""
        return self.tenant.account(self.user, self.account_host)

    def may(self, privilege: str, schema: str = "", table: str = "") -> bool:
        """Whether the account has a privilege on a level."""
        account = self.account
        return account is not None and account.may(privilege, schema, table)

    def check_schema(self, schema: str) -> None:
        """Raises 1044 where the account has nothing in a schema."""
        account = self.account
        if schema != "obsim" and (account is None or not account.sees(schema)):
            raise error("OB_ERR_NO_DB_PRIVILEGE", self.user, self.account_host, schema)

    def check_views(self, plan: "QueryPlan") -> None:
        """Raises 1142 for the first view that the account may not read; information_schema is everybody's."""
        for view in plan.views:
            free = view.schema in {"information_schema", "obsim"}
            if not free and not self.may("SELECT", view.schema, view.name):
                raise error("OB_ERR_NO_TABLE_PRIVILEGE", "SELECT", self.user, self.account_host, view.name)

    def system_variable(self, name: str, scope: str) -> Value:
        """The value of `@@name`; `scope` is `session`, `global` or `''`. Raises 1193, and 1238 for the wrong scope."""
        variable = find_variable(name)
        check_readable(variable, scope)
        return self.settings.read(variable, scope)

    def user_variable(self, name: str) -> Value:
        """The value of `@name`, NULL if it was never set."""
        return self.user_variables.get(name.lower())

    def listing(self, view: str) -> Sequence[tuple[Value, ...]]:
        """The rows this session finds in a view of information_schema that depends on who asks."""
        return OWN_ROWS[view](self)

    def schema_named(self, name: str) -> str | None:
        """The schema of a name in any letter case as this session writes it, None if it has none such."""
        if name.lower() == "obsim":
            return "obsim" if self.control else None
        for schema in self._host.catalog.schemas(self.tenant):
            if schema.lower() == name.lower():
                return schema
        return None

    def use(self, database: str) -> None:
        """COM_INIT_DB. Raises 1049, whose text here names no database (recorded)."""
        name = self.schema_named(database)
        if name is None:
            raise self.noted(error("OB_ERR_BAD_DATABASE"))
        try:
            self.check_schema(name)
        except ServerError as refused:
            raise self.noted(refused) from None
        self.database = name
        self.settings.name_database()

    def reset(self) -> None:
        """COM_RESET_CONNECTION: everything but the login and the database is as at the start."""
        self._start()

    def cluster_was_reset(self) -> None:
        """The cluster began anew: settings stay, what belonged to the old one does not."""
        self.settings.globals = self.globals
        self.transaction = TransactionState()
        self.polls = Polls()
        self.opened_ns = self._host.state.now_ns

    def kill(self, *, query_only: bool) -> None:
        """End the running statement, or the session with it."""
        self.killed = self.killed or not query_only
        if self.on_kill is not None:
            self.on_kill(query_only)
        if not query_only:
            self._host.close(self)

    def line_lost(self) -> None:
        """The server it is connected to is gone; a statement under way ends without an answer.

        In process there is no line: the session is there for the next statement, as if its client had come back.
        """
        if self.on_cut is not None:
            self.on_cut()
            self._host.close(self)

    def tenant_was_dropped(self, tenant: Tenant) -> None:
        """The session ends; what it is asked meanwhile is refused."""
        self._dropped_tenant = tenant
        self.kill(query_only=False)

    def warn(self, code: int, message: str) -> None:
        """Add a warning to those of the running statement."""
        if len(self.warnings) < WARNINGS_MAX:
            self._add_warning("Warning", code, message)

    def _add_warning(self, level: str, code: int, message: str) -> None:
        self.warnings.append((level, code, message))
        self._host.warning_serial += 1
        self._warning_serial = self._host.warning_serial

    def noted(self, refused: ServerError) -> ServerError:
        """An error is the one entry that SHOW WARNINGS has after it (recorded: "same as the error")."""
        self.warnings.clear()
        self._add_warning("Error", refused.errno, refused.message)
        self.statement = None
        self._record(refused.errno, 0)
        return refused

    def _record(self, errno: int, row_count: int) -> None:
        """Tell the journal how the statement ended, once."""
        asked, self.asked = self.asked, None
        if asked is None:
            return
        if isinstance(asked, str):
            text = masked(asked)
        else:
            text = asked.masked_sql() if isinstance(asked, BackupStatement) else masked(asked.sql())
        self.repeat(text, row_count, errno)

    def repeat(self, text: str, row_count: int, errno: int = 0) -> None:
        """Note a statement that was answered just now, perhaps with an answer that was kept."""
        state = self._host.state
        self.recorded = text
        self._host.journal.add(
            self.connection_id, self.tenant.name, self.user, state.now_ns, text, errno, row_count
        )
        state.revisions.touch("statements")

    def statement_text(self) -> str | None:
        """What runs now as SHOW PROCESSLIST may print it: without passwords."""
        statement = self.statement
        if statement is None:
            return None
        if isinstance(statement, CallProcedure) and statement.name == "unlock":
            return "CALL obsim.unlock('***')"
        return statement.masked_sql() if isinstance(statement, BackupStatement) else masked(statement.sql())

    # The way of a statement.

    def execute(self, text: str) -> Answer | Pending:
        """Run one statement. Raises its ServerError; gives Pending when it has to move the clock far first."""
        self.asked = text
        try:
            statement = self._host.read(text)
            if isinstance(statement, ExecutePrepared):
                return execute_prepared(self, statement)
        except ServerError as refused:
            raise self.noted(refused) from None
        return self._run(statement, ())

    def computed(self, text: str, parameters: Sequence[Value]) -> Sequence[Value]:
        """The values of the expressions that stand where a SELECT has its list. Raises as a SELECT of them."""
        evaluator = self._host.evaluator
        plan = evaluator.compile(f"SELECT {text}", self)
        self.check_views(plan)
        return evaluator.run(plan, self, parameters).rows[0]

    def stands_alone(self, text: str) -> bool:
        """Whether a statement touches this session, not the cluster and its time: `SET NAMES`, `SELECT @@x`, KILL.

        What drivers send when they connect is of this kind, so it need not wait while the clock jumps.
        """
        try:
            statement = self._host.read(text)
            if isinstance(statement, Query):
                return not _ASKS_TIME.search(text) and not self._host.evaluator.compile(text, self).views
        except ServerError:
            return False
        if isinstance(statement, SetVariables):
            return all(a.scope != "global" and not isinstance(a.value, Expression) for a in statement.assignments)
        return isinstance(statement, _ALONE)

    def execute_alone(self, text: str) -> Answer | Pending:
        """Run a statement that `stands_alone`, without looking at the clock."""
        return self._run(self._host.read(text), (), timeless=True)

    def prepare(self, text: str) -> Prepared:
        """COM_STMT_PREPARE. Raises the errors of reading, and for a query those of compiling."""
        from obsim.sql.tokens import count_parameters  # noqa: PLC0415 - sqlglot loads with the first statement

        try:
            count = count_parameters(text)
            statement = self._read_with(text, ("0",) * count) if count else self._host.read(text)
            if isinstance(statement, BY_NAME):
                raise error("OB_ER_UNSUPPORTED_PS")
            if isinstance(statement, Query):
                plan = self._host.evaluator.compile(text, self)
                self.check_views(plan)
                columns = self._host.evaluator.columns(plan, self)
                return Prepared(text, plan.parameter_count, columns, ref(plan), self._host.evaluator)
            return Prepared(text, count, self._columns_of(statement))
        except ServerError as refused:
            raise self.noted(refused) from None

    def _columns_of(self, statement: Statement | None) -> tuple[Column, ...]:
        """Columns of a statement that is no query: the SHOW family reads and changes nothing, so it can be asked."""
        if not isinstance(statement, Show | Describe | ShowParameters | ShowTenant):
            return ()
        answer = handler_of(statement)(self, statement, ())
        return answer.columns if isinstance(answer, ResultSet) else ()

    def _read_with(self, text: str, parameters: Sequence[Value]) -> Statement | None:
        """The statement with stand-ins for its parameters; None when only these make it unreadable."""
        try:
            return self._host.read(text, parameters)
        except SyntaxRefused:
            return None

    def execute_prepared(
        self, prepared: Prepared, parameters: Sequence[Value], *, named: bool = False
    ) -> Answer | Pending:
        """COM_STMT_EXECUTE, and EXECUTE of a `named` statement; `parameters` are bound and never become text.

        Raises as `execute`. The answer of an EXECUTE is none of its text's alone, so it must not be kept.
        """
        try:
            if len(parameters) != prepared.parameter_count:
                raise error("OB_INVALID_ARGUMENT", "EXECUTE")
            if prepared.plan is not None:
                plan = prepared.plan()
                if plan is None or prepared.evaluator is not self._host.evaluator:
                    plan = self._host.evaluator.compile(prepared.text, self)
                    prepared.plan, prepared.evaluator = ref(plan), self._host.evaluator
                return self._run(Query(prepared.text), parameters, plan, kept=not named)
            statement = self._host.read(prepared.text, parameters)
        except ServerError as refused:
            raise self.noted(refused) from None
        return self._run(statement, parameters)

    def _run(
        self,
        statement: Statement,
        parameters: Sequence[Value],
        plan: "QueryPlan | None" = None,
        *,
        timeless: bool = False,
        kept: bool = True,
    ) -> Answer | Pending:
        """Clear what the last statement left, move the clock if it is due (unless `timeless`), then act."""
        host = self._host
        self.statement = statement
        self.asked = None if isinstance(statement, CallProcedure) else statement
        self.families = self.reply = None
        if self.warnings and not _reads_diagnostics(statement):
            self.warnings.clear()
            self._warning_serial = 0
        try:
            if isinstance(statement, Query) and plan is None:
                plan = host.evaluator.compile(statement.text, self)
            if plan is not None:
                self.check_views(plan)
            acts = acts_on_clock(statement, plan)
            state = host.state
            due_ns = state.now_ns if timeless else host.clock.due_ns(state.now_ns, acts=acts)
            waits = state.outside.blocked and not timeless
            if waits or (due_ns > state.now_ns and not state.advance_slice(due_ns, EVENTS_AT_ONCE)):
                journey = ToTime(state, due_ns)
                return Pending(journey, state, lambda: self._act(statement, parameters, plan, acts, kept), self.noted)
            return self._act(statement, parameters, plan, acts, kept)
        except ServerError as refused:
            raise self.noted(refused) from None

    def _act(
        self, statement: Statement, parameters: Sequence[Value], plan: "QueryPlan | None", acts: bool, kept: bool
    ) -> Answer | Pending:
        host = self._host
        if self._dropped_tenant is not None:
            raise self.noted(error("OB_ERR_QUERY_INTERRUPTED"))
        if host.state.outages.clients_cut and not isinstance(statement, _REACHABLE):
            raise self._cut(stalled=False)
        fault = self._fault(statement) if host.state.faults.of_statements else None
        if fault is not None and fault.error:
            raise error(fault.error)
        if fault is not None and "before" in {fault.disconnect, fault.stall}:
            raise self._cut(stalled=bool(fault.stall))
        answer = self._answer(statement, parameters, plan, acts, kept)
        if fault is not None and "after" in {fault.disconnect, fault.stall}:
            raise self._cut(stalled=bool(fault.stall))
        if fault is not None and (fault.crash or fault.leader):
            host.state.advance_slice(host.state.now_ns, EVENTS_AT_ONCE)  # what the statement has woken happens now
            if host.state.outages.clients_cut:
                raise self._cut(stalled=False)
        else:
            self.reply = fault
        return answer

    def _jump_of(
        self, statement: Statement, parameters: Sequence[Value], plan: "QueryPlan", answer: ResultSet
    ) -> Pending | None:
        """The way to a new answer, for a query that has got this one often enough while work goes on."""
        host, text = self._host, statement.sql()
        state = host.state
        if self.polls.repeats(plan, text, parameters, answer) < host.clock.after or state.idle():
            return None

        def arrived() -> Answer | Pending:
            self.families = None
            fresh = host.evaluator.run(plan, self, parameters)
            self.polls.begin(text, parameters, fresh)
            return self.ended(fresh)

        return Pending(UntilChange(state, plan.families or ("time",)), state, arrived, self.noted)

    def _fault(self, statement: Statement) -> FaultRule | None:
        """The fault that is ordered for a statement; what controls obsim never has one."""
        if isinstance(statement, CallProcedure):
            return None
        text = statement.masked_sql() if isinstance(statement, BackupStatement) else statement.sql()
        met: FaultRule | None = self._host.carry(Meet(self.tenant.name, text))
        return met

    def _cut(self, *, stalled: bool) -> ConnectionCut:
        """What a client sees that gets no answer; where it hangs, the statement stays on the process list."""
        self.asked = None
        if stalled:
            self.stalled = True
            return ConnectionStalled("a fault keeps the answer back for ever")
        self.statement = None
        return ConnectionCut("a fault has cut the connection")

    def _answer(
        self, statement: Statement, parameters: Sequence[Value], plan: "QueryPlan | None", acts: bool, kept: bool
    ) -> Answer | Pending:
        host = self._host
        if plan is not None:
            answer: Answer | Pending = host.evaluator.run(plan, self, parameters)
            if acts and host.clock.after and isinstance(answer, ResultSet):
                jump = self._jump_of(statement, parameters, plan, answer)
                if jump is not None:
                    return jump
            # In these modes such a query may move the clock, so no two of its answers are the same one.
            moves = acts and (host.clock.name == "step" or host.clock.after > 0)
            self.families = None if not kept or moves else plan.families
            if self.warnings:
                self.families = None  # whoever repeats the question asks for its warnings, too
            if not self.settings.autocommit and plan.views and not self.transaction.active:
                self.transaction.begin(read_only=bool(self.transaction.next_read_only))
                self.families = None
        else:
            try:
                answer = handler_of(statement)(self, statement, parameters)
            except OutcomeNeeded as needed:  # it is carried out once more when that is known
                journey = UntilKnown(host.state, needed.intent)
                again = partial(self._answer, statement, parameters, plan, acts, kept)
                return Pending(journey, host.state, again, self.noted)
        return self.ended(answer)

    def ended(self, answer: Answer | Pending) -> Answer | Pending:
        """Note how a statement ended; one that goes on is noted when it does."""
        if isinstance(answer, Pending):
            return answer
        self.statement = None
        if isinstance(answer, ResultSet):
            self.row_count, self.found_rows = -1, len(answer.rows)
            self._record(0, len(answer.rows))
            return answer
        self.row_count, self.found_rows = answer.affected_rows, 0
        self._record(0, answer.affected_rows)
        for code, message in answer.warned:
            self.warn(code, message)
        if self.warnings and not answer.warnings:
            return Ok(answer.affected_rows, len(self.warnings), answer.info)
        return answer


def _reads_diagnostics(statement: Statement) -> bool:
    if isinstance(statement, Show):
        return statement.kind in _DIAGNOSTIC_KINDS
    return isinstance(statement, Query) and _READS_DIAGNOSTICS.search(statement.text) is not None
