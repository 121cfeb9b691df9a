"""What each type of statement does in a session: one table, and the small handlers.

The bigger families have files of their own: `assignments.py` (SET), `show.py` and `describe.py`. Queries do not come
here, `Session` hands them to the evaluator. Facts: statements.md ("Who may run", "Passwords, keys"), clients.md 3,
and the recorded groups `names and privileges` and `extra`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from re import IGNORECASE
from re import compile as re_compile
from typing import TYPE_CHECKING, Any

from obsim import statements as s
from obsim.answers import Answer, Ok, ResultSet, Value, column_of_type
from obsim.client_statements import (
    Kill,
    UseDatabase,
)
from obsim.clock import moment_ns
from obsim.control import (
    JUMPS,
    PROCEDURES,
    Dump,
    Move,
    MoveTo,
    MoveUntil,
    Reset,
    RestoreSnapshot,
    Schedule,
    TakeSnapshot,
)
from obsim.errors import ServerError, UsageError, error
from obsim.session.assignments import set_names, set_variables
from obsim.session.describe import describe
from obsim.session.inputs import Call, Execute, OrderSchedule
from obsim.session.jumps import until_true
from obsim.session.named import do_expressions, drop_prepared, prepare_statement
from obsim.session.pending import Pending, ToTime, UntilIdle
from obsim.session.refusals import refusal_of
from obsim.session.show import show, show_parameters, show_tenant
from obsim.session.transactions import transaction

if TYPE_CHECKING:
    from obsim.query.evaluator import QueryPlan
    from obsim.session.login import Statement
    from obsim.session.session import Session

__all__ = ["HANDLERS", "acts_on_clock", "handler_of"]

OCEANBASE_SCHEMAS = frozenset({"oceanbase", "SYS"})
_ALTER_SYSTEM = re_compile(r"\s*ALTER\s+SYSTEM\b", IGNORECASE)

Handler = Callable[["Session", Any, Sequence[Value]], Answer | Pending]


def acts_on_clock(statement: "Statement", plan: "QueryPlan | None") -> bool:
    """Whether a stepping clock counts the statement: an ALTER SYSTEM, or a query that names an OceanBase view."""
    if plan is not None:
        return any(view.schema in OCEANBASE_SCHEMAS for view in plan.views)
    if isinstance(statement, s.RefusedStatement | s.NotModelledStatement):
        return _ALTER_SYSTEM.match(statement.text) is not None
    return isinstance(statement, s.AlterSystem)


def _change_cluster(session: "Session", statement: "s.BackupStatement", _: Sequence[Value]) -> Ok:
    if session.transaction.read_only:
        raise ServerError(1792, "25006", "Cannot execute statement in a READ ONLY transaction.")
    answer: Ok = session.cluster.carry(Execute(session.principal, statement))
    return answer


def _change_account(session: "Session", statement: "s.Grant | s.Revoke | s.CreateUser", _: Sequence[Value]) -> Ok:
    """As `_change_cluster`; `*` or a table alone means the schema in use. Raises 1046 without one."""
    level = statement.level if isinstance(statement, s.Grant | s.Revoke) else None
    if isinstance(statement, s.Grant | s.Revoke) and level is not None and level.current:
        if session.database is None:
            raise error("OB_ERR_NO_DB_SELECTED")
        statement = replace(statement, level=replace(level, schema=session.database, current=False))
    answer = _change_cluster(session, statement, ())
    session.transaction.end()  # what defines accounts commits, as in MySQL
    return answer


def _refuse(_session: "Session", _statement: "s.RefusedStatement", _: Sequence[Value]) -> Ok:
    raise error("OB_NOT_SUPPORTED")


def _not_modelled(session: "Session", statement: "s.NotModelledStatement", _: Sequence[Value]) -> Ok:
    raise refusal_of(session, statement)


def _keep(session: "Session", statement: "s.BackupStatement", _: Sequence[Value]) -> Ok:
    """The cluster checks who may, where it is asked; what the statement says belongs to the session."""
    from obsim.cluster.agents import KEPT_ALONE, keep  # noqa: PLC0415 - few sessions keep anything

    answer = Ok() if type(statement) in KEPT_ALONE else _change_cluster(session, statement, ())
    kept = keep(session.principal, statement)
    session.encryption, session.decryption = kept.encryption, kept.decryption
    session.restore_source = kept.restore_source
    return answer


def _preview_restore(
    session: "Session", statement: s.PreviewRestore | s.RestoreTenant, _: Sequence[Value]
) -> Ok:
    """What PREVIEW found is listed by the session's next SHOW RESTORE PREVIEW."""
    source = session.restore_source
    answer = _change_cluster(session, statement, ())
    if isinstance(statement, s.PreviewRestore) or statement.preview:
        session.restore_preview = (statement.uri or source, statement.until)
    return answer


