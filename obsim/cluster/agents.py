"""Who runs what happens by itself: a tenant's administrator, as a session has it that has just logged in.

What such a session keeps from one statement to the next, passwords of backups and sources of restores, is kept in the
`Principal`; sessions of clients keep it by the same table.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from obsim.cluster.state import ClusterState, Principal
from obsim.cluster.tenant import Tenant
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID
from obsim.statements.backup import SetDecryption, SetEncryption
from obsim.statements.base import BackupStatement
from obsim.statements.restore import AddRestoreSource, ClearRestoreSource
from obsim.variables import VARIABLES, zone_offset_s

__all__ = ["KEPT", "act", "agent_of", "keep"]

RESTORE_SOURCE_MAX = 1024 * 1024
"""Characters of all that ADD RESTORE SOURCE has named in a session; more would be holding the server's memory."""


def agent_of(tenant: Tenant) -> Principal:
    """The administrator of a tenant, with the variables a new session of it has."""
    zone, recyclebin = (tenant.variables.get(n, VARIABLES[n].default) for n in ("time_zone", "recyclebin"))
    offset_s = zone_offset_s(str(zone))
    return Principal(tenant.tenant_id, tenant.administrator, offset_s=offset_s, recyclebin=bool(recyclebin))


def act(state: ClusterState, who: Principal, statement: BackupStatement) -> Principal:
    """Carry a statement out; who runs the next one. Raises what it raises."""
    if type(statement) not in KEPT_ALONE:
        state.carry_out(who, statement)
    return keep(who, statement)


def keep(who: Principal, statement: BackupStatement) -> Principal:
    """Whoever has run a statement, with what is kept of it. Raises 1235 for SET DECRYPTION outside sys."""
    kept = KEPT.get(type(statement))
    return who if kept is None else kept(who, statement)


def _encryption(who: Principal, statement: SetEncryption) -> Principal:
    return replace(who, encryption=statement.password)


def _decryption(who: Principal, statement: SetDecryption) -> Principal:
    if who.tenant_id != SYS_TENANT_ID:
        raise error("OB_NOT_SUPPORTED", "non-sys tenant set decryption is")
    return replace(who, decryption=statement.passwords)


def _source(who: Principal, statement: AddRestoreSource) -> Principal:
    sources = ",".join(filter(None, (who.restore_source, statement.uri)))
    if len(sources) > RESTORE_SOURCE_MAX:
        raise error("OB_ALLOCATE_MEMORY_FAILED")
    return replace(who, restore_source=sources)


KEPT: dict[type, Callable[[Principal, Any], Principal]] = {
    AddRestoreSource: _source,
    ClearRestoreSource: lambda who, _: replace(who, restore_source=""),
    SetDecryption: _decryption,
    SetEncryption: _encryption,
}
"""Statements that leave something in a session, and what."""
KEPT_ALONE = frozenset({SetDecryption, SetEncryption})
"""Those of them that the cluster never hears of."""
