"""Statements prepared by name: PREPARE, EXECUTE and DEALLOCATE, and DO, LOCK TABLES, UNLOCK TABLES.

A name ignores case. PREPARE drops the statement that had the name before it reads the new text, so a text that cannot
be prepared leaves none (source: ob_prepare_executor.cpp, ob_execute_resolver.cpp). LOCK TABLES answers and locks
nothing, as a real cluster does while `enable_lock_priority` is off (source: ObLockTableExecutor).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obsim.answers import Answer, Ok, Value
from obsim.client_statements import DoExpressions, DropPrepared, ExecutePrepared, PrepareStatement
from obsim.errors import ServerError, error
from obsim.session.pending import Pending

if TYPE_CHECKING:
    from obsim.session.prepared import Prepared
    from obsim.session.session import Session

__all__ = ["BY_NAME", "NamedStatements", "do_expressions", "drop_prepared", "execute_prepared", "prepare_statement"]

STATEMENTS_MAX = 16_382
"""Statements one session may prepare by name, as over the protocol; one more is answered with 1461."""
TEXT_BYTES_MAX = 64 * 1024 * 1024
"""Names and texts of all of them."""
BY_NAME = PrepareStatement | ExecutePrepared | DropPrepared
"""What cannot be prepared itself."""


@dataclass(slots=True)
class NamedStatements:
    """The statements of one session by lower-case name, each with the size of its text."""

    _found: "dict[str, tuple[Prepared, int]]"
    text_bytes: int = 0

    def get(self, name: str) -> "Prepared":
        """The statement of a name in any letter case. Raises 1243."""
        found = self._found.get(name.lower())
        if found is None:
            raise error("OB_EER_UNKNOWN_STMT_HANDLER")
        return found[0]

    def drop(self, name: str) -> None:
        """Forget one; nothing happens when it is not there."""
        found = self._found.pop(name.lower(), None)
        self.text_bytes -= 0 if found is None else found[1]

    def check_room(self, size_bytes: int) -> None:
        """Raises 1461 where one more text of this size does not fit."""
        if len(self._found) >= STATEMENTS_MAX or self.text_bytes + size_bytes > TEXT_BYTES_MAX:
            message = f"Can't create more than max_prepared_stmt_count statements (current value: {STATEMENTS_MAX})"
            raise ServerError(1461, "42000", message, name="ER_MAX_PREPARED_STMT_COUNT_REACHED")

    def add(self, name: str, prepared: "Prepared", size_bytes: int) -> None:
        """Keep a statement under a name that is free."""
        self._found[name.lower()] = (prepared, size_bytes)
        self.text_bytes += size_bytes


def prepare_statement(session: "Session", statement: PrepareStatement, _: Sequence[Value]) -> Ok:
    """PREPARE. Raises 1149 for a variable without text, 1235 for several statements, 1295, 1461 and the text's own."""
    from obsim.sql.tokens import split_statements  # noqa: PLC0415 - sqlglot loads with the first statement

    text = statement.text if statement.variable is None else session.user_variable(statement.variable)
    if not isinstance(text, str):
        raise error("OB_ERR_PARSER_SYNTAX")
    named = session.named
    named.drop(statement.name)
    size_bytes = len(text.encode()) + len(statement.name)
    named.check_room(size_bytes)
    if len(split_statements(text)) > 1:
        raise error("OB_NOT_SUPPORTED", "prepare multi-statement query")
    prepared = session.prepare(text)
    prepared.taken_columns()  # nobody asks for them
    named.add(statement.name, prepared, size_bytes)
    return Ok()


def execute_prepared(session: "Session", statement: ExecutePrepared) -> Answer | Pending:
    """EXECUTE: the values of the variables take the places of the marks, in order. Raises 1243 and 1210."""
    prepared = session.named.get(statement.name)
    values = [session.user_variable(name) for name in statement.variables]
    return session.execute_prepared(prepared, values, named=True)


def drop_prepared(session: "Session", statement: DropPrepared, _: Sequence[Value]) -> Ok:
    """DEALLOCATE PREPARE. Raises 1243."""
    session.named.get(statement.name)
    session.named.drop(statement.name)
    return Ok()


def do_expressions(session: "Session", statement: DoExpressions, _: Sequence[Value]) -> Ok:
    """DO: compute and forget. Raises what a SELECT of the same expressions raises."""
    session.computed(statement.text, statement.parameters)
    return Ok()