def _use(session: "Session", statement: UseDatabase, _: Sequence[Value]) -> Ok:
    name = session.schema_named(statement.name)
    if name is None:
        raise error("OB_ERR_BAD_DATABASE", statement.name)
    session.check_schema(name)
    session.database = name
    session.settings.name_database()
    return Ok()


def _nothing(_session: "Session", _statement: object, _: Sequence[Value]) -> Ok:
    return Ok()


def _kill(session: "Session", statement: Kill, _: Sequence[Value]) -> Ok:
    victim = session.cluster.sessions.get(statement.connection_id)
    if victim is None:
        raise error("ER_NO_SUCH_THREAD", statement.connection_id)
    if session.tenant.kind != "SYS" and victim.tenant_id != session.tenant_id:
        # Another tenant's connection looks like none at all: its existence is nobody else's business.
        raise error("ER_NO_SUCH_THREAD", statement.connection_id)
    if victim.user != session.user and not session.may("SUPER"):
        raise error("ER_KILL_DENIED", statement.connection_id)
    victim.kill(query_only=statement.query_only)
    if victim is session:
        raise error("OB_ERR_QUERY_INTERRUPTED")
    return Ok()


def _call(session: "Session", statement: "s.CallProcedure", _: Sequence[Value]) -> Answer | Pending:
    schema = statement.schema or session.database
    if schema is None:
        raise error("OB_ERR_NO_DB_SELECTED")
    host, access, name = session.cluster, session.cluster.control, statement.name
    reachable = schema == "obsim" and access.enabled and session.tenant.kind == "SYS"
    if reachable and name == "unlock" and access.needs_password:
        return _unlock(session, statement)
    procedure = PROCEDURES.get(name) if reachable else None
    if procedure is None:
        raise error("ER_SP_DOES_NOT_EXIST", "PROCEDURE", f"{schema}.{name}")
    if not session.control:
        raise error("OB_ERR_NO_PRIVILEGE", "control of obsim: first CALL obsim.unlock('password'),")
    if name in JUMPS:
        host.check_may_jump()
    outcome = host.carry(Call(name, statement.arguments))
    return outcome if isinstance(outcome, Ok) else _OUTCOMES[type(outcome)](session, outcome)


def _reset(session: "Session", _order: Reset) -> Ok:
    session.cluster.reset()
    return Ok()


def _take_snapshot(session: "Session", order: TakeSnapshot) -> Ok:
    session.cluster.snapshot(order.name)
    return Ok()


def _restore_snapshot(session: "Session", order: RestoreSnapshot) -> Ok:
    session.cluster.restore_snapshot(order.name)
    return Ok()


def _dump(session: "Session", _order: Dump) -> ResultSet:
    from obsim.scenario.dumping import dump_of  # noqa: PLC0415 - it loads the whole core

    return ResultSet((column_of_type("DUMP", "longtext"),), [(dump_of(session.cluster.state),)])


