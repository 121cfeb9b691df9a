"""Compare the storage model with measured runs: `python -m benchmarks.macroblocks FILE.jsonl`.

The file has one run a line, in the form of macroblock-experiment.jsonl: a table of so many rows and blocks, a change of
so many rows, a major freeze, and how many blocks were new and kept after it. The model is told the rows, the rows
changed, the kind, the blocks before and the tablet size, and of a freshly loaded table its bytes per row; everything
else of a line is only compared with. Its value is the mean of 200 seeds, each a run through the engine itself.

Tolerances: unchanged, clustered, append and clustered deletes: 2 blocks. Scattered, deletes too: 2 blocks or 3.5
standard deviations of the model, whichever is more, and 8 percent for the mean signed error of all of them. Blocks of a
fresh table: 2 percent.

A line that is no JSON, lacks an input or has one that cannot be (more rows changed than there are, a kind without a
model) counts as a run out of tolerance, and what is wrong with it is said; lines without any outcome are no runs. Exit
code 0: every run is within tolerance; 1: not; 2: there is no such file.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

from obsim.errors import ServerError
from obsim.ids import Bytes, LogStreamId, Scn
from obsim.storage.layout import BLOCK_PAYLOAD_BYTES, RowLayout
from obsim.storage.tablet import TABLET_SIZE_BYTES
from obsim.storage.tenant import TenantStorage

SEEDS = 200
BLOCKS_MAX_OFF = 2.0
DEVIATIONS_MAX_OFF = 3.5
MEAN_ERROR_MAX = 0.08
FRESH_ERROR_MAX = 0.02
USER_STREAM = LogStreamId(1001)
TABLE = "t"
LOADED, FROZEN, COMPACTED = Scn(1_000), Scn(2_000), Scn(3_000)
FULL_FROM = 0.9
"""A block of at least that part of the largest one's bytes is full."""


@dataclass(frozen=True)
class Inputs:
    """All that the model is told of a run."""

    kind: str
    rows: int
    rows_changed: int
    blocks_before: int
    tablet_size: int

    @property
    def scattered(self) -> bool:
        """Whether the change hits rows one by one."""
        return self.kind in {"rows_uniform", "rows_zipf", "rows_delete"}


@dataclass(frozen=True)
class Outcome:
    """Blocks written and kept by the major freeze."""

    new: float
    kept: float


class WrongLine(ValueError):
    """What keeps the model from a line of the file."""


def kind_of(words: str) -> str:
    """The model's kind of write for the kind of a run; empty for no change. Raises WrongLine."""
    text = words.lower()
    clustered = re.search(r"clustered[ _-]*([0-9]*)", text)
    if text in {"none", ""}:
        return ""
    if clustered:
        kind = "rows_delete_clustered" if "delete" in text else "rows_clustered"
        return f"{kind}:{clustered.group(1) or 1}"
    for word, kind in (
        ("delete", "rows_delete"), ("append", "rows_append"), ("zipf", "rows_zipf"), ("scattered", "rows_uniform"),
        ("uniform", "rows_uniform"), ("random", "rows_uniform"),
    ):  # fmt: skip
        if word in text:
            return kind
    raise WrongLine(f"no model of a run of the kind '{words}'")


NUMBER_END = 1 << 63
"""SCNs are the largest numbers in a file."""


def inputs_of(line: dict[str, Any]) -> Inputs:
    """The inputs in a line. Raises WrongLine."""
    rows = number(line, "before", "data_block", "rows")
    return Inputs(
        kind_of(str(line.get("kind") or "")), rows, number(line, "rows_changed"), number(line, "data_before"),
        tablet_size_of(line),
    )  # fmt: skip


def tablet_size_of(line: dict[str, Any]) -> int:
    """The tablet size in bytes; the default when a line has none."""
    return number(line, "tablet_size", least=1) if line.get("tablet_size") else TABLET_SIZE_BYTES


def number(line: dict[str, Any], *path: str, least: int = 0) -> int:
    """A number in a line. Raises WrongLine when it is not there, no number or too small."""
    value: Any = line
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < NUMBER_END:
        raise WrongLine(f"{'.'.join(path)} is {value!r}, not a number from {least} on")
    return int(value)


