"""What FREEZE, SUSPEND and RESUME MERGE, CLEAR MERGE ERROR and FLUSH .. CACHE do.

Facts: statements.md ("Who may run", "Freeze and tenants"), the recorded group `freeze`, and the sources of OceanBase
(ob_alter_system_resolver.cpp, ob_alter_system_executor.cpp, ob_tenant_major_freeze.cpp).
"""

from obsim.answers import Ok
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.resolve import freeze_tenants, named_tenant
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.errors import error
from obsim.ids import SYS_TENANT_ID
from obsim.statements import ClearMergeError, FlushCache, Freeze, MergeControl

__all__ = ["COMMANDS"]

_UNFINISHED = 4744
_UNFINISHED_TEXT = "larger frozen_scn already exist, {}prev merge may not finish"


def freeze(state: ClusterState, who: Principal, statement: Freeze) -> Ok:
    """MAJOR and MINOR FREEZE. Both are done when the statement returns: compaction takes no virtual time.

    A tenant whose last major freeze still waits for RESUME MERGE has no second one; the statement warns of it.
    """
    tenants = freeze_tenants(state, who, statement.tenants, major=statement.major)
    if statement.zone is not None and statement.zone not in state.resources.zones:
        raise error("OB_INVALID_ARGUMENT", "zone")
    if any(server not in state.resources.servers for server in statement.servers):
        raise error("OB_INVALID_ARGUMENT", "server")
    if not statement.major:
        for tenant in tenants:
            state.freezers[tenant.tenant_id].minor_freeze(statement.log_stream_id, statement.tablet_id)
        return Ok()
    if not state.parameters.get_int("enable_major_freeze"):
        raise error("OB_OP_NOT_ALLOW")
    primaries = [tenant for tenant in tenants if tenant.role == "PRIMARY"]
    if tenants and not primaries:  # standbys follow the freezes of their primaries; ALL of none is taken
        raise error("OB_MAJOR_FREEZE_NOT_ALLOW")
    launched = [state.freezers[tenant.tenant_id].major_freeze() for tenant in primaries]
    if all(launched):
        return Ok()
    text = _UNFINISHED_TEXT.format("some tenants' " if len(primaries) > 1 else "")
    return Ok(warned=((_UNFINISHED, text),))


def resolve_merge(state: ClusterState, who: Principal, statement: MergeControl | ClearMergeError) -> None:
    """The TENANT clause, which is that of MAJOR FREEZE."""
    freeze_tenants(state, who, statement.tenants, major=True)


def merge_control(state: ClusterState, who: Principal, statement: MergeControl) -> Ok:
    """SUSPEND MERGE keeps major freezes from being compacted, RESUME MERGE compacts the one that waits."""
    for tenant in freeze_tenants(state, who, statement.tenants, major=True):
        state.freezers[tenant.tenant_id].suspend_merge(suspended=statement.suspend)
    return Ok()


def clear_merge_error(state: ClusterState, who: Principal, statement: ClearMergeError) -> Ok:
    """CLEAR MERGE ERROR: no compaction of obsim fails, so there is nothing to clear."""
    resolve_merge(state, who, statement)
    return Ok()


def resolve_flush(state: ClusterState, who: Principal, statement: FlushCache) -> None:
    """NAMESPACE is for LIB, SQL_ID for PLAN, DATABASES for SQL_ID; then the tenants, which only sys may name."""
    if statement.namespace is not None and statement.kind != "LIB":
        raise error("OB_NOT_SUPPORTED", "only support lib cache's cache evict by namespace, other type")
    if statement.sql_id is not None and statement.kind != "PLAN":
        raise error("OB_NOT_SUPPORTED", "only support plan cache's fine-grained cache evict, other type")
    if statement.databases is not None and statement.sql_id is None:
        raise error("OB_NOT_SUPPORTED", "flushing cache in database level at coarse flushing")
    is_sys = who.tenant_id == SYS_TENANT_ID
    if statement.tenants and not is_sys:
        raise error("OB_ERR_NO_PRIVILEGE")
    if statement.sql_id is not None and is_sys and not statement.tenants:
        raise error("OB_EMPTY_TENANT")
    for name in statement.tenants:
        named_tenant(state, name)


def flush_cache(state: ClusterState, who: Principal, statement: FlushCache) -> Ok:
    """FLUSH .. CACHE: what a cluster caches cannot be seen in obsim, so nothing changes."""
    resolve_flush(state, who, statement)
    return Ok()


def _resolve_freeze(state: ClusterState, who: Principal, statement: Freeze) -> None:
    freeze_tenants(state, who, statement.tenants, major=statement.major)


COMMANDS: dict[type, Command] = {
    Freeze: guarded(freeze, Rule(before=_resolve_freeze)),
    ClearMergeError: guarded(clear_merge_error, Rule(before=resolve_merge)),
    FlushCache: guarded(flush_cache, Rule(before=resolve_flush)),
    MergeControl: guarded(merge_control, Rule(before=resolve_merge)),
}
