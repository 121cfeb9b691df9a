"""Reading one statement: its first words decide who reads on.

    SELECT WITH ( VALUES TABLE   -> Query, whose text the evaluator compiles
    ALTER SYSTEM ...             -> obsim.sql.grammar.backup, parameters; known (by shape only)
    SET SHOW DESC USE KILL ...   -> obsim.sql.grammar.session, _show.show
    CREATE INSERT GRANT ...      -> NotModelledStatement by name

Grammar and near texts follow statements.md and seekdb-observations.jsonl of the reference shelf.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from collections.abc import Callable, Sequence
from importlib import import_module
from re import compile as re_compile

from obsim.answers import Value
from obsim.client_statements import ClientStatement, Empty, Query
from obsim.errors import ServerError, SyntaxRefused, error
from obsim.sql.grammar.cursor import Cursor
from obsim.sql.grammar.known import ALTER_SYSTEM_FORMS, CACHES, TOP_FORMS, known_statement
from obsim.sql.grammar.since import check_version
from obsim.sql.tokens import (
    after_blanks,
    count_parameters,
    has_executable_comments,
    refused_at,
    scan,
    split_statements,
    syntax_error_of,
)
from obsim.statements import BackupStatement, NotModelledStatement, masked
from obsim.versions import VersionProfile

__all__ = [
    "count_parameters", "is_own_statement", "loggable", "read_statement", "split_statements", "syntax_error_of",
]

Statement = BackupStatement | ClientStatement
Reader = Callable[[Cursor], Statement]



class _Family:
    """A file of the grammar, loaded when the first statement that one of its readers is for is read."""

    def __init__(self, file: str) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Reader:
        def read(cursor: Cursor) -> Statement:
            found: Reader = getattr(import_module(f"obsim.sql.grammar.{self._file}"), name)
            return found(cursor)

        return read


_accounts, _backup, _cleanup, _maintenance = map(_Family, ("accounts", "backup", "cleanup", "maintenance"))
_parameters, _prepared, _resources, _restore = map(_Family, ("parameters", "prepared", "resources", "restore"))
_servers, _session, _show, _tenants = map(_Family, ("servers", "session", "show", "tenants"))

_FIRST_WORD = re_compile(r"[A-Za-z_]\w*")
_QUERY_WORDS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})


def read_statement(
    text: str, parameters: Sequence[Value] | None = None, profile: VersionProfile | None = None
) -> Statement:
    """The one statement of `text`, as a dataclass of `obsim.statements` or `obsim.client_statements`.

    With `parameters`, each `?` stands for its value; a Query keeps its marks for the evaluator. Raises SyntaxRefused
    (1064) for what is not in the language (with `profile`: of that version), ER_EMPTY_QUERY (1065) for an empty text,
    OB_ERR_PARSER_SYNTAX (1149) for a second statement and for an empty string where none may be, NotModelled past a
    limit of `obsim.sql.tokens`. What does not fit with the inside of its `/*! */` is read without.
    """
    try:
        return _read(text, parameters, profile, inside=True)
    except SyntaxRefused:
        if not has_executable_comments(text):
            raise
    return _read(text, parameters, profile, inside=False)


def _read(
    text: str, parameters: Sequence[Value] | None, profile: VersionProfile | None, *, inside: bool
) -> Statement:
    body, start, terminated = scan(text, inside=inside)
    if start == len(body):
        if terminated or not body or body.isspace():
            raise error("ER_EMPTY_QUERY")
        return Empty()
    match = _FIRST_WORD.match(body, start)
    word = match.group().upper() if match else ""
    if word in _QUERY_WORDS or (body[start] == "(" and _is_query_inside(body, start)):
        written = text[: len(body)]  # the evaluator looks into comments itself
        return Query(written.rstrip() if terminated else written)
    reader = STATEMENTS.get(word)
    if reader is None:
        raise refused_at(body, start)
    cursor = Cursor(body, parameters)
    statement = reader(cursor)
    cursor.finish()
    if profile is not None:
        check_version(cursor, statement, profile)
    return statement


def _is_query_inside(body: str, start: int) -> bool:
    while body.startswith("(", start):
        start = after_blanks(body, start + 1)
    match = _FIRST_WORD.match(body, start)
    return match is not None and match.group().upper() in _QUERY_WORDS


def _alter(cursor: Cursor) -> Statement:
    if cursor.following == "USER":
        return _accounts.alter_user(cursor)
    if cursor.following == "SESSION":  # of Oracle mode; what is missing depends on the tenant
        cursor.index = len(cursor.tokens)
        return NotModelledStatement("ALTER SESSION", cursor.text)
    if cursor.following != "SYSTEM":
        return _other(cursor)
    cursor.expect("ALTER", "SYSTEM")
    word, following = cursor.word, cursor.following
    if following == "=":
        return _parameters.alter_parameters(cursor)  # a keyword may be the name of a parameter
    forms = ALTER_SYSTEM_FORMS.get(word)
    furthest = 0
    if forms:
        found, furthest = known_statement(cursor, forms)
        if found is not None:
            return found
    reader = ALTER_SYSTEM.get(f"{word} {following}") or ALTER_SYSTEM.get(word)
    if reader is None and (forms or word in _FIRST_OF_TWO):
        raise cursor.refused(max(furthest, cursor.index + 1))
    return (reader or _parameters.alter_parameters)(cursor)


def _cancel_delete(cursor: Cursor) -> Statement:
    of_server = cursor.words[cursor.index + 2] == "SERVER"
    return (_servers.admin_server if of_server else _cleanup.cancel_delete_backup)(cursor)


def _set(cursor: Cursor) -> Statement:
    if cursor.following == "PASSWORD" and cursor.words[2] in {"=", "FOR"}:
        return _accounts.set_password(cursor)
    if cursor.following == "ENCRYPTION":
        return _backup.set_encryption(cursor)
    return _backup.set_decryption(cursor) if cursor.following == "DECRYPTION" else _session.set_statement(cursor)


def _show_any(cursor: Cursor) -> Statement:
    if cursor.following == "PARAMETERS":
        return _parameters.show_parameters(cursor)
    return _parameters.show_tenant(cursor) if cursor.following == "TENANT" else _show.show(cursor)


def _other(cursor: Cursor) -> Statement:
    """A statement of MySQL or OceanBase that obsim knows by name."""
    word, following = cursor.word, cursor.following
    modelled = _MODELLED.get(f"{word} {following}")
    if modelled is not None:
        return modelled(cursor)
    forms = TOP_FORMS.get(word, [])
    found, furthest = known_statement(cursor, forms)
    if found is not None:
        return found
    objects = _OBJECTS.get(word)
    if objects is None:
        cursor.index = len(cursor.tokens)
        return NotModelledStatement(word, cursor.text)
    if following not in objects:
        raise cursor.refused(max(furthest, 1))
    cursor.index = len(cursor.tokens)
    return NotModelledStatement(f"{word} {following}", cursor.text)


ALTER_SYSTEM: dict[str, Reader] = {
    "ACTIVATE STANDBY": _restore.switch_role,
    "ADD DELETE": _cleanup.add_delete_policy,
    "ADD RESTORE": _restore.add_restore_source,
    "ADD SERVER": _servers.admin_server,
    "ADD ZONE": _servers.admin_zone,
    "ALTER ZONE": _servers.admin_zone,
    "ARCHIVELOG": _backup.archive_mode,
    "BACKUP": _backup.backup,
    "BACKUP KEY": _restore.backup_key,
    "CANCEL BACKUP": _backup.cancel_backup,
    "CANCEL DELETE": _cancel_delete,
    "CANCEL RECOVER": _restore.cancel_recover_table,
    "CANCEL RESTORE": _restore.cancel_restore,
    "CHANGE EXTERNAL_STORAGE_DEST": _restore.change_external_storage,
    "CHANGE ZONE": _servers.admin_zone,
    "CHECKPOINT": _maintenance.checkpoint,
    "CLEAR MERGE": _maintenance.clear_merge_error,
    "CLEAR RESTORE": _restore.clear_restore_source,
    "DELETE BACKUPPIECE": _cleanup.delete_backup,
    "DELETE BACKUPSET": _cleanup.delete_backup,
    "DELETE OBSOLETE": _cleanup.delete_obsolete,
    "DELETE SERVER": _servers.admin_server,
    "DELETE ZONE": _servers.admin_zone,
    "DROP DELETE": _cleanup.drop_delete_policy,
    **dict.fromkeys((f"FLUSH {kind}" for kind in CACHES), _maintenance.flush_cache),
    "FLUSH SQL": _maintenance.flush_sql_audit,
    "FORCE STOP": _servers.admin_server,
    "ISOLATE SERVER": _servers.admin_server,
    "ISOLATE ZONE": _servers.admin_zone,
    "MAJOR": _backup.freeze,
    "MINOR": _backup.freeze,
    "MODIFY ZONE": _servers.admin_zone,
    "NOARCHIVELOG": _backup.archive_mode,
    "RECOVER STANDBY": _restore.recover_standby,
    "RECOVER TABLE": _restore.recover_table,
    "RESET": _parameters.reset_parameters,
    "RESTORE": _restore.restore,
    "RESUME MERGE": _maintenance.merge_control,
    "SET": _parameters.alter_parameters,
    "START SERVER": _servers.admin_server,
    "START ZONE": _servers.admin_zone,
    "STOP SERVER": _servers.admin_server,
    "STOP ZONE": _servers.admin_zone,
    "SUSPEND MERGE": _maintenance.merge_control,
    "SWITCHOVER TO": _restore.switch_role,
}
"""What follows ALTER SYSTEM and is modelled. Other first words are in ALTER_SYSTEM_FORMS or name a parameter."""

_FIRST_OF_TWO = frozenset(words.partition(" ")[0] for words in ALTER_SYSTEM if " " in words)

_MODELLED: dict[str, Reader] = {
    "ALTER RESOURCE": _resources.alter_resource,
    "ALTER TENANT": _tenants.alter_tenant,
    "CREATE RESOURCE": _resources.create_resource,
    "CREATE STANDBY": _tenants.create_tenant,
    "CREATE TENANT": _tenants.create_tenant,
    "CREATE USER": _accounts.create_user,
    "DROP PREPARE": _prepared.drop_prepared,
    "DROP RESOURCE": _resources.drop_resource,
    "DROP TENANT": _tenants.drop_tenant,
    "DROP USER": _accounts.drop_user,
    "FLASHBACK TENANT": _tenants.flashback_tenant,
    "PURGE RECYCLEBIN": _tenants.purge,
    "PURGE TENANT": _tenants.purge,
    "RENAME USER": _accounts.rename_user,
}
"""Two first words of statements that are neither ALTER SYSTEM nor MySQL's session language."""

