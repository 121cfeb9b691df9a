"""obsim inside a Python process: a cluster without a socket.

A `Cluster` belongs to the thread that made it, starts in milliseconds and moves its clock only when told (unless it is
given another one). Everything it does, it does through the same sessions as the server.
"""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from fractions import Fraction
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from obsim.answers import Ok, Value
from obsim.catalog import Scope
from obsim.clock import moment_ns, moment_of
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.trace import trace_of
from obsim.cluster_session import ClusterSession
from obsim.errors import UsageError
from obsim.hosts import DEFAULT_VERSION, Wishes, make_host, making_of, performer_of
from obsim.ids import SYS_TENANT_ID
from obsim.kept import open_kept
from obsim.row import Row
from obsim.scenario import Blueprint
from obsim.session import ControlAccess, Pending, SessionHost
from obsim.session.inputs import Call, ChangeBlocks, OrderSchedule
from obsim.session.journal import Journal
from obsim.session.pending import ToTime, UntilIdle
from obsim.statements import BackupStatement, CallProcedure
from obsim.units import MS_NS, SECOND_NS
from obsim.versions import IncrementalBase

if TYPE_CHECKING:
    from obsim.journal.keeper import Keeper
    from obsim.journal.recording import Recording

__all__ = [
    "DEFAULT_VERSION", "Cluster", "ClusterSession", "Row", "ServedCluster", "make_host", "making_of", "open_kept",
    "performer_of",
]  # fmt: skip


