"""Coercions: what MySQL does to two operands before it compares or computes with them, said in SQLite's terms.

Text beside a number is read as a number, anything beside a point in time as a point in time, text with text ignores
letter case.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isinf

from obsim.answers import MysqlType
from obsim.query.collation import sort_key
from obsim.query.kinds import BOOLEAN, DOUBLE, INTEGER, Kind, decimal_of, text_of_length
from obsim.query.moments import canonical
from obsim.query.refusals import illegal_double, wrong_column_count
from obsim.query.rewriting.scope import Term
from obsim.query.values import is_number, number_of

__all__ = [
    "as_kind", "as_moment", "as_number", "as_text", "binary", "boolean", "collated", "compare", "literal_sql",
    "membership", "sorting", "truth",
]


def literal_sql(value: str | float | None) -> str:
    """A literal of SQLite; texts with a NUL are bound instead (`Draft.text`)."""
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def boolean(sql: str, *terms: Term) -> Term:
    """A truth value that may be NULL where an operand may."""
    return Term(sql, BOOLEAN.as_nullable(any(t.kind.nullable for t in terms)))


def collated(term: Term) -> str:
    """The expression with the collation that comparing, grouping and sorting texts needs."""
    _refuse_row(term)
    return term.sql if term.collated or not term.kind.is_text else f"({term.sql}) COLLATE GENERAL_CI"


def sorting(term: Term) -> str:
    """What stands for the expression where rows are sorted or grouped by it: one call a row, none for each pair."""
    _refuse_row(term)
    if term.key:
        return term.key
    return f"ob_key({term.sql})" if term.kind.is_text and not term.kind.binary else term.sql


def _refuse_row(term: Term) -> None:
    """Raise 1241 for `(a, b)` where one value belongs."""
    if term.row:
        raise wrong_column_count(1)


def as_number(term: Term, wanted: str = "DOUBLE") -> str:
    """The expression in a numeric context; `wanted` is the type that a warning about its text names."""
    kind = term.kind
    if kind.is_number or kind.is_null:
        return term.sql
    if term.numeric:
        return term.numeric
    if isinstance(term.literal, str) and not kind.is_temporal and is_number(term.literal):
        return literal_sql(number_of(term.literal))
    if kind.is_temporal:
        return f"ob_moment_number({term.sql}, {kind.decimals})"
    return f"ob_number({term.sql})" if wanted == "DOUBLE" else f"ob_number({term.sql}, '{wanted}')"


def as_text(term: Term) -> str:
    """The expression in a string context: decimals with all their digits, times with as many as their kind has."""
    kind = term.kind
    if kind.type is MysqlType.NEWDECIMAL:
        return f"ob_decimal_text({term.sql}, {kind.decimals})"
    if kind.is_moment:
        return (
            term.sql
            if kind.decimals >= 6
            else f"ob_cut({term.sql}, {19 + (kind.decimals + 1 if kind.decimals else 0)})"
        )
    return f"ob_text({term.sql})" if kind.is_number else term.sql


def binary(term: Term, length: int = 0) -> Term:
    """The expression as a text that compares byte by byte, cut to `length` if that is given."""
    sql = as_text(term) if term.kind.type is not None else f"ob_text({term.sql})"
    kind = text_of_length(length or max(term.kind.length, 1), nullable=term.kind.nullable)
    sql = f"ob_cut({sql}, {length})" if length else sql
    return Term(f"({sql}) COLLATE BINARY", replace(kind, binary=True), collated=True)


def as_moment(term: Term) -> str:
    """The expression as a canonical point in time."""
    if term.kind.is_moment or term.kind.is_null:
        return term.sql
    if term.literal is not None:
        return literal_sql(canonical(term.literal))
    return f"ob_moment({term.sql})"


def as_kind(term: Term, kind: Kind) -> str:
    """A branch of CASE, COALESCE or UNION in the kind that all branches share."""
    if kind.is_text and not term.kind.is_text and not term.kind.is_null:
        return as_text(term)
    if kind.is_moment and term.kind.type is MysqlType.DATE:
        return as_moment(term)
    return term.sql


def truth(term: Term) -> str:
    """The expression as a condition."""
    _refuse_row(term)
    return term.sql if term.kind.is_number or term.kind.is_null else as_number(term)


_PLAIN_LENGTH_MAX = 40
_LISTED_MAX = 50
"""A longer IN stays one operator: SQLite bounds the depth of an expression."""


def _beside(sql: str, other: str) -> str:
    """A value of unknown type next to another: a number where that one turns out to be a number."""
    if max(len(sql), len(other)) > _PLAIN_LENGTH_MAX:  # written once, or nested comparisons would grow without bound
        return f"ob_beside({sql}, {other})"
    return f"CASE WHEN {other} < '' THEN ob_number({sql}) ELSE {sql} END"  # SQLite puts every number before every text


def aligned(left: Term, right: Term, *, by_value: bool = True) -> tuple[str, str, bool]:
    """Both sides in one domain, and whether the comparison needs the collation.

    Of a parameter only the value tells the domain; without `by_value` it is taken for what stands beside it.
    """
    a, b = left.kind, right.kind
    if a.is_null or b.is_null or (a.is_number and b.is_number):
        return left.sql, right.sql, False
    if (a.is_moment and isinstance(right.literal, int)) or (b.is_moment and isinstance(left.literal, int)):
        return as_moment(left), as_moment(right), False  # a number such as 20240131 beside a time names a day
    if a.is_number or b.is_number:
        return as_number(left), as_number(right), False
    if a.is_temporal or b.is_temporal:
        if a.type is b.type:
            return left.sql, right.sql, False
        if MysqlType.TIME in {a.type, b.type}:
            return f"ob_time_only({left.sql})", f"ob_time_only({right.sql})", False
        return as_moment(left), as_moment(right), False
    binary = a.binary or b.binary
    if by_value and (a.type is None or b.type is None):
        return _beside(left.sql, right.sql), _beside(right.sql, left.sql), not binary
    return left.sql, right.sql, not binary and not (left.collated or right.collated)


def keyed(left: Term, *others: Term) -> tuple[str, ...]:
    """The keys of texts that compare by the collation, empty where one has to be worked out for each row anyway."""
    if not left.key:
        return ()
    keys = (left.key, *map(_key, others))
    return keys if all(keys) else ()


def _key(term: Term) -> str:
    """The key of a column that has one, or of a text that is the same for all rows."""
    if term.key or not term.kind.is_text or term.kind.binary or term.collated:
        return term.key
    if isinstance(term.literal, str) and term.sql[:1] == "'":
        return literal_sql(sort_key(term.literal))
    return f"ob_key({term.sql})" if term.sql[:1] == "?" and term.sql[1:].isdigit() else ""


_ROW_OPERATORS = {"=": " AND ", "IS": " AND ", "<>": " OR "}


def compare(operator: str, left: Term, right: Term) -> Term:
    """One comparison; `IS` is MySQL's `<=>`. Rows compare part by part. Raises 1241 for rows of different width."""
    if left.row or right.row:
        return _compare_rows(operator, left, right)
    keys = keyed(left, right) or keyed(right, left)[::-1]
    a, b, fold = (*keys, False) if keys else aligned(left, right)
    term = boolean(f"({a} {operator} {b}{' COLLATE GENERAL_CI' if fold else ''})", left, right)
    return replace(term, kind=term.kind.as_nullable(False)) if operator == "IS" else term


