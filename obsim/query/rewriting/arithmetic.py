"""Arithmetic of numbers, and of points in time with intervals."""

from collections.abc import Callable
from dataclasses import replace

from obsim.answers import MysqlType
from obsim.errors import SyntaxRefused
from obsim.query.functions.time import DATE_UNITS, UNITS
from obsim.query.kinds import DATE, DECIMALS_MAX, DOUBLE, INTEGER, datetime_of, decimal_of, number_kind, text_of_length
from obsim.query.rewriting.comparison import as_number
from obsim.query.rewriting.rewriter import Node, Rewriter, refuse_rows
from obsim.query.rewriting.scalars import call_terms
from obsim.query.rewriting.scope import Frame, Term

__all__ = [
    "arithmetic", "bitwise", "date_add", "division", "in_groups", "modulo", "moved_by", "negative", "remainder",
    "whole_division",
]


def arithmetic(operator: str) -> Callable[[Rewriter, Node, Frame], Term]:
    """`+`, `-` and `*`; beside an INTERVAL, a point in time is moved."""

    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        if operator in "+-" and "Interval" in {type(node.this).__name__, type(node.expression).__name__}:
            return _moved(rewriter, node, frame, 1 if operator == "+" else -1)
        left, right = rewriter.terms([node.this, node.expression], frame)
        refuse_rows(left, right)
        kind = number_kind(left.kind, right.kind)
        a, b = as_number(left), as_number(right)
        if kind.is_whole and kind.unsigned:
            return Term(f"ob_unsigned({a}, '{operator}', {b})", kind)
        if kind.type is not MysqlType.NEWDECIMAL:
            return Term(f"({a} {operator} {b})", kind)
        if operator == "*":
            kind = decimal_of(_shown(left) + _shown(right), nullable=kind.nullable)
            kept = min(_kept(left) + _kept(right), DECIMALS_MAX)
        else:
            kept = max(_kept(left), _kept(right))
        return Term(f"ob_round_to({a} {operator} {b}, {kept})", kind, kept=kept)

    return rewrite


def _shown(term: Term) -> int:
    """Digits after the point that a client sees of an exact number."""
    return 0 if term.kind.is_whole else term.kind.decimals


def _kept(term: Term) -> int:
    return max(term.kept, _shown(term))


def _moved(rewriter: Rewriter, node: Node, frame: Frame, sign: int) -> Term:
    left, right = node.this, node.expression
    if type(right).__name__ != "Interval" or right.args.get("unit") is None:
        left, right = right, left
    if type(left).__name__ == "Interval":  # the parser takes a text after INTERVAL ... + for an interval too
        left = left.this
    return date_add(rewriter, rewriter.term(left, frame), right, frame, sign)


def date_add(rewriter: Rewriter, start: Term, interval: Node, frame: Frame, sign: int) -> Term:
    """A point in time moved by an INTERVAL; the kind depends on both (a date moved by hours has a time of day)."""
    word = interval.args.get("unit")
    return moved_by(start, rewriter.term(interval.this, frame), "DAY" if word is None else word.name, sign)


def moved_by(start: Term, amount: Term, word: str, sign: int, *, fraction: bool = True) -> Term:
    """`date_add` with the amount and the unit apart. Raises SyntaxRefused for a word that is no unit.

    An INTERVAL of seconds gives a point in time the `fraction` that seconds can have; TIMESTAMPADD does not.
    """
    unit = word.upper()
    if unit not in UNITS:
        raise SyntaxRefused(word, 1)
    digits = 6 if "MICROSECOND" in unit or (unit == "SECOND" and fraction) else start.kind.decimals
    arguments = f"{start.sql}, {amount.sql}, '{unit}', {sign}"
    if start.kind.type is MysqlType.DATE and unit in DATE_UNITS:
        return Term(f"ob_date_add_date({arguments})", DATE)
    if start.kind.is_temporal and start.kind.type is not MysqlType.TIME:
        return Term(f"ob_date_add_moment({arguments})", datetime_of(digits))
    return Term(f"ob_date_add_text({arguments})", text_of_length(29))


def division(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """`/`: four digits more than the dividend has; inside, digits are kept in groups of nine."""
    left, right = rewriter.terms([node.this, node.expression], frame)
    refuse_rows(left, right)
    scale = _shown(left) + 4
    kind = number_kind(left.kind, right.kind)
    if kind.type is MysqlType.DOUBLE:
        return Term(f"ob_divide({as_number(left)}, {as_number(right)}, -1)", DOUBLE)
    kept = in_groups(_kept(left) + 4)
    return Term(f"ob_divide({as_number(left)}, {as_number(right)}, {kept})", decimal_of(scale), kept=kept)


def in_groups(digits: int) -> int:
    """Digits after the point as a quotient keeps them: whole groups of nine."""
    return min(-(-digits // 9) * 9, DECIMALS_MAX)


def whole_division(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """DIV."""
    left, right = rewriter.terms([node.this, node.expression], frame)
    return Term(f"ob_div({as_number(left)}, {as_number(right)})", INTEGER)


def remainder(left: Term, right: Term) -> Term:
    """MOD, by word, sign or function."""
    kind = number_kind(left.kind, right.kind)
    return Term(
        f"ob_mod({as_number(left)}, {as_number(right)})", kind.as_nullable(), kept=max(_kept(left), _kept(right))
    )


def modulo(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """`%` and MOD between operands."""
    return remainder(*rewriter.terms([node.this, node.expression], frame))


def negative(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """The sign before an operand."""
    term = rewriter.term(node.this, frame)
    refuse_rows(term)
    if term.sql == "'9223372036854775808'":  # the one literal that is an integer only with its sign
        return Term("(-9223372036854775807 - 1)", INTEGER.as_nullable(False))
    if isinstance(term.literal, int):
        return Term(f"(-{term.sql})", term.kind, literal=-term.literal)
    known = term.kind.is_number or term.kind.type is None
    kind = term.kind if known else DOUBLE.as_nullable(term.kind.nullable)
    return Term(f"(- {as_number(term)})", replace(kind, unsigned=False), kept=term.kept)


def bitwise(operator: str) -> Callable[[Rewriter, Node, Frame], Term]:
    """`& | ^ << >>`; in Oracle mode `^` stands for `||`, which joins texts (see `query_tokens`)."""

    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        terms = rewriter.terms([node.this, node.expression], frame)
        kind = replace(INTEGER, nullable=any(t.kind.nullable for t in terms), unsigned=True)
        if operator == "^" and rewriter.draft.session.tenant.mode == "ORACLE":
            return call_terms(rewriter, "CONCAT", terms)
        return Term(f"ob_bits({as_number(terms[0])}, '{operator}', {as_number(terms[1])})", kind)

    return rewrite
