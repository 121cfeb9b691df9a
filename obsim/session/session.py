"""The way of a statement through a session: read, due, act, answer."""

from collections.abc import Sequence
from functools import partial
from re import IGNORECASE
from re import compile as re_compile
from typing import TYPE_CHECKING
from weakref import ref

from obsim.answers import Answer, Column, Ok, ResultSet, Value
from obsim.client_statements import (
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
from obsim.cluster import Tenant
from obsim.control import JUMPS
from obsim.destination.outside import OutcomeNeeded
from obsim.errors import ServerError, SyntaxRefused, error
from obsim.faults import ConnectionCut, ConnectionStalled, FaultRule
from obsim.session.handlers import acts_on_clock, handler_of
from obsim.session.inputs import Meet
from obsim.session.login import Login, Statement
from obsim.session.named import BY_NAME, execute_prepared
from obsim.session.own_views import OWN_ROWS
from obsim.session.pending import EVENTS_AT_ONCE, Pending, ToTime, UntilChange, UntilKnown
from obsim.session.prepared import Prepared
from obsim.statements import BackupStatement, CallProcedure, ShowParameters, ShowTenant

if TYPE_CHECKING:
    from obsim.query.evaluator import QueryPlan

__all__ = ["Session"]

_READS_DIAGNOSTICS = re_compile(r"@@(?:session\.|local\.)?(?:warning|error)_count", IGNORECASE)
_ASKS_TIME = re_compile(r"NOW|TIME|DATE|SLEEP|RAND|SCN", IGNORECASE)
_ALONE = Empty | Kill | SetNames | Transaction | UseDatabase
_REACHABLE = CallProcedure | SetNames | SetVariables | Transaction | UseDatabase
"""What is answered although the server is gone: so that obsim can be controlled, by drivers that first say these."""
_DIAGNOSTIC_KINDS = {"WARNINGS", "ERRORS", "COUNT WARNINGS", "COUNT ERRORS"}


class Session(Login):
    """A login that statements go through: what of it can be asked stands in `Login`."""

    def listing(self, view: str) -> Sequence[tuple[Value, ...]]:
        """The rows this session finds in a view of information_schema that depends on who asks."""
        return OWN_ROWS[view](self)

    def execute(self, text: str) -> Answer | Pending:
        """Run one statement. Raises its ServerError; gives Pending when it has to move the clock far first."""
        self.asked, self.asked_ns = text, self._host.state.now_ns
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

    def jumps(self, asked: str | Prepared) -> bool:
        """Whether a statement is to move the clock: then it is refused where others wait, see `check_may_jump`."""
        text, count = (asked, 0) if isinstance(asked, str) else (asked.text, asked.parameter_count)
        try:
            statement = self._host.read(text, ("0",) * count)
            if isinstance(statement, ExecutePrepared):
                return self.jumps(self.named.get(statement.name))
        except ServerError:
            return False
        return _is_jump(statement)

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
        self.asked_ns = host.state.now_ns
        self.families = self.reply = self.under_way = None
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
            if _is_jump(statement) and host.jump_refused():
                timeless = True  # it is refused now, without waiting for what it would not wait for
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
        if self.polls.repeats(plan, text, parameters, answer) < host.clock.after or state.idle() or host.jump_refused():
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
                return self.owning(Pending(journey, host.state, again, self.noted))
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

    # Its end.

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


def _is_jump(statement: Statement) -> bool:
    return isinstance(statement, CallProcedure) and statement.name in JUMPS


def _reads_diagnostics(statement: Statement) -> bool:
    if isinstance(statement, Show):
        return statement.kind in _DIAGNOSTIC_KINDS
    return isinstance(statement, Query) and _READS_DIAGNOSTICS.search(statement.text) is not None
