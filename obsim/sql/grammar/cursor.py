"""A place in the tokens of one statement, and the words, names and literals that can stand there."""

from collections.abc import Callable, Sequence
from re import compile as re_compile
from typing import TypeVar

from obsim.answers import Value
from obsim.errors import SyntaxRefused
from obsim.sql.tokens import Token, TokenType, refused_at, tokenize
from obsim.statements.text import RESERVED

__all__ = ["Cursor"]

T = TypeVar("T")

UNSIGNED_MAX = 2**64 - 1
_NAME = re_compile(r"[\w$]+")
_INTEGER = re_compile(r"[0-9]{1,20}")
_OPAQUE = frozenset({TokenType.STRING, TokenType.IDENTIFIER, TokenType.NATIONAL_STRING})


class Cursor:
    """Reads one statement from left to right.

    `words[i]` is the token as a keyword or sign (upper case), '' for quoted text and names and behind the end, so that
    a comparison is all a decision needs. Whatever does not fit raises SyntaxRefused at the present token; at the end
    of the text the last token is named.
    """

    __slots__ = ("index", "parameters", "text", "tokens", "words")

    def __init__(self, text: str, parameters: Sequence[Value] | None = None) -> None:
        self.text = text
        self.tokens = tokenize(text, parameters)
        self.words = ["" if t.token_type in _OPAQUE else t.text.upper() for t in self.tokens]
        self.words.append("")
        self.index = 0
        self.parameters = parameters

    @property
    def word(self) -> str:
        """The present keyword or sign; '' on quoted text and at the end."""
        return self.words[self.index]

    @property
    def following(self) -> str:
        """The keyword or sign after the present one."""
        return self.words[self.index + 1] if self.index + 1 < len(self.words) else ""

    @property
    def token(self) -> Token | None:
        """The present token; None at the end."""
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    def refused(self, index: int | None = None) -> SyntaxRefused:
        """The syntax error at the present token, or at token `index`."""
        at = min(self.index if index is None else index, len(self.tokens) - 1)
        return refused_at(self.text, self.tokens[at].start)

    def take(self, *words: str) -> bool:
        """Step over `words` if they stand here, all of them."""
        at = self.index
        for word in words:
            if self.words[at] != word:
                return False
            at += 1
        self.index = at
        return True

    def expect(self, *words: str) -> None:
        """Step over `words`. Raises SyntaxRefused at the first that is missing."""
        for word in words:
            if self.words[self.index] != word:
                raise self.refused()
            self.index += 1

    def one_of(self, words: frozenset[str]) -> str:
        """Step over one of `words` and return it."""
        word = self.words[self.index]
        if word not in words:
            raise self.refused()
        self.index += 1
        return word

    def finish(self) -> None:
        """Raises SyntaxRefused if anything is left."""
        if self.index < len(self.tokens):
            raise self.refused()

    def name(self) -> str:
        """An identifier: a bare word that is not reserved, or anything in back quotes."""
        token = self.token
        if token is None:
            raise self.refused()
        kind = token.token_type
        bare = kind is TokenType.VAR and token.text.lower() not in RESERVED and _NAME.fullmatch(token.text) is not None
        if not bare and kind is not TokenType.IDENTIFIER:
            raise self.refused()
        self.index += 1
        return token.text

    def member(self) -> str:
        """An identifier after a dot, where a reserved word needs no back quotes."""
        if not _NAME.fullmatch(self.word):
            return self.name()
        token = self.tokens[self.index]
        self.index += 1
        return token.text

    def text_or_name(self) -> str:
        """A string or an identifier."""
        return self.string() if self.at_string() else self.name()

    def tenant_name(self) -> str:
        """A tenant of a TENANT clause: an identifier, a string, or the word ALL."""
        token = self.token
        if token is not None and self.words[self.index] == "ALL":
            self.index += 1
            return token.text
        return self.text_or_name()

    def at_string(self) -> bool:
        """True on a string literal."""
        token = self.token
        return token is not None and token.token_type is TokenType.STRING

    def string(self) -> str:
        """A string literal."""
        token = self.token
        if token is None or token.token_type is not TokenType.STRING:
            raise self.refused()
        self.index += 1
        return token.text

    def integer(self) -> int:
        """An unsigned integer of at most 64 bits, without quotes."""
        token = self.token
        if token is None or token.token_type is not TokenType.NUMBER or not _INTEGER.fullmatch(token.text):
            raise self.refused()
        value = int(token.text)
        if value > UNSIGNED_MAX:
            raise self.refused()
        self.index += 1
        return value

    def number(self) -> int | float:
        """A number, signed or not; a float where it has a point or exponent, or is more than 64 bits hold."""
        sign = -1 if self.take("-") else 1
        text = "." if self.word == "." and self._touches_next() else ""
        self.index += len(text)
        token = self.token
        if token is None or token.token_type is not TokenType.NUMBER:
            self.index -= len(text) + (sign < 0)
            raise self.refused()
        self.index += 1
        text += token.text
        try:
            value = int(text) if _INTEGER.fullmatch(text.lstrip("-")) else float(text)
        except ValueError:
            raise self.refused(self.index - 1) from None
        return sign * (value if -UNSIGNED_MAX <= value <= UNSIGNED_MAX else float(value))

    def at_number(self) -> bool:
        """True on a number or on the sign or point before one."""
        at = self.index
        while self.words[at] in {"-", "."}:
            at += 1
        return at - self.index < 3 and at < len(self.tokens) and self.tokens[at].token_type is TokenType.NUMBER

    def _touches_next(self) -> bool:
        here, after = self.tokens[self.index], self.tokens[self.index + 1 : self.index + 2]
        return bool(after) and after[0].start == here.end + 1

    def clause(self, word: str) -> bool:
        """Step over `word [=]` if it stands here."""
        if self.words[self.index] != word:
            return False
        self.index += 2 if self.words[self.index + 1] == "=" and self.tokens[self.index + 1].text == "=" else 1
        return True

    def tenants(self) -> tuple[str, ...]:
        """`[TENANT [=] name {, name}]`; () when it is absent."""
        return tuple(self.listed(self.tenant_name)) if self.clause("TENANT") else ()

    def tenant(self) -> str | None:
        """`[TENANT [=] name]`."""
        return self.tenant_name() if self.clause("TENANT") else None

    def description(self) -> str | None:
        """`[DESCRIPTION [=] 'text']`."""
        return self.string() if self.clause("DESCRIPTION") else None

    def listed(self, item: Callable[[], T]) -> list[T]:
        """`item {, item}`."""
        found = [item()]
        while self.take(","):
            found.append(item())
        return found

    def slice(self, first: int, last: int) -> str:
        """The text of the tokens `first` to `last`, the latter included."""
        return self.text[self.tokens[first].start : self.tokens[last].end + 1]
