"""What a major compaction makes of one tablet (engine.md 1.3, macroblock-experiment.md).

A merge task reads blocks in order of key. A block that nothing changed keeps its identity; the rows of those that did
go through one writer, which fills blocks until the next unchanged block or the end of its task. So same-size updates
give as many blocks as before, now and then one more; neighbours that lost rows share blocks; the last block is filled
up only when it was rewritten anyhow; and each task but the first rewrites the block it begins with, whose first key
only its rows tell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from pyroaring import BitMap64

from obsim.storage.macroblocks import PLACES_MAX
from obsim.storage.tablet import Pending, Stretch, Tablet

__all__ = ["Merge", "Seams", "compact_tablet", "position_of", "seams_of"]

_SMALL_PART = 8
"""A block that splits leaves an eighth of its rows to the second one: 261,749 of 2,056,893 bytes in the experiment."""


@dataclass(slots=True)
class Merge:
    """One major compaction in the making, over all tablets."""

    written: BitMap64
    """Starts as what is dirty."""
    tasks: Mapping[int, tuple[int, int]]
    """Of each slot that several tasks compact: how many, and the blocks of one."""
    removed: BitMap64 = field(default_factory=BitMap64)


def stretch_span(tablet: Tablet, stretch: Stretch) -> tuple[int, int]:
    """First and end position of a stretch."""
    return tablet.first_position + stretch.first, tablet.first_position + stretch.end


def stretch_count(tablet: Tablet, stretch: Stretch, live: BitMap64) -> int:
    """Blocks of a stretch."""
    return live.range_cardinality(*stretch_span(tablet, stretch))


def position_of(tablet: Tablet, ordinal: int, live: BitMap64) -> int:
    """Position of the tablet's block number `ordinal` in order of key. Raises IndexError past the last."""
    for stretch in tablet.stretches:
        first, end = stretch_span(tablet, stretch)
        count = live.range_cardinality(first, end)
        if ordinal < count:
            if count == end - first:
                return first + ordinal
            return live[(live.rank(first - 1) if first else 0) + ordinal]
        ordinal -= count
    raise IndexError(ordinal)


@dataclass(frozen=True, slots=True)
class Seams:
    """What a compaction rewrites of tablets in any case; it holds until blocks of theirs come or go."""

    positions: BitMap64
    tasks: dict[int, tuple[int, int]]
    """As `Merge.tasks`; shared, never changed."""


def seams_of(tablets: Iterable[Tablet], live: BitMap64) -> Seams:
    """The seams of tablets."""
    parallel = [tablet for tablet in tablets if tablet.merge_task_count > 1]
    positions = BitMap64().union(*(_seam_positions(tablet, live) for tablet in parallel))
    return Seams(positions, {tablet.slot: (tablet.merge_task_count, tablet.task_block_count) for tablet in parallel})


def compact_tablet(tablet: Tablet, pending: Pending, live: BitMap64, merge: Merge) -> None:
    """Merge everything but the seams into the tablet's baseline: blocks written and removed are added to `merge`."""
    if tablet.progressive_rounds:
        _progress(tablet, live, merge)
    if not (pending.any or any(stretch.deleted_row_count for stretch in tablet.stretches)):
        return
    if pending.rows_changed and _all_rewritten(tablet, merge.written) and _has_places(tablet, pending):
        _pack_all(tablet, pending, live, merge)
    elif pending.cleared or any(stretch.deleted_row_count for stretch in tablet.stretches):
        _close_gaps(tablet, pending.cleared, live, merge)
    _append(tablet, pending, merge)
    _split(tablet, pending.split_count, merge)
    for stretch in tablet.stretches:
        stretch.deleted_row_count = 0


def _find_seams(tablet: Tablet, live: BitMap64) -> Iterable[int]:
    first = tablet.first_position
    if len(tablet.stretches) == 1 and tablet.next_place == tablet.major_block_count:
        return [first + ordinal for ordinal in tablet.seams]  # no place is empty
    return [position_of(tablet, ordinal, live) for ordinal in tablet.seams]


