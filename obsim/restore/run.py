"""One restore from the statement to its end (engine.md 7.4, ob_restore_scheduler.cpp).

    sys      CREATE_TENANT --the tenant is made--> WAIT_TENANT_RESTORE_FINISH ------------------------> RESTORE_SUCCESS
    tenant                 RESTORE_PRE -> CREATE_INIT_LS -> to the consistent SCN -> WAIT_LS -> POST_CHECK -> UPGRADE

Log streams come back side by side, each on the server that leads it: first their metadata; when all have it the log is
replayed until the data is consistent; then their blocks, and the log up to the SCN asked for. What a server that is
gone had not completed is begun anew where the leader is then; while there is none the restore waits. Whatever goes
wrong ends in `fail`; a tenant that was made stays as it is until somebody drops it. Lengths are obsim's own.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from obsim.backup.context import BackupServer, Settings
from obsim.backup.failures import RETRY_NS
from obsim.backup.tenant import PASS_NS
from obsim.error_codes import OB_BACKUP_FILE_NOT_EXIST, OB_CANCELED, OB_INVALID_DATA, OB_TENANT_NOT_EXIST
from obsim.errors import ServerError
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds, Scn, TabletId, TenantId
from obsim.restore.job import RestoreJob, RestoreProgress, RestoreRow, SysStatus, TenantStatus
from obsim.restore.nets import copies_of_each, data_net, meta_net
from obsim.restore.rebuild import Unreadable, rebuild
from obsim.revisions import Revisions
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import EventQueue
from obsim.storage.picture import Picture
from obsim.storage.tenant import INNER_TABLET_COUNT, TenantStorage
from obsim.units import MS_NS, SECOND_NS

__all__ = ["NewTenant", "RestoreCluster", "RestoreRun"]

CREATE_TENANT_NS = 1500 * MS_NS
PRE_NS = 500 * MS_NS
CREATE_INIT_LS_NS = 500 * MS_NS
REPLAY_NS = 300 * MS_NS
"""Of each time the log is replayed, besides its bytes."""
REPLAY_BYTES_PER_S = 100 << 20
POST_CHECK_NS = 300 * MS_NS
UPGRADE_NS = 1000 * MS_NS
SYS_AFTER_TENANT_NS = 1000 * MS_NS
"""The row of sys ends some seconds after the tenant's (samples.md)."""


@dataclass(frozen=True, slots=True)
class NewTenant:
    """The tenant that a restore has had made."""

    tenant_id: TenantId
    storage: TenantStorage
    settings: Settings
    """Where its log streams are led."""


class RestoreCluster(Protocol):
    """What a restore has the cluster do."""

    def make(self, job: RestoreJob) -> NewTenant:
        """Make the tenant, in state RESTORE. Raises ServerError where its pools do not do."""

    def restored(self, job: RestoreJob, facts: Any) -> None:
        """All data and log are back: the tenant is a standby that has what the system tables held."""

    def finish(self, job: RestoreJob) -> None:
        """The tenant is normal from now on."""

    def sources_kept(self, job: RestoreJob) -> bool:
        """Whether all sets and pieces of the plan are still where they were."""

    def code_of(self, job: RestoreJob, stage: str, log_stream_id: LogStreamId, address: str) -> int:
        """What a stage ends with for a log stream on a server, 0 for success: a fault may have been ordered."""

    def comment(self, job: RestoreJob, code: int, log_stream_id: LogStreamId | None, address: str = "") -> str:
        """COMMENT of a failure of a log stream on a server, without one on the leader's; of no log stream: of sys."""


@dataclass(slots=True, eq=False)
class StreamWork:
    """What a stage does for one log stream."""

    stage: str
    """RESTORE_TABLETS_META or RESTORE_MAJOR_DATA."""
    log_stream_id: LogStreamId
    tablets: Sequence[tuple[TabletId, int]] = ()
    """Those to be copied, each with its blocks."""
    server: BackupServer | None = None
    """Where it is done, None before it has begun."""
    net: list[DagTask] = field(default_factory=list)
    copies: list[tuple[DagTask, Sequence[tuple[TabletId, int]]]] = field(default_factory=list)
    """Those of its DAGs that copy, each with its tablets."""
    left: int = 1
    """How many of its DAGs have to end before it is over."""


