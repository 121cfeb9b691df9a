"""AND, OR, comparisons, IN, LIKE and REGEXP, with subqueries beside them."""

# ruff: noqa: S608 - the text is ours: names are generated, literals quoted, values bound

from collections.abc import Callable
from dataclasses import replace

from obsim.errors import NotModelled, SyntaxRefused
from obsim.query.kinds import BOOLEAN
from obsim.query.refusals import wrong_column_count
from obsim.query.rewriting.comparison import as_text, boolean, collated, compare, membership, truth
from obsim.query.rewriting.rewriter import Node, Rewriter, refuse_rows
from obsim.query.rewriting.scope import Frame, Term

__all__ = [
    "between", "comparison", "escape", "exists", "in_expression", "is_expression", "like", "logic",
    "not_expression", "regexp", "xor",
]


def _chain(node: Node) -> list[Node]:
    """The operands of `a AND b AND c`, however long, without recursion."""
    kind, waiting, out = type(node), [node], []
    while waiting:
        item = waiting.pop()
        if type(item) is kind:
            waiting += [item.args["expression"], item.args["this"]]
        else:
            out.append(item)
    return out


def _balanced(parts: list[str], joint: str) -> str:
    """The parts joined as a tree of little depth: SQLite limits the depth of an expression."""
    while len(parts) > 1:
        pairs = [f"({a} {joint} {b})" for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + ([parts[-1]] if len(parts) % 2 else [])
    return parts[0]


def logic(joint: str) -> Callable[[Rewriter, Node, Frame], Term]:
    """AND and OR over any number of operands."""

    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        terms = rewriter.terms(_chain(node), frame)
        refuse_rows(*terms)
        return boolean(_balanced([truth(t) for t in terms], joint), *terms)

    return rewrite


def xor(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """XOR."""
    terms = rewriter.terms([node.this, node.expression], frame)
    return boolean("((" + ") <> (".join(f"{truth(t)} <> 0" for t in terms) + "))", *terms)


def not_expression(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """NOT and `!`."""
    term = rewriter.term(node.this, frame)
    refuse_rows(term)
    return boolean(f"(NOT {truth(term)})", term)


def comparison(operator: str) -> Callable[[Rewriter, Node, Frame], Term]:
    """A comparison by its operator in SQLite."""

    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        left = rewriter.term(node.this, frame)
        quantifier = type(node.expression).__name__
        if quantifier in {"Any", "All"}:
            return _quantified(rewriter, left, operator, node.expression, frame)
        return compare(operator, left, rewriter.term(node.expression, frame))

    return rewrite


def _quantified(rewriter: Rewriter, left: Term, operator: str, node: Node, frame: Frame) -> Term:
    """`x > ALL (...)` fails where one comparison fails, `x > ANY (...)` holds where one holds; else a NULL counts."""
    query = rewriter.query(node.this, frame.scope)
    if len(query.outputs) != 1:
        raise wrong_column_count(1)
    alias = rewriter.draft.name("q")
    inner = replace(query.outputs[0].term, sql=f"{alias}.c0", literal=None, column=None, key="")
    found = compare(operator, left, inner).sql
    each = f"FROM (SELECT {found} AS c0 FROM ({query.sql}) AS {alias})"
    best, decided = ("min", 0) if type(node).__name__ == "All" else ("max", 1)
    verdict = f"CASE WHEN {best}(c0) = {decided} THEN {decided} WHEN count(*) > count(c0) THEN NULL"
    return boolean(f"(SELECT {verdict} ELSE {1 - decided} END {each})", left, inner)


def is_expression(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """IS [NOT] NULL, TRUE, FALSE, UNKNOWN."""
    term = rewriter.term(node.this, frame)
    refuse_rows(term)
    right = type(node.expression).__name__
    if right == "Null":
        return Term(f"({term.sql} IS NULL)", BOOLEAN.as_nullable(False))
    if right == "Boolean":
        return Term(f"({truth(term)} IS {'TRUE' if node.expression.this else 'FALSE'})", BOOLEAN.as_nullable(False))
    raise NotModelled("IS with other than NULL, TRUE, FALSE and UNKNOWN")


def between(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """BETWEEN."""
    term, low, high = rewriter.terms([node.this, node.args["low"], node.args["high"]], frame)
    above, below = compare(">=", term, low), compare("<=", term, high)
    return boolean(f"({above.sql} AND {below.sql})", above, below)


def in_expression(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """IN with a list or a subquery."""
    wanted = rewriter.term(node.this, frame)
    query_node = node.args.get("query")
    if (
        query_node is None
        and len(node.expressions) == 1
        and type(node.expressions[0]).__name__ in {"Select", "Subquery"}
    ):
        query_node = node.expressions[0]
    if query_node is None and not node.expressions:
        raise SyntaxRefused("", 1)
    if query_node is None:
        return membership(wanted, rewriter.terms(node.expressions, frame))
    query = rewriter.query(query_node, frame.scope)
    width = len(wanted.row) or 1
    if len(query.outputs) != width:
        raise wrong_column_count(width)
    alias = rewriter.draft.name("q")
    inner = tuple(
        replace(o.term, sql=f"{alias}.c{i}", literal=None, column=None, key="") for i, o in enumerate(query.outputs)
    )
    if wanted.row:
        left, right = ", ".join(map(collated, wanted.row)), ", ".join(t.sql for t in inner)
        return boolean(f"(({left}) IN (SELECT {right} FROM ({query.sql}) AS {alias}))", *wanted.row)
    found = membership(wanted, inner)
    _, _, tail = found.sql.rpartition(" IN (")
    head = found.sql[: -len(tail) - len(" IN (")]
    return boolean(f"{head} IN (SELECT {tail[:-2]} FROM ({query.sql}) AS {alias}))", wanted, inner[0])


def exists(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """EXISTS."""
    return Term(f"(EXISTS ({rewriter.query(node.this, frame.scope).sql}))", BOOLEAN.as_nullable(False))


def like(rewriter: Rewriter, node: Node, frame: Frame, escape: Node = None) -> Term:
    """LIKE; `escape` is the expression after ESCAPE."""
    terms = rewriter.terms([node.this, node.expression], frame)
    refuse_rows(*terms)
    arguments = [as_text(t) for t in terms]
    if escape is not None:
        arguments.append(as_text(rewriter.term(escape, frame)))
    sql = f"ob_like({', '.join(arguments)})"
    return boolean(f"(NOT {sql})" if node.args.get("negate") else sql, *terms)


def escape(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """LIKE ... ESCAPE."""
    return like(rewriter, node.this, frame, node.expression)


def regexp(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """REGEXP and RLIKE."""
    terms = rewriter.terms([node.this, node.expression], frame)
    return boolean(f"ob_regexp({as_text(terms[0])}, {as_text(terms[1])})", *terms)
