"""What changes a cluster, as data: every way in that a session or the Python interface has.

A statement that changes the cluster is an input with all of its session that the cluster may look at, so that carrying
the same inputs out at the same moments of virtual time gives the same cluster again. Reading is no input. Time is none
either: an input comes at a moment, and what happens up to there follows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from obsim.answers import Ok, Value
from obsim.cluster import Principal
from obsim.control import PROCEDURES, Argument, Reset, RestoreSnapshot, TakeSnapshot, check_led, writable_tenant
from obsim.control import Outcome as CallOutcome
from obsim.errors import ServerError
from obsim.faults import FaultRule
from obsim.ids import TenantId
from obsim.statements import BackupStatement
from obsim.storage.positions import gather

if TYPE_CHECKING:
    from obsim.session.host import SessionHost

__all__ = [
    "Call", "ChangeBlocks", "Durable", "Execute", "Input", "Meet", "OrderSchedule", "Recorder", "Reset",
    "RestoreSnapshot", "SetGlobals", "TakeSnapshot", "carry_out",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Execute:
    """A statement that the cluster carries out."""

    who: Principal
    statement: BackupStatement


@dataclass(frozen=True, slots=True)
class Call:
    """A control procedure. What asks for more than the cluster itself can do (a jump, a reset) changes nothing yet."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class SetGlobals:
    """All global variables of a tenant that are other than by default, in the order they were set."""

    tenant_id: TenantId
    variables: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Meet:
    """A statement of a tenant, of whatever kind, that faults are ordered for: it counts where it fits."""

    tenant: str
    text: str


@dataclass(frozen=True, slots=True)
class OrderSchedule:
    """A statement that runs again and again from one interval on."""

    every_ns: int
    who: Principal
    statement: BackupStatement


@dataclass(frozen=True, slots=True)
class ChangeBlocks:
    """Baseline macroblocks of a tenant that get dirty, as `Cluster.change_blocks` takes them."""

    tenant: str
    positions: Iterable[int]


Input = Execute | Call | SetGlobals | Meet | OrderSchedule | ChangeBlocks | Reset | TakeSnapshot | RestoreSnapshot


class Recorder(Protocol):
    """Who is told of every input, and carries it out."""

    def carry(self, host: "SessionHost", command: Input) -> Any:
        """`carry_out`, noted; raises what that raises, and a ServerError of its own where nothing can be noted."""


class Durable(Protocol):
    """Who keeps on disk what answers tell. What is made while `added` is n may be told once `kept` is n."""

    added: int
    kept: int

    def show(self) -> None:
        """An answer is about to leave; it may add something to be kept."""

    def rest(self) -> None:
        """No statement is under way."""

    def take(self) -> Any:
        """All that is to be written now."""

    def takes_long(self, work: Any) -> bool:
        """Whether to write it takes long on a quick disk, too."""

    def write(self, work: Any) -> None:
        """Write it, in any thread. Raises StoreFailed."""

    def done(self, work: Any) -> None:
        """It is written."""

    def failed(self, work: Any, failed: Any) -> ServerError:
        """It is not, and the cluster is as the disk has it; what to answer instead."""


def carry_out(host: "SessionHost", command: Input) -> Any:
    """Let an input act on the cluster; what is answered. Raises its ServerError or OutcomeNeeded: nothing changed."""
    return _CARRIED[type(command)](host, command)


def _execute(host: "SessionHost", command: Execute) -> Ok:
    return host.state.execute(command.who, command.statement)


def _call(host: "SessionHost", command: Call) -> CallOutcome:
    return PROCEDURES[command.name].call(host.state, command.arguments)


def _set_globals(host: "SessionHost", command: SetGlobals) -> Ok:
    tenant = host.state.tenants[command.tenant_id]
    host.globals_of(tenant).restore(dict(command.variables))
    host.state.note_facts(tenant)
    return Ok()


def _meet(host: "SessionHost", command: Meet) -> FaultRule | None:
    return host.state.faults.of_statement(command.tenant, command.text)


def _schedule(host: "SessionHost", command: OrderSchedule) -> Ok:
    host.state.schedule(command.every_ns, command.who, command.statement)
    return Ok()


def _change_blocks(host: "SessionHost", command: ChangeBlocks) -> int:
    owner = writable_tenant(host.state, command.tenant)
    positions, tablets = gather(command.positions), owner.storage.tablets
    there = (t.log_stream_id for t in tablets if positions.range_cardinality(t.first_position, t.end_position))
    check_led(host.state, owner, there)
    changed = owner.storage.change_blocks(positions)
    host.state.note_rows(owner)
    return changed


def _reset(host: "SessionHost", _command: Reset) -> Ok:
    host.begin_again()
    return Ok()


def _take_snapshot(host: "SessionHost", command: TakeSnapshot) -> Ok:
    host.keep_snapshot(command.name)
    return Ok()


def _restore_snapshot(host: "SessionHost", command: RestoreSnapshot) -> Ok:
    host.return_to_snapshot(command.name)
    return Ok()


_CARRIED: dict[type, Callable[["SessionHost", Any], Any]] = {
    Call: _call,
    ChangeBlocks: _change_blocks,
    Execute: _execute,
    Meet: _meet,
    OrderSchedule: _schedule,
    Reset: _reset,
    RestoreSnapshot: _restore_snapshot,
    SetGlobals: _set_globals,
    TakeSnapshot: _take_snapshot,
}
"""Kind of input -> what it does."""
