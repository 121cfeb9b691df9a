"""Tokens of a query made ready for the stock MySQL parser, so that nothing written is lost on the way.

The parser renames functions, reads `?` without its place and forgets how an expression was spelt. Marks in the tokens
keep that: a function's name gets a prefix (so it stays a plain call by the name as written), a placeholder becomes a
name with its number, and each SELECT gets its own number as a first item. Comments, hints and modifiers without
effect are left out.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from obsim.errors import SyntaxRefused
from obsim.query.functions.function import argument_range
from obsim.query.functions.registry import FUNCTIONS, GRAMMATICAL, SPECIAL_SYNTAX, WORDS

__all__ = ["CALL_MARK", "PARAMETER_MARK", "Preparation", "prepared", "unmarked"]

CALL_MARK = "\x01"
PARAMETER_MARK = "\x02"
LABEL_LENGTH_MAX = 256
_MODIFIERS = frozenset(
    {
        "ALL",
        "HIGH_PRIORITY",
        "SQL_BIG_RESULT",
        "SQL_BUFFER_RESULT",
        "SQL_CACHE",
        "SQL_CALC_FOUND_ROWS",
        "SQL_NO_CACHE",
        "SQL_SMALL_RESULT",
        "STRAIGHT_JOIN",
    }
)
_CALLED_ONLY = frozenset({"DATETIME", "GLOB"})
"""Words that the tokenizer knows and that name no function of MySQL."""
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}

_NAMES_TOO = frozenset({"CHARSET", "QUALIFY"})
"""Words of sqlglot's grammar that are names in MySQL's: SHOW COLLATION has a column `Charset`."""


def unmarked(name: str) -> str:
    """A name as the statement has it."""
    return name[1:] if name[:1] == CALL_MARK else name


@dataclass(frozen=True, slots=True)
class Preparation:
    """Tokens for the parser, the texts of each SELECT's items by its number, and how many placeholders there are."""

    tokens: list[Any]
    items: list[list[str]]
    parameter_count: int


@dataclass(frozen=True, slots=True)
class _Names:
    """Token types that are asked for often."""

    types: Any
    token: Any
    ends: frozenset[Any]
    operands: frozenset[Any]


@cache
def _names() -> _Names:
    from sqlglot.tokenizer_core import Token  # noqa: PLC0415 - sqlglot loads with the first query
    from sqlglot.tokenizer_core import TokenType as T  # noqa: PLC0415

    ends = {
        T.FROM,
        T.WHERE,
        T.GROUP_BY,
        T.HAVING,
        T.ORDER_BY,
        T.LIMIT,
        T.UNION,
        T.EXCEPT,
        T.INTERSECT,
        T.INTO,
        T.FOR,
        T.WINDOW,
        T.SEMICOLON,
        T.LOCK,
    }
    operands = {T.VAR, T.IDENTIFIER, T.NUMBER, T.STRING, T.R_PAREN, T.PLACEHOLDER, T.END, T.NULL, T.TRUE, T.FALSE}
    return _Names(T, Token, frozenset(ends), frozenset(operands))


def _string(source: str) -> str:
    r"""The value of a string literal from its text: MySQL keeps the backslash of `\%` and `\_`."""
    quote = source[0]
    body = source[1:-1]
    if "\\" not in body and quote not in body:
        return body
    out, characters = [], iter(body)
    for character in characters:
        if character == "\\":
            following = next(characters, "")
            out.append(_ESCAPES.get(following, following))
        else:
            if character == quote:
                next(characters, "")
            out.append(character)
    return "".join(out)


def prepared(text: str, tokens: list[Any], *, oracle: bool) -> Preparation:
    """The tokens of `text` with the marks.

    Raises SyntaxRefused for a SELECT without items, an item without text, and a name that begins as only a mark does.
    """
    if CALL_MARK in text or PARAMETER_MARK in text:
        _check_no_marks(text, tokens)
    return _Marker(text, oracle=oracle).run(tokens)


def _check_no_marks(text: str, tokens: list[Any]) -> None:
    types = _names().types
    for token in tokens:
        if token.token_type in {types.VAR, types.IDENTIFIER} and token.text[:1] in {CALL_MARK, PARAMETER_MARK}:
            raise SyntaxRefused(text[token.start :], text.count("\n", 0, token.start) + 1)


