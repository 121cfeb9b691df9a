"""PREPARE, EXECUTE and DEALLOCATE as statements, DO, LOCK TABLES and UNLOCK TABLES (MySQL 5.7's grammar)."""

# ruff: noqa: SIM905 - lists of words read better as text

from typing import Literal

from obsim.client_statements import (
    DoExpressions,
    DropPrepared,
    ExecutePrepared,
    LockTables,
    PrepareStatement,
    TableLock,
    UnlockTables,
)
from obsim.sql.grammar.cursor import Cursor
from obsim.sql.grammar.session import bound

__all__ = ["do_expressions", "drop_prepared", "execute", "lock_tables", "prepare", "unlock_tables"]

_TABLES = frozenset({"TABLE", "TABLES"})
_MODES = frozenset({"READ", "WRITE", "LOW_PRIORITY"})
_NOT_IN_A_LIST = frozenset("FROM WHERE GROUP HAVING ORDER LIMIT UNION EXCEPT MINUS INTERSECT INTO FOR".split())


def prepare(cursor: Cursor) -> PrepareStatement:
    """PREPARE name FROM 'text' | @variable."""
    cursor.expect("PREPARE")
    name = cursor.name()
    cursor.expect("FROM")
    if cursor.word == "@":
        return PrepareStatement(name, variable=_user_variable(cursor))
    return PrepareStatement(name, cursor.string())


def execute(cursor: Cursor) -> ExecutePrepared:
    """EXECUTE name [USING @variable {, @variable}]."""
    cursor.expect("EXECUTE")
    name = cursor.name()
    using = cursor.take("USING")
    return ExecutePrepared(name, tuple(cursor.listed(lambda: _user_variable(cursor))) if using else ())


def drop_prepared(cursor: Cursor) -> DropPrepared:
    """DEALLOCATE PREPARE name and DROP PREPARE name."""
    cursor.index += 1
    cursor.expect("PREPARE")
    return DropPrepared(cursor.name())


def do_expressions(cursor: Cursor) -> DoExpressions:
    """DO expression {, expression}; the evaluator reads the expressions. There are no columns that a `*` could mean."""
    cursor.expect("DO")
    first, end = cursor.index, len(cursor.tokens)
    if first == end:
        raise cursor.refused()
    depth = 0
    for at in range(first, end):
        word = cursor.words[at]
        depth += (word == "(") - (word == ")")
        all_columns = word == "*" and (at == first or cursor.words[at - 1] in {",", "."})
        if not depth and (word in _NOT_IN_A_LIST or all_columns):
            raise cursor.refused(at)
    cursor.index = end
    return DoExpressions(cursor.slice(first, end - 1), bound(cursor, first, end))


def lock_tables(cursor: Cursor) -> LockTables:
    """LOCK TABLES table [[AS] alias] mode {, ...}."""
    cursor.expect("LOCK")
    cursor.one_of(_TABLES)
    return LockTables(tuple(cursor.listed(lambda: _lock(cursor))))


def unlock_tables(cursor: Cursor) -> UnlockTables:
    """UNLOCK TABLES."""
    cursor.expect("UNLOCK")
    cursor.one_of(_TABLES)
    return UnlockTables()


def _lock(cursor: Cursor) -> TableLock:
    schema, table = None, cursor.name()
    if cursor.take("."):
        schema, table = table, cursor.member()
    alias = None
    if cursor.take("AS") or cursor.word not in _MODES:
        alias = cursor.name()
    return TableLock(table, schema, alias, _mode(cursor))


def _mode(cursor: Cursor) -> Literal["READ", "READ LOCAL", "WRITE", "LOW_PRIORITY WRITE"]:
    if cursor.take("READ"):
        return "READ LOCAL" if cursor.take("LOCAL") else "READ"
    low = cursor.take("LOW_PRIORITY")
    cursor.expect("WRITE")
    return "LOW_PRIORITY WRITE" if low else "WRITE"


def _user_variable(cursor: Cursor) -> str:
    """`@name` in any quotes, as it is kept: lower case."""
    cursor.expect("@")
    return cursor.text_or_name().lower()
