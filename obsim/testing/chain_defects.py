"""Wrong ways to choose what an increment builds on, and to number jobs and sets."""

from dataclasses import replace
from typing import Any

from obsim.backup import chain, flow
from obsim.backup import tenant as backup_tenant
from obsim.backup.job import BackupType
from obsim.backup.run import BackupRun
from obsim.backup.set import BackupSet, SetStatus
from obsim.backup.tenant import TenantBackup
from obsim.cluster import backup_commands
from obsim.errors import error
from obsim.ids import BackupSetId
from obsim.testing.defect import defect
from obsim.versions import IncrementalBase


@defect("a set on another path is a predecessor", "2", chain, "predecessor")
def _path_ignored(right: Any) -> Any:
    def predecessor(sets: Any, _path: str) -> Any:
        sets = list(sets)
        paths = [s.path for s in sets if s.usable]
        return right(sets, paths[-1]) if paths else None

    return predecessor


@defect("a cancelled or failed set is a predecessor", "26", BackupSet, "usable")
def _failed_set_usable(_right: Any) -> Any:
    return property(lambda s: s.status is not SetStatus.DOING)


@defect("the oldest usable set is the predecessor", "3", chain, "predecessor")
def _oldest_predecessor(_right: Any) -> Any:
    def predecessor(sets: Any, path: str) -> Any:
        return min((s for s in sets if s.usable and s.path == path), key=lambda s: s.backup_set_id, default=None)

    return predecessor


def _lineage(change: Any) -> Any:
    """A wrong `lineage_of` that changes an increment's right answer."""

    def wrong(right: Any) -> Any:
        def lineage_of(*arguments: Any) -> Any:
            lineage = right(*arguments)
            return change(lineage) if lineage.backup_type is BackupType.INC else lineage

        return lineage_of

    return wrong


@defect(
    "under last_full the previous set's index is used", "10", backup_tenant, "lineage_of", IncrementalBase.LAST_FULL
)
def _last_full_means_previous(right: Any) -> Any:
    return _lineage(lambda lineage: replace(lineage, base_id=lineage.prev_inc_id))(right)


@defect("every increment becomes full", "3b", backup_tenant, "lineage_of")
def _always_converted(right: Any) -> Any:
    return _lineage(lambda _lineage: chain.Lineage(BackupType.FULL))(right)


@defect("prev_full names the previous set, full or not", "4", backup_tenant, "lineage_of")
def _prev_full_is_prev_inc(right: Any) -> Any:
    return _lineage(lambda lineage: replace(lineage, prev_full_id=lineage.prev_inc_id))(right)


@defect("prev_full names the tenant's first set for ever", "5", backup_tenant, "lineage_of")
def _prev_full_is_the_first(right: Any) -> Any:
    return _lineage(lambda lineage: replace(lineage, prev_full_id=BackupSetId(1)))(right)


@defect("a converted increment keeps the number of the newest set", "1", BackupRun, "_new_set")
def _full_with_an_ancestor(right: Any) -> Any:
    def new_set(self: BackupRun) -> Any:
        made = right(self)
        if made.backup_type is BackupType.FULL:
            made.prev_inc_id = max(self.tenant.sets, default=0)
        return made

    return new_set


@defect("an increment without a full set is an error", "7", backup_commands, "_backup_own")
def _conversion_refused(right: Any) -> Any:
    def backup_own(state: Any, tenant: Any, request: Any) -> None:
        if request.backup_type is BackupType.INC and tenant.backup.would_convert():
            raise error("OB_BACKUP_CAN_NOT_START", "there is no full backup.")
        right(state, tenant, request)

    return backup_own


@defect("a job that fails gives its set id back", "6", BackupRun, "_abort")
def _failed_id_reused(right: Any) -> Any:
    def abort(self: BackupRun, *arguments: Any) -> None:
        right(self, *arguments)
        self.tenant._set_count -= 1  # noqa: SLF001 - a defect respects nothing

    return abort


@defect("a job cancelled in INIT takes no set id", "6", TenantBackup, "accept")
def _init_id_reused(right: Any) -> Any:
    def accept(self: TenantBackup, *arguments: Any) -> Any:
        self._set_count = len(self.sets)
        return right(self, *arguments)

    return accept


@defect("a broken set is a predecessor", "model", BackupSet, "usable")
def _broken_set_usable(_right: Any) -> Any:
    return property(lambda s: s.status is SetStatus.SUCCESS)


@defect("an increment on a broken base is taken all the same", "model", flow, "blocks_to_store")
def _broken_base_read(_right: Any) -> Any:
    return lambda run: run.set_task.backup_set.copied
