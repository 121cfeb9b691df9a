"""A cluster in this process as a driver: its clock moves when it is told, and everything can be seen."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from pyroaring import BitMap64

from obsim.backup.set import FileStatus
from obsim.cluster import ClusterState, Principal
from obsim.cluster.copying import Mould, copy_of
from obsim.control import PROCEDURES
from obsim.error_table import ERROR_ROWS
from obsim.errors import ServerError, UsageError
from obsim.ids import BackupSetId, TenantId
from obsim.scenario import build_state
from obsim.statements import BackupStatement, CallProcedure
from obsim.testing.driver import NotReached
from obsim.testing.observation import Observation
from obsim.testing.observer import Observer
from obsim.testing.script import Script
from obsim.units import DAY_NS
from obsim.versions import PROFILES, IncrementalBase

__all__ = ["SCENARIO", "SimulatedDriver"]

SCENARIO = "campaign"
"""A MySQL-mode and an Oracle-mode tenant; one tablet is above the tablet size, one table lies over two log streams."""
_CODES = {row[0]: row[1] for row in ERROR_ROWS}


@lru_cache(16)
def _mould(scenario: str, version: str, base: IncrementalBase) -> Mould:
    return Mould(build_state(scenario, profile=PROFILES[version], incremental_base=base))


def _fresh(scenario: str, version: str, base: IncrementalBase, seed: int) -> ClusterState:
    """A cluster at the start of a scenario; making one and copying it is the faster way to many."""
    state = _mould(scenario, version, base).copy()
    state.options = replace(state.options, seed=seed)
    state.faults.seed = seed
    for tenant in state.user_tenants():
        if tenant.backup.context is not None:
            tenant.backup.context = replace(tenant.backup.context, seed=seed)
    return state


class SimulatedDriver:
    """One cluster, without a session layer. `seed` decides where random writes fall; `script` is what was done."""

    def __init__(
        self, version: str, base: IncrementalBase | None = None, seed: int = 0, scenario: str = SCENARIO
    ) -> None:
        self._made_of = scenario, version, base or PROFILES[version].incremental_base, seed
        self.script = Script(*self._made_of)
        self.on_compaction: Callable[[], None] | None = None
        """Called after each moment that brought a compaction, in the middle of time that goes by."""
        self.reset()

    def reset(self) -> None:
        """A cluster as it was at the start."""
        self.state = _fresh(*self._made_of)
        self.observer = Observer(self.state)
        self.script.clear()

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """Every table of every user tenant."""
        names = ((u.name, t.table_name) for u in self.state.user_tenants() for t in u.storage.tablets)
        return tuple(dict.fromkeys(names))

    @property
    def paths(self) -> tuple[str, ...]:
        """One of each tenant, one that the first to come has, the one it begins with, and none."""
        return ("file:///data/a/{tenant}", "file:///data/b", "file:///data/backup/{tenant}/data", "")

    @property
    def archive_paths(self) -> tuple[str, ...]:
        """Values of log_archive_dest to change between, the one that a tenant begins with first."""
        return ("file:///data/backup/{tenant}/archive", "file:///log/a/{tenant}", "file:///log/b/{tenant}")

    def execute(self, tenant: str, statement: BackupStatement) -> int:
        """Run a statement as the administrator of a tenant; errno, 0 for OK."""
        errno = self._execute(tenant, statement)
        self.script.add(tenant, statement.sql(), errno)
        return errno

    def _execute(self, tenant: str, statement: BackupStatement) -> int:
        owner = self.state.tenant_named(tenant)
        if owner is None:
            raise UsageError(f"the scenario has no tenant '{tenant}'")
        try:
            if isinstance(statement, CallProcedure):
                PROCEDURES[statement.name].call(self.state, statement.arguments)
            else:
                self.state.execute(Principal(owner.tenant_id, owner.administrator), statement)
        except ServerError as refused:
            return refused.errno
        return 0

    def change_blocks(self, tenant: str, table: str, count: int, kind: str) -> int:
        """CALL obsim.write; errno, 0 for OK."""
        return self.execute("sys", CallProcedure("obsim", "write", (tenant, table, count, kind)))

    def observe(self) -> Observation:
        """The cluster as it is now."""
        return self.observer.look()

    def wait_until(self, condition: Callable[[Observation], bool], timeout_s: float = 86_400) -> Observation:
        """Let event after event happen until an observation meets the condition. Raises NotReached."""
        end_ns = self.state.now_ns + round(timeout_s * 1e9)
        while not condition(now := self.observe()):
            next_ns = self.state.next_event_ns
            if next_ns is None or next_ns > end_ns:
                raise NotReached(f"not within {timeout_s} s: {'; '.join(self.state.unfinished())}")
            self.advance(next_ns - self.state.now_ns)
        return now

    # What only a simulated cluster can do.

    def advance(self, by_ns: int) -> None:
        """Let that much virtual time go by."""
        self.script.advance(by_ns)
        self._advance_to(self.state.now_ns + by_ns)

    def _advance_to(self, target_ns: int) -> None:
        """Let everything up to `target_ns` happen, with a stop after each moment that brought a compaction."""
        state, stop = self.state, self.on_compaction
        while stop is not None:
            next_ns, count = state.next_event_ns, self._compaction_count()
            if next_ns is None or next_ns > target_ns:
                break
            state.advance_to(next_ns)
            if self._compaction_count() != count:
                stop()
                stop = self.on_compaction
        state.advance_to(target_ns)

    def _compaction_count(self) -> int:
        return sum(tenant.storage.blocks.epoch for tenant in self.state.user_tenants())

    def run_until_idle(self, limit_ns: int = DAY_NS) -> None:
        """Let time go by until nothing is unfinished."""
        self.script.add("sys", "CALL obsim.run_until_idle()")
        end_ns = self.state.now_ns + limit_ns
        while not self.state.idle():
            next_ns = self.state.next_event_ns
            if next_ns is None or next_ns > end_ns:
                raise NotReached(f"still at work: {'; '.join(self.state.unfinished())}")
            self._advance_to(next_ns)

    def run_to_stage(self, tenant: str, stage: str) -> None:
        """Let time go by until the backup of a tenant is in a stage, or until nothing is unfinished."""
        state = self.state
        start_ns = state.now_ns
        owner = state.tenant_named(tenant)
        while owner is not None and not state.idle():
            run = owner.backup.run
            next_ns = state.next_event_ns
            if next_ns is None or (run is not None and run.task is not None and run.task.status == stage):
                break
            self._advance_to(next_ns)
        self.script.advance(state.now_ns - start_ns)

    def break_set(self, tenant: str, backup_set_id: int) -> None:
        """Find a set broken: its FILE_STATUS says so from now on. No statement does that, a lost file would."""
        owner = self.state.tenant_named(tenant)
        if owner is None or backup_set_id not in owner.backup.sets:
            raise UsageError(f"tenant '{tenant}' has no backup set {backup_set_id}")
        owner.backup.sets[BackupSetId(backup_set_id)].file_status = FileStatus.BROKEN
        self.state.revisions.touch("sets")
        self.state.log.write()
        self.script.note(f"set {backup_set_id} of {tenant} is found broken here")

    def twin_at(self, target_ns: int) -> Observation:
        """What a copy of the cluster looks like when time has gone on to `target_ns` in one go, unobserved."""
        twin = copy_of(self.state)
        twin.advance_to(target_ns)
        return Observer(twin, self.observer).look()

    def table_names(self) -> dict[tuple[int, int], str]:
        """The table of each (tenant, tablet)."""
        return {(u.tenant_id, t.tablet_id): t.table_name for u in self.state.user_tenants() for t in u.storage.tablets}

    def fault_hits(self) -> dict[int, tuple[str, str, int, int]]:
        """Of each fault of a backup's stage: whose it is, the stage, the code, and how often it has hit."""
        stages = self.state.profile.task_stages
        rules = [fault for fault in self.state.faults.rules if fault.rule.stage in stages]
        return {f.fault_id: (f.rule.tenant, f.rule.stage, _CODES[f.rule.error], f.hit_count) for f in rules}

    def places(self, tenant_id: int) -> dict[int, list[int]]:
        """The places that blocks have in each tablet of a tenant, in order."""
        storage = self.state.tenants[TenantId(tenant_id)].storage
        found: dict[int, list[int]] = {}
        for tablet in storage.tablets:
            first = tablet.first_position
            positions = storage.blocks.live & BitMap64(range(first, tablet.end_position))
            found[tablet.tablet_id] = [position - first for position in positions]
        return found

    def unit_bytes(self, tenant_id: int) -> int:
        """Memory of one unit of a tenant, 0 without one."""
        resources = self.state.resources
        return sum(pool.config.size.memory_bytes for pool in resources.pools_of(TenantId(tenant_id))[:1])
