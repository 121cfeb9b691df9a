"""Queries: SELECT, UNION, EXCEPT, INTERSECT and WITH become SQLite's text and the columns they give."""

# ruff: noqa: S608 - the text is ours: names are generated, literals quoted, values bound

from dataclasses import replace
from re import compile as re_compile
from typing import Any

from obsim.errors import NotModelled, ServerError, SyntaxRefused, error
from obsim.query.kinds import merged
from obsim.query.refusals import (
    bad_group_term,
    column_counts_differ,
    group_function_misused,
    unknown_column,
    unknown_table,
    wrong_arguments,
)
from obsim.query.rewriting.comparison import as_kind, collated, sorting
from obsim.query.rewriting.groups import over_clause
from obsim.query.rewriting.query_tokens import LABEL_LENGTH_MAX, PARAMETER_MARK, unmarked
from obsim.query.rewriting.rewriter import Node, Query, Rewriter
from obsim.query.rewriting.scope import Frame, Output, Scope, Term
from obsim.query.rewriting.sources import from_clause

__all__ = ["rewrite_query"]

_SET_OPERATORS = {"Union": "UNION", "Except": "EXCEPT", "Intersect": "INTERSECT"}
_LIMIT_MAX = 2**63 - 1
_COLUMN = re_compile(r"\bc\d+\b|\bcount\(|\bob_|\(SELECT | OVER ")
"""What only a row or a group gives: a column, an aggregate, a call, a subquery, a window."""
_REFUSED_CLAUSES = (
    "into",
    "qualify",
    "connect",
    "match",
    "cluster",
    "distribute",
    "sort",
    "sample",
    "prewhere",
    "pivots",
    "kind",
)


def rewrite_query(rewriter: Rewriter, node: Node, parent: Scope | None) -> Query:
    """A query in any of its forms. Raises SyntaxRefused for a statement that is none."""
    kind = type(node).__name__
    if kind == "Select":
        return _with(rewriter, node, parent, _select)
    if kind in _SET_OPERATORS:
        return _with(rewriter, node, parent, _set_operation)
    if kind == "Subquery":
        return _with(rewriter, node, parent, _parenthesised)
    raise SyntaxRefused("", 1)


# --- WITH -----------------------------------------------------------------------------------------


def _with(rewriter: Rewriter, node: Node, parent: Scope | None, body: Any) -> Query:
    """A query with the common table expressions in front of it, which are in sight only inside."""
    clause = node.args.get("with_")
    if clause is None:
        found: Query = body(rewriter, node, parent)
        return found
    draft = rewriter.draft
    kept = dict(draft.tables), dict(draft.table_names)
    parts = [
        _common_table(rewriter, cte, parent, recursive=bool(clause.args.get("recursive"))) for cte in clause.expressions
    ]
    query: Query = body(rewriter, node, parent)
    draft.tables, draft.table_names = kept
    return Query(
        f"WITH {'RECURSIVE ' if clause.args.get('recursive') else ''}{', '.join(parts)} {query.sql}", query.outputs
    )


def _common_table(rewriter: Rewriter, cte: Node, parent: Scope | None, *, recursive: bool) -> str:
    draft = rewriter.draft
    alias = cte.args["alias"]
    name, labels = unmarked(alias.this.name), [unmarked(c.name) for c in alias.args.get("columns") or ()]
    inside = draft.name("cte_")
    node = cte.this
    if recursive and type(node).__name__ == "Union":
        anchor = rewriter.query(node.this, parent)  # its columns are those of the whole
        outputs = _named_outputs(anchor.outputs, labels)
        draft.tables[name.lower()], draft.table_names[name.lower()] = outputs, inside
        step = rewriter.query(node.expression, parent)
        if len(step.outputs) != len(anchor.outputs):
            raise column_counts_differ()
        word = "UNION" if node.args.get("distinct") else "UNION ALL"
        return f"{inside}({_names(len(outputs))}) AS ({anchor.sql} {word} {step.sql})"
    query = rewriter.query(node, parent)
    outputs = _named_outputs(query.outputs, labels)
    draft.tables[name.lower()], draft.table_names[name.lower()] = outputs, inside
    return f"{inside}({_names(len(outputs))}) AS ({query.sql})"


def _names(count: int) -> str:
    return ", ".join(f"c{i}" for i in range(count))


