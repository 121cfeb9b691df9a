"""A trial: actions on one cluster through a driver, and every invariant that can be seen checked after each of them.

`ModelledTrial` (`obsim.testing.modelled`) holds a simulated cluster against the naive model as well. The state machine
is made of these actions, the campaign against mutants too, and a test may call them itself.
"""

from collections.abc import Callable
from dataclasses import replace

from obsim.statements import (
    AddDeletePolicy,
    AlterParameters,
    BackupDatabase,
    BackupStatement,
    CancelBackup,
    DropDeletePolicy,
    Freeze,
    ParameterAction,
    ParameterValue,
    SetArchiveMode,
)
from obsim.testing.driver import Driver, at_rest
from obsim.testing.invariants import Checker, InvariantBroken, Violation
from obsim.testing.observation import AskedSeen, Observation
from obsim.testing.sometimes import Sometimes

__all__ = ["Trial"]

SYS, SYS_ID, POLICY = "sys", 1, "default"
TIMEOUT_S = 3_600


class Trial:
    """`driver` leads to the cluster. `sometimes` counts rare situations; `on_broken` gets what is violated.

    Without `on_broken` a violation raises InvariantBroken.
    """

    def __init__(self, driver: Driver, on_broken: Callable[[list[Violation]], None] | None = None) -> None:
        self.driver: Driver = driver
        self.step_count = self.rule_count = 0
        self.sometimes = Sometimes()
        self.checker = Checker()
        self._on_broken = on_broken
        self._asked: AskedSeen | None = None
        self.seen = driver.observe()
        self.check(self.seen)

    def tenant_id(self, name: str) -> int:
        """The id of a user tenant, or of sys."""
        return SYS_ID if name == SYS else next(t.tenant_id for t in self.seen.tenants.values() if t.name == name)

    def check(self, now: Observation) -> None:
        """Hold an observation against every invariant it allows to check."""
        broken = self.checker.violations(now)
        if broken and self._on_broken is not None:
            self._on_broken(broken)
        elif broken:
            raise InvariantBroken("\n".join(map(str, broken)))

    def compare(self) -> None:
        """Look at the cluster and check it."""
        now = self.look()
        self.step_count += 1
        self.check(now)
        self.sometimes.count(now, self.seen)
        self.seen = now

    def look(self) -> Observation:
        """The cluster as it is now; with the BACKUP that was run just before, if one was."""
        now = self.driver.observe()
        if self._asked is not None:
            asked, self._asked = self._asked, None
            now = replace(now, asked=asked)
        return now

    def tick(self) -> None:
        """What happens between two actions."""
        self.compare()

    def run(self, tenant: str, statement: BackupStatement) -> int:
        """Run a statement; errno, 0 for OK."""
        return self.driver.execute(tenant, statement)

    def set(self, name: str, value: ParameterValue, tenant: str) -> int:
        """ALTER SYSTEM SET by sys for one tenant; errno, 0 for OK."""
        return self.run(SYS, AlterParameters((ParameterAction(name, value, tenant=tenant),)))

    # Storage.

    def write(self, tenant: str, table: str, count: int, kind: str) -> None:
        """Touch or append `count` blocks of a table."""
        self.tick()
        self.driver.change_blocks(tenant, table, count, kind)
        self.compare()

    def freeze(self, tenant: str, *, major: bool, by_sys: bool = True) -> None:
        """MAJOR or MINOR FREEZE of one tenant, by sys or by itself."""
        self.tick()
        if by_sys:
            self.run(SYS, Freeze(major, (tenant,)))
        else:
            self.run(tenant, Freeze(major))
        self.compare()

    def set_trigger(self, tenant: str, trigger: int) -> None:
        """SET minor_compact_trigger."""
        self.tick()
        self.set("minor_compact_trigger", trigger, tenant)
        self.compare()

    def set_duty_time(self, tenant: str, minute: int | None) -> None:
        """SET major_freeze_duty_time: a minute of the day, None to switch the daily freeze off."""
        self.tick()
        self.set("major_freeze_duty_time", duty_time(minute), tenant)
        self.compare()

    def set_memory_limits(self, tenant: str, percent: int, often: int) -> None:
        """SET freeze_trigger_percentage and major_compact_trigger."""
        self.tick()
        self.set("freeze_trigger_percentage", percent, tenant)
        self.set("major_compact_trigger", often, tenant)
        self.compare()

    # Backups.

    def backup_from_sys(
        self, names: tuple[str, ...] | None, *, incremental: bool, plus_archivelog: bool = False
    ) -> None:
        """BACKUP by sys: of all tenants (None) or of a list."""
        self.tick()
        self.ask(SYS, BackupDatabase(incremental, names, plus_archivelog=plus_archivelog))
        self.compare()

    def backup_own(self, tenant: str, *, incremental: bool, plus_archivelog: bool = False) -> None:
        """BACKUP by a tenant for itself."""
        self.tick()
        self.ask(tenant, BackupDatabase(incremental, plus_archivelog=plus_archivelog))
        self.compare()

    def ask(self, by: str, statement: BackupDatabase) -> int:
        """Run a BACKUP and remember what was answered for the next look; errno, 0 for OK."""
        errno = self.run(by, statement)
        names = (by,) if by != SYS else statement.tenants or ()
        if not statement.plus_archivelog:  # which 4.0 refuses as such
            ids = tuple(self.tenant_id(name) for name in names)
            self._asked = AskedSeen(self.tenant_id(by), ids, statement.incremental, errno)
        return errno

    def cancel(self, names: tuple[str, ...] | None = None, *, by_tenant: str | None = None) -> None:
        """CANCEL BACKUP by sys, for all or for a list, or by a tenant."""
        self.tick()
        self.run(by_tenant or SYS, CancelBackup(() if by_tenant else names or ()))
        self.compare()

    # Settings.

    def set_dest(self, tenant: str, path: str) -> None:
        """SET data_backup_dest."""
        self.tick()
        self.set("data_backup_dest", path, tenant)
        self.compare()

    def path_of(self, tenant: str, number: int) -> str:
        """The driver's path of that number, as the tenant has it; there is none beyond the last."""
        return self.driver.paths[number % len(self.driver.paths)].replace("{tenant}", tenant)

    def set_score(self, tenant: str, score: int, name: str = "ha_low_thread_score") -> None:
        """SET of a thread score."""
        self.tick()
        self.set(name, score, tenant)
        self.compare()

    def set_archive(self, tenant: str, *, enabled: bool, by_sys: bool = True) -> None:
        """ARCHIVELOG or NOARCHIVELOG."""
        self.tick()
        if by_sys:
            self.run(SYS, SetArchiveMode(enabled, (tenant,)))
        else:
            self.run(tenant, SetArchiveMode(enabled))
        self.compare()

    def set_deferred(self, tenant: str, *, deferred: bool) -> None:
        """SET log_archive_dest_state."""
        self.tick()
        self.set("log_archive_dest_state", "DEFER" if deferred else "ENABLE", tenant)
        self.compare()

    def set_policy(self, tenant: str, window: str | None) -> None:
        """ADD DELETE BACKUP POLICY with a recovery window instead of what there was; None: none from now on."""
        self.tick()
        self.run(SYS, DropDeletePolicy(POLICY, tenants=(tenant,)))
        if window is not None:
            self.run(SYS, AddDeletePolicy(POLICY, recovery_window=window, tenants=(tenant,)))
        self.compare()

    def make_ready(self, tenant: str) -> None:
        """See to it that a tenant can be backed up: a destination, archiving on and going on."""
        seen = self.seen.tenants[self.tenant_id(tenant)]
        if not seen.path:
            self.set_dest(tenant, self.path_of(tenant, 0))
        if seen.round is None or seen.round.status != "DOING":
            if seen.round is not None and seen.round.status == "INTERRUPTED":  # which does not heal by itself
                self.set_archive(tenant, enabled=False)
                self.run_until_idle()
            self.set_deferred(tenant, deferred=False)
            if not self.seen.tenants[seen.tenant_id].archivelog:
                self.set_archive(tenant, enabled=True)
            self.run_until_idle()

    # Time.

    def advance(self, by_ms: int) -> None:
        """Let time go by: here at least that of a look."""
        del by_ms
        self.compare()

    def run_until_idle(self) -> None:
        """Let everything end."""
        self.driver.wait_until(at_rest, TIMEOUT_S)
        self.compare()


def duty_time(minute: int | None) -> str:
    """Value of major_freeze_duty_time for a minute of the day; None switches the daily freeze off."""
    return "Disable" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"
