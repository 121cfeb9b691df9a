"""Rewriting one statement: each kind of node has a row in a table, subqueries come back through `query`."""

# ruff: noqa: S608 - the text is ours: names are generated, literals quoted, values bound

from collections.abc import Callable
from typing import Any

from obsim.errors import NotModelled
from obsim.query.kinds import NULL
from obsim.query.refusals import wrong_column_count
from obsim.query.rewriting.comparison import truth
from obsim.query.rewriting.draft import Draft
from obsim.query.rewriting.scope import Frame, Output, Scope, Term

__all__ = ["Expression", "Node", "Query", "Rewriter", "refuse_rows"]

Node = Any
"""A node of sqlglot's tree: its parser is loaded with the first query, so its types are not named here."""


class Query:
    """A rewritten query: SQLite's text and the columns it gives, inside SQLite named c0, c1, ..."""

    __slots__ = ("outputs", "single", "sql")

    def __init__(self, sql: str, outputs: tuple[Output, ...], *, single: bool = False) -> None:
        self.sql, self.outputs = sql, outputs
        self.single = single
        """Whether it can give at most one row."""


class Rewriter:
    """Rewrites the expressions of one statement."""

    def __init__(
        self,
        draft: Draft,
        expressions: dict[str, "Expression"],
        query: Callable[["Rewriter", Node, Scope | None], Query],
    ) -> None:
        self.draft = draft
        self._expressions, self._query = expressions, query

    def query(self, node: Node, scope: Scope | None) -> Query:
        """A subquery inside a scope."""
        return self._query(self, node, scope)

    def term(self, node: Node, frame: Frame) -> Term:
        """One expression; raises SyntaxRefused or NotModelled for what has no row in the table."""
        kind = type(node).__name__
        rewrite = self._expressions.get(kind)
        if rewrite is None:
            raise NotModelled(f"expressions of the form {kind}")
        return rewrite(self, node, frame)

    def terms(self, nodes: list[Node], frame: Frame) -> list[Term]:
        """Several expressions."""
        return [self.term(node, frame) for node in nodes]

    def condition(self, node: Node, frame: Frame) -> str:
        """An expression as a condition."""
        return truth(self.term(node, frame))

    def scalar(self, node: Node, frame: Frame) -> Term:
        """A subquery as a value: one column (1241), one row (1242 when it runs)."""
        query = self.query(node, frame.scope)
        if len(query.outputs) != 1:
            return Term(f"({query.sql})", NULL, row=tuple(o.term for o in query.outputs))
        inner = query.outputs[0].term
        if query.single:
            return Term(f"({query.sql})", inner.kind.as_nullable(), kept=inner.kept)
        return Term(f"(SELECT ob_only(c0) FROM ({query.sql}))", inner.kind.as_nullable(), kept=inner.kept)


Expression = Callable[[Rewriter, Node, Frame], Term]
"""Rewrites one kind of node."""


def refuse_rows(*terms: Term) -> None:
    """Raise 1241 for `(a, b)` where one value belongs."""
    if any(t.row for t in terms):
        raise wrong_column_count(1)
