"""FROM: views, common table expressions, derived tables and their joins, with the names that each makes visible."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from obsim.answers import Column, column_of_type
from obsim.catalog.model import ViewDef
from obsim.errors import NotModelled, ServerError, error
from obsim.query.kinds import Kind, merged, wire_column
from obsim.query.refusals import duplicate_column, unknown_column
from obsim.query.rewriting.comparison import compare
from obsim.query.rewriting.query_tokens import unmarked
from obsim.query.rewriting.rewriter import Node, Rewriter
from obsim.query.rewriting.scope import Frame, Output, Scope, Source, Term, column_term, nullable_term, quoted

__all__ = ["from_clause", "is_keyed", "table_name"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Part of a FROM: SQLite's text, its sources and the columns that bare names mean."""

    sql: str
    sources: tuple[Source, ...]
    visible: tuple[tuple[str, Term], ...]

    def as_nullable(self) -> "Joined":
        """On the side of an outer join that may be missing."""
        visible = tuple((name, nullable_term(term)) for name, term in self.visible)
        return Joined(self.sql, tuple(s.as_nullable() for s in self.sources), visible)


def table_name(view: ViewDef) -> str:
    """The table of SQLite that holds a view's rows."""
    return quoted(f"{view.schema}.{view.name}".lower())


def is_keyed(view: ViewDef, kind: Kind) -> bool:
    """Whether the table has a second column with what a text compares as, where there may be many rows."""
    return bool(view.keys) and kind.is_text and not kind.binary


@lru_cache(maxsize=512)
def _wire_columns(schema: str, name: str, alias: str, columns: tuple[tuple[str, str, bool], ...]) -> tuple[Column, ...]:
    table = alias or name.lower()
    return tuple(
        replace(
            column_of_type(label, mysql_type, nullable=nullable),
            org_name=label,
            table=table,
            org_table=name.lower(),
            schema=schema,
        )
        for label, mysql_type, nullable in columns
    )


def from_clause(rewriter: Rewriter, select: Node, scope: Scope) -> str:
    """The FROM of a SELECT with its sources put into `scope`; empty without tables."""
    first = select.args.get("from_")
    joins = list(select.args.get("joins") or ())
    if select.args.get("laterals"):
        raise NotModelled("LATERAL")
    if first is None:
        return ""
    if not joins and _is_dual(first.this):
        return ""
    joined = _chain(rewriter, first.this, joins, scope)
    scope.sources, scope.visible = list(joined.sources), list(joined.visible)
    return f" FROM {joined.sql}"


def _is_dual(node: Node) -> bool:
    return type(node).__name__ == "Table" and node.args.get("db") is None and node.name.lower() == "dual"


def _is_comma(join: Node) -> bool:
    return not any(join.args.get(part) for part in ("side", "kind", "method", "on", "using"))


def _chain(rewriter: Rewriter, first: Node, joins: Iterable[Node], scope: Scope) -> Joined:
    """Tables joined from left to right; what a comma separates is joined first where an outer join follows it."""
    groups: list[tuple[Node, list[Node]]] = [(first, [])]
    for join in joins:
        if _is_comma(join):
            groups.append((join.this, []))
        else:
            groups[-1][1].append(join)
    done: Joined | None = None
    for table, rest in groups:
        part = _table(rewriter, table, scope)
        for join in rest:
            part = _join(rewriter, part, join, scope, done)
        if done is None:
            done = part
            continue
        right = f"({part.sql})" if any(j.args.get("side") for j in rest) else part.sql
        done = _together(f"{done.sql} JOIN {right}", done, part)
    assert done is not None
    return done


def _together(sql: str, left: Joined, right: Joined) -> Joined:
    names = {s.alias.lower() for s in left.sources}
    for source in right.sources:
        if source.alias.lower() in names:
            raise error("OB_ERR_NONUNIQ_TABLE", source.alias)
    return Joined(sql, left.sources + right.sources, left.visible + right.visible)