class _Marker:
    """One pass over the tokens."""

    def __init__(self, text: str, *, oracle: bool) -> None:
        self.text, self.oracle = text, oracle
        self.out: list[Any] = []
        self.items: list[list[str]] = []
        self.parameters = 0
        self.calls: list[str] = []

    def run(self, tokens: list[Any]) -> Preparation:
        """Mark all tokens."""
        n = _names()
        types = n.types
        tokens = [t for t in tokens if t.token_type is not types.HINT]
        while tokens and tokens[-1].token_type is types.SEMICOLON:
            tokens.pop()
        if tokens and tokens[-1].token_type is types.ALIAS:
            self._refuse(tokens[-1])
        place = 0
        while place < len(tokens):
            token = tokens[place]
            kind = token.token_type
            following = tokens[place + 1] if place + 1 < len(tokens) else None
            opens = following is not None and following.token_type is types.L_PAREN
            if opens and kind is not types.IDENTIFIER and token.text.upper() in GRAMMATICAL:
                self._check_arguments(tokens, place)
            if kind is types.SELECT:
                place = self._select(tokens, place)
            elif kind is types.STRING:
                place = self._literal(tokens, place)
            else:
                if self._is_minus(tokens, place):
                    self.out.append(self._made(token, types.EXCEPT, "EXCEPT"))
                else:
                    self._one(token, opens)
                place += 1
        return Preparation(self.out, self.items, self.parameters)

    def _check_arguments(self, tokens: list[Any], place: int) -> None:
        """Refuse a call that the grammar has no rule for, from where it stops to fit."""
        types, name = _names().types, tokens[place].text.upper()
        low, high = argument_range(FUNCTIONS[name].arguments)
        count, depth = 1, 0
        for index in range(place + 1, len(tokens)):
            token = tokens[index]
            if token.token_type is types.L_PAREN:
                depth += 1
            elif token.token_type is types.R_PAREN:
                depth -= 1
                if depth == 0:
                    count = 0 if index == place + 2 else count
                    if not low <= count <= high:
                        self._refuse(token if count < low else tokens[place + 2])
                    return
            elif depth == 1 and token.token_type is types.FROM:
                return
            elif depth == 1 and token.token_type is types.COMMA:
                count += 1
                if count > high:
                    self._refuse(token)

    def _refuse(self, token: Any) -> NoReturn:
        raise SyntaxRefused(self.text[token.start :], self.text.count("\n", 0, token.start) + 1)

    def _one(self, token: Any, opens: bool) -> None:
        """A token that stands for itself, or for one word of ours."""
        types = _names().types
        kind = token.token_type
        if kind is types.PLACEHOLDER:
            self.parameters += 1
            self.out.append(self._made(token, types.VAR, f"{PARAMETER_MARK}{self.parameters}"))
        elif self._is_call(token, opens):
            self.out.append(self._made(token, types.VAR, CALL_MARK + token.text))
        elif not opens and self._is_word(token):
            self.out.append(self._made(token, types.VAR, CALL_MARK + token.text))
            self.out += [self._made(token, types.L_PAREN, "("), self._made(token, types.R_PAREN, ")")]
        else:
            self._plain(self._made(token, kind, token.text) if token.comments else token)

    def _made(self, like: Any, kind: Any, text: str) -> Any:
        return _names().token(kind, text, like.line, like.col, like.start, like.end)

    def _plain(self, token: Any) -> None:
        types = _names().types
        kind = token.token_type
        if kind is types.L_PAREN:
            self.calls.append(unmarked(self.out[-1].text).upper() if self.out else "")
        elif kind is types.R_PAREN and self.calls:
            self.calls.pop()
        elif kind is types.DPIPE and self.oracle:
            token = self._made(token, types.CARET, "^")  # Oracle mode has no `^`; there `||` joins texts
        elif token.text.upper() in _NAMES_TOO and kind is not types.IDENTIFIER and not self._types_a_text():
            token = self._made(token, types.VAR, token.text)
        self.out.append(token)

    def _types_a_text(self) -> bool:
        """Whether CHAR or CHAR(n) stands before, whose character set may follow."""
        types = _names().types
        return bool(self.out) and self.out[-1].token_type in {types.CHAR, types.R_PAREN}

    def _is_call(self, token: Any, opens: bool) -> bool:
        """Whether the token names a function; type names after AS and inside CONVERT stay what they are."""
        if not opens or token.token_type is _names().types.IDENTIFIER:
            return False
        n = _names()
        name = token.text.upper()
        previous = self.out[-1].token_type if self.out else None
        if name == "LIKE" and previous not in n.operands and previous is not n.types.NOT:
            self._refuse(token)
        if name in SPECIAL_SYNTAX:
            return False
        if token.token_type is not n.types.VAR and name not in FUNCTIONS and name not in _CALLED_ONLY:
            return False
        if previous is n.types.ALIAS or (previous is n.types.COMMA and self.calls and self.calls[-1] == "CONVERT"):
            return False
        return not (token.token_type is n.types.MOD and previous in n.operands)

    def _is_word(self, token: Any) -> bool:
        if token.text.upper() not in WORDS or token.token_type is _names().types.IDENTIFIER:
            return False
        types = _names().types
        return not self.out or self.out[-1].token_type not in {
            types.DOT,
            types.ALIAS,
            types.SESSION_PARAMETER,
            types.PARAMETER,
        }

    @staticmethod
    def _is_minus(tokens: list[Any], place: int) -> bool:
        """Whether the token is MINUS between two queries, which is what OceanBase calls EXCEPT."""
        types = _names().types
        if tokens[place].token_type is not types.VAR or tokens[place].text.upper() != "MINUS":
            return False
        after = next((t for t in tokens[place + 1 :] if t.token_type is not types.L_PAREN), None)
        return after is not None and after.token_type is types.SELECT

    def _literal(self, tokens: list[Any], place: int) -> int:
        """A string and those right behind it, which MySQL joins."""
        types = _names().types
        first, parts = tokens[place], []
        if self.oracle and self.text[first.start] == '"':
            self.out.append(self._made(first, types.IDENTIFIER, first.text))
            return place + 1
        while place < len(tokens) and tokens[place].token_type is types.STRING:
            parts.append(_string(self.text[tokens[place].start : tokens[place].end + 1]))
            place += 1
            if self.out and self.out[-1].token_type in _names().operands:
                break  # an alias in quotes
        self.out.append(self._made(first, types.STRING, "".join(parts)))
        return place

    def _select(self, tokens: list[Any], place: int) -> int:
        """A SELECT: drop what changes nothing, give it its number, note its items."""
        types = _names().types
        token = tokens[place]
        self.out.append(self._made(token, token.token_type, token.text))
        distinct = None
        place += 1
        while place < len(tokens):
            kind, word = tokens[place].token_type, tokens[place].text.upper()
            if kind is types.DISTINCT:
                distinct = tokens[place]
            elif word not in _MODIFIERS or kind is types.IDENTIFIER or kind is types.STRING:
                break
            place += 1
        if distinct is not None:
            self.out.append(self._made(distinct, types.DISTINCT, "DISTINCT"))
        number = len(self.items)
        self.items.append(self._texts(tokens, place, token))
        self.out += [self._made(token, types.NUMBER, str(number)), self._made(token, types.COMMA, ",")]
        return place

    def _texts(self, tokens: list[Any], place: int, select: Any) -> list[str]:
        """The items as written, up to the clause that ends them."""
        n = _names()
        types = n.types
        texts: list[str] = []
        start, depth = place, 0
        for index in range(place, len(tokens) + 1):
            kind = tokens[index].token_type if index < len(tokens) else None
            if depth == 0 and (kind is None or kind is types.COMMA or kind in n.ends or kind is types.R_PAREN):
                if index == start:
                    at = tokens[min(index, len(tokens) - 1)] if len(tokens) > 1 else select
                    self._refuse(at)
                texts.append(self.text[tokens[start].start : tokens[index - 1].end + 1])
                start = index + 1
                if kind is not types.COMMA:
                    break
            elif kind is types.L_PAREN:
                depth += 1
            elif kind is types.R_PAREN:
                depth -= 1
        return texts
