"""Expressions: sqlglot's tree of MySQL becomes SQLite's text, kind by kind.

Nothing of the client's text reaches SQLite: names become names of ours, literals are quoted or bound, and a node
without a row in `EXPRESSIONS` is refused.
"""

from collections.abc import Callable
from dataclasses import replace

from obsim.errors import NotModelled, SyntaxRefused
from obsim.query.functions.time import UNITS
from obsim.query.kinds import DATE, DOUBLE, INTEGER, NULL, TIME, datetime_of, decimal_of, text_of_length
from obsim.query.rewriting.arithmetic import arithmetic, bitwise, division, modulo, negative, whole_division
from obsim.query.rewriting.calls import call
from obsim.query.rewriting.comparison import as_moment, as_number, as_text, binary, compare, truth
from obsim.query.rewriting.groups import group_concat, window
from obsim.query.rewriting.leaves import (
    bits,
    boolean_word,
    column,
    hexadecimal,
    identifier,
    introduced,
    literal,
    national,
    null_expression,
    paren,
    row,
    session_parameter,
    user_variable,
)
from obsim.query.rewriting.logic import (
    between,
    comparison,
    escape,
    exists,
    in_expression,
    is_expression,
    like,
    logic,
    not_expression,
    regexp,
    xor,
)
from obsim.query.rewriting.query_tokens import unmarked
from obsim.query.rewriting.rewriter import Node, Rewriter, refuse_rows
from obsim.query.rewriting.scalars import branches, call_terms
from obsim.query.rewriting.scope import Frame, Term, most_kept

__all__ = ["EXPRESSIONS"]


