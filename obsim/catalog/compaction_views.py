"""Rows of freezes, compactions and SSTables (views.json; samples in the documentation of the views; recorded rows).

A compaction takes no virtual time here, so nothing is ever seen under way: a tenant is IDLE as soon as it has frozen
(and while its merges are suspended, when the newest freeze has not been broadcast yet),
the views of running tablet compactions are empty, as on a cluster at rest, and that of a server's compactions shows the
finished ones, of which a server keeps thirty (ob_tenant_compaction_progress.cpp).
"""

from collections.abc import Iterable, Iterator

from obsim.catalog.model import Row, RowSource, Scope
from obsim.catalog.placement import began_ns, replica_servers, seen_tenants, servers_shown
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.resources import Server
from obsim.ids import MACROBLOCK_BYTES, display_time
from obsim.storage.freezes import FIRST_FREEZE, MajorFreeze
from obsim.storage.tablet import Tablet

__all__ = ["compaction_progress", "freeze_info", "major_compaction", "sstables_here", "zone_major_compaction"]

_LARGEST_SCN = 4_611_686_018_427_387_903
_FINISHED_MAX = 30
_MEMTABLE_REFERENCES = 2
"""REF of a memtable that nobody reads: its tablet's and the freezer's."""


def _compacted_ns(freeze: MajorFreeze) -> int:
    """When a compaction began and ended; a tenant that has had none shows the beginning of time."""
    if freeze.put_off_until_ns is not None:
        return freeze.put_off_until_ns
    return freeze.scn if freeze.compacted else 0


def freeze_info(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_FREEZE_INFO: the freezes on the list, oldest first."""
    major, minor, third, fourth = state.profile.version.parts
    cluster_version = major << 32 | minor << 16 | third << 8 | fourth
    rows: list[Row] = []
    for tenant in tenants:
        for freeze in tenant.storage.freezes.kept:
            first = freeze is FIRST_FREEZE
            created = display_time(began_ns(tenant) if first else freeze.scn, offset_s)
            schema_version = 1 if first else began_ns(tenant) // 1000
            rows.append((tenant.tenant_id, freeze.scn, cluster_version, schema_version, created, created))
    return rows


def major_compaction(_state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_MAJOR_COMPACTION: the newest freeze of each tenant, and the newest that was compacted."""
    rows: list[Row] = []
    for tenant in tenants:
        storage = tenant.storage
        freeze, last = storage.freezes.newest, storage.freezes.last_compacted
        done = display_time(_compacted_ns(last), offset_s)
        rows.append((
            tenant.tenant_id, freeze.scn, display_time(freeze.scn, offset_s), last.scn, last.scn, done, done,
            "IDLE", "NO", "YES" if storage.merge_suspended else "NO", "",
        ))  # fmt: skip
    return rows


def zone_major_compaction(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_ZONE_MAJOR_COMPACTION: the same, for each zone that has a replica of the tenant."""
    rows: list[Row] = []
    for tenant in tenants:
        freeze = tenant.storage.freezes.last_compacted
        done = display_time(_compacted_ns(freeze), offset_s)
        zones = sorted({server.zone for server in replica_servers(state, tenant)})
        rows += [(tenant.tenant_id, zone, freeze.scn, freeze.scn, done, done, "IDLE") for zone in zones]
    return rows


def compaction_progress(*, everywhere: bool) -> RowSource:
    """GV$OB_COMPACTION_PROGRESS (everywhere) and V$OB_COMPACTION_PROGRESS: the major compactions a server remembers."""

    def rows(state: ClusterState, scope: Scope) -> list[Row]:
        return [
            _progress(tenant, server, freeze, scope.offset_s)
            for tenant in seen_tenants(state, scope.tenant_id)
            for server in servers_shown(state, tenant, everywhere=everywhere)
            for freeze in tenant.storage.freezes.finished[-_FINISHED_MAX:]
            if freeze.compacted
        ]

    return rows


def _progress(tenant: Tenant, server: Server, freeze: MajorFreeze, offset_s: int) -> Row:
    """Nothing is compressed here, so the ratio is 1, as of a compaction that has written nothing."""
    done = display_time(_compacted_ns(freeze), offset_s)
    return (
        server.ip, server.port, tenant.tenant_id, "MAJOR_MERGE", server.zone, freeze.scn, "FINISH", freeze.tablet_count,
        0, freeze.data_bytes, 0, 1, done, done, "",
    )  # fmt: skip


def sstables_here(*, everywhere: bool) -> RowSource:
    """GV$OB_SSTABLES (everywhere) and V$OB_SSTABLES: memtables and SSTables of the user tablets."""

    def rows(state: ClusterState, scope: Scope) -> list[Row]:
        return [
            (server.ip, server.port, kind, tenant.tenant_id, tablet.log_stream_id, tablet.tablet_id, *rest)
            for tenant in seen_tenants(state, scope.tenant_id)
            for server in servers_shown(state, tenant, everywhere=everywhere)
            for tablet in tenant.storage.tablets
            for kind, *rest in _sstables(tablet)
        ]

    return rows


def _sstables(tablet: Tablet) -> Iterator[tuple[str | int, ...]]:
    """TABLE_TYPE, START_LOG_SCN, END_LOG_SCN and the rest, from the baseline up; each begins where the last ended."""
    end = 0
    if tablet.major_version:
        end = tablet.major_version
        yield "MAJOR", 0, end, tablet.major_block_count * MACROBLOCK_BYTES, 0, end, "NO", "NO"
    tables = [("MINOR", tablet.minor_end_scn, tablet.minor_bytes)] if tablet.minor_bytes else []
    tables += [("MINI", mini.end_scn, mini.size_bytes) for mini in tablet.mini]
    for kind, end_scn, size_bytes in tables:
        yield kind, end, end_scn, size_bytes, 0, end_scn, "NO", "NO"
        end = end_scn
    if tablet.memory_bytes:
        yield "MEMTABLE", end, _LARGEST_SCN, tablet.memory_bytes, _MEMTABLE_REFERENCES, _LARGEST_SCN, "YES", "YES"