STATEMENTS: dict[str, Reader] = {
    "ALTER": _alter,
    "BEGIN": _session.transaction,
    "CALL": _parameters.call_procedure,
    "COMMIT": _session.transaction,
    "DEALLOCATE": _prepared.drop_prepared,
    "DESC": _show.describe,
    "DESCRIBE": _show.describe,
    "DO": _prepared.do_expressions,
    "EXECUTE": _prepared.execute,
    "EXPLAIN": _show.describe,
    "GRANT": _accounts.grant,
    "KILL": _session.kill,
    "LOCK": _prepared.lock_tables,
    "PREPARE": _prepared.prepare,
    "RELEASE": _session.transaction,
    "REVOKE": _accounts.revoke,
    "ROLLBACK": _session.transaction,
    "SAVEPOINT": _session.transaction,
    "SET": _set,
    "SHOW": _show_any,
    "START": _session.transaction,
    "UNLOCK": _prepared.unlock_tables,
    "USE": _session.use,
    **dict.fromkeys(
        """ANALYZE CHECK CHECKSUM CREATE DELETE DROP FLASHBACK FLUSH HANDLER HELP INSERT INSTALL LOAD MERGE OPTIMIZE
        PURGE RENAME REPAIR REPLACE RESET TRUNCATE UNINSTALL UPDATE XA""".split(),
        _other,
    ),
}
"""First word -> reader. A word that is in neither this table nor `_QUERY_WORDS` begins no statement."""

