"""USE, SET in its client forms, KILL and transactions (MySQL 5.7's grammar; clients.md, section 3)."""

# ruff: noqa: SIM905 - lists of words read better as text

from typing import Literal

from obsim.answers import Value
from obsim.client_statements import (
    Assignment,
    DefaultValue,
    Expression,
    Kill,
    SetNames,
    SetVariables,
    Transaction,
    UseDatabase,
    VariableValue,
)
from obsim.sql.grammar.cursor import Cursor
from obsim.sql.tokens import TokenType
from obsim.statements import NotModelledStatement

__all__ = ["bound", "kill", "set_statement", "transaction", "use"]

_SCOPES: dict[str, Literal["session", "global"]] = {
    "SESSION": "session", "LOCAL": "session", "GLOBAL": "global", "PERSIST": "global",
}
_LITERAL_WORDS: dict[str, VariableValue] = {"TRUE": 1, "FALSE": 0, "NULL": None, "DEFAULT": DefaultValue()}
_RESERVED_VALUES = frozenset({"ON", "BINARY", "ALL"})
_INFIX = frozenset(
    "AND OR XOR DIV MOD IS IN LIKE BETWEEN NOT REGEXP RLIKE COLLATE SOUNDS ESCAPE THEN WHEN ELSE END".split()
)
_NOT_VARIABLES = frozenset({("PASSWORD", "="), ("PASSWORD", ":="), ("PASSWORD", "FOR"), ("DEFAULT", "ROLE")})
_ISOLATION = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


def use(cursor: Cursor) -> UseDatabase:
    """USE name."""
    cursor.expect("USE")
    return UseDatabase(cursor.name())


def kill(cursor: Cursor) -> Kill:
    """KILL [CONNECTION | QUERY] id."""
    cursor.expect("KILL")
    query_only = cursor.take("QUERY")
    if not query_only:
        cursor.take("CONNECTION")
    return Kill(cursor.integer(), query_only)


def set_statement(cursor: Cursor) -> SetVariables | SetNames | Transaction | NotModelledStatement:
    """SET NAMES, SET CHARACTER SET, SET [scope] TRANSACTION, or a list of assignments."""
    cursor.expect("SET")
    word, following = cursor.word, cursor.following
    if following not in {"=", ":="}:
        if word == "NAMES":
            return _names(cursor)
        if word == "CHARSET" or (word, following) == ("CHARACTER", "SET"):
            cursor.index += 1 if word == "CHARSET" else 2
            return SetNames(_charset(cursor))
        scoped = word in _SCOPES and following == "TRANSACTION" and cursor.words[cursor.index + 2] not in {"=", ":="}
        if word == "TRANSACTION" or scoped:
            return _set_transaction(cursor)
    if (word, following) in _NOT_VARIABLES or word in {"ROLE", "RESOURCE"}:
        cursor.index = len(cursor.tokens)
        return NotModelledStatement(f"SET {word}", cursor.text)
    return SetVariables(tuple(cursor.listed(lambda: _assignment(cursor))))


def _names(cursor: Cursor) -> SetNames:
    cursor.expect("NAMES")
    charset = _charset(cursor)
    return SetNames(charset, cursor.text_or_name() if cursor.take("COLLATE") else None)


def _charset(cursor: Cursor) -> str | None:
    if cursor.take("DEFAULT"):
        return None
    if cursor.take("BINARY"):
        return "binary"
    return cursor.text_or_name()


def _assignment(cursor: Cursor) -> Assignment:
    scope, name = _target(cursor)
    if cursor.token is None or cursor.token.text not in {"=", ":="}:
        raise cursor.refused()
    cursor.index += 1
    return Assignment(scope, name, _value(cursor, bare_words=scope != "user"))


def _target(cursor: Cursor) -> tuple[Literal["session", "global", "user"], str]:
    if cursor.take("@"):
        if not cursor.take("@"):
            return "user", _dotted(cursor, cursor.text_or_name())
        if cursor.word in _SCOPES and cursor.following == ".":
            scope = _SCOPES[cursor.word]
            cursor.index += 2
            return scope, _dotted(cursor, cursor.name())
        return "session", _dotted(cursor, cursor.name())
    word = cursor.word
    if word in _SCOPES and cursor.following not in {"=", ":="}:
        cursor.index += 1
        return _SCOPES[word], _dotted(cursor, cursor.name())
    return "session", _dotted(cursor, cursor.name())


def _dotted(cursor: Cursor, name: str) -> str:
    while cursor.take("."):
        name += "." + cursor.name()
    return name.lower()


