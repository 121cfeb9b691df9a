"""From a data directory to a running cluster: the newest checkpoint, the records behind it, the clock at its lease."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from obsim.clock import ClockMode
from obsim.cluster import ClusterState
from obsim.destination.outside import Performer
from obsim.errors import ScenarioError, UsageError
from obsim.journal.checkpoint import Checkpoints
from obsim.journal.directory import DataDirectory
from obsim.journal.export import reaches_of
from obsim.journal.keeper import Keeper
from obsim.journal.lease import LeaseHolder, resumed_ns
from obsim.journal.making import Making
from obsim.journal.record import FORGOTTEN, OPENED, OUTCOME
from obsim.journal.recorder import NotingPerformer, Recorder
from obsim.journal.replay import Differs, Remembered, Replay
from obsim.journal.secrets import SecretMissing, Secrets, append_secrets, read_secrets
from obsim.journal.store import Store, StoreDamaged, StoreFailed
from obsim.session import ControlAccess, SessionHost
from obsim.variables import ServerFacts

if TYPE_CHECKING:
    from obsim.scenario.building import Blueprint

__all__ = ["Kept", "Rebuilt", "open_directory", "rebuilt"]


@dataclass(slots=True)
class Kept:
    """A cluster of a directory, and who keeps its journal."""

    host: SessionHost
    keeper: Keeper
    making: Making


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A cluster as its journal has it."""

    host: SessionHost
    last: int
    """Number of the last record."""
    checkpoint: int
    """Of the last one that was in the checkpoint it began with; 0 for the start."""


def open_directory(
    directory: DataDirectory,
    wanted: Callable[[Making | None], "tuple[Making, Blueprint | None]"],
    performer_of: Callable[[Making], Performer | None],
    control: ControlAccess | None = None,
    facts: ServerFacts | None = None,
    *,
    catch_up: bool = False,
    real_ns: Callable[[], int] = time.time_ns,
) -> Kept:
    """The cluster of a directory, a new one where it is empty.

    `wanted` is told how the directory's cluster was made (None for a new one) and says how this one is to be.
    Raises UsageError for a directory that is in use, of another format, damaged, or whose journal leads elsewhere.
    """
    directory.take()
    try:
        directory.touch()
        store = Store(directory.journal)
        try:
            secrets = read_secrets(directory.secrets)
            known = None if store.empty else Making.of(store.making, secrets)
            making, blueprint = wanted(known)
            performer = performer_of(making)
            if performer is not None:
                performer.background = making.background
            opening = _Opening(directory, store, secrets, making, performer, control, facts)
            return opening.begun(blueprint, real_ns) if known is None else opening.resumed(catch_up, real_ns)
        except BaseException:
            store.close()
            raise
    except BaseException as failure:
        directory.release()
        raise _told(directory, failure) from None


def _told(directory: DataDirectory, failure: BaseException) -> BaseException:
    hint = f"`obsim fsck {directory.path}` says more"
    match failure:
        case StoreDamaged():
            return UsageError(f"the journal is damaged: {failure}; {hint}")
        case Differs():
            return UsageError(
                f"the journal of {directory.path} leads elsewhere with this obsim: {failure}; {hint}. The obsim that "
                "wrote it goes on with it, and after that one has ended by itself a newer one does too"
            )
        case StoreFailed():
            return UsageError(f"cannot write to the data directory {directory.path}: {failure}")
        case SecretMissing():
            return UsageError(f"{directory.secrets} does not have {failure.name}: put the file back that belongs there")
        case ValueError():
            return UsageError(f"the journal of {directory.path} is damaged: {failure}; {hint}")
        case OSError():
            return UsageError(f"cannot use the data directory {directory.path}: {failure.strerror}")
    return failure


