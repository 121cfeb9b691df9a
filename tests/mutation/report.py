"""What a run of mutmut left in `mutants/`: how many mutants were killed, and which survived.

    python -m tests.mutation.report [DIRECTORY]

A mutant is killed when a test fails, or when the tests take so long that they are stopped. One that no test reaches
counts as survived. Exits with 1 below 85 %, or when none was tried.
"""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEAST = 0.85
KNOWN = Path(__file__).parent / "survivors.tsv"
_KILLED, _STOPPED = {1, 3}, {-24, -9, 24, 36, 152, 255}
"""Exit codes that mutmut writes down: a test failed or broke, the tests ran out of time. With any other it survived."""


@dataclass(frozen=True)
class Tally:
    """Of one package: mutants by what became of them."""

    killed: int
    stopped: int
    survivors: tuple[str, ...]

    @property
    def tried(self) -> int:
        """All of them."""
        return self.killed + self.stopped + len(self.survivors)

    @property
    def share(self) -> float:
        """Of the killed ones."""
        return (self.killed + self.stopped) / self.tried if self.tried else 0.0


def outcomes(directory: Path) -> Iterator[tuple[str, int]]:
    """(mutant, exit code) of every mutant that was tried."""
    for file in sorted(directory.glob("obsim/**/*.meta")):
        for mutant, code in json.loads(file.read_text("utf-8"))["exit_code_by_key"].items():
            if code is not None:
                yield mutant, code


def tally(found: Iterator[tuple[str, int]]) -> dict[str, Tally]:
    """By package, and under "all" together."""
    by_package: dict[str, list[tuple[str, int]]] = {"all": []}
    for mutant, code in found:
        by_package.setdefault(mutant.split(".")[1], []).append((mutant, code))
        by_package["all"].append((mutant, code))
    return {
        package: Tally(
            sum(code in _KILLED for _, code in those),
            sum(code in _STOPPED for _, code in those),
            tuple(mutant for mutant, code in those if code not in _KILLED | _STOPPED),
        )
        for package, those in sorted(by_package.items())
    }


def known() -> dict[str, str]:
    """Reason by mutant, of those that somebody has looked at."""
    with KNOWN.open(encoding="utf-8", newline="") as file:
        return {row["mutant"]: row["reason"] for row in csv.DictReader(file, delimiter="\t")}


def main(directory: str = "mutants") -> int:
    """Print it; the exit code."""
    found, reasons = tally(outcomes(Path(directory))), known()
    for mutant in found["all"].survivors:
        print(f"{mutant}\t{reasons.get(mutant, '?')}")
    for package, one in found.items():
        killed = one.killed + one.stopped
        print(f"{package:10}{killed:6} of{one.tried:5} killed, {one.stopped} of them by the clock  {one.share:6.1%}")
    return 0 if found["all"].share >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
