"""What a crash may leave at a destination: all that stays is there, and is restored from as its rows say.

A crash lies between two looks at the views. What both show must be whole; of what changed in between each part may be
there or not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from obsim.restore.reading import FoundDestination
from obsim.restore.window import Span
from obsim.testing.destination_checks import Row
from obsim.testing.naive_restore import plan, plan_without_archive
from obsim.testing.observation import PieceSeen, SetSeen

__all__ = ["Look", "crash_lines", "window_lines"]


@dataclass(frozen=True, slots=True)
class Look:
    """What the views showed after an action, and how many changes of the media there had been by then."""

    change_count: int
    rows: Mapping[str, list[Row]]
    sets: Mapping[int, SetSeen]
    unsure: frozenset[int]

    def stays(self, later: "Look") -> set[tuple[str, int]]:
        """Path and number of the sets that had ended here and that nobody has begun to remove until a later look."""
        then = {row["BACKUP_SET_ID"]: row["FILE_STATUS"] for row in later.rows["sets"]}
        return {
            (row["PATH"], number)
            for row in self.rows["sets"]
            if row["STATUS"] != "DOING" and (number := row["BACKUP_SET_ID"]) not in later.unsure
            and then[number] == row["FILE_STATUS"] and not self.sets[number].file_status.startswith("DELET")
        }  # fmt: skip

    def pieces(self, path: str) -> dict[tuple[int, int], Row]:
        """Rows of the pieces at a destination that no clean-up has begun to remove."""
        return {
            (row["ROUND_ID"], row["PIECE_ID"]): row
            for row in self.rows["pieces"]
            if row["PATH"] == path and not row["FILE_STATUS"].startswith("DELET")
        }


def crash_lines(found: FoundDestination, kept: set[tuple[str, int]], before: Look, after: Look) -> Iterator[str]:
    """A line for each thing that is lost, damaged or of a time that never was; `kept`: path and number of sets."""
    path = found.place.path
    yield from found.broken
    whole = {one.backup_set_id for one in found.sets if not one.broken}
    known = before.sets.keys() | after.sets.keys()
    yield from (f"set {n} is lost" for at, n in kept if at == path and n not in whole)
    yield from (f"set {n} is not known" for n in sorted(whole - known))
    for one in found.sets:
        if one.damaged and one.backup_set_id not in after.unsure:
            yield f"set {one.backup_set_id} is damaged: {one.broken[0]}"
    pieces = {(piece.round_id, piece.piece_id): piece for piece in found.pieces}
    earlier, later = before.pieces(path), after.pieces(path)
    for key in earlier.keys() & later.keys():
        record = pieces[key].record if key in pieces and not pieces[key].broken else None
        if record is None:
            yield f"piece {key} is lost"
        elif not earlier[key]["CHECKPOINT_SCN"] <= record.checkpoint_scn <= later[key]["CHECKPOINT_SCN"]:
            yield f"piece {key} is archived to {record.checkpoint_scn}"
    yield from (f"piece {key} is damaged: {piece.broken[0]}" for key, piece in pieces.items() if piece.damaged)


def window_lines(
    found: FoundDestination, log: FoundDestination | None, covered: Sequence[Span], before: Look, after: Look
) -> Iterator[str]:
    """Where the window that is read is not the naive one of the rows of what is there; `log` None: none is named."""
    whole = {int(one.backup_set_id) for one in found.sets if not one.broken}
    if whole & after.unsure:
        return
    with_log = {row["BACKUP_SET_ID"] for row in after.rows["sets"] if row["PLUS_ARCHIVELOG"] == "ON"}
    sets: dict[int, SetSeen] = {}
    for number in sorted(whole):
        earlier = before.sets.get(number)
        sets[number] = earlier if earlier is not None and earlier.usable else after.sets[number]
    pieces = [
        PieceSeen(p.round_id, p.piece_id, r.start_scn, r.end_scn, r.checkpoint_scn, "", "AVAILABLE")
        for p in (log.pieces if log is not None else ()) if not p.broken and (r := p.record) is not None and r.complete
    ]  # fmt: skip
    for scn in _edges(sets.values(), pieces):
        read = plan_without_archive(sets, with_log, scn) if log is None else plan(sets, pieces, scn)
        restorable = bool(read)
        if restorable != any(span.first_scn <= scn <= span.last_scn for span in covered):
            yield f"a restore to {scn} {'succeeds' if restorable else 'fails'}, the window is {list(covered)}"


def _edges(sets: Iterable[SetSeen], pieces: Iterable[PieceSeen]) -> list[int]:
    ends = [s.min_restore_scn for s in sets if s.min_restore_scn]
    ends += [scn for p in pieces for scn in (p.start_scn, p.end_scn, p.checkpoint_scn)]
    return sorted({scn + step for scn in ends for step in (-1, 0, 1)})