def _case(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    subject = None if node.this is None else rewriter.term(node.this, frame)
    conditions = []
    for branch in node.args["ifs"]:
        found = rewriter.term(branch.this, frame)
        conditions.append(truth(found) if subject is None else compare("=", subject, found).sql)
    results = rewriter.terms([branch.args["true"] for branch in node.args["ifs"]], frame)
    default = node.args.get("default")
    other = Term("NULL", NULL) if default is None else rewriter.term(default, frame)
    texts, kind = branches([*results, other])
    whens = "".join(f" WHEN {c} THEN {t}" for c, t in zip(conditions, texts, strict=False))
    return Term(f"(CASE{whens} ELSE {texts[-1]} END)", kind, kept=most_kept([*results, other]))


def _cast(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term, target = rewriter.term(node.this, frame), node.args["to"]
    refuse_rows(term)
    word = target.this.name
    sizes = [int(p.name) for p in target.expressions if p.name.isdigit()]
    nullable = term.kind.nullable
    if word in {"BIGINT", "INT"}:
        whole = "ob_whole_prefix" if term.kind.is_text else "ob_signed" if term.kind.unsigned else "ob_whole"
        return Term(f"{whole}({term.sql if term.kind.is_text else as_number(term)})", INTEGER.as_nullable(nullable))
    if word in {"UBIGINT", "UINT"}:
        source = f"ob_whole_prefix({term.sql})" if term.kind.is_text else as_number(term)
        return Term(f"ob_cast_unsigned({source})", replace(INTEGER, nullable=nullable, unsigned=True))
    if word in {"DECIMAL", "UDECIMAL"}:
        digits, scale = (*sizes, 0)[:2] if sizes else (10, 0)
        return Term(
            f"ob_cast_decimal({as_number(term, 'DECIMAL')}, {digits}, {scale})",
            decimal_of(scale, digits, nullable=nullable),
        )
    if word in {"DOUBLE", "FLOAT"}:
        return Term(f"(0.0 + {as_number(term)})", DOUBLE.as_nullable(nullable))
    if word in {"DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPLTZ"}:
        # A literal such as TIMESTAMP '...' keeps the digits it has.
        digits = (
            sizes[0]
            if sizes
            else 6
            if isinstance(term.literal, str) and "." in term.literal and word != "DATETIME"
            else 0
        )
        return Term(f"ob_moment({as_moment(term)}, {digits})", datetime_of(min(digits, 6)))
    if word == "DATE":
        return Term(f"ob_date({term.sql})", DATE)
    if word == "TIME":
        return Term(f"ob_time_only({term.sql})", TIME)
    if word in {"BINARY", "VARBINARY"}:
        return binary(term, sizes[0] if sizes else 0)
    if word in {"CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "TEXT", "CHARACTER_SET"}:
        sql = as_text(term) if term.kind.type is not None else f"ob_text({term.sql})"
        characters = -(-term.kind.length // 4) if term.kind.is_text else term.kind.length
        kind = text_of_length(sizes[0] if sizes else max(characters, 1), nullable=nullable)
        return Term(f"ob_cut({sql}, {sizes[0]})" if sizes else sql, kind)
    raise NotModelled(f"CAST to {word}")


def _collate(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term = rewriter.term(node.this, frame)
    name = node.expression.name.lower()
    exact = name == "binary" or name.endswith("_bin")
    order = "BINARY" if exact else "GENERAL_CI"
    return replace(
        term,
        sql=f"({term.sql}) COLLATE {order}",
        kind=replace(term.kind, binary=exact),
        column=None,
        collated=True,
        key="",
    )


def _extract(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    unit = node.this.name.upper()
    if unit not in UNITS:
        raise SyntaxRefused(unit, 1)
    return Term(f"ob_extract('{unit}', {rewriter.term(node.expression, frame).sql})", INTEGER)


def _bitwise_not(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term = rewriter.term(node.this, frame)
    refuse_rows(term)
    return Term(f"ob_bits({as_number(term)}, '^', -1)", replace(INTEGER, nullable=term.kind.nullable, unsigned=True))


def _subquery(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return rewriter.scalar(node, frame)


def _as_call(name: str, *parts: str) -> Callable[[Rewriter, Node, Frame], Term]:
    """A form the parser knows, as the plain function it stands for."""

    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        nodes = [node.args[part] for part in parts if node.args.get(part) is not None]
        return call(rewriter, name, nodes, frame)

    return rewrite


def _trim(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    terms = [rewriter.term(node.this, frame)]
    what = node.args.get("expression")
    terms.append(rewriter.draft.text(" ") if what is None else rewriter.term(what, frame))
    terms.append(rewriter.draft.text(str(node.args.get("position") or "BOTH").upper()))
    return call_terms(rewriter, "TRIM", terms)


def _anonymous(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    name = node.this if isinstance(node.this, str) else node.name
    return call(rewriter, unmarked(name), node.expressions, frame)


def _window(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return window(rewriter, node, frame)


def _group_concat(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return group_concat(rewriter, node, frame)


def _concat(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return call(rewriter, "CONCAT", node.expressions, frame)


EXPRESSIONS: dict[str, Callable[[Rewriter, Node, Frame], Term]] = {
    "Add": arithmetic("+"),
    "And": logic("AND"),
    "Anonymous": _anonymous,
    "Between": between,
    "BitString": bits,
    "BitwiseAnd": bitwise("&"),
    "BitwiseLeftShift": bitwise("<<"),
    "BitwiseNot": _bitwise_not,
    "BitwiseOr": bitwise("|"),
    "BitwiseRightShift": bitwise(">>"),
    "BitwiseXor": bitwise("^"),
    "Boolean": boolean_word,
    "Case": _case,
    "Cast": _cast,
    "Collate": _collate,
    "Column": column,
    "Concat": _concat,
    "Div": division,
    "EQ": comparison("="),
    "Escape": escape,
    "Exists": exists,
    "Extract": _extract,
    "GT": comparison(">"),
    "GTE": comparison(">="),
    "GroupConcat": _group_concat,
    "HexString": hexadecimal,
    "Identifier": identifier,
    "In": in_expression,
    "IntDiv": whole_division,
    "Introducer": introduced,
    "Is": is_expression,
    "LT": comparison("<"),
    "LTE": comparison("<="),
    "Like": like,
    "Literal": literal,
    "Mod": modulo,
    "Mul": arithmetic("*"),
    "NEQ": comparison("<>"),
    "National": national,
    "Neg": negative,
    "Not": not_expression,
    "Null": null_expression,
    "NullSafeEQ": comparison("IS"),
    "Or": logic("OR"),
    "Parameter": user_variable,
    "Paren": paren,
    "RegexpLike": regexp,
    "Select": _subquery,
    "SessionParameter": session_parameter,
    "StrPosition": _as_call("LOCATE", "substr", "this"),
    "Sub": arithmetic("-"),
    "Subquery": _subquery,
    "Substring": _as_call("SUBSTRING", "this", "start", "length"),
    "Trim": _trim,
    "Tuple": row,
    "Union": _subquery,
    "Window": _window,
    "Xor": xor,
}
"""Node of the parser -> how it is rewritten. What has no row is refused as not modelled."""
