"""Views of the schema `obsim` over a tenant's storage (design, section 5; engine.md 1 and 2)."""

from pyroaring import BitMap64

from obsim.catalog.model import Row, Scope
from obsim.cluster import ClusterState, Tenant
from obsim.ids import MACROBLOCK_BYTES, BackupSetId
from obsim.storage.macroblocks import SLOT_BITS, BaselineBlocks
from obsim.storage.tablet import Tablet, block_count

__all__ = ["macroblocks", "sstables"]


def macroblocks(state: ClusterState, _scope: Scope) -> list[Row]:
    """obsim.macroblocks: one row for each live baseline macroblock, by tenant, tablet and position.

    POSITION counts from 0 within the tablet. BLOCK_ID counts the blocks a tenant ever wrote, in order of writing, so a
    rewritten block has a new one. (LOGIC_VERSION, DATA_SEQ) is the logical id within the tablet.
    """
    return [row for tenant in state.tenants.values() for row in _blocks(tenant)]


def _blocks(tenant: Tenant) -> list[Row]:
    blocks = tenant.storage.blocks
    tablets = {t.slot: t for t in tenant.storage.tablets}
    block_ids = _block_ids(blocks)
    stored = _stored_in(tenant)
    base = tenant.backup.base_now()
    outside = blocks.written_between(base.epoch, blocks.epoch) if base else None
    rows: list[Row] = []
    for position, identity in tenant.storage.identities(blocks.live, blocks.epoch).items():
        rows.append((
            tenant.tenant_id, tablets[position >> SLOT_BITS].table_name, identity.tablet_id,
            position & ((1 << SLOT_BITS) - 1), block_ids[position], identity.logic_version, identity.data_seq,
            int(position in blocks.dirty), stored.get(position), int(outside is not None and position not in outside),
        ))  # fmt: skip
    return rows


def _block_ids(blocks: BaselineBlocks) -> dict[int, int]:
    """BLOCK_ID of each live position: its number among all blocks written so far, from 1."""
    ids: dict[int, int] = {}
    written = sum(len(c.written) for c in blocks.compactions)
    left = BitMap64(blocks.live)
    for compaction in reversed(blocks.compactions):
        written -= len(compaction.written)
        for position in left & compaction.written:
            ids[position] = written + compaction.written.rank(position)
        left -= compaction.written
        if not left:
            break
    return ids


def _stored_in(tenant: Tenant) -> dict[int, BackupSetId]:
    """The oldest usable set that holds the very block which is live at a position now."""
    blocks = tenant.storage.blocks
    stored: dict[int, BackupSetId] = {}
    left = BitMap64(blocks.live)
    for backup_set in tenant.backup.sets.values():
        if backup_set.usable:
            held = (backup_set.copied & left) - blocks.written_between(backup_set.epoch, blocks.epoch)
            stored.update(dict.fromkeys(held, backup_set.backup_set_id))
            left -= held
    return stored


def sstables(state: ClusterState, _scope: Scope) -> list[Row]:
    """obsim.sstables: MAJOR, MINOR, MINI and MEMTABLE of every tablet that has one; rows in memory fill no blocks."""
    return [row for tenant in state.tenants.values() for t in tenant.storage.tablets for row in _sstables(tenant, t)]


def _sstables(tenant: Tenant, tablet: Tablet) -> list[Row]:
    tables: list[tuple[str, int | None, int, int]] = []
    if tablet.major_version:
        count = tablet.major_block_count
        tables.append(("MAJOR", tablet.major_version, count, count * MACROBLOCK_BYTES))
    if tablet.minor_bytes:
        tables.append(("MINOR", tablet.minor_end_scn, block_count(tablet.minor_bytes), tablet.minor_bytes))
    tables += [("MINI", mini.end_scn, block_count(mini.size_bytes), mini.size_bytes) for mini in tablet.mini]
    if tablet.memory_bytes:
        tables.append(("MEMTABLE", None, 0, tablet.memory_bytes))
    return [(tenant.tenant_id, tablet.table_name, tablet.tablet_id, tablet.log_stream_id, *table) for table in tables]
