"""The SHOW family, DESC and EXPLAIN (MySQL 5.7's grammar, with OceanBase's own kinds)."""

from dataclasses import dataclass
from typing import Literal

from obsim.client_statements import Describe, Show
from obsim.sql.grammar.accounts import account_name
from obsim.sql.grammar.cursor import Cursor
from obsim.statements import NotModelledStatement

__all__ = ["SHOW_KINDS", "describe", "show"]


@dataclass(frozen=True, slots=True)
class Clauses:
    """What may follow a kind of SHOW."""

    table: bool = False     # FROM table, needed
    schema: bool = False    # FROM database
    like: bool = False      # LIKE 'pattern' or WHERE condition
    where: bool = False     # WHERE condition only
    limit: bool = False     # LIMIT
    name: bool = False      # a name, needed
    user: bool = False      # FOR user


_FILTER = Clauses(like=True)
_SCHEMA = Clauses(schema=True, like=True)
_COLUMNS = Clauses(table=True, schema=True, like=True)
_INDEX = Clauses(table=True, schema=True, where=True)
_NAMED = Clauses(name=True)
_NOTHING = Clauses()

SHOW_KINDS: dict[str, tuple[str, Clauses]] = {
    "DATABASES": ("DATABASES", _FILTER),
    "SCHEMAS": ("DATABASES", _FILTER),
    "TABLES": ("TABLES", _SCHEMA),
    "TABLE STATUS": ("TABLE STATUS", _SCHEMA),
    "OPEN TABLES": ("OPEN TABLES", _SCHEMA),
    "COLUMNS": ("COLUMNS", _COLUMNS),
    "FIELDS": ("COLUMNS", _COLUMNS),
    "INDEX": ("INDEX", _INDEX),
    "INDEXES": ("INDEX", _INDEX),
    "KEYS": ("INDEX", _INDEX),
    "VARIABLES": ("VARIABLES", _FILTER),
    "STATUS": ("STATUS", _FILTER),
    "WARNINGS": ("WARNINGS", Clauses(limit=True)),
    "ERRORS": ("ERRORS", Clauses(limit=True)),
    "COUNT ( * ) WARNINGS": ("COUNT WARNINGS", _NOTHING),
    "COUNT ( * ) ERRORS": ("COUNT ERRORS", _NOTHING),
    "PROCESSLIST": ("PROCESSLIST", _NOTHING),
    "ENGINES": ("ENGINES", _NOTHING),
    "STORAGE ENGINES": ("ENGINES", _NOTHING),
    "PLUGINS": ("PLUGINS", _NOTHING),
    "PRIVILEGES": ("PRIVILEGES", _NOTHING),
    "PROFILES": ("PROFILES", _NOTHING),
    "COLLATION": ("COLLATION", _FILTER),
    "CHARSET": ("CHARACTER SET", _FILTER),
    "CHARACTER SET": ("CHARACTER SET", _FILTER),
    "CREATE TABLE": ("CREATE TABLE", _NAMED),
    "CREATE VIEW": ("CREATE VIEW", _NAMED),
    "CREATE PROCEDURE": ("CREATE PROCEDURE", _NAMED),
    "CREATE FUNCTION": ("CREATE FUNCTION", _NAMED),
    "CREATE TRIGGER": ("CREATE TRIGGER", _NAMED),
    "CREATE TABLEGROUP": ("CREATE TABLEGROUP", _NAMED),
    "CREATE TENANT": ("CREATE TENANT", _NAMED),
    "CREATE DATABASE IF NOT EXISTS": ("CREATE DATABASE", _NAMED),
    "CREATE SCHEMA IF NOT EXISTS": ("CREATE DATABASE", _NAMED),
    "CREATE DATABASE": ("CREATE DATABASE", _NAMED),
    "CREATE SCHEMA": ("CREATE DATABASE", _NAMED),
    "GRANTS": ("GRANTS", Clauses(user=True)),
    "TRIGGERS": ("TRIGGERS", _SCHEMA),
    "EVENTS": ("EVENTS", _SCHEMA),
    "PROCEDURE STATUS": ("PROCEDURE STATUS", _FILTER),
    "FUNCTION STATUS": ("FUNCTION STATUS", _FILTER),
    "MASTER STATUS": ("MASTER STATUS", _NOTHING),
    "SLAVE STATUS": ("SLAVE STATUS", _NOTHING),
    "BINARY LOGS": ("BINARY LOGS", _NOTHING),
    "MASTER LOGS": ("BINARY LOGS", _NOTHING),
    "RECYCLEBIN": ("RECYCLEBIN", _NOTHING),
    "TABLEGROUPS": ("TABLEGROUPS", _FILTER),
    "SEQUENCES": ("SEQUENCES", _SCHEMA),
    "TRACE": ("TRACE", _FILTER),
    "RESTORE PREVIEW": ("RESTORE PREVIEW", _NOTHING),
}
"""Words after SHOW (and FULL, GLOBAL, SESSION) -> the kind and its clauses."""
_BY_FIRST: dict[str, list[tuple[list[str], str, Clauses]]] = {}
for _name, _row in SHOW_KINDS.items():
    _BY_FIRST.setdefault(_name.split()[0], []).append((_name.split(), *_row))
