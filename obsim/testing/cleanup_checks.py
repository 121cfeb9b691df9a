"""Invariants 28 to 32 of engine.md 2.6: what an obsolete run leaves restorable, and what a restore reads."""

from collections.abc import Iterator, Mapping

from obsim.testing.naive_restore import chosen_sets, plan
from obsim.testing.observation import CleanupSeen, Observation, SetSeen, TenantSeen
from obsim.testing.registry import invariant


def _present(sets: Mapping[int, SetSeen]) -> dict[int, SetSeen]:
    return {number: s for number, s in sets.items() if s.usable}


def _clean_point(run: CleanupSeen) -> SetSeen | None:
    """The newest full set that ended outside the window: it stays, with everything newer (engine.md 3.7)."""
    old = [
        s for s in run.sets_before.values()
        if (s.backup_type, s.status) == ("FULL", "SUCCESS") and s.file_status not in {"DELETING", "DELETED"}
        and s.end_ns <= run.expired_ns
    ]  # fmt: skip
    return max(old, key=lambda s: s.backup_set_id, default=None)


def _judged(tenant: TenantSeen) -> Iterator[CleanupSeen]:
    """The runs of which something can be said: a broken clean point stays too, and what is left may be no good."""
    for run in tenant.cleanups:
        point = _clean_point(run)
        if point is None or point.usable:
            yield run


@invariant("28", "cleanups")
def kept_increments_keep_their_chain(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """28: after an obsolete run every usable increment still has its whole chain.

    But for one that was accepted while a full set was at work: it builds on what came before that, no restore reads it
    any more, and what it builds on goes with all else before the full set.
    """
    for run in _judged(tenant):
        kept, before = _present(run.sets_after), _present(run.sets_before)
        for s in kept.values():
            if s not in chosen_sets(run.sets_before, s.min_restore_scn):
                continue
            at: SetSeen | None = s
            while at is not None and at.backup_type == "INC":
                if {at.prev_inc_id, at.prev_full_id} & before.keys() - kept.keys():
                    yield f"set {s.backup_set_id} stayed, {at.prev_inc_id} or {at.prev_full_id} of its chain did not"
                    break
                at = kept.get(at.prev_inc_id)  # None: it was unusable before the run


@invariant("29", "cleanups")
def a_full_remains(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """29: an obsolete run leaves a usable full set if there was one."""
    for run in _judged(tenant):
        before, after = (
            [s for s in _present(sets).values() if s.backup_type == "FULL"]
            for sets in (run.sets_before, run.sets_after)
        )
        if before and not after:
            yield f"of the full sets {[s.backup_set_id for s in before]} none is left"


@invariant("30", "cleanups")
def removed_pieces_are_older_than_the_clean_point(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """30: pieces that an obsolete run removes end at or before START_REPLAY_SCN of the clean point."""
    for run in _judged(tenant):
        after = {p.piece_id for p in run.pieces_after if p.file_status == "AVAILABLE"}
        removed = [p for p in run.pieces_before if p.file_status == "AVAILABLE" and p.piece_id not in after]
        point = _clean_point(run)
        for piece in removed:
            if point is None:
                yield f"piece {piece.piece_id} was removed without a clean point"
            elif min(piece.end_scn, piece.checkpoint_scn) > point.start_replay_scn:
                yield f"piece {piece.piece_id} was removed, set {point.backup_set_id} replays from it"


@invariant("31", "plans")
def restore_reads_the_newest_chain(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """31: a restore is planned exactly when a chain and gap-free log reach its target; it reads that chain."""
    for p in tenant.plans:
        expected = plan(p.sets, p.pieces, p.target_scn) or ((), ())
        if (p.backup_set_ids, p.piece_ids) != expected:
            yield f"a restore to {p.target_scn} reads {p.backup_set_ids} and {p.piece_ids}, expected {expected}"


@invariant("32", "cleanups")
def the_window_stays_restorable(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """32: an obsolete run makes no moment of the recovery window unrestorable."""
    for run in _judged(tenant):
        ends = [s.min_restore_scn for s in run.sets_before.values()] + [p.checkpoint_scn for p in run.pieces_before]
        for target in sorted({run.expired_ns, *(scn for scn in ends if scn >= run.expired_ns)}):
            before = plan(run.sets_before, run.pieces_before, target)
            if before is not None and plan(run.sets_after, run.pieces_after, target) is None:
                yield f"a restore to {target} was possible before the run and is not after it"
                break
