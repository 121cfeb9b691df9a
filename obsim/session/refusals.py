"""What the real engine refuses by itself among the statements obsim knows by name only.

Facts: statements.md ("Who may run ALTER SYSTEM statements"); recorded group `names and privileges` for system views.
"""

from re import IGNORECASE
from re import compile as re_compile
from typing import TYPE_CHECKING

from obsim.errors import NotModelled, ServerError, error
from obsim.statements import NotModelledStatement

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["refusal_of"]

_OPEN_TO_USER_TENANTS = frozenset(
    f"ALTER SYSTEM {words}"
    for words in (
        "ACTIVATE STANDBY", "ADD DELETE BACKUP POLICY", "BACKUP KEY", "BACKUP VALIDATE", "CANCEL DELETE BACKUP",
        "CLEAR MERGE ERROR", "DELETE BACKUPPIECE", "DELETE BACKUPSET", "DELETE OBSOLETE BACKUP",
        "DROP DELETE BACKUP POLICY", "FLUSH", "RECOVER STANDBY", "SWITCHOVER", "TRANSFER PARTITION", "TTL",
        "merge control", "replica management", "service names",
    )
)  # fmt: skip
"""What a user tenant may run of the ALTER SYSTEM statements that obsim knows by name."""
_TENANT_DDL = frozenset(
    {"CREATE TENANT", "DROP TENANT", "ALTER TENANT", "FLASHBACK TENANT", "resource units and pools"}
)
_NAME = r"(`[^`]+`|[\w$]+)"
_TARGET = rf"\s+{_NAME}(?:\s*\.\s*{_NAME})?"
_SYSTEM_VIEW_RULES = (
    (
        re_compile(
            r"\s*(?:INSERT|REPLACE|DELETE|UPDATE)(?:\s+(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|QUICK|IGNORE|INTO|FROM)\b)*"
            + _TARGET, IGNORECASE,
        ),
        ServerError(5723, "HY000", "cannot perform a DML operation on a read-only view"),
    ),
    (
        re_compile(r"\s*DROP\s+VIEW(?:\s+IF\s+EXISTS)?" + _TARGET, IGNORECASE),
        ServerError(4179, "HY000", "drop system view not allowed", name="OB_OP_NOT_ALLOW", code=-4179),
    ),
)  # fmt: skip
"""Statements that name a view of the system -> what they get."""


def refusal_of(session: "Session", statement: NotModelledStatement) -> ServerError:
    """The error of a statement obsim does not model: the real engine's own where it has one, else 1235 by name."""
    what = statement.what
    closed = what in _TENANT_DDL or (what.startswith("ALTER SYSTEM ") and what not in _OPEN_TO_USER_TENANTS)
    if closed and session.tenant.kind != "SYS":
        return error("OB_ERR_NO_PRIVILEGE")
    for pattern, refused in _SYSTEM_VIEW_RULES:
        match = pattern.match(statement.text)
        if match is not None and _names_system_view(session, match[1], match[2]):
            return ServerError(refused.errno, refused.sqlstate, refused.message, name=refused.name, code=refused.code)
    return NotModelled(what)


def _names_system_view(session: "Session", first: str, second: str | None) -> bool:
    schema, name = (session.database, first) if second is None else (session.schema_named(first.strip("`")), second)
    if schema is None:
        return False
    try:
        return session.cluster.catalog.find(schema, name.strip("`"), session.tenant) is not None
    except NotModelled:
        return True  # a view that the real engine has and obsim has not
