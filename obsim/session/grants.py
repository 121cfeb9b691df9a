"""SHOW GRANTS and SHOW PRIVILEGES.

Order, words and the missing `@'%'` follow the recorded groups `names and privileges` and `unprivileged user`, and
OceanBase's source (virtual_table/ob_show_grants.cpp).
"""

from typing import TYPE_CHECKING

from obsim.client_statements import Show
from obsim.cluster.accounts import ADMINISTRATORS, EVERYWHERE, GRANT_OPTION, PRIVILEGES, Level, User, level_privileges
from obsim.errors import ServerError, error
from obsim.session.listing import Listing, text

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["grants", "privileges"]

_PRINTED = {"CREATE SYNONYM": "CREATE_SYNONYM"}
"""Where SHOW GRANTS has a word of its own."""


def grants(session: "Session", statement: Show) -> Listing:
    """SHOW GRANTS [FOR account]. Raises 1141 for an account that is not there, 1044 without SELECT on `mysql`."""
    own = statement.table in {None, "CURRENT_USER"}
    name, _, host = (session.user, "", session.account_host) if own else str(statement.table).partition("@")
    host = host or "%"
    user = session.tenant.account(name, host)
    if user is None:
        raise ServerError(1141, "42000", f"There is no such grant defined for user '{name}' on host '{host}'")
    if user != session.account and not session.may("SELECT", "mysql"):
        raise error("OB_ERR_NO_DB_PRIVILEGE", session.user, session.account_host, "mysql")
    rows = [_line(user, EVERYWHERE)]
    levels = [level for level in user.grants if level != EVERYWHERE]
    if user.name in ADMINISTRATORS.values():
        schemas = sorted(n for n in session.cluster.catalog.schemas(session.tenant) if n != "obsim")
        rows += [f"GRANT ALL PRIVILEGES ON `{schema}`.* TO '{user.name}'" for schema in schemas]
    rows += [_line(user, level) for level in sorted(levels, key=lambda level: (level[1] != "", level))]
    return Listing((text(f"Grants for {user.name}@{user.host}", 4096),), [(row,) for row in rows])


def _line(user: User, level: Level) -> str:
    given = user.at(level)
    every = level_privileges(level)
    if given >= every:
        words = "ALL PRIVILEGES"
    else:
        listed = [_PRINTED.get(name, name) for name in PRIVILEGES if name in given]
        words = ", ".join(listed) or "USAGE"
    schema, table = level
    where = "*.*" if level == EVERYWHERE else f"`{schema}`." + (f"`{table}`" if table else "*")
    who = f"'{user.name}'" if user.host == "%" else f"'{user.name}'@'{user.host}'"
    return f"GRANT {words} ON {where} TO {who}" + (" WITH GRANT OPTION" if GRANT_OPTION in given else "")


def privileges(_session: "Session", _: Show) -> Listing:
    """SHOW PRIVILEGES: those that GRANT takes and obsim looks at."""
    columns = (text("Privilege", 40), text("Context", 60), text("Comment", 300))
    rows = [
        ("Alter system", "Server Admin", "To run ALTER SYSTEM"),
        ("Process", "Server Admin", "To view the statements of other sessions"),
        ("Select", "Tables", "To retrieve rows from table"),
        ("Super", "Server Admin", "To use KILL thread, SET GLOBAL, CHANGE MASTER, etc."),
        ("Usage", "Server Admin", "No privileges - allow connect only"),
    ]
    return Listing(columns, rows)