def _named_outputs(outputs: tuple[Output, ...], labels: list[str]) -> tuple[Output, ...]:
    if not labels:
        return outputs
    if len(labels) != len(outputs):
        text = (
            "In definition of view, derived table or common table expression, SELECT list and column names list have "
        )
        raise ServerError(1353, "HY000", text + "different column counts", name="OB_ERR_VIEW_WRONG_LIST")
    return tuple(Output(label, output.term) for label, output in zip(labels, outputs, strict=True))


# --- UNION and parentheses ------------------------------------------------------------------------


def _side(rewriter: Rewriter, node: Node, parent: Scope | None) -> Query:
    """One side of a UNION; what has an order or a limit becomes a derived table, SQLite takes no parentheses."""
    query = rewriter.query(node, parent)
    inner = node
    while type(inner).__name__ == "Subquery":
        inner = inner.this
    plain = type(inner).__name__ == "Select" and not any(
        inner.args.get(p) or node.args.get(p) for p in ("order", "limit", "with_")
    )
    return query if plain else Query(f"SELECT * FROM ({query.sql})", query.outputs)


def _set_operation(rewriter: Rewriter, node: Node, parent: Scope | None) -> Query:
    chain = [node]
    while type(chain[-1].this).__name__ in _SET_OPERATORS and not _has_tail(chain[-1].this):
        chain.append(chain[-1].this)
    chain.reverse()
    queries = [_side(rewriter, chain[0].this, parent)]
    words = []
    for operation in chain:
        word = _SET_OPERATORS[type(operation).__name__]
        if not operation.args.get("distinct"):
            if word != "UNION":
                raise NotModelled(f"{word} ALL")
            word = "UNION ALL"
        words.append(word)
        queries.append(_side(rewriter, operation.expression, parent))
    if len({len(q.outputs) for q in queries}) > 1:
        raise column_counts_differ()
    outputs = []
    for place, first in enumerate(queries[0].outputs):
        terms = [q.outputs[place].term for q in queries]
        kind = merged(t.kind for t in terms)
        outputs.append(Output(first.label, Term(f"c{place}", kind, collated=kind.is_text)))
    sql = _combined([_in_kinds(q, outputs) for q in queries], words, outputs)
    return _with_tail(rewriter, node, Query(sql, tuple(outputs)), parent)


def _combined(texts: list[str], words: list[str], outputs: list[Output]) -> str:
    """The sides from left to right. Of equal rows the first stays, which DISTINCT does and SQLite's UNION does not."""
    unions = next((i for i, word in enumerate(words) if not word.startswith("UNION")), len(words))
    last = max((i for i in range(unions) if words[i] == "UNION"), default=-1)
    listed = ", ".join(f"{collated(replace(o.term, collated=False))} AS c{i}" for i, o in enumerate(outputs))
    sql = texts[0]
    for place, (word, text) in enumerate(zip(words, texts[1:], strict=True)):
        sql += f" {'UNION ALL' if place < unions else word} {text}"
        if place == last:
            sql = f"SELECT DISTINCT {listed} FROM ({sql})"
    return sql


def _in_kinds(query: Query, outputs: list[Output]) -> str:
    """A side of a UNION whose columns have the kinds that all sides share."""
    texts = [
        as_kind(replace(o.term, sql=f"c{i}", literal=None, key=""), outputs[i].term.kind)
        for i, o in enumerate(query.outputs)
    ]
    if all(text == f"c{i}" for i, text in enumerate(texts)):
        return query.sql
    listed = ", ".join(
        f"({text}) COLLATE GENERAL_CI AS c{i}" if outputs[i].term.kind.is_text else f"{text} AS c{i}"
        for i, text in enumerate(texts)
    )
    return f"SELECT {listed} FROM ({query.sql})"


def _has_tail(node: Node) -> bool:
    return any(node.args.get(part) for part in ("order", "limit", "offset", "with_"))


def _parenthesised(rewriter: Rewriter, node: Node, parent: Scope | None) -> Query:
    if type(node.this).__name__ not in {"Select", "Subquery", *_SET_OPERATORS}:
        raise SyntaxRefused("", 1)
    return _with_tail(rewriter, node, rewriter.query(node.this, parent), parent)


def _with_tail(rewriter: Rewriter, node: Node, query: Query, parent: Scope | None) -> Query:
    """ORDER BY and LIMIT of a UNION or of parentheses, over the columns it gives."""
    order, limit = node.args.get("order"), _limit(rewriter, node)
    if order is None and not limit:
        return query
    scope = Scope(
        parent,
        visible=[(o.label, replace(o.term, sql=f"c{i}", collated=True, key="")) for i, o in enumerate(query.outputs)],
    )
    frame = Frame(scope, "order clause", aggregates=False)
    terms = _order(rewriter, order, frame, query.outputs)
    return Query(f"SELECT * FROM ({query.sql}){terms}{limit}", query.outputs, single=query.single)