def _value(cursor: Cursor, *, bare_words: bool) -> VariableValue:
    """A literal that stands alone, or the text up to the comma or the end."""
    first = cursor.index
    end = _value_end(cursor)
    if end == first:
        raise cursor.refused()
    word = cursor.words[first]
    if cursor.at_string() and end == first + 1:
        return cursor.string()
    if cursor.at_number():
        number = cursor.number()
        if cursor.index == end:
            return number
        cursor.index = first
    elif end == first + 1 and word in _LITERAL_WORDS:
        cursor.index = end
        return _LITERAL_WORDS[word]
    elif end == first + 1 and bare_words and cursor.tokens[first].token_type in {TokenType.VAR, TokenType.IDENTIFIER}:
        if word in _RESERVED_VALUES:
            cursor.index = end
            return cursor.tokens[first].text
        return cursor.name()
    cursor.index = end
    return Expression(cursor.slice(first, end - 1), bound(cursor, first, end))


def bound(cursor: Cursor, first: int, end: int) -> tuple[Value, ...]:
    """The parameters of the `?` between two tokens."""
    if cursor.parameters is None:
        return ()
    marks = [t.start for t in cursor.tokens if cursor.text[t.start] == "?" and t.end == t.start]
    inside = range(cursor.tokens[first].start, cursor.tokens[end - 1].end + 1)
    return tuple(value for place, value in zip(marks, cursor.parameters, strict=True) if place in inside)


def _value_end(cursor: Cursor) -> int:
    """Where a value ends: a comma or the end. Raises SyntaxRefused at a stray parenthesis or a second operand."""
    depth = 0
    at = cursor.index
    operand = False
    while at < len(cursor.tokens):
        word = cursor.words[at]
        if word == "," and not depth:
            break
        depth += (word == "(") - (word == ")")
        kind = cursor.tokens[at].token_type
        is_operand = kind in {TokenType.NUMBER, TokenType.STRING, TokenType.PLACEHOLDER}
        if depth < 0 or (not depth and operand and (is_operand or (kind is TokenType.VAR and word not in _INFIX))):
            raise cursor.refused(at)
        operand = is_operand or word == ")"
        at += 1
    if depth:
        raise cursor.refused(len(cursor.tokens))
    return at


def transaction(cursor: Cursor) -> Transaction:
    """BEGIN, START TRANSACTION, COMMIT, ROLLBACK [TO], SAVEPOINT, RELEASE SAVEPOINT."""
    word = cursor.one_of(frozenset({"BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}))
    if word == "START":
        cursor.expect("TRANSACTION")
        ended = cursor.token is None
        return Transaction("BEGIN", None, () if ended else tuple(cursor.listed(lambda: _one_phrase(cursor, _START))))
    if word == "SAVEPOINT":
        return Transaction("SAVEPOINT", cursor.name())
    if word == "RELEASE":
        cursor.expect("SAVEPOINT")
        return Transaction("RELEASE SAVEPOINT", cursor.name())
    cursor.take("WORK")
    if word == "BEGIN":
        return Transaction("BEGIN")
    if word == "ROLLBACK" and cursor.take("TO"):
        cursor.take("SAVEPOINT")
        return Transaction("ROLLBACK TO", cursor.name())
    ends = [phrase for group in _ENDS for phrase in [_maybe_phrase(cursor, group)] if phrase]
    return Transaction(word, None, tuple(ends))


_START = ("WITH CONSISTENT SNAPSHOT", "READ ONLY", "READ WRITE")
_ENDS = (("AND NO CHAIN", "AND CHAIN"), ("NO RELEASE", "RELEASE"))


def _maybe_phrase(cursor: Cursor, phrases: tuple[str, ...]) -> str:
    return next((p for p in phrases if cursor.take(*p.split())), "")


def _one_phrase(cursor: Cursor, phrases: tuple[str, ...]) -> str:
    """One of `phrases`; the error is at the token where the longest beginning of one ends."""
    phrase = _maybe_phrase(cursor, phrases)
    if phrase:
        return phrase
    start = furthest = cursor.index
    for candidate in phrases:
        at = start
        for word in candidate.split():
            if cursor.words[at] != word:
                break
            at += 1
        furthest = max(furthest, at)
    raise cursor.refused(furthest)


def _set_transaction(cursor: Cursor) -> Transaction:
    scope = None
    if cursor.word in _SCOPES:
        scope = _SCOPES[cursor.word]
        cursor.index += 1
    cursor.expect("TRANSACTION")
    return Transaction("SET TRANSACTION", None, tuple(cursor.listed(lambda: _characteristic(cursor))), scope)


def _characteristic(cursor: Cursor) -> str:
    if cursor.take("ISOLATION"):
        cursor.expect("LEVEL")
        return "ISOLATION LEVEL " + _one_phrase(cursor, _ISOLATION)
    return _one_phrase(cursor, _START[1:])