@dataclass(slots=True, eq=False)
class RestoreRun:
    """The work behind one job."""

    job: RestoreJob
    cluster: RestoreCluster
    events: EventQueue
    revisions: Revisions
    made: NewTenant | None = None
    on_end: Callable[[SysStatus, int], None] | None = None
    """Told how the row of sys has ended, and with which code."""
    gone: bool = False
    """The tenant has been dropped: the next pass of sys ends the job."""
    _works: list[StreamWork] = field(default_factory=list)
    """Of the stage at work, one for each log stream."""
    _waiting: int = 0
    """How many of them are not over."""
    _held: list[Callable[[Nanoseconds], None]] = field(default_factory=list)
    """What nobody can do before there is a leader."""

    def begin(self, now_ns: Nanoseconds) -> None:
        """The statement has been accepted."""
        self._later(PASS_NS, self._make, now_ns)

    def _later(self, after_ns: int, step: Callable[[Nanoseconds], None], now_ns: int) -> None:
        self.events.push(now_ns + after_ns, partial(self._pass, step))

    def _pass(self, step: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        """A step that its time has come for: the tenant takes it when it has a leader."""
        if not self._over and self.made is not None and not self.made.settings.led:
            self._held.append(partial(self._pass, step))
        else:
            self._step(step, now_ns)

    @property
    def _over(self) -> bool:
        return self.job.ended or self.gone or self.job.tenant_status is TenantStatus.FAIL

    def _step(self, step: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        if not self._over:
            step(now_ns)
            self.revisions.touch("restores")

    @property
    def _new(self) -> NewTenant:
        assert self.made is not None, "the tenant has not been made yet"
        return self.made

    @property
    def _picture(self) -> Picture:
        content = self.job.request.plan.sets[-1].content
        assert content is not None, "a set that can be restored from has content"
        assert content.picture is not None, "content of a set that was backed up has a picture"
        return content.picture

    # Stages.

    def _make(self, now_ns: Nanoseconds) -> None:
        try:
            self.made = self.cluster.make(self.job)
        except ServerError as refused:
            self._fail_sys(refused.code, now_ns)
            return
        plan = self.job.request.plan
        last = plan.sets[-1]
        self.job.tenant, self.job.new_tenant_id = RestoreRow(self.made.tenant_id), self.made.tenant_id
        self.job.progress = RestoreProgress(
            len(self._picture.log_stream_ids), last.counters.finish_tablet_count, last.counters.output_bytes,
            INNER_TABLET_COUNT, plan.start_scn, last.consistent_scn, plan.scn,
        )  # fmt: skip
        self._later(CREATE_TENANT_NS, self._pre, now_ns)

    def _pre(self, now_ns: Nanoseconds) -> None:
        self.job.status = SysStatus.WAIT_TENANT_RESTORE_FINISH
        self._later(PRE_NS, self._create_log_streams, now_ns)

    def _create_log_streams(self, now_ns: Nanoseconds) -> None:
        self.job.tenant_status = TenantStatus.CREATE_INIT_LS
        self._new.storage.log_stream_ids[:] = self._picture.log_stream_ids
        self.revisions.touch("tenants", "storage")
        self._later(CREATE_INIT_LS_NS, self._restore_meta, now_ns)

    def _restore_meta(self, now_ns: Nanoseconds) -> None:
        self.job.tenant_status = TenantStatus.TO_CONSISTENT_SCN
        works = [StreamWork("RESTORE_TABLETS_META", stream) for stream in self._picture.log_stream_ids]
        self._begin_all(works, now_ns)

    def _begin_all(self, works: list[StreamWork], now_ns: Nanoseconds) -> None:
        self._works, self._waiting = works, len(works)
        for work in works:
            self._begin(work, now_ns)

    def _begin(self, work: StreamWork, now_ns: Nanoseconds) -> None:
        """Have the leader of a log stream do what is left of its work, as soon as it has one."""
        server = self._new.settings.leader(work.log_stream_id)
        if server is None:
            self._held.append(partial(self._step, partial(self._begin, work)))
            return
        work.server = server
        if work.stage == "RESTORE_TABLETS_META":
            work.net = meta_net(work.log_stream_id, partial(self._step, partial(self._meta_done, work)))
        else:
            done = partial(self._step, partial(self._data_done, work))
            work.net, work.copies = data_net(work.log_stream_id, work.tablets, done, copies_of_each(len(self._works)))
            work.left = max(len(work.copies), 1)
            self._progress.copies += [(copy, len(tablets)) for copy, tablets in work.copies]
        server.dispatcher.submit_net(work.net, now_ns)

    def servers_changed(self, now_ns: Nanoseconds) -> None:
        """There may be a leader again for what waits for one."""
        held, self._held = self._held, []
        for again in held:
            again(now_ns)

    def server_lost(self, address: str, now_ns: Nanoseconds, led: AbstractSet[LogStreamId] | None = None) -> None:
        """A server is gone, or leads some log streams no more: what it has not completed is begun anew."""
        for work in self._works:
            its = work.left and (led is None or work.log_stream_id in led)
            if its and work.server is not None and work.server.address == address:
                self._lose(work, now_ns)
                self.events.push(now_ns + RETRY_NS, partial(self._step, partial(self._begin, work)))

    def _lose(self, work: StreamWork, now_ns: Nanoseconds) -> None:
        """Take back what has not finished of a log stream's work."""
        assert work.server is not None, "it has been begun"
        lost = {copy for copy, _ in work.copies if not copy.finished}
        work.tablets = [tablet for copy, tablets in work.copies if not copy.finished for tablet in tablets]
        for dag in work.net:
            work.server.dispatcher.cancel(dag, now_ns)
        if lost:
            progress = self._progress
            progress.copies = [(copy, count) for copy, count in progress.copies if copy not in lost]
        work.server, work.net, work.copies = None, [], []

    def _goes_on(self, work: StreamWork, now_ns: Nanoseconds) -> bool:
        """Count what has ended of a log stream's work; whether the stage is over with it, and well."""
        work.left -= 1
        self._waiting -= not work.left
        return not self._ended_badly(work, now_ns) and not self._waiting

    def _meta_done(self, work: StreamWork, now_ns: Nanoseconds) -> None:
        if not self._goes_on(work, now_ns):
            return
        progress = self._progress
        progress.inner_done = True
        self._replay(progress.start_scn, progress.consistent_scn, self._restore_data, now_ns)

    def _ended_badly(self, work: StreamWork, now_ns: Nanoseconds) -> bool:
        assert work.server is not None, "what has ended was begun"
        address = work.server.address
        code = self.cluster.code_of(self.job, work.stage, work.log_stream_id, address)
        if code:
            self.fail(code, now_ns, work.log_stream_id, address)
        return bool(code)

    @property
    def _progress(self) -> RestoreProgress:
        assert self.job.progress is not None
        return self.job.progress

    def _replay(self, first: Scn, last: Scn, then: Callable[[Nanoseconds], None], now_ns: Nanoseconds) -> None:
        """Let the log between two SCNs be replayed; how many bytes it has follows from what the pieces hold."""
        size = sum(
            piece.input_bytes * max(min(last, piece.checkpoint_scn) - max(first, piece.start_scn), 0)
            // max(piece.checkpoint_scn - piece.start_scn, 1)
            for piece in self.job.request.plan.pieces
        )  # fmt: skip
        length_ns = REPLAY_NS + size * SECOND_NS // REPLAY_BYTES_PER_S
        self._progress.replays.append((now_ns, now_ns + length_ns, first, last))
        self._later(length_ns, then, now_ns)

    def _restore_data(self, now_ns: Nanoseconds) -> None:
        self.job.tenant_status = TenantStatus.WAIT_LS
        picture, live = self._picture, self.job.request.plan.sets[-1].content
        assert live is not None
        works: list[StreamWork] = []
        for stream in picture.log_stream_ids:
            tablets = [
                (t.tablet_id, t.delta_block_count + live.live.range_cardinality(t.first_position, t.end_position))
                for t in picture.tablets if t.log_stream_id == stream
            ]  # fmt: skip
            works.append(StreamWork("RESTORE_MAJOR_DATA", stream, tablets))
        self._begin_all(works, now_ns)

    def _data_done(self, work: StreamWork, now_ns: Nanoseconds) -> None:
        if not self._goes_on(work, now_ns):
            return
        if self._lacks_files(now_ns):
            return
        progress = self._progress
        progress.finished_log_streams = progress.log_stream_count
        self._replay(progress.consistent_scn, progress.target_scn, self._post_check, now_ns)

    def _lacks_files(self, now_ns: Nanoseconds) -> bool:
        """Whether a clean-up has taken away what is still to be read; the restore has failed then."""
        lost = not self.cluster.sources_kept(self.job)
        if lost:
            self.fail(OB_BACKUP_FILE_NOT_EXIST, now_ns, SYS_LOG_STREAM_ID)
        return lost

    def _post_check(self, now_ns: Nanoseconds) -> None:
        if self._lacks_files(now_ns):
            return
        self.job.tenant_status = TenantStatus.POST_CHECK
        request = self.job.request
        try:
            facts = rebuild(self._new.storage, request.plan.sets[-1], request.log, request.plan.scn)
        except Unreadable:
            if not request.catalogue.external:
                raise
            # Others wrote it to a medium: all sums are right, and yet it cannot have been.
            self.fail(OB_INVALID_DATA, now_ns, SYS_LOG_STREAM_ID)
            return
        self.cluster.restored(self.job, facts)
        self._later(POST_CHECK_NS, self._upgrade, now_ns)

    def _upgrade(self, now_ns: Nanoseconds) -> None:
        self.job.tenant_status = TenantStatus.UPGRADE
        self._later(UPGRADE_NS, self._tenant_done, now_ns)

    def _tenant_done(self, now_ns: Nanoseconds) -> None:
        self.job.tenant_status = TenantStatus.SUCCESS
        self._end_row(self.job.tenant, now_ns)
        self._later(SYS_AFTER_TENANT_NS, self._sys_done, now_ns)

    def _sys_done(self, now_ns: Nanoseconds) -> None:
        self.job.status = SysStatus.SUCCESS
        self.cluster.finish(self.job)
        self._end_row(self.job.sys, now_ns)
        self._tell(0)

    def _tell(self, code: int) -> None:
        if self.on_end is not None:
            self.on_end(self.job.status, code)

    # Ends.

    def _end_row(self, row: RestoreRow | None, now_ns: Nanoseconds, code: int = 0, comment: str = "") -> None:
        if row is not None:
            row.finish_ns, row.result, row.comment = now_ns, code, comment
            self.events.push(now_ns + PASS_NS, partial(self._to_history, row))

    def _to_history(self, row: RestoreRow, _now_ns: Nanoseconds) -> None:
        row.past = True
        self.revisions.touch("restores")

    def fail(
        self, code: int, now_ns: Nanoseconds, log_stream_id: LogStreamId | None = None, address: str = ""
    ) -> None:
        """End the tenant's row with `code`; that of sys follows. The tenant stays, in state RESTORE."""
        self._stop(now_ns)
        comment = self.cluster.comment(self.job, code, log_stream_id, address)
        self.job.tenant_status = TenantStatus.FAIL
        self._end_row(self.job.tenant, now_ns, code, comment)
        self.events.push(now_ns + SYS_AFTER_TENANT_NS, partial(self._sys_failed, code, comment))
        self.revisions.touch("restores")

    def _sys_failed(self, code: int, comment: str, now_ns: Nanoseconds) -> None:
        if not self.job.ended:
            self.job.status = SysStatus.FAIL
            self._end_row(self.job.sys, now_ns, code, comment)
            self.revisions.touch("restores")
            self._tell(code)

    def _fail_sys(self, code: int, now_ns: Nanoseconds) -> None:
        """Without a tenant there is but one row."""
        self._sys_failed(code, self.cluster.comment(self.job, code, None), now_ns)

    def cancel(self, now_ns: Nanoseconds) -> None:
        """CANCEL RESTORE before the tenant has been made."""
        self._fail_sys(OB_CANCELED, now_ns)

    def tenant_gone(self, now_ns: Nanoseconds) -> None:
        """The tenant was dropped, its row with it: the next pass of sys finds out."""
        if self.job.ended or self.gone:
            return
        self.gone = True
        self._stop(now_ns)
        self.job.tenant = None
        comment = self.cluster.comment(self.job, OB_TENANT_NOT_EXIST, None)
        self.events.push(now_ns + PASS_NS, partial(self._sys_failed, OB_TENANT_NOT_EXIST, comment))
        self.revisions.touch("restores")

    def _stop(self, now_ns: Nanoseconds) -> None:
        for work in self._works:
            for dag in work.net:
                if work.server is not None:
                    work.server.dispatcher.cancel(dag, now_ns)
        self._works, self._held = [], []
