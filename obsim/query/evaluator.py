"""The evaluator: SELECT over the views, compiled once for each text and run on tables that follow the cluster.

    text -> query_tokens (marks) -> sqlglot's MySQL parser -> selects, sources, rewrite, calls -> SQLite (tables)

Nothing here reads a clock or a random number: every time is the cluster's virtual one. Facts of the answers' form:
clients.md 4, seekdb-observations.jsonl.
"""

# ruff: noqa: S608 - the text is ours: names are generated, literals quoted, values bound

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from obsim.answers import Column, MysqlType, ResultSet, Value
from obsim.catalog.catalog import Catalog
from obsim.catalog.model import Scope as ViewScope
from obsim.catalog.model import ViewDef
from obsim.cluster import ClusterState
from obsim.errors import ServerError, SyntaxRefused, error
from obsim.query.functions.facts import Binding, Facts, SessionFacts
from obsim.query.functions.patterns import like_pattern
from obsim.query.kinds import (
    DOUBLE,
    INTEGER,
    TEXT,
    UNKNOWN,
    Kind,
    converter_of,
    decimal_of,
    kind_of_column,
    wire_column,
)
from obsim.query.placeholders import bindable, kind_of_value
from obsim.query.refusals import query_too_large, wrong_arguments
from obsim.query.rewriting.draft import Draft
from obsim.query.rewriting.query_tokens import prepared
from obsim.query.rewriting.rewrite import EXPRESSIONS
from obsim.query.rewriting.rewriter import Query, Rewriter
from obsim.query.rewriting.scope import Output, Source, column_term
from obsim.query.rewriting.selects import rewrite_query
from obsim.query.rewriting.sources import table_name
from obsim.query.tables import Tables
from obsim.query.values import TRUNCATIONS

__all__ = ["Evaluator", "QueryPlan", "SessionFacts"]

PLANS_MAX = 1024
PLAN_TEXT_MAX = 1024 * 1024
"""Characters of the texts of all plans that are kept: a plan takes up to fifty times its text."""
WARNING_TRUNCATED = 1292
DATABASES_MAX = 32
Converter = tuple[int, Callable[[Value], Value]]
Untyped = tuple[int, int]
BYTES = replace(TEXT, binary=True)


_PLAIN_PARTS = {"expressions", "from_", "where", "order", "limit", "offset"}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class QueryPlan:
    """A compiled query. `families` is None where the answer depends on more than rows of views and must not be kept."""

    text: str
    sqlite_sql: str
    views: tuple[ViewDef, ...]
    parameter_count: int
    families: tuple[str, ...] | None
    columns: tuple[Column, ...]
    converters: tuple[Converter, ...]
    untyped: tuple[Untyped, ...]
    """Columns whose type only the values tell, each with the digits that a DECIMAL beside them has."""
    bindings: tuple[Binding, ...]
    bulky: bool
    row_sql: str | None
    """Asks for the numbers of rows instead of their values, where the answer is whole rows of one view as they are."""


