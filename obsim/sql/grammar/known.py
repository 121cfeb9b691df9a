"""Statements of OceanBase that obsim knows by name and shape: what it does not model, and what 4.x itself refuses.

Shapes: statements.md (Data backup to Freeze and tenants). Where it gives none, the leading words are right and `rest`
takes what follows.
"""

from obsim.errors import error
from obsim.sql.grammar.cursor import Cursor
from obsim.sql.grammar.forms import FormMatch, match_form
from obsim.statements import NotModelledStatement, RefusedStatement

__all__ = ["ALTER_SYSTEM_FORMS", "CACHES", "TOP_FORMS", "Entry", "known_statement"]

CACHES = (
    "ALL", "AUDIT", "BLOCK", "BLOCK_INDEX", "BLOOM_FILTER", "CLOG", "COLUMN_STAT", "ILOG", "LIB", "LOCATION", "PL",
    "PLAN", "PS", "ROW", "SCHEMA",
)  # fmt: skip
"""What may stand between FLUSH and CACHE."""
REFUSED = "refused"
"""In place of a name: every 4.x parses the statement and answers with the plain 1235."""

_SYSTEM_FORMS: tuple[tuple[str, str], ...] = (
    (REFUSED, "BACKUP BACKUPSET backup_choice backup_place"),
    (REFUSED, "BACKUP BACKUPPIECE backup_choice [WITH ACTIVE] backup_place"),
    (REFUSED, "CANCEL BACKUP { BACKUPSET | BACKUPPIECE } [integer] [tenants]"),
    (REFUSED, "CANCEL ALL BACKUP FORCE"),
    (REFUSED, "{ START | STOP } BACKUP ARCHIVELOG"),
    (REFUSED, "{ SUSPEND | RESUME } BACKUP"),
    (REFUSED, "VALIDATE DATABASE [COPY integer]"),
    (REFUSED, "VALIDATE BACKUPSET integer [COPY integer]"),
    (REFUSED, "START MERGE zone"),
    (REFUSED, "CANCEL VALIDATE integer [COPY integer]"),
    ("BACKUP VALIDATE", "BACKUP VALIDATE rest"),
    ("CHANGE TENANT", "CHANGE TENANT { TENANT_ID [=] integer | name }"),
    ("BOOTSTRAP", "BOOTSTRAP [CLUSTER name] { ZONE | REGION } rest"),
    ("service names", "{ CREATE | DELETE | START | STOP } SERVICE name [one_tenant]"),
    ("FLUSH", "FLUSH { TABLET | SS_LOCAL_CACHE | KVCACHE | ILOGCACHE | DAG WARNINGS } rest"),
    ("CHECKPOINT SLOG", "CHECKPOINT SLOG rest"),
    ("CLEAR", "CLEAR { LOCATION CACHE | ROOTTABLE | BALANCE TASK } rest"),
    ("REFRESH", "REFRESH { SCHEMA | MEMORY STAT | TIME_ZONE_INFO | IO CALIBRATION } rest"),
    ("RELOAD", "RELOAD { GTS | UNIT | SERVER | ZONE | TIME_ZONE_INFO } rest"),
    ("REPORT REPLICA", "REPORT REPLICA rest"),
    ("RECYCLE REPLICA", "RECYCLE REPLICA rest"),
    ("SWITCH", "SWITCH { REPLICA | ROOTSERVICE | ZONE } rest"),
    ("unit migration", "MIGRATE UNIT rest"),
    ("unit migration", "CANCEL MIGRATE UNIT rest"),
    ("replica management", "{ ADD | REMOVE | MIGRATE | MODIFY } { REPLICA | LS } rest"),
    ("replica management", "REMOVE LOST REPLICA rest"),
    ("replica management", "CANCEL REPLICA TASK rest"),
    ("TRANSFER PARTITION", "TRANSFER PARTITION rest"),
    ("TRANSFER PARTITION", "CANCEL { TRANSFER PARTITION | BALANCE JOB } rest"),
    ("CANCEL CLONE", "CANCEL CLONE name"),
    ("TTL", "{ TRIGGER | SUSPEND | RESUME | CANCEL } TTL rest"),
    ("upgrade control", "{ BEGIN | END } [ROLLING] UPGRADE"),
    ("upgrade control", "UPGRADE VIRTUAL SCHEMA"),
    ("upgrade control", "{ RUN UPGRADE JOB | STOP UPGRADE JOB } rest"),
    ("RUN JOB", "RUN JOB string rest"),
    ("SQL throttle", "{ ENABLE | DISABLE } SQL THROTTLE rest"),
    ("LOAD", "LOAD { MODULE | LICENSE | TIME_ZONE_INFO } rest"),
    ("SET NETWORK_BANDWIDTH", "SET NETWORK_BANDWIDTH REGION rest"),
    ("SET DISK VALID", "SET DISK VALID rest"),
    ("tracepoints", "SET_TP rest"),
)
_TOP: tuple[tuple[str, str], ...] = (
    ("PURGE", "PURGE { DATABASE | TABLE | INDEX } rest"),
    ("FLASHBACK", "FLASHBACK { DATABASE | TABLE } rest"),
    ("ALTER DATABASE", "ALTER { DATABASE | SCHEMA } { database_option rest | name database_option rest }"),
    ("CREATE RESTORE POINT", "CREATE RESTORE POINT name"),
    ("DROP RESTORE POINT", "DROP RESTORE POINT name"),
    ("EXTERNAL RESOURCE", "{ CREATE | ALTER | DROP } EXTERNAL RESOURCE rest"),
)


