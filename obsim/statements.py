"""The statements of OceanBase that obsim understands, as frozen dataclasses that print back to SQL.

The server, the in-process interface, the journal and the property tests all speak these; for every statement `s`,
parsing `s.sql()` gives `s` again. Grammar: `statements.md`. Printing is canonical: upper-case keywords, names
back-quoted only where a bare word would not do, text in single quotes.
"""

from dataclasses import dataclass, field
from re import ASCII, compile as re_compile

__all__ = [
    "AlterParameters", "BackupDatabase", "BackupStatement", "CallProcedure", "CancelBackup", "Freeze", "NotModelledStatement",
    "NullValue", "ParameterAction", "ParameterValue", "ResetParameters", "RefusedStatement", "Secret", "SetArchiveMode", "SetDecryption",
    "SetEncryption", "ShowParameters", "ShowTenant", "masked", "quote_name", "quote_text",
]

_BARE_NAME = re_compile(r"[A-Za-z_][A-Za-z0-9_$]*", ASCII)
MASK = "***"
_SECRET_KEYS = re_compile(r"(?i)\b(access_id|access_key|secret_key|session_token|encrypt_key|password|kms_encrypt_info)=([^&?\s'\",]*)")
# Reserved words of MySQL mode that a tenant could be called; everything outside is legal bare (statements.md, Lexical rules).
RESERVED = frozenset(
    """add all alter and as asc before between both by cascade case change character check column condition constraint
    create cross database databases default delete desc describe distinct div drop else exists explain for force from
    grant group having if in index inner insert interval into is join key keys kill left like limit lock match natural
    not null on option or order outer primary procedure range read references rename replace require restrict revoke
    right schema select set show sql table then to union unique unlock update usage use using values when where with
    write xor""".split()
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


def masked(text: str) -> str:
    """`text` with the values of credential options (access keys, passwords in a URI) replaced by `***`."""
    return _SECRET_KEYS.sub(lambda m: f"{m.group(1)}={MASK}", text)


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
        text = f"{quote_name(self.name)} = {_parameter_text(self.value)}"
        text += f" COMMENT {quote_text(self.comment)}" if self.comment is not None else ""
        return text + _scope_clauses(self.scope, self.server, self.zone, self.tenant)


def _parameter_text(value: ParameterValue) -> str:
    if isinstance(value, NullValue):
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return quote_text(value)
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
        return quote_name(self.name) + _scope_clauses(self.scope, None, None, self.tenant)


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
    """CALL obsim.name(argument, ...): the control procedures. `schema` and `name` are lower case."""

    schema: str
    name: str
    arguments: tuple[str | int | float | None, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        shown = ", ".join("NULL" if a is None else quote_text(a) if isinstance(a, str) else repr(a) for a in self.arguments)
        return f"CALL {quote_name(self.schema)}.{quote_name(self.name)}({shown})"


@dataclass(frozen=True, slots=True)
class RefusedStatement:
    """A statement that every 4.x parses and then refuses with the plain 1235 (relatives of a second backup and so on)."""

    text: str = field(compare=True)

    def sql(self) -> str:
        """The statement as it came."""
        return self.text


@dataclass(frozen=True, slots=True)
class NotModelledStatement:
    """A statement of OceanBase whose family obsim knows by name only; running it answers 1235 with `what`."""

    what: str
    text: str

    def sql(self) -> str:
        """The statement as it came."""
        return self.text


BackupStatement = (
    BackupDatabase | CancelBackup | SetArchiveMode | Freeze | AlterParameters | ResetParameters | SetEncryption | SetDecryption
    | ShowParameters | ShowTenant | CallProcedure | RefusedStatement | NotModelledStatement
)
"""Everything our own grammar produces; SELECT, SHOW and SET of variables go another way (`obsim.session`)."""


def masked_sql(statement: BackupStatement) -> str:
    """The statement for logs and reports: passwords and access keys are `***`."""
    if isinstance(statement, SetEncryption):
        return f"SET ENCRYPTION ON IDENTIFIED BY '{MASK}' ONLY"
    if isinstance(statement, SetDecryption):
        return "SET DECRYPTION IDENTIFIED BY " + ", ".join(f"'{MASK}'" for _ in statement.passwords)
    return masked(statement.sql())