# --- SELECT ---------------------------------------------------------------------------------------


def _select(rewriter: Rewriter, node: Node, parent: Scope | None) -> Query:
    for clause in _REFUSED_CLAUSES:
        if node.args.get(clause):
            raise NotModelled(f"{clause.upper()} in a query")
    scope = Scope(parent)
    tables = from_clause(rewriter, node, scope)
    frame = Frame(scope)
    for definition in node.args.get("windows") or ():
        frame.windows[definition.this.name.lower()] = over_clause(rewriter, definition, frame)
    outputs = _items(rewriter, node, frame)
    for output in outputs:
        frame.aliases.setdefault(output.label.lower(), output.term)
    where = _clause(rewriter, node, "where", frame.within("where clause", aggregates=False), aliases=False)
    group = _group(rewriter, node, frame, outputs)
    having = _clause(
        rewriter, node, "having", frame.within("having clause", aggregates=True, aliases_first=True), aliases=True
    )
    order = _order(
        rewriter, node.args.get("order"), frame.within("order clause", aggregates=True, aliases_first=True), outputs
    )
    if having and not group and "aggregate" not in frame.marks:
        where, having = f"({where}) AND ({having})" if where else having, ""
    distinct = node.args.get("distinct")
    listed = ", ".join(f"{_listed(o.term)} AS c{i}" for i, o in enumerate(outputs))
    sql = f"SELECT {'DISTINCT ' if distinct is not None else ''}{listed}{tables}"
    sql += f" WHERE {where}" if where else ""
    sql += f" GROUP BY {group}" if group else ""
    sql += f" HAVING {having}" if having else ""
    single = not group and (not tables or "aggregate" in frame.marks)
    return Query(sql + order + _limit(rewriter, node), outputs, single=single)


def _listed(term: Term) -> str:
    """An item of the list; a text is marked so that DISTINCT and outer queries ignore its letter case."""
    if term.row:
        raise error("OB_ERR_INVALID_COLUMN_NUM", 1)
    return collated(term)


def _items(rewriter: Rewriter, node: Node, frame: Frame) -> tuple[Output, ...]:
    """The items with their labels: alias, column as written, or the text as written. Stars become columns."""
    number, *items = node.expressions or [None]
    if number is None or type(number).__name__ != "Literal":  # TABLE name: the parser's own SELECT *
        items, texts = list(node.expressions), ["*"] * len(node.expressions)
    else:
        texts = rewriter.draft.item_texts[int(number.this)]
    if len(texts) != len(items):
        raise SyntaxRefused(texts[-1] if texts else "", 1)
    outputs: list[Output] = []
    for item, text in zip(items, texts, strict=True):
        kind = type(item).__name__
        if kind == "Star" or (kind == "Column" and type(item.this).__name__ == "Star"):
            outputs += _star(item, frame)
            continue
        inner = item.this if kind == "Alias" else item
        term = rewriter.term(inner, frame)
        bare = _bare(inner)
        named = item.args["alias"] if kind == "Alias" else bare.this if _is_column(bare) else None
        outputs.append(Output(_name(named, rewriter) if named else _label(inner, text, term), term))
    return tuple(outputs)


def _bare(node: Node) -> Node:
    """What stands in parentheses, which OceanBase's parser does not keep."""
    while type(node).__name__ == "Paren":
        node = node.this
    return node


def _is_column(node: Node) -> bool:
    return type(node).__name__ == "Column" and not node.name.startswith(PARAMETER_MARK)


def _name(identifier: Node, rewriter: Rewriter) -> str:
    """A name as its label; in Oracle mode a name without quotes is in upper case, as its parser keeps it."""
    name = unmarked(identifier.name)
    bare = rewriter.draft.session.tenant.mode == "ORACLE" and not identifier.args.get("quoted")
    return name.upper() if bare else name


def _label(node: Node, text: str, term: Term) -> str:
    kind = type(node).__name__
    if kind == "Literal" and isinstance(term.literal, str):
        return term.literal[:LABEL_LENGTH_MAX]
    return text[:LABEL_LENGTH_MAX]


