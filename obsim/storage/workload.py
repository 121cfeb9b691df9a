"""Which blocks a write touches: by blocks, as tests count them, or by rows, as a table's users change them.

Kinds by blocks touch exactly so many blocks. Kinds by rows change so many rows, and which blocks these lie in follows
from how full the blocks are. Figures: macroblock-experiment.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log, log1p
from operator import itemgetter
from re import fullmatch

from pyroaring import BitMap64

from obsim.errors import error
from obsim.randomness import splitmix64, stream_key
from obsim.storage.compaction import position_of, stretch_count, stretch_span
from obsim.storage.positions import binomial, draw_distinct, draw_hits, draw_ranked, share_out
from obsim.storage.tablet import Stretch, Tablet

__all__ = ["KINDS", "WRITE_KINDS", "Change", "Kind", "kind_named"]

_SPLIT_CHANCE = 1 / 512
"""Of a block that an update rewrites: one split among the 480 of the experiment."""
_FEW_CHOSEN = 64
"""So many members of a set with gaps are looked up one by one."""
_LISTED_MAX = 1 << 16
"""Of a part so wide the members are listed to choose from them."""
_SURE_MEETING = 40
"""With so many hits more than its logarithm for each block, every block is met (all but one chance in e**40)."""

_NONE = BitMap64()


@dataclass(frozen=True, slots=True)
class Change:
    """A write on its way: where it goes and what its random numbers depend on."""

    tablets: Sequence[Tablet]
    live: BitMap64
    dirty: BitMap64
    """What the next compaction rewrites already."""
    key: int
    order: int
    """The same for every write to the table: which of its rows are the popular ones."""
    count: int
    ranges: int = 1
    """In how many ranges a clustered change comes."""

    @property
    def block_count(self) -> int:
        """Blocks of the table."""
        return sum(tablet.major_block_count for tablet in self.tablets)

    @property
    def row_count(self) -> int:
        """Rows of the table's baseline."""
        return sum(tablet.row_count for tablet in self.tablets)

    def stretches(self) -> list[tuple[Tablet, Stretch]]:
        """All of the table, in order of key."""
        return [(tablet, stretch) for tablet in self.tablets for stretch in tablet.stretches]


Touch = tuple[Tablet, BitMap64, int]
"""A tablet, its positions that become dirty, and the bytes that come into its memory."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of write: its name, what its count counts, and the function that says what it touches."""

    name: str
    unit: str
    about: str
    touch: Callable[[Change], list[Touch]]
    limited: bool = True
    """Whether the table must have as many blocks or rows."""
    inserts: bool = False
    """Whether it adds rows, so that none need be there."""

    def too_many(self, count: int, there: int) -> bool:
        """Whether a table with so many blocks or rows is too small for such a write of `count`."""
        return count > there if self.limited else bool(count) and not (there or self.inserts)


# By blocks.


def _random(change: Change) -> list[Touch]:
    return _blocks(change, draw_distinct(change.key, change.block_count, change.count), 1)


def _clustered(change: Change) -> list[Touch]:
    first = next(splitmix64(change.key)) % (change.block_count - change.count + 1)
    return _blocks(change, BitMap64(range(first, first + change.count)), None)


def _blocks(change: Change, places: BitMap64, rows: int | None) -> list[Touch]:
    """Places counted through the table, as positions of its tablets; `rows` change in each, or all."""
    touches, start = [], 0
    for tablet in change.tablets:
        touched = BitMap64()
        for stretch in tablet.stretches:
            first, end = stretch_span(tablet, stretch)
            count = stretch_count(tablet, stretch, change.live)
            chosen = places & BitMap64(range(start, start + count))
            if count == end - first:
                touched |= chosen.shift(first - start)
            else:
                touched |= _nth(change.live & BitMap64(range(first, end)), chosen, start)
            start += count
        each = tablet.layout.update_bytes * (tablet.layout.rows_per_block if rows is None else rows)
        touches.append((tablet, touched, each * len(touched)))
    return touches


