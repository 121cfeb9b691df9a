"""Restores, their sources and standby tenants: the checks of the services (statements.md, Restore and recovery).

What comes before them is in `restore_resolve`; what a restore reads is found in `restore_planning`.
"""

from obsim.answers import Ok
from obsim.cluster.accounts import digest_of
from obsim.cluster.authority import Rule, guarded
from obsim.cluster.restore_planning import find_plan, restore_options
from obsim.cluster.restore_resolve import (
    resolve_backup_key,
    resolve_cancel_recover,
    resolve_cancel_restore,
    resolve_external_storage,
    resolve_preview,
    resolve_recover_table,
    resolve_restore,
    resolve_restore_source,
    resolve_tables,
)
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.cluster.tenant_life import end_tenant
from obsim.destination import parse_uri
from obsim.errors import NotModelled, error
from obsim.restore.job import RestoreRequest
from obsim.restore.table_job import RecoverTableJob
from obsim.statements import (
    AddRestoreSource,
    BackupKey,
    CancelRecoverTable,
    CancelRestore,
    ChangeExternalStorage,
    ClearRestoreSource,
    PreviewRestore,
    RecoverTable,
    RestoreTables,
    RestoreTenant,
)

__all__ = ["COMMANDS"]


def _check_pools(state: ClusterState, pool_list: str) -> tuple[str, ...]:
    """The names of the pools; raises 4650 and 4626. How they go together is found out when the tenant is made."""
    names = tuple(word.strip() for word in pool_list.split(","))
    for name in names:
        pool = state.resources.pools.get(name)
        if pool is None:
            raise error("OB_RESOURCE_POOL_NOT_EXIST", name)
        if pool.tenant_id is not None:
            raise error("OB_RESOURCE_POOL_ALREADY_GRANTED", name)
    return names


def restore_tenant(state: ClusterState, who: Principal, statement: RestoreTenant) -> Ok:
    """RESTORE of a tenant: its name first, then options, pools, and what its sources hold; then a job."""
    resolve_restore(state, who, statement)
    if state.tenant_named(statement.tenant) is not None:
        raise error("OB_OP_NOT_ALLOW", "restore tenant with existed tenant name is")
    if state.restores.running(statement.tenant) is not None:
        raise error("OB_RESTORE_IN_PROGRESS")
    options = restore_options(statement.options)
    pools = _check_pools(state, options["pool_list"])
    found = find_plan(state, who, statement.uri or who.restore_source, statement.until)
    if statement.preview:
        return Ok()
    if "kms_encrypt" in options or statement.keys.uri is not None:
        raise NotModelled("ALTER SYSTEM RESTORE with keys of encrypted tables")
    concurrency = options.get("concurrency")
    state.restores.start(
        RestoreRequest(
            statement.tenant, statement.options, found.destinations, found.catalogue, found.plan, pools,
            options.get("locality", ""), options.get("primary_zone", ""), int(concurrency) if concurrency else None,
            statement.description,
        ),
        state.now_ns,
    )  # fmt: skip
    return Ok()


def restore_tables(state: ClusterState, who: Principal, statement: RestoreTables) -> Ok:
    """RESTORE of a list of tables: not modelled."""
    resolve_tables(state, who, statement)
    raise NotModelled("ALTER SYSTEM RESTORE of tables")


def preview_restore(state: ClusterState, who: Principal, statement: PreviewRestore) -> Ok:
    """RESTORE FROM .. PREVIEW: whether there is something to restore; the session remembers what to list."""
    resolve_preview(state, who, statement)
    find_plan(state, who, statement.uri, statement.until)
    return Ok()


def cancel_restore(state: ClusterState, who: Principal, statement: CancelRestore) -> Ok:
    """CANCEL RESTORE: the tenant that is being restored is dropped at once.

    What it answers about a tenant that is not being restored is not known.
    """
    resolve_cancel_restore(state, who, statement)
    tenant = state.tenant_named(statement.tenant)
    run = state.restores.running(statement.tenant)
    if tenant is not None and tenant.status == "RESTORE":
        end_tenant(state, tenant)
    elif run is not None:
        run.cancel(state.now_ns)
    else:
        raise NotModelled(f"ALTER SYSTEM CANCEL RESTORE: no restore of '{statement.tenant}' is running")
    return Ok()


def add_restore_source(state: ClusterState, who: Principal, statement: AddRestoreSource) -> Ok:
    """ADD RESTORE SOURCE: the session keeps it; whether it is a place at all is found out by the restore."""
    resolve_restore_source(state, who, statement)
    return Ok()


