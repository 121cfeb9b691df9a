"""Restores and standby tenants held against a diary of what the source was at every moment.

    trial = RestoreTrial()
    trial.write(3); trial.backup(); trial.freeze(); trial.advance(minutes=3)
    trial.probe_all()

A probe restores in a copy of the cluster, so that the trial goes on as if nothing had been. Whether it may succeed says
the naive plan (`naive_restore`); what the tenant has to be afterwards says the diary.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from obsim.cluster import ClusterState, Tenant
from obsim.cluster.copying import copy_of
from obsim.ids import Nanoseconds
from obsim.scenario import build_state
from obsim.storage.tenant import TenantStorage
from obsim.testing.naive_restore import chosen_pieces, plan
from obsim.testing.observation import PieceSeen, SetSeen
from obsim.testing.observer import Observer
from obsim.testing.orders import run_as_sys
from obsim.units import SECOND_NS
from obsim.versions import IncrementalBase, profile_for

__all__ = ["RestoreBroken", "RestoreTrial", "restore_tour"]

SOURCE, TABLE = "mysql_tenant", "t1"
DATA, LOG = f"file:///data/backup/{SOURCE}/data", f"file:///data/backup/{SOURCE}/archive"
_REFUSED = 4018


class RestoreBroken(AssertionError):
    """A restore or a standby was not what diary and naive plan say."""


def picture_of(storage: TenantStorage) -> tuple[Any, ...]:
    """All that can be told of blocks and tablets: identities, dirty marks, mini and minor blocks, rows in memory."""
    blocks = storage.blocks
    return (
        storage.identities(blocks.live, blocks.epoch), list(blocks.dirty),
        [
            (t.tablet_id, t.table_name, t.log_stream_id, t.delta_block_count, t.memory_bytes, t.row_count,
             t.appended_block_count, t.appended_row_count, t.major_version)
            for t in storage.tablets
        ],
    )  # fmt: skip


@dataclass(slots=True)
class RestoreTrial:
    """One cluster, the actions on its tenant `mysql_tenant`, and the diary of that tenant."""

    seed: int = 0
    version: str = "4.2.5"
    base: IncrementalBase = IncrementalBase.PREVIOUS
    state: ClusterState = field(init=False)
    diary: list[tuple[int, tuple[Any, ...]]] = field(default_factory=list)
    """(moment, what the source was from then on)."""
    probe_count: int = 0

    def __post_init__(self) -> None:
        self.state = build_state(
            "three-tenants", profile=profile_for(self.version), seed=self.seed, incremental_base=self.base
        )
        for sql in (
            f"ALTER SYSTEM SET major_freeze_duty_time = 'disable' TENANT = {SOURCE}",
            f"ALTER SYSTEM SET archive_lag_target = '1s' TENANT = {SOURCE}",
            "CREATE RESOURCE UNIT u1 MAX_CPU 4, MEMORY_SIZE '4G'",
            "CREATE RESOURCE POOL p1 UNIT = 'u1', UNIT_NUM = 1, ZONE_LIST = ('z1')",
        ):
            errno = self.run(sql)
            _expect(not errno, f"{errno} for {sql}")
        self._note()

    @property
    def source(self) -> Tenant:
        """The tenant that is backed up."""
        tenant = self.state.tenant_named(SOURCE)
        assert tenant is not None
        return tenant

    # Actions.

    def run(self, sql: str, state: ClusterState | None = None) -> int:
        """A statement of sys; errno, 0 for OK."""
        return run_as_sys(state or self.state, sql)

    def write(self, count: int, kind: str = "random") -> None:
        """Change the table."""
        self.source.storage.write(TABLE, count, kind, self.seed)
        self.source.archive.note_log(self.state.now_ns)
        self._note()

    def freeze(self, kind: str = "MAJOR") -> None:
        """A major or a minor freeze."""
        self.run(f"ALTER SYSTEM {kind} FREEZE TENANT = {SOURCE}")
        self._note()

    def backup(self, words: str = "INCREMENTAL") -> None:
        """A whole backup."""
        self.run(f"ALTER SYSTEM BACKUP {words} TENANT = {SOURCE}")
        self.idle()

    def break_set(self, number: int) -> None:
        """A set is found broken."""
        chosen = [s for s in self.source.backup.sets.values() if s.usable][number:][:1]
        for s in chosen:
            s.file_status = type(s.file_status).BROKEN

    def gap(self, *, write: bool = False) -> None:
        """Archiving stops, time goes by, and it begins anew."""
        self.run(f"ALTER SYSTEM NOARCHIVELOG TENANT = {SOURCE}")
        self.idle()
        self.advance(3)
        if write:
            self.write(2)
        self.run(f"ALTER SYSTEM ARCHIVELOG TENANT = {SOURCE}")
        self.idle()

    def idle(self) -> None:
        """Let everything end."""
        _idle(self.state)

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.state.advance_to(self.state.now_ns + round(seconds * SECOND_NS))

    def _note(self) -> None:
        self.diary.append((self.state.now_ns, picture_of(self.source.storage)))

    # Probes.

    def was(self, scn: int) -> tuple[Any, ...]:
        """What the source was at an SCN."""
        return [shown for at_ns, shown in self.diary if at_ns - at_ns % 1000 <= scn][-1]

    def sets(self) -> dict[int, SetSeen]:
        """The sets as they are observed."""
        return dict(Observer(self.state).look().tenants[self.source.tenant_id].sets)

    def pieces(self, state: ClusterState | None = None) -> list[PieceSeen]:
        """The pieces of all rounds that no clean-up has taken away, in this cluster or a copy of it."""
        state = state or self.state
        archive, now_ns = state.tenants[self.source.tenant_id].archive, state.now_ns
        return [
            PieceSeen(r.round_id, p.piece_id, p.start_scn, p.end_scn, p.checkpoint_scn, "", "AVAILABLE")
            for r in archive.rounds() for p in archive.kept_pieces(r, now_ns) if p.complete
        ]  # fmt: skip

    def targets(self) -> list[int]:
        """SCNs worth a probe: both sides of each set's first moment and of the end of the log, and between changes."""
        ends = [p.checkpoint_scn for p in self.pieces()]
        firsts = [s.min_restore_scn for s in self.sets().values() if s.min_restore_scn]
        moments = [at_ns - at_ns % 1000 for at_ns, _ in self.diary]
        edges = {scn + step for scn in (*ends, *firsts) for step in (-1, 0, 1)}
        return sorted(edges | set(moments) | {scn - 1 for scn in moments})

    def probe_all(self, targets: Iterable[int] | None = None) -> None:
        """Restore to each of the targets. Raises RestoreBroken."""
        for scn in self.targets() if targets is None else targets:
            self.probe(scn)

    def probe(self, scn: int) -> ClusterState | None:
        """Restore to an SCN in a copy of the cluster, which is given back; None where that is refused as it has to be.

        Raises RestoreBroken.
        """
        expected = plan(self.sets(), self.pieces(), scn)
        state = copy_of(self.state)
        self.probe_count += 1
        errno = self.run(f"ALTER SYSTEM RESTORE r FROM '{DATA},{LOG}' UNTIL SCN = {scn} WITH 'pool_list=p1'", state)
        if expected is None:
            _expect(errno == _REFUSED, f"a restore to {scn} answers {errno}, expected {_REFUSED}")
            return None
        _expect(errno == 0, f"a restore to {scn} answers {errno}, expected sets and pieces {expected}")
        (job,) = state.restores.jobs
        read = tuple(int(s.backup_set_id) for s in job.request.plan.sets)
        _expect(read == expected[0], f"a restore to {scn} reads sets {read}, expected {expected[0]}")
        _idle(state)
        _expect(str(job.status) == "RESTORE_SUCCESS", f"a restore to {scn} ends {job.status}: {job.sys.comment}")
        self._compare(state, scn, f"restored to {scn}")
        return state

    def _compare(self, state: ClusterState, scn: int, what: str) -> None:
        tenant = state.tenant_named("r")
        assert tenant is not None
        _expect(picture_of(tenant.storage) == self.was(scn), f"a tenant {what} differs from the source then")

    def follow(self, first_scn: int, then_scn: int) -> None:
        """Restore to one SCN and recover to another, as far as the log has no gap. Raises RestoreBroken."""
        state = self.probe(first_scn)
        if state is None:
            return
        self.run(f"ALTER SYSTEM RECOVER STANDBY TENANT = r UNTIL SCN = {then_scn}", state)
        state.advance_to(state.now_ns + SECOND_NS)
        tenant = state.tenant_named("r")
        assert tenant is not None
        assert tenant.standby is not None
        reached = tenant.standby.sync_scn
        covered = bool(chosen_pieces(self.pieces(state), first_scn, then_scn))
        _expect((reached == then_scn) == covered, f"recovery from {first_scn} to {then_scn} comes to {reached}")
        _expect(reached <= then_scn, f"recovery until {then_scn} comes to {reached}")
        self._compare(state, reached, f"recovered to {reached}")