def _nth(there: BitMap64, chosen: BitMap64, start: int) -> BitMap64:
    """The members of `there` whose numbers, counted from `start`, are chosen: for stretches with gaps.

    Halves until a part has no gap, where numbers and members differ by one shift, or is small or few are chosen.
    """
    found = BitMap64()
    if not chosen:
        return found
    parts = [(there.min(), there.max() + 1, 0, chosen.shift(-start))]
    while parts:
        low, high, first, mine = parts.pop()
        if there.range_cardinality(low, high) == high - low:
            found |= mine.shift(low - first)
        elif len(mine) <= _FEW_CHOSEN:
            found |= BitMap64([there[number] for number in mine])
        elif high - low <= _LISTED_MAX:
            members = list(there & BitMap64(range(low, high)))
            found |= BitMap64(itemgetter(*mine.shift(-first))(members))
        else:
            middle = (low + high) // 2
            cut = first + there.range_cardinality(low, middle)
            lower = mine & BitMap64(range(first, cut))
            parts += [(low, middle, first, lower), (middle, high, cut, mine - lower)]
    return found


def _append(change: Change) -> list[Touch]:
    tablet = change.tablets[-1]
    tablet.pending.appended_block_count += change.count
    return [(tablet, BitMap64(), change.count * tablet.layout.rows_per_block * tablet.layout.insert_bytes)]


# By rows.


def _rows_uniform(change: Change) -> list[Touch]:
    return [
        _updated(change, n, tablet, touched, rows) for n, (tablet, _, touched, rows) in enumerate(_scattered(change))
    ]


def _rows_zipf(change: Change) -> list[Touch]:
    touches: list[Touch] = []
    parts = change.stretches()
    shares = share_out(change.key, change.count, [stretch.row_count for _, stretch in parts])
    for (tablet, stretch), share, key in zip(parts, shares, splitmix64(change.key), strict=False):
        first, end = stretch_span(tablet, stretch)
        rank_bits = max(stretch.row_count, 1).bit_length()
        met = draw_ranked(key, change.order ^ stretch.first, end - first, rank_bits, share).shift(first)
        touches.append(_updated(change, len(touches), tablet, _where_rows_are(met, first, end, change.live), share))
    return touches


def _where_rows_are(places: BitMap64, first: int, end: int, live: BitMap64) -> BitMap64:
    """Places of a stretch as live blocks: the rows of a block that went lie in the one before it, or the first."""
    gone = places - live
    if not gone:
        return places
    there = live & BitMap64(range(first, end))
    return (places & live) | BitMap64([there[max(there.rank(place) - 1, 0)] for place in gone if there])


def _rows_clustered(change: Change) -> list[Touch]:
    touches: list[Touch] = []
    last = _NONE
    for n, (tablet, start, end) in enumerate(_ranges(change)):
        touched = _of_rows(tablet, start, end, change.live)
        touches.append(_updated(change, n, tablet, touched, end - start, touched & last))
        last = touched  # only neighbouring ranges share blocks, and a block of several is in each of them
    return touches


def _rows_append(change: Change) -> list[Touch]:
    tablet = change.tablets[-1]
    tablet.pending.appended_row_count += change.count
    tablet.pending.rows_changed = True
    return [(tablet, BitMap64(), change.count * tablet.layout.insert_bytes)]


def _rows_delete(change: Change) -> list[Touch]:
    touches = []
    for tablet, stretch, touched, rows in _scattered(change):
        stretch.row_count -= rows
        stretch.deleted_row_count += rows
        touches.append(_deleted(tablet, touched, rows))
    return touches


def _rows_delete_clustered(change: Change) -> list[Touch]:
    return [
        _deleted(tablet, _clear(tablet, start, end, change.live), end - start) for tablet, start, end in _ranges(change)
    ]


def _updated(
    change: Change, n: int, tablet: Tablet, touched: BitMap64, rows: int, again: BitMap64 = _NONE
) -> Touch:
    """Rows are updated; `again`: what the same write has touched before.

    A block has its chance to split when it becomes dirty, however often it is touched; one that deletes or writes by
    blocks made dirty has none.
    """
    once = touched - again if again else touched
    rewritten = len(once) - once.intersection_cardinality(change.dirty)
    tablet.pending.split_count += binomial(
        stream_key(change.key, "split", tablet.tablet_id, n), rewritten, _SPLIT_CHANCE
    )
    tablet.pending.rows_changed = True
    return tablet, touched, rows * tablet.layout.update_bytes