class Evaluator:
    """Compiles and runs the queries of one cluster."""

    def __init__(self, state: ClusterState, catalog: Catalog) -> None:
        self._state, self._catalog = state, catalog
        self._plans: OrderedDict[tuple[object, ...], QueryPlan] = OrderedDict()
        self._plan_text = 0
        self._databases: OrderedDict[tuple[int, int], Tables] = OrderedDict()
        self._dialect: Any = None

    def compile(self, text: str, session: SessionFacts, parameters: tuple[Kind, ...] = ()) -> QueryPlan:
        """The plan of a query; before its parameters have values their kinds are unknown.

        Raises 1064, 1235 and what its names deserve: 1046, 1052, 1054, 1146, 1305, 1582.
        """
        key = (text, session.database, session.tenant.tenant_id, session.control, parameters)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._compiled(text, session, None, parameters)
            self._plans[key] = plan
            self._plan_text += len(text)
            while len(self._plans) > PLANS_MAX or (self._plan_text > PLAN_TEXT_MAX and len(self._plans) > 1):
                _, oldest = self._plans.popitem(last=False)
                self._plan_text -= len(oldest.text)
        else:
            self._plans.move_to_end(key)
        return plan

    def columns(self, plan: QueryPlan, session: SessionFacts) -> tuple[Column, ...]:  # noqa: ARG002 - part of the interface
        """The columns before a run; one whose type only a value tells is announced as a string."""
        return plan.columns

    def run(self, plan: QueryPlan, session: SessionFacts, parameters: Sequence[Value] = ()) -> ResultSet:
        """The answer of a plan at the cluster's present moment. Raises 1210 for a wrong number of parameters."""
        if len(parameters) != plan.parameter_count:
            raise wrong_arguments("EXECUTE")
        if parameters:
            plan = self.compile(plan.text, session, tuple(map(kind_of_value, parameters)))
            parameters = [bindable(value) for value in parameters]
        tables = self._tables(session)
        for view in plan.views:
            if view.of_session:
                tables.fill(view, session.listing(view.name))
            else:
                tables.refresh(view)
        values = parameters
        if plan.bindings:
            facts = Facts(self._state, session)
            values = [*parameters, *[read(facts) for read in plan.bindings]]
        if plan.row_sql is not None:
            return ResultSet(plan.columns, tables.whole_rows(plan.views[0], plan.row_sql, values), lasting=True)
        rows = tables.query(plan.sqlite_sql, values, width=len(plan.columns), bulky=plan.bulky)
        for message in TRUNCATIONS.messages:
            session.warn(WARNING_TRUNCATED, message)
        if plan.converters:
            rows = [_converted(row, plan.converters) for row in rows]
        if plan.untyped:
            return ResultSet(*_typed(plan.columns, plan.untyped, rows))
        return ResultSet(plan.columns, rows)

    def select_rows(
        self,
        columns: tuple[Column, ...],
        rows: Sequence[Sequence[Value]],
        where: str | None,
        like: tuple[str, str, str] | None,
        session: SessionFacts,
    ) -> ResultSet:
        """Of `rows` those that a WHERE text or (column, pattern, escape) of a LIKE lets through, in their order."""
        if like is not None:
            name, text, escape = like
            place = next(i for i, column in enumerate(columns) if column.name.lower() == name.lower())
            pattern = like_pattern(text, escape)
            rows = [row for row in rows if row[place] is not None and pattern.matches(str(row[place]))]
        if where is None:
            return ResultSet(columns, rows)
        numbered = (*columns, Column("obsim_place", MysqlType.LONGLONG, 20))
        plan = self._condition(where, columns, session)
        tables = self._tables(session)
        kinds = [kind_of_column(column) for column in numbered]
        tables.load_rows(kinds, [(*row, place) for place, row in enumerate(rows)])
        facts = Facts(self._state, session)
        found = tables.query(plan.sqlite_sql, [read(facts) for read in plan.bindings], width=1, bulky=False)
        return ResultSet(columns, [rows[int(place)] for (place,) in found])  # type: ignore[arg-type]

    # --- compiling -----------------------------------------------------------------------------------------------

    def _condition(self, where: str, columns: tuple[Column, ...], session: SessionFacts) -> QueryPlan:
        """The plan that gives the places of the rows a condition lets through."""
        source = Source("q0", "", tuple((c.name, column_term(f"q0.c{i}", c)) for i, c in enumerate(columns)))
        plan = self._compiled(f"SELECT 1 FROM rows WHERE {where}", session, source)
        begin, _, rest = plan.sqlite_sql.partition(" FROM ")
        del begin
        return replace(plan, sqlite_sql=f"SELECT q0.c{len(columns)} FROM {rest} ORDER BY 1")

    def _compiled(
        self, text: str, session: SessionFacts, rows: Source | None, parameters: tuple[Kind, ...] = ()
    ) -> QueryPlan:
        try:
            tree, draft, query = self._rewritten(text, session, rows, parameters)
        except RecursionError:
            raise query_too_large() from None
        columns, converters, untyped = _result_form(query.outputs)
        views = tuple(draft.views.values())
        families: tuple[str, ...] | None = None
        if not draft.volatile and not any("time" in view.families for view in views):
            families = tuple(sorted({family for view in views for family in view.families}))
        return QueryPlan(
            text,
            query.sql,
            views,
            draft.parameter_count,
            families,
            columns,
            converters,
            untyped,
            tuple(draft.bindings),
            draft.bulky,
            self._row_sql(tree, query.sql, views) if not (converters or untyped or draft.bulky) else None,
        )

    def _row_sql(self, tree: Any, sql: str, views: tuple[ViewDef, ...]) -> str | None:
        """`sql` as a question for row numbers: of a plain SELECT whose list is all columns of one view, in their order.

        The list stays inside for what refers to it by place; SQLite does not compute what the outer query leaves.
        """
        parts = set(_present(tree))
        if type(tree).__name__ != "Select" or not parts <= _PLAIN_PARTS or len(views) != 1:
            return None
        if "order" in parts and "limit" not in parts:
            return None  # only a LIMIT makes SQLite keep the order of an inner query for certain
        columns = ", ".join(f"q1.c{i} AS c{i}" for i in range(len(self._catalog.columns(views[0]))))
        before, source = f"SELECT {columns}", f" FROM {table_name(views[0])} AS q1"
        rest = sql.removeprefix(before + source)
        if rest == sql or rest[:1] not in {"", " "}:
            return None
        if "order" in parts:
            return f"SELECT r FROM ({before}, q1.rowid AS r{source}{rest})"
        # Without an order rows come as they lie in the table, not as they lie in an index that has the numbers too.
        where, limit, count = rest.rpartition(" LIMIT ") if "limit" in parts else (rest, "", "")
        return f"SELECT q1.rowid{source}{where} ORDER BY q1.rowid{limit}{count}"

    def _rewritten(
        self, text: str, session: SessionFacts, rows: Source | None, parameters: tuple[Kind, ...]
    ) -> tuple[Any, Draft, Query]:
        from obsim.sql.tokens import has_executable_comments, scan  # noqa: PLC0415 - sqlglot loads with the first query

        body = scan(text).text
        oracle = session.tenant.mode == "ORACLE"
        try:
            tree, preparation = self._parsed(body, oracle=oracle)
        except SyntaxRefused:
            if not has_executable_comments(text):
                raise
            body = scan(text, inside=False).text
            tree, preparation = self._parsed(body, oracle=oracle)
        draft = Draft(self._catalog, session, preparation.parameter_count, preparation.items, parameters, rows=rows)
        if rows is not None and (
            type(tree).__name__ != "Select" or set(_present(tree)) != {"expressions", "from_", "where"}
        ):
            raise SyntaxRefused(body.partition(" WHERE ")[2], 1)
        try:
            return tree, draft, Rewriter(draft, EXPRESSIONS, rewrite_query).query(tree, None)
        except SyntaxRefused as refused:
            raise _placed(body, refused) from None

    def _parsed(self, body: str, *, oracle: bool) -> tuple[Any, Any]:
        """The parser's tree of one statement. Raises SyntaxRefused with OceanBase's near text."""
        from sqlglot.errors import SqlglotError  # noqa: PLC0415 - sqlglot loads with the first query

        from obsim.sql.dialect import OceanBase  # noqa: PLC0415
        from obsim.sql.tokens import syntax_error_of  # noqa: PLC0415

        if self._dialect is None:
            self._dialect = OceanBase()
        try:
            preparation = prepared(body, self._dialect.tokenize(body), oracle=oracle)
            trees = self._dialect.parser().parse(preparation.tokens, body)
        except (SqlglotError, RecursionError) as failure:
            raise syntax_error_of(body, failure) from None
        if not trees or trees[0] is None:
            raise error("ER_EMPTY_QUERY")
        if len(trees) > 1 or type(trees[0]).__name__ not in {"Select", "Union", "Except", "Intersect", "Subquery"}:
            raise SyntaxRefused(body, 1)
        return trees[0], preparation

    def _tables(self, session: SessionFacts) -> Tables:
        key = (session.tenant.tenant_id, session.offset_s)
        tables = self._databases.get(key)
        if tables is None:
            tables = Tables(self._state, self._catalog, ViewScope(session.tenant.tenant_id, session.offset_s))
            self._databases[key] = tables
            if len(self._databases) > DATABASES_MAX:
                self._databases.popitem(last=False)
        else:
            self._databases.move_to_end(key)
        return tables