def _join(rewriter: Rewriter, left: Joined, join: Node, scope: Scope, before: Joined | None) -> Joined:
    """One JOIN with its condition; `before` are the tables that a comma put in front."""
    side = str(join.args.get("side") or "").upper()
    kind = str(join.args.get("kind") or "").upper()
    if kind not in {"", "INNER", "CROSS", "OUTER", "STRAIGHT_JOIN"} or side not in {"", "LEFT", "RIGHT", "FULL"}:
        raise NotModelled(f"{side or kind} JOIN")
    right = _table(rewriter, join.this, scope)
    shared = [unmarked(i.name) for i in join.args.get("using") or ()]
    if join.args.get("method"):
        shared = _common(left, right)
    if side in {"LEFT", "FULL"}:
        right = right.as_nullable()
    if side in {"RIGHT", "FULL"}:
        left = left.as_nullable()
    word = {"": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}[side]
    inner = f"({right.sql})" if " JOIN " in right.sql else right.sql
    joined = _together(f"{left.sql} {word} {inner}", left, right)
    if shared:
        return _using(joined, left, right, shared, side)
    condition = join.args.get("on")
    if condition is None:
        return joined if not side else replace(joined, sql=f"{joined.sql} ON 1")
    everything = (
        joined if before is None else Joined("", before.sources + joined.sources, before.visible + joined.visible)
    )
    inside = Scope(scope.parent, list(everything.sources), list(everything.visible))
    text = rewriter.condition(condition, Frame(inside, "on clause", aggregates=False))
    return replace(joined, sql=f"{joined.sql} ON {text}")


def _common(left: Joined, right: Joined) -> list[str]:
    names = {name.lower() for name, _ in right.visible}
    return [name for name, _ in left.visible if name.lower() in names]


def _using(joined: Joined, left: Joined, right: Joined, shared: list[str], side: str) -> Joined:
    """USING and NATURAL: the shared columns appear once and first."""
    merged_columns, conditions, names = [], [], {name.lower() for name in shared}
    for name in shared:
        pair = []
        for half in (left, right):
            found = [(label, term) for label, term in half.visible if label.lower() == name.lower()]
            if not found:
                raise unknown_column(name, "from clause")
            pair.append(found[0])
        (label, a), (_, b) = pair
        conditions.append(compare("=", a, b).sql)
        if side == "FULL":
            merged_columns.append((label, Term(f"coalesce({a.sql}, {b.sql})", merged((a.kind, b.kind)))))
        else:
            merged_columns.append((label, b if side == "RIGHT" else a))
    rest = [(label, term) for label, term in joined.visible if label.lower() not in names]
    return Joined(f"{joined.sql} ON {' AND '.join(conditions)}", joined.sources, (*merged_columns, *rest))


def _table(rewriter: Rewriter, node: Node, scope: Scope) -> Joined:
    """One table of FROM, with the joins in its parentheses."""
    kind = type(node).__name__
    if kind == "Table":
        joined = _named(rewriter, node)
        return _with_joins(rewriter, joined, node.args.get("joins") or (), scope)
    if kind != "Subquery":
        raise NotModelled(f"{kind.upper()} in FROM")
    inner = node.this
    while type(inner).__name__ == "Subquery" and not inner.args.get("alias") and not inner.args.get("joins"):
        inner = inner.this
    if type(inner).__name__ in {"Table", "Subquery"} and not node.args.get("alias"):
        joined = _table(rewriter, inner, scope)
    else:
        joined = _derived(rewriter, node, inner, scope)
    return _with_joins(rewriter, joined, node.args.get("joins") or (), scope)


def _with_joins(rewriter: Rewriter, joined: Joined, joins: Iterable[Node], scope: Scope) -> Joined:
    for join in joins:
        joined = _join(rewriter, joined, join, scope, None)
    return joined


