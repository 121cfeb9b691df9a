"""Aggregates in GROUP BY and OVER, GROUP_CONCAT with its own clauses included, and window functions."""

from collections.abc import Sequence

from obsim.answers import MysqlType
from obsim.errors import NotModelled, SyntaxRefused
from obsim.query.functions import facts
from obsim.query.functions.function import Form, Function, argument_range
from obsim.query.functions.registry import FUNCTIONS
from obsim.query.kinds import TEXT
from obsim.query.refusals import group_function_misused, no_such_function, unknown_column, wrong_argument_count
from obsim.query.rewriting.arithmetic import in_groups
from obsim.query.rewriting.comparison import as_kind, as_number, as_text, collated, sorting
from obsim.query.rewriting.query_tokens import unmarked
from obsim.query.rewriting.rewriter import Node, Rewriter, refuse_rows
from obsim.query.rewriting.scope import Frame, Term

__all__ = ["aggregate", "group_concat", "window"]

_SQLITE_NAMES = {
    "BIT_AND": "ob_bit_and",
    "BIT_OR": "ob_bit_or",
    "BIT_XOR": "ob_bit_xor",
    "STD": "ob_stddev_pop",
    "STDDEV": "ob_stddev_pop",
    "STDDEV_POP": "ob_stddev_pop",
    "STDDEV_SAMP": "ob_stddev_samp",
    "VARIANCE": "ob_var_pop",
    "VAR_POP": "ob_var_pop",
    "VAR_SAMP": "ob_var_samp",
    "MAX": "max",
    "MIN": "min",
}


def _inside(frame: Frame) -> Frame:
    """The frame of an aggregate's arguments: no aggregate inside. Raises 1111 where an aggregate may not stand."""
    if not frame.aggregates:
        raise group_function_misused()
    frame.marks.add("aggregate")
    return frame.within(frame.clause, aggregates=False)


def _arguments(nodes: list[Node]) -> tuple[list[Node], str]:
    """The arguments without DISTINCT, and DISTINCT as SQLite's text."""
    if len(nodes) == 1 and type(nodes[0]).__name__ == "Distinct":
        return list(nodes[0].expressions), "DISTINCT "
    return list(nodes), ""


def aggregate(rewriter: Rewriter, function: Function, nodes: list[Node], frame: Frame, over: str = "") -> Term:
    """An aggregate call; `over` is the OVER clause of SQLite, if it has one."""
    inner = frame if over else _inside(frame)
    parts, distinct = _arguments(nodes)
    if function.name == "COUNT" and len(parts) == 1 and type(parts[0]).__name__ == "Star":
        return Term(f"count(*){over}", FUNCTIONS["COUNT"].result([]))
    low, high = argument_range(function.arguments)
    if not low <= len(parts) <= high or (len(parts) > 1 and not distinct and function.name != "COUNT"):
        raise wrong_argument_count(function.name)
    terms = rewriter.terms(parts, inner)
    refuse_rows(*terms)
    kind = function.result([t.kind for t in terms])
    first = terms[0]
    if function.name == "COUNT":
        return Term(f"count({distinct}{_counted(terms)}){over}", kind)
    if function.name in {"MAX", "MIN"}:
        return Term(f"{_SQLITE_NAMES[function.name]}({collated(first)}){over}", kind, kept=first.kept)
    number = as_number(first)
    if function.name in {"SUM", "AVG"}:
        if kind.type is MysqlType.DOUBLE:
            return Term(f"ob_{function.name.lower()}_double({distinct}{number}){over}", kind)
        kept = in_groups(max(first.kept, kind.decimals))
        if function.name == "SUM":
            return Term(f"ob_sum({distinct}{number}){over}", kind, kept=first.kept)
        if distinct:  # SQLite takes one argument after DISTINCT; the digits are cut afterwards
            return Term(f"ob_truncate_to(ob_avg({distinct}{number}){over}, {kept})", kind, kept=kept)
        return Term(f"ob_avg({number}, {kept}){over}", kind, kept=kept)
    return Term(f"{_SQLITE_NAMES[function.name]}({distinct}{number}){over}", kind)


def _counted(terms: list[Term]) -> str:
    """What COUNT counts: several expressions count where none is NULL, distinct as one text."""
    if len(terms) == 1:
        return collated(terms[0])
    joined = ", ".join(f"ob_f_char_length({as_text(t)}), ':', {as_text(t)}" for t in terms)
    missing = " OR ".join(f"{t.sql} IS NULL" for t in terms)
    return f"(CASE WHEN {missing} THEN NULL ELSE ob_f_concat({joined}) END) COLLATE GENERAL_CI"


