"""Calls over arguments already rewritten, and the kind that several branches share."""

from collections.abc import Sequence

from obsim.answers import MysqlType
from obsim.query.functions.function import letter_of, sqlite_name
from obsim.query.functions.registry import FUNCTIONS
from obsim.query.functions.results import number_like_first
from obsim.query.kinds import Kind, merged
from obsim.query.rewriting.comparison import as_kind, as_number, as_text
from obsim.query.rewriting.rewriter import Rewriter, refuse_rows
from obsim.query.rewriting.scope import Term

__all__ = ["branches", "call_terms"]

_BULKY = frozenset(
    {"CONCAT", "CONCAT_WS", "INSERT", "LPAD", "REPEAT", "REPLACE", "RPAD", "SPACE", "HEX", "FORMAT", "DATE_FORMAT"}
)


def branches(terms: Sequence[Term]) -> tuple[list[str], Kind]:
    """The branches of one expression in the kind they share."""
    kind = merged(t.kind for t in terms)
    return [as_kind(t, kind) for t in terms], kind


def call_terms(rewriter: Rewriter, name: str, terms: Sequence[Term]) -> Term:
    """A scalar function of the registry over rewritten arguments."""
    function = FUNCTIONS[name]
    rewriter.draft.bulky = rewriter.draft.bulky or name in _BULKY
    refuse_rows(*terms)
    arguments = [_argument(letter_of(function.arguments, i), t) for i, t in enumerate(terms)]
    if function.zone:
        arguments.append(rewriter.draft.zone())
    kept = terms[0].kept if function.result is number_like_first else 0
    return Term(f"{sqlite_name(function)}({', '.join(arguments)})", function.result([t.kind for t in terms]), kept=kept)


def _argument(letter: str, term: Term) -> str:
    """An argument as its letter asks; what only the value can tell is left to the function."""
    if letter in {"t", "b"}:
        return as_text(term) if term.kind.type is MysqlType.NEWDECIMAL or term.kind.is_moment else term.sql
    if letter in "in" and term.kind.is_temporal:
        return as_number(term)
    return term.sql
