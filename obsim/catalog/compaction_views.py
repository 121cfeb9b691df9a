"""Rows of freezes, compactions and SSTables (views.json; samples in the documentation of the views; recorded rows).

What a freeze changes it changes at once; the merges that follow it are DAGs, and until the last one ends a tenant is
COMPACTING. While merges are suspended it is IDLE and the newest freeze has not been broadcast yet. The view of a
server's compactions shows the one that goes on and the finished ones, of which a server keeps thirty
(ob_tenant_compaction_progress.cpp).
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from obsim.catalog.model import Row, RowSource, Scope
from obsim.catalog.placement import began_ns, replica_servers, seen_tenants, servers_shown
from obsim.catalog.scheduler_views import dag_id
from obsim.catalog.values import server_time
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.merges import MajorMerge, Part
from obsim.cluster.resources import Server
from obsim.ids import MACROBLOCK_BYTES, display_time
from obsim.scheduler.dag import DagTask
from obsim.storage.freezes import MajorFreeze
from obsim.storage.tablet import Tablet

__all__ = [
    "compaction_progress", "freeze_info", "major_compaction", "sstables_here",
    "tablet_compaction_progress", "zone_major_compaction",
]  # fmt: skip

_LARGEST_SCN = 4_611_686_018_427_387_903
_FINISHED_MAX = 30
_MEMTABLE_REFERENCES = 2
"""REF of a memtable that nobody reads: its tablet's and the freezer's."""


def _started_ns(freeze: MajorFreeze) -> int:
    """When a compaction began; a tenant that has had none shows the beginning of time."""
    if freeze.put_off_until_ns is not None:
        return freeze.put_off_until_ns
    return freeze.scn if freeze.compacted else 0


def _compacted_ns(state: ClusterState, tenant: Tenant, freeze: MajorFreeze, address: str | None = None) -> int:
    """When a compaction ended, on one server or everywhere."""
    ends = [merge.end_ns or 0 for merge in state.freezers[tenant.tenant_id].merges.of(freeze.scn, address)]
    return max([_started_ns(freeze), *ends])


def _last_compacted(state: ClusterState, tenant: Tenant) -> tuple[MajorFreeze, MajorFreeze]:
    """The newest freeze that was broadcast, and the newest one whose merges have ended."""
    finished = tenant.storage.freezes.finished
    going_on = {merge.scn for merge in state.freezers[tenant.tenant_id].merges.running()}
    over = [freeze for freeze in finished if freeze.scn < min(going_on, default=_LARGEST_SCN)]
    return finished[-1], (over or finished)[-1]


def freeze_info(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_FREEZE_INFO: the freezes on the list, oldest first."""
    major, minor, third, fourth = state.profile.version.parts
    cluster_version = major << 32 | minor << 16 | third << 8 | fourth
    rows: list[Row] = []
    for tenant in tenants:
        for freeze in tenant.storage.freezes.kept:
            first = not freeze.compacted
            created = display_time(began_ns(tenant) if first else freeze.scn, offset_s)
            schema_version = 1 if first else began_ns(tenant) // 1000
            rows.append((tenant.tenant_id, freeze.scn, cluster_version, schema_version, created, created))
    return rows


