"""The comparison with measured runs, in short: its verdicts, and that the model sees no outcome."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import macroblocks

SMALL = {"n": 20, "rows": 274_000, "occupy": 274_000 * 147}


def line(kind: str, rows: int, new: int, kept: int, **more: object) -> dict:
    """A run of a table of 20 blocks."""
    return {
        "ev": "step", "table": "t", "kind": kind, "rows_changed": rows, "before": {"data_block": SMALL},
        "data_before": 20, "data_after": 20, "data_new": new, "data_kept": kept, **more,
    }  # fmt: skip


EXPERIMENT = Path(__file__).parents[2] / "fixtures" / "storage" / "macroblock-experiment.jsonl"
RUNS = [
    line("none", 0, 0, 20),
    line("clustered", 100, 1, 19),
    line("clustered8", 80, 7, 13),
    line("scattered", 15, 11, 9),
    line("delete_scattered", 15, 11, 9),
    line("delete_clustered", 100_000, 2, 12),
    line("append", 20_000, 2, 20),
]


@pytest.fixture
def compared(tmp_path, monkeypatch, capsys):
    def run(lines: list[dict]) -> tuple[int, list[str]]:
        path = tmp_path / "runs.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        monkeypatch.setattr(macroblocks, "SEEDS", 30)
        monkeypatch.setattr(sys, "argv", ["macroblocks", str(path)])
        code = macroblocks.main()
        return code, capsys.readouterr().out.splitlines()

    return run


def test_the_experiment_holds(compared):
    code, printed = compared([json.loads(text) for text in EXPERIMENT.read_text("utf-8").splitlines()])
    assert (code, printed[-1]) == (0, "17 of 17 runs within tolerance"), printed


def test_all_runs_hold(compared):
    code, printed = compared(RUNS)
    assert printed[-1] == "7 of 7 runs within tolerance", printed
    assert code == 0


@pytest.mark.parametrize("at", range(len(RUNS)))
def test_a_run_that_is_off_is_seen(compared, at):
    off = [dict(run, data_new=run["data_new"] + (9 if n == at else 0)) for n, run in enumerate(RUNS)]
    code, printed = compared(off)
    assert printed[-1] == "6 of 7 runs within tolerance"
    assert code == 1


def test_scattered_runs_that_are_all_a_little_off_are_seen(compared):
    code, printed = compared([line("scattered", 15, 13, 7) for _ in range(4)])
    assert (code, printed[-1]) == (1, "4 of 4 runs within tolerance")


def test_blocks_of_a_fresh_table(compared):
    wide = {"n": 20, "rows": 274_000, "occupy": 274_000 * 160}
    code, printed = compared([dict(RUNS[0], before={"data_block": wide})])
    assert (code, printed[-1]) == (1, "0 of 1 runs within tolerance")
    loaded = {"ev": "load", "data_before": 0, "data_after": 20, "after": {"data_block": SMALL}}
    assert compared([loaded])[0] == 0
    assert compared([dict(loaded, data_after=25)])[0] == 1


def test_the_model_sees_no_outcome(compared):
    """Whatever the outcome says, the model's columns are the same."""
    shuffled = [dict(run, data_new=99, data_kept=99, data_after=99, hist=[], new_pos=[1]) for run in RUNS]

    def columns(printed: list[str]) -> list[list[str]]:
        return [[row.split()[5], row.split()[-4] if "fresh" in row else ""] for row in printed[2:-2]]

    assert columns(compared(RUNS)[1]) == columns(compared(shuffled)[1])


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="no model of a run of the kind 'rename'"):
        macroblocks.kind_of("rename")