def _unlock(session: "Session", statement: "s.CallProcedure") -> Ok:
    if len(statement.arguments) != 1:
        raise ServerError(
            1318, "42000",
            f"Incorrect number of arguments for PROCEDURE obsim.unlock; expected 1, got {len(statement.arguments)}",
        )  # fmt: skip
    if not session.cluster.control.accepts(str(statement.arguments[0])):
        raise error("OB_ERR_NO_PRIVILEGE", "control of obsim: that is not its password; the right")
    session.unlocked = True
    return Ok()


def _jump_to(session: "Session", order: MoveTo) -> Pending:
    """Raises 1210 for a text that is no time and for a moment that is past."""
    try:
        target_ns = moment_ns(order.moment)
    except UsageError as refused:
        raise error("OB_INVALID_ARGUMENT", f"moment, {refused};") from None
    if target_ns < session.cluster.state.now_ns:
        raise error("OB_INVALID_ARGUMENT", "moment, it is past: virtual time never goes back,")
    return _jump(session, Move(target_ns))


def _jump(session: "Session", move: Move) -> Pending:
    host = session.cluster
    state, clock = host.state, host.clock

    def arrived() -> Ok:
        clock.rebase(state.now_ns)
        session.statement = None
        return Ok()

    journey = UntilIdle(state) if move.target_ns is None else ToTime(state, move.target_ns)
    return session.owning(Pending(journey, state, arrived, session.noted))


def _schedule(session: "Session", order: Schedule) -> Ok:
    """Future workload: only what changes the cluster can run by itself."""
    host = session.cluster
    tenant = host.state.tenant_named(order.tenant)
    if tenant is None or tenant.kind == "META":
        raise error("OB_ERR_INVALID_TENANT_NAME")
    statement = host.read(order.text)
    if not isinstance(statement, s.AlterSystem):
        raise error("OB_INVALID_ARGUMENT", "statement, only ALTER SYSTEM statements that obsim models can be scheduled")
    from obsim.cluster.agents import agent_of  # noqa: PLC0415 - few clusters have workload

    host.carry(OrderSchedule(order.every_ns, agent_of(tenant), statement))
    return Ok()


_OUTCOMES: dict[type, Callable[["Session", Any], Answer | Pending]] = {
    Dump: _dump,
    Move: _jump,
    MoveTo: _jump_to,
    MoveUntil: lambda session, order: session.owning(until_true(session, order.query)),
    Reset: _reset,
    RestoreSnapshot: _restore_snapshot,
    Schedule: _schedule,
    TakeSnapshot: _take_snapshot,
}
"""What a control procedure asks of the session that called it."""

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(
        ("AlterUser", "CreateUser", "DropUser", "Grant", "RenameUser", "Revoke", "SetPassword"), _change_account
    ),
    **dict.fromkeys(("AddRestoreSource", "ClearRestoreSource", "SetDecryption", "SetEncryption"), _keep),
    **dict.fromkeys(("PreviewRestore", "RestoreTenant"), _preview_restore),
    "ShowParameters": show_parameters,
    "ShowTenant": show_tenant,
    "CallProcedure": _call,
    "RefusedStatement": _refuse,
    "NotModelledStatement": _not_modelled,
    "UseDatabase": _use,
    "SetVariables": set_variables,
    "SetNames": set_names,
    "Show": show,
    "Describe": describe,
    "Kill": _kill,
    "Transaction": transaction,
    "PrepareStatement": prepare_statement,
    "DropPrepared": drop_prepared,
    "DoExpressions": do_expressions,
    "LockTables": _nothing,
    "UnlockTables": _nothing,
    "Empty": _nothing,
    "ExecutePrepared": _nothing,  # never reached, like the next: `Session` runs what the name stands for
    "Query": _nothing,
}
"""Name of a type of statement -> what a session does with it; by name, so that no family loads before it is used."""


def handler_of(statement: "Statement") -> Handler:
    """The session's own handler of a statement; the others go to the cluster as they are."""
    return HANDLERS.get(type(statement).__name__, _change_cluster)
