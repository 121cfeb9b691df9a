"""A small language for the shape of statements, and its matcher.

A form is a line of words: CAPITALS stand for themselves, small words for a terminal or part of the tables below, `[ ]`
may be left out, `{ | }` is a choice (the first that fits), `x,..` is a list with commas, `x..` one or more, any other
sign stands for itself. Statements that obsim knows by their shape alone are written so (`obsim.sql.grammar.known`).
"""

from collections.abc import Callable
from functools import cache
from re import compile as re_compile

from obsim.errors import SyntaxRefused
from obsim.sql.grammar.cursor import Cursor

__all__ = ["PARTS", "SIGNS", "FormMatch", "match_form"]

PARTS = {
    "tenants": "TENANT [=] tenant,..",
    "one_tenant": "TENANT [=] tenant",
    "copies": "BACKUP_COPIES [=] integer",
    "database_option": "{ SET | READ | DEFAULT | CHARACTER | CHARSET | COLLATE }",
    "description": "DESCRIPTION [=] string",
    "until": "UNTIL { TIME = text | SCN = integer }",
    "keys": "[ENCRYPTED BY text] [WITH KEY FROM text [ENCRYPTED BY text]]",
    "any_table": "{ * | name } [. { * | member }]",
    "remap": "REMAP { TABLE | TABLEGROUP | TABLESPACE } remap_item,..",
    "remap_item": "any_table [: any_table] [: any_table]",
    "servers": "string,..",
    "zone": "ZONE [=] { string | name }",
    "backup_choice": "{ ALL [NOT BACKED UP integer TIMES] | [=] integer }",
    "backup_place": "[TENANT [=] tenant | TENANT_ID [=] integer] [BACKUP_BACKUP_DEST [=] string]",
}
SIGNS = re_compile(r",\.\.|\.\.|[\[\]{}|()=:.,*@]|\w+")


class FormMatch:
    """What a match left behind: the furthest token that did not fit, and whether an empty text stood where none may."""

    __slots__ = ("cursor", "empty_text", "furthest")

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.furthest = cursor.index
        self.empty_text = False

    def failed(self, start: int) -> bool:
        """Note how far it went and step back to `start`."""
        self.furthest = max(self.furthest, self.cursor.index)
        self.cursor.index = start
        return False


Matcher = Callable[[FormMatch], bool]


def match_form(match: FormMatch, form: str) -> bool:
    """Step over `form`, which must reach the end of the statement; False, and no step, where it does not."""
    start = match.cursor.index
    match.empty_text = False
    if not _compiled(form)(match):
        return False
    return match.cursor.index == len(match.cursor.tokens) or match.failed(start)


@cache
def _compiled(form: str) -> Matcher:
    signs = SIGNS.findall(form)
    matcher, end = _alternatives(signs, 0)
    if end != len(signs):
        raise ValueError(f"unbalanced form {form!r}")
    return matcher


def _alternatives(signs: list[str], at: int) -> tuple[Matcher, int]:
    options = []
    while True:
        option, at = _sequence(signs, at)
        options.append(option)
        if at == len(signs) or signs[at] != "|":
            return (option if len(options) == 1 else _choice(options)), at
        at += 1


def _sequence(signs: list[str], at: int) -> tuple[Matcher, int]:
    items: list[Matcher] = []
    while at < len(signs) and signs[at] not in {"]", "}", "|"}:
        sign = signs[at]
        if sign in {"[", "{"}:
            item, at = _alternatives(signs, at + 1)
            item = _optional(item) if sign == "[" else item
        else:
            item = _item(sign)
        at += 1
        if at < len(signs) and signs[at] in {",..", ".."}:
            item = _repeated(item, "," if signs[at] == ",.." else "")
            at += 1
        items.append(item)
    return _all_of(items), at


def _item(sign: str) -> Matcher:
    if sign in PARTS:
        return _compiled(PARTS[sign])
    if sign in _TERMINALS:
        return _terminal(_TERMINALS[sign])
    if sign.islower():
        raise ValueError(f"a form names the unknown part {sign!r}")
    return _word(sign)


def _word(word: str) -> Matcher:
    def matches(match: FormMatch) -> bool:
        return match.cursor.take(word) or match.failed(match.cursor.index)

    return matches


def _terminal(read: Callable[[FormMatch], object]) -> Matcher:
    def matches(match: FormMatch) -> bool:
        start = match.cursor.index
        try:
            read(match)
        except SyntaxRefused:
            return match.failed(start)
        return True

    return matches


def _optional(item: Matcher) -> Matcher:
    def matches(match: FormMatch) -> bool:
        item(match)
        return True

    return matches


def _choice(options: list[Matcher]) -> Matcher:
    return lambda match: any(option(match) for option in options)


def _all_of(items: list[Matcher]) -> Matcher:
    def matches(match: FormMatch) -> bool:
        start = match.cursor.index
        return all(item(match) for item in items) or match.failed(start)

    return matches


def _repeated(item: Matcher, separator: str) -> Matcher:
    def matches(match: FormMatch) -> bool:
        start = match.cursor.index
        if not item(match):
            return False
        while not separator or match.cursor.take(separator):
            if not item(match):
                return not separator or match.failed(start)
        return True

    return matches


def _text(match: FormMatch) -> None:
    """A text that must not be empty: found out after the whole form has been read, as the real resolver does."""
    match.empty_text |= match.cursor.string() == ""


def _rest(match: FormMatch) -> None:
    match.cursor.index = len(match.cursor.tokens)


_TERMINALS: dict[str, Callable[[FormMatch], object]] = {
    "name": lambda match: match.cursor.name(),
    "member": lambda match: match.cursor.member(),
    "number": lambda match: match.cursor.number(),
    "tenant": lambda match: match.cursor.tenant_name(),
    "string": lambda match: match.cursor.string(),
    "integer": lambda match: match.cursor.integer(),
    "text": _text,
    "rest": _rest,
}