def _deleted(tablet: Tablet, touched: BitMap64, rows: int) -> Touch:
    tablet.pending.rows_changed = True
    return tablet, touched, rows * tablet.layout.delete_bytes


def _scattered(change: Change) -> Iterator[tuple[Tablet, Stretch, BitMap64, int]]:
    """Of each stretch the blocks that hold the rows changed, drawn without return from all rows, and how many rows."""
    parts = change.stretches()
    shares = _share_rows(change.key, change.count, [stretch.row_count for _, stretch in parts])
    for (tablet, stretch), rows, key in zip(parts, shares, splitmix64(change.key), strict=False):
        yield tablet, stretch, _met(tablet, stretch, rows, key, change.live), rows


def _share_rows(key: int, count: int, sizes: list[int]) -> list[int]:
    """How many of `count` distinct rows lie in each part: as hits fall, but never more than there are."""
    shares = [min(share, size) for share, size in zip(share_out(key, count, sizes), sizes, strict=True)]
    for at, size in enumerate(sizes):
        shares[at] += min(count - sum(shares), size - shares[at])
    return shares


def _met(tablet: Tablet, stretch: Stretch, rows: int, key: int, live: BitMap64) -> BitMap64:
    """The blocks of a stretch in which `rows` distinct rows lie.

    Hits on rows with return, until so many rows are distinct, meet the same blocks, and each meets any block alike. The
    number of such hits hardly varies: its mean is R * ln(R / (R - rows)) of R rows.
    """
    first, end = stretch_span(tablet, stretch)
    count = live.range_cardinality(first, end)
    there = live & BitMap64(range(first, end)) if count < end - first else None
    if not rows or not count:
        return BitMap64()
    hits = stretch.row_count
    if rows < stretch.row_count:
        hits = round(-stretch.row_count * log1p(-rows / stretch.row_count))
    sure = rows == stretch.row_count or hits > count * (log(count) + _SURE_MEETING)
    met = BitMap64(range(count)) if sure else draw_hits(key, count, hits)
    if len(met) > rows:  # few rows, the mean above what there is, or blocks without rows: no more blocks than rows
        met -= _nth(met, draw_distinct(key, len(met), len(met) - rows), 0)
    return met.shift(first) if there is None else _nth(there, met, 0)