Entry = tuple[str, str, frozenset[str]]
"""Name, form, and the words that can stand second in it; no words where anything can."""


def _openings(signs: list[str]) -> tuple[list[str], list[str]]:
    """The words `signs` can begin with, and the signs behind them; no words where a terminal or `[` comes first."""
    if signs and signs[0] == "{":
        end = signs.index("}")
        options = " ".join(signs[1:end]).split(" | ")
        if all(option.isupper() and " " not in option for option in options):
            return options, signs[end + 1 :]
        firsts = [option.split()[0] for option in options]
        return (firsts if all(first.isupper() for first in firsts) else []), []
    return (signs[:1], signs[1:]) if signs and signs[0][0].isupper() else ([], [])


def _by_first_word(prefix: str, forms: tuple[tuple[str, str], ...]) -> dict[str, list[Entry]]:
    """The forms that can begin with a word, in the order written; the names get their prefix."""
    table: dict[str, list[Entry]] = {}
    for what, form in forms:
        firsts, behind = _openings(form.split())
        for word in firsts:
            name = what if what == REFUSED else prefix + what
            table.setdefault(word, []).append((name, form, frozenset(_openings(behind)[0])))
    return table


ALTER_SYSTEM_FORMS = _by_first_word("ALTER SYSTEM ", _SYSTEM_FORMS)
TOP_FORMS = _by_first_word("", _TOP)


def known_statement(
    cursor: Cursor, forms: list[Entry]
) -> tuple[NotModelledStatement | RefusedStatement | None, int]:
    """The statement if one of `forms` fits all of it, and the index of the furthest token that did not.

    The present word is one that all of `forms` begin with. Raises OB_ERR_PARSER_SYNTAX (1149) where a form fits but a
    text that must not be empty is.
    """
    match = FormMatch(cursor)
    match.furthest += 1
    following = cursor.following
    for what, form, seconds in forms:
        if seconds and following not in seconds:
            continue
        if match_form(match, form):
            if match.empty_text:
                raise error("OB_ERR_PARSER_SYNTAX")
            return (RefusedStatement(cursor.text) if what == REFUSED else NotModelledStatement(what, cursor.text)), 0
    return None, match.furthest