_FULL_KINDS = frozenset({"TABLES", "COLUMNS", "PROCESSLIST"})
_SCOPED_KINDS = frozenset({"VARIABLES", "STATUS"})
_SCOPES: dict[str, Literal["session", "global"]] = {"GLOBAL": "global", "SESSION": "session", "LOCAL": "session"}
_FROM = frozenset({"FROM", "IN"})
_EXPLAINED = frozenset({"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "MERGE", "("})
_EXPLAIN_OPTIONS = frozenset({"BASIC", "EXTENDED", "EXTENDED_NOADDR", "OUTLINE", "PARTITIONS", "PRETTY"})


def show(cursor: Cursor) -> Show:
    """SHOW [FULL | GLOBAL | SESSION] kind and its clauses."""
    cursor.expect("SHOW")
    full = cursor.take("FULL")
    scope = _SCOPES.get(cursor.word)
    if scope is not None:
        cursor.index += 1
    kind, clauses = _kind(cursor, full=full, scoped=scope is not None)
    schema, table = _object(cursor, clauses)
    like = where = limit = None
    if clauses.like and cursor.take("LIKE"):
        like = cursor.string()
    elif (clauses.like or clauses.where) and cursor.take("WHERE"):
        where = _rest(cursor)
    if clauses.limit and cursor.take("LIMIT"):
        limit = _limit(cursor)
    return Show(kind, schema, table, like, where, full, scope or "session", limit)


def _object(cursor: Cursor, clauses: Clauses) -> tuple[str | None, str | None]:
    """The schema and the object that are named."""
    schema = table = None
    if clauses.name:
        return _qualified(cursor)
    if clauses.user:
        return None, _user(cursor) if cursor.take("FOR") else None
    if clauses.table:
        cursor.one_of(_FROM)
        schema, table = _qualified(cursor)
    if clauses.schema and cursor.word in _FROM:
        cursor.index += 1
        schema = cursor.name()
    return schema, table


def _kind(cursor: Cursor, *, full: bool, scoped: bool) -> tuple[str, Clauses]:
    start = furthest = cursor.index
    for words, kind, clauses in _BY_FIRST.get(cursor.word, ()):
        if (full and kind not in _FULL_KINDS) or (scoped and kind not in _SCOPED_KINDS):
            continue
        if cursor.take(*words):
            return kind, clauses
        at = start
        while cursor.words[at] == words[at - start]:
            at += 1
        furthest = max(furthest, at)
    raise cursor.refused(furthest)


def _qualified(cursor: Cursor) -> tuple[str | None, str]:
    name = cursor.name()
    return (name, cursor.name()) if cursor.take(".") else (None, name)


def _user(cursor: Cursor) -> str:
    """'user'@'host'; the host is read and left out, as every user of a simulated tenant is `@'%'`."""
    if cursor.take("CURRENT_USER"):
        if cursor.take("("):
            cursor.expect(")")
        return "CURRENT_USER"
    name = account_name(cursor)
    return name.user if name.host == "%" else f"{name.user}@{name.host}"


def _limit(cursor: Cursor) -> tuple[int, int]:
    first = cursor.integer()
    if cursor.take(","):
        return first, cursor.integer()
    if cursor.take("OFFSET"):
        return cursor.integer(), first
    return 0, first


def _rest(cursor: Cursor) -> str:
    first, end = cursor.index, len(cursor.tokens)
    if first == end:
        raise cursor.refused()
    cursor.index = end
    return cursor.slice(first, end - 1)


def describe(cursor: Cursor) -> Describe | NotModelledStatement:
    """DESC, DESCRIBE or EXPLAIN of a table, with a column or pattern; of a query it is not modelled."""
    cursor.index += 1
    if cursor.word in _EXPLAIN_OPTIONS and cursor.following in _EXPLAINED:
        cursor.index += 1
    elif cursor.take("FORMAT", "="):
        cursor.text_or_name()
    if cursor.word in _EXPLAINED:
        cursor.index = len(cursor.tokens)
        return NotModelledStatement("EXPLAIN", cursor.text)
    schema, table = _qualified(cursor)
    return Describe(schema, table, None if cursor.token is None else cursor.text_or_name())
