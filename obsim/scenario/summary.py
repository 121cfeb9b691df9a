"""What a cluster has at its start, in lines for people."""

from collections import Counter
from collections.abc import Iterator

from obsim.clock import moment_of
from obsim.cluster.state import ClusterState
from obsim.cluster.tenant import Tenant
from obsim.scenario.specs import Scenario

__all__ = ["summary"]


def summary(scenario: Scenario, state: ClusterState) -> Iterator[str]:
    """Line by line: what it is for, when it is, what there is, what is ordered."""
    yield scenario.about
    yield f"version {state.profile.version}, {moment_of(state.now_ns):%Y-%m-%d %H:%M:%S} +08:00"
    for server in state.resources.servers.values():
        yield f"server {server.address} in zone {server.zone}"
    for tenant in state.user_tenants():
        yield from _tenant(tenant)
    for load in scenario.load:
        yield f"load: {load.tasks} {load.kind} of {load.length} in {load.tenant}"
    for future in scenario.workload:
        yield f"workload of {future.tenant}: {'; '.join(future.run)}"
    for fault in state.faults.rules:
        yield f"fault: {fault.rule.text}"


def _tenant(tenant: Tenant) -> Iterator[str]:
    yield f"tenant {tenant.name}, {tenant.mode}, id {tenant.tenant_id}"
    tablets = Counter(tablet.table_name for tablet in tenant.storage.tablets)
    for name, count in tablets.items():
        blocks = sum(tablet.major_block_count for tablet in tenant.storage.table(name))
        yield f"  table {name}: {count} tablets, {blocks} macroblocks"
    if tenant.backup.path:
        yield f"  backups to {tenant.backup.path}"
    sets = Counter((s.backup_type, s.file_status) for s in tenant.backup.sets.values())
    for (kind, status), count in sets.items():
        yield f"  {count} sets {kind} {status}"
    for archive_round in tenant.archive.rounds():
        yield f"  archive round {archive_round.round_id} {archive_round.status} to {archive_round.path}"
