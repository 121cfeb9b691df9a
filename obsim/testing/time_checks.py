"""Invariants 20 to 23 and 33 of engine.md 2.6: SCNs, archive rounds and their pieces, and the law of the clock."""

from collections.abc import Iterator

from obsim.testing.observation import Observation, SetSeen, TenantSeen
from obsim.testing.registry import between, invariant, whole


@invariant("20", "sets", "tasks", "round")
def scns_are_in_order(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """20: START_REPLAY <= START <= USER_LS_START <= CONSISTENT <= END = MIN_RESTORE for a set that succeeded.

    And a set of the current round is replayed from no earlier moment than the round begins at.
    """
    tasks = {t.backup_set_id: t for t in tenant.tasks}
    round_start_scn = tenant.round.start_scn if tenant.round is not None else 0
    for s in (s for s in tenant.sets.values() if s.usable):
        task = tasks.get(s.backup_set_id)
        if task is None:
            continue
        order = [s.start_replay_scn, task.start_scn, task.user_ls_start_scn, s.consistent_scn, task.end_scn]
        if not s.consistent_scn:  # no view shows it
            del order[3]
        if order != sorted(order) or s.min_restore_scn != task.end_scn or not s.start_replay_scn:
            yield f"set {s.backup_set_id} has the SCNs {order} and MIN_RESTORE_SCN {s.min_restore_scn}"
        if s.start_replay_scn < round_start_scn <= task.start_scn:
            yield f"set {s.backup_set_id} is replayed from {s.start_replay_scn}, its round began at {round_start_scn}"


@invariant("21", "sets")
def min_restore_scn_grows(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """21: on one destination MIN_RESTORE_SCN grows with the set id among usable sets."""
    last: dict[str, SetSeen] = {}
    for s in sorted((s for s in tenant.sets.values() if s.usable), key=lambda s: s.backup_set_id):
        before = last.get(s.path)
        if before is not None and before.min_restore_scn >= s.min_restore_scn:
            scns = f"{before.min_restore_scn}, {s.min_restore_scn}"
            yield f"sets {before.backup_set_id} and {s.backup_set_id} have {scns}"
        last[s.path] = s


@between("22", "round")
def rounds_go_on(tenant: TenantSeen, old: TenantSeen, _now: Observation, _before: Observation) -> Iterator[str]:
    """22: a round's checkpoint never goes back; the next round has the next id and starts with an unused piece."""
    was, current = old.round, tenant.round
    if was is None or current is None:
        return
    if current.round_id == was.round_id:
        if current.checkpoint_scn < was.checkpoint_scn or current.used_piece_id < was.used_piece_id:
            yield f"round {was.round_id} went back from {was} to {current}"
    elif current.round_id < was.round_id or current.base_piece_id <= was.used_piece_id:
        yield f"{current} follows {was}"


@invariant("23", "round", "pieces")
def pieces_are_adjacent(tenant: TenantSeen, _now: Observation) -> Iterator[str]:
    """23: pieces of a round lie end to end, one interval long; one at most is ACTIVE and AVAILABLE, none after STOP."""
    pieces, current = tenant.pieces, tenant.round
    if current is None or not pieces:
        return
    interval_ns = current.piece_interval_ns
    for piece in pieces:
        if piece.round_id != current.round_id or piece.end_scn - piece.start_scn != interval_ns:
            yield f"piece {piece.piece_id} of round {piece.round_id} is {piece.end_scn - piece.start_scn} long"
        if piece.start_scn != current.start_scn + (piece.piece_id - current.base_piece_id) * interval_ns:
            yield f"piece {piece.piece_id} begins at {piece.start_scn}, its round at {current.start_scn}"
    if [p.piece_id for p in pieces] != list(range(current.base_piece_id, current.base_piece_id + len(pieces))):
        yield f"pieces are numbered {[p.piece_id for p in pieces]}"
    active = [p.piece_id for p in pieces if p.status == "ACTIVE"]
    available = [p.piece_id for p in pieces if p.status == "ACTIVE" and p.file_status == "AVAILABLE"]
    if len(available) > 1 or (active and current.status == "STOP"):
        yield f"pieces {active} are ACTIVE while the round is {current.status}"


@whole("33", "twin", "now_ns")
def reading_changes_nothing(now: Observation, _before: Observation | None) -> Iterator[str]:
    """33: views that were read, or time that came in pieces, leave the cluster as it would be without."""
    twin = now.twin
    if twin is None:
        return
    if twin.now_ns != now.now_ns or twin.sys_jobs != now.sys_jobs:
        yield f"it is {now.now_ns}, the other way led to {twin.now_ns} and {len(twin.sys_jobs)} jobs of sys"
    for tenant_id, tenant in now.tenants.items():
        other = twin.tenants[tenant_id]
        if tenant != other:
            names = [name for name in tenant.__slots__ if getattr(tenant, name) != getattr(other, name)]
            yield f"tenant {tenant.name} differs from what the other way led to in {', '.join(names)}"
