"""Rows of the views that depend on who asks, most of them of information_schema, and of the session's own journal.

Variables, status and process list are those of the SHOW of the same name; privileges are those SHOW GRANTS prints, of
the own account, and of all where `mysql` may be read (source: the view definitions in ob_inner_table_schema_def.py).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from obsim.answers import Value
from obsim.client_statements import Show
from obsim.cluster import User
from obsim.cluster.accounts import EVERYWHERE, GRANT_OPTION, PRIVILEGES, Level
from obsim.ids import display_time
from obsim.session.show import process_list, status, variables

if TYPE_CHECKING:
    from obsim.session.session import Session

__all__ = ["OWN_ROWS"]

CATALOG = "def"
_Rows = Sequence[tuple[Value, ...]]
_USER_ID, _TENANT, _INFO = 2, 2, 8


def _process_rows(session: "Session") -> _Rows:
    """As FULL, without its tenant and what comes behind the text."""
    rows = process_list(session, Show("PROCESSLIST", full=True)).rows
    return [(*row[:_USER_ID], *row[_TENANT + 1 : _INFO + 1]) for row in rows]


def _variable_rows(scope: Literal["session", "global"]) -> "Callable[[Session], _Rows]":
    return lambda session: [tuple(row) for row in variables(session, Show("VARIABLES", scope=scope)).rows]


def _status_rows(session: "Session") -> _Rows:
    return [tuple(row) for row in status(session, Show("STATUS")).rows]


def _seen_accounts(session: "Session") -> list[User]:
    if session.may("SELECT", "mysql"):
        return list(session.tenant.users.values())
    return [] if session.account is None else [session.account]


def _granted(session: "Session", wanted: Callable[[Level], bool]) -> Iterator[tuple[str, Level, str, str]]:
    """Grantee, level, privilege, and whether it may be given on; USAGE where an account has nothing on `*.*`."""
    for user in _seen_accounts(session):
        grantee = f"'{user.name}'@'{user.host}'"
        for level in sorted({EVERYWHERE, *user.grants}):
            if not wanted(level):
                continue
            given = user.at(level)
            names = [name for name in PRIVILEGES if name in given]
            if not names and level == EVERYWHERE:
                names = ["USAGE"]
            for name in names:
                yield grantee, level, name, "YES" if GRANT_OPTION in given else "NO"


def _user_privileges(session: "Session") -> _Rows:
    found = _granted(session, lambda level: level == EVERYWHERE)
    return [(grantee, CATALOG, name, grantable) for grantee, _, name, grantable in found]


def _schema_privileges(session: "Session") -> _Rows:
    found = _granted(session, lambda level: level[0] != "" and level[1] == "")
    return [(grantee, CATALOG, level[0], name, grantable) for grantee, level, name, grantable in found]


def _table_privileges(session: "Session") -> _Rows:
    found = _granted(session, lambda level: level[1] != "")
    return [(grantee, CATALOG, *level, name, grantable) for grantee, level, name, grantable in found]


def _statements(session: "Session") -> _Rows:
    offset_s = session.offset_s
    return [
        (
            record.statement_id, record.session_id, record.tenant, record.user, display_time(record.at_ns, offset_s),
            record.text, record.errno, record.row_count, record.elapsed_ns,
        )
        for record in session.cluster.journal.records()
    ]  # fmt: skip


OWN_ROWS: "dict[str, Callable[[Session], _Rows]]" = {
    "GLOBAL_STATUS": _status_rows,
    "GLOBAL_VARIABLES": _variable_rows("global"),
    "PROCESSLIST": _process_rows,
    "SCHEMA_PRIVILEGES": _schema_privileges,
    "SESSION_STATUS": _status_rows,
    "SESSION_VARIABLES": _variable_rows("session"),
    "statements": _statements,
    "TABLE_PRIVILEGES": _table_privileges,
    "USER_PRIVILEGES": _user_privileges,
}
"""Every view that is `of_session` -> its rows."""