class Cluster:
    """A simulated cluster in this process.

    `scenario` is the name of a built-in one, a file, or one that has been read; equal arguments and equal calls give
    equal answers. `clock` is `manual` (moved by `advance`), `autojump` (as `manual`, but who repeats a query and would
    get the same answer while work goes on is first taken to where it may change, after `autojump_after` repeats),
    `step` (each ALTER SYSTEM and each query of an OceanBase view is `step_s` seconds) or `wall` (real time times
    `speed`); without one it is the scenario's, else `manual`. So it is with `version`, else 4.2.1, and with
    `start_time`, else 2024-01-01 at +08:00: a datetime, an ISO text or nanoseconds since 1970.
    Destinations are in memory but for `file://` ones below `file_root` and `s3://` ones at `s3_endpoints`.
    With `record` everything that changes the cluster is noted, for `recorded`.

    With `data_dir` the cluster is kept in a directory, and the one that is there goes on. What a call has changed is on
    disk when it returns; what the work that a `plan_` method gives has changed is with the next call. `close`, or the
    end of a `with`, leaves the directory to others. What is said of a cluster that is there must be as it was made, but
    for the clock; `catch_up` lets one that follows the wall count the time since.

    Raises ScenarioError and UsageError here, ServerError from statements, UsageError when another thread uses it.
    """

    belongs_to_its_thread: ClassVar = True
    _served: ClassVar = False

    def __init__(
        self,
        scenario: str | Blueprint = "three-tenants",
        *,
        seed: int = 0,
        version: str | None = None,
        clock: str | None = None,
        step_s: float = 1.0,
        speed: float = 1.0,
        autojump_after: int | None = None,
        start_time: int | str | datetime | None = None,
        incremental_base: str | IncrementalBase | None = None,
        strict_incremental: bool = False,
        control: str | None = None,
        show_control: bool = False,
        file_root: str | PathLike[str] | None = None,
        s3_endpoints: Iterable[str] = (),
        record: bool = False,
        data_dir: str | PathLike[str] | None = None,
        catch_up: bool = False,
    ) -> None:
        self._thread_id, self._closed = threading.get_ident(), False
        wishes = Wishes(
            seed=seed, version=version, clock=clock, step_s=step_s, speed=speed, autojump_after=autojump_after,
            start_time=start_time, incremental_base=incremental_base, strict_incremental=strict_incremental,
            file_root=file_root, s3_endpoints=tuple(s3_endpoints),
        )  # fmt: skip
        self._recording: Recording | None = None
        self._keeper: Keeper | None = None
        if data_dir is not None:
            if record:
                raise UsageError("a cluster with a data_dir has its recording there: `obsim record DIR` prints it")
            kept = open_kept(
                data_dir, scenario=scenario, default_clock="manual", control=control, show_control=show_control,
                catch_up=catch_up, as_options=False, **wishes,
            )  # fmt: skip
            self._host, self._keeper = kept.host, kept.keeper
            return
        if catch_up:
            raise UsageError("catch_up goes with data_dir: there is nothing to catch up with in memory")
        making, blueprint = making_of(scenario, **wishes)
        access = ControlAccess(control, shown=show_control)
        performer = performer_of(file_root, making.s3_endpoints)
        if record:
            from obsim.journal.recording import recorded  # noqa: PLC0415 - most clusters are not recorded

            self._host, self._recording = recorded(making, performer, access, blueprint)
        else:
            self._host = making.host(performer, making.mode(), access, None, blueprint)
        if self._served:
            self._host.state.outside.reach_in_background()

    @classmethod
    def _over(cls, host: SessionHost) -> Self:
        """A cluster with sessions that are there already."""
        made = cls.__new__(cls)
        made._thread_id, made._host, made._closed = threading.get_ident(), host, False  # noqa: SLF001 - it is made here
        made._recording = made._keeper = None  # noqa: SLF001
        return made

    def close(self) -> None:
        """The directory of a cluster that has one gets a last checkpoint and is free; it may be closed twice.

        Then every call but this one raises UsageError. A cluster in memory has nothing to close, and goes on.
        """
        self._check_thread(ended=True)
        self._end()

    def _end(self) -> None:
        if self._keeper is not None:
            self._closed = True
            self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """What is done here is on disk at the end, where the cluster is kept and nobody else sees to that.

        Raises UsageError in another thread, before anything is done.
        """
        self._check_thread()
        try:
            yield
        finally:
            self._keep()

    def _keep(self) -> None:
        if self._keeper is not None and not self._served:
            self._keeper.rest()
            self._keeper.sync()

    def _check_thread(self, *, ended: bool = False) -> None:
        if self._closed and not ended:
            raise UsageError("this cluster was closed: make it again with its data_dir")
        if threading.get_ident() != self._thread_id:
            raise UsageError(
                "a Cluster belongs to the thread that made it: make one in each thread, or use obsim.Server, whose "
                "server.cluster may be called from any"
            )

    @property
    def state(self) -> ClusterState:
        """The simulated state itself, for tests that look behind the views."""
        self._check_thread()
        return self._host.state

    @property
    def host(self) -> SessionHost:
        """The sessions under this interface."""
        self._check_thread()
        return self._host

    @property
    def now(self) -> datetime:
        """Virtual time at +08:00, cut to microseconds."""
        return moment_of(self.now_ns)

    @property
    def now_ns(self) -> int:
        """Virtual time in nanoseconds since 1970-01-01 UTC."""
        self._settle()
        return self._host.state.now_ns

    def _settle(self) -> None:
        self._check_thread()
        pending = self._host.settle()
        if pending is not None:
            pending.run()
        self._keep()

    def _tenant(self, name: str) -> Tenant:
        tenant = self._host.state.tenant_named(name)
        if tenant is None or tenant.kind == "META":
            names = [t.name for t in self._host.state.tenants.values() if t.kind != "META"]
            raise UsageError(f"there is no tenant '{name}' to log in to: the scenario has {', '.join(names)}")
        return tenant

    def session(self, user: str | None = None, tenant: str = "sys", database: str | None = None) -> ClusterSession:
        """Log in, without a password: by default as root, in an Oracle-mode tenant as SYS.

        Raises UsageError for a tenant or user that is not there, ServerError 1049 for an unknown database.
        """
        self._check_thread()
        owner = self._tenant(tenant)
        name = user or owner.administrator
        account = owner.find_user(name)
        if account is None:
            names = ", ".join(u.name for u in owner.users.values())
            raise UsageError(f"tenant '{tenant}' has no user '{name}': it has {names}")
        opened = self._host.open(account.name, owner, "127.0.0.1", database, account_host=account.host)
        return ClusterSession(self, opened)

    def execute(self, sql: str, tenant: str = "sys", user: str | None = None) -> list[Row]:
        """Run one statement in a session of its own; its rows, [] without any. Raises ServerError."""
        with self.session(user, tenant) as session:
            return session.execute(sql)

    def query(self, sql: str, tenant: str = "sys", user: str | None = None) -> list[Row]:
        """The rows of one statement, run in a session of its own. Raises ServerError."""
        return self.execute(sql, tenant, user)

    def advance(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
        ns: int = 0,
    ) -> None:
        """Move virtual time on by the sum. Raises UsageError for less than nothing."""
        with self._keeping():
            self.plan_advance(
                days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds, ns=ns
            ).run()

    def plan_advance(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
        ns: int = 0,
    ) -> Pending:
        """`advance` as work to be done in slices, for a loop that has others to serve meanwhile."""
        span_s = Fraction(days) * 86_400 + Fraction(hours) * 3600 + Fraction(minutes) * 60 + Fraction(seconds)
        span_ns = round(span_s * SECOND_NS + Fraction(milliseconds) * MS_NS) + ns
        if span_ns < 0:
            raise UsageError("virtual time never goes back: use reset() to begin anew")
        self._settle_to_jump()
        return self._travel(ToTime(self._host.state, self._host.state.now_ns + span_ns))

    def advance_to(self, moment: int | str | datetime) -> None:
        """Move virtual time on to a moment; one that is past changes nothing."""
        with self._keeping():
            self.plan_advance_to(moment).run()

    def plan_advance_to(self, moment: int | str | datetime) -> Pending:
        """`advance_to` as work to be done in slices."""
        self._settle_to_jump()
        return self._travel(ToTime(self._host.state, moment_ns(moment)))

    def run_until_idle(self) -> None:
        """Move virtual time on until no job, task or DAG is unfinished.

        Raises ServerError, naming what still runs, after 30 virtual days.
        """
        with self._keeping():
            self.plan_run_until_idle().run()

    def plan_run_until_idle(self) -> Pending:
        """`run_until_idle` as work to be done in slices."""
        self._settle_to_jump()
        return self._travel(UntilIdle(self._host.state))

    def run_until(self, sql: str, tenant: str = "sys") -> None:
        """Move virtual time on until a query's first value is true: neither NULL nor 0, and there is a row.

        It is asked whenever its rows may have changed. Raises ServerError for a statement that is no query, and after
        30 virtual days.
        """
        with self._keeping():
            self.plan_run_until(sql, tenant).run()

    def plan_run_until(self, sql: str, tenant: str = "sys") -> Pending:
        """`run_until` as work to be done in slices."""
        self._settle_to_jump()
        with self.session(None, tenant) as session:
            return session.until(sql)

    def _settle_to_jump(self) -> None:
        self._check_thread()
        self._host.check_may_jump()
        self._settle()

    def _travel(self, journey: ToTime | UntilIdle) -> Pending:
        def arrived() -> Ok:
            self._host.clock.rebase(self._host.state.now_ns)
            return Ok()

        return Pending(journey, self._host.state, arrived)

    def reset(self) -> None:
        """Back to the scenario's start, clock included; sessions stay open."""
        with self._keeping():
            self._host.reset()

    def snapshot(self, name: str) -> None:
        """Remember the whole cluster as it is now; a snapshot of the same name is forgotten.

        It costs a millisecond or two. Raises ServerError 1210 for an empty name, and beyond 100 snapshots.
        """
        self._settle()
        with self._keeping():
            self._host.snapshot(name)

    def restore_snapshot(self, name: str) -> None:
        """Return to a snapshot, clock and journal included, on a new timeline; sessions stay open.

        It may be restored any number of times. Raises ServerError 1210 for an unknown name.
        """
        with self._keeping():
            self._host.restore_snapshot(name)

    def fork(self) -> "Cluster":
        """Another cluster that is as this one is now and goes its own way from here; sessions are not taken along.

        At real destinations it writes nothing. What it would write or remove there it keeps in memory, over what lies
        there, what this cluster writes later included; files of the same name are its own once it has written them.
        How much memory that takes has no bound.
        """
        self._settle()
        return Cluster._over(self._host.fork())

    def write(self, tenant: str, table: str, count: int, kind: str = "random") -> None:
        """Touch exactly `count` distinct baseline macroblocks of a table: `random`, `clustered` or `append`.

        Or change `count` rows and whatever blocks they lie in: `rows_uniform`, `rows_zipf`, `rows_clustered`,
        `rows_append`, `rows_delete` or `rows_delete_clustered`; `rows_clustered:8` comes in eight ranges.

        They become new blocks at the next major freeze. Raises ServerError for an unknown table, kind or count.
        """
        self._settle()
        with self._keeping():
            self._host.carry(Call("write", (tenant, table, count, kind)))

    def change_blocks(self, tenant: str, positions: Iterable[int]) -> int:
        """Make baseline macroblocks of any tables dirty, one row in each; gives how many were not dirty before.

        A position is TABLET_ID - 200001 in the upper 32 bits and POSITION of obsim.macroblocks in the lower. Positions
        come in any order; an unsorted array('Q') is the fastest, and a million of them take a fraction of a second in a
        tenant of any size. Raises ServerError 1210, and changes nothing, when one holds no block.
        """
        self._settle()
        with self._keeping():
            changed: int = self._host.carry(ChangeBlocks(self._tenant(tenant).name, positions))
        return changed

    def schedule(self, every: int | timedelta, sql: str, tenant: str = "sys") -> None:
        """Let an ALTER SYSTEM statement run at every interval (nanoseconds or a timedelta) from now on.

        What it answers is dropped. Raises the errors of reading it, and UsageError for any other statement.
        """
        self._check_thread()
        from obsim.cluster.agents import agent_of  # noqa: PLC0415 - few clusters have workload

        owner = self._tenant(tenant)
        statement = self._host.read(sql)
        if not isinstance(statement, BackupStatement) or isinstance(statement, CallProcedure):
            raise UsageError("only ALTER SYSTEM statements can be scheduled")
        every_ns = every if isinstance(every, int) else every // timedelta(microseconds=1) * 1000
        with self._keeping():
            self._host.carry(OrderSchedule(every_ns, agent_of(owner), statement))

    @property
    def journal(self) -> Journal:
        """What clients have said: `journal.expect("BACKUP INCREMENTAL", tenant="a", times=1)`, `find`, `records`."""
        self._check_thread()
        return self._host.journal

    def recorded(self) -> str:
        """All that has changed the cluster, and what its views have come to, as lines that `obsim replay` takes.

        Passwords and keys stand there by name. Raises UsageError without `record=True`, and beyond 100,000 inputs.
        """
        self._settle()
        if self._recording is None:
            raise UsageError("this cluster is not recorded: make it with record=True")
        return self._recording.text()

    def recorded_secrets(self) -> str:
        """The passwords' digests and the keys that `recorded` only names: lines for `obsim replay --secrets FILE`."""
        self._check_thread()
        return "" if self._recording is None else self._recording.secrets.lines()

    def fault(self, rule: str) -> int:
        """Let statements or the work of backups fail by a rule such as `error=9082 stage=BACKUP_DATA_MAJOR times=1`.

        What a rule may say: `obsim.faults`. Gives its number in `obsim.faults`; raises ServerError 1210 for a rule that
        says nothing. A cut connection is `obsim.ConnectionCut` here.
        """
        with self._keeping():
            self._host.carry(Call("fault", (rule,)))
        return self._host.state.faults.rules[-1].fault_id

    def clear_faults(self) -> None:
        """Let nothing fail any more."""
        with self._keeping():
            self._host.carry(Call("clear_faults", ()))

    def trace(self) -> dict[str, object]:
        """Who ran when on the DAG schedulers, in the Trace Event Format: write it as JSON and open it in Perfetto.

        It holds what runs and waits and the newest 2,000 tasks of each scheduler that have ended.
        """
        self._settle()
        return trace_of(self._host.state)

    def dump(self) -> str:
        """The state as TOML that starts an equal cluster: `obsim.Cluster(FILE)`, `obsim serve --scenario FILE`.

        Nothing is left out but sessions, the statements that clients sent, and secrets. Raises ServerError 1235 where
        something cannot be written, naming it.
        """
        from obsim.scenario.dumping import dump_of  # noqa: PLC0415 - it loads the whole core

        self._settle()
        return dump_of(self._host.state)

    def views(self) -> dict[str, list[tuple[Value, ...]]]:
        """Every row of every view that sys sees, under `schema.VIEW`; equal histories give equal rows."""
        self._settle()
        state, catalog = self._host.state, self._host.catalog
        sys_tenant = state.tenants[SYS_TENANT_ID]
        scope = Scope(SYS_TENANT_ID)
        found = {}
        for schema in sorted({*catalog.schemas(sys_tenant), "obsim"}):
            for view in catalog.views(schema, sys_tenant):
                found[f"{view.schema}.{view.name}"] = [tuple(row) for row in catalog.rows(view, scope)]
        return found

    def views_bytes(self) -> bytes:
        """`views` as bytes, one line a row."""
        lines = [
            json.dumps([name, *row], ensure_ascii=False, default=bytes.hex)
            for name, rows in self.views().items()
            for row in rows
        ]
        return "\n".join(lines).encode()


class ServedCluster(Cluster):
    """The cluster of a server: what its clients and callers are told waits for the disk in the server's outbox."""

    _served: ClassVar = True

    def close(self) -> None:
        """It ends with its server: nothing happens."""
