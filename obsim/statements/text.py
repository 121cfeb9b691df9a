"""How statements are written: names, literals and clauses in their canonical form, and texts without their secrets."""

# ruff: noqa: SIM905 - lists of words read better as text

from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf
from re import ASCII, DOTALL, VERBOSE
from re import compile as re_compile

__all__ = [
    "MASK", "RESERVED", "Digest", "NullValue", "Secret", "listed_texts", "masked", "may_hold_secret", "number_text",
    "quote_name", "quote_text", "secret_places", "tenants_clause", "text_clause",
]  # fmt: skip

_BARE_NAME = re_compile(r"[A-Za-z_][A-Za-z0-9_$]*", ASCII)
MASK = "***"
_SECRET_KEYS = re_compile(
    r"(?i)\b(access_id|access_key|secret_key|session_token|encrypt_key|password|kms_encrypt_info)=([^&?\s'\",]*)"
)
_LEXEMES = re_compile(
    r"""/\*(?!!).*?(?:\*/|\Z) | --(?=[\x00-\x20\x7f]|\Z)[^\n]*+ | \#[^\n]*+
    | '(?:[^'\\]++|\\.|'')*+(?:'|\Z) | "(?:[^"\\]++|\\.|"")*+(?:"|\Z) | `[^`]*+`? | [\w$]++ | \S""",
    VERBOSE | DOTALL,
)
_SECRET_WORDS = frozenset(
    """access_id access_key decryption encrypt_key encrypted encryption external_kms_info identified kms_encrypt_info
    password secret_key session_token ssl_external_kms_info sys_password""".split()
)
_BEHIND_SECRETS = frozenset({"account", "description", "from", "key", "only", "remap", "require", "with"})
_STATEMENT_INSIDE = re_compile(r"(?i)\b(?:identified|encrypted)\b|\bpassword\s*\(")
"""In a literal: the text of a statement that names a password, as PREPARE and init_connect take one."""
_SECRET_INSIDE = re_compile(r"(?i)\b(?:" + "|".join(sorted(_SECRET_WORDS)) + r")\b")
_QUOTE_OR_SET = re_compile(r"(?i)['\"]|\bset\b")
"""Beside a secret's word it makes a literal the text of a statement: a URI with keys has neither."""
_ESCAPED = re_compile(r"\\(.)", DOTALL)
_MAY_HOLD_SECRET = re_compile(r"(?i)\bby\b|" + "|".join(sorted(_SECRET_WORDS)))
_SECRET_HINTS = ("by", *sorted(_SECRET_WORDS))
# Words that need back quotes as a name; every other keyword of MySQL mode is legal bare (statements.md, Lexical rules).
RESERVED = frozenset(
    """accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade
    case change char character check collate column condition constraint continue convert create cross
    current_date current_time current_timestamp current_user cursor database databases day_hour day_microsecond
    day_minute day_second dec decimal declare default delayed delete desc describe deterministic distinct
    distinctrow div double drop dual each else elseif enclosed escaped exists exit explain false fetch float
    float4 float8 for force foreign from fulltext generated get grant group having high_priority
    hour_microsecond hour_minute hour_second if ignore in index infile inner inout insensitive insert int int1
    int2 int3 int4 int8 integer interval into io_after_gtids io_before_gtids is iterate join key keys kill
    leading leave left like limit linear lines load localtime localtimestamp lock long longblob longtext loop
    low_priority master_bind master_ssl_verify_server_cert match maxvalue mediumblob mediumint mediumtext
    middleint minute_microsecond minute_second mod modifies natural not no_write_to_binlog null numeric on
    optimize option optionally or order out outer outfile partition precision primary procedure purge range read
    reads read_write real references regexp release rename repeat replace require resignal restrict return
    revoke right rlike schema schemas second_microsecond select sensitive separator set show signal smallint
    spatial specific sql sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result
    ssl starting stored straight_join table terminated then tinyblob tinyint tinytext to trailing trigger true
    undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values varbinary
    varchar varcharacter varying virtual when where while with write xor year_month zerofill""".split()
)


