"""PLUS ARCHIVELOG: the log that a set holds itself, to be restored without the archive (engine.md 3.3, 7.2)."""

from dataclasses import dataclass, field

from obsim.archive.log import RedoLog
from obsim.archive.piece import ArchivePiece, log_file_count
from obsim.backup.log_streams import LogStreamTask
from obsim.backup.stages import MetaWork
from obsim.ids import Bytes, LogStreamId

__all__ = ["ComplementLog", "ComplementWork"]


@dataclass(slots=True, eq=False)
class ComplementLog:
    """The log from START_REPLAY_SCN to MIN_RESTORE_SCN of a set, cut into pieces as the archive cuts it."""

    pieces: tuple[ArchivePiece, ...]
    streams: tuple[LogStreamId, ...]
    """The log streams it is copied of; the last one, where a tenant's tables lie, has written all of it."""
    log: RedoLog = field(default_factory=RedoLog)
    """What was changed between the snapshot and MIN_RESTORE_SCN."""
    copied: set[LogStreamId] = field(default_factory=set)

    @property
    def output_bytes(self) -> Bytes:
        """Size of all of it."""
        return Bytes(sum(piece.input_bytes for piece in self.pieces))

    @property
    def file_count(self) -> int:
        """LOG_FILE_COUNT: archive files to be copied."""
        return sum(map(self._files_of, self.streams))

    @property
    def finish_file_count(self) -> int:
        """FINISH_LOG_FILE_COUNT: those of the log streams that are done."""
        return sum(map(self._files_of, self.copied))

    def _files_of(self, stream: LogStreamId) -> int:
        if stream == self.streams[-1]:
            return sum(log_file_count(piece.input_bytes) for piece in self.pieces)
        return len(self.pieces)


@dataclass(slots=True, eq=False)
class ComplementWork(MetaWork):
    """Copies one log stream's part after the other."""

    log: ComplementLog = field(default_factory=lambda: ComplementLog((), ()))

    def needs_leader(self) -> bool:
        """It copies what is archived."""
        return False

    def finished(self, task: LogStreamTask, code: int) -> None:
        """Count the files of a log stream that is done."""
        if not code:
            self.log.copied.add(task.log_stream_id)
