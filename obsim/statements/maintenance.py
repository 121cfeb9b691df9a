"""Merges and caches: statements of upkeep (grammar of OceanBase 4.x; recorded group `freeze`)."""

from dataclasses import dataclass

from obsim.statements.base import AlterSystem
from obsim.statements.text import tenants_clause, text_clause

__all__ = ["ClearMergeError", "FlushCache", "MergeControl"]


@dataclass(frozen=True, slots=True)
class MergeControl(AlterSystem):
    """ALTER SYSTEM {SUSPEND | RESUME} MERGE [TENANT [=] names]."""

    suspend: bool
    tenants: tuple[str, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM {'SUSPEND' if self.suspend else 'RESUME'} MERGE{tenants_clause(self.tenants)}"


@dataclass(frozen=True, slots=True)
class ClearMergeError(AlterSystem):
    """ALTER SYSTEM CLEAR MERGE ERROR [TENANT [=] names]."""

    tenants: tuple[str, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        return f"ALTER SYSTEM CLEAR MERGE ERROR{tenants_clause(self.tenants)}"


@dataclass(frozen=True, slots=True)
class FlushCache(AlterSystem):
    """ALTER SYSTEM FLUSH kind CACHE [NAMESPACE [=] 't'] [SQL_ID [=] 't'] [DATABASES [=] 't'] [TENANT = names] [GLOBAL].

    `SQL AUDIT` stands without the word CACHE.
    """

    kind: str
    namespace: str | None = None
    sql_id: str | None = None
    databases: str | None = None
    tenants: tuple[str, ...] = ()
    everywhere: bool = False

    def sql(self) -> str:
        """The statement as SQL."""
        text = f"ALTER SYSTEM FLUSH {self.kind}{'' if self.kind == 'SQL AUDIT' else ' CACHE'}"
        text += text_clause("NAMESPACE", self.namespace) + text_clause("SQL_ID", self.sql_id)
        text += text_clause("DATABASES", self.databases) + tenants_clause(self.tenants)
        return text + (" GLOBAL" if self.everywhere else "")
