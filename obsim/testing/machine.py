"""A state machine for hypothesis: random operations on a cluster, held against the naive model and every invariant.

Subclass `BackupMachine` with another version or base rule and let pytest find `MyMachine.TestCase`, or pass
`machine_for(version, base)` to `run_state_machine_as_test`.
"""

import sys
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from obsim.testing.trial import Trial
from obsim.versions import IncrementalBase

__all__ = ["BackupMachine", "machine_for"]

MYSQL, ORACLE = "mysql_tenant", "oracle_tenant"
TENANTS = st.sampled_from([MYSQL, ORACLE])
TABLES = st.sampled_from([(MYSQL, "t1"), (MYSQL, "wide"), (MYSQL, "t2"), (ORACLE, "T1"), (ORACLE, "T2")])
LISTS = st.lists(TENANTS, min_size=1, max_size=3).map(tuple)
PATHS = st.sampled_from(["file:///data/a", "file:///data/b", "file:///data/backup/mysql_tenant/data", ""])
KINDS = st.sampled_from(["random", "clustered", "append"])
SCORES = st.sampled_from([0, 1, 2, 4, 10, 100])


class BackupMachine(RuleBasedStateMachine):
    """The operations of tenants and their administrators. Set `version` and `base` in a subclass."""

    version: ClassVar[str] = "4.2.1"
    base: ClassVar[IncrementalBase] = IncrementalBase.LAST_FULL

    @initialize(seed=st.integers(0, 1 << 32))
    def begin(self, seed: int) -> None:
        """Start a cluster."""
        self.trial = Trial(self.version, self.base, seed)

    @rule(table=TABLES, count=st.integers(0, 80))
    def write_random(self, table: tuple[str, str], count: int) -> None:
        """Scattered changes."""
        self.trial.write(*table, count, "random")

    @rule(table=TABLES, count=st.integers(0, 80))
    def write_clustered(self, table: tuple[str, str], count: int) -> None:
        """A run of neighbours."""
        self.trial.write(*table, count, "clustered")

    @rule(table=TABLES, count=st.integers(0, 30))
    def write_append(self, table: tuple[str, str], count: int) -> None:
        """Rows past the end; large enough to lift a tablet above the tablet size."""
        self.trial.write(*table, count, "append")

    @rule(tenant=TENANTS, by_sys=st.booleans())
    def minor_freeze(self, tenant: str, by_sys: bool) -> None:
        """Memory to mini SSTables."""
        self.trial.freeze(tenant, major=False, by_sys=by_sys)

    @rule(tenant=TENANTS, by_sys=st.booleans())
    def major_freeze(self, tenant: str, by_sys: bool) -> None:
        """A new baseline."""
        self.trial.freeze(tenant, major=True, by_sys=by_sys)

    @rule(tenant=TENANTS, trigger=st.sampled_from([0, 1, 2, 3, 16]))
    def set_compact_trigger(self, tenant: str, trigger: int) -> None:
        """How many minis make a minor."""
        self.trial.set_trigger(tenant, trigger)

    @rule(tenant=TENANTS, minute=st.sampled_from([120, 0, 1, 2, 3, 120, 121, 1439, None]))
    def set_duty_time(self, tenant: str, minute: int | None) -> None:
        """When the daily major freeze comes; soon after midnight, when a trial begins, on time or not at all."""
        self.trial.set_duty_time(tenant, minute)

    @rule(tenant=TENANTS, percent=st.sampled_from([1, 2, 5, 20, 99]), often=st.sampled_from([0, 0, 1, 2]))
    def set_memory_limits(self, tenant: str, percent: int, often: int) -> None:
        """How full the memory gets before a freeze, and how often that is a major one."""
        self.trial.set_memory_limits(tenant, percent, often)

    @rule(hours=st.integers(1, 60))
    def advance_far(self, hours: int) -> None:
        """Past daily freezes."""
        self.trial.advance(hours * 3_600_000)

    @rule(incremental=st.booleans(), plus_archivelog=st.booleans())
    def backup_all(self, incremental: bool, plus_archivelog: bool) -> None:
        """By sys, for every tenant that can."""
        self.trial.backup_from_sys(None, incremental=incremental, plus_archivelog=plus_archivelog)

    @rule(names=LISTS, incremental=st.booleans())
    def backup_list(self, names: tuple[str, ...], incremental: bool) -> None:
        """By sys, for named tenants, duplicates included."""
        self.trial.backup_from_sys(names, incremental=incremental)

    @rule(tenant=TENANTS, incremental=st.booleans(), plus_archivelog=st.booleans())
    def backup_own(self, tenant: str, incremental: bool, plus_archivelog: bool) -> None:
        """By the tenant itself."""
        self.trial.backup_own(tenant, incremental=incremental, plus_archivelog=plus_archivelog)

    @rule(tenant=TENANTS, incremental=st.booleans())
    def backup_by_both(self, tenant: str, incremental: bool) -> None:
        """By sys and by the tenant at once: both are stored and run one after the other."""
        self.trial.backup_own(tenant, incremental=incremental)
        self.trial.backup_from_sys((tenant,), incremental=incremental)

    @rule(table=TABLES, count=st.integers(1, 20), kind=KINDS, majors=st.integers(0, 2), minor=st.booleans())
    def increment_after_changes(self, table: tuple[str, str], count: int, kind: str, majors: int, minor: bool) -> None:
        """Everything in order: compactions, a minor freeze and an increment that runs to its end."""
        tenant = table[0]
        self.trial.run_until_idle()
        self.trial.make_ready(tenant)
        for _ in range(majors):
            self.trial.write(*table, count, kind)
            self.trial.freeze(tenant, major=True)
        if minor:
            self.trial.write(*table, 1, kind)
            self.trial.freeze(tenant, major=False)
        self.trial.backup_own(tenant, incremental=True)
        self.trial.run_until_idle()

    @rule(table=TABLES, after_ms=st.integers(3_000, 6_000))
    def change_under_a_backup(self, table: tuple[str, str], after_ms: int) -> None:
        """A compaction while an increment is at work, before or after its snapshot."""
        self.trial.run_until_idle()
        self.trial.make_ready(table[0])
        self.trial.backup_own(table[0], incremental=True)
        self.trial.advance(after_ms)
        self.trial.write(*table, 3, "clustered")
        self.trial.freeze(table[0], major=True)
        self.trial.run_until_idle()

    @rule()
    def cancel_all(self) -> None:
        """By sys, everything."""
        self.trial.cancel()

    @rule(names=LISTS)
    def cancel_list(self, names: tuple[str, ...]) -> None:
        """By sys, named tenants."""
        self.trial.cancel(names)

    @rule(tenant=TENANTS)
    def cancel_own(self, tenant: str) -> None:
        """By the tenant itself, sys's job included."""
        self.trial.cancel(by_tenant=tenant)

    @rule(by_ms=st.integers(0, 700))
    def advance_a_little(self, by_ms: int) -> None:
        """Within a stage."""
        self.trial.advance(by_ms)

    @rule(by_ms=st.integers(700, 30_000))
    def advance_a_lot(self, by_ms: int) -> None:
        """Over several stages."""
        self.trial.advance(by_ms)

    @rule(by_ms=st.integers(1, 5_000), pieces=st.integers(1, 3))
    def advance_two_ways(self, by_ms: int, pieces: int) -> None:
        """The law of the clock."""
        self.trial.advance_two_ways(by_ms, pieces)

    @rule()
    def run_until_idle(self) -> None:
        """Until nothing is unfinished."""
        self.trial.run_until_idle()

    @rule(tenant=TENANTS, path=PATHS)
    def change_destination(self, tenant: str, path: str) -> None:
        """To another path, to none, or back."""
        self.trial.set_dest(tenant, path)

    @rule(tenant=TENANTS, score=SCORES)
    def set_score(self, tenant: str, score: int) -> None:
        """ha_low_thread_score up or down, in the middle of a job or not."""
        self.trial.set_score(tenant, score)

    @rule(tenant=TENANTS, after_ms=st.integers(4_400, 6_000))
    def lower_score_under_a_backup(self, tenant: str, after_ms: int) -> None:
        """Two copy tasks are at work when one becomes too many: it pauses at its next yield point."""
        self.trial.run_until_idle()
        self.trial.make_ready(tenant)
        self.trial.set_score(tenant, 0)
        self.trial.backup_own(tenant, incremental=False)
        self.trial.advance(after_ms)
        self.trial.set_score(tenant, 1)
        self.trial.advance(3_100)
        self.trial.run_until_idle()

    @rule(tenant=TENANTS, score=SCORES, name=st.sampled_from(["ha_high_thread_score", "compaction_mid_thread_score"]))
    def set_other_score(self, tenant: str, score: int, name: str) -> None:
        """Another score: backups must not care."""
        self.trial.set_score(tenant, score, name)

    @rule(tenant=TENANTS, enabled=st.booleans(), by_sys=st.booleans())
    def set_archive_mode(self, tenant: str, enabled: bool, by_sys: bool) -> None:
        """ARCHIVELOG and NOARCHIVELOG, also where it is so already."""
        self.trial.set_archive(tenant, enabled=enabled, by_sys=by_sys)

    @rule(tenant=TENANTS, deferred=st.booleans())
    def set_archive_destination_state(self, tenant: str, deferred: bool) -> None:
        """DEFER and ENABLE."""
        self.trial.set_deferred(tenant, deferred=deferred)

    @rule()
    def read_views(self) -> None:
        """Look at everything; nothing may change by it."""
        self.trial.read()

    @precondition(lambda self: self.trial.step_count > 40)
    @rule()
    def reset(self) -> None:
        """Back to the start."""
        self.trial.reset()

    def teardown(self) -> None:
        """Whatever was going on, it comes to an end; after a failure there is nothing more to see."""
        if hasattr(self, "trial") and sys.exc_info()[0] is None:
            self.trial.run_until_idle()
            self.trial.read()


def machine_for(version: str, base: IncrementalBase) -> type[BackupMachine]:
    """The machine for a version profile and a base rule."""
    return type(
        f"Machine_{version.replace('.', '_')}_{base.value}", (BackupMachine,), {"version": version, "base": base}
    )