def clear_restore_source(state: ClusterState, who: Principal, statement: ClearRestoreSource) -> Ok:
    """CLEAR RESTORE SOURCE: the session forgets what was added."""
    resolve_restore_source(state, who, statement)
    return Ok()


def recover_table(state: ClusterState, who: Principal, statement: RecoverTable) -> Ok:
    """RECOVER TABLE: options, pools, and what its sources hold; then a job. Only tables can be renamed here."""
    resolve_recover_table(state, who, statement)
    options = restore_options(statement.options)
    pools = _check_pools(state, options["pool_list"])
    found = find_plan(state, who, statement.uri or who.restore_source, statement.until)
    if any(remap.kind != "TABLE" for remap in statement.remaps) or any(
        len(item) != 2 or len(item[0]) > 2 or len(item[1]) > 2 or None in (*item[0], *item[1])
        for remap in statement.remaps for item in remap.items
    ):  # fmt: skip
        raise NotModelled("REMAP of anything but single tables")
    if state.table_recoveries.running(statement.tenant) is not None:
        raise NotModelled(f"RECOVER TABLE while another one into '{statement.tenant}' is running")
    concurrency = options.get("concurrency")
    auxiliary = RestoreRequest(
        f"AUX_RECOVER${state.now_ns // 1000}", statement.options, found.destinations, found.catalogue, found.plan,
        pools, options.get("locality", ""), options.get("primary_zone", ""), int(concurrency) if concurrency else None,
    )  # fmt: skip
    state.table_recoveries.start(_recovery(state, who, statement, auxiliary))
    return Ok()


def _recovery(
    state: ClusterState, who: Principal, statement: RecoverTable, auxiliary: RestoreRequest
) -> RecoverTableJob:
    names = [item[0] for item in statement.tables]
    wanted = tuple((name[0] if len(name) > 1 else None, name[-1]) for name in names)
    renamed = {str(a[-1]): str(b[-1]) for remap in statement.remaps for a, b in remap.items}
    return RecoverTableJob(
        state.table_recoveries.next_row(), statement.tenant, auxiliary, (None, None) in wanted,
        ",".join(f"`{database}`" for database, table in wanted if database and table is None),
        ",".join(f"`{database}`.`{table}`" for database, table in wanted if table),
        ",".join(remap.sql().partition("TABLE ")[2] for remap in statement.remaps), statement.description,
        ",".join(digest_of(password) for password in who.decryption), wanted=wanted, renamed=renamed,
    )  # fmt: skip


def cancel_recover_table(state: ClusterState, who: Principal, statement: CancelRecoverTable) -> Ok:
    """CANCEL RECOVER TABLE. What it answers where nothing is being recovered is not known."""
    resolve_cancel_recover(state, who, statement)
    job = state.table_recoveries.running(statement.tenant)
    if job is None:
        raise NotModelled(f"ALTER SYSTEM CANCEL RECOVER TABLE: nothing is recovered into '{statement.tenant}'")
    state.table_recoveries.cancel(job)
    return Ok()


def backup_key(state: ClusterState, who: Principal, statement: BackupKey) -> Ok:
    """BACKUP KEY: of the enterprise edition."""
    resolve_backup_key(state, who, statement)


def change_external_storage(state: ClusterState, who: Principal, statement: ChangeExternalStorage) -> Ok:
    """CHANGE EXTERNAL_STORAGE_DEST: sys only."""
    resolve_external_storage(state, who, statement)
    parse_uri(statement.path.reveal)
    raise NotModelled("ALTER SYSTEM CHANGE EXTERNAL_STORAGE_DEST yet")


COMMANDS: dict[type, Command] = {
    AddRestoreSource: guarded(add_restore_source, Rule(before=resolve_restore_source)),
    BackupKey: guarded(backup_key, Rule(before=resolve_backup_key)),
    CancelRecoverTable: guarded(cancel_recover_table, Rule(before=resolve_cancel_recover)),
    CancelRestore: guarded(cancel_restore, Rule(before=resolve_cancel_restore)),
    ChangeExternalStorage: guarded(change_external_storage, Rule(before=resolve_external_storage)),
    ClearRestoreSource: guarded(clear_restore_source, Rule(before=resolve_restore_source)),
    PreviewRestore: guarded(preview_restore, Rule(before=resolve_preview)),
    RecoverTable: guarded(recover_table, Rule(before=resolve_recover_table)),
    RestoreTables: guarded(restore_tables, Rule(before=resolve_tables)),
    RestoreTenant: guarded(restore_tenant, Rule(before=resolve_restore)),
}