def _expect(holds: bool, text: str) -> None:
    if not holds:
        raise RestoreBroken(text)


def _idle(state: ClusterState) -> None:
    while not state.idle():
        next_ns = state.next_event_ns
        assert next_ns is not None
        state.advance_to(Nanoseconds(next_ns))


def restore_tour(trial: RestoreTrial) -> None:
    """A fixed history that meets every defect of restores. Raises RestoreBroken."""
    trial.backup("")
    trial.write(3)
    trial.advance(1)
    trial.freeze()
    trial.write(2)
    trial.backup()
    trial.write(4, "append")
    trial.advance(1)
    trial.freeze("MINOR")
    trial.write(2)
    trial.advance(2)
    trial.probe_all()
    trial.freeze()
    trial.advance(1)
    trial.write(1)
    trial.advance(2)
    moments = [at_ns - at_ns % 1000 for at_ns, _ in trial.diary]
    for first in moments[3:]:
        trial.follow(first, moments[-1])
    trial.break_set(0)
    trial.probe_all(trial.targets()[-3:])
    trial.freeze("MINOR")
    trial.backup("")
    trial.backup()
    trial.write(1)
    trial.advance(2)
    before = trial.diary[-1][0] // 1000 * 1000
    trial.gap(write=True)
    trial.write(2)
    trial.advance(3)
    trial.follow(before, trial.diary[-1][0] // 1000 * 1000)
    trial.backup()
    trial.write(2)
    trial.advance(3)
    trial.probe_all(trial.targets()[-16:])