@dataclass(slots=True)
class _Opening:
    directory: DataDirectory
    store: Store
    secrets: Secrets
    making: Making
    performer: Performer | None
    control: ControlAccess | None
    facts: ServerFacts | None

    def begun(self, blueprint: "Blueprint | None", real_ns: Callable[[], int]) -> Kept:
        """A new cluster, on disk before anybody sees it."""
        noting = None if self.performer is None else NotingPerformer(self.performer)
        mode = self.making.mode()
        host = self.making.host(noting, mode, self.control, self.facts, blueprint)
        told = self.making.told(self.secrets)
        append_secrets(self.directory.secrets, self.secrets.take_fresh())
        self.store.begin(told)
        keeper = self._keeper(host, real_ns, 0)
        if noting is not None:
            noting.attach(keeper.recorder)
        keeper.sync()
        return Kept(host, keeper, self.making)

    def resumed(self, catch_up: bool, real_ns: Callable[[], int]) -> Kept:
        """The cluster as the journal has it."""
        remembered = reaches_of(self.making)
        noting = None if remembered is None else NotingPerformer(remembered)
        mode = self.making.mode()
        found = rebuilt(
            self.store, self.secrets, self.making, remembered, noting, mode, self.control, self.facts,
            at_last=partial(self._reach, remembered),
        )  # fmt: skip
        host = found.host
        lease, present_ns = self.store.lease, real_ns() if catch_up and self.making.clock == "wall" else None
        self._come_forward(host.state, remembered, resumed_ns(
            lease, host.state, real_ns=present_ns, speed=self.making.speed
        ))  # fmt: skip
        host.clock.rebase(host.state.now_ns)
        if noting is not None and self.performer is not None:
            noting.inner = self.performer
        keeper = self._keeper(host, real_ns, found.last)
        keeper.checkpointed = found.checkpoint
        if noting is not None:
            noting.attach(keeper.recorder)
        keeper.recorder.note(OPENED)
        keeper.sync()
        return Kept(host, keeper, self.making)

    def _come_forward(self, state: ClusterState, remembered: Remembered | None, target_ns: int) -> None:
        """To the lease; what the journal does not know of is carried out."""
        self._reach(remembered)
        state.advance_to(target_ns)
        state.outside.wait()

    def _reach(self, remembered: Remembered | None) -> None:
        """What the journal does not know the outcome of any more is carried out."""
        if remembered is not None:
            remembered.inner = self.performer

    def _keeper(self, host: SessionHost, real_ns: Callable[[], int], last: int) -> Keeper:
        lease = LeaseHolder.of(self.making.clock, self.making.speed, real_ns)
        keeper = Keeper(host, self.store, self.directory, lease, Checkpoints(self.secrets))
        keeper.recorder = Recorder(host, keeper, self.secrets, last)
        keeper.again = lambda: self._again(host, keeper)
        host.recorder, host.durable = keeper.recorder, keeper
        return keeper

    def _again(self, host: SessionHost, keeper: Keeper) -> None:
        """The running host goes back to what is on disk, and with it who keeps its journal."""
        host.state.outside.wait()
        remembered = reaches_of(self.making)
        performer = None if remembered is None else NotingPerformer(remembered)
        clock = self.making.still_clock()
        found = rebuilt(
            self.store, self.secrets, self.making, remembered, performer, clock, None, self.facts,
            at_last=partial(self._reach, remembered),
        )  # fmt: skip
        fresh = found.host
        self._come_forward(fresh.state, remembered, resumed_ns(self.store.lease, fresh.state))
        host.go_on_with(fresh.state, fresh.snapshot_states())
        keeper.drop()
        keeper.recorder.go_on(found.last)
        if performer is not None:
            performer.attach(keeper.recorder)
            keeper.recorder.note(FORGOTTEN)  # what had been asked for a statement; behind what was just carried out


def rebuilt(
    store: Store, secrets: Secrets, making: Making, remembered: Remembered | None, performer: Performer | None,
    clock: ClockMode, control: ControlAccess | None = None, facts: ServerFacts | None = None, *,
    begin_with: int | None = None, at_last: Callable[[], None] = lambda: None,
) -> Rebuilt:  # fmt: skip
    """The cluster after the last record.

    It begins with the newest checkpoint that can be read, or with the start; or with the checkpoint behind a record
    (0 for the start). `at_last` as for `Replay.run`. Raises Differs, StoreDamaged and SecretMissing.
    """
    checkpoints = Checkpoints(secrets)
    for checkpoint in store.checkpoints():
        if begin_with not in {None, checkpoint.number}:
            continue
        try:
            state, snapshots = checkpoints.read(checkpoint.body)
        except (ScenarioError, KeyError, TypeError, AttributeError):
            continue
        if performer is not None:
            state.outside.attach(performer)
        host = making.host(performer, clock, control, facts, state=state)
        host.remember(snapshots)
        last = begun_with = checkpoint.number
        break
    else:
        last = begun_with = 0
        if remembered is not None:
            for record in store.records():
                if record.kind != OUTCOME:
                    break
                remembered.take(record)
                last = record.number
        host = making.host(performer, clock, control, facts)
    last = max(last, Replay(host, secrets, remembered).run(store.records(last), at_last))
    return Rebuilt(host, last, begun_with)