def _star(item: Node, frame: Frame) -> list[Output]:
    scope = frame.scope
    if type(item).__name__ == "Star":
        if not scope.visible:
            raise ServerError(1096, "HY000", "No tables used", name="OB_ERR_NO_TABLES_USED")
        return [Output(label, term) for label, term in scope.visible]
    parts = [unmarked(item.args[p].name) for p in ("db", "table") if item.args.get(p) is not None]
    sources = scope.named(parts)
    if not sources:
        raise unknown_table(".".join(parts))
    return [Output(label, term) for label, term in sources[0].columns]


def _clause(rewriter: Rewriter, node: Node, name: str, frame: Frame, *, aliases: bool) -> str:
    clause = node.args.get(name)
    if clause is None:
        return ""
    if not aliases:
        frame.aliases = {}
    return rewriter.condition(clause.this, frame)


def _group(rewriter: Rewriter, node: Node, frame: Frame, outputs: tuple[Output, ...]) -> str:
    """GROUP BY by column, expression, alias or place in the list."""
    clause = node.args.get("group")
    if clause is None:
        return ""
    if any(clause.args.get(part) for part in ("rollup", "cube", "grouping_sets")):
        raise NotModelled("WITH ROLLUP")
    if not clause.expressions:
        raise SyntaxRefused("group", 1)
    inside = frame.within("group statement", aggregates=False)
    out = []
    for item in clause.expressions:
        if type(item).__name__ == "Literal" and not item.args.get("is_string") and item.this.isdigit():
            place = int(item.this)
            if not 1 <= place <= len(outputs):
                raise unknown_column(item.this, "group statement")
            term = outputs[place - 1].term
            if _is_aggregate(term):
                raise bad_group_term(outputs[place - 1].label)
        else:
            term = rewriter.term(item, inside)
            if _is_aggregate(term):
                raise bad_group_term(unmarked(item.name))
        out.append("NULL" if _is_constant(term) else sorting(term))
    return ", ".join(out)


def _is_constant(term: Term) -> bool:
    """Whether no row makes a difference: SQLite would take what it computes beforehand for a place in the list.

    What holds a bound value stays, since SQLite computes it with the rows and every value bound has to be used.
    """
    return "?" not in term.sql and not _COLUMN.search(term.sql) and not _is_aggregate(term)


def _is_aggregate(term: Term) -> bool:
    return term.sql.startswith(("count(", "max(", "min(", "ob_sum", "ob_avg", "ob_join_group("))


def _order(rewriter: Rewriter, clause: Node, frame: Frame, outputs: tuple[Output, ...]) -> str:
    """ORDER BY by place in the list, alias, column or expression; constants order nothing."""
    if clause is None:
        return ""
    out = []
    for ordered in clause.expressions:
        item = ordered.this
        direction = " DESC" if ordered.args.get("desc") else ""
        if type(item).__name__ == "Literal" and not item.args.get("is_string") and item.this.isdigit():
            if not 1 <= int(item.this) <= len(outputs):
                raise unknown_column(item.this, frame.clause)
            out.append(item.this + direction)
            continue
        term = rewriter.term(item, frame)
        if _is_constant(term):
            continue
        place = next((i for i, o in enumerate(outputs) if o.term is term), None)
        out.append((sorting(term) if place is None else str(place + 1)) + direction)
    return f" ORDER BY {', '.join(out)}" if out else ""


def _limit(rewriter: Rewriter, node: Node) -> str:
    """LIMIT and OFFSET: whole numbers or parameters."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if limit is None:
        return ""
    if type(limit).__name__ != "Limit":
        raise NotModelled("FETCH")
    text = f" LIMIT {_count(rewriter, limit.expression)}"
    return text if offset is None else f"{text} OFFSET {_count(rewriter, offset.expression)}"


def _count(rewriter: Rewriter, node: Node) -> str:
    if type(node).__name__ == "Literal" and not node.args.get("is_string") and node.this.isdigit():
        return str(min(int(node.this), _LIMIT_MAX))
    if type(node).__name__ == "Column" and node.name.startswith(PARAMETER_MARK):
        # A negative number would mean "no limit" to SQLite, which takes no NULL at all.
        return f"max(0, coalesce(ob_whole({rewriter.draft.parameter(int(node.name[1:])).sql}), 0))"
    if type(node).__name__ == "Subquery":
        raise group_function_misused()
    if type(node).__name__ == "Neg":
        raise SyntaxRefused("-", 1)
    raise wrong_arguments("LIMIT")
