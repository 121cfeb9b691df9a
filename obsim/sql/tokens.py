"""From text to tokens: limits, splitting at `;`, the near text of a syntax error.

A regular expression walks over quotes and comments first (a SELECT needs no more before its plan is looked up); only
statements that our own grammar reads are cut into tokens, by the tokenizer of the dialect.
"""

from collections.abc import Sequence
from re import DOTALL, IGNORECASE, VERBOSE, Match
from re import compile as re_compile
from typing import NamedTuple

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from obsim.answers import Value
from obsim.errors import NotModelled, ServerError, SyntaxRefused, error
from obsim.sql.dialect import OceanBase, StatementTokenizer
from obsim.statements import masked

__all__ = [
    "Scan", "Token", "TokenType", "after_blanks", "count_parameters", "has_executable_comments", "refused_at", "scan",
    "split_statements", "syntax_error_of", "tokenize",
]

LENGTH_MAX = 1 << 20
"""Characters of one text; a longer one is refused before anything reads it."""
TOKENS_MAX = 20_000
"""Tokens of one text: some 0.2 s in the parser of SELECT."""
DEPTH_MAX = 24
"""Nested parentheses, CASEs or prefix operators; sqlglot's own descent breaks at little more than 30 (stack.md 2.8)."""
RETRIES_MAX = 10
"""Joins without ON, limits and types within each other: sqlglot's time is 2 to the power of their number."""

_QUOTED = r"""'(?:[^'\\]++|\\.|'')*+' | "(?:[^"\\]++|\\.|"")*+" | `[^`]*+`"""
_COMMENT = r"""/\*.*?\*/ | --(?=[\x00-\x20\x7f]|\Z)[^\n]*+ | \#[^\n]*+"""
_BROKEN = r"""(?P<broken>['"`] | /\* | \{[#%{])"""
_MARKS = re_compile(
    rf"{_QUOTED} | {_COMMENT} | {_BROKEN} | (?P<end>;) | (?P<opening>[(\[{{]) | (?P<closing>[)\]}}])", VERBOSE | DOTALL
)
_PREFIX_WORDS = "NOT|BINARY|INTERVAL|EXISTS|PRIOR|DISTINCT|ALL|SELECT"
_DEEP_MARKS = re_compile(
    rf"""{_MARKS.pattern}
    | \b(?:(?:CROSS|NATURAL)\s(?:\s|LEFT|RIGHT|INNER|OUTER)*+JOIN)\b
    | \b(?:(?P<case>CASE) | (?P<case_end>END) | (?P<join>(?:STRAIGHT_)?JOIN) | (?P<on>ON|USING)
        | (?P<limit>LIMIT|OFFSET) | (?P<joined>WHERE|EXCEPT|INTERSECT|UNION(?!(?:\s|{_COMMENT})*+\()))\b
    | (?P<prefixes>(?:(?:\b(?:{_PREFIX_WORDS})\b|[-+~!@])\s*+){{{DEPTH_MAX},}}+)
    | \b(?P<caller>[A-Za-z]\w*+)(?:\s | {_COMMENT})*+\(""",
    VERBOSE | DOTALL | IGNORECASE,
)
_PLACEHOLDERS = re_compile(rf"{_QUOTED} | {_COMMENT} | \?", VERBOSE | DOTALL)
_ROUGH_TOKENS = re_compile(r"[\w$]+|[^\w\s$]")
_CASES_MAX = 200
_LONG = 1000  # characters; a shorter text is far from the limits on tokens
_ROW_MAX = 100
_TYPE_WORDS = frozenset(
    word for word, kind in OceanBase.Tokenizer.KEYWORDS.items() if kind in OceanBase.Parser.TYPE_TOKENS
)
_KEYWORDS = frozenset(OceanBase.Tokenizer.KEYWORDS) | frozenset(OceanBase.Tokenizer.SINGLE_TOKENS)
_DEEP_LENGTH = 2 * DEPTH_MAX  # a shorter text cannot nest too deep
_EXECUTABLE = re_compile(rf"{_QUOTED} | (/\*!(?:\d{{5}})?)(.*?)(\*/) | {_COMMENT}", VERBOSE | DOTALL)
_LEAD = re_compile(rf"(?:\s | {_COMMENT})*+", VERBOSE | DOTALL)
_LAST_PIECE = re_compile(r"""[^'"\\]+\Z""")

_dialect = OceanBase()
_tokenizer = StatementTokenizer(dialect=_dialect)


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


def has_executable_comments(text: str) -> bool:
    """Whether `/*! .. */` stands in `text`: what cannot be read with its inside is read without (ob_parser.cpp)."""
    return "/*!" in text


def _unwrapped(text: str) -> str:
    """`/*!40101 SET x = 1 */`, whatever its number, is run: its marks become blanks, so that every offset stays."""

    def opened(match: Match[str]) -> str:
        if match.group(1) is None:
            return match.group()
        return " " * len(match.group(1)) + match.group(2) + "  "

    return _EXECUTABLE.sub(opened, text) if has_executable_comments(text) else text


