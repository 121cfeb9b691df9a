"""State machines for hypothesis: random operations on a cluster, every invariant checked after each.

`ClusterMachine` runs on whatever a `Driver` leads to; give it one by `make_trial`. `BackupMachine` runs on a simulated
cluster, moves its clock and holds it against the naive model too: subclass it with another version or base rule and let
pytest find `MyMachine.TestCase`, or pass `machine_for(version, base)` to `run_state_machine_as_test`.
"""

import sys
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from obsim.testing.modelled import ModelledTrial
from obsim.testing.strategies import Order, fault_plans
from obsim.testing.trial import Trial
from obsim.versions import IncrementalBase

__all__ = ["BackupMachine", "ClusterMachine", "machine_for"]

TENANTS = st.sampled_from([0, 1])
"""Which tenant; the driver says how it is called. With fewer tenants the numbers begin anew."""
TABLES = st.sampled_from([0, 1, 2, 3, 4])
PATHS = st.sampled_from([0, 1, 2, 3])
LISTS = st.lists(TENANTS, min_size=1, max_size=3).map(tuple)
KINDS = st.sampled_from(["random", "clustered", "append"])
ROW_KINDS = st.sampled_from([
    "rows_uniform", "rows_uniform", "rows_uniform", "rows_zipf", "rows_clustered", "rows_clustered:3", "rows_append",
    "rows_delete", "rows_delete_clustered", "rows_delete_clustered:3",
])  # fmt: skip
"""Updates anywhere are the ones by which blocks split, so they come more often."""
FAULTS = fault_plans(("mysql_tenant", "oracle_tenant"))
"""Of the tenants of the scenario that simulated clusters begin with."""
MOMENTS = st.integers(0, 5039)
"""Of the moments that a tenant might be restored to, one by its number; with fewer moments the numbers begin anew."""
SCORES = st.sampled_from([0, 1, 2, 4, 10, 100])


