"""Transactions of one session: nothing is ever rolled back, but what a client can see of one is kept.

That is the flag IN_TRANS of every answer, READ ONLY (1792), savepoints (1305) and the characteristics of the next
transaction (1568 inside one). Sources: MySQL 5.7's manual; the codes are OceanBase's ob_errno.def.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from obsim.answers import Ok, Value
from obsim.client_statements import Transaction
from obsim.cluster.authority import check_privilege
from obsim.errors import NotModelled, ServerError, error
from obsim.session.assignments import keep_globals
from obsim.variables import VARIABLES

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["TransactionState", "transaction"]

SAVEPOINTS_MAX = 4096
"""A connection that made more than this would be holding the server's memory."""
SAVEPOINT_CHARACTERS_MAX = 1024 * 1024
"""Of the names of all of them."""


@dataclass(slots=True)
class TransactionState:
    """The transaction a session is in, or is not (`active`)."""

    active: bool = False
    read_only: bool = False
    savepoints: list[str] = field(default_factory=list)
    """Names in the order they were set."""
    next_read_only: bool | None = None
    """What SET TRANSACTION asked for the next one alone."""

    def begin(self, *, read_only: bool) -> None:
        """Start a transaction; one that is open is committed."""
        self.end()
        self.active, self.read_only, self.next_read_only = True, read_only, None

    def end(self) -> None:
        """COMMIT or ROLLBACK: its savepoints are gone with it."""
        self.active = self.read_only = False
        self.savepoints.clear()

    def save(self, name: str) -> None:
        """SAVEPOINT: one of the same name is replaced."""
        if name in self.savepoints:
            self.savepoints.remove(name)
        elif len(self.savepoints) >= SAVEPOINTS_MAX:
            raise NotModelled(f"more than {SAVEPOINTS_MAX} savepoints in a transaction")
        if sum(map(len, self.savepoints)) + len(name) > SAVEPOINT_CHARACTERS_MAX:
            raise error("OB_ALLOCATE_MEMORY_FAILED")
        self.savepoints.append(name)

    def back_to(self, name: str, *, release: bool) -> None:
        """ROLLBACK TO and RELEASE SAVEPOINT: those set later are gone, a released one too. Raises 1305."""
        if name not in self.savepoints:
            raise ServerError(1305, "42000", f"savepoint does not exist: {name}")
        del self.savepoints[self.savepoints.index(name) + (not release) :]


def transaction(session: "Session", statement: Transaction, _: Sequence[Value]) -> Ok:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ROLLBACK TO, RELEASE SAVEPOINT and SET TRANSACTION."""
    state = session.transaction
    match statement.kind:
        case "SET TRANSACTION":
            return _set_transaction(session, statement)
        case "BEGIN":
            state.begin(read_only=_asks_read_only(session, statement))
        case "COMMIT" | "ROLLBACK":
            chained, read_only = "AND CHAIN" in statement.characteristics, state.read_only
            state.end()
            if chained:
                state.begin(read_only=read_only)
        case "SAVEPOINT":
            # With autocommit the statement is a transaction of its own, and its savepoint is gone when it ends.
            if not state.active and not session.settings.autocommit:
                state.begin(read_only=_asks_read_only(session, statement))
            if state.active:
                state.save(statement.name or "")
        case _:
            state.back_to(statement.name or "", release=statement.kind == "RELEASE SAVEPOINT")
    return Ok()


def _asks_read_only(session: "Session", statement: Transaction) -> bool:
    """What the statement says, else what SET TRANSACTION said for this one, else what the session says for all."""
    if "READ ONLY" in statement.characteristics or "READ WRITE" in statement.characteristics:
        return "READ ONLY" in statement.characteristics
    asked = session.transaction.next_read_only
    return bool(session.settings.get("transaction_read_only")) if asked is None else asked


def _set_transaction(session: "Session", statement: Transaction) -> Ok:
    """The isolation level and the read-only mode are variables; without a scope they are the next transaction's alone.

    Raises 1568 without a scope inside a transaction, 1227 for GLOBAL without ALTER SYSTEM.
    """
    if statement.scope is None and session.transaction.active:
        raise error("OB_ERR_CANT_CHANGE_TX_CHARACTERISTICS")
    if statement.scope == "global":
        check_privilege(session.cluster.state, session.principal, "ALTER SYSTEM")
    settings = session.settings
    before = dict(settings.globals.changed)
    for words in statement.characteristics:
        if words.startswith("ISOLATION LEVEL "):
            name, value = "transaction_isolation", words.removeprefix("ISOLATION LEVEL ").replace(" ", "-")
        else:
            name, value = "transaction_read_only", "ON" if words == "READ ONLY" else "OFF"
        if statement.scope is not None:
            target = settings.globals if statement.scope == "global" else settings
            target.assign(VARIABLES[name], value)
        elif name == "transaction_read_only":
            session.transaction.next_read_only = value == "ON"
    if statement.scope == "global":
        try:
            keep_globals(session, session.tenant)
        except ServerError:
            settings.globals.restore(before)
            raise
    return Ok()