def _seam_positions(tablet: Tablet, live: BitMap64) -> BitMap64:
    """Where the seams are: looked for anew only when blocks came or went since the last time."""
    spans = tuple((stretch.first, stretch.end) for stretch in tablet.stretches)
    shape = (tablet.major_block_count, tablet.next_place, spans)
    if tablet.known_seams is None or tablet.known_seams[0] != shape:
        tablet.known_seams = shape, BitMap64(_find_seams(tablet, live))
    return tablet.known_seams[1]


def _progress(tablet: Tablet, live: BitMap64, merge: Merge) -> None:
    """One round of a progressive compaction: the next part of the blocks is rewritten, changed or not."""
    rounds, count = tablet.progressive_rounds, tablet.major_block_count
    start, end = count * tablet.progress // rounds, count * (tablet.progress + 1) // rounds
    for stretch in tablet.stretches:
        size = stretch_count(tablet, stretch, live)
        if start < size and end > 0:
            first, past = stretch_span(tablet, stretch)
            if start > 0:
                first = position_of(tablet, count * tablet.progress // rounds, live)
            if end < size:
                past = position_of(tablet, count * (tablet.progress + 1) // rounds, live)
            merge.written |= live & BitMap64(range(first, past))
        start, end = start - size, end - size
    tablet.progress += 1
    if tablet.progress >= rounds:
        tablet.progress = tablet.progressive_rounds = 0


def _all_rewritten(tablet: Tablet, written: BitMap64) -> bool:
    count = tablet.major_block_count
    return count > 0 and written.range_cardinality(tablet.first_position, tablet.end_position) == count


def _has_places(tablet: Tablet, pending: Pending) -> bool:
    """Whether all rows fit into places that never held a block; else those that are kept have to do."""
    rows = tablet.row_count + pending.appended_row_count
    packed = tablet.layout.blocks_of(rows) + tablet.merge_task_count
    added = pending.appended_block_count + pending.split_count
    return tablet.next_place + packed + added <= PLACES_MAX


def _pack_all(tablet: Tablet, pending: Pending, live: BitMap64, merge: Merge) -> None:
    """Every block is rewritten: each task packs its rows anew, the last one appended rows too."""
    borders = [0, *(_rows_before(tablet, ordinal, live) for ordinal in tablet.seams), tablet.row_count]
    row_counts = [end - start for start, end in pairwise(borders)]
    row_counts[-1] += pending.appended_row_count
    pending.appended_row_count = 0
    block_counts = [tablet.layout.blocks_of(rows) for rows in row_counts]
    first, end = tablet.first_position, tablet.end_position
    if sum(block_counts) == tablet.major_block_count:
        _refill(tablet, sum(row_counts), live)
        return
    merge.removed |= live & BitMap64(range(first, end))
    merge.written.remove_range(first, end)
    tablet.stretches.clear()
    tablet.major_block_count = 0
    for rows in row_counts:
        _add_rows(tablet, rows, merge)


def _refill(tablet: Tablet, row_count: int, live: BitMap64) -> None:
    """As many blocks as before, packed: all are full but what is left for the last ones."""
    for stretch in tablet.stretches:
        room = stretch_count(tablet, stretch, live) * tablet.layout.rows_per_block
        stretch.row_count = min(room, row_count)
        row_count -= stretch.row_count


def _rows_before(tablet: Tablet, ordinal: int, live: BitMap64) -> int:
    """Rows of the blocks before block number `ordinal`."""
    rows = 0
    for stretch in tablet.stretches:
        count = stretch_count(tablet, stretch, live)
        if ordinal < count:
            return rows + stretch.row_count * ordinal // count
        ordinal -= count
        rows += stretch.row_count
    return rows


def _close_gaps(tablet: Tablet, cleared: BitMap64, live: BitMap64, merge: Merge) -> None:
    """Rows went: cleared blocks go too, and of long rewritten runs some more, whose rows their neighbours take."""
    removed, kept = BitMap64(cleared), []
    merge.written -= removed
    for stretch in tablet.stretches:
        first, end = stretch_span(tablet, stretch)
        count = live.range_cardinality(first, end) - removed.range_cardinality(first, end)
        touched = merge.written.range_cardinality(first, end)
        spare = _spare_blocks(stretch, touched, count - touched, tablet.layout.rows_per_block)
        if spare:
            last = merge.written[merge.written.rank(end - 1) - spare]
            removed |= merge.written & BitMap64(range(last, end))
            merge.written.remove_range(last, end)
        if count > spare:
            kept.append(stretch)
    merge.removed |= removed
    tablet.major_block_count -= len(removed)
    tablet.stretches = kept


def _spare_blocks(stretch: Stretch, touched: int, untouched: int, full: int) -> int:
    """How many of the rewritten blocks of a stretch the rows of its rewritten runs no longer need.

    A run of j blocks, each short of a share x of a full one, needs floor(j * x) fewer. Runs between untouched blocks
    are taken as they fall when the untouched lie anywhere: P(run >= j) = p**(j - 1), p the share of touched blocks.
    """
    if not touched or not stretch.deleted_row_count:
        return 0
    if not untouched:
        return touched - -(-stretch.row_count // full)
    short, share = stretch.deleted_row_count / touched / full, touched / (touched + untouched)
    step = share ** (1 / short)
    runs = touched * (1 - share)
    spare: float = runs * step / share / (1 - step)
    return min(round(spare), int(touched * short))


def _append(tablet: Tablet, pending: Pending, merge: Merge) -> None:
    """New blocks after the last one, which is filled up only if it is rewritten (experiment, item 7)."""
    full = tablet.layout.rows_per_block
    rows, blocks = pending.appended_row_count, pending.appended_block_count
    if rows and tablet.stretches:
        tail = tablet.stretches[-1]
        if tail.end - tail.first == 1 and tablet.first_position + tail.first in merge.written:
            taken = min(max(full - tail.row_count, 0), rows)
            tail.row_count += taken
            rows -= taken
    _add_blocks(tablet, blocks, blocks * full, merge)
    _add_rows(tablet, rows, merge)


def _add_rows(tablet: Tablet, rows: int, merge: Merge) -> None:
    """Pack rows into new blocks: full ones, and a last one of what is left."""
    blocks, rest = divmod(rows, tablet.layout.rows_per_block)
    _add_blocks(tablet, blocks, rows - rest, merge)
    _add_blocks(tablet, int(rest > 0), rest, merge)


def _add_blocks(tablet: Tablet, count: int, rows: int, merge: Merge) -> None:
    if not count:
        return
    first, end = tablet.next_place, tablet.next_place + count
    last = tablet.stretches[-1] if tablet.stretches else None
    if last is not None and last.end == first and last.row_count * count == rows * (last.end - last.first):
        last.end, last.row_count = end, last.row_count + rows  # equally full: one stretch
    else:
        tablet.stretches.append(Stretch(first, end, rows))
    merge.written.add_range(tablet.first_position + first, tablet.first_position + end)
    tablet.next_place = end
    tablet.major_block_count += count


def _split(tablet: Tablet, count: int, merge: Merge) -> None:
    """Rewritten blocks that no longer fit leave the end of their rows to a second, small one (experiment, item 6).

    Of the small ones only their number is kept, not beside whom they lie: they stand after the fullest stretch.
    """
    count = min(count, PLACES_MAX - tablet.next_place)
    if not count or not tablet.stretches:
        return
    at = max(range(len(tablet.stretches)), key=lambda n: tablet.stretches[n].row_count)
    rows = min(count * (tablet.layout.rows_per_block // _SMALL_PART), tablet.stretches[at].row_count)
    first = tablet.next_place
    tablet.stretches[at].row_count -= rows
    tablet.stretches.insert(at + 1, Stretch(first, first + count, rows))
    merge.written.add_range(tablet.first_position + first, tablet.first_position + first + count)
    tablet.next_place += count
    tablet.major_block_count += count
