"""What the real engine refuses by itself among the statements obsim knows by name only.

Facts: statements.md ("Who may run ALTER SYSTEM statements"); recorded group `names and privileges` for system views.
"""

from re import IGNORECASE
from re import compile as re_compile
from typing import TYPE_CHECKING

from obsim.cluster.authority import lacking
from obsim.errors import NotModelled, ServerError, SyntaxRefused, error
from obsim.statements import NotModelledStatement, masked

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["refusal_of"]

_OPEN_TO_USER_TENANTS = frozenset(
    f"ALTER SYSTEM {words}"
    for words in (
        "BACKUP VALIDATE", "TRANSFER PARTITION", "TTL", "replica management", "service names",
    )
)  # fmt: skip
"""What a user tenant may run of the ALTER SYSTEM statements that obsim knows by name."""
_TENANT_DDL = frozenset({"ALTER TENANT", "EXTERNAL RESOURCE"})
_VALIDATE_VERSION = "BACKUP_VALIDATE command is not supported in data version less than 4.5.1"
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
    if what == "ALTER SESSION" and session.tenant.mode == "MYSQL":
        at = statement.text.upper().index("SESSION")
        return SyntaxRefused(masked(statement.text, at).rstrip(), statement.text.count("\n", 0, at) + 1)
    closed = what in _TENANT_DDL or (what.startswith("ALTER SYSTEM ") and what not in _OPEN_TO_USER_TENANTS)
    if closed and session.tenant.kind != "SYS":
        return error("OB_ERR_NO_PRIVILEGE")
    refused = _privilege_refusal(session, statement)
    if refused is not None:
        return refused
    if what == "ALTER SYSTEM BACKUP VALIDATE":
        return error("OB_NOT_SUPPORTED", _VALIDATE_VERSION)
    for pattern, refused in _SYSTEM_VIEW_RULES:
        match = pattern.match(statement.text)
        if match is not None and _names_system_view(session, match[1], match[2]):
            return ServerError(refused.errno, refused.sqlstate, refused.message, name=refused.name, code=refused.code)
    return NotModelled(what)


_NEEDED = {
    "FLASHBACK": "SUPER",
    "PURGE": "SUPER",
    "ALTER TENANT": "ALTER TENANT",
}
"""Privilege on `*.*` of statements known by name; every ALTER SYSTEM but CHANGE TENANT needs ALTER SYSTEM."""
_DATABASE = re_compile(rf"\s*(?:CREATE|DROP)\s+(?:DATABASE|SCHEMA)(?:\s+IF\s+(?:NOT\s+)?EXISTS)?\s+{_NAME}", IGNORECASE)


def _privilege_refusal(session: "Session", statement: NotModelledStatement) -> ServerError | None:
    what = statement.what
    needed = _NEEDED.get(what)
    if what.startswith("ALTER SYSTEM ") and what != "ALTER SYSTEM CHANGE TENANT":
        needed = "ALTER SYSTEM"
    if needed is not None:
        return lacking(session.cluster.state, session.principal, needed)
    match = _DATABASE.match(statement.text)
    if match is not None:
        name = match[1].strip("`")
        if not session.may(statement.text.split()[0].upper(), name):
            return error("OB_ERR_NO_DB_PRIVILEGE", session.user, session.account_host, name)
    return None


def _names_system_view(session: "Session", first: str, second: str | None) -> bool:
    schema, name = (session.database, first) if second is None else (session.schema_named(first.strip("`")), second)
    if schema is None:
        return False
    try:
        return session.cluster.catalog.find(schema, name.strip("`"), session.tenant) is not None
    except NotModelled:
        return True  # a view that the real engine has and obsim has not
