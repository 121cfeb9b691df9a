"""What becomes of log that cannot be written to its destination (ob_archive_sender.cpp, ob_archive_fetcher.cpp).

A log stream whose write fails with a code that may pass writes again and again; the tenant's checkpoint stands
meanwhile, for it is that of the slowest log stream. Any other code interrupts the round, and so does log that was
recycled before it could be sent: more of it than the log disk holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from obsim.error_codes import OB_CLOG_RECYCLE_BEFORE_ARCHIVE
from obsim.errors import code_of
from obsim.ids import Bytes, LogStreamId, Nanoseconds, Scn

__all__ = ["RETRIED", "RETRY_NS", "Sending", "SoundWrites", "Writes"]

RETRIED = frozenset(map(code_of, (
    "OB_IO_ERROR", "OB_ALLOCATE_MEMORY_FAILED", "OB_OSS_ERROR", "OB_COS_ERROR", "OB_IO_LIMIT",
    "OB_BACKUP_DEVICE_OUT_OF_SPACE", "OB_BACKUP_PWRITE_OFFSET_NOT_MATCH",
)))  # fmt: skip
"""Errors of input and output, lack of memory, limits of bandwidth, a full device, an object that is written twice."""
RETRY_NS = Nanoseconds(1_000_000_000)
"""From a write that failed to the next one; a cluster waits a tenth of that."""


class Writes(Protocol):
    """How writing to the archive destination of a tenant goes."""

    @property
    def may_fail(self) -> bool:
        """Whether a write may fail at all: as long as none does, nobody has to look at each of them."""

    def led(self, log_stream_id: LogStreamId) -> bool:
        """Whether a log stream has a leader that works: nobody else writes."""

    def code(self, log_stream_id: LogStreamId) -> int:
        """What the next write of a log stream ends with: a negative code, 0 where nothing is wrong."""

    @property
    def log_disk_bytes(self) -> Bytes:
        """How much log a server keeps for the tenant."""


class SoundWrites:
    """Writes that never fail."""

    may_fail = False
    log_disk_bytes = Bytes(1 << 62)

    def led(self, _log_stream_id: LogStreamId) -> bool:
        """Everybody leads."""
        return True

    def code(self, _log_stream_id: LogStreamId) -> int:
        """Nothing is wrong."""
        return 0


@dataclass(slots=True, eq=False)
class Sending:
    """How far the log streams of a tenant are behind because they cannot write."""

    writes: Writes
    held: dict[LogStreamId, Scn] = field(default_factory=dict)
    """Log streams that wait to write again, and up to where they have written."""
    interrupted: LogStreamId | None = None
    """The log stream that has interrupted the round."""
    lost: bool = False
    """Whether log of it is gone: then this round is never continued."""
    medium_code: int = 0
    """What the last write to a destination on a medium ended with."""

    @property
    def may_fail(self) -> bool:
        """Whether the next write of a log stream may fail."""
        return self.lost or bool(self.medium_code) or self.writes.may_fail

    def write(self, streams: Iterable[LogStreamId], before_scn: Scn, unsent_bytes: int) -> bool:
        """Let every log stream write what it has; whether the round goes on.

        `before_scn`: up to where one has written that had no trouble so far; `unsent_bytes`: log that the tenant has
        written and not sent.
        """
        if not self.lost:
            self.interrupted = None
        for stream in streams:
            code = self._code(stream, unsent_bytes)
            if not code:
                self.held.pop(stream, None)
                continue
            self.held.setdefault(stream, before_scn)
            if code not in RETRIED:
                self.interrupted, self.lost = stream, code == OB_CLOG_RECYCLE_BEFORE_ARCHIVE
                return False
        return True

    def _code(self, stream: LogStreamId, unsent_bytes: int) -> int:
        if self.lost and stream == self.interrupted:
            return OB_CLOG_RECYCLE_BEFORE_ARCHIVE
        code = self.medium_code or (self.writes.code(stream) if self.writes.may_fail else 0)
        return OB_CLOG_RECYCLE_BEFORE_ARCHIVE if code in RETRIED and unsent_bytes > self.writes.log_disk_bytes else code

    def forget(self) -> None:
        """The round archives no more: whoever waits need not, and what the medium says will be seen when it goes on."""
        self.held.clear()
        self.medium_code = 0

    def begin_round(self) -> None:
        """A new round has nothing to do with what became of the last one."""
        self.forget()
        self.interrupted, self.lost = None, False
