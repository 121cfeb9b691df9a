"""A tenant that is new, with empty storage: its scheduler, archive, backups and cleanup, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from obsim.archive.sending import Sending
from obsim.archive.tenant import TenantArchive
from obsim.backup.context import RunContext
from obsim.backup.tenant import TenantBackup
from obsim.cleanup.tenant import CleanupContext, TenantCleanup
from obsim.cluster.backup_settings import TenantSettings, TenantWrites
from obsim.cluster.locality import full_locality
from obsim.cluster.tenant import Tenant
from obsim.ids import SYS_LOG_STREAM_ID, LogStreamId, Nanoseconds, TenantId
from obsim.revisions import TenantRevisions
from obsim.scheduler.dispatcher import Dispatcher
from obsim.storage.changes import StorageChange
from obsim.storage.tenant import TenantStorage

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState

__all__ = ["TenantHooks", "new_tenant"]


@dataclass(frozen=True, slots=True)
class TenantHooks:
    """What the parts of a tenant call back in the state of their cluster."""

    storage_changed: Callable[[TenantArchive, int, StorageChange], None]
    bring_archive: Callable[[Nanoseconds, Callable[[], None]], None]
    is_dropped: Callable[[TenantBackup], bool]
    fault_of_delete: Callable[[LogStreamId, str], int]


def new_tenant(
    state: "ClusterState", tenant_id: TenantId, name: str, kind: str, mode: str, hooks: TenantHooks
) -> Tenant:
    """The tenant, which the state does not have yet."""
    streams = [SYS_LOG_STREAM_ID, LogStreamId(1001)] if kind == "USER" else [SYS_LOG_STREAM_ID]
    storage = TenantStorage(streams)
    dispatcher = Dispatcher(state.events)
    sending = Sending(TenantWrites(state, tenant_id))
    revisions = TenantRevisions(state.revisions, tenant_id)
    archive = TenantArchive(state.events, revisions, storage, sending=sending)
    archive.note_event = partial(state.root_events.add, "log_archive", tenant_id)
    storage.on_change = partial(hooks.storage_changed, archive)
    context = RunContext(
        state.profile,
        storage,
        archive,
        TenantSettings(state, tenant_id),
        state.events,
        revisions,
        state.root_address,
        state.seed,
        state.backup_outcomes,
        state.outside,
    )
    backup = TenantBackup(tenant_id, context if kind == "USER" else None, state.options.incremental_base)
    archive.on_left_doing = backup.archive_changed
    archive.bring = hooks.bring_archive
    cleanup = TenantCleanup(CleanupContext(
        tenant_id, backup, archive, state.events, revisions, state.root_address,
        state.profile.pieces_by_checkpoint, partial(hooks.is_dropped, backup), context,
        hooks.fault_of_delete,
    ))  # fmt: skip
    locality = full_locality(state.resources.zones)
    return Tenant(
        tenant_id, name, kind, mode, state.now_ns, storage, dispatcher, archive, backup, cleanup, locality
    )
