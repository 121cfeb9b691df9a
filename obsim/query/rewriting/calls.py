"""Function calls: the registry's scalars, the values of a statement, and the shapes that become other expressions."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from obsim.answers import MysqlType
from obsim.errors import NotModelled, SyntaxRefused
from obsim.query.functions import facts
from obsim.query.functions.function import Form, Function, argument_range
from obsim.query.functions.registry import FUNCTIONS, ORACLE_MODE, ORACLE_ONLY
from obsim.query.functions.time import MONTH_UNITS, SIMPLE_UNITS
from obsim.query.kinds import (
    BOOLEAN,
    DATE,
    DATETIME6,
    DOUBLE,
    INTEGER,
    NULL,
    datetime_of,
    decimal_of,
    merged,
    time_of_digits,
)
from obsim.query.refusals import no_such_function, wrong_argument_count, wrong_arguments
from obsim.query.rewriting.arithmetic import date_add, moved_by, remainder
from obsim.query.rewriting.comparison import as_number, as_text, binary, compare
from obsim.query.rewriting.groups import aggregate
from obsim.query.rewriting.rewriter import Node, Rewriter
from obsim.query.rewriting.scalars import branches, call_terms
from obsim.query.rewriting.scope import Frame, Term, most_kept

__all__ = ["SHAPES", "call"]



def call(rewriter: Rewriter, name: str, nodes: list[Node], frame: Frame) -> Term:
    """A call by the name as written. Raises 1305 for an unknown name, 1582 for a wrong number of arguments."""
    function = FUNCTIONS.get(name.upper())
    if function is None or (function.name in ORACLE_MODE and rewriter.draft.session.tenant.mode != "ORACLE"):
        if name.upper() in ORACLE_ONLY and rewriter.draft.session.tenant.mode == "ORACLE":
            raise NotModelled(f"the function {name.upper()}")
        raise no_such_function(name)
    if function.form is Form.REFUSED:
        raise NotModelled(f"the function {function.name}")
    if not function.stable:
        rewriter.draft.volatile = True
    if function.form is Form.AGGREGATE:
        return aggregate(rewriter, function, nodes, frame)
    if function.form is Form.WINDOW:
        raise SyntaxRefused(name, 1)  # without OVER
    low, high = argument_range(function.arguments)
    if not low <= len(nodes) <= high:
        raise wrong_argument_count(name)
    if function.form is Form.SHAPE:
        return SHAPES[function.name](rewriter, nodes, frame)
    terms = rewriter.terms(nodes, frame)
    if function.form is Form.FACT:
        return _fact(rewriter, function, terms)
    return call_terms(rewriter, function.name, terms)


def _fact(rewriter: Rewriter, function: Function, terms: Sequence[Term]) -> Term:
    """A value of the statement, bound once; digits of a second must be a literal 0 to 6."""
    read = function.call
    assert read is not None
    kind = function.result([])
    if function.arguments == "?i" and terms:
        digits = terms[0].literal
        if not isinstance(digits, int) or not 0 <= digits <= 6:
            raise wrong_arguments(function.name)
        if kind.is_moment:
            kind = datetime_of(digits, nullable=kind.nullable)
        else:
            kind = replace(kind, decimals=digits, length=kind.length + (digits + 1 if digits else 0))
        return Term(rewriter.draft.bound(lambda statement: read(statement, digits)), kind)
    return Term(rewriter.draft.bound(read), kind)


# --- shapes ---------------------------------------------------------------------------------------


def _coalesce(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    terms = rewriter.terms(nodes, frame)
    texts, kind = branches(terms)
    kind = kind.as_nullable(all(t.kind.nullable for t in terms))
    return Term(texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})", kind, kept=most_kept(terms))


def _choice(condition: str, terms: Sequence[Term]) -> Term:
    texts, kind = branches(terms)
    return Term(f"(CASE WHEN {condition} THEN {texts[0]} ELSE {texts[1]} END)", kind, kept=most_kept(terms))


def _if(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    return _choice(rewriter.condition(nodes[0], frame), rewriter.terms(nodes[1:], frame))


def _nvl2(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    return _choice(f"{rewriter.term(nodes[0], frame).sql} IS NOT NULL", rewriter.terms(nodes[1:], frame))


def _nullif(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    left, right = rewriter.terms(nodes, frame)
    sql = f"(CASE WHEN {compare('=', left, right).sql} THEN NULL ELSE {left.sql} END)"
    return Term(sql, left.kind.as_nullable(), kept=left.kept)


def _isnull(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    return Term(f"({rewriter.term(nodes[0], frame).sql} IS NULL)", BOOLEAN.as_nullable(False))


def _extreme(operator: str) -> Callable[[Rewriter, list[Node], Frame], Term]:
    """GREATEST and LEAST: NULL if any argument is; numbers, times and texts compare as such."""

    def rewrite(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
        terms = rewriter.terms(nodes, frame)
        kind = merged(t.kind for t in terms)
        if any(t.kind.is_number for t in terms) and kind.is_text:
            kind = DOUBLE.as_nullable(kind.nullable)
        best = terms[0]
        for term in terms[1:]:
            chosen = f"(CASE WHEN {compare(operator, best, term).sql} THEN {best.sql} ELSE {term.sql} END)"
            best = Term(chosen, merged((best.kind, term.kind)))
        missing = " OR ".join(f"{t.sql} IS NULL" for t in terms)
        value = as_number(best) if kind.type is MysqlType.DOUBLE else best.sql
        return Term(f"(CASE WHEN {missing} THEN NULL ELSE {value} END)", kind, kept=most_kept(terms))

    return rewrite


def _row(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    return Term("NULL", NULL, row=tuple(rewriter.terms(nodes, frame)))


def _mod(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    left, right = rewriter.terms(nodes, frame)
    return remainder(left, right)


def _rounded(helper: str, *, widens: bool) -> Callable[[Rewriter, list[Node], Frame], Term]:
    """ROUND and TRUNCATE: whole numbers stay, decimals have the digits asked for, the rest is a double.

    TRUNCATE also `widens` a decimal to more digits than it had.
    """

    def rewrite(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
        terms = rewriter.terms(nodes, frame)
        first, digits = terms[0], terms[1].literal if len(terms) > 1 else 0
        kind = first.kind
        if kind.type is MysqlType.NEWDECIMAL:
            asked = digits if isinstance(digits, int) else kind.decimals
            scale = max(0, asked if widens else min(kind.decimals, asked))
            kind = replace(decimal_of(scale, max(kind.length - 2 - kind.decimals + scale, 1)), nullable=kind.nullable)
        elif not kind.is_whole:
            kind = DOUBLE.as_nullable(kind.nullable)
        places = terms[1].sql if len(terms) > 1 else "0"
        called = "ob_round_double" if kind.type is MysqlType.DOUBLE and not widens else helper
        return Term(f"{called}({as_number(first)}, ob_whole({places}))", kind)

    return rewrite


def _date_add(sign: int) -> Callable[[Rewriter, list[Node], Frame], Term]:
    def rewrite(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
        start, interval = rewriter.term(nodes[0], frame), nodes[1]
        if type(interval).__name__ == "Interval":
            return date_add(rewriter, start, interval, frame, sign)
        days = rewriter.term(interval, frame)  # ADDDATE(date, days)
        return moved_by(start, days, "DAY", sign)

    return rewrite


def _unit(node: Node) -> str:
    """The unit word of TIMESTAMPDIFF and TIMESTAMPADD, which the parser reads as a column."""
    word = str(node.name).upper().removeprefix("SQL_TSI_").removeprefix("FRAC_")
    if word not in SIMPLE_UNITS and word not in MONTH_UNITS:
        raise SyntaxRefused(node.name, 1)
    return word


def _timestampdiff(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    low, high = rewriter.terms(nodes[1:], frame)
    return Term(f"ob_timestamp_diff('{_unit(nodes[0])}', {low.sql}, {high.sql})", INTEGER)


def _timestampadd(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    amount, start = rewriter.terms(nodes[1:], frame)
    return moved_by(start, amount, _unit(nodes[0]), 1, fraction=False)


def _timestamp(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    terms = rewriter.terms(nodes, frame)
    first = terms[0]
    digits = first.kind.decimals if first.kind.is_moment else 6
    if len(terms) == 1:
        return Term(f"ob_moment({first.sql})", datetime_of(digits))
    moved = f"ob_f_addtime(ob_moment({first.sql}), {terms[1].sql})"
    return Term(f"ob_moment({moved})", DATETIME6)


def _from_unixtime(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    terms = rewriter.terms(nodes, frame)
    first = terms[0]
    digits = 0 if first.kind.is_whole else min(first.kind.decimals, 6) if first.kind.is_number else 6
    moment = Term(f"ob_from_unixtime({as_number(first)}, {rewriter.draft.zone()})", datetime_of(digits))
    return moment if len(terms) == 1 else call_terms(rewriter, "DATE_FORMAT", [moment, terms[1]])


def _unix_timestamp(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    if not nodes:
        rewriter.draft.volatile = True
        return Term(rewriter.draft.bound(facts.unix_now), INTEGER)
    term = rewriter.term(nodes[0], frame)
    literal = term.literal
    kind = FUNCTIONS["UNIX_TIMESTAMP"].result([term.kind])
    if isinstance(literal, str):
        digits = min(len(literal.partition(".")[2]), 6)
        kind = decimal_of(digits, 20) if digits else INTEGER
    return Term(f"ob_unix_timestamp({term.sql}, {rewriter.draft.zone()})", kind)


def _str_to_date(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    text, pattern = rewriter.terms(nodes, frame)
    arguments = f"{as_text(text)}, {as_text(pattern)}"
    form = pattern.literal if isinstance(pattern.literal, str) else "%f"
    if not any(f"%{letter}" in form for letter in "HhIkliSsfTrp"):
        return Term(f"ob_str_to_date_only({arguments})", DATE)
    digits = 6 if "%f" in form else 0
    if isinstance(pattern.literal, str) and not any(f"%{letter}" in form for letter in "YymcdeDjbMaW"):
        return Term(f"ob_str_to_time({arguments})", time_of_digits(digits))
    return Term(f"ob_str_to_date({arguments})", datetime_of(digits))


def _binary(rewriter: Rewriter, nodes: list[Node], frame: Frame) -> Term:
    """BINARY before parentheses, which reads as a call."""
    return binary(rewriter.term(nodes[0], frame))


SHAPES: dict[str, Callable[[Rewriter, list[Node], Frame], Term]] = {
    "ADDDATE": _date_add(1),
    "BINARY": _binary,
    "COALESCE": _coalesce,
    "DATE_ADD": _date_add(1),
    "DATE_SUB": _date_add(-1),
    "FROM_UNIXTIME": _from_unixtime,
    "GREATEST": _extreme(">"),
    "IF": _if,
    "IFNULL": _coalesce,
    "ISNULL": _isnull,
    "LEAST": _extreme("<"),
    "MOD": _mod,
    "NULLIF": _nullif,
    "NVL": _coalesce,
    "NVL2": _nvl2,
    "ROUND": _rounded("ob_round_to", widens=False),
    "ROW": _row,
    "STR_TO_DATE": _str_to_date,
    "SUBDATE": _date_add(-1),
    "TIMESTAMP": _timestamp,
    "TIMESTAMPADD": _timestampadd,
    "TIMESTAMPDIFF": _timestampdiff,
    "TRUNCATE": _rounded("ob_truncate_to", widens=True),
    "UNIX_TIMESTAMP": _unix_timestamp,
}
"""The registry's shapes: name -> how the call is rewritten."""
