"""Keeps records on disk before anybody is told of what they did.

`added` counts what there is to keep, `kept` how much of it is on disk: an answer that was made when `added` was n may
leave once `kept` is n. Whoever serves many collects their records and has them written in one go, in a thread.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obsim.errors import ServerError, error
from obsim.journal.checkpoint import Checkpoints
from obsim.journal.directory import DataDirectory
from obsim.journal.lease import LeaseHolder
from obsim.journal.record import Record
from obsim.journal.secrets import append_secrets
from obsim.journal.store import Batch, Checkpoint, Lease, Store, StoreFailed

if TYPE_CHECKING:
    from obsim.journal.recorder import Recorder
    from obsim.session import SessionHost

__all__ = ["CHECKPOINT_RECORDS", "RECORD_CHARACTERS", "Keeper", "Work"]

CHECKPOINT_RECORDS = 1_000
"""After so many records, at the least, the next start need not go through them."""
RECORD_CHARACTERS = 128
"""Of the last checkpoint, for each record since, before there is another: a big one is written more rarely.

To replay a record takes about as long as to read 150 to 300 characters of a checkpoint, so a start takes about three
times as long as reading the checkpoint does. One before which the clock came far takes as long as that way: no number
of records bounds it.
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be written: all up to `mark`."""

    mark: int
    batch: Batch
    secrets: list[tuple[str, str]]


class Keeper:
    """The journal of a host that runs."""

    def __init__(
        self, host: "SessionHost", store: Store, directory: DataDirectory, lease: LeaseHolder, checkpoints: Checkpoints
    ) -> None:
        self._host, self._store, self._directory, self._lease = host, store, directory, lease
        self._checkpoints = checkpoints
        self.recorder: Recorder
        self.again: Callable[[], None]
        """Takes the host and its recorder back to what is on disk."""
        self.added = self.kept = 0
        self.broken = False
        """The disk did not take the last batch."""
        self.lost = False
        """Not even what is on disk could be had again: nothing is to be told or written any more."""
        self.checkpointed = 0
        """The last record that a checkpoint on disk has."""
        self._tried = 0
        """The last record when there was to be one."""
        self._checkpoint_length = 0
        """Characters of the last one that this process has made."""
        self._records: list[Record] = []
        self._noted_again = 0
        """How many of them tell how what the last way back carried out has ended: no reason for another one."""
        self._pending_lease: Lease | None = None
        self._checkpoint: Checkpoint | None = None
        self._closed = False

    # What comes in.

    def check(self) -> None:
        """Raises 4184 or 4009 while the disk takes nothing: nothing is changed then that could not be kept."""
        if self.lost:
            raise error("OB_IO_ERROR")
        if self.broken:
            try:
                self._store.probe()
            except StoreFailed as failed:
                raise refusal(failed) from None
            self.broken = False

    def add(self, record: Record) -> None:
        """The next record."""
        self._records.append(record)
        self.added += 1

    def drop(self) -> None:
        """The records that are not on disk never were."""
        self._records = []

    def show(self) -> None:
        """An answer is about to leave: what it may tell of the clock has to be kept too."""
        state = self._host.state
        if not self._lease.ahead_ns:
            if not state.outside.blocked:  # else time stands still, and nobody is told of the cluster
                self.recorder.moved()
        elif not self._lease.covers(state):
            self._pending_lease = self._lease.extended(state)
            self.added += 1

    def rest(self) -> None:
        """Nobody's statement is under way: the moment for a checkpoint, if one is due.

        What could not be written, or was refused by the disk, is tried again after `CHECKPOINT_RECORDS`.
        """
        last = self.recorder.last_number
        due = max(CHECKPOINT_RECORDS, self._checkpoint_length // RECORD_CHARACTERS)
        if last - self.checkpointed >= due and last - self._tried >= CHECKPOINT_RECORDS:
            self.make_checkpoint()

    def make_checkpoint(self) -> None:
        """Let the next batch have one, if the cluster can be written now."""
        body = None if self.recorder.in_question else self._checkpoints.of(self._host)
        self._tried = self.recorder.last_number
        if body is not None:
            self._checkpoint_length = len(body["state"]) + sum(map(len, body["snapshots"].values()))
            self._checkpoint = Checkpoint(self.recorder.last_number, body)

    # To the disk.

    def take(self) -> Work:
        """All that is to be written now."""
        if not self._lease.ahead_ns and self._lease.due(self._host.state):
            self._pending_lease = self._lease.extended(self._host.state)
        batch = Batch(self._records, self._pending_lease, self._checkpoint)
        work = Work(self.added, batch, self.recorder.secrets.take_fresh())
        self._records, self._pending_lease, self._checkpoint = [], None, None
        return work

    def takes_long(self, work: Work) -> bool:
        """Whether it does on a quick disk, too: with a checkpoint."""
        return work.batch.checkpoint is not None

    def write(self, work: Work) -> None:
        """Write it, in any thread. Raises StoreFailed: nothing of it is there."""
        try:
            append_secrets(self._directory.secrets, work.secrets)
        except OSError as failure:
            full = failure.errno == errno.ENOSPC
            raise StoreFailed(f"{self._directory.secrets}: {failure.strerror}", full=full) from None
        self._store.commit(work.batch)

    def done(self, work: Work) -> None:
        """It is written."""
        self.kept = work.mark
        self.broken = False
        self._noted_again = 0
        if work.batch.checkpoint is not None:
            self.checkpointed = work.batch.checkpoint.number

    def failed(self, work: Work, failed: StoreFailed) -> ServerError:
        """It is not: the cluster is as the disk has it, and what was answered since is not so. Gives what to answer.

        Raises whatever kept it from that; then it is `lost`.
        """
        self.recorder.secrets.fresh[:0] = work.secrets
        records = [*work.batch.records, *self._records]
        if len(records) > self._noted_again:
            self.lost = True
            self.again()
            self.lost = False
            self._noted_again = len(self._records)
        else:
            self._records = records
        self._pending_lease, self._checkpoint, self._lease.held = None, None, None
        self.kept = self.added - len(self._records)
        self.broken = True
        return refusal(failed)

    def sync(self) -> None:
        """Write all there is, for a caller that has nobody else to serve. Raises ServerError: then nothing of it is."""
        if self.lost:
            raise error("OB_IO_ERROR")
        self.show()
        if self.kept == self.added and self._checkpoint is None:
            return
        work = self.take()
        try:
            self.write(work)
        except StoreFailed as failed:
            raise self.failed(work, failed) from None
        self.done(work)

    def close(self) -> None:
        """The last checkpoint, the exact time, and the directory is free. A disk that takes nothing loses nothing kept.

        What has begun at a destination outside is waited for, as long as that takes to answer or to fail. For the
        second time nothing, and nothing in a forked child.
        """
        if self._closed or self._directory.inherited:
            return
        self._closed = True
        try:
            if self.lost:
                return
            self._host.state.outside.wait()  # whoever takes the directory next does not meet what this one still does
            self.recorder.give_up()
            self.show()
            self.make_checkpoint()
            work = self.take()
            batch = Batch(work.batch.records, self._lease.final(self._host.state), work.batch.checkpoint)
            self.write(Work(work.mark, batch, work.secrets))
            self.done(work)
        except StoreFailed:
            pass
        finally:
            self._store.close()
            self._directory.release()


def refusal(failed: StoreFailed) -> ServerError:
    """What a client is told: OceanBase's error of a disk without room, or of one that fails."""
    return error("OB_SERVER_OUTOF_DISK_SPACE" if failed.full else "OB_IO_ERROR")
