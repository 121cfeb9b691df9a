"""From text to tokens: limits, splitting at `;`, the near text of a syntax error.

A regular expression walks over quotes and comments first (a SELECT needs no more before its plan is looked up); only
statements that our own grammar reads are cut into tokens, by the tokenizer of the dialect.
"""

from collections.abc import Sequence
from re import ASCII, DOTALL, IGNORECASE, Match, VERBOSE, compile as re_compile
from typing import NamedTuple

from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from obsim.answers import Value
from obsim.errors import NotModelled, ServerError, SyntaxRefused, error
from obsim.sql.dialect import OceanBase, StatementTokenizer
from obsim.statements import masked

__all__ = ["Scan", "Token", "TokenType", "count_parameters", "refused_at", "scan", "split_statements", "syntax_error_of", "tokenize"]

LENGTH_MAX = 1 << 20
"""Characters of one text; a longer one is refused before anything reads it."""
TOKENS_MAX = 20_000
"""Tokens of one text: some 0.2 s in the parser of SELECT."""
DEPTH_MAX = 24
"""Nested parentheses, CASEs or prefix operators; sqlglot's own descent breaks at little more than 30 (stack.md 2.8)."""

_QUOTED = r"""'(?:[^'\\]++|\\.|'')*+' | "(?:[^"\\]++|\\.|"")*+" | `[^`]*+`"""
_COMMENT = r"""/\*.*?\*/ | --(?=[\x00-\x20\x7f]|\Z)[^\n]*+ | \#[^\n]*+"""
_BROKEN = r"""['"`] | /\* | \{[#%{]"""
_MARKS = re_compile(rf"{_QUOTED} | {_COMMENT} | {_BROKEN} | [;()\[\]]", VERBOSE | DOTALL)
_DEEP_MARKS = re_compile(
    rf"""{_QUOTED} | {_COMMENT} | {_BROKEN} | [;()\[\]{{}}] | \b(?:CASE|END)\b
    | (?:(?:\b(?:NOT|BINARY|INTERVAL|EXISTS|PRIOR|DISTINCT|ALL|SELECT)\b|[-+~!@])\s*+){{{DEPTH_MAX},}}+""",
    VERBOSE | DOTALL | IGNORECASE,
)
_PLACEHOLDERS = re_compile(rf"{_QUOTED} | {_COMMENT} | \?", VERBOSE | DOTALL)
_ROUGH_TOKENS = re_compile(r"[\w$]+|[^\w\s$]")
_DEEP_LENGTH = 2 * DEPTH_MAX  # a shorter text cannot nest too deep
_EXECUTABLE = re_compile(rf"{_QUOTED} | (/\*!\d*)(.*?)(\*/) | {_COMMENT}", VERBOSE | DOTALL)
_LEAD = re_compile(rf"(?:\s | {_COMMENT})*+", VERBOSE | DOTALL)
_LAST_PIECE = re_compile(r"""[^'"\\]+\Z""")
_LAST_WORD = re_compile(r"[\w$]+|\S", ASCII)

_tokenizer = StatementTokenizer(dialect=OceanBase())


class Scan(NamedTuple):
    """One statement's text: `text` up to its `;`, and where its first token starts (len(text) when there is none)."""

    text: str
    start: int
    terminated: bool


def refused_at(text: str, offset: int) -> SyntaxRefused:
    """The 1064 whose near text begins at `offset` of `text` and runs to its end; passwords in it are masked."""
    return SyntaxRefused(masked(text, offset).rstrip(), text.count("\n", 0, offset) + 1)


def _unfinished(text: str, match: Match[str]) -> SyntaxRefused:
    """A quote or comment without its end: the real engine names the last piece its scanner took."""
    start = match.start()
    if match.group() == "/*":
        return refused_at(text, max(len(text) - 1, 0))
    if match.group() in "'\"`" and start + 1 < len(text):
        last = _LAST_PIECE.search(text, start + 1)
        return refused_at(text, last.start() if last else len(text) - 1)
    return refused_at(text, start)


def _unwrapped(text: str) -> str:
    """`/*!40101 SET x = 1 */` is run, as by MySQL: its marks become blanks, so that every offset stays."""

    def opened(match: Match[str]) -> str:
        if match.group(1) is None:
            return match.group()
        return " " * len(match.group(1)) + match.group(2) + "  "

    return _EXECUTABLE.sub(opened, text) if "/*!" in text else text


def _semicolons(text: str) -> list[int]:
    """Offsets of the `;` outside quotes and comments. Raises SyntaxRefused on an unfinished quote, NotModelled on a limit."""
    length = len(text)
    if length > LENGTH_MAX:
        raise NotModelled(f"statements of more than {LENGTH_MAX} characters")
    if length > TOKENS_MAX and sum(1 for _ in _ROUGH_TOKENS.finditer(_MARKS.sub(_blank, text))) > TOKENS_MAX:
        raise NotModelled(f"statements of more than {TOKENS_MAX} tokens")
    found = []
    depth = deepest = 0
    for match in (_DEEP_MARKS if length > _DEEP_LENGTH else _MARKS).finditer(text):
        mark = match.group()
        first = mark[0]
        if mark in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif mark in _CLOSING:
            depth -= 1
        elif mark == ";":
            found.append(match.start())
            depth = 0
        elif len(mark) <= 2 and (mark in "'\"`" or mark == "/*" or first == "{"):
            raise _unfinished(text, match)
        elif first not in "'\"`/-#" or (first == "-" and mark[:2] != "--"):
            deepest = max(deepest, _word_depth(mark, depth))
            depth += _CASES.get(mark.upper(), 0)
    if deepest > DEPTH_MAX:
        raise NotModelled(f"statements nested deeper than {DEPTH_MAX} levels")
    return found


