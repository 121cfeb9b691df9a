"""ALTER SYSTEM [SET] and RESET, SHOW PARAMETERS, SHOW TENANT, CALL (statements.md, Ordinary parameters)."""

# ruff: noqa: SIM905 - lists of words read better as text

from obsim.errors import NotModelled
from obsim.sql.grammar.cursor import Cursor
from obsim.statements import (
    AlterParameters,
    CallProcedure,
    NullValue,
    ParameterAction,
    ParameterValue,
    ResetAction,
    ResetParameters,
    ShowParameters,
    ShowTenant,
)

__all__ = ["alter_parameters", "call_procedure", "reset_parameters", "show_parameters", "show_tenant"]

_EXACT_MAX = 1e15  # a double is printed with its digits below this
_SCOPES = frozenset({"MEMORY", "SPFILE", "BOTH"})
_WORD_VALUES: dict[str, ParameterValue] = {"TRUE": True, "FALSE": False, "NULL": NullValue()}
_CALL_WORDS: dict[str, int | None] = {"TRUE": 1, "FALSE": 0, "NULL": None}
_TIME_WORDS = frozenset({"DATE", "TIME", "TIMESTAMP"})
# After a comma a new action must begin: `10, TENANT = t1` is refused at TENANT (seekdb-observations.jsonl).
_CLAUSE_WORDS = frozenset({"TENANT", "SERVER", "ZONE", "SCOPE", "COMMENT"})
_OPERATORS = frozenset(
    "= != <> < > <= >= <=> + - * / % ( , . AND OR XOR NOT LIKE IN IS BETWEEN REGEXP RLIKE DIV MOD WHERE".split()
)


def alter_parameters(cursor: Cursor) -> AlterParameters:
    """[SET] action {, action}, each with clauses in fixed order: COMMENT, SCOPE, SERVER or ZONE, TENANT."""
    cursor.take("SET")
    return AlterParameters(tuple(cursor.listed(lambda: _action(cursor))))


def _parameter_name(cursor: Cursor) -> str:
    if cursor.word in _CLAUSE_WORDS:
        raise cursor.refused()
    return cursor.name().lower()


def _equals(cursor: Cursor) -> None:
    """A single `=`: the scanner takes `==` as one sign, which fits nowhere."""
    token = cursor.token
    if token is None or token.text != "=" or cursor.word != "=":
        raise cursor.refused()
    cursor.index += 1


def _action(cursor: Cursor) -> ParameterAction:
    name = _parameter_name(cursor)
    _equals(cursor)
    value = _value(cursor)
    comment = cursor.string() if cursor.take("COMMENT") else None
    scope = _scope(cursor)
    server = cursor.string() if cursor.clause("SERVER") else None
    zone = cursor.text_or_name() if server is None and cursor.clause("ZONE") else None
    return ParameterAction(name, value, comment, scope, server, zone, cursor.tenant())


def _value(cursor: Cursor) -> ParameterValue:
    if cursor.at_string():
        return cursor.string()
    if cursor.at_number():
        return _stored_number(cursor)
    word = cursor.word
    if word in _WORD_VALUES:
        cursor.index += 1
        return _WORD_VALUES[word]
    if word in _TIME_WORDS:
        cursor.index += 1
        return cursor.string()
    if word == "@" and cursor.following == "@":
        raise NotModelled("a system variable as the value of a parameter")
    raise cursor.refused()


def _stored_number(cursor: Cursor) -> int | float:
    """A decimal is stored as written (5.0 is no integer), a number with an exponent by its value (1e1 is 10)."""
    first = cursor.index
    value = cursor.number()
    exponent = any("e" in token.text.lower() for token in cursor.tokens[first : cursor.index])
    return int(value) if exponent and abs(value) < _EXACT_MAX and value == int(value) else value


def _scope(cursor: Cursor) -> str | None:
    if not cursor.take("SCOPE"):
        return None
    _equals(cursor)
    return cursor.one_of(_SCOPES)


def reset_parameters(cursor: Cursor) -> ResetParameters:
    """RESET name [SCOPE = ..] [TENANT [=] name] {, ...}."""
    cursor.expect("RESET")
    return ResetParameters(tuple(cursor.listed(lambda: _reset(cursor))))


def _reset(cursor: Cursor) -> ResetAction:
    return ResetAction(_parameter_name(cursor), _scope(cursor), cursor.tenant())


def show_parameters(cursor: Cursor) -> ShowParameters:
    """SHOW PARAMETERS [LIKE 'p' [ESCAPE 'c'] | WHERE condition] [TENANT [=] name]."""
    cursor.expect("SHOW", "PARAMETERS")
    like = escape = where = None
    if cursor.take("LIKE"):
        like = cursor.string()
        escape = cursor.string() if cursor.take("ESCAPE") else None
    elif cursor.take("WHERE"):
        where = _condition(cursor)
    return ShowParameters(like, escape, where, cursor.tenant())


def _condition(cursor: Cursor) -> str:
    """The condition as written, up to the end or to a TENANT clause that ends the statement."""
    first, end = cursor.index, len(cursor.tokens)
    for at, shape in ((end - 2, ["TENANT"]), (end - 3, ["TENANT", "="])):
        if at > first and cursor.words[at : at + len(shape)] == shape and cursor.words[at - 1] not in _OPERATORS:
            end = at
            break
    if first >= end:
        raise cursor.refused()
    cursor.index = end
    return cursor.slice(first, end - 1)


def show_tenant(cursor: Cursor) -> ShowTenant:
    """SHOW TENANT [STATUS]."""
    cursor.expect("SHOW", "TENANT")
    return ShowTenant(cursor.take("STATUS"))


def call_procedure(cursor: Cursor) -> CallProcedure:
    """CALL [schema.]name[(literal {, literal})]."""
    cursor.expect("CALL")
    schema, name = "", cursor.name().lower()
    if cursor.take("."):
        schema, name = name, cursor.member().lower()
    arguments: list[str | int | float | None] = []
    if cursor.take("(") and not cursor.take(")"):
        arguments = cursor.listed(lambda: _argument(cursor))
        cursor.expect(")")
    return CallProcedure(schema, name, tuple(arguments))


def _argument(cursor: Cursor) -> str | int | float | None:
    if cursor.at_string():
        return cursor.string()
    if cursor.word in _CALL_WORDS:
        cursor.index += 1
        return _CALL_WORDS[cursor.words[cursor.index - 1]]
    return cursor.number()
