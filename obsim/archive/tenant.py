"""The archive side of one tenant: its mode, its destination and the round that follows them (status-machines.md 5)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from obsim.archive.destinations import ARCHIVED, NOWHERE, StoredDestination
from obsim.archive.log import FactsChanged, LogEntry, RedoLog
from obsim.archive.marks import LogMarks
from obsim.archive.piece import ARCHIVE_FILE_BYTES, ArchivePiece, pieces_of
from obsim.archive.round import CHECKPOINT_INTERVAL_NS, ArchiveRound, RoundStatus, event_of
from obsim.archive.sending import RETRY_NS, Sending, SoundWrites
from obsim.backup.set import FileStatus
from obsim.destination import ArchiveDestination
from obsim.errors import error
from obsim.ids import Bytes, LogStreamId, Nanoseconds, Scn, us_floor
from obsim.revisions import Revisions
from obsim.scheduler.events import Event, EventQueue
from obsim.storage.changes import StorageChange
from obsim.storage.tenant import TenantStorage

__all__ = ["TenantArchive"]

STEP_NS = 500_000_000
"""From one state of the round to the next while all log streams follow."""
_STOPPABLE = frozenset(
    {RoundStatus.BEGINNING, RoundStatus.DOING, RoundStatus.INTERRUPTED, RoundStatus.SUSPENDING, RoundStatus.SUSPEND}
)


@dataclass(slots=True, eq=False, weakref_slot=True)
class TenantArchive:
    """The mode changes at once and the round follows: it stops archiving at once and starts a step later."""

    events: EventQueue
    revisions: Revisions
    storage: TenantStorage
    on_left_doing: Callable[[Nanoseconds], None] = field(default=lambda _now_ns: None)
    """Told when the round stops being DOING, so that running backups look at it."""
    bring: Callable[[Nanoseconds, Callable[[], None]], None] = field(default=lambda _now_ns, then: then())
    """Has what is archived written to a destination on a medium, and calls then: whoever relies on it asks for it."""
    note_event: Callable[..., None] = field(default=lambda *_event, **_values: None)
    """Tells the root service of an event: its name, the moment, and values by name."""
    enabled: bool = False
    destinations: dict[int, StoredDestination] = field(default_factory=dict)
    """By number: 0 is the one that is archived to, 1 to 8 are kept and shown."""
    step_ns: Nanoseconds = CHECKPOINT_INTERVAL_NS
    """What `archive_lag_target` makes of the time between two steps of the checkpoint."""
    round: ArchiveRound | None = None
    history: list[ArchiveRound] = field(default_factory=list)
    piece_files: dict[tuple[int, int], FileStatus] = field(default_factory=dict)
    """(round, piece) -> file status of pieces that a clean-up deletes or has deleted."""
    clean_count: int = 0
    """Grows with every change of `piece_files`: rows of frozen pieces and stopped rounds are made anew then."""
    follows: bool = False
    """The tenant is a standby: only what it replays is in its log, with the SCN it was made at first."""
    replayed_scn: Scn | None = None
    """Of the change that it is replaying."""
    log: RedoLog = field(default_factory=RedoLog)
    """What the pieces hold."""
    sending: Sending = field(default_factory=lambda: Sending(SoundWrites()))
    """Which log streams cannot write to the destination."""
    marks: LogMarks = field(default_factory=LogMarks)
    _pass: Event | None = None
    _write_event: Event | None = None
    """The next write, while writes may fail: they are events of their own then."""

    @property
    def destination(self) -> ArchiveDestination | None:
        """Where rounds begin, None while nothing is set."""
        return self._archived.destination

    @property
    def dest_id(self) -> int:
        """DEST_ID of `destination`, 0 without one."""
        return self._archived.dest_id

    @property
    def deferred(self) -> bool:
        """LOG_ARCHIVE_DEST_STATE is DEFER."""
        return self._archived.state.upper() == "DEFER"

    @property
    def _archived(self) -> StoredDestination:
        return self.destinations.get(ARCHIVED, NOWHERE)

    @property
    def doing(self) -> bool:
        """Whether the current round archives."""
        return self.round is not None and self.round.status is RoundStatus.DOING

    @property
    def interrupted(self) -> bool:
        """Whether the current round has lost log."""
        return self.round is not None and self.round.status is RoundStatus.INTERRUPTED

    @property
    def start_scn(self) -> Scn:
        """START_SCN of the current round, 0 without one."""
        return self.round.start_scn if self.round else Scn(0)

    @property
    def running(self) -> bool:
        """Whether a round is under way, in whatever state but STOP."""
        return self.round is not None and self.round.status is not RoundStatus.STOP

    def stream_status(self, log_stream_id: LogStreamId) -> RoundStatus:
        """STATUS of a log stream's archiving: in an interrupted round the others still archive."""
        assert self.round is not None
        if self.round.status is RoundStatus.INTERRUPTED and log_stream_id != self.sending.interrupted:
            return RoundStatus.DOING
        return self.round.status

    def note_log(self, now_ns: Nanoseconds) -> None:
        """The tenant has written log up to now; where that fills an archive file it is sent without further delay."""
        before_bytes = self.marks.bytes_at(now_ns)
        self.marks.add(now_ns, self.storage.log_bytes)
        self.revisions.touch("archive")
        if self.round is not None and self.doing and not self.sending.held:
            first = self.round.start_log_bytes
            if (self.storage.log_bytes - first) // ARCHIVE_FILE_BYTES > (before_bytes - first) // ARCHIVE_FILE_BYTES:
                self._write(now_ns)

    @property
    def _data_held(self) -> bool:
        """Whether the log stream that has written all the log cannot send it."""
        return self.storage.log_stream_ids[-1] in self.sending.held

    def note_change(self, now_ns: Nanoseconds, change: StorageChange | FactsChanged, number: int | None = None) -> None:
        """The tenant has changed: a round that has begun archives it. `number` counts changes of the storage."""
        if self.round is None or not self.running or not self.round.start_scn:
            return
        if self.follows and self.replayed_scn is None:
            return
        scn = Scn(us_floor(now_ns)) if self.replayed_scn is None else self.replayed_scn
        number = self.storage.change_count if number is None else number
        self.log.append(LogEntry(scn, number, change))

    def rounds(self, first: int = 0) -> list[ArchiveRound]:
        """Every round there was, the current one last, without the `first` ones."""
        past = self.history[first:]
        running = [self.round] if self.round and self.running else []
        return past + running

    def pieces(self, archive_round: ArchiveRound, now_ns: Nanoseconds, first: int = 0) -> list[ArchivePiece]:
        """The pieces of one of the rounds as they are now, without the `first` ones."""
        size_bytes = self.input_bytes() if archive_round is self.round else archive_round.input_bytes
        return list(pieces_of(archive_round, now_ns, self.marks.bytes_at, size_bytes, first))

    def kept_pieces(self, archive_round: ArchiveRound, now_ns: Nanoseconds) -> list[ArchivePiece]:
        """The pieces of one of the rounds that no clean-up has deleted or begun to delete."""
        pieces = self.pieces(archive_round, now_ns)
        return [p for p in pieces if (archive_round.round_id, p.piece_id) not in self.piece_files]

    def log_between(self, start_scn: Scn, end_scn: Scn, now_ns: Nanoseconds) -> tuple[ArchivePiece, ...]:
        """The current round's log from one moment to another, as pieces that say how much of theirs it is."""
        if self.round is None:
            return ()
        found = []
        for piece in self.pieces(self.round, now_ns):
            if piece.end_scn > start_scn and piece.start_scn <= end_scn:
                first, last = max(piece.start_scn, start_scn), min(piece.end_scn, end_scn)
                size = Bytes(self.marks.bytes_at(last) - self.marks.bytes_at(first))
                checkpoint = min(piece.checkpoint_scn, end_scn)
                found.append(replace(piece, checkpoint_scn=checkpoint, input_bytes=size, frozen=True))
        return tuple(found)

    def mark_piece(self, archive_round: ArchiveRound, piece: ArchivePiece, status: FileStatus) -> None:
        """Write the file status of a piece that a clean-up works on; a deleted one counts in its round."""
        self.log.call_followers()
        self.piece_files[archive_round.round_id, piece.piece_id] = status
        if status is FileStatus.DELETED:
            archive_round.deleted_bytes = Bytes(archive_round.deleted_bytes + piece.input_bytes)
            # The last piece of a round ends as planned, though the next round has begun before that.
            later = [r.start_scn for r in self.rounds() if r.round_id > archive_round.round_id and r.start_scn]
            self.log.forget(piece.start_scn, min([piece.end_scn, *later]))
        self.clean_count += 1
        self.revisions.touch("archive")

    def checkpoint_after(self, scn: Scn, now_ns: Nanoseconds) -> Nanoseconds:
        """When the checkpoint will have passed `scn`, or has if that is over; with trouble, when to ask again."""
        if self.round is not None and self.round.checkpoint_at(now_ns) > scn:
            return Nanoseconds(scn)
        due_ns = scn - scn % self.step_ns + self.step_ns
        return Nanoseconds(due_ns if due_ns > now_ns else now_ns - now_ns % self.step_ns + self.step_ns)

    def archived_ns(self, scn: Scn, now_ns: Nanoseconds) -> Nanoseconds:
        """The first moment at which the checkpoint is not before `scn`; with trouble, when to ask again."""
        due_ns = scn + -scn % self.step_ns
        return Nanoseconds(due_ns if due_ns > now_ns else now_ns - now_ns % self.step_ns + self.step_ns)

    def set_lag_target(self, target_ns: Nanoseconds, now_ns: Nanoseconds) -> None:
        """ARCHIVE_LAG_TARGET: a log stream with little to say archives no oftener (parameters.json).

        The step is the target in whole seconds, one second at least. What is archived stays so.
        """
        self.step_ns = Nanoseconds(max(CHECKPOINT_INTERVAL_NS, target_ns - target_ns % CHECKPOINT_INTERVAL_NS))
        if self.round is not None:
            if not self.sending.held:
                self.round.checkpoint_scn = self.round.checkpoint_at(now_ns)
            self.round.step_ns = self.step_ns
            self.log.call_followers()
        self.revisions.touch("archive")
        self.writes_changed(now_ns)

    def set_mode(self, enabled: bool, now_ns: Nanoseconds) -> None:
        """ARCHIVELOG or NOARCHIVELOG. Raises 9091 or 9092 when the mode is that already."""
        refusal = None
        if enabled == self.enabled:
            refusal = error("OB_ALREADY_IN_ARCHIVE_MODE" if enabled else "OB_ALREADY_IN_NOARCHIVE_MODE")
        event = "open_archive_mode" if enabled else "close_archive_mode"
        self.note_event(event, now_ns, result=-refusal.errno if refusal is not None else 0)
        if refusal is not None:
            raise refusal
        self.enabled = enabled
        self.revisions.touch("tenants", "archive")
        if enabled:
            self.order_pass(now_ns)
        else:
            self.follow(now_ns)

    def set_destination(
        self, number: int, destination: ArchiveDestination | None, dest_id: int, now_ns: Nanoseconds
    ) -> None:
        """LOG_ARCHIVE_DEST[_n]: a new one is enabled; None takes it away with its state."""
        self.destinations.pop(number, None)
        if destination is not None:
            self.destinations[number] = StoredDestination(destination, dest_id)
        self._destination_changed(number, now_ns)

    def set_state(self, number: int, state: str, now_ns: Nanoseconds) -> None:
        """LOG_ARCHIVE_DEST_STATE[_n]: DEFER suspends the round, ENABLE goes on with it."""
        self.destinations[number] = replace(self.destinations.get(number, NOWHERE), state=state)
        self._destination_changed(number, now_ns)

    def _destination_changed(self, number: int, now_ns: Nanoseconds) -> None:
        self.revisions.touch("archive")
        if number == ARCHIVED:
            self.order_pass(now_ns)

    def order_pass(self, now_ns: Nanoseconds) -> None:
        """Let the round be looked at after a step, unless it will be anyway."""
        if self._pass is None:
            self._pass = self.events.push(now_ns + STEP_NS, self.follow)

    def drop(self, now_ns: Nanoseconds) -> None:
        """The tenant goes: its round is over at once, and what it has archived stays at the destination."""
        self.enabled = False
        if self.round is not None and self.running:
            self._leave_doing(self.round, now_ns)
            self.round.status = RoundStatus.STOP
            self.history.append(self.round)
            self.log.call_followers()
        if self._pass is not None:
            self.events.cancel(self._pass)
            self._pass = None
        self._order_write(None)

    # Writing to the destination.

    def writes_changed(self, now_ns: Nanoseconds) -> None:
        """Writes may fail from now on, or no longer, or come at other times."""
        current = self.round
        if current is None or not self.doing or not (self.sending.held or self.sending.may_fail):
            self._order_write(None)
            return
        streams = self.storage.log_stream_ids
        if self.sending.held.keys() >= set(streams) and not any(map(self.sending.writes.led, streams)):
            self._order_write(None)  # whoever leads next begins
            return
        step_ns = RETRY_NS if self.sending.held else current.step_ns
        self._order_write(now_ns - now_ns % step_ns + step_ns)

    def answered(self, code: int, now_ns: Nanoseconds) -> None:
        """What the medium of the destination says to what was written just now: as a fault of that code would.

        0 after another one: all that has piled up is sent.
        """
        if self.doing and (code or self.sending.medium_code):
            self.sending.medium_code = code
            self._write(now_ns, seen=True)

    def _order_write(self, at_ns: int | None) -> None:
        """Let the log streams write at a moment, None: as long as nothing is wrong nobody need look at it."""
        if self._write_event is not None:
            self.events.cancel(self._write_event)
            self._write_event = None
        if at_ns is not None:
            self._write_event = self.events.push(at_ns, self._write_due, background=True)

    def _write_due(self, now_ns: Nanoseconds) -> None:
        self._write_event = None
        self._write(now_ns)

    def _write(self, now_ns: Nanoseconds, *, beginning: bool = False, seen: bool = False) -> None:
        """Every log stream writes what it has.

        `beginning`: the round goes on from its checkpoint just now. `seen`: where it stands by now may have been looked
        at, so it does not fall behind that.
        """
        current = self.round
        if current is None or not self.doing:
            return
        before_scn = current.checkpoint_scn if beginning else current.max_scn_at(now_ns if seen else now_ns - 1)
        sent_bytes, was_held = self._sent_bytes(current, before_scn), bool(self.sending.held)
        streams = self.storage.log_stream_ids
        unsent_bytes = self.storage.log_bytes - current.start_log_bytes - sent_bytes
        goes_on = self.sending.write(streams, before_scn, unsent_bytes)
        held = self.sending.held
        if held:
            current.held_scns = min(held.values()), max(held.values()) if len(held) == len(streams) else None
            current.input_bytes = sent_bytes
        else:
            current.held_scns = None
            if was_held or not beginning:
                current.checkpoint_scn = Scn(us_floor(now_ns))
        self.revisions.touch("archive")
        if goes_on:
            self.writes_changed(now_ns)
        else:
            self._interrupt(current, now_ns)

    def _sent_bytes(self, current: ArchiveRound, scn: Scn) -> Bytes:
        """What a round has archived: up to `scn`, or less if the log stream with the log was held before."""
        return current.input_bytes if self._data_held else Bytes(self.marks.bytes_at(scn) - current.start_log_bytes)

    def _interrupt(self, current: ArchiveRound, now_ns: Nanoseconds) -> None:
        """A log stream cannot go on: the checkpoint stands until somebody stops the round or suspends it."""
        was = current.status
        self._leave_doing(current, now_ns)
        current.status = RoundStatus.INTERRUPTED
        self._note_status(current, was, now_ns)
        current.comment = f"log stream {self.sending.interrupted} interrupted."
        self.on_left_doing(now_ns)

    def _leave_doing(self, current: ArchiveRound, now_ns: Nanoseconds) -> bool:
        """The checkpoint stands where it is; whether it had moved at all."""
        if current.status is not RoundStatus.DOING:
            return False
        current.max_scn = current.max_scn_at(now_ns)
        current.input_bytes = self.input_bytes()
        current.checkpoint_scn = current.checkpoint_at(now_ns)
        current.held_scns = None
        self.sending.forget()
        self._order_write(None)
        return True

    # The round.

    def follow(self, now_ns: Nanoseconds) -> None:
        """One pass: move the round one state towards what mode and destination ask for."""
        if self._pass is not None:
            self.events.cancel(self._pass)
            self._pass = None
        current = self.round
        if current is None or current.status is RoundStatus.STOP:
            if self.enabled and self.destination is not None and not self.deferred:
                self._new_round(self.destination, now_ns)
            return
        step = self._step(current)
        if step is None:
            return
        was, was_doing = current.status, self._leave_doing(current, now_ns)
        if current.status is RoundStatus.PREPARE:
            current.start_scn = current.checkpoint_scn = Scn(us_floor(now_ns))
            current.start_log_bytes = self.storage.log_bytes
        current.status = step
        self._note_status(current, was, now_ns)
        self.revisions.touch("archive")
        if was_doing:
            self.on_left_doing(now_ns)
        if step is RoundStatus.STOP:
            self.history.append(current)
        if step in {RoundStatus.STOPPING, RoundStatus.SUSPENDING}:
            current.comment = ""
        if step is RoundStatus.DOING:
            self._begin_doing(now_ns)
        self.log.call_followers()
        self.order_pass(now_ns)

    def _note_status(self, current: ArchiveRound, was: RoundStatus, now_ns: Nanoseconds) -> None:
        told = event_of(current, was)
        if told is not None:
            self.note_event(told[0], now_ns, dest_no=ARCHIVED, **told[1])

    def _begin_doing(self, now_ns: Nanoseconds) -> None:
        """Go on, unless the log that comes next is gone or the destination takes nothing."""
        if self.sending.may_fail:
            self._write(now_ns, beginning=True)

    def _step(self, current: ArchiveRound) -> RoundStatus | None:
        status = current.status
        if not self.enabled and status in _STOPPABLE:
            return RoundStatus.STOPPING
        if self.deferred and status in {RoundStatus.DOING, RoundStatus.INTERRUPTED}:
            return RoundStatus.SUSPENDING
        if status is RoundStatus.SUSPEND and not self.deferred:
            return RoundStatus.BEGINNING
        return {
            RoundStatus.PREPARE: RoundStatus.BEGINNING,
            RoundStatus.BEGINNING: RoundStatus.DOING,
            RoundStatus.STOPPING: RoundStatus.STOP,
            RoundStatus.SUSPENDING: RoundStatus.SUSPEND,
        }.get(status)

    def _new_round(self, destination: ArchiveDestination, now_ns: Nanoseconds) -> None:
        last = self.round
        self.sending.begin_round()
        self.round = ArchiveRound(
            round_id=last.round_id + 1 if last else 1,
            dest_id=self.dest_id,
            path=destination.uri.path,
            piece_switch_interval_us=destination.piece_switch_interval_us,
            base_piece_id=last.used_piece_id(now_ns) + 1 if last else 1,
            step_ns=self.step_ns,
        )
        self._note_status(self.round, RoundStatus.STOP, now_ns)
        self.revisions.touch("archive")
        self.order_pass(now_ns)

    def input_bytes(self) -> Bytes:
        """INPUT_BYTES of the current round: the log written since it began, until the checkpoint stood still."""
        if self.round is None:
            return Bytes(0)
        if not self.doing or self._data_held:
            return self.round.input_bytes
        return Bytes(self.storage.log_bytes - self.round.start_log_bytes)
