"""What a backup sees of the rest of its tenant and cluster."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from obsim.archive.log import RedoLog
from obsim.archive.piece import ArchivePiece
from obsim.backup.failures import Outcomes
from obsim.destination.outcome import Intent
from obsim.destination.outside import Outside
from obsim.destination.uri import BackupUri
from obsim.ids import Bytes, LogStreamId, Nanoseconds, Scn
from obsim.revisions import Revisions
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.events import EventQueue
from obsim.storage.tenant import TenantStorage
from obsim.versions import VersionProfile

if TYPE_CHECKING:
    from obsim.destination.layout import Layout

__all__ = ["ArchiveFacts", "BackupServer", "RunContext", "Settings"]


class ArchiveFacts(Protocol):
    """What a backup asks of the tenant's log archive."""

    @property
    def doing(self) -> bool:
        """Whether the current round is in state DOING."""

    @property
    def interrupted(self) -> bool:
        """Whether the current round is in state INTERRUPTED."""

    @property
    def start_scn(self) -> Scn:
        """START_SCN of the current round."""

    @property
    def log(self) -> RedoLog:
        """What has been archived."""

    @property
    def bring(self) -> Callable[[Nanoseconds, Callable[[], None]], None]:
        """Has what is archived written where it belongs, and calls then."""

    def checkpoint_after(self, scn: Scn, now_ns: Nanoseconds) -> Nanoseconds:
        """When the checkpoint will have passed `scn`, or when to ask again."""

    def log_between(self, start_scn: Scn, end_scn: Scn, now_ns: Nanoseconds) -> tuple[ArchivePiece, ...]:
        """The current round's log from one moment to another."""


@dataclass(frozen=True, slots=True)
class BackupServer:
    """A server that works for the tenant: `address` is ip:port, `dispatcher` the tenant's DAG scheduler there."""

    address: str
    dispatcher: Dispatcher
    leads: bool = False
    """Whether it has the leader of the log stream that it was asked for: backups rather go to followers."""


class Settings(Protocol):
    """What a backup asks of parameters and of the cluster."""

    @property
    def data_version(self) -> str:
        """The tenant's data version, parameter `compatible`."""

    @property
    def file_bytes_max(self) -> Bytes:
        """`backup_data_file_size`."""

    @property
    def upgrading(self) -> bool:
        """`enable_upgrade_mode`."""

    @property
    def led(self) -> bool:
        """Whether the tenant's system log stream has a leader that works."""

    def leader(self, log_stream_id: LogStreamId) -> BackupServer | None:
        """The server with the leader of a log stream, None while none works."""

    @property
    def format_fault(self) -> int:
        """What is wrong with the format file where data_backup_dest leads: -9080, -9081, or 0 for nothing."""

    def place(self, dest_id: int) -> BackupUri:
        """Where one of the tenant's destinations lies."""

    def check(self, dest_id: int) -> Intent:
        """What has to be looked at before work there begins."""

    @property
    def facts(self) -> Any:
        """What the tenant's system tables hold: a set takes it along as it is."""

    def servers(self, log_stream_id: LogStreamId) -> list[BackupServer]:
        """The servers with a full replica of a log stream, the leader's first."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """The parts of the tenant that a backup works with."""

    profile: VersionProfile
    storage: TenantStorage
    archive: ArchiveFacts
    settings: Settings
    events: EventQueue
    revisions: Revisions
    root_address: Callable[[], str]
    """ip:port of the server that has the root service now."""
    seed: int = 0
    outcomes: Outcomes = field(default_factory=Outcomes)
    outside: Outside = field(default_factory=Outside)

    @property
    def layout(self) -> "Layout":
        """Names of directories and files."""
        from obsim.destination.layout import Layout  # noqa: PLC0415 - for destinations on media alone

        return Layout.of(self.profile)

    @property
    def root_server(self) -> str:
        """ip:port of the server with the root service, as COMMENT columns print it."""
        return self.root_address()