def _compare_rows(operator: str, left: Term, right: Term) -> Term:
    if len(left.row) != len(right.row):
        raise wrong_column_count(max(len(left.row), 1))
    joint = _ROW_OPERATORS.get(operator)
    if joint is not None:
        pairs = [compare(operator, a, b) for a, b in zip(left.row, right.row, strict=True)]
        return boolean("(" + joint.join(p.sql for p in pairs) + ")", *pairs)
    first, rest = (left.row[0], right.row[0]), (left.row[1:], right.row[1:])
    if not rest[0]:
        return compare(operator, *first)
    strict = compare(operator.rstrip("="), *first)
    equal = compare("=", *first)
    later = _compare_rows(operator, replace(left, row=rest[0]), replace(right, row=rest[1]))
    return boolean(f"({strict.sql} OR ({equal.sql} AND {later.sql}))", strict, later)


def membership(wanted: Term, choices: Sequence[Term]) -> Term:
    """`x IN (...)`: one IN of SQLite where all choices share a domain, else one comparison each."""
    if wanted.row or any(c.row for c in choices):
        return _any_equal(wanted, choices)
    keys = keyed(wanted, *choices)
    if keys:
        return boolean(f"({keys[0]} IN ({', '.join(keys[1:])}))", wanted, *choices)
    pairs = [aligned(wanted, choice, by_value=len(choices) <= _LISTED_MAX) for choice in choices]
    if len({pair[0] for pair in pairs}) > 1:
        return _any_equal(wanted, choices)
    left = pairs[0][0]
    if any(pair[2] for pair in pairs) or (wanted.kind.is_text and not wanted.collated and not wanted.kind.binary):
        left = f"({left}) COLLATE GENERAL_CI"
    return boolean(f"({left} IN ({', '.join(pair[1] for pair in pairs)}))", wanted, *choices)


def _any_equal(wanted: Term, choices: Sequence[Term]) -> Term:
    found = [compare("=", wanted, choice) for choice in choices]
    return boolean("(" + " OR ".join(f.sql for f in found) + ")", *found)


def number_literal(text: str) -> Term:
    """A number as written: a whole number, a decimal with its digits, or with an exponent a double."""
    if "e" in text.lower():
        if isinf(float(text)):
            raise illegal_double(text)
        return Term(repr(float(text)), DOUBLE.as_nullable(False))
    if "." in text:
        whole, _, fraction = text.partition(".")
        digits = len(whole.lstrip("0")) + len(fraction)
        return Term(
            text if whole else f"0{text}", decimal_of(len(fraction), max(digits, len(fraction) + 1), nullable=False)
        )
    value = int(text)
    if value >= 2**63:
        # As text it keeps its digits, and SQLite orders any text after any number.
        return Term(literal_sql(str(value)), decimal_of(0, len(text), nullable=False))
    return Term(str(value), INTEGER.as_nullable(False), literal=value)
