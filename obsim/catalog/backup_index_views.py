"""Views of the schema `obsim` over what sets store: their data files, and the place of every block (engine.md 2.1)."""

from collections.abc import Iterator

from obsim.backup.content import SetContent
from obsim.backup.index import locations
from obsim.backup.set import BackupSet
from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState, Tenant

__all__ = ["backup_files", "backup_index"]


def backup_files(state: ClusterState, _scope: Scope) -> list[Row]:
    """obsim.backup_files: one row for each data file of every set, in order of writing.

    BYTES is what header and blocks take up; files are never larger than `backup_data_file_size`. STATUS is COPYING or
    COMPLETE; the files of a directory become complete in order of FILE_ID. An attempt that fails leaves complete ones.
    """
    return [
        row
        for tenant in state.tenants.values()
        for backup_set in tenant.backup.sets.values()
        if backup_set.content is not None
        for row in _files(tenant, backup_set, backup_set.content)
    ]


def _files(tenant: Tenant, backup_set: BackupSet, content: SetContent) -> Iterator[Row]:
    task = next((t for t in tenant.backup.tasks if t.backup_set is backup_set), None)
    complete = task.progress.complete_counts() if task is not None else {}
    for files in content.files:
        done = complete.get(files, files.cut.file_count)
        for file_id in range(files.cut.file_count):
            yield (
                tenant.tenant_id, backup_set.backup_set_id, files.log_stream_id, files.data_type, files.turn_id,
                files.retry_id, file_id, files.cut.size(file_id), files.file_bytes(file_id),
                "COMPLETE" if file_id < done else "COPYING",
            )  # fmt: skip


def backup_index(state: ClusterState, _scope: Scope) -> list[Row]:
    """obsim.backup_index: for each usable set one row for each baseline block it describes, and where that is stored.

    REUSED is 1 where another set stores it. The order is that of tablet and position.
    """
    return [
        row
        for tenant in state.tenants.values()
        for backup_set in tenant.backup.sets.values()
        if backup_set.usable
        for row in _index(tenant, backup_set)
    ]


def _index(tenant: Tenant, backup_set: BackupSet) -> list[Row]:
    assert backup_set.content is not None, "a set that succeeded has a snapshot"
    places = locations(tenant.backup.sets, backup_set)
    names = tenant.storage.identities(backup_set.content.live, backup_set.epoch)
    owner = tenant.tenant_id, backup_set.backup_set_id
    return [
        (*owner, *name, *places[position], int(places[position].backup_set_id != backup_set.backup_set_id))
        for position, name in names.items()
    ]
