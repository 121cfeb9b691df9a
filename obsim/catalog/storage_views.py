"""Views over a tenant's storage, block by block (design, section 5; engine.md 1 and 2)."""

from collections.abc import Iterator

from pyroaring import BitMap64

from obsim.catalog.model import Row, Scope
from obsim.catalog.placement import seen_tenants, servers_shown
from obsim.cluster import ClusterState, Tenant
from obsim.ids import MACROBLOCK_BYTES, BackupSetId
from obsim.storage.macroblocks import SLOT_BITS, BaselineBlocks
from obsim.storage.tablet import Tablet, block_count

__all__ = ["macroblocks", "sstables", "tablet_macro_blocks"]

_COMPRESSOR, _ROW_STORE = "zstd_1.3.8", "encoding_row_store"
"""Of a table whose format and compression are the defaults."""


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


def tablet_macro_blocks(state: ClusterState, scope: Scope) -> list[Row]:
    """__all_virtual_tablet_sstable_macro_info: the data blocks of the newest MAJOR SSTable of every user tablet.

    One row for each block and server with a replica. (macro_logic_version, data_seq) is the logical id within the
    tablet, end_log_scn that of the SSTable in GV$OB_SSTABLES. Rows stand for their keys: numbers from 1 on in order of
    key. Blocks of MINI and MINOR SSTables, whose rows are not counted, and blocks of indexes are not listed; there is
    no checksum.
    """
    rows: list[Row] = []
    for tenant in seen_tenants(state, scope.tenant_id):
        blocks = list(_major_blocks(tenant))
        for server in servers_shown(state, tenant, everywhere=True):
            rows += [(server.ip, server.port, tenant.tenant_id, *block) for block in blocks]
    return rows


def _major_blocks(tenant: Tenant) -> Iterator[Row]:
    """From ls_id on."""
    live = tenant.storage.blocks.live
    identities = tenant.storage.identities(live, tenant.storage.blocks.epoch)
    block_ids = _block_ids(tenant.storage.blocks)
    for tablet in tenant.storage.tablets:
        last_key = "MIN"
        row_count_before = 0
        for ordinal, (position, row_count) in enumerate(_rows_of_blocks(tablet, live)):
            identity, sizes = identities[position], tablet.layout.sizes(row_count)
            row_count_before += row_count
            first_key, last_key = last_key, f"{row_count_before},"
            yield (
                tablet.log_stream_id, tablet.tablet_id, tablet.major_version, ordinal, identity.logic_version,
                block_ids[position], identity.data_seq, row_count, sizes.original, sizes.encoded, sizes.compressed,
                sizes.occupied, sizes.micro_block_count, 0, first_key, last_key, "data_block", _COMPRESSOR, _ROW_STORE,
                0,
            )  # fmt: skip


def _rows_of_blocks(tablet: Tablet, live: BitMap64) -> Iterator[tuple[int, int]]:
    """(position, rows) of each block of a tablet; rows that were deleted since lie there until the next compaction."""
    for stretch in tablet.stretches:
        first, end = tablet.first_position + stretch.first, tablet.first_position + stretch.end
        positions = live & BitMap64(range(first, end))
        count, rows = len(positions), stretch.row_count + stretch.deleted_row_count
        for number, position in enumerate(positions):
            yield position, rows * (number + 1) // count - rows * number // count


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