def major_compaction(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_MAJOR_COMPACTION: the newest freeze of each tenant, and the newest that was compacted."""
    rows: list[Row] = []
    for tenant in tenants:
        storage = tenant.storage
        freeze = storage.freezes.newest
        sent, last = _last_compacted(state, tenant)
        rows.append((
            tenant.tenant_id, freeze.scn, display_time(freeze.scn, offset_s), sent.scn, last.scn,
            display_time(_compacted_ns(state, tenant, last), offset_s), display_time(_started_ns(sent), offset_s),
            _status(sent, last), "NO", "YES" if storage.merge_suspended else "NO", "",
        ))  # fmt: skip
    return rows


def _status(sent: MajorFreeze, last: MajorFreeze) -> str:
    return "IDLE" if sent is last else "COMPACTING"


def zone_major_compaction(state: ClusterState, tenants: Iterable[Tenant], offset_s: int) -> list[Row]:
    """OB_ZONE_MAJOR_COMPACTION: the same, for each zone that has a replica of the tenant."""
    rows: list[Row] = []
    for tenant in tenants:
        sent, last = _last_compacted(state, tenant)
        done = display_time(_compacted_ns(state, tenant, last), offset_s)
        began = display_time(_started_ns(sent), offset_s)
        zones = sorted({server.zone for server in replica_servers(state, tenant)})
        rows += [(tenant.tenant_id, zone, sent.scn, last.scn, done, began, _status(sent, last)) for zone in zones]
    return rows


def compaction_progress(*, everywhere: bool) -> RowSource:
    """GV$OB_COMPACTION_PROGRESS (everywhere) and V$OB_COMPACTION_PROGRESS: the major compactions a server remembers."""

    def rows(state: ClusterState, scope: Scope) -> list[Row]:
        return [
            _progress(state, tenant, server, freeze, scope.offset_s)
            for tenant in seen_tenants(state, scope.tenant_id)
            for server in servers_shown(state, tenant, everywhere=everywhere)
            for freeze in tenant.storage.freezes.finished[-_FINISHED_MAX:]
            if freeze.compacted
        ]

    return rows


def _progress(state: ClusterState, tenant: Tenant, server: Server, freeze: MajorFreeze, offset_s: int) -> Row:
    """Nothing is compressed here, so the ratio is 1, as of a compaction that has written nothing."""
    clock = partial(server_time, state.outages.skew_ns(server.address), offset_s)
    began = clock(_started_ns(freeze))
    for merge in state.freezers[tenant.tenant_id].merges.of(freeze.scn, server.address):
        if merge.end_ns is None:
            return (
                server.ip, server.port, tenant.tenant_id, "MAJOR_MERGE", server.zone, freeze.scn, "NODE_RUNNING",
                freeze.tablet_count, merge.unfinished_tablet_count, freeze.data_bytes, merge.unfinished_bytes, 1, began,
                clock(_estimate_ns(tenant, merge)), "",
            )  # fmt: skip
    done = clock(_compacted_ns(state, tenant, freeze, server.address))
    return (
        server.ip, server.port, tenant.tenant_id, "MAJOR_MERGE", server.zone, freeze.scn, "FINISH", freeze.tablet_count,
        0, freeze.data_bytes, 0, 1, began, done, "",
    )  # fmt: skip


def _estimate_ns(tenant: Tenant, merge: MajorMerge) -> int:
    """When a server will be done if its threads go at full speed: as of the beginning, so that it stands still."""
    threads = tenant.dispatchers[merge.address].limit(merge.tasks[0][0].priority)
    work = [task.work_ns for task, _ in merge.tasks]
    return merge.start_ns + max(*work, sum(work) // min(threads, len(work)), 0)


def tablet_compaction_progress(*, everywhere: bool) -> RowSource:
    """GV$OB_TABLET_COMPACTION_PROGRESS (everywhere) and V$OB_...: the tablets whose major merge is under way."""

    def rows(state: ClusterState, scope: Scope) -> list[Row]:
        return [
            _tablet_progress(
                server, tenant, merge.scn, task, part,
                partial(server_time, state.outages.skew_ns(server.address), scope.offset_s),
            )
            for tenant in seen_tenants(state, scope.tenant_id)
            for server in servers_shown(state, tenant, everywhere=everywhere)
            for merge in state.freezers[tenant.tenant_id].merges.running(server.address)
            for task, parts in merge.unfinished
            if task.start_ns
            for part in parts
        ]

    return rows


def _tablet_progress(
    server: Server, tenant: Tenant, scn: int, task: DagTask, part: Part, clock: Callable[[int], str]
) -> Row:
    stream, tablet_id, count = part
    size, began = count * MACROBLOCK_BYTES, clock(task.start_ns)
    return (
        server.ip, server.port, tenant.tenant_id, "MAJOR_MERGE", stream, tablet_id, scn,
        dag_id(server, task.number), "NODE_RUNNING", size, size, 0, clock(task.added_ns), began,
        clock(task.start_ns + task.work_ns), 0, 0,
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
