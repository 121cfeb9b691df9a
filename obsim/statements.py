"""The statements of OceanBase that obsim understands, as frozen dataclasses that print back to SQL.

The server, the in-process interface, the journal and the property tests all speak these; for every statement `s`,
parsing `s.sql()` gives `s` again. Grammar: `statements.md`. Printing is canonical: upper-case keywords, names
back-quoted only where a bare word would not do, text in single quotes.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isinf
from re import ASCII, DOTALL, VERBOSE
from re import compile as re_compile

__all__ = [
    "AlterParameters", "BackupDatabase", "BackupStatement", "CallProcedure", "CancelBackup", "Freeze",
    "NotModelledStatement", "NullValue", "ParameterAction", "ParameterValue", "RefusedStatement", "ResetAction",
    "ResetParameters", "Secret", "SetArchiveMode", "SetDecryption", "SetEncryption", "ShowParameters", "ShowTenant",
    "masked", "masked_sql", "quote_name", "quote_text",
]

_BARE_NAME = re_compile(r"[A-Za-z_][A-Za-z0-9_$]*", ASCII)
MASK = "***"
_SECRET_KEYS = re_compile(
    r"(?i)\b(access_id|access_key|secret_key|session_token|encrypt_key|password|kms_encrypt_info)=([^&?\s'\",]*)"
)
_LEXEMES = re_compile(
    r"""/\*.*?(?:\*/|\Z) | --(?=[\x00-\x20\x7f]|\Z)[^\n]*+ | \#[^\n]*+
    | '(?:[^'\\]++|\\.|'')*+(?:'|\Z) | "(?:[^"\\]++|\\.|"")*+(?:"|\Z) | `[^`]*+`? | [\w$]++ | \S""",
    VERBOSE | DOTALL,
)
_SECRET_WORDS = frozenset(
    """access_id access_key decryption encrypt_key encrypted encryption external_kms_info identified kms_encrypt_info
    password secret_key session_token ssl_external_kms_info""".split()
)
_BEHIND_SECRETS = frozenset({"account", "description", "from", "key", "only", "remap", "require", "with"})
_MAY_HOLD_SECRET = re_compile(r"(?i)\bby\b|" + "|".join(sorted(_SECRET_WORDS)))
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


def quote_name(name: str) -> str:
    """An identifier, in back quotes where a bare word would not be read as the same name."""
    if _BARE_NAME.fullmatch(name) and name.lower() not in RESERVED:
        return name
    return "`" + name.replace("`", "``") + "`"


def masked(text: str, start: int = 0) -> str:
    """`text[start:]` with passwords and keys replaced by `***`.

    Hidden are the values of credential options in a URI, every literal behind a word that announces a secret
    (ENCRYPTION, IDENTIFIED, PASSWORD and so on), the literals after BY, and the words after IDENTIFIED BY, ENCRYPTED BY
    or PASSWORD( too: in valid statements and in broken ones. `start` is best the start of a token.
    """
    if _MAY_HOLD_SECRET.search(text) is None:
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
            if announced or last == "by":
                yield match.span()
        elif lexeme == "(":
            bare = bare or last == "password"
        elif lexeme[0].isalnum() or lexeme[0] in "_`$":
            bare = (bare and word not in _BEHIND_SECRETS) or (word == "by" and last in {"identified", "encrypted"})
            if bare and word not in {"by", "password"}:
                yield match.span()
            announced = announced or word in _SECRET_WORDS
            last = word


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or key. It prints itself only when asked by `reveal`; its repr and masked SQL carry `***`."""

    reveal: str

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"


@dataclass(frozen=True, slots=True)
class NullValue:
    """The word NULL given as a parameter's value."""


ParameterValue = str | int | float | bool | NullValue
"""A number keeps its sign; a decimal is a float; TRUE and FALSE are bool; a date or time literal is its text."""


def _tenants(names: tuple[str, ...]) -> str:
    return " TENANT = " + ", ".join(quote_name(n) if n else "''" for n in names) if names else ""


def _text_clause(word: str, text: str | None) -> str:
    return "" if text is None else f" {word} = {quote_text(text)}"


