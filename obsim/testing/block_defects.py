"""Wrong ways to write, to identify and to copy macroblocks."""

from typing import Any

from pyroaring import BitMap64

from obsim.backup import flow
from obsim.backup.content import SetContent
from obsim.backup.files import OUTPUT_BLOCK_BYTES
from obsim.backup.job import BackupType
from obsim.backup.progress import CopyProgress
from obsim.backup.run import BackupRun
from obsim.ids import Scn
from obsim.storage import compaction, workload
from obsim.storage.macroblocks import BaselineBlocks
from obsim.storage.tablet import Tablet
from obsim.storage.tenant import TenantStorage
from obsim.testing.defect import defect


@defect("the latest compaction is not looked at", "9", BaselineBlocks, "to_copy")
def _last_compaction_missed(right: Any) -> Any:
    def to_copy(self: BaselineBlocks, base_epoch: int, epoch: int) -> Any:
        return right(self, base_epoch, epoch - int(0 < base_epoch < epoch))

    return to_copy


def _stored(change: Any) -> Any:
    """A wrong `SetContent.stored` that changes the right answer."""

    def wrong(right: Any) -> Any:
        def stored(self: SetContent) -> Any:
            return change(self, BitMap64(right(self)))

        return stored

    return wrong


def _without(content: SetContent, stored: Any, left_out: Any) -> Any:
    """What an increment stores but for the block that `left_out` picks."""
    if content.base_epoch and stored:
        stored.remove(left_out(stored))
    return stored


@defect("an increment leaves its first changed block out", "11", SetContent, "stored")
def _first_block_missed(right: Any) -> Any:
    return _stored(lambda content, stored: _without(content, stored, min))(right)


@defect("an increment leaves out the block at the end of what changed", "9", SetContent, "stored")
def _boundary_block_missed(right: Any) -> Any:
    return _stored(lambda content, stored: _without(content, stored, max))(right)


@defect("blocks compacted after the snapshot are copied too", "9", SetContent, "stored")
def _snapshot_not_kept(right: Any) -> Any:
    def change(content: SetContent, stored: Any) -> Any:
        later = content.blocks.written_between(content.epoch, content.blocks.epoch)
        return stored | (later & content.live)

    return _stored(change)(right)


@defect("a full set leaves out blocks with changes in memory", "8", SetContent, "stored")
def _full_skips_dirty(right: Any) -> Any:
    return _stored(lambda content, stored: stored if content.base_epoch else stored - content.blocks.dirty)(right)


@defect("an increment copies one block that its base has", "13", SetContent, "stored")
def _one_block_twice(right: Any) -> Any:
    def change(content: SetContent, stored: Any) -> Any:
        left = content.live - stored
        if content.base_epoch and left:
            stored.add(left.max())
        return stored

    return _stored(change)(right)


@defect("an increment copies everything that is live", "14", SetContent, "stored")
def _increment_copies_all(_right: Any) -> Any:
    return lambda content: content.live


@defect("an increment copies what the last compaction before its base wrote", "17", SetContent, "stored")
def _base_of_the_base(right: Any) -> Any:
    def change(content: SetContent, stored: Any) -> Any:
        if content.base_epoch < 2:
            return stored
        return stored | (content.blocks.written_between(content.base_epoch - 1, content.base_epoch) & content.live)

    return _stored(change)(right)


@defect("of two compactions since the base the first is not looked at", "16", BaselineBlocks, "to_copy")
def _first_compaction_missed(right: Any) -> Any:
    def to_copy(self: BaselineBlocks, base_epoch: int, epoch: int) -> Any:
        return right(self, base_epoch + int(0 < base_epoch < epoch), epoch)

    return to_copy


@defect("increments leave mini and minor blocks out", "model", flow, "delta_counts")
def _delta_dropped(right: Any) -> Any:
    def delta_counts(run: BackupRun) -> Any:
        counts = right(run)
        return dict.fromkeys(counts, 0) if run.lineage.backup_type is BackupType.INC else counts

    return delta_counts


