"""Storage rebuilt from a set and the log equals the source's at every moment after the set, whatever was done to it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import obsim
from obsim.ids import LogStreamId
from obsim.restore.rebuild import rebuild
from obsim.storage.changes import CHANGES, StorageChange
from obsim.storage.tenant import TenantStorage

TENANT = "mysql_tenant"


def shown(storage: TenantStorage) -> tuple[object, ...]:
    """All that can be told of a storage: identities and dirty marks of its blocks, and its tablets."""
    blocks = storage.blocks
    return (
        storage.identities(blocks.live, blocks.epoch), list(blocks.dirty),
        [repr(replace(t, known_seams=None)) for t in storage.tablets],
        storage.log_bytes, storage.checkpoint_scn, storage.write_count, list(storage.log_stream_ids),
        repr(storage.freezes), storage.merge_suspended, storage.picture().frozen,
    )  # fmt: skip


ACTIONS = {
    "random": lambda cluster: cluster.write(TENANT, "t1", 3, "random"),
    "append": lambda cluster: cluster.write(TENANT, "t1", 2, "append"),
    "rows": lambda cluster: cluster.write(TENANT, "t1", 5000, "rows_uniform"),
    "delete": lambda cluster: cluster.write(TENANT, "t1", 90_000, "rows_delete_clustered"),
    "blocks": lambda cluster: cluster.change_blocks(TENANT, [0, 5, 7]) if not cut(cluster) else None,
    "minor": lambda cluster: cluster.execute("ALTER SYSTEM MINOR FREEZE", tenant=TENANT),
    "major": lambda cluster: cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant=TENANT),
    "create": lambda cluster: cluster.execute("CALL obsim.create_table('mysql_tenant', 'n', 40000, 200, 3)"),
    "alter": lambda cluster: cluster.execute("CALL obsim.alter_table('mysql_tenant', 't1', 3)"),
    "truncate": lambda cluster: cluster.execute("CALL obsim.truncate_table('mysql_tenant', 't1')"),
    "drop": lambda cluster: cluster.execute("CALL obsim.drop_table('mysql_tenant', 'n')"),
    "transfer": lambda cluster: cluster.execute("CALL obsim.transfer('mysql_tenant', 200001, 1001)"),
    "suspend": lambda cluster: cluster.execute("ALTER SYSTEM SUSPEND MERGE TENANT = mysql_tenant"),
    "resume": lambda cluster: cluster.execute("ALTER SYSTEM RESUME MERGE TENANT = mysql_tenant"),
    "backup": lambda cluster: (cluster.execute("ALTER SYSTEM BACKUP TENANT = mysql_tenant"), cluster.run_until_idle()),
    "increment": lambda cluster: (
        cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant"), cluster.run_until_idle(),
    ),
}  # fmt: skip
REFUSALS = {("drop", 1146), *((name, 1210) for name in ("create", "transfer", "random", "rows", "delete"))}
"""What an action may be refused with: its table is not there, is there already, or has not so much in it."""


def cut(cluster) -> bool:
    """Whether the positions of the first table are gone."""
    return not {0, 5, 7} <= set(storage_of(cluster).blocks.live)


def storage_of(cluster) -> TenantStorage:
    return cluster.state.tenant_named(TENANT).storage


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(sorted(ACTIONS)), min_size=4, max_size=14), st.integers(0, 3))
def test_rebuilt_storage_equals_the_source(names: list[str], seed: int) -> None:
    cluster = obsim.Cluster("three-tenants", seed=seed)
    ACTIONS["backup"](cluster)
    seen: list[tuple[int, object]] = []
    done: list[str] = []
    refusals: set[tuple[str, int]] = set()
    for name in names:
        try:
            ACTIONS[name](cluster)
        except obsim.ServerError as refused:
            refusals.add((name, refused.errno))
            continue
        done.append(name)
        seen.append((cluster.state.now_ns, shown(storage_of(cluster))))
        cluster.advance(seconds=1)
    assert refusals <= REFUSALS
    tenant = cluster.state.tenant_named(TENANT)
    sets = tenant.backup.sets.values()
    assert len(sets) == 1 + done.count("backup") + done.count("increment")
    assert all(s.usable for s in sets)
    for scn, picture in seen:
        earlier = [s for s in sets if s.min_restore_scn <= scn]
        assert earlier
        for backup_set in earlier:
            made = TenantStorage([LogStreamId(1)])
            rebuild(made, backup_set, tenant.archive.log, scn - scn % 1000)
            assert shown(made) == picture


def test_the_log_is_kept_only_while_a_round_runs_and_as_long_as_its_piece() -> None:
    cluster = obsim.Cluster("three-tenants")
    log = cluster.state.tenant_named(TENANT).archive.log
    cluster.write(TENANT, "t1", 37)
    assert [entry.change for entry in log.entries] == [StorageChange("write", ("t1", 37, "random", 0))]
    cluster.execute("ALTER SYSTEM NOARCHIVELOG TENANT = mysql_tenant")
    cluster.run_until_idle()
    cluster.write(TENANT, "t1", 1)
    assert len(log.entries) == 1
    log.forget(0, log.entries[0].scn)
    assert len(log.entries) == 1
    log.forget(0, log.entries[0].scn + 1)
    assert log.entries == []


def test_an_unknown_change_is_refused() -> None:
    assert "major_freeze" in CHANGES
    with pytest.raises(ValueError, match="become is no change"):
        StorageChange("become", ()).redo(TenantStorage([LogStreamId(1)]))