_CREATED = frozenset(
    """AGGREGATE ALGORITHM CATALOG CCL CONTEXT DATABASE DBLINK DEFINER DIRECTORY EVENT EXTERNAL FORMAT FULLTEXT FUNCTION
    GLOBAL INDEX KEYSTORE LOCATION MATERIALIZED OR OUTLINE PACKAGE PROCEDURE PROFILE PUBLIC ROLE SCHEMA SEQUENCE SERVER
    SPATIAL SQL SYNONYM TABLE TABLEGROUP TABLESPACE TEMPORARY TRIGGER TYPE UNIQUE USER VIEW""".split()
)
_OBJECTS: dict[str, frozenset[str]] = {
    "ALTER": _CREATED - {"DATABASE", "OR", "PUBLIC", "SCHEMA"},
    "CREATE": _CREATED,
    "DROP": _CREATED | {"TABLES"},
    "FLASHBACK": frozenset(),
    "PURGE": frozenset(),
}
"""First word -> what may follow it beside TOP_FORMS."""

_OWN = frozenset(
    {("ALTER", "SYSTEM"), ("SET", "ENCRYPTION"), ("SET", "DECRYPTION"), ("SHOW", "PARAMETERS"), ("SHOW", "TENANT")}
    | {(verb, what) for verb in ("ALTER", "CREATE", "DROP") for what in ("RESOURCE", "TENANT")}
    | {(verb, "TENANT") for verb in ("FLASHBACK", "PURGE")}
)


def is_own_statement(text: str) -> bool:
    """True where OceanBase's grammar, not MySQL's, has to read `text`."""
    body, start, _ = scan(text)
    match = _FIRST_WORD.match(body, start)
    if match is None:
        return False
    second = _FIRST_WORD.match(body, after_blanks(body, match.end()))
    return match.group().upper() == "CALL" or (match.group().upper(), second.group().upper() if second else "") in _OWN


def loggable(text: str) -> str:
    """`text` for logs and reports: passwords and keys are `***`, in whatever kind of statement, valid or not."""
    shown = []
    try:
        pieces = split_statements(text)
    except ServerError:
        return masked(text)
    for piece in pieces:
        try:
            statement = read_statement(piece)
        except ServerError:
            shown.append(masked(piece))
        else:
            shown.append(statement.masked_sql() if isinstance(statement, BackupStatement) else masked(piece))
    return "; ".join(shown)