def _alias(node: Node) -> tuple[str, list[str]]:
    alias = node.args.get("alias")
    if alias is None:
        return "", []
    name = alias.args.get("this")
    return "" if name is None else unmarked(name.name), [unmarked(c.name) for c in alias.args.get("columns") or ()]


def _derived(rewriter: Rewriter, node: Node, inner: Node, scope: Scope) -> Joined:
    """A subquery in FROM; OceanBase takes one without an alias."""
    query = rewriter.query(node.this if inner is node.this else inner, scope.parent)
    name, labels = _alias(node)
    return _of_outputs(rewriter, f"({query.sql})", name, labels, query.outputs)


def _of_outputs(rewriter: Rewriter, sql: str, name: str, labels: list[str], outputs: tuple[Output, ...]) -> Joined:
    """A table whose columns are those of a query."""
    if labels and len(labels) != len(outputs):
        text = (
            "In definition of view, derived table or common table expression, SELECT list and column names list have "
        )
        raise ServerError(1353, "HY000", text + "different column counts", name="OB_ERR_VIEW_WRONG_LIST")
    _refuse_duplicates(rewriter, labels or [output.label for output in outputs])
    alias = rewriter.draft.name("q")
    columns = []
    for place, output in enumerate(outputs):
        label = labels[place] if labels else output.label
        base = output.term.column or wire_column(output.term.kind, label)
        column = replace(base, name=label, table=name)
        term = Term(f"{alias}.c{place}", output.term.kind, column, collated=True, kept=output.term.kept)
        columns.append((label, term))
    source = Source(name, "", tuple(columns))
    return Joined(f"{sql} AS {alias}", (source,), source.columns)


def _refuse_duplicates(rewriter: Rewriter, labels: Iterable[str]) -> None:
    """1060: two columns of one name; Oracle mode minds only when the name is used."""
    seen: set[str] = set()
    for label in labels:
        if label.lower() in seen and rewriter.draft.session.tenant.mode != "ORACLE":
            raise duplicate_column(label)
        seen.add(label.lower())


def _named(rewriter: Rewriter, node: Node) -> Joined:
    """A view or a common table expression. Raises 1046 without a database, 1146 for a name that none has."""
    draft = rewriter.draft
    name, schema = node.this, node.args.get("db")
    if type(name).__name__ not in {"Identifier", "Var"}:
        raise NotModelled("functions in FROM")
    for part in ("catalog", "pivots", "sample", "version", "only", "ordinality", "changes"):
        if node.args.get(part):
            raise NotModelled(f"{part.upper()} in FROM")
    label, labels = _alias(node)
    wanted = unmarked(name.name)
    if schema is None and wanted.lower() in draft.tables:
        inside = draft.table_names[wanted.lower()]
        return _of_outputs(rewriter, inside, label or wanted, labels, draft.tables[wanted.lower()])
    if draft.rows is not None:
        return Joined(f"rows AS {draft.rows.alias}", (draft.rows,), draft.rows.columns)
    database = draft.session.database if schema is None else unmarked(schema.name)
    if not database:
        raise error("OB_ERR_NO_DB_SELECTED")
    view = None
    if database.lower() != "obsim" or draft.session.control:
        view = draft.catalog.find(database, wanted, draft.session.tenant)
    if view is None:
        raise error("OB_TABLE_NOT_EXIST", database.lower(), wanted.lower())
    draft.views[id(view)] = view
    alias = draft.name("q")
    definitions = draft.catalog.columns(view)
    wire = _wire_columns(view.schema, view.name, label, tuple((c.name, c.mysql_type, c.nullable) for c in definitions))
    terms = (column_term(f"{alias}.c{i}", c) for i, c in enumerate(wire))
    columns = tuple(
        (c.name, replace(term, key=f"{alias}.k{i}") if is_keyed(view, term.kind) else term)
        for i, (c, term) in enumerate(zip(wire, terms, strict=True))
    )
    source = Source(label or wanted, view.schema, columns)
    return Joined(f"{table_name(view)} AS {alias}", (source,), columns)
