"""Invariants 1 to 19 of engine.md 2.6: which sets an increment builds on, and which blocks it stores."""

from collections.abc import Iterator

from obsim.testing.observation import Identity, Observation, SetSeen, TenantSeen
from obsim.testing.registry import between, invariant

__all__ = ["index_of"]

OUTPUT_BLOCK_BYTES = 2_060_331
"""Bytes that a full macroblock occupies (macroblock-experiment.md, Base figures)."""


def index_of(tenant: TenantSeen, number: int) -> frozenset[Identity]:
    """idx(k): what can be looked up through set k, its own blocks and those of its base's index (engine.md 2.1)."""
    found: frozenset[Identity] = frozenset()
    while number:
        backup_set = tenant.sets[number]
        found |= backup_set.copied
        number = backup_set.base_id
    return found


def _usable(tenant: TenantSeen) -> Iterator[SetSeen]:
    return (s for s in tenant.sets.values() if s.usable)


def _usable_incs(tenant: TenantSeen) -> Iterator[SetSeen]:
    return (s for s in _usable(tenant) if s.backup_type == "INC")


# The chain.


@invariant("1")
def full_has_no_ancestors(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """1: type FULL exactly when prev_full and prev_inc are 0."""
    for s in tenant.sets.values():
        if (s.backup_type == "FULL") != (s.prev_full_id == s.prev_inc_id == 0) or (s.prev_full_id == 0) != (
            s.prev_inc_id == 0
        ):
            yield f"set {s.backup_set_id} is {s.backup_type} with ancestors {s.prev_full_id}, {s.prev_inc_id}"


@invariant("2")
def ancestors_are_older_and_on_the_path(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """2: for an increment 0 < prev_full <= prev_inc < id, prev_full is a full set, all three lie on one path."""
    for s in tenant.sets.values():
        if s.backup_type != "INC":
            continue
        if not 0 < s.prev_full_id <= s.prev_inc_id < s.backup_set_id:
            yield f"set {s.backup_set_id} has ancestors {s.prev_full_id}, {s.prev_inc_id}"
            continue
        full, before = tenant.sets.get(s.prev_full_id), tenant.sets.get(s.prev_inc_id)
        if full is None or before is None or full.backup_type != "FULL" or not s.path == full.path == before.path:
            yield f"set {s.backup_set_id} on {s.path} builds on {full} and {before}"


@invariant("3")
def predecessor_is_the_newest_usable(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """3: prev_inc is the newest set that was usable on the path when the job was accepted.

    Seen from now: no set that ended before this one was accepted lies between the two, and prev_inc ended by then. The
    path of a full set tells nothing, so a silent conversion is the naive model's to judge.
    """
    for s in tenant.sets.values():
        if s.backup_type == "INC":
            ready = [o for o in _usable(tenant) if o.path == s.path and 0 < o.end_ns <= s.start_ns]
            newest = max((o.backup_set_id for o in ready), default=0)
            if s.prev_inc_id != newest:
                yield f"set {s.backup_set_id} builds on {s.prev_inc_id}, the newest usable set was {newest}"


@invariant("4")
def prev_full_follows_prev_inc(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """4: prev_full is prev_inc itself when that is a full set, otherwise prev_inc's prev_full."""
    for s in tenant.sets.values():
        before = tenant.sets.get(s.prev_inc_id)
        if before is not None:
            expected = before.backup_set_id if before.backup_type == "FULL" else before.prev_full_id
            if s.prev_full_id != expected:
                yield f"set {s.backup_set_id} has prev_full {s.prev_full_id}, expected {expected}"


@invariant("5")
def chains_end_at_their_full(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """5: following prev_inc from a usable increment reaches prev_full in strictly decreasing steps."""
    for s in _usable_incs(tenant):
        at = s
        while at.backup_type == "INC" and at.prev_inc_id < at.backup_set_id and at.prev_inc_id in tenant.sets:
            at = tenant.sets[at.prev_inc_id]
        if at.backup_set_id != s.prev_full_id:
            yield f"from set {s.backup_set_id} prev_inc leads to {at.backup_set_id}, prev_full is {s.prev_full_id}"


@invariant("6")
def every_job_took_one_set_id(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """6: the set ids of a tenant's jobs are 1..n without a gap: failed and cancelled ones took theirs."""
    ids = sorted(j.backup_set_id for j in tenant.jobs)
    if ids != list(range(1, len(ids) + 1)):
        yield f"jobs have the set ids {ids}"
    if not set(tenant.sets) <= set(ids):
        yield f"sets {sorted(set(tenant.sets) - set(ids))} belong to no job"
    in_order = sorted(tenant.jobs, key=lambda j: j.job_id)
    if [j.backup_set_id for j in in_order] != ids:
        yield "set ids do not grow with the jobs"


@invariant("7")
def increment_never_fails_for_lack_of_a_full(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """7: no increment is without a base: it became full when it was accepted, or it has one."""
    for s in tenant.sets.values():
        if s.backup_type == "INC" and s.base_id not in tenant.sets:
            yield f"set {s.backup_set_id} is an increment on nothing"


# The blocks.


@invariant("8")
def full_copies_everything(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """8: a full set stores every live block."""
    for s in _usable(tenant):
        if s.backup_type == "FULL" and s.copied != s.live:
            missing, dead = s.live - s.copied, s.copied - s.live
            yield f"set {s.backup_set_id} lacks {len(missing)} blocks and has {len(dead)} dead ones"


@invariant("9")
def increment_copies_what_the_base_lacks(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """9: an increment stores exactly the live blocks that the index of its base lacks."""
    for s in _usable_incs(tenant):
        known = index_of(tenant, s.base_id)
        if s.copied != s.live - known:
            missing, extra = s.live - known - s.copied, s.copied - (s.live - known)
            yield f"set {s.backup_set_id} lacks {sorted(missing)[:5]} and should not have {sorted(extra)[:5]}"


@invariant("10")
def base_follows_the_rule(tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """10: an increment extends the index of prev_inc under `previous`, of prev_full under `last_full`; a full none."""
    for s in tenant.sets.values():
        expected = s.prev_inc_id if now.base_rule == "previous" else s.prev_full_id
        if s.base_id != expected:
            yield f"set {s.backup_set_id} looks up in {s.base_id}, under {now.base_rule} it is {expected}"


@invariant("11")
def live_blocks_are_findable(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """11: every block that a usable set describes is in its index."""
    for s in _usable(tenant):
        lost = s.live - index_of(tenant, s.backup_set_id)
        if lost:
            yield f"set {s.backup_set_id} refers to {len(lost)} blocks that are nowhere: {sorted(lost)[:5]}"


@invariant("12")
def reused_block_has_one_location(tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """12: a reused block lies in one set of the chain, from prev_full to base; under `last_full` in prev_full."""
    for s in _usable_incs(tenant):
        homes = _homes(tenant, s.base_id)
        for block in s.live - s.copied:
            places = homes.get(block, [])
            inside = len(places) == 1 and s.prev_full_id <= places[0] <= s.base_id
            if not inside or (now.base_rule == "last_full" and places != [s.prev_full_id]):
                yield f"set {s.backup_set_id} finds block {block} in {places}"
                break


def _homes(tenant: TenantSeen, number: int) -> dict[Identity, list[int]]:
    """Where each block of an index is stored, by set."""
    homes: dict[Identity, list[int]] = {}
    while number:
        for block in tenant.sets[number].copied:
            homes.setdefault(block, []).append(number)
        number = tenant.sets[number].base_id
    return homes


@invariant("13")
def chain_stores_a_block_once(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """13: along the sets whose indexes build on one another no block is stored twice."""
    for s in _usable(tenant):
        twice = [block for block, places in _homes(tenant, s.backup_set_id).items() if len(places) > 1]
        if twice:
            yield f"the chain of set {s.backup_set_id} stores {len(twice)} blocks more than once: {twice[:5]}"


@invariant("14")
def no_compaction_no_copy(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """14: without a major compaction between base and set nothing of the baseline is copied."""
    for s in _usable_incs(tenant):
        if s.copied and tenant.sets[s.base_id].compaction_count == s.compaction_count:
            yield f"set {s.backup_set_id} copied {len(s.copied)} blocks although nothing was compacted"


@invariant("15")
def delta_blocks_come_on_top(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """15: MACRO_BLOCK_COUNT of a set is its copied baseline blocks plus all mini and minor blocks."""
    for s in _usable(tenant):
        if s.counters.macro_block_count != len(s.copied) + s.delta_block_count:
            yield (
                f"set {s.backup_set_id} counts {s.counters.macro_block_count} blocks, stores "
                f"{len(s.copied)} + {s.delta_block_count}"
            )


@invariant("16")
def copied_is_what_compactions_wrote(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """16: an increment stores the live blocks that compactions wrote after its base, known by their logic version."""
    for s in _usable_incs(tenant):
        newest = max((version for _, version, _ in tenant.sets[s.base_id].live), default=0)
        written = {block for block in s.live if block[1] > newest}
        if s.copied != written:
            yield f"set {s.backup_set_id} copied {len(s.copied)} blocks, {len(written)} were written since its base"


@invariant("17")
def second_increment_finds_nothing_new(tenant: TenantSeen, now: Observation) -> Iterator[str]:
    """17: of two increments without a compaction between them the second is empty, or under `last_full` the same."""
    for s in _usable_incs(tenant):
        before = tenant.sets[s.prev_inc_id]
        if before.compaction_count != s.compaction_count or before.backup_type == "FULL":
            continue
        expected = frozenset() if now.base_rule == "previous" else before.copied
        if s.live != before.live or s.copied != expected:
            yield f"set {s.backup_set_id} differs from {before.backup_set_id} although nothing happened between them"


@invariant("18")
def logical_ids_are_unique(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """18: no two live blocks of a tenant share a logical id, and each id is of the tablet it lies in."""
    blocks = [block for tablet in tenant.baseline.values() for block in tablet]
    if len(set(blocks)) != len(blocks):
        yield "two blocks have the same id"
    if any(block[0] != tablet_id for tablet_id, tablet in tenant.baseline.items() for block in tablet):
        yield "a block lies in another tablet than its id says"


@between("18b")
def rewritten_block_is_newer(now: TenantSeen, before: TenantSeen) -> Iterator[str]:
    """18, second half: a block keeps its place and id, or has a version above every one there was before."""
    versions = [version for tablet in before.baseline.values() for _, version, _ in tablet]
    newest = max(versions, default=0)
    for tablet_id, blocks in now.baseline.items():
        was = before.baseline.get(tablet_id, ())
        for position, block in enumerate(blocks):
            if (position >= len(was) or was[position] != block) and block[1] <= newest:
                yield f"position {position} of tablet {tablet_id} got {block}, but {newest} was in use"
                return


@invariant("19")
def increment_is_no_larger_than_a_full(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """19: an increment writes as much less than a full set of its moment as it reuses, so as much only if nothing is.

    What sets write besides their blocks is the same for all of a tenant.
    """
    fixed: int | None = None
    for s in _usable(tenant):
        besides = s.counters.output_bytes - OUTPUT_BLOCK_BYTES * (len(s.copied) + s.delta_block_count)
        fixed = besides if fixed is None else fixed
        if besides != fixed:
            yield f"set {s.backup_set_id} wrote {besides} bytes besides its blocks, another one {fixed}"
