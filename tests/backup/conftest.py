"""A cluster and short words for what backups do in it."""

from collections.abc import Iterator

import pytest

from obsim.cluster import ClusterState, Principal
from obsim.errors import ServerError
from obsim.ids import TenantId
from obsim.scenario import build_state
from obsim.statements import AlterParameters, BackupDatabase, BackupStatement, Freeze, ParameterAction
from obsim.versions import IncrementalBase, profile_for

SYS, MYSQL, ORACLE = 1, 1002, 1004


class Bench:
    """A cluster driven by statements as dataclasses; times in milliseconds since its start."""

    def __init__(
        self, version: str = "4.2.1", scenario: str = "three-tenants", base: IncrementalBase | None = None
    ) -> None:
        self.state: ClusterState = build_state(scenario, profile=profile_for(version), incremental_base=base)

    def run(self, tenant_id: int, statement: BackupStatement) -> None:
        self.state.execute(Principal(TenantId(tenant_id), "SYS" if tenant_id == ORACLE else "root"), statement)

    def refusal(self, tenant_id: int, statement: BackupStatement) -> str:
        """The error as a client prints it, '' for OK."""
        try:
            self.run(tenant_id, statement)
        except ServerError as refused:
            return str(refused)
        return ""

    def set(self, name: str, value: object, tenant: str | None = None, by: int = SYS) -> str:
        return self.refusal(by, AlterParameters((ParameterAction(name, value, tenant=tenant),)))

    def backup(self, by: int = MYSQL, *, incremental: bool = False, tenants: tuple[str, ...] | None = None) -> str:
        return self.refusal(by, BackupDatabase(incremental, tenants))

    def full_cycle(self, by: int = MYSQL, *, incremental: bool = True):
        """Back up to the end; the set."""
        assert self.backup(by, incremental=incremental) == ""
        self.idle()
        return list(self.tenant(by).backup.sets.values())[-1]

    def major_freeze(self, tenant_id: int = MYSQL) -> None:
        self.run(tenant_id, Freeze(major=True))

    def tenant(self, tenant_id: int = MYSQL):
        return self.state.tenants[TenantId(tenant_id)]

    def at(self, ms: float) -> None:
        self.state.advance_to(self.state.start_ns + round(ms * 1_000_000))

    @property
    def now_ms(self) -> float:
        return (self.state.now_ns - self.state.start_ns) / 1_000_000

    def idle(self) -> None:
        for _ in self.moments():
            pass

    def moments(self) -> Iterator[float]:
        """Each moment at which something happens, until nothing is unfinished."""
        while not self.state.idle():
            self.state.advance_to(self.state.next_event_ns)
            yield self.now_ms


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def make_bench() -> type[Bench]:
    return Bench
