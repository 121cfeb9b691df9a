"""Statements that not every version's grammar has, and the token at which the others stop (statements.md)."""

from collections.abc import Callable
from typing import Any

from obsim.sql.grammar.cursor import Cursor
from obsim.versions import VersionProfile

__all__ = ["check_version"]

_BEHIND_VERB = 3
"""ALTER SYSTEM verb, then this: a verb that is no keyword would be the name of a parameter."""


def _behind_name(cursor: Cursor) -> int:
    return _BEHIND_VERB if cursor.words[_BEHIND_VERB] == "*" else _BEHIND_VERB + 1


_Known = Callable[[VersionProfile, Any], bool]
_RULES: dict[str, tuple[_Known, Callable[[Cursor], int]]] = {
    "CancelRecoverTable": (lambda profile, _: profile.recover_table, lambda _: _BEHIND_VERB),
    "PreviewRestore": (lambda profile, _: not profile.old_restore_grammar, lambda _: _BEHIND_VERB),
    "RecoverTable": (lambda profile, _: profile.recover_table, lambda _: _BEHIND_VERB),
    "ResetParameters": (lambda profile, _: profile.reset_parameter, lambda _: _BEHIND_VERB),
    "RestoreTables": (lambda profile, _: profile.old_restore_grammar, _behind_name),
    "RestoreTenant": (
        lambda profile, statement: profile.old_restore_grammar or not statement.preview,
        lambda cursor: len(cursor.tokens) - 1,
    ),
}
"""Name of a type of statement -> whether a version's grammar has it, and the index of the token where it does not."""


def check_version(cursor: Cursor, statement: object, profile: VersionProfile) -> None:
    """Raises SyntaxRefused for a statement that the grammar of `profile` does not have."""
    rule = _RULES.get(type(statement).__name__)
    if rule is not None and not rule[0](profile, statement):
        raise cursor.refused(rule[1](cursor))
