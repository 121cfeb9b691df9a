"""Planning of restores and choice of what a clean-up deletes, over long histories: `python benchmarks/retention.py`.

There are 100, 1,000 and 10,000 of each: a full set every seventh day, a piece a day, rounds of 100 days with a gap
between them. Each figure is CPU time, the median of some runs; growth is the time per row of the longest history over
that of the shortest (1.0: in step with it).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from harness import Figure, machine, print_figures

from obsim.archive.piece import ArchivePiece
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.cleanup.selection import obsolete_pieces, obsolete_sets
from obsim.ids import BackupSetId, Bytes, Nanoseconds, Scn, TenantId
from obsim.restore.plan import plan_restore
from obsim.restore.window import spans

DAY = 86_400 * 10**9
PATH = "file:///data"
SIZES = (100, 1_000, 10_000)
AT_MOST_MS = 200.0
RUNS = 7


def history(count: int) -> tuple[list[BackupSet], list[ArchivePiece]]:
    sets, pieces, full = [], [], BackupSetId(0)
    for number in range(1, count + 1):
        kind = BackupType.FULL if number % 7 == 1 else BackupType.INC
        before = (full, BackupSetId(number - 1)) if kind is BackupType.INC else (BackupSetId(0), BackupSetId(0))
        made = BackupSet(
            TenantId(1002), BackupSetId(number), 1001, PATH, kind, *before, before[1], Nanoseconds(number * DAY), False,
            "NONE", "", "4.2.1.0", "4.2.1.0", end_ns=Nanoseconds(number * DAY + number),
        )  # fmt: skip
        made.status, made.file_status = SetStatus.SUCCESS, FileStatus.AVAILABLE
        start = number * DAY + number // 100
        made.start_replay_scn, made.min_restore_scn = Scn(start + 1), Scn(start + 9)
        full = made.backup_set_id if kind is BackupType.FULL else full
        sets.append(made)
        last = (number + 1) % 100 == 0
        upto = start + DAY - 1 - 1000 * last
        pieces.append(ArchivePiece(number, Scn(start), Scn(start + DAY), Scn(upto), Bytes(0), True, True))
    return sets, pieces


def median_ms(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        call()
        taken.append((time.process_time() - began) * 1e3)
    return statistics.median(taken)


def measures(count: int) -> dict[str, float]:
    sets, pieces = history(count)
    newest = sets[-1].min_restore_scn + 5
    middle = Nanoseconds(sets[count // 2].end_ns)

    def clean() -> object:
        found = obsolete_sets(sets, PATH, middle)
        assert found.clean_point is not None
        return list(obsolete_pieces(pieces, found.clean_point.start_replay_scn, by_checkpoint=False))

    assert plan_restore(sets, pieces, newest) is not None
    return {
        "restore planned": median_ms(lambda: plan_restore(sets, pieces, newest)),
        "clean-up chosen": median_ms(clean),
        "windows": median_ms(lambda: spans(sets, pieces, newest)),
    }


def main() -> int:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(machine())
    found = {count: measures(count) for count in SIZES}
    figures = []
    for name in found[SIZES[0]]:
        times = [found[count][name] for count in SIZES]
        growth = times[-1] / times[0] / (SIZES[-1] / SIZES[0])
        detail = " ".join(f"{count}: {ms:.2f}" for count, ms in zip(SIZES, times, strict=True))
        required = None if name == "windows" else AT_MOST_MS
        figures.append(Figure(f"{name}, {SIZES[-1]} sets and pieces", times[-1], "ms", required, True, detail))
        figures.append(Figure(f"{name}, growth per row", growth, "x"))
    return 0 if print_figures("Long histories", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
