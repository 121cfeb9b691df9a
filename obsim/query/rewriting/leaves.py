"""Names, literals, variables and parameters of an expression."""

from dataclasses import replace

from obsim.errors import SyntaxRefused
from obsim.query.kinds import INTEGER, NULL
from obsim.query.rewriting.calls import call
from obsim.query.rewriting.comparison import number_literal
from obsim.query.rewriting.query_tokens import PARAMETER_MARK, unmarked
from obsim.query.rewriting.rewriter import Node, Rewriter
from obsim.query.rewriting.scope import Frame, Term

__all__ = [
    "bits", "boolean_word", "column", "column_parts", "hexadecimal", "identifier", "introduced", "literal",
    "national", "null_expression", "paren", "row", "session_parameter", "user_variable",
]


def column_parts(node: Node) -> list[str]:
    """The names of a column from schema to column."""
    names = [node.args.get(part) for part in ("catalog", "db", "table", "this")]
    return [unmarked(n.name) for n in names if n is not None]


def column(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """A column, an alias or a placeholder; in Oracle mode also a function that needs no parentheses."""
    parts = column_parts(node)
    if parts[-1][:1] == PARAMETER_MARK and len(parts) == 1:
        return rewriter.draft.parameter(int(parts[0][1:]))
    oracle = len(parts) == 1 and rewriter.draft.session.tenant.mode == "ORACLE"
    if oracle and parts[0].upper() in {"SYSDATE", "USER"} and frame.scope.find(parts, frame.clause) is None:
        return call(rewriter, parts[0], [], frame)
    return frame.find(parts)


def identifier(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """A bare name."""
    return frame.find([unmarked(node.name)])


def literal(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """A text or a number."""
    return rewriter.draft.text(node.this) if node.args.get("is_string") else number_literal(node.this)


def national(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """`N'x'`."""
    return rewriter.draft.text(node.name)


def introduced(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """`_utf8mb4'x'`: the text, whatever its character set is called."""
    return rewriter.term(node.expression, frame)


def null_expression(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """NULL."""
    return Term("NULL", NULL)


def boolean_word(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """TRUE and FALSE, which are numbers."""
    return Term(str(int(node.this)), INTEGER.as_nullable(False), literal=int(node.this))


def hexadecimal(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """`x'41'` and `0x41`: a text, in a numeric context a number."""
    digits = str(node.this)
    try:
        text = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits).decode("utf8", "replace")
    except ValueError:
        raise SyntaxRefused(digits, 1) from None
    number = min(int(digits or "0", 16), 2**63 - 1)
    return replace(rewriter.draft.text(text), literal=None, numeric=str(number))


def bits(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """`b'101'`."""
    value = int(str(node.this) or "0", 2)
    return Term(str(value), INTEGER.as_nullable(False), literal=value)


def session_parameter(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """`@@name`, `@@session.name`, `@@global.name`."""
    scope = str(node.args.get("kind") or "").lower()
    return rewriter.draft.system_variable(node.name, "session" if scope == "local" else scope)


def user_variable(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    """`@name`."""
    return rewriter.draft.user_variable(node.name)


def paren(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """Parentheses."""
    return rewriter.term(node.this, frame)


def row(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """`(a, b)`."""
    return Term("NULL", NULL, row=tuple(rewriter.terms(node.expressions, frame)))