def _present(tree: Any) -> list[str]:
    return [name for name, value in tree.args.items() if value]


def _placed(body: str, refused: SyntaxRefused) -> ServerError:
    """A refusal that knows only a word, with the rest of the text from that word on."""
    at = body.lower().find(refused.near.lower()) if refused.near else 0
    at = max(at, 0)
    return SyntaxRefused(body[at:], body.count("\n", 0, at) + 1)


def _result_form(outputs: tuple[Output, ...]) -> tuple[tuple[Column, ...], tuple[Converter, ...], tuple[Untyped, ...]]:
    """Columns on the wire, what turns SQLite's values into MySQL's, and the columns whose type is open."""
    columns: list[Column] = []
    converters: list[Converter] = []
    untyped: list[Untyped] = []
    for place, output in enumerate(outputs):
        term = output.term
        kind: Kind = term.kind
        stored = term.column is not None
        columns.append(
            term.column.renamed(output.label) if term.column is not None else wire_column(kind, output.label)
        )
        convert = converter_of(kind, stored=stored)
        if convert is not None:
            converters.append((place, convert))
        if kind.type is None:
            untyped.append((place, kind.decimals))
    return tuple(columns), tuple(converters), tuple(untyped)


def _converted(row: Sequence[Value], converters: tuple[Converter, ...]) -> tuple[Value, ...]:
    values = list(row)
    for place, convert in converters:
        value = values[place]
        if value is not None:
            values[place] = convert(value)
    return tuple(values)


def _typed(
    columns: tuple[Column, ...], untyped: tuple[Untyped, ...], rows: Sequence[Sequence[Value]]
) -> tuple[tuple[Column, ...], Sequence[Sequence[Value]]]:
    """The columns with the type that holds all their values, and the rows in it."""
    found = list(columns)
    converters: list[Converter] = []
    for place, decimals in untyped:
        kind = _kind_of_values([row[place] for row in rows if row[place] is not None], decimals)
        found[place] = wire_column(kind, columns[place].name)
        convert = converter_of(kind)
        if convert is not None:
            converters.append((place, convert))
    return tuple(found), [_converted(row, tuple(converters)) for row in rows] if converters else rows


def _kind_of_values(values: Sequence[Value], decimals: int) -> Kind:
    classes = {value.__class__ for value in values}
    if not classes or not classes <= {int, float}:
        if classes == {bytes}:
            return BYTES
        return TEXT if classes & {int, float} else UNKNOWN
    if decimals and all(round(value, decimals) == value for value in values if isinstance(value, int | float)):
        return decimal_of(decimals)
    return DOUBLE if float in classes else INTEGER