def group_concat(rewriter: Rewriter, node: Node, frame: Frame, over: str = "") -> Term:
    """GROUP_CONCAT([DISTINCT] x, ... [ORDER BY ...] [SEPARATOR s]), cut at `group_concat_max_len` of the session."""
    draft = rewriter.draft
    draft.volatile = draft.bulky = True
    inner = frame if over else _inside(frame)
    body, order = node.this, []
    if type(body).__name__ == "Order":
        order, body = body.expressions, body.this
    distinct = "DISTINCT " if type(body).__name__ == "Distinct" else ""
    several = distinct or type(body).__name__ == "Concat"
    terms = rewriter.terms(body.expressions if several else [body], inner)
    texts = ", ".join(map(as_text, terms))
    text = texts if len(terms) == 1 else f"ob_f_concat({texts})"
    sorting_terms = order_terms(rewriter, order, inner, terms)
    sorted_by = f" ORDER BY {sorting_terms}" if sorting_terms else ""
    separator = node.args.get("separator")
    joint = "','" if separator is None else rewriter.term(separator, inner).sql
    collected = f"ob_collect({distinct}({text}) COLLATE GENERAL_CI{sorted_by}){over}"
    return Term(f"ob_join_group({collected}, {joint}, {draft.bound(facts.group_concat_bytes)})", TEXT)


def order_terms(rewriter: Rewriter, nodes: list[Node], frame: Frame, listed: Sequence[Term] = ()) -> str:
    """The terms of an ORDER BY inside a call or an OVER clause; a number names one of those `listed` (else 1054)."""
    out = []
    for node in nodes:
        term = rewriter.term(node.this, frame)
        if isinstance(term.literal, int):
            if not listed:
                continue
            if not 1 <= term.literal <= len(listed):
                raise unknown_column(str(term.literal), "order clause")
            term = listed[term.literal - 1]
        out.append(sorting(term) + (" DESC" if node.args.get("desc") else ""))
    return ", ".join(out)


# --- windows --------------------------------------------------------------------------------------


def window(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """`f(...) OVER (...)`: SQLite has the window functions; the aggregates are ours."""
    if frame.clause not in {"field list", "order clause"}:
        raise NotModelled(f"window functions in the {frame.clause}")
    inner = frame.within(frame.clause, aggregates=frame.aggregates)
    over = " OVER " + over_clause(rewriter, node, inner)
    called = node.this
    if type(called).__name__ == "GroupConcat":
        raise NotModelled("GROUP_CONCAT with OVER")
    name = unmarked(called.this if isinstance(called.this, str) else called.name)
    function = FUNCTIONS.get(name.upper())
    if function is None:
        raise no_such_function(name)
    if function.form is Form.AGGREGATE:
        if type(called.expressions[0]).__name__ == "Distinct" if called.expressions else False:
            raise NotModelled("DISTINCT in a window function")
        if function.name.startswith("BIT_"):
            raise NotModelled(f"{function.name} with OVER")
        return aggregate(rewriter, function, called.expressions, inner, over)
    if function.form is not Form.WINDOW:
        raise SyntaxRefused("OVER", 1)
    low, high = argument_range(function.arguments)
    if not low <= len(called.expressions) <= high:
        raise wrong_argument_count(name)
    terms = rewriter.terms(called.expressions, inner)
    kind = function.result([t.kind for t in terms])
    arguments = [as_kind(t, kind) if i in {0, 2} else t.sql for i, t in enumerate(terms)]
    return Term(f"{function.name.lower()}({', '.join(arguments)}){over}", kind)


def over_clause(rewriter: Rewriter, node: Node, frame: Frame) -> str:
    """The inside of OVER; a named window stands for its definition."""
    named = node.args.get("alias")
    if named is not None and not node.args.get("partition_by") and not node.args.get("order"):
        found = frame.windows.get(named.name.lower())
        if found is None:
            raise SyntaxRefused(named.name, 1)
        return found
    parts = []
    if node.args.get("partition_by"):
        parts.append("PARTITION BY " + ", ".join(sorting(rewriter.term(n, frame)) for n in node.args["partition_by"]))
    order = node.args.get("order")
    if order is not None:
        terms = order_terms(rewriter, order.expressions, frame)
        if terms:
            parts.append(f"ORDER BY {terms}")
    if node.args.get("spec") is not None:
        parts.append(_spec(rewriter, node.args["spec"], frame))
    return f"({' '.join(parts)})"


def _spec(rewriter: Rewriter, spec: Node, frame: Frame) -> str:
    """ROWS or RANGE with its bounds."""
    kind = str(spec.args.get("kind") or "ROWS").upper()
    if kind not in {"ROWS", "RANGE"}:
        raise NotModelled(f"{kind} in a window")
    bounds = [_bound(rewriter, spec, side, frame) for side in ("start", "end")]
    return f"{kind} BETWEEN {bounds[0]} AND {bounds[1] or 'CURRENT ROW'}"


def _bound(rewriter: Rewriter, spec: Node, side: str, frame: Frame) -> str:
    value, direction = spec.args.get(side), spec.args.get(f"{side}_side")
    if value is None:
        return ""
    if isinstance(value, str):
        words = value.upper()
        if words not in {"CURRENT ROW", "UNBOUNDED"}:
            raise SyntaxRefused(value, 1)
        return f"{words} {direction.upper()}" if words == "UNBOUNDED" and direction else words
    term = rewriter.term(value, frame)
    if not isinstance(term.literal, int):
        raise NotModelled("window bounds that are not whole numbers")
    return f"{term.literal} {str(direction).upper()}"