_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_CASES = {"CASE": 1, "END": -1}


def _word_depth(mark: str, depth: int) -> int:
    """How deep a CASE, or a run of prefix operators, leads."""
    change = _CASES.get(mark.upper())
    return DEPTH_MAX + 1 if change is None else depth + change


def _blank(match: Match[str]) -> str:
    mark = match.group()
    return mark if len(mark) == 1 else " x "


def _nothing_in(text: str, start: int, end: int) -> bool:
    """True when there are only blanks and comments."""
    match = _LEAD.match(text, start, end)
    return match is not None and match.end() == end


def split_statements(text: str) -> list[str]:
    """The statements of a text, cut at each `;` outside quotes and comments, pieces verbatim and without the `;`.

    One `;` may end the text; any further empty statement is an empty piece (answered with 1065). Raises SyntaxRefused
    on a quote or comment without its end, NotModelled when the text passes a limit of this module.
    """
    pieces = []
    start = 0
    for end in _semicolons(text):
        piece = text[start:end]
        pieces.append("" if piece.isspace() else piece)
        start = end + 1
    if not pieces or not _nothing_in(text, start, len(text)):
        pieces.append("" if text[start:].isspace() else text[start:])
    return pieces


def scan(text: str) -> Scan:
    """The one statement of `text`. Raises as `split_statements`, and SyntaxRefused near a second statement."""
    marks = _semicolons(text)
    end = len(text)
    if marks:
        end = marks[0]
        tail = _LEAD.match(text, end + 1)
        if tail is not None and tail.end() < len(text):
            raise refused_at(text, tail.end())
    body = _unwrapped(text[:end])
    lead = _LEAD.match(body)
    return Scan(body, lead.end() if lead else 0, bool(marks))


def count_parameters(text: str) -> int:
    """The number of `?` outside quotes and comments."""
    return sum(1 for m in _PLACEHOLDERS.finditer(text) if m.group() == "?")


def tokenize(text: str, parameters: Sequence[Value] | None = None) -> list[Token]:
    """The tokens of one statement; with `parameters`, each `?` is the token of its value.

    Raises SyntaxRefused, and OB_INVALID_ARGUMENT when the number of parameters is not that of the marks.
    """
    try:
        tokens: list[Token] = _tokenizer.tokenize(text)
    except SqlglotError as failed:
        raise syntax_error_of(text, failed) from None
    if parameters is not None:
        _bind(tokens, parameters)
    return tokens


def _bind(tokens: list[Token], parameters: Sequence[Value]) -> None:
    places = [i for i, token in enumerate(tokens) if token.token_type is TokenType.PLACEHOLDER]
    if len(places) != len(parameters):
        raise error("OB_INVALID_ARGUMENT", "EXECUTE")
    for place, value in zip(places, parameters, strict=True):
        old = tokens[place]
        kind, text = _literal(value)
        tokens[place] = Token(kind, text, old.line, old.col, old.start, old.end)


def _literal(value: Value) -> tuple[TokenType, str]:
    if value is None:
        return TokenType.VAR, "NULL"
    if isinstance(value, bytes):
        return TokenType.STRING, value.decode("utf-8", "replace")
    if isinstance(value, str):
        return TokenType.STRING, value
    return TokenType.NUMBER, repr(int(value) if isinstance(value, bool) else value)


def syntax_error_of(text: str, failure: Exception) -> ServerError:
    """What a client sees when sqlglot could not read `text`: SyntaxRefused with OceanBase's near text and line.

    `failure` is sqlglot's ParseError or TokenError, or RecursionError (then the limit on nesting is named). A
    ParseError points at a token by line and column of its end; at the end of the text the last token is named.
    """
    if isinstance(failure, RecursionError):
        return NotModelled(f"statements nested deeper than {DEPTH_MAX} levels")
    try:
        _semicolons(text)
        tokens: list[Token] = _tokenizer.tokenize(text)
    except ServerError as refused:
        return refused
    except SqlglotError:
        return refused_at(text, _scan_start(text))
    details = getattr(failure, "errors", None) or [{}]
    line, column = details[0].get("line"), details[0].get("col")
    tokens = [token for token in tokens if token.token_type is not TokenType.SEMICOLON]
    if not tokens:
        return refused_at(text, _scan_start(text))
    for token in tokens:
        if (token.line, token.col) == (line, column):
            return refused_at(text, token.start)
    return refused_at(text, tokens[-1].start)


def _scan_start(text: str) -> int:
    lead = _LEAD.match(text)
    return lead.end() if lead else 0
