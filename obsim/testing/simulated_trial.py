"""A trial on a simulated cluster: its clock moves when told, sets break to order, and every view can be read."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from obsim.statements import CallProcedure
from obsim.testing.invariants import Checker, Violation
from obsim.testing.model import NaiveCluster
from obsim.testing.naive_tablet import expect
from obsim.testing.reading import Reader
from obsim.testing.simulated import SimulatedDriver
from obsim.testing.strategies import Order
from obsim.testing.trial import SYS, Trial
from obsim.units import MS_NS
from obsim.versions import IncrementalBase

__all__ = ["SimulatedTrial"]

TICK_NS = 1_000
"""Time moves by that much before each action, so that no two actions share a moment with each other's events."""


class SimulatedTrial(Trial):
    """`version` is a profile's name, `base` the base rule; `seed` decides where writes fall."""

    model: NaiveCluster | None = None

    def __init__(
        self,
        version: str = "4.2.1",
        base: IncrementalBase = IncrementalBase.LAST_FULL,
        seed: int = 0,
        on_broken: Callable[[list[Violation]], None] | None = None,
    ) -> None:
        self.version = version
        self.simulated = SimulatedDriver(version, base, seed)
        super().__init__(self.simulated, on_broken)
        self.start = self.seen
        self.begin()

    def begin(self) -> None:
        """The cluster is at its start."""
        self.reader = Reader(self.simulated.observer)

    def tick(self) -> None:
        """A moment goes by. Unless something happens in it, the next look is soon enough."""
        event_count = self.simulated.state.event_count
        self.simulated.advance(TICK_NS)
        if self.simulated.state.event_count != event_count or self.seen.now_ns < self.simulated.state.now_ns - TICK_NS:
            self.compare()

    def set_score(self, tenant: str, score: int, name: str = "ha_low_thread_score") -> None:
        """SET of a thread score. The cluster is looked at right before it, so S3 sees nothing but the score."""
        self.tick()
        self.compare()
        errno = self.set(name, score, tenant)
        expect(not errno, f"SET {name} = {score} for {tenant} answers {errno}")
        self.compare()

    def cancel_in_stage(self, tenant: str, stage: int, *, incremental: bool) -> None:
        """A backup of a tenant that comes to a stage of the version and is cancelled there."""
        self.run_until_idle()
        self.make_ready(tenant)
        self.backup_own(tenant, incremental=incremental)
        stages = self.simulated.state.profile.task_stages
        self.simulated.run_to_stage(tenant, stages[stage % len(stages)])
        self.compare()
        self.cancel(by_tenant=tenant)

    def transfer_in_stage(self, tenant: str, number: int, log_stream_id: int, stage: str) -> None:
        """A tablet of a tenant moves to another log stream while a backup of the tenant is in a stage."""
        self.run_until_idle()
        self.make_ready(tenant)
        self.backup_own(tenant, incremental=False)
        self.simulated.run_to_stage(tenant, stage)
        self.compare()
        tablets = sorted(self.seen.tenants[self.tenant_id(tenant)].baseline)
        self.tick()
        self.run("sys", CallProcedure("obsim", "transfer", (tenant, tablets[number % len(tablets)], log_stream_id)))
        self.compare()
        self.run_until_idle()

    def order_faults(self, plan: Sequence[Order]) -> None:
        """CALL obsim.fault for each fault of a plan (`obsim.testing.strategies.fault_plans`)."""
        self.tick()
        for tenant, statement in plan:
            errno = self.run(tenant, statement)
            expect(not errno, f"{statement.sql()} answers {errno}")
        self.compare()

    def clear_faults(self) -> None:
        """CALL obsim.clear_faults: what waits to be tried again succeeds then."""
        self.tick()
        self.compare()
        self.run(SYS, CallProcedure("obsim", "clear_faults", ()))
        self.compare()

    def back_up_under_faults(
        self, tenant: str, plan: Sequence[Order], after_ms: int, *, incremental: bool, clear: bool
    ) -> None:
        """A backup that faults may meet, whatever comes of it; with `clear` the faults end after a while."""
        self.run_until_idle()
        self.make_ready(tenant)
        self.order_faults(plan)
        self.backup_own(tenant, incremental=incremental)
        if clear:
            self.advance(after_ms)
            self.clear_faults()
        self.run_until_idle()

    def archive_trouble(self, tenant: str, fault: str, by_ms: int) -> None:
        """Log of a tenant cannot be written for a while; `fault` says why and whose, in words of `obsim.faults`."""
        self.tick()
        self.run(SYS, CallProcedure("obsim", "fault", (f"archive=write tenant={tenant} {fault}",)))
        self.advance(by_ms)
        self.clear_faults()

    def break_set(self, tenant: str, number: int) -> None:
        """The set that is the newest usable one but `number` is found broken; with fewer, the count begins anew."""
        self.tick()
        sets = self.seen.tenants[self.tenant_id(tenant)].sets.values()
        usable = sorted((s.backup_set_id for s in sets if s.usable), reverse=True)
        if usable:
            self.simulated.break_set(tenant, usable[number % len(usable)])
        self.compare()

    # Time.

    def advance(self, by_ms: int) -> None:
        """Let virtual time go by."""
        self.tick()
        self.simulated.advance(by_ms * MS_NS)
        self.compare()

    def advance_two_ways(self, by_ms: int, pieces: int) -> None:
        """The law of the clock: in one go, or in pieces with reads between, time brings the same (33)."""
        self.tick()
        state = self.simulated.state
        target_ns = state.now_ns + by_ms * MS_NS
        twin = self.simulated.twin_at(target_ns)
        for piece in range(1, pieces + 1):
            left_ns = target_ns - state.now_ns
            self.simulated.advance(left_ns // (pieces - piece + 1))
            self.compare()
        self.read()
        self.check(replace(self.seen, twin=twin))

    def run_until_idle(self) -> None:
        """Let everything end."""
        self.tick()
        self.simulated.run_until_idle()
        self.compare()

    def reset(self) -> None:
        """Back to the start: the cluster must look as it first did."""
        self.simulated.reset()
        self.checker = Checker()
        self.seen = self.driver.observe()
        expect(self.seen == self.start, "after a reset the cluster looks other than at its start")
        self.check(self.seen)
        self.sometimes.new_timeline()
        self.begin()

    def read(self, *, everything: bool = False) -> None:
        """Read views; nothing may change by it, and obsim.macroblocks must say what the model says."""
        self.check(replace(self.seen, twin=self.reader.read(self.model, everything=everything)))