def fresh_layout(line: dict[str, Any], moment: str) -> RowLayout:
    """Rows of so many bytes as those of a freshly loaded table. Raises WrongLine."""
    occupy = number(line, moment, "data_block", "occupy", least=1)
    return RowLayout(occupy / number(line, moment, "data_block", "rows", least=1))


def loaded(rows: int, layout: RowLayout, tablet_size: int) -> TenantStorage:
    """A tenant with one freshly loaded and compacted table of one tablet."""
    storage = TenantStorage([LogStreamId(1), USER_STREAM])
    storage.load_table(TABLE, [rows], [USER_STREAM], layout, Bytes(tablet_size))
    storage.major_freeze(LOADED)
    return storage


def layout_filling(rows: int, blocks: int) -> RowLayout:
    """Rows so large that they fill all of the blocks but half of the last one."""
    return RowLayout(BLOCK_PAYLOAD_BYTES / max(round(rows / (blocks - 0.5)), 1))


def run_once(inputs: Inputs, seed: int) -> Outcome:
    """One run through the engine: load, change, minor and major freeze."""
    storage = loaded(inputs.rows, layout_filling(inputs.rows, inputs.blocks_before), inputs.tablet_size)
    before = storage.identities(storage.blocks.live, storage.blocks.epoch).values()
    if inputs.kind and inputs.rows_changed:
        storage.write(TABLE, inputs.rows_changed, inputs.kind, seed)
    storage.minor_freeze(FROZEN, 0)
    storage.major_freeze(COMPACTED)
    after = storage.identities(storage.blocks.live, storage.blocks.epoch).values()
    kept = len(set(before) & set(after))
    return Outcome(len(after) - kept, kept)


@dataclass(frozen=True)
class Run:
    """A line of the file beside the model."""

    line: dict[str, Any]
    inputs: Inputs
    model: Outcome
    new_tolerance: float
    kept_tolerance: float
    fresh_blocks: int | None
    """What the model makes of a freshly loaded table of these rows; None when the table was not one."""

    @property
    def new(self) -> int:
        """Blocks written, as measured."""
        return number(self.line, "data_new")

    @property
    def kept(self) -> int:
        """Blocks kept, as measured."""
        return number(self.line, "data_kept")

    @property
    def holds(self) -> bool:
        """Whether everything is within its tolerance."""
        return (
            abs(self.model.new - self.new) <= self.new_tolerance
            and abs(self.model.kept - self.kept) <= self.kept_tolerance
            and (
                self.fresh_blocks is None
                or abs(self.fresh_blocks - self.inputs.blocks_before) <= FRESH_ERROR_MAX * self.inputs.blocks_before
            )
        )

    @property
    def error(self) -> float:
        """Signed error of the blocks written, relative to what was measured."""
        return (self.model.new - self.new) / max(self.new, 1)

    def text(self) -> str:
        """The run in one line: measured, then the model."""
        fresh = "" if self.fresh_blocks is None else f"{self.inputs.blocks_before} {self.fresh_blocks}"
        return (
            f"{self.line.get('table') or '':<8} {self.line.get('kind') or 'none':<18} {self.inputs.rows_changed:>9} "
            f"{self.inputs.blocks_before:>6}   {self.new:>5} {self.model.new:>7.2f} "
            f"+-{self.new_tolerance:<5.2f} {self.kept:>6} {self.model.kept:>7.2f} "
            f"+-{self.kept_tolerance:<5.2f} {fresh:>9}   {'ok' if self.holds else 'OFF'}"
        )


HEADER = (
    f"{'table':<8} {'kind':<18} {'rows':>9} {'before':>6}   {'new':>5} {'model':>7} {'':<7} {'kept':>6} {'model':>7} "
    f"{'':<7} {'fresh':>9}"
)


def compare(line: dict[str, Any], inputs: Inputs, *, fresh: bool) -> Run:
    """Run the model for a line. Raises WrongLine."""
    if inputs.blocks_before > inputs.rows:
        raise WrongLine(f"{inputs.blocks_before} blocks of {inputs.rows} rows")
    try:
        outcomes = [run_once(inputs, seed) for seed in range(SEEDS)]
    except ServerError as refused:
        raise WrongLine(f"the model refuses it: {refused.message}") from refused
    model = Outcome(mean(o.new for o in outcomes), mean(o.kept for o in outcomes))
    tolerances = [BLOCKS_MAX_OFF, BLOCKS_MAX_OFF]
    if inputs.scattered:
        deviations = pstdev(o.new for o in outcomes), pstdev(o.kept for o in outcomes)
        tolerances = [max(BLOCKS_MAX_OFF, DEVIATIONS_MAX_OFF * deviation) for deviation in deviations]
    blocks = None
    if fresh:
        blocks = len(loaded(inputs.rows, fresh_layout(line, "before"), inputs.tablet_size).blocks.live)
    return Run(line, inputs, model, tolerances[0], tolerances[1], blocks)


