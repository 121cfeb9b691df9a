"""SUSPEND and RESUME MERGE, CLEAR MERGE ERROR, CHECKPOINT and FLUSH .. CACHE (grammar of OceanBase 4.x)."""

from obsim.sql.grammar.cursor import Cursor
from obsim.sql.grammar.known import CACHES
from obsim.statements import ClearMergeError, FlushCache, Freeze, MergeControl

__all__ = ["checkpoint", "clear_merge_error", "flush_cache", "flush_sql_audit", "merge_control"]

def merge_control(cursor: Cursor) -> MergeControl:
    """{SUSPEND | RESUME} MERGE [TENANT [=] names]."""
    suspend = cursor.one_of(frozenset({"SUSPEND", "RESUME"})) == "SUSPEND"
    cursor.expect("MERGE")
    return MergeControl(suspend, cursor.tenants())


def clear_merge_error(cursor: Cursor) -> ClearMergeError:
    """CLEAR MERGE ERROR [TENANT [=] names]."""
    cursor.expect("CLEAR", "MERGE", "ERROR")
    return ClearMergeError(cursor.tenants())


def checkpoint(cursor: Cursor) -> Freeze:
    """CHECKPOINT: a MAJOR FREEZE under another name (the recorded one warns as a second freeze does)."""
    cursor.expect("CHECKPOINT")
    return Freeze(major=True)


def flush_cache(cursor: Cursor) -> FlushCache:
    """FLUSH kind CACHE and its clauses."""
    cursor.expect("FLUSH")
    kind = cursor.one_of(frozenset(CACHES))
    cursor.expect("CACHE")
    namespace, sql_id, databases = (
        cursor.string() if cursor.clause(word) else None for word in ("NAMESPACE", "SQL_ID", "DATABASES")
    )
    return FlushCache(kind, namespace, sql_id, databases, _tenants(cursor), cursor.take("GLOBAL"))


def flush_sql_audit(cursor: Cursor) -> FlushCache:
    """FLUSH SQL AUDIT [TENANT [=] names] [GLOBAL]."""
    cursor.expect("FLUSH", "SQL", "AUDIT")
    return FlushCache("SQL AUDIT", tenants=_tenants(cursor), everywhere=cursor.take("GLOBAL"))


def _tenants(cursor: Cursor) -> tuple[str, ...]:
    """`[TENANT = names]`: here the sign is required (statements.md, Lexical rules)."""
    if not cursor.take("TENANT"):
        return ()
    cursor.expect("=")
    return tuple(cursor.listed(cursor.tenant_name))