class ClusterMachine(RuleBasedStateMachine):
    """The operations of tenants and their administrators that any cluster knows."""

    trial: Trial

    def make_trial(self, seed: int) -> Trial:
        """The trial to run on: `Trial(driver)` for a driver of yours. `seed` is for drivers that have a use for it."""
        raise NotImplementedError

    @initialize(seed=st.integers(0, 1 << 32))
    def begin(self, seed: int) -> None:
        """Reach the cluster."""
        self.trial = self.make_trial(seed)
        self.tables = self.trial.driver.tables
        self.tenants = tuple(dict.fromkeys(tenant for tenant, _ in self.tables))

    def check_invariants(self, *arguments: Any, **options: Any) -> None:
        """Called by hypothesis after each rule: count it. What holds, the trial has checked after each action."""
        if hasattr(self, "trial"):
            self.trial.rule_count += 1
        super().check_invariants(*arguments, **options)

    def table(self, number: int) -> tuple[str, str]:
        """(tenant, table) of a number."""
        return self.tables[number % len(self.tables)]

    def tenant(self, number: int) -> str:
        """The tenant of a number."""
        return self.tenants[number % len(self.tenants)]

    def named(self, numbers: tuple[int, ...]) -> tuple[str, ...]:
        """The tenants of numbers."""
        return tuple(map(self.tenant, numbers))

    @rule(table=TABLES, count=st.integers(0, 80))
    def write_random(self, table: int, count: int) -> None:
        """Scattered changes."""
        self.trial.write(*self.table(table), count, "random")

    @rule(table=TABLES, count=st.integers(0, 80))
    def write_clustered(self, table: int, count: int) -> None:
        """A run of neighbours."""
        self.trial.write(*self.table(table), count, "clustered")

    @rule(table=TABLES, count=st.integers(0, 30))
    def write_append(self, table: int, count: int) -> None:
        """Rows past the end; large enough to lift a tablet above the tablet size."""
        self.trial.write(*self.table(table), count, "append")

    @rule(tenant=TENANTS, by_sys=st.booleans())
    def minor_freeze(self, tenant: int, by_sys: bool) -> None:
        """Memory to mini SSTables."""
        self.trial.freeze(self.tenant(tenant), major=False, by_sys=by_sys)

    @rule(tenant=TENANTS, by_sys=st.booleans())
    def major_freeze(self, tenant: int, by_sys: bool) -> None:
        """A new baseline."""
        self.trial.freeze(self.tenant(tenant), major=True, by_sys=by_sys)

    @rule(tenant=TENANTS, trigger=st.sampled_from([0, 1, 2, 3, 16]))
    def set_compact_trigger(self, tenant: int, trigger: int) -> None:
        """How many minis make a minor."""
        self.trial.set_trigger(self.tenant(tenant), trigger)

    @rule(incremental=st.booleans(), plus_archivelog=st.booleans())
    def backup_all(self, incremental: bool, plus_archivelog: bool) -> None:
        """By sys, for every tenant that can."""
        self.trial.backup_from_sys(None, incremental=incremental, plus_archivelog=plus_archivelog)

    @rule(names=LISTS, incremental=st.booleans())
    def backup_list(self, names: tuple[int, ...], incremental: bool) -> None:
        """By sys, for named tenants, duplicates included."""
        self.trial.backup_from_sys(self.named(names), incremental=incremental)

    @rule(tenant=TENANTS, incremental=st.booleans(), plus_archivelog=st.booleans())
    def backup_own(self, tenant: int, incremental: bool, plus_archivelog: bool) -> None:
        """By the tenant itself."""
        self.trial.backup_own(self.tenant(tenant), incremental=incremental, plus_archivelog=plus_archivelog)

    @rule(tenant=TENANTS, incremental=st.booleans())
    def backup_by_both(self, tenant: int, incremental: bool) -> None:
        """By sys and by the tenant at once: both are stored and run one after the other."""
        name = self.tenant(tenant)
        self.trial.backup_own(name, incremental=incremental)
        self.trial.backup_from_sys((name,), incremental=incremental)

    @rule(table=TABLES, count=st.integers(1, 20), kind=KINDS, majors=st.integers(0, 2), minor=st.booleans())
    def increment_after_changes(self, table: int, count: int, kind: str, majors: int, minor: bool) -> None:
        """Everything in order: compactions, a minor freeze and an increment that runs to its end."""
        tenant, name = self.table(table)
        self.trial.run_until_idle()
        self.trial.make_ready(tenant)
        for _ in range(majors):
            self.trial.write(tenant, name, count, kind)
            self.trial.freeze(tenant, major=True)
        if minor:
            self.trial.write(tenant, name, 1, kind)
            self.trial.freeze(tenant, major=False)
        self.trial.backup_own(tenant, incremental=True)
        self.trial.run_until_idle()

    @rule()
    def cancel_all(self) -> None:
        """By sys, everything."""
        self.trial.cancel()

    @rule(names=LISTS)
    def cancel_list(self, names: tuple[int, ...]) -> None:
        """By sys, named tenants."""
        self.trial.cancel(self.named(names))

    @rule(tenant=TENANTS)
    def cancel_own(self, tenant: int) -> None:
        """By the tenant itself, sys's job included."""
        self.trial.cancel(by_tenant=self.tenant(tenant))

    @rule()
    def run_until_idle(self) -> None:
        """Until nothing is unfinished."""
        self.trial.run_until_idle()

    @rule(tenant=TENANTS, path=PATHS)
    def change_destination(self, tenant: int, path: int) -> None:
        """To another path, to none, or back."""
        self.trial.set_dest(self.tenant(tenant), self.trial.path_of(self.tenant(tenant), path))

    @rule(tenant=TENANTS, score=SCORES)
    def set_score(self, tenant: int, score: int) -> None:
        """ha_low_thread_score up or down, in the middle of a job or not."""
        self.trial.set_score(self.tenant(tenant), score)

    @rule(tenant=TENANTS, score=SCORES, name=st.sampled_from(["ha_high_thread_score", "compaction_mid_thread_score"]))
    def set_other_score(self, tenant: int, score: int, name: str) -> None:
        """Another score: backups must not care."""
        self.trial.set_score(self.tenant(tenant), score, name)

    @rule(tenant=TENANTS, enabled=st.booleans(), by_sys=st.booleans())
    def set_archive_mode(self, tenant: int, enabled: bool, by_sys: bool) -> None:
        """ARCHIVELOG and NOARCHIVELOG, also where it is so already."""
        self.trial.set_archive(self.tenant(tenant), enabled=enabled, by_sys=by_sys)

    @rule(tenant=TENANTS, deferred=st.booleans())
    def set_archive_destination_state(self, tenant: int, deferred: bool) -> None:
        """DEFER and ENABLE."""
        self.trial.set_deferred(self.tenant(tenant), deferred=deferred)

    def teardown(self) -> None:
        """Whatever was going on, it comes to an end; after a failure there is nothing more to see."""
        if hasattr(self, "trial") and sys.exc_info()[0] is None:
            self.trial.run_until_idle()
            self.at_end()

    def at_end(self) -> None:
        """What a machine wants to see when everything has ended."""


