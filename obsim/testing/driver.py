"""How tests talk to a cluster, simulated or real: statements in, observations out.

`SimulatedDriver` has a cluster in this process and a clock of its own, `DatabaseDriver` (`obsim.testing.database`) any
cluster that a DB-API connection leads to.
"""

from collections.abc import Callable
from typing import Protocol

from obsim.statements import BackupStatement
from obsim.testing.observation import Observation

__all__ = ["Driver", "NotReached", "at_rest"]


class NotReached(AssertionError):
    """What was waited for did not come about in time; the text says what still runs."""


class Driver(Protocol):
    """Four methods, and what the cluster has to offer."""

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """(tenant, table) that blocks may be changed in; every tenant under test has one."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Values of data_backup_dest to change between; '' for none. `{tenant}` in one is each tenant's own name.

        A directory belongs to the first tenant that sets it: another one is refused with 9081.
        """

    def execute(self, tenant: str, statement: BackupStatement) -> int:
        """Run a statement as the administrator of a tenant; errno, 0 for OK."""

    def wait_until(self, condition: Callable[[Observation], bool], timeout_s: float) -> Observation:
        """Let time go by until an observation meets the condition; the observation. Raises NotReached."""

    def change_blocks(self, tenant: str, table: str, count: int, kind: str) -> int:
        """Change rows in that many macroblocks (`random`, `clustered`) or `append` as many; errno, 0 for OK.

        A backup sees the changed blocks after the next major freeze, which a driver may order by itself.
        """

    def observe(self) -> Observation:
        """The cluster as it is now."""


def at_rest(now: Observation) -> bool:
    """Whether every job has ended and no round is between two states."""
    jobs = [j for tenant in now.tenants.values() for j in tenant.jobs] + list(now.sys_jobs)
    rounds = [tenant.round for tenant in now.tenants.values()]
    settled = {"DOING", "STOP", "SUSPEND", "INTERRUPTED"}
    return all(j.ended for j in jobs) and all(r is None or r.status in settled for r in rounds)
