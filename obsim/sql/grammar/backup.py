"""BACKUP, CANCEL BACKUP, ARCHIVELOG, FREEZE and the passwords of a session (statements.md, Data backup to Freeze)."""

from obsim.sql.grammar.cursor import Cursor
from obsim.statements import BackupDatabase, CancelBackup, Freeze, Secret, SetArchiveMode, SetDecryption, SetEncryption

__all__ = ["archive_mode", "backup", "cancel_backup", "freeze", "set_decryption", "set_encryption"]


def backup(cursor: Cursor) -> BackupDatabase:
    """BACKUP [INCREMENTAL] {DATABASE | [TENANT [=] names]} [TO [=] uri] [PLUS ARCHIVELOG] [DESCRIPTION [=] text]."""
    cursor.expect("BACKUP")
    incremental = cursor.take("INCREMENTAL")
    tenants = None if cursor.take("DATABASE") else cursor.tenants()
    path = cursor.string() if cursor.clause("TO") else None
    plus_archivelog = cursor.take("PLUS")
    if plus_archivelog:
        cursor.expect("ARCHIVELOG")
    return BackupDatabase(incremental, tenants, path, plus_archivelog, cursor.description())


def cancel_backup(cursor: Cursor) -> CancelBackup:
    """CANCEL BACKUP [TENANT [=] names]."""
    cursor.expect("CANCEL", "BACKUP")
    return CancelBackup(cursor.tenants())


def archive_mode(cursor: Cursor) -> SetArchiveMode:
    """{ARCHIVELOG | NOARCHIVELOG} [TENANT [=] names] [DESCRIPTION [=] 'text']."""
    enabled = cursor.one_of(frozenset({"ARCHIVELOG", "NOARCHIVELOG"})) == "ARCHIVELOG"
    return SetArchiveMode(enabled, cursor.tenants(), cursor.description())


def freeze(cursor: Cursor) -> Freeze:
    """MAJOR FREEZE [TENANT ..] [TABLET_ID = n]; MINOR FREEZE takes LS [=] n, SERVER [=] (..) and ZONE [=] z besides."""
    major = cursor.one_of(frozenset({"MAJOR", "MINOR"})) == "MAJOR"
    cursor.expect("FREEZE")
    tenants = cursor.tenants()
    log_stream_id = cursor.integer() if not major and cursor.clause("LS") else None
    tablet_id = None
    if cursor.take("TABLET_ID"):
        cursor.expect("=")
        tablet_id = cursor.integer()
    if major:
        return Freeze(major, tenants, None, tablet_id)
    servers: tuple[str, ...] = ()
    if cursor.clause("SERVER"):
        cursor.expect("(")
        servers = tuple(cursor.listed(cursor.string))
        cursor.expect(")")
    zone = cursor.text_or_name() if cursor.clause("ZONE") else None
    return Freeze(major, tenants, log_stream_id, tablet_id, servers, zone)


def set_encryption(cursor: Cursor) -> SetEncryption:
    """SET ENCRYPTION ON IDENTIFIED BY 'password' ONLY."""
    cursor.expect("SET", "ENCRYPTION", "ON", "IDENTIFIED", "BY")
    password = Secret(cursor.string())
    cursor.expect("ONLY")
    return SetEncryption(password)


def set_decryption(cursor: Cursor) -> SetDecryption:
    """SET DECRYPTION IDENTIFIED BY 'password' {, 'password'}."""
    cursor.expect("SET", "DECRYPTION", "IDENTIFIED", "BY")
    return SetDecryption(tuple(Secret(p) for p in cursor.listed(cursor.string)))