class BackupMachine(ClusterMachine):
    """A simulated cluster and the naive model. Set `version` and `base` in a subclass."""

    version: ClassVar[str] = "4.2.1"
    base: ClassVar[IncrementalBase] = IncrementalBase.LAST_FULL
    on_trial: ClassVar[Callable[[ModelledTrial], None] | None] = None
    """Told of every trial that begins."""
    trial: ModelledTrial

    def make_trial(self, seed: int) -> ModelledTrial:
        """A cluster of its own."""
        trial = ModelledTrial(self.version, self.base, seed)
        told = type(self).on_trial
        if told is not None:
            told(trial)
        return trial

    @rule(
        table=TABLES, thousandths=st.sampled_from([0, 1, 20, 200, 1000]), more=st.integers(0, 40), kind=ROW_KINDS,
        freeze=st.booleans(),
    )  # fmt: skip
    def write_rows(self, table: int, thousandths: int, more: int, kind: str, freeze: bool) -> None:
        """Rows of a table, up to all of them and some that are not there; blocks split, come and go."""
        tenant, name = self.table(table)
        self.trial.write_rows(tenant, name, thousandths, more, kind)
        if freeze:
            self.trial.freeze(tenant, major=True)

    @rule(tenant=TENANTS, minute=st.sampled_from([120, 0, 1, 2, 3, 120, 121, 1439, None]))
    def set_duty_time(self, tenant: int, minute: int | None) -> None:
        """When the daily major freeze comes; soon after midnight, when a trial begins, on time or not at all."""
        self.trial.set_duty_time(self.tenant(tenant), minute)

    @rule(tenant=TENANTS, percent=st.sampled_from([1, 2, 5, 20, 99]), often=st.sampled_from([0, 0, 1, 2]))
    def set_memory_limits(self, tenant: int, percent: int, often: int) -> None:
        """How full the memory gets before a freeze, and how often that is a major one."""
        self.trial.set_memory_limits(self.tenant(tenant), percent, often)

    @rule(hours=st.integers(1, 60))
    def advance_far(self, hours: int) -> None:
        """Past daily freezes."""
        self.trial.advance(hours * 3_600_000)

    @rule(table=TABLES, after_ms=st.integers(3_000, 6_000))
    def change_under_a_backup(self, table: int, after_ms: int) -> None:
        """A compaction while an increment is at work, before or after its snapshot."""
        tenant, name = self.table(table)
        self.trial.run_until_idle()
        self.trial.make_ready(tenant)
        self.trial.backup_own(tenant, incremental=True)
        self.trial.advance(after_ms)
        self.trial.write(tenant, name, 3, "clustered")
        self.trial.freeze(tenant, major=True)
        self.trial.run_until_idle()

    @rule(plan=FAULTS)
    def order_faults(self, plan: list[Order]) -> None:
        """What comes next meets them."""
        self.trial.order_faults(plan)

    @rule()
    def clear_faults(self) -> None:
        """Nothing is wrong any more, perhaps in the middle of a retry."""
        self.trial.clear_faults()

    @rule(
        tenant=TENANTS, plan=FAULTS, after_ms=st.integers(0, 12_000), incremental=st.booleans(), clear=st.booleans()
    )
    def back_up_under_faults(
        self, tenant: int, plan: list[Order], after_ms: int, incremental: bool, clear: bool
    ) -> None:
        """A backup that fails, or is tried again and succeeds; with the faults gone in the middle of it or not."""
        self.trial.back_up_under_faults(self.tenant(tenant), plan, after_ms, incremental=incremental, clear=clear)

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

    @rule(tenant=TENANTS, after_ms=st.integers(4_400, 6_000))
    def lower_score_under_a_backup(self, tenant: int, after_ms: int) -> None:
        """Two copy tasks are at work when one becomes too many: it pauses at its next yield point."""
        name = self.tenant(tenant)
        self.trial.run_until_idle()
        self.trial.make_ready(name)
        self.trial.set_score(name, 0)
        self.trial.backup_own(name, incremental=False)
        self.trial.advance(after_ms)
        self.trial.set_score(name, 1)
        self.trial.advance(3_100)
        self.trial.run_until_idle()

    @rule(tenant=TENANTS, stage=st.integers(0, 6), incremental=st.booleans())
    def cancel_in_a_stage(self, tenant: int, stage: int, incremental: bool) -> None:
        """A backup that is cancelled once it has come to some stage."""
        self.trial.cancel_in_stage(self.tenant(tenant), stage, incremental=incremental)

    @rule(
        number=st.integers(0, 7),
        log_stream_id=st.sampled_from([1001, 1002]),
        stage=st.sampled_from(["BACKUP_USER_META", "BACKUP_DATA_MINOR", "BACKUP_DATA_MAJOR"]),
    )
    def transfer_under_a_backup(self, number: int, log_stream_id: int, stage: str) -> None:
        """A tablet goes to another log stream while it is to be copied: the stage has another turn."""
        self.trial.transfer_in_stage(self.tenant(0), number, log_stream_id, stage)

    @rule(tenant=TENANTS, number=st.integers(0, 3), under_way=st.booleans())
    def break_a_set(self, tenant: int, number: int, under_way: bool) -> None:
        """One of the newest sets is found broken; perhaps while an increment on it is at work."""
        name = self.tenant(tenant)
        if under_way:
            self.trial.run_until_idle()
            self.trial.make_ready(name)
            self.trial.backup_own(name, incremental=True)
            self.trial.advance(1_000)
        self.trial.break_set(name, number)

    @rule(tenant=TENANTS, path=PATHS)
    def change_archive_destination(self, tenant: int, path: int) -> None:
        """Log goes to another path from now on, or back to one where some lies."""
        self.trial.set_archive_dest(self.tenant(tenant), path)

    @rule(tenant=TENANTS, moment=MOMENTS)
    def restore(self, tenant: int, moment: int) -> None:
        """To one of the moments at which it begins or ceases to be possible, or at which something changed."""
        self.trial.try_restore(self.tenant(tenant), moment)

    @rule(
        tenant=TENANTS, minutes=st.sampled_from([1, 20, 59, 60, 90, 1_500]), hours=st.integers(1, 2), moment=MOMENTS
    )
    def clean_up(self, tenant: int, minutes: int, hours: int, moment: int) -> None:
        """A policy that looks at the sets once or twice; perhaps what it lets go ended a moment ago."""
        name = self.tenant(tenant)
        self.trial.set_policy(name, f"{minutes}m")
        for _ in range(hours):
            self.trial.advance(3_600_000)
        self.trial.run_until_idle()
        self.trial.set_policy(name, None)
        self.trial.try_restore(name, moment)

    @rule(
        tenant=TENANTS, error=st.sampled_from([9071, 9082, 9087]), log_stream=st.sampled_from([1, 1001]),
        by_ms=st.sampled_from([500, 130_000]), under_way=st.booleans(),
    )  # fmt: skip
    def archive_trouble(self, tenant: int, error: int, log_stream: int, by_ms: int, under_way: bool) -> None:
        """Log cannot be written, perhaps while a backup waits for it: the checkpoint stands or the round is lost."""
        name = self.tenant(tenant)
        if under_way:
            self.trial.run_until_idle()
            self.trial.make_ready(name)
            self.trial.backup_own(name, incremental=True, plus_archivelog=True)
        self.trial.archive_trouble(name, f"error={error} log_stream={log_stream}", by_ms)

    @rule()
    def read_views(self) -> None:
        """Look at everything; nothing may change by it."""
        self.trial.read()

    @precondition(lambda self: self.trial.step_count > 100)
    @rule()
    def reset(self) -> None:
        """Back to the start."""
        self.trial.reset()

    def at_end(self) -> None:
        """Read all views."""
        self.trial.read()


def machine_for(version: str, base: IncrementalBase, **attributes: Any) -> type[BackupMachine]:
    """The machine for a version profile and a base rule."""
    name = f"Machine_{version.replace('.', '_')}_{base.value}"
    return type(name, (BackupMachine,), {"version": version, "base": base, **attributes})
