"""What a restore would read, told naively (engine.md 7.1, 7.2): lists and comparisons, no code of an engine.

Works on rows as they are observed; `plan` is what invariants 28 to 32 hold an engine against.
"""

from collections.abc import Container, Iterable, Mapping

from obsim.testing.observation import PieceSeen, SetSeen

__all__ = ["chosen_pieces", "chosen_sets", "plan", "plan_without_archive"]

_REMOVED = {"DELETING", "DELETED"}


def chosen_sets(sets: Mapping[int, SetSeen], target_scn: int) -> tuple[SetSeen, ...]:
    """The sets that a restore to `target_scn` takes, in order of id: one full and the increments on it.

    Walked upwards past those that are removed: a set whose MIN_RESTORE_SCN lies beyond the target ends the walk, an
    unusable one is passed over, a full starts anew, an increment is added if both its ancestors have been chosen and
    ignored if not.
    """
    chosen: dict[int, SetSeen] = {}
    for number in sorted(sets):
        s = sets[number]
        if s.file_status in _REMOVED:
            continue
        if s.min_restore_scn > target_scn:
            break
        if not s.usable:
            continue
        if s.backup_type == "FULL":
            chosen = {number: s}
        elif s.prev_full_id in chosen and s.prev_inc_id in chosen:
            chosen[number] = s
    return tuple(chosen.values())


def chosen_pieces(pieces: Iterable[PieceSeen], start_scn: int, target_scn: int) -> tuple[int, ...]:
    """Numbers of available pieces that cover [start, target] without a gap; () when they do not."""
    run: list[PieceSeen] = []
    for piece in sorted(pieces, key=lambda p: p.piece_id):
        if piece.file_status != "AVAILABLE" or piece.end_scn <= start_scn:
            continue
        if run and run[-1].checkpoint_scn >= target_scn:
            break
        if run and piece.start_scn != run[-1].end_scn:
            run = []
        if run or piece.start_scn <= start_scn:
            run.append(piece)
    return tuple(p.piece_id for p in run) if run and run[-1].checkpoint_scn >= target_scn else ()


def plan(
    sets: Mapping[int, SetSeen], pieces: Iterable[PieceSeen], target_scn: int
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """(sets, pieces) of a restore to `target_scn`; None when it is refused for lack of data or log."""
    chain = chosen_sets(sets, target_scn)
    if not chain:
        return None
    log = chosen_pieces(pieces, chain[-1].start_replay_scn, target_scn)
    return (tuple(s.backup_set_id for s in chain), log) if log else None


def plan_without_archive(sets: Mapping[int, SetSeen], with_log: Container[int], target_scn: int) -> tuple[int, ...]:
    """The sets of a restore that names no archive; () when it is refused.

    The log of the last one has to be in the set itself (`with_log`), and reaches its MIN_RESTORE_SCN, no further.
    """
    chain = chosen_sets(sets, target_scn)
    alone = bool(chain) and chain[-1].backup_set_id in with_log and chain[-1].min_restore_scn == target_scn
    return tuple(s.backup_set_id for s in chain) if alone else ()
