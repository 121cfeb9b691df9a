"""Replay recorded answers of a real engine against obsim and say what is otherwise.

    python -m tests.conformance.replay FILE.jsonl [--reference FOLDER] [--version 4.3.3]
    python -m tests.conformance.replay FILE.jsonl --reference FOLDER --write     # the copies in fixtures/replay

FILE is a recording or fixtures/replay/records.jsonl. FOLDER has statements.md, views.json and parameters.json; without
it the copy of what they name is used. Exits with 0 when every difference stands in fixtures/replay/exceptions.tsv with
its reason and those that come neither from version nor product are under 10 % of the shared records.
"""

import argparse
import sys
from pathlib import Path

from tests.conformance.replay.records import condensed, read_records
from tests.conformance.replay.replay import FOLDER, replay
from tests.conformance.replay.surface import Surface
from tests.conformance.replay.verdict import CLASSES, FROM_THE_VERSION, Verdict


def report(found: Verdict) -> list[str]:
    """The figures, then what needs somebody's attention."""
    shared = len(found.shared)
    differing = sum(1 for number in found.differing if number in found.shared)
    lines = [
        f"records           {found.records:5}   equal {found.records - len(found.differing):5}",
        f"shared            {shared:5}   equal {shared - differing:5}",
    ]
    figures, version = found.figures, sum(found.count(kind) for kind in FROM_THE_VERSION)
    lines.append(f"from the version  {version:5}   {100 * version / shared:5.1f} %")
    for kind in CLASSES:
        count, of_all = found.count(kind), found.count(kind, shared=False)
        indent, title = ("  ", kind) if kind in FROM_THE_VERSION else ("", "the rest")
        percent = 100 * count / shared
        lines.append(f"{indent}{title:{17 - len(indent)}} {count:5}   {percent:5.1f} %   of all {of_all:5}")
    lines += [
        f"unexplained       {len(found.unexplained):5}",
        f"stale exceptions  {len(found.stale):5}",
        f"columns           {figures.columns:5}   equal to length, character set and flags {figures.columns_exact:5}",
        f"SHOW WARNINGS     {figures.warnings:5}   equal {figures.warnings_equal:5}",
    ]
    lines += [f"unexplained: {line.line()}" for line in found.unexplained]
    return lines + [f"stale: {line.line()}" for line in found.stale]


def main() -> int:
    """Print the report; 0 when all is well."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.replay")
    parser.add_argument("file", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--version", default="4.3.3")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    records = read_records(options.file)
    surface = Surface.of_reference(options.reference) if options.reference else None
    if options.write:
        (FOLDER / "records.jsonl").write_text(condensed(records), "utf-8")
        if surface is not None:
            (FOLDER / "surface.json").write_text(surface.text(), "utf-8")
    found = replay(records, surface, version=options.version)
    print("\n".join(report(found)))
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