def quote_text(text: str) -> str:
    """A string literal in single quotes; backslash and quote are escaped."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def listed_texts(names: tuple[str, ...]) -> str:
    """`('a', 'b')`."""
    return "(" + ", ".join(map(quote_text, names)) + ")"


def quote_name(name: str) -> str:
    """An identifier, in back quotes where a bare word would not be read as the same name."""
    if _BARE_NAME.fullmatch(name) and name.lower() not in RESERVED:
        return name
    return "`" + name.replace("`", "``") + "`"


def may_hold_secret(text: str) -> bool:
    """Whether a text has a word that announces a secret: without one `masked` leaves all of it as it is."""
    plain = text.replace("\\", "") if "\\" in text else text
    if plain.isascii():  # the pattern would say the same, in ten times the time
        lowered = plain.lower()
        for hint in _SECRET_HINTS:
            if hint in lowered:
                break
        else:
            return False
    return _MAY_HOLD_SECRET.search(plain) is not None


def masked(text: str, start: int = 0) -> str:
    """`text[start:]` with passwords and keys replaced by `***`.

    Hidden are the values of credential options in a URI, every literal behind a word that announces a secret
    (ENCRYPTION, IDENTIFIED, PASSWORD and so on), the literals after BY, and the words after IDENTIFIED BY, ENCRYPTED BY
    or PASSWORD( too: in valid statements and in broken ones. `start` is best the start of a token.
    """
    if not may_hold_secret(text):
        return text[start:]
    pieces = []
    for begin, end in _secret_spans(text):
        if end > start:
            pieces += [text[start:begin], f"'{MASK}'"]
            start = end
    pieces.append(text[start:])
    return _SECRET_KEYS.sub(lambda m: f"{m.group(1)}={MASK}", "".join(pieces))


def _secret_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where passwords stand in a text that may be any statement, or none."""
    last = ""
    announced = bare = False  # literals are hidden; words without quotes are too
    for match in _LEXEMES.finditer(text):
        lexeme = match.group()
        if lexeme[:2] in {"/*", "--"} or lexeme[0] == "#":
            continue
        word = lexeme.strip("`").lower()
        if lexeme[0] in "'\"":
            if announced or last == "by" or _holds_statement(lexeme):
                yield match.span()
        elif lexeme == "(":
            bare = bare or last == "password"
        elif lexeme[0].isalnum() or lexeme[0] in "_`$":
            bare = (bare and word not in _BEHIND_SECRETS) or (word == "by" and last in {"identified", "encrypted"})
            if bare and word not in {"by", "password"}:
                yield match.span()
            announced = announced or word in _SECRET_WORDS
            last = word


def _holds_statement(literal: str) -> bool:
    """Whether a literal, its quotes included, is the text of a statement that takes a secret, however deep within."""
    inside = _ESCAPED.sub(r"\1", literal[1:]).removesuffix(literal[0])
    if _STATEMENT_INSIDE.search(inside) is not None:
        return True
    return _SECRET_INSIDE.search(inside) is not None and _QUOTE_OR_SET.search(inside) is not None


def secret_places(text: str) -> Iterator[tuple[int, int, str]]:
    """Where `masked` hides something: begin, end and what it is, `password` (without its quotes) or `key`."""
    if not may_hold_secret(text):
        return
    done = 0
    for begin, end in [*_secret_spans(text), (len(text), len(text))]:
        yield from ((*match.span(2), "key") for match in _SECRET_KEYS.finditer(text, done, begin) if match.group(2))
        quoted = end - begin > 1 and text[begin] in "'\""
        if end - begin > 2 * quoted:
            yield begin + quoted, end - (quoted and text[end - 1] == text[begin]), "password"
        done = end


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or key. It prints itself only when asked by `reveal`; its repr and masked SQL carry `***`."""

    reveal: str

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"


@dataclass(frozen=True, slots=True, repr=False)
class Digest(Secret):
    """A password of which only the digest is known: `*` and 40 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class NullValue:
    """The word NULL given as a parameter's value."""


def tenants_clause(names: tuple[str, ...]) -> str:
    """` TENANT = a, b`, or nothing for no names."""
    return " TENANT = " + ", ".join(quote_name(n) if n else "''" for n in names) if names else ""


def text_clause(word: str, text: str | None) -> str:
    """` WORD = 'text'`, or nothing for None."""
    return "" if text is None else f" {word} = {quote_text(text)}"


def number_text(value: float) -> str:
    """A number as a literal."""
    if isinstance(value, float) and isinf(value):
        return "1e999" if value > 0 else "-1e999"  # a literal beyond what a double holds
    return repr(value)