@dataclass(frozen=True, slots=True)
class BackupDatabase:
    """ALTER SYSTEM BACKUP [INCREMENTAL] {DATABASE | [TENANT [=] names]} [TO uri] [PLUS ARCHIVELOG] [DESCRIPTION text].

    `tenants` is None for the DATABASE form and () for the bare form, which parses and is refused later.
    Names keep their case, ALL included, and stand in the order given.
    """

    incremental: bool = False
    tenants: tuple[str, ...] | None = None
    path: str | None = None
    plus_archivelog: bool = False
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        scope = " DATABASE" if self.tenants is None else _tenants(self.tenants)
        return (
            f"ALTER SYSTEM BACKUP{' INCREMENTAL' if self.incremental else ''}{scope}{_text_clause('TO', self.path)}"
            f"{' PLUS ARCHIVELOG' if self.plus_archivelog else ''}{_text_clause('DESCRIPTION', self.description)}"
        )


@dataclass(frozen=True, slots=True)
class CancelBackup:
    """ALTER SYSTEM CANCEL BACKUP [TENANT [=] names]."""

    tenants: tuple[str, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM CANCEL BACKUP{_tenants(self.tenants)}"


@dataclass(frozen=True, slots=True)
class SetArchiveMode:
    """ALTER SYSTEM {ARCHIVELOG | NOARCHIVELOG} [TENANT [=] names] [DESCRIPTION [=] text]."""

    enabled: bool
    tenants: tuple[str, ...] = ()
    description: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        word = "ARCHIVELOG" if self.enabled else "NOARCHIVELOG"
        return f"ALTER SYSTEM {word}{_tenants(self.tenants)}{_text_clause('DESCRIPTION', self.description)}"


@dataclass(frozen=True, slots=True)
class Freeze:
    """ALTER SYSTEM MAJOR FREEZE [TENANT [=] names], and MINOR FREEZE with LS, TABLET_ID, SERVER and ZONE besides."""

    major: bool
    tenants: tuple[str, ...] = ()
    log_stream_id: int | None = None
    tablet_id: int | None = None
    servers: tuple[str, ...] = ()
    zone: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        text = f"ALTER SYSTEM {'MAJOR' if self.major else 'MINOR'} FREEZE{_tenants(self.tenants)}"
        text += f" LS = {self.log_stream_id}" if self.log_stream_id is not None else ""
        text += f" TABLET_ID = {self.tablet_id}" if self.tablet_id is not None else ""
        text += f" SERVER = ({', '.join(map(quote_text, self.servers))})" if self.servers else ""
        return text + _text_clause("ZONE", self.zone)


@dataclass(frozen=True, slots=True)
class ParameterAction:
    """One `name = value` of ALTER SYSTEM SET with its own clauses; `name` is lower case."""

    name: str
    value: ParameterValue
    comment: str | None = None
    scope: str | None = None
    server: str | None = None
    zone: str | None = None
    tenant: str | None = None

    def sql(self) -> str:
        """The action as SQL."""
        text = f"{_parameter_name(self.name)} = {_parameter_text(self.value)}"
        text += f" COMMENT {quote_text(self.comment)}" if self.comment is not None else ""
        return text + _scope_clauses(self.scope, self.server, self.zone, self.tenant)


def _parameter_name(name: str) -> str:
    """A bare word that begins a clause is not read as a name there."""
    return f"`{name}`" if name in {"comment", "scope", "server", "tenant", "zone"} else quote_name(name)


def _parameter_text(value: ParameterValue) -> str:
    if isinstance(value, NullValue):
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return quote_text(value)
    return _number_text(value)


def _argument_text(value: str | float | None) -> str:
    if value is None:
        return "NULL"
    return quote_text(value) if isinstance(value, str) else _number_text(value)


def _number_text(value: float) -> str:
    if isinstance(value, float) and isinf(value):
        return "1e999" if value > 0 else "-1e999"  # a literal beyond what a double holds
    return repr(value)


def _scope_clauses(scope: str | None, server: str | None, zone: str | None, tenant: str | None) -> str:
    text = f" SCOPE = {scope}" if scope is not None else ""
    text += _text_clause("SERVER", server)
    text += _text_clause("ZONE", zone)
    return text + (_tenants((tenant,)) if tenant is not None else "")


@dataclass(frozen=True, slots=True)
class AlterParameters:
    """ALTER SYSTEM [SET] action {, action}."""

    actions: tuple[ParameterAction, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return "ALTER SYSTEM SET " + ", ".join(a.sql() for a in self.actions)


@dataclass(frozen=True, slots=True)
class ResetAction:
    """One name of ALTER SYSTEM RESET; `name` is lower case."""

    name: str
    scope: str | None = None
    tenant: str | None = None

    def sql(self) -> str:
        """The action as SQL."""
        return _parameter_name(self.name) + _scope_clauses(self.scope, None, None, self.tenant)


@dataclass(frozen=True, slots=True)
class ResetParameters:
    """ALTER SYSTEM RESET name [SCOPE = ..] [TENANT [=] name] {, ...}; documented from 4.2.2."""

    actions: tuple[ResetAction, ...]

    def sql(self) -> str:
        """The statement as SQL."""
        return "ALTER SYSTEM RESET " + ", ".join(a.sql() for a in self.actions)


@dataclass(frozen=True, slots=True)
class SetEncryption:
    """SET ENCRYPTION ON IDENTIFIED BY 'password' ONLY: session state that a backup takes along."""

    password: Secret

    def sql(self) -> str:
        """The statement as SQL, with the password."""
        return f"SET ENCRYPTION ON IDENTIFIED BY {quote_text(self.password.reveal)} ONLY"


@dataclass(frozen=True, slots=True)
class SetDecryption:
    """SET DECRYPTION IDENTIFIED BY 'password' {, 'password'}: session state that a restore takes along."""

    passwords: tuple[Secret, ...]

    def sql(self) -> str:
        """The statement as SQL, with the passwords."""
        return "SET DECRYPTION IDENTIFIED BY " + ", ".join(quote_text(p.reveal) for p in self.passwords)


@dataclass(frozen=True, slots=True)
class ShowParameters:
    """SHOW PARAMETERS [LIKE pattern [ESCAPE c] | WHERE expr] [TENANT [=] name].

    `where` is the text of the condition as written; the evaluator compiles it over the columns of the answer.
    """

    like: str | None = None
    escape: str | None = None
    where: str | None = None
    tenant: str | None = None

    def sql(self) -> str:
        """The statement as SQL."""
        text = "SHOW PARAMETERS"
        if self.like is not None:
            text += f" LIKE {quote_text(self.like)}"
            text += f" ESCAPE {quote_text(self.escape)}" if self.escape is not None else ""
        elif self.where is not None:
            text += f" WHERE {self.where}"
        return text + (_tenants((self.tenant,)) if self.tenant is not None else "")


@dataclass(frozen=True, slots=True)
class ShowTenant:
    """SHOW TENANT [STATUS]."""

    status: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        return "SHOW TENANT STATUS" if self.status else "SHOW TENANT"


@dataclass(frozen=True, slots=True)
class CallProcedure:
    """CALL obsim.name(argument, ...): the control procedures. `schema` and `name` are lower case; no schema is ''."""

    schema: str
    name: str
    arguments: tuple[str | int | float | None, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        schema = f"{quote_name(self.schema)}." if self.schema else ""
        return f"CALL {schema}{quote_name(self.name)}({', '.join(map(_argument_text, self.arguments))})"


@dataclass(frozen=True, slots=True)
class RefusedStatement:
    """A statement that every 4.x parses and then refuses with the plain 1235: the relatives of a second backup."""

    text: str = field(repr=False)  # may hold a password

    def sql(self) -> str:
        """The statement as it came."""
        return self.text


@dataclass(frozen=True, slots=True)
class NotModelledStatement:
    """A statement of OceanBase whose family obsim knows by name only; running it answers 1235 with `what`."""

    what: str
    text: str = field(repr=False)  # may hold a password

    def sql(self) -> str:
        """The statement as it came."""
        return self.text


BackupStatement = (
    BackupDatabase | CancelBackup | SetArchiveMode | Freeze | AlterParameters | ResetParameters | SetEncryption
    | SetDecryption | ShowParameters | ShowTenant | CallProcedure | RefusedStatement | NotModelledStatement
)
"""Everything our own grammar produces; SELECT, SHOW and SET of variables go another way (`obsim.session`)."""


def masked_sql(statement: BackupStatement) -> str:
    """The statement for logs and reports: passwords and access keys are `***`."""
    if isinstance(statement, SetEncryption):
        return f"SET ENCRYPTION ON IDENTIFIED BY '{MASK}' ONLY"
    if isinstance(statement, SetDecryption):
        return "SET DECRYPTION IDENTIFIED BY " + ", ".join(f"'{MASK}'" for _ in statement.passwords)
    return masked(statement.sql())
