"""Reading one statement: its first words decide who reads on.

    SELECT WITH ( VALUES TABLE   -> Query, whose text the evaluator compiles
    ALTER SYSTEM ...             -> obsim.sql.grammar.backup, parameters; known (by shape only)
    SET SHOW DESC USE KILL ...   -> obsim.sql.grammar.session, show
    CREATE INSERT GRANT ...      -> NotModelledStatement by name

Grammar and near texts follow statements.md and seekdb-observations.jsonl of the reference shelf.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from collections.abc import Callable, Sequence
from re import compile as re_compile

from obsim.answers import Value
from obsim.client_statements import ClientStatement, Empty, Query
from obsim.errors import ServerError, SyntaxRefused, error
from obsim.sql.grammar.accounts import (
    alter_user,
    create_user,
    drop_user,
    grant,
    rename_user,
    revoke,
    set_password,
)
from obsim.sql.grammar.backup import archive_mode, backup, cancel_backup, freeze, set_decryption, set_encryption
from obsim.sql.grammar.cleanup import (
    add_delete_policy,
    cancel_delete_backup,
    delete_backup,
    delete_obsolete,
    drop_delete_policy,
)
from obsim.sql.grammar.cursor import Cursor
from obsim.sql.grammar.known import ALTER_SYSTEM_FORMS, TOP_FORMS, known_statement
from obsim.sql.grammar.maintenance import (
    CACHES,
    checkpoint,
    clear_merge_error,
    flush_cache,
    flush_sql_audit,
    merge_control,
)
from obsim.sql.grammar.parameters import (
    alter_parameters,
    call_procedure,
    reset_parameters,
    show_parameters,
    show_tenant,
)
from obsim.sql.grammar.prepared import do_expressions, drop_prepared, execute, lock_tables, prepare, unlock_tables
from obsim.sql.grammar.resources import alter_resource, create_resource, drop_resource
from obsim.sql.grammar.restore import (
    add_restore_source,
    backup_key,
    cancel_recover_table,
    cancel_restore,
    change_external_storage,
    clear_restore_source,
    recover_standby,
    recover_table,
    restore,
    switch_role,
)
from obsim.sql.grammar.servers import admin_server, admin_zone
from obsim.sql.grammar.session import kill, set_statement, transaction, use
from obsim.sql.grammar.show import describe, show
from obsim.sql.grammar.since import check_version
from obsim.sql.grammar.tenants import alter_tenant, create_tenant, drop_tenant, flashback_tenant, purge
from obsim.sql.tokens import (
    after_blanks,
    count_parameters,
    has_executable_comments,
    refused_at,
    scan,
    split_statements,
    syntax_error_of,
)
from obsim.statements import BackupStatement, NotModelledStatement, masked, masked_sql
from obsim.versions import VersionProfile

__all__ = [
    "count_parameters", "is_own_statement", "loggable", "read_statement", "split_statements", "syntax_error_of",
]

Statement = BackupStatement | ClientStatement
Reader = Callable[[Cursor], Statement]

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
        return alter_user(cursor)
    if cursor.following == "SESSION":  # of Oracle mode; what is missing depends on the tenant
        cursor.index = len(cursor.tokens)
        return NotModelledStatement("ALTER SESSION", cursor.text)
    if cursor.following != "SYSTEM":
        return _other(cursor)
    cursor.expect("ALTER", "SYSTEM")
    word, following = cursor.word, cursor.following
    if following == "=":
        return alter_parameters(cursor)  # a keyword may be the name of a parameter
    forms = ALTER_SYSTEM_FORMS.get(word)
    furthest = 0
    if forms:
        found, furthest = known_statement(cursor, forms)
        if found is not None:
            return found
    reader = ALTER_SYSTEM.get(f"{word} {following}") or ALTER_SYSTEM.get(word)
    if reader is None and (forms or word in _FIRST_OF_TWO):
        raise cursor.refused(max(furthest, cursor.index + 1))
    return (reader or alter_parameters)(cursor)


def _cancel_delete(cursor: Cursor) -> Statement:
    return admin_server(cursor) if cursor.words[cursor.index + 2] == "SERVER" else cancel_delete_backup(cursor)


def _set(cursor: Cursor) -> Statement:
    if cursor.following == "PASSWORD" and cursor.words[2] in {"=", "FOR"}:
        return set_password(cursor)
    if cursor.following == "ENCRYPTION":
        return set_encryption(cursor)
    return set_decryption(cursor) if cursor.following == "DECRYPTION" else set_statement(cursor)


def _show(cursor: Cursor) -> Statement:
    if cursor.following == "PARAMETERS":
        return show_parameters(cursor)
    return show_tenant(cursor) if cursor.following == "TENANT" else show(cursor)


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
    "ACTIVATE STANDBY": switch_role,
    "ADD DELETE": add_delete_policy,
    "ADD RESTORE": add_restore_source,
    "ADD SERVER": admin_server,
    "ADD ZONE": admin_zone,
    "ALTER ZONE": admin_zone,
    "ARCHIVELOG": archive_mode,
    "BACKUP": backup,
    "BACKUP KEY": backup_key,
    "CANCEL BACKUP": cancel_backup,
    "CANCEL DELETE": _cancel_delete,
    "CANCEL RECOVER": cancel_recover_table,
    "CANCEL RESTORE": cancel_restore,
    "CHANGE EXTERNAL_STORAGE_DEST": change_external_storage,
    "CHANGE ZONE": admin_zone,
    "CHECKPOINT": checkpoint,
    "CLEAR MERGE": clear_merge_error,
    "CLEAR RESTORE": clear_restore_source,
    "DELETE BACKUPPIECE": delete_backup,
    "DELETE BACKUPSET": delete_backup,
    "DELETE OBSOLETE": delete_obsolete,
    "DELETE SERVER": admin_server,
    "DELETE ZONE": admin_zone,
    "DROP DELETE": drop_delete_policy,
    **dict.fromkeys((f"FLUSH {kind}" for kind in CACHES), flush_cache),
    "FLUSH SQL": flush_sql_audit,
    "FORCE STOP": admin_server,
    "ISOLATE SERVER": admin_server,
    "ISOLATE ZONE": admin_zone,
    "MAJOR": freeze,
    "MINOR": freeze,
    "MODIFY ZONE": admin_zone,
    "NOARCHIVELOG": archive_mode,
    "RECOVER STANDBY": recover_standby,
    "RECOVER TABLE": recover_table,
    "RESET": reset_parameters,
    "RESTORE": restore,
    "RESUME MERGE": merge_control,
    "SET": alter_parameters,
    "START SERVER": admin_server,
    "START ZONE": admin_zone,
    "STOP SERVER": admin_server,
    "STOP ZONE": admin_zone,
    "SUSPEND MERGE": merge_control,
    "SWITCHOVER TO": switch_role,
}
"""What follows ALTER SYSTEM and is modelled. Other first words are in ALTER_SYSTEM_FORMS or name a parameter."""

_FIRST_OF_TWO = frozenset(words.partition(" ")[0] for words in ALTER_SYSTEM if " " in words)

_MODELLED: dict[str, Reader] = {
    "ALTER RESOURCE": alter_resource,
    "ALTER TENANT": alter_tenant,
    "CREATE RESOURCE": create_resource,
    "CREATE STANDBY": create_tenant,
    "CREATE TENANT": create_tenant,
    "CREATE USER": create_user,
    "DROP PREPARE": drop_prepared,
    "DROP RESOURCE": drop_resource,
    "DROP TENANT": drop_tenant,
    "DROP USER": drop_user,
    "FLASHBACK TENANT": flashback_tenant,
    "PURGE RECYCLEBIN": purge,
    "PURGE TENANT": purge,
    "RENAME USER": rename_user,
}
"""Two first words of statements that are neither ALTER SYSTEM nor MySQL's session language."""

STATEMENTS: dict[str, Reader] = {
    "ALTER": _alter,
    "BEGIN": transaction,
    "CALL": call_procedure,
    "COMMIT": transaction,
    "DEALLOCATE": drop_prepared,
    "DESC": describe,
    "DESCRIBE": describe,
    "DO": do_expressions,
    "EXECUTE": execute,
    "EXPLAIN": describe,
    "GRANT": grant,
    "KILL": kill,
    "LOCK": lock_tables,
    "PREPARE": prepare,
    "RELEASE": transaction,
    "REVOKE": revoke,
    "ROLLBACK": transaction,
    "SAVEPOINT": transaction,
    "SET": _set,
    "SHOW": _show,
    "START": transaction,
    "UNLOCK": unlock_tables,
    "USE": use,
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
            shown.append(masked_sql(statement) if isinstance(statement, BackupStatement) else masked(piece))
    return "; ".join(shown)
