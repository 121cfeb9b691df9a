"""The state of a cluster and its virtual time.

Input: commands, each by a principal at a moment. Between commands `advance_to` lets events happen in order of time.
Equal inputs give equal states: nothing here reads a clock, a file or a random stream.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from obsim.answers import Ok
from obsim.archive.log import FactsChanged
from obsim.archive.tenant import TenantArchive
from obsim.backup.cluster_job import ClusterJob
from obsim.backup.failures import Outcomes
from obsim.backup.job import BackupJob, BackupType
from obsim.backup.tenant import TenantBackup
from obsim.cluster.archive_writing import archive_writer_of, write_archives
from obsim.cluster.event_log import EventLog
from obsim.cluster.formats import Formats, Owner
from obsim.cluster.freezer import Freezer
from obsim.cluster.listeners import Listeners
from obsim.cluster.moving import MOVING
from obsim.cluster.options import ClusterOptions
from obsim.cluster.outages import Outages
from obsim.cluster.principal import Principal
from obsim.cluster.resources import Resources
from obsim.cluster.root_jobs import RootJobs
from obsim.cluster.shares import Bandwidth, apply_shares
from obsim.cluster.tenant import Tenant, User
from obsim.cluster.tenant_facts import facts_of
from obsim.cluster.tenant_making import TenantHooks, new_tenant
from obsim.cluster.unfinished import unfinished
from obsim.destination import BackupUri
from obsim.destination.outside import OutcomeNeeded, Outside
from obsim.errors import ServerError, UsageError
from obsim.faults import Fault, Faults
from obsim.ids import SYS_TENANT_ID, JobId, LogStreamId, Nanoseconds, TenantId
from obsim.parameters import ParameterStore
from obsim.revisions import FAMILIES, Revisions
from obsim.root_events import RootEvents
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import Priority, limit_of
from obsim.statements import BackupStatement
from obsim.storage.changes import StorageChange
from obsim.versions import VersionProfile

if TYPE_CHECKING:
    from obsim.archive.writer import ArchiveWriter
    from obsim.cluster.backup_sources import BackupSource
    from obsim.cluster.restores import Restores
    from obsim.cluster.table_recoveries import TableRecoveries

__all__ = ["ClusterOptions", "ClusterState", "Command", "Principal"]

_REVISION_BITS = 64

Command = Callable[["ClusterState", Principal, Any], Ok]
"""Carries one type of statement out; raises ServerError before it has changed anything."""


@dataclass(slots=True, eq=False)
class ClusterState:
    """Tenants, parameters and the event queue. Times are nanoseconds since 1970-01-01 UTC."""

    options: ClusterOptions
    commands: Mapping[type, Command]
    """What each type of statement does: `obsim.cluster.commands.COMMANDS`."""
    resources: Resources
    """Zones, servers, unit configs, pools and units; at least one zone with one server."""
    now_ns: Nanoseconds = Nanoseconds(0)
    timeline: int = 1
    tenants: dict[TenantId, Tenant] = field(default_factory=dict)
    freezers: dict[TenantId, Freezer] = field(default_factory=dict)
    """What freezes each tenant, by order or by itself."""
    archive_writers: "dict[TenantId, ArchiveWriter]" = field(default_factory=dict)
    """What brings each tenant's archive to where it is archived, once destinations may be on media."""
    written_timeline: int = 1
    """The timeline that these have written in."""
    parameters: ParameterStore = field(init=False)
    revisions: Revisions = field(default_factory=Revisions)
    events: EventQueue = field(default_factory=EventQueue)
    cluster_jobs: dict[JobId, ClusterJob] = field(default_factory=dict)
    """Jobs that sys started; ended ones go when the next one comes."""
    formats: Formats = field(default_factory=Formats)
    """Whose each directory is that was a destination once."""
    root_jobs: RootJobs = field(default_factory=RootJobs)
    event_count: int = 0
    backup_outcomes: Outcomes = field(default_factory=Outcomes)
    """Lets work of backups fail: what `decide` answers is the code that an attempt ends with."""
    on_tenant_gone: Listeners = field(default_factory=Listeners)
    """Those who hold sessions of tenants."""
    on_server_lost: Listeners = field(default_factory=Listeners)
    """Those who hold lines of clients."""
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    left_behind: "list[BackupSource]" = field(default_factory=list)
    """Backups of tenants that are gone."""
    _restores: "Restores | None" = None
    _table_recoveries: "TableRecoveries | None" = None
    outside: Outside = field(init=False)
    """What is to be done at destinations that are not in memory."""
    _last_user_tenant_id: TenantId = TenantId(1000)
    _rows_were_wrong: bool = False
    """Whether a fault was about rows of views, or what is in them, when the rules changed last."""

    root_events: RootEvents = field(init=False)
    """What the root service writes down."""
    log: EventLog = field(init=False)
    """Every change of state."""
    faults: Faults = field(init=False)
    """What goes wrong on demand."""
    outages: Outages = field(init=False)
    """What it does to servers."""

    def __post_init__(self) -> None:
        self.now_ns = self.options.start_ns
        self.log = EventLog(self)
        self.outside = Outside(self.events)
        self.root_events = RootEvents(self.revisions, self.root_address)
        self.faults = Faults(
            self.options.seed, on_change=partial(self.revisions.touch, "faults"), on_rules=self._fault_rules_changed,
            on_order=self._fault_ordered,
        )
        self.outages = self.faults.disturber = Outages(self)
        self.backup_outcomes.decide = self._fault_of_stage
        self.backup_outcomes.damages = self._fault_of_block
        deployed = {"zone": self.resources.root_server.zone, "cluster": self.options.cluster_name}
        self.parameters = ParameterStore(self.profile.version, deployed)

    # Facts by the names others use.

    @property
    def profile(self) -> VersionProfile:
        """The version's differences."""
        return self.options.profile

    @property
    def seed(self) -> int:
        """Seed of every random choice."""
        return self.options.seed

    @property
    def start_ns(self) -> Nanoseconds:
        """Virtual time at which the cluster began."""
        return self.options.start_ns

    @property
    def cluster_name(self) -> str:
        """Name of the cluster, what stands behind # at a login."""
        return self.options.cluster_name

    @property
    def sys(self) -> Tenant:
        """The sys tenant."""
        return self.tenants[SYS_TENANT_ID]

    def tenant_named(self, name: str) -> Tenant | None:
        """The tenant called `name`, byte for byte (statements.md, Lexical rules)."""
        return next((t for t in self.tenants.values() if t.name == name), None)

    def user_tenants(self) -> list[Tenant]:
        """The user tenants in order of id."""
        return [t for t in self.tenants.values() if t.kind == "USER"]

    @property
    def restores(self) -> "Restores":
        """The restores there were: they load with the first question for them."""
        if self._restores is None:
            from obsim.cluster.restores import Restores  # noqa: PLC0415 - most clusters restore nothing

            self._restores = Restores(self)
        return self._restores

    @property
    def table_recoveries(self) -> "TableRecoveries":
        """The recoveries of tables there were."""
        if self._table_recoveries is None:
            from obsim.cluster.table_recoveries import TableRecoveries  # noqa: PLC0415 - as above

            self._table_recoveries = TableRecoveries(self)
        return self._table_recoveries

    # Making tenants.

    def add_tenant(self, tenant_id: TenantId, name: str, kind: str, mode: str, users: tuple[User, ...]) -> Tenant:
        """Create a tenant with empty storage; the scenario fills it."""
        hooks = TenantHooks(
            self._storage_changed, partial(self._bring_archive, tenant_id), partial(self._is_dropped, tenant_id),
            partial(self._fault_of_delete, tenant_id),
        )  # fmt: skip
        tenant = new_tenant(self, tenant_id, name, kind, mode, hooks)
        if kind == "USER":
            self._last_user_tenant_id = max(self._last_user_tenant_id, tenant_id)
        tenant.users = {user.key: user for user in users}
        self.tenants[tenant_id] = tenant
        self.freezers[tenant_id] = Freezer(self, tenant)
        self.apply_archive_lag(tenant)
        self.revisions.touch("tenants", "storage", "scheduler")
        return tenant

    def _is_dropped(self, tenant_id: TenantId, backup: TenantBackup) -> bool:
        tenant = self.tenants.get(tenant_id)
        return tenant is None or tenant.backup is not backup

    def _storage_changed(self, archive: TenantArchive, number: int, change: StorageChange) -> None:
        archive.note_change(self.now_ns, change, number)

    def note_facts(self, tenant: Tenant) -> None:
        """Accounts or global variables of a tenant are other than before: its log tells."""
        tenant.archive.note_change(self.now_ns, FactsChanged(facts_of(tenant)))

    def note_rows(self, tenant: Tenant) -> None:
        """Rows of a tenant were written: its log grew, and its memory may be full."""
        tenant.archive.note_log(self.now_ns)
        self.freezers[tenant.tenant_id].memory_changed()
        self.revisions.touch("storage")

    def next_tenant_id(self) -> TenantId:
        """The id of the next user tenant; the one below it is its META tenant's. None is given twice."""
        return TenantId(self._last_user_tenant_id + 2)

    def root_address(self) -> str:
        """`ip:port` of the server with the root service, as COMMENT columns print it."""
        return self.resources.root_server.address

    def apply_score(self, tenant: Tenant, priority: Priority, parameter: str) -> None:
        """Bring a thread score of a tenant into its dispatchers, the value of `parameter`."""
        limit = limit_of(priority, self.parameters.get_int(parameter, tenant.tenant_id))
        for dispatcher in tenant.schedulers:
            if limit != dispatcher.limit(priority):
                dispatcher.set_limit(priority, limit, self.now_ns)

    def set_destination(self, tenant: Tenant, purpose: str, uri: BackupUri) -> int:
        """A tenant sets a destination: its DEST_ID. `purpose` is backup_data or archive_log.

        Raises 9081 for a directory of another tenant or purpose, 9080 for one that is not empty and nobody's.
        """
        self.formats.claim(uri, Owner(tenant.tenant_id, purpose))
        return tenant.destination_set(purpose, uri, self.now_ns)

    def servers_changed(self) -> None:
        """Other servers take part or lead than before: what waits for one looks again, archives included."""
        self.revisions.touch("tenants")
        for tenant in self.tenants.values():
            tenant.backup.servers_changed(self.now_ns)
            tenant.cleanup.servers_changed(self.now_ns)
            tenant.archive.writes_changed(self.now_ns)
        if self._restores is not None:
            self._restores.servers_changed()

    def apply_archive_lag(self, tenant: Tenant) -> None:
        """Bring a tenant's archive_lag_target, where the version has it, into its archive."""
        if "archive_lag_target" in self.parameters.definitions:
            target_ns = self.parameters.get_int("archive_lag_target", tenant.tenant_id)
            tenant.archive.set_lag_target(Nanoseconds(target_ns), self.now_ns)

    # Commands.

    def execute(self, who: Principal, statement: BackupStatement) -> Ok:
        """Run one state-changing statement at the present moment; raises ServerError and then has changed nothing.

        Raises OutcomeNeeded when it depends on something outside: it is run once more when that is known.
        """
        resources, accounts = self.revisions.count("tenants"), self.revisions.count("accounts")
        try:
            answer = self.commands[type(statement)](self, who, statement)
        except ServerError:
            self.outside.forget_answers()
            raise
        self.outside.forget_answers()
        if self.revisions.count("accounts") != accounts and who.tenant_id in self.tenants:
            self.note_facts(self.tenants[who.tenant_id])
        if self.revisions.count("tenants") != resources:
            apply_shares(self)
        self.log.write()
        return answer

    def carry_out(self, who: Principal, statement: BackupStatement) -> Ok:
        """As `execute`, for who has nobody else to serve while something outside is found out."""
        while True:
            try:
                return self.execute(who, statement)
            except OutcomeNeeded as needed:
                self.outside.find_out(needed.intent)
                self.outside.wait()

    def schedule(self, every_ns: int, who: Principal, statement: BackupStatement, first_ns: int | None = None) -> None:
        """Let `statement` run again and again from `first_ns` (default: one interval from now): future workload.

        What it answers is dropped; an error, for example 9036 because the last one still runs, changes nothing.
        """
        if every_ns <= 0:
            raise UsageError("a schedule needs an interval above zero")
        at_ns = self.now_ns + every_ns if first_ns is None else first_ns
        self.events.push(at_ns, partial(self._scheduled, every_ns, who, statement), background=True)

    def _scheduled(self, every_ns: int, who: Principal, statement: BackupStatement, now_ns: Nanoseconds) -> None:
        if who.tenant_id not in self.tenants:
            return
        self.events.push(now_ns + every_ns, partial(self._scheduled, every_ns, who, statement), background=True)
        self._run_scheduled(who, statement)

    def _run_scheduled(self, who: Principal, statement: BackupStatement) -> None:
        try:
            self.execute(who, statement)
        except ServerError:
            return
        except OutcomeNeeded as needed:
            self.outside.find_out(needed.intent, lambda: self._run_scheduled(who, statement))

    # Time.

    @property
    def next_event_ns(self) -> Nanoseconds | None:
        """When something will happen next, None if nothing will."""
        return self.events.next_ns()

    def advance_slice(self, target_ns: int, events_max: int) -> bool:
        """Let at most `events_max` events up to `target_ns` happen; True when time stands at the target.

        Nothing happens while an outcome is waited for.
        """
        if self.revisions.stirred:
            self.log.write()
        if not self.events.run_until(target_ns, events_max, self, self.log):
            return False
        self.now_ns = Nanoseconds(max(self.now_ns, target_ns))
        return True

    def advance_to(self, target_ns: int) -> None:
        """Let everything up to `target_ns` happen. A target in the past does nothing: time never goes back."""
        while not self.advance_slice(target_ns, 1 << 20):
            self.outside.wait()
        self.at_rest()

    def at_rest(self) -> bool:
        """Virtual time stands still for now: bring what is archived to where it belongs; whether nothing is waited for.

        Where all destinations are in memory there is nothing to do.
        """
        if self.outside.real and not self.outside.blocked:
            self.outside.rest(self.now_ns, self.event_count)
            write_archives(self)
        return not self.outside.blocked

    def archive_writer(self, tenant: Tenant) -> "ArchiveWriter":
        """What writes a tenant's archive to media."""
        return archive_writer_of(self, tenant)

    def _bring_archive(self, tenant_id: TenantId, now_ns: Nanoseconds, then: Callable[[], None]) -> None:
        """Have a tenant's archive written while time goes on: somebody relies on it."""
        if not self.outside.real:
            then()
            return
        tenant = self.tenants[tenant_id]

        def brought(code: int) -> None:
            tenant.archive.answered(code, now_ns)
            then()

        self.archive_writer(tenant).bring(now_ns, brought)

    def idle(self) -> bool:
        """Whether no job, task or DAG is unfinished; future workload and periodic timers do not count."""
        at_work = self.events.busy() or self.outside.blocked
        return not at_work and not (self.outages.away and self.unfinished())

    def unfinished(self) -> list[str]:
        """What still runs, one line each, for the error of a clock that gave up waiting."""
        return unfinished(self, self._restores)

    # Faults.

    def _fault_of_stage(
        self, job: BackupJob, stage: str, log_stream_id: LogStreamId, server: str, _attempt: int
    ) -> int:
        if not self.faults.rules:
            return 0
        incremental = job.request.backup_type is BackupType.INC
        tenant = self.tenants[job.tenant_id].name
        return self.faults.stage_code(tenant, stage, log_stream_id, server, job.path, incremental=incremental)

    def _fault_of_block(self, job: BackupJob, log_stream_id: LogStreamId) -> bool:
        return self.faults.block_arrives_damaged(self.tenants[job.tenant_id].name, log_stream_id, job.path)

    def _fault_of_delete(self, tenant_id: TenantId, log_stream_id: LogStreamId, path: str) -> int:
        return self.faults.work_code("cleanup", self.tenants[tenant_id].name, log_stream_id, path)

    def _fault_rules_changed(self) -> None:
        wrong = self.faults.of_rows or any(self.faults.standing("skew"))
        if wrong or self._rows_were_wrong:
            self._rows_were_wrong = wrong
            self.revisions.touch(*FAMILIES)
        self.outages.rules_changed()
        for tenant in self.tenants.values():
            tenant.archive.writes_changed(self.now_ns)

    def _fault_ordered(self, fault: Fault) -> None:
        """Let a rule that waits for nothing act, and one that is for a while go when its time is over."""
        self.outages.ordered(fault)
        if fault.rule.for_ns is not None:
            over = partial(self._fault_over, fault.fault_id)
            self.events.push(self.now_ns + fault.rule.for_ns, over, background=True)

    def _fault_over(self, fault_id: int, _now_ns: Nanoseconds) -> None:
        self.faults.end(fault_id)

    # What changed.

    def revision(self, families: tuple[str, ...]) -> int:
        """A number that grows whenever rows of a family may have changed; never the same in two timelines."""
        number, count = self.timeline << 2 * _REVISION_BITS, self.revisions.count
        for family in families:
            moving = MOVING.get(family)
            if moving is not None:
                number += moving(self)
            if family != "time":
                number += count(family) << _REVISION_BITS
        return number
