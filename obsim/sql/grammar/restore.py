"""Restores, their sources and standby tenants (statements.md, Restore and recovery).

An empty text where none may be is 1149, found out after the whole statement has been read.
"""

from typing import Any, Literal, cast

from obsim.errors import error
from obsim.sql.grammar.cursor import Cursor
from obsim.statements import (
    AddRestoreSource,
    BackupKey,
    CancelRecoverTable,
    CancelRestore,
    ChangeExternalStorage,
    ClearRestoreSource,
    KeySource,
    PreviewRestore,
    RecoverStandby,
    RecoverTable,
    Remap,
    RestorePoint,
    RestoreTables,
    RestoreTenant,
    Secret,
    SwitchRole,
    TableName,
)

__all__ = [
    "add_restore_source", "backup_key", "cancel_recover_table", "cancel_restore", "change_external_storage",
    "clear_restore_source", "recover_standby", "recover_table", "restore", "switch_role",
]  # fmt: skip

_REMAPPED = frozenset({"TABLE", "TABLEGROUP", "TABLESPACE"})
_REMAP_PARTS_MAX = 3


def _whole(cursor: Cursor, *texts: str | Secret | int | None) -> None:
    """Raises 1064 for what is left over, then 1149 where one of `texts` is empty."""
    cursor.finish()
    if any((text.reveal if isinstance(text, Secret) else text) == "" for text in texts):
        raise error("OB_ERR_PARSER_SYNTAX")


def _source(cursor: Cursor) -> str | None:
    return cursor.string() if cursor.take("FROM") else None


def _until(cursor: Cursor) -> RestorePoint:
    """[UNTIL {TIME = 'ts' | SCN = n}]: the sign is required, `TIME '..'` is a literal."""
    return _point(cursor) if cursor.take("UNTIL") else None


def _point(cursor: Cursor) -> str | int:
    word = cursor.one_of(frozenset({"TIME", "SCN"}))
    cursor.expect("=")
    return cursor.string() if word == "TIME" else cursor.integer()


def _password(cursor: Cursor) -> Secret | None:
    return Secret(cursor.string()) if cursor.take("ENCRYPTED", "BY") else None


def _keys(cursor: Cursor) -> KeySource:
    password = _password(cursor)
    if not cursor.take("WITH"):
        return KeySource(password)
    cursor.expect("KEY", "FROM")
    return KeySource(password, cursor.string(), _password(cursor))


def _table(cursor: Cursor) -> TableName:
    """`{* | name} [. {* | name}]`."""
    parts = [_part(cursor)]
    if cursor.take("."):
        parts.append(None if cursor.take("*") else cursor.member())
    return tuple(parts)


def _part(cursor: Cursor) -> str | None:
    return None if cursor.take("*") else cursor.name()


def restore(cursor: Cursor) -> RestoreTenant | RestoreTables | PreviewRestore:
    """RESTORE of a tenant, of a list of tables (4.0 and 4.1), or the PREVIEW of either."""
    cursor.expect("RESTORE")
    if cursor.word == "FROM":
        return _preview(cursor)
    tables = cursor.listed(lambda: _table(cursor))
    named = len(tables) == 1 and len(tables[0]) == 1 and tables[0][0] is not None
    if cursor.word == "FOR" or not named:
        cursor.expect("FOR")
        return _restore_tables(cursor, tuple(tables))
    uri, until, options, keys = _work(cursor)
    description = cursor.description()
    preview = cursor.take("PREVIEW")
    _whole(cursor, uri, until, options, description, *_texts(keys))
    return RestoreTenant(cast(str, tables[0][0]), options, uri, until, keys, description, preview)


def _preview(cursor: Cursor) -> PreviewRestore:
    cursor.expect("FROM")
    uri, until = cursor.string(), _until(cursor)
    cursor.expect("PREVIEW")
    _whole(cursor, uri, until)
    return PreviewRestore(uri, until)


def _restore_tables(cursor: Cursor, tables: tuple[TableName, ...]) -> RestoreTables:
    tenant = cursor.name()
    uri, until, options, keys = _work(cursor)
    description = cursor.description()
    _whole(cursor, uri, until, options, description, *_texts(keys))
    return RestoreTables(tables, tenant, options, uri, until, keys, description)


def _work(cursor: Cursor) -> tuple[str | None, RestorePoint, str, KeySource]:
    """`[FROM 'uris'] [UNTIL ..] WITH 'options' [keys]`."""
    uri, until = _source(cursor), _until(cursor)
    cursor.expect("WITH")
    return uri, until, cursor.string(), _keys(cursor)


def _texts(keys: KeySource) -> tuple[Any, ...]:
    return keys.password, keys.uri, keys.uri_password


def cancel_restore(cursor: Cursor) -> CancelRestore:
    """CANCEL RESTORE name."""
    cursor.expect("CANCEL", "RESTORE")
    return CancelRestore(cursor.name())