def _ranges(change: Change) -> Iterator[tuple[Tablet, int, int]]:
    """(tablet, first row, end row) of ranges that do not overlap, each at a random place of the table.

    The last one comes first, so rows may be deleted as they come without moving those that are to follow.
    """
    values, free = splitmix64(change.key), change.row_count - change.count
    places = sorted(next(values) % (free + 1) for _ in range(change.ranges))
    ends = [change.count * n // change.ranges for n in range(change.ranges + 1)]
    tablets, at = [], 0
    for tablet in change.tablets:
        tablets.append((tablet, at, at + tablet.row_count))
        at += tablet.row_count
    for place, (start, end) in reversed(list(zip(places, pairwise(ends), strict=True))):
        for tablet, low, high in reversed(tablets):
            first, past = max(place + start, low), min(place + end, high)
            if first < past:
                yield tablet, first - low, past - low


def _block_of(tablet: Tablet, row: int, live: BitMap64) -> tuple[int, int, int]:
    """(ordinal of the block of a row, number of the row in it, rows in the block)."""
    ordinal = 0
    for stretch in tablet.stretches:
        count = stretch_count(tablet, stretch, live)
        if row < stretch.row_count:
            at = row * count // stretch.row_count
            first = -(-at * stretch.row_count // count)
            return ordinal + at, row - first, -(-(at + 1) * stretch.row_count // count) - first
        row -= stretch.row_count
        ordinal += count
    raise IndexError(row)


def _span(tablet: Tablet, first: int, last: int, live: BitMap64) -> BitMap64:
    """The blocks from one ordinal to another, both included."""
    span, ordinal = BitMap64(), 0
    for stretch in tablet.stretches:
        start, end = stretch_span(tablet, stretch)
        count = live.range_cardinality(start, end)
        if first < ordinal + count and last >= ordinal:
            low = position_of(tablet, first, live) if first > ordinal else start
            high = position_of(tablet, last, live) + 1 if last < ordinal + count - 1 else end
            span |= live & BitMap64(range(low, high))
        ordinal += count
    return span


def _of_rows(tablet: Tablet, start: int, end: int, live: BitMap64) -> BitMap64:
    return _span(tablet, _block_of(tablet, start, live)[0], _block_of(tablet, end - 1, live)[0], live)


def _clear(tablet: Tablet, start: int, end: int, live: BitMap64) -> BitMap64:
    """Take a range of rows out of their stretches; the blocks touched, of which those without rows are marked.

    The first and the last block keep the rows outside the range, in one block if they fit into one.
    """
    full, there = tablet.layout.rows_per_block, live - tablet.pending.cleared
    first, before, _ = _block_of(tablet, start, there)
    last, number, size = _block_of(tablet, end - 1, there)
    after = size - number - 1
    touched = _span(tablet, first, last, there)
    low, high = first + (before > 0), last - (after > 0)
    if before and after and before + after <= full and first < last:
        high = last
    emptied = _span(tablet, low, high, there) if low <= high else BitMap64()
    at = 0
    for stretch in tablet.stretches:
        rows = stretch.row_count
        stretch.row_count -= max(min(end - at, rows) - max(start - at, 0), 0)
        at += rows
        # Blocks are taken to be equally full, so make sure that what is left has room.
        low, high = stretch_span(tablet, stretch)
        needed = tablet.layout.blocks_of(stretch.row_count)
        spare = max(there.range_cardinality(low, high) - needed, 0)
        mine = emptied & BitMap64(range(low, high))
        tablet.pending.cleared |= mine[:spare] if len(mine) > spare else mine
    return touched


_TABLE = (
    Kind("random", "blocks", "so many blocks anywhere, one row in each", _random),
    Kind("clustered", "blocks", "a run of so many blocks at a random place, all rows", _clustered),
    Kind("append", "blocks", "so many blocks full of new rows after the last", _append, limited=False, inserts=True),
    Kind("rows_uniform", "rows", "updates of so many rows anywhere", _rows_uniform),
    Kind("rows_zipf", "rows", "so many updates, of the n-th most popular row 1/n as often as of the first", _rows_zipf,
         limited=False),
    Kind("rows_clustered", "rows", "updates of a range of neighbouring rows; of N ranges with rows_clustered:N",
         _rows_clustered),
    Kind("rows_append", "rows", "so many new rows after the last", _rows_append, limited=False, inserts=True),
    Kind("rows_delete", "rows", "so many rows anywhere are deleted", _rows_delete),
    Kind("rows_delete_clustered", "rows", "a range of neighbouring rows is deleted; N ranges with "
         "rows_delete_clustered:N", _rows_delete_clustered),
)  # fmt: skip
KINDS: dict[str, Kind] = {kind.name: kind for kind in _TABLE}
WRITE_KINDS = tuple(KINDS)
_IN_RANGES = {"rows_clustered", "rows_delete_clustered"}
_RANGES_MAX = 10_000


def kind_named(text: str) -> tuple[Kind, int]:
    """The kind of a text and its number of ranges: `rows_clustered:8` has eight. Raises 1210."""
    match = fullmatch(r"(\w+?)(?::([0-9]{1,5}))?", text)
    kind = KINDS.get(match.group(1)) if match else None
    ranges = int(match.group(2) or 1) if match else 0
    if kind is None or (match and match.group(2) and kind.name not in _IN_RANGES) or not 1 <= ranges <= _RANGES_MAX:
        raise error("OB_INVALID_ARGUMENT", f"kind, it is one of {', '.join(WRITE_KINDS)}")
    return kind, ranges
