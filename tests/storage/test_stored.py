"""Changes of storage as a file holds them: each comes back as the change it was."""

import msgspec

import obsim
from obsim.ids import LogStreamId
from obsim.storage.changes import CHANGES, StorageChange
from obsim.storage.stored import ChangeRecord, change_record, storage_change
from tests.restore.test_rebuild import ACTIONS, TENANT


def test_every_kind_of_change_comes_back():
    cluster = obsim.Cluster()
    for action in ("transfer", *ACTIONS, "create", "blocks"):  # a truncated table has other tablets
        try:
            ACTIONS[action](cluster)
        except obsim.ServerError:  # a table that is there, or is not
            continue
        cluster.advance(seconds=1)
    (tenant,) = (t for t in cluster.host.state.user_tenants() if t.name == TENANT)
    tenant.storage.create_table("by_blocks", [3], LogStreamId(1001))
    changes = [entry.change for entry in tenant.archive.log.entries if isinstance(entry.change, StorageChange)]
    for change in changes:
        stored = msgspec.msgpack.decode(msgspec.msgpack.encode(change_record(change)), type=ChangeRecord)
        assert storage_change(stored) == change
    assert {change.name for change in changes} == CHANGES
