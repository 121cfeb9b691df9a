"""Wrong ways to choose what a restore reads."""

from typing import Any

from obsim.restore import plan
from obsim.testing.defect import defect


@defect("a restore reads sets that are consistent only after its target", "31", plan, "choose_sets")
def _restore_beyond_the_target(right: Any) -> Any:
    return lambda sets, _scn: right(sets, 1 << 62)


@defect("a restore reads increments without what they build on", "31", plan, "choose_sets")
def _orphans_restored(_right: Any) -> Any:
    def choose_sets(sets: Any, scn: int) -> Any:
        usable = [s for s in sets if s.usable and s.min_restore_scn <= scn]
        return tuple(usable[-1:])

    return choose_sets


@defect("a restore starts where its last set ends and does not ask for the log before", "31", plan, "choose_pieces")
def _log_of_the_end_only(right: Any) -> Any:
    return lambda pieces, _start_scn, scn: right(pieces, scn, scn)
