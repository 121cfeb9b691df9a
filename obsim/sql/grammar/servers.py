"""ALTER SYSTEM ADD, DELETE, CANCEL DELETE, START, STOP, FORCE STOP, ISOLATE SERVER and ZONE; ALTER ZONE."""

from typing import cast

from obsim.sql.grammar.cursor import Cursor
from obsim.statements.servers import AdminServer, AdminZone, ServerAction, ZoneAction

__all__ = ["admin_server", "admin_zone"]

_FIRST = frozenset({"ADD", "DELETE", "CANCEL", "START", "STOP", "FORCE", "ISOLATE"})
_ALTERING = frozenset({"ALTER", "CHANGE", "MODIFY"})
_SECOND = {"CANCEL": "DELETE", "FORCE": "STOP"}
"""First words that another one follows."""
_OPTIONS = frozenset({"REGION", "IDC", "ZONE_TYPE"})


def _action(cursor: Cursor, first: str) -> str:
    second = _SECOND.get(first)
    if second is None:
        return first
    cursor.expect(second)
    return f"{first} {second}"


def admin_server(cursor: Cursor) -> AdminServer | AdminZone:
    """Action SERVER 'ip:port' {, 'ip:port'} [ZONE [=] zone]; FORCE STOP may name a zone instead."""
    if cursor.word == "FORCE" and cursor.words[cursor.index + 2] == "ZONE":
        return admin_zone(cursor)
    action = _action(cursor, cursor.one_of(_FIRST))
    cursor.expect("SERVER")
    servers = tuple(cursor.listed(cursor.string))
    zone = cursor.text_or_name() if cursor.clause("ZONE") else None
    return AdminServer(cast(ServerAction, action), servers, zone, cursor.text)


def admin_zone(cursor: Cursor) -> AdminZone:
    """Action ZONE zone, ADD with options; {ALTER | CHANGE | MODIFY} ZONE zone [SET] options."""
    first = cursor.one_of((_FIRST - {"CANCEL"}) | _ALTERING)
    action = "ALTER" if first in _ALTERING else _action(cursor, first)
    cursor.expect("ZONE")
    zone = cursor.text_or_name()
    found: dict[str, str | None] = dict.fromkeys(_OPTIONS)
    if action == "ALTER":
        cursor.take("SET")
    if action in {"ADD", "ALTER"} and cursor.token is not None:
        while True:
            word = cursor.one_of(_OPTIONS)
            cursor.take("=")
            found[word] = cursor.text_or_name()
            if not cursor.take(","):
                break
    return AdminZone(cast(ZoneAction, action), zone, found["REGION"], found["IDC"], found["ZONE_TYPE"])