def add_restore_source(cursor: Cursor) -> AddRestoreSource:
    """ADD RESTORE SOURCE 'uri'."""
    cursor.expect("ADD", "RESTORE", "SOURCE")
    uri = cursor.string()
    _whole(cursor, uri)
    return AddRestoreSource(uri)


def clear_restore_source(cursor: Cursor) -> ClearRestoreSource:
    """CLEAR RESTORE SOURCE."""
    cursor.expect("CLEAR", "RESTORE", "SOURCE")
    return ClearRestoreSource()


def recover_table(cursor: Cursor) -> RecoverTable:
    """RECOVER TABLE tables TO TENANT [=] name, the clauses of a restore, REMAP .., DESCRIPTION."""
    cursor.expect("RECOVER", "TABLE")
    tables = tuple(cursor.listed(lambda: _recovered(cursor)))
    cursor.expect("TO")
    tenant = cursor.tenant()
    if tenant is None:
        raise cursor.refused()
    uri, until, options, keys = _work(cursor)
    remaps = []
    while cursor.take("REMAP"):
        kind = cast(Literal["TABLE", "TABLEGROUP", "TABLESPACE"], cursor.one_of(_REMAPPED))
        remaps.append(Remap(kind, tuple(cursor.listed(lambda: _remapped(cursor)))))
    description = cursor.description()
    _whole(cursor, uri, until, options, description, *_texts(keys))
    return RecoverTable(tables, tenant, options, uri, until, keys, tuple(remaps), description)


def _recovered(cursor: Cursor) -> tuple[TableName, ...]:
    """`*.*`, or `db . {* | table} [: partition]`: what is recovered has its database before it (recorded)."""
    database = _part(cursor)
    cursor.expect(".")
    if database is None:
        cursor.expect("*")
        return ((None, None),)
    table: TableName = (database, None if cursor.take("*") else cursor.member())
    return (table, _table(cursor)) if cursor.take(":") else (table,)


def _remapped(cursor: Cursor) -> tuple[TableName, ...]:
    """`a [: b [: c]]`: a table, its partition, and what REMAP makes of it."""
    parts = [_table(cursor)]
    while len(parts) < _REMAP_PARTS_MAX and cursor.take(":"):
        parts.append(_table(cursor))
    return tuple(parts)


def cancel_recover_table(cursor: Cursor) -> CancelRecoverTable:
    """CANCEL RECOVER TABLE name."""
    cursor.expect("CANCEL", "RECOVER", "TABLE")
    return CancelRecoverTable(cursor.name())


def recover_standby(cursor: Cursor) -> RecoverStandby:
    """RECOVER STANDBY [TENANT [=] name] [UNTIL {TIME = 'ts' | SCN = n | UNLIMITED} | CANCEL]."""
    cursor.expect("RECOVER", "STANDBY")
    tenant = cursor.tenant()
    if cursor.take("CANCEL"):
        return RecoverStandby(tenant, None, "CANCEL")
    if not cursor.take("UNTIL"):
        return RecoverStandby(tenant)
    if cursor.take("UNLIMITED"):
        return RecoverStandby(tenant, None, "UNLIMITED")
    return RecoverStandby(tenant, _point(cursor))


def switch_role(cursor: Cursor) -> SwitchRole:
    """ACTIVATE STANDBY and SWITCHOVER TO {PRIMARY | STANDBY}, with [TENANT [=] name] [VERIFY]."""
    action: Literal["ACTIVATE STANDBY", "SWITCHOVER TO PRIMARY", "SWITCHOVER TO STANDBY"] = "ACTIVATE STANDBY"
    if cursor.take("SWITCHOVER"):
        cursor.expect("TO")
        primary = cursor.one_of(frozenset({"PRIMARY", "STANDBY"})) == "PRIMARY"
        action = "SWITCHOVER TO PRIMARY" if primary else "SWITCHOVER TO STANDBY"
    else:
        cursor.expect("ACTIVATE", "STANDBY")
    return SwitchRole(action, cursor.tenant(), cursor.take("VERIFY"))


def backup_key(cursor: Cursor) -> BackupKey:
    """BACKUP KEY [TENANT [=] names] [TO [=] 'uri'] [ENCRYPTED BY 'password']."""
    cursor.expect("BACKUP", "KEY")
    tenants = cursor.tenants()
    return BackupKey(tenants, cursor.string() if cursor.clause("TO") else None, _password(cursor))


def change_external_storage(cursor: Cursor) -> ChangeExternalStorage:
    """CHANGE EXTERNAL_STORAGE_DEST PATH [=] 'p' [SET] [ACCESS_INFO [=] 'a'] [ATTRIBUTE [=] 'a']."""
    cursor.expect("CHANGE", "EXTERNAL_STORAGE_DEST")
    if not cursor.clause("PATH"):
        raise cursor.refused()
    path = Secret(cursor.string())
    cursor.take("SET")
    access = Secret(cursor.string()) if cursor.clause("ACCESS_INFO") else None
    return ChangeExternalStorage(path, access, Secret(cursor.string()) if cursor.clause("ATTRIBUTE") else None)
