"""How a trial talks to a cluster: statements in, errno out, observations, and the clock."""

from copy import deepcopy

from obsim.cluster import ClusterState, Principal
from obsim.control import PROCEDURES
from obsim.errors import ServerError, UsageError
from obsim.ids import SYS_TENANT_ID, LogStreamId, Nanoseconds, Scn, TenantId
from obsim.scenario import build_state
from obsim.statements import BackupStatement, CallProcedure
from obsim.testing.observation import Observation, Observer
from obsim.versions import PROFILES, IncrementalBase

__all__ = ["Driver", "build_trial_state"]

_EPOCH_GAP_NS = 3_600_000_000_000


def build_trial_state(version: str, base: IncrementalBase, seed: int) -> ClusterState:
    """The scenario three-tenants, and in its MySQL-mode tenant a table `wide` over two log streams.

    One tablet of `wide` is above the tablet size, so each major freeze rewrites its seam block. A tenant without a unit
    gets one of 2 GiB, so its memory may fill.
    """
    state = build_state("three-tenants", profile=PROFILES[version], seed=seed, incremental_base=base)
    tenant = state.user_tenants()[0]
    tenant.storage.log_stream_ids.append(LogStreamId(1002))
    tenant.storage.create_table("wide", [66], LogStreamId(1001))
    tenant.storage.create_table("wide", [3, 0], LogStreamId(1002))
    tenant.storage.major_freeze(Scn(state.start_ns - _EPOCH_GAP_NS))
    return state


class Driver:
    """One cluster in process, without a session layer. `seed` decides where random writes fall."""

    def __init__(self, version: str, base: IncrementalBase, seed: int = 0) -> None:
        self._fresh = build_trial_state(version, base, seed)
        self.reset()

    def reset(self) -> None:
        """A cluster as it was at the start."""
        self.state = deepcopy(self._fresh)
        self.observer = Observer(self.state)

    def table_names(self) -> dict[tuple[int, int], str]:
        """The table of each (tenant, tablet)."""
        return {(u.tenant_id, t.tablet_id): t.table_name for u in self.state.user_tenants() for t in u.storage.tablets}

    def unit_bytes(self, tenant_id: int) -> int:
        """Memory of one unit of a tenant, 0 without one."""
        resources = self.state.resources
        return sum(pool.config.size.memory_bytes for pool in resources.pools_of(TenantId(tenant_id))[:1])

    def look(self) -> Observation:
        """The cluster as it is now."""
        return self.observer.look()

    def run(self, tenant_id: int, statement: BackupStatement) -> int:
        """Run a statement as the administrator of a tenant; errno, 0 for OK."""
        try:
            if isinstance(statement, CallProcedure):
                PROCEDURES[statement.name].call(self.state, statement.arguments)
            else:
                oracle = self.state.tenants[TenantId(tenant_id)].mode == "ORACLE"
                self.state.execute(Principal(TenantId(tenant_id), "SYS" if oracle else "root"), statement)
        except ServerError as refused:
            return refused.errno
        return 0

    def write(self, tenant_name: str, table: str, count: int, kind: str) -> int:
        """CALL obsim.write; errno, 0 for OK."""
        return self.run(SYS_TENANT_ID, CallProcedure("obsim", "write", (tenant_name, table, count, kind)))

    def advance(self, by_ns: int) -> None:
        """Let that much virtual time go by."""
        self.state.advance_to(Nanoseconds(self.state.now_ns + by_ns))

    def run_until_idle(self, limit_ns: int = 86_400_000_000_000) -> None:
        """Let time go by until nothing is unfinished."""
        end_ns = self.state.now_ns + limit_ns
        while not self.state.idle():
            next_ns = self.state.next_event_ns
            if next_ns is None or next_ns > end_ns:
                raise UsageError(f"still at work: {'; '.join(self.state.unfinished())}")
            self.state.advance_to(next_ns)