@defect("mini and minor blocks count twice", "15", flow, "_copy_stage")
def _delta_counted_twice(right: Any) -> Any:
    def copy_stage(run: BackupRun, counts: dict[Any, int], *arguments: Any) -> None:
        factor = 2 if run.set_task.status == "BACKUP_DATA_MINOR" else 1
        right(run, {tablet: count * factor for tablet, count in counts.items()}, *arguments)

    return copy_stage


@defect("what is written does not grow with the blocks", "19", CopyProgress, "_counters")
def _output_is_fixed(right: Any) -> Any:
    def counters(self: CopyProgress, *arguments: int) -> Any:
        *known, written_bytes = arguments
        return right(self, *known, min(written_bytes, OUTPUT_BLOCK_BYTES))

    return counters


@defect("a minor freeze gives dirty blocks new ids", "model", TenantStorage, "minor_freeze")
def _minor_freeze_rewrites(right: Any) -> Any:
    def minor_freeze(self: TenantStorage, scn: Any, *arguments: Any) -> None:
        right(self, scn, *arguments)
        self.blocks.compact(scn, BitMap64(self.blocks.dirty))

    return minor_freeze


@defect("appending rewrites the old last block", "model", TenantStorage, "major_freeze")
def _tail_refilled(right: Any) -> Any:
    def major_freeze(self: TenantStorage, *arguments: Any) -> None:
        ends = [t.end_position - 1 for t in self.tablets if t.appended_block_count and t.major_block_count]
        self.blocks.dirty.update(ends)
        right(self, *arguments)

    return major_freeze


@defect("a compaction rewrites what lies beside a change", "18c", TenantStorage, "major_freeze")
def _neighbours_rewritten(right: Any) -> Any:
    def major_freeze(self: TenantStorage, *arguments: Any) -> None:
        beside = BitMap64([p + step for p in self.blocks.dirty for step in (-1, 1) if p + step >= 0])
        self.blocks.dirty |= beside & self.blocks.live
        right(self, *arguments)

    return major_freeze


@defect("a large tablet has no seam block", "model", Tablet, "seams")
def _seam_forgotten(_right: Any) -> Any:
    return property(lambda _tablet: [])


@defect("a compaction carries the version of the one before", "18b", TenantStorage, "major_freeze")
def _version_stands_still(right: Any) -> Any:
    def major_freeze(self: TenantStorage, version: Any, *arguments: Any) -> None:
        past = self.blocks.compactions
        right(self, Scn(past[0].version) if past else version, *arguments)

    return major_freeze


@defect("all blocks that a compaction writes into a tablet have one number", "18", BaselineBlocks, "identities")
def _one_data_seq(right: Any) -> Any:
    def identities(self: BaselineBlocks, *arguments: Any) -> Any:
        for position, block in right(self, *arguments):
            yield position, type(block)(block.tablet_id, block.logic_version, block.data_seq // 2)

    return identities


@defect("a write touches one block less than asked", "model", workload, "draw_distinct")
def _one_block_short(right: Any) -> Any:
    def draw_distinct(key: int, population: int, count: int) -> Any:
        found = right(key, population, count)
        if len(found) > 1:
            found.remove(found.min())
        return found

    return draw_distinct


@defect("each block in which a row was updated splits twice", "model", workload, "_updated")
def _too_many_splits(right: Any) -> Any:
    def updated(change: Any, n: int, tablet: Tablet, touched: BitMap64, rows: int) -> Any:
        tablet.pending.split_count += 2 * len(touched)
        return right(change, n, tablet, touched, rows)

    return updated


@defect("rows past the end are packed into one block, however many they are", "model", compaction, "_add_rows")
def _rows_squeezed(_right: Any) -> Any:
    return lambda tablet, rows, merge: compaction._add_blocks(tablet, int(rows > 0), rows, merge)  # noqa: SLF001


@defect("a row that is deleted leaves its block as it was", "model", workload, "_deleted")
def _deletes_touch_nothing(right: Any) -> Any:
    return lambda tablet, _touched, rows: right(tablet, BitMap64(), rows)