def _semicolons(text: str) -> list[int]:
    """Offsets of the `;` outside quotes and comments; raises as `split_statements`."""
    length = len(text)
    if length > LENGTH_MAX:
        raise NotModelled(f"statements of more than {LENGTH_MAX} characters")
    found = []
    levels = _Levels()
    for match in (_DEEP_MARKS if length > _DEEP_LENGTH else _MARKS).finditer(text):
        kind = match.lastgroup
        if kind == "end":
            found.append(match.start())
            levels = _Levels()
        elif kind == "broken":
            raise _unfinished(text, match)
        elif kind is not None:
            levels.meet(kind, match)
    if length > _LONG:
        _check_length(text)
    return found


def _check_length(text: str) -> None:
    """The limits on tokens, and on tokens in a row that are no operand: each may be one more level of a descent."""
    count = row = 0
    for match in _ROUGH_TOKENS.finditer(_MARKS.sub(_blank, text)):
        count += 1
        token = match.group()
        row = 0 if token[0].isdigit() or token in {"x", ","} or token.upper() not in _KEYWORDS else row + 1
        if row > _ROW_MAX:
            raise NotModelled(f"statements nested deeper than {DEPTH_MAX} levels")
    if count > TOKENS_MAX:
        raise NotModelled(f"statements of more than {TOKENS_MAX} tokens")


class _Levels:
    """How deep a text nests, seen before any parser descends into it.

    Some things make sqlglot read what follows twice, so that their number is the exponent of its time: a JOIN without
    ON, a LIMIT or OFFSET within another, a parenthesis behind the name of a type. They are counted along the path of
    open parentheses.
    """

    __slots__ = ("cases", "cases_open", "joins", "others")

    def __init__(self) -> None:
        self.cases = self.cases_open = 0
        self.joins = [0]  # of each open parenthesis, and of the text around them: JOINs still without ON
        self.others = [0]  # the same for limits and types

    def meet(self, kind: str, mark: Match[str]) -> None:
        """Count one mark of `_DEEP_MARKS`. Raises NotModelled past a limit.

        END may also be a name, so the number of CASEs has a limit of its own.
        """
        if kind in {"opening", "caller"}:
            self.joins.append(0)
            self.others.append(int(kind == "caller" and mark.group(kind).upper() in _TYPE_WORDS))
        elif kind == "closing":
            if len(self.joins) > 1:
                self.joins.pop()
                self.others.pop()
        elif kind in {"join", "on", "joined"}:
            left = {"join": self.joins[-1] + 1, "on": self.joins[-1] - 1, "joined": 0}[kind]
            self.joins[-1] = max(left, 0)
        elif kind == "limit":
            self.others[-1] += 1
        elif kind == "case":
            self.cases += 1
            self.cases_open += 1
        elif kind == "case_end":
            self.cases_open = max(self.cases_open - 1, 0)
        depth = len(self.joins) - 1 + self.cases_open
        if kind == "prefixes" or self.cases > _CASES_MAX or depth > DEPTH_MAX:
            raise NotModelled(f"statements nested deeper than {DEPTH_MAX} levels")
        if sum(self.joins) + sum(self.others) > RETRIES_MAX:
            raise NotModelled(f"more than {RETRIES_MAX} joins without ON, limits or types within each other")


def _blank(match: Match[str]) -> str:
    mark = match.group()
    return mark if len(mark) == 1 else " x "


def after_blanks(text: str, start: int = 0) -> int:
    """Where the first token at or behind `start` is: past blanks and comments; len(text) when there is none."""
    match = _LEAD.match(text, start)
    return match.end() if match else start


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
    if not pieces or after_blanks(text, start) < len(text):
        pieces.append("" if text[start:].isspace() else text[start:])
    return pieces


def scan(text: str, *, inside: bool = True) -> Scan:
    """The one statement of `text`, with what is `inside` comments that run, or without.

    Raises as `split_statements`, and OB_ERR_PARSER_SYNTAX (1149) for a second statement (obmp_query.cpp).
    """
    marks = _semicolons(text)
    end = len(text)
    if marks:
        end = marks[0]
        second = after_blanks(text, end + 1)
        if second < len(text) and after_blanks(text) < end:
            raise error("OB_ERR_PARSER_SYNTAX")
    body = _unwrapped(text[:end]) if inside else text[:end]
    return Scan(body, after_blanks(body), bool(marks))


def count_parameters(text: str) -> int:
    """The number of `?` outside quotes and comments. Raises as `split_statements`."""
    if "?" not in text:
        return 0
    _semicolons(text)
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
    return _joined(text, tokens)


def _joined(text: str, tokens: list[Token]) -> list[Token]:
    """Texts in the same quotes with nothing but blanks between them are one text (sql_parser_mysql_mode.l)."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else None
        if last is not None and token.token_type is last.token_type is TokenType.STRING:
            gap = text[last.end + 1 : token.start]
            if gap and gap.isspace() and text[last.end] == text[token.start]:
                found[-1] = Token(last.token_type, last.text + token.text, last.line, last.col, last.start, token.end)
                continue
        found.append(token)
    return found


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
        tokens: list[Token] = _dialect.tokenize(text)
    except ServerError as refused:
        return refused
    except SqlglotError:
        return refused_at(text, after_blanks(text))
    details = getattr(failure, "errors", None) or [{}]
    line, column = details[0].get("line"), details[0].get("col")
    tokens = [token for token in tokens if token.token_type is not TokenType.SEMICOLON]
    if not tokens:
        return refused_at(text, after_blanks(text))
    for token in tokens:
        if (token.line, token.col) == (line, column):
            return refused_at(text, token.start)
    return refused_at(text, tokens[-1].start)
