"""Invariants 8 to 19 of engine.md 2.6: which blocks a set stores, and what identifies a block."""

from collections.abc import Iterator

from obsim.testing.observation import Identity, Observation, SetSeen, TenantSeen
from obsim.testing.registry import between, each_set, invariant

__all__ = ["index_of"]

TABLET_BLOCKS = 64
"""Blocks of the default tablet size, 128 MiB: above it one task more compacts the tablet for each of them."""


def index_of(tenant: TenantSeen, number: int) -> frozenset[Identity]:
    """idx(k): what can be looked up through set k, its own blocks and those of its base's index (engine.md 2.1)."""
    found: set[Identity] = set()
    while number:
        blocks = tenant.blocks[number]
        found |= blocks.copied
        number = blocks.base_id
    return frozenset(found)


def _homes(tenant: TenantSeen, number: int) -> dict[Identity, list[int]]:
    """Where each block of an index is stored, by set."""
    homes: dict[Identity, list[int]] = {}
    while number:
        for block in tenant.blocks[number].copied:
            homes.setdefault(block, []).append(number)
        number = tenant.blocks[number].base_id
    return homes


@each_set("8", "blocks")
def full_copies_everything(s: SetSeen, tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """8: a full set stores every live block."""
    blocks = tenant.blocks[s.backup_set_id]
    if s.backup_type == "FULL" and blocks.copied != blocks.live:
        missing, dead = blocks.live - blocks.copied, blocks.copied - blocks.live
        yield f"set {s.backup_set_id} lacks {len(missing)} blocks and has {len(dead)} dead ones"


@each_set("9", "blocks")
def increment_copies_what_the_base_lacks(s: SetSeen, tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """9: an increment stores exactly the live blocks that the index of its base lacks."""
    blocks = tenant.blocks[s.backup_set_id]
    if s.backup_type == "INC":
        expected = blocks.live - index_of(tenant, blocks.base_id)
        if blocks.copied != expected:
            missing, extra = expected - blocks.copied, blocks.copied - expected
            yield f"set {s.backup_set_id} lacks {sorted(missing)[:5]} and should not have {sorted(extra)[:5]}"


@each_set("10", "blocks", "base_rule")
def base_follows_the_rule(s: SetSeen, tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """10: an increment extends the index of prev_inc under `previous`, of prev_full under `last_full`; a full none."""
    expected = s.prev_inc_id if now.base_rule == "previous" else s.prev_full_id
    base_id = tenant.blocks[s.backup_set_id].base_id
    if base_id != expected:
        yield f"set {s.backup_set_id} looks up in {base_id}, under {now.base_rule} it is {expected}"


@each_set("11", "blocks")
def live_blocks_are_findable(s: SetSeen, tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """11: every block that a usable set describes is in its index."""
    lost = tenant.blocks[s.backup_set_id].live - index_of(tenant, s.backup_set_id)
    if lost:
        yield f"set {s.backup_set_id} refers to {len(lost)} blocks that are nowhere: {sorted(lost)[:5]}"


@each_set("12", "blocks", "base_rule")
def reused_block_has_one_location(s: SetSeen, tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """12: a reused block lies in one set of the chain, from prev_full to base; under `last_full` in prev_full."""
    if s.backup_type != "INC":
        return
    blocks = tenant.blocks[s.backup_set_id]
    homes = _homes(tenant, blocks.base_id)
    for block in blocks.live - blocks.copied:
        places = homes.get(block, [])
        inside = len(places) == 1 and s.prev_full_id <= places[0] <= blocks.base_id
        if not inside or (now.base_rule == "last_full" and places != [s.prev_full_id]):
            yield f"set {s.backup_set_id} finds block {block} in {places}"
            return


@each_set("13", "blocks")
def chain_stores_a_block_once(s: SetSeen, tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """13: along the sets whose indexes build on one another no block is stored twice."""
    seen: set[Identity] = set()
    number = s.backup_set_id
    while number:
        blocks = tenant.blocks[number]
        twice = blocks.copied & seen
        if twice:
            yield f"the chain of set {s.backup_set_id} stores {len(twice)} blocks more than once: {sorted(twice)[:5]}"
            return
        seen |= blocks.copied
        number = blocks.base_id


@each_set("14", "blocks")
def no_compaction_no_copy(s: SetSeen, tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """14: without a major compaction between base and set, and with the same tablets, nothing is copied."""
    blocks = tenant.blocks[s.backup_set_id]
    base = tenant.blocks.get(blocks.base_id)
    if base is None or base.compaction_count != blocks.compaction_count:
        return
    tablets = {block[0] for block in blocks.live} == {block[0] for block in base.live}
    if blocks.copied and tablets:
        yield f"set {s.backup_set_id} copied {len(blocks.copied)} blocks although nothing was compacted"


@each_set("15", "blocks")
def delta_blocks_come_on_top(s: SetSeen, tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """15: MACRO_BLOCK_COUNT of a set is its copied baseline blocks plus all mini and minor blocks."""
    blocks, count = tenant.blocks[s.backup_set_id], s.counters.macro_block_count
    if count != len(blocks.copied) + blocks.delta_block_count:
        yield f"set {s.backup_set_id} counts {count} blocks, has {len(blocks.copied)} + {blocks.delta_block_count}"


@each_set("16", "blocks")
def copied_is_what_compactions_wrote(s: SetSeen, tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """16: an increment stores the live blocks that compactions wrote after its base, known by their logic version.

    A tablet that was not there at the base's snapshot counts as written since.
    """
    blocks = tenant.blocks[s.backup_set_id]
    base = tenant.blocks.get(blocks.base_id)
    if base is None:
        return
    newest = max((version for _, version, _ in base.live), default=0)
    written = {block for block in blocks.live if block[1] > newest}
    if blocks.copied != written:
        yield f"set {s.backup_set_id} copied {len(blocks.copied)} blocks, {len(written)} were written since its base"


@each_set("17", "blocks", "base_rule")
def second_increment_finds_nothing_new(s: SetSeen, tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """17: of two increments without a compaction between them the second is empty, or under `last_full` the same."""
    blocks, before = tenant.blocks[s.backup_set_id], tenant.blocks.get(s.prev_inc_id)
    if before is None or before.compaction_count != blocks.compaction_count or not before.base_id:
        return
    expected = frozenset() if now.base_rule == "previous" else before.copied
    if blocks.live != before.live or blocks.copied != expected:
        yield f"set {s.backup_set_id} differs from {s.prev_inc_id} although nothing happened between them"


@invariant("18", "baseline")
def logical_ids_are_unique(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """18: no two live blocks of a tenant share a logical id, and each id is of the tablet it lies in."""
    blocks = [block for tablet in tenant.baseline.values() for block in tablet]
    if len(set(blocks)) != len(blocks):
        yield "two blocks have the same id"
    if any(block[0] != tablet_id for tablet_id, tablet in tenant.baseline.items() for block in tablet):
        yield "a block lies in another tablet than its id says"


@between("18b", "baseline")
def rewritten_block_is_newer(
    tenant: TenantSeen, old: TenantSeen, _now: Observation, _before: Observation
) -> Iterator[str]:
    """18: a block keeps its id, or has a version above every one there was before."""
    newest = max((version for tablet in old.baseline.values() for _, version, _ in tablet), default=0)
    for tablet_id, blocks in tenant.baseline.items():
        known = set(old.baseline.get(tablet_id, ()))
        for block in blocks:
            if block[1] <= newest and block not in known:
                yield f"tablet {tablet_id} got {block}, but {newest} was in use"
                return


@between("18c", "baseline", "dirty")
def only_what_was_touched_is_rewritten(
    tenant: TenantSeen, old: TenantSeen, _now: Observation, _before: Observation
) -> Iterator[str]:
    """1.3: a compaction keeps the blocks that no change fell into, but for those on seams, and their order."""
    for tablet_id, blocks in tenant.baseline.items():
        was = old.baseline.get(tablet_id)
        if was is None or was is blocks:
            continue
        gone = set(was) - set(blocks)
        kept = [block for block in was if block not in gone]
        stayed = set(kept)
        if kept != [block for block in blocks if block in stayed]:
            yield f"blocks of tablet {tablet_id} changed their order"
        dirty = old.dirty.get(tablet_id, frozenset())
        untouched = [p for p, block in enumerate(was) if block in gone and p not in dirty]
        if untouched and len(untouched) > _seam_count(blocks, was) * _compaction_count(blocks, stayed):
            yield f"tablet {tablet_id} lost the untouched blocks at {untouched[:5]}"


def _seam_count(blocks: tuple[Identity, ...], was: tuple[Identity, ...]) -> int:
    """Blocks that a compaction of a tablet above the tablet size rewrites without a change."""
    return (max(len(blocks), len(was)) - 1) // TABLET_BLOCKS


def _compaction_count(blocks: tuple[Identity, ...], stayed: set[Identity]) -> int:
    """How many compactions wrote what is new, at the least."""
    return max(1, len({block[1] for block in blocks if block not in stayed}))


@invariant("19", "sets", "blocks")
def increment_is_no_larger_than_a_full(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """19: a set writes as much less than a full one of its moment as it reuses, so as much only if nothing is.

    What sets write besides their blocks is the same for all of a tenant.
    """
    fixed: int | None = None
    for s in tenant.sets.values():
        if not s.usable:
            continue
        blocks = tenant.blocks[s.backup_set_id]
        besides = s.counters.output_bytes - blocks.occupied_bytes
        fixed = besides if fixed is None else fixed
        if besides != fixed:
            yield f"set {s.backup_set_id} wrote {besides} bytes besides its blocks, another one {fixed}"