def compare_loaded(line: dict[str, Any]) -> Run:
    """A line of a table that was loaded, not changed: all its blocks are new. Raises WrongLine."""
    rows, blocks = number(line, "after", "data_block", "rows"), number(line, "data_after")
    inputs = Inputs("", rows, rows, 0, tablet_size_of(line))
    storage = loaded(rows, fresh_layout(line, "after"), inputs.tablet_size)
    model = Outcome(len(storage.blocks.live), 0)
    shown = {"table": line.get("table"), "kind": line.get("kind") or "load", "data_new": blocks, "data_kept": 0}
    return Run(shown, inputs, model, FRESH_ERROR_MAX * blocks, 0, None)


def is_fresh(line: dict[str, Any], earliest: dict[str, Any]) -> bool:
    """Whether a run found its table as it was loaded: its first run in the file, and one block at most is not full."""
    sizes = line.get("sizes_after") or []
    partly = sum(size < FULL_FROM * max(sizes) for size in sizes)
    more = number(line, "data_after") - number(line, "data_before") if "data_after" in line else 0
    return line is earliest and partly <= 1 + more and "occupy" in line["before"]["data_block"]


def compaction_scn(line: dict[str, Any]) -> int:
    """When a run took place; tells which run of a table was the first."""
    return min((number(entry, "compaction_scn") for entry in line.get("hist") or []), default=0)


Lines = dict[int, dict[str, Any] | WrongLine]
"""What the lines of a file say, by their numbers, without those that are no runs."""


def read_lines(text: str) -> Lines:
    """The runs of a file and the lines that cannot be read."""
    lines: Lines = {}
    for at, words in enumerate(text.splitlines(), 1):
        if not words.strip():
            continue
        try:
            line = json.loads(words)
        except ValueError as wrong:
            lines[at] = WrongLine(f"no JSON: {wrong}")
            continue
        if not isinstance(line, dict):
            lines[at] = WrongLine("no JSON object")
        elif line.keys() & {"data_after", "data_new", "data_kept"}:
            lines[at] = line
    return lines


def first_runs(lines: Lines) -> dict[str, dict[str, Any]]:
    """Of each table the first run that changed it."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for line in lines.values():
        if isinstance(line, dict) and line.get("data_before"):
            tables.setdefault(str(line.get("table")), []).append(line)
    return {table: min(runs, key=compaction_scn) for table, runs in tables.items()}


def run_of(line: dict[str, Any] | WrongLine, first: dict[str, dict[str, Any]]) -> Run:
    """The comparison of a line. Raises WrongLine."""
    if isinstance(line, WrongLine):
        raise line
    if not line.get("data_before"):
        return compare_loaded(line)
    return compare(line, inputs_of(line), fresh=is_fresh(line, first[str(line.get("table"))]))


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    try:
        lines = read_lines(Path(sys.argv[1]).read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as wrong:
        print(f"{sys.argv[1]}: {wrong}", file=sys.stderr)
        return 2
    print(f"measured beside the model (mean of {SEEDS} seeds); 'fresh': blocks of the table as it was loaded\n{HEADER}")
    first, runs = first_runs(lines), []
    for at, line in lines.items():
        try:
            run = run_of(line, first)
            print(run.text(), flush=True)
        except WrongLine as wrong:
            print(f"line {at}: {wrong}   OFF", flush=True)
        else:
            runs.append(run)
    errors = [run.error for run in runs if run.inputs.scattered]
    error = mean(errors) if errors else 0.0
    print(f"mean signed error of the {len(errors)} scattered runs: {error:+.1%} (at most {MEAN_ERROR_MAX:.0%})")
    good = sum(run.holds for run in runs)
    print(f"{good} of {len(lines)} runs within tolerance")
    return 0 if runs and good == len(lines) and abs(error) <= MEAN_ERROR_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
